"""The portfolio as a mixed-integer linear program over several years: each option starts in one year or never.

max sum over options i and years t of value[i, t] x[i, t], with x binary; at most one start each; in every year the
spending of all starts so far within the budget; at most one option of a group; a required option no later; shared
limits; cuts. Money that a year does not spend is not carried over. Solved by HiGHS (Huangfu and Hall 2018) on one
thread with a fixed seed, stopped by gap or nodes, so that the same question has the same answer; a time stop is named.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from cityloop.economics import LinearForm

__all__ = ["Capacity", "Choice", "Cut", "Option", "choose", "fits", "take_unpriced"]

#: Stop when the best portfolio is proven to be within this share of the bound, or after so many nodes.
GAP, NODES, SECONDS, SEED = 0.001, 50_000, 60.0, 1
EPS = 1e-9


@dataclass(frozen=True)
class Option:
    """One candidate; `requires` = for each need the ids of options that meet it (none = cannot be met)."""

    id: str
    form: LinearForm
    requires: tuple[tuple[str, ...], ...] = ()
    one_of: str = ""
    uses: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Capacity:
    """What is left of a shared limit by year; `renews` = each year's starts have that year's amount to themselves."""

    amounts: tuple[float, ...]
    renews: bool


@dataclass(frozen=True)
class Cut:
    """Of `members` at most `at_most` may be chosen, whenever they start."""

    members: tuple[str, ...]
    at_most: int


@dataclass(frozen=True)
class Choice:
    """Chosen options by year of start (0 = first plan year), the value, its bound and why the search ended."""

    starts: Mapping[str, int]
    objective: float
    bound: float
    gap: float
    stopped_by: str


def choose(
    options: Sequence[Option], *, budget: Sequence[float], capacities: Mapping[str, Capacity] | None = None,
    cuts: Sequence[Cut] = (), gap: float = GAP, nodes: int = NODES, seconds: float = SECONDS,
) -> Choice:  # fmt: skip
    """The portfolio of highest value. `budget` (years,) in money of the forms; `stopped_by` is optimal (within `gap`),
    nodes or time; without any portfolio found in time, no start and an infinite bound.
    """
    if not options:
        return Choice({}, 0.0, 0.0, 0.0, "optimal")
    rows = _Rows(options, len(budget))
    rows.fill(budget, capacities or {}, cuts)
    return _solve(rows, gap=gap, nodes=nodes, seconds=seconds)


class _Rows:
    """The constraint matrix: one column per (option, year), rows as sparse `coefficients <= upper`."""

    def __init__(self, options: Sequence[Option], years: int) -> None:
        self.options, self.years = tuple(sorted(options, key=lambda o: o.id)), years
        self.index = {o.id: i for i, o in enumerate(self.options)}
        self.rows: list[tuple[dict[int, float], float]] = []

    def column(self, option: int, year: int) -> int:
        return option * self.years + year

    def at_most(self, coefficients: dict[int, float], upper: float) -> None:
        self.rows.append(({c: v for c, v in coefficients.items() if v}, upper))

    def all_years(self, members: Sequence[int], until: int | None = None) -> dict[int, float]:
        last = self.years if until is None else until + 1
        return {self.column(i, t): 1.0 for i in members for t in range(last)}

    def fill(self, budget: Sequence[float], capacities: Mapping[str, Capacity], cuts: Sequence[Cut]) -> None:
        everyone = range(len(self.options))
        for i in everyone:
            self.at_most(self.all_years([i]), 1.0)
        for y, amount in enumerate(budget):
            spend = {
                self.column(i, t): self.options[i].form.spend[y - t] for i in everyone for t in range(y + 1)
            }  # fmt: skip
            self.at_most(spend, max(amount, 0.0))
        groups: dict[str, list[int]] = {}
        for i in everyone:
            if self.options[i].one_of:
                groups.setdefault(self.options[i].one_of, []).append(i)
        for members in groups.values():
            self.at_most(self.all_years(members), 1.0)
        for i in everyone:
            for providers in self.options[i].requires:
                known = [self.index[p] for p in providers if p in self.index and self.index[p] != i]
                for y in range(self.years):
                    need = self.all_years([i], y)
                    self.at_most({**need, **dict.fromkeys(self.all_years(known, y), -1.0)}, 0.0)
        for name, capacity in capacities.items():
            users = [i for i in everyone if self.options[i].uses.get(name)]
            for y, amount in enumerate(capacity.amounts):
                years = [y] if capacity.renews else range(y + 1)
                used = {self.column(i, t): self.options[i].uses[name] for i in users for t in years}
                if used:
                    self.at_most(used, max(amount, 0.0))
        for cut in cuts:
            members = [self.index[m] for m in cut.members if m in self.index]
            if members:
                self.at_most(self.all_years(members), float(cut.at_most))


def _solve(rows: _Rows, *, gap: float, nodes: int, seconds: float) -> Choice:
    """Hand the rows to HiGHS and read the best portfolio with its bound."""
    import highspy

    columns = len(rows.options) * rows.years
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = columns, len(rows.rows)
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_ = np.array([o.form.value[t].value for o in rows.options for t in range(rows.years)])
    lp.col_lower_, lp.col_upper_ = np.zeros(columns), np.ones(columns)
    lp.integrality_ = [highspy.HighsVarType.kInteger] * columns
    lp.row_lower_ = np.full(len(rows.rows), -np.inf)
    lp.row_upper_ = np.array([upper for _, upper in rows.rows])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.concatenate([[0], np.cumsum([len(c) for c, _ in rows.rows])]).astype(np.int32)
    lp.a_matrix_.index_ = np.array([c for row, _ in rows.rows for c in row], dtype=np.int32)
    lp.a_matrix_.value_ = np.array([v for row, _ in rows.rows for v in row.values()], dtype=np.float64)
    solver: Any = cast(Any, highspy)._core._Highs()  # highspy.Highs() prints a banner before it can be silenced
    for name, value in (
        ("output_flag", False), ("threads", 1), ("random_seed", SEED), ("mip_rel_gap", gap), ("mip_abs_gap", 1e-6),
        ("mip_max_nodes", nodes), ("time_limit", seconds),
    ):  # fmt: skip
        solver.setOptionValue(name, value)
    solver.passModel(lp)
    solver.run()
    return _read(solver, rows)


def _read(solver: Any, rows: _Rows) -> Choice:
    """The incumbent, if there is one: a time stop is never taken for an optimum."""
    import highspy

    status, info = solver.getModelStatus(), solver.getInfo()
    stopped = {
        highspy.HighsModelStatus.kOptimal: "optimal",
        highspy.HighsModelStatus.kSolutionLimit: "nodes",
        highspy.HighsModelStatus.kTimeLimit: "time",
    }.get(status, str(status).rsplit(".", 1)[-1])
    if not math.isfinite(info.objective_function_value) or not solver.getSolution().value_valid:
        return Choice({}, 0.0, math.inf, math.inf, stopped)
    x = np.asarray(solver.getSolution().col_value)
    starts = {rows.options[c // rows.years].id: int(c % rows.years) for c in np.flatnonzero(x > 0.5)}
    value = {o.id: o.form.value for o in rows.options}
    objective = math.fsum(value[i][t].value for i, t in starts.items())
    bound = max(float(info.mip_dual_bound), objective) if math.isfinite(info.mip_dual_bound) else math.inf
    return Choice(starts, objective, bound, (bound - objective) / max(abs(objective), 1.0), stopped)


# --- benefits without a price ------------------------------------------------------------------------------------
def fits(spend: Sequence[float], start: int, left: Sequence[float]) -> bool:
    """Whether a stream of spending from `start` on stays within what each year has left."""
    return all(spend[y - start] <= left[y] + EPS for y in range(start, len(left)))


def take_unpriced(
    options: Sequence[Option], *, budget: Sequence[float], share: float, capacities: Mapping[str, Capacity],
    cuts: Sequence[Cut] = (),
) -> dict[str, int]:  # fmt: skip
    """Starts of the options whose benefit has no price: the cheapest first, each as early as `share` of every year's
    budget and the shared limits allow; what needs another option is left to the portfolio.
    """
    left = [max(b, 0.0) * share for b in budget]
    room = {k: list(c.amounts) for k, c in capacities.items()}
    starts: dict[str, int] = {}
    groups: set[str] = set()
    for option in sorted(options, key=lambda o: (math.fsum(o.form.spend), o.id)):
        if option.form.priced or option.requires or option.one_of in groups:
            continue
        if any(option.id in c.members and sum(m in starts for m in c.members) >= c.at_most for c in cuts):
            continue
        for start in range(len(left)):
            if not fits(option.form.spend, start, left):
                continue
            taken = {k: _years(capacities[k], start, len(left)) for k in option.uses if k in capacities}
            if any(room[k][y] + EPS < option.uses[k] for k, years in taken.items() for y in years):
                continue
            for y in range(start, len(left)):
                left[y] -= option.form.spend[y - start]
            for k, years in taken.items():
                for y in years:
                    room[k][y] -= option.uses[k]
            starts[option.id] = start
            groups |= {option.one_of} - {""}
            break
    return starts


def _years(capacity: Capacity, start: int, years: int) -> range:
    """Plan years in which a start takes from a limit."""
    return range(start, start + 1) if capacity.renews else range(start, years)
