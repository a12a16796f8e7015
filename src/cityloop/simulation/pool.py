"""A small pool of spawned worker processes that hold the city's models and answer questions about them.

Own code rather than concurrent.futures, which can neither end a worker that hangs nor clear what a killed one leaves:
every worker has a pipe, works in the pool's own temporary folder and ends when its parent does. Spawned, never forked.
"""

import contextlib
import multiprocessing
import pickle
import signal
import tempfile
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, cast

import numpy as np

from cityloop.contracts import Floats, Model
from cityloop.errors import CityloopError, EngineError

__all__ = ["Job", "Pool", "PoolUnavailable", "answer"]

#: (index of the model, method of contracts.Model, changes, keyword arguments)
Job = tuple[int, str, Sequence[Any], dict[str, Any]]
#: Seconds a worker may take to start, and between two looks at the user's wish to cancel.
START_S, TICK_S = 60.0, 0.2


class PoolUnavailable(Exception):
    """No worker process can be started here; the caller does the work itself."""


def answer(models: Sequence[Model], job: Job) -> Floats:
    """Ask a model in this process. Raises EngineError also for an engine that crashes or gives no numbers."""
    index, method, changes, arguments = job
    model = models[index]
    where = f"{type(model).__name__}.{method}"
    try:
        result = np.asarray(getattr(model, method)(changes, **arguments), np.float64)
    except CityloopError:
        raise
    except Exception as error:
        raise EngineError(
            "A simulation failed.", where=where, got=f"{type(error).__name__}: {error}",
            cure="Look at the model with cityloop doctor; the fault is the engine's.",
        ) from error  # fmt: skip
    if not np.isfinite(result).all():
        raise EngineError(
            "A simulation gave values that are no numbers.", where=where,
            got=f"{int((~np.isfinite(result)).sum())} of {result.size}",
            cure="Look at the model with cityloop doctor: what it has no answer for it should refuse.",
        )  # fmt: skip
    return result


def _work(pipe: Connection, models: bytes, folder: str) -> None:
    """The worker: answers jobs until the pipe closes, at whichever end of a job the parent goes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interruption means
    tempfile.tempdir = folder
    opened: Sequence[Model] = pickle.loads(models)
    with contextlib.suppress(EOFError, ConnectionError):
        pipe.send("ready")
        while True:
            job = pipe.recv()
            try:
                reply: object = answer(opened, job)
            except CityloopError as error:
                reply = error
            pipe.send(reply)


class Pool:
    """`workers` processes; raises PoolUnavailable if they cannot start. Close it, or use it as a context manager."""

    def __init__(self, models: Sequence[Model], *, workers: int) -> None:
        try:
            pickled = pickle.dumps(tuple(models))
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            raise PoolUnavailable(f"a model cannot be sent to a worker: {error}") from error
        context = multiprocessing.get_context("spawn")
        self._folder = tempfile.TemporaryDirectory(prefix="cityloop-pool-")
        self._workers: dict[Connection, SpawnProcess] = {}
        try:
            for _ in range(workers):
                mine, theirs = context.Pipe()
                process = context.Process(target=_work, args=(theirs, pickled, self._folder.name), daemon=True)
                process.start()
                theirs.close()
                self._workers[mine] = process
            for pipe in self._workers:
                if not pipe.poll(START_S) or pipe.recv() != "ready":
                    raise PoolUnavailable("a worker did not start in time")
        except (OSError, EOFError, RuntimeError) as error:
            self.close()
            raise PoolUnavailable(str(error) or "a worker ended at once") from error
        except BaseException:
            self.close()
            raise

    def ask(self, jobs: Sequence[Job], *, timeout_s: float, done: Callable[[int], None]) -> list[Floats]:
        """Answers in the order of the jobs. `done(number so far)` is called often and may raise: the pool is then closed.

        Raises EngineError for a worker that ends or takes longer than `timeout_s` over one job.
        """
        try:
            return self._ask(jobs, timeout_s, done)
        except BaseException:
            self.close()  # what still runs is not wanted any more
            raise

    def _ask(self, jobs: Sequence[Job], timeout_s: float, done: Callable[[int], None]) -> list[Floats]:
        answers: dict[int, Floats] = {}
        waiting = list(range(len(jobs)))[::-1]
        busy: dict[Connection, tuple[int, float]] = {}
        while len(answers) < len(jobs):
            for pipe in self._workers:
                if pipe not in busy and waiting:
                    number = waiting.pop()
                    self._send(pipe, jobs[number])
                    busy[pipe] = (number, time.monotonic() + timeout_s)
            for ready in wait(list(busy), timeout=TICK_S):
                pipe = cast("Connection[Any, Any]", ready)
                number, _ = busy.pop(pipe)
                answers[number] = self._receive(pipe)
            if any(time.monotonic() > end for _, end in busy.values()):
                raise EngineError(
                    "A simulation takes too long and was stopped.", where="worker process", got=f"over {timeout_s:g} s",
                    cure="Ask for fewer steps, or look whether the model finds a solution: cityloop doctor.",
                )  # fmt: skip
            done(len(answers))
        return [answers[i] for i in range(len(jobs))]

    def _send(self, pipe: Connection, job: Job) -> None:
        try:
            pipe.send(job)
        except (BrokenPipeError, OSError) as error:
            raise self._ended(pipe) from error

    def _receive(self, pipe: Connection) -> Floats:
        try:
            reply = pipe.recv()
        except (EOFError, OSError) as error:
            raise self._ended(pipe) from error
        if isinstance(reply, CityloopError):
            raise reply
        result: Floats = reply
        return result

    def _ended(self, pipe: Connection) -> EngineError:
        process = self._workers[pipe]
        process.join(1.0)
        return EngineError(
            "A simulation's worker process ended.", got=f"exit code {process.exitcode}",
            cure="Look for lack of memory; run again.",
        )  # fmt: skip

    def close(self) -> None:
        """End every worker and remove what they left."""
        for pipe, process in self._workers.items():
            pipe.close()
            process.terminate()
        for process in self._workers.values():
            process.join(2.0)
            if process.is_alive():
                process.kill()
                process.join()
            process.close()
        self._workers.clear()
        self._folder.cleanup()

    @property
    def closed(self) -> bool:
        """Whether its workers have ended."""
        return not self._workers
