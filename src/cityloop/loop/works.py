"""When works happened: starts and ends of Projects as civil days, and the domain that judges their indicator."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import numpy as np

from cityloop.contracts import Domain, IndicatorSeries, View
from cityloop.errors import RecordError
from cityloop.records import Countermeasure, Problem, Project, Thing

__all__ = ["civil_day", "domain_of", "ended_works", "midnight", "moment_of", "own_series"]


def moment_of(project: Project, state: str) -> datetime | None:
    """When a project last entered a state; None if it never did."""
    return next((s.on for s in reversed(project.states) if s.state == state), None)


def civil_day(view: View, moment: datetime) -> date:
    """The city's civil day of a moment."""
    return moment.astimezone(ZoneInfo(view.timezone)).date()


def midnight(view: View, day: date) -> datetime:
    """The UTC moment at which a civil day of the city begins."""
    return datetime.combine(day, time(), tzinfo=ZoneInfo(view.timezone)).astimezone(UTC)


def domain_of(view: View, domains: Sequence[Domain], problem: str, countermeasure: str = "") -> Domain:
    """The domain that found a Problem, else the one that proposed the Countermeasure. Raises RecordError."""
    named = [p.domain for p in view.records(Problem) if p.id == problem]
    named += [c.domain for c in view.records(Countermeasure) if c.id == countermeasure]
    for name in named:
        for domain in domains:
            if domain.name == name:
                return domain
    raise RecordError(
        "No domain can judge this goal.", where=problem or countermeasure, got=", ".join(named) or "no domain named",
        allowed=", ".join(d.name for d in domains), cure="Install the domain that found the problem.",
    )  # fmt: skip


def own_series(
    view: View, domain: Domain, indicator: str, boundary: str, *, start: datetime, end: datetime
) -> IndicatorSeries:
    """The boundary's own daily series: every other boundary is excluded, as the registered method needs no controls."""
    others = tuple(t.id for t in view.records(Thing) if t.kind == "boundary" and t.id != boundary)
    return domain.series(view, indicator, boundary, start=start, end=end, exclude=others)


def ended_works(view: View, boundary: str, *, before: datetime) -> list[tuple[np.datetime64, np.datetime64]]:
    """(first, last civil day) of works on a boundary that had ended by a moment, cancelled ones included."""
    found = []
    for project in view.records(Project):
        begun = moment_of(project, "started")
        ended = moment_of(project, "done") or moment_of(project, "cancelled")
        if project.boundary == boundary and begun is not None and ended is not None and ended <= before:
            found.append((np.datetime64(civil_day(view, begun)), np.datetime64(civil_day(view, ended))))
    return sorted(found)
