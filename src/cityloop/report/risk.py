"""What the plan's money does if a price, the discount rate or the budget is another one; and intervals that count prices.

A net present value is linear in every price, so moving one price over its stated range needs no sampling. Prices are moved
one by one, and for the interval taken as independent of each other and of the effects, half-widths adding in squares as
they do among the rows of a measure (economics.npv_estimate): a range is read as an interval at the policy's level.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from cityloop.economics import add_estimates, npv
from cityloop.records import CostRow, Countermeasure, Estimate
from cityloop.report.crew import TO_DO
from cityloop.report.facts import Facts

__all__ = [
    "Line", "OtherBudget", "PriceRange", "ahead", "lines_of", "npv_of", "npv_with_prices", "other_budgets", "price_of_row",
    "ranged",
    "price_ranges", "switch_value",
]  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One line of a plan: where it stands, its countermeasure, and how many years after the plan's first it starts."""

    plan: str
    position: int
    measure: Countermeasure
    start: int


@dataclass(frozen=True)
class PriceRange:
    """A price that the policy states: what is used, and what it could be; the range is None where none is stated."""

    key: str
    value: float
    low: float | None
    high: float | None
    source: str
    status: str


def lines_of(facts: Facts) -> list[Line]:
    """Every line of the standing plans whose countermeasure is on record and can be counted."""
    found = []
    for plan in facts.plans:
        for i, line in enumerate(plan.lines):
            measure = facts.countermeasure(line.countermeasure)
            if measure is not None and _countable(facts, measure):
                found.append(Line(plan.id, i, measure, line.year - plan.years[0]))
    return found


def _countable(facts: Facts, measure: Countermeasure) -> bool:
    """Whether all its prices are in the policy's money."""
    money = (facts.view.policy.currency, facts.view.policy.price_year)
    return all((r.unit_value.currency, r.unit_value.price_year) == money for r in measure.costs if r.unit_value)


def ahead(facts: Facts, lines: Sequence[Line]) -> list[Line]:
    """The lines whose works are still to be done."""
    return [line for line in lines if state_of(facts, line) in ("", *TO_DO)]


def state_of(facts: Facts, line: Line) -> str:
    """State of a line's project, "" where it has none."""
    id = next(p for p in facts.plans if p.id == line.plan).lines[line.position].project
    return next((p.state for p in facts.projects if p.id == id), "")


# --- prices ------------------------------------------------------------------------------------------------------
def price_ranges(facts: Facts) -> list[PriceRange]:
    """Every price of the policy, in its order."""
    stated = facts.settings.stated
    found = []
    for key, (value, source, status) in facts.view.policy.prices.items():
        at = stated.get(f"prices.{key}")
        found.append(PriceRange(key, value, at.low if at else None, at.high if at else None, source, status))
    return found


def price_of_row(row: CostRow, prices: Sequence[PriceRange]) -> PriceRange | None:
    """The price of the policy that a row was written with: the same amount from the same source."""
    if row.unit_value is None:
        return None
    same = [p for p in prices if p.value == row.unit_value.amount and p.source and row.source.startswith(p.source)]
    return same[0] if len({p.key for p in same}) == 1 else None


def ranged(facts: Facts, lines: Sequence[Line]) -> bool:
    """Whether any price behind these lines has a stated range."""
    prices = price_ranges(facts)
    found = (price_of_row(row, prices) for line in lines for row in line.measure.costs)
    return any(price is not None and price.low is not None and price.high is not None for price in found)


def npv_of(
    lines: Sequence[Line], rate: float, *, prices: Sequence[PriceRange] = (), changed: Mapping[str, float] | None = None
) -> float:
    """Net present value of lines together, with some prices of the policy changed."""
    total = 0.0
    for line in lines:
        rows = [_priced(row, prices, changed or {}) for row in line.measure.costs]
        total += npv(rows, rate, start=line.start)
    return total


def _priced(row: CostRow, prices: Sequence[PriceRange], changed: Mapping[str, float]) -> CostRow:
    found = price_of_row(row, prices) if changed else None
    if found is None or found.key not in changed or row.unit_value is None:
        return row
    money = msgspec.structs.replace(row.unit_value, amount=changed[found.key])
    return msgspec.structs.replace(row, unit_value=money)


def npv_with_prices(facts: Facts, lines: Sequence[Line]) -> Estimate:
    """Net present value of lines together as the plans state it, its interval widened by the stated ranges of prices."""
    policy, prices = facts.view.policy, price_ranges(facts)
    plans = {p.id: p for p in facts.plans}
    parts = [plans[line.plan].lines[line.position].net_present_value for line in lines]
    unit = parts[0].unit if parts else "1"
    middle = npv_of(lines, policy.discount_rate)
    for price in prices:
        if price.low is None or price.high is None:
            continue
        ends = [
            npv_of(lines, policy.discount_rate, prices=prices, changed={price.key: end}) - middle
            for end in (price.low, price.high)
        ]
        low, high = min(*ends, 0.0), max(*ends, 0.0)
        if low < high:
            parts.append(Estimate(value=0.0, low=low, high=high, level=policy.level, unit=unit))
    return add_estimates(parts, level=policy.level, unit=unit)


def switch_value(lines: Sequence[Line], rate: float, prices: Sequence[PriceRange], key: str) -> float | None:
    """The price at which the net present value turns zero; None where it does not depend on it or would be negative."""
    used = next(p.value for p in prices if p.key == key)
    at_zero = npv_of(lines, rate, prices=prices, changed={key: 0.0})
    slope = npv_of(lines, rate, prices=prices, changed={key: used + 1.0}) - npv_of(lines, rate)
    if abs(slope) < 1e-9:
        return None
    found = -at_zero / slope
    return found if found >= 0 else None


# --- budget ------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class OtherBudget:
    """What would be chosen with `factor` times the budget: how many, their net present value, what changes."""

    factor: float
    chosen: frozenset[str]
    value: float


def other_budgets(facts: Facts, factors: Sequence[float]) -> list[OtherBudget]:
    """The priced part of the plan solved again with other budgets, without the joint simulation; empty without options."""
    from cityloop.loop.candidates import candidates
    from cityloop.loop.portfolio import choose

    given = candidates(facts.view)
    options = [o for o in given.options.values() if o.form.priced]
    if not options:
        return []
    budget = facts.view.policy.budget_per_year[: len(given.left)]
    found = []
    for factor in factors:
        left = [max(0.0, amount + (factor - 1.0) * whole) for amount, whole in zip(given.left, budget, strict=True)]
        choice = choose(options, budget=left, capacities=given.capacities)
        found.append(OtherBudget(factor, frozenset(choice.starts), choice.objective))
    return found
