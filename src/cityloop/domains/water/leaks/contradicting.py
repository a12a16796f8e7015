"""Loggers that contradict the model before any leak: on record at the wrong place, a slow clock, an unknown closed valve.

They do not fail, and what they show of a leak would mislead: they are left out of its place. A visit tells which it is.
"""

from collections.abc import Sequence
from datetime import timedelta

from cityloop.contracts import View
from cityloop.domains.water.leaks.calibration import CONTRADICTS
from cityloop.domains.water.texts import note
from cityloop.records import Datastream, Estimate, Problem, record_id

__all__ = ["CONTRADICTING", "contradicting_loggers"]

CONTRADICTING = "contradicting_logger"
#: Days of evidence that a Problem cites.
DAYS = 28


def contradicting_loggers(view: View, loggers: Sequence[tuple[Datastream, float]]) -> list[Problem]:
    """One Problem for each logger that the model and the other loggers miss by so many standard errors."""
    return [_problem(view, stream, misfit) for stream, misfit in loggers]


def _problem(view: View, stream: Datastream, misfit: float) -> Problem:
    level = view.policy.level

    def estimate(value: float) -> Estimate:
        return Estimate(value=value, low=value, high=value, level=level, unit="1")

    return Problem(
        id=record_id(view.city, "problem", CONTRADICTING, stream.thing),
        simulated=stream.simulated,
        domain="water",
        kind=CONTRADICTING,
        boundary=stream.thing,
        indicator="sensor_fault",
        observed=estimate(misfit),
        expected=estimate(CONTRADICTS),
        gap=estimate(misfit - CONTRADICTS),
        onset=None,
        detected=view.now,
        cost_per_year=None,
        evidence=view.evidence((stream.id,), start=view.now - timedelta(days=DAYS), end=view.now),
        best_place=stream.thing,
        notes=(note("contradicts", name=stream.name, misfit=f"{misfit:.1f}", most=f"{CONTRADICTS:g}"),),
        details={"datastream": stream.id, "name": stream.name, "standard_errors": misfit},
    )
