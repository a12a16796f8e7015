"""Fire flow with and without a measure that changes pressures or how tanks are filled: said beside it, at some of the places."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from cityloop.contracts import Prior, Simulator, View
from cityloop.domains.water.pricing import cost_row
from cityloop.domains.water.resilience.fire_flow import FireFlow, FireRule, fire_flow
from cityloop.domains.water.resilience.snapshot import Grid, read_grid, run_day
from cityloop.domains.water.resilience.study import changes_of, customers, fire_rule, max_day
from cityloop.errors import EngineError, InputError
from cityloop.records import Change, Countermeasure, Estimate

__all__ = ["with_fire_check"]

#: Places that are tried: those with the least pressure and, evenly, the others.
PLACES = 40
NIGHT_HOUR = 3
#: Measures that may take from a fire; days in which tanks settle before the fire.
KINDS, SETTLE_DAYS = ("pressure_management", "pump_schedule"), 3


def with_fire_check(
    view: View, simulator: Simulator | None, measures: Sequence[Countermeasure], priors: Mapping[str, Prior]
) -> list[Countermeasure]:
    """The measures, each with a row that says at how many places the fire flow is met without and with it.

    The moments: the hour with least water stored, and 3 h of the night. Without a rule for fires, or one network, or where
    the model has no solution, `details["fire_check"]` says that nothing was checked.
    """
    if simulator is None or not any(m.kind in KINDS for m in measures):
        return list(measures)
    try:
        grid, rule = read_grid(view), fire_rule(view)
        demand, _ = max_day(view, grid, priors)
        standing = changes_of(view, ("done",))
        places = _places(grid)
        before = _fires(view, simulator, grid, standing, demand, places, rule)
        return [
            _said(view, m, before, _fires(view, simulator, grid, (*standing, *m.changes), demand, places, rule))
            if m.kind in KINDS
            else m
            for m in measures
        ]
    except (EngineError, InputError) as fault:
        why: dict[str, float | str] = {"fire_check": f"not checked: {fault.what}"}
        return [msgspec.structs.replace(m, details={**m.details, **why}) if m.kind in KINDS else m for m in measures]


def _places(grid: Grid) -> list[int]:
    """At most PLACES of the customers' junctions: the highest ground, where pressure is least, and evenly the others."""
    by_ground = sorted(customers(grid), key=lambda i: -grid.elevation_m[i])
    if len(by_ground) <= PLACES:
        return sorted(by_ground)
    half = PLACES // 2
    rest = by_ground[half:]
    even = [rest[int(i)] for i in np.linspace(0, len(rest) - 1, PLACES - half)]
    return sorted({*by_ground[:half], *even})


def _fires(
    view: View, simulator: Simulator, grid: Grid, changes: Sequence[Change], demand: float, places: Sequence[int],
    rule: FireRule,
) -> tuple[FireFlow, ...]:  # fmt: skip
    """The fires at both moments."""
    day = run_day(view, simulator, grid, changes, day_l_per_s=demand, settle_days=SETTLE_DAYS)
    hours = dict.fromkeys((day.lowest_storage_hour, NIGHT_HOUR))
    return tuple(fire_flow(simulator, day.at(simulator, h, demand_l_per_s=demand), places, rule) for h in hours)


def _said(view: View, measure: Countermeasure, before: Sequence[FireFlow], after: Sequence[FireFlow]) -> Countermeasure:
    met = [np.logical_and.reduce([f.met for f in fires]) for fires in (before, after)]
    left = [min(float(np.nanmin(f.residual_m)) for f in fires) for fires in (before, after)]
    lost = [p.name for p, a, b in zip(before[0].places, *met, strict=True) if a and not b]
    of, rule = len(met[0]), before[0].rule
    names = f" ({', '.join(lost[:5])}{' ...' if len(lost) > 5 else ''})" if lost else ""
    text = (
        f"modelled: {rule.flow_l_per_s:g} L/s on the highest day, {rule.pressure_m:g} m left; met at {int(met[0].sum())} of "
        f"{of} places tried without, at {int(met[1].sum())} with it; lowest left {left[0]:.1f} and {left[1]:.1f} m{names} | "
        f"模型计算：最高日加 {rule.flow_l_per_s:g} L/s，剩余压力 {rule.pressure_m:g} m；所试 {of} 处中，实施前 {int(met[0].sum())} 处、"
        f"实施后 {int(met[1].sum())} 处满足；最低剩余压力 {left[0]:.1f} m 和 {left[1]:.1f} m{names}"
    )
    quantity = Estimate(value=len(lost), low=len(lost), high=len(lost), level=view.policy.level, unit="place")
    row = cost_row("fire flow lost", "non_monetary", quantity, None, tags=("fire",), source=text)
    details: dict[str, float | str] = {
        "fire_places_tried": float(of), "fire_met_without": float(met[0].sum()), "fire_met_with": float(met[1].sum()),
        "fire_lowest_left_m_without": left[0], "fire_lowest_left_m_with": left[1], "fire_lost": float(len(lost)),
    }  # fmt: skip
    return msgspec.structs.replace(measure, costs=(*measure.costs, row), details={**measure.details, **details})
