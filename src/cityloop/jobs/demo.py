"""The demo: a pilot carried through the whole loop by its twin, from twelve weeks of readings to a verified result.

Each step may be killed and run again: what the city was told once is told once (its cursors, its decisions' ids), and the
crew's reports are fixed before the first of them is told. The same pilot, options and version end with the same records.
"""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as clock
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from cityloop import __version__
from cityloop.contracts import Progress
from cityloop.errors import CityLocked, CityloopError, InputError, StoreError
from cityloop.i18n import Pair
from cityloop.jobs.job import Cancel, Job, Step, Watch
from cityloop.jobs.pilot import copy_pilot, pilot_digest, pilot_folder
from cityloop.jobs.state import JobState
from cityloop.records import Countermeasure, Decision, Filter, Plan, Project, from_json, record_id, to_json
from cityloop.settings import load_city

if TYPE_CHECKING:
    from cityloop.city import City

__all__ = ["OPERATOR_NAME", "PLAY_DAYS", "Demo", "FinishDemo"]

PLAY_DAYS = 84
"""Twelve weeks before the first turn and twelve after the works."""
DAYS_TO_START = 7
"""From approval to the first day of works."""
OPERATOR_NAME = "demo operator (simulated)"
STATE_FILE = "demo.json"
_ALL = Filter.operator()
FinishDemo = Callable[["City", datetime], Sequence[Path]]
"""Writes what the demo ends with (the report) at a moment of the city; returns the files."""

TITLES = {
    "copy": Pair("Copy the pilot", "复制试点城市"),
    "before": Pair("Twelve weeks of readings (twin)", "前 12 周观测（孪生）"),
    "turn": Pair("First turn: problem, goal, countermeasure, plan", "第一轮：问题、目标、对策、方案"),
    "approve": Pair("Approve the plan (simulated)", "批准方案（模拟）"),
    "crew": Pair("Send the crew (simulated)", "派出施工队（模拟）"),
    "works": Pair("Works (simulated)", "施工（模拟）"),
    "after": Pair("Twelve weeks after the works (twin)", "工后 12 周观测（孪生）"),
    "verify": Pair("Second turn: verification", "第二轮：验证"),
    "report": Pair("Report", "报告"),
}


@dataclass
class Demo:
    """One pilot played in `out`: the city in `out`/city, what `finish` writes beside it."""

    pilot: str
    out: Path
    finish: FinishDemo
    sensors: int | None = None
    fresh: bool = False
    cancel: Cancel | None = None

    @property
    def folder(self) -> Path:
        """The city's folder."""
        return self.out / "city"

    @property
    def state_file(self) -> Path:
        """Where the finished steps are remembered."""
        return self.folder / "data" / STATE_FILE

    def run(self, watch: Watch) -> dict[str, Any]:
        """Play what is left, nothing of a finished demo. Raises InputError where another one is in the way, Cancelled."""
        with pilot_folder(self.pilot) as source:
            twin = load_city(source).twin
            key = {
                "job": "demo", "pilot": self.pilot, "sensors": self.sensors or (twin.sensors if twin else 0), "definition": pilot_digest(source),
                "version": __version__,
            }  # fmt: skip
            if self.fresh:
                self._clear()
            state = self._known_state(key)
            if state is None:
                with copy_pilot(source, self.folder, sensors=self.sensors) as draft:
                    JobState(draft / "data" / STATE_FILE, key, {"copy": {}}).write()
                state = JobState(self.state_file, key, {"copy": {}})
        play = _Play(self.folder, self.finish, state)
        try:
            return Job(play.steps(), state=state, cancel=self.cancel).run(watch)
        finally:
            play.close()

    def _known_state(self, key: Mapping[str, Any]) -> JobState | None:
        """The state to go on from; None where nothing is yet."""
        if not self.folder.exists():
            return None
        elsewhere = "Choose another folder: --out DIR; or play it anew: --fresh."
        state = self._read_state()
        if state is None:
            raise InputError(
                "This folder holds a city that is not a demo.", where=str(self.folder),
                cure="Choose another folder: --out DIR. Nothing was touched.",
            )  # fmt: skip
        if state.key != key:
            differs = sorted(k for k in {*state.key, *key} if state.key.get(k) != key.get(k))
            raise InputError(
                "This folder holds a demo with other options.", where=str(self.folder),
                got="; ".join(f"{k} {state.key.get(k)} there, {key.get(k)} asked" for k in differs), cure=elsewhere,
            )  # fmt: skip
        return state

    def _read_state(self) -> JobState | None:
        try:
            return JobState.read(self.state_file)
        except StoreError as fault:
            raise StoreError(
                fault.what, where=fault.where, got=fault.got, cure="Play it anew: --fresh, or elsewhere: --out DIR."
            ) from fault

    def _clear(self) -> None:
        """Remove an earlier demo, and nothing else: a folder without a demo's state is left alone."""
        if not self.state_file.exists():
            return
        from cityloop.store import Store

        try:
            Store.open(self.folder / "data").close()
        except CityLocked:
            raise
        except CityloopError:
            pass  # damaged or of another version: the user asked for a new one
        aside = self.folder.with_name(f".old-{os.getpid()}")
        try:
            os.rename(self.folder, aside)
            shutil.rmtree(aside)
        except OSError as fault:
            raise StoreError(
                "The earlier demo cannot be removed.", where=str(self.folder), got=fault.strerror,
                cure="Choose another folder: --out DIR.",
            ) from fault  # fmt: skip


class _Play:
    """The steps of the demo on one city, opened when the first of them needs it."""

    def __init__(self, folder: Path, finish: FinishDemo, state: JobState) -> None:
        self.folder, self.finish, self.state = folder, finish, state
        self._city: City | None = None

    def close(self) -> None:
        if self._city is not None:
            self._city.close()
            self._city = None

    @property
    def city(self) -> "City":
        if self._city is None:
            from cityloop.city import City

            self._city = City.open(self.folder)
        return self._city

    def steps(self) -> list[Step]:
        work = {
            "copy": lambda _: {}, "before": self.before, "turn": self.turn, "approve": self.approve,
            "crew": self.crew, "works": self.works, "after": self.after, "verify": self.verify, "report": self.report,
        }  # fmt: skip
        return [Step(key, title, work[key]) for key, title in TITLES.items()]

    # --- times ---------------------------------------------------------------------------------------------------
    def _day(self, days: float) -> datetime:
        """Midnight in the city, `days` after the twin's first day."""
        twin = self.city.settings.twin
        if twin is None:
            raise InputError("This pilot has no twin to play it.", where=str(self.folder))
        zone = ZoneInfo(self.city.settings.timezone)
        return datetime.combine(twin.start + timedelta(days=days), clock(), zone)

    @property
    def first_turn(self) -> datetime:
        return self._day(PLAY_DAYS)

    @property
    def last_turn(self) -> datetime:
        """The civil midnight that ends twelve full weeks after the last works."""
        ends = [_on(d) for d in self._told() if d.data.get("state") == "done"]
        zone = ZoneInfo(self.city.settings.timezone)
        last = max([self.first_turn, *ends]).astimezone(zone)
        return datetime.combine(last.date() + timedelta(days=PLAY_DAYS + 1), clock(), zone)

    def _told(self) -> list[Decision]:
        """What the crew reports, as fixed by the step `crew`, in order of time."""
        texts: list[str] = self.state.finished["crew"]["decisions"]
        found = [d for d in map(from_json, texts) if isinstance(d, Decision)]
        return sorted(found, key=lambda d: (d.when, _on(d)))

    # --- steps ---------------------------------------------------------------------------------------------------
    def before(self, progress: Progress) -> dict[str, Any]:
        taken = self.city.take(until=self.first_turn, progress=progress)
        return {"rows": sum(t.rows for t in taken)}

    def turn(self, progress: Progress) -> dict[str, Any]:
        summary = self.city.turn(self.first_turn, progress=progress)
        return {"turn": summary.turn, "now": summary.now.isoformat()}

    def approve(self, progress: Progress) -> dict[str, Any]:
        """Approve every plan of the first turn; approving twice is approving once, since the decision has one id."""
        plans = [p for p in self.city.store.records(Plan, _ALL) if p.status in ("proposed", "approved") and p.lines]
        for plan in plans:
            self.city.decide(
                Decision(
                    id=record_id(self.city.settings.id, "decision", OPERATOR_NAME, "approve", plan.id),
                    simulated=True, who=OPERATOR_NAME, when=self.first_turn, about=plan.id, verb="approve",
                    reason="The demo approves what the plan proposes. | 演示自动批准方案。",
                )
            )  # fmt: skip
        return {"plans": [p.id for p in plans]}

    def crew(self, progress: Progress) -> dict[str, Any]:
        """What the twin's crew will report of each project that is due, fixed before anything of it happens."""
        start = self._day(PLAY_DAYS + DAYS_TO_START) + timedelta(hours=8)
        twin = self.city.twin()
        store = self.city.store
        found: list[Decision] = []
        for plan in store.records(Plan, _ALL):
            due = [line for line in plan.lines if plan.status == "approved" and line.year <= start.year]
            for line in due:
                project = store.get(Project, line.project, _ALL)
                measure = store.get(Countermeasure, project.countermeasure, _ALL)
                if twin is not None and project.state == "approved":
                    found += twin.carry_out(project, measure, start=start)
        return {"decisions": [to_json(d).decode() for d in found]}

    def works(self, progress: Progress) -> dict[str, Any]:
        """Play up to each report and hear it: a baseline must see all that was measured before its works began."""
        reports = self._told()
        for number, report in enumerate(reports):
            progress(number / len(reports), report.verb)
            if report.verb == "set":
                self.city.take(until=report.when, progress=lambda _, text: progress(number / len(reports), text))  # noqa: B023
            self.city.decide(report)
        progress(1.0, "")
        return {"reports": len(reports)}

    def after(self, progress: Progress) -> dict[str, Any]:
        taken = self.city.take(until=self.last_turn, progress=progress)
        return {"rows": sum(t.rows for t in taken)}

    def verify(self, progress: Progress) -> dict[str, Any]:
        summary = self.city.turn(self.last_turn, progress=progress)
        return {"turn": summary.turn, "now": summary.now.isoformat()}

    def report(self, progress: Progress) -> dict[str, Any]:
        return {"files": [str(path) for path in self.finish(self.city, self.last_turn)]}


def _on(decision: Decision) -> datetime:
    """The moment a report speaks of; without one, the moment it was made."""
    stated = decision.data.get("on")
    return datetime.fromisoformat(stated) if isinstance(stated, str) and stated else decision.when
