"""Supply against demand as one plain statement of numbers: what the report, the command and loop.json show."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np

from cityloop.contracts import Floats, Prior, View
from cityloop.domains.water.supply.balance import HORIZONS, Relief
from cityloop.domains.water.supply.case import ShortageCase
from cityloop.domains.water.supply.drought import Stage, Trigger, month_ends, rule_curve
from cityloop.domains.water.supply.feedback import studies_of
from cityloop.domains.water.supply.measures import lacking_inputs, saved_m3_per_day
from cityloop.domains.water.supply.problems import Outlook, supply_outlook
from cityloop.domains.water.supply.sources import Supply, SupplySystem, number_of
from cityloop.records import Countermeasure, Goal, Plan, Problem, Project, Realisation, record_id

__all__ = ["supply_statement"]

#: Days between two points of the fan of storage.
FAN_STEP = 7
#: Details of a countermeasure by which an offer says that it no longer stands.
WITHDRAWN = "withdrawn"
DONE = ("done", "cancelled")
OPEN = ("open", "acknowledged", "in_works")
#: Programmes against leakage that are judged only where the city states their price.
PROGRAMMES = {
    "district_meter": "district_meter_each", "faster_repair": "standby_crew_per_year", "repair_check": "repair_check_each",
}  # fmt: skip


def supply_statement(
    view: View, priors: Mapping[str, Prior], rates: Mapping[str, Realisation] | None = None
) -> dict[str, Any] | None:
    """Everything about supply and demand at `view.now`, by names that carry the unit; None without a [[supply]]."""
    outlook = supply_outlook(view, priors)
    if outlook is None:
        return None
    binding = next((s for s in outlook.stages.values() if s), ())
    triggers = rule_curve(outlook.system, outlook.demand, priors, binding, today=outlook.system.start)
    ends = month_ends(outlook.draws, outlook.course, triggers, outlook.system, binding)
    problem = next((p for p in view.records(Problem) if p.kind == "supply_shortage" and p.status != "closed"), None)
    system = outlook.system
    return {
        "id": record_id(view.city, "supply", "balance"),
        "simulated": system.simulated,
        "start": system.start.isoformat(),
        "assessment": {
            name: dict(zip(("value", "source", "status"), getattr(outlook.assessment, name), strict=True))
            for name in ("days", "dry_year_share", "lead_days")
        },
        "sources": [_source(s, "existing") for s in system.supplies] + [_source(s, "possible") for s in system.possible],
        "unread": list(system.unread),
        "unmetered": list(system.unmetered),
        "demand": {
            "level_m3_per_day": outlook.demand.level_m3_per_day, "sd": outlook.demand.sd, "days": outlook.demand.days,
            "seasonal": outlook.demand.seasonal, "sd_month": outlook.demand.sd_month,
        },
        "horizons": [_horizon(outlook, days) for days in HORIZONS],
        "gap": msgspec.to_builtins(outlook.gap),
        "dry_percent": outlook.dry_percent,
        "inflow_years": outlook.draws.years if system.stored and np.isfinite(outlook.draws.years) else None,
        "worlds": [_world(outlook, world) for world in outlook.stages],
        "stages": [_stage(s) for s in binding],
        "triggers": [_trigger(t) for t in triggers],
        "month_ends": [{"day": e.day.isoformat(), "chance": list(e.chance)} for e in ends],
        "storage": _storage(system, outlook),
        **_measures(view, outlook, problem, priors, rates or {}),
        "studies": [
            {"share": p.value, "low": p.low, "high": p.high, "source": p.source, "status": p.status} for p in studies_of(priors)
        ],
    }  # fmt: skip


def _source(supply: Supply, state: str) -> dict[str, Any]:
    thing, stored = supply.thing, supply.storage_m3
    usable = max(stored - supply.dead_m3, 0.0) if stored is not None else None
    return {
        "name": thing.name, "name_en": supply.name.en, "name_zh": supply.name.zh, "kind": supply.kind, "state": state,
        "capacity_m3_per_day": number_of(thing, "capacity_m3_per_day"),
        "capacity_status": str(thing.properties.get("capacity_m3_per_day_status", "")),
        "storage_m3": stored, "storage_day": supply.storage_day.isoformat() if supply.storage_day else "",
        "usable_share": usable / supply.usable_m3 if usable is not None and supply.usable_m3 > 0 else None,
        "full_m3": supply.full_m3 or None, "dead_m3": supply.dead_m3 if supply.full_m3 else None,
        "inflow_days": supply.inflow.known if supply.inflow is not None else 0, "inflow_how": supply.inflow_how,
        "quality": str(thing.properties.get("quality", "")),
        "quality_status": str(thing.properties.get("quality_status", "")),
        "use_m3_per_day": number_of(thing, "use_m3_per_day"),
    }  # fmt: skip


def _horizon(outlook: Outlook, days: int) -> dict[str, Any]:
    wanted, given = outlook.draws.demand[:, :days].mean(), outlook.course.given[:, :days].mean()
    return {
        "days": days, "demand_m3_per_day": float(wanted), "given_m3_per_day": float(given),
        "short_percent": msgspec.to_builtins(outlook.shares[days]),
    }  # fmt: skip


def _stage(stage: Stage) -> dict[str, Any]:
    return {
        "number": stage.number, "title_en": stage.title.en, "title_zh": stage.title.zh, "above_percent": stage.above_percent,
        "source": stage.source, "status": stage.status,
    }  # fmt: skip


def _world(outlook: Outlook, world: str) -> dict[str, Any]:
    """Today's stage by one norm; number None where the norm has no stages, 0 where none is reached."""
    held = outlook.stage(world)
    none = {"number": 0 if outlook.stages[world] else None, "title_en": "", "title_zh": "", "above_percent": None}
    return {"world": world, **(_stage(held) if held else {**none, "source": "", "status": ""})}


def _trigger(trigger: Trigger) -> dict[str, Any]:
    """Storage by month, m3 of usable storage; None where the stage is not reached at all, "full" where even full is not enough."""
    by_month = [None if np.isnan(v) else ("full" if np.isinf(v) else float(v)) for v in trigger.storage_m3]
    return {"number": trigger.stage.number, "storage_m3": by_month}


def _storage(system: SupplySystem, outlook: Outlook) -> dict[str, Any] | None:
    """The last year of usable storage and the fan of the next, every FAN_STEP days; None without a storage."""
    if not system.stored:
        return None
    past: dict[str, float] = {}
    for supply in system.stored:
        assert supply.storage is not None
        days, values = supply.storage.days[-365:], supply.storage.values[-365:]
        for day, value in zip(days[::-FAN_STEP], values[::-FAN_STEP], strict=True):
            if np.isfinite(value):
                past[str(day)] = past.get(str(day), 0.0) + max(float(value) - supply.dead_m3, 0.0)
    at = np.arange(FAN_STEP - 1, outlook.course.stored.shape[1], FAN_STEP)
    low, middle, high = np.quantile(outlook.course.stored[:, at], [0.05, 0.5, 0.95], axis=0)
    start = np.datetime64(system.start)
    return {
        "usable_m3": sum(s.usable_m3 for s in system.stored),
        "past": dict(sorted(past.items())),
        "ahead": [
            {"day": str(start + int(i)), "low": float(a), "middle": float(b), "high": float(c)}
            for i, a, b, c in zip(at, low, middle, high, strict=True)
        ],
    }  # fmt: skip


# --- what shortens the gap ---------------------------------------------------------------------------------------
def _measures(
    view: View, outlook: Outlook, problem: Problem | None, priors: Mapping[str, Prior], rates: Mapping[str, Realisation]
) -> dict[str, Any]:
    """Every offer that saves or adds water, alone, and all that a plan has chosen together: the balance is run again."""
    if problem is None:
        return {"measures": [], "joint": None, "lacking": []}
    case = ShortageCase(view, problem, outlook, rates, priors)
    chosen, ended = _chosen(view)
    served = {b.id for b in outlook.system.served}
    supplies = {s.thing.id: s for s in outlook.system.possible}
    rows, together, added, alone_sum = [], np.zeros(outlook.draws.demand.shape[1]), [], 0.0
    for measure in _offers(view, ended):
        less, supply = _less(measure, served), _added(case, measure, supplies)
        by_day = _by_day(measure, less, len(together))
        alone = case.answer(Relief(added=(supply,) if supply else (), by_day=by_day))
        if measure.id in chosen:
            together, alone_sum = together + by_day, alone_sum + alone.less_gap.value
            added += [supply] if supply else []
        rows.append(
            {
                "countermeasure": measure.id, "kind": measure.kind, "title_en": measure.title_en,
                "title_zh": measure.title_zh, "chosen": measure.id in chosen, "less_demand_m3_per_day": less,
                "adds_m3_per_day": supply.capacity_m3_per_day if supply else None,
                "gap_less": msgspec.to_builtins(alone.less_gap), "dry_percent": alone.dry_percent,
            }
        )  # fmt: skip
    joint = None
    if any(r["chosen"] for r in rows):
        answer = case.answer(Relief(added=tuple(added), by_day=together))
        joint = {
            "sum_m3_per_day": alone_sum, "together": msgspec.to_builtins(answer.less_gap), "dry_percent": answer.dry_percent,
            "overlap_m3_per_day": max(alone_sum - answer.less_gap.value, 0.0),
            "gap_left_m3_per_day": max(outlook.gap.value - answer.less_gap.value, 0.0), "less_demand_m3_per_day": float(together[-1]),
        }  # fmt: skip
    lacking = [
        {"kind": kind, "of": name, "what": list(what)}
        for (kind, name), what in lacking_inputs(view, problem, rates, priors).items()
    ]
    lacking += [
        {"kind": kind, "of": "", "what": [price]}
        for kind, price in PROGRAMMES.items() if price not in view.policy.prices
    ]  # fmt: skip
    return {"measures": rows, "joint": joint, "lacking": lacking}


def _offers(view: View, ended: set[str]) -> list[Countermeasure]:
    """Measures that save or add water and still stand: not withdrawn, not carried out, on a problem that is not closed."""
    standing = {p.id for p in view.records(Problem) if p.status in OPEN}
    standing |= {g.id for g in view.records(Goal) if g.problem in standing}
    return [
        m
        for m in sorted(view.records(Countermeasure), key=lambda m: m.id)
        if WITHDRAWN not in m.details
        and m.id not in ended
        and "gap_less_m3_per_day" in m.details
        and any(a in standing for a in m.answers)
    ]


def _chosen(view: View) -> tuple[set[str], set[str]]:
    """Countermeasures that a standing plan has chosen, and those whose works have ended."""
    lines = {ln.countermeasure for p in view.records(Plan) if p.status != "superseded" for ln in p.lines}
    ended = {p.countermeasure for p in view.records(Project) if p.state in DONE}
    return lines - ended, ended


def _less(measure: Countermeasure, served: set[str]) -> float:
    stated = measure.details.get("less_demand_m3_per_day")
    return float(stated) if isinstance(stated, int | float) else saved_m3_per_day(measure, served)


def _by_day(measure: Countermeasure, less: float, days: int) -> Floats:
    """What a measure saves on each day ahead: nothing before its lead time is over."""
    lead = measure.details.get("lead_days", 0.0)
    return np.where(np.arange(days) >= (float(lead) if isinstance(lead, int | float) else 0.0), less, 0.0)


def _added(case: ShortageCase, measure: Countermeasure, supplies: Mapping[str, Supply]) -> Supply | None:
    """The supply that a measure adds, from the day it is there."""
    if measure.kind != "buy_water":
        return None
    supply = next((supplies[t] for t in measure.targets if t in supplies), None)
    if supply is None:
        return None
    lead = int(number_of(supply.thing, "lead_days") or 0)
    capacity = supply.capacity_m3_per_day * min(case.rate(measure.kind).estimate.value, 1.0)
    return replace(supply, capacity_m3_per_day=capacity, from_day=lead)
