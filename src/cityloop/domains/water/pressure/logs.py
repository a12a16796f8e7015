"""What the pressure loggers of a boundary showed: which they are, lowest hour of each day, mean by night."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats, View
from cityloop.domains.water.balance import boundaries, network_of, streams_of
from cityloop.domains.water.localtime import local_hours
from cityloop.domains.water.nightflow import NIGHT_H
from cityloop.records import Datastream, Problem, Thing

__all__ = [
    "DailyPressure", "daily_pressure", "failing_streams", "find_pressure_loggers", "has_customers", "inside",
    "trusted_streams",
]  # fmt: skip

#: Hours that a day, and a night, must have to count.
LEAST_HOURS, LEAST_NIGHT_H = 12, 3


@dataclass(frozen=True)
class DailyPressure:
    """By civil day and logger, m, (days, loggers): lowest hourly mean, mean, mean by night; NaN with too few hours."""

    streams: tuple[Datastream, ...]
    days: npt.NDArray[np.datetime64]
    lowest: Floats
    mean: Floats
    night: Floats

    @property
    def lowest_of_all(self) -> Floats:
        """Lowest hour of any logger by day (days,)."""
        if not self.streams:
            return np.full(len(self.days), np.nan)
        return np.asarray(np.fmin.reduce(self.lowest, axis=1), dtype=np.float64)

    @property
    def mean_of_all(self) -> Floats:
        """Mean over the loggers by day (days,); a logger that is missing counts with its own mean of the other days."""
        present = np.isfinite(self.mean)
        kept = self.mean[:, present.any(axis=0)]
        if not kept.shape[1]:
            return np.full(len(self.days), np.nan)
        own = np.nanmean(kept, axis=0)
        filled = np.where(np.isfinite(kept), kept, own)
        return np.where(present.any(axis=1), filled.mean(axis=1), np.nan)


def has_customers(junction: Thing) -> bool:
    """Whether service pressure is owed there: not at a junction whose model says that nobody draws water (a suction)."""
    demand = junction.properties.get("base_demand_l_per_s")
    return not isinstance(demand, int | float) or demand > 0


def inside(view: View, boundary: Thing, kind: str) -> list[Thing]:
    """The Things of a kind inside a boundary.

    Those that name boundaries (relation `part_of`) belong to these alone, and beside them those that name none to none; of
    a city whose Things of the kind name none, all belong to its only boundary, or to those that name its only network.
    """
    things = [t for t in view.records(Thing) if t.kind == kind]
    places = {b.id for b in boundaries(view)}
    named = [{r.thing for r in t.relations if r.kind == "part_of" and r.thing in places} for t in things]
    if any(named):
        return [t for t, mine in zip(things, named, strict=True) if boundary.id in mine]
    networks = [t for t in view.records(Thing) if t.kind == "network"]
    all_mine = len(places) == 1 or (len(networks) == 1 and network_of(view, boundary) == networks[0].id)
    return things if all_mine else []


def find_pressure_loggers(view: View, boundary: Thing) -> list[Datastream]:
    """Pressure datastreams at the junctions of a boundary where somebody draws water, by id."""
    junctions = {t.id for t in inside(view, boundary, "junction") if has_customers(t)}
    found = [s for t, group in streams_of(view, "water_pressure").items() if t in junctions for s in group]
    return sorted(found, key=lambda s: s.id)


def failing_streams(view: View) -> frozenset[str]:
    """Datastreams that an open problem holds for failing."""
    return _named(view, ("open", "acknowledged", "in_works"))


def trusted_streams(view: View) -> frozenset[str]:
    """Datastreams that were held for failing until a person dismissed it: the logger was right."""
    return _named(view, ("dismissed",))


def _named(view: View, states: Sequence[str]) -> frozenset[str]:
    """Datastreams of the sensor problems in some states."""
    return frozenset(
        str(p.details.get("datastream", ""))
        for p in view.records(Problem)
        if p.kind == "failing_sensor" and p.status in states
    )


def daily_pressure(view: View, streams: Sequence[Datastream], *, start: datetime, end: datetime) -> DailyPressure:
    """Daily figures of some loggers over [start, end), by the city's civil days."""
    times, block = view.block([s.id for s in streams], start=start, end=end)
    labels, hours = local_hours(times, view.timezone)
    days, position = np.unique(labels, return_inverse=True)
    shape = (len(days), len(streams))
    good = np.isfinite(block)
    filled = np.where(good, block, 0.0)
    count, total, lowest = np.zeros(shape), np.zeros(shape), np.full(shape, np.inf)
    np.add.at(count, position, good)
    np.add.at(total, position, filled)
    np.minimum.at(lowest, position, np.where(good, block, np.inf))
    by_night = good & ((hours >= NIGHT_H[0]) & (hours < NIGHT_H[1]))[:, None]
    night_count, night_total = np.zeros(shape), np.zeros(shape)
    np.add.at(night_count, position, by_night)
    np.add.at(night_total, position, np.where(by_night, filled, 0.0))
    enough = count >= LEAST_HOURS
    return DailyPressure(
        tuple(streams), days, np.where(enough, lowest, np.nan), np.where(enough, total / np.maximum(count, 1), np.nan),
        np.where(night_count >= LEAST_NIGHT_H, night_total / np.maximum(night_count, 1), np.nan),
    )  # fmt: skip
