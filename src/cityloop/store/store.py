"""The store of one city: everything it knows, behind one lock, each read through a Filter."""

import difflib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

import pyarrow as pa

from cityloop.contracts import Arrival, Floats, Times
from cityloop.errors import RecordError, StoreError
from cityloop.records import Datastream, Filter, Record, RecordT
from cityloop.store import rollups
from cityloop.store.control import Control, connect_control
from cityloop.store.faults import store_faults
from cityloop.store.keys import Keys
from cityloop.store.lock import DataLock
from cityloop.store.observations import Observations, Part, Taken, checked, connect_observations
from cityloop.store.schema import CONTROL, OBSERVATIONS, prepare

__all__ = ["Store"]

_ALWAYS = (datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC))


class Store:
    """An open data folder. `records` and `put` are the control plane; `take` and the rest are observations.

    Every call raises StoreError with a cure where disk or database refuse; what a call returned from is durable.
    """

    def __init__(self, data: Path, lock: DataLock, control: Control, observations: Observations) -> None:
        self.data, self._lock = data, lock
        self.control, self.observations = control, observations
        self.keys = Keys(control)

    @classmethod
    def open(cls, data: Path, *, address: str = "") -> "Store":
        """Open or create the data folder and own it until `close`.

        Raises CityLocked naming the owner, StoreVersion for a folder of a newer version; an older one is migrated.
        """
        data = Path(data)
        with store_faults("opening the city", data):
            data.mkdir(parents=True, exist_ok=True)
        lock = DataLock(data, address=address)
        rows = records = None
        try:
            with store_faults("opening the city", data):
                records = connect_control(data / CONTROL)
                rows = connect_observations(data / OBSERVATIONS)
                prepare(rows, records, data)
            store = cls(data, lock, Control(records, data / CONTROL), Observations(rows, data / OBSERVATIONS))
            store._belong_together()
        except BaseException:
            for connection in (rows, records):
                if connection is not None:
                    connection.close()
            lock.release()
            raise
        return store

    def close(self) -> None:
        """Give the city free. What was acknowledged is on disk already."""
        try:
            self.observations.close()
        finally:
            try:
                self.control.close()
            finally:
                self._lock.release()

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _belong_together(self) -> None:
        """Rows of datastreams that the records have never heard of: one of the files is from elsewhere."""
        highest = self.observations.highest_number()
        if highest > max(self.control.numbers().values(), default=0):
            raise StoreError(
                "The two database files do not belong together: rows of unknown datastreams.", where=str(self.data),
                got=f"datastream number {highest}", cure="Bring back the matching files, or restore an export.",
            )  # fmt: skip

    # --- control plane -------------------------------------------------------------------------------------------
    def put(self, records: Sequence[Record], *, turn: str = "", step: str = "") -> tuple[Record, ...]:
        """Keep records in one transaction, with the turn's step mark; returns what now stands for each of them.

        The version becomes latest + 1; a record that is identical apart from its version writes nothing.
        """
        return self.control.put(records, turn=turn, step=step)

    def stamp(self, *nouns: type[Record]) -> int:
        """Counts record versions ever written; pins a reader to what stood then. With nouns: the last change of these."""
        return self.control.stamp_of([n.__name__ for n in nouns]) if nouns else self.control.stamp()

    def written(self, after: int, who: Filter, *, most: int) -> tuple[list[tuple[int, str, str, int]], int]:
        """(stamp, noun, id, version) of what was written after a stamp, at most `most`, and the stamp reached by it.

        What `who` may not see is left out, and passed all the same.
        """
        found = self.control.written(after, most)
        reached = found[-1][0] if found else after
        if not _restricts(who):
            return found, reached
        nouns, streams = who.nouns, who.datastreams
        return [
            row for row in found
            if (nouns is None or row[1] in nouns) and (streams is None or row[1] != "Datastream" or row[2] in streams)
        ], reached  # fmt: skip

    def records(self, noun: type[RecordT], who: Filter, *, stamp: int | None = None) -> tuple[RecordT, ...]:
        """Latest version of every record of a noun that `who` may see, by id (as it stood at `stamp`)."""
        found = self.control.latest(noun, stamp).values()
        return tuple(r for r in found if _may_see(r, who)) if _restricts(who) else tuple(found)

    def get(self, noun: type[RecordT], id: str, who: Filter, *, stamp: int | None = None) -> RecordT:
        """The latest version of one record; RecordError naming the nearest id if `who` sees none."""
        found = self.control.latest(noun, stamp).get(id)
        if found is None or not _may_see(found, who):
            raise unknown(noun, id, [r.id for r in self.records(noun, who, stamp=stamp)])
        return found

    def history(self, id: str, who: Filter) -> tuple[Record, ...]:
        """Every version of one record, oldest first; empty if `who` sees none."""
        return tuple(record for record in self.control.history(id) if _may_see(record, who))

    def begin_turn(self, id: str, now: datetime, as_of_seq: int) -> None:
        """Open a turn; the same turn again changes nothing."""
        self.control.begin_turn(id, now, as_of_seq)

    def turn_steps(self, id: str) -> tuple[str, ...]:
        """The committed steps of a turn, in their order."""
        return self.control.turn_steps(id)

    def turn_records(self, id: str) -> dict[str, tuple[Record, ...]]:
        """The versions that each committed step of a turn wrote."""
        return self.control.turn_records(id)

    def open_turn(self) -> tuple[str, datetime, int] | None:
        """The turn that was begun and not finished: (id, now, as_of_seq)."""
        return self.control.open_turn()

    def finish_turn(self, id: str) -> None:
        """Close a turn."""
        self.control.finish_turn(id)

    # --- observations --------------------------------------------------------------------------------------------
    def take(self, arrival: Arrival) -> Taken:
        """Keep an arrival: records and datastreams first, then rows, refused rows and cursor in one transaction.

        A kill between the two leaves records without rows; the cursor still asks for the arrival, which then changes
        nothing that stands and doubles nothing.
        """
        return self.observations.append_all([self.prepared(arrival)])[0]

    def prepared(self, arrival: Arrival) -> Part:
        """An arrival whose records and datastreams are kept and whose rows are checked, ready for `append_all`.

        Raises StoreError for a batch that is not what a Batch is.
        """
        self.put((*arrival.records, *arrival.datastreams))
        numbers = self.control.numbers() if arrival.datastreams else {}
        return checked(
            arrival.batch, [numbers[d.id] for d in arrival.datastreams], arrival.rejected,
            source=arrival.source, cursor=arrival.cursor,
        )  # fmt: skip

    def cursors(self) -> dict[str, str]:
        """Source name -> cursor of its last committed arrival."""
        return self.observations.cursors()

    def seq(self) -> int:
        """The seq of the last row acknowledged; every row has its own."""
        return self.observations.seq()

    def rows(
        self, datastreams: Sequence[str], *, start: datetime, end: datetime, who: Filter, as_of_seq: int | None = None
    ) -> pa.Table:
        """The rows that stand in [start, end): datastream (id), time, variant, value, quality, seq, in that order.

        Highest seq wins, deleted rows are gone; all variants and qualities. Raises RecordError for an unknown datastream.
        """
        low, high = _within(start, end, who)
        return self.observations.current(
            self._wanted(datastreams, who), start=low, end=high, seq=self._as_of(as_of_seq)
        )

    def latest(self, who: Filter, *, as_of_seq: int | None = None) -> pa.Table:
        """The last measured row of every datastream that `who` may see: the columns of `rows`."""
        low, high = _within(*_ALWAYS, who)
        wanted = self._wanted(None, who)
        return rollups.latest(self.observations, wanted, start=low, end=high, seq=self._as_of(as_of_seq))

    def hours(
        self, datastreams: Sequence[str], *, start: datetime, end: datetime, who: Filter, as_of_seq: int | None = None
    ) -> pa.Table:
        """UTC hours of good measured rows: datastream, time, count, mean, min, max, sum."""
        low, high = _within(start, end, who)
        wanted, seq = self._wanted(datastreams, who), self._as_of(as_of_seq)
        return rollups.hours(self.observations, wanted, start=low, end=high, seq=seq)

    def days(
        self, datastreams: Sequence[str], *, start: datetime, end: datetime, timezone: str, who: Filter,
        as_of_seq: int | None = None,
    ) -> pa.Table:  # fmt: skip
        """Civil days of good measured rows: datastream, day, hours (23 to 25), count, mean, min, max, sum."""
        low, high = _within(start, end, who)
        wanted, seq = self._wanted(datastreams, who), self._as_of(as_of_seq)
        return rollups.days(self.observations, wanted, start=low, end=high, seq=seq, timezone=timezone)

    def series(
        self, datastreams: Sequence[str], *, start: datetime, end: datetime, points: int, who: Filter,
        as_of_seq: int | None = None,
    ) -> pa.Table:  # fmt: skip
        """[start, end) in equal buckets of good measured rows: datastream, time, count, mean, min, max; no empty ones."""
        wanted, seq, within = self._wanted(datastreams, who), self._as_of(as_of_seq), _within(*_ALWAYS, who)
        return rollups.series(
            self.observations, wanted, start=start, end=end, points=points, seq=seq, within=within
        )  # fmt: skip

    def block(
        self, datastreams: Sequence[str], *, start: datetime, end: datetime, step_s: int = 3600, who: Filter,
        as_of_seq: int | None = None,
    ) -> tuple[Times, Floats]:  # fmt: skip
        """Regular grid (t,), (t, len(datastreams)) of whole steps: mean of the good measured values, NaN = none."""
        wanted, numbers = self._wanted(datastreams, who), self.control.numbers()
        return rollups.grid(
            self.observations, wanted, [numbers[d] for d in datastreams], start=start, end=end, step_s=step_s,
            seq=self._as_of(as_of_seq), within=_within(start, end, who),
        )  # fmt: skip

    def span(
        self, datastreams: Sequence[str], *, who: Filter, as_of_seq: int | None = None
    ) -> tuple[datetime, datetime] | None:
        """First time and the end (last time + step) of the good measured rows; None if there are none."""
        low, high = _within(*_ALWAYS, who)
        wanted, seq = self._wanted(datastreams, who), self._as_of(as_of_seq)
        return rollups.span(self.observations, wanted, start=low, end=high, seq=seq)

    def digest(
        self, datastreams: Sequence[str], *, start: datetime, end: datetime, who: Filter, as_of_seq: int | None = None
    ) -> str:
        """SHA-256 over exactly what `rows` gives (rollups.digest states the bytes); survives export and restore."""
        return rollups.digest(self.rows(datastreams, start=start, end=end, who=who, as_of_seq=as_of_seq))

    def quarantine(self, who: Filter) -> pa.Table:
        """Refused rows (source, position, raw, reason, seq); raw text of unknown content, so for unrestricted readers."""
        found = self.observations.quarantine()
        restricted = _restricts(who) or who.start is not None or who.end is not None
        return found.slice(0, 0) if restricted else found

    # --- all of it -----------------------------------------------------------------------------------------------
    def export(self, folder: Path) -> None:
        """Everything as Parquet and JSON lines into an empty folder, with counts, sums and hashes."""
        from cityloop.store.transfer import export

        export(self, Path(folder))

    @classmethod
    def restore(cls, folder: Path, data: Path) -> "Store":
        """Open a new data folder made from an export, verified; refuses a folder that is not empty."""
        from cityloop.store.transfer import restore

        restore(Path(folder), Path(data))
        return cls.open(data)

    # --- rights --------------------------------------------------------------------------------------------------
    def _wanted(self, datastreams: Sequence[str] | None, who: Filter) -> pa.Table:
        """(number, id, step_s) of the datastreams asked for (None = all) that `who` may see."""
        numbers = self.control.numbers()
        known = self.control.latest(Datastream)
        for name in datastreams if datastreams is not None else ():
            if name not in numbers:
                raise unknown(Datastream, name, [r.id for r in self.records(Datastream, who)])
        asked = sorted(set(numbers if datastreams is None else datastreams))
        allowed = None if who.datastreams is None else frozenset(who.datastreams)
        seen = [d for d in asked if allowed is None or d in allowed]
        return pa.table(
            {
                "number": pa.array([numbers[d] for d in seen], pa.int32()),
                "id": pa.array(seen, pa.string()),
                "step_s": pa.array([known[d].step_s for d in seen], pa.int64()),
            }
        )

    def _as_of(self, seq: int | None) -> int:
        return self.seq() if seq is None else seq


def unknown(noun: type[Record], id_: str, ids: Sequence[str]) -> RecordError:
    """The error for an id that nobody has, with the nearest that exists."""
    near = difflib.get_close_matches(id_, ids, 1)
    return RecordError(
        f"No such {noun.__name__}.", got=id_, allowed=f"{len(ids)} ids" if ids else "none exists yet",
        cure=f"Did you mean {near[0]}?" if near else "List them and copy the id.",
    )  # fmt: skip


def _restricts(who: Filter) -> bool:
    return who.nouns is not None or who.datastreams is not None


def _may_see(record: Record, who: Filter) -> bool:
    """Whether a record is of a noun that may be seen and, for a Datastream, one of those that may be."""
    if who.nouns is not None and type(record).__name__ not in who.nouns:
        return False
    return who.datastreams is None or not isinstance(record, Datastream) or record.id in who.datastreams


def _within(start: datetime, end: datetime, who: Filter) -> tuple[datetime, datetime]:
    """What is asked for, cut to what may be seen."""
    if start.tzinfo is None or end.tzinfo is None:
        raise StoreError("A time without a zone.", got=f"{start}, {end}", cure="Give aware times.")
    return max(start, who.start or start), min(end, who.end or end)
