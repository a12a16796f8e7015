"""The calls of a served city."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

import msgspec

from cityloop.client.answers import Event, Job, Rows, Sent, rows_of
from cityloop.client.line import Line, Unreachable
from cityloop.errors import Cancelled, CityloopError, InputError
from cityloop.records import AnyRecord, Record, RecordT

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Client"]

ARROW = "application/vnd.apache.arrow.stream"
#: Rows in one body or one answer; seconds between two looks at a job; seconds without a sign of life that end a stream.
SEND_ROWS, READ_ROWS, LOOK_S, QUIET_S = 100_000, 1_000_000, 0.3, 45.0
Progress = Callable[[float, str], None]
"""Called with the share done (0 to 1) and the step; may raise Cancelled."""


class _Page(msgspec.Struct):
    records: list[AnyRecord]
    next: str | None = None


class _Records(msgspec.Struct):
    records: list[AnyRecord]


class Client:
    """A line to the city served at `url`, with the rights of `key`. Use as a context manager, or close it.

    `ca` is a file with the certificate of a server that signs its own. Every refusal is raised as the error of
    cityloop.errors that the server told, with what, where, got, allowed and cure; Unreachable where nobody answers.
    """

    def __init__(
        self, url: str, key: str, *, ca: Path | None = None, timeout_s: float = 60.0, patience_s: float = 60.0
    ) -> None:
        self._line = Line(url, key, ca=ca, timeout_s=timeout_s, patience_s=patience_s)

    def close(self) -> None:
        """End the line."""
        self._line.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- records -------------------------------------------------------------------------------------------------
    def records(self, noun: type[RecordT], **filters: str | int | bool) -> Iterator[RecordT]:
        """The latest versions of a noun's records by id, page by page; `filters` are values of its plain fields."""
        asked: dict[str, Any] = {name: _said(value) for name, value in filters.items()} | {"limit": 1000}
        while True:
            page = self._line.json(_Page, "GET", f"/api/v1/records/{noun.__name__}", params=asked)
            yield from cast(list[RecordT], page.records)
            if page.next is None:
                return
            asked["after"] = page.next

    def record(self, noun: type[RecordT], id: str) -> RecordT:
        """The latest version of one record. Raises RecordError for an id that is none."""
        return self._line.json(noun, "GET", f"/api/v1/records/{noun.__name__}/{_part(id)}")

    def versions(self, noun: type[RecordT], id: str) -> list[RecordT]:
        """Every version of one record, oldest first."""
        page = self._line.json(_Page, "GET", f"/api/v1/records/{noun.__name__}/{_part(id)}/versions")
        return cast(list[RecordT], page.records)

    # --- observations --------------------------------------------------------------------------------------------
    def send(self, observations: "Sequence[Mapping[str, Any]] | Mapping[str, Any] | pa.Table") -> Sent:
        """Send observations: rows, columns or an Arrow table with `datastream` (id or name), `time`, `value`, `quality`.

        Times carry their offset. Large tables go in several bodies, each of them all or nothing but for the rows that are
        refused by name. The same rows sent twice change nothing that stands: after Unreachable, send them again.
        """
        if isinstance(observations, Mapping):
            return self._line.json(Sent, "POST", "/api/v1/observations", **_json(dict(observations)))
        if isinstance(observations, Sequence):
            parts = (observations[i : i + SEND_ROWS] for i in range(0, len(observations), SEND_ROWS))
            return self._sent((len(part), _json([dict(row) for row in part])) for part in parts)
        table = observations
        parts_of = (table.slice(i, SEND_ROWS) for i in range(0, len(table), SEND_ROWS))
        return self._sent((len(part), _arrow(part)) for part in parts_of)

    def _sent(self, bodies: Iterable[tuple[int, dict[str, Any]]]) -> Sent:
        """All bodies in their order as one; rows are counted over all of them."""
        total, before = Sent(rows=0, rejected=0, seq=0, refused=[]), 0
        for rows, body in bodies:
            one = self._line.json(Sent, "POST", "/api/v1/observations", **body)
            refused = [msgspec.structs.replace(r, row=r.row + before) for r in one.refused]
            total = Sent(
                rows=total.rows + one.rows, rejected=total.rejected + one.rejected, seq=one.seq,
                refused=[*total.refused, *refused],
            )  # fmt: skip
            before += rows
        return total

    def observations(self, *datastreams: str, start: datetime | None = None, end: datetime | None = None) -> Rows:
        """The rows that stand in [start, end): datastream (id), time, variant, value, quality, seq."""
        return _together([self._pages(name, start, end) for name in datastreams])

    def _pages(self, datastream: str, start: datetime | None, end: datetime | None) -> Rows:
        pages, asked = [], _span((datastream,), start, end) | {"limit": READ_ROWS, "format": "arrow"}
        while True:
            answer = self._line.ask("GET", "/api/v1/observations", params=asked)
            pages.append(rows_of(answer.content))
            asked["start"] = answer.headers.get("X-Next-Start", "")
            if not asked["start"]:
                return _together(pages)

    def latest(self) -> Rows:
        """The last measured row of every Datastream: the columns of `observations`."""
        return self._rows("/api/v1/latest", {})

    def series(
        self, *datastreams: str, start: datetime | None = None, end: datetime | None = None, points: int = 500
    ) -> Rows:
        """`points` equal buckets of [start, end): datastream, time, count, mean, min, max; no extreme is lost."""
        return self._rows("/api/v1/series", _span(datastreams, start, end) | {"points": points})

    def hours(self, *datastreams: str, start: datetime | None = None, end: datetime | None = None) -> Rows:
        """UTC hours: datastream, time, count, mean, min, max, sum."""
        return self._rows("/api/v1/hours", _span(datastreams, start, end))

    def days(self, *datastreams: str, start: datetime | None = None, end: datetime | None = None) -> Rows:
        """Civil days of the city: datastream, day, hours (23 to 25), count, mean, min, max, sum."""
        return self._rows("/api/v1/days", _span(datastreams, start, end))

    def _rows(self, path: str, asked: dict[str, Any]) -> Rows:
        return rows_of(self._line.ask("GET", path, params={**asked, "format": "arrow"}).content)

    # --- the loop ------------------------------------------------------------------------------------------------
    def decide(
        self, about: str, verb: str, *, reason: str = "", data: Mapping[str, float | str] | None = None,
        when: datetime | None = None,
    ) -> list[Record]:  # fmt: skip
        """Decide about a record, in the name of the key; the records that the decision changed."""
        body: dict[str, Any] = {"about": about, "verb": verb, "reason": reason, "data": dict(data or {})}
        if when is not None:
            body["when"] = _time(when)
        return list(self._line.json(_Records, "POST", "/api/v1/decisions", **_json(body)).records)

    def turn(self, now: datetime | None = None, *, wait: bool = True, progress: Progress | None = None) -> Job:
        """Run a turn at `now` (default: the end of the latest observation); the job, ended where it is waited for.

        Raises CityloopError with the reason where it failed, Cancelled where it was cancelled.
        """
        return self._start({"commit": True}, now, wait, progress)

    def what_if(self, now: datetime | None = None, *, wait: bool = True, progress: Progress | None = None) -> Job:
        """As `turn`, but nothing is kept: the records are in the job's result and nowhere else."""
        return self._start({"commit": False}, now, wait, progress)

    def _start(self, body: dict[str, Any], now: datetime | None, wait: bool, progress: Progress | None) -> Job:
        if now is not None:
            body["now"] = _time(now)
        job = self._line.json(Job, "POST", "/api/v1/turns", **_json(body))
        return self.wait(job.id, progress=progress) if wait else job

    def jobs(self) -> list[Job]:
        """Every job that the server keeps, the newest first, without results."""
        return self._line.json(list[Job], "GET", "/api/v1/jobs")

    def job(self, id: str) -> Job:
        """One job, with its result once it is done."""
        return self._line.json(Job, "GET", f"/api/v1/jobs/{_part(id)}")

    def cancel(self, id: str) -> Job:
        """Ask a job to stop at its next safe place."""
        return self._line.json(Job, "DELETE", f"/api/v1/jobs/{_part(id)}")

    def wait(self, id: str, *, progress: Progress | None = None) -> Job:
        """A job when it has ended. Where `progress` raises Cancelled, the job is cancelled and its end awaited."""
        while True:
            job = self.job(id)
            if job.state == "failed":
                raise CityloopError(f"The job failed. {job.fault}".strip())
            if job.state == "cancelled":
                raise Cancelled("The job was cancelled.")
            if job.state == "done":
                return job
            try:
                if progress is not None:
                    progress(job.progress, job.step)
            except Cancelled:
                progress = None
                with suppress(CityloopError):  # it may have ended in between
                    self.cancel(id)
            time.sleep(LOOK_S)

    # --- events --------------------------------------------------------------------------------------------------
    def events(self, *, after: str = "", patience_s: float = 60.0) -> Iterator[Event]:
        """What happens, one by one, from now on or after an event's id; goes on by itself when the line breaks.

        Ends by Unreachable where nobody answers for `patience_s`.
        """
        place, until = after, time.monotonic() + patience_s
        while True:
            try:
                headers = {"Last-Event-ID": place} if place else {}
                with self._line.stream("/api/v1/events", headers, quiet_s=QUIET_S) as answer:
                    for block in _blocks(answer.iter_lines()):
                        place, until = block.get("id", place), time.monotonic() + patience_s
                        if event := _event(block):
                            yield event
            except Unreachable:
                if time.monotonic() > until:
                    raise
            time.sleep(min(1.0, patience_s))


# --- words of the line -------------------------------------------------------------------------------------------
def _blocks(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    """The blocks of an event stream: name -> value of its lines, without comments."""
    block: dict[str, str] = {}
    for line in lines:
        if not line:
            yield block
            block = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(":")
            block[name] = value.removeprefix(" ")


def _event(block: Mapping[str, str]) -> Event | None:
    """The event of a block; None for one that says the place only, or a kind that a later server may have."""
    if block.get("event") not in ("record", "rows"):
        return None
    data = msgspec.json.decode(block["data"])
    if block["event"] == "rows":
        return Event(id=block["id"], kind="rows", first=data["from"], last=data["to"])
    return Event(
        id=block["id"],
        kind="record",
        noun=data["noun"],
        record=data["id"],
        version=data["version"],
        stamp=data["stamp"],
    )


def _json(body: Any) -> dict[str, Any]:
    return {"content": msgspec.json.encode(body), "headers": {"Content-Type": "application/json"}}


def _arrow(table: "pa.Table") -> dict[str, Any]:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return {"content": sink.getvalue().to_pybytes(), "headers": {"Content-Type": ARROW}}


def _together(parts: Sequence[Rows]) -> Rows:
    if not parts:
        raise InputError("No datastream is named.", cure="Name one or more, by id or name.")
    import pyarrow as pa

    units = {id_: unit for part in parts for id_, unit in part.units.items()}
    return Rows(pa.concat_tables([part.table for part in parts]), units)


def _span(datastreams: Sequence[str], start: datetime | None, end: datetime | None) -> dict[str, Any]:
    asked: dict[str, Any] = {"datastream": list(datastreams)}
    return asked | {name: _time(at) for name, at in (("start", start), ("end", end)) if at is not None}


def _time(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise InputError("A time without a zone.", got=moment.isoformat(), cure="Give aware times.")
    return moment.isoformat()


def _said(value: str | int | bool) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _part(text: str) -> str:
    """A text as one part of a path."""
    from urllib.parse import quote

    return quote(text, safe=":")
