"""Group commit: arrivals of many senders in one transaction, each acknowledged after it."""

import queue
import threading
from concurrent.futures import Future
from types import TracebackType

from cityloop.contracts import Arrival
from cityloop.errors import StoreBusy, StoreError
from cityloop.store.observations import Part, Taken
from cityloop.store.store import Store

__all__ = ["GroupWriter"]

#: Rows that may wait at once; more are refused, never acknowledged. About 30 bytes each.
MOST_WAITING = 4_000_000


class GroupWriter:
    """One thread that writes whatever waits in one commit. Use as a context manager; `close` writes what still waits.

    The larger the load, the larger the commits: a commit costs nearly the same for one row and for ten thousand.
    """

    def __init__(self, store: Store, *, most_waiting: int = MOST_WAITING) -> None:
        self.store, self.most_waiting = store, most_waiting
        self._waiting = 0
        self._count = threading.Condition()
        self._parts: queue.SimpleQueue[tuple[Part, Future[Taken]] | None] = queue.SimpleQueue()
        self._closed = False
        self.commits = self.rows = 0
        """Transactions made and rows kept; rows / commits is the mean merged size."""
        self._thread = threading.Thread(target=self._run, name="cityloop-writer", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Rows that wait to be written."""
        return self._waiting

    def submit(self, arrival: Arrival) -> "Future[Taken]":
        """A promise that is kept when the arrival is on disk. Checked here, in the caller's thread.

        Raises StoreBusy while too much waits, StoreError for a batch that is none or after `close`.
        """
        return self.submit_part(self.store.prepared(arrival))

    def submit_part(self, part: Part) -> "Future[Taken]":
        """As `submit`, for rows whose datastreams are known and whose batch is checked."""
        promise: Future[Taken] = Future()
        with self._count:
            if self._closed:
                raise StoreError("This city is being closed.", cure="Send it again when it is served anew.")
            size = _size(part)
            if self._waiting and self._waiting + size > self.most_waiting:
                raise StoreBusy(
                    "Too many observations wait to be written.", got=f"{self._waiting:,} rows",
                    allowed=f"{self.most_waiting:,} rows", cure="Send it again after a second.",
                )  # fmt: skip
            self._waiting += size
            self._parts.put((part, promise))
        return promise

    def close(self) -> None:
        """Write what waits, then end the thread."""
        with self._count:
            if not self._closed:
                self._closed = True
                self._parts.put(None)
        self._thread.join()

    def __enter__(self) -> "GroupWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- the thread ----------------------------------------------------------------------------------------------
    def _run(self) -> None:
        ended = False
        while not ended:
            taken = [self._parts.get()]
            while True:
                try:
                    taken.append(self._parts.get_nowait())
                except queue.Empty:
                    break
            group = [item for item in taken if item is not None]
            ended = len(group) < len(taken)
            if group:
                self._write(group)

    def _write(self, group: list[tuple[Part, "Future[Taken]"]]) -> None:
        """One transaction; where it fails every sender of the group hears why, and nothing of it is kept."""
        try:
            done = self.store.observations.append_all([part for part, _ in group])
        except BaseException as fault:  # noqa: BLE001 - whoever waits must hear of it; the thread goes on
            for _, promise in group:
                promise.set_exception(fault)
        else:
            self.commits += 1
            self.rows += sum(taken.rows for taken in done)
            for (_, promise), taken in zip(group, done, strict=True):
                promise.set_result(taken)
        finally:
            with self._count:
                self._waiting -= sum(_size(part) for part, _ in group)


def _size(part: Part) -> int:
    return len(part.rows) + len(part.rejected)
