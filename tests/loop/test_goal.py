"""Step two: targets, norms, and the rules of judgement registered before works."""

from dataclasses import replace

import pytest

from cityloop.contracts import NormRule
from cityloop.i18n import Pair
from cityloop.loop.baseline import METHOD
from cityloop.loop.goal import set_goals
from cityloop.records import Goal


def norm(limit, unit="L/s"):
    return NormRule("us", "night_flow", Pair("Night flow", "夜间流量"), "", limit, unit, "a rule", "2020", "confirmed")


@pytest.fixture
def goals(toy):
    def build(*records, **changes):
        view = toy.View(**changes).put(*records)
        made = set_goals(view, [toy.Domain()])
        view.put(*made)
        return view, made

    return build


def test_set_goals_then_the_share_of_the_gap_and_the_rules_of_judgement(goals, toy):
    _, (goal,) = goals(toy.problem())
    # observed 20, gap 4 (3..5), share 0.8
    assert goal.target.value == pytest.approx(16.8)
    assert (goal.target.low, goal.target.high) == pytest.approx((16.0, 17.6))
    assert goal.start_value == toy.problem().observed
    assert (goal.method, goal.level, goal.datastreams) == (METHOD, 0.9, ("toy:datastream:1",))
    assert goal.due.isoformat() == "2026-08-30"
    assert goal.days_before > 0 and goal.days_after > 0 and goal.unit == "L/s"


def test_set_goals_before_a_cost_is_known_then_a_tenth_of_the_observed_or_half_of_the_aim(goals, toy):
    _, (small,) = goals(toy.problem())
    assert small.smallest_effect == pytest.approx(1.6)  # half of 3.2, since 10 % of 20 is more
    _, (large,) = goals(toy.problem(gap=toy.estimate(10.0, 1.0)))
    assert large.smallest_effect == pytest.approx(2.0)
    english, chinese = large.policy.split(" | ")
    assert "80 % of the gap" in english and "10 % of the observed value" in english and "80%" in chinese


def test_set_goals_with_a_priced_answer_then_break_even_with_the_cheapest(goals, toy):
    # 4000 USD a year for 4 L/s: 1000 per L/s and year; the cheapest answer costs 500.
    _, (goal,) = goals(toy.problem(), toy.measure("a", cost=500.0), toy.measure("b", cost=800.0))
    assert goal.smallest_effect == pytest.approx(0.5) and "pays the cheapest answer, 500 USD" in goal.policy


def test_set_goals_with_a_norm_then_the_tighter_of_both(goals, toy):
    _, (tight,) = goals(toy.problem(), norms={"night_flow": norm(15.0)})
    assert tight.target.value == 15.0 and tight.norm == "us/night_flow"
    _, (loose,) = goals(toy.problem(), norms={"night_flow": norm(19.0)})
    assert loose.target.value == pytest.approx(16.8)
    _, (other,) = goals(toy.problem(), norms={"night_flow": norm(15.0, unit="m3/day")})
    assert other.norm == ""


def test_set_goals_of_an_indicator_without_target_and_norm_then_none(goals, toy):
    assert goals(toy.problem(indicator="sensor_fault"))[1] == []
    policy = replace(toy.POLICY, targets={"sensor_fault": 1.0})
    assert goals(toy.problem(indicator="sensor_fault"), policy=policy)[1] == []  # no domain can judge it


@pytest.mark.parametrize("status", ["closed", "dismissed", "merged", "in_works"])
def test_set_goals_of_a_problem_that_is_not_open_then_none(goals, toy, status):
    assert goals(toy.problem(status=status))[1] == []


def test_set_goals_again_before_works_then_revised_only_if_something_changed(goals, toy):
    view, (first,) = goals(toy.problem())
    assert set_goals(view, [toy.Domain()]) == []
    (second,) = set_goals(view.put(toy.problem(observed=toy.estimate(30.0, 1.0))), [toy.Domain()])
    assert second.id == first.id and second.version == 2 and second.start_value.value == 30.0


def test_set_goals_after_works_started_then_the_registered_goal_never_changes(goals, toy):
    a = toy.measure("a")
    view, (first,) = goals(toy.problem(), a)
    view.put(toy.project(a, "proposed", "approved", "started"), toy.problem(observed=toy.estimate(30.0, 1.0)))
    assert set_goals(view, [toy.Domain()]) == []
    assert view.records(Goal) == (first,)


def test_set_goals_when_a_problem_is_open_again_after_works_then_a_goal_of_its_own(goals, toy):
    a = toy.measure("a")
    view, (first,) = goals(toy.problem(), a)
    view.put(toy.project(a, "proposed", "approved", "started", "done"))
    (second,) = set_goals(view, [toy.Domain()])
    assert second.id != first.id and second.problem == first.problem
