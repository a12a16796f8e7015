"""Prices and rates of a countermeasure: whose price counts, and what is never converted."""

from dataclasses import replace

import pytest

from cityloop.contracts import Policy, Prior
from cityloop.economics.prices import cost_row, price_of, read_priors, realisation_of
from cityloop.records import Estimate, Realisation

ONE = Estimate(value=1.0, low=1.0, high=1.0, level=0.9, unit="1")
POLICY = Policy(
    currency="EUR", price_year=2026, discount_rate=0.03, years=3, budget_per_year=(1.0, 1.0, 1.0), level=0.9, targets={},
    due_days=90, prices={"valve": (80.0, "works department", "own figure")}, crew_km_per_day=0.0, binding_norm="eu",
    compare_norms=(),
)  # fmt: skip
PRIOR = Prior("pump", 500.0, 400.0, 600.0, 0.9, "EUR", 2020, "EUR", "a study", "unconfirmed")


def test_price_of_then_the_policys_first_the_priors_in_the_same_currency_and_else_none():
    priors = {"pump": PRIOR, "valve": replace(PRIOR, key="valve"), "pipe": replace(PRIOR, key="pipe", currency="USD")}
    own, published = price_of(POLICY, priors, "valve"), price_of(POLICY, priors, "pump")
    assert (own.money.amount, own.money.price_year, own.source) == (80.0, 2026, "works department")
    assert (published.money.amount, published.money.price_year, published.status) == (500.0, 2020, "unconfirmed")
    assert price_of(POLICY, priors, "pipe") is None and price_of(POLICY, priors, "road") is None


def test_cost_row_then_status_is_one_that_a_record_knows():
    row = cost_row("valve", "cost", ONE, price_of(POLICY, {}, "valve"), tags=("valve",), life=5, recurrence=1)
    assert (row.status, row.source, row.life, row.recurrence) == ("given", "works department", 5, 1)
    with pytest.raises(ValueError, match="no kind of cost row"):
        cost_row("valve", "benefits", ONE, None, tags=())


def test_realisation_of_then_the_learnt_rate_before_the_prior():
    prior = replace(PRIOR, key="realisation_repair", value=0.8, low=0.3, high=1.1)
    assert realisation_of("repair", {}, {prior.key: prior}).estimate.value == 0.8
    learnt = Realisation(kind="repair", estimate=ONE, studies=4, source="works", status="confirmed")
    assert realisation_of("repair", {"repair": learnt}, {prior.key: prior}) is learnt


@pytest.mark.parametrize("domain", ["power", "water"])
def test_read_priors_of_a_domain_then_every_row_once(domain):
    priors = read_priors(f"cityloop.domains.{domain}")
    assert priors and all(key == p.key and p.source for key, p in priors.items())
