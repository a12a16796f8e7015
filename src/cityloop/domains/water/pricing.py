"""What a lost cubic metre costs; prices and rates themselves are those of every domain (economics.prices)."""

from cityloop.contracts import Policy
from cityloop.domains.water.texts import note
from cityloop.economics.prices import Price, cost_row, price_of, realisation_of
from cityloop.records import Estimate

__all__ = ["M3_PER_YEAR_PER_L_PER_S", "Price", "cost_row", "price_of", "realisation_of", "yearly_cost"]

#: Cubic metres in a year (365 days) of one litre per second.
M3_PER_YEAR_PER_L_PER_S = 31_536.0


def yearly_cost(policy: Policy, gap: Estimate) -> tuple[Estimate | None, str]:
    """Lost water (L/s) of a year at the policy's marginal price, and how it was priced; None and why without a price."""
    price = policy.prices.get("water_per_m3")
    if price is None:
        return None, note("no_price")
    amount, source, status = price
    factor = M3_PER_YEAR_PER_L_PER_S * amount
    cost = Estimate(
        value=gap.value * factor, low=gap.low * factor, high=gap.high * factor, level=gap.level,
        unit=f"{policy.currency}/year",
    )  # fmt: skip
    return cost, note("price", price=f"{amount:g}", currency=policy.currency, source=source, status=status)
