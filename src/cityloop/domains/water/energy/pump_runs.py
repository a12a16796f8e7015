"""Running the pumps in the model on the observed demand: what a run costs, where it leaves the tanks, why it is refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cityloop.contracts import Floats, Output, Prior, Result, Simulator, View
from cityloop.domains.water.balance import boundaries, find_meters, hourly_balance, network_of
from cityloop.domains.water.energy.pump_energy import Operation, Tank, read_operation
from cityloop.domains.water.localtime import local_hours
from cityloop.domains.water.pressure.logs import has_customers, inside
from cityloop.domains.water.resilience.study import changes_of
from cityloop.records import Change, Problem, Thing

__all__ = ["TRIAL_DAYS", "Case", "Run", "open_case", "read_run", "refusal", "starts_per_day"]

#: Days of the first, shorter run; a tank may lie so far (m) below its limit, and end so much of its room lower.
TRIAL_DAYS, SLACK_M, END_SHARE = 7, 0.1, 0.1
STEP_S, FINE_S = 3600, 900
#: A level that a noisy meter saw beyond a tank's edge is taken so far (m) inside it.
EDGE_M = 0.02


@dataclass(frozen=True)
class Case:
    """One problem with what its options share: the hours read, the demand that drives the model, where it begins."""

    view: View
    simulator: Simulator
    boundary: Thing
    problem: Problem
    operation: Operation
    demand: Output
    demand_l_per_s: Floats
    standing: tuple[Change, ...]
    """What finished works have set: the model file describes the city before them."""
    places: tuple[Thing, ...]
    """Junctions where service pressure is owed; none where no norm says how much."""
    limit_m: float

    @property
    def outputs(self) -> list[Output]:
        """What every run reads."""
        pumps = [(p.id, what) for p in self.operation.station.pumps for what in ("power_kw", "flow_l_per_s", "status")]
        levels = [(tank.thing.id, "level_m") for tank in self.operation.tanks]
        return [*pumps, *levels, *((p.id, "pressure_m") for p in self.places)]

    def run_all(
        self, variants: Sequence[Sequence[Change]], first: int, hours: int, step_s: int = STEP_S
    ) -> list[Result]:
        """Runs over `hours` from the hour `first` of the operation on, tanks as they were seen."""
        begin = self.operation.span[0] + first * (self.operation.span[1] - self.operation.span[0]) / len(
            self.demand_l_per_s
        )
        levels = [
            Change(thing=tank.thing.id, property="level_m", value=_first(tank, first)) for tank in self.operation.tanks
        ]
        demand = np.repeat(self.demand_l_per_s[first : first + hours], STEP_S // step_s)
        return self.simulator.run_all(
            [[*self.standing, *levels, *changes] for changes in variants], start=begin, steps=len(demand), step_s=step_s,
            outputs=self.outputs, drivers={self.demand: demand},
        )  # fmt: skip


@dataclass(frozen=True)
class Run:
    """A run of the pumps: hourly cost and water, (t,); levels (t, tanks); lowest pressures (places,); limits broken."""

    kwh: Floats
    cost: Floats
    water_m3: Floats
    level_m: Floats
    lowest_m: Floats
    broken: Mapping[tuple[str, str], float]

    @property
    def cost_per_m3(self) -> float:
        """Of the whole run."""
        return float(self.cost.sum() / max(self.water_m3.sum(), 1e-9))

    @property
    def kwh_per_m3(self) -> float:
        """Of the whole run."""
        return float(self.kwh.sum() / max(self.water_m3.sum(), 1e-9))


def open_case(view: View, simulator: Simulator, problem: Problem, priors: Mapping[str, Prior]) -> Case | None:
    """The case; None where the demand of the whole network is not metered."""
    boundary = view.get(Thing, problem.boundary)
    operation, network = read_operation(view, boundary, priors), network_of(view, boundary)
    if operation is None or not network:
        return None
    same = [b for b in boundaries(view) if network_of(view, b) == network]
    ids = {b.id for b in same}
    meters = [
        find_meters(view, b) for b in same if not any(r.kind == "part_of" and r.thing in ids for r in b.relations)
    ]
    if any(m.missing for m in meters):
        return None
    start, end = operation.span
    demand = np.sum([hourly_balance(view, m, start=start, end=end)[1] for m in meters], axis=0)
    _, hours = local_hours(operation.times, view.timezone)
    usual = np.array(
        [np.nanmedian(demand[hours == h]) if np.isfinite(demand[hours == h]).any() else 0.0 for h in range(24)]
    )
    demand = np.maximum(np.where(np.isfinite(demand), demand, usual[hours]), 0.0)
    rule = view.norm("service_pressure")
    owed = rule.limit if rule is not None and rule.unit == "m" else None
    places = [j for b in same for j in inside(view, b, "junction") if has_customers(j)] if owed is not None else []
    return Case(
        view, simulator, boundary, problem, operation, (network, "demand_l_per_s"), demand,
        changes_of(view, ("done",)), tuple({p.id: p for p in places}.values()), owed or 0.0,
    )  # fmt: skip


def _first(tank: Tank, hour: int) -> float:
    """The first level seen from an hour on, m, within what the model's tank can hold."""
    level = tank.level_m[hour:]
    good = level[np.isfinite(level)] if np.isfinite(level).any() else tank.level_m[np.isfinite(tank.level_m)]
    bottom, top = (float(tank.thing.properties[key]) for key in ("min_level_m", "max_level_m"))
    return float(np.clip(good[0], bottom + EDGE_M, top - EDGE_M))


def read_run(case: Case, result: Result, first: int) -> Run:
    """Hourly cost, water and levels of a run that begins at the hour `first`."""
    pumps, series = case.operation.station.pumps, result.series
    kwh = np.sum([series[(p.id, "power_kw")] for p in pumps], axis=0)
    flow = np.sum([series[(p.id, "flow_l_per_s")] for p in pumps], axis=0) * 3.6
    price = case.operation.price[first : first + len(kwh)]
    level = np.stack([series[(tank.thing.id, "level_m")] for tank in case.operation.tanks], axis=1)
    lowest = np.array([series[(p.id, "pressure_m")].min() for p in case.places])
    broken = {(v.limit_id, v.thing): abs(v.value - v.limit) for v in result.violations}
    return Run(kwh, kwh * price, flow, level, lowest, broken)


def refusal(case: Case, before: Run, with_: Run) -> str:
    """Why a schedule is not offered; "" if nothing speaks against it."""
    worse = [key for key, by in with_.broken.items() if by > before.broken.get(key, 0.0) + 0.01]
    if worse:
        return f"breaks {worse[0][0]} at {len(worse)} place(s)"
    if len(taken := np.flatnonzero((with_.lowest_m < case.limit_m) & (before.lowest_m >= case.limit_m))):
        return f"takes the service pressure from {len(taken)} place(s)"
    for i, tank in enumerate(case.operation.tanks):
        lowest = min(tank.low_m, float(before.level_m[:, i].min()))
        if float(with_.level_m[:, i].min()) < lowest - SLACK_M:
            return f"empties {tank.thing.name}"
    areas = np.array([tank.area_m2 for tank in case.operation.tanks])
    left = float((with_.level_m[-24:].mean(axis=0) - before.level_m[-24:].mean(axis=0)) @ areas)
    return "leaves less water in the tanks" if left < -END_SHARE * case.operation.room_m3 else ""


def starts_per_day(case: Case, changes: Sequence[Change]) -> float:
    """Starts a day of the pump that starts most, in the last days at a fine step."""
    whole = len(case.demand_l_per_s)
    hours = min(TRIAL_DAYS * 24, whole)
    (result,) = case.run_all([changes], whole - hours, hours, FINE_S)
    most = 0.0
    for pump in case.operation.pumps:
        on = result.series[(pump.id, "status")] > 0
        most = max(most, float((on[1:] & ~on[:-1]).sum()) / (hours / 24))
    return most
