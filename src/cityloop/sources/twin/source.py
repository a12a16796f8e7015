"""The twin as a source: it sends what its sensors would see, plays the works, and keeps no state."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from cityloop.contracts import Arrival, Floats, Model
from cityloop.errors import Forbidden, InputError
from cityloop.records import Change, Countermeasure, Datastream, Decision, Project, record_id
from cityloop.settings import CitySettings, TwinSettings
from cityloop.sources.twin.crew import Crew
from cityloop.sources.twin.scenario import Scenario
from cityloop.sources.twin.sensors import Meter, Rows, arriving, read
from cityloop.sources.twin.truth import Repair, Truth, leak_size
from cityloop.sources.twin.works import FinishedWork, hour_of, repairs_of, settings_of
from cityloop.sources.twin.world import World, local_midnight, world_of

__all__ = ["Twin"]

PIECE_HOURS = 7 * 24
#: The rooms that may open a twin's truth; everything outside Cityloop (tests) may.
MAY_SEE_TRUTH = ("cityloop.bench", "cityloop.sources.twin")
SHOWN_HOURS = 84 * 24
_SCHEMA = pa.schema(
    [
        ("datastream", pa.int32()),
        ("time", pa.timestamp("us", "UTC")),
        ("variant", pa.int32()),
        ("value", pa.float64()),
        ("quality", pa.uint8()),
    ]
)


class Twin:
    """Implements contracts.Source for the [[source]] of kind "twin": (truth, works, seed, interval) -> batches.

    `works` are the finished works of the city; `scenario` replaces the one drawn from the seed (bench). The same rows come
    whatever the interval is cut into, and works change only what comes after them. Raises InputError for a city.toml that
    the twin cannot play, EngineError from the model.
    """

    def __init__(
        self, settings: TwinSettings, *, city: CitySettings, model: Model, works: Sequence[FinishedWork] = (),
        scenario: Scenario | None = None,
    ) -> None:  # fmt: skip
        self.settings, self.city, self.name = settings, city, settings.name
        self.works = tuple(works)
        self._model, self._scenario = model, scenario

    @property
    def _world(self) -> World:
        return world_of(self.settings, self.city, self._model, self._scenario)

    @property
    def start(self) -> datetime:
        """The first hour of the twin's time, UTC."""
        return self._world.start

    # --- observations --------------------------------------------------------------------------------------------
    def arrivals(self, *, cursors: Mapping[str, str], until: datetime) -> Iterator[Arrival]:
        """Rows that arrive up to `until`, in pieces of at most a week; the cursor is the time reached."""
        world = self._world
        first_hour = self._first_hour()
        after = max(self._reached(cursors.get(self.name, "")), first_hour)
        last = int((until - world.start).total_seconds() // 3600)
        if last <= after:
            return
        shown = self._shown(last)
        rows = [
            arriving(m, v, seed=self.settings.seed).measured_from(first_hour)
            for m, v in zip(world.meters, shown, strict=True)
        ]
        first = True
        while after < last:
            end = min((after // PIECE_HOURS + 1) * PIECE_HOURS, last)
            yield Arrival(
                datastreams=tuple(m.datastream for m in world.meters),
                batch=self._batch([r.between(after, end) for r in rows]),
                records=tuple(m.sensor for m in world.meters) if first else (),
                source=self.name,
                cursor=(world.start + timedelta(hours=end)).isoformat(),
            )
            after, first = end, False

    def _first_hour(self) -> int:
        """The first hour that is sent; files hold those before it."""
        day = self.settings.sends_from
        return hour_of(local_midnight(day, self.city.timezone), self._world.start) if day else 0

    def _reached(self, cursor: str) -> int:
        if not cursor:
            return 0
        try:
            moment = datetime.fromisoformat(cursor).astimezone(UTC)
        except ValueError as fault:
            raise InputError(
                f"The cursor of source '{self.name}' cannot be read.", got=cursor[:80],
                cure="Take the source again from the start.",
            ) from fault  # fmt: skip
        return max(hour_of(moment, self._world.start), 0)

    def _shown(self, hours: int) -> list[Floats]:
        """What each meter shows over the first `hours`."""
        world, seed = self._world, self.settings.seed
        truth = world.hydraulics.hours(hours, self._repairs(), self._settings())
        column = {output: i for i, output in enumerate(world.hydraulics.outputs)}
        mended = self._mended()
        failing = self._failing()
        return [
            read(
                meter, truth[:, column[meter.output]], seed=seed,
                failure=world.scenario.failure if meter is failing else None, mended_hour=mended,
            )
            for meter in world.meters
        ]  # fmt: skip

    def _batch(self, rows: Sequence[Rows]) -> pa.Table:
        """One table of the rows of every meter."""
        hour = np.concatenate([r.hour for r in rows])
        start_us = int(self._world.start.timestamp()) * 1_000_000
        n = len(hour)
        columns = [
            pa.array(np.repeat(np.arange(len(rows), dtype=np.int32), [len(r.hour) for r in rows])),
            pa.array(start_us + hour * 3_600_000_000, pa.int64()).cast(pa.timestamp("us", "UTC")),
            pa.array(np.zeros(n, np.int32)),
            pa.array(np.concatenate([r.value for r in rows])),
            pa.array(np.zeros(n, np.uint8)),
        ]
        return pa.table(columns, schema=_SCHEMA)

    # --- works ---------------------------------------------------------------------------------------------------
    def carry_out(self, project: Project, countermeasure: Countermeasure, *, start: datetime) -> list[Decision]:
        """The crew's Decisions on a project in time order: set started, inspect ..., set done with its cost."""
        world = self._world
        crew = Crew(
            city=self.city.id, seed=self.settings.seed, timezone=self.city.timezone, policy=self.city.policy,
            network=world.network, leaks=world.scenario.leaks, repairs=self._repairs(), start=world.start,
            runs_at=self._runs_at(start),
        )  # fmt: skip
        if self._sets(countermeasure):
            return crew.adjust(project, countermeasure, start=start)
        if countermeasure.kind != "replace_sensor":
            seeks = not countermeasure.effects or any(e.indicator == "night_flow" for e in countermeasure.effects)
            carry = crew.search if seeks or countermeasure.area else crew.adjust  # reports and mains seek no leak
            return carry(project, countermeasure, start=start)
        finding, place = self._wrong_with(countermeasure, start)
        return crew.visit(project, countermeasure, start=start, finding=finding, place=place)

    def _runs_at(self, start: datetime) -> list[float]:
        """Of each leak, its true flow over the day before `start` over its flow at the pressure of a usual day."""
        world, hour = self._world, hour_of(start, self._world.start)
        series = world.hydraulics.hours(hour, self._repairs(), self._settings())[-24:]
        nominal = [leak_size(k, i, self._repairs(), hour - 12) for i, k in enumerate(world.scenario.leaks)]
        column = {output: i for i, output in enumerate(world.hydraulics.outputs)}
        at_node: dict[str, float] = {}
        for leak, size in zip(world.scenario.leaks, nominal, strict=True):
            at_node[leak.node] = at_node.get(leak.node, 0.0) + size
        return [
            float(series[:, column[(k.node, "leak_l_per_s")]].mean()) / at_node[k.node] if size > 0 else 1.0
            for k, size in zip(world.scenario.leaks, nominal, strict=True)
        ]  # fmt: skip

    def _wrong_with(self, countermeasure: Countermeasure, start: datetime) -> tuple[str, str]:
        """What a visit to a logger shows: a key of the crew's notes, and where it stands if that is elsewhere."""
        world, failing = self._world, self._failing()
        failure = world.scenario.failure
        if (
            failing is not None
            and failure is not None
            and failing.datastream.thing == countermeasure.boundary
            and self._mended() is None
            and hour_of(start, world.start) >= failure.onset_day * 24
        ):
            return "faulty", ""
        if countermeasure.details.get("fault") != "contradicting_logger":
            return "healthy", ""
        for i, meter in enumerate(world.meters[len(world.meters) - self.settings.sensors :]):
            if meter.datastream.thing == countermeasure.boundary and i in world.wrong.swapped:
                return "elsewhere", world.loggers[world.wrong.place[i]]
            if meter.datastream.thing == countermeasure.boundary and i in world.wrong.slow:
                return "slow", ""
        return "right", ""

    @staticmethod
    def _sets(countermeasure: Countermeasure) -> bool:
        """Whether its works set something and search for nothing."""
        return bool(countermeasure.changes) and not countermeasure.area and all(
            c.property != "leak_coefficient" for c in countermeasure.changes
        )  # fmt: skip

    def _repairs(self) -> tuple[Repair, ...]:
        world = self._world
        return repairs_of(
            self.works, world.scenario.leaks, world.network, city=self.city.id, seed=self.settings.seed,
            start=world.start,
        )  # fmt: skip

    def _settings(self) -> tuple[Change, ...]:
        """What finished works have set on the true network."""
        world = self._world
        if not any(work.changes for work in self.works):
            return ()
        names = {
            record_id(self.city.id, "thing", e.kind, e.name): e.name
            for e in self._model.elements()
            if e.kind in ("pipe", "pump", "valve")
        }
        return settings_of(self.works, names, start=world.start, clock=world.clock)

    def _failing(self) -> Meter | None:
        """The meter that fails."""
        world = self._world
        failure = world.scenario.failure
        return world.meters[len(world.meters) - self.settings.sensors + failure.sensor] if failure else None

    def _mended(self) -> int | None:
        """Hour at which the failing logger was exchanged after it had begun to fail."""
        failing, failure = self._failing(), self._world.scenario.failure
        if failing is None or failure is None:
            return None
        hours = [hour_of(w.done, self._world.start) for w in self.works if w.boundary == failing.datastream.thing]
        return min((h for h in hours if h > failure.onset_day * 24), default=None)

    # --- truth ---------------------------------------------------------------------------------------------------
    @property
    def truth(self) -> Truth:
        """What is true, over the first 84 days. Only for the bench and tests: anyone else is given Forbidden."""
        return self.truth_over(SHOWN_HOURS, _asker=sys._getframe(1).f_globals.get("__name__", ""))

    def truth_over(self, hours: int, *, _asker: str = "") -> Truth:
        """`truth` over the first `hours`."""
        asker = _asker or sys._getframe(1).f_globals.get("__name__", "")
        if asker.split(".")[0] == "cityloop" and not any(
            asker == room or asker.startswith(f"{room}.") for room in MAY_SEE_TRUTH
        ):
            raise Forbidden(
                "A twin's truth is not for the loop.", where=asker, allowed="the bench and tests",
                cure="Ask the observations.",
            )  # fmt: skip
        world = self._world
        series = world.hydraulics.hours(hours, self._repairs(), self._settings())
        column = {output: i for i, output in enumerate(world.hydraulics.outputs)}
        names = world.loggers
        failing = self._failing()
        junctions = {record_id(self.city.id, "thing", "junction", n): n for n in names}
        return Truth(
            leaks=world.scenario.leaks,
            failure=world.scenario.failure,
            failing=junctions[failing.datastream.thing] if failing else "",
            mislabelled={names[i]: names[world.wrong.place[i]] for i in world.wrong.swapped},
            slow_clocks=tuple(names[i] for i in sorted(world.wrong.slow)),
            closed_valves=world.shut,
            repairs=self._repairs(),
            leak_flow_l_per_s=series[:, [column[(x.node, "leak_l_per_s")] for x in world.scenario.leaks]],
            demand_l_per_s=series[:, column[("network", "demand_l_per_s")]],
        )

    def datastreams(self) -> tuple[Datastream, ...]:
        """Every datastream that the twin sends."""
        return tuple(m.datastream for m in self._world.meters)
