"""What can be done about pressure: lower the valves of a zone, further by night or by the hour; where it is too low, raise it.

Every option is run in the model with and without; an option that breaks a limit anew, or leaves a customer below the floor,
is not offered. Settings of one boundary exclude each other.
"""

from collections.abc import Mapping

import numpy as np

from cityloop.contracts import Prior, Simulator, View
from cityloop.domains.water.pressure.case import PressureCase, count_of, measure_of, open_case, water_row
from cityloop.domains.water.pressure.effects import compare
from cityloop.domains.water.pressure.model import PressureRun, open_zone
from cityloop.domains.water.pressure.problems import PRESSURE_VALVES, pressure_floor
from cityloop.domains.water.pressure.raising import raised
from cityloop.domains.water.pressure.valve_settings import Setting, find_settings
from cityloop.domains.water.pricing import Price, cost_row, price_of
from cityloop.records import CostRow, Countermeasure, Estimate, Problem, Realisation, Thing

__all__ = ["pressure_measures"]


def pressure_measures(
    view: View, simulator: Simulator | None, problem: Problem, rates: Mapping[str, Realisation],
    priors: Mapping[str, Prior],
) -> list[Countermeasure]:  # fmt: skip
    """Options for one pressure problem; none without a model, a floor, or a network on record."""
    floor = pressure_floor(view)
    if simulator is None or floor is None:
        return []
    boundary = view.get(Thing, problem.boundary)
    zone = open_zone(view, simulator, boundary, PRESSURE_VALVES)
    if zone is None:
        return []
    case = open_case(view, zone, boundary, problem, floor.pressure_m, rates, priors)
    return _lowered(case) if problem.kind == "excess_pressure" else raised(case)


def _lowered(case: PressureCase) -> list[Countermeasure]:
    """Lower settings: fixed, by night, by the time of day."""
    view, priors = case.view, case.priors
    each, controller = (price_of(view.policy, priors, key) for key in ("valve_setting_each", "valve_controller_each"))
    if each is None or not case.zone.valves:
        return []
    settings = find_settings(case.zone, case.week, case.floor_m + case.margin_m, sorted(case.observed))
    settings = [s for s in settings if not s.parts or controller is not None]
    runs = case.zone.run_all([s.changes for s in settings]) if settings else []
    return [_lowering(case, s, run, each, controller) for s, run in zip(settings, runs, strict=True)]


def _lowering(
    case: PressureCase, setting: Setting, run: PressureRun, each: Price, controller: Price | None
) -> Countermeasure:
    """One set of lower settings as a countermeasure."""
    priors, number = case.priors, float(len(setting.valves))
    effect = compare(case.zone, case.week, run, case.leakage, case.rate, priors, case.observed)
    variant = "day_night" if setting.night else "by_hours" if setting.blocks else "fixed"
    costs = [cost_row("valve setting", "cost", count_of(case, number, "valve"), each, tags=("valve",))]
    days = number * priors["valve_setting_days"].value
    if setting.parts and controller is not None:
        costs.append(cost_row("valve controller", "cost", count_of(case, number, "valve"), controller, tags=("valve",)))
        days += number * priors["valve_controller_days"].value
    costs += [water_row(case, effect.day), _bursts(case, run)]
    names = ", ".join(v.name for v in setting.valves)
    said = " / ".join(
        f"{setting.day[v.id]:g} m"
        + (
            f" ({', '.join(f'{a}-{b or 24} h {own[v.id]:g} m' for (a, b), own in setting.parts)})"
            if setting.parts
            else ""
        )
        for v in setting.valves
    )
    return measure_of(
        case, "pressure_management", "+".join(v.name for v in setting.valves), variant,
        (f"pressure_{variant}", {"valves": names, "settings": said}),
        tuple(v.id for v in setting.valves), setting.changes, effect, tuple(costs), days, run,
    )  # fmt: skip


def _bursts(case: PressureCase, run: PressureRun) -> CostRow:
    """Fewer bursts by the fall of the highest pressure; without a price, since the number of bursts is not known."""
    bff = case.priors["burst_factor_bff"]
    highest, after = float(case.week.pressure_m.max()), float(run.pressure_m.max())
    before, with_ = case.week.pressure_m.max(axis=0), run.pressure_m.max(axis=0)
    share = float(np.average(1 - with_ / np.maximum(before, 1.0), weights=case.zone.weights_m)) * 100
    low, high = sorted((share * bff.low, share * bff.high))
    text = f"{bff.source}; highest pressure {highest:.1f} m, with it {after:.1f} m; only where bursts are frequent"
    quantity = Estimate(value=share * bff.value, low=low, high=high, level=bff.level, unit="% of bursts")
    return cost_row("fewer bursts", "non_monetary", quantity, None, tags=("bursts",), source=text)
