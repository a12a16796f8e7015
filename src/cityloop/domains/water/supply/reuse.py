"""Answers to a shortage on the side of supply, and by order: reclaimed water, further supplies, restrictions by stage."""

from dataclasses import replace

import numpy as np

from cityloop.domains.water.pricing import Price, cost_row
from cityloop.domains.water.supply.balance import Relief
from cityloop.domains.water.supply.case import ShortageCase
from cityloop.domains.water.supply.drought import stage_of
from cityloop.domains.water.supply.sources import Supply, number_of
from cityloop.domains.water.supply.texts import NO_PRICE, ROW_NOTES, SUPPLY_KINDS, sourced
from cityloop.i18n import LANGUAGES, Pair
from cityloop.records import Countermeasure, Estimate, Money, Thing

__all__ = ["restrictions", "supply_measures"]

#: What a possible supply must state to be offered.
NEEDED = ("investment", "cost_per_m3", "life_years")


def supply_measures(case: ShortageCase) -> tuple[list[Countermeasure], dict[str, tuple[str, ...]]]:
    """One offer for each possible supply, and what the others lack by their name."""
    found, lacking = [], {}
    for supply in case.outlook.system.possible:
        reused = supply.kind == "reclaimed"
        needed = (*NEEDED, "use_m3_per_day") if reused else (*NEEDED, "capacity_m3_per_day")
        missing = tuple(key for key in needed if number_of(supply.thing, key) is None)
        if missing:
            lacking[supply.thing.name] = missing
        else:
            found.append(_reuse(case, supply) if reused else _further(case, supply))
    return found, lacking


def _stated(case: ShortageCase, supply: Supply, key: str, unit: str) -> Estimate:
    """A stated number; its range where it states one, else itself."""
    thing, value = supply.thing, number_of(supply.thing, key) or 0.0
    low, high = (number_of(thing, f"{key}_{end}") for end in ("low", "high"))
    return Estimate(
        value=value, low=value if low is None else low, high=value if high is None else high,
        level=case.view.policy.level, unit=unit,
    )  # fmt: skip


def _money(case: ShortageCase, thing: Thing, key: str) -> Price:
    """A stated amount as a price in the policy's money."""
    policy = case.view.policy
    money = Money(amount=number_of(thing, key) or 0.0, currency=policy.currency, price_year=policy.price_year)
    source, status = (str(thing.properties.get(f"{key}_{end}", "")) for end in ("source", "status"))
    return Price(money, source, status)


def _once(case: ShortageCase) -> Estimate:
    return Estimate(value=1.0, low=1.0, high=1.0, level=case.view.policy.level, unit="1")


def _details(supply: Supply) -> dict[str, float | str]:
    thing = supply.thing
    found: dict[str, float | str] = {"supply": thing.name, "lead_days": number_of(thing, "lead_days") or 0.0}
    if quality := str(thing.properties.get("quality", "")):
        found |= {"quality": quality, "quality_status": str(thing.properties.get("quality_status", "unconfirmed"))}
    return found


def _reuse(case: ShortageCase, supply: Supply) -> Countermeasure:
    """Reclaimed water in place of drinking water: as much as its users take and its works give, every day of its life."""
    thing, kind = supply.thing, "water_reuse"
    use = _stated(case, supply, "use_m3_per_day", "m3/day")
    most = supply.capacity_m3_per_day
    value, low, high = (min(x, most) for x in (use.value, use.low, use.high))
    volume = case.spread(value, low, high, use.level, "m3/day", 41, case.rate(kind))
    lead = int(number_of(thing, "lead_days") or 0)
    answer = case.answer(Relief(np.minimum(volume.drawn, most), after_days=lead))
    life = max(round(number_of(thing, "life_years") or 1), 1)
    costs = [
        cost_row("construction", "cost", _once(case), _money(case, thing, "investment"), tags=("construction",)),
        case.yearly(
            "reclaimed water", "cost", volume.estimate, _money(case, thing, "cost_per_m3"), life,
            ROW_NOTES["class"], quality=str(thing.properties.get("quality", "")) or "?",
        ),
        case.yearly(
            "saved water", "benefit", volume.estimate, case.price("water_per_m3"), life, ROW_NOTES["not_used"]
        ),
        case.shortage_row(answer),
    ]  # fmt: skip
    return case.record(
        kind, thing.name, ("water_reuse", {"name": supply.name, "volume": f"{value:.0f}"}), answer, costs,
        boundary=case.problem.boundary, targets=(thing.id,), less_demand=volume.estimate,
        out_of=case.outlook.demand.level_m3_per_day, grade="assumed", details=_details(supply),
    )  # fmt: skip


def _further(case: ShortageCase, supply: Supply) -> Countermeasure:
    """A further supply that is drawn last: what of it is used follows from the balance."""
    thing, kind = supply.thing, "buy_water"
    rate = case.rate(kind).estimate.value
    lead = int(number_of(thing, "lead_days") or 0)
    added = replace(supply, capacity_m3_per_day=supply.capacity_m3_per_day * min(rate, 1.0), from_day=lead)
    answer = case.answer(Relief(added=(added,)))
    used = case.estimate(float(answer.used[thing.id].mean()), answer.used[thing.id], "m3/day")
    costs = [
        cost_row("construction", "cost", _once(case), _money(case, thing, "investment"), tags=("construction",)),
        cost_row(
            "additional supply", "cost", _volume(used, float(case.outlook.days)), _money(case, thing, "cost_per_m3"),
            tags=("supply",),
            source=_further_source(thing, SUPPLY_KINDS.get(supply.kind, SUPPLY_KINDS["purchased"]), case.outlook.days),
        ),
        case.shortage_row(answer),
    ]  # fmt: skip
    return case.record(
        kind, thing.name, ("buy_water", {"name": supply.name, "volume": f"{supply.capacity_m3_per_day:.0f}"}), answer,
        costs, boundary=case.problem.boundary, targets=(thing.id,), details=_details(supply),
    )  # fmt: skip


def _further_source(thing: Thing, kind: Pair, days: int) -> str:
    """Source of the water that a further supply gives."""
    how = Pair(*(ROW_NOTES["further"].in_(s, kind=getattr(kind, s), days=days) for s in LANGUAGES))
    return sourced(str(thing.properties.get("cost_per_m3_source", "")), how)


def _volume(per_day: Estimate, days: float) -> Estimate:
    low, value, high = (x * days for x in (per_day.low, per_day.value, per_day.high))
    return Estimate(value=value, low=low, high=high, level=per_day.level, unit="m3")


def _both(key: str, **values: object) -> str:
    """A row note in both languages."""
    return f"{ROW_NOTES[key].in_('en', **values)} | {ROW_NOTES[key].in_('zh', **values)}"


# --- restrictions ------------------------------------------------------------------------------------------------
def restrictions(case: ShortageCase) -> tuple[list[Countermeasure], tuple[str, ...]]:
    """Restrictions of use by stage (voluntary from the first, by order from the second), and what lacks.

    What people do without is their cost: priced by restriction_per_m3 where the policy states it. Without that price neither
    that nor the shortage avoided is priced: one side alone would always win.
    """
    campaign = case.price("restriction_campaign")
    if campaign is None:
        return [], ("restriction_campaign",)
    stages = next((s for s in case.outlook.stages.values() if s), ())
    held = stage_of(case.outlook.dry_percent, stages)
    number = held.number if held is not None else (0 if stages else 2)
    kinds = [k for k, least in (("voluntary", 1), ("mandatory", 2)) if number >= least]
    return [_restriction(case, k, campaign) for k in kinds], ()


def _restriction(case: ShortageCase, way: str, campaign: Price) -> Countermeasure:
    prior, kind = case.priors[f"restriction_{way}"], "use_restriction"
    demand = case.outlook.demand.level_m3_per_day
    stream = 51 if way == "voluntary" else 55
    saved = case.spread(
        prior.value * demand, prior.low * demand, prior.high * demand, prior.level, "m3/day", stream, case.rate(kind)
    )
    lead = int(case.outlook.assessment.lead_days[0])
    answer = case.answer(Relief(np.minimum(saved.drawn, demand), after_days=lead))
    days = max(case.outlook.days - lead, 1)
    given_up, price = _volume(saved.estimate, float(days)), case.price("restriction_per_m3")
    people = sum(number_of(b, "population") or 0.0 for b in case.outlook.system.served)
    shortage = case.shortage_row(answer)
    if price is None:
        shortage = cost_row(
            "shortage avoided", "non_monetary", shortage.quantity, None, tags=shortage.tags, source=shortage.source
        )
    text = f"{price.source if price else NO_PRICE}; {prior.source}"
    costs = [
        cost_row("restriction campaign", "cost", _once(case), campaign, tags=("campaign",)),
        cost_row("use given up", "cost" if price else "non_monetary", given_up, price, tags=("people",), source=text),
        shortage,
    ]
    if people > 0:
        asked = Estimate(value=people, low=people, high=people, level=case.view.policy.level, unit="people")
        costs.append(
            cost_row(
                "people asked to use less",
                "non_monetary",
                asked,
                None,
                tags=("people",),
                source=_both("people", days=days),
            )
        )
    return case.record(
        kind, way, (f"use_restriction_{way}", {}), answer, costs, boundary=case.problem.boundary,
        targets=(case.problem.boundary,), less_demand=saved.estimate, out_of=demand, grade="published",
        one_of=f"restriction:{case.problem.boundary}", details={"variant": way, "lead_days": float(lead), "days": float(days)},
    )  # fmt: skip
