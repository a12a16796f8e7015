"""IWA balance, UARL, ILI bands and CJJ 92 against figures computed elsewhere; verdicts where worlds differ."""

from types import SimpleNamespace

import numpy as np
import pytest

from cityloop.domains.water.losses.balance_texts import BALANCE_TEXTS
from cityloop.domains.water.losses.cjj92 import MPA_PER_M, loss_rate
from cityloop.domains.water.losses.iwa import DRAWS, Volumes, balance_lines, band, estimate_of, sure, uarl_m3_per_day
from cityloop.domains.water.losses.performance import Performance
from cityloop.domains.water.losses.verdicts import differ, verdicts
from cityloop.records import Estimate
from cityloop.settings import load_norms


def est(value, low, high, unit="%"):
    return Estimate(value=value, low=low, high=high, level=0.9, unit=unit)


# --- formulas -----------------------------------------------------------------------------------------------------
def test_uarl_when_computed_for_ky4_then_562864_litres_a_day():
    assert uarl_m3_per_day(260, 8000, 0, 50.8) * 1000 == pytest.approx(562_864, abs=0.5)
    assert uarl_m3_per_day(0, 0, 4, 10) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("share", "km", "mpa", "frost", "graded"),
    [(0.5, 300.0, 0.42, 0.8, 9.210), (0.0, 120.0, 0.30, 1.6, 16.986)],
)
def test_loss_rate_when_inputs_are_the_published_examples_then_the_rates_are_theirs(share, km, mpa, frost, graded):
    found = loss_rate(
        sure(3650e4), sure(3103e4), days=365, per_household_share=sure(share), dn75_km=km,
        outlet_pressure_m=mpa / MPA_PER_M, frost_depth_m=frost,
    )  # fmt: skip
    assert found.gross[0] == pytest.approx(14.986, abs=5e-4)
    assert found.graded[0] == pytest.approx(graded, abs=1e-3)
    assert np.allclose(found.graded, found.graded[0])


def test_loss_rate_when_a_period_is_half_a_year_then_r2_scales_the_input_to_the_year():
    year = loss_rate(sure(3650e4), sure(3103e4), days=365, per_household_share=None, dn75_km=300.0, outlet_pressure_m=None,
                     frost_depth_m=None)  # fmt: skip
    part = loss_rate(sure(365e4), sure(310.3e4), days=36.5, per_household_share=None, dn75_km=300.0,
                     outlet_pressure_m=None, frost_depth_m=None)  # type: ignore[arg-type]  # fmt: skip
    assert float(year.corrections["R2"][0]) == pytest.approx(float(part.corrections["R2"][0]), abs=1e-9)


def test_loss_rate_when_corrections_are_not_stated_then_the_value_has_none_and_the_interval_all():
    found = loss_rate(sure(100.0), sure(85.0), days=365, per_household_share=None, dn75_km=None, outlet_pressure_m=None,
                      frost_depth_m=None)  # fmt: skip
    rate = estimate_of(found.graded, 0.9, "%")
    assert rate.value == pytest.approx(15.0)
    assert rate.low < 15 - 8 and rate.high >= 15  # all of R1 to R4 take up to 14 points off


def test_balance_lines_when_volumes_are_given_then_the_table_adds_up():
    v = Volumes(
        system_input=sure(1000.0), billed_metered=sure(800.0), billed_unmetered=sure(20.0), unbilled_metered=sure(5.0),
        unbilled_unmetered=sure(15.0), corrections=sure(-10.0), unbilled_recorded=sure(20.0), per_household=sure(0.0),
    )  # fmt: skip
    shares = {
        "unauthorised_share": sure(0.0025), "customer_meter_error": sure(0.02), "data_handling_share": sure(0.0025)
    }  # fmt: skip
    line = {k: float(x[0]) for k, x in balance_lines(v, shares).items()}
    assert line["authorised"] == 840 and line["losses"] == 160 and line["non_revenue"] == 180
    # Meters that count 2 % too little showed 805 of 805 / 0.98.
    assert line["customer_meters"] == pytest.approx(805 / 0.98 - 805)
    assert line["apparent"] == pytest.approx(2.5 + 805 / 0.98 - 805 + 2.0)
    assert line["real"] + line["apparent"] == pytest.approx(line["losses"])


def test_volumes_when_two_areas_are_added_then_errors_of_their_own_add_in_quadrature():
    rng = np.random.default_rng(1)
    parts = [np.concatenate([[100.0], 100 + rng.normal(0, 3, DRAWS)]) for _ in range(2)]
    a, b = (Volumes(system_input=p, **dict.fromkeys(
        ("billed_metered", "billed_unmetered", "unbilled_metered", "unbilled_unmetered", "corrections",
         "unbilled_recorded", "per_household"), sure(0.0))) for p in parts)  # fmt: skip
    both = estimate_of(a.plus(b).system_input, 0.9, "m3")
    assert both.value == 200 and (both.high - both.low) / 2 == pytest.approx(1.645 * 3 * 2**0.5, rel=0.05)


def test_band_when_an_index_is_near_a_limit_then_both_bands_are_named():
    assert band(est(1.9, 1.7, 2.1, "1"), "high_income") == ("A", "B")
    assert band(est(9.7, 9.6, 9.8, "1"), "low_middle_income") == ("C", "C")  # Gweru, ILI 9.7
    assert band(est(2.0, 2.0, 2.0, "1"), "high_income") == ("B", "B")


# --- verdicts -----------------------------------------------------------------------------------------------------
class View:
    """Just enough of a View to be judged by three rule worlds."""

    policy = SimpleNamespace(binding_norm="cn", compare_norms=("eu", "us"), level=0.9)

    def norm(self, key, world=None):
        return load_norms(world or "cn").get(key)


def judged(**indicators):
    found = verdicts(View(), Performance(indicators, {}, {}))
    return {(v.question, v.world): v for v in found}, differ(found)


def test_verdicts_when_one_index_is_good_and_the_other_bad_then_the_worlds_differ_on_losses_alone():
    found, apart = judged(
        loss_rate=est(9.2, 8.8, 9.6), ili=est(5.0, 4.0, 6.0, "1"),
        **{f"pressure_pass_rate:{w}": est(x, x, x) for w, x in (("cn", 98.0), ("us", 100.0), ("eu", 90.0))},
    )  # fmt: skip
    assert [found["losses", w].verdict for w in ("cn", "eu", "us")] == ["meets", "fails", "fails"]
    assert found["target", "cn"].verdict == "undecided"  # 9 % lies within 8.8 to 9.6
    assert found["target", "us"].verdict == "no_rule"
    assert found["pressure", "cn"].verdict == "meets" and found["pressure", "us"].verdict == "meets"
    assert found["pressure", "eu"].verdict == "no_rule" and found["pressure", "eu"].value.value == 90.0
    assert apart == ["losses"]


def test_verdicts_when_a_rule_of_cjj_92_rests_on_secondary_text_then_it_is_marked_unconfirmed():
    found, _ = judged(loss_rate=est(9.2, 8.8, 9.6))
    assert {found[q, "cn"].status for q in ("losses", "losses_2", "target")} == {"unconfirmed"}
    assert found["losses", "cn"].indicator == "loss_rate" and found["losses", "us"].indicator == "ili"
    assert found["losses", "us"].verdict == "not_known"


def test_verdicts_when_pressure_passes_one_world_and_not_the_other_then_they_differ():
    _, apart = judged(**{f"pressure_pass_rate:{w}": est(98.5, 98.5, 98.5) for w in ("cn", "us", "eu")})
    assert apart == ["pressure"]


@pytest.mark.parametrize("key", BALANCE_TEXTS)
def test_texts_when_in_two_languages_then_they_fill_the_same_gaps(key):
    import string

    names = [{n for _, n, _, _ in string.Formatter().parse(t) if n} for t in BALANCE_TEXTS[key]]
    assert names[0] == names[1]
    assert any("一" <= c <= "鿿" for c in BALANCE_TEXTS[key].zh)
