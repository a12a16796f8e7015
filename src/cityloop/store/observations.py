"""Observations, refused rows, cursors and the sequence counter (DuckDB): whatever must agree commits together.

Rows are append-only. Key = (datastream, time, variant); the highest seq wins, a tombstone hides, and both hold as of any
earlier seq for ever. Every row has a seq of its own, so "highest" is never a tie.
"""

import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cityloop.contracts import Rejected
from cityloop.errors import StoreError
from cityloop.records import BATCH_COLUMNS, Quality
from cityloop.store.faults import store_faults

__all__ = ["CURRENT", "Observations", "Part", "Taken", "checked", "connect_observations", "few", "utc"]

_TYPES = {
    "datastream": pa.int32(),
    "time": pa.timestamp("us", "UTC"),
    "variant": pa.int32(),
    "value": pa.float64(),
    "quality": pa.uint8(),
}
assert list(_TYPES) == list(BATCH_COLUMNS)
_BATCH = pa.schema(list(_TYPES.items()))
_CODES = frozenset(int(q) for q in Quality)

#: The rows that stand, of the datastreams in the registered table `wanted(number, id)`, as of $seq, in [$start, $end).
CURRENT = f"""
    SELECT o.datastream AS number, o.time, o.variant, arg_max(o.value, o.seq) AS value,
           arg_max(o.quality, o.seq) AS quality, max(o.seq) AS seq
    FROM observation o JOIN wanted w ON o.datastream = w.number
    WHERE o.seq <= $seq AND o.time >= $start AND o.time < $end
    GROUP BY o.datastream, o.time, o.variant
    HAVING arg_max(o.quality, o.seq) <> {int(Quality.TOMBSTONE)}
"""


@dataclass(frozen=True)
class Taken:
    """What one arrival left in the store: rows kept, rows in quarantine, the seq after it."""

    rows: int
    rejected: int
    seq: int


@dataclass(frozen=True)
class Part:
    """One checked arrival: the columns of a Batch with the store's datastream numbers, refused rows, source and cursor.

    Few rows come as a list of tuples in the order of the columns: many such parts become one table in their commit.
    """

    rows: pa.Table | list[tuple[int, datetime, int, float, int]]
    rejected: tuple[Rejected, ...]
    source: str
    cursor: str


def connect_observations(path: Path) -> duckdb.DuckDBPyConnection:
    """Open the DuckDB file; it never looks for extensions on the network, and its times are UTC."""
    off: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    connection = duckdb.connect(str(path), config=off)
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def utc(table: pa.Table) -> pa.Table:
    """Time columns as timestamp[us, UTC] (DuckDB calls the zone Etc/UTC)."""
    for index, column in enumerate(table.schema):
        if pa.types.is_timestamp(column.type) and column.type.tz is not None:
            table = table.set_column(index, column.name, table.column(index).cast(pa.timestamp("us", "UTC")))
    return table


class Observations:
    """The one writer and any number of readers of the observation file of a city."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        self._db, self.path = connection, path
        self._writing = threading.Lock()
        self._seq = self._ask_seq()

    def close(self) -> None:
        with self._writing, store_faults("closing the observations", self.path):
            self._db.close()

    @contextmanager
    def cursor(self, doing: str, **tables: pa.Table) -> Iterator[duckdb.DuckDBPyConnection]:
        """A reader with Arrow tables in place of names; sees what was committed when its statement began."""
        with store_faults(doing, self.path):
            cursor = self._db.cursor()
            try:
                cursor.execute("SET TimeZone = 'UTC'")
                for name, table in tables.items():
                    cursor.register(name, table)
                yield cursor
            finally:
                cursor.close()

    # --- writing -------------------------------------------------------------------------------------------------
    def append(
        self, batch: pa.Table, numbers: Sequence[int], rejected: Sequence[Rejected], *, source: str, cursor: str
    ) -> Taken:
        """Rows, refused rows, cursor and seq in one transaction. `batch.datastream` holds indices into `numbers`.

        Raises StoreError for a batch that is not what a Batch is; nothing of it is kept then.
        """
        return self.append_all([checked(batch, numbers, rejected, source=source, cursor=cursor)])[0]

    def append_all(self, parts: Sequence[Part]) -> list[Taken]:
        """Several arrivals in one transaction, all or none, in their order; what each of them left."""
        with self._writing:
            taken, last = [], self._seq
            for part in parts:
                last += len(part.rows)
                taken.append(Taken(rows=len(part.rows), rejected=len(part.rejected), seq=last))
            stored = pa.concat_tables(_tables(parts)).combine_chunks()
            stored = stored.append_column("seq", pa.array(np.arange(self._seq + 1, last + 1, dtype=np.int64)))
            refused = pa.concat_tables([_refused(p, t.seq) for p, t in zip(parts, taken, strict=True)])
            cursors = {part.source: part.cursor for part in parts if part.cursor}
            try:
                with self.cursor("taking observations", arrived=stored, refused=refused) as db:
                    _write(db, stored, refused, last, cursors)
            except StoreError:
                # A commit can be on disk and still report a fault of what came after it: ask what stands.
                with suppress(StoreError):
                    self._seq = self._ask_seq()
                raise
            self._seq = last
        return taken

    # --- state ---------------------------------------------------------------------------------------------------
    def seq(self) -> int:
        """The seq of the last row that was acknowledged."""
        return self._seq

    def _ask_seq(self) -> int:
        with self.cursor("opening the observations") as db:
            return int(db.execute("SELECT seq FROM meta").fetchall()[0][0])

    def cursors(self) -> dict[str, str]:
        """Source name -> the cursor that was committed with its last rows."""
        with self.cursor("reading cursors") as db:
            return dict(db.execute("SELECT source, cursor FROM cursor ORDER BY source").fetchall())

    def quarantine(self) -> pa.Table:
        """Refused rows: source, position, raw, reason, seq; the same refusal of the same row is shown once."""
        with self.cursor("reading the quarantine") as db:
            return db.sql(
                "SELECT source, position, raw, reason, min(seq) AS seq FROM quarantine "
                "GROUP BY ALL ORDER BY seq, source, position, raw, reason"
            ).to_arrow_table()

    def highest_number(self) -> int:
        """The highest datastream number in any row; 0 without rows."""
        with self.cursor("opening the observations") as db:
            return int(db.execute("SELECT coalesce(max(datastream), 0) FROM observation").fetchall()[0][0])

    # --- reading -------------------------------------------------------------------------------------------------
    def current(self, wanted: pa.Table, *, start: datetime, end: datetime, seq: int) -> pa.Table:
        """The rows that stand: datastream (id), time, variant, value, quality, seq; ordered by the first three."""
        with self.cursor("reading observations", wanted=wanted) as db:
            found = db.sql(
                f"SELECT w.id AS datastream, c.* EXCLUDE (number) FROM ({CURRENT}) c JOIN wanted w USING (number) "
                "ORDER BY w.id, c.time, c.variant",
                params={"seq": seq, "start": start, "end": end},
            ).to_arrow_table()
        return utc(found)


def _write(
    db: duckdb.DuckDBPyConnection, stored: pa.Table, refused: pa.Table, last: int, cursors: Mapping[str, str]
) -> None:
    """All of it in one transaction, or nothing."""
    db.execute("BEGIN")
    try:
        if len(stored):
            columns = ", ".join((*_TYPES, "seq"))
            db.execute(f"INSERT INTO observation({columns}) SELECT {columns} FROM arrived")
            db.execute("UPDATE meta SET seq = ?", [last])
        if len(refused):
            db.execute("INSERT INTO quarantine SELECT source, position, raw, reason, seq FROM refused")
        for source, cursor in cursors.items():
            db.execute("DELETE FROM cursor WHERE source = ?", [source])
            db.execute("INSERT INTO cursor VALUES (?, ?)", [source, cursor])
        db.execute("COMMIT")
    except BaseException:
        with suppress(duckdb.Error):
            db.execute("ROLLBACK")
        raise


def checked(batch: pa.Table, numbers: Sequence[int], rejected: Sequence[Rejected], *, source: str, cursor: str) -> Part:
    """An arrival ready to be written, with the store's numbers of its datastreams; no lock is held for it.

    Raises StoreError for a batch that is not what a Batch is.
    """
    rows = _check(batch, len(numbers))
    rows = rows.set_column(0, "datastream", pa.array(numbers, pa.int32()).take(rows["datastream"]))
    return Part(rows, tuple(rejected), source, cursor)


def few(
    rows: list[tuple[int, datetime, int, float, int]], rejected: Sequence[Rejected], *, source: str
) -> Part:  # fmt: skip
    """A handful of rows, each with the store's number of its datastream. Raises StoreError as `checked`."""
    strange = [row for row in rows if not math.isfinite(row[3]) or row[4] not in _CODES or row[1].tzinfo is None]
    if strange:
        raise _refuse("holds what no observation is", strange[0], "a finite value, a known quality, an aware time")
    return Part(rows, tuple(rejected), source, "")


def _tables(parts: Sequence[Part]) -> list[pa.Table]:
    """The rows of all parts in their order; neighbouring small ones as one table."""
    tables: list[pa.Table] = []
    run: list[tuple[int, datetime, int, float, int]] = []
    for part in (*parts, None):
        if part is not None and isinstance(part.rows, list):
            run += part.rows
            continue
        if run:
            tables.append(pa.table(dict(zip(_TYPES, map(list, zip(*run, strict=True)), strict=True)), schema=_BATCH))
            run = []
        if part is not None:
            tables.append(part.rows)
    return tables or [_BATCH.empty_table()]


def _refused(part: Part, seq: int) -> pa.Table:
    """The refused rows of one arrival as a table."""
    columns = ("source", "position", "raw", "reason")
    texts = {c: pa.array([_text(getattr(r, c)) for r in part.rejected], pa.string()) for c in columns}
    return pa.table({**texts, "seq": pa.array([seq] * len(part.rejected), pa.int64())})


def _check(batch: pa.Table, datastreams: int) -> pa.Table:
    """The batch with the columns and types of a Batch; StoreError for anything that must not enter."""
    if sorted(batch.column_names) != sorted(_TYPES):
        raise StoreError(
            "An arrival's batch has other columns than a Batch.", got=", ".join(batch.column_names),
            allowed=", ".join(_TYPES), cure="Send the columns of records.BATCH_COLUMNS.",
        )  # fmt: skip
    try:
        table = batch.select(list(_TYPES)).cast(_BATCH).combine_chunks()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as fault:
        raise StoreError(
            "An arrival's batch has other types than a Batch.", got=str(fault).splitlines()[0],
            allowed=", ".join(f"{n}: {t}" for n, t in _TYPES.items()), cure="Send the types of records.BATCH_COLUMNS.",
        ) from fault  # fmt: skip
    empty = [name for name in _TYPES if table[name].null_count]
    if empty:
        raise _refuse("has empty cells", ", ".join(empty), "a value in every cell")
    index = table["datastream"]
    if len(table) and (pc.min(index).as_py() < 0 or pc.max(index).as_py() >= datastreams):
        raise _refuse("points beyond its datastreams", pc.min_max(index).as_py(), f"0 to {datastreams - 1}")
    strange = len(table) - (pc.sum(pc.is_finite(table["value"])).as_py() or 0)
    if strange:
        raise _refuse("holds NaN or infinity", f"{strange} rows", "finite values")
    # Not at the top of the file: making an Arrow array loads pandas, and importing Cityloop must not.
    codes = pa.array([int(q) for q in Quality], pa.uint8())
    if not pc.all(pc.is_in(table["quality"], value_set=codes), min_count=0).as_py():
        raise _refuse("holds an unknown quality", "", ", ".join(f"{q.value} {q.name.lower()}" for q in Quality))
    return table


def _refuse(what: str, got: object, allowed: str) -> StoreError:
    return StoreError(
        f"An arrival's batch {what}; nothing of it was taken.", got=got, allowed=allowed,
        cure="The source must send such rows as refused, with the reason.",
    )  # fmt: skip


def _text(raw: str) -> str:
    """Text that a database can hold: half characters and NUL, as broken files have them, are written out."""
    return raw.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")
