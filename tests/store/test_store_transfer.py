"""Everything out and in again: the same rows, records, turns, hashes; and what is refused."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from cityloop.contracts import Rejected
from cityloop.errors import StoreError
from cityloop.records import Filter, Thing
from cityloop.store import Store

WHO = Filter.operator()
NOW = datetime(2025, 3, 1, tzinfo=UTC)


@pytest.fixture
def filled(store: Store, kit: Any) -> Store:
    a, b = kit.stream("a"), kit.stream("b")
    refused = [Rejected("file", "x.csv:9", "压力 \U0001f4a7 'x'", "unit: unknown")]
    store.take(kit.arrival([(0, h, h / 3) for h in range(50)], [b], records=[kit.thing("P-1")]))
    store.take(kit.arrival([(0, h, -h / 7) for h in range(50)], [a, b], rejected=refused, source="file", cursor="{}"))
    store.take(kit.arrival([(1, 3, 1e300), (1, 4, 0.0, 255), (0, 5, -0.0), (0, 5, 1.0, 0, 4)], [a, b]))
    store.put([kit.thing("P-1", x=1.0)])
    store.begin_turn("t1", NOW, 3)
    store.put([kit.thing("P-2")], turn="t1", step="problem")
    store.finish_turn("t1")
    store.begin_turn("t2", NOW, 9)
    store.put([kit.thing("P-2", x=2.0)], turn="t2", step="problem")
    return store


def everything(store: Store, kit: Any) -> list[Any]:
    ids = [kit.stream("a").id, kit.stream("b").id]
    span = {"start": kit.hour(0), "end": kit.hour(60), "who": WHO}
    seqs = (None, 10, 60, 101)
    return [
        [store.rows(ids, **span, as_of_seq=s).to_pylist() for s in seqs],
        [store.digest(ids, **span, as_of_seq=s) for s in seqs],
        store.seq(), store.cursors(), store.quarantine(WHO).to_pylist(), store.latest(WHO).to_pylist(),
        store.records(Thing, WHO), store.history(kit.thing("P-2").id, WHO), store.stamp(), store.open_turn(),
        store.turn_records("t1"), store.turn_records("t2"),
    ]  # fmt: skip


def test_restore_when_exported_then_every_answer_is_the_same(filled: Store, kit: Any, tmp_path: Path) -> None:
    filled.export(tmp_path / "it's out")
    with Store.restore(tmp_path / "it's out", tmp_path / "new" / "data") as again:
        assert everything(again, kit) == everything(filled, kit)
        taken = again.take(kit.arrival([(0, 0, 4.0)], [kit.stream("c")]))
        assert taken.seq == filled.seq() + 1
        again.finish_turn("t2")
    with Store.open(tmp_path / "new" / "data") as reopened:
        assert reopened.seq() == taken.seq
        reopened.export(tmp_path / "second")
    with Store.restore(tmp_path / "second", tmp_path / "third") as third:
        assert third.seq() == taken.seq and third.open_turn() is None


def test_export_when_made_then_others_can_read_it(filled: Store, kit: Any, tmp_path: Path) -> None:
    filled.export(tmp_path / "out")
    rows = pq.read_table(tmp_path / "out" / "observation.parquet")
    assert len(rows) == filled.seq() == 104
    assert rows["seq"].to_pylist() == list(range(1, 105))
    assert set(rows["datastream"].to_pylist()) == {kit.stream("a").id, kit.stream("b").id}
    lines = [json.loads(text) for text in (tmp_path / "out" / "record.jsonl").read_text("utf-8").splitlines()]
    assert [line["record"]["version"] for line in lines if line["record"]["id"] == kit.thing("P-2").id] == [1, 2]
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["rows"] == 104


def test_restore_when_the_folder_is_not_empty_then_it_is_refused(filled: Store, tmp_path: Path) -> None:
    filled.export(tmp_path / "out")
    Store.restore(tmp_path / "out", tmp_path / "data").close()
    with pytest.raises(StoreError, match="not empty"):
        Store.restore(tmp_path / "out", tmp_path / "data")
    with pytest.raises(StoreError, match="not empty"):
        filled.export(tmp_path / "out")
    (tmp_path / "empty").mkdir()
    Store.restore(tmp_path / "out", tmp_path / "empty").close()


def test_restore_when_a_file_was_changed_or_is_missing_then_nothing_is_made(filled: Store, tmp_path: Path) -> None:
    filled.export(tmp_path / "out")
    records = tmp_path / "out" / "record.jsonl"
    text = records.read_bytes()
    records.write_bytes(text.replace(b"P-1", b"P-7"))
    with pytest.raises(StoreError, match="missing or was changed"):
        Store.restore(tmp_path / "out", tmp_path / "data")
    records.write_bytes(text)
    (tmp_path / "out" / "manifest.json").unlink()
    with pytest.raises(StoreError, match="not a complete export"):
        Store.restore(tmp_path / "out", tmp_path / "data")
    with pytest.raises(StoreError, match="not a complete export"):
        Store.restore(tmp_path / "nowhere", tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_restore_when_the_manifest_disagrees_then_it_is_refused(filled: Store, tmp_path: Path) -> None:
    filled.export(tmp_path / "out")
    manifest = tmp_path / "out" / "manifest.json"
    good = json.loads(manifest.read_text())
    for key, wrong in (("rows", 103), ("value_sum", 1.0), ("max_seq", 9), ("records", 1), ("format", 7)):
        manifest.write_text(json.dumps(good | {key: wrong}))
        with pytest.raises(StoreError, match="not what was exported|another format"):
            Store.restore(tmp_path / "out", tmp_path / "data")
        assert not (tmp_path / "data").exists()


def test_export_when_the_city_is_empty_then_it_restores_too(store: Store, tmp_path: Path) -> None:
    store.export(tmp_path / "out")
    with Store.restore(tmp_path / "out", tmp_path / "data") as again:
        assert again.seq() == 0 and again.records(Thing, WHO) == ()
