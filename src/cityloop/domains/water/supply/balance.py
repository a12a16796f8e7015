"""Supply against demand over the coming days: many courses of inflow and demand, drawn from what was observed.

Each course is one draw. Inflow comes by block bootstrap (Künsch 1989) from the record at the same time of the year: whole
years where there are five and more, seasons below, months where there is less than one year. Every day the supplies are
drawn in the order of their priority (standard operating policy): what is there is given until it is gone. What is short
is told as a share of the demand over a number of days.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from cityloop.contracts import Floats, Prior
from cityloop.domains.water.supply.sources import DailyRecord, Supply, SupplySystem
from cityloop.records import Estimate

__all__ = [
    "COURSES", "Course", "Demand", "Draws", "Relief", "demand_outlook", "draw_courses", "drawn_inflow", "gap_m3_per_day", "relieved",
    "run_courses", "share_short", "shares",
]  # fmt: skip

COURSES, SEED = 300, 20_260_104
#: The longest look ahead, days; and the horizons that are always told.
HORIZON, HORIZONS = 365, (30, 90, 365)
#: Days either side of a day of the year from which a block may start.
SEASON_DAYS = 15
#: Days of the record behind the present level of demand; days from which a yearly cycle is read.
RECENT_DAYS, YEAR_DAYS = 28, 365
#: Days that share one error of their level.
MONTH_DAYS = 30


@dataclass(frozen=True)
class Demand:
    """Present level (m3/day), its relative sd, factor by month (12,) of the yearly mean, sd of a month's factor."""

    level_m3_per_day: float
    sd: float
    by_month: Floats
    sd_month: float
    seasonal: bool
    days: int


@dataclass(frozen=True)
class Draws:
    """Courses from one start: demand (n, days) m3; inflow (n, days) m3 of each stored supply, in the system's order."""

    start: date
    demand: Floats
    inflow: tuple[Floats, ...]
    short_record: bool
    years: float
    """Length of the shortest inflow record."""


@dataclass(frozen=True)
class Course:
    """What each draw comes to: given (n, days) m3; stored (n, days) m3 in all storages at the end of each day; `used` (n,) by supply, mean m3/day."""

    given: Floats
    stored: Floats
    used: Mapping[str, Floats]


@dataclass(frozen=True)
class Relief:
    """What measures change: less demand (m3/day, one number or one a course (n,)) from `after_days` on; supplies added."""

    less_demand: Floats | float = 0.0
    added: tuple[Supply, ...] = ()
    after_days: int = 0
    by_day: Floats | None = None
    """Less demand besides, m3 on each day (days,): several measures that begin at different times."""


# --- demand ------------------------------------------------------------------------------------------------------
def demand_outlook(system: SupplySystem, priors: Mapping[str, Prior]) -> Demand | None:
    """Present level and season of the demand from its record; None below RECENT_DAYS days.

    A record of less than a year has no season of its own: the factor is one, with the assumed spread of priors.csv.
    """
    record = system.demand
    if record.known < RECENT_DAYS:
        return None
    values, months = record.values, (record.days.astype("datetime64[M]").astype(int) % 12)
    good = np.isfinite(values)
    by_month, sd_month = np.ones(12), priors["demand_season_sd"].value
    seasonal = record.known >= YEAR_DAYS and all((good & (months == m)).sum() >= 14 for m in range(12))
    if seasonal:
        medians = np.array([np.median(values[good & (months == m)]) for m in range(12)])
        by_month = medians / medians.mean()
        sd_month = _between_years(values, record, by_month)
    calm = values / by_month[months]
    recent = calm[good][-RECENT_DAYS:]
    weeks = calm[good]
    weekly = np.array([np.median(weeks[i : i + 7]) for i in range(0, len(weeks) - 6, 7)])
    centre = float(np.median(recent))
    spread = 1.4826 * float(np.median(np.abs(np.diff(weekly)))) / np.sqrt(2) if len(weekly) > 2 else 0.1 * centre
    return Demand(centre, float(max(spread / centre, 0.005)), by_month, float(sd_month), bool(seasonal), record.known)


def _between_years(values: Floats, record: DailyRecord, by_month: Floats) -> float:
    """Relative sd of one month's level about its season, robust; at least 1 %."""
    month = record.days.astype("datetime64[M]").astype(int)
    ratios = []
    for m in np.unique(month):
        mine = values[(month == m) & np.isfinite(values)]
        if len(mine) >= 14:
            ratios.append(float(np.median(mine)) / by_month[m % 12])
    off = np.array(ratios) / np.median(ratios) - 1
    return max(1.4826 * float(np.median(np.abs(off - np.median(off)))), 0.01)


# --- courses -----------------------------------------------------------------------------------------------------
def draw_courses(
    system: SupplySystem, demand: Demand, priors: Mapping[str, Prior], *, start: date, days: int = HORIZON,
    count: int = COURSES, seed: int = SEED,
) -> Draws:  # fmt: skip
    """Courses from `start`; the same seed gives the same draws, so that with and without a measure differ by it alone."""
    rng = np.random.default_rng([seed, start.month, start.day])
    calendar = np.datetime64(start, "D") + np.arange(days)
    month = calendar.astype("datetime64[M]").astype(int) % 12
    level = np.exp(rng.normal(0.0, demand.sd, (count, 1)))
    months = np.exp(rng.normal(0.0, demand.sd_month, (count, 12)))
    drawn = demand.level_m3_per_day * level * demand.by_month[month] * months[:, month]
    inflows, short, years = [], False, np.inf
    for supply in system.stored:
        inflow, length = drawn_inflow(supply.inflow, start, days, count, rng, priors)
        inflows.append(inflow)
        years, short = min(years, length), short or length < 1.0
    return Draws(start, drawn, tuple(inflows), short, years)


def drawn_inflow(
    record: DailyRecord | None,
    start: date,
    days: int,
    count: int,
    rng: np.random.Generator,
    priors: Mapping[str, Prior],
) -> tuple[Floats, float]:
    """Inflow (count, days) in m3 a day, and the years of its record; nothing flows in where nothing is on record.

    A short record knows its own level badly: a factor for all days and one for each month widen the draws, less with
    each year (spreads of priors.csv, tried on made-up rivers: docs/supply.md).
    """
    if record is None or record.known < 28:
        return np.zeros((count, days)), 0.0
    values = _filled(record.values)
    years = record.known / 365.25
    length = 365 if years >= 5 else (91 if years >= 1 else 28)
    root = np.sqrt(max(years, 1.0))
    spread = priors["inflow_level_sd"].value / root if years >= 1 else priors["inflow_short_sd"].value
    by_month = priors["inflow_month_sd"].value / root
    of_year = _day_of_year(record.days)
    pieces = []
    for offset in range(0, days, length):
        size = min(length, days - offset)
        target = _day_of_year(np.array([np.datetime64(start + timedelta(days=offset), "D")]))[0]
        last = len(values) - size
        apart = np.abs((of_year - target + 182) % 365 - 182)
        starts = np.flatnonzero((apart <= SEASON_DAYS) & (np.arange(len(values)) <= last))
        if not len(starts):
            starts = np.arange(max(last, 0) + 1)
        first = rng.choice(starts, count)
        pieces.append(values[(first[:, None] + np.arange(size)[None, :]) % len(values)])
    level = np.exp(rng.normal(-0.5 * spread**2, spread, (count, 1)))
    months = np.exp(rng.normal(-0.5 * by_month**2, by_month, (count, days // MONTH_DAYS + 1)))
    return np.concatenate(pieces, axis=1) * level * np.repeat(months, MONTH_DAYS, axis=1)[:, :days], years


def _filled(values: Floats) -> Floats:
    """Gaps bridged in a straight line."""
    good = np.flatnonzero(np.isfinite(values))
    return np.asarray(np.interp(np.arange(len(values)), good, values[good]))


def _day_of_year(days: np.ndarray) -> np.ndarray:
    year = days.astype("datetime64[Y]")
    return np.asarray(np.minimum((days.astype("datetime64[D]") - year.astype("datetime64[D]")).astype(int), 364))


def run_courses(system: SupplySystem, draws: Draws, *, stored_m3: Floats | None = None) -> Course:
    """Every course day by day. `stored_m3` (n,) replaces what the storages hold at the start, shared by their size.

    A storage takes its inflow, lets the ecological release go, spills above full, and gives what lies above dead storage.
    """
    count, days = draws.demand.shape
    stored = system.stored
    usable = sum(s.usable_m3 for s in stored)
    holds = []
    for supply in stored:
        assert supply.storage_m3 is not None
        share = supply.usable_m3 / usable if usable else 0.0
        holds.append(
            np.full(count, max(supply.storage_m3 - supply.dead_m3, 0.0)) if stored_m3 is None else stored_m3 * share
        )
    place = {s.thing.id: i for i, s in enumerate(stored)}
    used = {s.thing.id: np.zeros(count) for s in system.supplies}
    given, level = np.zeros((count, days)), np.zeros((count, days))
    for day in range(days):
        for i, supply in enumerate(stored):
            come = draws.inflow[i][:, day]
            holds[i] = np.clip(holds[i] + come - supply.release_m3_per_day, 0.0, max(supply.usable_m3, 0.0))
        left = draws.demand[:, day].copy()
        for supply in system.supplies:
            if day < supply.from_day:
                continue
            most = np.minimum(left, supply.capacity_m3_per_day)
            at = place.get(supply.thing.id)
            if at is not None:
                most = np.minimum(most, holds[at])
                holds[at] -= most
            left -= most
            used[supply.thing.id] += most / days
        given[:, day] = draws.demand[:, day] - left
        level[:, day] = sum(holds) if holds else 0.0
    return Course(given, level, used)


def relieved(system: SupplySystem, draws: Draws, relief: Relief) -> tuple[SupplySystem, Draws]:
    """The system and its courses with measures. Demand never falls below zero."""
    demand = draws.demand.copy()
    less = np.broadcast_to(np.asarray(relief.less_demand, dtype=np.float64), len(demand))[:, None]
    demand[:, relief.after_days :] = np.maximum(demand[:, relief.after_days :] - less, 0.0)
    if relief.by_day is not None:
        demand = np.maximum(demand - relief.by_day[None, : demand.shape[1]], 0.0)
    supplies = tuple(sorted((*system.supplies, *relief.added), key=lambda s: (s.priority, s.thing.name)))
    return replace(system, supplies=supplies), replace(draws, demand=demand)


# --- what is short -----------------------------------------------------------------------------------------------
def share_short(draws: Draws, course: Course, days: int) -> Floats:
    """Share of the demand of the first `days` days that is not met, by course (n,)."""
    wanted = draws.demand[:, :days].sum(axis=1)
    return np.asarray(np.maximum(1.0 - course.given[:, :days].sum(axis=1) / np.maximum(wanted, 1e-9), 0.0))


def shares(draws: Draws, course: Course, *, level: float) -> dict[int, Estimate]:
    """The share that is short over each of HORIZONS as a percentage: mean of the courses, and their interval."""
    return {
        days: _estimate(100.0 * share_short(draws, course, days), level, "%")
        for days in HORIZONS if days <= draws.demand.shape[1]
    }  # fmt: skip


def gap_m3_per_day(draws: Draws, course: Course, days: int, *, level: float) -> Estimate:
    """What is short over `days` days as a mean flow, m3/day."""
    missing = (draws.demand[:, :days] - course.given[:, :days]).sum(axis=1) / days
    return _estimate(np.maximum(missing, 0.0), level, "m3/day")


def _estimate(drawn: Floats, level: float, unit: str) -> Estimate:
    value = float(np.mean(drawn))
    low, high = (float(q) for q in np.quantile(drawn, [0.5 - level / 2, 0.5 + level / 2]))
    return Estimate(value=value, low=min(low, value), high=max(high, value), level=level, unit=unit)
