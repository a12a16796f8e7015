"""Cityloop: the closed loop of a city district, from a meter reading to a verified result."""

__version__ = "0.1.0"
