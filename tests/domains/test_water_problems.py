"""The Problem of a boundary: estimates, money, kind, notes."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from cityloop.domains.water import domain
from cityloop.domains.water.balance import boundaries
from cityloop.records import Problem, Project, StateEntry


def leak_problem(view):
    (problem,) = [p for p in domain.problems(view, None) if p.indicator == "night_flow"]
    return problem


def project(view, start_day, done_day, state="done"):
    begin = view.now - timedelta(days=90)
    states = [StateEntry(state="started", on=begin + timedelta(days=start_day, hours=9), by="crew")]
    if state == "done":
        states.append(StateEntry(state="done", on=begin + timedelta(days=done_day, hours=15), by="crew"))
    return Project(
        id="square:project:1", countermeasure="c", plan="p", boundary=boundaries(view)[0].id, name="repair",
        states=tuple(states),
    )  # fmt: skip


def test_problem_when_a_burst_then_gap_is_observed_minus_expected_with_intervals(square):
    problem = leak_problem(square(leaks=[(21, 40, 5.0, 0.0)]).build()[0])
    assert problem.kind == "burst" and problem.onset == date(2025, 1, 6) + timedelta(days=40)
    assert problem.gap.low < 5.0 < problem.gap.high and problem.gap.level == 0.9 and problem.gap.unit == "L/s"
    assert problem.observed.value - problem.expected.value == pytest.approx(problem.gap.value)
    assert problem.expected.low < problem.expected.value < problem.expected.high
    assert len(problem.evidence.sha256) == 64 and problem.simulated
    assert problem.details["step_1_onset"] == "2025-02-15"


def test_problem_when_water_has_a_price_then_yearly_cost_is_volume_times_price(square):
    problem = leak_problem(square(leaks=[(21, 40, 5.0, 0.0)]).build()[0])
    assert problem.cost_per_year.unit == "USD/year"
    # 1 L/s for 365 days = 31,536 m3
    assert problem.cost_per_year.value == pytest.approx(problem.gap.value * 31_536 * 0.3)
    assert problem.cost_per_year.low == pytest.approx(problem.gap.low * 31_536 * 0.3)


def test_problem_when_water_has_no_price_then_no_cost_and_a_note(square):
    view, _ = square(leaks=[(21, 40, 5.0, 0.0)]).build()
    problem = leak_problem(view.with_(policy=replace(view.policy, prices={})))
    assert problem.cost_per_year is None
    assert any("water_per_m3" in note for note in problem.notes)


def test_problem_when_it_is_already_open_then_kind_and_id_stay(square):
    view, _ = square(leaks=[(21, 40, 5.0, 0.0)]).build()
    first = leak_problem(view)
    growing = Problem(**{f: getattr(first, f) for f in first.__struct_fields__} | {"kind": "growing_leakage"})
    again = leak_problem(view.with_(things=(*view.things, growing)))
    assert again.kind == "growing_leakage"
    assert again.id != first.id and again.gap == first.gap


def test_problem_when_works_are_done_then_it_is_not_raised_again(square):
    view, _ = square(days=90, leaks=[(21, 40, 5.0, 0.0), (21, 62, -5.0, 0.0)]).build()
    done = view.with_(things=(*view.things, project(view, 61, 62)))
    assert [p for p in domain.problems(done, None) if p.indicator == "night_flow"] == []


def test_problem_when_works_are_only_started_then_it_is_still_there(square):
    view, _ = square(days=90, leaks=[(21, 40, 5.0, 0.0)]).build()
    started = view.with_(things=(*view.things, project(view, 85, 0, state="started")))
    assert leak_problem(started).gap.value == pytest.approx(5.0, abs=0.5)


def test_problem_when_the_meter_is_missing_then_no_problem_is_invented(square):
    view, _ = square(leaks=[(21, 40, 5.0, 0.0)]).build()
    bare = view.with_(things=tuple(t for t in view.things if getattr(t, "name", "") != "inflow"))
    assert [p for p in domain.problems(bare, None) if p.indicator == "night_flow"] == []


def test_notes_when_shown_then_each_has_both_languages(square):
    problem = leak_problem(square(leaks=[(21, 40, 5.0, 0.0)]).build()[0])
    for note in problem.notes:
        english, chinese = note.split(" | ")
        assert english.isascii() or "·" in english
        assert any("\u4e00" <= c <= "\u9fff" for c in chinese)


def test_notes_when_no_survey_can_be_offered_then_they_say_what_is_missing(square):
    view, _ = square(leaks=[(21, 40, 5.0, 0.0)]).build()
    said = " ".join(leak_problem(view.with_(policy=replace(view.policy, currency="EUR"))).notes)
    assert "mains_km" in said and "survey_per_km, repair_each" in said
    assert "survey_per_km" not in " ".join(leak_problem(view).notes)
