"""The twin's crew: verbs in order, costs, errors, several leaks, working days."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from cityloop.records import Decision, RankedThing, record_id
from cityloop.sources.twin.crew import Crew, working_moment
from cityloop.sources.twin.network import TwinNetwork
from cityloop.sources.twin.scenario import Leak

CITY, ZONE = "line", "America/Kentucky/Louisville"
START = datetime(2026, 4, 6, 4, tzinfo=UTC)
MONDAY = datetime(2026, 6, 29, 12, tzinfo=UTC)  # 08:00 in Louisville, day 84
N = 20
NETWORK = TwinNetwork(
    junctions=tuple(f"J{i}" for i in range(N + 1)), pipes=tuple(f"P{i}" for i in range(N)),
    ends=tuple((f"J{i}", f"J{i + 1}") for i in range(N)), length_m=np.full(N, 1000.0), other_links=(), pumps=(),
    tanks=(), highest_level_m={}, sources=frozenset(),
)  # fmt: skip
PRICES = {
    "survey_per_km": (250.0, "", "assumed"),
    "repair_each": (4000.0, "", "assumed"),
    "replace_sensor": (1500.0, "", "assumed"),
}
POLICY: Any = SimpleNamespace(currency="USD", price_year=2026, crew_km_per_day=4.0, prices=PRICES)
ONE = (Leak("P7", "J8", 30.0, 5.0),)
TWO = (Leak("P7", "J8", 30.0, 5.0), Leak("P14", "J15", 40.0, 4.0))


def crew(leaks: Sequence[Leak] = ONE, **changes: Any) -> Crew:
    given: dict[str, Any] = {
        "city": CITY, "seed": 4, "timezone": ZONE, "policy": POLICY, "network": NETWORK, "leaks": leaks, "repairs": (),
        "start": START,
    } | changes  # fmt: skip
    return Crew(**given)


def measure(claim: float = 2.0, area: int = N, kind: str = "survey_and_repair", costs: tuple[Any, ...] = (),
    details: dict[str, float] | None = None,
) -> Any:  # fmt: skip
    ranked = tuple(
        RankedThing(
            thing=record_id(CITY, "thing", "pipe", f"P{i}"),
            name=f"P{i}",
            rank=i + 1,
            probability=1 / N,
            length_m=1000.0,
        )
        for i in range(area)
    )
    effect = SimpleNamespace(indicator="night_flow", estimate=SimpleNamespace(value=claim))
    return SimpleNamespace(
        kind=kind, area=ranked, costs=costs, effects=(effect,), boundary="b",
        details={"probability_found": 0.8, **(details or {})},
        realisation=SimpleNamespace(estimate=SimpleNamespace(value=0.8)),
    )  # fmt: skip


def project(number: int = 1) -> Any:
    return SimpleNamespace(id=f"line:project:{number}")


def verbs(decisions: Sequence[Decision]) -> list[str]:
    return [str(d.data.get("state", d.data.get("found"))) for d in decisions]


def many(leaks: Sequence[Leak] = ONE, n: int = 200, **of: Any) -> list[list[Decision]]:
    return [crew(leaks).search(project(i), measure(**of), start=MONDAY) for i in range(n)]


def test_crew_when_it_finds_the_leak_then_the_verbs_come_in_time_order() -> None:
    decisions = crew().search(project(), measure(), start=MONDAY)
    assert verbs(decisions) == ["started", "leak", "done"]
    assert [d.verb for d in decisions] == ["set", "inspect", "set"]
    assert all(d.about == "line:project:1" and d.who == "crew (simulated)" and d.simulated for d in decisions)
    assert [d.when for d in decisions] == sorted(d.when for d in decisions)
    assert all(datetime.fromisoformat(str(d.data["on"])) == d.when for d in decisions)
    assert len({d.id for d in decisions}) == 3
    assert decisions == crew().search(project(), measure(), start=MONDAY)


def test_crew_when_the_leak_lies_eight_km_down_then_two_days_pass_and_the_bill_says_so() -> None:
    bills = []
    for decisions in many():
        # P7 is the eighth pipe of 1 km: 8 km at 4 km a day is the end of Tuesday
        assert decisions[1].when == datetime(2026, 6, 30, 20, tzinfo=UTC)
        assert decisions[-1].data["currency"] == "USD" and decisions[-1].data["price_year"] == 2026
        bills.append(float(decisions[-1].data["cost"]))
    assert np.median(bills) == pytest.approx(8 * 250 + 4000, rel=0.03)
    assert np.std(np.log(bills)) == pytest.approx(0.1, rel=0.2)


def test_crew_when_it_errs_then_as_often_as_stated() -> None:
    runs = many()
    places = [str(r[1].data["place"]) for r in runs]
    assert set(places) == {"P6", "P7", "P8"}
    assert 0.08 < np.mean([p != "P7" for p in places]) < 0.23
    flows = np.array([float(r[1].data["flow_l_per_s"]) for r in runs])
    assert flows.mean() == pytest.approx(5.0, rel=0.05) and flows.std() == pytest.approx(1.0, rel=0.2)
    prompt = min(r[-1].when for r in runs)
    assert prompt == datetime(2026, 7, 2, 20, tzinfo=UTC)  # two crew-days of repair: the end of Thursday
    assert 0.15 < np.mean([r[-1].when > prompt for r in runs]) < 0.35


def test_crew_when_the_area_holds_no_leak_then_it_reports_none_at_its_end() -> None:
    decisions = crew().search(project(3), measure(area=5), start=MONDAY)
    assert verbs(decisions) == ["started", "none", "done"]
    assert float(decisions[-1].data["cost"]) == pytest.approx(5 * 250, rel=0.4)
    assert "place" not in decisions[1].data


def test_crew_when_the_leak_has_not_begun_or_is_repaired_then_it_hears_nothing() -> None:
    later = (Leak("P7", "J8", 120.0, 5.0),)
    assert verbs(crew(later).search(project(), measure(), start=MONDAY)) == ["started", "none", "done"]


def test_crew_when_two_leaks_are_sought_then_it_goes_on_for_both() -> None:
    runs = many(TWO, 100, claim=9.0 * 0.64)
    assert sum(verbs(r) == ["started", "leak", "leak", "done"] for r in runs) > 85
    assert all([d.when for d in r] == sorted(d.when for d in r) for r in runs)


def test_crew_when_one_leak_explains_what_was_sought_then_it_stops() -> None:
    runs = many(TWO, 40, claim=4.0 * 0.64)
    assert sum(verbs(r) == ["started", "leak", "done"] for r in runs) > 36


@pytest.mark.parametrize(
    "worth, verbs_said", [(0.01, ["started", "leak", "leak", "done"]), (10.0, ["started", "leak", "done"])]
)
def test_crew_when_the_measure_says_what_a_search_is_worth_then_it_goes_on_as_long_as_that(
    worth: float, verbs_said: list[str]
) -> None:
    runs = many(TWO, 100, claim=9.0 * 0.64, details={"search_on_l_per_s_per_km": worth})
    assert sum(verbs(r) == verbs_said for r in runs) > 85


def test_crew_when_the_countermeasure_has_prices_then_they_are_used() -> None:
    rows = tuple(
        SimpleNamespace(name=name, unit_value=SimpleNamespace(amount=amount))
        for name, amount in (("survey", 100.0), ("repair", 1000.0))
    )
    bills = [
        float(crew().search(project(i), measure(costs=rows), start=MONDAY)[-1].data["cost"]) for i in range(60)
    ]  # fmt: skip
    assert np.median(bills) == pytest.approx(1800, rel=0.05)


def test_crew_when_no_price_is_known_then_no_bill_is_made_up() -> None:
    poor: Any = SimpleNamespace(currency="USD", price_year=2026, crew_km_per_day=4.0, prices={})
    done = crew(policy=poor).search(project(), measure(), start=MONDAY)[-1]
    assert "cost" not in done.data and "currency" not in done.data


@pytest.mark.parametrize(
    "finding, found",
    [("faulty", "other"), ("healthy", "none"), ("right", "none"), ("slow", "other"), ("elsewhere", "other")],
)
def test_crew_when_a_logger_is_visited_then_it_says_what_it_found(finding: str, found: str) -> None:
    decisions = crew().visit(project(), measure(kind="replace_sensor"), start=MONDAY, finding=finding, place="J-7")
    assert ("J-7" in str(decisions[1].data["note"])) == (finding == "elsewhere")
    assert verbs(decisions) == ["started", found, "done"]
    assert float(decisions[-1].data["cost"]) == pytest.approx(1500, rel=0.4)
    assert "模拟" in str(decisions[1].data["note"]) and "simulated" in str(decisions[1].data["note"])


def test_crew_when_works_seek_no_leak_and_are_paid_by_the_year_then_the_first_year_is_billed() -> None:
    row = SimpleNamespace(
        kind="cost", recurrence=1, unit_value=SimpleNamespace(amount=12.0), quantity=SimpleNamespace(value=100.0)
    )
    reports = SimpleNamespace(uses={}, costs=(row,), changes=(), targets=("boundary",))
    decisions = crew().adjust(project(), reports, start=MONDAY)  # type: ignore[arg-type]
    assert verbs(decisions) == ["started", "done"]
    assert float(decisions[-1].data["cost"]) == pytest.approx(1200.0, rel=0.5)
    assert "carried out as planned" in str(decisions[-1].data["note"])


def test_working_moment_when_a_weekend_comes_then_nobody_works() -> None:
    friday = datetime(2026, 7, 3, 16, tzinfo=UTC)  # noon: half a day is left
    assert working_moment(friday, 1.0, ZONE) == datetime(2026, 7, 6, 16, tzinfo=UTC)
    night = datetime(2026, 7, 4, 3, tzinfo=UTC)
    assert working_moment(night, 0.5, ZONE) - datetime(2026, 7, 6, 12, tzinfo=UTC) == timedelta(hours=4)


def test_crew_when_a_leak_draws_its_pressure_down_then_it_measures_what_runs() -> None:
    flows = [
        float(str(crew(runs_at=(0.4,)).search(project(i), measure(), start=MONDAY)[1].data["flow_l_per_s"]))
        for i in range(60)
    ]
    assert np.mean(flows) == pytest.approx(0.4 * 5.0, rel=0.1)
