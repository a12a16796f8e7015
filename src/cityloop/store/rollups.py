"""What is computed from rows: hours, civil days, regular grids, spans, the hash of exactly what was read.

Only measured rows (variant 0) of quality good or estimated count; a forecast never enters a mean. Sums run in the order of
time, so that the same rows give the same last digit on every machine.
"""

import hashlib
import struct
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pyarrow as pa

from cityloop.contracts import Floats, Times
from cityloop.errors import StoreError
from cityloop.records import Quality
from cityloop.store.observations import CURRENT, Observations, utc

__all__ = ["civil_days", "days", "digest", "grid", "hours", "latest", "series", "span"]

_GOOD = f"variant = 0 AND quality IN ({int(Quality.GOOD)}, {int(Quality.ESTIMATED)})"
_EXTREMES = "count(*) AS count, sum(value ORDER BY time) / count(*) AS mean, min(value) AS min, max(value) AS max"
_AMOUNTS = f"{_EXTREMES}, sum(value ORDER BY time) AS sum"
_ROW = np.dtype([("time", "<i8"), ("variant", "<i4"), ("value", "<f8"), ("quality", "u1")])


def hours(store: Observations, wanted: pa.Table, *, start: datetime, end: datetime, seq: int) -> pa.Table:
    """UTC hours with rows: datastream (id), time (start of the hour), count, mean, min, max, sum."""
    with store.cursor("computing hours", wanted=wanted) as db:
        found = db.sql(
            f"SELECT w.id AS datastream, date_trunc('hour', c.time) AS time, {_AMOUNTS} "
            f"FROM ({CURRENT}) c JOIN wanted w USING (number) WHERE {_GOOD} GROUP BY ALL ORDER BY ALL",
            params={"seq": seq, "start": start, "end": end},
        ).to_arrow_table()
    return utc(found)


def days(store: Observations, wanted: pa.Table, *, start: datetime, end: datetime, seq: int, timezone: str) -> pa.Table:
    """Civil days of a zone with rows: datastream (id), day, hours (23 to 25), count, mean, min, max, sum."""
    edges = civil_days(start, end, timezone)
    with store.cursor("computing days", wanted=wanted, civil=edges) as db:
        return db.sql(
            f"SELECT w.id AS datastream, d.day, d.hours, {_AMOUNTS} "
            f"FROM ({CURRENT}) c JOIN wanted w USING (number) ASOF JOIN civil d ON c.time >= d.start "
            f"WHERE {_GOOD} GROUP BY ALL ORDER BY ALL",
            params={"seq": seq, "start": start, "end": end},
        ).to_arrow_table()


def civil_days(start: datetime, end: datetime, timezone: str) -> pa.Table:
    """The civil days that [start, end) touches: day, start (UTC), hours. A day begins where its local date begins."""
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as fault:
        raise StoreError(
            "No such time zone.", got=timezone, cure="Name it as the IANA database does, for instance Asia/Shanghai."
        ) from fault
    first = start.astimezone(zone).date()
    last = max(first, (end - timedelta(microseconds=1)).astimezone(zone).date())
    dates = [first + timedelta(days=n) for n in range((last - first).days + 2)]
    edges = [_midnight(day, zone) for day in dates]
    # A zone that moved over the date line has skipped a date: that day has no length.
    lasting = [(day, a, b) for day, a, b in zip(dates, edges, edges[1:]) if b > a]
    return pa.table(
        {
            "day": pa.array([day for day, _, _ in lasting], pa.date32()),
            "start": pa.array([a for _, a, _ in lasting], pa.timestamp("us", "UTC")),
            "hours": pa.array([(b - a) / timedelta(hours=1) for _, a, b in lasting], pa.float64()),
        }
    )


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """First instant of a local date: 00:00, or where the clock jumps over it the instant of the jump."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def latest(store: Observations, wanted: pa.Table, *, start: datetime, end: datetime, seq: int) -> pa.Table:
    """The last measured row of every datastream, of any quality: the columns of `rows`."""
    with store.cursor("reading the latest observations", wanted=wanted) as db:
        found = db.sql(
            f"SELECT w.id AS datastream, max(time) AS time, arg_max(variant, time) AS variant, "
            f"arg_max(value, time) AS value, arg_max(quality, time) AS quality, arg_max(seq, time) AS seq "
            f"FROM ({CURRENT}) c JOIN wanted w USING (number) WHERE variant = 0 GROUP BY w.id ORDER BY w.id",
            params={"seq": seq, "start": start, "end": end},
        ).to_arrow_table()
    return utc(found)


def series(
    store: Observations, wanted: pa.Table, *, start: datetime, end: datetime, points: int, seq: int,
    within: tuple[datetime, datetime],
) -> pa.Table:  # fmt: skip
    """[start, end) in `points` equal buckets: datastream (id), time (start of the bucket), count, mean, min, max.

    A bucket without good rows is left out: a gap stays a gap. Rows outside `within`, what the reader may see, are left out.
    """
    span_us = _us(end) - _us(start)
    if points < 1 or span_us <= 0:
        raise StoreError("No span to divide into buckets.", got=f"{start} to {end}, {points} buckets")
    with store.cursor("computing a series", wanted=wanted) as db:
        found = db.sql(
            "SELECT datastream, make_timestamptz(((bucket * $span + $points - 1) // $points + $origin)::BIGINT) AS time, "
            f"* EXCLUDE (datastream, bucket) FROM (SELECT w.id AS datastream, "
            # HUGEINT: microseconds times buckets is more than 64 bits hold. A bucket begins at the first whole
            # microsecond that belongs to it: rounded up.
            f"((epoch_us(c.time) - $origin)::HUGEINT * $points) // $span AS bucket, {_EXTREMES} "
            f"FROM ({CURRENT}) c JOIN wanted w USING (number) WHERE {_GOOD} GROUP BY ALL) ORDER BY datastream, time",
            params={
                "seq": seq, "start": max(start, within[0]), "end": min(end, within[1]),
                "span": span_us, "points": points, "origin": _us(start),
            },
        ).to_arrow_table()  # fmt: skip
    return utc(found)


def grid(
    store: Observations, wanted: pa.Table, columns: Sequence[int], *, start: datetime, end: datetime, step_s: int, seq: int,
    within: tuple[datetime, datetime],
) -> tuple[Times, Floats]:  # fmt: skip
    """Whole steps of [start, end): (t,) and (t, len(columns)); mean of the values in [t, t + step), NaN where none.

    `columns` are datastream numbers; one that is not in `wanted` gives a column of NaN, and so do rows
    outside `within`, what the reader may see.
    """
    if step_s <= 0:
        raise StoreError("A step must be longer than nothing.", got=f"{step_s} s")
    step_us = step_s * 1_000_000
    origin = _us(start)
    steps = max(0, (_us(end) - origin) // step_us)
    last = start + timedelta(microseconds=steps * step_us)
    times = (origin + np.arange(steps, dtype=np.int64) * step_us).astype("datetime64[us]")
    with store.cursor("reading a block", wanted=wanted) as db:
        found = db.sql(
            f"SELECT number, epoch_us(time) AS us, value FROM ({CURRENT}) WHERE {_GOOD} ORDER BY number, time",
            params={"seq": seq, "start": within[0], "end": min(within[1], last)},
        ).fetchnumpy()
    numbers = np.asarray(found["number"], np.int64)
    known, place = np.unique(np.asarray(columns, np.int64), return_inverse=True)
    cell = np.searchsorted(known, numbers) * steps + (np.asarray(found["us"], np.int64) - origin) // step_us
    # bincount adds one after the other in the order of the rows: the same last digit every time.
    sums = np.bincount(cell, weights=np.asarray(found["value"], np.float64), minlength=len(known) * steps)
    counts = np.bincount(cell, minlength=len(known) * steps)
    means = np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)
    return times, np.ascontiguousarray(means.reshape(len(known), steps)[place].T)


def span(
    store: Observations, wanted: pa.Table, *, start: datetime, end: datetime, seq: int
) -> tuple[datetime, datetime] | None:
    """First time and the end (last time + step) of the good rows; `wanted` has `step_s` beside number and id."""
    with store.cursor("reading a span", wanted=wanted) as db:
        first, last = db.execute(
            f"SELECT min(epoch_us(c.time)), max(epoch_us(c.time) + w.step_s * 1000000) FROM ({CURRENT}) c "
            f"JOIN wanted w USING (number) WHERE {_GOOD}",
            {"seq": seq, "start": start, "end": end},
        ).fetchall()[0]
    if first is None:
        return None
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + timedelta(microseconds=int(first)), epoch + timedelta(microseconds=int(last))


def digest(rows: pa.Table) -> str:
    """SHA-256 of rows as `Observations.current` gives them, free of numbering and seq.

    Per datastream in the order of ids: the id (UTF-8), a zero byte, the count of its rows (int64), then per row in the
    order of time and variant: time (int64, microseconds of UTC), variant (int32), value (float64), quality (uint8); all
    little-endian. A datastream without rows adds nothing.
    """
    packed = np.empty(len(rows), _ROW)
    packed["time"] = rows["time"].cast(pa.int64()).to_numpy()
    for name in ("variant", "value", "quality"):
        packed[name] = rows[name].to_numpy()
    ids = rows["datastream"].combine_chunks().dictionary_encode()
    ids = ids if isinstance(ids, pa.DictionaryArray) else ids.chunk(0)
    codes = ids.indices.to_numpy()
    edges = np.flatnonzero(np.diff(codes, prepend=-1, append=-1)) if len(rows) else np.array([], np.int64)
    total = hashlib.sha256()
    for low, high in zip(edges, edges[1:]):
        name = ids.dictionary[int(codes[low])].as_py()
        total.update(name.encode() + b"\0" + struct.pack("<q", high - low))
        total.update(packed[low:high].tobytes())
    return total.hexdigest()


def _us(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
