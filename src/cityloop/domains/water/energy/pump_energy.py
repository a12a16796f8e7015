"""Pumping that costs more at the tariff than the same water would if the tanks were used: from meters alone.

Told only where there is a time-of-use tariff, where the pumps' power and flow and the tanks' levels are metered, and where a
pump rests at times: the others are taken to be needed all the time. What the pipes let the tanks do is not known here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats, Prior, Times, View
from cityloop.domains.water.balance import boundaries, find_meters
from cityloop.domains.water.energy.pump_plan import Task, best_schedule
from cityloop.domains.water.energy.pump_station import Station, find_station, per_m3_by_day, read_station
from cityloop.domains.water.energy.tariff import band_numbers, hourly_price, mean_by_hour
from cityloop.domains.water.localtime import local_hours
from cityloop.domains.water.pricing import price_of
from cityloop.domains.water.texts import NOTES, note
from cityloop.domains.water.words import WORDS
from cityloop.evidence.normal import half_width
from cityloop.records import Datastream, Estimate, Problem, Thing, record_id
from cityloop.settings.tariff import BANDS

__all__ = ["PUMP_KIND", "Operation", "Tank", "find_pump_energy", "read_operation", "typical_day"]

PUMP_KIND = "pump_energy_cost"
#: Days read, days of them that must be there, share of the hours that must have every value.
READ_DAYS, LEAST_DAYS, LEAST_SHARE_OF_HOURS = 28, 14, 0.9
#: A pump that runs less or more of the time than this is not one that could run at other hours.
RESTS = (0.02, 0.95)
#: A gap below this share of the cost is not worth a problem; a rule of this program.
LEAST_GAP_SHARE = 0.05
#: Metres kept free below the top of a tank.
TOP_ROOM_M = 0.2


@dataclass(frozen=True)
class Tank:
    """A tank with a level meter: levels at the full hours (t + 1,), and between what levels it may be run, m."""

    thing: Thing
    level_m: Floats
    area_m2: float
    low_m: float
    high_m: float


@dataclass(frozen=True)
class Operation:
    """How a boundary's pumps were run, hour by hour; `moving` are the columns of the pumps that rest at times."""

    station: Station
    times: Times
    price: Floats
    kwh: Floats
    """(t,) of all pumps, from their power meters."""
    water_m3: Floats
    used: Floats
    """(t, moving): share of each hour that a pump ran."""
    moving: tuple[int, ...]
    power_kw: Floats
    """(moving,) while it runs, and m3/h likewise."""
    flow_m3_per_h: Floats
    tanks: tuple[Tank, ...]
    span: tuple[datetime, datetime]

    @property
    def cost(self) -> Floats:
        """Of all pumps, (t,), in the policy's currency."""
        return self.kwh * self.price

    @property
    def pumps(self) -> tuple[Thing, ...]:
        """The pumps that rest at times."""
        return tuple(self.station.pumps[i] for i in self.moving)

    @property
    def stored_m3(self) -> Floats:
        """Water above the lowest levels of all tanks, (t + 1,)."""
        return np.asarray(np.sum([(tank.level_m - tank.low_m) * tank.area_m2 for tank in self.tanks], axis=0))

    @property
    def room_m3(self) -> float:
        """Between the lowest and the highest levels."""
        return sum((tank.high_m - tank.low_m) * tank.area_m2 for tank in self.tanks)

    def task(self) -> Task:
        """The hours as they were, to be scheduled anew."""
        return Task(self.price, self.power_kw, self.flow_m3_per_h, self.used, self.stored_m3, 0.0, self.room_m3)


def read_operation(view: View, boundary: Thing, priors: Mapping[str, Prior]) -> Operation | None:
    """The last READ_DAYS of a boundary with pumps, tanks and a tariff; None where one is missing or not metered."""
    meters = find_meters(view, boundary)
    if not view.policy.tariff or not meters.tanks:
        return None
    station = find_station(view, boundary)
    span = view.span([*meters.datastreams, *station.streams]) if station is not None and station.flows else None
    if span is None or station is None:
        return None
    end = min(span[1], view.now).replace(minute=0, second=0, microsecond=0)
    start = max(span[0], end - timedelta(days=READ_DAYS)).replace(minute=0, second=0, microsecond=0)
    if end - start < timedelta(days=LEAST_DAYS):
        return None
    hours = read_station(view, station, start=start, end=end)
    assert hours.pump_m3_per_h is not None
    tanks = tuple(
        tank for stream, area in meters.tanks
        if (tank := _tank(view, stream, area, (start, end), len(hours.times), priors)) is not None
    )  # fmt: skip
    power, flow = _while_on(hours.power_kw, hours.power_kw), _while_on(hours.pump_m3_per_h, hours.power_kw)
    used = np.clip(hours.pump_m3_per_h / np.maximum(flow, 1e-9), 0.0, 1.0)
    known = np.asarray(np.isfinite(used).all(axis=1) & np.isfinite(hours.power_kw).all(axis=1))
    duty = used[known].mean(axis=0) if known.any() else np.zeros(len(power))
    moving = tuple(int(i) for i in np.flatnonzero((duty > RESTS[0]) & (duty < RESTS[1]) & np.isfinite(power * flow)))
    if len(tanks) < len(meters.tanks) or not moving or known.mean() < LEAST_SHARE_OF_HOURS:
        return None
    price = hourly_price(view.policy, hours.times, view.timezone)
    columns = list(moving)
    return Operation(
        station, hours.times, price, hours.power_kw.sum(axis=1), hours.water_m3_per_h,
        _filled(used[:, columns], local_hours(hours.times, view.timezone)[1]), moving, power[columns], flow[columns],
        tanks, (start, end),
    )  # fmt: skip


def _while_on(block: Floats, power: Floats) -> Floats:
    """Median of each column (t, pumps) over the hours in which the pump drew at least 0.9 of its usual highest power."""
    found = np.full(block.shape[1], np.nan)
    for i in range(block.shape[1]):
        good = np.isfinite(block[:, i]) & np.isfinite(power[:, i])
        if good.any() and (top := float(np.quantile(power[good, i], 0.98))) > 0:
            found[i] = np.median(block[good & (power[:, i] >= 0.9 * top), i])
    return found


def _filled(used: Floats, hours: npt.NDArray[np.int64]) -> Floats:
    """Gaps by the median of the same hour of the day, else 0."""
    out = used.copy()
    for column in range(used.shape[1]):
        for hour in range(24):
            mine = hours == hour
            good = mine & np.isfinite(used[:, column])
            out[mine & ~good, column] = float(np.median(used[good, column])) if good.any() else 0.0
    return out


def _tank(
    view: View, stream: Datastream, area_m2: float, span: tuple[datetime, datetime], hours: int,
    priors: Mapping[str, Prior],
) -> Tank | None:  # fmt: skip
    """Levels of one tank and its limits: a quarter of its height is kept, unless it is run lower today; None where its
    model tells no highest level.
    """
    thing = view.get(Thing, stream.thing)
    bottom, top = (thing.properties.get(key) for key in ("min_level_m", "max_level_m"))
    if not isinstance(bottom, int | float) or not isinstance(top, int | float) or top <= bottom:
        return None
    fine_s = stream.step_s if 0 < stream.step_s < 3600 and 3600 % stream.step_s == 0 else 3600
    _, block = view.block([stream.id], start=span[0], end=span[1] + timedelta(hours=1), step_s=fine_s)
    seen = block[:: 3600 // fine_s, 0][: hours + 1]
    level = np.concatenate([seen, np.full(hours + 1 - len(seen), np.nan)])
    if not np.isfinite(level).any():
        return None
    reserve = bottom + priors["tank_reserve_share"].value * (top - bottom)
    return Tank(thing, level, area_m2, min(reserve, float(np.nanquantile(level, 0.01))), max(top - TOP_ROOM_M, reserve))


# --- the problem -------------------------------------------------------------------------------------------------
def find_pump_energy(view: View, priors: Mapping[str, Prior]) -> list[Problem]:
    """One problem for each boundary whose pumps could run at cheaper hours; nothing is read without a tariff."""
    if len({band.price_per_kwh for band in view.policy.tariff}) < 2:
        return []
    found = []
    for boundary in boundaries(view):
        operation = read_operation(view, boundary, priors)
        problem = _problem(view, boundary, operation, priors) if operation is not None else None
        if problem is not None:
            found.append(problem)
    return found


def _problem(view: View, boundary: Thing, operation: Operation, priors: Mapping[str, Prior]) -> Problem | None:
    """The gap between what the pumping cost and the least that the tanks would allow."""
    level, unit = view.policy.level, f"{view.policy.currency}/m3"
    task = operation.task()
    best = best_schedule(task)
    saved = operation.price * ((operation.used - best.run) @ operation.power_kw)
    _, cost = per_m3_by_day(view, operation.times, operation.cost, operation.water_m3)
    _, less = per_m3_by_day(view, operation.times, saved, operation.water_m3)
    observed, gap = _mean(cost, level, unit), _mean(less, level, unit)
    if gap is None or observed is None or gap.low <= 0 or gap.value < LEAST_GAP_SHARE * observed.value:
        return None
    m3_per_year = float(np.nanmean(operation.water_m3)) * 8760
    both = np.isfinite(operation.kwh) & np.isfinite(operation.water_m3)
    kwh = float(operation.kwh[both].sum() / operation.water_m3[both].sum())
    names, counted = ", ".join(p.name for p in operation.pumps), int(np.isfinite(less).sum())
    streams = tuple(dict.fromkeys([*operation.station.streams, *find_meters(view, boundary).datastreams]))
    notes = [
        _bands(view, operation),
        note("pump_best", days=counted, pumps=names, tanks=", ".join(t.thing.name for t in operation.tanks)),
        note("pump_not_hydraulic"),
        note("tariff_source", source=_sources(view)),
    ]
    if price_of(view.policy, priors, "pump_control_each") is None:
        notes.append(note("no_unit_cost", currency=view.policy.currency, names="pump_control_each"))
    return Problem(
        id=record_id(view.city, "problem", PUMP_KIND, boundary.id),
        simulated=operation.station.simulated,
        domain="water",
        kind=PUMP_KIND,
        boundary=boundary.id,
        indicator="energy_cost_per_m3",
        observed=observed,
        expected=Estimate(
            value=observed.value - gap.value, low=observed.value - gap.high, high=observed.value - gap.low, level=level,
            unit=unit,
        ),
        gap=gap,
        onset=None,
        detected=view.now,
        cost_per_year=Estimate(
            value=gap.value * m3_per_year, low=gap.low * m3_per_year, high=gap.high * m3_per_year, level=level,
            unit=f"{view.policy.currency}/year",
        ),
        evidence=view.evidence(streams, start=operation.span[0], end=operation.span[1]),
        best_place=operation.pumps[0].id,
        notes=tuple(notes),
        details={
            "method": "linear program on the observed hours",
            "pumps": names,
            "days_read": float(counted),
            "energy_kwh_per_m3": kwh,
            "m3_per_year": m3_per_year,
            "storage_m3": operation.room_m3,
            "bound_stopped_by": best.stopped_by,
            **_shares(view, operation),
        },
    )  # fmt: skip


def _mean(days: Floats, level: float, unit: str) -> Estimate | None:
    """Mean of the days that there are; its interval counts the memory from one day to the next."""
    good = days[np.isfinite(days)]
    if len(good) < LEAST_DAYS - 1:
        return None
    mean, left = float(good.mean()), good - good.mean()
    power = float(left @ left)
    memory = float(np.clip((left[1:] @ left[:-1]) / power, 0.0, 0.8)) if power > 0 else 0.0
    half = half_width(level) * float(good.std(ddof=1)) / len(good) ** 0.5 * ((1 + memory) / (1 - memory)) ** 0.5
    return Estimate(value=mean, low=mean - half, high=mean + half, level=level, unit=unit)


def _by_band(view: View, operation: Operation) -> dict[str, tuple[float, float, float]]:
    """Band -> (kWh, its cost by its own price, m3 pumped) over the hours read."""
    numbers = band_numbers(view.policy, operation.times, view.timezone)
    kwh = operation.kwh
    good = np.isfinite(kwh) & np.isfinite(operation.water_m3)
    return {
        band: (float(kwh[mine].sum()), float(operation.cost[mine].sum()), float(operation.water_m3[mine].sum()))
        for number, band in enumerate(BANDS)
        if (mine := good & (numbers == number)).any()
    }


def _bands(view: View, operation: Operation) -> str:
    """Energy and money by band, in both languages."""
    table, unit = _by_band(view, operation), view.policy.currency
    whole = sum(kwh for kwh, _, _ in table.values()) or 1.0
    rows = [
        (WORDS[f"band_{band}"], f"{100 * kwh / whole:.0f}", f"{money / max(m3, 1e-9):.4f} {unit}")
        for band, (kwh, money, m3) in table.items()
    ]
    english = "; ".join(f"{name.en} {share} %, {price}/m3" for name, share, price in rows)
    chinese = "；".join(f"{name.zh}段 {share}%，{price}/m³" for name, share, price in rows)
    pair = NOTES["energy_bands"]
    return f"{pair.in_('en', bands=english)} | {pair.in_('zh', bands=chinese)}"


def _shares(view: View, operation: Operation) -> dict[str, float | str]:
    table = _by_band(view, operation)
    whole = sum(kwh for kwh, _, _ in table.values()) or 1.0
    found: dict[str, float | str] = {}
    for band, (kwh, money, m3) in table.items():
        found |= {f"energy_share_{band}": kwh / whole, f"cost_per_m3_{band}": money / max(m3, 1e-9)}
    return found


def _sources(view: View) -> str:
    return "; ".join(dict.fromkeys(f"{band.source} ({band.status})" for band in view.policy.tariff))


def typical_day(view: View, operation: Operation) -> Task:
    """The mean day of the hours read, by local hour."""
    _, hours = local_hours(operation.times, view.timezone)
    by_hour = [hours == h for h in range(24)]
    used = np.array([operation.used[mine].mean(axis=0) for mine in by_hour])
    stored = operation.stored_m3[:-1]
    mean = np.array([np.nanmean(stored[mine]) if np.isfinite(stored[mine]).any() else np.nan for mine in by_hour])
    return Task(
        mean_by_hour(view.policy), operation.power_kw, operation.flow_m3_per_h, used, np.append(mean, mean[0]), 0.0,
        operation.room_m3,
    )  # fmt: skip
