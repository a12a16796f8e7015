"""A small city with one of everything: a square of pipes near Mount Washington, one burst, works, verification."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cityloop.contracts import Floats, NormRule, Policy, Times
from cityloop.domains.water import domain
from cityloop.errors import RecordError
from cityloop.records import (
    Baseline,
    CostRow,
    Countermeasure,
    Datastream,
    Effect,
    Estimate,
    Evidence,
    Goal,
    Location,
    Money,
    Plan,
    PlanLine,
    Problem,
    Project,
    RankedThing,
    Realisation,
    Record,
    Relation,
    StateEntry,
    Thing,
    Verification,
    record_id,
)
from cityloop.report.facts import Refused
from cityloop.settings import CitySettings, load_city, load_norms

CITY = "ky4"
SIDE = 8
START = datetime(2026, 4, 6, 4, tzinfo=UTC)  # Monday 00:00 in Louisville
DAYS = 120
ONSET, STARTED, DONE = 40, 60, 64


def tid(kind: str, name: str) -> str:
    return record_id(CITY, "thing", kind, name)


@dataclass
class MemoryView:
    """A View over hourly arrays that all begin at START."""

    things: tuple[Record, ...]
    streams: Mapping[str, Floats]
    now: datetime
    policy: Policy
    city: str = CITY
    timezone: str = "America/Kentucky/Louisville"
    as_of_seq: int = 123_456

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
        steps, offset = int((end - start) / timedelta(hours=1)), int((start - START) / timedelta(hours=1))
        times = np.datetime64(start.replace(tzinfo=None), "us") + np.arange(steps) * np.timedelta64(1, "h")
        out = np.full((steps, len(datastreams)), np.nan)
        for column, name in enumerate(datastreams):
            values = self.streams[name][: int((self.now - START) / timedelta(hours=1))]
            low, high = max(offset, 0), min(offset + steps, len(values))
            if high > low:
                out[low - offset : high - offset, column] = values[low:high]
        return times.astype("datetime64[us]"), out

    def span(self, datastreams: Sequence[str]) -> tuple[datetime, datetime] | None:
        good = [np.flatnonzero(np.isfinite(self.streams[d])) for d in datastreams]
        good = [g for g in good if len(g)]
        if not good:
            return None
        first, last = min(g[0] for g in good), max(g[-1] for g in good)
        return START + timedelta(hours=int(first)), START + timedelta(hours=int(last) + 1)

    def evidence(self, datastreams: Sequence[str], *, start: datetime, end: datetime) -> Evidence:
        _, block = self.block(datastreams, start=start, end=end)
        digest = hashlib.sha256(block.tobytes()).hexdigest()
        return Evidence(datastreams=tuple(datastreams), start=start, end=end, as_of_seq=self.as_of_seq, sha256=digest)

    def norm(self, key: str, world: str | None = None) -> NormRule | None:
        return load_norms(world or self.policy.binding_norm).get(key)


def estimate(value: float, half: float, unit: str) -> Estimate:
    return Estimate(value=value, low=value - half, high=value + half, level=0.9, unit=unit)


def network() -> list[Record]:
    """A square of 8 x 8 junctions, 330 ft apart, in EPSG:3089 (feet), a pump, a tank, the boundary."""
    records: list[Record] = []

    def place(kind: str, name: str, *points: tuple[float, float]) -> str:
        id = record_id(CITY, "location", kind, name)
        shape = "point" if len(points) == 1 else "line"
        records.append(Location(id=id, name=name, crs="EPSG:3089", geometry=shape, coordinates=points))  # type: ignore[arg-type]
        return id

    xy = [(4_950_000.0 + 330 * (i % SIDE), 3_960_000.0 + 330 * (i // SIDE)) for i in range(SIDE**2)]
    for i, at in enumerate(xy):
        name = f"J-{i}"
        records.append(
            Thing(id=tid("junction", name), kind="junction", name=name, location=place("junction", name, at))
        )
    for i in range(SIDE**2):
        for j in (i + 1, i + SIDE):
            if j >= SIDE**2 or (j == i + 1 and j % SIDE == 0):
                continue
            name, ends = (
                f"P-{i}-{j}",
                (
                    Relation(kind="start", thing=tid("junction", f"J-{i}")),
                    Relation(kind="end", thing=tid("junction", f"J-{j}")),
                ),
            )
            records.append(
                Thing(
                    id=tid("pipe", name), kind="pipe", name=name, relations=ends, properties={"length_m": 100.0},
                    location=place("pipe", name, xy[i], xy[j]),
                )
            )  # fmt: skip
    tank, pump = tid("tank", "T-3"), tid("pump", "~@Pump-1")
    records.append(
        Thing(
            id=tank,
            kind="tank",
            name="T-3",
            location=place("tank", "T-3", (4_950_900.0, 3_962_700.0)),
            properties={"area_m2": 141.26},
        )
    )
    records.append(
        Thing(
            id=pump,
            kind="pump",
            name="~@Pump-1",
            location=place("pump", "~@Pump-1", (4_949_700.0, 3_960_000.0), (4_950_000.0, 3_960_000.0)),
        )
    )
    records.append(
        Thing(
            id=tid("boundary", "ky4"), kind="boundary", name="ky4",
            relations=(Relation(kind="inflow", thing=pump), Relation(kind="storage", thing=tank)),
            properties={"mains_km": 260.2, "mains_km_status": "confirmed", "connections": 8000.0, "connections_status": "assumed"},
        )
    )  # fmt: skip
    return records


def observations() -> tuple[list[Datastream], dict[str, Floats]]:
    """Inflow, level and six pressures by the hour; a leak of 6 L/s from ONSET to DONE."""
    rng, hours = np.random.default_rng(7), DAYS * 24
    hour, day = np.arange(hours) % 24, np.arange(hours) / 24
    shape = 0.4 + 0.9 * np.exp(-(((hour - 8) / 3.0) ** 2)) + np.exp(-(((hour - 19) / 3.5) ** 2))
    demand = 45.0 * shape * np.repeat(np.exp(rng.normal(0, 0.02, DAYS)), 24)
    drawn = demand + 6.0 * ((day >= ONSET) & (day < DONE))
    pumped = np.repeat(drawn.reshape(-1, 24).mean(axis=1), 24)
    level = 4.0 + np.concatenate([[0.0], np.cumsum(pumped - drawn)])[:hours] * 3.6 / 141.26 / 4
    streams, values = [], {}

    def add(name: str, thing: str, observed: str, unit: str, statistic: Any, series: Floats) -> None:
        stream = Datastream(
            id=record_id(CITY, "datastream", name), name=name, thing=thing, sensor="", observed_property=observed, unit=unit,
            statistic=statistic, step_s=3600, simulated=True, source="twin", declared_unit="gpm" if unit == "L/s" else "",
        )  # fmt: skip
        streams.append(stream)
        values[stream.id] = series

    add("pump-1 flow", tid("pump", "~@Pump-1"), "water_flow", "L/s", "mean", drawn)
    add(
        "T-3 level",
        tid("tank", "T-3"),
        "water_level",
        "m",
        "instant",
        np.full(hours, 4.0) + 0 * level + rng.normal(0, 1e-4, hours),
    )
    for i in (3, 12, 25, 38, 50, 61):
        series = 50.0 - 0.02 * drawn + rng.normal(0, 0.1, hours)
        if i == 12:
            series[2400:2700] = np.nan
        add(f"J-{i} pressure", tid("junction", f"J-{i}"), "water_pressure", "m", "instant", series)
    return streams, values


def loop_records(evidence: Evidence) -> list[Record]:
    """What the loop wrote: one burst, a failing sensor, three surveys, a plan, two projects, a verification."""
    zone = tid("boundary", "ky4")
    pipes = [f"P-{i}-{i + SIDE}" for i in range(30)]
    share = 0.97 * 0.88 ** np.arange(30) / np.sum(0.88 ** np.arange(30))
    area = tuple(
        RankedThing(thing=tid("pipe", n), name=n, rank=i + 1, probability=float(p), length_m=100.0)
        for i, (n, p) in enumerate(zip(pipes, share, strict=True))
    )
    burst = record_id(CITY, "problem", "burst", zone)
    when = START + timedelta(days=DAYS)
    records: list[Record] = [
        Problem(
            id=burst, simulated=True, version=3, domain="water", kind="burst", boundary=zone, indicator="night_flow",
            observed=estimate(24.31, 0.42, "L/s"), expected=estimate(18.17, 1.13, "L/s"), gap=estimate(6.14, 1.13, "L/s"),
            onset=date(2026, 5, 16), detected=when, cost_per_year=estimate(58_089.3, 10_690.0, "USD/year"), evidence=evidence,
            area=area, best_place=tid("junction", "J-1"), status="in_works",
            notes=(
                "Ranked by 6 pressure loggers. | 由 6 个压力计排序。",
                "2026-06-05: Works started: survey. | 工程开工：检漏。",
            ),
            details={
                "onset_earliest": "2026-05-15", "onset_latest": "2026-05-18", "rho": 0.17,
                "located_by": "Ranked by 6 pressure loggers. | 由 6 个压力计排序。",
            },
        ),
        Problem(
            id=record_id(CITY, "problem", "failing_sensor", tid("junction", "J-12")), simulated=True, domain="water",
            kind="failing_sensor", boundary=tid("junction", "J-12"), indicator="sensor_fault",
            observed=estimate(0.25, 0.02, "1"), expected=estimate(0.0, 0.0, "1"), gap=estimate(0.25, 0.02, "1"),
            onset=date(2026, 7, 15), detected=when, cost_per_year=None, evidence=evidence, best_place=tid("junction", "J-12"),
            notes=("J-12 pressure delivered nothing. | J-12 pressure 无数据。",),
            details={"fault": "gaps", "datastream": record_id(CITY, "datastream", "J-12 pressure"), "name": "J-12 pressure"},
        ),
        Goal(
            id=record_id(CITY, "goal", burst), problem=burst, indicator="night_flow", boundary=zone,
            start_value=estimate(24.31, 0.42, "L/s"), target=estimate(19.4, 0.9, "L/s"), due=date(2027, 5, 16),
            datastreams=evidence.datastreams, method="before_after", level=0.9, days_before=56, days_after=28,
            settling_days=3, smallest_effect=2.0, unit="L/s", policy="night_flow 0.8",
        ),
    ]  # fmt: skip
    rate = Realisation(
        kind="survey_and_repair", estimate=Estimate(value=0.8, low=0.3, high=1.1, level=0.9, unit="1"), studies=0,
        source="no published rate found", status="unconfirmed",
    )  # fmt: skip
    surveys = []
    for name, n, found in (("50", 6, 0.5), ("80", 13, 0.8), ("95", 28, 0.95)):
        costs = (
            cost("survey", "cost", Estimate(value=0.09 * n, low=0.05, high=0.1 * n, level=0.9, unit="km"), 219.0, "NHDES 2012", "confirmed"),
            cost("repair", "cost", Estimate(value=found, low=0.0, high=1.0, level=0.9, unit="repair"), 4000.0, "no published figure found for one repair", "assumed"),
            cost("saved water", "benefit", estimate(found * 4.9 * 31_536, 50_000.0, "m3"), 0.3, "pilot: energy alone at the low end", "assumed"),
            cost("pump energy", "non_monetary", estimate(found * 57_000, 9_000.0, "kWh"), None, "model run with and without", "assumed"),
        )  # fmt: skip
        surveys.append(
            Countermeasure(
                id=record_id(CITY, "countermeasure", "survey_and_repair", name, zone), simulated=True, domain="water",
                kind="survey_and_repair", title_en=f"Leak survey until {name} % is searched, and repair",
                title_zh=f"检漏至累计概率 {name}% 并修复", boundary=zone, targets=(tid("junction", "J-1"),), changes=(),
                answers=(burst,),
                effects=(
                    Effect(indicator="night_flow", thing=zone, estimate=estimate(found * 4.91, 2.1, "L/s"), period="from the repair on"),
                ),
                costs=costs, realisation=rate, one_of=f"survey:{zone}", uses={"crew_days": 2.3}, area=area[:n],
                details={"km_expected": 0.09 * n, "km_whole": 0.1 * n, "probability_found": found, "variant": name},
            )
        )  # fmt: skip
    records += surveys
    project = record_id(CITY, "project", surveys[1].id)
    other = record_id(CITY, "project", "other")
    money = Money(amount=3456.78, currency="USD", price_year=2026)
    budget = tuple(Money(amount=60_000.0, currency="USD", price_year=2026) for _ in range(2))
    records += [
        Plan(
            id=record_id(CITY, "plan", "1"), simulated=True, years=(2026, 2027), budget=budget, status="approved",
            lines=(PlanLine(countermeasure=surveys[1].id, project=project, year=2026, cost=money, net_present_value=estimate(33_000.0, 14_000.0, "USD of 2026")),),
            rejected={
                surveys[0].id: "Excluded by 80: only one of their group. | 与“80”互斥：同组只能选一项。",
                surveys[2].id: "Excluded by 80: only one of their group. | 与“80”互斥：同组只能选一项。",
            },
            objective=estimate(33_000.0, 14_000.0, "USD of 2026"), bound=33_000.0, gap=0.0, stopped_by="optimal",
            discount_rate=0.03, joint_effect={f"{zone}:night_flow": 3.93},
        ),
        Project(
            id=project, simulated=True, countermeasure=surveys[1].id, plan=record_id(CITY, "plan", "1"), boundary=zone, name="survey 80",
            states=(
                StateEntry(state="proposed", on=START + timedelta(days=50), by="loop"),
                StateEntry(state="approved", on=START + timedelta(days=52), by="M. Lee", department="Water works", document="WO-17"),
                StateEntry(state="started", on=START + timedelta(days=STARTED), by="crew"),
                StateEntry(state="done", on=START + timedelta(days=DONE), by="crew", cost=Money(amount=5120.0, currency="USD", price_year=2026)),
            ),
            findings=(
                {"found": "none", "place": "P-0-8", "on": "2026-06-06"},
                {"found": "leak", "place": "P-2-10", "flow_l_per_s": 5.4, "on": "2026-06-08", "distance_m": 250.0, "rank": 3.0, "km_searched": 0.3, "flow_error_l_per_s": 0.74},
            ),
        ),
        Project(
            id=other, simulated=True, countermeasure="none", plan="", boundary=zone, name="replace logger",
            states=(StateEntry(state="proposed", on=START + timedelta(days=100), by="loop"),),
        ),
        Baseline(
            id=record_id(CITY, "baseline", zone), simulated=True, goal=record_id(CITY, "goal", burst), boundary=zone,
            indicator="night_flow", projects=(project,), frozen=START + timedelta(days=STARTED), method="before_after",
            parameters={"unfit": "few days"}, evidence=evidence, unit="L/s",
        ),
        Verification(
            id=record_id(CITY, "verification", zone), simulated=True, goal=record_id(CITY, "goal", burst), boundary=zone,
            indicator="night_flow", projects=(project,), baseline=record_id(CITY, "baseline", zone), start=date(2026, 6, 12),
            end=date(2026, 7, 10), days_used=28, measured=estimate(5.91, 0.66, "L/s"), claimed=estimate(3.93, 2.1, "L/s"),
            smallest_effect=2.0, grade="confirmed", realisation=estimate(1.2, 0.13, "1"), evidence=evidence,
        ),
    ]  # fmt: skip
    return records


def cost(name: str, kind: Any, quantity: Estimate, price: float | None, source: str, status: Any) -> CostRow:
    money = None if price is None else Money(amount=price, currency="USD", price_year=2026)
    return CostRow(
        name=name, kind=kind, first_year=0, life=1, recurrence=0, escalation=0.0, quantity=quantity, unit_value=money,
        source=source, status=status,
    )  # fmt: skip


REFUSED = (Refused("meters", "A value that is not a number.", 3, "row 17: 2026-05-01 00:00,n/a"),)


@pytest.fixture(scope="session")
def settings() -> CitySettings:
    """city.toml of the pilot."""
    return load_city(Path(str(files("cityloop") / "cities" / "ky4")))


@pytest.fixture(scope="session")
def view(settings: CitySettings) -> MemoryView:
    """The city with one of everything."""
    streams, values = observations()
    bare = MemoryView((*network(), *streams), values, START + timedelta(days=DAYS), settings.policy)
    evidence = bare.evidence([streams[0].id, streams[1].id], start=START, end=bare.now)
    return replace(bare, things=(*bare.things, *loop_records(evidence)))


@pytest.fixture(scope="session")
def rates() -> dict[str, Realisation]:
    """What the city has learnt."""
    return {
        "survey_and_repair": Realisation(
            kind="survey_and_repair", estimate=estimate(1.08, 0.21, "1"), studies=1, source="random-effects mean",
            status="unconfirmed",
        )
    }  # fmt: skip


@pytest.fixture(scope="session")
def built(view: MemoryView, settings: CitySettings, rates: dict[str, Realisation]) -> tuple[str, bytes]:
    """report.html and loop.json of that city."""
    from cityloop.report import build

    return build(view, settings, [domain], refused=REFUSED, rates=rates)


@pytest.fixture(scope="session")
def build_with(view: MemoryView, settings: CitySettings) -> Callable[..., tuple[str, bytes]]:
    """Build with other records, streams or settings."""

    def make(*, settings: CitySettings = settings, **changes: Any) -> tuple[str, bytes]:
        from cityloop.report import build

        return build(replace(view, **changes), settings, [domain])

    return make
