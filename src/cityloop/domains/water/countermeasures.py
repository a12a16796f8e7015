"""What can be done: search the ranked area and repair, replace a failing sensor. Each price has its source."""

from collections.abc import Mapping, Sequence

import numpy as np

from cityloop.contracts import Floats, Prior, Simulator, View
from cityloop.domains.water.balance import name_of
from cityloop.domains.water.energy.pump_energy import PUMP_KIND
from cityloop.domains.water.energy.pump_schedule import pump_schedules
from cityloop.domains.water.in_place import without_those_in_place
from cityloop.domains.water.leaks.contradicting import CONTRADICTING
from cityloop.domains.water.leaks.leakmodel import LeakRun, run_leak
from cityloop.domains.water.meters.boundary_problems import BOUNDARY_KINDS, check_valves
from cityloop.domains.water.meters.visits import visit_logger
from cityloop.domains.water.pipes.district_meters import district_meter
from cityloop.domains.water.pipes.renewal_packages import renew_pipes
from cityloop.domains.water.pipes.repair_speed import repair_measures
from cityloop.domains.water.pressure.management import pressure_measures
from cityloop.domains.water.pressure.problems import PRESSURE_KINDS
from cityloop.domains.water.pricing import (
    M3_PER_YEAR_PER_L_PER_S,
    Price,
    cost_row,
    price_of,
    realisation_of,
)
from cityloop.domains.water.problems import LEAKAGE_KINDS
from cityloop.domains.water.resilience.fire_check import with_fire_check
from cityloop.domains.water.supply.measures import shortage_measures
from cityloop.domains.water.texts import TITLES
from cityloop.economics import ENDS_ANYWAY
from cityloop.evidence.normal import half_width
from cityloop.records import (
    Change,
    CostRow,
    Countermeasure,
    Effect,
    Estimate,
    Money,
    Problem,
    RankedThing,
    Realisation,
    Thing,
    record_id,
)

__all__ = ["KINDS", "SHARES", "expected_km", "propose", "search_until"]

KINDS = ("survey_and_repair", "replace_sensor", "pressure_management", "raise_pressure")
#: Variants: search the ranked area until this share of the probability is covered.
SHARES = (0.50, 0.80, 0.95)
#: Draws of the claim's interval; seeded by a constant, so that the same turn gives the same claim.
DRAWS, SEED = 4000, 20_260_101
OPEN = ("open", "acknowledged", "in_works")


def propose(
    view: View, simulator: Simulator | None, problems: Sequence[Problem], rates: Mapping[str, Realisation],
    priors: Mapping[str, Prior],
) -> list[Countermeasure]:  # fmt: skip
    """Countermeasures for all open water problems."""
    found: list[Countermeasure] = []
    for problem in problems:
        if problem.domain != "water" or problem.status not in OPEN:
            continue
        if problem.kind in LEAKAGE_KINDS:
            found += _surveys(view, simulator, problem, rates, priors)
        elif problem.kind == "failing_sensor":
            fault = str(problem.details.get("fault", ""))
            found += visit_logger(view, problem, rates, priors, purpose="replace_sensor", fault=fault)
        elif problem.kind == CONTRADICTING:
            found += visit_logger(view, problem, rates, priors, purpose="check_logger", fault=CONTRADICTING)
        elif problem.kind in BOUNDARY_KINDS:
            found += check_valves(view, problem, rates, priors)
        elif problem.kind in PRESSURE_KINDS:
            measures = pressure_measures(view, simulator, problem, rates, priors)
            found += with_fire_check(view, simulator, measures, priors)
        elif problem.kind == PUMP_KIND:
            found += with_fire_check(view, simulator, pump_schedules(view, simulator, problem, rates, priors), priors)
        elif problem.kind == "late_detection":
            found += district_meter(view, simulator, problem, rates, priors)
        elif problem.kind == "slow_repair":
            found += repair_measures(view, problem, rates, priors)
    worn = [p for p in problems if p.domain == "water" and p.status in OPEN]
    found += renew_pipes(view, worn, rates, priors)
    shortage = next((p for p in worn if p.kind == "supply_shortage"), None)
    if shortage is not None:
        found = shortage_measures(view, shortage, found, rates, priors)
    return without_those_in_place(view, found)


# --- survey and repair -------------------------------------------------------------------------------------------
def search_until(area: Sequence[RankedThing], share: float) -> tuple[RankedThing, ...]:
    """The first rows of a ranked area that together reach `share`, or all of it."""
    total = 0.0
    for i, row in enumerate(area):
        total += row.probability
        if total >= share:
            return tuple(area[: i + 1])
    return tuple(area)


def expected_km(area: Sequence[RankedThing], *, leaks: int = 1) -> tuple[float, float, float]:
    """Kilometres surveyed in ranked order until found: mean, 5 % and 95 % point; all of it if it is not there.

    With more than one leak the whole area is searched, since the last one ends the search.
    """
    length = np.array([row.length_m for row in area]) / 1000
    chance = np.array([row.probability for row in area])
    whole = float(length.sum())
    if leaks > 1 or not len(area):
        return whole, whole, whole
    until = np.cumsum(length) - length / 2
    missed = max(1.0 - float(chance.sum()), 0.0)
    cumulated = np.cumsum(chance)
    low = float(until[int(np.searchsorted(cumulated, 0.05))]) if cumulated[-1] >= 0.05 else whole
    high = whole if missed >= 0.05 else float(until[min(int(np.searchsorted(cumulated, 0.95)), len(until) - 1)])
    return float(chance @ until) + missed * whole, low, high


def _surveys(
    view: View, simulator: Simulator | None, problem: Problem, rates: Mapping[str, Realisation],
    priors: Mapping[str, Prior],
) -> list[Countermeasure]:  # fmt: skip
    """One variant per share of the ranked area; the whole boundary where only its length of mains is known."""
    per_km, repair = price_of(view.policy, priors, "survey_per_km"), price_of(view.policy, priors, "repair_each")
    if per_km is None or repair is None or problem.gap.value <= 0:
        return []
    leaks = max(1, sum(1 for k in problem.details if k.startswith("leak_") and k.endswith("_best_place")))
    rate = realisation_of("survey_and_repair", rates, priors)
    if problem.area:
        modelled = run_leak(view, simulator, problem) if simulator is not None and problem.best_place else None
        variants = [(f"{int(share * 100)}", search_until(problem.area, share)) for share in SHARES]
        places = (problem.best_place,)
    else:
        mains_km = view.get(Thing, problem.boundary).properties.get("mains_km")
        if not isinstance(mains_km, int | float) or mains_km <= 0:
            return []
        modelled = None
        whole = RankedThing(
            thing=problem.boundary, name=view.get(Thing, problem.boundary).name, rank=1, probability=1.0,
            length_m=float(mains_km) * 1000,
        )  # fmt: skip
        variants, places = [("whole", (whole,))], (problem.boundary,)
    return [
        _survey(view, problem, name, area, places, leaks, rate, (per_km, repair), modelled, priors)
        for name, area in variants
    ]


def _survey(
    view: View, problem: Problem, variant: str, area: tuple[RankedThing, ...], places: tuple[str, ...], leaks: int,
    rate: Realisation, prices: tuple[Price, Price], modelled: LeakRun | None, priors: Mapping[str, Prior],
) -> Countermeasure:  # fmt: skip
    found = min(sum(row.probability for row in area), 1.0) * priors["detection_by_walking"].value
    km, km_low, km_high = expected_km(area, leaks=leaks)
    whole_km = sum(row.length_m for row in area) / 1000
    speed = view.policy.crew_km_per_day if view.policy.crew_km_per_day > 0 else priors["survey_km_per_day"].value
    days = km / speed + found * leaks * priors["repair_days"].value
    effect = _claim(problem, found, leaks, rate, view.policy.level)
    day_factor = modelled.mean_over_night if modelled else 1.0
    title = TITLES["survey_and_repair_whole" if variant == "whole" else "survey_and_repair"]
    values, area_name = {"share": variant, "km": f"{whole_km:.1f}"}, name_of(view.get(Thing, problem.boundary))
    level = view.policy.level
    details: dict[str, float | str] = {
        "variant": variant,
        "probability_found": found,
        "km_whole": whole_km,
        "km_expected": km,
        "crew_days": days,
        "flow_factor_mean_over_night": day_factor,
        "compared_with": "doing nothing",
    }
    if modelled:
        details |= modelled.details()
    details |= _search_on(view, day_factor, prices[0], priors)
    return Countermeasure(
        id=record_id(view.city, "countermeasure", "survey_and_repair", variant, problem.boundary),
        simulated=problem.simulated,
        domain="water",
        kind="survey_and_repair",
        title_en=title.in_("en", **values, name=area_name.en),
        title_zh=title.in_("zh", **values, name=area_name.zh),
        boundary=problem.boundary,
        targets=places,
        changes=tuple(Change(thing=p, property="leak_coefficient", value=0.0) for p in places if problem.area),
        answers=(problem.id,),
        effects=(
            Effect(
                indicator="night_flow",
                thing=problem.boundary,
                estimate=effect,
                period="from the repair on",
                grade="modelled" if modelled else ("published" if rate.status == "confirmed" else "assumed"),
            ),
        ),
        costs=tuple(
            _costs(
                view, problem, effect, day_factor, found * leaks, prices, modelled, priors,
                Estimate(value=km, low=km_low, high=km_high, level=level, unit="km"),
            )
        ),
        realisation=rate,
        one_of=f"survey:{problem.boundary}",
        uses={"crew_days": days},
        area=area if problem.area else (),
        details=details,
    )  # fmt: skip


def _search_on(view: View, day_factor: float, per_km: Price, priors: Mapping[str, Prior]) -> dict[str, float | str]:
    """`search_on_l_per_s_per_km`: the search goes on while the flow still missing exceeds it for each kilometre that is left:
    less than that is worth less than the rest of the walk. Absent without a price of water.
    """
    water = view.policy.prices.get("water_per_m3")
    if water is None or water[0] <= 0 or per_km.money.currency != view.policy.currency:
        return {}
    worth = water[0] * M3_PER_YEAR_PER_L_PER_S * day_factor * priors["run_time_without_search"].value
    return {"search_on_l_per_s_per_km": per_km.money.amount / (worth * priors["detection_by_walking"].value)}


def _claim(problem: Problem, found: float, leaks: int, rate: Realisation, level: float) -> Estimate:
    """Expected fall of the night flow: chance of finding * flow * realisation rate; interval by drawing all three."""
    rng = np.random.default_rng(SEED)
    flow = problem.gap
    flow_sd = (flow.high - flow.low) / (2 * half_width(flow.level))
    rate_sd = (rate.estimate.high - rate.estimate.low) / (2 * half_width(rate.estimate.level))
    share_found: Floats = rng.binomial(leaks, min(found, 1.0), DRAWS) / leaks
    drawn = (
        share_found
        * np.maximum(rng.normal(flow.value, flow_sd, DRAWS), 0.0)
        * np.maximum(rng.normal(rate.estimate.value, rate_sd, DRAWS), 0.0)
    )
    low, high = np.quantile(drawn, [0.5 - level / 2, 0.5 + level / 2])
    value = found * flow.value * rate.estimate.value
    return Estimate(value=value, low=min(float(low), value), high=max(float(high), value), level=level, unit="L/s")


def _costs(
    view: View, problem: Problem, effect: Estimate, day_factor: float, repairs: float, prices: tuple[Price, Price],
    modelled: LeakRun | None, priors: Mapping[str, Prior], km: Estimate,
) -> list[CostRow]:  # fmt: skip
    """Survey, repair, saved water; pump energy without a price, since the marginal price of water contains it."""
    per_km, repair = prices
    repaired = Estimate(value=repairs, low=0.0, high=max(1.0, float(np.ceil(repairs))), level=km.level, unit="repair")
    rows = [
        cost_row("survey", "cost", km, per_km, tags=("survey",)),
        cost_row("repair", "cost", repaired, repair, tags=("repair",)),
    ]
    run_time = priors["run_time_without_search"]
    volume = M3_PER_YEAR_PER_L_PER_S * day_factor * run_time.value
    saved = Estimate(
        value=effect.value * volume, low=max(effect.low, 0.0) * volume, high=effect.high * volume, level=effect.level,
        unit="m3",
    )  # fmt: skip
    water = view.policy.prices.get("water_per_m3")
    price = (
        Price(
            Money(amount=water[0], currency=view.policy.currency, price_year=view.policy.price_year), water[1], water[2]
        )
        if water
        else None
    )
    text = f"{price.source if price else 'no price given'}; run time {run_time.value:g} year(s): {run_time.source}"
    rows.append(
        cost_row(
            "saved water",
            "benefit" if price else "non_monetary",
            saved,
            price,
            tags=("water", ENDS_ANYWAY),
            source=text,
        )
    )
    if modelled:
        share = run_time.value * 365 / max(problem.gap.value, 1e-9)
        kwh = modelled.energy_kwh_per_day * share
        low, high = sorted((kwh * effect.low, kwh * effect.high))
        energy = Estimate(value=kwh * effect.value, low=low, high=high, level=effect.level, unit="kWh")
        text = "model run with and without the leak; its value is part of the price of water"
        rows.append(cost_row("pump energy", "non_monetary", energy, None, tags=("energy",), source=text))
    return rows
