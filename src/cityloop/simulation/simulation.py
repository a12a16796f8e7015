"""The city's models, asked by Thing ids. Implements contracts.Simulator."""

import logging
import multiprocessing
import os
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import TracebackType
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from cityloop.contracts import Element, Floats, Model, Output, Progress, Result
from cityloop.errors import EngineError
from cityloop.records import Change
from cityloop.settings import ModelSettings
from cityloop.simulation.limits import find_violations, watched
from cityloop.simulation.memory import Memory, question_hash
from cityloop.simulation.pool import Job, Pool, PoolUnavailable, answer

__all__ = ["Simulation"]

LOG = logging.getLogger(__name__)
#: Seconds that starting the workers costs (measured, two cores); less work than that is done in this process.
SPAWN_S = 2.0
#: Steady states are asked in pieces of so many rows, always, so that the answer does not depend on the pool.
ROWS = 400
MEMORY_BYTES = 256 * 1024 * 1024


class Simulation:
    """Every model of a city. Closed links of the settings are closed in every question; limits become Violations.

    `timezone`: the clock that demand patterns follow. `progress` may raise Cancelled: what runs then ends. Work that is
    worth it goes to `workers` spawned processes, begun at the first need and ended by close(). Raises EngineError.
    """

    def __init__(
        self, models: Sequence[tuple[ModelSettings, Model]], *, city: str, workers: int = 2, timezone: str = "UTC",
        progress: Progress | None = None, timeout_s: float = 600.0,
    ) -> None:  # fmt: skip
        self.progress, self.timeout_s = progress, timeout_s
        self._settings = [settings for settings, _ in models]
        self._models = [model for _, model in models]
        self._zone = ZoneInfo(timezone)
        # A process that was itself started as a worker starts none: its parent has shared out the cores.
        self._workers = 1 if multiprocessing.parent_process() else min(workers, os.cpu_count() or 1)
        self._pool: Pool | None = None
        self._memory = Memory(MEMORY_BYTES)
        self._elements: list[tuple[Element, ...]] = [model.elements() for model in self._models]
        self._found: dict[str, list[tuple[int, str]]] = {}
        self._ids: list[dict[tuple[str, str], str]] = []
        for index, (settings, elements) in enumerate(zip(self._settings, self._elements, strict=True)):
            ids = {(e.kind, e.name): settings.thing(city, e) for e in elements}
            self._ids.append(ids)
            for (_, name), thing in ids.items():
                self._found.setdefault(thing, []).append((index, name))
        self._closed = [
            tuple(Change(thing=name, property="status", value=0.0) for name in settings.closed)
            for settings in self._settings
        ]

    def close(self) -> None:
        """End the workers; the next large question starts them again."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    def __enter__(self) -> "Simulation":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- questions -----------------------------------------------------------------------------------------------
    def run(
        self, changes: Sequence[Change], *, start: datetime, steps: int, step_s: int, outputs: Sequence[Output],
        drivers: Mapping[Output, Floats] | None = None,
    ) -> Result:  # fmt: skip
        """One run; series by (thing id, property) and the limits it breaks (worst value per thing)."""
        return self.run_all([changes], start=start, steps=steps, step_s=step_s, outputs=outputs, drivers=drivers)[0]

    def run_all(
        self, variants: Sequence[Sequence[Change]], *, start: datetime, steps: int, step_s: int,
        outputs: Sequence[Output], drivers: Mapping[Output, Floats] | None = None,
    ) -> list[Result]:  # fmt: skip
        """Several runs side by side, same order."""
        given = drivers or {}
        parts = sorted({self._place(thing)[0] for thing, _ in (*outputs, *given)} | self._touched(variants) or {0})
        jobs: list[Job] = []
        asked = {m: self._outputs(m, outputs) for m in parts}
        local = start.astimezone(self._zone)
        for changes in variants:
            for model in parts:
                arguments = {
                    "start": local,
                    "steps": steps,
                    "step_s": step_s,
                    "drivers": {self._name(o): v for o, v in given.items() if self._place(o[0])[0] == model},
                    "outputs": asked[model],
                }
                jobs.append((model, "run", self._changes(model, changes), arguments))
        answers = self._ask(jobs)
        times = np.datetime64(start.astimezone(UTC).replace(tzinfo=None), "us") + np.arange(steps) * np.timedelta64(
            step_s * 1_000_000, "us"
        )
        size = len(parts)
        return [
            self._result(outputs, parts, asked, answers[i * size : (i + 1) * size], times, step_s)
            for i in range(len(variants))
        ]

    def states(
        self, changes: Sequence[Change], *, inputs: Sequence[Output], values: Floats, outputs: Sequence[Output]
    ) -> Floats:
        """One steady state per row of `values`; everything asked must belong to one model."""
        model = self._one_model(changes, (*inputs, *outputs))
        values = np.ascontiguousarray(values, np.float64)
        arguments = {"inputs": [self._name(o) for o in inputs], "outputs": [self._name(o) for o in outputs]}
        mine = self._changes(model, changes)
        pieces = [values[i : i + ROWS] for i in range(0, len(values), ROWS)] or [values]
        answers = self._ask([(model, "states", mine, {**arguments, "values": piece}) for piece in pieces])
        return np.concatenate(answers)

    def gradient(
        self, changes: Sequence[Change], *, inputs: Sequence[Output], values: Floats, outputs: Sequence[Output],
        sources: Sequence[Output],
    ) -> Floats:  # fmt: skip
        """d output / d source at one steady state: (len(outputs), len(sources))."""
        model = self._one_model(changes, (*inputs, *outputs, *sources))
        arguments = {
            "inputs": [self._name(o) for o in inputs],
            "values": np.ascontiguousarray(values, np.float64),
            "outputs": [self._name(o) for o in outputs],
            "sources": [self._name(o) for o in sources],
        }
        return self._ask([(model, "gradient", self._changes(model, changes), arguments)])[0].copy()

    # --- Thing ids and element names -----------------------------------------------------------------------------
    def _place(self, thing: str) -> tuple[int, str]:
        """(model, element name) of a Thing."""
        found = self._found.get(thing, [])
        if len(found) == 1:
            return found[0]
        if not self._models:
            raise EngineError("This city has no model.", got=thing, cure="Name a model file in city.toml.")
        files = [self._settings[model].file for model, _ in found or enumerate(self._settings)]
        raise EngineError(
            "Several models have this Thing." if found else "No model has this Thing.", where=", ".join(files),
            got=f"{thing} ({found[0][1]})" if found else thing,
            cure="Ask by the record id of an element of one model.",
        )  # fmt: skip

    def _name(self, output: Output) -> Output:
        return self._place(output[0])[1], output[1]

    def _touched(self, variants: Sequence[Sequence[Change]]) -> set[int]:
        return {self._place(change.thing)[0] for changes in variants for change in changes}

    def _one_model(self, changes: Sequence[Change], asked: Sequence[Output]) -> int:
        models = self._touched([changes]) | {self._place(thing)[0] for thing, _ in asked}
        if len(models) > 1:
            names = ", ".join(self._settings[m].file for m in sorted(models))
            raise EngineError("A steady state belongs to one model.", got=names, cure="Ask each model by itself.")
        if not models and not self._models:
            raise EngineError("This city has no model.", cure="Name a model file in city.toml.")
        return models.pop() if models else 0

    def _changes(self, model: int, changes: Sequence[Change]) -> list[Change]:
        """The changes of one model by element name, after its closed links."""
        mine = [
            msgspec.structs.replace(c, thing=name)
            for c in changes
            for place, name in [self._place(c.thing)]
            if place == model
        ]
        return [*self._closed[model], *mine]

    def _outputs(self, model: int, outputs: Sequence[Output]) -> list[Output]:
        """What to read from one model: what was asked, then what its limits watch."""
        asked = [self._name(o) for o in outputs if self._place(o[0])[0] == model]
        return list(dict.fromkeys([*asked, *watched(self._settings[model].limits, self._elements[model])]))

    def _result(
        self, outputs: Sequence[Output], parts: Sequence[int], asked: Mapping[int, list[Output]],
        answers: Sequence[Floats], times: np.ndarray, step_s: int,
    ) -> Result:  # fmt: skip
        by_model = {m: dict(zip(asked[m], a.T, strict=True)) for m, a in zip(parts, answers, strict=True)}
        series = {o: by_model[self._place(o[0])[0]][self._name(o)].copy() for o in outputs}
        broken = [
            violation
            for m in parts
            for violation in find_violations(self._settings[m].limits, self._elements[m], by_model[m], self._ids[m])
        ]
        return Result(times, step_s, series, tuple(broken))

    # --- asking --------------------------------------------------------------------------------------------------
    def _ask(self, jobs: Sequence[Job]) -> list[Floats]:
        """Answers in order, from memory, from this process or from the pool."""
        keys = [question_hash(job) for job in jobs]
        answers: dict[bytes, Floats] = {}
        open_jobs: dict[bytes, Job] = {}
        for key, job in zip(keys, jobs, strict=True):
            known = self._memory.get(key)
            if known is None:
                open_jobs.setdefault(key, job)
            else:
                answers[key] = known
        waiting = list(open_jobs.items())
        begun = time.monotonic()
        while waiting:
            number = len(open_jobs) - len(waiting)
            seconds = (time.monotonic() - begun) / number if number else 0.0
            if number and len(waiting) > 1 and self._worth_a_pool(seconds, len(waiting)):
                for (key, _), found in zip(waiting, self._ask_pool([job for _, job in waiting], number), strict=True):
                    answers[key] = found
                    self._memory.put(key, found)
                break
            key, job = waiting.pop(0)
            answers[key] = self._ask_here(job, number, len(open_jobs))
            self._memory.put(key, answers[key])
        return [answers[key] for key in keys]

    def _worth_a_pool(self, seconds: float, jobs: int) -> bool:
        """Whether the workers save more time than it takes to start them; starts them."""
        if self._workers < 2:
            return False
        if self._pool is not None and self._pool.closed:
            self._pool = None
        saved = seconds * (jobs - -(-jobs // self._workers))
        if self._pool is None and saved > SPAWN_S:
            try:
                self._pool = Pool(self._models, workers=self._workers)
            except PoolUnavailable as error:
                LOG.warning("no worker processes (%s): simulations run in this one", error)
                self._workers = 1
        return self._pool is not None and saved > 0

    def _ask_here(self, job: Job, number: int, count: int) -> Floats:
        model, method, changes, arguments = job
        progress = self.progress
        if progress is None:
            return answer(self._models, job)
        if method != "run":
            progress(number / count, "simulation")
            return answer(self._models, job)

        def within(share: float, text: str) -> None:
            progress((number + share) / count, text)

        return answer(self._models, (model, method, changes, {**arguments, "progress": within}))

    def _ask_pool(self, jobs: Sequence[Job], number: int) -> list[Floats]:
        assert self._pool is not None
        count = number + len(jobs)

        def done(ready: int) -> None:
            if self.progress is not None:
                self.progress((number + ready) / count, "simulation")

        return self._pool.ask(jobs, timeout_s=self.timeout_s, done=done)
