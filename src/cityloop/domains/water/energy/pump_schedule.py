"""Pumps at the cheap hours: the schedule is planned by volumes, then run in the model on the observed demand, with and without.

A pump that follows the level of a tank keeps doing so, at other levels by the hour: in the cheap hours it fills the tank, in the
others it only keeps the lower level, so that a day unlike the others empties nothing. A pump without such a control runs at fixed
hours. What breaks a limit, empties a tank or leaves less water in the tanks than before is not offered.
"""

import logging
from collections.abc import Mapping, Sequence

import numpy as np

from cityloop.contracts import Prior, Simulator, View
from cityloop.domains.water.energy.pump_energy import PUMP_KIND, typical_day
from cityloop.domains.water.energy.pump_hours import Option, find_options, levels_of, spoken
from cityloop.domains.water.energy.pump_runs import TRIAL_DAYS, Case, Run, open_case, read_run, refusal, starts_per_day
from cityloop.domains.water.localtime import local_hours
from cityloop.domains.water.pricing import Price, cost_row, price_of, realisation_of
from cityloop.domains.water.texts import TITLES
from cityloop.errors import EngineError
from cityloop.evidence.normal import half_width
from cityloop.i18n import LANGUAGES
from cityloop.records import (
    CostRow,
    Countermeasure,
    Effect,
    Estimate,
    Money,
    Problem,
    Realisation,
    record_id,
)

__all__ = ["pump_schedules"]

LOG = logging.getLogger(__name__)

#: A pump may start at most so often a day in the model; a saving below this share of the cost is not offered.
MOST_STARTS, LEAST_SAVING = 8.0, 0.01
DRAWS, SEED = 4000, 20_260_103
#: A change of the highest hour below this is none, kW.
LEAST_KW = 0.5


def pump_schedules(
    view: View, simulator: Simulator | None, problem: Problem, rates: Mapping[str, Realisation],
    priors: Mapping[str, Prior],
) -> list[Countermeasure]:  # fmt: skip
    """The schedule that the model confirms as the cheapest; none without a model, a price, or a saving."""
    price = price_of(view.policy, priors, "pump_control_each")
    if problem.kind != PUMP_KIND or simulator is None or price is None:
        return []
    case = open_case(view, simulator, problem, priors)
    if case is None:
        return []
    try:
        return _confirmed(case, price, rates, priors)
    except EngineError as fault:
        LOG.warning("no pump schedule for %s: %s", case.boundary.name, fault)
        return []


def _confirmed(
    case: Case, price: Price, rates: Mapping[str, Realisation], priors: Mapping[str, Prior]
) -> list[Countermeasure]:
    """The cheapest option that nothing speaks against, over a week and then over all hours read."""
    whole = len(case.demand_l_per_s)
    trial = min(TRIAL_DAYS * 24, whole)
    options = find_options(case)
    variants = [(), *(o.changes for o in options)]
    before, *tried = (read_run(case, r, whole - trial) for r in case.run_all(variants, whole - trial, trial))
    sound = [i for i in range(len(options)) if not refusal(case, before, tried[i])]
    for i in sorted(sound, key=lambda i: tried[i].cost_per_m3):
        without, with_ = (read_run(case, r, 0) for r in case.run_all([(), options[i].changes], 0, whole))
        starts = starts_per_day(case, options[i].changes)
        saving = 1 - with_.cost_per_m3 / max(without.cost_per_m3, 1e-9)
        if not refusal(case, without, with_) and starts <= MOST_STARTS and saving >= LEAST_SAVING:
            return [_measure(case, options, options[i], without, with_, starts, price, rates, priors)]
    return []


# --- the record --------------------------------------------------------------------------------------------------
def _saving(case: Case, without: Run, with_: Run, rate: Realisation, *, priced: bool) -> tuple[float, float, float]:
    """Share of the cost (or energy) per m3 saved: value, low, high at the policy's level, by resampling days and the rate."""
    spent = [run.cost if priced else run.kwh for run in (without, with_)]
    days, _ = local_hours(case.operation.times, case.view.timezone)
    _, position = np.unique(days, return_inverse=True)
    sums = [np.bincount(position, x) for x in (spent[0], without.water_m3, spent[1], with_.water_m3)]
    rng = np.random.default_rng(SEED)
    drawn = rng.integers(0, len(sums[0]), (DRAWS, len(sums[0])))
    a, b, c, d = (x[drawn].sum(axis=1) for x in sums)
    rate_sd = (rate.estimate.high - rate.estimate.low) / (2 * half_width(rate.estimate.level))
    factor = np.maximum(rng.normal(rate.estimate.value, rate_sd, DRAWS), 0.0)
    shares = (1 - (c / d) / (a / b)) * factor
    value = float((1 - (sums[2].sum() / sums[3].sum()) / (sums[0].sum() / sums[1].sum())) * rate.estimate.value)
    level = case.view.policy.level
    low, high = (float(q) for q in np.quantile(shares, [0.5 - level / 2, 0.5 + level / 2]))
    return value, min(low, value), max(high, value)


def _measure(
    case: Case, options: Sequence[Option], chosen: Option, without: Run, with_: Run, starts: float, price: Price, rates: Mapping[str, Realisation], priors: Mapping[str, Prior],
) -> Countermeasure:  # fmt: skip
    view, problem, operation = case.view, case.problem, case.operation
    rate, level = realisation_of("pump_schedule", rates, priors), view.policy.level
    shares = _saving(case, without, with_, rate, priced=True)
    money = Estimate(
        value=shares[0] * problem.observed.value, low=shares[1] * problem.observed.low,
        high=shares[2] * problem.observed.high, level=level, unit=problem.observed.unit,
    )  # fmt: skip
    energy = Estimate(
        **dict(zip(("value", "low", "high"), _energy(case, without, with_, rate), strict=True)),
        level=level,
        unit="kWh/m3",
    )
    plan = chosen.plan or next(o.plan for o in options if o.plan is not None)
    moved = [(p, h) for p, h in zip(operation.pumps, chosen.hours, strict=True) if not h.all()]
    said = {lang: spoken(moved[0][1], lang) for lang in LANGUAGES}
    by_level = levels_of(case, moved[0][0]) is not None
    title = TITLES["pump_schedule" if by_level else "pump_schedule_fixed"]
    names = ", ".join(p.name for p, _ in moved)
    return Countermeasure(
        id=record_id(view.city, "countermeasure", "pump_schedule", "", case.boundary.id),
        simulated=problem.simulated,
        domain="water",
        kind="pump_schedule",
        title_en=title.in_("en", pump=names, hours=said["en"]),
        title_zh=title.in_("zh", pump=names, hours=said["zh"]),
        boundary=case.boundary.id,
        targets=tuple(p.id for p, _ in moved),
        changes=chosen.changes,
        answers=(problem.id,),
        effects=tuple(
            Effect(indicator=name, thing=case.boundary.id, estimate=effect, period="while it stands")
            for name, effect in (("energy_cost_per_m3", money), ("energy_per_m3", energy))
            if effect.value > 0
        ),
        costs=(
            *_costs(case, money, len(moved), price, priors),
            *_more_energy(case, energy, priors),
            *_demand_charge(case, without, with_, priors),
        ),
        realisation=rate,
        one_of=f"pump_schedule:{case.boundary.id}",
        uses={"crew_days": priors["pump_control_days"].value * len(moved)},
        details={
            "compared_with": "running as observed",
            "variant": "levels by the hour" if by_level else "fixed hours",
            "open_hours": said["en"],
            "hours_from": "program" if chosen.plan else "price level",
            "planned_cost_per_day": plan.cost,
            "planned_bound_per_day": plan.bound,
            "planned_gap": plan.gap,
            "planned_stopped_by": plan.stopped_by,
            "observed_cost_per_day": typical_day(view, operation).cost(typical_day(view, operation).used),
            "schedules_run": float(len(options)),
            "modelled_cost_per_m3_without": without.cost_per_m3,
            "modelled_cost_per_m3_with": with_.cost_per_m3,
            "observed_cost_per_m3": problem.observed.value,
            "modelled_kwh_per_m3_without": without.kwh_per_m3,
            "modelled_kwh_per_m3_with": with_.kwh_per_m3,
            "modelled_days": float(round(len(without.cost) / 24)),
            "starts_per_day_with": starts,
            "highest_kw_without": float(without.kwh.max()),
            "highest_kw_with": float(with_.kwh.max()),
            **_lowest(case, without, with_),
        },
    )  # fmt: skip


def _energy(case: Case, without: Run, with_: Run, rate: Realisation) -> tuple[float, float, float]:
    """kWh per m3 saved, of what was observed: negative where filling at other hours needs more."""
    observed = float(case.problem.details["energy_kwh_per_m3"])
    value, low, high = (observed * x for x in _saving(case, without, with_, rate, priced=False))
    return value, low, high


def _lowest(case: Case, without: Run, with_: Run) -> dict[str, float | str]:
    """Lowest level of every tank, m, its limit, and the places below a limit of the model."""
    found: dict[str, float | str] = {}
    for i, tank in enumerate(case.operation.tanks):
        found |= {
            f"lowest_level_m_without_{tank.thing.name}": float(without.level_m[:, i].min()),
            f"lowest_level_m_with_{tank.thing.name}": float(with_.level_m[:, i].min()),
            f"limit_level_m_{tank.thing.name}": tank.low_m,
        }
    if case.places:
        found |= {
            f"lowest_pressure_m_{name}": float(run.lowest_m.min())
            for name, run in (("without", without), ("with", with_))
        }
    return found | {"limits_broken_without": float(len(without.broken)), "limits_broken_with": float(len(with_.broken))}


def _costs(case: Case, money: Estimate, pumps: int, price: Price, priors: Mapping[str, Prior]) -> tuple[CostRow, ...]:
    """The change of control once; the saved money every year while the schedule stands."""
    view, years = case.view, priors["pump_schedule_years"]
    count = Estimate(value=float(pumps), low=float(pumps), high=float(pumps), level=money.level, unit="pump")
    m3 = float(case.problem.details["m3_per_year"])
    bill = case.problem.observed.value
    low, value, high = (100 * x / bill for x in (money.low, money.value, money.high))
    saved = Estimate(value=value, low=low, high=high, level=money.level, unit="% of the pump energy bill")
    amount = Money(amount=bill * m3 / 100, currency=view.policy.currency, price_year=view.policy.price_year)
    unit = Price(amount, "", _worst_status(view))
    sources = "; ".join(dict.fromkeys(b.source for b in view.policy.tariff))
    text = (
        f"model run with and without on the observed demand, as a share of the observed cost; tariff: {sources}; "
        f"{years.value:g} years: {years.source} | "
        f"以实测用水量作有无对比模拟，按占实测电费的比例计；电价：{sources}；按 {years.value:g} 年计（假设）"
    )
    return (
        cost_row("pump control", "cost", count, price, tags=("pump",)),
        cost_row(
            "cheaper pumping", "benefit", saved, unit, tags=("energy",), source=text, life=round(years.value),
            recurrence=1,
        ),
    )  # fmt: skip


def _more_energy(case: Case, energy: Estimate, priors: Mapping[str, Prior]) -> tuple[CostRow, ...]:
    """What filling at other hours needs besides; shown only, for its price is in what is saved."""
    if energy.value >= 0:
        return ()
    m3, years = float(case.problem.details["m3_per_year"]), priors["pump_schedule_years"]
    more = Estimate(
        value=-energy.value * m3, low=-energy.high * m3, high=-energy.low * m3, level=energy.level, unit="kWh/year"
    )
    text = (
        "model run with and without on the observed demand; its price is part of what is saved | "
        "以实测用水量作有无对比模拟；其电费已计入节约额"
    )
    life = round(years.value)
    row = cost_row(
        "additional energy", "non_monetary", more, None, tags=("energy",), source=text, life=life, recurrence=1
    )
    return (row,)


def _demand_charge(case: Case, without: Run, with_: Run, priors: Mapping[str, Prior]) -> tuple[CostRow, ...]:
    """What the highest hour of the pumps costs more or less in a year; only where the policy prices a kilowatt and month."""
    price, level = price_of(case.view.policy, priors, "demand_per_kw_month"), case.view.policy.level
    more = float(with_.kwh.max() - without.kwh.max())
    if price is None or abs(more) < LEAST_KW:
        return ()
    months = Estimate(value=12 * abs(more), low=12 * abs(more), high=12 * abs(more), level=level, unit="kW month/year")
    text = f"{price.source}; highest hour of the model run on the observed demand | {price.source}；取实测用水量下模拟的最高一小时功率"
    kind, life = "cost" if more > 0 else "benefit", round(priors["pump_schedule_years"].value)
    row = cost_row("demand charge", kind, months, price, tags=("energy",), source=text, life=life, recurrence=1)
    return (row,)


def _worst_status(view: View) -> str:
    """Of the tariff's prices: the least certain."""
    statuses = {band.status for band in view.policy.tariff}
    return next((s for s in ("assumed", "unconfirmed", "given") if s in statuses), "confirmed")
