"""Rows: what stands, what is hidden, what never enters."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cityloop.contracts import Rejected
from cityloop.errors import RecordError, StoreError
from cityloop.records import Datastream, Filter, Thing
from cityloop.store import Store

WHO = Filter.operator()
BAD, TOMBSTONE = 3, 255


def test_rows_when_taken_twice_then_each_is_shown_once(store: Store, kit: Any, values: Callable[..., Any]) -> None:
    piece = kit.arrival([(0, 0, 1.5), (0, 1, 2.5)], source="file", cursor="a")
    store.take(piece)
    taken = store.take(piece)
    assert values() == [(0, 1.5), (1, 2.5)]
    assert (taken.rows, taken.seq, store.seq()) == (2, 4, 4)


def test_rows_when_corrected_then_the_later_value_stands_and_the_earlier_as_of_then(
    store: Store, kit: Any, values: Callable[..., Any]
) -> None:
    first = store.take(kit.arrival([(0, 0, 1.0), (0, 1, 2.0)])).seq
    store.take(kit.arrival([(0, 1, 9.0)]))
    assert values() == [(0, 1.0), (1, 9.0)]
    assert values(as_of_seq=first) == [(0, 1.0), (1, 2.0)]
    assert values(as_of_seq=1) == [(0, 1.0)]


def test_rows_when_deleted_then_gone_until_sent_again(store: Store, kit: Any, values: Callable[..., Any]) -> None:
    store.take(kit.arrival([(0, 0, 1.0), (0, 1, 2.0)]))
    deleted = store.take(kit.arrival([(0, 1, 0.0, TOMBSTONE)])).seq
    assert values() == [(0, 1.0)]
    store.take(kit.arrival([(0, 1, 3.0)]))
    assert values() == [(0, 1.0), (1, 3.0)]
    assert values(as_of_seq=deleted) == [(0, 1.0)]


def test_rows_when_one_arrival_says_two_values_then_its_last_stands(
    store: Store, kit: Any, values: Callable[..., Any]
) -> None:
    store.take(kit.arrival([(0, 0, 1.0), (0, 0, 7.0)]))
    assert values() == [(0, 7.0)]


def test_rows_when_of_another_variant_then_beside_the_measured_and_outside_every_mean(store: Store, kit: Any) -> None:
    store.take(kit.arrival([(0, 0, 1.0, 0, 0), (0, 0, 99.0, 0, 1)]))
    table = store.rows([kit.flow], start=kit.hour(0), end=kit.hour(1), who=WHO)
    assert table["variant"].to_pylist() == [0, 1]
    _, block = store.block([kit.flow], start=kit.hour(0), end=kit.hour(1), who=WHO)
    assert block.tolist() == [[1.0]]
    assert store.latest(WHO)["value"].to_pylist() == [1.0]


def test_rows_when_read_then_bounds_are_half_open_and_the_schema_is_fixed(store: Store, kit: Any) -> None:
    store.take(kit.arrival([(0, h, float(h)) for h in range(5)]))
    table = store.rows([kit.flow], start=kit.hour(1), end=kit.hour(3), who=WHO)
    assert table["value"].to_pylist() == [1.0, 2.0]
    assert [str(f.type) for f in table.schema] == [
        "string", "timestamp[us, tz=UTC]", "int32", "double", "uint8", "int64",
    ]  # fmt: skip
    assert table["time"].to_pylist()[0] == datetime(2025, 1, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_take_when_a_value_is_not_finite_then_all_of_it_is_refused(store: Store, kit: Any, value: float) -> None:
    with pytest.raises(StoreError, match="NaN or infinity.*nothing of it was taken"):
        store.take(kit.arrival([(0, 0, 1.0), (0, 1, value)], source="file", cursor="a"))
    assert store.seq() == 0 and store.cursors() == {}


def test_take_when_the_batch_is_malformed_then_it_says_what(store: Store, kit: Any) -> None:
    good = kit.arrival([(0, 0, 1.0)])
    index = good.batch.set_column(0, "datastream", pa.array([1], pa.int32()))
    unknown = good.batch.set_column(4, "quality", pa.array([7], pa.uint8()))
    empty = good.batch.set_column(3, "value", pa.array([None], pa.float64()))
    typed = good.batch.set_column(3, "value", pa.array(["x"]))
    for table, said in (
        (index, "points beyond its datastreams"), (unknown, "unknown quality"), (empty, "empty cells"),
        (typed, "other types"), (good.batch.drop_columns("variant"), "other columns"),
    ):  # fmt: skip
        with pytest.raises(StoreError, match=said):
            store.take(type(good)(datastreams=good.datastreams, batch=table))
    assert store.seq() == 0


def test_take_when_rows_are_refused_then_quarantine_keeps_them_once_with_the_reason(store: Store, kit: Any) -> None:
    refused = Rejected("file", "a.csv:3", "not\x00 a \ud83d number", "value: not a number")
    piece = kit.arrival([], rejected=[refused, refused], source="file", cursor="c1")
    assert store.take(piece).rejected == 2
    store.take(piece)
    found = store.quarantine(WHO).to_pylist()
    assert [(f["source"], f["position"], f["reason"]) for f in found] == [("file", "a.csv:3", "value: not a number")]
    assert found[0]["raw"] == "not\\x00 a \\ud83d number"
    assert store.cursors() == {"file": "c1"}


def test_cursors_when_an_arrival_has_none_then_the_last_one_stays(store: Store, kit: Any, data: Path) -> None:
    store.take(kit.arrival([(0, 0, 1.0)], source="file", cursor="one"))
    store.take(kit.arrival([(0, 1, 1.0)], source="file", cursor=""))
    store.take(kit.arrival([(0, 2, 1.0)], source="other", cursor="two"))
    store.close()
    with Store.open(data) as again:
        assert again.cursors() == {"file": "one", "other": "two"}
        assert again.seq() == 3


def test_take_when_datastreams_come_in_another_order_then_rows_go_to_their_own(store: Store, kit: Any) -> None:
    a, b = kit.stream("a"), kit.stream("b")
    store.take(kit.arrival([(0, 0, 1.0), (1, 0, 2.0)], [a, b], records=[kit.thing("P-1")]))
    store.take(kit.arrival([(0, 1, 20.0), (1, 1, 10.0)], [b, a]))
    _, block = store.block([b.id, a.id, b.id], start=kit.hour(0), end=kit.hour(2), who=WHO)
    assert block.tolist() == [[2.0, 1.0, 2.0], [20.0, 10.0, 20.0]]
    assert len(store.records(Datastream, WHO)) == 2 and len(store.records(Thing, WHO)) == 1


def test_filter_when_it_restricts_then_no_read_shows_more(store: Store, kit: Any, values: Callable[..., Any]) -> None:
    other = kit.stream("other")
    refused = Rejected("f", "1", "secret", "r")
    store.take(kit.arrival([(0, h, 1.0) for h in range(4)], rejected=[refused]))
    store.take(kit.arrival([(0, 0, 5.0)], [other]))
    assert values(start=kit.hour(1), end=kit.hour(3)) == [(1, 1.0), (2, 1.0)]
    mine = Filter(reader="partner", datastreams=(other.id,))
    assert values(datastreams=(other.id,)) == []
    assert store.latest(mine)["datastream"].to_pylist() == [other.id]
    assert [r.id for r in store.records(Datastream, mine)] == [other.id]
    assert len(store.quarantine(mine)) == 0
    _, block = store.block([kit.flow, other.id], start=kit.hour(0), end=kit.hour(1), who=mine)
    assert str(block.tolist()) == "[[nan, 5.0]]"
    with pytest.raises(RecordError):
        store.get(Datastream, kit.flow, mine)
    assert store.history(kit.flow, mine) == ()
    late = Filter(reader="partner", start=kit.hour(2))
    assert store.span([kit.flow], who=late) == (kit.hour(2), kit.hour(4))


def test_rows_when_the_datastream_is_unknown_then_the_nearest_is_named(store: Store, kit: Any) -> None:
    store.take(kit.arrival([(0, 0, 1.0)]))
    with pytest.raises(RecordError, match=f"Did you mean {kit.flow}"):
        store.rows([kit.flow + "x"], start=kit.hour(0), end=kit.hour(1), who=WHO)
    with pytest.raises(StoreError, match="without a zone"):
        store.rows([kit.flow], start=datetime(2025, 1, 1), end=kit.hour(1), who=WHO)


ROWS = st.lists(
    st.tuples(
        st.integers(0, 2), st.integers(0, 4), st.integers(-5, 5).map(float), st.sampled_from([0, 1, 2, 3, 255]),
        st.integers(0, 1),
    ),
    max_size=12,
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arrivals=st.lists(ROWS, min_size=1, max_size=5), data_=st.data())
def test_rows_when_anything_is_sent_then_highest_seq_wins_as_a_dict_would(
    kit: Any, tmp_path_factory: pytest.TempPathFactory, arrivals: list[Any], data_: st.DataObject
) -> None:
    streams = [kit.stream(f"s{i}") for i in range(3)]
    end = kit.start + timedelta(days=1)
    with Store.open(tmp_path_factory.mktemp("oracle") / "data") as store:
        for rows in arrivals:
            store.take(kit.arrival(rows, streams))
        sent = [row for rows in arrivals for row in rows]
        assert store.seq() == len(sent)
        seq = data_.draw(st.integers(0, len(sent)))
        oracle: dict[tuple[str, int, int], tuple[float, int]] = {}
        for d, hour, value, quality, variant in sent[:seq]:
            oracle[(streams[d].id, hour, variant)] = (value, quality)
        standing = {key: row for key, row in oracle.items() if row[1] != TOMBSTONE}
        table = store.rows([s.id for s in streams], start=kit.start, end=end, who=WHO, as_of_seq=seq).to_pylist()
        got = [((r["datastream"], (r["time"] - kit.start) // timedelta(hours=1), r["variant"]), (r["value"], r["quality"])) for r in table]  # fmt: skip
        assert got == sorted(standing.items())
        _, block = store.block([s.id for s in streams], start=kit.start, end=kit.hour(5), who=WHO, as_of_seq=seq)
        for d, one in enumerate(streams):
            for hour in range(5):
                value, quality = standing.get((one.id, hour, 0), (float("nan"), 0))
                expected = value if quality in (0, 1) else float("nan")
                assert str(block[hour, d] + 0.0) == str(expected + 0.0)
