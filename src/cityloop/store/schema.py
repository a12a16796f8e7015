"""The tables of both databases, their version, and the way from an older version to this one.

Data definition happens here only, when a city is opened, each step in one transaction with its version number, followed by
a checkpoint: replaying it from a write-ahead log after a kill is where DuckDB has failed before.
"""

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb

from cityloop.errors import StoreError, StoreVersion

__all__ = ["CONTROL", "OBSERVATIONS", "VERSION", "prepare"]

VERSION = 3
OBSERVATIONS = "observations.duckdb"
CONTROL = "control.sqlite"

_OBSERVATION_TABLES = (
    # No primary key and no index: 69 against about 4 bytes a row, and a key's index is what breaks on a kill.
    "CREATE TABLE observation(datastream INTEGER NOT NULL, time TIMESTAMPTZ NOT NULL, variant INTEGER NOT NULL, "
    "value DOUBLE NOT NULL, quality UTINYINT NOT NULL, seq BIGINT NOT NULL)",
    "CREATE TABLE quarantine(source VARCHAR NOT NULL, position VARCHAR NOT NULL, raw VARCHAR NOT NULL, "
    "reason VARCHAR NOT NULL, seq BIGINT NOT NULL)",
    "CREATE TABLE cursor(source VARCHAR NOT NULL, cursor VARCHAR NOT NULL)",
    "CREATE TABLE meta(schema_version INTEGER NOT NULL, seq BIGINT NOT NULL)",
    f"INSERT INTO meta VALUES ({VERSION}, 0)",
)
_API_KEYS = (
    "CREATE TABLE api_key(id TEXT PRIMARY KEY, name TEXT NOT NULL, sha256 BLOB NOT NULL, scopes TEXT NOT NULL, "
    "created TEXT NOT NULL, expires TEXT NOT NULL, revoked TEXT NOT NULL)"
)
_CONTROL_TABLES = (
    "CREATE TABLE record(stamp INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, version INTEGER NOT NULL, "
    "noun TEXT NOT NULL, json BLOB NOT NULL, turn TEXT NOT NULL, step TEXT NOT NULL, UNIQUE (id, version))",
    "CREATE INDEX record_noun ON record(noun, stamp)",
    "CREATE TABLE datastream_number(number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE)",
    "CREATE TABLE turn(position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, now TEXT NOT NULL, "
    "as_of_seq INTEGER NOT NULL, finished INTEGER NOT NULL)",
    "CREATE TABLE turn_step(position INTEGER PRIMARY KEY, turn TEXT NOT NULL, step TEXT NOT NULL, UNIQUE (turn, step))",
    "CREATE TABLE meta(schema_version INTEGER NOT NULL)",
    f"INSERT INTO meta VALUES ({VERSION})",
    _API_KEYS,
)
#: version -> statements that lead to the next one. Version 1 knew neither variants (every row was measured, variant 0)
#: nor which step of a turn had written a record; version 2 knew no API keys.
_OBSERVATION_STEPS: Mapping[int, tuple[str, ...]] = {
    1: (
        "ALTER TABLE observation ADD COLUMN variant INTEGER DEFAULT 0",
        "ALTER TABLE observation ALTER COLUMN variant DROP DEFAULT",
        "ALTER TABLE observation ALTER COLUMN variant SET NOT NULL",
    ),
    2: (),
}
_CONTROL_STEPS: Mapping[int, tuple[str, ...]] = {
    1: (
        "ALTER TABLE record ADD COLUMN turn TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE record ADD COLUMN step TEXT NOT NULL DEFAULT ''",
    ),
    2: (_API_KEYS,),
}


def prepare(observations: duckdb.DuckDBPyConnection, control: sqlite3.Connection, folder: Path) -> None:
    """Create what is missing and lead an older data folder to this version.

    Both versions are looked at before either file is touched. Raises StoreVersion for a newer folder, StoreError for a
    folder of which one file is missing or foreign.
    """
    rows = _version(lambda q: observations.execute(q).fetchall(), folder / OBSERVATIONS, "duckdb_tables()")
    records = _version(lambda q: control.execute(q).fetchall(), folder / CONTROL, "sqlite_master")
    if records is None and rows is not None:
        raise StoreError(
            "The records of this city are missing: its observations are of no use without them.",
            where=str(folder / CONTROL), cure="Bring the file back, or restore an export into an empty folder.",
        )  # fmt: skip
    if records is None:
        _apply(control, _CONTROL_TABLES)
    else:
        for version in range(records, VERSION):
            _apply(control, (*_CONTROL_STEPS[version], f"UPDATE meta SET schema_version = {version + 1}"))
    if rows is None:
        _apply(observations, _OBSERVATION_TABLES)
        observations.execute("CHECKPOINT")
    else:
        for version in range(rows, VERSION):
            _apply(observations, (*_OBSERVATION_STEPS[version], f"UPDATE meta SET schema_version = {version + 1}"))
            observations.execute("CHECKPOINT")


def _version(ask: Callable[[str], list[tuple[object, ...]]], file: Path, catalogue: str) -> int | None:
    """Schema version of a database; None for one without tables."""
    column, only = ("table_name", "") if catalogue.startswith("duckdb") else ("name", " WHERE type = 'table'")
    tables = {str(row[0]) for row in ask(f"SELECT {column} FROM {catalogue}{only}")}
    if not tables:
        return None
    if "meta" not in tables:
        raise StoreError(
            "This file was not written by Cityloop.", where=str(file), got=", ".join(sorted(tables))[:200],
            cure="Move it away; the data folder belongs to Cityloop alone.",
        )  # fmt: skip
    version = int(str(ask("SELECT schema_version FROM meta")[0][0]))
    if not 1 <= version <= VERSION:
        raise StoreVersion(
            "The data folder was written by another version of Cityloop.", where=str(file), got=f"schema {version}",
            allowed=f"schema 1 to {VERSION}", cure="Update Cityloop; nothing in the folder was changed.",
        )  # fmt: skip
    return version


def _apply(database: duckdb.DuckDBPyConnection | sqlite3.Connection, statements: tuple[str, ...]) -> None:
    """All statements or none."""
    database.execute("BEGIN")
    try:
        for statement in statements:
            database.execute(statement)
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")
