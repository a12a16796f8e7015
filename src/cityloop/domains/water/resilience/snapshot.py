"""The network at one moment of a day of highest demand, as steady states that can be asked again with an outage or a fire.

The day is run once with its tanks and pumps; the moment takes over levels and pump status from it. Tanks then stand still: how
long they last is another question. Demands are taken in full whatever the pressure, so a negative pressure says that the
demand cannot be met, not how little flows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats, Output, Simulator, View
from cityloop.errors import EngineError, InputError
from cityloop.records import Change, Thing

__all__ = ["NO_WATER_M", "Day", "Grid", "Snapshot", "read_grid", "run_day"]

#: Days run before the one that is read: tanks settle.
SETTLE_DAYS = 6
#: A link whose status is below this is closed.
OPEN = 0.5
#: A head further than this (m) from the ground is the solver's way to say that the water does not get there.
NO_WATER_M = 1000.0
#: States asked at once: few of them differ in few places.
ROWS = 100
#: Emitter that ties a part without a source to its ground, L/s per m^exponent.
TIE = 0.01
#: A tank that moves less than this in a day (m) stands full or shut.
STILL_M = 0.05


@dataclass(frozen=True)
class Grid:
    """One model as Things: `ends` (links, 2) are places in `nodes` (junctions, then tanks and reservoirs)."""

    network: Thing
    junctions: tuple[Thing, ...]
    sources: tuple[Thing, ...]
    links: tuple[Thing, ...]
    ends: npt.NDArray[np.int64]

    @property
    def nodes(self) -> tuple[Thing, ...]:
        """Junctions first."""
        return (*self.junctions, *self.sources)

    @property
    def elevation_m(self) -> Floats:
        """Of the junctions."""
        return np.array([_number(j, "elevation_m") for j in self.junctions])

    @cached_property
    def dry(self) -> npt.NDArray[np.bool_]:
        """Junctions that the file joins to no tank or reservoir: their demand has no solution and is left out."""
        return self.cut_off(
            np.array(
                [link.properties.get("initial_status") != "closed" or link.kind == "pump" for link in self.links], bool
            )
        )

    @cached_property
    def base_l_per_s(self) -> Floats:
        """Usual demand of the junctions; none where they are dry."""
        return np.where(self.dry, 0.0, [_number(j, "base_demand_l_per_s") for j in self.junctions])

    @property
    def silenced(self) -> tuple[Change, ...]:
        """What takes the demand of the dry junctions away and ties their heads to the ground: EPANET solves no part of a
        network without a fixed head, and an emitter is as good as one.
        """
        dry = [j for j, is_dry in zip(self.junctions, self.dry, strict=True) if is_dry]
        return tuple(
            Change(thing=j.id, property=name, value=value)
            for j in dry
            for name, value in (("demand_factor", 0.0), ("leak_coefficient", TIE))
        )

    def of_kind(self, kind: str) -> list[int]:
        """Places in `links` of one kind."""
        return [i for i, link in enumerate(self.links) if link.kind == kind]

    def cut_off(self, open_: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Junctions that no open link joins to a tank or reservoir, (junctions,)."""
        from scipy.sparse import coo_matrix
        from scipy.sparse.csgraph import connected_components

        n, kept = len(self.nodes), self.ends[open_]
        graph = coo_matrix((np.ones(len(kept)), (kept[:, 0], kept[:, 1])), shape=(n, n))
        _, part = connected_components(graph, directed=False)
        fed = np.unique(part[len(self.junctions) :])
        return np.asarray(~np.isin(part[: len(self.junctions)], fed))


def _number(thing: Thing, key: str) -> float:
    value = thing.properties.get(key)
    return float(value) if isinstance(value, int | float) else 0.0


def read_grid(view: View) -> Grid:
    """The city's one network model. Raises InputError where it has none, or several."""
    things = view.records(Thing)
    networks = [t for t in things if t.kind == "network"]
    if len(networks) != 1:
        raise InputError(
            "Exactly one network model is needed.", where=view.city, got=len(networks),
            cure="Name one EPANET file under [[model]] in city.toml.",
        )  # fmt: skip
    junctions = tuple(t for t in things if t.kind == "junction")
    sources = tuple(t for t in things if t.kind in ("tank", "reservoir"))
    index = {t.id: i for i, t in enumerate((*junctions, *sources))}
    links, ends = [], []
    for thing in things:
        if thing.kind in ("pipe", "pump", "valve"):
            at = [index.get(r.thing) for kind in ("start", "end") for r in thing.relations if r.kind == kind]
            if len(at) == 2 and None not in at:
                links.append(thing)
                ends.append(at)
    return Grid(networks[0], junctions, sources, tuple(links), np.array(ends, np.int64).reshape(-1, 2))


# --- a day of the model ------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Day:
    """A day of highest demand, hour by hour of the local clock: levels (24, tanks), pump status (24, pumps), demand L/s."""

    grid: Grid
    tanks: tuple[Thing, ...]
    pumps: tuple[Thing, ...]
    level_m: Floats
    running: Floats
    demand_l_per_s: Floats
    changes: tuple[Change, ...]
    begin: datetime
    """Its local midnight, UTC."""
    factor: float
    """On the model's own demands."""

    @property
    def live(self) -> npt.NDArray[np.bool_]:
        """Which tanks fill and empty in the day, (tanks,)."""
        return np.asarray(np.ptp(self.level_m, axis=0) > STILL_M)

    @property
    def stored_m3(self) -> Floats:
        """Above the lowest levels of the live tanks, (24,); tanks without an area count nothing."""
        areas = np.array([_number(t, "area_m2") for t in self.tanks])
        bottoms = np.array([_number(t, "min_level_m") for t in self.tanks])
        return np.asarray((self.level_m - bottoms) @ (areas * self.live))

    @property
    def lowest_storage_hour(self) -> int:
        """Hour at which least water is stored; that of highest demand where there is no tank."""
        return int(np.argmin(self.stored_m3)) if self.live.any() else self.peak_hour

    @property
    def peak_hour(self) -> int:
        """Hour of highest demand."""
        return int(np.argmax(self.demand_l_per_s))

    def at(self, simulator: Simulator, hour: int, *, demand_l_per_s: float | None = None) -> "Snapshot":
        """The moment of an hour; `demand_l_per_s` in all, that hour's by default."""
        base = self.grid.base_l_per_s
        total = self.demand_l_per_s[hour] if demand_l_per_s is None else demand_l_per_s
        demand = base * (float(total) / max(float(base.sum()), 1e-9))
        kept = _at_hour(self.changes, hour)
        first = Snapshot(self.grid, kept, self.tanks, self.level_m[hour], demand, np.ones(0), ())
        return first.opened(simulator, self.pumps, self.running[hour])


def run_day(
    view: View, simulator: Simulator, grid: Grid, changes: Sequence[Change], *, day_l_per_s: float,
    settle_days: int = SETTLE_DAYS,
) -> Day:  # fmt: skip
    """Run the model until its tanks have settled at a mean demand of `day_l_per_s`, and read the last day."""
    tanks = tuple(t for t in grid.sources if t.kind == "tank")
    pumps = tuple(grid.links[i] for i in grid.of_kind("pump"))
    zone = ZoneInfo(view.timezone)
    begin = datetime.combine(view.now.astimezone(zone).date() - timedelta(days=settle_days + 1), time(), zone)
    usual = float(grid.base_l_per_s.sum())
    outputs: list[Output] = [(t.id, "level_m") for t in tanks] + [(p.id, "status") for p in pumps]
    outputs.append((grid.network.id, "demand_l_per_s"))
    factor = float(day_l_per_s) / max(usual, 1e-9)
    scale = Change(thing=grid.network.id, property="demand_factor", value=factor)
    result = simulator.run(
        [*grid.silenced, *changes, scale],
        start=begin.astimezone(UTC),
        steps=24 * (settle_days + 1),
        step_s=3600,
        outputs=outputs,
    )
    last = np.stack([result.series[o][-24:] for o in outputs], axis=1)
    return Day(
        grid, tanks, pumps, last[:, : len(tanks)], last[:, len(tanks) : -1], last[:, -1], (*grid.silenced, *changes),
        (begin + timedelta(days=settle_days)).astimezone(UTC), factor,
    )  # fmt: skip


def _at_hour(changes: Sequence[Change], hour: int) -> tuple[Change, ...]:
    """The changes that hold in an hour of the day, as such that hold always; levels of controls are the day's business."""
    kept = []
    for change in changes:
        if change.property in ("start_level_m", "stop_level_m") or change.thing == "":
            continue
        if change.hours is not None:
            first, last = change.hours
            if (hour - first) % 24 >= ((last - first) % 24 or 24):
                continue
        kept.append(Change(thing=change.thing, property=change.property, value=change.value))
    return tuple(kept)


# --- a moment ----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Snapshot:
    """One steady state: levels of the tanks, demand of every junction, status of every pipe and pump (`switched`)."""

    grid: Grid
    changes: tuple[Change, ...]
    tanks: tuple[Thing, ...]
    level_m: Floats
    demand_l_per_s: Floats
    status: Floats
    """(links,): 1 open, 0 closed."""
    switched: tuple[int, ...]
    """Places in grid.links of what can be switched: pipes and pumps; valves keep what they are set to."""

    def opened(self, simulator: Simulator, pumps: Sequence[Thing], running: Floats) -> "Snapshot":
        """With the status of every link as the model has it at this moment; a pump runs if it ran half of the hour."""
        grid = self.grid
        places = {link.id: i for i, link in enumerate(grid.links)}
        on = [(p.id, "status") for p in pumps]
        inputs = [*((t.id, "level_m") for t in self.tanks), *on]
        values = np.concatenate([self.level_m, (running > OPEN).astype(np.float64)])
        outputs = [(link.id, "status") for link in grid.links]
        seen = simulator.states(self.changes, inputs=inputs, values=values[None, :], outputs=outputs)[0]
        status = (seen > OPEN).astype(np.float64)
        for pump, runs in zip(pumps, running, strict=True):
            status[places[pump.id]] = float(runs > OPEN)
        switched = tuple(i for i, link in enumerate(grid.links) if link.kind in ("pipe", "pump"))
        return replace(self, status=status, switched=switched)

    @property
    def cut_off(self) -> npt.NDArray[np.bool_]:
        """Junctions without any way to a source, (junctions,)."""
        return self.grid.cut_off(self.status > OPEN)

    def pressures(
        self, simulator: Simulator, *, demand_l_per_s: Floats | None = None, status: Floats | None = None,
        read: Sequence[int] | None = None,
    ) -> Floats:  # fmt: skip
        """Pressure above the ground of the junctions `read` (all by default), m, one row per state.

        `demand_l_per_s` (rows, junctions), `status` (rows, links); one of them may be left out. NaN where there is no
        solution, or no water: cut off, or a head that no network has.
        """
        count = len(demand_l_per_s) if demand_l_per_s is not None else len(status) if status is not None else 1
        places = list(range(len(self.grid.junctions))) if read is None else list(read)
        demand = np.broadcast_to(self.demand_l_per_s, (count, len(self.demand_l_per_s)))
        links = np.broadcast_to(self.status, (count, len(self.status)))
        demand, links = (
            given if given is not None else usual for given, usual in ((demand_l_per_s, demand), (status, links))
        )
        rows = [slice(i, i + ROWS) for i in range(0, count, ROWS)]
        heads = np.concatenate([self._heads(simulator, demand[r], links[r], places) for r in rows])
        pressure = heads - self.grid.elevation_m[places]
        return np.where(np.abs(pressure) > NO_WATER_M, np.nan, pressure)

    def _heads(self, simulator: Simulator, demand: Floats, links: Floats, places: Sequence[int]) -> Floats:
        """Heads of some states, m; only what differs from the moment in any of them is set state by state."""
        grid, base = self.grid, self.grid.base_l_per_s
        factor = float(self.demand_l_per_s.sum()) / max(float(base.sum()), 1e-9)
        varied = [int(i) for i in np.flatnonzero((demand != self.demand_l_per_s).any(axis=0))]
        moved = (links != self.status).any(axis=0)
        switched = [i for i in self.switched if moved[i] or grid.links[i].kind == "pump"]
        inputs: list[Output] = [(t.id, "level_m") for t in self.tanks]
        inputs += [(grid.junctions[i].id, "demand_l_per_s") for i in varied]
        inputs += [(grid.links[i].id, "status") for i in switched]
        levels = np.repeat(self.level_m[None, :], len(demand), axis=0)
        values = np.concatenate([levels, demand[:, varied] / max(factor, 1e-9), links[:, switched]], axis=1)
        scale = Change(thing=grid.network.id, property="demand_factor", value=factor)
        outputs: list[Output] = [(grid.junctions[i].id, "head_m") for i in places]
        return _solve(simulator, [*self.changes, scale], inputs, values, outputs)


def _solve(
    simulator: Simulator, changes: Sequence[Change], inputs: Sequence[Output], values: Floats, outputs: Sequence[Output]
) -> Floats:
    """Every row; one that the engine finds no solution for is NaN and spoils no other."""
    try:
        return simulator.states(changes, inputs=inputs, values=values, outputs=outputs)
    except EngineError:
        if len(values) == 1:
            return np.full((1, len(outputs)), np.nan)
    half = len(values) // 2
    parts = [_solve(simulator, changes, inputs, v, outputs) for v in (values[:half], values[half:])]
    return np.concatenate(parts)
