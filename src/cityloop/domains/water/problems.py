"""What is wrong: burst and growing leakage per metered boundary, failing sensors."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from cityloop.contracts import Prior, Simulator, View
from cityloop.domains.water.balance import boundaries, find_meters
from cityloop.domains.water.boundary_state import BoundaryState, read_boundaries
from cityloop.domains.water.energy.pump_energy import find_pump_energy
from cityloop.domains.water.leaks.contradicting import contradicting_loggers
from cityloop.domains.water.leaks.detection import Trouble
from cityloop.domains.water.leaks.localisation import localise
from cityloop.domains.water.leaks.searched import chance_passed
from cityloop.domains.water.leaks.statistic import BASELINE_DAYS, Statistic
from cityloop.domains.water.leaks.telling import tell_apart
from cityloop.domains.water.meters.boundary_problems import boundary_problems
from cityloop.domains.water.meters.flowmeters import meter_faults
from cityloop.domains.water.meters.sensors import Fault, sensor_faults
from cityloop.domains.water.pipes.district_meters import late_detection
from cityloop.domains.water.pipes.renewal_problems import renewal_problems
from cityloop.domains.water.pipes.repair_speed import repair_problems
from cityloop.domains.water.pressure.problems import find_pressure_problems, moved_together
from cityloop.domains.water.pricing import price_of, yearly_cost
from cityloop.domains.water.supply.problems import shortage_problems
from cityloop.domains.water.texts import note
from cityloop.evidence.normal import half_width
from cityloop.records import Datastream, Estimate, Problem, record_id

__all__ = ["LEAKAGE_KINDS", "find_problems"]

#: A logger next to a leak falls by up to this much for each L/s (ky4: 13-17 cm at the 99th percentile of node pairs).
NEAR_LEAK_M_PER_L_PER_S = 0.17
LEAKAGE_KINDS = ("burst", "growing_leakage")


def find_problems(view: View, simulator: Simulator | None, priors: Mapping[str, Prior]) -> Sequence[Problem]:
    """Every water problem of the city as it stands at `view.now`."""
    span = _span(view)
    states = read_boundaries(view, start=span[0], end=span[1]) if span else []
    changed, states = boundary_problems(view, states, priors)
    faults = [f for f in sensor_faults(view) if not any(_is_the_leak(f, s) for s in states)]
    faults += meter_faults(view, known=frozenset(f.datastream.id for f in faults))
    together = moved_together(faults)
    faults = [f for f in faults if f.datastream.id not in together]
    states, faults, changed = tell_apart(view, states, changed, faults)
    found = [_sensor_problem(view, fault) for fault in faults]
    bad = frozenset(f.datastream.id for f in faults)
    strange: list[tuple[Datastream, float]] = []
    worn = renewal_problems(view, states, priors)
    for state in states:
        if span is not None and state.trouble is not None and state.statistic is not None:
            found.append(
                _leak_problem(view, simulator, priors, state, state.statistic, state.trouble, span, bad, strange)
            )
    found += contradicting_loggers(view, strange)
    return [
        *found,
        *find_pressure_problems(view, priors, states, bad),
        *changed,
        *worn,
        *find_pump_energy(view, priors),
        *shortage_problems(view, priors),
        *late_detection(view, states, priors),
        *repair_problems(view, priors),
    ]


def _is_the_leak(fault: Fault, state: BoundaryState) -> bool:
    """Whether a fall of a logger's pressure is what a leak of that boundary does close by, at the same time."""
    if fault.kind not in ("jump", "drift") or state.trouble is None:
        return False
    since = np.datetime64(fault.since.replace(tzinfo=None), "D")
    near = any(abs(int((state.days[s.onset] - since).astype(int))) <= 4 for s in state.trouble.steps)
    return near and -NEAR_LEAK_M_PER_L_PER_S * state.trouble.gap < fault.observed - fault.expected < 0


def _span(view: View) -> tuple[datetime, datetime] | None:
    """First and last full hour that any meter of a boundary has, up to now."""
    streams = [s for b in boundaries(view) for s in find_meters(view, b).datastreams]
    span = view.span(streams) if streams else None
    if span is None:
        return None
    start = span[0].replace(minute=0, second=0, microsecond=0)
    end = min(span[1], view.now).replace(minute=0, second=0, microsecond=0)
    return (start, end) if end > start else None


# --- leakage -----------------------------------------------------------------------------------------------------
def _leak_problem(
    view: View, simulator: Simulator | None, priors: Mapping[str, Prior], state: BoundaryState,
    statistic: Statistic, trouble: Trouble, span: tuple[datetime, datetime], bad: frozenset[str],
    contradicting: list[tuple[Datastream, float]],
) -> Problem:  # fmt: skip
    """The Problem of one boundary, with its ranked area where the network can be asked; loggers that contradict the model
    are added to `contradicting`.
    """
    level, z = view.policy.level, half_width(view.policy.level)
    kind = _standing_kind(view, state.boundary.id) or trouble.kind
    nights = np.flatnonzero(np.isfinite(state.night) & np.isfinite(statistic.a))
    recent = nights[nights >= trouble.recent]
    recent = recent if len(recent) else nights[-1:]  # a meter that fell silent: what it last showed
    observed = float(np.mean(state.night[recent]))
    spread = statistic.sd_long / float(np.sqrt(len(recent)))
    gap = Estimate(
        value=trouble.gap, low=trouble.gap - z * trouble.gap_se, high=trouble.gap + z * trouble.gap_se, level=level,
        unit="L/s",
    )  # fmt: skip
    place = localise(view, simulator, state, trouble, bad, passed=chance_passed(priors))
    contradicting += place.contradicting
    notes = [
        *_notes(view, state, statistic, trouble),
        *place.notes,
        *_not_offered(view, priors, state, bool(place.area)),
    ]
    cost, cost_note = yearly_cost(view.policy, gap)
    end = min(span[1], view.now)
    return Problem(
        id=record_id(view.city, "problem", kind, state.boundary.id),
        simulated=state.simulated,
        domain="water",
        kind=kind,
        boundary=state.boundary.id,
        indicator="night_flow",
        observed=Estimate(
            value=observed, low=observed - z * spread, high=observed + z * spread, level=level, unit="L/s"
        ),
        expected=Estimate(
            value=observed - gap.value, low=observed - gap.high, high=observed - gap.low, level=level, unit="L/s"
        ),
        gap=gap,
        onset=_date(state, trouble.onset),
        detected=view.now,
        cost_per_year=cost,
        evidence=view.evidence(tuple(dict.fromkeys((*state.streams, *place.streams))), start=span[0], end=end),
        area=place.area,
        best_place=place.best_place,
        notes=(*notes, cost_note),
        details={**_details(state, statistic, trouble), **(place.details or {})},
    )


def _standing_kind(view: View, boundary: str) -> str:
    """Kind of the leakage problem that is already open there: the same trouble keeps its kind and so its id."""
    for problem in view.records(Problem):
        if problem.boundary == boundary and problem.kind in LEAKAGE_KINDS:
            if problem.status in ("open", "acknowledged", "in_works"):
                return problem.kind
    return ""


def _date(state: BoundaryState, index: int) -> date:
    day: Any = state.days[min(max(index, 0), len(state.days) - 1)].astype("datetime64[D]").item()
    return date.fromisoformat(str(day))


def _notes(view: View, state: BoundaryState, statistic: Statistic, trouble: Trouble) -> list[str]:
    notes = []
    if state.meters.tanks:
        notes.append(note("balance", n=len(state.meters.tanks)))
    if state.meters.missing:
        notes.append(note("incomplete", what="; ".join(state.meters.missing)))
    notes.append(note("steps", n=len(trouble.steps)))
    if trouble.growth_per_day > 0:
        notes.append(note("growing", rate=f"{trouble.growth_per_day:.3f}"))
    if trouble.residual_of_works:
        notes.append(note("left_by_works"))
    if statistic.drift_sd_month > 0:
        notes.append(note("drift", drift=f"{statistic.drift_sd_month:.2f}"))
    if statistic.seasonal:
        notes.append(note("seasonal", days=len(state.days)))
    notes.append(note("not_only_leaks"))
    return notes


def _not_offered(view: View, priors: Mapping[str, Prior], state: BoundaryState, ranked: bool) -> list[str]:
    """Why no survey can be offered, if so: no length of mains without a ranked area, or no unit cost."""
    notes = []
    if not ranked and not isinstance(state.boundary.properties.get("mains_km"), int | float):
        notes.append(note("no_survey", name=state.boundary.name))
    missing = [key for key in ("survey_per_km", "repair_each") if price_of(view.policy, priors, key) is None]
    if missing:
        notes.append(note("no_unit_cost", currency=view.policy.currency, names=", ".join(missing)))
    return notes


def _details(state: BoundaryState, statistic: Statistic, trouble: Trouble) -> dict[str, float | str]:
    details: dict[str, float | str] = {
        "method": "cusum h 8 k 0.5 on (night - rho day) / (1 - rho)",
        "baseline_days": float(BASELINE_DAYS),
        "rho": statistic.rho,
        "sd_l_per_s": statistic.sd,
        "sd_long_l_per_s": statistic.sd_long,
        "drift_l_per_s_per_28_days": statistic.drift_sd_month,
        "growth_l_per_s_per_day": trouble.growth_per_day,
        "onset_earliest": _date(state, trouble.onset_low).isoformat(),
        "onset_latest": _date(state, trouble.onset_high).isoformat(),
        "alarm": _date(state, trouble.alarm).isoformat(),
        "steps": float(len(trouble.steps)),
    }
    for number, step in enumerate(trouble.steps, 1):
        details[f"step_{number}_onset"] = _date(state, step.onset).isoformat()
        details[f"step_{number}_alarm"] = _date(state, step.alarm).isoformat()
        details[f"step_{number}_l_per_s"] = step.size
        details[f"step_{number}_se_l_per_s"] = step.se
    return details


# --- sensors -----------------------------------------------------------------------------------------------------
def _sensor_problem(view: View, fault: Fault) -> Problem:
    """A failing sensor as a Problem on the Thing it measures."""
    thing = fault.datastream.thing
    level, unit = view.policy.level, fault.unit

    def estimate(value: float, spread: float = 0.0) -> Estimate:
        return Estimate(value=value, low=value - spread, high=value + spread, level=level, unit=unit)

    spread = half_width(level) * fault.se
    return Problem(
        id=record_id(view.city, "problem", "failing_sensor", thing),
        simulated=fault.datastream.simulated,
        domain="water",
        kind="failing_sensor",
        boundary=thing,
        indicator="sensor_fault",
        observed=estimate(fault.observed, spread),
        expected=estimate(fault.expected),
        gap=estimate(fault.observed - fault.expected, spread),
        onset=fault.since.date(),
        detected=view.now,
        cost_per_year=None,
        evidence=view.evidence((fault.datastream.id,), start=fault.since - timedelta(days=28), end=view.now),
        best_place=thing,
        notes=(fault.text,),
        details={"fault": fault.kind, "datastream": fault.datastream.id, "name": fault.datastream.name},
    )
