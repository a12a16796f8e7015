"""CostRow in numbers: yearly amounts, present value, equivalent annual cost and the linear form of the portfolio.

Form of the rows after NIST E3 (benefit, cost, non-monetary) and HM Treasury, The Green Book (2022): real prices of one
price year, flows of year t discounted by (1 + rate)^-t, year 0 = the year in which a measure starts. A benefit and a
cost are both stated as positive amounts; only sums over rows carry a sign, benefit minus cost.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cityloop.contracts import Floats
from cityloop.errors import InputError
from cityloop.evidence.normal import half_width
from cityloop.records import CostRow, Estimate

__all__ = [
    "ENDS_ANYWAY", "LinearForm", "add_estimates", "at_level", "capital_recovery", "common_money", "equivalent_annual_cost", "linear_form", "npv", "npv_estimate", "present_value", "yearly_amounts",
]  # fmt: skip

#: Tag of a benefit that ends by itself: what it avoids would stop after `life` years on average even if nobody acted
#: (a leak shows or is reported). Started t years later it is still there with chance exp(-t / life), constant hazard.
ENDS_ANYWAY = "ends_anyway"
LONGEST_YEARS = 200


# --- one row -----------------------------------------------------------------------------------------------------
def yearly_amounts(row: CostRow, years: int | None = None) -> Floats:
    """Money of one row by year from the start of the measure, real prices, (years,); `years` None = its whole life.

    Year t holds quantity * unit_value * (1 + escalation)^(t - first_year) at first_year, first_year + recurrence, ...
    below first_year + life (once if recurrence is 0). What is left at the end of the life, `residual` times the last
    amount, counts against it in year first_year + life. Raises InputError for a row that cannot be counted.

    >>> from cityloop.records import Estimate, Money
    >>> one = Estimate(value=2.0, low=2.0, high=2.0, level=0.9, unit="1")
    >>> row = CostRow(name="filter", kind="cost", first_year=1, life=4, recurrence=2, escalation=0.1, quantity=one,
    ...               unit_value=Money(amount=50.0, currency="USD", price_year=2026), residual=0.5)
    >>> [round(float(a), 3) for a in yearly_amounts(row)]
    [0.0, 100.0, 0.0, 121.0, 0.0, -60.5]
    """
    _check(row)
    if row.unit_value is None:
        return np.zeros(years if years is not None else row.first_year + row.life)
    end = row.first_year + row.life
    amounts = np.zeros(end + (1 if row.residual else 0))
    at = list(range(row.first_year, end, row.recurrence)) if row.recurrence else [row.first_year]
    for t in at:
        amounts[t] = row.quantity.value * row.unit_value.amount * (1 + row.escalation) ** (t - row.first_year)
    if row.residual:
        amounts[end] = -row.residual * amounts[at[-1]]
    if years is None:
        return amounts
    return np.concatenate([amounts, np.zeros(max(years - len(amounts), 0))])[:years]


def _check(row: CostRow) -> None:
    """Refuse what has no meaning, naming the row."""
    where = f"cost row {row.name!r}"
    finite = all(math.isfinite(x) for x in (row.quantity.value, row.escalation, row.residual))
    if not finite or (row.unit_value is not None and not math.isfinite(row.unit_value.amount)):
        raise InputError("A cost row with a number that is not finite.", where=where, cure="Correct the row.")
    if not (0 <= row.first_year < LONGEST_YEARS and 1 <= row.life <= LONGEST_YEARS and row.recurrence >= 0):
        raise InputError(
            "A cost row outside the years that can be counted.", where=where,
            got=f"first_year {row.first_year}, life {row.life}, recurrence {row.recurrence}",
            allowed=f"first_year from 0, life 1 to {LONGEST_YEARS}, recurrence from 0 (0 = once)",
        )  # fmt: skip
    if row.escalation <= -1:
        raise InputError("An escalation of -100 % or less.", where=where, got=row.escalation, allowed="above -1")
    if not 0 <= row.residual <= 1 or (row.residual and row.kind != "cost"):
        raise InputError(
            "A residual that cannot be counted.", where=where, got=row.residual, allowed="0 to 1, on a cost",
            cure="Write what is left of a benefit as a benefit row of its own.",
        )  # fmt: skip
    if row.kind == "non_monetary" and row.unit_value is not None:
        raise InputError(
            "A non-monetary row with a price.", where=where, got=row.unit_value.amount, cure="Make it a benefit."
        )
    if row.kind != "non_monetary" and row.unit_value is None:
        raise InputError(
            f"A {row.kind} without a unit value.", where=where, cure="Give the price, or make the row non_monetary."
        )


def common_money(rows: Sequence[CostRow], *, currency: str = "", price_year: int = 0) -> tuple[str, int]:
    """Currency and price year that all priced rows share (and that a sum states); ("", 0) without a priced row.

    Raises InputError naming the first row that differs: nothing is converted or inflated silently.
    """
    first = "the policy" if currency else ""
    for row in rows:
        if row.unit_value is None:
            continue
        if not currency:
            currency, price_year, first = row.unit_value.currency, row.unit_value.price_year, f"row {row.name!r}"
        elif (row.unit_value.currency, row.unit_value.price_year) != (currency, price_year):
            raise InputError(
                "Money of different currencies or price years cannot be summed.", where=f"cost row {row.name!r}",
                got=f"{row.unit_value.currency} ({row.unit_value.price_year})",
                allowed=f"{currency} ({price_year}), as in {first}",
                cure="State this price in the policy's currency and price year, under prices in city.toml.",
            )  # fmt: skip
    return currency, price_year


# --- sums --------------------------------------------------------------------------------------------------------
def present_value(amounts: Sequence[float] | Floats, rate: float, *, start: int = 0) -> float:
    """Sum of amounts[t] / (1 + rate)^(start + t), HM Treasury (2022), annex 6.

    >>> round(present_value([-40000, 5000, 8000, 12000, 30000], 0.08), 5)
    3065.22267
    """
    if not math.isfinite(rate) or rate <= -1:
        raise InputError("A discount rate of -100 % or less.", got=rate, allowed="above -1, for example 0.03")
    series = np.asarray(amounts, dtype=np.float64)
    return float(series @ (1.0 + rate) ** -(start + np.arange(len(series), dtype=np.float64)))


def npv(rows: Sequence[CostRow], rate: float, *, start: int = 0) -> float:
    """Benefits minus costs over each row's whole life, as present value of the year `start` years before the measure."""
    return sum(_value(row, rate, start) for row in rows)


def npv_estimate(rows: Sequence[CostRow], rate: float, *, level: float, start: int = 0) -> Estimate:
    """As npv, with an interval at `level` from the rows' quantities, unit "<currency> (<price year>)".

    The rows are taken as independent. A repair is paid only where a leak was found and water is saved only there too,
    so that real sums spread less: the interval is rather too wide than too narrow.
    """
    currency, year = common_money(rows)
    parts = []
    for row in rows:
        if row.unit_value is None:
            continue
        value = _value(row, rate, start)
        per_quantity = value / row.quantity.value if row.quantity.value else _unit(row, rate, start)
        quantity = at_level(row.quantity, level)
        low, high = sorted((quantity.low * per_quantity, quantity.high * per_quantity))
        parts.append(Estimate(value=value, low=min(low, value), high=max(high, value), level=level, unit=""))
    return add_estimates(parts, level=level, unit=f"{currency} ({year})" if currency else "1")


def _value(row: CostRow, rate: float, start: int) -> float:
    """Signed present value of one row when the measure starts `start` years from now."""
    if row.unit_value is None:
        _check(row)
        return 0.0
    sign = 1.0 if row.kind == "benefit" else -1.0
    left = math.exp(-start / row.life) if ENDS_ANYWAY in row.tags else 1.0
    return sign * left * present_value(yearly_amounts(row), rate, start=start)


def _unit(row: CostRow, rate: float, start: int) -> float:
    """Present value of one unit of quantity, for a row whose expected quantity is zero and whose interval is not."""
    one = Estimate(value=1.0, low=1.0, high=1.0, level=row.quantity.level, unit=row.quantity.unit)
    return _value(
        CostRow(
            name=row.name, kind=row.kind, first_year=row.first_year, life=row.life, recurrence=row.recurrence,
            escalation=row.escalation, quantity=one, unit_value=row.unit_value, residual=row.residual, tags=row.tags,
        ), rate, start,
    )  # fmt: skip


def capital_recovery(rate: float, years: int) -> float:
    """Capital recovery factor r (1 + r)^n / ((1 + r)^n - 1); 1 / n at a rate of zero.

    >>> round(capital_recovery(0.06, 12), 8)
    0.11927703
    """
    if years < 1:
        raise InputError("A life of less than one year.", got=years, allowed="1 and more")
    if rate == 0:
        return 1.0 / years
    return rate * (1 + rate) ** years / ((1 + rate) ** years - 1)


def equivalent_annual_cost(rows: Sequence[CostRow], rate: float, *, years: int) -> float:
    """Costs minus benefits as a level amount over `years`: what compares measures of different lives (EAC = PV * CRF)."""
    return -npv(rows, rate) * capital_recovery(rate, years)


# --- intervals ---------------------------------------------------------------------------------------------------
def at_level(estimate: Estimate, level: float) -> Estimate:
    """The same estimate with its interval at another level; both sides scale as those of a normal distribution."""
    if estimate.level == level:
        return estimate
    scale = half_width(level) / half_width(estimate.level)
    return Estimate(
        value=estimate.value, low=estimate.value - (estimate.value - estimate.low) * scale,
        high=estimate.value + (estimate.high - estimate.value) * scale, level=level, unit=estimate.unit,
    )  # fmt: skip


def add_estimates(parts: Sequence[Estimate], *, level: float, unit: str) -> Estimate:
    """Sum of independent estimates: lower and upper half-widths each add in squares."""
    parts = [at_level(p, level) for p in parts]
    value = math.fsum(p.value for p in parts)
    down = math.sqrt(math.fsum((p.value - p.low) ** 2 for p in parts))
    up = math.sqrt(math.fsum((p.high - p.value) ** 2 for p in parts))
    return Estimate(value=value, low=value - down, high=value + up, level=level, unit=unit)


# --- the linear form ---------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class LinearForm:
    """A measure in the portfolio: x[t] = 1 if it starts in plan year t.

    Budget of plan year y takes sum over t of spend[y - t] * x[t]; the objective gains value[t].value * x[t].
    """

    spend: tuple[float, ...]
    """Expected costs by year from the start (years,), not discounted; what is left of an asset is no income here."""
    value: tuple[Estimate, ...]
    """Net present value, as of plan year 0, by year of start (years,)."""
    priced: bool
    """Whether any benefit has a price; without one the value says only what it costs."""


def linear_form(rows: Sequence[CostRow], rate: float, *, years: int, level: float) -> LinearForm:
    """Coefficients of a measure for a plan of `years` years. Raises InputError as yearly_amounts and common_money."""
    common_money(rows)
    spend = np.zeros(years)
    for row in rows:
        if row.kind == "cost":
            spend += np.maximum(yearly_amounts(row, years), 0.0)
    return LinearForm(
        spend=tuple(float(s) for s in spend),
        value=tuple(npv_estimate(rows, rate, level=level, start=t) for t in range(years)),
        priced=any(row.kind == "benefit" for row in rows),
    )
