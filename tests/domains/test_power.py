"""The power domain on one station: loading by hand, when it is a problem, what is offered and at what price."""

import csv
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files

import numpy as np
import pytest

from cityloop.contracts import NormRule
from cityloop.domains.power import domain
from cityloop.domains.power.words import NOTES, TITLES, WORDS
from cityloop.errors import EngineError, RecordError
from cityloop.i18n import Pair
from cityloop.records import Datastream, Project, StateEntry, Thing
from cityloop.settings import load_norms

DAY = np.full(24, 300.0)
DAY[18] = 456.0  # at 0.95 and 400 kVA: 120 %
PRICES = {
    name: (value, "test", "given")
    for name, value in (
        ("energy_above_rating_per_kwh", 5.0), ("transformer_each", 10_000.0), ("transformer_per_kva", 20.0),
        ("heat_pump_control_each", 100.0), ("heat_pump_payment_per_year", 10.0),
    )
}  # fmt: skip


@pytest.fixture
def station(memory_view, ids):
    """A view of one measured station; `kw` of 60 days by hour, or a whole series."""

    def make(kw=DAY, *, heat_pumps=100.0, prices=PRICES, records=(), sn_kva=400.0):
        series = np.tile(kw, 60) if len(kw) == 24 else np.asarray(kw, float)
        properties = {"heat_pumps": heat_pumps, "heat_pump_kw": heat_pumps} | ({"sn_kva": sn_kva} if sn_kva else {})
        thing = Thing(id=ids("transformer", "T1"), kind="transformer", name="T1", properties=properties)
        stream = Datastream(
            id="s", name="T1 power", thing=thing.id, sensor="", observed_property="power", unit="kW", statistic="mean",
            step_s=3600, simulated=True,
        )  # fmt: skip
        empty = memory_view((), {}, None)
        policy = replace(empty.policy, prices=dict(prices))
        return memory_view(
            (thing, stream, *records), {"s": series}, empty.origin + timedelta(hours=len(series)), policy=policy
        )

    return make


class Model:
    """Loading falls with the rating, a little less than in proportion."""

    def run_all(self, variants, *, start, steps, step_s, outputs, drivers):
        from cityloop.contracts import Result

        (kw,) = next(iter(drivers.values()))
        times = np.array([start.replace(tzinfo=None)], dtype="datetime64[us]")
        return [
            Result(times, step_s, {(t, "loading_percent"): np.array([110 * kw / c.value]),
                                   (t, "losses_kw"): np.array([2000 / c.value])}, ())
            for (c,) in variants for t in [c.thing]
        ]  # fmt: skip


def offers(view, simulator=None):
    problems = domain.problems(view, simulator)
    return {m.title_en: m for m in domain.countermeasures(view, simulator, problems, (), {})}


def span(view):
    return {"start": view.origin, "end": view.now}


# --- the series --------------------------------------------------------------------------------------------------
def test_series_then_the_highest_hour_of_each_day_in_percent_of_the_rating(station, ids):
    view = station()
    series = domain.series(view, "transformer_loading", ids("transformer", "T1"), **span(view))
    assert (series.unit, series.better, series.adjusted_by) == ("%", "lower", ("mean_power",))
    assert series.y == pytest.approx(120.0) and len(series.y) == 60
    assert series.covariates["mean_power"] == pytest.approx((23 * 300 + 456) / 24)


def test_series_of_a_day_with_too_few_hours_then_no_value(station, ids):
    kw = np.tile(DAY, 60)
    kw[10 * 24 : 10 * 24 + 7] = np.nan  # 17 hours are left
    kw[20 * 24 : 20 * 24 + 6] = np.nan
    view = station(kw)
    y = domain.series(view, "transformer_loading", ids("transformer", "T1"), **span(view)).y
    assert np.flatnonzero(np.isnan(y)).tolist() == [10]


def test_series_after_a_finished_exchange_then_by_the_new_rating(station, ids):
    view = station()
    swap = next(m for title, m in offers(view).items() if "500 kVA" in title)
    done = view.origin + timedelta(days=40)
    states = (StateEntry(state="started", on=done, by="test"), StateEntry(state="done", on=done, by="test"))
    project = Project(id="p", countermeasure=swap.id, plan="", boundary=swap.boundary, name="swap", states=states)
    later = station(records=(swap, project))
    y = domain.series(later, "transformer_loading", ids("transformer", "T1"), **span(later)).y
    assert y[:40] == pytest.approx(120.0) and y[41:] == pytest.approx(120 * 400 / 500)
    assert not domain.problems(later, None)


@pytest.mark.parametrize("change", [{"sn_kva": 0.0}, {"sn_kva": "unknown"}])
def test_series_of_a_transformer_without_a_rating_then_refused_with_the_cure(station, ids, change):
    view = station(**change)
    with pytest.raises(RecordError, match="states the rating"):
        domain.series(view, "transformer_loading", ids("transformer", "T1"), **span(view))
    assert not domain.problems(view, None)


# --- the problem -------------------------------------------------------------------------------------------------
def test_problems_of_an_overloaded_station_then_gap_energy_and_cost_by_hand(station):
    (problem,) = domain.problems(station(), None)
    assert problem.observed.value == pytest.approx(120) and problem.gap.value == pytest.approx(20)
    kwh = 60 * (456 - 0.95 * 400)
    assert problem.details["kwh_above"] == pytest.approx(kwh)
    assert problem.cost_per_year.value == pytest.approx(5 * kwh)
    assert problem.onset is None  # since the first day: nobody saw it begin
    assert all(" | " in text for text in problem.notes)


def test_problems_when_the_meter_falls_silent_then_what_it_said_last_stands(station):
    kw = np.tile(DAY, 60)
    kw[40 * 24 :] = np.nan
    (problem,) = domain.problems(station(kw), None)
    assert problem.observed.value == pytest.approx(120)


def test_problems_when_the_overload_begins_then_its_day_is_found(station):
    calm = np.tile(np.where(DAY == 456, 350.0, DAY), 60)
    calm[30 * 24 :] = np.tile(DAY, 30)
    (problem,) = domain.problems(station(calm), None)
    begun = (station(calm).origin + timedelta(days=30, hours=2)).date()
    assert abs((problem.onset - begun).days) <= 4  # a running median of seven days follows on the fourth


def test_problems_when_the_mean_peak_is_not_surely_above_then_none(station):
    rng = np.random.default_rng(1)
    kw = np.tile(np.where(DAY == 456, 0.95 * 400, DAY), 60)
    kw[18::24] *= 1 + rng.normal(0.002, 0.05, 60)
    assert not domain.problems(station(kw), None)


def test_problems_when_a_norm_has_another_limit_then_that_one_counts(station, monkeypatch):
    view = station()
    rule = NormRule("xx", "transformer_loading", Pair("a", "b"), "", 130.0, "%", "test", "", "confirmed")
    monkeypatch.setattr(type(view), "norm", lambda self, key, world=None: rule)
    assert not domain.problems(view, None)


# --- what can be done --------------------------------------------------------------------------------------------
def test_countermeasures_then_two_sizes_and_the_heat_pumps_of_which_a_plan_takes_one(station):
    found = offers(station(), Model())
    assert list(found) == [
        "Replace the 400 kVA transformer T1 by one of 500 kVA",
        "Replace the 400 kVA transformer T1 by one of 630 kVA",
        "Make 70 heat pumps behind T1 flexible",
    ]
    assert {m.one_of for m in found.values()} == {"overload:T1"}
    assert all(m.uses["crew_days"] > 0 for m in found.values())
    swap = found["Replace the 400 kVA transformer T1 by one of 500 kVA"]
    assert swap.effects[0].estimate.value == pytest.approx(120 - 120 * 400 / 500)
    assert swap.effects[0].grade == "modelled"
    assert [(c.property, c.value) for c in swap.changes] == [("sn_kva", 500.0)]
    spent = sum(r.quantity.value * r.unit_value.amount for r in swap.costs if r.kind == "cost")
    assert spent == pytest.approx(10_000 + 500 * 20)
    benefit = next(r for r in swap.costs if r.kind == "benefit")
    assert benefit.quantity.value == pytest.approx(60 * 76) and benefit.recurrence == 1
    heat = found["Make 70 heat pumps behind T1 flexible"]
    kw = 100 * 0.7 * 0.44
    assert heat.effects[0].estimate.value == pytest.approx(0.7 * 100 * kw / 380)
    assert next(r for r in heat.costs if r.kind == "benefit").quantity.value == pytest.approx(0.7 * 60 * kw)
    assert heat.changes[0].value == pytest.approx(1 - kw / 100)


def test_countermeasures_when_the_peak_is_long_then_heat_pumps_take_off_four_hours_only(station):
    long = np.where((np.arange(24) >= 14) & (np.arange(24) < 20), 456.0, 300.0)
    heat = offers(station(long))["Make 70 heat pumps behind T1 flexible"]
    assert heat.effects[0].estimate.value == 0  # two of the six hours stay as high as they were
    kw = 100 * 0.7 * 0.44
    avoided = next(r for r in heat.costs if r.kind == "benefit").quantity.value
    assert avoided == pytest.approx(0.7 * 60 * 4 * kw)


def test_countermeasures_when_the_engine_fails_or_is_absent_then_by_the_ratings_and_said_so(station):
    class Broken:
        def run_all(self, *args, **how):
            raise EngineError("The power flow found no solution.")

    for simulator, says in ((Broken(), "found no solution"), (None, "no model")):
        swap = next(iter(offers(station(), simulator).values()))
        assert swap.effects[0].estimate.value == pytest.approx(120 - 120 * 400 / 500)
        assert swap.effects[0].grade == "assumed" and says in swap.details["basis"]


def test_countermeasures_without_prices_then_none_and_the_problem_says_which(station):
    view = station(prices={})
    view.policy = replace(view.policy, currency="CNY")
    assert not offers(view)
    (problem,) = domain.problems(view, None)
    assert problem.cost_per_year is None
    assert any("transformer_each, transformer_per_kva" in text for text in problem.notes)


def test_countermeasures_without_heat_pumps_on_record_then_sizes_alone(station):
    assert all(m.kind == "swap_transformer" for m in offers(station(heat_pumps=0.0)).values())


def test_countermeasures_when_its_energy_has_no_price_then_shown_and_not_summed(station):
    prices = {k: v for k, v in PRICES.items() if k != "energy_above_rating_per_kwh"}
    for measure in offers(station(prices=prices)).values():
        row = next(r for r in measure.costs if r.name == "energy above the rating")
        assert row.kind == "non_monetary" and row.unit_value is None


# --- the manifest ------------------------------------------------------------------------------------------------
def test_manifest_then_every_name_has_both_languages_and_every_prior_a_source(station):
    for pair in (*WORDS.values(), *TITLES.values(), *NOTES.values()):
        assert pair.en and pair.zh and pair.en != pair.zh
    measures = offers(station(), Model()).values()
    used = {*domain.kinds(), *domain.indicators, *domain.causes, "transformer_overload"}
    used |= {r.name for m in measures for r in m.costs}
    assert used <= set(WORDS)
    for prior in domain.priors.values():
        assert prior.source and prior.low <= prior.value <= prior.high, prior.key
    assert {f"realisation_{kind}" for kind in domain.kinds()} <= set(domain.priors)


def test_norms_then_every_world_says_what_it_holds_about_the_indicator():
    names = [
        r["name"] for r in csv.DictReader((files("cityloop.domains.power") / "indicators.csv").read_text().splitlines())
    ]
    assert names == list(domain.indicators)
    for world in ("cn", "us", "eu"):
        rule = load_norms(world)["transformer_loading"]
        assert (rule.limit, rule.unit, rule.status) == (100.0, "%", "unconfirmed") and rule.source
