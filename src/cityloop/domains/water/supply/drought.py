"""Stages of a shortage by norm, the storage at which each begins (rule curve), and how likely each is at month ends.

A stage is told by the share of the demand that would be short over the assessment days in a dry year: one whose shortage is
exceeded with the chance `dry_year_share`. California asks for six levels (Water Code 10632), China grades urban drought by
four (轻度, 中度, 严重, 特大); where the norms differ, both are shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from cityloop.contracts import Floats, Prior, View
from cityloop.domains.water.supply.balance import Course, Demand, Draws, draw_courses, run_courses, share_short
from cityloop.domains.water.supply.sources import SupplySystem
from cityloop.i18n import Pair

__all__ = [
    "LEAST_SHARE", "Assessment", "MonthEnd", "Stage", "Trigger", "assess", "month_ends", "rule_curve", "stage_of",
    "stages_of",
]  # fmt: skip

#: A shortage below this share of the demand, %, is no stage: the draws tell no finer (a rule of this program).
LEAST_SHARE = 1.0
#: Levels of storage between dead and full that the rule curve is asked at; courses behind each.
LEVELS, CURVE_COURSES = 16, 150
MOST_STAGES = 6


@dataclass(frozen=True)
class Stage:
    """One stage of a norm: it holds while the shortage is above `above_percent`. Number 0 = none."""

    world: str
    number: int
    title: Pair
    above_percent: float
    source: str
    status: str


@dataclass(frozen=True)
class Assessment:
    """How a shortage is judged, each number with source and status."""

    dry_year_share: tuple[float, str, str]
    days: tuple[float, str, str]
    lead_days: tuple[float, str, str]


@dataclass(frozen=True)
class Trigger:
    """Storage (m3, all together, dead storage not counted) below which a stage begins, on the first of each month (12,).

    NaN = the stage is not reached even with nothing stored; infinite = it holds even when full.
    """

    stage: Stage
    storage_m3: Floats


@dataclass(frozen=True)
class MonthEnd:
    """One month end: chance of each stage number (none first) in one norm."""

    day: date
    chance: tuple[float, ...]


def assess(system: SupplySystem, priors: Mapping[str, Prior]) -> Assessment:
    """The numbers of [drought], else those of priors.csv."""
    return Assessment(
        system.stated("dry_year_share", priors, "drought_dry_year_share"),
        system.stated("assessment_days", priors, "drought_assessment_days"),
        system.stated("lead_days", priors, "drought_lead_days"),
    )


def stages_of(view: View, world: str) -> tuple[Stage, ...]:
    """The stages of one norm, lightest first; none where it has none."""
    found = []
    for number in range(1, MOST_STAGES + 1):
        rule = view.norm(f"drought_stage_{number}", world)
        if rule is not None and rule.limit is not None:
            found.append(Stage(world, number, rule.title, rule.limit, rule.source, rule.status))
    return tuple(found)


def stage_of(share_percent: float, stages: Sequence[Stage]) -> Stage | None:
    """The stage that a shortage is in; None for none."""
    held = [s for s in stages if share_percent > max(s.above_percent, LEAST_SHARE)]
    return held[-1] if held else None


def dry_share(short: Floats, dry_year_share: float) -> float:
    """Shortage of a dry year, %, from the shares of all courses (n,)."""
    return float(np.quantile(100.0 * short, 1.0 - dry_year_share))


def _by_storage(system: SupplySystem, draws: Draws, days: int, dry_year_share: float) -> tuple[Floats, Floats]:
    """Usable storage (levels,) m3 and the dry year's shortage (levels,) %, from empty to full: never rising."""
    usable = sum(s.usable_m3 for s in system.stored)
    storage = np.linspace(0.0, usable, LEVELS)
    count = len(draws.demand)
    wide = Draws(
        draws.start, np.tile(draws.demand, (LEVELS, 1)), tuple(np.tile(i, (LEVELS, 1)) for i in draws.inflow),
        draws.short_record, draws.years,
    )  # fmt: skip
    course = run_courses(system, wide, stored_m3=np.repeat(storage, count))
    short = share_short(wide, course, days).reshape(LEVELS, count)
    found = np.array([dry_share(row, dry_year_share) for row in short])
    return storage, np.asarray(np.minimum.accumulate(found))


def _storage_at(storage: Floats, short: Floats, above_percent: float) -> float:
    """Storage at which the shortage just reaches a limit: below it the stage holds."""
    limit = max(above_percent, LEAST_SHARE)
    if short[0] <= limit:
        return float("nan")
    if short[-1] > limit:
        return float("inf")
    return float(np.interp(-limit, -short, storage))


def rule_curve(
    system: SupplySystem, demand: Demand, priors: Mapping[str, Prior], stages: Sequence[Stage], *, today: date,
    months: int = 12,
) -> tuple[Trigger, ...]:  # fmt: skip
    """The storage at which each stage begins, on the first of each of the coming `months` months; none without a storage."""
    if not system.stored or not stages:
        return ()
    numbers = assess(system, priors)
    days, dry = int(numbers.days[0]), numbers.dry_year_share[0]
    found = {s: np.full(12, np.nan) for s in stages}
    for month in range(months):
        first = _first_of(today, month)
        draws = draw_courses(system, demand, priors, start=first, days=days, count=CURVE_COURSES)
        storage, short = _by_storage(system, draws, days, dry)
        for stage in stages:
            found[stage][first.month - 1] = _storage_at(storage, short, stage.above_percent)
    return tuple(Trigger(stage, storage) for stage, storage in found.items())


def _first_of(today: date, months_on: int) -> date:
    """The first of the month so many months on; 0 = of this month."""
    number = today.year * 12 + today.month - 1 + months_on
    return date(number // 12, number % 12 + 1, 1)


def month_ends(
    draws: Draws, course: Course, triggers: Sequence[Trigger], system: SupplySystem, stages: Sequence[Stage]
) -> tuple[MonthEnd, ...]:
    """Chance of each stage at every month end ahead: by the rule curve where there is a storage, else by the month's own
    shortage.
    """
    found = []
    days = draws.demand.shape[1]
    for month in range(1, 13):
        first = _first_of(draws.start, month)
        end = (first - draws.start).days
        if end > days:
            break
        number = np.zeros(len(draws.demand), dtype=np.int64)
        if system.stored:
            held = course.stored[:, end - 1]
            for trigger in triggers:
                limit = trigger.storage_m3[first.month - 1]
                below = np.zeros(len(held), dtype=bool) if np.isnan(limit) else held < limit
                number = np.where(below, np.maximum(number, trigger.stage.number), number)
        else:
            begin = max(end - 30, 0)
            wanted, given = (x[:, begin:end].sum(axis=1) for x in (draws.demand, course.given))
            short = 100.0 * np.maximum(1.0 - given / np.maximum(wanted, 1e-9), 0.0)
            for stage in stages:
                above = short > max(stage.above_percent, LEAST_SHARE)
                number = np.where(above, np.maximum(number, stage.number), number)
        most = max((s.number for s in stages), default=0)
        chance = tuple(float(np.mean(number == k)) for k in range(most + 1))
        found.append(MonthEnd(first - timedelta(days=1), chance))
    return tuple(found)
