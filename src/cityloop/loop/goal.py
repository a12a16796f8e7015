"""Step two: a target for each open Problem and, before any works, how their effect will be judged."""

from collections.abc import Sequence
from datetime import timedelta

from cityloop.contracts import Domain, NormRule, View
from cityloop.economics import npv
from cityloop.errors import InputError, RecordError
from cityloop.loop.baseline import DAYS_AFTER, DAYS_BEFORE, METHOD, SETTLING_DAYS
from cityloop.loop.candidates import OPEN, answered, is_withdrawn
from cityloop.loop.news import news
from cityloop.loop.texts import rule, span
from cityloop.records import Better, Countermeasure, Estimate, Goal, Problem, Project, record_id

__all__ = ["SHARE_OF_OBSERVED", "set_goals"]

#: Smallest effect worth acting on while no cost is known: this share of the observed value (a rule of this program).
SHARE_OF_OBSERVED = 0.10
#: ... but at most this share of the reduction aimed at, so that a goal that is reached can be confirmed.
SHARE_OF_AIM = 0.5


def set_goals(view: View, domains: Sequence[Domain]) -> list[Goal]:
    """Goals for open Problems that have none for their present state, and revisions of those not yet in works.

    A Goal is registered for good when works on its Problem start. Problems whose indicator has neither a target nor a
    norm, or that no domain can judge from observations, get none.
    """
    by_name = {d.name: d for d in domains}
    known = {g.id: g for g in view.records(Goal)}
    goals = []
    for problem in view.records(Problem):
        domain = by_name.get(problem.domain)
        if problem.status not in OPEN or domain is None:
            continue
        ended, begun = _works(view, problem)
        id = record_id(view.city, "goal", problem.id, str(ended))
        before = known.get(id)
        if before is not None and begun:
            continue
        goal = _goal(view, domain, problem, id)
        if goal is None:
            continue
        goals.append(goal)
    return news(view, goals)


def _works(view: View, problem: Problem) -> tuple[int, bool]:
    """How many works on a Problem were carried out and ended, and whether some are under way."""
    measures = {c.id: c for c in view.records(Countermeasure)}
    ended, begun = 0, False
    for project in view.records(Project):
        measure = measures.get(project.countermeasure)
        if measure is None or all(p.id != problem.id for p in answered(view, measure)):
            continue
        carried_out = any(s.state == "started" for s in project.states)
        ended += carried_out and project.state in ("done", "cancelled")
        begun = begun or project.state == "started"
    return ended, begun


def _goal(view: View, domain: Domain, problem: Problem, id: str) -> Goal | None:
    """The Goal of one Problem; None if nothing says what to aim at or nothing could judge it."""
    policy = view.policy
    share, norm = policy.targets.get(problem.indicator), _norm(view, problem)
    if share is None and norm is None:
        return None
    try:
        start = view.now - timedelta(days=DAYS_BEFORE)
        series = domain.series(view, problem.indicator, problem.boundary, start=start, end=view.now)
    except RecordError:
        return None
    target = _target(problem, share or 0.0, norm, series.better)
    aim = abs(problem.observed.value - target.value)
    smallest, stated = _smallest_effect(view, problem, aim)
    texts = [stated]
    if share is not None:
        texts.insert(0, rule("share", share=f"{share * 100:g}", indicator=problem.indicator))
    if norm is not None:
        texts.insert(0, rule("norm", limit=f"{norm.limit:g}", unit=norm.unit, source=norm.source))
    return Goal(
        id=id,
        simulated=problem.simulated,
        problem=problem.id,
        indicator=problem.indicator,
        boundary=problem.boundary,
        start_value=problem.observed,
        target=target,
        due=(problem.detected + timedelta(days=policy.due_days)).date(),
        datastreams=series.datastreams,
        method=METHOD,
        level=policy.level,
        days_before=DAYS_BEFORE,
        days_after=DAYS_AFTER,
        settling_days=SETTLING_DAYS,
        smallest_effect=smallest,
        unit=series.unit,
        policy=span(*texts),
        norm=f"{norm.world}/{norm.key}" if norm is not None else "",
        better=series.better,
    )


def _norm(view: View, problem: Problem) -> NormRule | None:
    """The binding norm's limit for the indicator, where it has one in the unit of the gap."""
    norm = view.norm(problem.indicator)
    return norm if norm is not None and norm.limit is not None and norm.unit == problem.gap.unit else None


def _target(problem: Problem, share: float, norm: NormRule | None, better: Better) -> Estimate:
    """Observed value less `share` of the gap, or the norm's limit where that asks for more; interval of the gap's."""
    observed, gap = problem.observed, problem.gap
    low, value, high = (observed.value - share * g for g in (gap.high, gap.value, gap.low))
    if norm is not None and norm.limit is not None:
        tighter = min if better == "lower" else max
        low, value, high = (tighter(x, norm.limit) for x in (low, value, high))
    return Estimate(value=value, low=min(low, high), high=max(low, high), level=gap.level, unit=gap.unit)


def _smallest_effect(view: View, problem: Problem, aim: float) -> tuple[float, str]:
    """Break-even with the cheapest answer on offer; before any is priced a tenth of the observed value."""
    costs = []
    for measure in view.records(Countermeasure):
        if is_withdrawn(measure) or problem.id not in measure.answers:
            continue
        try:
            cost = -npv([r for r in measure.costs if r.kind == "cost"], view.policy.discount_rate)
        except InputError:
            continue
        if cost > 0:
            costs.append(cost)
    yearly = problem.cost_per_year
    if costs and yearly is not None and yearly.value > 0 and problem.gap.value:
        per_unit = yearly.value / abs(problem.gap.value)
        return min(costs) / per_unit, rule("break_even", cost=f"{min(costs):,.0f}", unit=view.policy.currency)
    tenth = SHARE_OF_OBSERVED * abs(problem.observed.value)
    return min(tenth, SHARE_OF_AIM * aim), rule("tenth", percent=f"{SHARE_OF_OBSERVED * 100:g}")
