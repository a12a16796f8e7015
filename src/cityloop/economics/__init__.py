"""Money over time: pure functions over CostRow. Real prices, one currency and one price year per sum."""

from cityloop.economics.costs import (
    ENDS_ANYWAY,
    LinearForm,
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

__all__ = [
    "ENDS_ANYWAY",
    "LinearForm",
    "add_estimates",
    "at_level",
    "capital_recovery",
    "common_money",
    "equivalent_annual_cost",
    "linear_form",
    "npv",
    "npv_estimate",
    "present_value",
    "yearly_amounts",
]
