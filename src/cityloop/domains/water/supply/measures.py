"""Everything that answers a shortage of supply, and what keeps the rest from being offered."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import msgspec

from cityloop.contracts import Prior, View
from cityloop.domains.water.supply.balance import Relief
from cityloop.domains.water.supply.case import ShortageCase
from cityloop.domains.water.supply.feedback import feedback_measures
from cityloop.domains.water.supply.problems import supply_outlook
from cityloop.domains.water.supply.reuse import restrictions, supply_measures
from cityloop.domains.water.supply.sources import M3_PER_DAY_PER_L_PER_S
from cityloop.records import Countermeasure, Problem, Realisation

__all__ = ["lacking_inputs", "saved_by_repairs", "saved_m3_per_day", "shortage_measures"]

#: Measures whose fall of the night flow is water that the supply need not give. A valve check only moves water.
SAVING = ("survey_and_repair", "pressure_management", "renew_pipes")


def shortage_measures(
    view: View, problem: Problem, others: Sequence[Countermeasure], rates: Mapping[str, Realisation],
    priors: Mapping[str, Prior],
) -> list[Countermeasure]:  # fmt: skip
    """Reclaimed water, further supplies, feedback to households, restrictions: what the city has the inputs for; and `others`
    that save water, each with the shortage that it avoids.

    Answers are judged after the leak repairs on offer, which cost least: what those save is not avoided twice.
    """
    outlook = supply_outlook(view, priors)
    if outlook is None or outlook.gap.value <= 0:
        return list(others)
    alone = ShortageCase(view, problem, outlook, rates, priors)
    served = {b.id for b in outlook.system.served}
    case = replace(alone, first=Relief(saved_by_repairs(others, served)))
    counted = [_with_shortage(alone, m) if saved_m3_per_day(m, served) else m for m in others]
    return [*counted, *supply_measures(case)[0], *feedback_measures(case)[0], *restrictions(case)[0]]


def saved_m3_per_day(measure: Countermeasure, served: Collection[str]) -> float:
    """What a measure against leakage saves of the supply, m3/day: its night flow, as it is over the whole day."""
    factor = measure.details.get("flow_factor_mean_over_night", 1.0)
    flow = sum(e.estimate.value for e in measure.effects if e.indicator == "night_flow" and e.thing in served)
    mean = measure.details.get("saved_mean_l_per_s")
    if isinstance(mean, int | float):
        return max(float(mean), 0.0) * M3_PER_DAY_PER_L_PER_S
    if measure.kind not in SAVING:
        return 0.0
    return max(flow, 0.0) * (float(factor) if isinstance(factor, int | float) else 1.0) * M3_PER_DAY_PER_L_PER_S


def saved_by_repairs(measures: Sequence[Countermeasure], served: Collection[str]) -> float:
    """What the largest leak repair on offer of each group saves together, m3/day."""
    best: dict[str, float] = {}
    for measure in measures:
        if measure.kind == "survey_and_repair":
            group = measure.one_of or measure.id
            best[group] = max(best.get(group, 0.0), saved_m3_per_day(measure, served))
    return math.fsum(best.values())


def _with_shortage(case: ShortageCase, measure: Countermeasure) -> Countermeasure:
    """The measure with a row for the shortage that its saved water avoids; its effects stay as they are."""
    served = {b.id for b in case.outlook.system.served}
    answer = case.answer(Relief(saved_m3_per_day(measure, served)))
    details: dict[str, float | str] = {
        **measure.details, "gap_less_m3_per_day": answer.less_gap.value, "dry_year_short_with_percent": answer.dry_percent,
    }  # fmt: skip
    return msgspec.structs.replace(measure, costs=(*measure.costs, case.shortage_row(answer)), details=details)


def lacking_inputs(
    view: View, problem: Problem, rates: Mapping[str, Realisation], priors: Mapping[str, Prior]
) -> dict[tuple[str, str], Sequence[str]]:
    """(kind of measure, of what) -> the inputs that keep it from being offered."""
    outlook = supply_outlook(view, priors)
    if outlook is None:
        return {}
    case = ShortageCase(view, problem, outlook, rates, priors)
    found: dict[tuple[str, str], Sequence[str]] = {}
    for name, keys in supply_measures(case)[1].items():
        found["water_reuse", name] = keys
    for name, keys in feedback_measures(case)[1].items():
        found["household_feedback", name] = keys
    if missing := restrictions(case)[1]:
        found["use_restriction", ""] = missing
    if not outlook.system.possible:
        found["water_reuse", ""] = ('[[supply]] with state = "possible"',)
    return found
