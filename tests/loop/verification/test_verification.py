"""Works judged from observations against what was frozen: grades, windows, joint works, and when nothing can be told."""

import inspect
from dataclasses import replace
from datetime import timedelta

import msgspec
import numpy as np
import pytest

from cityloop.loop import verification
from cityloop.loop.baseline import freeze
from cityloop.loop.verification import unjudged, verify
from cityloop.records import Project


def finished(works, *, y=None, now=250.5, done=None, goal=None, measure=None, problem=None, **view):
    """Frozen at the start of the works, done the same day, seen at `now`."""
    y = works.flow() if y is None else y
    seen = works.View(y, works.moment(works.DAY), **view)
    seen = seen.put(problem or works.problem(), goal or works.goal(), measure or works.measure())
    baselines = freeze(seen, [works.Domain()], works.project(), works.moment(works.DAY))
    seen = seen.put(*baselines, works.project(done=works.DAY + 0.2 if done is None else done))
    return replace(seen, now=works.moment(now))


def judged(works, **how):
    (found,) = verify(finished(works, **how), [works.Domain()])
    return found


def test_verify_when_the_flow_fell_then_it_is_confirmed_with_interval_claim_and_realisation(works):
    found = judged(works)
    assert found.grade == "confirmed" and not found.joint
    assert found.measured.value == pytest.approx(4.0, abs=0.3)
    assert found.measured.low < 4.0 < found.measured.high and found.measured.level == 0.9
    assert (found.claimed.value, found.claimed.low, found.claimed.high) == pytest.approx((4.0, 3.4, 4.6))
    assert found.realisation.value == pytest.approx(found.measured.value / 4.0)
    assert found.realisation.low == pytest.approx(found.measured.low / 4.0)
    assert (found.start - works.FIRST).days == works.DAY + 1
    assert found.days_used == 28 and (found.end - found.start).days == 27
    assert found.evidence.datastreams == ("s1",) and " | " in found.note


def test_verify_when_nothing_changed_then_it_is_refuted(works):
    assert judged(works, y=works.flow(drop=0.0)).grade == "refuted"


def test_verify_when_the_noise_hides_it_then_it_is_inconclusive(works):
    found = judged(works, y=works.flow(drop=1.0, sd=4.0))
    assert found.grade == "inconclusive"
    assert found.measured.low <= 0 < 1.0 <= found.measured.high


def test_verify_when_it_fell_by_less_than_is_worth_it_then_it_is_refuted(works):
    assert judged(works, y=works.flow(drop=1.0, sd=0.1), goal=works.goal(smallest_effect=3.0)).grade == "refuted"


def test_verify_when_fewer_than_fourteen_days_have_passed_then_there_is_none_and_it_says_why(works):
    view = finished(works, now=works.DAY + 14)
    assert verify(view, [works.Domain()]) == []
    (reason,) = unjudged(view, [works.Domain()]).values()
    assert "13 days" in reason and "13 天" in reason
    assert len(verify(replace(view, now=view.now + timedelta(days=1)), [works.Domain()])) == 1


def test_verify_when_more_days_come_then_a_new_version_and_then_none(works):
    view = finished(works, now=works.DAY + 16.5)
    (first,) = verify(view, [works.Domain()])
    view = replace(view.put(first), now=works.moment(works.DAY + 22.5))
    (second,) = verify(view, [works.Domain()])
    assert second.id == first.id and second.version == 2 and second.days_used == first.days_used + 6
    view = replace(view.put(second), now=works.moment(works.DAY + 40))
    (last,) = verify(view, [works.Domain()])
    assert last.days_used == 28
    view = replace(view.put(last), now=works.moment(works.DAY + 60), as_of_seq=99)
    assert verify(view, [works.Domain()]) == []


def test_verify_when_a_late_row_changes_the_window_then_a_new_version(works):
    view = finished(works)
    (first,) = verify(view, [works.Domain()])
    changed = view.y.copy()
    changed[works.DAY + 5] += 0.5
    (second,) = verify(replace(view.put(first), y=changed), [works.Domain()])
    assert second.version == 2 and second.evidence.sha256 != first.evidence.sha256


def test_verify_when_works_are_not_done_or_cancelled_then_there_is_none(works):
    view = finished(works).put(works.project())
    assert verify(view, [works.Domain()]) == []
    assert "not all done" in next(iter(unjudged(view, [works.Domain()]).values()))
    states = works.project(done=works.DAY + 1).states
    from cityloop.records import StateEntry

    cancelled = (*states[:-1], StateEntry(state="cancelled", on=works.moment(works.DAY + 2), by="t"))
    assert verify(view.put(works.project(states=cancelled)), [works.Domain()]) == []


def test_verify_when_settling_days_are_registered_then_they_do_not_count(works):
    y = works.flow()
    y[works.DAY + 1 : works.DAY + 6] = 60.0
    found = judged(works, y=y, goal=works.goal(settling_days=5))
    assert (found.start - works.FIRST).days == works.DAY + 6
    assert found.measured.value == pytest.approx(4.0, abs=0.4)


def test_verify_when_works_overlap_then_one_joint_verification_names_all_and_claims_no_more_than_the_gap(works):
    view = finished(works, done=works.DAY + 6)
    seen = replace(view, now=works.moment(works.DAY + 3)).put(works.project(), works.measure("m2", claim=1.0, half=0.8))
    second = works.project("p2", "m2", begun=works.DAY + 3)
    seen = seen.put(*freeze(seen, [works.Domain()], second, works.moment(works.DAY + 3)))
    one_done = seen.put(works.project(done=works.DAY + 4), second)
    assert verify(replace(one_done, now=works.moment(260)), [works.Domain()]) == []
    both = one_done.put(works.project("p2", "m2", begun=works.DAY + 3, done=works.DAY + 9))
    (found,) = verify(replace(both, now=works.moment(260)), [works.Domain()])
    assert found.joint and found.projects == ("p", "p2")
    assert (found.start - works.FIRST).days == works.DAY + 10
    # 4 and 1 out of a gap of 4: 4 * (1 - 0 * 0.75); the half-width 0.6 is slowed by 0.75, that of the second by 0
    assert (found.claimed.value, found.claimed.low, found.claimed.high) == pytest.approx((4.0, 3.55, 4.45))


def test_verify_when_the_next_works_begin_then_the_window_ends_there(works):
    view = finished(works).put(works.project("p2", begun=works.DAY + 18))
    (found,) = verify(view, [works.Domain()])
    assert (found.end - works.FIRST).days == works.DAY + 17
    early = finished(works).put(works.project("p2", begun=works.DAY + 8))
    assert verify(early, [works.Domain()]) == []
    assert "7 usable days" in next(iter(unjudged(early, [works.Domain()]).values()))


def test_verify_when_nothing_was_observed_after_then_there_is_none_and_it_says_why(works):
    y = works.flow()
    y[works.DAY + 1 :] = np.nan
    view = finished(works, y=y)
    assert verify(view, [works.Domain()]) == []
    (reason,) = unjudged(view, [works.Domain()]).values()
    assert "Only 0 usable days" in reason


def test_verify_when_some_days_are_missing_then_the_rest_counts(works):
    y = works.flow()
    y[works.DAY + 3 : works.DAY + 10] = np.nan
    found = judged(works, y=y)
    assert found.days_used == 21 and found.grade == "confirmed"


def test_verify_when_the_time_before_was_too_short_then_there_is_none_and_it_says_why(works):
    y = works.flow()
    y[: works.DAY - 10] = np.nan
    view = finished(works, y=y)
    assert verify(view, [works.Domain()]) == []
    assert "before the works" in next(iter(unjudged(view, [works.Domain()]).values()))


def test_verify_when_nothing_was_claimed_then_there_is_no_realisation(works):
    assert judged(works, measure=works.measure(effects=())).realisation is None


@pytest.mark.parametrize("what", ["after", "goal"])
def test_verify_when_anything_was_simulated_then_the_verification_is(works, what):
    assert not judged(works).simulated
    view = finished(works, goal=works.goal(simulated=what == "goal"))
    if what == "after":
        view.simulated = True
    (found,) = verify(view, [works.Domain()])
    assert found.simulated


def test_verify_when_a_leak_grew_then_its_flow_at_the_works_is_what_was_saved(works):
    y = works.flow(drop=0.0)
    leak = np.clip(np.arange(300) - 140, 0, None) * 0.1
    leak[works.DAY + 1 :] = 0.0
    onset = (np.datetime64(works.FIRST) + 140).item()
    found = judged(works, y=y + leak, problem=works.problem(onset=onset))
    assert found.measured.low < 6.0 < found.measured.high
    assert found.measured.value == pytest.approx(6.0, abs=0.7)


def test_verify_when_looked_at_then_it_knows_no_simulator():
    assert list(inspect.signature(verify).parameters) == ["view", "domains"]
    assert "imulator" not in inspect.getsource(verification).replace("No simulator comes in here", "")


def test_verify_when_the_measure_is_offered_with_another_claim_later_then_that_of_the_start_counts(works):
    view = finished(works).put(works.measure(claim=0.5))
    (found,) = verify(view, [works.Domain()])
    assert (found.claimed.value, found.claimed.low, found.claimed.high) == pytest.approx((4.0, 3.4, 4.6))


def test_verify_when_more_is_better_then_a_rise_is_confirmed_and_a_fall_refuted(works):
    goal = works.goal(better="higher")
    risen = judged(works, y=works.flow(drop=-4.0), goal=goal)
    assert risen.grade == "confirmed" and risen.better == "higher"
    assert risen.measured.value == pytest.approx(4.0, abs=0.3) and risen.measured.low > 0
    assert risen.realisation.value == pytest.approx(risen.measured.value / 4.0)
    assert judged(works, y=works.flow(drop=4.0), goal=goal).grade == "refuted"


@pytest.mark.parametrize(("said", "words"), [(9.0, "too large"), (0.0, "more was mended"), (4.0, None), (None, None)])
def test_verify_when_the_crew_says_other_than_the_meters_then_both_are_stated(works, said, words):
    view = finished(works)
    findings = ({"found": "leak", "realised_effect": said},) if said is not None else ()
    done = next(p for p in view.records(Project))
    view = view.put(msgspec.structs.replace(done, findings=findings))
    (found,) = verify(view, [works.Domain()])
    assert found.grade == "confirmed" and found.measured.value == pytest.approx(4.0, abs=0.3)  # by the meters alone
    assert (words in found.note) if words else ("crew" not in found.note)
