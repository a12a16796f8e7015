"""Household feedback: regular reports of one's own use beside that of similar households.

The effect is the random-effects mean over the published studies in priors.csv (`feedback_study_1`, ...), with the spread
between them: what a programme of another city brought, this one need not. It applies to what households are billed for.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from cityloop.contracts import Prior, View
from cityloop.domains.water.balance import name_of
from cityloop.domains.water.losses.bills import Bill, read_accounts
from cityloop.domains.water.pricing import cost_row
from cityloop.domains.water.supply.balance import Relief
from cityloop.domains.water.supply.case import ShortageCase
from cityloop.domains.water.supply.texts import ROW_NOTES
from cityloop.evidence.normal import half_width
from cityloop.evidence.pooling import Pooled, random_effects
from cityloop.records import Countermeasure, Estimate, Thing

__all__ = ["Household", "feedback_effect", "feedback_measures", "household_use", "studies_of"]

#: Days of bills that the use of households is taken from.
BILL_DAYS = 365


@dataclass(frozen=True)
class Household:
    """Households of one boundary: how many, and what they are billed for, m3/day over `days` days."""

    boundary: Thing
    households: float
    m3_per_day: float
    days: int


def studies_of(priors: Mapping[str, Prior]) -> tuple[Prior, ...]:
    """The published effects, in their order."""
    found = [(int(m[1]), p) for key, p in priors.items() if (m := re.fullmatch(r"feedback_study_(\d+)", key))]
    return tuple(p for _, p in sorted(found, key=lambda pair: pair[0]))


def feedback_effect(priors: Mapping[str, Prior]) -> Pooled:
    """Share of household use that is saved: mean, its error, and the variance between studies."""
    studies = studies_of(priors)
    return random_effects([p.value for p in studies], [(p.high - p.low) / (2 * half_width(p.level)) for p in studies])


def household_use(view: View, served: Sequence[Thing]) -> tuple[tuple[Household, ...], dict[str, tuple[str, ...]]]:
    """Households and their billed use by boundary, and what the others lack by name.

    Households are those of the buildings that name the boundary (`households`), or the boundary's own property. Their use is that
    of the accounts that are read by household, over the bills of the last year.
    """
    buildings: dict[str, float] = {}
    for thing in view.records(Thing):
        count = thing.properties.get("households")
        if isinstance(count, int | float) and thing.kind != "boundary":
            for relation in thing.relations:
                if relation.kind == "part_of":
                    buildings[relation.thing] = buildings.get(relation.thing, 0.0) + float(count)
    accounts = [a for a in read_accounts(view) if a.per_household and not a.correction]
    found, lacking = [], {}
    for boundary in served:
        own = boundary.properties.get("households")
        households = float(own) if isinstance(own, int | float) else buildings.get(boundary.id, 0.0)
        mine = [_recent(a.bills) for a in accounts if a.area == boundary.id]
        days = max((d for _, d in mine), default=0)
        missing = (() if households > 0 else ("households",)) + (() if days > 0 else ("billed household volumes",))
        if missing:
            lacking[boundary.name] = missing
        else:
            found.append(Household(boundary, households, sum(v / d for v, d in mine), days))
    return tuple(found), lacking


def _recent(bills: Sequence[Bill]) -> tuple[float, int]:
    """Volume and days of the bills of an account's last year."""
    last = max(b.end for b in bills)
    counted = [b for b in bills if b.end > last - timedelta(days=BILL_DAYS)]
    return sum(b.volume_m3 for b in counted), sum(b.days for b in counted)


def feedback_measures(case: ShortageCase) -> tuple[list[Countermeasure], dict[str, tuple[str, ...]]]:
    """One programme for each served boundary whose households are known, and what the others lack by name."""
    price = case.price("feedback_per_household")
    if price is None:
        return [], {"": ("feedback_per_household",)}
    homes, lacking = household_use(case.view, case.outlook.system.served)
    effect = feedback_effect(case.priors)
    return [_measure(case, home, effect) for home in homes], lacking


def _measure(case: ShortageCase, home: Household, effect: Pooled) -> Countermeasure:
    kind, priors, level = "household_feedback", case.priors, case.view.policy.level
    price = case.price("feedback_per_household")
    half = half_width(level) * effect.spread
    use = home.m3_per_day
    saved = case.spread(
        effect.mean * use, max((effect.mean - half) * use, 0.0), (effect.mean + half) * use, level, "m3/day", 61,
        case.rate(kind),
    )  # fmt: skip
    answer = case.answer(Relief(np.minimum(saved.drawn, use)))
    years = round(priors["feedback_years"].value)
    count = Estimate(value=home.households, low=home.households, high=home.households, level=level, unit="household")
    costs = [
        cost_row("household reports", "cost", count, price, tags=("reports",), life=years, recurrence=1),
        case.yearly(
            "saved water",
            "benefit",
            saved.estimate,
            case.price("water_per_m3"),
            years,
            ROW_NOTES["feedback"],
            n=len(studies_of(priors)),
            days=home.days,
        ),
        case.shortage_row(answer),
    ]
    return case.record(
        kind, home.boundary.id, ("household_feedback", {"name": name_of(home.boundary), "households": f"{home.households:,.0f}"}),
        answer, costs, boundary=home.boundary.id, targets=(home.boundary.id,), less_demand=saved.estimate,
        out_of=case.outlook.demand.level_m3_per_day, grade="published",
        details={
            "households": home.households, "household_use_m3_per_day": use, "bill_days": float(home.days),
            "effect_mean": effect.mean, "effect_se": effect.se, "effect_between_studies_sd": float(np.sqrt(effect.tau2)),
            "studies": float(len(studies_of(priors))),
        },
    )  # fmt: skip
