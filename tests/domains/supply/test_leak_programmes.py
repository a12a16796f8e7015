"""District meters and repair: splits of a network, days until a leak is noticed, the city's own days of repair."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from cityloop.domains.water.balance import find_meters
from cityloop.domains.water.boundary_state import BoundaryState
from cityloop.domains.water.leaks.statistic import Statistic
from cityloop.domains.water.network import PipeNetwork
from cityloop.domains.water.pipes.district_meters import district_meter, find_splits, late_detection
from cityloop.domains.water.pipes.new_leaks import days_to_notice, mean_size, unseen_l_per_s
from cityloop.domains.water.pipes.repair_speed import repair_measures, repair_problems, repair_record
from cityloop.records import Countermeasure, Estimate, Money, Project, Realisation, Relation, StateEntry, Thing

NOW = datetime(2024, 4, 10, tzinfo=UTC)
SURE = Realisation(
    kind="",
    estimate=Estimate(value=1.0, low=1.0, high=1.0, level=0.9, unit="1"),
    studies=0,
    source="",
    status="confirmed",
)


# --- splits ------------------------------------------------------------------------------------------------------
def two_grids(ids, bridges: int = 2, side: int = 4) -> PipeNetwork:
    """Two square grids beside each other, joined by `bridges` pipes; 100 m each, the first bridge the largest."""
    nodes = [
        Thing(id=ids("junction", f"{g}{i}"), kind="junction", name=f"{g}{i}") for g in "ab" for i in range(side**2)
    ]
    pairs, names, sizes = [], [], []
    for g in range(2):
        for i in range(side**2):
            for j in (i + 1 if (i + 1) % side else None, i + side if i + side < side**2 else None):
                if j is not None:
                    pairs.append((g * side**2 + i, g * side**2 + j))
                    names.append(f"P{g}-{i}-{j}")
                    sizes.append(100.0)
    for k in range(bridges):
        pairs.append((k * side + side - 1, side**2 + k * side))
        names.append(f"B{k}")
        sizes.append(300.0 - 50 * k)
    pipes = tuple(
        Thing(
            id=ids("pipe", n), kind="pipe", name=n, properties={"length_m": 100.0, "diameter_mm": d},
            relations=(Relation(kind="start", thing=nodes[a].id), Relation(kind="end", thing=nodes[b].id)),
        )
        for (a, b), n, d in zip(pairs, names, sizes, strict=True)
    )  # fmt: skip
    return PipeNetwork(tuple(nodes), len(nodes), pipes, np.array(pairs), np.full(len(pipes), 100.0))


def test_split_when_two_parts_hang_on_two_pipes_then_the_larger_is_metered_and_the_other_closed(ids):
    best = find_splits(two_grids(ids), [ids("junction", "a0")])[0]
    assert best.meter.name == "B0" and [p.name for p in best.closed] == ["B1"]
    assert best.share == pytest.approx(24 / 50)


def test_split_when_one_pipe_joins_them_then_nothing_is_closed(ids):
    best = find_splits(two_grids(ids, bridges=1), [ids("junction", "a0")])[0]
    assert best.meter.name == "B0" and best.closed == ()


def test_split_when_no_inlet_is_known_then_there_is_none(ids):
    assert find_splits(two_grids(ids), []) == [] == find_splits(two_grids(ids), ["elsewhere"])


# --- late detection ----------------------------------------------------------------------------------------------
def test_notice_when_a_leak_is_below_the_allowance_then_it_runs_until_it_shows(known):
    assert days_to_notice(0.2, 0.5, longest_days=365.0) == 365.0
    assert days_to_notice(1.0, 0.5, longest_days=365.0) == pytest.approx(8 * 0.5 / 0.75)
    whole = unseen_l_per_s(10.0, ((1.0, 2.0),), known())
    parts = unseen_l_per_s(10.0, ((0.5, 1.0), (0.5, 1.0)), known())
    assert 0 < parts < whole


def state_of(view, ids, sd: float) -> BoundaryState:
    zone = next(t for t in view.things if getattr(t, "kind", "") == "boundary")
    days = np.arange(np.datetime64("2024-01-01"), np.datetime64("2024-04-10"))
    night = np.full(len(days), 50.0)
    found = Statistic(night, sd, sd, 0.0, 0.1, {}, False)
    meters = find_meters(view, zone)
    return BoundaryState(zone, meters, days, night, night, {}, found, None, (), meters.datastreams, False)


def pipes_of(ids, breaks: float) -> tuple[Thing, ...]:
    zone = ids("boundary", "a")
    return tuple(
        Thing(
            id=p.id, kind="pipe", name=p.name, relations=(*p.relations, Relation(kind="part_of", thing=zone)),
            properties={**p.properties, "breaks": breaks, "breaks_years": 5.0},
        )
        for p in two_grids(ids).pipes
    )  # fmt: skip


def test_late_detection_when_a_large_area_breaks_often_then_it_is_a_problem(city, known, ids):
    view = city(purchased_m3=1e5, prices={"district_meter_each": 9e4, "water_per_m3": 2.0}, things=pipes_of(ids, 1.0))
    (problem,) = late_detection(view, [state_of(view, ids, 3.0)], known())
    assert problem.kind == "late_detection" and problem.cost_per_year.value == pytest.approx(
        problem.gap.value * 31_536 * 2.0
    )
    assert late_detection(view, [state_of(view, ids, 0.05)], known()) == []
    assert district_meter(view, None, problem, {}, known()) == []  # without a model nothing is promised


def test_late_detection_when_no_price_or_no_break_record_is_there_then_nothing_is_asked(city, known, ids):
    without_price = city(purchased_m3=1e5, things=pipes_of(ids, 1.0))
    without_record = city(purchased_m3=1e5, prices={"district_meter_each": 9e4})
    for view in (without_price, without_record):
        assert late_detection(view, [state_of(view, ids, 3.0)], known()) == []


# --- repair ------------------------------------------------------------------------------------------------------
def repairs(ids, days: tuple[float, ...]) -> tuple[object, ...]:
    """Repairs approved on different days and done so many days later."""
    found: list[object] = [Thing(id=ids("city", "dry"), kind="city", name="dry")]
    for n, took in enumerate(days):
        measure = Countermeasure(
            id=f"m{n}", domain="water", kind="survey_and_repair", title_en="", title_zh="", boundary="b", targets=(),
            changes=(), answers=(f"p{n}",), effects=(), costs=(), realisation=SURE,
        )  # fmt: skip
        approved = NOW - timedelta(days=80 - n)
        cost = Money(amount=1.0, currency="CNY", price_year=2026)
        states = (
            StateEntry(state="approved", on=approved, by="x"), StateEntry(state="started", on=approved, by="x"),
            StateEntry(state="done", on=approved + timedelta(days=took), by="x", cost=cost),
        )  # fmt: skip
        found += [measure, Project(id=f"w{n}", countermeasure=f"m{n}", plan="", boundary="b", name="", states=states)]
    return tuple(found)


PRICES = {"standby_crew_per_year": 1_000.0, "water_per_m3": 2.0}


def test_repair_when_it_takes_longer_than_aimed_at_then_the_days_saved_are_what_a_crew_brings(city, known, ids):
    view = city(purchased_m3=1e5, prices=PRICES, things=(*repairs(ids, (10.0, 17.0, 30.0)), *pipes_of(ids, 1.0)))
    (problem,) = repair_problems(view, known())
    assert problem.observed.value == 17.0 and problem.gap.value == 10.0 and problem.observed.low == 10.0
    leaks = (50 + 0.5) / 5  # breaks of all pipes in five years
    lost = leaks * mean_size() * 10 / 365
    assert problem.cost_per_year.value == pytest.approx(lost * 31_536 * 2.0, rel=1e-6)
    (faster,) = repair_measures(view, problem, {"faster_repair": SURE}, known())
    assert faster.effects[0].estimate.value == pytest.approx(lost, rel=1e-6)
    assert {r.name for r in faster.costs} == {"standby crew", "saved water"}


def test_repair_when_too_few_are_on_record_or_nothing_is_priced_then_nothing_is_said(city, known, ids):
    few = city(purchased_m3=1e5, prices=PRICES, things=(*repairs(ids, (30.0, 30.0)), *pipes_of(ids, 1.0)))
    unpriced = city(purchased_m3=1e5, things=(*repairs(ids, (30.0, 30.0, 30.0)), *pipes_of(ids, 1.0)))
    assert repair_record(few) is None
    assert repair_problems(few, known()) == [] == repair_problems(unpriced, known())


def test_repair_when_trouble_is_seen_again_then_a_check_is_offered(city, known, ids):
    from cityloop.records import Evidence, Problem

    flat = Estimate(value=1.0, low=1.0, high=1.0, level=0.9, unit="L/s")
    again = Problem(
        id="p0", domain="water", kind="burst", boundary="b", indicator="night_flow", observed=flat, expected=flat, gap=flat,
        onset=None, detected=NOW, cost_per_year=None,
        evidence=Evidence(datastreams=(), start=NOW, end=NOW, as_of_seq=0, sha256=""),
    )  # fmt: skip
    things = (*repairs(ids, (3.0, 3.0, 3.0, 3.0)), *pipes_of(ids, 1.0), again)
    view = city(purchased_m3=1e5, prices={"repair_check_each": 500.0, "water_per_m3": 2.0}, things=things)
    assert repair_record(view).seen_again == 1
    (problem,) = repair_problems(view, known())
    (check,) = repair_measures(view, problem, {"repair_check": SURE}, known())
    assert check.kind == "repair_check"
    expected = (50 + 0.5) / 5 * mean_size() * (1 / 4) * known()["failed_repair_days"].value / 365
    assert check.effects[0].estimate.value == pytest.approx(expected, rel=1e-6)
