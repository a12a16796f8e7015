"""A boundary with works: a domain whose series is an array, and a view that holds records and forgets nothing."""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest

from cityloop.contracts import IndicatorSeries
from cityloop.errors import RecordError
from cityloop.records import (
    Countermeasure,
    Effect,
    Estimate,
    Evidence,
    Goal,
    Problem,
    Project,
    Realisation,
    Record,
    StateEntry,
)

CITY, ZONE_HOURS = "town", 8  # Asia/Shanghai, no summer time
FIRST = date(2025, 1, 1)
WORKS_DAY = 200


@dataclass
class View:
    """Records, and the arrays that `Domain` reads; nothing at or after `now` is seen."""

    y: Any
    now: datetime
    held: dict[str, Record] = field(default_factory=dict)
    covariates: dict[str, Any] = field(default_factory=dict)
    simulated: bool = False
    city: str = CITY
    timezone: str = "Asia/Shanghai"
    as_of_seq: int = 1
    policy: Any = None

    def put(self, *records: Record) -> "View":
        return replace(self, held={**self.held, **{r.id: r for r in records}})

    def records(self, noun: type[Any]) -> tuple[Any, ...]:
        return tuple(self.held[i] for i in sorted(self.held) if type(self.held[i]) is noun)

    def get(self, noun: type[Any], id: str) -> Any:
        if type(self.held.get(id)) is not noun:
            raise RecordError("No such record.", got=id)
        return self.held[id]

    def evidence(self, datastreams: Any, *, start: datetime, end: datetime) -> Evidence:
        seen = self.y[index(start) : min(index(end), index(self.now))]
        return Evidence(
            datastreams=tuple(datastreams), start=start, end=end, as_of_seq=self.as_of_seq,
            sha256=hashlib.sha256(np.ascontiguousarray(seen).tobytes()).hexdigest(),
        )  # fmt: skip


class Domain:
    """Gives `view.y`; remembers what was excluded."""

    name = "toy"

    def __init__(self) -> None:
        self.asked: list[tuple[datetime, datetime]] = []

    def series(self, view: View, indicator: str, boundary: str, *, start: Any, end: Any, exclude: Any = ()) -> Any:
        self.asked.append((start, end))
        low, high = max(index(start), 0), min(index(end), index(view.now), len(view.y))
        days = np.datetime64(FIRST) + np.arange(low, max(high, low))
        covariates = {n: x[low:high] for n, x in view.covariates.items()}
        return IndicatorSeries(indicator, boundary, "L/s", days, view.y[low:high], covariates, ("s1",), view.simulated)


def index(moment: datetime) -> int:
    """Day number of a moment, local."""
    return ((moment + timedelta(hours=ZONE_HOURS)).date() - FIRST).days


def moment(day: float) -> datetime:
    """Noon (plus the fraction) of a day number, local."""
    return (
        datetime(FIRST.year, FIRST.month, FIRST.day, 12, tzinfo=UTC) - timedelta(hours=ZONE_HOURS) + timedelta(days=day)
    )


def estimate(value: float, half: float = 0.0, level: float = 0.9) -> Estimate:
    return Estimate(value=value, low=value - half, high=value + half, level=level, unit="L/s")


def problem(**changes: Any) -> Problem:
    made = Problem(
        id="problem", domain="toy", kind="leak", boundary="b", indicator="night_flow", observed=estimate(20),
        expected=estimate(16), gap=estimate(4), onset=None, detected=moment(150), cost_per_year=None,
        evidence=Evidence(datastreams=(), start=moment(0), end=moment(1), as_of_seq=1, sha256=""),
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def goal(**changes: Any) -> Goal:
    made = Goal(
        id="goal", problem="problem", indicator="night_flow", boundary="b", start_value=estimate(20), target=estimate(16),
        due=date(2026, 6, 1), datastreams=("s1",), method="local_level/1", level=0.9, days_before=56, days_after=28,
        settling_days=0, smallest_effect=1.0, unit="L/s", policy="",
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def measure(name: str = "m", claim: float = 4.0, half: float = 0.6, **changes: Any) -> Countermeasure:
    made = Countermeasure(
        id=name, domain="toy", kind="repair", title_en=name, title_zh=name, boundary="b", targets=(), changes=(),
        answers=("problem",), costs=(),
        effects=(Effect(indicator="night_flow", thing="b", estimate=estimate(claim, half), period="always"),),
        realisation=Realisation(kind="repair", estimate=estimate(1), studies=0, source="", status="unconfirmed"),
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def project(
    name: str = "p", of: str = "m", *, begun: float = WORKS_DAY, done: float | None = None, **changes: Any
) -> Project:
    states = [
        StateEntry(state="approved", on=moment(begun - 5), by="t"),
        StateEntry(state="started", on=moment(begun), by="t"),
    ]
    if done is not None:
        states.append(StateEntry(state="done", on=moment(done), by="t"))
    made = Project(id=name, countermeasure=of, plan="", boundary="b", name=name, states=tuple(states))
    return msgspec.structs.replace(made, **changes)


def flow(*, drop: float = 4.0, at: int = WORKS_DAY, days: int = 300, sd: float = 0.3, seed: int = 1) -> Any:
    """20 L/s with noise that falls by `drop` after day `at`."""
    y = 20 + np.random.default_rng(seed).normal(0, sd, days)
    y[at + 1 :] -= drop
    return y


@pytest.fixture
def works() -> SimpleNamespace:
    """Everything above by name."""
    return SimpleNamespace(
        View=View, Domain=Domain, moment=moment, estimate=estimate, problem=problem, goal=goal, measure=measure,
        project=project, flow=flow, DAY=WORKS_DAY, FIRST=FIRST,
    )  # fmt: skip
