"""The data folder: one owner, one version, files that belong together, places that cannot be written."""

import json
import os
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cityloop.errors import CityLocked, StoreError, StoreVersion
from cityloop.records import Datastream, Filter, Thing, to_json
from cityloop.store import Store

WHO = Filter.operator()
START = datetime(2024, 5, 1, tzinfo=UTC)


def test_open_when_another_owner_has_it_then_the_error_names_pid_address_and_cure(data: Path) -> None:
    with Store.open(data, address="http://127.0.0.1:8080"):
        with pytest.raises(CityLocked, match=rf"process {os.getpid()} at http://127.0.0.1:8080.*Cure: Wait until"):
            Store.open(data)
    with Store.open(data):
        assert json.loads((data / "lock").read_text())["pid"] == os.getpid()


def test_open_when_another_process_has_it_then_locked_and_when_it_is_killed_then_free(data: Path) -> None:
    code = f"import time\nfrom pathlib import Path\nfrom cityloop.store import Store\ns = Store.open(Path({str(data)!r}))\nprint('open', flush=True)\ntime.sleep(60)"  # fmt: skip
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None and owner.stdout.readline() == "open\n"
        with pytest.raises(CityLocked, match=f"process {owner.pid}"):
            Store.open(data)
        owner.kill()
    Store.open(data).close()


def test_open_when_the_lock_file_holds_nonsense_then_it_opens(data: Path) -> None:
    data.mkdir(parents=True)
    (data / "lock").write_bytes(b"\xff\x00 not json")
    Store.open(data).close()


def write_version_1(data: Path) -> tuple[Datastream, Thing]:
    """A data folder as version 1 wrote it: rows without a variant, records without turn and step."""
    data.mkdir(parents=True)
    stream = Datastream(
        id="c:datastream:1", name="flow", thing="c:thing:1", sensor="", observed_property="water_flow", unit="L/s",
        statistic="mean", step_s=3600,
    )  # fmt: skip
    thing = Thing(id="c:thing:1", kind="pipe", name="P-1")
    with duckdb.connect(str(data / "observations.duckdb")) as rows:
        rows.execute("SET TimeZone = 'UTC'")
        rows.execute(
            "CREATE TABLE observation(datastream INTEGER NOT NULL, time TIMESTAMPTZ NOT NULL, value DOUBLE NOT NULL, "
            "quality UTINYINT NOT NULL, seq BIGINT NOT NULL)"
        )
        rows.execute(
            "CREATE TABLE quarantine(source VARCHAR NOT NULL, position VARCHAR NOT NULL, raw VARCHAR NOT NULL, "
            "reason VARCHAR NOT NULL, seq BIGINT NOT NULL)"
        )
        rows.execute("CREATE TABLE cursor(source VARCHAR NOT NULL, cursor VARCHAR NOT NULL)")
        rows.execute("CREATE TABLE meta(schema_version INTEGER NOT NULL, seq BIGINT NOT NULL)")
        rows.execute("INSERT INTO meta VALUES (1, 3)")
        rows.execute("INSERT INTO cursor VALUES ('file', 'c9')")
        for seq, hour, value in ((1, 0, 1.0), (2, 1, 2.0), (3, 1, 5.0)):
            rows.execute("INSERT INTO observation VALUES (1, ?, ?, 0, ?)", [START + timedelta(hours=hour), value, seq])
    records = sqlite3.connect(data / "control.sqlite")
    records.execute(
        "CREATE TABLE record(stamp INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, version INTEGER NOT NULL, "
        "noun TEXT NOT NULL, json BLOB NOT NULL, UNIQUE (id, version))"
    )
    records.execute("CREATE INDEX record_noun ON record(noun, stamp)")
    records.execute("CREATE TABLE datastream_number(number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE)")
    records.execute(
        "CREATE TABLE turn(position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, now TEXT NOT NULL, "
        "as_of_seq INTEGER NOT NULL, finished INTEGER NOT NULL)"
    )
    records.execute(
        "CREATE TABLE turn_step(position INTEGER PRIMARY KEY, turn TEXT NOT NULL, step TEXT NOT NULL, "
        "UNIQUE (turn, step))"
    )
    records.execute("CREATE TABLE meta(schema_version INTEGER NOT NULL)")
    records.execute("INSERT INTO meta VALUES (1)")
    for record in (stream, thing):
        row = (record.id, 1, type(record).__name__, to_json(record))
        records.execute("INSERT INTO record(id, version, noun, json) VALUES (?, ?, ?, ?)", row)
    records.execute("INSERT INTO datastream_number VALUES (1, ?)", (stream.id,))
    records.execute("INSERT INTO turn(id, now, as_of_seq, finished) VALUES ('t0', ?, 2, 0)", (START.isoformat(),))
    records.commit()
    records.close()
    return stream, thing


def versions(data: Path) -> tuple[int, int]:
    records = sqlite3.connect(data / "control.sqlite")
    with duckdb.connect(str(data / "observations.duckdb")) as rows:
        found = rows.execute("SELECT schema_version FROM meta").fetchall()[0][0]
    kept = records.execute("SELECT schema_version FROM meta").fetchone()[0]
    records.close()
    return found, kept


@pytest.mark.parametrize("done", ["none", "records"])
def test_open_when_the_folder_is_version_1_then_it_is_migrated_with_everything(data: Path, kit: Any, done: str) -> None:
    stream, thing = write_version_1(data)
    if done == "records":  # killed between the two files: the first is migrated already
        records = sqlite3.connect(data / "control.sqlite")
        for column in ("turn", "step"):
            records.execute(f"ALTER TABLE record ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")
        records.execute("UPDATE meta SET schema_version = 2")
        records.commit()
        records.close()
    for _ in range(2):
        with Store.open(data) as store:
            table = store.rows([stream.id], start=START, end=START + timedelta(days=1), who=WHO)
            assert table["value"].to_pylist()[:2] == [1.0, 5.0] and table["variant"].to_pylist()[:2] == [0, 0]
            before = store.rows([stream.id], start=START, end=START + timedelta(days=1), who=WHO, as_of_seq=2)
            assert before["value"].to_pylist() == [1.0, 2.0]
            assert store.cursors()["file"] == "c9"
            assert store.get(Thing, thing.id, WHO) == thing and store.open_turn() == ("t0", START, 2)
            store.put([thing], turn="t0", step="problem")
            store.take(kit.arrival([(0, 0, 3.0, 0, 1)], [stream]))
    assert versions(data) == (3, 3)


@pytest.mark.parametrize("file", ["observations.duckdb", "control.sqlite"])
def test_open_when_the_folder_is_newer_then_it_is_refused_and_untouched(data: Path, file: str) -> None:
    write_version_1(data)
    if file.endswith("sqlite"):
        records = sqlite3.connect(data / file)
        records.execute("UPDATE meta SET schema_version = 99")
        records.commit()
        records.close()
    else:
        with duckdb.connect(str(data / file)) as rows:
            rows.execute("UPDATE meta SET schema_version = 99")
    expected = versions(data)
    with pytest.raises(StoreVersion, match=r"schema 99.*schema 1 to 3.*Update Cityloop"):
        Store.open(data)
    assert versions(data) == expected and set(expected) == {1, 99}


def test_open_when_a_file_is_missing_or_foreign_then_it_says_so(data: Path, kit: Any, tmp_path: Path) -> None:
    with Store.open(data) as store:
        store.take(kit.arrival([(0, 0, 1.0)]))
    (data / "control.sqlite").rename(tmp_path / "aside")
    with pytest.raises(StoreError, match="records of this city are missing"):
        Store.open(data)
    (data / "control.sqlite").unlink(missing_ok=True)
    with Store.open(tmp_path / "other"):
        pass
    (tmp_path / "other" / "control.sqlite").rename(data / "control.sqlite")
    with pytest.raises(StoreError, match="do not belong together"):
        Store.open(data)
    (data / "control.sqlite").write_bytes(b"this is not a database, it is a text of some length" * 50)
    with pytest.raises(StoreError, match="not readable"):
        Store.open(data)
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    with duckdb.connect(str(foreign / "observations.duckdb")) as rows:
        rows.execute("CREATE TABLE mine(x INTEGER)")
    with pytest.raises(StoreError, match="not written by Cityloop"):
        Store.open(foreign)
    with duckdb.connect(str(foreign / "observations.duckdb")) as rows:
        assert rows.execute("SELECT count(*) FROM mine").fetchall() == [(0,)]


def test_open_when_a_file_stands_in_its_place_then_the_cure_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("x")
    for place in (tmp_path / "data", tmp_path / "data" / "below"):
        with pytest.raises(StoreError, match="not a folder.*Cure"):
            Store.open(place)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="needs a user whom permissions stop")
def test_open_when_the_folder_is_read_only_then_the_cure_is_named(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(0o500)
    with pytest.raises(StoreError, match="may not be written.*write access"):
        Store.open(data)


def test_import_when_only_the_store_is_needed_then_no_table_library_is_loaded(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from cityloop.store import Store; "
        f"Store.open(Path({str(tmp_path / 'data')!r})).close(); print({{'pandas', 'scipy', 'wntr'}} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
