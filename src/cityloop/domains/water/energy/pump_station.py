"""The pumps that bring a boundary its water: what they drew, what they pumped, hour by hour, from their meters."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from cityloop.contracts import Floats, IndicatorSeries, Times, View
from cityloop.domains.water.balance import (
    Meters,
    boundaries,
    find_meters,
    hourly_balance,
    mask_stuck,
    network_of,
    streams_of,
)
from cityloop.domains.water.energy.tariff import hourly_price
from cityloop.domains.water.localtime import civil_days
from cityloop.domains.water.pressure.logs import inside
from cityloop.errors import RecordError
from cityloop.records import Datastream, Thing

__all__ = ["ENERGY_INDICATORS", "Station", "StationHours", "energy_series", "find_station", "read_station"]

ENERGY_INDICATORS = ("energy_per_m3", "energy_cost_per_m3")
#: Hours that a day must have to count.
LEAST_HOURS = 20


@dataclass(frozen=True)
class Station:
    """Pumps with a power meter; `flows` has the flow meter of each, or is empty: then the water is the balance of
    `areas`, all boundaries that the pumps feed.
    """

    boundary: Thing
    pumps: tuple[Thing, ...]
    powers: tuple[Datastream, ...]
    flows: tuple[Datastream, ...]
    areas: tuple[Meters, ...]

    @property
    def streams(self) -> tuple[str, ...]:
        """Every datastream read."""
        read = [s.id for s in (*self.powers, *self.flows)]
        return tuple(dict.fromkeys([*read, *(s for m in self.areas for s in m.datastreams)]))

    @property
    def simulated(self) -> bool:
        """Whether any of them was simulated."""
        return any(s.simulated for s in (*self.powers, *self.flows)) or any(m.simulated for m in self.areas)


@dataclass(frozen=True)
class StationHours:
    """Hour by hour: `power_kw` (t, pumps), `pump_m3_per_h` (t, pumps) where metered, `water_m3_per_h` (t,) in all."""

    times: Times
    power_kw: Floats
    pump_m3_per_h: Floats | None
    water_m3_per_h: Floats


def find_station(view: View, boundary: Thing) -> Station | None:
    """The metered pumps of a boundary; None where no pump has a power meter, or nothing says how much they pump."""
    powers = streams_of(view, "power")
    named = [r.thing for r in boundary.relations if r.kind == "inflow"]
    pumps = [t for t in view.records(Thing) if t.kind == "pump" and t.id in named] or inside(view, boundary, "pump")
    pumps = sorted((p for p in pumps if p.id in powers), key=lambda p: p.name)
    if not pumps:
        return None
    power = tuple(powers[p.id][0] for p in pumps)
    flow = streams_of(view, "water_flow")
    if all(p.id in flow for p in pumps):
        return Station(boundary, tuple(pumps), power, tuple(flow[p.id][0] for p in pumps), ())
    fed = [find_meters(view, b) for b in _fed(view, boundary)]
    if not fed or any(m.missing for m in fed):
        return None
    return Station(boundary, tuple(pumps), power, (), tuple(fed))


def _fed(view: View, boundary: Thing) -> list[Thing]:
    """All boundaries on the same network, none that lies within another of them: what its pumps feed together."""
    network = network_of(view, boundary)
    same = [b for b in boundaries(view) if network and network_of(view, b) == network] or [boundary]
    ids = {b.id for b in same}
    return [b for b in same if not any(r.kind == "part_of" and r.thing in ids for r in b.relations)]


def read_station(view: View, station: Station, *, start: datetime, end: datetime) -> StationHours:
    """Full hours of [start, end); NaN where a meter has no value."""
    times, block = view.block([s.id for s in station.powers], start=start, end=end)
    if station.flows:
        _, flows = view.block([s.id for s in station.flows], start=start, end=end)
        pumped = np.stack([mask_stuck(flows[:, i]) for i in range(flows.shape[1])], axis=1) * 3.6
        return StationHours(times, block, pumped, np.asarray(pumped.sum(axis=1)))
    water = np.sum([hourly_balance(view, m, start=start, end=end)[1] for m in station.areas], axis=0) * 3.6
    return StationHours(times, block, None, np.asarray(water))


def energy_series(
    view: View, boundary: Thing, indicator: str, *, start: datetime, end: datetime
) -> IndicatorSeries:  # fmt: skip
    """Daily kWh or money per cubic metre pumped; money at the yearly mean of the tariff for each weekday and hour.

    Raises RecordError where there is no metered pump, or no tariff to price it by.
    """
    station = find_station(view, boundary)
    if station is None:
        raise RecordError(
            "The boundary has no pump whose power and water are metered.", where=boundary.name, got=indicator,
            cure="Add a `power` datastream of its pumps, and their flow or that of every boundary they feed.",
        )  # fmt: skip
    priced = indicator == "energy_cost_per_m3"
    if priced and not view.policy.tariff:
        raise RecordError(
            "The policy has no tariff.", where=boundary.name, got=indicator, cure="Add [[policy.tariff]] to city.toml."
        )
    hours = read_station(view, station, start=start, end=end)
    spent = hours.power_kw.sum(axis=1)
    if priced:
        spent = spent * hourly_price(view.policy, hours.times, view.timezone)
    days, y = per_m3_by_day(view, hours.times, spent, hours.water_m3_per_h)
    unit = f"{view.policy.currency}/m3" if priced else "kWh/m3"
    return IndicatorSeries(indicator, boundary.id, unit, days, y, {}, station.streams, station.simulated)


def per_m3_by_day(view: View, times: Times, spent: Floats, water: Floats) -> tuple[Times, Floats]:
    """Civil days and the sum of `spent` over that of `water` in the hours that have both; NaN with too few hours."""
    labels = civil_days(times, view.timezone)
    days, position = np.unique(labels, return_inverse=True)
    good = np.isfinite(spent) & np.isfinite(water)
    sums = [np.bincount(position, np.where(good, x, 0.0), len(days)) for x in (spent, water)]
    enough = (np.bincount(position, good, len(days)) >= LEAST_HOURS) & (sums[1] > 0)
    return days, np.where(enough, sums[0] / np.where(enough, sums[1], 1.0), np.nan)
