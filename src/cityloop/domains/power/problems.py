"""What is wrong: transformers whose daily peak lies above their rating."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import numpy as np

from cityloop.contracts import Floats, Prior, View
from cityloop.domains.power.loading import INDICATOR, Loading, read_loading, stations
from cityloop.domains.power.words import note
from cityloop.economics.prices import policy_price, price_of
from cityloop.evidence.normal import half_width
from cityloop.records import Datastream, Estimate, Problem, Thing, record_id

__all__ = ["KIND", "RECENT_DAYS", "YEAR_DAYS", "energy_above", "find_problems", "hour_span"]

KIND = "transformer_overload"
#: The mean daily peak of so many days is judged, if at least so many of them were measured.
RECENT_DAYS, LEAST_DAYS = 14, 7
YEAR_DAYS = 365
#: The overload began where the median of seven days rose above the limit.
SMOOTH_DAYS = 7
#: Nameplate: the rating itself, where the binding norm says nothing.
NAMEPLATE = 100.0


def hour_span(view: View, stream: Datastream) -> tuple[datetime, datetime]:
    """The last year up to the last full hour that was measured: a meter that fell silent leaves what it said last."""
    span = view.span([stream.id])
    last = min(span[1], view.now) if span is not None else view.now
    end = last.replace(minute=0, second=0, microsecond=0)
    return end - timedelta(days=YEAR_DAYS), end


def find_problems(view: View, priors: Mapping[str, Prior]) -> list[Problem]:
    """One Problem per transformer whose mean daily peak of the last fortnight exceeds the limit, interval and all."""
    found = []
    for thing, stream in stations(view).values():
        start, end = hour_span(view, stream)
        problem = _judge(view, thing, read_loading(view, thing, stream, priors, start=start, end=end), priors)
        if problem is not None:
            found.append(problem)
    return found


def energy_above(kw: Floats, limit_kw: Floats | float) -> float:
    """kWh above a power in the hours of a series."""
    return float(np.nansum(np.maximum(kw - limit_kw, 0.0)))


def _judge(view: View, thing: Thing, loading: Loading, priors: Mapping[str, Prior]) -> Problem | None:
    rule, level = view.norm(INDICATOR), view.policy.level
    limit = rule.limit if rule is not None and rule.limit is not None else NAMEPLATE
    recent = loading.peak[-RECENT_DAYS:]
    recent = recent[np.isfinite(recent)]
    if len(recent) < LEAST_DAYS:
        return None
    mean, half = float(recent.mean()), half_width(level) * _error(recent)
    if mean - half <= limit:
        return None

    def percent(value: float, around: float = half) -> Estimate:
        return Estimate(value=value, low=value - around, high=value + around, level=level, unit="%")

    cos_phi = priors["cos_phi"].value
    kwh = energy_above(loading.kw, cos_phi * loading.rating_kva)
    days = int(np.isfinite(loading.peak).sum())
    price = policy_price(view.policy, "energy_above_rating_per_kwh")
    cost = kwh * price.money.amount if price else 0.0
    notes = [note("cos_phi", cos_phi=f"{cos_phi:g}"), note("energy", kwh=f"{kwh:,.0f}", days=days)]
    missing = [k for k in ("transformer_each", "transformer_per_kva") if price_of(view.policy, priors, k) is None]
    if price is None:
        notes.append(note("no_price"))
    if missing:
        notes.append(note("no_unit_cost", currency=view.policy.currency, names=", ".join(missing)))
    start, end = hour_span(view, loading.stream)
    return Problem(
        id=record_id(view.city, "problem", KIND, thing.id),
        simulated=loading.stream.simulated,
        domain="power",
        kind=KIND,
        boundary=thing.id,
        indicator=INDICATOR,
        observed=percent(mean),
        expected=percent(limit, 0.0),
        gap=percent(mean - limit),
        onset=_onset(loading, limit),
        detected=view.now,
        cost_per_year=Estimate(value=cost, low=cost, high=cost, level=level, unit=f"{view.policy.currency}/year")
        if price
        else None,
        evidence=view.evidence([loading.stream.id], start=start, end=end),
        best_place=thing.id,
        notes=tuple(notes),
        details={
            "rating_kva": float(loading.rating_kva[-1]),
            "cos_phi": cos_phi,
            "peak_kw": mean / 100 * cos_phi * float(loading.rating_kva[-1]),
            "highest_percent": float(np.nanmax(loading.peak)),
            "days_above": float((loading.peak > limit).sum()),
            "days_observed": float(days),
            "kwh_above": kwh,
            "limit_percent": limit,
        },
    )


def _error(values: Floats) -> float:
    """Standard error of a mean of days that remember the day before."""
    deviation = values - values.mean()
    total = float(deviation @ deviation)
    memory = min(max(float(deviation[1:] @ deviation[:-1]) / total, 0.0), 0.8) if total > 0 else 0.0
    return float(values.std(ddof=1) / np.sqrt(len(values) * (1 - memory) / (1 + memory)))


def _onset(loading: Loading, limit: float) -> date | None:
    """First day of the present spell above the limit by the running median; None if it lasted since the first day."""
    peak = loading.peak
    usual = [np.nanmedian(w) if np.isfinite(w := peak[max(i - SMOOTH_DAYS + 1, 0) : i + 1]).any() else np.nan
             for i in range(len(peak))]  # fmt: skip
    below = np.flatnonzero(np.array(usual) <= limit)
    if not len(below) or below[-1] + 1 >= len(peak):
        return None
    return date.fromisoformat(str(loading.days[below[-1] + 1]))
