"""Long work that a request starts and others look at: one at a time, with its step, its progress and its end."""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, Literal

import msgspec

from cityloop.contracts import Progress
from cityloop.errors import Cancelled, CityloopError, RecordError
from cityloop.web.faults import HttpFault

__all__ = ["Job", "Jobs"]

#: Ended jobs that can still be looked at.
KEPT = 100


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """How far a job is. `progress` runs from 0 to 1; `result` is there when it is done, `fault` when it failed."""

    id: str
    kind: str
    state: Literal["waiting", "running", "done", "failed", "cancelled"]
    by: str
    asked: datetime
    started: datetime | None = None
    ended: datetime | None = None
    progress: float = 0.0
    step: str = ""
    result: Any = None
    fault: str = ""


class Jobs:
    """The jobs of one server. What a job has committed stays committed, whatever becomes of the job."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._known: OrderedDict[str, Job] = OrderedDict()
        self._wished: set[str] = set()
        self._guard = threading.Lock()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="cityloop-job")

    def start(self, kind: str, by: str, work: Callable[[Progress], Any]) -> Job:
        """Queue `work`, which is given a Progress that raises Cancelled once the job is cancelled."""
        job = Job(id=secrets.token_hex(6), kind=kind, state="waiting", by=by, asked=self._clock())
        self._keep(job)
        self._pool.submit(self._run, job.id, work)
        return job

    def get(self, id_: str) -> Job:
        """One job. Raises HttpFault 404."""
        with self._guard:
            if id_ not in self._known:
                raise HttpFault(404, "No such job.", got=id_, cure="List them: GET /api/v1/jobs.")
            return self._known[id_]

    def all(self) -> list[Job]:
        """Every job that is kept, the newest first."""
        with self._guard:
            return list(reversed(self._known.values()))

    def cancel(self, id_: str) -> Job:
        """Wish that a job stops; it does at its next safe place. Raises RecordError for one that has ended."""
        job = self.get(id_)
        if job.ended is not None:
            raise RecordError("This job has ended.", got=job.state)
        self._wished.add(id_)
        return job

    def close(self) -> None:
        """Cancel whatever waits or runs and wait for its end."""
        with self._guard:
            self._wished |= {job.id for job in self._known.values() if job.ended is None}
        self._pool.shutdown(wait=True, cancel_futures=True)

    # --- the thread ----------------------------------------------------------------------------------------------
    def _run(self, id_: str, work: Callable[[Progress], Any]) -> None:
        def progress(share: float, step: str) -> None:
            if id_ in self._wished:
                raise Cancelled("Cancelled.")
            self._change(id_, progress=round(share, 4), step=step)

        self._change(id_, state="running", started=self._clock())
        try:
            progress(0.0, "")
            result = work(progress)
        except Cancelled:
            self._change(id_, state="cancelled", ended=self._clock())
        except CityloopError as fault:
            self._change(id_, state="failed", ended=self._clock(), fault=str(fault))
        except Exception as fault:  # noqa: BLE001 - a job that failed must say so, the server goes on
            self._change(id_, state="failed", ended=self._clock(), fault=f"unexpected: {type(fault).__name__}")
        else:
            self._change(id_, state="done", ended=self._clock(), progress=1.0, result=result)

    def _change(self, id_: str, **fields: Any) -> None:
        with self._guard:
            self._known[id_] = msgspec.structs.replace(self._known[id_], **fields)

    def _keep(self, job: Job) -> None:
        with self._guard:
            self._known[job.id] = job
            ended = [j.id for j in self._known.values() if j.ended is not None]
            for old in ended[: max(len(self._known) - KEPT, 0)]:
                del self._known[old]
