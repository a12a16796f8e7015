"""Water balance of a metered boundary: D = (inflow - outflow - sum of A * dLevel) / dt.

Where tanks stand inside a boundary its inflow says nothing about the night (pumps fill tanks when they like); demand
plus leakage follows only from the balance over the tanks. Without tanks D is the metered inflow itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from cityloop.contracts import Floats, Times, View
from cityloop.i18n import Pair
from cityloop.records import Datastream, Thing

__all__ = [
    "Meters",
    "boundaries",
    "find_meters",
    "hourly_balance",
    "longest_runs",
    "mask_stuck",
    "name_of",
    "network_of",
    "streams_of",
]

STEP_S = 3600
#: A gap in a tank's level is bridged in a straight line up to this many hours: the stored volume over it stays exact.
LEVEL_GAP_H = 3
#: A meter that repeats one value for this many hours is stuck.
STUCK_H = 24


@dataclass(frozen=True)
class Meters:
    """Which datastreams measure a boundary's water; `tanks` are (level datastream, area in m2)."""

    boundary: str
    inflow: tuple[Datastream, ...]
    outflow: tuple[Datastream, ...]
    tanks: tuple[tuple[Datastream, float], ...]
    missing: tuple[str, ...]
    """What the balance would need and does not have; not empty means that D is not to be trusted."""

    @property
    def datastreams(self) -> tuple[str, ...]:
        """Every datastream that enters D, in a fixed order."""
        return tuple(s.id for s in (*self.inflow, *self.outflow, *(s for s, _ in self.tanks)))

    @property
    def simulated(self) -> bool:
        """Whether any of them was simulated."""
        return any(s.simulated for s in (*self.inflow, *self.outflow, *(s for s, _ in self.tanks)))


def streams_of(view: View, observed_property: str) -> dict[str, list[Datastream]]:
    """Datastreams of one observed property by Thing, each list in the order of ids."""
    found: dict[str, list[Datastream]] = {}
    for stream in view.records(Datastream):
        if stream.observed_property == observed_property:
            found.setdefault(stream.thing, []).append(stream)
    return found


def boundaries(view: View) -> list[Thing]:
    """The metered boundaries of the city, by name."""
    return sorted((t for t in view.records(Thing) if t.kind == "boundary"), key=lambda t: t.name)


def name_of(boundary: Thing) -> Pair:
    """Its name in both languages, as city.toml has it; else its own."""
    return Pair(*(str(boundary.properties.get(key, boundary.name)) for key in ("name_en", "name_zh")))


def network_of(view: View, boundary: Thing) -> str:
    """Id of the network that the boundary encloses: what it names, else the only one of a city with one."""
    named = next((r.thing for r in boundary.relations if r.kind == "network"), "")
    networks = [t.id for t in view.records(Thing) if t.kind == "network"]
    return named or (networks[0] if len(networks) == 1 and len(boundaries(view)) == 1 else "")


def find_meters(view: View, boundary: Thing) -> Meters:
    """The meters of a boundary from its relations (inflow, outflow, storage) and its own flow datastream.

    A Thing with several flow meters is counted once (the first by id). Volume totals (m3 per interval) are accepted
    where a Thing has no flow meter.
    """
    flows, volumes, levels = (streams_of(view, p) for p in ("water_flow", "volume", "water_level"))
    missing: list[str] = []

    def meter(thing: str) -> Datastream | None:
        return next(iter(flows.get(thing, [])), None) or next(
            (s for s in volumes.get(thing, []) if s.statistic == "total"), None
        )

    def side(kind: str) -> list[Datastream]:
        found = []
        for relation in boundary.relations:
            if relation.kind == kind:
                stream = meter(relation.thing)
                if stream is None:
                    missing.append(f"no flow meter on {kind} {relation.thing}")
                else:
                    found.append(stream)
        return found

    own = meter(boundary.id)
    inflow = ([own] if own else []) + side("inflow")
    outflow = side("outflow")
    tanks: list[tuple[Datastream, float]] = []
    for relation in boundary.relations:
        if relation.kind != "storage":
            continue
        tank = view.get(Thing, relation.thing)
        area = tank.properties.get("area_m2")
        if not isinstance(area, int | float):
            missing.append(f"tank {tank.name} has no area_m2")
        elif not levels.get(tank.id):
            missing.append(f"tank {tank.name} has no level meter")
        else:
            tanks.append((levels[tank.id][0], float(area)))
    if not inflow:
        missing.append("no inflow meter")
    return Meters(boundary.id, tuple(inflow), tuple(outflow), tuple(tanks), tuple(missing))


def hourly_balance(view: View, meters: Meters, *, start: datetime, end: datetime) -> tuple[Times, Floats]:
    """Hourly D of a boundary over [start, end), L/s; NaN where a meter has no value. Times are hour starts, UTC.

    Levels are taken at the full hour; the hour before a missing level is bridged up to LEVEL_GAP_H hours.
    """
    times, balance = _flow(view, meters.inflow, start, end)
    if meters.outflow:
        balance = balance - _flow(view, meters.outflow, start, end)[1]
    for stream, area_m2 in meters.tanks:
        level_m = _levels(view, stream, start, end, len(times) + 1)
        balance = balance - area_m2 * np.diff(level_m) * 1000.0 / STEP_S
    return times, balance


def _flow(view: View, streams: Sequence[Datastream], start: datetime, end: datetime) -> tuple[Times, Floats]:
    """Sum of some meters, L/s; NaN where one has no value or is stuck."""
    times, block = view.block([s.id for s in streams], start=start, end=end, step_s=STEP_S)
    factors = np.array([1000.0 / s.step_s if s.observed_property == "volume" else 1.0 for s in streams])
    good = np.stack([mask_stuck(block[:, i]) for i in range(len(streams))], axis=1)
    return times, np.asarray(good @ factors, dtype=np.float64)


def _levels(view: View, stream: Datastream, start: datetime, end: datetime, n: int) -> Floats:
    """Level at n full hours from `start`, m; short gaps bridged."""
    fine_s = stream.step_s if 0 < stream.step_s < STEP_S and STEP_S % stream.step_s == 0 else STEP_S
    _, block = view.block([stream.id], start=start, end=end + timedelta(seconds=STEP_S), step_s=fine_s)
    level = block[:: STEP_S // fine_s, 0][:n]
    return _bridge(np.concatenate([mask_stuck(level), np.full(n - len(level), np.nan)]))


def longest_runs(x: Floats) -> Floats:
    """Length in samples of the run of equal values that each sample belongs to; gaps break no run, NaN has 0."""
    runs = np.zeros(len(x))
    good = np.flatnonzero(np.isfinite(x))
    if len(good) == 0:
        return runs
    values = x[good]
    edges = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1], [True]]))
    lengths = np.diff(edges)
    runs[good] = np.repeat(lengths, lengths)
    return runs


def mask_stuck(x: Floats) -> Floats:
    """The series with NaN wherever it repeats one value for STUCK_H samples and more.

    Zero is a pump at rest, not a stuck meter; a series that hardly ever moves (a full tank) is left as it is.
    """
    runs = longest_runs(x)
    moving = np.mean(runs[runs > 0] == 1) if (runs > 0).any() else 0.0
    return np.where((runs >= STUCK_H) & (x != 0.0), np.nan, x) if moving >= 0.5 else x


def _bridge(level: Floats) -> Floats:
    """Straight lines over gaps of up to LEVEL_GAP_H hours."""
    present = np.flatnonzero(np.isfinite(level))
    filled = level.copy()
    for before, after in zip(present[:-1], present[1:], strict=True):
        if 1 < after - before <= LEVEL_GAP_H + 1:
            filled[before : after + 1] = np.linspace(level[before], level[after], after - before + 1)
    return filled
