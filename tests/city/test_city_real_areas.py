"""The loop on measured data: ten real areas, no network."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from cityloop.city import STEPS, City
from cityloop.errors import CityLocked, RecordError
from cityloop.records import Datastream, Decision, Goal, Plan, Problem, Project, Verification, record_id

LATER = datetime(2023, 1, 1, tzinfo=UTC)


@pytest.fixture
def city(bwdf):
    with City.open(bwdf) as opened:
        opened.take(until=LATER)
        yield opened


@pytest.fixture
def leaking(bwdf, test_data):
    """The same areas with a leak of a third of its flow put into one for the last six weeks."""
    table = pd.read_csv(test_data / "bwdf" / "inflow_hourly.csv")
    table.loc[len(table) - 6 * 168 :, "dma_4"] += 10.0
    table.to_csv(bwdf / "inflow_hourly.csv", index=False)
    toml = bwdf / "city.toml"
    text = toml.read_text(encoding="utf-8")
    toml.write_text(text.replace(f"{test_data / 'bwdf'}/inflow_hourly.csv", "inflow_hourly.csv"), encoding="utf-8")
    with City.open(bwdf) as opened:
        opened.take(until=LATER)
        yield opened


def test_take_when_real_files_are_read_then_every_value_of_every_area_is_in_the_store(city, test_data):
    table = pd.read_csv(test_data / "bwdf" / "inflow_hourly.csv")
    view = city.view()
    streams = {s.name: s.id for s in view.records(Datastream)}
    start, end = view.span([streams["inflow/dma_3"]])
    _, block = view.block([streams[f"inflow/dma_{i}"] for i in range(1, 11)], start=start, end=end)
    local = pd.to_datetime(table.datetime_local) - pd.to_timedelta(table.utc_offset_hours, unit="h")
    assert (start, len(block)) == (local.iloc[0].tz_localize("UTC").to_pydatetime(), len(table))
    np.testing.assert_array_equal(block, table[[f"dma_{i}" for i in range(1, 11)]].to_numpy())


def test_take_when_nothing_is_new_then_nothing_is_taken_again(city):
    before = city.store.seq()
    assert [s.rows for s in city.take(until=LATER)] == [0, 0]
    assert city.store.seq() == before


def test_turn_when_one_area_leaks_then_problems_goals_and_evidence_are_kept_and_nothing_is_confirmed(leaking):
    summary = leaking.turn(leaking.last_observation())
    assert list(summary.steps) == list(STEPS)
    view = leaking.view()
    problems = view.records(Problem)
    assert problems
    assert all(p.evidence.sha256 and not p.simulated and p.gap.low <= p.gap.value <= p.gap.high for p in problems)
    assert {g.problem for g in view.records(Goal)} == {p.id for p in problems if p.indicator == "night_flow"}
    assert not view.records(Verification)
    assert all(np.isfinite(p.bound) for p in view.records(Plan))


def test_turn_when_asked_what_if_then_the_same_records_come_and_nothing_is_written(leaking):
    now = leaking.last_observation()
    what_if = leaking.turn(now, commit=False)
    assert not leaking.view(now).records(Problem)
    committed = leaking.turn(now)
    assert {r.id for r in what_if.steps["problem"]} == {r.id for r in committed.steps["problem"]}


def test_turn_when_killed_after_a_step_then_it_goes_on_at_the_next_and_ends_the_same(leaking, monkeypatch):
    now = leaking.last_observation()
    whole = {n: {r.id for r in rs} for n, rs in leaking.turn(now, commit=False).steps.items()}
    step = City._step

    def stop(self, name, view):
        if name == "countermeasure":
            raise KeyboardInterrupt
        return step(self, name, view)

    monkeypatch.setattr(City, "_step", stop)
    with pytest.raises(KeyboardInterrupt):
        leaking.turn(now)
    monkeypatch.undo()
    summary = leaking.turn(now)
    assert summary.resumed_at == "countermeasure"
    assert {n: {r.id for r in rs} for n, rs in summary.steps.items()} == whole
    view = leaking.view(now)
    for noun in (Problem, Goal):
        assert {r.id for r in view.records(noun)} == whole[noun.__name__.lower()]
        assert all(r.version == 1 for r in view.records(noun))


def test_decide_when_the_same_decision_comes_twice_then_it_counts_once_and_another_one_of_its_id_is_refused(leaking):
    now = leaking.last_observation()
    leaking.turn(now)
    problem = leaking.view(now).records(Problem)[0]
    decision = Decision(
        id=record_id("bwdf", "decision", problem.id, "1"),
        who="operator",
        when=now,
        about=problem.id,
        verb="acknowledge",
    )
    assert leaking.decide(decision)
    assert leaking.decide(decision) == ()
    assert leaking.view(now).get(Problem, problem.id).status == "acknowledged"
    with pytest.raises(RecordError, match="Another decision"):
        leaking.decide(Decision(id=decision.id, who="else", when=now, about=problem.id, verb="acknowledge"))


def test_open_when_another_process_owns_the_city_then_it_says_who(city, bwdf):
    with pytest.raises(CityLocked):
        City.open(bwdf)


def test_projects_when_no_plan_is_approved_then_none_is_in_works(city):
    city.turn(city.last_observation())
    assert all(p.state == "proposed" for p in city.view().records(Project))
