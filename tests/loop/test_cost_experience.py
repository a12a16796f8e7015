"""What works cost against their estimate: learnt per kind, once, and carried by the next estimate's prices."""

import math

import msgspec
import pytest

from cityloop.economics import npv
from cityloop.loop.cost_experience import cost_rates, with_experience
from cityloop.loop.countermeasure import propose
from cityloop.records import Money, Realisation


def paid(toy, of, amount, *, currency="USD", price_year=2026):
    done = toy.project(of, "proposed", "approved", "started", "done")
    cost = Money(amount=amount, currency=currency, price_year=price_year)
    return msgspec.structs.replace(
        done, states=(*done.states[:-1], msgspec.structs.replace(done.states[-1], cost=cost))
    )


def test_cost_rates_without_finished_works_then_none_and_the_measure_as_offered(toy):
    measure = toy.measure("a")
    assert cost_rates(toy.View().put(measure, toy.project(measure, "proposed", "approved", "started"))) == {}
    assert with_experience(measure, {}) is measure


def test_cost_rates_of_one_works_a_third_dearer_then_half_of_the_way(toy):
    measure = toy.measure("a", cost=10.0)
    rate = cost_rates(toy.View().put(measure, paid(toy, measure, 13.0)))["repair"]
    # the mean of 1.0 and 1.3; standard error 0.3 / sqrt(2) and the spread of the next works, 0.3
    assert rate.estimate.value == pytest.approx(1.15)
    assert rate.estimate.high == pytest.approx(1.15 + 1.6448536 * math.sqrt(0.045 + 0.09))
    assert (rate.studies, rate.status) == (1, "unconfirmed")


def test_cost_rates_of_works_estimated_with_a_rate_then_against_the_estimate_before_it(toy):
    known = Realisation(kind="repair", estimate=toy.estimate(2.0, 0.5, "1"), studies=9, source="", status="confirmed")
    measure = msgspec.structs.replace(toy.measure("a", cost=20.0), cost_rate=known)
    # paid as estimated, and the estimate was twice the plain one: works still cost twice the plain estimate
    rate = cost_rates(toy.View().put(measure, paid(toy, measure, 20.0)))["repair"]
    assert rate.estimate.value == pytest.approx(1.5)


@pytest.mark.parametrize("other", [{"currency": "CNY"}, {"price_year": 2011}])
def test_cost_rates_of_works_paid_in_other_money_then_nothing_learnt(toy, other):
    measure = toy.measure("a")
    assert cost_rates(toy.View().put(measure, paid(toy, measure, 99.0, **other))) == {}


def test_cost_rates_of_three_works_then_confirmed(toy):
    measures = [toy.measure(name, cost=10.0) for name in "abc"]
    view = toy.View().put(*measures, *(paid(toy, m, 12.0) for m in measures))
    rate = cost_rates(view)["repair"]
    assert rate.estimate.value == pytest.approx((1 + 3 * 1.2) / 4) and rate.status == "confirmed"


def test_propose_after_dear_works_then_dearer_by_the_rate_and_benefits_as_they_were(toy):
    old, new = toy.measure("a", cost=10.0), toy.measure("b", cost=40.0, benefit=100.0)
    domain = toy.Domain(offers=[new])
    view = toy.View().put(toy.problem(), old, paid(toy, old, 13.0))
    offered = next(m for m in propose(view, [domain], None) if m.id == new.id)
    assert npv(offered.costs, 0.05) == pytest.approx(100.0 - 40.0 * 1.15)
    cost, benefit = offered.costs
    assert offered.cost_rate is not None and offered.cost_rate.studies == 1
    assert benefit == new.costs[1]
    # the row's quantity was certain; its interval is now that of the rate
    half = 1.6448536 * math.sqrt(0.045 + 0.09) / 1.15
    assert cost.quantity.high == pytest.approx(1.0 + half, rel=1e-6)
