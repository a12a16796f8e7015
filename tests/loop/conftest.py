"""A city in memory for the loop's tests: a view over records, a domain that says what it is told, a model of limits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest

from cityloop.contracts import IndicatorSeries, NormRule, Policy, Prior, Result, Violation
from cityloop.errors import RecordError
from cityloop.i18n import Pair
from cityloop.records import (
    Change,
    CostRow,
    Countermeasure,
    Decision,
    Effect,
    Estimate,
    Evidence,
    Goal,
    Money,
    Problem,
    Project,
    Realisation,
    Record,
    StateEntry,
    Thing,
    record_id,
)

CITY = "toy"
NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)
POLICY = Policy(
    currency="USD", price_year=2026, discount_rate=0.05, years=3, budget_per_year=(100.0, 100.0, 100.0), level=0.9,
    targets={"night_flow": 0.8}, due_days=90, prices={}, crew_km_per_day=5.0, binding_norm="us", compare_norms=(),
)  # fmt: skip
PRIOR = Prior("realisation_repair", 0.8, 0.3, 1.1, 0.9, "1", 0, "", "a wide prior", "unconfirmed")


@dataclass
class MemoryView:
    """A View over records; `put` keeps the latest version of each, as a store would."""

    held: dict[str, Record] = field(default_factory=dict)
    now: datetime = NOW
    policy: Policy = POLICY
    norms: Mapping[str, NormRule] = field(default_factory=dict)
    city: str = CITY
    timezone: str = "America/New_York"
    as_of_seq: int = 1

    def put(self, *records: Record) -> "MemoryView":
        for record in records:
            if isinstance(record, Countermeasure):
                self._things_of(record)
            known = self.held.get(record.id)
            if known is None or msgspec.structs.replace(record, version=known.version) != known:
                version = 1 if known is None else known.version + 1
                self.held[record.id] = msgspec.structs.replace(record, version=version)
        return self

    def _things_of(self, measure: Countermeasure) -> None:
        """What a measure acts on is there, unless a test takes it away."""
        for thing in (*measure.targets, *(c.thing for c in measure.changes)):
            self.held.setdefault(thing, Thing(id=thing, kind="pipe", name=thing))

    def records(self, noun: type[Any]) -> tuple[Any, ...]:
        return tuple(self.held[i] for i in sorted(self.held) if type(self.held[i]) is noun)

    def get(self, noun: type[Any], id: str) -> Any:
        found = self.held.get(id)
        if type(found) is not noun:
            raise RecordError("No such record.", got=id)
        return found

    def norm(self, key: str, world: str | None = None) -> NormRule | None:
        return self.norms.get(key)


@dataclass
class ToyDomain:
    """Says what it is told; judges night_flow only; scores a finding by the place's number."""

    seen: list[Problem] = field(default_factory=list)
    offers: list[Countermeasure] = field(default_factory=list)
    name: str = "toy"
    title: Pair = Pair("Toy", "玩具")
    words: Mapping[str, Pair] = field(default_factory=dict)
    indicators: Sequence[str] = ("night_flow",)
    causes: Sequence[str] = ("leak",)
    priors: Mapping[str, Prior] = field(default_factory=lambda: {PRIOR.key: PRIOR})
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    def problems(self, view: Any, simulator: Any) -> Sequence[Problem]:
        return list(self.seen)

    def countermeasures(
        self, view: Any, simulator: Any, problems: Sequence[Problem], goals: Sequence[Goal], rates: Mapping[str, Any]
    ) -> Sequence[Countermeasure]:
        self.asked.append((problems, goals, rates))
        return list(self.offers)

    def kinds(self) -> Sequence[str]:
        return ("repair",)

    def series(self, view: Any, indicator: str, boundary: str, **span: Any) -> IndicatorSeries:
        if indicator != "night_flow":
            raise RecordError("Unknown indicator.", got=indicator)
        days = np.arange(np.datetime64("2026-03-01"), np.datetime64("2026-03-03"))
        return IndicatorSeries(indicator, boundary, "L/s", days, np.ones(2), {}, ("toy:datastream:1",), False)

    def inspected(self, view: Any, problem: Problem, finding: Mapping[str, Any]) -> Mapping[str, float | str]:
        if finding.get("place") == "nowhere":
            raise RecordError("No such place.", got="nowhere")
        return {"found": finding["found"], "rank": 2.0 if problem.boundary == "b1" else 7.0}


@dataclass
class ToySimulator:
    """Breaks limits as `rule` says: things changed -> violations. `runs` keeps what was asked."""

    rule: Callable[[frozenset[str]], Sequence[Violation]] = lambda things: ()
    runs: list[frozenset[str]] = field(default_factory=list)

    def run(self, changes: Sequence[Change], **how: Any) -> Result:
        things = frozenset(c.thing for c in changes)
        self.runs.append(things)
        times = np.array([np.datetime64("2026-06-01", "us")])
        return Result(times, 3600, {}, tuple(self.rule(things)))

    def run_all(self, variants: Sequence[Sequence[Change]], **how: Any) -> list[Result]:
        return [self.run(v, **how) for v in variants]

    def states(self, *args: Any, **how: Any) -> Any:
        raise AssertionError("the loop asks for runs only")

    gradient = states


def estimate(value: float, half: float = 0.0, unit: str = "L/s") -> Estimate:
    return Estimate(value=value, low=value - half, high=value + half, level=0.9, unit=unit)


def problem(name: str = "b1", **changes: Any) -> Problem:
    made = Problem(
        id=record_id(CITY, "problem", "burst", name), domain="toy", kind="burst", boundary=name, indicator="night_flow",
        observed=estimate(20.0, 1.0), expected=estimate(16.0, 1.0), gap=estimate(4.0, 1.0), onset=date(2026, 5, 1),
        detected=NOW, cost_per_year=estimate(4000.0, 100.0, "USD/year"),
        evidence=Evidence(datastreams=(), start=NOW - timedelta(days=1), end=NOW, as_of_seq=1, sha256=""),
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def cost_row(kind: str, amount: float, **changes: Any) -> CostRow:
    made = CostRow(
        name=kind, kind=kind, first_year=0, life=1, recurrence=0, escalation=0.0, quantity=estimate(1.0, 0.0, "1"),
        unit_value=Money(amount=amount, currency="USD", price_year=2026),
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def measure(
    name: str, *, cost: float = 10.0, benefit: float | None = 100.0, on: str = "b1", **changes: Any
) -> Countermeasure:
    costs = [cost_row("cost", cost)] if cost else []
    if benefit is not None:
        costs.append(cost_row("benefit", benefit))
    made = Countermeasure(
        id=record_id(CITY, "countermeasure", name), domain="toy", kind="repair", title_en=name, title_zh=f"对策{name}",
        boundary=on, targets=(f"t-{name}",), changes=(Change(thing=f"t-{name}", property="p", value=1.0),),
        answers=(record_id(CITY, "problem", "burst", on),),
        effects=(Effect(indicator="night_flow", thing=on, estimate=estimate(2.0, 1.0), period="always"),),
        costs=tuple(costs),
        realisation=Realisation(kind="repair", estimate=estimate(0.8), studies=0, source="", status="unconfirmed"),
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def project(of: Countermeasure, *states: str, **changes: Any) -> Project:
    """A project a day in each state, the last one a day before NOW."""
    days = range(len(states), 0, -1)
    made = Project(
        id=record_id(CITY, "project", of.id, "0"), countermeasure=of.id, plan="toy:plan:1", boundary=of.boundary,
        name=f"{of.title_en} | {of.title_zh}",
        states=tuple(StateEntry(state=s, on=NOW - timedelta(days=d), by="test") for s, d in zip(states, days, strict=True)),
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def decide(about: str, verb: str, when: datetime = NOW, reason: str = "", **data: Any) -> Decision:
    return Decision(
        id=record_id(CITY, "decision", about, verb, when.isoformat()), who="Wang Li", when=when, about=about, verb=verb,
        reason=reason, data=data,
    )  # fmt: skip


@pytest.fixture
def toy() -> SimpleNamespace:
    """Everything above by name."""
    return SimpleNamespace(
        View=MemoryView, Domain=ToyDomain, Simulator=ToySimulator, NOW=NOW, POLICY=POLICY, PRIOR=PRIOR, CITY=CITY,
        estimate=estimate, problem=problem, cost_row=cost_row, measure=measure, project=project, decide=decide,
    )  # fmt: skip
