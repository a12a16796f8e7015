"""Step one: what domains see, merged with what is on record."""

import pytest

from cityloop.loop.problem import find_problems


@pytest.fixture
def turn(toy):
    """One turn: what is on record, what the domain sees -> the records returned."""

    def run(standing, *seen, **more):
        view = toy.View().put(*([standing] if standing else []), *more.get("others", ()))
        return find_problems(view, [toy.Domain(seen=list(seen))], None)

    return run


def test_find_problems_for_the_first_time_then_as_the_domain_says(turn, toy):
    assert turn(None, toy.problem()) == [toy.problem()]


def test_find_problems_unchanged_but_for_noise_then_no_new_version(turn, toy):
    known = toy.problem(status="acknowledged", assigned_to="crew 2")
    assert turn(known, toy.problem(gap=toy.estimate(4.1, 1.0))) == []


def test_find_problems_grown_then_a_new_version_that_keeps_what_people_said(turn, toy):
    said = "2026-05-02: Acknowledged by Wang Li. | 由 Wang Li 确认。"
    known = toy.problem(status="acknowledged", assigned_to="crew 2", notes=("old figure | 旧", said))
    (new,) = turn(known, toy.problem(gap=toy.estimate(6.0, 1.0), notes=("new figure | 新",)))
    assert (new.id, new.version, new.gap.value) == (known.id, 2, 6.0)
    assert (new.status, new.assigned_to) == ("acknowledged", "crew 2")
    assert new.notes == ("new figure | 新", said)


def test_find_problems_seen_again_later_then_it_keeps_the_day_of_its_first_detection(turn, toy):
    later = toy.NOW.replace(month=9)
    (new,) = turn(toy.problem(), toy.problem(gap=toy.estimate(9.0, 1.0), detected=later))
    assert new.detected == toy.NOW


@pytest.mark.parametrize("status", ["open", "acknowledged"])
def test_find_problems_no_longer_seen_then_closed_with_a_note_in_both_languages(turn, toy, status):
    (closed,) = turn(toy.problem(status=status))
    assert closed.status == "closed"
    english, chinese = closed.notes[-1].split(" | ")
    assert english.startswith("2026-06-01: No longer seen") and "关闭" in chinese


@pytest.mark.parametrize("status", ["in_works", "dismissed", "merged", "closed"])
def test_find_problems_no_longer_seen_and_not_open_then_left_alone(turn, toy, status):
    assert turn(toy.problem(status=status)) == []


def test_find_problems_closed_and_seen_again_then_reopened(turn, toy):
    later = toy.NOW.replace(month=9)
    (new,) = turn(toy.problem(status="closed"), toy.problem(detected=later))
    assert new.status == "open" and new.detected == later and "reopened" in new.notes[-1]


def test_find_problems_in_works_then_the_record_of_the_works_stays(turn, toy):
    assert turn(toy.problem(status="in_works"), toy.problem(gap=toy.estimate(1.0, 0.5))) == []


def test_find_problems_dismissed_then_silent_until_the_gap_leaves_its_interval(turn, toy):
    known = toy.problem(status="dismissed")  # gap 4 (3..5)
    assert turn(known, toy.problem(gap=toy.estimate(4.9, 1.0))) == []
    (new,) = turn(known, toy.problem(gap=toy.estimate(5.2, 1.0)))
    assert new.status == "open" and "from 4 to 5.2 L/s" in new.notes[-1]


def test_find_problems_dismissed_negative_gap_then_growing_means_further_from_zero(turn, toy):
    known = toy.problem(status="dismissed", gap=toy.estimate(-4.0, 1.0))
    assert turn(known, toy.problem(gap=toy.estimate(-1.0, 1.0))) == []
    assert turn(known, toy.problem(gap=toy.estimate(-6.0, 1.0)))[0].status == "open"


def test_find_problems_merged_then_it_follows_its_target(turn, toy):
    target = toy.problem("b2", status="in_works")
    known = toy.problem(status="merged", merged_into=target.id)
    assert turn(known, toy.problem(), others=[target]) == []
    closed = toy.problem("b2", status="closed")
    (new,) = turn(known, toy.problem(), others=[closed])
    assert (new.id, new.status, new.merged_into) == (known.id, "open", "")


def test_find_problems_of_a_domain_that_is_not_there_then_left_alone(turn, toy):
    assert turn(toy.problem(domain="heat")) == []


def test_find_problems_twice_then_the_second_turn_says_nothing(toy):
    view, domain = toy.View(), toy.Domain(seen=[toy.problem(), toy.problem("b2")])
    view.put(*find_problems(view, [domain], None))
    assert find_problems(view, [domain], None) == []


@pytest.mark.parametrize("name", ["burst", "growing_leakage"])
def test_find_problems_just_after_works_then_what_they_mended_is_not_raised_again(turn, toy, name):
    mended, a = toy.problem(status="closed"), toy.measure("a")
    others = [a, toy.project(a, "proposed", "approved", "started", "done")]
    found = toy.problem(kind=name, id=mended.id if name == "burst" else "toy:problem:growing")
    assert turn(mended, found, others=others) == []
    (new,) = turn(mended, toy.problem(onset=toy.NOW.date()), others=others)
    assert new.status == "open"
    view = toy.View(now=toy.NOW.replace(day=20)).put(mended, *others)
    assert find_problems(view, [toy.Domain(seen=[found])], None)[0].status == "open"


def test_find_problems_just_after_works_that_found_nothing_then_it_stays_open_and_is_kept_up(turn, toy):
    a = toy.measure("a")
    others = [a, toy.project(a, "proposed", "approved", "started", "done")]
    (new,) = turn(toy.problem(), toy.problem(gap=toy.estimate(9.0, 1.0)), others=others)
    assert new.status == "open" and new.gap.value == 9.0
