"""Service over some days: share of pressure readings that keep each rule world's limit, hours of supply, energy per m3."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from cityloop.contracts import Floats, View
from cityloop.domains.water.balance import streams_of
from cityloop.domains.water.localtime import local_hours
from cityloop.domains.water.losses.supply_days import instant
from cityloop.domains.water.pressure.logs import failing_streams, find_pressure_loggers
from cityloop.records import Datastream, Thing
from cityloop.settings.norms import WORLDS

__all__ = ["Pressures", "energy_kwh", "pressure_limits", "read_pressures"]

#: A logger that shows less has no water: assumed, no rule says where supply ends.
NO_WATER_M = 2.0
#: Hours with a reading that a logger must have to be counted.
LEAST_HOURS = 24


@dataclass(frozen=True)
class Pressures:
    """Hourly pressures at the loggers of an area, (t, loggers), m, NaN = no reading; `hour` (t,) of the local day."""

    streams: tuple[Datastream, ...]
    hour: np.ndarray
    values: Floats

    @property
    def mean(self) -> float | None:
        """Mean over loggers of their means; None without readings."""
        columns = self._kept()
        return float(np.mean([np.nanmean(c) for c in columns])) if columns else None

    def by_hour(self) -> Floats | None:
        """Mean by local hour (24,); None where an hour has no reading."""
        columns = self._kept()
        if not columns:
            return None
        block = np.stack(columns, axis=1)
        rows = [block[self.hour == h] for h in range(24)]
        if any(not np.isfinite(r).any() for r in rows):
            return None
        return np.array([float(np.nanmean(r)) for r in rows])

    def pass_rate(self, limit_m: float) -> float | None:
        """Share of all readings that are at least `limit_m`, %."""
        columns = self._kept()
        if not columns:
            return None
        good = np.concatenate([c[np.isfinite(c)] for c in columns])
        return float(np.mean(good >= limit_m) * 100.0)

    def hours_of_supply(self) -> float | None:
        """Hours a day with water at a logger, mean over loggers."""
        columns = self._kept()
        if not columns:
            return None
        return float(np.mean([np.mean(c[np.isfinite(c)] >= NO_WATER_M) for c in columns]) * 24.0)

    @property
    def used(self) -> int:
        """Loggers that count."""
        return len(self._kept())

    def _kept(self) -> list[Floats]:
        return [c for c in self.values.T if np.isfinite(c).sum() >= LEAST_HOURS]


def read_pressures(view: View, areas: Sequence[Thing], start: date, end: date) -> Pressures:
    """Readings of the loggers at customers of some areas that no open problem holds for failing."""
    failing = failing_streams(view)
    found = {s.id: s for a in areas for s in find_pressure_loggers(view, a) if s.id not in failing}
    streams = tuple(found[id] for id in sorted(found))
    first, last = instant(start, view.timezone), instant(end, view.timezone)
    if not streams:
        return Pressures((), np.empty(0, dtype=np.int64), np.empty((0, 0)))
    times, block = view.block([s.id for s in streams], start=first, end=last)
    return Pressures(streams, local_hours(times, view.timezone)[1], block)


def pressure_limits(view: View) -> Mapping[str, float]:
    """Lowest service pressure of each rule world that states one, m."""
    rules = {world: view.norm("service_pressure", world) for world in WORLDS}
    return {world: rule.limit for world, rule in rules.items() if rule is not None and rule.limit is not None}


def energy_kwh(view: View, start: date, end: date) -> tuple[float, tuple[Datastream, ...], float] | None:
    """Energy of the metered pumps and stations over [start, end), kWh, their meters, and the share of hours without a reading.

    Missing hours are filled by the mean. None where no pump has an energy meter.
    """
    things = {t.id: t for t in view.records(Thing) if t.kind in ("pump", "station")}
    streams = [group[0] for t, group in sorted(streams_of(view, "power").items()) if t in things]
    if not streams:
        return None
    first, last = instant(start, view.timezone), instant(end, view.timezone)
    _, block = view.block([s.id for s in streams], start=first, end=last)
    if not np.isfinite(block).any(axis=0).all():
        return None
    total = float(sum(np.nanmean(c) * len(c) for c in block.T))
    return total, tuple(streams), float(np.mean(~np.isfinite(block)))
