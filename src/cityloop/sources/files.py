"""Source "file": CSV, Parquet and XLSX files of a city, read in pieces, continued where they grew, re-read where they changed.

The cursor remembers per file how far it was read and the hash of what was read. A kill between two arrivals loses nothing:
the next reading goes on after the last committed one. Rows that lie after `until` wait and are read again.
"""

import glob
import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cityloop.contracts import Arrival, Rejected
from cityloop.errors import InputError
from cityloop.formats.repeats import Cells
from cityloop.formats.rows import RowReader, SeriesList, Taken, columns_of
from cityloop.formats.streams import datastream_of, sensor_of
from cityloop.formats.tables import Chunk, Mark, Refused, Table, open_table, require_columns
from cityloop.formats.times import to_us
from cityloop.records import BATCH_COLUMNS, Sensor, Thing, record_id
from cityloop.settings.source_settings import FileSettings, SeriesSettings

__all__ = ["ROWS_PER_ARRIVAL", "FileSource"]

ROWS_PER_ARRIVAL = 200_000
_ARROW_TYPES = {
    "int32": pa.int32(),
    "float64": pa.float64(),
    "uint8": pa.uint8(),
    "timestamp[us, tz=UTC]": pa.timestamp("us", "UTC"),
}
_SCHEMA = pa.schema([(name, _ARROW_TYPES[kind]) for name, kind in BATCH_COLUMNS.items()])
_SAID_LATER = ("twice", "superseded")
"""Reasons that may be found only when a later line is read."""


@dataclass
class _FileMark:
    """How far one file was read: `sha256` of the bytes before `offset` (of the whole file where it is not appendable);
    lines up to `said` have had their refusals reported; `settled` = read to its end and nothing waits.

    Where lines before the last one read wait, `seen` says what was taken of them (as RowReader takes it), and
    `read_sha256` is the hash of the `read` bytes they stand in: lines that changed are read as new ones.
    """

    size: int = -1
    mtime_ns: int = -1
    offset: int = 0
    line: int = 0
    sha256: str = ""
    said: int = 0
    settled: bool = False
    seen: tuple[tuple[int, int], ...] = ()
    read: int = 0
    read_sha256: str = ""


@dataclass
class _Due:
    """A file that has something to read."""

    name: str
    table: Table
    start: Mark | None
    mark: _FileMark


class FileSource:
    """Implements contracts.Source for one [[source]] of kind "file".

    `known_things` are ids the city already has a better record of (from its models); boundaries are never sent, city.toml
    defines them. After `arrivals` ran out, `counts` says how many cells were empty, repeated identically or waiting.
    """

    def __init__(
        self, settings: FileSettings, *, folder: Path, city: str, known_things: Collection[str] = frozenset()
    ) -> None:
        self.settings, self.folder, self.city = settings, folder, city
        self.name = settings.name
        self.known_things = frozenset(known_things)
        self.counts: dict[str, int] = {}

    def arrivals(self, *, cursors: Mapping[str, str], until: datetime) -> Iterator[Arrival]:
        """Everything new up to `until` in arrivals of at most 200,000 rows.

        Raises InputError, before anything is taken, naming every file that cannot be read as city.toml says.
        """
        marks, last_readings = _read_cursor(cursors.get(self.name, ""), self.name)
        due = self._due(marks)
        series = SeriesList(self.settings)
        registers: dict[int, tuple[int, float]] = {}
        for label, (time_us, reading) in last_readings.items():
            number = series.number(label)
            if number is not None:
                registers[number] = (int(time_us), float(reading))
        self.counts = {"empty": 0, "identical": 0, "waiting": 0}
        sent: set[int] = set()
        for item in due:
            for taken, mark in self._read(item, RowReader(series, to_us(until), registers, item.mark.seen)):
                marks[item.name] = mark
                cursor = _write_cursor(marks, {series.items[n].label: r for n, r in registers.items()})
                yield self._arrival(taken, item.name, series, sent, cursor)

    def _paths(self) -> list[Path]:
        pattern = (
            self.settings.path
            if Path(self.settings.path).is_absolute()
            else f"{glob.escape(str(self.folder))}/{self.settings.path}"
        )
        found = sorted(Path(p) for p in glob.glob(pattern, recursive=True) if Path(p).is_file())
        if not found:
            raise InputError(
                f"Source '{self.name}' finds no file.", where="city.toml source.path", got=pattern,
                cure="Correct the path; it is relative to the city folder.",
            )  # fmt: skip
        return found

    def _due(self, marks: Mapping[str, _FileMark]) -> list[_Due]:
        """The files with something new, opened and with their columns checked; all faults at once."""
        due: list[_Due] = []
        faults: list[InputError] = []
        for path in self._paths():
            name = path.relative_to(self.folder).as_posix() if path.is_relative_to(self.folder) else path.as_posix()
            old = marks.get(name, _FileMark())
            try:
                state = path.stat()
                same = (state.st_size, state.st_mtime_ns) == (old.size, old.mtime_ns)
                if (same and old.settled) or state.st_size == 0:
                    continue
                table = self._open(path)
                require_columns(table, columns_of(self.settings))
                kept = same or _unchanged(path, old, table.appendable)
            except InputError as fault:
                faults.append(fault)
                continue
            except OSError as fault:
                faults.append(InputError("The file cannot be read.", where=str(path), got=fault.strerror or str(fault)))
                continue
            mark = _FileMark(**vars(old)) if kept else _FileMark()
            if not (same or _as_read(path, mark, table.appendable)):
                mark.seen = ()
            mark.size, mark.mtime_ns = state.st_size, state.st_mtime_ns
            due.append(_Due(name, table, Mark(mark.offset, mark.line) if kept and mark.line else None, mark))
        if len(faults) == 1:
            raise faults[0]
        if faults:
            listed = "\n".join(f"  {i}. {fault}" for i, fault in enumerate(faults, 1))
            raise InputError(f"Source '{self.name}' cannot read {len(faults)} files:\n{listed}")
        return due

    def _open(self, path: Path) -> Table:
        s = self.settings
        return open_table(
            path, encoding=s.encoding, delimiter=s.delimiter, skip_lines=s.skip_lines, sheet=s.sheet, decimal=s.decimal,
            time_format=s.time.format,
        )  # fmt: skip

    def _read(self, item: _Due, reader: RowReader) -> Iterator[tuple[Taken, _FileMark]]:
        """Chunks of one file with the mark to remember after each."""
        per_line = len(self.settings.series) if self.settings.layout == "wide" else 1
        hashes = _Prefix(item.table), _Prefix(item.table)
        said, old_said = item.mark.said, item.mark.said
        seen = item.mark.seen
        mark, whole_to = item.mark, item.start
        try:
            for chunk in item.table.chunks(
                columns_of(self.settings), start=item.start, rows=max(1, ROWS_PER_ARRIVAL // per_line)
            ):
                taken = reader.take(chunk)
                last = chunk.end.line - 1 - (not chunk.whole)
                said = max(said, last)
                whole_to = _last_whole(chunk)
                more = [pair for pair in item.mark.seen if pair[0] > last or pair[1] > reader.until_us]
                seen = ((last, reader.until_us), *more)
                mark = self._mark(item.mark, taken.held, whole_to, hashes, said, seen)
                yield _once(taken, old_said), mark
            taken = reader.end()
            mark = self._mark(item.mark, taken.held, whole_to, hashes, said, seen)
            mark.settled = taken.held is None
            yield _once(taken, old_said), mark
        except OSError as fault:
            raise InputError(
                "Reading stopped.", where=str(item.table.path), got=fault.strerror or str(fault)
            ) from fault
        for name in ("empty", "waiting"):
            self.counts[name] += reader.counts[name]
        self.counts["identical"] += reader.repeats.identical

    def _mark(
        self,
        file: _FileMark,
        held: Mark | None,
        read: Mark | None,
        hashes: "tuple[_Prefix, _Prefix]",
        said: int,
        seen: tuple[tuple[int, int], ...],
    ) -> _FileMark:
        """The place to go on at: what is held back, else the end of what was read."""
        offset, line = held or read or (0, 0)
        found = _FileMark(file.size, file.mtime_ns, offset, line, hashes[0].sha256(offset), said)
        if held is not None and read is not None:
            # A killed reading may have come further than this one has yet; what it saw there counts as it was hashed then.
            further = file.read > read.offset and any(pair in file.seen for pair in seen)
            found.seen, found.read = seen, file.read if further else read.offset
            found.read_sha256 = file.read_sha256 if further else hashes[1].sha256(read.offset)
        return found

    def _arrival(self, taken: Taken, file: str, series: SeriesList, sent: set[int], cursor: str) -> Arrival:
        cells = taken.cells
        numbers, local = np.unique(cells.series, return_inverse=True)
        fresh = [int(n) for n in numbers if int(n) not in sent]
        sent.update(fresh)
        return Arrival(
            datastreams=tuple(datastream_of(self.city, self.settings, series.items[int(n)]) for n in numbers),
            batch=_batch(cells, local.astype(np.int32), taken.quality),
            records=self._records([series.items[n] for n in fresh]),
            rejected=tuple(
                Rejected(self.name, f"{file}:{r.line}", r.raw, f"{r.code}: {r.detail}")
                for r in sorted(taken.refused, key=_by_line)
            ),
            source=self.name,
            cursor=cursor,
        )

    def _records(self, series: list[SeriesSettings]) -> tuple[Thing | Sensor, ...]:
        """Things that no model and no boundary of the city describes, and the sensors."""
        found: dict[str, Thing | Sensor] = {}
        for one in series:
            thing = record_id(self.city, "thing", one.thing_kind, one.thing_name)
            if one.thing_kind != "boundary" and thing not in self.known_things:
                found[thing] = Thing(id=thing, kind=one.thing_kind, name=one.thing_name)
            sensor = sensor_of(self.city, self.settings, one)
            found[sensor.id] = sensor
        return tuple(found.values())


class _Prefix:
    """SHA-256 of a file up to growing offsets; of the whole file where it is not appendable."""

    def __init__(self, table: Table) -> None:
        self.path, self.appendable = table.path, table.appendable
        self._hash, self._at = hashlib.sha256(), 0
        self._whole = "" if table.appendable else _hash_file(table.path)

    def sha256(self, offset: int) -> str:
        """The hash of the first `offset` bytes."""
        if not self.appendable:
            return self._whole
        if offset < self._at:
            self._hash, self._at = hashlib.sha256(), 0
        with self.path.open("rb") as file:
            file.seek(self._at)
            while self._at < offset:
                part = file.read(min(1 << 20, offset - self._at))
                if not part:
                    break
                self._hash.update(part)
                self._at += len(part)
        return self._hash.copy().hexdigest()


def _hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unchanged(path: Path, old: _FileMark, appendable: bool) -> bool:
    """Whether what was read of the file still stands in it."""
    if not old.sha256 or (appendable and path.stat().st_size < old.offset):
        return False
    if not appendable:
        return _hash_file(path) == old.sha256
    digest = hashlib.sha256()
    left = old.offset
    with path.open("rb") as file:
        while left > 0 and (part := file.read(min(1 << 20, left))):
            digest.update(part)
            left -= len(part)
    return digest.hexdigest() == old.sha256


def _as_read(path: Path, mark: _FileMark, appendable: bool) -> bool:
    """Whether the lines that were read beyond those that wait still stand as they did."""
    if not appendable or not mark.seen:
        return True
    return _unchanged(path, replace(mark, offset=mark.read, sha256=mark.read_sha256), appendable)


def _last_whole(chunk: Chunk) -> Mark:
    """Where to go on: after the chunk, but before a last line that has no end yet."""
    if chunk.whole:
        return chunk.end
    line = chunk.end.line - 1
    return Mark(chunk.offset_of(line), line)


def _once(taken: Taken, said: int) -> Taken:
    """Without refusals that an earlier reading of the same lines has reported."""
    refused = tuple(r for r in taken.refused if r.line > said or r.code in _SAID_LATER)
    return Taken(taken.cells, taken.quality, refused, taken.held)


def _by_line(refused: Refused) -> int:
    return refused.line


def _batch(cells: Cells, local: npt.NDArray[np.int32], quality: npt.NDArray[np.uint8]) -> pa.Table:
    return pa.table(
        {
            "datastream": pa.array(local, pa.int32()),
            "time": pa.array(cells.time_us, pa.int64()).cast(pa.timestamp("us", "UTC")),
            "variant": pa.array(np.zeros(len(cells), np.int32)),
            "value": pa.array(cells.value, pa.float64()),
            "quality": pa.array(quality, pa.uint8()),
        },
        schema=_SCHEMA,
    )


def _read_cursor(text: str, source: str) -> tuple[dict[str, _FileMark], dict[str, tuple[int, float]]]:
    if not text:
        return {}, {}
    try:
        data = json.loads(text)
        marks = {n: _FileMark(**m) for n, m in data["files"].items()}
        for mark in marks.values():
            mark.seen = tuple((int(line), int(until_us)) for line, until_us in mark.seen)
        return marks, data["registers"]
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise InputError(
            f"The cursor of source '{source}' cannot be read.",
            got=text[:80],
            cure="Take the source again from the start.",
        ) from fault


def _write_cursor(marks: Mapping[str, _FileMark], registers: Mapping[str, tuple[int, float]]) -> str:
    return json.dumps({"files": {n: vars(m) for n, m in marks.items()}, "registers": registers}, separators=(",", ":"))
