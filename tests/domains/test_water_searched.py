"""The ranked area after crews reported: what was walked in vain falls behind, what was not searched comes forward."""

from datetime import timedelta

import pytest

from cityloop.domains.water import domain
from cityloop.records import Countermeasure, Project, RankedThing, Realisation, StateEntry


def leak_problem(view, simulator):
    (problem,) = [p for p in domain.problems(view, simulator) if p.kind in ("burst", "growing_leakage")]
    return problem


@pytest.fixture
def town(square):
    """The small city with one leak at J-21, blurred loggers, and its Problem before any search."""
    view, network = square(leaks=[(21, 40, 4.0, 0.0)], noise_m=0.2).build()
    return view, network, leak_problem(view, network)


def searched(view, problem, area, findings, *, days_ago=2, number=1):
    """The view with a survey of `area` under way and its findings."""
    begun = view.now - timedelta(days=days_ago)
    measure = Countermeasure(
        id=f"measure-{number}", domain="water", kind="survey_and_repair", title_en="", title_zh="", boundary=problem.boundary,
        targets=(), changes=(), answers=(problem.id,), effects=(), costs=(), realisation=_rate(), area=tuple(area),
    )  # fmt: skip
    project = Project(
        id=f"project-{number}", countermeasure=measure.id, plan="", boundary=problem.boundary, name="survey",
        states=(StateEntry(state="started", on=begun, by="crew"),),
        findings=tuple({"on": (begun + timedelta(hours=6)).isoformat(), **f} for f in findings),
    )  # fmt: skip
    return view.with_(things=(*view.things, measure, project))


def _rate() -> Realisation:
    from cityloop.domains.water.pricing import realisation_of

    return realisation_of("survey_and_repair", {}, domain.priors)


def chance_of(problem, pipes):
    return sum(row.probability for row in problem.area if row.thing in pipes)


def test_area_when_a_crew_found_nothing_then_what_it_walked_keeps_the_chance_that_it_passed_the_leak(town):
    view, network, before = town
    first = before.area[:10]
    walked = {row.thing for row in first}
    after = leak_problem(searched(view, before, first, [{"found": "none"}]), network)
    was = chance_of(before, walked)
    passed = 0.15  # a survey hears 0.7 to 1 of the leaks that it passes
    expected = was * passed / (was * passed + 1 - was)  # Bayes' rule for a search in vain
    assert chance_of(after, walked) == pytest.approx(expected, abs=0.1) and chance_of(after, walked) < 0.75 * was
    assert after.area[0].thing not in walked
    assert after.details["searched_km"] == pytest.approx(sum(row.length_m for row in first) / 1000)
    assert any("km that crews searched in 1 survey" in n and "漏检概率" in n for n in after.notes)


def test_area_when_a_crew_found_a_leak_then_only_what_it_walked_before_falls_behind(town):
    view, network, before = town
    place = before.area[5]
    after = leak_problem(searched(view, before, before.area[:20], [{"found": "leak", "place": place.name}]), network)
    assert after.details["searched_km"] == pytest.approx(sum(row.length_m for row in before.area[:5]) / 1000)


def test_area_when_a_crew_names_one_pipe_where_nothing_was_then_that_pipe_falls_behind(town):
    view, network, before = town
    top = before.area[0]
    after = leak_problem(searched(view, before, before.area, [{"found": "none", "place": top.name}]), network)
    assert chance_of(after, {top.thing}) < 0.5 * top.probability and after.details["searched_km"] == pytest.approx(0.1)


def test_area_when_two_crews_report_then_it_sharpens_twice(town):
    view, network, before = town
    once = searched(view, before, before.area[:10], [{"found": "none"}])
    twice = searched(once, before, before.area[:10], [{"found": "none"}], number=2)
    walked = {row.thing for row in before.area[:10]}
    assert chance_of(leak_problem(twice, network), walked) < chance_of(leak_problem(once, network), walked)


def test_area_when_the_search_was_before_the_leak_began_then_it_says_nothing(town):
    view, network, before = town
    days = (view.now.date() - before.onset).days
    old = searched(view, before, before.area[:10], [{"found": "none"}], days_ago=days + 5)
    after = leak_problem(old, network)
    assert after.area == before.area and "searched_km" not in after.details


def test_area_when_the_area_names_pipes_of_another_place_then_nothing_breaks(town):
    view, network, before = town
    other = RankedThing(thing="elsewhere", name="elsewhere", rank=1, probability=1.0, length_m=100.0)
    assert leak_problem(searched(view, before, [other], [{"found": "none"}]), network).area == before.area
