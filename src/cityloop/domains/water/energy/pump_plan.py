"""When pumps run at the least cost within the tanks: a linear program, with starts a mixed-integer one.

The water is not scheduled but shifted: what was drawn and what flowed through other meters stays as observed, and the stored
volume moves by what the pumps bring earlier or later than they did. So neither a demand nor a network needs to be known:

    min sum over t, p of price[t] power[p] run[t, p]
    shift[t + 1] = shift[t] + sum over p of flow[p] (run[t, p] - used[t, p]),   shift[0] = 0 <= shift[T]
    low <= stored[t] + shift[t] <= high

Solved by HiGHS (Huangfu and Hall 2018) on one thread with a fixed seed, stopped by gap or nodes.
"""

import math
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from cityloop.contracts import Floats

__all__ = ["PumpSchedule", "Task", "best_schedule"]

GAP, NODES, SECONDS, SEED = 0.001, 20_000, 20.0, 1
#: Cost of letting a pump run in an hour at all, as a share of the mean hourly cost: no hour is opened for nothing.
OPEN_SHARE = 1e-3
#: A pump that is let run in an hour runs for at least this share of it: an open hour is not there to wait in.
LEAST_RUN = 0.5


@dataclass(frozen=True)
class Task:
    """What is to be scheduled: hours t, pumps p."""

    price: Floats
    """(t,), currency per kWh."""
    power_kw: Floats
    """(p,) while a pump runs."""
    flow_m3_per_h: Floats
    """(p,) while a pump runs."""
    used: Floats
    """(t, p): share of each hour that a pump ran."""
    stored_m3: Floats
    """(t + 1,) at the beginning of each hour and the end of the last; NaN where not known."""
    low_m3: float
    high_m3: float

    def cost(self, run: Floats) -> float:
        """Of running so, in the currency of the price."""
        return float(self.price @ run @ self.power_kw)


@dataclass(frozen=True)
class PumpSchedule:
    """Share of each hour that a pump runs (t, p), its cost, the bound that no schedule beats, why the search ended.

    `gap` is the program's, whose objective counts the opening of an hour besides (OPEN_SHARE), and `bound` follows from it.
    `stopped_by` is optimal (within `gap`), nodes, time, or what the solver says; then `run` is what was before.
    """

    run: Floats
    cost: float
    bound: float
    gap: float
    stopped_by: str


def best_schedule(task: Task, *, starts: int | None = None) -> PumpSchedule:
    """The cheapest schedule that brings as much water. With `starts` the hours are a day that repeats itself and each
    pump starts at most so often in it; without, hours may be run in part as often as it pays: a bound from below.
    """
    hours, pumps = task.used.shape
    rows = _Rows(hours, pumps, with_starts=starts is not None)
    rows.fill(task, starts)
    return _solve(task, rows)


class _Rows:
    """Columns: run (t, p), shift (t), and with starts open (t, p) and start (t, p); rows as (coefficients, low, high)."""

    def __init__(self, hours: int, pumps: int, *, with_starts: bool) -> None:
        self.hours, self.pumps, self.with_starts = hours, pumps, with_starts
        self.size = hours * pumps
        self.columns = self.size + hours + (2 * self.size if with_starts else 0)
        self.rows: list[tuple[dict[int, float], float, float]] = []

    def run(self, t: int, p: int) -> int:
        return t * self.pumps + p

    def shift(self, t: int) -> int:
        """Column of the shift at the end of hour t."""
        return self.size + t

    def open(self, t: int, p: int) -> int:
        return self.size + self.hours + t * self.pumps + p

    def start(self, t: int, p: int) -> int:
        return 2 * self.size + self.hours + t * self.pumps + p

    def fill(self, task: Task, starts: int | None) -> None:
        brought = task.used @ task.flow_m3_per_h
        for t in range(self.hours):
            row = {self.run(t, p): -float(task.flow_m3_per_h[p]) for p in range(self.pumps)}
            row[self.shift(t)] = 1.0
            if t:
                row[self.shift(t - 1)] = -1.0
            self.rows.append((row, -float(brought[t]), -float(brought[t])))
        if starts is None:
            return
        for p in range(self.pumps):
            for t in range(self.hours):
                self.rows.append(({self.run(t, p): 1.0, self.open(t, p): -1.0}, -math.inf, 0.0))
                self.rows.append(({self.run(t, p): 1.0, self.open(t, p): -LEAST_RUN}, 0.0, math.inf))
                before = self.open((t - 1) % self.hours, p)
                self.rows.append(({self.open(t, p): 1.0, before: -1.0, self.start(t, p): -1.0}, -math.inf, 0.0))
            self.rows.append(({self.start(t, p): 1.0 for t in range(self.hours)}, -math.inf, float(starts)))

    def costs(self, task: Task) -> Floats:
        run = np.outer(task.price, task.power_kw).ravel()
        cost = np.zeros(self.columns)
        cost[: self.size] = run
        if self.with_starts:
            cost[self.size + self.hours : 2 * self.size + self.hours] = OPEN_SHARE * float(run.mean())
        return cost

    def bounds(self, task: Task) -> tuple[Floats, Floats]:
        """Of every column: a day that went beyond the limits stays possible as it was, and the end is not lower."""
        low, high = np.zeros(self.columns), np.ones(self.columns)
        stored = task.stored_m3[1:]
        known = np.isfinite(stored)
        low[self.size : self.size + self.hours] = np.where(known, np.minimum(task.low_m3 - stored, 0.0), -np.inf)
        high[self.size : self.size + self.hours] = np.where(known, np.maximum(task.high_m3 - stored, 0.0), np.inf)
        low[self.size + self.hours - 1] = 0.0
        return low, high


def _solve(task: Task, rows: _Rows) -> PumpSchedule:
    """Hand the rows to HiGHS and read the schedule with its bound."""
    import highspy

    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = rows.columns, len(rows.rows)
    lp.sense_ = highspy.ObjSense.kMinimize
    lp.col_cost_ = rows.costs(task)
    lp.col_lower_, lp.col_upper_ = rows.bounds(task)
    if rows.with_starts:
        kinds = [highspy.HighsVarType.kContinuous] * rows.columns
        first = rows.size + rows.hours
        kinds[first : first + rows.size] = [highspy.HighsVarType.kInteger] * rows.size
        lp.integrality_ = kinds
    lp.row_lower_ = np.array([low for _, low, _ in rows.rows])
    lp.row_upper_ = np.array([high for _, _, high in rows.rows])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.concatenate([[0], np.cumsum([len(c) for c, _, _ in rows.rows])]).astype(np.int32)
    lp.a_matrix_.index_ = np.array([c for row, _, _ in rows.rows for c in row], dtype=np.int32)
    lp.a_matrix_.value_ = np.array([v for row, _, _ in rows.rows for v in row.values()], dtype=np.float64)
    solver: Any = cast(Any, highspy)._core._Highs()  # highspy.Highs() prints a banner before it can be silenced
    for name, value in (
        ("output_flag", False), ("threads", 1), ("random_seed", SEED), ("mip_rel_gap", GAP), ("mip_max_nodes", NODES),
        ("time_limit", SECONDS),
    ):  # fmt: skip
        solver.setOptionValue(name, value)
    solver.passModel(lp)
    solver.run()
    return _read(solver, task, rows)


def _read(solver: Any, task: Task, rows: _Rows) -> PumpSchedule:
    import highspy

    status, info = solver.getModelStatus(), solver.getInfo()
    stopped = {
        highspy.HighsModelStatus.kOptimal: "optimal",
        highspy.HighsModelStatus.kSolutionLimit: "nodes",
        highspy.HighsModelStatus.kTimeLimit: "time",
    }.get(status, str(status).rsplit(".", 1)[-1])
    if not solver.getSolution().value_valid:
        return PumpSchedule(task.used, task.cost(task.used), -math.inf, math.inf, stopped)
    run = np.clip(np.asarray(solver.getSolution().col_value)[: rows.size], 0.0, 1.0).reshape(task.used.shape)
    cost = task.cost(run)
    if not rows.with_starts:
        return PumpSchedule(run, cost, cost if stopped == "optimal" else -math.inf, 0.0, stopped)
    least, found = float(info.mip_dual_bound), float(info.objective_function_value)
    gap = (found - least) / max(abs(found), 1e-9) if math.isfinite(least) else math.inf
    return PumpSchedule(run, cost, cost - gap * abs(cost) if math.isfinite(gap) else -math.inf, max(gap, 0.0), stopped)
