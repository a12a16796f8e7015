"""A visit to a logger as a countermeasure: check or replace it. What it brings has no price."""

from collections.abc import Mapping
from typing import Literal

from cityloop.contracts import Prior, View
from cityloop.domains.water.pricing import cost_row, price_of, realisation_of
from cityloop.domains.water.texts import TITLES
from cityloop.records import Countermeasure, Estimate, Problem, Realisation, Thing, record_id

__all__ = ["visit_logger"]

#: What a visit is for -> the unit that its price is of, and what tells its record from the other one of the same logger.
_VISITS = {"replace_sensor": ("sensor", ""), "check_logger": ("check", "check")}


def visit_logger(
    view: View, problem: Problem, rates: Mapping[str, Realisation], priors: Mapping[str, Prior], *,
    purpose: Literal["replace_sensor", "check_logger"], fault: str,
) -> list[Countermeasure]:  # fmt: skip
    """One visit to the logger of a Problem; nothing without a price for it. Both purposes are one kind of works."""
    price = price_of(view.policy, priors, purpose)
    if price is None:
        return []
    thing, title, (unit, variant) = view.get(Thing, problem.boundary), TITLES[purpose], _VISITS[purpose]
    once = Estimate(value=1.0, low=1.0, high=1.0, level=view.policy.level, unit=unit)
    return [
        Countermeasure(
            id=record_id(view.city, "countermeasure", "replace_sensor", variant, problem.boundary),
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
            details={"fault": fault},
        )
    ]
