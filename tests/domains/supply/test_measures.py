"""What answers a shortage: reuse, further supplies, restrictions, feedback; leak repairs that save the same water first."""

import math
from dataclasses import replace
from datetime import date

import pytest

from cityloop.domains.water.supply.feedback import feedback_effect, household_use, studies_of
from cityloop.domains.water.supply.measures import lacking_inputs, saved_m3_per_day, shortage_measures
from cityloop.domains.water.supply.problems import shortage_problems
from cityloop.economics import npv
from cityloop.evidence.normal import half_width
from cityloop.records import Countermeasure, Effect, Estimate, Realisation, Relation, Thing

PRICES = {"water_per_m3": 2.0, "shortage_per_m3": 8.0, "restriction_campaign": 1000.0, "restriction_per_m3": 4.0}
WORKS = {
    "state": "possible", "supply_kind": "reclaimed", "capacity_m3_per_day": 1_000.0, "use_m3_per_day": 500.0,
    "investment": 100_000.0, "investment_source": "bid", "investment_status": "given", "cost_per_m3": 1.0,
    "life_years": 10.0, "quality": "GB/T 18920", "quality_status": "unconfirmed",
}  # fmt: skip


def works(ids, **changes) -> Thing:
    properties = {k: v for k, v in {**WORKS, **changes}.items() if v is not None}
    return Thing(id=ids("supply", "Z"), kind="supply", name="Z", properties=properties)


def repair(ids, flow: float) -> Countermeasure:
    sure = Estimate(value=1.0, low=1.0, high=1.0, level=0.9, unit="1")
    effect = Estimate(value=flow, low=flow, high=flow, level=0.9, unit="L/s")
    return Countermeasure(
        id="r", domain="water", kind="survey_and_repair", title_en="r", title_zh="r", boundary=ids("boundary", "a"),
        targets=(), changes=(), answers=("p",), costs=(),
        effects=(Effect(indicator="night_flow", thing=ids("boundary", "a"), estimate=effect, period=""),),
        realisation=Realisation(kind="survey_and_repair", estimate=sure, studies=0, source="", status="unconfirmed"),
    )  # fmt: skip


def offers(view, known, others=()) -> dict[str, Countermeasure]:
    (problem,) = shortage_problems(view, known())
    return {f"{m.kind}{m.details.get('variant', '')}": m for m in shortage_measures(view, problem, others, {}, known())}


# --- reuse and further supplies ----------------------------------------------------------------------------------
def test_reuse_when_its_users_take_less_than_its_capacity_then_their_use_counts(city, known, ids):
    view = city(purchased_m3=8_000.0, possible=(works(ids),), prices=PRICES)
    reuse = offers(view, known)["water_reuse"]
    demand, gap = reuse.effects
    rate = known()["realisation_water_reuse"].value
    assert (demand.indicator, demand.estimate.unit) == ("demand", "L/s")
    assert demand.estimate.value == pytest.approx(500 * rate / 86.4, rel=0.02)
    assert gap.indicator == "supply_gap" and gap.estimate.value == pytest.approx(500 * rate, rel=0.08)
    assert gap.out_of == pytest.approx(640, rel=0.05)
    names = {r.name: r for r in reuse.costs}
    assert names["construction"].unit_value.amount == 100_000 and names["construction"].source == "bid"
    assert names["saved water"].quantity.value == pytest.approx(500 * rate * 365, rel=0.01)
    assert names["shortage avoided"].life == 1 and reuse.details["quality_status"] == "unconfirmed"


def test_reuse_when_its_users_would_take_more_then_the_capacity_limits_it(city, known, ids):
    view = city(purchased_m3=5_000.0, possible=(works(ids, use_m3_per_day=5_000.0),), prices=PRICES)
    assert offers(view, known)["water_reuse"].details["less_demand_m3_per_day"] <= 1_000.0


@pytest.mark.parametrize("key", ["investment", "cost_per_m3", "life_years", "use_m3_per_day"])
def test_reuse_when_an_input_is_lacking_then_it_is_not_offered_and_the_input_is_named(city, known, ids, key):
    view = city(purchased_m3=8_000.0, possible=(works(ids, **{key: None}),), prices=PRICES)
    assert "water_reuse" not in offers(view, known)
    (problem,) = shortage_problems(view, known())
    assert lacking_inputs(view, problem, {}, known())["water_reuse", "Z"] == (key,)


def test_further_supply_when_it_covers_the_gap_then_what_is_used_of_it_is_paid(city, known, ids):
    main = works(ids, supply_kind="purchased", priority=9.0, capacity_m3_per_day=2_000.0)
    bought = offers(city(purchased_m3=8_000.0, possible=(main,), prices=PRICES), known)["buy_water"]
    assert bought.details["gap_less_m3_per_day"] == pytest.approx(640, rel=0.05)
    row = next(r for r in bought.costs if r.name == "additional supply")
    assert row.quantity.value == pytest.approx(640 * 365, rel=0.05)
    assert [e.indicator for e in bought.effects] == ["supply_gap"]  # no meter of demand can see it


# --- leak repairs first ------------------------------------------------------------------------------------------
def test_answers_when_leak_repairs_close_the_gap_first_then_no_shortage_is_avoided_twice(city, known, ids):
    """640 m3 a day are short; a repair of 8 L/s saves 691."""
    view = city(purchased_m3=8_000.0, possible=(works(ids),), prices=PRICES)
    alone, after = offers(view, known)["water_reuse"], offers(view, known, [repair(ids, 8.0)])
    assert saved_m3_per_day(repair(ids, 8.0), {ids("boundary", "a")}) == pytest.approx(691.2)
    assert alone.details["gap_less_m3_per_day"] > 400 > 20 > after["water_reuse"].details["gap_less_m3_per_day"]
    counted = after["survey_and_repair"]
    assert counted.details["gap_less_m3_per_day"] == pytest.approx(640, rel=0.06)
    assert [r.name for r in counted.costs] == ["shortage avoided"] and counted.effects == repair(ids, 8.0).effects


def test_repair_when_its_boundary_is_not_served_then_it_shortens_no_gap(ids):
    assert saved_m3_per_day(repair(ids, 8.0), {"other"}) == 0.0


# --- restrictions ------------------------------------------------------------------------------------------------
def test_restriction_when_a_second_stage_is_reached_then_both_kinds_exclude_each_other(city, known):
    found = offers(city(purchased_m3=7_000.0, prices=PRICES), known)  # 19 % short: 中度干旱, stage 2
    voluntary, mandatory = found["use_restrictionvoluntary"], found["use_restrictionmandatory"]
    assert voluntary.one_of == mandatory.one_of != ""
    people = next(r for r in voluntary.costs if r.name == "people asked to use less")
    assert people.kind == "non_monetary" and people.quantity.value == 1000.0


def test_restriction_when_only_the_first_stage_is_reached_then_nothing_is_ordered(city, known):
    found = offers(city(purchased_m3=8_000.0, prices=PRICES), known)  # 7 % short: 轻度干旱
    assert "use_restrictionvoluntary" in found and "use_restrictionmandatory" not in found


def test_restriction_when_what_people_give_up_has_no_price_then_neither_has_the_shortage_avoided(city, known):
    prices = {k: v for k, v in PRICES.items() if k != "restriction_per_m3"}
    voluntary = offers(city(purchased_m3=7_000.0, prices=prices), known)["use_restrictionvoluntary"]
    assert {r.kind for r in voluntary.costs if r.name in ("use given up", "shortage avoided")} == {"non_monetary"}
    assert npv(voluntary.costs, 0.03) == -1000.0


# --- feedback ----------------------------------------------------------------------------------------------------
def test_feedback_effect_when_pooled_then_it_solves_the_equation_of_paule_and_mandel(known):
    studies = studies_of(known())
    assert len(studies) >= 9 and sum(s.status == "confirmed" for s in studies) >= 8
    pooled = feedback_effect(known())
    ses = [(s.high - s.low) / (2 * half_width(s.level)) for s in studies]
    weights = [1 / (e * e + pooled.tau2) for e in ses]
    mean = math.fsum(w * s.value for w, s in zip(weights, studies, strict=True)) / math.fsum(weights)
    spread = math.fsum(w * (s.value - mean) ** 2 for w, s in zip(weights, studies, strict=True))
    assert pooled.mean == pytest.approx(mean) and spread == pytest.approx(len(studies) - 1, rel=1e-6)
    assert 0.02 < pooled.mean < 0.06  # below the 6.6 % of self-selected volunteers


def test_feedback_when_no_households_or_bills_are_known_then_it_is_not_offered_and_says_so(city, known):
    view = city(purchased_m3=7_000.0, prices={**PRICES, "feedback_per_household": 12.0})
    assert "household_feedback" not in offers(view, known)
    found, lacking = household_use(view, [t for t in view.things if getattr(t, "kind", "") == "boundary"])
    assert found == () and lacking == {"a": ("households", "billed household volumes")}


def test_priors_when_a_study_is_added_then_it_is_pooled(known):
    more = {**known(), "feedback_study_11": replace(known()["feedback_study_1"], key="feedback_study_11")}
    assert len(studies_of(more)) == len(studies_of(known())) + 1


def test_feedback_when_two_accounts_bill_households_then_their_use_adds_up(city, known, ids, monkeypatch):
    from cityloop.domains.water.losses.bills import Account, Bill
    from cityloop.domains.water.supply import feedback

    def account(name: str, volume: float, *, homes: bool = True) -> Account:
        thing = Thing(id=name, kind="billing_account", name=name)
        bills = (
            Bill(date(2024, 1, 1), date(2024, 1, 31), volume, 1, 0),
            Bill(date(2024, 1, 31), date(2024, 3, 1), volume, 1, 0),
        )
        return Account(thing, ids("boundary", "a"), "billed_metered", name, False, homes, bills, ())

    accounts = (account("flats", 60_000.0), account("houses", 30_000.0), account("shops", 99_000.0, homes=False))
    monkeypatch.setattr(feedback, "read_accounts", lambda view: accounts)
    house = Thing(
        id=ids("building", "h"), kind="building", name="h", properties={"households": 5_000.0},
        relations=(Relation(kind="part_of", thing=ids("boundary", "a")),),
    )  # fmt: skip
    prices = {**PRICES, "feedback_per_household": 12.0}
    view = city(purchased_m3=7_000.0, prices=prices, things=(house,))
    zones = [t for t in view.things if getattr(t, "kind", "") == "boundary"]
    ((home,), lacking) = household_use(view, zones)
    assert lacking == {} and home.households == 5_000.0 and home.days == 60
    assert home.m3_per_day == pytest.approx(2 * 60_000 / 60 + 2 * 30_000 / 60)
    offer = offers(view, known)["household_feedback"]
    share = feedback_effect(known()).mean
    assert offer.details["less_demand_m3_per_day"] == pytest.approx(3_000 * share, rel=1e-6)
    reports = next(r for r in offer.costs if r.name == "household reports")
    assert (reports.quantity.value, reports.recurrence, reports.life) == (5_000.0, 1, 3)
