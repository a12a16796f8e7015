"""Renewal of pipes as countermeasures: packages by street or of pipes that touch, ranked by benefit over cost."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from cityloop.contracts import Floats, Policy, Prior, View
from cityloop.domains.water.balance import boundaries, find_meters
from cityloop.domains.water.boundary_state import BoundaryState, read_boundaries
from cityloop.domains.water.pipes.renewal import (
    DRAWS,
    KM_100,
    SEED,
    Condition,
    Outlook,
    Pipes,
    estimate_of,
    neighbours,
    outlook,
    read_condition,
)
from cityloop.domains.water.pipes.renewal_problems import RENEWAL_KINDS, Background, background_leakage
from cityloop.domains.water.pressure.favad import draw, rates_drawn
from cityloop.domains.water.pricing import M3_PER_YEAR_PER_L_PER_S, Price, cost_row, price_of, realisation_of
from cityloop.domains.water.texts import TITLES
from cityloop.records import (
    CostRow,
    Countermeasure,
    Effect,
    Estimate,
    Money,
    Problem,
    RankedThing,
    Realisation,
    Thing,
    record_id,
)

__all__ = ["packages", "renew_pipes", "renewal_price"]

KIND = "renew_pipes"
#: A package of pipes that touch ends at this length or where the next pipe breaks less than this share of the first, per metre.
PACKAGE_M, LEAST_SHARE = 600.0, 0.5
#: Packages offered for one boundary; a pipe must break this many times as often as a new one.
MOST_PACKAGES, WORTH = 5, 3.0
#: A package is offered if its benefit over cost reaches this share of the best one's.
LEAST_RATIO = 0.25
_CLASS = re.compile(r"renew_per_m_dn(\d+)")


@dataclass(frozen=True)
class Boundary:
    """What the packages of one boundary are judged by: its pipes and what leaks above the unavoidable."""

    thing: Thing
    pipes: Pipes
    background: Background | None

    def outlook(self, renewed: frozenset[str], priors: Mapping[str, Prior], years: int) -> Outlook:
        """The boundary with some pipes renewed; frozenset() = without."""
        zero: Floats = np.zeros(DRAWS)
        if self.background is None:
            return outlook(
                self.pipes, renewed, priors, years=years, leakage=zero, expected_leakage=0.0, mains_share=zero
            )
        share = self.background.mains_share
        drawn = np.clip(np.random.default_rng(SEED + 4).uniform(0.5, 1.5, DRAWS) * share, 0.0, 1.0)
        expected = max(self.background.leakage - self.background.uarl, 0.0)
        return outlook(
            self.pipes, renewed, priors, years=years, leakage=self.background.above, expected_leakage=expected,
            mains_share=drawn,
        )  # fmt: skip


def renewal_price(policy: Policy, pipe: Thing) -> Price | None:
    """The city's price of a metre: of the smallest class `renew_per_m_dn<mm>` that holds the pipe, else `renew_per_m`."""
    diameter = pipe.properties.get("diameter_mm")
    classes = sorted((int(m[1]), key) for key in policy.prices if (m := _CLASS.fullmatch(key)))
    fitting = [key for mm, key in classes if isinstance(diameter, int | float) and mm >= diameter - 0.5]
    key = fitting[0] if fitting else "renew_per_m"
    if key not in policy.prices:
        return None
    amount, source, status = policy.prices[key]
    return Price(Money(amount=amount, currency=policy.currency, price_year=policy.price_year), source, status)


def renew_pipes(
    view: View, problems: Sequence[Problem], rates: Mapping[str, Realisation], priors: Mapping[str, Prior]
) -> list[Countermeasure]:
    """Packages for every boundary with worn pipes; each answers all its problems of RENEWAL_KINDS."""
    mine: dict[str, list[Problem]] = {}
    for problem in problems:
        if problem.kind in RENEWAL_KINDS:
            mine.setdefault(problem.boundary, []).append(problem)
    states = _states(view) if mine else []
    found: list[Countermeasure] = []
    for place, answered in mine.items():
        boundary = _read(view, view.get(Thing, place), states, priors)
        if boundary is None:
            continue
        offers = [
            _measure(view, boundary, group, answered, rates, priors)
            for group in packages(view.policy, boundary.pipes, priors)
        ]
        offers.sort(key=lambda pair: (-pair[0], pair[1].id))
        found += [m for ratio, m in offers[:MOST_PACKAGES] if ratio >= LEAST_RATIO * offers[0][0]]
    return found


def _states(view: View) -> list[BoundaryState]:
    """Every boundary as the detection sees it now."""
    streams = [s for b in boundaries(view) for s in find_meters(view, b).datastreams]
    span = view.span(streams) if streams else None
    return read_boundaries(view, start=span[0], end=min(span[1], view.now)) if span else []


def _read(view: View, thing: Thing, states: Sequence[BoundaryState], priors: Mapping[str, Prior]) -> Boundary | None:
    pipes = read_condition(view, thing, priors)
    if pipes is None or not pipes.conditions:
        return None
    state = next((s for s in states if s.boundary.id == thing.id), None)
    return Boundary(thing, pipes, background_leakage(view, state, priors) if state else None)


def packages(policy: Policy, pipes: Pipes, priors: Mapping[str, Prior]) -> list[tuple[Condition, ...]]:
    """Groups of pipes worth renewing together: a street's, or pipes that touch, from the worst per unit of money on."""
    prices = [renewal_price(policy, c.pipe) for c in pipes.conditions]
    new = priors["break_rate_new"].value / KM_100
    score = np.array(
        [
            c.breaks_per_year / max(c.length_m, 1e-9) / p.money.amount if p is not None and p.money.amount > 0 else 0.0
            for c, p in zip(pipes.conditions, prices, strict=True)
        ]
    )
    worth = [
        s > 0 and c.breaks_per_year > WORTH * new * c.length_m for s, c in zip(score, pipes.conditions, strict=True)
    ]
    touching, left = neighbours(pipes), {i for i, w in enumerate(worth) if w}
    groups = []
    for seed in sorted(left, key=lambda i: (-score[i], pipes.conditions[i].pipe.id)):
        if seed not in left:
            continue
        street = str(pipes.conditions[seed].pipe.properties.get("street", ""))
        if street:
            group = [i for i in left if pipes.conditions[i].pipe.properties.get("street") == street]
        else:
            group = _grow(seed, left, touching, score, [c.length_m for c in pipes.conditions])
        left -= set(group)
        groups.append(tuple(pipes.conditions[i] for i in sorted(group)))
        if len(groups) >= 2 * MOST_PACKAGES:
            break
    return groups


def _grow(
    seed: int, left: set[int], touching: Sequence[tuple[int, ...]], score: Floats, length: Sequence[float]
) -> list[int]:
    """Pipes that touch, the worst first, up to PACKAGE_M."""
    group, metres = [seed], length[seed]
    while True:
        near = {
            j
            for i in group
            for j in touching[i]
            if j in left and j not in group and score[j] >= LEAST_SHARE * score[seed]
        }
        near = {j for j in near if metres + length[j] <= PACKAGE_M}
        if not near:
            return group
        best = max(near, key=lambda j: (score[j], -j))
        group.append(best)
        metres += length[best]


# --- one package -------------------------------------------------------------------------------------------------
def _measure(
    view: View, boundary: Boundary, group: tuple[Condition, ...], answered: Sequence[Problem],
    rates: Mapping[str, Realisation], priors: Mapping[str, Prior],
) -> tuple[float, Countermeasure]:  # fmt: skip
    """Benefit over cost, and the countermeasure: the boundary with the package against without it."""
    years, rate, level = round(priors["renewal_horizon"].value), realisation_of(KIND, rates, priors), view.policy.level
    without = boundary.outlook(frozenset(), priors, years)
    with_ = boundary.outlook(frozenset(c.pipe.id for c in group), priors, years)
    realised = np.random.default_rng(SEED + 5).permutation(rates_drawn(rate))[:DRAWS]
    factor = rate.estimate.value
    fewer = estimate_of(
        factor * float(without.breaks_by_year[0] - with_.breaks_by_year[0]), realised * (without.breaks - with_.breaks),
        level, "break/a",
    )  # fmt: skip
    saved = estimate_of(
        factor * (without.expected_leakage_l_per_s - with_.expected_leakage_l_per_s),
        realised * (without.leakage_l_per_s - with_.leakage_l_per_s), level, "L/s",
    )  # fmt: skip
    growth = _growth(without, with_, years)
    drawn = realised * (without.breaks - with_.breaks) * (_growth_drawn(priors, years) if growth > 0 else 1.0)
    each_year = estimate_of(fewer.value, drawn, level, fewer.unit)
    costs = _costs(view, group, each_year, saved, growth, years, priors)
    metres = sum(c.length_m for c in group)
    first = max(group, key=lambda c: c.breaks_per_year / c.length_m)
    street = str(first.pipe.properties.get("street", ""))
    title, values = (
        TITLES["renew_street" if street else "renew_pipes"],
        {"m": f"{metres:.0f}", "name": street or first.pipe.name},
    )
    measure = Countermeasure(
        id=record_id(view.city, "countermeasure", KIND, boundary.thing.id, *sorted(c.pipe.id for c in group)),
        simulated=any(p.simulated for p in answered),
        domain="water",
        kind=KIND,
        title_en=title.in_("en", **values),
        title_zh=title.in_("zh", **values),
        boundary=boundary.thing.id,
        targets=tuple(c.pipe.id for c in group),
        changes=(),
        answers=tuple(p.id for p in answered),
        effects=(_effect(boundary, fewer, saved, group),),
        costs=costs,
        realisation=rate,
        uses={"crew_days": metres / priors["renew_m_per_crew_day"].value, "road_metres": metres},
        area=_area(group),
        details={
            "metres": metres,
            "breaks_per_year_without": float(without.breaks_by_year[0]),
            "breaks_per_year_with": float(with_.breaks_by_year[0]),
            "breaks_without_over_horizon": float(without.breaks_by_year[:years].sum()),
            "breaks_with_over_horizon": float(with_.breaks_by_year[:years].sum()),
            "leakage_above_unavoidable_without_l_per_s": without.expected_leakage_l_per_s,
            "leakage_above_unavoidable_with_l_per_s": with_.expected_leakage_l_per_s,
            "horizon_years": float(years),
            "growth_per_year": growth,
            "judged_by": ", ".join(sorted({c.how for c in group})),
            "compared_with": "doing nothing",
        },
    )
    return _ratio(costs), measure


def _growth(without: Outlook, with_: Outlook, years: int) -> float:
    """Yearly growth of the breaks avoided, as one rate that gives the same number over all years but the discounting."""
    avoided = without.breaks_by_year - with_.breaks_by_year
    return float((avoided[years] / avoided[0]) ** (1 / years) - 1) if avoided[0] > 0 < avoided[years] else 0.0


def _growth_drawn(priors: Mapping[str, Prior], years: int) -> Floats:
    """Draws of the breaks of all years by an uncertain A, as a multiple of those by its value (DRAWS,)."""
    a, t = priors["break_growth"], np.arange(years, dtype=np.float64)
    drawn = np.clip(draw(a.value, a.low, a.high, a.level, 31, DRAWS), 0.0, a.high)
    return np.asarray(np.exp(drawn[:, None] * t).sum(axis=1) / np.exp(a.value * t).sum())


def _effect(boundary: Boundary, fewer: Estimate, saved: Estimate, group: Sequence[Condition]) -> Effect:
    """What is claimed: leakage saved where it is known, else breaks per 100 km and year of the boundary."""
    if boundary.background is not None:
        return Effect(
            indicator="night_flow",
            thing=boundary.thing.id,
            estimate=saved,
            period="from the renewal on",
            grade="assumed",
        )
    per = KM_100 / boundary.pipes.length_m
    scaled = Estimate(
        value=fewer.value * per, low=fewer.low * per, high=fewer.high * per, level=fewer.level, unit="1/(100 km a)"
    )
    grade = "published" if all(c.how == "breaks" for c in group) else "assumed"
    return Effect(
        indicator="break_rate", thing=boundary.thing.id, estimate=scaled, period="from the renewal on",
        grade=grade,  # type: ignore[arg-type]
    )  # fmt: skip


def _area(group: Sequence[Condition]) -> tuple[RankedThing, ...]:
    """The pipes by breaks per metre, each with its share of the package's breaks."""
    total = sum(c.breaks_per_year for c in group)
    ranked = sorted(group, key=lambda c: (-c.breaks_per_year / c.length_m, c.pipe.id))
    return tuple(
        RankedThing(
            thing=c.pipe.id, name=c.pipe.name, rank=i, probability=c.breaks_per_year / total, length_m=c.length_m
        )
        for i, c in enumerate(ranked, 1)
    )


def _costs(
    view: View, group: Sequence[Condition], fewer: Estimate, saved: Estimate, growth: float, years: int,
    priors: Mapping[str, Prior],
) -> tuple[CostRow, ...]:  # fmt: skip
    """Pipes by price, what is left of them after the horizon, repairs and water saved each year, road dug up."""
    level, life = view.policy.level, priors["pipe_life"]
    left = max(0.0, 1 - years / life.value)
    by_price: dict[tuple[float, str, str], float] = {}
    for c in group:
        price = renewal_price(view.policy, c.pipe)
        assert price is not None  # only pipes with a price come into a package
        key = (price.money.amount, price.source, price.status)
        by_price[key] = by_price.get(key, 0.0) + c.length_m
    rows = []
    for (amount, source, status), metres in sorted(by_price.items()):
        money = Money(amount=amount, currency=view.policy.currency, price_year=view.policy.price_year)
        length = Estimate(value=metres, low=0.95 * metres, high=1.05 * metres, level=level, unit="m")
        row = cost_row("pipe renewal", "cost", length, Price(money, source, status), tags=("renewal",))
        rows.append(msgspec.structs.replace(row, life=years, residual=left))
    repair = price_of(view.policy, priors, "repair_each")
    text = f"{repair.source if repair else 'no price given'}; {priors['break_growth'].source}"
    row = cost_row(
        "avoided repairs", "benefit" if repair else "non_monetary", fewer, repair, tags=("repair",), source=text
    )
    rows.append(msgspec.structs.replace(row, life=years, recurrence=1, escalation=growth))
    if saved.high > 0:
        volume = M3_PER_YEAR_PER_L_PER_S
        cubic = Estimate(
            value=saved.value * volume, low=saved.low * volume, high=saved.high * volume, level=level, unit="m3"
        )
        price = _water_price(view.policy)
        row = cost_row(
            "saved water", "benefit" if price else "non_monetary", cubic, price, tags=("water",),
            source=price.source if price else "no price given",
        )  # fmt: skip
        rows.append(msgspec.structs.replace(row, life=years, recurrence=1))
    metres = sum(c.length_m for c in group)
    road = Estimate(value=metres, low=metres, high=metres, level=level, unit="m")
    rows.append(cost_row("road dug up", "non_monetary", road, None, tags=("road",), source="own definition"))
    return tuple(rows)


def _water_price(policy: Policy) -> Price | None:
    """The policy's price of a cubic metre."""
    if "water_per_m3" not in policy.prices:
        return None
    amount, source, status = policy.prices["water_per_m3"]
    return Price(Money(amount=amount, currency=policy.currency, price_year=policy.price_year), source, status)


def _ratio(costs: Sequence[CostRow]) -> float:
    """Benefits of all years over costs, undiscounted: for the order of packages only, the plan discounts."""
    total = {"benefit": 0.0, "cost": 0.0}
    for row in costs:
        if row.unit_value is not None:
            times = sum((1 + row.escalation) ** t for t in range(row.life)) if row.recurrence else 1 - row.residual
            total[row.kind] += row.quantity.value * row.unit_value.amount * times
    return total["benefit"] / total["cost"] if total["cost"] else 0.0
