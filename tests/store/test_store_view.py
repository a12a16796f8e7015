"""A view is a snapshot; a what-if lies over it."""

from typing import Any

import numpy as np
import pytest

from cityloop.contracts import NormRule, Policy, View
from cityloop.errors import RecordError
from cityloop.i18n import Pair
from cityloop.records import Filter, Thing
from cityloop.store import Store, StoreView

POLICY = Policy(
    currency="USD", price_year=2026, discount_rate=0.03, years=3, budget_per_year=(1.0, 1.0, 1.0), level=0.9,
    targets={}, due_days=90, prices={}, crew_km_per_day=5.0, binding_norm="us", compare_norms=("cn",),
)  # fmt: skip
RULE = NormRule("us", "nrw", Pair("Loss", "漏损"), "", 0.1, "1", "test", "2025", "confirmed")


def view_of(store: Store, kit: Any, **more: Any) -> StoreView:
    norms = {"us": {"nrw": RULE}, "cn": {}}
    return StoreView(
        store, city="c", timezone="Asia/Shanghai", now=kit.hour(48), policy=POLICY, norms=norms, **more
    )  # fmt: skip


def test_view_when_rows_and_records_come_later_then_it_does_not_change(store: Store, kit: Any) -> None:
    store.take(kit.arrival([(0, 0, 1.0)], records=[kit.thing("P-1")]))
    view: View = view_of(store, kit)
    store.take(kit.arrival([(0, 0, 9.0), (0, 1, 9.0)], records=[kit.thing("P-1", x=1.0), kit.thing("P-2")]))
    _, block = view.block([kit.flow], start=kit.hour(0), end=kit.hour(2))
    assert str(block.tolist()) == "[[1.0], [nan]]"
    assert view.span([kit.flow]) == (kit.hour(0), kit.hour(1))
    assert [t.name for t in view.records(Thing)] == ["P-1"]
    assert view.get(Thing, kit.thing("P-1").id).properties == {}
    later: View = view_of(store, kit)
    assert len(later.records(Thing)) == 2 and later.as_of_seq == 3
    assert view.as_of_seq == 1
    evidence = view.evidence([kit.flow], start=kit.hour(0), end=kit.hour(2))
    pinned: View = view_of(store, kit, as_of_seq=1)
    assert pinned.evidence([kit.flow], start=kit.hour(0), end=kit.hour(2)) == evidence
    assert later.evidence([kit.flow], start=kit.hour(0), end=kit.hour(2)).sha256 != evidence.sha256


def test_view_when_a_caller_changes_its_block_then_the_next_caller_does_not_see_it(store: Store, kit: Any) -> None:
    store.take(kit.arrival([(0, 0, 1.0)]))
    view = view_of(store, kit)
    times, block = view.block([kit.flow], start=kit.hour(0), end=kit.hour(1))
    block[:] = 77.0
    times[:] = np.datetime64(0, "us")
    again = view.block([kit.flow], start=kit.hour(0), end=kit.hour(1))
    assert again[1].tolist() == [[1.0]] and str(again[0][0]).startswith("2025")


def test_view_when_a_what_if_lies_over_it_then_only_this_view_has_it(store: Store, kit: Any) -> None:
    store.put([kit.thing("P-1"), kit.thing("P-2")])
    overlay = [kit.thing("P-2", x=1.0), kit.thing("P-3"), kit.thing("P-3", x=2.0), kit.thing("P-1")]
    view = view_of(store, kit, overlay=overlay)
    assert {t.name: t.version for t in view.records(Thing)} == {"P-1": 1, "P-2": 2, "P-3": 2}
    assert view.get(Thing, kit.thing("P-3").id).properties == {"x": 2.0}
    with pytest.raises(RecordError, match="No such Thing"):
        view.get(Thing, "c:thing:nothing")
    assert len(store.records(Thing, Filter.operator())) == 2
    assert store.put(overlay)[1].version == 1 and store.put(overlay[2:3])[0].version == 2


def test_norm_when_asked_then_the_binding_world_answers_unless_another_is_named(store: Store, kit: Any) -> None:
    view = view_of(store, kit)
    assert view.norm("nrw") == RULE and view.norm("nrw", "cn") is None and view.norm("nothing") is None


def test_view_when_its_filter_restricts_then_so_does_every_answer(store: Store, kit: Any) -> None:
    store.take(kit.arrival([(0, 0, 1.0)], records=[kit.thing("P-1")]))
    view = view_of(store, kit, who=Filter(reader="partner", datastreams=(), nouns=("Datastream",)))
    assert view.records(Thing) == () and view.span([kit.flow]) is None
    assert np.isnan(view.block([kit.flow], start=kit.hour(0), end=kit.hour(1))[1]).all()
