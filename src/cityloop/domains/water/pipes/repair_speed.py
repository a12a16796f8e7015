"""Speed and quality of repair, from the city's own project states: days from approval to done, and what was seen again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cityloop.contracts import Prior, View
from cityloop.domains.water.balance import boundaries
from cityloop.domains.water.pipes.new_leaks import NewLeaks, mean_size, new_leaks
from cityloop.domains.water.pricing import (
    M3_PER_YEAR_PER_L_PER_S,
    cost_row,
    price_of,
    realisation_of,
    yearly_cost,
)
from cityloop.domains.water.supply.texts import NO_PRICE, ROW_NOTES, SUPPLY_TITLES, sourced, supply_note
from cityloop.economics.prices import policy_price
from cityloop.i18n import Pair
from cityloop.records import (
    CostRow,
    Countermeasure,
    Effect,
    Estimate,
    Evidence,
    Problem,
    Project,
    Realisation,
    Thing,
    record_id,
)

__all__ = ["RepairRecord", "repair_measures", "repair_problems", "repair_record"]

CREW, CHECK = "standby_crew_per_year", "repair_check_each"
REPAIRS = ("survey_and_repair",)
#: Works that a median or a share may be taken from.
LEAST_WORKS = 3
DAY_S = 86_400.0
#: Years that a crew or checks are paid for.
YEARS = 5


@dataclass(frozen=True)
class RepairRecord:
    """Repairs that are done: days from approval to done of each, and after how many the same trouble was seen again."""

    days: tuple[float, ...]
    seen_again: int
    simulated: bool

    @property
    def median(self) -> float:
        """Median days."""
        return float(np.median(self.days))


def repair_record(view: View) -> RepairRecord | None:
    """The city's own repairs; None below LEAST_WORKS. Trouble is seen again if it was detected anew after the works."""
    measures = {c.id: c for c in view.records(Countermeasure) if c.kind in REPAIRS}
    problems = {p.id: p for p in view.records(Problem)}
    days, again, simulated = [], 0, False
    for project in view.records(Project):
        measure = measures.get(project.countermeasure)
        if measure is None or project.state != "done":
            continue
        begun = next((s.on for s in project.states if s.state == "approved"), None)
        if begun is None:
            continue
        done = project.states[-1].on
        days.append(max((done - begun).total_seconds() / DAY_S, 0.0))
        again += any((p := problems.get(a)) is not None and p.detected > done for a in measure.answers)
        simulated = simulated or project.simulated
    return RepairRecord(tuple(days), again, simulated) if len(days) >= LEAST_WORKS else None


# --- the problem -------------------------------------------------------------------------------------------------
def repair_problems(view: View, priors: Mapping[str, Prior]) -> list[Problem]:
    """Repairs that take longer than aimed at or that fail; asked only where the policy prices a standby crew or a check, and
    where breaks are on record.
    """
    if policy_price(view.policy, CREW) is None and policy_price(view.policy, CHECK) is None:
        return []
    record, city = repair_record(view), next((t for t in view.records(Thing) if t.kind == "city"), None)
    target = priors["repair_target_days"].value
    if record is None or city is None or (record.median <= target and not record.seen_again):
        return []
    leaks = new_leaks(view, boundaries(view))
    return [] if leaks is None else [_problem(view, priors, record, city, leaks)]


def _problem(view: View, priors: Mapping[str, Prior], record: RepairRecord, city: Thing, leaks: NewLeaks) -> Problem:
    target, level = priors["repair_target_days"], view.policy.level
    observed = _days(record, level)
    low, value, high = (x - target.value for x in (observed.low, observed.value, observed.high))
    gap = Estimate(value=value, low=low, high=high, level=level, unit="day")
    cost, cost_note = yearly_cost(view.policy, _lost(leaks, gap))
    return Problem(
        id=record_id(view.city, "problem", "slow_repair", city.id),
        simulated=record.simulated,
        domain="water",
        kind="slow_repair",
        boundary=city.id,
        indicator="repair_days",
        observed=observed,
        expected=Estimate(value=target.value, low=target.value, high=target.value, level=level, unit="day"),
        gap=gap,
        onset=None,
        detected=view.now,
        cost_per_year=cost,
        evidence=Evidence(datastreams=(), start=view.now, end=view.now, as_of_seq=view.as_of_seq, sha256=""),
        notes=(
            supply_note(
                "slow_repair", n=len(record.days), days=f"{record.median:.0f}", low=f"{min(record.days):.0f}",
                high=f"{max(record.days):.0f}", target=f"{target.value:g}", source=target.source, status=target.status,
            ),
            supply_note("seen_again", again=record.seen_again, n=len(record.days)),
            supply_note("breaks", breaks=f"{leaks.per_year:.1f}"),
            cost_note,
        ),
        details={
            "repairs": float(len(record.days)), "seen_again": float(record.seen_again), "median_days": record.median,
            "new_leaks_per_year": leaks.per_year,
        },
    )  # fmt: skip


def _days(record: RepairRecord, level: float) -> Estimate:
    """Median with the interval of medians of resampled repairs (Efron 1979), seeded."""
    days = np.array(record.days)
    drawn = np.median(np.random.default_rng(20_260_106).choice(days, (2000, len(days))), axis=1)
    low, high = (float(q) for q in np.quantile(drawn, [0.5 - level / 2, 0.5 + level / 2]))
    value = record.median
    return Estimate(value=value, low=min(low, value), high=max(high, value), level=level, unit="day")


def _lost(leaks: NewLeaks, days: Estimate) -> Estimate:
    """Mean flow of leaks that run so many days longer, L/s: number a year x mean size x days / 365; none below zero."""
    each = mean_size() / 365
    few, many = (float(q) for q in np.quantile(leaks.drawn, [0.5 - days.level / 2, 0.5 + days.level / 2]))
    value = leaks.per_year * each * max(days.value, 0.0)
    low, high = few * each * max(days.low, 0.0), many * each * max(days.high, 0.0)
    return Estimate(value=value, low=min(low, value), high=max(high, value), level=days.level, unit="L/s")


# --- countermeasures ---------------------------------------------------------------------------------------------
def repair_measures(
    view: View, problem: Problem, rates: Mapping[str, Realisation], priors: Mapping[str, Prior]
) -> list[Countermeasure]:
    """Speed: a standby crew that repairs within the target. Quality: every repair is checked, what failed is mended at once."""
    leaks = new_leaks(view, boundaries(view))
    if leaks is None:
        return []
    level, found = view.policy.level, []
    crew, check, target = (
        policy_price(view.policy, CREW),
        policy_price(view.policy, CHECK),
        priors["repair_target_days"],
    )
    if crew is not None and problem.gap.value > 0:
        one = Estimate(value=1.0, low=1.0, high=1.0, level=level, unit="1")
        row = cost_row("standby crew", "cost", one, crew, tags=("crew",), life=YEARS, recurrence=1)
        how = ROW_NOTES["repaired"], {"leaks": f"{leaks.per_year:.1f}", "size": f"{mean_size():.2f}"}
        words = {"target": f"{target.value:g}", "now": f"{problem.observed.value:.0f}"}
        found.append(
            _measure(view, problem, "faster_repair", _lost(leaks, problem.gap), [row], how, words, rates, priors)
        )
    again, repairs = (problem.details.get(key, 0.0) for key in ("seen_again", "repairs"))
    if check is not None and isinstance(again, float) and isinstance(repairs, float) and again > 0:
        runs = priors["failed_repair_days"]
        share = np.random.default_rng(20_260_107).beta(again + 0.5, repairs - again + 0.5, len(leaks.drawn))
        low, high = (float(q) for q in np.quantile(share, [0.5 - level / 2, 0.5 + level / 2]))
        value = again / repairs
        days = Estimate(
            value=value * runs.value, low=min(low, value) * runs.low, high=max(high, value) * runs.high, level=level, unit="day"
        )  # fmt: skip
        count = Estimate(
            value=leaks.per_year, low=float(np.quantile(leaks.drawn, 0.5 - level / 2)),
            high=float(np.quantile(leaks.drawn, 0.5 + level / 2)), level=level, unit="check",
        )  # fmt: skip
        row = cost_row("repair check", "cost", count, check, tags=("check",), life=YEARS, recurrence=1)
        told = {
            "leaks": f"{leaks.per_year:.1f}",
            "again": f"{again:g}",
            "n": f"{repairs:g}",
            "size": f"{mean_size():.2f}",
        }
        how = ROW_NOTES["checked"], {**told, "days": f"{runs.value:g}"}
        found.append(_measure(view, problem, "repair_check", _lost(leaks, days), [row], how, {}, rates, priors))
    return found


def _measure(
    view: View, problem: Problem, kind: str, full: Estimate, costs: Sequence[CostRow], how: tuple[Pair, Mapping[str, str]],
    words: Mapping[str, str], rates: Mapping[str, Realisation], priors: Mapping[str, Prior],
) -> Countermeasure:  # fmt: skip
    """The record; `full` is what it saves before the realisation rate, L/s."""
    rate, water, title = (
        realisation_of(kind, rates, priors),
        price_of(view.policy, priors, "water_per_m3"),
        SUPPLY_TITLES[kind],
    )
    r = rate.estimate
    value = full.value * r.value
    low, high = min(full.low * max(r.low, 0.0), value), max(full.high * r.high, value)
    effect = Estimate(value=value, low=low, high=high, level=full.level, unit="L/s")
    a, b, c = (x * M3_PER_YEAR_PER_L_PER_S for x in (value, low, high))
    volume = Estimate(value=a, low=b, high=c, level=full.level, unit="m3/year")
    text = sourced(water.source if water else NO_PRICE, how[0], **how[1])
    saved = cost_row(
        "saved water", "benefit" if water else "non_monetary", volume, water, tags=("water",), source=text, life=YEARS,
        recurrence=1,
    )  # fmt: skip
    return Countermeasure(
        id=record_id(view.city, "countermeasure", kind, "", problem.boundary),
        simulated=problem.simulated,
        domain="water",
        kind=kind,
        title_en=title.in_("en", **words),
        title_zh=title.in_("zh", **words),
        boundary=problem.boundary,
        targets=(problem.boundary,),
        changes=(),
        answers=(problem.id,),
        effects=(
            Effect(
                indicator="unseen_leakage", thing=problem.boundary, estimate=effect, period="of new leaks, while it is paid",
                grade="assumed",
            ),
        ),
        costs=(*costs, saved),
        realisation=rate,
        details={"compared_with": "doing nothing", "repairs": problem.details.get("repairs", 0.0)},
    )  # fmt: skip
