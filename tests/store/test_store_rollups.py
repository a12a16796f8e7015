"""Hours, civil days, blocks, spans, latest and the hash of what was read."""

import hashlib
import struct
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from cityloop.errors import StoreError
from cityloop.records import Filter
from cityloop.store import Store

WHO = Filter.operator()
SUSPECT, BAD, ESTIMATED = 2, 3, 1


def test_block_when_several_rows_fall_in_a_step_then_it_is_the_mean_of_the_good_ones(store: Store, kit: Any) -> None:
    store.take(
        kit.arrival(
            [(0, 0.0, 1.0), (0, 0.25, 2.0, ESTIMATED), (0, 0.5, 100.0, BAD), (0, 0.75, 100.0, SUSPECT), (0, 1.99, 7.0)],
            [kit.stream("flow", 900)],
        )
    )
    times, block = store.block([kit.flow], start=kit.hour(0), end=kit.hour(3), who=WHO)
    assert str(block[:, 0].tolist()) == "[1.5, 7.0, nan]"
    assert times.dtype == "datetime64[us]" and str(times[1]) == "2025-01-01T01:00:00.000000"
    _, quarter = store.block([kit.flow], start=kit.hour(0), end=kit.hour(0.5), step_s=900, who=WHO)
    assert quarter[:, 0].tolist() == [1.0, 2.0]


def test_block_when_the_end_is_no_whole_step_then_the_rest_is_left_out(store: Store, kit: Any) -> None:
    store.take(kit.arrival([(0, h, float(h)) for h in range(4)]))
    _, block = store.block([kit.flow], start=kit.hour(0.5), end=kit.hour(3), who=WHO)
    assert block[:, 0].tolist() == [1.0, 2.0]
    times, none = store.block([kit.flow], start=kit.hour(3), end=kit.hour(1), who=WHO)
    assert times.shape == (0,) and none.shape == (0, 1)
    _, no_columns = store.block([], start=kit.hour(0), end=kit.hour(2), who=WHO)
    assert no_columns.shape == (2, 0)


def test_block_when_before_1970_then_the_grid_is_right(store: Store, kit: Any) -> None:
    origin = datetime(1969, 12, 31, 22, tzinfo=UTC)
    offset = (origin - kit.start) / timedelta(hours=1)
    store.take(kit.arrival([(0, offset + h, float(h)) for h in range(4)]))
    _, block = store.block([kit.flow], start=origin, end=origin + timedelta(hours=4), who=WHO)
    assert block[:, 0].tolist() == [0.0, 1.0, 2.0, 3.0]


def test_hours_when_computed_then_count_mean_min_max_sum_are_of_good_rows(store: Store, kit: Any) -> None:
    store.take(kit.arrival([(0, 5.0, 1.0), (0, 5.5, 4.0), (0, 5.6, 9.0, BAD), (0, 7.0, 2.0)], [kit.stream("flow", 60)]))
    found = store.hours([kit.flow], start=kit.hour(0), end=kit.hour(24), who=WHO).to_pylist()
    assert [tuple(f.values())[2:] for f in found] == [(2, 2.5, 1.0, 4.0, 5.0), (1, 2.0, 2.0, 2.0, 2.0)]
    assert [f["time"] for f in found] == [kit.hour(5), kit.hour(7)]


@pytest.mark.parametrize(
    "zone, day, hours",
    [
        ("Europe/Berlin", date(2025, 3, 30), 23),
        ("Europe/Berlin", date(2025, 10, 26), 25),
        ("Europe/Berlin", date(2025, 6, 1), 24),
        ("Asia/Shanghai", date(2025, 3, 30), 24),
        ("America/New_York", date(2025, 11, 2), 25),
        ("America/Santiago", date(2025, 9, 7), 23),  # midnight itself is skipped there
    ],
)
def test_days_when_clocks_change_then_they_are_the_civil_days_of_the_zone(
    store: Store, kit: Any, zone: str, day: date, hours: int
) -> None:
    store.take(kit.arrival([(0, h, 1.0) for h in range(24 * 364)]))
    middle = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    found = store.days(
        [kit.flow], start=middle - timedelta(days=3), end=middle + timedelta(days=3), timezone=zone, who=WHO
    ).to_pylist()
    assert {f["day"]: (f["hours"], f["count"], f["sum"]) for f in found}[day] == (hours, hours, float(hours))
    assert sum(f["count"] for f in found) == 144


def test_days_when_the_zone_is_unknown_then_the_error_says_how_to_name_it(store: Store, kit: Any) -> None:
    store.take(kit.arrival([(0, 0, 1.0)]))
    with pytest.raises(StoreError, match="Asia/Shanghai"):
        store.days([kit.flow], start=kit.hour(0), end=kit.hour(2), timezone="Mars/Base", who=WHO)


def test_span_when_steps_differ_then_it_ends_where_the_last_step_ends(store: Store, kit: Any) -> None:
    a, b = kit.stream("a", 3600), kit.stream("b", 900)
    assert store.span([], who=WHO) is None
    first = store.take(kit.arrival([(0, 2, 1.0), (1, 1, 1.0, BAD)], [a, b])).seq
    assert store.span([b.id], who=WHO) is None
    assert store.span([a.id, b.id], who=WHO) == (kit.hour(2), kit.hour(3))
    store.take(kit.arrival([(0, 2.5, 1.0)], [b]))
    assert store.span([b.id], who=WHO) == (kit.hour(2.5), kit.hour(2.75))
    assert store.span([a.id, b.id], who=WHO) == (kit.hour(2), kit.hour(3))
    assert store.span([b.id], who=WHO, as_of_seq=first) is None


def test_latest_when_late_rows_arrive_then_it_is_latest_by_time_not_by_arrival(store: Store, kit: Any) -> None:
    store.take(kit.arrival([(0, 5, 5.0), (0, 6, 6.0, 255)]))
    store.take(kit.arrival([(0, 1, 1.0)]))
    assert store.latest(WHO).to_pylist() == [
        {"datastream": kit.flow, "time": kit.hour(5), "variant": 0, "value": 5.0, "quality": 0, "seq": 1}
    ]


def test_digest_when_computed_by_hand_then_it_is_the_same(store: Store, kit: Any) -> None:
    a, b = kit.stream("a"), kit.stream("b")
    store.take(kit.arrival([(1, 1, 2.5), (0, 0, 1.5, BAD), (0, 0, 0.5, 0, 3), (1, 0, 7.0), (1, 0, 7.0)], [a, b]))
    origin = int(kit.start.timestamp()) * 1_000_000
    rows = {
        a.id: [(origin, 0, 1.5, BAD), (origin, 3, 0.5, 0)],
        b.id: [(origin, 0, 7.0, 0), (origin + 3_600_000_000, 0, 2.5, 0)],
    }
    expected = hashlib.sha256()
    for name in sorted(rows):
        expected.update(name.encode() + b"\0" + struct.pack("<q", 2))
        for row in rows[name]:
            expected.update(struct.pack("<qidB", *row))
    ids = [b.id, a.id, b.id]
    assert store.digest(ids, start=kit.hour(0), end=kit.hour(2), who=WHO) == expected.hexdigest()
    nothing = store.digest(ids, start=kit.hour(5), end=kit.hour(6), who=WHO)
    assert nothing == hashlib.sha256().hexdigest()


def test_digest_when_rows_are_taken_again_then_it_stays_and_when_corrected_it_changes(store: Store, kit: Any) -> None:
    piece = kit.arrival([(0, 0, 1.0), (0, 1, 2.0)])
    seq = store.take(piece).seq

    def digest(as_of_seq: int | None = None) -> str:
        return store.digest([kit.flow], start=kit.hour(0), end=kit.hour(2), who=WHO, as_of_seq=as_of_seq)

    before = digest()
    store.take(piece)
    assert digest() == before
    store.take(kit.arrival([(0, 1, 2.1)]))
    assert digest() != before and digest(seq) == before


def test_block_when_read_again_then_every_bit_is_the_same(store: Store, kit: Any) -> None:
    many = kit.many(20, 600)
    store.take(many)
    ids = [d.id for d in many.datastreams]
    first = store.block(ids, start=kit.hour(0), end=kit.hour(600), step_s=86_400, who=WHO)[1]
    for _ in range(3):
        again = store.block(ids, start=kit.hour(0), end=kit.hour(600), step_s=86_400, who=WHO)[1]
        assert again.tobytes() == first.tobytes()
    expected = many.batch["value"].to_numpy().reshape(20, 25, 24).mean(axis=2).T
    np.testing.assert_allclose(first, expected, rtol=1e-12)
