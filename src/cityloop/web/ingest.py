"""Observations in: rows, columns, CSV, Arrow or Parquet to one checked batch; a bad row is refused with its reason."""

import difflib
import math
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from cityloop.contracts import Rejected
from cityloop.errors import InputError
from cityloop.records import Datastream, Quality
from cityloop.store import Taken, checked, few
from cityloop.web.routes import JSON, Asked, Pending, json_answer

if TYPE_CHECKING:
    from cityloop.web.service import Service

__all__ = ["ARROW", "BODIES", "CSV", "PARQUET", "Columns", "Refused", "Row", "Sent", "post_observations", "post_rows"]

ARROW, CSV, PARQUET = "application/vnd.apache.arrow.stream", "text/csv", "application/vnd.apache.parquet"
BODIES = (JSON, CSV, ARROW, PARQUET)
#: Refused rows named in an answer; all of them are in quarantine. Rows that are looked at one by one.
SHOWN, FEW = 100, 64
_TIME = pa.timestamp("us", "UTC")
_QUALITIES = tuple(int(q) for q in Quality)


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One observation: a Datastream by id or by its name, an ISO 8601 time with offset, a value in its unit."""

    datastream: str
    time: str
    value: float | None
    quality: int = 0


class Columns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Observations by columns of one length; `datastream` and `quality` may be one value for all."""

    time: list[str]
    value: list[float | None]
    datastream: str | list[str]
    quality: int | list[int] = 0


class Refused(msgspec.Struct, frozen=True):
    """A row that was not taken: its number in what was sent (from 1), and why."""

    row: int
    reason: str


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What became of what was sent, after it is on disk. `seq` is that of the last row taken."""

    rows: int
    rejected: int
    seq: int
    refused: list[Refused]


@dataclass(frozen=True)
class _Table:
    """What was sent, column by column: names of datastreams, times, values, qualities; null where a cell is no such thing."""

    names: pa.Array
    times: pa.Array
    values: pa.Array
    qualities: pa.Array
    raw: Callable[[int], str]


def post_observations(asked: Asked) -> Pending:
    """Keep observations of known Datastreams; answered when they are on disk."""
    sent = _json(asked.body) if asked.media == JSON else None
    if isinstance(sent, list) and len(sent) <= FEW:
        promise, refused = post_rows(asked, sent)
    else:
        promise, refused = _sent(asked, _read(asked.media, asked.body) if sent is None else _columns(sent))

    def answer(taken: Taken) -> Any:
        return json_answer(Sent(rows=taken.rows, rejected=taken.rejected, seq=taken.seq, refused=refused[:SHOWN]))

    return Pending(promise, answer)


def post_rows(asked: Asked, rows: Sequence[Row]) -> "tuple[Future[Taken], list[Refused]]":
    """Keep rows; a promise that is kept when they are on disk, and those that were refused.

    A few rows are looked at one by one: to make columns of them costs more than they are worth.
    """
    if len(rows) > FEW:
        return _sent(asked, _columns(list(rows)))
    known, good, bad, told = asked.service.datastreams(), [], [], []
    source = asked.source
    for i, row in enumerate(rows, 1):
        found, moment = known.get(row.datastream), _moment(row.time)
        why = _fault(row.datastream, found is not None, moment is not None, row.value, row.quality, known)
        if why or found is None or row.value is None:
            bad.append(Rejected(source, f"row {i}", f"{row.datastream}, {row.time}, {row.value}, {row.quality}", why))
            told.append(Refused(i, why))
        else:
            good.append((found[0], moment, 0, row.value, row.quality))
    return asked.service.writer.submit_part(few(good, bad, source=source)), told


def _sent(asked: Asked, table: "_Table") -> "tuple[Future[Taken], list[Refused]]":
    good, index, streams, faults = _sorted_out(asked.service, table)
    source = asked.source
    refused = [Rejected(source, f"row {i + 1}", table.raw(i), why) for i, why in sorted(faults.items())]
    batch = pa.table(
        {
            "datastream": index,
            "time": table.times.filter(good),
            "variant": pa.repeat(pa.scalar(0, pa.int32()), len(index)),
            "value": table.values.filter(good),
            "quality": table.qualities.filter(good),
        }
    )  # fmt: skip
    part = checked(batch, streams, refused, source=source, cursor="")
    told = [Refused(i + 1, why) for i, why in sorted(faults.items())]
    return asked.service.writer.submit_part(part), told


# --- formats -----------------------------------------------------------------------------------------------------
def _read(media: str, body: bytes) -> _Table:
    """What was sent, by its media type. Raises InputError for a body that is not of it."""
    try:
        if media == CSV:
            return _csv(body)
        if media == ARROW:
            return _arrow(pa.ipc.open_stream(pa.BufferReader(body)).read_all())
        if media == PARQUET:
            import pyarrow.parquet as pq

            return _arrow(pq.read_table(pa.BufferReader(body)))
    except (pa.ArrowException, OSError, ValueError) as fault:
        raise InputError(
            "The body cannot be read.", where="body", got=str(fault).splitlines()[0][:300], allowed=media,
            cure="Send columns datastream, time, value and, if need be, quality.",
        ) from fault  # fmt: skip
    raise InputError("A body of a type that is not taken.", where="Content-Type", got=media, allowed=", ".join(BODIES))


def _json(body: bytes) -> "list[Row] | Columns":
    """Rows (a list) or columns (an object)."""
    kind: Any = list[Row] if body.lstrip()[:1] == b"[" else Columns
    try:
        found: list[Row] | Columns = msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
        raise InputError(
            "The body is neither rows nor columns of observations.", where="body", got=str(fault)[:300],
            allowed='[{"datastream", "time", "value"}, ...] or {"datastream": ..., "time": [...], "value": [...]}',
        ) from fault  # fmt: skip
    return found


def _columns(sent: "list[Row] | Columns") -> _Table:
    """Rows or columns as a table. Raises InputError for columns of different lengths."""
    if isinstance(sent, list):
        parts = zip(*((r.datastream, r.time, r.value, r.quality) for r in sent), strict=True)
        return _table(*(map(list, parts) if sent else ([], [], [], [])))
    n = len(sent.time)
    lengths = {
        "value": len(sent.value),
        "datastream": len(sent.datastream) if isinstance(sent.datastream, list) else n,
        "quality": len(sent.quality) if isinstance(sent.quality, list) else n,
    }
    for name, length in lengths.items():
        if length != n:
            raise InputError("Columns of different lengths.", where=name, got=length, allowed=f"{n}, as in time")
    names = sent.datastream if isinstance(sent.datastream, list) else pa.repeat(sent.datastream, n)
    qualities = sent.quality if isinstance(sent.quality, list) else pa.repeat(pa.scalar(sent.quality, pa.int64()), n)
    return _table(names, sent.time, sent.value, qualities)


def _csv(body: bytes) -> _Table:
    """A header with datastream, time, value and quality if need be; comma, UTF-8."""
    from pyarrow import csv

    as_text = csv.ConvertOptions(column_types={c: pa.string() for c in ("datastream", "time", "value", "quality")})
    return _arrow(csv.read_csv(pa.BufferReader(body), convert_options=as_text))


def _arrow(table: pa.Table) -> _Table:
    for name in ("datastream", "time", "value"):
        if table.column_names.count(name) != 1:
            raise InputError(
                "A column is missing.", where=name, got=", ".join(table.column_names)[:300],
                allowed="datastream, time, value and, if need be, quality",
            )  # fmt: skip
    columns = [table.column(n).combine_chunks() for n in ("datastream", "time", "value")]
    qualities = table.column("quality").combine_chunks() if "quality" in table.column_names else None
    if qualities is None:
        qualities = pa.repeat(pa.scalar(0, pa.int64()), len(table))
    return _table(columns[0], columns[1], columns[2], qualities)


def _table(names: Any, times: Any, values: Any, qualities: Any) -> _Table:
    """Columns as Arrow arrays of the right types; what does not fit becomes null and is named row by row later."""
    names, times, values, qualities = (
        x if isinstance(x, pa.Array) else pa.array(x) for x in (names, times, values, qualities)
    )

    def raw(i: int) -> str:
        return ", ".join(str(x[i].as_py()) for x in (names, times, values, qualities))

    if not pa.types.is_string(names.type):
        names = names.cast(pa.string())
    return _Table(names, _times(times), _numbers(values, pa.float64()), _numbers(qualities, pa.uint8()), raw)


def _times(column: pa.Array) -> pa.Array:
    """Times in UTC. A time without zone is null: nobody guesses one."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        return column.cast(_TIME) if kind.tz is not None else pa.nulls(len(column), _TIME)
    if not pa.types.is_string(kind) and not pa.types.is_large_string(kind):
        return pa.nulls(len(column), _TIME)
    try:
        return column.cast(_TIME)
    except pa.ArrowInvalid:
        return pa.array([_moment(text) for text in column.to_pylist()], _TIME)


def _moment(text: str | None) -> Any:
    """One time with its zone; None for anything else."""
    from datetime import UTC, datetime

    try:
        moment = datetime.fromisoformat(text or "")
        return moment.astimezone(UTC) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _numbers(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """Numbers of a type; null where a cell is none."""
    try:
        return column.cast(kind)
    except pa.ArrowInvalid:
        return pa.array([_number(cell, kind) for cell in column.to_pylist()], kind)


def _number(cell: Any, kind: pa.DataType) -> Any:
    try:
        return pa.scalar(cell).cast(kind).as_py()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None


# --- row by row --------------------------------------------------------------------------------------------------
def _sorted_out(service: "Service", table: _Table) -> tuple[pa.Array, pa.Array, list[int], dict[int, str]]:
    """Which rows are good (bool), the index of each good row's datastream, the numbers, and why the others are not."""
    known = service.datastreams()
    coded = table.names.dictionary_encode()
    numbers: list[int] = []
    place: list[int | None] = []
    for name in coded.dictionary.to_pylist():
        found = known.get(name)
        place.append(len(numbers) if found else None)
        numbers += [found[0]] if found else []
    index = pa.array(place, pa.int32()).take(coded.indices)
    finite = pc.fill_null(pc.is_finite(table.values), False)
    valid = pc.fill_null(pc.is_in(table.qualities, value_set=pa.array(_QUALITIES, pa.uint8())), False)
    good = pc.and_(pc.and_(pc.is_valid(index), pc.is_valid(table.times)), pc.and_(finite, valid))
    faults: dict[int, str] = {}
    if not pc.all(good, min_count=0).as_py():
        for i in pc.indices_nonzero(pc.invert(good)).to_pylist():
            faults[i] = _reason(i, table, index, finite, known)
    return good, index.filter(good), numbers, faults


def _reason(i: int, table: _Table, index: pa.Array, finite: pa.Array, known: dict[str, tuple[int, Datastream]]) -> str:
    name, quality = str(table.names[i].as_py() or ""), table.qualities[i].as_py()
    value = 0.0 if finite[i].as_py() else None
    return _fault(name, index[i].is_valid, table.times[i].is_valid, value, quality, known)


def _fault(
    name: str, found: bool, timed: bool, value: float | None, quality: int | None,
    known: dict[str, tuple[int, Datastream]],
) -> str:  # fmt: skip
    """Why a row cannot be taken; "" for one that can."""
    if not found:
        near = difflib.get_close_matches(name, list(known), 1)
        return f"no such datastream: {name[:80]!r}" + (f"; did you mean {near[0]!r}?" if near else "")
    if not timed:
        return "not a time with its offset: write for example 2026-06-01T08:00:00+08:00"
    if value is None or not math.isfinite(value):
        return "not a finite number"
    if quality not in _QUALITIES:
        return f"unknown quality: allowed {', '.join(str(q) for q in _QUALITIES)}"
    return ""
