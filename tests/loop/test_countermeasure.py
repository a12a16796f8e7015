"""Step three: offers with the learnt rates, withdrawn when they no longer stand."""

import pytest

from cityloop.errors import RecordError
from cityloop.loop.countermeasure import propose


def test_propose_then_domains_are_asked_about_open_problems_with_the_learnt_rates(toy):
    open_, works = toy.problem("b1"), toy.problem("b2", status="in_works")
    domain = toy.Domain(offers=[toy.measure("a")])
    assert propose(toy.View().put(open_, works), [domain], None) == [toy.measure("a")]
    ((problems, _, rates),) = domain.asked
    assert problems == (open_,) and rates["repair"].estimate.value == 0.8


def test_propose_when_an_offer_is_not_made_again_then_withdrawn_once(toy):
    view, domain = toy.View().put(toy.problem(), toy.measure("a")), toy.Domain()
    (gone,) = propose(view, [domain], None)
    assert "No longer offered" in gone.details["withdrawn"]
    assert propose(view.put(gone), [domain], None) == []


def test_propose_when_offered_again_then_it_stands_again(toy):
    view = toy.View().put(toy.problem(), toy.measure("a", details={"withdrawn": "x"}))
    assert propose(view, [toy.Domain(offers=[toy.measure("a")])], None)[0].details == {}


@pytest.mark.parametrize("states", [("proposed", "approved"), ("proposed", "approved", "started")])
def test_propose_when_approved_then_the_claim_stays_as_it_was(toy, states):
    a = toy.measure("a")
    view = toy.View().put(toy.problem(), a, toy.project(a, *states))
    assert propose(view, [toy.Domain(offers=[toy.measure("a", benefit=7.0)])], None) == []
    assert propose(view, [toy.Domain()], None) == []


def test_propose_with_one_id_twice_or_without_answer_then_refused(toy):
    with pytest.raises(RecordError, match="one id"):
        propose(toy.View(), [toy.Domain(offers=[toy.measure("a"), toy.measure("a")])], None)
    with pytest.raises(RecordError, match="answers no problem"):
        propose(toy.View(), [toy.Domain(offers=[toy.measure("a", answers=())])], None)


def test_propose_again_without_any_change_then_no_records(toy):
    view, domain = toy.View().put(toy.problem()), toy.Domain(offers=[toy.measure("a")])
    view.put(*propose(view, [domain], None))
    assert propose(view, [domain], None) == []


def test_propose_after_the_works_then_what_was_carried_out_stays_on_record(toy):
    a = toy.measure("a")
    view = toy.View().put(toy.problem(status="closed"), a, toy.project(a, "proposed", "approved", "started", "done"))
    assert propose(view, [toy.Domain()], None) == []
