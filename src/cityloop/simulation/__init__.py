"""Runs Changes on the city's models by Thing ids: pool of processes, memory of identical questions, limits, cancel."""

from cityloop.simulation.simulation import Simulation

__all__ = ["Simulation"]
