"""What works really cost against what was estimated, per kind of countermeasure: computed, never stored."""

import math
from collections.abc import Mapping

import msgspec

from cityloop.contracts import View
from cityloop.economics import common_money, linear_form
from cityloop.evidence.normal import half_width
from cityloop.evidence.pooling import random_effects
from cityloop.records import CostRow, Countermeasure, Estimate, Project, Realisation

__all__ = ["cost_rates", "with_experience"]

#: Standard deviation of paid / estimated among works of one kind, and of what is believed before any: assumed. One
#: works moves the rate half of its way, ten works nearly all of it.
SPREAD = 0.3
#: From so many finished works on a rate counts as confirmed.
ENOUGH = 3


def cost_rates(view: View) -> dict[str, Realisation]:
    """Kind of countermeasure -> paid / estimated cost, of kinds with finished works that say what they cost.

    Random-effects mean of 1 (what is believed before any works) and of every works; the interval at the policy's level
    is that of the next works. Works paid in other money than their estimate tell nothing and are left out.
    """
    measures = {c.id: c for c in view.records(Countermeasure)}
    ratios: dict[str, list[float]] = {}
    for project in view.records(Project):
        measure = measures.get(project.countermeasure)
        if measure is not None and project.state == "done" and (ratio := _ratio(view, project, measure)) is not None:
            ratios.setdefault(measure.kind, []).append(ratio)
    return {kind: _rate(view.policy.level, kind, found) for kind, found in sorted(ratios.items())}


def _ratio(view: View, project: Project, measure: Countermeasure) -> float | None:
    """Paid / estimated before any rate, of the first year; None where the two cannot be compared."""
    paid = next((s.cost for s in reversed(project.states) if s.cost is not None), None)
    priced = [row for row in measure.costs if row.kind == "cost"]
    if paid is None or not priced or (paid.currency, paid.price_year) != common_money(priced):
        return None
    form = linear_form(priced, view.policy.discount_rate, years=1, level=view.policy.level)
    held = measure.cost_rate.estimate.value if measure.cost_rate else 1.0
    return paid.amount * held / form.spend[0] if form.spend[0] > 0 else None


def _rate(level: float, kind: str, ratios: list[float]) -> Realisation:
    pooled = random_effects([1.0, *ratios], [SPREAD] * (len(ratios) + 1))
    half = half_width(level) * math.hypot(pooled.spread, SPREAD)
    low = max(pooled.mean - half, 0.0)
    return Realisation(
        kind=kind, studies=len(ratios), status="confirmed" if len(ratios) >= ENOUGH else "unconfirmed",
        estimate=Estimate(value=pooled.mean, low=low, high=pooled.mean + half, level=level, unit="1"),
        source=f"paid / estimated of {len(ratios)} finished works, pooled with 1 | "
        f"{len(ratios)} 项完工工程的实际/估算费用比，与 1 合并",
    )  # fmt: skip


def with_experience(measure: Countermeasure, rates: Mapping[str, Realisation]) -> Countermeasure:
    """The measure with its costs as works of its kind turned out; benefits and quantities stay as they are."""
    rate = rates.get(measure.kind)
    if rate is None:
        return measure
    costs = tuple(_scaled(row, rate) if row.kind == "cost" else row for row in measure.costs)
    return msgspec.structs.replace(measure, costs=costs, cost_rate=rate)


def _scaled(row: CostRow, rate: Realisation) -> CostRow:
    """A cost row at the rate: its price times the rate, its interval widened by the rate's own.

    The rate is one of money, so that the price carries it; a row has one interval, its quantity's, which takes both.
    """
    assert row.unit_value is not None
    money = msgspec.structs.replace(row.unit_value, amount=row.unit_value.amount * rate.estimate.value)
    q, r = row.quantity, rate.estimate
    scale = half_width(q.level) / half_width(r.level) / r.value
    low = q.value - math.hypot(q.value - q.low, q.value * (r.value - r.low) * scale)
    high = q.value + math.hypot(q.high - q.value, q.value * (r.high - r.value) * scale)
    return msgspec.structs.replace(
        row, unit_value=money, quantity=msgspec.structs.replace(q, low=min(max(low, 0.0), q.low), high=high)
    )
