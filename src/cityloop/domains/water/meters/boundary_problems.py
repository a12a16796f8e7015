"""A boundary that was changed, as Problem and countermeasure: check the valves between two boundaries."""

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from cityloop.contracts import Prior, View
from cityloop.domains.water.balance import name_of
from cityloop.domains.water.boundary_state import BoundaryState
from cityloop.domains.water.leaks.beside import fell_alone
from cityloop.domains.water.meters.boundary_change import Fall, Transfer, find_changes, without_transfers
from cityloop.domains.water.pricing import cost_row, price_of, realisation_of
from cityloop.domains.water.texts import TITLES, note
from cityloop.evidence.normal import half_width
from cityloop.records import (
    Countermeasure,
    Datastream,
    Effect,
    Estimate,
    Evidence,
    Problem,
    Realisation,
    Thing,
    record_id,
)

__all__ = ["BOUNDARY_KINDS", "boundary_problems", "check_valves"]

RECENT_DAYS = 14
DRAWS, SEED = 4000, 20_260_102
OPEN = ("open", "acknowledged", "in_works")
BOUNDARY_KINDS = ("boundary_change", "swapped_meters", "unexplained_fall")


def boundary_problems(
    view: View, states: Sequence[BoundaryState], priors: Mapping[str, Prior]
) -> tuple[list[Problem], list[BoundaryState]]:
    """Problems of boundaries that were changed, and the states as if no water had changed boundaries.

    Leakage is judged by the latter: what a boundary only took over from another is no leak there.
    """
    transfers, falls = find_changes(states)
    found: dict[str, Problem] = {}
    for transfer in sorted((t for t in transfers if t.lasting), key=lambda t: -t.flow):
        problem = _pair(view, states, transfer, priors)
        found.setdefault(problem.id, problem)
    standing = {p.boundary for p in view.records(Problem) if p.kind == "unexplained_fall" and p.status in OPEN}
    own = [
        f
        for f in falls
        if states[f.boundary].boundary.id in standing or fell_alone(states, states[f.boundary], f.onset)
    ]
    return [*found.values(), *(_fall(view, states, f, priors) for f in own)], without_transfers(states, transfers)


def _day(state: BoundaryState, index: int) -> date:
    return date.fromisoformat(str(state.days[index].astype("datetime64[D]")))


def _pair(view: View, states: Sequence[BoundaryState], transfer: Transfer, priors: Mapping[str, Prior]) -> Problem:
    """What `gained` took over from `lost`: one Problem on the pair, kept on the boundary whose night flow rose."""
    gained, lost = states[transfer.gained], states[transfer.lost]
    kind = "swapped_meters" if transfer.swapped else "boundary_change"
    level, half = view.policy.level, half_width(view.policy.level) * transfer.se
    observed = _recent(gained, transfer.gain)
    shared = sorted({s.id for s in _meters(gained)} & {s.id for s in _meters(lost)})
    names = {"gained": gained.boundary.name, "lost": lost.boundary.name}
    notes = [
        note(
            kind, gain=f"{transfer.gain:.2f}", loss=f"{transfer.loss:.2f}", day=_day(gained, transfer.onset).isoformat(),
            **names,
        ),
        note("no_leak_there", **names),
    ]  # fmt: skip
    if shared:
        notes.append(note("shared_meter", **names))
    if not any(r.kind == "neighbour" for r in gained.boundary.relations):
        notes.append(note("neighbours_unknown", **names))
    notes += _unpriced(view, priors)
    streams = tuple(dict.fromkeys((*gained.streams, *lost.streams)))

    def estimate(value: float) -> Estimate:
        return Estimate(value=value, low=value - half, high=value + half, level=level, unit="L/s")

    first, second = sorted((gained.boundary.id, lost.boundary.id))
    return Problem(
        id=record_id(view.city, "problem", kind, first, second),
        simulated=gained.simulated or lost.simulated,
        domain="water",
        kind=kind,
        boundary=gained.boundary.id,
        indicator="night_flow" if kind == "boundary_change" else "boundary_exchange",
        observed=estimate(observed),
        expected=estimate(observed - transfer.flow),
        gap=estimate(transfer.flow),
        onset=_day(gained, transfer.onset),
        detected=view.now,
        cost_per_year=None,
        evidence=_evidence(view, streams),
        notes=tuple(notes),
        details={
            "other_boundary": lost.boundary.id,
            "gain_l_per_s": transfer.gain,
            "loss_l_per_s": transfer.loss,
            "flow_by_day_l_per_s": transfer.flow_by_day,
        },
    )


def _fall(view: View, states: Sequence[BoundaryState], fall: Fall, priors: Mapping[str, Prior]) -> Problem:
    """A fall that nothing on record explains; the water is not lost, the balance is no longer what it was."""
    state = states[fall.boundary]
    half = half_width(view.policy.level) * fall.se
    observed = _recent(state, 0.0)

    def estimate(value: float) -> Estimate:
        return Estimate(value=value, low=value - half, high=value + half, level=view.policy.level, unit="L/s")

    details: dict[str, float | str] = {"share_by_night": fall.share_by_night}
    if not np.isnan(fall.share_by_day):
        details["share_by_day"] = fall.share_by_day
    return Problem(
        id=record_id(view.city, "problem", "unexplained_fall", state.boundary.id),
        simulated=state.simulated,
        domain="water",
        kind="unexplained_fall",
        boundary=state.boundary.id,
        indicator="boundary_exchange",
        observed=estimate(observed),
        expected=estimate(observed + fall.size),
        gap=estimate(-fall.size),
        onset=_day(state, fall.onset),
        detected=view.now,
        cost_per_year=None,
        evidence=_evidence(view, state.streams),
        notes=(
            note("unexplained_fall", name=state.boundary.name, size=f"{fall.size:.2f}",
                 day=_day(state, fall.onset).isoformat(), night=f"{-100 * fall.share_by_night:.0f}",
                 by_day="?" if np.isnan(fall.share_by_day) else f"{-100 * fall.share_by_day:.0f}"),
            *_unpriced(view, priors),
        ),
        details=details,
    )  # fmt: skip


def _recent(state: BoundaryState, otherwise: float) -> float:
    """Mean night flow of the last RECENT_DAYS nights, L/s."""
    recent = state.night[-RECENT_DAYS:]
    return float(np.nanmean(recent)) if np.isfinite(recent).any() else otherwise


def _meters(state: BoundaryState) -> tuple[Datastream, ...]:
    return (*state.meters.inflow, *state.meters.outflow)


def _evidence(view: View, streams: Sequence[str]) -> Evidence:
    span = view.span(streams) or (view.now, view.now)
    return view.evidence(streams, start=span[0], end=min(span[1], view.now))


def _unpriced(view: View, priors: Mapping[str, Prior]) -> list[str]:
    """Why no check can be offered, if so."""
    if price_of(view.policy, priors, "check_valves_each") is not None:
        return []
    return [note("no_check_price", currency=view.policy.currency)]


# --- countermeasure ----------------------------------------------------------------------------------------------
def check_valves(
    view: View, problem: Problem, rates: Mapping[str, Realisation], priors: Mapping[str, Prior]
) -> list[Countermeasure]:
    """Walk the valves (and meters) between two boundaries, close what was opened, mark what was changed.

    Its effect is the transferred flow that the boundary no longer takes over: with the check against without it. No water
    is saved: the other boundary gets it back. Nothing without a price for one check.
    """
    price = price_of(view.policy, priors, "check_valves_each")
    if price is None:
        return []
    level, kind = view.policy.level, "check_boundary_valves"
    rate, found = realisation_of(kind, rates, priors), priors["valve_found"]
    once = Estimate(value=1.0, low=1.0, high=1.0, level=level, unit="check")
    other = str(problem.details.get("other_boundary", ""))
    names = [name_of(view.get(Thing, id)) for id in (problem.boundary, other) if id]
    titles = {"boundary_change": "check_boundary_valves", "swapped_meters": "check_swapped_meters"}
    title = TITLES[titles.get(problem.kind, "check_one_boundary")]
    effects = () if problem.kind != "boundary_change" else (
        Effect(
            indicator="night_flow", thing=problem.boundary, estimate=_claim(problem.gap, found, rate, level),
            period="from the day the valve is closed on", grade="assumed",
        ),
    )  # fmt: skip
    english, chinese = ({"name": getattr(names[0], s), "other": getattr(names[-1], s)} for s in ("en", "zh"))
    return [
        Countermeasure(
            id=record_id(view.city, "countermeasure", kind, "", problem.id),
            simulated=problem.simulated,
            domain="water",
            kind=kind,
            title_en=title.in_("en", **english),
            title_zh=title.in_("zh", **chinese),
            boundary=problem.boundary,
            targets=tuple(t for t in (problem.boundary, other) if t),
            changes=(),
            answers=(problem.id,),
            effects=effects,
            costs=(
                cost_row("valve check", "cost", once, price, tags=("check",)),
                cost_row("trusted balance", "non_monetary", once, None, tags=("data",), source="own definition"),
            ),
            realisation=rate,
            uses={"crew_days": priors["valve_check_days"].value},
            details={
                "night_flow_without_l_per_s": problem.observed.value,
                "night_flow_with_l_per_s": problem.observed.value - (effects[0].estimate.value if effects else 0.0),
                "water_saved": 0.0,
                "chance_found": found.value,
                "compared_with": "doing nothing",
            },
        )
    ]


def _claim(flow: Estimate, found: Prior, rate: Realisation, level: float) -> Estimate:
    """Chance that the changed valve is found * flow * realisation rate; the interval draws all three, seeded."""
    rng = np.random.default_rng(SEED)
    parts = [
        np.maximum(rng.normal(e.value, (e.high - e.low) / (2 * half_width(e.level)), DRAWS), 0.0)
        for e in (flow, rate.estimate)
    ]
    chance = np.clip(rng.normal(found.value, (found.high - found.low) / (2 * half_width(found.level)), DRAWS), 0.0, 1.0)
    drawn = (rng.random(DRAWS) < chance) * parts[0] * parts[1]
    value = found.value * flow.value * rate.estimate.value
    low, high = np.quantile(drawn, [0.5 - level / 2, 0.5 + level / 2])
    return Estimate(value=value, low=min(float(low), value), high=max(float(high), value), level=level, unit="L/s")
