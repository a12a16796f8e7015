"""N-1: each pipe and each pump out in turn, at the hour of highest demand: who is cut off, who falls below the limit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats, Output, Simulator
from cityloop.domains.water.resilience.snapshot import NO_WATER_M, Day, Snapshot
from cityloop.errors import EngineError
from cityloop.records import Change, Thing

__all__ = ["Outage", "PumpOutage", "link_outages", "pump_outages"]

#: Hours run with a pump out, and the room above the lowest level at which a tank counts as empty (m).
OUT_HOURS, EMPTY_M = 24, 0.05


@dataclass(frozen=True)
class Outage:
    """What one link out does. Demands in L/s of the moment; pressures in m."""

    link: Thing
    cut_off: tuple[Thing, ...]
    cut_off_l_per_s: float
    below: tuple[Thing, ...]
    """Fed, but newly below the limit, the lowest first."""
    below_l_per_s: float
    lowest_m: float
    """Lowest pressure among those still fed; NaN where the model has no solution."""

    @property
    def affected_l_per_s(self) -> float:
        """Demand without water or below the limit."""
        return self.cut_off_l_per_s + self.below_l_per_s


def link_outages(
    simulator: Simulator, moment: Snapshot, links: Sequence[int], places: Sequence[int], *, limit_m: float
) -> list[Outage]:
    """Each of `links` (in grid.links) out in turn, the worst first. `places` = junctions whose pressure counts.

    The demand of what is cut off is not drawn. Places below the limit before, or cut off before, are not counted again.
    """
    grid = moment.grid
    before = moment.pressures(simulator, read=places)[0]
    already = moment.cut_off
    counted = np.asarray(places, np.int64)
    status = np.repeat(moment.status[None, :], len(links), axis=0)
    status[np.arange(len(links)), np.asarray(links, np.int64)] = 0.0
    lost = [grid.cut_off(row > 0.5) for row in status]
    demand = np.array([np.where(gone, 0.0, moment.demand_l_per_s) for gone in lost]).reshape(len(links), -1)
    pressure = moment.pressures(simulator, demand_l_per_s=demand, status=status, read=places)
    found = []
    for row, link in enumerate(links):
        gone = lost[row] & ~already
        fed = ~lost[row][counted]
        low = fed & (before >= limit_m) & ~(pressure[row] >= limit_m)
        order = [int(i) for i in np.flatnonzero(low)[np.argsort(pressure[row][low])]]
        mine = np.flatnonzero(gone)
        values = pressure[row][fed]
        found.append(
            Outage(
                grid.links[link], tuple(grid.junctions[i] for i in mine), float(moment.demand_l_per_s[mine].sum()),
                tuple(grid.junctions[counted[i]] for i in order), float(moment.demand_l_per_s[counted[low]].sum()),
                float(np.nanmin(values)) if np.isfinite(values).any() else float("nan"),
            )
        )  # fmt: skip
    return sorted(found, key=lambda o: (-o.affected_l_per_s, o.link.name))


@dataclass(frozen=True)
class PumpOutage:
    """A day with one pump out: hours until the first place falls below the limit and until a tank is empty (24 = never).

    `lowest_m` is NaN where some place gets no water.
    """

    pump: Thing
    hours_above_limit: float
    hours_until_empty: float
    lowest_m: float


def pump_outages(simulator: Simulator, day: Day, places: Sequence[int], *, limit_m: float) -> list[PumpOutage]:
    """Each pump out for a day that begins at its hour of lowest storage, tanks as they stand then."""
    if not day.pumps:
        return []
    grid, hour = day.grid, day.lowest_storage_hour
    levels = [
        Change(thing=t.id, property="level_m", value=float(v))
        for t, v in zip(day.tanks, day.level_m[hour], strict=True)
    ]
    common = [*levels, Change(thing=grid.network.id, property="demand_factor", value=day.factor)]
    outputs: list[Output] = [(grid.junctions[i].id, "head_m") for i in places]
    outputs += [(t.id, "level_m") for t in day.tanks]
    begin = day.begin + timedelta(hours=hour)

    def run(changes: Sequence[Change], hours: int) -> Floats | None:
        """Heads and levels, (hours, outputs); None where the model has no plausible answer so long."""
        try:
            result = simulator.run(changes, start=begin, steps=hours, step_s=3600, outputs=outputs)
        except EngineError:
            return None
        return np.stack([result.series[o] for o in outputs], axis=1)

    usual = run([*day.changes, *common], OUT_HOURS)
    if usual is None:
        return []
    ground, count = grid.elevation_m[list(places)], len(places)
    bottoms = np.array([float(t.properties.get("min_level_m", 0.0)) for t in day.tanks]) + EMPTY_M
    able = (usual[:, :count] - ground >= limit_m).all(axis=0)
    found = []
    for pump in day.pumps:
        without = [*(c for c in day.changes if c.thing != pump.id), *common]
        values = _longest(run, [*without, Change(thing=pump.id, property="status", value=0.0)])
        if values is None:
            found.append(PumpOutage(pump, 0.0, float(OUT_HOURS), float("nan")))
            continue
        pressure = (values[:, :count] - ground)[:, able]
        pressure = np.where(np.abs(pressure) > NO_WATER_M, np.nan, pressure)
        empty = ((values[:, count:] <= bottoms) & (usual[: len(values), count:] > bottoms)).any(axis=1)
        whole = len(values) == OUT_HOURS and pressure.size > 0
        lowest = float(pressure.min()) if whole else float("nan")
        below = min(_first((~(pressure >= limit_m)).any(axis=1)), float(len(values)))
        found.append(PumpOutage(pump, below, _first(empty), lowest))
    return sorted(found, key=lambda o: (o.hours_above_limit, o.pump.name))


def _longest(run: Callable[[Sequence[Change], int], Floats | None], changes: Sequence[Change]) -> Floats | None:
    """The longest run up to OUT_HOURS that the model has an answer for, by halving; None where it has none at all."""
    whole = run(changes, OUT_HOURS)
    if whole is not None:
        return whole
    low, high = 0, OUT_HOURS
    best: Floats | None = None
    while high - low > 1:
        middle = (low + high) // 2
        tried = run(changes, middle)
        low, high, best = (middle, high, tried) if tried is not None else (low, middle, best)
    return best


def _first(hit: npt.ArrayLike) -> float:
    """Hour of the first hit; OUT_HOURS without one."""
    hours = np.flatnonzero(hit)
    return float(hours[0]) if len(hours) else float(OUT_HOURS)
