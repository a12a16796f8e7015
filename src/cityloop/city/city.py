"""One city: its folder, its store, its domains, sources and models. The only place where they meet.

`take` lets observations in, `decide` the decisions of people and partners, `turn` runs the five steps. Nothing else writes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from cityloop.city.definition import defined_records, definition_digest
from cityloop.city.feeds import feeds_of, finished_works, twin_of
from cityloop.contracts import Domain, Model, NormRule, Progress, Source, View
from cityloop.errors import InputError, RecordError
from cityloop.i18n import Pair
from cityloop.records import (
    Countermeasure,
    Datastream,
    Decision,
    Filter,
    Project,
    Record,
    ServiceRequest,
    Thing,
    record_id,
)
from cityloop.registry import domains, engine
from cityloop.settings import CitySettings, ModelSettings, TwinSettings, load_city, load_norms
from cityloop.settings.billing import balance_properties
from cityloop.settings.norms import WORLDS
from cityloop.store import Store, StoreView

if TYPE_CHECKING:
    from cityloop.simulation import Simulation
    from cityloop.sources.twin import Scenario, Twin

__all__ = ["STEPS", "City", "TakeSummary", "TurnSummary"]

STEPS = {
    "problem": Pair("Problem", "问题"),
    "goal": Pair("Goal", "目标"),
    "countermeasure": Pair("Countermeasure", "对策"),
    "plan": Pair("Plan", "方案"),
    "verification": Pair("Verification", "验证"),
}
OPERATOR = Filter.operator()


@dataclass(frozen=True)
class TakeSummary:
    """What one source gave: rows taken, rows refused (in quarantine), and what the source counted besides."""

    source: str
    rows: int
    rejected: int
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class TurnSummary:
    """One turn of the loop: the records each step made or changed; `resumed_at` names the step a killed turn went on at."""

    turn: str
    now: datetime
    resumed_at: str
    steps: Mapping[str, tuple[Record, ...]]
    committed: bool = True


class City:
    """An open city. One process owns it; use it as a context manager.

    `folder` holds city.toml and is only read; `folder`/data holds all state. Raises InputError and SettingsError for the
    definition, CityLocked while another process owns the city, StoreError for the data folder.
    """

    def __init__(self, settings: CitySettings, store: Store) -> None:
        self.settings, self.store = settings, store
        self.folder = settings.folder
        self.domains: tuple[Domain, ...] = domains()
        self.scenario: Scenario | None = None
        """What goes wrong in the twin's city, set by a bench before the first `take`; None: drawn from the seed."""
        self._simulation: Simulation | None = None

    @classmethod
    def open(cls, folder: Path, *, sensors: int | None = None, address: str = "") -> "City":
        """Open the city of a folder; `sensors` replaces the number of loggers of its twin.

        `address` is where others can talk to this process while it owns the city.
        """
        settings = load_city(Path(folder))
        if sensors is not None:
            if settings.twin is None:
                raise InputError("This city has no twin.", where=str(folder), cure="Leave out --sensors.")
            settings = replace(
                settings,
                sources=tuple(
                    replace(s, sensors=sensors) if isinstance(s, TwinSettings) else s for s in settings.sources
                ),
            )
        return cls(settings, Store.open(Path(folder) / "data", address=address))

    def close(self) -> None:
        """Give the city free; worker processes end."""
        if self._simulation is not None:
            self._simulation.close()
            self._simulation = None
        self.store.close()

    def __enter__(self) -> "City":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- reading -------------------------------------------------------------------------------------------------
    @cached_property
    def norms(self) -> Mapping[str, Mapping[str, NormRule]]:
        """Every rule world's tables, by world and key."""
        return {world: load_norms(world) for world in WORLDS}

    @cached_property
    def models(self) -> tuple[tuple[ModelSettings, Model], ...]:
        """The opened models of the city. Raises EngineError saying what in the file is wrong."""
        return tuple((m, engine(m.engine).open(m.path(self.folder))) for m in self.settings.models)

    @property
    def simulator(self) -> "Simulation | None":
        """The city's models as one Simulator; None without a model."""
        if self._simulation is None and self.settings.models:
            from cityloop.simulation import Simulation

            self._simulation = Simulation(self.models, city=self.settings.id, timezone=self.settings.timezone)
        return self._simulation

    def last_observation(self) -> datetime | None:
        """The end of the latest good observation; None without any."""
        streams = [s.id for s in self.store.records(Datastream, OPERATOR)]
        span = self.store.span(streams, who=OPERATOR) if streams else None
        return span[1] if span else None

    def view(
        self, now: datetime | None = None, *, as_of_seq: int | None = None, overlay: Sequence[Record] = ()
    ) -> View:
        """The city as it stands at `now` (None: at the end of the latest observation), read with the operator's Filter."""
        moment = now or self.last_observation()
        if moment is None:
            raise InputError(
                "This city has no observations yet.", where=str(self.folder),
                cure="Take some first: cityloop take CITY.",
            )  # fmt: skip
        return StoreView(
            self.store, city=self.settings.id, timezone=self.settings.timezone, now=moment,
            policy=self.settings.policy, norms=self.norms, as_of_seq=as_of_seq, who=OPERATOR, overlay=overlay,
        )  # fmt: skip

    def requests(self) -> Mapping[str, ServiceRequest]:
        """The citizens' requests on record, by id."""
        return {r.id: r for r in self.store.records(ServiceRequest, OPERATOR)}

    # --- the two doors -------------------------------------------------------------------------------------------
    def take(
        self, *, until: datetime, progress: Progress | None = None, sources: Sequence[Source] = (), only: bool = False
    ) -> tuple[TakeSummary, ...]:
        """Let in what every source has up to `until`; what was committed stays if this is stopped.

        `sources` are asked after those of city.toml: feeds that a program of the city's own brings along; with `only` they
        alone are asked.
        """
        self.define()
        known = {t.id for t in self.store.records(Thing, OPERATOR)}
        found = []
        own = () if only else feeds_of(self.settings, known, self.twin, self.requests)
        sources = [*own, *sources]
        for number, source in enumerate(sources):
            rows = rejected = 0
            _tell(progress, number / len(sources), source.name)
            for arrival in source.arrivals(cursors=self.store.cursors(), until=until):
                taken = self.store.take(arrival)
                rows += taken.rows
                rejected += taken.rejected
                _tell(progress, number / len(sources), f"{source.name}: {rows:,}")
            found.append(TakeSummary(source.name, rows, rejected, dict(getattr(source, "counts", {}))))
        _tell(progress, 1.0, "")
        return tuple(found)

    def decide(self, decision: Decision) -> tuple[Record, ...]:
        """Take one decision and what follows from it, in one transaction; the same decision again changes nothing.

        Raises RecordError for a verb, state or record that does not fit.
        """
        from cityloop.loop.decision import apply

        for known in self.store.history(decision.id, OPERATOR):
            if known == decision:
                return ()
            raise RecordError(
                "Another decision has this id.", where=decision.id, cure="Give each decision an id of its own."
            )
        return self.store.put([decision, *apply(decision, self.view(decision.when), self.domains)])

    def turn(self, now: datetime, *, progress: Progress | None = None, commit: bool = True) -> TurnSummary:
        """Run the five steps at `now`. A turn that was killed is finished first, from its step, as it stood then.

        With `commit=False` it is a what-if: the same steps, and nothing is written.
        """
        self.define()
        if commit and (left := self.store.open_turn()) is not None:
            summary = self._run(*left, progress)
            if left[1] >= now:
                return summary
        seq = self.store.seq()
        state = (str(seq), str(len(self.store.records(Decision, OPERATOR))), definition_digest(self.settings))
        turn = record_id(self.settings.id, "turn", now.astimezone(UTC).isoformat(), *state)
        if not commit:
            return self._what_if(turn, now, seq, progress)
        self.store.begin_turn(turn, now, seq)
        return self._run(turn, now, seq, progress)

    def _run(self, turn: str, now: datetime, seq: int, progress: Progress | None) -> TurnSummary:
        done = self.store.turn_steps(turn)
        made = self.store.turn_records(turn)
        for number, name in enumerate(STEPS):
            if name in done:
                continue
            self._report(progress, number / len(STEPS), name)
            records = self._step(name, self.view(now, as_of_seq=seq))
            made[name] = self.store.put(records, turn=turn, step=name)
        self.store.finish_turn(turn)
        _tell(progress, 1.0, "")
        resumed_at = next((n for n in STEPS if n not in done), "") if done else ""
        return TurnSummary(turn, now, resumed_at, {n: made.get(n, ()) for n in STEPS})

    def _report(self, progress: Progress | None, share: float, text: str) -> None:
        """Tell how far a turn is; what is simulated in this step tells the same, and stops where `progress` raises."""
        _tell(progress, share, text)
        if (simulation := self.simulator) is not None and progress is not None:
            simulation.progress = lambda _, detail: progress(share, f"{text}: {detail}" if detail else text)

    def _what_if(self, turn: str, now: datetime, seq: int, progress: Progress | None) -> TurnSummary:
        made: dict[str, tuple[Record, ...]] = {}
        for number, name in enumerate(STEPS):
            self._report(progress, number / len(STEPS), name)
            overlay = [r for records in made.values() for r in records]
            made[name] = tuple(self._step(name, self.view(now, as_of_seq=seq, overlay=overlay)))
        return TurnSummary(turn, now, "", made, committed=False)

    def _step(self, name: str, view: View) -> Sequence[Record]:
        """One step of the loop. Verification is never given the Simulator."""
        from cityloop.loop import countermeasure, goal, plan, problem, verification

        steps: dict[str, Callable[[], Sequence[Record]]] = {
            "problem": lambda: problem.find_problems(view, self.domains, self.simulator),
            "goal": lambda: goal.set_goals(view, self.domains),
            "countermeasure": lambda: countermeasure.propose(view, self.domains, self.simulator),
            "plan": lambda: plan.make_plan(view, self.simulator),
            "verification": lambda: verification.verify(view, self.domains),
        }
        return steps[name]()

    # --- definition and sources ----------------------------------------------------------------------------------
    def define(self) -> None:
        """Put what city.toml, its tables and its models describe as records, if it changed since the last time."""
        digest = definition_digest(self.settings)
        me = record_id(self.settings.id, "thing", "city", self.settings.id)
        known = {t.id: t for t in self.store.records(Thing, OPERATOR)}
        if me in known and known[me].properties.get("definition_sha256") == digest:
            return
        city: dict[str, float | str] = {"country": self.settings.country, "definition_sha256": digest}
        city |= balance_properties(self.settings.balance)
        things = defined_records(self.settings, self.models)
        self.store.put([*things.values(), Thing(id=me, kind="city", name=self.settings.id, properties=city)])

    def twin(self) -> "Twin | None":
        """The twin that plays this city, told which works are finished; None for a city with a feed of its own."""
        if self.settings.twin is None:
            return None
        works = finished_works(self.store.records(Project, OPERATOR), self.store.records(Countermeasure, OPERATOR))
        return twin_of(self.settings, self.models[0][1], works, self.scenario)


def _tell(progress: Progress | None, share: float, text: str) -> None:
    if progress is not None:
        progress(share, text)
