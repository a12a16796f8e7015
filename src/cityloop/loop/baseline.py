"""The frozen expectation at the start of works: the registered method fitted on what was observed up to that moment.

Frozen at detection it fails: a leak goes on growing until it is repaired. Frozen here, at the start of works, everything
that belongs to the time before is fixed; nothing observed later can change it.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import numpy as np

from cityloop.contracts import Domain, Floats, IndicatorSeries, View
from cityloop.errors import RecordError
from cityloop.evidence import Before, fit_before
from cityloop.loop.candidates import answered
from cityloop.loop.together import shared_amount
from cityloop.loop.works import civil_day, domain_of, ended_works, midnight, moment_of, own_series
from cityloop.records import Baseline, Countermeasure, Estimate, Goal, Problem, Project, record_id

__all__ = [
    "DAYS_AFTER",
    "DAYS_BEFORE",
    "HISTORY_DAYS",
    "METHOD",
    "SETTLING_DAYS",
    "claims_of",
    "covariates_of",
    "frozen",
    "freeze",
]

#: What a Goal registers (Goal.method, days_before, days_after, settling_days); the days of works never count.
METHOD = "local_level/1"
DAYS_BEFORE = 56
DAYS_AFTER = 28
SETTLING_DAYS = 0
#: How far back the placebo works reach that scale the interval.
HISTORY_DAYS = 365
#: Every method that a Goal may have registered. Each takes out the covariates that the series names in `adjusted_by`.
METHODS = (METHOD,)
ONSET = re.compile(r"step_\d+_onset")


def freeze(view: View, domains: Sequence[Domain], project: Project, at: datetime) -> list[Baseline]:
    """One Baseline per Goal that the project answers, from observations before the civil day of `at`.

    Works that begin while others on the boundary are under way join their Baselines: one works window, one Baseline.
    Where the method cannot be fitted the Baseline says why in parameters["unfit"]. Raises RecordError for a method that
    does not exist or a goal that no domain judges.
    """
    known = [b for b in view.records(Baseline) if b.boundary == project.boundary]
    mine = [b for b in known if project.id in b.projects]
    if mine:
        return mine
    joined = [_joined(b, project) for b in known if _under_way(view, b, at)]
    covered = {b.indicator for b in joined}
    made = [
        _fitted(view, domains, goal, project, at)
        for goal in _goals(view, project, known)
        if goal.indicator not in covered
    ]
    return [_with_claim(view, b, project) for b in (*joined, *made)]


def covariates_of(series: IndicatorSeries, method: str) -> dict[str, Floats]:
    """The covariates that a registered method takes out of a series. Raises RecordError for an unknown method."""
    if method not in METHODS:
        raise RecordError(
            "Unknown method of judging.", where="goal", got=method, allowed=", ".join(METHODS),
            cure="Register one of the allowed methods.",
        )  # fmt: skip
    return {name: series.covariates[name] for name in series.adjusted_by if name in series.covariates}


def frozen(baseline: Baseline) -> Before | None:
    """What was frozen, as the statistics need it; None where nothing could be fitted."""
    p: dict[str, Any] = dict(baseline.parameters)
    if "unfit" in p:
        return None
    return Before(
        level=p["level"], edge=np.datetime64(p["last_day"]), noise=p["noise_variance"], drift=p["drift_variance_per_day"],
        noise_share=p["noise_share"], drift_share=p["drift_share"], factor=p["variance_factor"],
        worth=p["degrees_of_freedom"], placebo_works=int(p["placebo_works"]), days=int(p["days_used"]),
        past=int(p["days_history"]), growth=p["growth_per_day"],
        since=np.datetime64(p["since"]) if p["since"] else None,
        slopes={name: p[f"slope_{name}"] for name in p["slopes"]},
    )  # fmt: skip


def _goals(view: View, project: Project, known: Sequence[Baseline]) -> list[Goal]:
    """The goals to judge: of those on the answered Problems the latest per indicator that no earlier works used up."""
    measure = view.get(Countermeasure, project.countermeasure)
    problems = {p.id for p in answered(view, measure)} | set(measure.answers)
    used = {b.goal for b in known}
    latest: dict[str, Goal] = {}
    for goal in view.records(Goal):
        if goal.boundary == project.boundary and (goal.problem in problems or goal.id in measure.answers):
            before = latest.get(goal.indicator)
            if goal.id not in used and (before is None or (before.due, before.id) < (goal.due, goal.id)):
                latest[goal.indicator] = goal
    return [latest[name] for name in sorted(latest)]


def _under_way(view: View, baseline: Baseline, at: datetime) -> bool:
    """Whether works of a Baseline had not ended at `at`."""
    states = {p.id: p for p in view.records(Project)}
    for id in baseline.projects:
        if id not in states:
            continue
        ended = moment_of(states[id], "done") or moment_of(states[id], "cancelled")
        if ended is None or ended > at:
            return True
    return False


def _with_claim(view: View, baseline: Baseline, project: Project) -> Baseline:
    """The claim as it stands when the works begin: a later turn may offer the same measure with another one.

    `claim_<project>` = value, low, high, level of each effect in turn; `amounts_<project>` = what each takes its share
    of; `rate_<project>` = realisation rate in it.
    """
    measure = view.get(Countermeasure, project.countermeasure)
    problems = {p.id: p for p in view.records(Problem)}
    effects = [e for e in measure.effects if (e.indicator, e.thing) == (baseline.indicator, baseline.boundary)]
    mine = [e.estimate for e in effects]
    claim: list[float | str] = [x for e in mine for x in (e.value, e.low, e.high, e.level)]
    amounts: list[float | str] = [shared_amount(measure, e, problems) for e in effects]
    held = {"claim": claim, "amounts": amounts, "rate": measure.realisation.estimate.value}
    new = {f"{key}_{project.id}": value for key, value in held.items()}
    return msgspec.structs.replace(baseline, parameters={**baseline.parameters, **new})


def claims_of(baseline: Baseline, project: str) -> list[tuple[Estimate, float]] | None:
    """What a project claimed when its works began, and out of what amount; None for a Baseline that does not say."""
    held = baseline.parameters.get(f"claim_{project}")
    if not isinstance(held, list):
        return None
    numbers = [float(x) for x in held]
    stated = baseline.parameters.get(f"amounts_{project}")
    amounts = [float(x) for x in stated] if isinstance(stated, list) else [0.0] * (len(numbers) // 4)
    return [
        (Estimate(value=v, low=low, high=high, level=level, unit=baseline.unit), amount)
        for (v, low, high, level), amount in zip(zip(*[iter(numbers)] * 4, strict=True), amounts, strict=True)
    ]


def _joined(baseline: Baseline, project: Project) -> Baseline:
    return msgspec.structs.replace(
        baseline, version=baseline.version + 1, projects=(*baseline.projects, project.id),
        simulated=baseline.simulated or project.simulated,
    )  # fmt: skip


def _fitted(view: View, domains: Sequence[Domain], goal: Goal, project: Project, at: datetime) -> Baseline:
    """The registered method on the days before the works."""
    domain = domain_of(view, domains, goal.problem, project.countermeasure)
    day = civil_day(view, at)
    start, end = midnight(view, day - timedelta(days=HISTORY_DAYS)), midnight(view, day)
    series = own_series(view, domain, goal.indicator, goal.boundary, start=start, end=end)
    if series.unit != goal.unit:
        raise RecordError(
            "A goal in another unit than its series.", where=goal.id, got=goal.unit, allowed=series.unit,
            cure="Register the goal in the unit of the indicator.",
        )  # fmt: skip
    covariates = covariates_of(series, goal.method)
    before = series.days < np.datetime64(day)
    days, y = series.days[before], series.y[before]
    fit = None
    if len(days):
        fit = fit_before(
            days, y, {n: x[before] for n, x in covariates.items()}, days_before=goal.days_before,
            breaks=[*ended_works(view, goal.boundary, before=at), *_onsets(view, goal, day)],
        )  # fmt: skip
    return Baseline(
        id=record_id(view.city, "baseline", goal.id, project.id),
        simulated=series.simulated or goal.simulated or project.simulated,
        goal=goal.id,
        boundary=goal.boundary,
        indicator=goal.indicator,
        projects=(project.id,),
        frozen=at,
        method=goal.method,
        parameters=_parameters(fit) if fit else {"unfit": f"{int(np.isfinite(y).sum())} usable days before the works"},
        evidence=view.evidence(series.datastreams, start=start, end=end),
        unit=series.unit,
    )


def _onsets(view: View, goal: Goal, day: date) -> list[tuple[np.datetime64, np.datetime64]]:
    """Onsets of the goal's Problem before the works: the level before begins after the last of them.

    A domain that sees several puts the others into Problem.details as `step_<n>_onset`, ISO dates.
    """
    found: set[date] = set()
    for problem in view.records(Problem):
        if problem.id == goal.problem:
            steps = [str(v) for k, v in problem.details.items() if ONSET.fullmatch(k)]
            found |= {date.fromisoformat(s) for s in steps} | ({problem.onset} if problem.onset else set())
    return [(np.datetime64(onset), np.datetime64(onset)) for onset in sorted(found) if onset < day]


def _parameters(fit: Before) -> dict[str, float | str | list[float | str]]:
    """Everything `frozen` needs, by names that a reader understands."""
    slopes: list[float | str] = list(fit.slopes)
    return {
        "level": fit.level,
        "last_day": str(fit.edge),
        "since": str(fit.since) if fit.since is not None else "",
        "days_used": float(fit.days),
        "days_history": float(fit.past),
        "growth_per_day": fit.growth,
        "noise_variance": fit.noise,
        "drift_variance_per_day": fit.drift,
        "noise_share": fit.noise_share,
        "drift_share": fit.drift_share,
        "variance_factor": fit.factor,
        "degrees_of_freedom": fit.worth,
        "placebo_works": float(fit.placebo_works),
        "slopes": slopes,
        **{f"slope_{name}": slope for name, slope in fit.slopes.items()},
    }
