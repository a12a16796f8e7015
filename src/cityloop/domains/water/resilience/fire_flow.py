"""Fire flow: what pressure is left where a fire draws its flow on a day of highest demand, at the fire and anywhere else."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats, NormRule, Simulator
from cityloop.domains.water.resilience.snapshot import Snapshot
from cityloop.records import Thing

__all__ = ["FireFlow", "FireRule", "available_flow", "fire_flow"]

#: Rounds of halving, and the highest flow tried, as a multiple of the stated one.
ROUNDS, MOST = 10, 4.0


@dataclass(frozen=True)
class FireRule:
    """The flow of one fire (L/s), for how long (h), and the pressure that must be left (m); the rules that say so."""

    flow_l_per_s: float
    hours: float
    pressure_m: float
    rules: tuple[NormRule, ...] = ()


@dataclass(frozen=True)
class FireFlow:
    """One fire after the other at `places` (junctions); m, NaN without a solution or without water."""

    places: tuple[Thing, ...]
    without_m: Floats
    """Pressure at each place before the fire."""
    residual_m: Floats
    """At the fire."""
    elsewhere_m: Floats
    """The lowest of all other places that had the pressure before."""
    elsewhere: tuple[Thing | None, ...]
    rule: FireRule

    @property
    def met(self) -> npt.NDArray[np.bool_]:
        """Whether the pressure is left at the fire and everywhere else, (places,)."""
        limit = self.rule.pressure_m
        return np.asarray((self.residual_m >= limit) & ~(self.elsewhere_m < limit))

    @property
    def worst(self) -> npt.NDArray[np.int64]:
        """Places in the order of the pressure left at the fire, without a solution first."""
        return np.argsort(np.where(np.isfinite(self.residual_m), self.residual_m, -np.inf), kind="stable")


def fire_flow(simulator: Simulator, moment: Snapshot, places: Sequence[int], rule: FireRule) -> FireFlow:
    """A fire at each of `places` (in grid.junctions) in turn, in addition to the demand of the moment."""
    grid, index = moment.grid, np.asarray(places, np.int64)
    before = moment.pressures(simulator, read=places)[0]
    demand = np.repeat(moment.demand_l_per_s[None, :], len(index), axis=0)
    demand[np.arange(len(index)), index] += rule.flow_l_per_s
    pressure = moment.pressures(simulator, demand_l_per_s=demand, read=places)
    residual = np.diagonal(pressure).copy()
    others = np.where(before >= rule.pressure_m, pressure, np.inf)
    np.fill_diagonal(others, np.inf)
    others = np.where(np.isfinite(pressure) | np.isinf(others), others, -np.inf)
    column = np.argmin(others, axis=1) if len(index) else np.zeros(0, np.int64)
    lowest = others[np.arange(len(index)), column]
    names = tuple(grid.junctions[index[c]] if np.isfinite(v) else None for c, v in zip(column, lowest, strict=True))
    lowest = np.where(np.isposinf(lowest), np.nan, lowest)
    return FireFlow(tuple(grid.junctions[i] for i in index), before, residual, lowest, names, rule)


def available_flow(
    simulator: Simulator, moment: Snapshot, fires: Sequence[int], places: Sequence[int], rule: FireRule
) -> Floats:
    """Flow that each of `fires` can draw until the pressure there or at any of `places` that had it reaches the limit, L/s.

    By halving between 0 and MOST times the stated flow; the upper end where even that leaves the pressure.
    """
    before = moment.pressures(simulator, read=places)[0]
    counted = np.asarray(places)[before >= rule.pressure_m]
    low, high = np.zeros(len(fires)), np.full(len(fires), MOST * rule.flow_l_per_s)
    rows, at = np.arange(len(fires)), np.asarray(fires, np.int64)
    read = sorted({*counted.tolist(), *at.tolist()})
    column = {place: i for i, place in enumerate(read)}
    for round_ in range(ROUNDS + 1):
        flow = high if round_ == 0 else (low + high) / 2
        demand = np.repeat(moment.demand_l_per_s[None, :], len(at), axis=0)
        demand[rows, at] += flow
        pressure = moment.pressures(simulator, demand_l_per_s=demand, read=read)
        kept = pressure[:, [column[int(p)] for p in counted]]
        good = (pressure[rows, [column[int(p)] for p in at]] >= rule.pressure_m) & (kept >= rule.pressure_m).all(axis=1)
        low = np.where(good, flow, low)
        high = np.where(good, high, flow)
    return low
