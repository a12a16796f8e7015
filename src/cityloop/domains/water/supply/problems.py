"""A shortage of supply as a Problem: demand against what the supplies would give, stages by norm, what it would cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from cityloop.contracts import IndicatorSeries, Prior, View
from cityloop.domains.water.balance import find_meters
from cityloop.domains.water.supply.balance import (
    COURSES,
    RECENT_DAYS,
    Course,
    Demand,
    Draws,
    demand_outlook,
    draw_courses,
    gap_m3_per_day,
    run_courses,
    share_short,
    shares,
)
from cityloop.domains.water.supply.drought import Assessment, Stage, assess, dry_share, stage_of, stages_of
from cityloop.domains.water.supply.sources import M3_PER_DAY_PER_L_PER_S, OLDEST_DAYS, SupplySystem, read_system
from cityloop.domains.water.supply.texts import supply_note
from cityloop.i18n import Pair
from cityloop.records import Estimate, Evidence, Problem, Thing, record_id

__all__ = [
    "WORLDS",
    "Outlook",
    "shortage_problems",
    "outlook_notes",
    "supply_outlook",
    "system_series",
    "why_no_balance",
]

WORLDS = {"cn": Pair("China", "中国"), "us": Pair("California", "加利福尼亚州"), "eu": Pair("the EU", "欧盟")}


@dataclass(frozen=True)
class Outlook:
    """Supply against demand as it stands now: courses, shares that are short (%), the gap over the assessment days."""

    system: SupplySystem
    demand: Demand
    draws: Draws
    course: Course
    assessment: Assessment
    shares: Mapping[int, Estimate]
    gap: Estimate
    """m3/day, mean over the assessment days; value = mean of the courses."""
    dry_percent: float
    """Share that is short in a dry year, %."""
    stages: Mapping[str, tuple[Stage, ...]]
    """Norm world -> its stages, the binding one first; empty where it has none."""

    @property
    def days(self) -> int:
        """The assessment days."""
        return int(self.assessment.days[0])

    def stage(self, world: str) -> Stage | None:
        """The stage of today by one norm; None for none."""
        return stage_of(self.dry_percent, self.stages[world])


def supply_outlook(view: View, priors: Mapping[str, Prior]) -> Outlook | None:
    """The balance of the coming days; None without a [[supply]], without a supply to count on, or without demand."""
    system = read_system(view)
    if system is None or not system.supplies:
        return None
    demand = demand_outlook(system, priors)
    if demand is None:
        return None
    level, numbers = view.policy.level, assess(system, priors)
    draws = draw_courses(system, demand, priors, start=system.start)
    course = run_courses(system, draws)
    days = int(numbers.days[0])
    worlds = dict.fromkeys(w for w in (view.policy.binding_norm, *view.policy.compare_norms) if w)
    return Outlook(
        system, demand, draws, course, numbers, shares(draws, course, level=level),
        gap_m3_per_day(draws, course, days, level=level),
        dry_share(share_short(draws, course, days), numbers.dry_year_share[0]),
        {world: stages_of(view, world) for world in worlds},
    )  # fmt: skip


def why_no_balance(view: View) -> tuple[str, ...]:
    """What keeps the balance from being made where there are supplies, in both languages; nothing where there are none."""
    system = read_system(view)
    if system is None:
        return ()
    notes = [] if system.supplies else [supply_note("no_supply")]
    if system.unread:
        notes.append(supply_note("unread", names=", ".join(system.unread), days=OLDEST_DAYS))
    if system.unmetered:
        notes.append(supply_note("unmetered", names=", ".join(system.unmetered)))
    if system.demand.known < RECENT_DAYS:
        notes.append(supply_note("few_days", days=system.demand.known, least=RECENT_DAYS))
    return tuple(notes)


def shortage_problems(view: View, priors: Mapping[str, Prior]) -> list[Problem]:
    """The shortage, if a dry year would bring a stage of the binding norm (of any compared one where that has none)."""
    outlook = supply_outlook(view, priors)
    if outlook is None:
        return []
    binding = outlook.stages.get(view.policy.binding_norm, ())
    asked = [binding] if binding else [s for s in outlook.stages.values() if s]
    if asked and not any(stage_of(outlook.dry_percent, stages) for stages in asked):
        return []
    if not asked and outlook.dry_percent <= 1.0:
        return []
    return [_problem(view, outlook)]


def _problem(view: View, outlook: Outlook) -> Problem:
    system, days, level = outlook.system, outlook.days, view.policy.level
    wanted = outlook.draws.demand[:, :days].mean(axis=1) / M3_PER_DAY_PER_L_PER_S
    given = outlook.course.given[:, :days].mean(axis=1) / M3_PER_DAY_PER_L_PER_S
    cost, cost_note = _cost(view, outlook.gap)
    stage = outlook.stage(view.policy.binding_norm) if view.policy.binding_norm in outlook.stages else None
    gap = outlook.gap
    return Problem(
        id=record_id(view.city, "problem", "supply_shortage", system.thing.id),
        simulated=system.simulated,
        domain="water",
        kind="supply_shortage",
        boundary=system.thing.id,
        indicator="demand",
        observed=_estimate(wanted, level),
        expected=_estimate(given, level),
        gap=Estimate(
            value=gap.value / M3_PER_DAY_PER_L_PER_S, low=gap.low / M3_PER_DAY_PER_L_PER_S,
            high=gap.high / M3_PER_DAY_PER_L_PER_S, level=level, unit="L/s",
        ),
        onset=None,
        detected=view.now,
        cost_per_year=cost,
        evidence=_evidence(view, system),
        notes=(*outlook_notes(view, outlook), cost_note),
        details={
            "nowhere": "whole supply",
            "assessment_days": float(days), "short_percent": outlook.shares[365].value if 365 in outlook.shares else 0.0,
            "dry_year_short_percent": outlook.dry_percent, "dry_year_share": outlook.assessment.dry_year_share[0],
            "gap_m3_per_day": gap.value, "gap_low_m3_per_day": gap.low, "gap_high_m3_per_day": gap.high,
            "stage": float(stage.number) if stage else 0.0, "courses": float(COURSES),
            "demand_m3_per_day": outlook.demand.level_m3_per_day,
        },
    )  # fmt: skip


def outlook_notes(view: View, outlook: Outlook) -> list[str]:
    """What the balance rests on and what it does not know, in both languages."""
    system, numbers = outlook.system, outlook.assessment
    mean = 100.0 * float(share_short(outlook.draws, outlook.course, outlook.days).mean())
    notes = [
        supply_note(
            "shortage", days=outlook.days, short=f"{mean:.1f}", courses=COURSES, dry=f"{outlook.dry_percent:.1f}",
            one_in=f"{1 / numbers.dry_year_share[0]:.0f}",
        )
    ]  # fmt: skip
    for world, stages in outlook.stages.items():
        held = outlook.stage(world)
        if stages:
            title = held.title if held else Pair("none", "无")
            notes.append(supply_note("stage", world=WORLDS.get(world, Pair(world, world)), stage=title))
        else:
            notes.append(supply_note("no_stages", world=WORLDS.get(world, Pair(world, world))))
    for supply in system.stored:
        assert supply.storage_m3 is not None
        held_m3 = max(supply.storage_m3 - supply.dead_m3, 0.0)
        notes.append(
            supply_note(
                "storage", name=supply.name, now=f"{supply.storage_m3:,.0f}", day=supply.storage_day,
                share=f"{100 * held_m3 / max(supply.usable_m3, 1e-9):.0f}",
            )
        )  # fmt: skip
        if supply.inflow is None:
            notes.append(supply_note("no_inflow", name=supply.name))
    if system.stored and outlook.draws.years > 0:
        key = "short_inflow" if outlook.draws.short_record else "few_years"
        notes.append(supply_note(key, years=f"{outlook.draws.years:.1f}"))
    if not outlook.demand.seasonal:
        notes.append(
            supply_note("short_demand", days=outlook.demand.days, spread=f"{100 * outlook.demand.sd_month:.0f}")
        )
    if system.unmetered:
        notes.append(supply_note("unmetered", names=", ".join(system.unmetered)))
    if system.unread:
        notes.append(supply_note("unread", names=", ".join(system.unread), days=OLDEST_DAYS))
    lead, source, status = numbers.lead_days
    return [*notes, supply_note("lead", lead=f"{lead:g}", source=source, status=status)]


def _cost(view: View, gap: Estimate) -> tuple[Estimate | None, str]:
    """The gap of a year at the price of a missing cubic metre; None and why without one."""
    price = view.policy.prices.get("shortage_per_m3")
    if price is None:
        return None, supply_note("no_shortage_price")
    amount, source, status = price
    factor = 365.0 * amount
    unit = f"{view.policy.currency}/year"
    cost = Estimate(value=gap.value * factor, low=gap.low * factor, high=gap.high * factor, level=gap.level, unit=unit)
    return cost, supply_note(
        "shortage_price", price=f"{amount:g}", currency=view.policy.currency, source=source, status=status
    )


def _estimate(drawn: np.ndarray, level: float) -> Estimate:
    value = float(drawn.mean())
    low, high = (float(q) for q in np.quantile(drawn, [0.5 - level / 2, 0.5 + level / 2]))
    return Estimate(value=value, low=min(low, value), high=max(high, value), level=level, unit="L/s")


def _evidence(view: View, system: SupplySystem) -> Evidence:
    span = view.span(system.streams)
    start, end = span if span is not None else (view.now, view.now)
    return view.evidence(system.streams, start=start, end=min(end, view.now))


# --- the series by which works are judged ------------------------------------------------------------------------
def system_series(view: View, thing: Thing, *, start: datetime, end: datetime) -> IndicatorSeries:
    """Daily demand of all metered boundaries that a supply system serves, L/s: days on which every one is known.

    No covariate is taken out: what people save moves day and night apart, so that day minus night moves with the effect.
    """
    from cityloop.domains.water.indicators import indicator_series

    total = None
    streams: list[str] = []
    simulated = False
    days = np.empty(0, dtype="datetime64[D]")
    for relation in thing.relations:
        boundary = view.get(Thing, relation.thing)
        if relation.kind != "serves" or not find_meters(view, boundary).inflow:
            continue
        others = tuple(r.thing for r in thing.relations)
        one = indicator_series(view, "demand", boundary.id, start=start, end=end, exclude=others)
        total, days = (one.y if total is None else total + one.y), one.days
        streams += one.datastreams
        simulated = simulated or one.simulated
    y = total if total is not None else np.empty(0)
    return IndicatorSeries("demand", thing.id, "L/s", days, y, {}, tuple(dict.fromkeys(streams)), simulated)
