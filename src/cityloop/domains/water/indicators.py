"""Daily series of the water indicators, from observations only: what goals, baselines and verifications judge by."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats, IndicatorSeries, View
from cityloop.domains.water.balance import Meters, boundaries, find_meters, hourly_balance, streams_of
from cityloop.domains.water.energy.pump_station import ENERGY_INDICATORS, energy_series
from cityloop.domains.water.localtime import civil_days
from cityloop.domains.water.nightflow import daily_statistics
from cityloop.domains.water.pressure.logs import daily_pressure, failing_streams, find_pressure_loggers
from cityloop.errors import RecordError
from cityloop.records import Datastream, Thing

__all__ = ["Daily", "air_temperature", "daily_balance", "indicator_series", "standardised"]

#: Hours that a night or a day must have to count.
LEAST_NIGHT_H, LEAST_DAY_H = 3, 10
#: The controls are standardised by the first days after `start`, so that a longer series does not rescale a shorter.
REFERENCE_DAYS = 42
INDICATORS = ("night_flow", "demand", "service_pressure", "mean_pressure", *ENERGY_INDICATORS)


class Daily:
    """Night and day means of D of one boundary: `days` (n,), `night` and `day` (n,) L/s, NaN where too few hours."""

    def __init__(self, days: npt.NDArray[np.datetime64], night: Floats, day: Floats, meters: Meters) -> None:
        self.days, self.night, self.day, self.meters = days, night, day, meters


def daily_balance(view: View, boundary: Thing, *, start: datetime, end: datetime) -> Daily:
    """Night (01-05 h local) and day (07-23 h) means of the water balance of a boundary by civil day."""
    meters = find_meters(view, boundary)
    times, balance = hourly_balance(view, meters, start=start, end=end)
    daily = daily_statistics(times, balance, view.timezone)
    night = np.where(daily.n_night >= LEAST_NIGHT_H, daily.night, np.nan)
    day = np.where(daily.n_day >= LEAST_DAY_H, daily.day, np.nan)
    return Daily(np.asarray(daily.days), night, day, meters)


def air_temperature(
    view: View, days: npt.NDArray[np.datetime64], *, start: datetime, end: datetime
) -> tuple[Floats, tuple[Datastream, ...]]:
    """Daily mean air temperature (degC) of the city's first station on `days`; NaN and no datastream without one."""
    streams = [s for group in streams_of(view, "air_temperature").values() for s in group]
    if not streams:
        return np.full(len(days), np.nan), ()
    stream = min(streams, key=lambda s: s.id)
    times, block = view.block([stream.id], start=start, end=end)
    return on_days(civil_days(times, view.timezone), block[:, 0], days), (stream,)


def on_days(labels: npt.NDArray[np.datetime64], values: Floats, days: npt.NDArray[np.datetime64]) -> Floats:
    """Mean of values by day, on `days`; NaN below 12 values a day."""
    out = np.full(len(days), np.nan)
    good = np.isfinite(values)
    position = np.searchsorted(days, labels)
    inside = good & (position < len(days))
    inside[inside] &= days[position[inside]] == labels[inside]
    count = np.bincount(position[inside], minlength=len(days))
    total = np.bincount(position[inside], weights=values[inside], minlength=len(days))
    out[count >= 12] = total[count >= 12] / count[count >= 12]
    return out


def standardised(night: Floats) -> Floats:
    """Night flow as deviations from the median of its first REFERENCE_DAYS good days, in their robust sd."""
    first = night[np.isfinite(night)][:REFERENCE_DAYS]
    if len(first) < 14:
        return np.full(len(night), np.nan)
    centre = float(np.median(first))
    spread = 1.4826 * float(np.median(np.abs(first - centre)))
    return (night - centre) / max(spread, 1e-6)


def indicator_series(
    view: View, indicator: str, boundary_id: str, *, start: datetime, end: datetime, exclude: Sequence[str] = ()
) -> IndicatorSeries:
    """Daily values of `night_flow` or `demand` (L/s), `service_pressure` (lowest hour of any logger) or `mean_pressure` (m).

    Covariates of the flows: `day_minus_night` (a leak moves both alike, so the effect does not move it), `controls`
    (mean standardised night flow of the city's other boundaries outside `exclude`) and `air_temperature` (degC), each
    only where the city has it. Judged with the first alone: on ten real areas the others did not narrow the interval, and
    without controls no works elsewhere can disturb a judgement. Raises RecordError for an unknown indicator or boundary.
    """
    boundary = view.get(Thing, boundary_id)
    if boundary.kind == "supply_system" and indicator == "demand":
        from cityloop.domains.water.supply.problems import system_series

        return system_series(view, boundary, start=start, end=end)
    if indicator not in INDICATORS:
        raise RecordError(
            "Unknown water indicator.", where=boundary.name, got=indicator, allowed=", ".join(INDICATORS),
            cure="Name one of the allowed indicators in the goal.",
        )  # fmt: skip
    if indicator in ENERGY_INDICATORS:
        return energy_series(view, boundary, indicator, start=start, end=end)
    if indicator in ("service_pressure", "mean_pressure"):
        return _pressure(view, boundary, indicator, start, end)
    meters = find_meters(view, boundary)
    if not meters.inflow:
        raise RecordError(
            "The boundary has no inflow meter.", where=boundary.name, got="; ".join(meters.missing),
            allowed="a water_flow datastream of the boundary or of a Thing it names as inflow",
            cure="Add the datastream, or the relation `inflow`, to the boundary.",
        )  # fmt: skip
    daily = daily_balance(view, boundary, start=start, end=end)
    covariates: dict[str, Floats] = {"day_minus_night": daily.day - daily.night}
    streams = [*daily.meters.datastreams]
    simulated = daily.meters.simulated
    controls, used = _controls(view, boundary, daily.days, start, end, exclude)
    if used:
        covariates["controls"] = controls
        streams += [s for d in used for s in d.meters.datastreams]
        simulated = simulated or any(d.meters.simulated for d in used)
    temperature, stations = air_temperature(view, daily.days, start=start, end=end)
    if stations:
        covariates["air_temperature"] = temperature
        streams += [s.id for s in stations]
        simulated = simulated or any(s.simulated for s in stations)
    y = daily.night if indicator == "night_flow" else _whole_day(view, daily, start, end)
    return IndicatorSeries(
        indicator, boundary.id, "L/s", daily.days, y, covariates, tuple(dict.fromkeys(streams)), simulated,
        adjusted_by=("day_minus_night",),
    )  # fmt: skip


def _controls(
    view: View, boundary: Thing, days: npt.NDArray[np.datetime64], start: datetime, end: datetime,
    exclude: Sequence[str],
) -> tuple[Floats, list[Daily]]:  # fmt: skip
    """Mean standardised night flow of the other boundaries outside `exclude`, on `days`, and whose it is."""
    rows, used = [], []
    for other in boundaries(view):
        if other.id == boundary.id or other.id in exclude:
            continue
        if not find_meters(view, other).inflow:
            continue
        daily = daily_balance(view, other, start=start, end=end)
        if np.isfinite(daily.night).sum() >= 14:
            rows.append(_align(standardised(daily.night), daily.days, days))
            used.append(daily)
    if not rows:
        return np.full(len(days), np.nan), []
    block = np.stack(rows)
    count = np.isfinite(block).sum(axis=0)
    mean = np.where(count > 0, np.nansum(block, axis=0) / np.maximum(count, 1), np.nan)
    return np.asarray(mean), used


def _align(values: Floats, from_days: npt.NDArray[np.datetime64], to_days: npt.NDArray[np.datetime64]) -> Floats:
    """Values of some days on other days; NaN where absent."""
    known = dict(zip(from_days.tolist(), values.tolist(), strict=True))
    return np.array([known.get(day, np.nan) for day in to_days.tolist()], dtype=np.float64)


def _whole_day(view: View, daily: Daily, start: datetime, end: datetime) -> Floats:
    """Mean D of the civil day, L/s."""
    times, balance = hourly_balance(view, daily.meters, start=start, end=end)
    return on_days(civil_days(times, view.timezone), balance, daily.days)


def _pressure(view: View, boundary: Thing, indicator: str, start: datetime, end: datetime) -> IndicatorSeries:
    """Lowest hour or mean of the day over the loggers that do not fail, m; more is better at the lowest."""
    failing = failing_streams(view)
    streams = [s for s in find_pressure_loggers(view, boundary) if s.id not in failing]
    seen = daily_pressure(view, streams, start=start, end=end)
    lowest = indicator == "service_pressure"
    return IndicatorSeries(
        indicator, boundary.id, "m", seen.days, seen.lowest_of_all if lowest else seen.mean_of_all, {},
        tuple(s.id for s in streams), any(s.simulated for s in streams),
        better="higher" if lowest else "lower",
    )  # fmt: skip
