"""A city in memory for domain tests: a view over arrays, and a square of pipes whose hydraulics are linear."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from cityloop.contracts import Floats, Output, Policy, Result, Times
from cityloop.errors import RecordError
from cityloop.records import Change, Datastream, Evidence, Record, Relation, Thing, record_id

CITY = "square"
START = datetime(2025, 1, 5, 23, tzinfo=UTC)  # Monday 00:00 in Berlin
POLICY = Policy(
    currency="USD", price_year=2026, discount_rate=0.03, years=3, budget_per_year=(1e5, 1e5, 1e5), level=0.9,
    targets={}, due_days=90, prices={"water_per_m3": (0.3, "test", "assumed")}, crew_km_per_day=5.6,
    binding_norm="us", compare_norms=(),
)  # fmt: skip


def thing_id(kind: str, name: str) -> str:
    return record_id(CITY, "thing", kind, name)


@dataclass
class MemoryView:
    """A View over hourly arrays that all begin at `origin`."""

    things: tuple[Record, ...]
    streams: Mapping[str, Floats]
    now: datetime
    policy: Policy = POLICY
    city: str = CITY
    timezone: str = "Europe/Berlin"
    as_of_seq: int = 1
    origin: datetime = START

    def records(self, noun: type[Any]) -> tuple[Any, ...]:
        return tuple(sorted((r for r in self.things if type(r) is noun), key=lambda r: r.id))

    def get(self, noun: type[Any], id: str) -> Any:
        for record in self.records(noun):
            if record.id == id:
                return record
        raise RecordError("No such record.", got=id)

    def block(
        self, datastreams: Sequence[str], *, start: datetime, end: datetime, step_s: int = 3600
    ) -> tuple[Times, Floats]:
        assert step_s == 3600
        steps, offset = int((end - start) / timedelta(hours=1)), int((start - self.origin) / timedelta(hours=1))
        times = np.datetime64(start.replace(tzinfo=None), "us") + np.arange(steps) * np.timedelta64(1, "h")
        out = np.full((steps, len(datastreams)), np.nan)
        for column, name in enumerate(datastreams):
            values = self.streams[name][: int((self.now - self.origin) / timedelta(hours=1))]
            low, high = max(offset, 0), min(offset + steps, len(values))
            if high > low:
                out[low - offset : high - offset, column] = values[low:high]
        return times.astype("datetime64[us]"), out

    def span(self, datastreams: Sequence[str]) -> tuple[datetime, datetime] | None:
        hours = int((self.now - self.origin) / timedelta(hours=1))
        good = [np.flatnonzero(np.isfinite(self.streams[d][:hours])) for d in datastreams]
        good = [g for g in good if len(g)]
        if not good:
            return None
        return (
            self.origin + timedelta(hours=int(min(g[0] for g in good))),
            self.origin + timedelta(hours=int(max(g[-1] for g in good)) + 1),
        )

    def evidence(self, datastreams: Sequence[str], *, start: datetime, end: datetime) -> Evidence:
        _, block = self.block(datastreams, start=start, end=end)
        digest = hashlib.sha256(block.tobytes()).hexdigest()
        return Evidence(datastreams=tuple(datastreams), start=start, end=end, as_of_seq=self.as_of_seq, sha256=digest)

    def norm(self, key: str, world: str | None = None) -> None:
        return None

    def with_(self, **changes: Any) -> "MemoryView":
        return replace(self, **changes)


@dataclass
class LinearSquare:
    """A square grid of junctions with 100 m pipes, fed by a tank at one corner: head falls linearly with flow.

    `runs` counts what was asked of it. Base demand is the same at every junction.
    """

    side: int = 6
    conductance_l_per_s_per_m: float = 40.0
    ground_m: float = 10.0
    runs: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        n = self.side**2
        laplace = np.zeros((n, n))
        for a, b in self.pipes():
            for x, y in ((a, b), (b, a)):
                laplace[x, x] += self.conductance_l_per_s_per_m
                laplace[x, y] -= self.conductance_l_per_s_per_m
        laplace[0, 0] += self.conductance_l_per_s_per_m  # the tank's own pipe at the corner
        self.inverse = np.linalg.inv(laplace)

    def pipes(self) -> list[tuple[int, int]]:
        return [
            (i, j)
            for i in range(self.side**2)
            for j in range(i + 1, self.side**2)
            if abs(i // self.side - j // self.side) + abs(i % self.side - j % self.side) == 1
        ]

    def heads(self, level_m: Floats, demand_l_per_s: Floats, leaks_l_per_s: Floats | None = None) -> Floats:
        """(t, junctions) from (t,), (t,) and (t, junctions)."""
        n = self.side**2
        drawn = np.repeat(demand_l_per_s[:, None] / n, n, axis=1) + (0.0 if leaks_l_per_s is None else leaks_l_per_s)
        return (50.0 + level_m)[:, None] - drawn @ self.inverse

    def index(self, thing: str) -> int:
        return {thing_id("junction", f"J-{i}"): i for i in range(self.side**2)}[thing]

    def states(
        self, changes: Sequence[Change], *, inputs: Sequence[Output], values: Floats, outputs: Sequence[Output]
    ) -> Floats:
        self.runs.append("states")
        columns = {prop: values[:, i] for i, (_, prop) in enumerate(inputs)}
        heads = self.heads(columns["level_m"], columns["demand_l_per_s"])
        ends = {thing_id("pipe", f"P-{a}-{b}"): (a, b) for a, b in self.pipes()}

        def read(thing: str, property: str) -> Floats:
            if property == "flow_l_per_s":
                start, end = ends[thing]
                return np.asarray((heads[:, start] - heads[:, end]) * self.conductance_l_per_s_per_m)
            if property == "demand_l_per_s":
                return np.asarray(columns["demand_l_per_s"] / self.side**2)
            return np.asarray(heads[:, self.index(thing)] - (self.ground_m if property == "pressure_m" else 0))

        return np.stack([read(t, p) for t, p in outputs], axis=1)

    def gradient(
        self, changes: Sequence[Change], *, inputs: Sequence[Output], values: Floats, outputs: Sequence[Output],
        sources: Sequence[Output],
    ) -> Floats:  # fmt: skip
        self.runs.append("gradient")
        return -self.inverse[np.ix_([self.index(t) for t, _ in outputs], [self.index(t) for t, _ in sources])]

    def run(
        self, changes: Sequence[Change], *, start: datetime, steps: int, step_s: int, outputs: Sequence[Output],
        drivers: Mapping[Output, Floats] | None = None,
    ) -> Result:  # fmt: skip
        self.runs.append("run")
        demand, level = np.full(steps, 30.0), np.full(steps, 3.0)
        leaks = np.zeros((steps, self.side**2))
        for change in changes:
            pressure = self.heads(level, demand)[:, self.index(change.thing)] - self.ground_m
            leaks[:, self.index(change.thing)] += change.value * np.sqrt(pressure)
        heads = self.heads(level, demand, leaks)
        series = {}
        for thing, prop in outputs:
            if prop == "leak_l_per_s":
                series[(thing, prop)] = leaks.sum(axis=1)
            elif prop == "power_kw":
                series[(thing, prop)] = (demand + leaks.sum(axis=1)) * 0.5
            else:
                series[(thing, prop)] = heads[:, self.index(thing)] - self.ground_m
        times = np.datetime64(start.replace(tzinfo=None), "us") + np.arange(steps) * np.timedelta64(step_s, "s")
        return Result(times.astype("datetime64[us]"), step_s, series, ())

    def run_all(self, variants: Sequence[Sequence[Change]], **question: Any) -> list[Result]:
        return [self.run(v, **question) for v in variants]


@dataclass
class Square:
    """A city on the square: what happens in it, and the view it gives."""

    days: int = 70
    leaks: Sequence[tuple[int, int, float, float]] = ()
    """(junction, onset day, L/s at the onset, L/s per day more)."""
    loggers: Sequence[int] = (2, 5, 14, 20, 23, 25, 30, 33, 35, 9)
    seed: int = 1
    noise_m: float = 0.05
    tank: bool = True

    def build(self) -> tuple[MemoryView, LinearSquare]:
        rng, network, hours = np.random.default_rng(self.seed), LinearSquare(), self.days * 24
        hour = np.arange(hours) % 24
        shape = 0.4 + 0.9 * np.exp(-(((hour - 8) / 3.0) ** 2)) + 1.0 * np.exp(-(((hour - 19) / 3.5) ** 2))
        demand = (
            20.0 * shape * np.repeat(np.exp(rng.normal(0, 0.03, self.days)), 24) * np.exp(rng.normal(0, 0.03, hours))
        )
        leaks = np.zeros((hours, network.side**2))
        for junction, onset, flow, growth in self.leaks:
            age = np.maximum(np.arange(hours) / 24 - onset, 0)
            leaks[onset * 24 :, junction] += (flow + growth * age)[onset * 24 :]
        drawn, area_m2 = demand + leaks.sum(axis=1), 400.0
        pumped = np.repeat(drawn.reshape(-1, 24).mean(axis=1), 24) if self.tank else drawn
        level = 4.0 + np.concatenate([[0.0], np.cumsum(pumped - drawn)])[:hours] * 3.6 / area_m2
        heads = network.heads(level, demand, leaks)
        streams = {"inflow": pumped * np.exp(rng.normal(0, 0.01, hours))}
        if self.tank:
            streams["level"] = level + rng.normal(0, 0.01, hours)
        for j in self.loggers:
            streams[f"p{j}"] = heads[:, j] - network.ground_m + rng.normal(0, self.noise_m, hours)
        return self._view(network, streams), network

    def _view(self, network: LinearSquare, streams: Mapping[str, Floats]) -> MemoryView:
        net, tank, zone = thing_id("network", "network"), thing_id("tank", "T"), thing_id("boundary", "zone")
        relations = [Relation(kind="network", thing=net)]
        if self.tank:
            relations.append(Relation(kind="storage", thing=tank))
        things: list[Record] = [
            Thing(id=zone, kind="boundary", name="zone", relations=tuple(relations)),
            Thing(id=net, kind="network", name="network"),
            Thing(id=thing_id("pump", "PU"), kind="pump", name="PU"),
            Thing(id=tank, kind="tank", name="T", properties={"area_m2": 400.0}),
        ]
        things += [
            Thing(id=thing_id("junction", f"J-{i}"), kind="junction", name=f"J-{i}") for i in range(network.side**2)
        ]
        for a, b in network.pipes():
            ends = (
                Relation(kind="start", thing=thing_id("junction", f"J-{a}")),
                Relation(kind="end", thing=thing_id("junction", f"J-{b}")),
            )
            name = f"P-{a}-{b}"
            things.append(
                Thing(id=thing_id("pipe", name), kind="pipe", name=name, relations=ends, properties={"length_m": 100.0})
            )
        data = {}
        for name, values in streams.items():
            thing, observed, unit, statistic = {
                "i": (zone, "water_flow", "L/s", "mean"),
                "l": (tank, "water_level", "m", "instant"),
                "p": (thing_id("junction", f"J-{name[1:]}"), "water_pressure", "m", "instant"),
            }[name[0]]
            stream = Datastream(
                id=record_id(CITY, "datastream", name), name=name, thing=thing, sensor="", observed_property=observed,
                unit=unit, statistic=statistic, step_s=3600, simulated=True,  # type: ignore[arg-type]
            )  # fmt: skip
            things.append(stream)
            data[stream.id] = values
        return MemoryView(tuple(things), data, START + timedelta(days=self.days))


@pytest.fixture
def square() -> type[Square]:
    """Class of a small city; `square(leaks=[...]).build()` gives its view and simulator."""
    return Square


@pytest.fixture
def ids() -> Callable[[str, str], str]:
    """Thing id in the small city from kind and name."""
    return thing_id


@pytest.fixture
def stream_id() -> Callable[[str], str]:
    """Datastream id in the small city from its name."""
    return lambda name: record_id(CITY, "datastream", name)


@pytest.fixture
def memory_view() -> type[MemoryView]:
    """Class of a view over arrays in memory."""
    return MemoryView
