"""One pressure problem with all that its options share: the zone, the run without, the leakage, cost rows, the record."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import msgspec
import numpy as np

from cityloop.contracts import Prior, View
from cityloop.domains.water.indicators import indicator_series
from cityloop.domains.water.pressure.effects import Leakage, PressureEffect, leakage_of
from cityloop.domains.water.pressure.favad import exponents
from cityloop.domains.water.pressure.logs import daily_pressure, failing_streams, find_pressure_loggers
from cityloop.domains.water.pressure.model import PressureRun, ZoneModel
from cityloop.domains.water.pressure.problems import RECENT_DAYS
from cityloop.domains.water.pricing import M3_PER_YEAR_PER_L_PER_S, cost_row, price_of, realisation_of
from cityloop.domains.water.texts import TITLES
from cityloop.errors import RecordError
from cityloop.evidence.normal import half_width
from cityloop.records import Change, CostRow, Countermeasure, Estimate, Problem, Realisation, Thing, record_id

__all__ = ["PressureCase", "count_of", "measure_of", "open_case", "water_row", "yearly_row"]

#: Days of night flow that the leakage is taken from.
NIGHT_DAYS = 28


@dataclass(frozen=True)
class PressureCase:
    """One problem with all that its options share."""

    view: View
    zone: ZoneModel
    boundary: Thing
    problem: Problem
    floor_m: float
    margin_m: float
    week: PressureRun
    """The run without."""
    observed: Mapping[int, float]
    """Column of each place with a logger -> observed mean of the day's lowest hour, m."""
    leakage: Leakage
    rate: Realisation
    priors: Mapping[str, Prior]


def open_case(
    view: View, zone: ZoneModel, boundary: Thing, problem: Problem, floor_m: float, rates: Mapping[str, Realisation],
    priors: Mapping[str, Prior],
) -> PressureCase:  # fmt: skip
    """Run the week without; hold the model against the loggers; leakage from the measured night flow."""
    week = zone.run(())
    failing = failing_streams(view)
    streams = [s for s in find_pressure_loggers(view, boundary) if s.id not in failing]
    end = view.now.replace(minute=0, second=0, microsecond=0)
    seen = daily_pressure(view, streams, start=end - timedelta(days=RECENT_DAYS), end=end)
    observed = {}
    for column, stream in enumerate(seen.streams):
        place, days = zone.position(stream.thing), seen.lowest[:, column]
        if place is not None and np.isfinite(days).any():
            observed[place] = float(np.nanmean(days))
    off = [float(week.daily_lowest[c]) - value for c, value in observed.items()]
    margin = priors["model_pressure_error"].value + max(float(np.median(off)) if off else 0.0, 0.0)
    kind = "pressure_management" if problem.kind == "excess_pressure" else "raise_pressure"
    return PressureCase(
        view, zone, boundary, problem, floor_m, margin, week, observed,
        leakage_of(view, boundary, _night_flow(view, boundary), priors), realisation_of(kind, rates, priors), priors,
    )  # fmt: skip


def _night_flow(view: View, boundary: Thing) -> Estimate:
    """Mean night flow of the last days, L/s; nothing where the boundary has no flow meter."""
    level = view.policy.level
    try:
        start = view.now - timedelta(days=NIGHT_DAYS)
        series = indicator_series(view, "night_flow", boundary.id, start=start, end=view.now)
    except RecordError:
        return Estimate(value=0.0, low=0.0, high=0.0, level=level, unit="L/s")
    y = series.y[np.isfinite(series.y)]
    if len(y) < 2:
        return Estimate(value=0.0, low=0.0, high=0.0, level=level, unit="L/s")
    mean, half = float(y.mean()), half_width(level) * float(y.std(ddof=1)) / float(np.sqrt(len(y)))
    return Estimate(value=mean, low=mean - half, high=mean + half, level=level, unit="L/s")


# --- cost rows and record ---------------------------------------------------------------------------------------------
def count_of(case: PressureCase, number: float, unit: str) -> Estimate:
    """A number that is known."""
    return Estimate(value=number, low=number, high=number, level=case.view.policy.level, unit=unit)


def yearly_row(case: PressureCase, row: CostRow) -> CostRow:
    """The row every year while the setting stands."""
    years = case.priors["valve_setting_years"]
    return msgspec.structs.replace(
        row, life=round(years.value), recurrence=1, source=f"{row.source}; {years.value:g} years: {years.source}"
    )


def water_row(case: PressureCase, day: Estimate) -> CostRow:
    """Water saved in a year, or lost through a higher pressure, at the marginal price."""
    price = price_of(case.view.policy, case.priors, "water_per_m3")
    sign = 1.0 if day.value >= 0 else -1.0
    low, value, high = sorted(sign * x * M3_PER_YEAR_PER_L_PER_S for x in (day.low, day.value, day.high))
    volume = Estimate(value=value, low=low, high=high, level=day.level, unit="m3/year")
    name, kind = ("saved water", "benefit") if sign > 0 else ("additional leakage", "cost")
    text = (
        f"{price.source if price else 'no price given'}; N1 law on the measured night flow, pressures from the model; "
        f"{case.priors['pressure_exponent_n1'].source}"
    )
    return yearly_row(
        case, cost_row(name, kind if price else "non_monetary", volume, price, tags=("water",), source=text)
    )


def measure_of(
    case: PressureCase, kind: str, name: str, variant: str, title: tuple[str, dict[str, str]], targets: tuple[str, ...],
    changes: tuple[Change, ...], effect: PressureEffect, costs: tuple[CostRow, ...], days: float, run: PressureRun,
) -> Countermeasure:  # fmt: skip
    """The record; with and without stand in `details`."""
    view, week = case.view, case.week
    worst = int(run.lowest.argmin())
    pair = TITLES[title[0]]
    return Countermeasure(
        id=record_id(view.city, "countermeasure", kind, variant, name, case.boundary.id),
        simulated=case.problem.simulated,
        domain="water",
        kind=kind,
        title_en=pair.in_("en", **title[1]),
        title_zh=pair.in_("zh", **title[1]),
        boundary=case.boundary.id,
        targets=targets,
        changes=changes,
        answers=(case.problem.id,),
        effects=effect.effects(case.boundary.id, case.leakage, case.problem.indicator),
        costs=costs,
        realisation=case.rate,
        one_of=f"pressure:{case.boundary.id}",
        uses={"crew_days": days},
        details={
            "variant": variant,
            "compared_with": "doing nothing",
            "floor_m": case.floor_m,
            "margin_m": case.margin_m,
            "modelled_lowest_without_m": float(week.lowest.min()),
            "modelled_lowest_with_m": float(run.lowest.min()),
            "modelled_lowest_place": case.zone.places[worst].name,
            "modelled_mean_without_m": float(np.average(week.pressure_m.mean(axis=0), weights=case.zone.weights_m)),
            "modelled_mean_with_m": float(np.average(run.pressure_m.mean(axis=0), weights=case.zone.weights_m)),
            "places_below_floor_without": float((week.lowest < case.floor_m).sum()),
            "places_below_floor_with": float((run.lowest < case.floor_m).sum()),
            "leakage_by_night_l_per_s": case.leakage.value,
            "leakage_estimated_by": case.leakage.how,
            "leakage_share_stopped": effect.share_stopped,
            "exponent_n1": exponents(case.priors)[0],
            "saved_mean_l_per_s": effect.day.value,
            "crew_days": days,
        },
    )
