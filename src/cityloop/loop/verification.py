"""Judging works from observations alone, against the Baseline frozen at their start. No simulator comes in here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import numpy as np

from cityloop.contracts import Domain, View
from cityloop.evidence import Before, Measured, grade, measure_after
from cityloop.loop.baseline import claims_of, covariates_of, frozen
from cityloop.loop.texts import span
from cityloop.loop.together import claimed_together
from cityloop.loop.verification_texts import say
from cityloop.loop.works import civil_day, domain_of, midnight, moment_of, own_series
from cityloop.records import (
    Baseline,
    Countermeasure,
    Estimate,
    Goal,
    Project,
    Verification,
    record_id,
)

__all__ = ["LEAST_DAYS", "unjudged", "verify"]

#: Days after the works from which a first Verification is made; more days give new versions.
LEAST_DAYS = 14


@dataclass(frozen=True)
class _Window:
    """Civil days [first, end) after the works that may count; `cut_by` the day of the next works, if they end it."""

    first: date
    end: date
    cut_by: date | None


def verify(view: View, domains: Sequence[Domain]) -> list[Verification]:
    """New or changed Verifications: one for every Baseline whose works are all done and can be judged by now."""
    known = {v.id: v for v in view.records(Verification)}
    found = []
    for baseline in view.records(Baseline):
        judged = _judge(view, domains, baseline)
        if isinstance(judged, str):
            continue
        before = known.get(judged.id)
        if before is None:
            found.append(judged)
        elif not _same(before, judged):
            found.append(msgspec.structs.replace(judged, version=before.version + 1))
    return found


def unjudged(view: View, domains: Sequence[Domain]) -> dict[str, str]:
    """Baseline id -> why its works have no Verification by now, in both languages."""
    reasons = ((b.id, _judge(view, domains, b)) for b in view.records(Baseline))
    return {id: said for id, said in reasons if isinstance(said, str)}


def _same(one: Verification, other: Verification) -> bool:
    """Whether two say the same from the same rows; the store's sequence number alone makes no new version."""

    def plain(v: Verification) -> Verification:
        return msgspec.structs.replace(v, version=1, evidence=msgspec.structs.replace(v.evidence, as_of_seq=0))

    return plain(one) == plain(other)


def _judge(view: View, domains: Sequence[Domain], baseline: Baseline) -> Verification | str:
    """The Verification of one Baseline's works, or why there is none yet."""
    goal = view.get(Goal, baseline.goal)
    projects = [p for p in view.records(Project) if p.id in baseline.projects and p.state != "cancelled"]
    if not projects or any(p.state != "done" for p in projects):
        return say("not_started")
    before = frozen(baseline)
    if before is None:
        return say("unfit")
    window = _window(view, goal, projects)
    days = max((window.end - window.first).days, 0)
    if days < min(LEAST_DAYS, goal.days_after):
        if window.cut_by is not None:
            return say("too_few", days=days, until=window.cut_by.isoformat())
        return say("too_early", days=days, least=min(LEAST_DAYS, goal.days_after))
    domain = domain_of(view, domains, goal.problem, projects[0].countermeasure)
    start, end = midnight(view, window.first), midnight(view, window.end)
    series = own_series(view, domain, goal.indicator, goal.boundary, start=start, end=end)
    inside = (series.days >= np.datetime64(window.first)) & (series.days < np.datetime64(window.end))
    covariates = {n: x[inside] for n, x in covariates_of(series, baseline.method).items()}
    measured = None
    if inside.any():
        measured = measure_after(
            before, series.days[inside], series.y[inside], covariates, level=goal.level, better=goal.better
        )
    if measured is None:
        usable = int(np.isfinite(series.y[inside]).sum())
        return say("too_few", days=usable, until=window.end.isoformat())
    simulated = series.simulated or baseline.simulated or goal.simulated or any(p.simulated for p in projects)
    return _record(view, goal, baseline, projects, window, before, measured, simulated, series.datastreams)


def _window(view: View, goal: Goal, projects: Sequence[Project]) -> _Window:
    """From the day after the last works and the settling days up to `days_after`, now, or the next works there."""
    ends = [moment for p in projects if (moment := moment_of(p, "done")) is not None]
    first = civil_day(view, max(ends)) + timedelta(days=1 + goal.settling_days)
    end = min(first + timedelta(days=goal.days_after), civil_day(view, view.now))
    mine = {p.id for p in projects}
    begun = [
        civil_day(view, moment)
        for p in view.records(Project)
        if p.boundary == goal.boundary and p.id not in mine and (moment := _begun_after(p, max(ends))) is not None
    ]
    following = min(begun, default=None)
    if following is not None and following < end:
        return _Window(first, following, following)
    return _Window(first, end, None)


def _begun_after(project: Project, moment: datetime) -> datetime | None:
    """When works began, if after a moment."""
    begun = moment_of(project, "started")
    return begun if begun is not None and begun > moment else None


def _record(
    view: View, goal: Goal, baseline: Baseline, projects: Sequence[Project], window: _Window, before: Before,
    measured: Measured, simulated: bool, datastreams: tuple[str, ...],
) -> Verification:  # fmt: skip
    until: Any = measured.until.astype("datetime64[D]").item()
    estimate = Estimate(
        value=measured.value, low=measured.low, high=measured.high, level=goal.level, unit=baseline.unit
    )
    claimed = _claimed(view, goal, projects, baseline)
    return Verification(
        id=record_id(view.city, "verification", baseline.id),
        simulated=simulated,
        goal=goal.id,
        boundary=goal.boundary,
        indicator=goal.indicator,
        projects=tuple(p.id for p in projects),
        baseline=baseline.id,
        start=window.first,
        end=until - timedelta(days=1),
        days_used=measured.days,
        measured=estimate,
        claimed=claimed,
        smallest_effect=goal.smallest_effect,
        grade=grade(measured.low, measured.high, goal.smallest_effect),
        realisation=_realisation(estimate, claimed),
        evidence=view.evidence(datastreams, start=midnight(view, window.first), end=midnight(view, until)),
        joint=len(projects) > 1,
        note=_note(goal, projects, window, before, measured, _reported(view, goal, projects)),
        better=goal.better,
    )


def _claimed(view: View, goal: Goal, projects: Sequence[Project], baseline: Baseline) -> Estimate:
    """What the works claimed together when they began."""
    claims: list[tuple[Estimate, float]] = []
    for project in projects:
        held = claims_of(baseline, project.id)
        if held is None:
            effects = view.get(Countermeasure, project.countermeasure).effects
            held = [(e.estimate, 0.0) for e in effects if e.indicator == goal.indicator and e.thing == goal.boundary]
        claims += held
    return claimed_together(claims, level=goal.level, unit=baseline.unit)


def _realisation(measured: Estimate, claimed: Estimate) -> Estimate | None:
    """Measured over claimed; the claim is a fixed number that was made, its own doubt is what the rate is about."""
    if claimed.value <= 0:
        return None
    value, low, high = (x / claimed.value for x in (measured.value, measured.low, measured.high))
    return Estimate(value=value, low=low, high=high, level=measured.level, unit="1")


def _reported(view: View, goal: Goal, projects: Sequence[Project]) -> float | None:
    """What the crews say that they brought, in the indicator's unit; None where a project's crew said nothing of it."""
    total = 0.0
    for project in projects:
        effects = view.get(Countermeasure, project.countermeasure).effects
        said = [float(f["realised_effect"]) for f in project.findings if "realised_effect" in f]
        if not said or {e.indicator for e in effects} != {goal.indicator}:
            return None
        total += sum(said)
    return total


def _note(
    goal: Goal, projects: Sequence[Project], window: _Window, before: Before, measured: Measured, reported: float | None
) -> str:  # fmt: skip
    until: Any = measured.until.astype("datetime64[D]").item()
    notes = [
        say(
            "window", used=measured.days, start=window.first, end=until - timedelta(days=1), before=before.days
        ),
        say("placebo" if before.own_past else "short_past", n=before.placebo_works),
    ]  # fmt: skip
    if before.since is not None:
        notes.append(say("since", day=before.since))
    if before.growth:
        notes.append(say("growing", rate=f"{before.growth:.3g}", unit=goal.unit))
    if measured.cut:
        notes.append(say("cut", day=until))
    if window.cut_by is not None:
        notes.append(say("next_works", day=window.cut_by))
    if len(projects) > 1:
        notes.append(say("joint", n=len(projects)))
    if reported is not None and not measured.low <= reported <= measured.high:
        numbers = {
            "crew": f"{reported:.1f}",
            "low": f"{measured.low:.1f}",
            "high": f"{measured.high:.1f}",
            "unit": goal.unit,
        }
        notes.append(say("crew_more" if reported > measured.high else "crew_less", **numbers))
    return span(*notes)
