"""Demand of every junction over the rows of one question: the file's categories and patterns, changes and drivers.

In a run, demands go into EPANET's patterns before it starts, so that thousands of steps cost no call each; the total is
scaled by the demand multiplier. In steady states every pattern stands at its mean: the usual hour.
"""

from dataclasses import dataclass, field
from math import gcd

import numpy as np

from cityloop.contracts import Floats
from cityloop.engines.epanet.course import Course
from cityloop.engines.epanet.network import NETWORK, Network, Target
from cityloop.engines.epanet.toolkit import Option, Project, Time
from cityloop.errors import EngineError

__all__ = ["RowDemands", "RunDemands"]

LEAST_TOTAL = 1e-9
"""A total demand below this (L/s) cannot be scaled to another one."""


def _own_series(course: Course) -> dict[int, tuple[Floats | None, Floats | None]]:
    """Junction -> (demand, factor) over the rows, of every junction whose demand is set."""
    found: dict[int, tuple[Floats | None, Floats | None]] = {}
    for target, values in course.items():
        if target.kind == "junction" and target.property in ("demand_l_per_s", "demand_factor"):
            demand, factor = found.get(target.index, (None, None))
            found[target.index] = (values, factor) if target.property == "demand_l_per_s" else (demand, values)
    return found


def _scales(network: Network, course: Course, natural: Floats) -> Floats:
    """Factor on all demands at each row, from the network's total and factor."""
    scale = np.ones(len(natural))
    total = course.get(Target(NETWORK, NETWORK, 0, "demand_l_per_s"))
    if total is not None:
        given = np.isfinite(total)
        if (natural[given] <= LEAST_TOTAL).any():
            raise EngineError(
                "The model has no demand that could be scaled.", where=network.name, got=f"{natural.min():g} L/s",
                cure="Give the junctions base demands, or set demand_l_per_s junction by junction.",
            )  # fmt: skip
        scale[given] = total[given] / natural[given]
    factor = course.get(Target(NETWORK, NETWORK, 0, "demand_factor"))
    return scale if factor is None else scale * np.where(np.isfinite(factor), factor, 1.0)


@dataclass
class RunDemands:
    """Lays the demands of a run into the project's patterns; `total` (steps,) is the consumption without leaks, L/s."""

    project: Project
    network: Network
    course: Course
    steps: int
    step_s: int
    clock_s: int
    """Seconds since Monday 00:00 at the start, in the city's clock."""
    total: Floats = field(init=False)
    scale: Floats = field(init=False)

    def __post_init__(self) -> None:
        network, own = self.network, _own_series(self.course)
        native = gcd(self.step_s, network.pattern_step_s)
        driven = {n for n, (demand, _) in own.items() if demand is not None and np.isfinite(demand).all()}
        with_demand = set(network.category_node[network.category_base != 0].tolist())
        coarse = with_demand <= driven and self.step_s >= network.pattern_step_s
        self.fine_s = self.step_s if coarse else native
        patterns = self._sample(native)
        kept = ~np.isin(network.category_node, list(own))
        bases = np.bincount(
            network.category_pattern[kept],
            weights=network.category_base[kept] * network.demand_multiplier,
            minlength=len(patterns),
        )
        natural = bases @ patterns
        series = {node: self._series(node, *own[node], patterns) for node in own}
        for values in series.values():
            natural = natural + values
        per_step = natural.reshape(self.steps, -1).mean(axis=1)
        self.scale = _scales(network, self.course, per_step)
        self.total = per_step * self.scale
        self._set_times()
        for index in range(1, len(patterns)):
            self.project.set_pattern(index, patterns[index])
        self._lay(series)

    def _sample(self, native: int) -> Floats:
        """Every pattern over the run, (patterns, fine steps), turned so that the run starts at its own hour."""
        network = self.network
        begin = network.pattern_start_s + self.clock_s - network.start_clock_s
        begin = native * round(begin / native)
        times = begin + np.arange(self.steps * self.step_s // native) * native
        rows = [p[(times // network.pattern_step_s) % len(p)] for p in network.patterns]
        return np.asarray(np.stack(rows).reshape(len(rows), -1, self.fine_s // native).mean(axis=2))

    def _series(self, node: int, demand: Floats | None, factor: Floats | None, patterns: Floats) -> Floats:
        """Demand of one junction over the fine steps, L/s."""
        network, fold = self.network, self.step_s // self.fine_s
        mine = np.flatnonzero(network.category_node == node)
        values = network.category_base[mine] @ patterns[network.category_pattern[mine]] * network.demand_multiplier
        if demand is not None:
            given = np.repeat(demand, fold)
            values = np.where(np.isfinite(given), given, values)
        if factor is not None:
            values = values * np.repeat(np.where(np.isfinite(factor), factor, 1.0), fold)
        return values

    def _set_times(self) -> None:
        project, length = self.project, self.steps * self.step_s
        project.set_time(Time.DURATION, length)
        project.set_time(Time.REPORT_START, 0)
        project.set_time(Time.REPORT_STEP, self.step_s)
        project.set_time(Time.PATTERN_START, 0)
        project.set_time(Time.PATTERN_STEP, self.fine_s)
        project.set_time(Time.HYDRAULIC_STEP, gcd(self.step_s, self.network.hydraulic_step_s))
        project.set_time(Time.START_CLOCK, self.clock_s % 86_400)

    def _lay(self, series: dict[int, Floats]) -> None:
        """A pattern of its own for every junction whose demand is set, on a base demand of 1 L/s."""
        unit = 1.0 / self.network.demand_multiplier if self.network.demand_multiplier else 0.0
        for number, (node, values) in enumerate(series.items()):
            numbers = self.network.category_number[self.network.category_node == node]
            for other in numbers[1:]:
                self.project.set_demand(node, int(other), 0.0)
            pattern = self.project.add_pattern(f"~own~{number}")
            self.project.set_pattern(pattern, values)
            self.project.set_demand(node, 1, unit, pattern)

    def set_row(self, row: int) -> None:
        """Scale all demands as this step needs."""
        if row == 0 or self.scale[row] != self.scale[row - 1]:
            multiplier = self.network.demand_multiplier * self.scale[row]
            self.project.set_option(Option.DEMAND_MULTIPLIER, multiplier)


@dataclass
class RowDemands:
    """Sets the demands of steady states row by row; `total` (rows,) L/s."""

    project: Project
    network: Network
    course: Course
    rows: int
    total: Floats = field(init=False)

    def __post_init__(self) -> None:
        network = self.network
        means = np.array([pattern.mean() for pattern in network.patterns])
        for index in range(1, len(means)):
            self.project.set_pattern(index, [float(means[index])])
        usual = network.category_base * means[network.category_pattern] * network.demand_multiplier
        by_node = np.bincount(network.category_node, weights=usual, minlength=len(network.node_kinds) + 1)
        self.own: dict[int, Floats] = {}
        for node, (demand, factor) in _own_series(self.course).items():
            values = np.full(self.rows, by_node[node])
            if demand is not None:
                values = np.where(np.isfinite(demand), demand, values)
            self.own[node] = values if factor is None else values * factor
            for number in network.category_number[network.category_node == node]:
                self.project.set_demand(node, int(number), 0.0, 0)
        rest = by_node.sum() - sum(by_node[node] for node in self.own)
        natural = rest + sum(self.own.values(), np.zeros(self.rows))
        self.scale = _scales(network, self.course, natural)
        self.total = natural * self.scale

    def set_row(self, row: int) -> None:
        """Set the demands of one row."""
        base = 1.0 / self.network.demand_multiplier if self.network.demand_multiplier else 0.0
        for node, values in self.own.items():
            if row == 0 or values[row] != values[row - 1]:
                self.project.set_demand(node, 1, float(values[row]) * base)
        if row == 0 or self.scale[row] != self.scale[row - 1]:
            multiplier = self.network.demand_multiplier * self.scale[row]
            self.project.set_option(Option.DEMAND_MULTIPLIER, multiplier)
