"""The control plane: every version of every record, the numbers of datastreams, the state of turns (SQLite).

WAL with synchronous = FULL: what `put` returned survives a kill and a power loss.
"""

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import msgspec

from cityloop.errors import RecordError, StoreError
from cityloop.records import NOUNS, Datastream, Record, RecordT, from_json, to_json
from cityloop.store.faults import store_faults

__all__ = ["Control", "connect_control"]

_KEPT = 64
"""Decoded (noun, stamp) sets kept in memory; a turn reads fewer than twenty."""


def connect_control(path: Path) -> sqlite3.Connection:
    """Open the SQLite file. One connection for all threads; Control serialises them."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()  # no database: nothing may keep the file open
        raise
    return connection


class Control:
    """Records and turns. `stamp` counts what was ever written: a reader pinned at a stamp never sees anything later."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._db, self._path = connection, path
        self._guard = threading.RLock()
        self._decoded: OrderedDict[tuple[str, int], Mapping[str, Record]] = OrderedDict()
        self._stamp: int | None = None
        """The stamp of the latest record, once asked for: nobody else writes."""

    def close(self) -> None:
        with self._guard, store_faults("closing the records", self._path):
            self._db.close()

    @contextmanager
    def held(self) -> Iterator[sqlite3.Connection]:
        """The connection for several statements that belong together; nobody writes in between."""
        with self._guard:
            yield self._db

    @contextmanager
    def transaction(self, doing: str) -> Iterator[sqlite3.Connection]:
        """Statements that are kept together or not at all."""
        with self._guard, store_faults(doing, self._path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                # SQLite rolls back by itself on a full disk: asking again would hide the first fault.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    # --- records -------------------------------------------------------------------------------------------------
    def put(self, records: Sequence[Record], *, turn: str, step: str) -> tuple[Record, ...]:
        """Keep new versions in one transaction, with the step's mark; returns what now stands for each record."""
        if step and not turn:
            raise StoreError("A step belongs to a turn.", got=step, cure="Name the turn as well.")
        with self.transaction("writing records") as db:
            if step:
                row = db.execute("SELECT finished FROM turn WHERE id = ?", (turn,)).fetchone()
                if row is None or row[0]:
                    raise StoreError("This turn is not open.", got=turn, cure="Begin the turn first.")
                db.execute("INSERT OR IGNORE INTO turn_step(turn, step) VALUES (?, ?)", (turn, step))
            self._stamp = None
            return tuple(self._put_one(db, record, turn, step) for record in records)

    def _put_one(self, db: sqlite3.Connection, record: Record, turn: str, step: str) -> Record:
        noun = type(record).__name__
        latest = db.execute(
            "SELECT noun, version, json FROM record WHERE id = ? ORDER BY version DESC LIMIT 1", (record.id,)
        ).fetchone()
        if latest is None:
            text, kept = _checked(msgspec.structs.replace(record, version=1))
        else:
            if latest[0] != noun:
                raise RecordError("This id belongs to another noun.", where=record.id, got=noun, allowed=latest[0])
            stored = from_json(latest[2])
            same = msgspec.structs.replace(record, version=stored.version)
            # Compared once more as it would be read back: a tuple given for a list is no change.
            if same == stored or _checked(same)[1] == stored:
                return stored
            text, kept = _checked(msgspec.structs.replace(record, version=stored.version + 1))
        db.execute(
            "INSERT INTO record(id, version, noun, json, turn, step) VALUES (?, ?, ?, ?, ?, ?)",
            (kept.id, kept.version, noun, text, turn, step),
        )
        if isinstance(kept, Datastream):
            db.execute("INSERT OR IGNORE INTO datastream_number(id) VALUES (?)", (kept.id,))
        return kept

    def stamp(self) -> int:
        """The stamp of the latest record written."""
        with self._guard, store_faults("reading records", self._path):
            if self._stamp is None:
                self._stamp = int(self._db.execute("SELECT coalesce(max(stamp), 0) FROM record").fetchone()[0])
            return self._stamp

    def stamp_of(self, nouns: Sequence[str]) -> int:
        """The stamp of the latest record of any of these nouns."""
        marks = ", ".join("?" * len(nouns))
        with self._guard, store_faults("reading records", self._path):
            row = self._db.execute(f"SELECT coalesce(max(stamp), 0) FROM record WHERE noun IN ({marks})", tuple(nouns))
            return int(row.fetchone()[0])

    def written(self, after: int, most: int) -> list[tuple[int, str, str, int]]:
        """(stamp, noun, id, version) of what was written after a stamp, in the order of writing, at most `most`."""
        with self._guard, store_faults("reading records", self._path):
            return self._db.execute(
                "SELECT stamp, noun, id, version FROM record WHERE stamp > ? ORDER BY stamp LIMIT ?", (after, most)
            ).fetchall()

    def latest(self, noun: type[RecordT], stamp: int | None = None) -> Mapping[str, RecordT]:
        """Latest version by id of every record of a noun as it stood at `stamp`; decoded once, do not change it."""
        name = noun.__name__
        if name not in NOUNS:
            raise RecordError("No such noun.", got=name, allowed=", ".join(NOUNS))
        with self._guard, store_faults("reading records", self._path):
            # The last change of this noun, not of any: records of other nouns do not empty what was decoded.
            at = self._db.execute(
                "SELECT coalesce(max(stamp), 0) FROM record WHERE noun = ? AND stamp <= ?",
                (name, stamp if stamp is not None else 1 << 62),
            ).fetchone()[0]
            found = self._decoded.get((name, at))
            if found is None:
                found = self._decode(name, at)
                self._decoded[(name, at)] = found
                while len(self._decoded) > _KEPT:
                    self._decoded.popitem(last=False)
            else:
                self._decoded.move_to_end((name, at))
        return cast(Mapping[str, RecordT], found)

    def _decode(self, noun: str, stamp: int) -> Mapping[str, Record]:
        rows = self._db.execute(
            "SELECT id, json FROM record WHERE noun = ? AND stamp <= ? ORDER BY stamp", (noun, stamp)
        )
        texts: dict[str, bytes] = dict(rows)
        with _readable(self._path):
            return {id_: from_json(texts[id_]) for id_ in sorted(texts)}

    def history(self, id_: str) -> tuple[Record, ...]:
        """Every version of one record, oldest first."""
        with self._guard, store_faults("reading records", self._path), _readable(self._path):
            rows = self._db.execute("SELECT json FROM record WHERE id = ? ORDER BY version", (id_,)).fetchall()
            return tuple(from_json(row[0]) for row in rows)

    # --- datastream numbers --------------------------------------------------------------------------------------
    def numbers(self) -> dict[str, int]:
        """Number (int32) of every datastream by its id: what stands in the rows."""
        with self._guard, store_faults("reading records", self._path):
            return dict(self._db.execute("SELECT id, number FROM datastream_number"))

    # --- turns ---------------------------------------------------------------------------------------------------
    def begin_turn(self, id_: str, now: datetime, as_of_seq: int) -> None:
        """Open a turn; the same turn again changes nothing, another one must be finished first."""
        moment = _iso(now)
        with self.transaction("beginning a turn") as db:
            row = db.execute("SELECT now, as_of_seq FROM turn WHERE id = ?", (id_,)).fetchone()
            if row is not None:
                if row != (moment, as_of_seq):
                    raise StoreError("Another turn has this id.", got=id_, cure="Give each turn an id of its own.")
                return
            left = db.execute("SELECT id FROM turn WHERE NOT finished").fetchone()
            if left is not None:
                raise StoreError("Another turn is still open.", got=left[0], cure="Finish it first.")
            db.execute("INSERT INTO turn(id, now, as_of_seq, finished) VALUES (?, ?, ?, 0)", (id_, moment, as_of_seq))

    def open_turn(self) -> tuple[str, datetime, int] | None:
        """The turn that was begun and not finished: id, now, as_of_seq."""
        with self._guard, store_faults("reading turns", self._path):
            row = self._db.execute("SELECT id, now, as_of_seq FROM turn WHERE NOT finished").fetchone()
        return (row[0], datetime.fromisoformat(row[1]), row[2]) if row else None

    def turn_steps(self, id_: str) -> tuple[str, ...]:
        """The steps of a turn that are committed, in their order."""
        with self._guard, store_faults("reading turns", self._path):
            rows = self._db.execute("SELECT step FROM turn_step WHERE turn = ? ORDER BY position", (id_,)).fetchall()
        return tuple(row[0] for row in rows)

    def turn_records(self, id_: str) -> dict[str, tuple[Record, ...]]:
        """The versions that each committed step of a turn wrote, in the order they were written."""
        made: dict[str, list[Record]] = {step: [] for step in self.turn_steps(id_)}
        with self._guard, store_faults("reading turns", self._path), _readable(self._path):
            rows: Iterable[tuple[str, bytes]] = self._db.execute(
                "SELECT step, json FROM record WHERE turn = ? AND step <> '' ORDER BY stamp", (id_,)
            ).fetchall()
            for step, text in rows:
                made[step].append(from_json(text))
        return {step: tuple(records) for step, records in made.items()}

    def finish_turn(self, id_: str) -> None:
        """Close a turn."""
        with self.transaction("finishing a turn") as db:
            if db.execute("UPDATE turn SET finished = 1 WHERE id = ?", (id_,)).rowcount == 0:
                raise StoreError("No such turn.", got=id_)


def _checked(record: Record) -> tuple[bytes, Record]:
    """JSON of a record and what it will read back as; RecordError for what JSON cannot carry (NaN, infinity, objects)."""
    try:
        text = to_json(record)
        return text, from_json(text)
    except (msgspec.MsgspecError, TypeError, ValueError) as fault:
        raise RecordError(
            f"This {type(record).__name__} cannot be stored.", where=record.id, got=str(fault),
            cure="Every number must be finite and every field of the type its noun states.",
        ) from fault  # fmt: skip


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except msgspec.MsgspecError as fault:
        raise StoreError(
            "A stored record does not fit its noun.", where=str(path), got=str(fault),
            cure="Update Cityloop to the version that wrote it, or restore an export.",
        ) from fault  # fmt: skip


def _iso(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise StoreError("A time without a zone.", got=moment.isoformat(), cure="Give aware times.")
    return moment.astimezone(UTC).isoformat()
