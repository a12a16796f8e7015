"""What can be done about low pressure: raise pressure valves, open a closed link, a stronger pump; each run with and without."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import numpy as np

from cityloop.domains.water.pressure.case import PressureCase, count_of, measure_of, water_row, yearly_row
from cityloop.domains.water.pressure.effects import PressureEffect, compare
from cityloop.domains.water.pressure.model import PressureRun
from cityloop.domains.water.pressure.valve_settings import setting_of, valve_groups
from cityloop.domains.water.pricing import cost_row, price_of
from cityloop.records import Change, CostRow, Countermeasure, Estimate, Thing

__all__ = ["raised"]

#: A raise is tried by this much first (m); kept above what is missing (m); never more than this.
TRIAL_RAISE_M, SPARE_M, MOST_RAISE_M = 5.0, 0.5, 30.0
#: Pump power tried; closed links tried at most; a gain below this (m) is not offered.
MORE_POWER, MOST_LINKS, LEAST_GAIN_M = 1.25, 12, 0.5


def raised(case: PressureCase) -> list[Countermeasure]:
    """Higher settings, opened links, stronger pumps: those that lift the lowest place by LEAST_GAIN_M."""
    low = {c: p for c, p in case.observed.items() if p < case.floor_m}
    if not low:
        return []
    options = [*_higher_settings(case, low), *_openings(case), *_pumps(case)]
    runs = case.zone.run_all([changes for *_, changes, _, _ in options]) if options else []
    found = []
    for (variant, title, targets, changes, costs, days), run in zip(options, runs, strict=True):
        if any(k not in case.week.broken or by > case.week.broken[k] + SPARE_M for k, by in run.broken.items()):
            continue
        effect = compare(case.zone, case.week, run, case.leakage, case.rate, case.priors, case.observed)
        if effect.lowest_gain.value < LEAST_GAIN_M * case.rate.estimate.value:
            continue
        rows = (*costs, _restored(effect), water_row(case, effect.day), *_energy(case, run))
        kind, name = variant
        found.append(
            measure_of(case, "raise_pressure", name, kind, title, targets, changes, effect, rows, days, run)
        )  # fmt: skip
    return found


_Option = tuple[
    tuple[str, str], tuple[str, dict[str, str]], tuple[str, ...], tuple[Change, ...], tuple[CostRow, ...], float
]


def _higher_settings(case: PressureCase, low: Mapping[int, float]) -> list[_Option]:
    """Each group of valves raised by what the low places miss, as the model passes it on."""
    price = price_of(case.view.policy, case.priors, "valve_setting_each")
    if price is None or not case.zone.valves:
        return []
    first = case.zone.today - timedelta(days=1)
    base = case.zone.run((), first=first, days=1)
    options: list[_Option] = []
    for group in valve_groups(case.zone, base, first):
        trial = case.zone.run(_raise(group, TRIAL_RAISE_M), first=first, days=1)
        answer = (trial.lowest - base.lowest) / TRIAL_RAISE_M
        helped = [(c, p) for c, p in low.items() if answer[c] > 0.2]
        if not helped:
            continue
        need = max((case.floor_m + SPARE_M - p) / float(answer[c]) for c, p in helped)
        need = min(float(np.ceil(need * 2) / 2), MOST_RAISE_M)
        said = " / ".join(f"{setting_of(v) + need:g} m" for v in group)
        rows = (cost_row("valve setting", "cost", count_of(case, len(group), "valve"), price, tags=("valve",)),)
        options.append((
            ("setting", "+".join(v.name for v in group)),
            ("raise_setting", {"valves": ", ".join(v.name for v in group), "settings": said}),
            tuple(v.id for v in group), _raise(group, need), rows,
            len(group) * case.priors["valve_setting_days"].value,
        ))  # fmt: skip
    return options


def _raise(valves: Sequence[Thing], by_m: float) -> tuple[Change, ...]:
    return tuple(Change(thing=v.id, property="setting", value=setting_of(v) + by_m) for v in valves)


def _openings(case: PressureCase) -> list[_Option]:
    """Each link that the model knows as closed, opened."""
    price = price_of(case.view.policy, case.priors, "valve_operation_each")
    if price is None:
        return []
    rows = (cost_row("valve operation", "cost", count_of(case, 1, "valve"), price, tags=("valve",)),)
    return [
        (
            ("open", link.name), ("open_link", {"name": link.name}), (link.id,),
            (Change(thing=link.id, property="status", value=1.0),), rows, case.priors["valve_setting_days"].value,
        )
        for link in case.zone.closed[:MOST_LINKS]
    ]  # fmt: skip


def _pumps(case: PressureCase) -> list[_Option]:
    """Each pump with more power."""
    price = price_of(case.view.policy, case.priors, "pump_upgrade_each")
    if price is None:
        return []
    rows = (cost_row("pump upgrade", "cost", count_of(case, 1, "pump"), price, tags=("pump",)),)
    return [
        (
            ("pump", pump.name), ("upgrade_pump", {"name": pump.name, "percent": f"{100 * (MORE_POWER - 1):g}"}),
            (pump.id,), (Change(thing=pump.id, property="power_factor", value=MORE_POWER),), rows,
            case.priors["pump_upgrade_days"].value,
        )
        for pump in case.zone.pumps
    ]  # fmt: skip


def _restored(effect: PressureEffect) -> CostRow:
    text = "model run with and without; no price of service pressure has been published"
    return cost_row("restored pressure", "non_monetary", effect.lowest_gain, None, tags=("pressure",), source=text)


def _energy(case: PressureCase, run: PressureRun) -> list[CostRow]:
    """More pump energy of a year, priced where the city states a price of energy."""
    more = run.kwh_per_year - case.week.kwh_per_year
    if more <= 0:
        return []
    price = price_of(case.view.policy, case.priors, "energy_per_kwh")
    kwh = Estimate(value=more, low=more, high=more, level=case.view.policy.level, unit="kWh/year")
    row = cost_row(
        "additional energy", "cost" if price else "non_monetary", kwh, price, tags=("energy",),
        source=f"{price.source if price else 'no price given'}; model run with and without",
    )  # fmt: skip
    return [yearly_row(case, row)]
