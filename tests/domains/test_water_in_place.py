"""Works that last are not offered again while they stand; searches and repairs are."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from cityloop.domains.water.in_place import without_those_in_place
from cityloop.records import CostRow, Countermeasure, Estimate, Money, Project, Realisation, StateEntry

NOW = datetime(2026, 10, 1, tzinfo=UTC)
ONE = Estimate(value=1, low=1, high=1, level=0.9, unit="1")


def measure(kind, life):
    row = CostRow(
        name="x", kind="cost", first_year=0, life=life, recurrence=1, escalation=0.0, quantity=ONE,
        unit_value=Money(amount=1, currency="CNY", price_year=2026),
    )  # fmt: skip
    return Countermeasure(
        id=f"c:countermeasure:{kind}", domain="water", kind=kind, title_en="", title_zh="", boundary="b", targets=("t",),
        changes=(), answers=("p",), effects=(), costs=(row,),
        realisation=Realisation(kind=kind, estimate=ONE, studies=0, source="", status="unconfirmed"),
    )  # fmt: skip


def view(of, state, years_ago):
    on = NOW - timedelta(days=366 * years_ago)
    project = Project(
        id="c:project:1",
        countermeasure=of.id,
        plan="",
        boundary="b",
        name="",
        states=(StateEntry(state=state, on=on, by="x"),),
    )
    return SimpleNamespace(now=NOW, records=lambda noun: (project,))


@pytest.mark.parametrize(
    ("kind", "state", "years_ago", "offered"),
    [("water_reuse", "done", 0, False), ("water_reuse", "done", 4, False), ("water_reuse", "done", 5, True),
     ("water_reuse", "cancelled", 0, True), ("survey_and_repair", "done", 0, True)],
)  # fmt: skip
def test_offer_again_when_works_are_done_then_only_after_their_life(kind, state, years_ago, offered):
    made = measure(kind, life=5)
    assert without_those_in_place(view(made, state, years_ago), [made]) == ([made] if offered else [])
