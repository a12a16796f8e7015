"""Step four: what is chosen, what is not and why, and what a joint simulation takes out again."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from cityloop.contracts import Violation
from cityloop.errors import EngineError
from cityloop.loop.decision import apply
from cityloop.loop.plan import UNPRICED_SHARE, make_plan
from cityloop.records import Limit, Money, Plan, Project, to_json


@pytest.fixture
def city(toy):
    """A view with three problems b1, b2, b3 and the measures given."""

    def build(*measures, **policy):
        view = toy.View(policy=replace(toy.POLICY, **policy))
        view.put(*(toy.problem(b) for b in ("b1", "b2", "b3")), *measures)
        return view

    return build


def planned(view, simulator=None):
    records = make_plan(view, simulator)
    view.put(*records)
    plan = next(r for r in records if isinstance(r, Plan))
    return plan, {r.countermeasure: r for r in records if isinstance(r, Project)}


def chosen(plan):
    return {line.countermeasure: line.year for line in plan.lines}


def two_languages(text):
    english, chinese = text.split(" | ")
    return english.isascii() and not chinese.isascii()


def test_make_plan_without_anything_to_decide_then_no_records(toy):
    assert make_plan(toy.View(), None) == []
    assert make_plan(toy.View().put(toy.problem()), None) == []


def test_make_plan_with_one_worthwhile_measure_then_a_line_a_project_and_the_value_by_hand(city, toy):
    a = toy.measure("a", cost=20.0, benefit=100.0)
    plan, projects = planned(city(a))
    (line,) = plan.lines
    assert (line.countermeasure, line.year, line.cost.amount) == (a.id, 2026, pytest.approx(20.0))
    assert plan.objective.value == pytest.approx(80.0) and plan.objective.unit == "USD (2026)"
    assert plan.bound == pytest.approx(80.0, abs=0.1) and plan.gap <= 0.001 and plan.stopped_by == "optimal"
    assert plan.years == (2026, 2027, 2028) and [b.amount for b in plan.budget] == [100, 100, 100]
    project = projects[a.id]
    assert project.state == "proposed" and project.plan == plan.id and project.id == line.project
    assert two_languages(project.name) and plan.status == "proposed"
    assert plan.joint_effect == {"night_flow of b1": 2.0}


def test_make_plan_objective_of_two_measures_then_their_intervals_add_in_squares(city, toy):
    wide = toy.cost_row("benefit", 1.0, quantity=toy.estimate(50.0, 30.0, "1"))
    wider = toy.cost_row("benefit", 1.0, quantity=toy.estimate(60.0, 40.0, "1"))
    plan, _ = planned(city(toy.measure("a", costs=(wide,)), toy.measure("b", on="b2", costs=(wider,))))
    assert plan.objective.value == pytest.approx(110.0)
    assert plan.objective.high - plan.objective.value == pytest.approx(50.0)


def test_make_plan_with_budget_zero_then_nothing_and_each_reason_in_both_languages(city, toy):
    a = toy.measure("a")
    plan, projects = planned(city(a, budget_per_year=(0.0, 0.0, 0.0)))
    assert plan.lines == () and projects == {} and plan.objective.value == 0.0
    assert plan.rejected[a.id].startswith("Not affordable") and two_languages(plan.rejected[a.id])


def test_make_plan_reasons_then_each_says_what_decides(city, toy):
    measures = {
        "best": toy.measure("best", cost=10, benefit=200, one_of="g"),
        "second": toy.measure("second", cost=10, benefit=150, one_of="g"),
        "loss": toy.measure("loss", cost=50, benefit=20),
        "needy": toy.measure("needy", cost=1, requires=(("station", "harbour"),)),
        "dear": toy.measure("dear", cost=5000, benefit=9000),
        "crowded": toy.measure("crowded", cost=95, benefit=96, on="b2"),
        "crew": toy.measure("crew", cost=1, uses={"crew_days": 9.0}, on="b3"),
        "old": toy.measure("old", costs=(toy.cost_row("cost", 5, unit_value=Money(amount=5, currency="USD", price_year=2011)),)),
    }  # fmt: skip
    view = city(*measures.values(), years=1, budget_per_year=(100.0,))
    view.policy = replace(view.policy, limits=(Limit(id="crew_days", amount=5.0, unit="crew-day/year", source="test"),))
    plan, _ = planned(view)
    assert list(chosen(plan)) == [measures["best"].id]
    starts = {name: plan.rejected[m.id] for name, m in measures.items() if name != "best"}
    for name, words in {
        "second": "Excluded by best", "loss": "Costs more than it is worth", "needy": "Needs station at harbour",
        "dear": "Not affordable: it costs 5,000", "crowded": "Not affordable beside", "crew": "Not enough crew_days",
        "old": "Its costs cannot be summed: cost row 'cost': USD (2011)",
    }.items():  # fmt: skip
        assert starts[name].startswith(words) and two_languages(starts[name]), starts[name]
    assert "对策best" in starts["second"].split(" | ")[1]


def test_make_plan_with_a_need_then_both_or_neither(city, toy):
    first = toy.measure("first", kind="station", cost=30, benefit=0.0, on="b2")
    then = toy.measure("then", cost=10, requires=(("station", "t-first"),))
    assert set(chosen(planned(city(first, then))[0])) == {first.id, then.id}
    assert chosen(planned(city(first, then, budget_per_year=(35.0, 0.0, 0.0)))[0]) == {}


def test_make_plan_with_yearly_crew_limit_then_the_starts_spread(city, toy):
    a, b = (toy.measure(n, on=on, uses={"crew_days": 3.0}) for n, on in (("a", "b1"), ("b", "b2")))
    crew = Limit(id="crew_days", amount=4.0, unit="crew-day/year", source="test")
    assert sorted(chosen(planned(city(a, b, limits=(crew,)))[0]).values()) == [2026, 2027]
    capacity = Limit(id="crew_days", amount=4.0, unit="kW", source="test")
    assert len(chosen(planned(city(a, b, limits=(capacity,)))[0])) == 1


def test_make_plan_with_a_loss_that_ends_anyway_then_that_one_does_not_wait(city, toy):
    def with_tags(name, on, tags):
        rows = (toy.cost_row("cost", 80.0), toy.cost_row("benefit", 200.0, tags=tags))
        return toy.measure(name, on=on, costs=rows)

    lasting, leak = with_tags("lasting", "b1", ()), with_tags("leak", "b2", ("ends_anyway",))
    assert chosen(planned(city(lasting, leak))[0]) == {leak.id: 2026, lasting.id: 2027}


def test_make_plan_for_benefits_without_price_then_the_cheapest_within_a_tenth_of_the_budget(city, toy):
    assert UNPRICED_SHARE == 0.10
    loggers = [toy.measure(f"l{c}", cost=c, benefit=None, on=b) for c, b in ((4.0, "b1"), (5.0, "b2"), (30.0, "b3"))]
    plan, _ = planned(city(*loggers))
    assert chosen(plan) == {loggers[0].id: 2026, loggers[1].id: 2026}
    assert plan.objective.value == pytest.approx(-9.0)
    assert "10 % of the budget" in plan.rejected[loggers[2].id]


def test_make_plan_twice_then_byte_for_byte_the_same(city, toy):
    measures = [toy.measure(f"m{i}", cost=20 + i, benefit=60 + 7 * (i % 4), on=f"b{i % 3 + 1}") for i in range(12)]
    first, second = (make_plan(city(*measures), toy.Simulator()) for _ in range(2))
    assert [to_json(r) for r in first] == [to_json(r) for r in second]


# --- the joint simulation ----------------------------------------------------------------------------------------
def pressure(thing="j9", value=9.0):
    return Violation("service_pressure", thing, "pressure_m", value, 14.0, "m")


def test_make_plan_when_two_together_break_a_limit_then_only_the_better_one_stays(city, toy):
    a, b, c = (toy.measure(n, benefit=v, on=on) for n, v, on in (("a", 100, "b1"), ("b", 90, "b2"), ("c", 80, "b3")))
    simulator = toy.Simulator(rule=lambda things: [pressure()] if {"t-a", "t-b"} <= things else [])
    plan, projects = planned(city(a, b, c), simulator)
    assert set(chosen(plan)) == {a.id, c.id} == set(projects)
    (cut,) = plan.cuts
    assert cut.amount == 1 and a.id in cut.source and b.id in cut.source and c.id not in cut.source
    assert plan.rejected[b.id].startswith("The joint simulation breaks service_pressure at j9")


def test_make_plan_when_a_limit_was_broken_before_then_only_what_gets_worse_counts(city, toy):
    a = toy.measure("a")
    same = toy.Simulator(rule=lambda things: [pressure(value=9.0)])
    plan, _ = planned(city(a), same)
    assert set(chosen(plan)) == {a.id}
    (unmet,) = plan.unmet  # no plan meets it, and this one says so
    assert (unmet.id, unmet.amount, unmet.unit) == ("service_pressure", 14.0, "m")
    assert "j9 pressure_m 9 m against 14" in unmet.source
    worse = toy.Simulator(rule=lambda things: [pressure(value=7.0 if "t-a" in things else 9.0)])
    assert chosen(planned(city(a), worse)[0]) == {}


def test_make_plan_after_works_are_done_then_they_stand_in_the_model(city, toy):
    a, b = toy.measure("a"), toy.measure("b", on="b2")
    view = city(a, b).put(toy.project(a, "started", "done"), toy.problem("b1", status="closed"))
    simulator = toy.Simulator(rule=lambda things: [pressure()] if {"t-a", "t-b"} <= things else [])
    plan, _ = planned(view, simulator)
    assert chosen(plan) == {} and plan.rejected[b.id].startswith("The joint simulation breaks service_pressure")


def test_make_plan_when_everything_breaks_a_limit_then_it_ends_with_nothing(city, toy):
    measures = [toy.measure(f"m{i}", on=f"b{i % 3 + 1}", cost=1.0) for i in range(12)]
    simulator = toy.Simulator(rule=lambda things: [pressure()] if things else [])
    plan, projects = planned(city(*measures), simulator)
    assert plan.lines == () and projects == {} and len(plan.cuts) == 12
    assert all(text.startswith("The joint simulation breaks") for text in plan.rejected.values())


def test_make_plan_when_any_three_break_a_limit_then_two_stay(city, toy):
    measures = [toy.measure(f"m{i}", on=f"b{i % 3 + 1}", cost=1.0, benefit=50 + i) for i in range(6)]
    simulator = toy.Simulator(rule=lambda things: [pressure()] if len(things) > 2 else [])
    plan, _ = planned(city(*measures), simulator)
    assert len(plan.lines) == 2


def test_make_plan_when_the_model_fails_then_the_plan_says_that_it_was_not_simulated(city, toy):
    def fail(things):
        raise EngineError("The model does not converge.")

    plan, _ = planned(city(toy.measure("a")), toy.Simulator(rule=fail))
    assert len(plan.lines) == 1 and "not simulated together: The model does not converge." in plan.stopped_by


def test_make_plan_when_a_measure_acts_on_what_is_not_there_then_it_alone_is_left_out_with_the_reason(city, toy):
    good, lost = toy.measure("good"), toy.measure("lost", on="b2")
    view = city(good, lost)
    view.held.pop("t-lost")
    plan, _ = planned(view, toy.Simulator())
    assert set(chosen(plan)) == {good.id}
    assert plan.rejected[lost.id].startswith("It acts on what this city does not have: t-lost")


def test_make_plan_when_a_shared_limit_can_never_be_met_then_nothing_and_the_limit_is_named(city, toy):
    view = city(toy.measure("a", uses={"crew_days": 2.0}))
    none = Limit(id="crew_days", amount=0.0, unit="crew-day/year", source="test")
    view.policy = replace(view.policy, limits=(none,))
    plan, _ = planned(view)
    assert plan.lines == ()
    assert list(plan.rejected.values())[0].startswith("Not enough crew_days: it needs 2, 0 left")


def test_make_plan_of_two_measures_against_one_gap_then_their_joint_effect_is_less_than_their_sum(city, toy):
    plan, _ = planned(city(toy.measure("a"), toy.measure("b")))
    # gap 4, each takes half of what is left: 2 + 1
    assert plan.joint_effect == {"night_flow of b1": pytest.approx(3.0)}


# --- turns ------------------------------------------------------------------------------------------------------
def test_make_plan_again_before_approval_then_the_same_plan_is_revised_and_dropped_projects_are_cancelled(city, toy):
    a = toy.measure("a")
    view = city(a)
    first, projects = planned(view)
    later = toy.measure("a", benefit=5.0)
    records = make_plan(view.put(later), None)
    plan, dropped = records
    assert plan.id == first.id and plan.lines == ()
    assert dropped.id == projects[a.id].id and dropped.state == "cancelled"
    view.put(*records, toy.measure("a", benefit=300.0))
    again, new = planned(view)
    assert again.id == first.id and new[a.id].id != projects[a.id].id and new[a.id].state == "proposed"


def test_make_plan_after_approval_then_running_projects_are_neither_doubled_nor_dropped(city, toy):
    a = toy.measure("a", cost=70.0, benefit=100.0, one_of="g")
    rival = toy.measure("rival", cost=5.0, benefit=20.0, one_of="g")
    view = city(a, rival)
    plan, _ = planned(view)
    view.put(*apply(toy.decide(plan.id, "approve"), view, ()))
    assert make_plan(view, None) == []
    b = toy.measure("b", cost=40.0, benefit=100.0, on="b2")
    later, projects = planned(view.put(b))
    assert later.id != plan.id and later.status == "proposed" and list(projects) == [b.id]
    # 70 of 100 are spoken for in 2026, so b waits a year.
    assert chosen(later) == {a.id: 2026, b.id: 2027}
    assert later.rejected[rival.id].startswith("Excluded by running works: a.")
    assert view.get(Project, plan.lines[0].project).state == "approved"


def test_make_plan_after_works_are_done_then_their_real_cost_is_off_this_years_budget(city, toy):
    a, b = toy.measure("a", cost=10.0), toy.measure("b", cost=40.0, on="b2")
    view = city(a, b)
    done = toy.project(a, "proposed", "approved", "started", "done")
    paid = msgspec.structs.replace(done.states[-1], cost=Money(amount=75.0, currency="USD", price_year=2026))
    view.put(msgspec.structs.replace(done, states=(*done.states[:-1], paid)), toy.problem("b1", status="closed"))
    assert chosen(planned(view)[0]) == {b.id: 2027}


def test_make_plan_when_a_problem_is_open_again_after_works_then_another_project(city, toy):
    a = toy.measure("a")
    done = toy.project(a, "proposed", "approved", "started", "done")
    _, projects = planned(city(a).put(done))
    assert projects[a.id].id != done.id and projects[a.id].state == "proposed"


@pytest.mark.parametrize("status", ["closed", "dismissed", "in_works"])
def test_make_plan_for_a_problem_that_is_not_open_then_nothing(toy, status):
    assert make_plan(toy.View().put(toy.problem(status=status), toy.measure("a")), None) == []


def test_make_plan_with_a_withdrawn_offer_then_it_is_no_candidate(city, toy):
    assert make_plan(city(toy.measure("a", details={"withdrawn": "x | y"})), None) == []


def test_make_plan_for_a_merged_problem_then_its_target_counts(toy):
    target = toy.problem("b2")
    view = toy.View().put(toy.problem("b1", status="merged", merged_into=target.id), target, toy.measure("a"))
    assert len(planned(view)[0].lines) == 1


def test_make_plan_at_new_year_then_the_first_year_is_that_of_the_citys_clock(city, toy):
    view = city(toy.measure("a"))
    view.now = toy.NOW.replace(year=2027, month=1, day=1, hour=2)  # still 2026 in New York
    assert planned(view)[0].years[0] == 2026
    view.now += timedelta(hours=4)
    assert planned(view)[0].years[0] == 2027


def test_make_plan_again_without_any_change_then_no_records(city, toy):
    view = city(toy.measure("a"))
    planned(view)
    assert make_plan(view, None) == []


def test_make_plan_then_nothing_is_printed(city, toy, capfd):
    planned(city(toy.measure("a")))
    assert capfd.readouterr() == ("", "")
