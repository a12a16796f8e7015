"""Export and restore of everything a city knows: Parquet for rows, JSON lines for records, a manifest that is verified.

The manifest is written last: a folder without one is an export that was cut off. A restore is built beside its place and
moved there when every count, sum, seq and hash agrees.
"""

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa

from cityloop.errors import StoreError
from cityloop.store.faults import store_faults
from cityloop.store.schema import VERSION

if TYPE_CHECKING:
    from cityloop.store.store import Store

__all__ = ["export", "restore"]

FORMAT = 1
_MANIFEST = "manifest.json"
_FILES = ("observation.parquet", "quarantine.parquet", "record.jsonl", "turn.jsonl", "cursor.json")
_SUMMARY = (
    "SELECT count(*), coalesce(fsum(value), 0), coalesce(max(seq), 0), count(DISTINCT datastream), "
    "coalesce(sum(quality), 0)::BIGINT FROM observation"
)
_COLUMNS = "time, variant, value, quality, seq"


class _Line(msgspec.Struct, frozen=True):
    """One version of one record, in the order it was written."""

    turn: str
    step: str
    number: int
    noun: str
    record: msgspec.Raw


class _Turn(msgspec.Struct, frozen=True):
    id: str
    now: str
    as_of_seq: int
    finished: bool
    steps: tuple[str, ...]


class _Manifest(msgspec.Struct, frozen=True):
    """What must be found again after a restore."""

    format: int
    schema_version: int
    seq: int
    rows: int
    value_sum: float
    max_seq: int
    datastreams: int
    quality_sum: int
    quarantined: int
    records: int
    turns: int
    sha256: dict[str, str]


def export(store: "Store", folder: Path) -> None:
    """Write everything of an open store into `folder`, which must be empty or new. Raises StoreError."""
    with store_faults("exporting the city", folder):
        folder.mkdir(parents=True, exist_ok=True)
        _must_be_empty(folder, "The export folder is not empty.")
        with store.control.held() as control:
            numbers = store.control.numbers()
            turns = _turns(control)
            records = _write_lines(folder / "record.jsonl", _records(control, numbers))
            _write_lines(folder / "turn.jsonl", turns)
        with store.observations.cursor("exporting observations", known=_known(numbers)) as db:
            db.execute("BEGIN")
            order = f"SELECT k.id AS datastream, {_COLUMNS} FROM observation JOIN known k ON datastream = k.number ORDER BY seq"
            db.execute(f"COPY ({order}) TO {_quoted(folder / _FILES[0])} (FORMAT parquet, COMPRESSION zstd)")
            db.execute(f"COPY quarantine TO {_quoted(folder / _FILES[1])} (FORMAT parquet, COMPRESSION zstd)")
            summary = db.execute(_SUMMARY).fetchall()[0]
            quarantined = db.execute("SELECT count(*) FROM quarantine").fetchall()[0][0]
            seq = db.execute("SELECT seq FROM meta").fetchall()[0][0]
            cursors = dict(db.execute("SELECT source, cursor FROM cursor ORDER BY source").fetchall())
            db.execute("ROLLBACK")
        (folder / "cursor.json").write_bytes(msgspec.json.encode(cursors))
        for name in _FILES:
            _sync(folder / name)
        rows, value_sum, max_seq, datastreams, quality_sum = summary
        manifest = _Manifest(
            format=FORMAT, schema_version=VERSION, seq=seq, rows=rows, value_sum=value_sum, max_seq=max_seq,
            datastreams=datastreams, quality_sum=quality_sum, quarantined=quarantined, records=records,
            turns=len(turns), sha256={n: _sha256(folder / n) for n in _FILES},
        )  # fmt: skip
        (folder / _MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2))
        _sync(folder / _MANIFEST)


def restore(folder: Path, data: Path) -> None:
    """Build the data folder `data` from an export and verify it. Raises StoreError; nothing half-made is left in `data`."""
    from cityloop.store.store import Store

    manifest = _read_manifest(folder)
    with store_faults("restoring the city", data):
        if data.exists():
            _must_be_empty(data, "The data folder is not empty.")
        partial = data.with_name(data.name + ".restoring")
        if partial.exists():
            shutil.rmtree(partial)
        with Store.open(partial) as store:
            _fill(store, folder, manifest)
            _verify(store, manifest)
        if data.exists():
            data.rmdir()
        partial.rename(data)
        _sync(data.parent)


# --- writing ------------------------------------------------------------------------------------------------------
def _records(control: Any, numbers: dict[str, int]) -> Iterator[_Line]:
    rows = control.execute("SELECT turn, step, id, noun, json FROM record ORDER BY stamp")
    for turn, step, id_, noun, text in rows:
        yield _Line(turn, step, numbers.get(id_, 0), noun, msgspec.Raw(text))


def _turns(control: Any) -> list[_Turn]:
    steps: dict[str, list[str]] = {}
    for turn, step in control.execute("SELECT turn, step FROM turn_step ORDER BY position"):
        steps.setdefault(turn, []).append(step)
    rows = control.execute("SELECT id, now, as_of_seq, finished FROM turn ORDER BY position")
    return [_Turn(i, now, seq, bool(done), tuple(steps.get(i, ()))) for i, now, seq, done in rows]


def _write_lines(path: Path, items: Iterable[msgspec.Struct]) -> int:
    count = 0
    with path.open("wb") as file:
        for item in items:
            file.write(msgspec.json.encode(item) + b"\n")
            count += 1
    return count


def _known(numbers: dict[str, int]) -> pa.Table:
    return pa.table(
        {"number": pa.array(list(numbers.values()), pa.int32()), "id": pa.array(list(numbers), pa.string())}
    )


# --- reading ------------------------------------------------------------------------------------------------------
def _read_manifest(folder: Path) -> _Manifest:
    """The manifest, after every file has been found to be what was written."""
    path = folder / _MANIFEST
    with store_faults("reading the export", folder):
        if not path.is_file():
            raise StoreError(
                "This is not a complete export: its manifest is missing.", where=str(folder),
                cure="Name the folder that was given to export, or export again.",
            )  # fmt: skip
        try:
            manifest = msgspec.json.decode(path.read_bytes(), type=_Manifest)
        except msgspec.MsgspecError as fault:
            raise StoreError("The manifest cannot be read.", where=str(path), got=str(fault)) from fault
        if manifest.format != FORMAT:
            raise StoreError(
                "This export has another format.", where=str(path), got=manifest.format, allowed=FORMAT,
                cure="Restore it with the version of Cityloop that wrote it.",
            )  # fmt: skip
        for name in _FILES:
            file = folder / name
            if not file.is_file() or _sha256(file) != manifest.sha256.get(name):
                raise StoreError(
                    "A file of the export is missing or was changed.", where=str(file),
                    cure="Copy the export again or make a new one.",
                )  # fmt: skip
    return manifest


def _fill(store: "Store", folder: Path, manifest: _Manifest) -> None:
    with store.control.held() as control:
        control.execute("BEGIN IMMEDIATE")
        with (folder / "record.jsonl").open("rb") as file:
            for text in file:
                line = msgspec.json.decode(text, type=_Line)
                key = msgspec.json.decode(line.record, type=_Key)
                control.execute(
                    "INSERT INTO record(id, version, noun, json, turn, step) VALUES (?, ?, ?, ?, ?, ?)",
                    (key.id, key.version, line.noun, bytes(line.record), line.turn, line.step),
                )
                if line.number:
                    control.execute(
                        "INSERT OR IGNORE INTO datastream_number(number, id) VALUES (?, ?)", (line.number, key.id)
                    )
        for text in (folder / "turn.jsonl").read_bytes().splitlines():
            turn = msgspec.json.decode(text, type=_Turn)
            control.execute(
                "INSERT INTO turn(id, now, as_of_seq, finished) VALUES (?, ?, ?, ?)",
                (turn.id, _time(turn.now), turn.as_of_seq, int(turn.finished)),
            )
            control.executemany("INSERT INTO turn_step(turn, step) VALUES (?, ?)", [(turn.id, s) for s in turn.steps])
        control.execute("COMMIT")
    cursors = msgspec.json.decode((folder / "cursor.json").read_bytes(), type=dict[str, str])
    with store.observations.cursor("restoring observations", known=_known(store.control.numbers())) as db:
        db.execute("BEGIN")
        db.execute(
            f"INSERT INTO observation(datastream, {_COLUMNS}) SELECT k.number, {_COLUMNS} "
            f"FROM read_parquet({_quoted(folder / _FILES[0])}) o JOIN known k ON o.datastream = k.id ORDER BY o.seq"
        )
        db.execute(f"INSERT INTO quarantine SELECT * FROM read_parquet({_quoted(folder / _FILES[1])})")
        for source, cursor in cursors.items():
            db.execute("INSERT INTO cursor VALUES (?, ?)", [source, cursor])
        db.execute("UPDATE meta SET seq = ?", [manifest.seq])
        db.execute("COMMIT")


class _Key(msgspec.Struct, frozen=True):
    id: str
    version: int


def _verify(store: "Store", manifest: _Manifest) -> None:
    """Count, sum and max(seq) on this side against the manifest."""
    with store.observations.cursor("verifying the restored city") as db:
        rows, total, max_seq, datastreams, quality = db.execute(_SUMMARY).fetchall()[0]
        quarantined = db.execute("SELECT count(*) FROM quarantine").fetchall()[0][0]
        # The sum may differ in its last digits only: parts of it are added in another order.
        scale = db.execute("SELECT coalesce(fsum(abs(value)), 0) FROM observation").fetchall()[0][0]
    with store.control.held() as control:
        records = control.execute("SELECT count(*) FROM record").fetchone()[0]
        turns = control.execute("SELECT count(*) FROM turn").fetchone()[0]
    got = (rows, max_seq, datastreams, quality, quarantined, records, turns)
    m = manifest
    wanted = (m.rows, m.max_seq, m.datastreams, m.quality_sum, m.quarantined, m.records, m.turns)
    if got != wanted or abs(total - m.value_sum) > 1e-9 * scale:
        raise StoreError(
            "The restored city is not what was exported.", got=(*got, total), allowed=(*wanted, m.value_sum),
            cure="Make a new export and restore that.",
        )  # fmt: skip


def _time(text: str) -> str:
    """Checks that a time reads as one."""
    return datetime.fromisoformat(text).isoformat()


def _must_be_empty(folder: Path, what: str) -> None:
    if any(folder.iterdir()):
        raise StoreError(what, where=str(folder), cure="Name a new or an empty folder.")


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    """To the disk itself; folders cannot be opened on Windows and need no syncing there."""
    if path.is_dir() and os.name == "nt":
        return
    number = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(number)
    finally:
        os.close(number)
