"""CostRow in numbers, against hand calculation and published tables."""

import math

import msgspec
import numpy as np
import pytest

from cityloop.economics import (
    ENDS_ANYWAY,
    add_estimates,
    at_level,
    capital_recovery,
    common_money,
    equivalent_annual_cost,
    linear_form,
    npv,
    npv_estimate,
    present_value,
    yearly_amounts,
)
from cityloop.errors import InputError
from cityloop.records import CostRow, Estimate, Money


def exactly(value: float, low: float | None = None, high: float | None = None, level: float = 0.9) -> Estimate:
    return Estimate(
        value=value, low=value if low is None else low, high=value if high is None else high, level=level, unit="1"
    )


def row(kind: str = "cost", amount: float = 1.0, quantity: Estimate | None = None, **changes: object) -> CostRow:
    made = CostRow(
        name="row", kind=kind, first_year=0, life=1, recurrence=0, escalation=0.0, quantity=quantity or exactly(1.0),
        unit_value=None if kind == "non_monetary" else Money(amount=amount, currency="USD", price_year=2026),
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


# --- yearly amounts ----------------------------------------------------------------------------------------------
def test_yearly_amounts_once_then_only_the_first_year_counts():
    assert yearly_amounts(row(amount=5.0, quantity=exactly(3.0), first_year=2, life=4)).tolist() == [0, 0, 15, 0, 0, 0]


def test_yearly_amounts_recurring_with_escalation_then_each_recurrence_is_dearer():
    amounts = yearly_amounts(row(amount=100.0, first_year=1, life=5, recurrence=2, escalation=0.1))
    assert amounts == pytest.approx([0, 100, 0, 121, 0, 146.41])


def test_yearly_amounts_with_residual_then_it_comes_back_after_the_life():
    amounts = yearly_amounts(row(amount=1000.0, life=10, residual=0.3))
    assert len(amounts) == 11 and amounts[0] == 1000 and amounts[10] == pytest.approx(-300)


def test_yearly_amounts_with_years_then_the_window_is_cut_or_filled():
    yearly = row(amount=7.0, life=3, recurrence=1)
    assert yearly_amounts(yearly, 2).tolist() == [7, 7]
    assert yearly_amounts(yearly, 5).tolist() == [7, 7, 7, 0, 0]


def test_yearly_amounts_without_price_then_zero():
    assert yearly_amounts(row("non_monetary", quantity=exactly(9.0)), 3).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    "changes",
    [
        {"first_year": -1}, {"life": 0}, {"life": 10_000}, {"recurrence": -1}, {"escalation": -1.0},
        {"residual": 1.5}, {"residual": -0.1}, {"kind": "benefit", "residual": 0.5},
        {"kind": "non_monetary", "unit_value": Money(amount=1.0, currency="USD", price_year=2026)},
        {"unit_value": None}, {"quantity": exactly(math.nan)}, {"escalation": math.inf},
    ],
)  # fmt: skip
def test_yearly_amounts_of_a_row_without_meaning_then_the_error_names_the_row(changes):
    with pytest.raises(InputError, match="cost row 'leaky'"):
        yearly_amounts(row(name="leaky", **changes))


# --- sums --------------------------------------------------------------------------------------------------------
def test_present_value_of_documented_case_then_equal():
    # numpy-financial documentation: npv(0.08, [-40000, 5000, 8000, 12000, 30000])
    assert present_value([-40_000, 5_000, 8_000, 12_000, 30_000], 0.08) == pytest.approx(3065.22267, abs=1e-5)


def test_present_value_of_uniform_series_then_equal_to_the_handbook_factor():
    # NIST Handbook 135: UPV 3 %, 20 years = 14.87747 (years 1 to 20); SPV 12 = 0.701380
    assert present_value([0] + [1] * 20, 0.03) == pytest.approx(14.87747, abs=1e-5)
    assert present_value([1], 0.03, start=12) == pytest.approx(0.701380, abs=1e-6)


@pytest.mark.parametrize(("rate", "years", "factor"), [(0.06, 12, 0.11927703), (0.07, 20, 0.09439293), (0.0, 8, 0.125)])
def test_capital_recovery_then_equal_to_the_tables(rate, years, factor):
    assert capital_recovery(rate, years) == pytest.approx(factor, abs=1e-8)


def building(invest: float, fan: float, residual: float, energy: float, upkeep: float) -> list[CostRow]:
    """A building's life-cycle cost: investment, fan in year 12, residual in year 20, energy and upkeep in years 1-20."""
    return [
        row(amount=invest, name="investment", life=20, residual=residual / invest),
        row(amount=fan, name="fan", first_year=12),
        row(amount=energy, name="energy", first_year=1, life=20, recurrence=1),
        row(amount=upkeep, name="upkeep", first_year=1, life=20, recurrence=1),
    ]


def test_npv_of_life_cycle_cost_then_equal_to_the_hand_calculation():
    # Hand calculation with 3 %: 103000 + 12000 * 0.701380 - 3500 * 0.553676 + 27000 * 14.87747 = 511170.51
    base = building(103_000, 12_000, 3_500, 20_000, 7_000)
    other = building(110_000, 12_500, 3_700, 13_000, 8_000)
    assert -npv(base, 0.03) == pytest.approx(511_170.51, abs=0.01)
    assert -npv(other, 0.03) == pytest.approx(429_145.62, abs=0.01)


def test_equivalent_annual_cost_of_conserved_energy_then_equal_to_the_hand_calculation():
    # 100000 * CRF(6 %, 15) + 1500 a year over 450 MWh = 0.0262139 per kWh
    rows = [row(amount=100_000), row(amount=1_500, first_year=1, life=15, recurrence=1)]
    assert equivalent_annual_cost(rows, 0.06, years=15) / 450_000 == pytest.approx(0.0262139, abs=1e-7)


def test_npv_of_benefit_and_cost_then_their_difference_and_non_monetary_is_not_summed():
    rows = [row("benefit", 30.0), row("cost", 10.0), row("non_monetary", quantity=exactly(1e9))]
    assert npv(rows, 0.05) == pytest.approx(20.0)


def test_common_money_of_mixed_years_then_refused_naming_the_row():
    old = row(name="survey", unit_value=Money(amount=219.0, currency="USD", price_year=2011))
    with pytest.raises(InputError, match=r"'survey'.*USD \(2011\).*USD \(2026\)"):
        common_money([row(), old])
    with pytest.raises(InputError, match="'survey'"):
        linear_form([row(), old], 0.03, years=3, level=0.9)
    with pytest.raises(InputError, match="'row'.*EUR"):
        common_money([row()], currency="EUR", price_year=2026)


# --- intervals ---------------------------------------------------------------------------------------------------
def test_npv_estimate_of_two_rows_then_half_widths_add_in_squares():
    rows = [row("benefit", 10.0, exactly(10.0, 7.0, 13.0)), row("cost", 1.0, exactly(20.0, 16.0, 24.0))]
    got = npv_estimate(rows, 0.0, level=0.9)
    # benefit 100 (70..130), cost 20 (16..24): 80, half-width sqrt(30^2 + 4^2)
    assert (got.value, got.low, got.high) == pytest.approx((80.0, 80 - math.sqrt(916), 80 + math.sqrt(916)))
    assert got.unit == "USD (2026)"


def test_npv_estimate_of_a_cost_that_may_be_higher_then_the_value_may_be_lower():
    got = npv_estimate([row("cost", 10.0, exactly(1.0, 1.0, 3.0))], 0.0, level=0.9)
    assert (got.low, got.value, got.high) == pytest.approx((-30.0, -10.0, -10.0))


def test_npv_estimate_of_quantity_zero_then_its_interval_still_counts():
    got = npv_estimate([row("benefit", 10.0, exactly(0.0, 0.0, 2.0))], 0.0, level=0.9)
    assert (got.low, got.value, got.high) == pytest.approx((0.0, 0.0, 20.0))


def test_at_level_of_a_normal_interval_then_scaled_by_its_quantiles():
    wider = at_level(exactly(0.0, -1.6448536, 1.6448536), 0.95)
    assert wider.high == pytest.approx(1.9599640, abs=1e-6) and wider.low == pytest.approx(-1.9599640, abs=1e-6)


def test_add_estimates_of_nothing_then_zero():
    assert add_estimates([], level=0.9, unit="USD").value == 0.0


# --- linear form -------------------------------------------------------------------------------------------------
def test_linear_form_of_lasting_measure_then_a_later_start_is_only_discounted():
    form = linear_form([row("benefit", 50.0, first_year=1, life=10, recurrence=1), row()], 0.05, years=3, level=0.9)
    assert [v.value for v in form.value] == pytest.approx([form.value[0].value / 1.05**t for t in range(3)])
    assert form.spend == (1.0, 0.0, 0.0) and form.priced


def test_linear_form_of_a_loss_that_ends_anyway_then_waiting_costs_more_than_interest():
    # A leak that runs one more year on average is still there after a year with chance exp(-1).
    form = linear_form([row("benefit", 100.0, tags=(ENDS_ANYWAY,)), row("cost", 20.0)], 0.0, years=3, level=0.9)
    assert [v.value for v in form.value] == pytest.approx([100 * math.exp(-t) - 20 for t in range(3)])


def test_linear_form_without_priced_benefit_then_it_says_so():
    form = linear_form([row("cost", 20.0), row("non_monetary")], 0.03, years=2, level=0.9)
    assert not form.priced and form.spend == (20.0, 0.0)


def test_linear_form_with_residual_then_the_budget_gets_no_income_but_the_value_does():
    form = linear_form([row(amount=100.0, life=2, residual=0.5)], 0.0, years=4, level=0.9)
    assert form.spend == (100.0, 0.0, 0.0, 0.0) and form.value[0].value == pytest.approx(-50.0)


def test_yearly_amounts_then_a_float_array():
    assert yearly_amounts(row()).dtype == np.float64
