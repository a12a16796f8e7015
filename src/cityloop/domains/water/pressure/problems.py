"""What is wrong with the pressure: too low for the binding norm, or so high that leakage lives on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from cityloop.contracts import Floats, NormRule, Prior, View
from cityloop.domains.water.balance import boundaries
from cityloop.domains.water.boundary_state import BoundaryState
from cityloop.domains.water.meters.sensors import Fault
from cityloop.domains.water.pressure.favad import DRAWS, draw, exponents, night_leakage, reduction
from cityloop.domains.water.pressure.logs import (
    DailyPressure,
    daily_pressure,
    find_pressure_loggers,
    inside,
    trusted_streams,
)
from cityloop.domains.water.pricing import yearly_cost
from cityloop.domains.water.texts import note
from cityloop.evidence.normal import half_width
from cityloop.records import Estimate, Evidence, Problem, Thing, record_id

__all__ = ["PRESSURE_KINDS", "PRESSURE_VALVES", "Floor", "find_pressure_problems", "moved_together", "pressure_floor"]

PRESSURE_KINDS = ("low_pressure", "excess_pressure")
#: Types of valves whose setting is a pressure that they hold behind them.
PRESSURE_VALVES = ("PRV",)
#: Days that are judged, days of them that must be there, and days read to find the onset.
RECENT_DAYS, LEAST_DAYS, LOOK_BACK_DAYS = 14, 10, 84
#: Pressure is too low if on this share of the days and by this much (m) on average: less is the noise of a logger.
LOW_SHARE, LEAST_GAP_M, ABOVE_DAYS = 0.5, 0.5, 3
#: Pressure is too high from this much above the floor on (m), at every logger, over so many days; a rule of this program.
LEAST_EXCESS_M, EXCESS_DAYS, EXCESS_LEAST_DAYS, EXCESS_LOGGERS = 5.0, 28, 21, 3
#: Loggers that jump within so many days of each other saw the same event: none of them is blamed.
TOGETHER, TOGETHER_DAYS = 2, 2


@dataclass(frozen=True)
class Floor:
    """The pressure that customers are owed in normal times, m, and the rule that says so."""

    pressure_m: float
    rule: NormRule


def pressure_floor(view: View) -> Floor | None:
    """The higher of the binding norm's lowest and normal service pressure; None where it has neither, in m."""
    rules = [view.norm(key) for key in ("service_pressure", "service_pressure_normal")]
    limits = [(r.limit, r) for r in rules if r is not None and r.limit is not None and r.unit == "m"]
    return Floor(*max(limits, key=lambda pair: pair[0])) if limits else None


def moved_together(faults: Sequence[Fault]) -> frozenset[str]:
    """Loggers that jumped together: a valve, a main or a setting changed, the loggers told the truth."""
    jumps = [f for f in faults if f.kind == "jump" and f.datastream.observed_property == "water_pressure"]
    return frozenset(
        f.datastream.id
        for f in jumps
        if sum(abs(f.since - other.since) <= timedelta(days=TOGETHER_DAYS) for other in jumps) >= TOGETHER
    )


def find_pressure_problems(
    view: View, priors: Mapping[str, Prior], states: Sequence[BoundaryState], bad: frozenset[str]
) -> list[Problem]:
    """Low and excess pressure of every boundary with loggers; none where the binding norm says nothing.

    `bad` = datastreams that fail, but for those that a person said are right. Nothing is simulated.
    """
    bad = bad - trusted_streams(view)
    least, floor = view.norm("service_pressure"), pressure_floor(view)
    by_id = {s.boundary.id: s for s in states}
    found = []
    for boundary in boundaries(view) if floor is not None else ():
        streams = [s for s in find_pressure_loggers(view, boundary) if s.id not in bad]
        span = view.span([s.id for s in streams]) if streams else None
        if span is None or floor is None:
            continue
        end = min(span[1], view.now).replace(minute=0, second=0, microsecond=0)
        start = max(span[0], end - timedelta(days=LOOK_BACK_DAYS)).replace(minute=0, second=0, microsecond=0)
        if end - start < timedelta(days=LEAST_DAYS):
            continue
        seen = daily_pressure(view, streams, start=start, end=end)
        low = None
        if least is not None and least.limit is not None and least.unit == "m":
            low = _low(view, boundary, least, least.limit, seen, by_id.get(boundary.id), (start, end))
        high = None if low else _excess(view, boundary, floor, seen, by_id.get(boundary.id), priors, (start, end))
        found += [p for p in (low, high) if p is not None]
    return found


# --- too low -----------------------------------------------------------------------------------------------------
def _low(
    view: View, boundary: Thing, rule: NormRule, limit: float, seen: DailyPressure, state: BoundaryState | None,
    span: tuple[datetime, datetime],
) -> Problem | None:  # fmt: skip
    """Low pressure of one boundary, unless a leak already found brought it."""
    lowest = seen.lowest_of_all
    level, z = view.policy.level, half_width(view.policy.level)
    recent = lowest[-RECENT_DAYS:]
    recent = recent[np.isfinite(recent)]
    if len(recent) < LEAST_DAYS or np.mean(recent < limit) < LOW_SHARE:
        return None
    observed, half = float(recent.mean()), z * _se(recent)
    if observed + half >= limit or observed > limit - LEAST_GAP_M:
        return None
    onset = _onset(lowest, limit)
    if state is not None and _is_the_leak(seen, lowest, limit, state):
        return None
    means = _column_means(seen.lowest[-RECENT_DAYS:])
    places = [i for i in np.argsort(means) if means[i] < limit]
    worst = seen.streams[int(places[0])] if places else seen.streams[int(np.nanargmin(means))]
    name = view.get(Thing, worst.thing).name
    said = [
        note("low_pressure", limit=f"{limit:g}", world=rule.world, source=rule.source, status=rule.status,
             share=f"{100 * float(np.mean(recent < limit)):.0f}", days=len(recent)),
        note("low_places", n=len(places), of=len(seen.streams), name=name, value=f"{float(np.nanmin(means)):.1f}"),
        note("low_one_logger") if len(places) < 2 else "",
        note("no_price_pressure"),
    ]  # fmt: skip
    gap = Estimate(
        value=observed - limit, low=observed - half - limit, high=observed + half - limit, level=level, unit="m"
    )
    return Problem(
        id=record_id(view.city, "problem", "low_pressure", boundary.id),
        simulated=any(s.simulated for s in seen.streams),
        domain="water",
        kind="low_pressure",
        boundary=boundary.id,
        indicator="service_pressure",
        observed=Estimate(value=observed, low=observed - half, high=observed + half, level=level, unit="m"),
        expected=Estimate(value=limit, low=limit, high=limit, level=level, unit="m"),
        gap=gap,
        onset=_day(seen, onset) if onset else None,
        detected=view.now,
        cost_per_year=None,
        evidence=_evidence(view, [s.id for s in seen.streams], span),
        best_place=worst.thing,
        notes=tuple(n for n in said if n),
        details={
            "norm_world": rule.world, "limit_m": limit, "days_judged": float(len(recent)),
            "share_of_days_below": float(np.mean(recent < limit)), "loggers_below": float(len(places)),
            "loggers": float(len(seen.streams)), "lowest_logger": worst.name,
        },
    )  # fmt: skip


def _se(x: Floats) -> float:
    """Standard error of a mean of days, with their memory from one day to the next."""
    if len(x) < 3 or float(np.std(x)) == 0.0:
        return 0.0
    left = x - x.mean()
    memory = float(np.clip((left[1:] @ left[:-1]) / (left @ left), 0.0, 0.8))
    return float(np.std(x, ddof=1) / np.sqrt(len(x)) * np.sqrt((1 + memory) / (1 - memory)))


def _onset(lowest: Floats, limit: float) -> int:
    """First day of the last stretch below the limit, which ABOVE_DAYS days above it in a row end; 0 = the first day read."""
    first, above = len(lowest) - 1, 0
    for day in np.flatnonzero(np.isfinite(lowest))[::-1]:
        if lowest[day] < limit:
            first, above = int(day), 0
        elif (above := above + 1) >= ABOVE_DAYS:
            break
    return first if first > int(np.flatnonzero(np.isfinite(lowest))[0]) else 0


def _is_the_leak(seen: DailyPressure, lowest: Floats, limit: float, state: BoundaryState) -> bool:
    """Whether the pressure held until the leak that is there now, and was too low within a fortnight of its onset."""
    if state.trouble is None:
        return False
    begun = [state.days[min(max(s.onset, 0), len(state.days) - 1)] for s in state.trouble.steps]
    for day in begun or [state.days[state.trouble.onset]]:
        before = lowest[(seen.days < day) & (seen.days >= day - np.timedelta64(RECENT_DAYS, "D"))]
        after = lowest[(seen.days > day) & (seen.days <= day + np.timedelta64(RECENT_DAYS, "D"))]
        before, after = before[np.isfinite(before)], after[np.isfinite(after)]
        if len(before) >= 3 and len(after) >= 3 and np.median(before) >= limit > np.median(after):
            return True
    return False


# --- too high ----------------------------------------------------------------------------------------------------
def _excess(
    view: View, boundary: Thing, floor: Floor, seen: DailyPressure, state: BoundaryState | None,
    priors: Mapping[str, Prior], span: tuple[datetime, datetime],
) -> Problem | None:  # fmt: skip
    """Leakage that lives on pressure which nobody needs; only where a pressure valve could take it away."""
    valves = [v for v in inside(view, boundary, "valve") if v.properties.get("valve_type") in PRESSURE_VALVES]
    if not valves or state is None or len(seen.streams) < EXCESS_LOGGERS:
        return None
    lowest = seen.lowest_of_all[-EXCESS_DAYS:]
    lowest = lowest[np.isfinite(lowest)]
    night = state.night[-EXCESS_DAYS:]
    night = night[np.isfinite(night)]
    if len(lowest) < EXCESS_LEAST_DAYS or len(night) < EXCESS_LEAST_DAYS:
        return None
    spare = Estimate(
        value=float(np.quantile(lowest, 0.05)) - floor.pressure_m, low=float(lowest.min()) - floor.pressure_m,
        high=float(np.median(lowest)) - floor.pressure_m, level=view.policy.level, unit="m",
    )  # fmt: skip
    if spare.low < LEAST_EXCESS_M:
        return None
    by_logger = _column_means(seen.night[-EXCESS_DAYS:])
    pressure = float(np.nanmean(by_logger))
    flow = _flow(night, view.policy.level)
    gap, n1, how = _excess_leakage(view, boundary, flow, pressure, spare, priors)
    cost, cost_note = yearly_cost(view.policy, gap)
    rule = floor.rule
    return Problem(
        id=record_id(view.city, "problem", "excess_pressure", boundary.id),
        simulated=state.simulated or any(s.simulated for s in seen.streams),
        domain="water",
        kind="excess_pressure",
        boundary=boundary.id,
        indicator="night_flow",
        observed=flow,
        expected=Estimate(
            value=flow.value - gap.value, low=flow.value - gap.high, high=flow.value - gap.low, level=gap.level, unit="L/s"
        ),
        gap=gap,
        onset=None,
        detected=view.now,
        cost_per_year=cost,
        evidence=_evidence(view, [*state.streams, *(s.id for s in seen.streams)], span),
        notes=(
            note("excess_pressure", mean=f"{pressure:.1f}", lowest=f"{floor.pressure_m + spare.value:.1f}",
                 floor=f"{floor.pressure_m:g}", world=rule.world, source=rule.source, status=rule.status),
            note("excess_by_n1", n1=f"{n1:g}", spare=f"{spare.value:.1f}"),
            note(f"leakage_by_{how}", share=f"{priors['leakage_share_of_night_flow'].value * 100:g}"),
            note("between_loggers"),
            cost_note,
        ),
        details={
            "mean_pressure_by_night_m": pressure, "lowest_pressure_m": floor.pressure_m + spare.value,
            "floor_m": floor.pressure_m, "norm_world": rule.world, "excess_m": spare.value, "excess_low_m": spare.low,
            "excess_high_m": spare.high, "exponent_n1": n1, "valves": float(len(valves)),
            "loggers": float(len(seen.streams)),
        },
    )  # fmt: skip


def _excess_leakage(
    view: View, boundary: Thing, flow: Estimate, pressure: float, spare: Estimate, priors: Mapping[str, Prior]
) -> tuple[Estimate, float, str]:
    """Leakage that would stop if all pressures fell by what is spare, L/s; N1 used; how leakage was estimated."""
    leak, leaks, how = night_leakage(view, boundary, flow, priors)
    n1, powers = exponents(priors)
    falls = np.clip(draw(spare.value, spare.low, spare.high, spare.level, 5, DRAWS), 0.0, pressure)
    shares = 1 - ((pressure - falls) / pressure) ** powers
    value = leak * float(reduction(np.array([[pressure]]), np.array([[pressure - spare.value]]), np.ones(1), n1)[0])
    level = view.policy.level
    low, high = (float(q) for q in np.quantile(leaks * shares, [0.5 - level / 2, 0.5 + level / 2]))
    return Estimate(value=value, low=min(low, value), high=max(high, value), level=level, unit="L/s"), n1, how


def _flow(night: Floats, level: float) -> Estimate:
    mean, half = float(night.mean()), half_width(level) * _se(night)
    return Estimate(value=mean, low=mean - half, high=mean + half, level=level, unit="L/s")


# --- both --------------------------------------------------------------------------------------------------------
def _column_means(block: Floats) -> Floats:
    """Mean of each logger over the days that it has; NaN without any."""
    count = np.isfinite(block).sum(axis=0)
    return np.where(count > 0, np.nansum(block, axis=0) / np.maximum(count, 1), np.nan)


def _day(seen: DailyPressure, index: int) -> date:
    return date.fromisoformat(str(seen.days[min(index, len(seen.days) - 1)].astype("datetime64[D]")))


def _evidence(view: View, streams: Sequence[str], span: tuple[datetime, datetime]) -> Evidence:
    return view.evidence(tuple(dict.fromkeys(streams)), start=span[0], end=span[1])
