"""What a fire, or the loss of one pipe or pump, does on a day of highest demand: as the network is, and with the plan.

Always modelled, never measured. Where the city has its own figures they are used; what is assumed says so.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from cityloop.contracts import Prior, Simulator, View
from cityloop.domains.water.balance import boundaries, find_meters, hourly_balance, network_of
from cityloop.domains.water.indicators import on_days
from cityloop.domains.water.localtime import civil_days
from cityloop.domains.water.resilience.fire_flow import FireFlow, FireRule, available_flow, fire_flow
from cityloop.domains.water.resilience.n_minus_1 import Outage, PumpOutage, link_outages, pump_outages
from cityloop.domains.water.resilience.snapshot import Day, Grid, Snapshot, read_grid, run_day
from cityloop.domains.water.resilience.texts import said
from cityloop.errors import InputError
from cityloop.i18n import Pair
from cityloop.records import Change, Countermeasure, Project

__all__ = ["Case", "Resilience", "changes_of", "customers", "fire_rule", "max_day", "resilience"]

#: Days of observations read for the highest day, and the least of them; worst places whose available flow is sought.
LOOK_BACK_DAYS, LEAST_DAYS, SOUGHT = 365, 28, 10
PLANNED = ("proposed", "approved", "funded", "started")


@dataclass(frozen=True)
class Case:
    """The network in one form (`changes`): the moments asked, the fires, what the worst of them leave, the outages."""

    changes: tuple[Change, ...]
    day: Day
    fire_hour: int
    fires: FireFlow
    available: tuple[tuple[str, float], ...]
    """Junction id -> L/s at the limit, of the worst places."""
    outages: tuple[Outage, ...]
    pumps: tuple[PumpOutage, ...]
    below: int
    """Places below the service limit at the peak with nothing out."""
    negative: int
    cut_off: int
    """Junctions without any way to a source."""


@dataclass(frozen=True)
class Resilience:
    """As it is, and with the plan where there is one that changes the network."""

    grid: Grid
    rule: FireRule
    limit_m: float
    demand_l_per_s: float
    now: Case
    planned: Case | None
    measures: tuple[Countermeasure, ...]
    notes: tuple[Pair, ...]


def resilience(
    view: View, simulator: Simulator, priors: Mapping[str, Prior], *, rule: FireRule | None = None,
    highest_day_l_per_s: float | None = None, least_diameter_mm: float = 0.0, progress: Callable[[float], None] = lambda _: None,
) -> Resilience:  # fmt: skip
    """Both studies. Raises InputError without one network model, and where no rule says what a fire draws."""
    grid = read_grid(view)
    fire, limit = rule or fire_rule(view), _limit(view)
    demand, how = max_day(view, grid, priors)
    if highest_day_l_per_s is not None:
        demand, how = highest_day_l_per_s, said("max_day_given", flow=f"{highest_day_l_per_s:.1f}")
    standing = changes_of(view, ("done",))
    measures = _measures(view, PLANNED)
    planned = tuple(c for m in measures for c in _felt(m.changes))
    outages = [
        i for i in grid.of_kind("pipe") if float(grid.links[i].properties.get("diameter_mm", 0.0)) >= least_diameter_mm
    ]
    progress(0.0)
    now = _case(view, simulator, grid, standing, demand, fire, limit, outages)
    progress(0.5)
    with_ = _case(view, simulator, grid, (*standing, *planned), demand, fire, limit, outages) if planned else None
    notes = (how, *_notes(grid, fire, now, least_diameter_mm))
    return Resilience(grid, fire, limit, demand, now, with_, tuple(m for m in measures if _felt(m.changes)), notes)


def _case(
    view: View, simulator: Simulator, grid: Grid, changes: Sequence[Change], demand: float, rule: FireRule, limit: float,
    outages: Sequence[int],
) -> Case:  # fmt: skip
    day = run_day(view, simulator, grid, changes, day_l_per_s=demand)
    places = customers(grid)
    hour = day.lowest_storage_hour
    at_fire = day.at(simulator, hour, demand_l_per_s=demand)
    fires = fire_flow(simulator, at_fire, places, rule)
    worst = [places[i] for i in fires.worst[:SOUGHT] if not fires.met[i]]
    flows = available_flow(simulator, at_fire, worst, places, rule) if worst else np.zeros(0)
    peak = day.at(simulator, day.peak_hour)
    usual = peak.pressures(simulator, read=places)[0]
    return Case(
        tuple(changes), day, hour, fires,
        tuple((grid.junctions[i].id, float(q)) for i, q in zip(worst, flows, strict=True)),
        tuple(link_outages(simulator, peak, [i for i in outages if _open(peak, i)], places, limit_m=limit)),
        tuple(pump_outages(simulator, day, places, limit_m=limit)),
        int((~(usual >= limit)).sum()), int((usual < 0).sum()), int(peak.cut_off.sum()),
    )  # fmt: skip


def _open(moment: Snapshot, link: int) -> bool:
    return bool(moment.status[link] > 0.5)


def customers(grid: Grid) -> list[int]:
    """Places in grid.junctions where somebody draws water: the model knows no hydrants."""
    return [int(i) for i in np.flatnonzero(grid.base_l_per_s > 0)]


# --- what is assumed ---------------------------------------------------------------------------------------------
def fire_rule(view: View) -> FireRule:
    """Of the binding norm. Raises InputError where it does not say all three."""
    keys = ("fire_flow", "fire_duration", "fire_residual_pressure")
    rules = [view.norm(key) for key in keys]
    flow, hours, pressure = (r.limit if r is not None else None for r in rules)
    if flow is None or hours is None or pressure is None:
        raise InputError(
            "The binding norm states no fire flow.", where="norms", got=view.policy.binding_norm,
            cure="State it: --fire-flow L/S --duration HOURS --residual M.",
        )  # fmt: skip
    return FireRule(flow, hours, pressure, tuple(r for r in rules if r is not None))


def _limit(view: View) -> float:
    """Service pressure owed at all times, m."""
    rule = view.norm("service_pressure")
    if rule is None or rule.limit is None:
        raise InputError("The binding norm states no service pressure.", where="norms", got=view.policy.binding_norm)
    return rule.limit


def max_day(view: View, grid: Grid, priors: Mapping[str, Prior]) -> tuple[float, Pair]:
    """Mean demand of the highest day, L/s, and where it is from: the meters, else the model's demand times a factor."""
    usual = float(grid.base_l_per_s.sum())
    fed = [b for b in boundaries(view) if network_of(view, b) == grid.network.id]
    ids = {b.id for b in fed}
    meters = [find_meters(view, b) for b in fed if not any(r.kind == "part_of" and r.thing in ids for r in b.relations)]
    streams = [s for m in meters for s in m.datastreams]
    span = view.span(streams) if streams and not any(m.missing for m in meters) else None
    if span is not None:
        end = min(span[1], view.now).replace(minute=0, second=0, microsecond=0)
        start = max(span[0], end - timedelta(days=LOOK_BACK_DAYS)).replace(minute=0, second=0, microsecond=0)
        if end - start >= timedelta(days=LEAST_DAYS):
            found = [hourly_balance(view, m, start=start, end=end) for m in meters]
            labels = civil_days(found[0][0], view.timezone)
            days = np.unique(labels)
            daily = on_days(labels, np.sum([balance for _, balance in found], axis=0), days)
            if np.isfinite(daily).sum() >= LEAST_DAYS:
                best = int(np.nanargmax(daily))
                day = str(days[best].astype("datetime64[D]"))
                count = int(np.isfinite(daily).sum())
                return float(daily[best]), said("max_day_seen", flow=f"{daily[best]:.1f}", day=day, days=count)
    factor = priors["max_day_factor"]
    flow = usual * factor.value
    return flow, said("max_day_assumed", flow=f"{flow:.1f}", usual=f"{usual:.1f}", factor=f"{factor.value:g}")


def _notes(grid: Grid, rule: FireRule, case: Case, least_diameter_mm: float) -> list[Pair]:
    day = case.day
    need = rule.flow_l_per_s * 3.6 * rule.hours
    names = ", ".join(t.name for t, live in zip(day.tanks, day.live, strict=True) if live)
    notes = [said("steady"), said("no_hydrants", n=len(case.fires.places)), said("no_valves")]
    if names:
        stored = float(day.stored_m3[case.fire_hour])
        key = "stored_enough" if stored >= need else "stored_short"
        notes.append(said(key, tanks=names, stored=f"{stored:,.0f}", need=f"{need:,.0f}", hour=case.fire_hour))
    else:
        notes.append(said("no_tank"))
    if not np.isfinite(case.fires.without_m).any():
        notes.append(said("no_sense"))
    if case.cut_off:
        notes.append(said("cut_off", n=case.cut_off))
    if case.below:
        notes.append(said("below_before", n=case.below, negative=case.negative))
    if least_diameter_mm > 0:
        notes.append(said("least_diameter", mm=f"{least_diameter_mm:g}", n=len(case.outages)))
    return notes


# --- the plan ----------------------------------------------------------------------------------------------------
def changes_of(view: View, states: Sequence[str]) -> tuple[Change, ...]:
    """What the works in these states set in the network, in order."""
    return tuple(c for m in _measures(view, states) for c in _felt(m.changes))


def _measures(view: View, states: Sequence[str]) -> tuple[Countermeasure, ...]:
    known = {m.id: m for m in view.records(Countermeasure)}
    found = sorted((p for p in view.records(Project) if p.state in states), key=lambda p: (p.states[-1].on, p.id))
    return tuple(known[p.countermeasure] for p in found if p.countermeasure in known)


def _felt(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Changes that a fire or an outage would feel; a repaired leak is none that the model has."""
    return tuple(c for c in changes if c.property != "leak_coefficient")
