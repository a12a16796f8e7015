"""What is frozen at the start of works, and that nothing later changes it."""

import msgspec
import numpy as np
import pytest

from cityloop.errors import RecordError
from cityloop.loop.baseline import freeze, frozen
from cityloop.records import from_json, to_json


def start(works, view=None, **project):
    view = view or works.View(works.flow(), works.moment(works.DAY))
    view = view.put(works.problem(), works.goal(), works.measure())
    return view, freeze(view, [works.Domain()], works.project(**project), works.moment(works.DAY))


def test_freeze_when_works_start_then_level_method_and_hash_are_kept(works):
    view, (baseline,) = start(works)
    assert (baseline.goal, baseline.boundary, baseline.projects) == ("goal", "b", ("p",))
    assert baseline.method == "local_level/1" and baseline.unit == "L/s"
    assert baseline.parameters["level"] == pytest.approx(20.0, abs=0.2)
    assert baseline.parameters["last_day"] == str(np.datetime64(works.FIRST) + works.DAY - 1)
    assert baseline.evidence.datastreams == ("s1",)
    assert (
        baseline.evidence.sha256
        == view.evidence(("s1",), start=baseline.evidence.start, end=baseline.evidence.end).sha256
    )
    assert from_json(to_json(baseline)) == baseline


def test_freeze_when_read_back_then_it_is_what_was_fitted(works):
    _, (baseline,) = start(works)
    before = frozen(from_json(to_json(baseline)))
    assert before.level == baseline.parameters["level"]
    assert set(before.slopes) == {"saturday", "sunday"}


def test_freeze_when_the_future_differs_then_the_baseline_is_the_same(works):
    one, two = works.flow(drop=0.0), works.flow(drop=9.0)
    frozen_at = works.moment(works.DAY)
    first = start(works, works.View(one, works.moment(280)))[1]
    second = start(works, works.View(two, works.moment(280)))[1]
    assert first == second == start(works, works.View(one, frozen_at))[1]


def test_freeze_when_the_past_differs_in_one_value_then_the_hash_does_too(works):
    other = works.flow()
    other[150] += 0.01
    assert (
        start(works)[1][0].evidence.sha256
        != start(works, works.View(other, works.moment(works.DAY)))[1][0].evidence.sha256
    )


def test_freeze_when_it_has_no_goal_then_nothing_is_frozen(works):
    view = works.View(works.flow(), works.moment(works.DAY)).put(works.problem(), works.measure())
    assert freeze(view, [works.Domain()], works.project(), works.moment(works.DAY)) == []


def test_freeze_when_the_countermeasure_answers_the_goal_itself_then_it_is_frozen(works):
    view = works.View(works.flow(), works.moment(works.DAY))
    view = view.put(works.problem(), works.goal(), works.measure(answers=("goal",)))
    assert len(freeze(view, [works.Domain()], works.project(), works.moment(works.DAY))) == 1


def test_freeze_when_asked_twice_then_the_first_stands(works):
    view, (baseline,) = start(works)
    again = view.put(baseline, works.project())
    assert freeze(again, [works.Domain()], works.project(), works.moment(works.DAY + 5)) == [baseline]


def test_freeze_when_other_works_are_under_way_then_they_share_one_baseline(works):
    view, (baseline,) = start(works)
    view = view.put(baseline, works.project(), works.measure("m2"))
    late = works.moment(works.DAY + 3)
    (joined,) = freeze(view, [works.Domain()], works.project("p2", "m2", begun=works.DAY + 3), late)
    assert joined.projects == ("p", "p2") and joined.version == 2
    assert (joined.id, joined.frozen) == (baseline.id, baseline.frozen)
    claimed = {"claim_p2": [4.0, 3.4, 4.6, 0.9], "amounts_p2": [4.0], "rate_p2": 1.0}
    assert joined.parameters == {**baseline.parameters, **claimed}


def test_freeze_when_the_other_works_have_ended_then_the_next_goal_gets_its_own_baseline(works):
    view, (baseline,) = start(works)
    view = works.View(works.flow(days=400), works.moment(260), held=view.held)
    view = view.put(baseline, works.project(done=works.DAY + 1), works.goal(id="goal2"))
    (second,) = freeze(view, [works.Domain()], works.project("p2", begun=260), works.moment(260))
    assert second.id != baseline.id and second.goal == "goal2" and second.projects == ("p2",)
    assert second.parameters["level"] == pytest.approx(16.0, abs=0.2)


@pytest.mark.parametrize("days", [0, 10, 20])
def test_freeze_when_too_little_was_observed_then_the_baseline_says_so(works, days):
    y = works.flow()
    y[: works.DAY - days] = np.nan
    _, (baseline,) = start(works, works.View(y, works.moment(works.DAY)))
    assert baseline.parameters["unfit"] == f"{days} usable days before the works"
    assert "level" not in baseline.parameters
    assert frozen(baseline) is None


def test_freeze_when_the_onset_is_known_then_the_level_begins_after_it(works):
    y = works.flow()
    y[190 : works.DAY + 1] += 5.0
    view = works.View(y, works.moment(works.DAY)).put(works.goal(), works.measure())
    onset = (np.datetime64(works.FIRST) + 189).item()
    view = view.put(works.problem(onset=onset))
    (baseline,) = freeze(view, [works.Domain()], works.project(), works.moment(works.DAY))
    assert baseline.parameters["since"] == str(np.datetime64(works.FIRST) + 190)
    assert baseline.parameters["level"] == pytest.approx(25.0, abs=0.3)


def test_freeze_when_the_goal_is_in_another_unit_or_method_then_it_is_refused(works):
    view, _ = start(works)
    for wrong in (works.goal(unit="m3/h"), works.goal(method="guess/1")):
        with pytest.raises(RecordError, match="Cure"):
            freeze(view.put(wrong), [works.Domain()], works.project(), works.moment(works.DAY))


def test_freeze_when_no_domain_is_there_then_it_is_refused(works):
    view, _ = start(works)
    with pytest.raises(RecordError, match="No domain"):
        freeze(view, [], works.project(), works.moment(works.DAY))


@pytest.mark.parametrize("what", ["series", "goal", "project"])
def test_freeze_when_anything_was_simulated_then_the_baseline_is(works, what):
    view, (plain,) = start(works)
    assert not plain.simulated
    if what == "series":
        view.simulated = True
    if what == "goal":
        view = view.put(works.goal(simulated=True))
    project = msgspec.structs.replace(works.project(), simulated=what == "project")
    assert freeze(view, [works.Domain()], project, works.moment(works.DAY))[0].simulated


def test_freeze_when_the_problem_names_several_onsets_then_the_level_begins_after_the_last(works):
    y = works.flow()
    y[150 : works.DAY + 1] += 3.0
    y[180 : works.DAY + 1] += 3.0
    view = works.View(y, works.moment(works.DAY)).put(works.goal(), works.measure())
    first, second = ((np.datetime64(works.FIRST) + n - 1).item() for n in (150, 180))
    steps = {"step_1_onset": first.isoformat(), "step_2_onset": second.isoformat(), "step_2_l_per_s": 3.0}
    view = view.put(works.problem(onset=first, details=steps))
    (baseline,) = freeze(view, [works.Domain()], works.project(), works.moment(works.DAY))
    assert baseline.parameters["since"] == str(np.datetime64(works.FIRST) + 180)
    assert baseline.parameters["level"] == pytest.approx(26.0, abs=0.3)
