"""Records, their versions, and turns."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from cityloop.errors import RecordError, StoreError
from cityloop.records import Baseline, Decision, Estimate, Evidence, Filter, Goal, Location, Thing
from cityloop.store import Store

WHO = Filter.operator()
NOW = datetime(2025, 3, 1, tzinfo=UTC)


def test_put_when_identical_apart_from_version_then_nothing_is_written(store: Store, kit: Any) -> None:
    (first,) = store.put([kit.thing("P-1", length_m=5.0)])
    stamp = store.stamp()
    (again,) = store.put([kit.thing("P-1", length_m=5.0)])
    assert again == first and store.stamp() == stamp
    (changed,) = store.put([kit.thing("P-1", length_m=6.0)])
    assert (first.version, changed.version) == (1, 2)
    (back,) = store.put([first])
    assert back.version == 3
    assert [r.version for r in store.history(first.id, WHO)] == [1, 2, 3]


def test_put_when_one_call_holds_a_record_twice_then_both_versions_are_kept(store: Store, kit: Any) -> None:
    stored = store.put([kit.thing("P-1", a=1.0), kit.thing("P-1", a=2.0), kit.thing("P-1", a=2.0)])
    assert [r.version for r in stored] == [1, 2, 2]
    assert store.records(Thing, WHO) == (stored[1],)


def test_put_when_one_record_cannot_be_stored_then_none_is(store: Store, kit: Any) -> None:
    with pytest.raises(RecordError, match="cannot be stored"):
        store.put([kit.thing("P-1"), kit.thing("P-2", length_m=float("nan"))])
    assert store.records(Thing, WHO) == ()
    with pytest.raises(RecordError, match="cannot be stored"):
        store.put([kit.thing("P-1", length_m=object())])


def test_put_when_the_id_belongs_to_another_noun_then_it_is_refused(store: Store, kit: Any) -> None:
    (thing,) = store.put([kit.thing("P-1")])
    place = Location(id=thing.id, name="x", crs="EPSG:4326", geometry="point", coordinates=((1.0, 2.0),))
    with pytest.raises(RecordError, match=r"another noun.*Location.*Thing"):
        store.put([place])


def test_put_when_a_tuple_stands_for_a_list_then_the_same_record_again_is_no_new_version(store: Store) -> None:
    evidence = Evidence(datastreams=("d",), start=NOW, end=NOW, as_of_seq=1, sha256="0")
    baseline = Baseline(
        id="c:baseline:1", goal="g", boundary="b", indicator="i", projects=(), frozen=NOW, method="m",
        parameters={"x": (1.0, 2.0)}, evidence=evidence, unit="m3",  # type: ignore[dict-item]
    )  # fmt: skip
    assert [store.put([baseline])[0].version for _ in range(2)] == [1, 1]


def test_records_when_read_then_sorted_by_id_latest_only_and_exactly_what_was_put(store: Store, kit: Any) -> None:
    def estimate(value: float) -> Estimate:
        return Estimate(value=value, low=0.1 + 0.2, high=1e300, level=0.9, unit="m3")

    goal = Goal(
        id="c:goal:1", problem="p", indicator="i", boundary="b", start_value=estimate(1 / 3), target=estimate(-0.0),
        due=date(2026, 2, 28), datastreams=("a", "b"), method="m", level=0.9, days_before=1, days_after=2,
        settling_days=3, smallest_effect=5e-324, unit="m3", policy="节水", norm="",
    )  # fmt: skip
    store.put([goal, *(kit.thing(n) for n in ("P-3", "P-1", "P-2"))])
    assert store.get(Goal, goal.id, WHO) == goal
    ids = [t.id for t in store.records(Thing, WHO)]
    assert ids == sorted(ids) and len(ids) == 3
    assert store.records(Thing, Filter(reader="x", nouns=("Goal",))) == ()


def test_get_when_there_is_none_then_the_nearest_id_is_named(store: Store, kit: Any) -> None:
    (thing,) = store.put([kit.thing("P-1")])
    with pytest.raises(RecordError, match=f"No such Thing.*Did you mean {thing.id}"):
        store.get(Thing, thing.id[:-1], WHO)
    with pytest.raises(RecordError, match="No such Goal.*none exists yet"):
        store.get(Goal, thing.id, WHO)


def test_records_when_read_again_then_they_are_not_decoded_again_and_never_stale(store: Store, kit: Any) -> None:
    store.put([kit.thing("P-1")])
    first = store.records(Thing, WHO)[0]
    store.put([Decision(id="c:decision:1", who="a", when=NOW, about="x", verb="v")])
    assert store.records(Thing, WHO)[0] is first
    store.put([kit.thing("P-1", length_m=1.0)])
    assert store.records(Thing, WHO)[0].version == 2


def test_turn_when_killed_between_steps_then_it_is_found_with_its_steps_after_opening(
    store: Store, kit: Any, data: Path
) -> None:
    store.begin_turn("t1", NOW, 7)
    store.put([kit.thing("P-1")], turn="t1", step="problem")
    store.put([], turn="t1", step="goal")
    store.close()
    with Store.open(data) as again:
        assert again.open_turn() == ("t1", NOW, 7)
        assert again.turn_steps("t1") == ("problem", "goal")
        assert again.turn_records("t1") == {"problem": again.records(Thing, WHO), "goal": ()}
        again.begin_turn("t1", NOW, 7)
        again.put([kit.thing("P-1")], turn="t1", step="problem")
        assert again.turn_steps("t1") == ("problem", "goal")
        again.finish_turn("t1")
        assert again.open_turn() is None
        again.begin_turn("t1", NOW, 7)
        assert again.open_turn() is None


def test_turn_when_a_step_fails_then_neither_records_nor_mark_are_kept(store: Store, kit: Any) -> None:
    store.begin_turn("t1", NOW, 0)
    with pytest.raises(RecordError):
        store.put([kit.thing("P-1"), kit.thing("P-2", x=float("inf"))], turn="t1", step="problem")
    assert store.turn_steps("t1") == () and store.records(Thing, WHO) == ()


def test_turn_when_used_wrongly_then_it_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="not open"):
        store.put([], turn="t1", step="goal")
    with pytest.raises(StoreError, match="belongs to a turn"):
        store.put([], step="goal")
    store.begin_turn("t1", NOW, 0)
    with pytest.raises(StoreError, match="still open"):
        store.begin_turn("t2", NOW, 0)
    with pytest.raises(StoreError, match="Another turn has this id"):
        store.begin_turn("t1", NOW, 5)
    with pytest.raises(StoreError, match="No such turn"):
        store.finish_turn("t9")
    with pytest.raises(StoreError, match="without a zone"):
        store.begin_turn("t3", datetime(2025, 1, 1), 0)
