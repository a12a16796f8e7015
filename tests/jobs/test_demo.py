"""The demo as a job, on a city in memory: kept on disk it would take a minute; the real one is in test_demo_real.py."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

import cityloop.city
from cityloop.errors import Cancelled, CityLocked, InputError
from cityloop.jobs import Cancel
from cityloop.jobs.demo import OPERATOR_NAME, Demo
from cityloop.jobs.pilot import copy_pilot, pilot_folder, pilot_names
from cityloop.records import Countermeasure, Decision, Estimate, Money, Plan, PlanLine, Project, Realisation, StateEntry
from cityloop.settings import load_city
from cityloop.store import Store

ONE = Estimate(value=1.0, low=0.0, high=2.0, level=0.9, unit="1")
RATE = Realisation(kind="k", estimate=ONE, studies=0, source="", status="unconfirmed")
MONEY = Money(amount=1.0, currency="USD", price_year=2026)


@dataclass
class Kept:
    """What a city in memory remembers beyond the process that is killed."""

    records: dict[str, Any] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)
    played_until: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    turns: list[datetime] = field(default_factory=list)
    plays: list[tuple[datetime, int]] = field(default_factory=list)
    """(until, number of decisions heard before)."""


class Killed(BaseException):
    pass


class FakeCity:
    kept: ClassVar[Kept]
    left: ClassVar[int] = 10_000
    """Calls until the process is killed, before or after the call has had its effect."""

    def __init__(self, folder: Path) -> None:
        self.settings = load_city(folder)
        self.store = self

    @classmethod
    def open(cls, folder: Path) -> "FakeCity":
        return cls(folder)

    def close(self) -> None:
        pass

    def _alive(self) -> None:
        type(self).left -= 1
        if type(self).left < 0:
            raise Killed

    def records(self, noun: type[Any], who: object) -> tuple[Any, ...]:
        return tuple(sorted((r for r in self.kept.records.values() if isinstance(r, noun)), key=lambda r: r.id))

    def get(self, noun: type[Any], id: str, who: object) -> Any:
        return self.kept.records[id]

    def take(self, *, until: datetime, progress: Callable[[float, str], None] | None = None) -> tuple[()]:
        self._alive()
        if progress:
            progress(0.5, "twin")
        if until > self.kept.played_until:
            self.kept.played_until = until
            self.kept.plays.append((until.astimezone(UTC), len(self.kept.decisions)))
        self._alive()
        return ()

    def turn(self, now: datetime, *, progress: Callable[[float, str], None] | None = None) -> Any:
        self._alive()
        if now not in self.kept.turns:
            self.kept.turns.append(now)
        if len(self.kept.turns) == 1 and not self.kept.records:
            self._plan(now)
        self._alive()

        @dataclass
        class Summary:
            turn: str
            now: datetime

        return Summary("t", now)

    def _plan(self, now: datetime) -> None:
        lines = []
        for name, year in (("a", now.year), ("b", now.year), ("later", now.year + 1)):
            measure = Countermeasure(
                id=f"m-{name}", domain="water", kind="k", title_en="", title_zh="", boundary="", targets=(), changes=(),
                answers=(), effects=(), costs=(), realisation=RATE,
            )  # fmt: skip
            project = Project(
                id=f"p-{name}", countermeasure=measure.id, plan="plan", boundary="", name=name,
                states=(StateEntry(state="proposed", on=now, by="plan"),),
            )  # fmt: skip
            self.kept.records |= {measure.id: measure, project.id: project}
            lines.append(
                PlanLine(countermeasure=measure.id, project=project.id, year=year, cost=MONEY, net_present_value=ONE)
            )
        self.kept.records["plan"] = Plan(
            id="plan", years=(now.year,), budget=(MONEY,), lines=tuple(lines), rejected={}, objective=ONE, bound=1.0, gap=0.0,
            stopped_by="optimal", discount_rate=0.0,
        )  # fmt: skip

    def decide(self, decision: Decision) -> tuple[Any, ...]:
        self._alive()
        if decision not in self.kept.decisions:
            assert decision.id not in {d.id for d in self.kept.decisions}
            self.kept.decisions.append(decision)
            about = self.kept.records[decision.about]
            if decision.verb == "approve":
                self.kept.records["plan"] = msgspec.structs.replace(about, status="approved")
                for p in self.records(Project, None):
                    self._state(p, "approved", decision)
            else:
                self._state(about, str(decision.data["state"]), decision)
        self._alive()
        return ()

    def _state(self, project: Project, state: Any, decision: Decision) -> None:
        entry = StateEntry(state=state, on=decision.when, by=decision.who)
        self.kept.records[project.id] = msgspec.structs.replace(project, states=(*project.states, entry))

    def twin(self) -> "FakeTwin":
        return FakeTwin()


class FakeTwin:
    def carry_out(self, project: Project, countermeasure: Countermeasure, *, start: datetime) -> list[Decision]:
        days = {"p-a": 3, "p-b": 9}[project.id]
        told = (("started", start), ("done", start + timedelta(days=days)))
        return [
            Decision(
                id=f"{project.id}-{state}", who="crew", when=on, about=project.id, verb="set",
                data={"state": state, "on": on.isoformat()},
            )
            for state, on in told
        ]  # fmt: skip


class Silent:
    def step(self, *_: object, **__: object) -> None:
        pass

    def progress(self, *_: object) -> None:
        pass


def write(city: Any, now: datetime) -> list[Path]:
    return [Path("report.html")]


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Kept:
    monkeypatch.setattr(cityloop.city, "City", FakeCity)
    FakeCity.kept, FakeCity.left = Kept(), 10_000
    return FakeCity.kept


def demo(out: Path, **options: Any) -> Demo:
    return Demo("ky4", out, write, **options)


def test_demo_when_played_then_approves_carries_out_what_is_due_and_verifies(kept: Kept, tmp_path: Path) -> None:
    noted = demo(tmp_path).run(Silent())
    assert [(d.about, d.verb) for d in kept.decisions] == [
        ("plan", "approve"), ("p-a", "set"), ("p-b", "set"), ("p-a", "set"), ("p-b", "set"),
    ]  # fmt: skip
    assert kept.decisions[0].who == OPERATOR_NAME and kept.decisions[0].simulated
    assert kept.records["p-later"].state == "approved"
    first, last = kept.turns
    assert first.isoformat() == "2026-06-29T00:00:00-04:00"  # 84 days from 2026-04-06, Kentucky summer time
    assert last.isoformat() == "2026-10-08T00:00:00-04:00"  # works end on 15 July; 84 whole days after that day
    assert noted["report"] == {"files": ["report.html"]}


def test_demo_when_works_start_then_readings_up_to_them_were_taken_first(kept: Kept, tmp_path: Path) -> None:
    demo(tmp_path).run(Silent())
    until = [when for when, heard in kept.plays if heard == 1]
    assert max(until) == datetime(2026, 7, 6, 12, tzinfo=UTC)
    for decision in kept.decisions[1:]:
        assert any(when == decision.when.astimezone(UTC) for when, _ in kept.plays)


@pytest.mark.parametrize("calls", range(24))
def test_demo_when_killed_anywhere_then_goes_on_to_the_same_end(kept: Kept, tmp_path: Path, calls: int) -> None:
    demo(tmp_path / "whole").run(Silent())
    whole, FakeCity.kept = kept, Kept()
    FakeCity.left = calls
    with pytest.raises(Killed):
        demo(tmp_path / "killed").run(Silent())
    FakeCity.left = 10_000
    demo(tmp_path / "killed").run(Silent())
    found = FakeCity.kept
    assert (found.records, found.decisions, found.turns) == (whole.records, whole.decisions, whole.turns)
    assert found.plays == whole.plays


def test_demo_when_cancelled_then_goes_on_later(kept: Kept, tmp_path: Path) -> None:
    cancel = Cancel()
    cancel.request()
    with pytest.raises(Cancelled):
        demo(tmp_path, cancel=cancel).run(Silent())
    demo(tmp_path).run(Silent())
    assert len(kept.turns) == 2


def test_demo_when_finished_then_nothing_is_played_again_unless_fresh(kept: Kept, tmp_path: Path) -> None:
    demo(tmp_path).run(Silent())
    demo(tmp_path).run(Silent())
    assert len(kept.turns) == 2
    FakeCity.kept = Kept()
    demo(tmp_path, fresh=True).run(Silent())
    assert len(FakeCity.kept.turns) == 2


def test_demo_when_options_differ_then_refused_and_named(kept: Kept, tmp_path: Path) -> None:
    demo(tmp_path, sensors=20).run(Silent())
    twin = load_city(tmp_path / "city").twin
    assert twin is not None and twin.sensors == 20
    with pytest.raises(InputError, match="sensors 20 there, 40 asked"):
        demo(tmp_path).run(Silent())
    with pytest.raises(InputError, match="sensors 20 there, 40 asked"):
        demo(tmp_path, sensors=40).run(Silent())


def test_demo_when_the_folder_is_a_users_city_then_left_alone(kept: Kept, tmp_path: Path) -> None:
    (tmp_path / "city").mkdir()
    (tmp_path / "city" / "city.toml").write_text("mine", encoding="utf-8")
    for fresh in (False, True):
        with pytest.raises(InputError, match="not a demo"):
            demo(tmp_path, fresh=fresh).run(Silent())
    assert (tmp_path / "city" / "city.toml").read_text(encoding="utf-8") == "mine"


def test_demo_when_another_process_plays_it_then_fresh_is_refused(kept: Kept, tmp_path: Path) -> None:
    demo(tmp_path).run(Silent())
    with Store.open(tmp_path / "city" / "data"), pytest.raises(CityLocked):
        demo(tmp_path, fresh=True).run(Silent())
    assert (tmp_path / "city" / "city.toml").exists()


def test_pilot_when_unknown_then_names_the_known(tmp_path: Path) -> None:
    assert "ky4" in pilot_names()
    with pytest.raises(InputError, match="ky4"):
        Demo("ky5", tmp_path, write).run(Silent())


def test_pilot_when_copying_fails_then_nothing_is_left(tmp_path: Path) -> None:
    with pilot_folder("ky4") as source, pytest.raises(ZeroDivisionError), copy_pilot(source, tmp_path / "c", sensors=7):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
