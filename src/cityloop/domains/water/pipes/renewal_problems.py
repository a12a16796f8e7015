"""Worn pipes as Problems: leakage above the unavoidable that stays, and breaks more frequent than elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from cityloop.contracts import Floats, Prior, View
from cityloop.domains.water.boundary_state import BoundaryState
from cityloop.domains.water.pipes.renewal import (
    DRAWS,
    KM_100,
    SEED,
    Pipes,
    break_record,
    estimate_of,
    read_condition,
    uarl_l_per_s,
)
from cityloop.domains.water.pressure.favad import night_leakage
from cityloop.domains.water.pressure.logs import daily_pressure, find_pressure_loggers
from cityloop.domains.water.pricing import yearly_cost
from cityloop.domains.water.texts import note
from cityloop.evidence.normal import half_width
from cityloop.records import Datastream, Estimate, Evidence, Problem, Thing, record_id

__all__ = ["RENEWAL_KINDS", "Background", "background_leakage", "renewal_problems"]

RENEWAL_KINDS = ("high_background_leakage", "frequent_breaks")
#: Nights that the standing level is read from; least of them.
RECENT_DAYS, LEAST_DAYS = 28, 14


@dataclass(frozen=True)
class Background:
    """Standing leakage of a boundary by night, L/s: value, draws, what is unavoidable, what the draws rest on."""

    night: Estimate
    leakage: float
    drawn: Floats
    uarl: float
    pressure_m: float
    mains_share: float
    streams: tuple[str, ...]

    @property
    def above(self) -> Floats:
        """Draws of the leakage above the unavoidable, none below zero."""
        return np.maximum(self.drawn - self.uarl, 0.0)


def renewal_problems(view: View, states: Sequence[BoundaryState], priors: Mapping[str, Prior]) -> list[Problem]:
    """Both kinds for every boundary that can be judged; none where population, connections or records are missing."""
    found = []
    for state in states:
        pipes = read_condition(view, state.boundary, priors)
        background = background_leakage(view, state, priors)
        for problem in (_leakage(view, state, background, pipes, priors), _breaks(view, state.boundary, pipes, priors)):
            if problem is not None:
                found.append(problem)
    return found


# --- leakage -----------------------------------------------------------------------------------------------------
def background_leakage(view: View, state: BoundaryState, priors: Mapping[str, Prior]) -> Background | None:
    """Night flow less legitimate night use, less the leak that is there now; None without what it needs.

    Needs the boundary's `mains_km`, `connections` and `population`, a rule for legitimate night use, and loggers.
    """
    place, mains, connections = state.boundary, *(state.boundary.properties.get(k) for k in ("mains_km", "connections"))
    night = state.night[-RECENT_DAYS:]
    night = night[np.isfinite(night)]
    loggers = find_pressure_loggers(view, place)
    if not (isinstance(mains, int | float) and isinstance(connections, int | float) and mains > 0):
        return None
    if not isinstance(place.properties.get("population"), int | float):
        return None
    if len(night) < LEAST_DAYS or not loggers:
        return None
    end = view.now.replace(minute=0, second=0, microsecond=0)
    seen = daily_pressure(view, loggers, start=end - timedelta(days=RECENT_DAYS), end=end)
    if not np.isfinite(seen.night).any():
        return None
    pressure, gone = float(np.nanmean(seen.night)), state.trouble.gap if state.trouble else 0.0
    noise = float(np.std(night)) / np.sqrt(len(night)) + (state.trouble.gap_se if state.trouble else 0.0)
    value, half = max(float(np.mean(night)) - gone, 0.0), half_width(view.policy.level) * noise
    flow = Estimate(value=value, low=max(value - half, 0.0), high=value + half, level=view.policy.level, unit="L/s")
    leakage, drawn, how = night_leakage(view, place, flow, priors)
    if how != "population":
        return None
    drawn = np.random.default_rng(SEED + 2).choice(drawn, DRAWS)
    mains_part, connections_part = 18.0 * mains, 0.8 * connections
    return Background(
        night=flow, leakage=leakage, drawn=drawn, uarl=uarl_l_per_s(mains, connections, pressure), pressure_m=pressure,
        mains_share=mains_part / (mains_part + connections_part), streams=(*state.streams, *(s.id for s in loggers)),
    )  # fmt: skip


def _leakage(
    view: View, state: BoundaryState, background: Background | None, pipes: Pipes | None, priors: Mapping[str, Prior]
) -> Problem | None:
    """Standing leakage above the acceptable multiple of the unavoidable (ILI of the binding norm, else of priors.csv)."""
    if background is None:
        return None
    rule, prior = view.norm("ili"), priors["ili_worth_acting"]
    limit = rule.limit if rule is not None and rule.limit is not None else prior.value
    source, status = (rule.source, rule.status) if rule is not None and rule.limit else (prior.source, prior.status)
    level = view.policy.level
    gap = estimate_of(
        background.leakage - limit * background.uarl, background.drawn - limit * background.uarl, level, "L/s"
    )
    if gap.low <= 0:
        return None
    flow = background.night
    cost, cost_note = yearly_cost(view.policy, gap)
    return Problem(
        id=record_id(view.city, "problem", "high_background_leakage", state.boundary.id),
        simulated=state.simulated,
        domain="water",
        kind="high_background_leakage",
        boundary=state.boundary.id,
        indicator="night_flow",
        observed=flow,
        expected=Estimate(
            value=flow.value - gap.value, low=flow.value - gap.high, high=flow.value - gap.low, level=level, unit="L/s"
        ),
        gap=gap,
        onset=None,
        detected=view.now,
        cost_per_year=cost,
        evidence=_evidence(view, background.streams),
        notes=(
            note("background", leakage=f"{background.leakage:.1f}", uarl=f"{background.uarl:.1f}",
                 ili=f"{background.leakage / background.uarl:.1f}", limit=f"{limit:g}", source=source, status=status,
                 pressure=f"{background.pressure_m:.0f}"),
            note("background_not_bursts"),
            *_renewal_notes(view, state.boundary, pipes),
            cost_note,
        ),
        details={
            "leakage_l_per_s": background.leakage, "uarl_l_per_s": background.uarl, "ili_limit": limit,
            "mean_pressure_by_night_m": background.pressure_m, "mains_share": background.mains_share,
        },
    )  # fmt: skip


# --- breaks ------------------------------------------------------------------------------------------------------
def _breaks(view: View, boundary: Thing, pipes: Pipes | None, priors: Mapping[str, Prior]) -> Problem | None:
    """Breaks on record more frequent than the published mean of all materials; judged by the records alone."""
    if pipes is None:
        return None
    records = [(c, r) for c in pipes.conditions if (r := break_record(c.pipe)) is not None]
    exposure = sum(c.length_m * years for c, (_, years) in records) / KM_100
    count = sum(breaks for _, (breaks, _) in records)
    if exposure <= 0:
        return None
    level, reference = view.policy.level, priors["break_rate_reference"]
    drawn = np.random.default_rng(SEED + 3).gamma(count + 0.5, 1 / exposure, DRAWS)
    observed = estimate_of(count / exposure, drawn, level, "1/(100 km a)")
    if observed.low <= reference.value:
        return None
    return Problem(
        id=record_id(view.city, "problem", "frequent_breaks", boundary.id),
        simulated=any(c.pipe.simulated for c, _ in records),
        domain="water",
        kind="frequent_breaks",
        boundary=boundary.id,
        indicator="break_rate",
        observed=observed,
        expected=Estimate(
            value=reference.value, low=reference.value, high=reference.value, level=level, unit=observed.unit
        ),
        gap=estimate_of(observed.value - reference.value, drawn - reference.value, level, observed.unit),
        onset=None,
        detected=view.now,
        cost_per_year=None,
        evidence=Evidence(datastreams=(), start=view.now, end=view.now, as_of_seq=view.as_of_seq, sha256=""),
        notes=(
            note("frequent_breaks", n=f"{count:g}", km=f"{sum(c.length_m for c, _ in records) / 1000:.1f}",
                 rate=f"{observed.value:.0f}", reference=f"{reference.value:g}", source=reference.source),
            *_renewal_notes(view, boundary, pipes),
        ),
        details={"breaks": count, "kilometre_years": exposure * 100, "reference": reference.value},
    )  # fmt: skip


def _renewal_notes(view: View, boundary: Thing, pipes: Pipes | None) -> list[str]:
    """Why no renewal can be judged or offered, if so."""
    if pipes is None or not pipes.conditions:
        return [note("renewal_not_judged", name=boundary.name)]
    notes = []
    judged = sum(c.length_m for c in pipes.conditions)
    if judged < 0.95 * pipes.length_m:
        notes.append(note("renewal_partly_judged", share=f"{100 * judged / pipes.length_m:.0f}"))
    if not any(key.startswith("renew_per_m") for key in view.policy.prices):
        notes.append(note("no_renew_price", currency=view.policy.currency))
    return notes


def _evidence(view: View, streams: Sequence[str]) -> Evidence:
    known = {s.id for s in view.records(Datastream)}
    mine = [s for s in dict.fromkeys(streams) if s in known]
    span = view.span(mine) or (view.now, view.now)
    return view.evidence(mine, start=span[0], end=min(span[1], view.now))
