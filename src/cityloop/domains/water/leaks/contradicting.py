"""Loggers that contradict the model before any leak: on record at the wrong place, a slow clock, an unknown closed valve.

They do not fail, and what they show of a leak would mislead: they are left out of its place. A visit tells which it is.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from cityloop.contracts import Prior, View
from cityloop.domains.water.leaks.calibration import CONTRADICTS
from cityloop.domains.water.pricing import cost_row, price_of, realisation_of
from cityloop.domains.water.texts import TITLES, note
from cityloop.records import Countermeasure, Datastream, Estimate, Problem, Realisation, Thing, record_id

__all__ = ["CONTRADICTING", "check_logger", "contradicting_loggers"]

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


def check_logger(
    view: View, problem: Problem, rates: Mapping[str, Realisation], priors: Mapping[str, Prior]
) -> list[Countermeasure]:
    """Visit the logger, check its place and its clock; nothing without a price for one visit."""
    price = price_of(view.policy, priors, "check_logger")
    if price is None:
        return []
    thing, title = view.get(Thing, problem.boundary), TITLES["check_logger"]
    once = Estimate(value=1.0, low=1.0, high=1.0, level=view.policy.level, unit="check")
    return [
        Countermeasure(
            id=record_id(view.city, "countermeasure", "replace_sensor", "check", problem.boundary),
            simulated=problem.simulated,
            domain="water",
            kind="replace_sensor",
            title_en=title.in_("en", name=thing.name),
            title_zh=title.in_("zh", name=thing.name),
            boundary=problem.boundary,
            targets=(problem.boundary,),
            changes=(),
            answers=(problem.id,),
            effects=(),
            costs=(
                cost_row("sensor", "cost", once, price, tags=("sensor",)),
                cost_row("trusted measurements", "non_monetary", once, None, tags=("data",), source="own definition"),
            ),
            realisation=realisation_of("replace_sensor", rates, priors),
            uses={"crew_days": priors["sensor_days"].value},
            details={"fault": CONTRADICTING},
        )
    ]
