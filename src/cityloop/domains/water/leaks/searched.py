"""Where crews have searched since a leak began: a pipe walked without a find is less likely to hold it.

Bayesian search (Koopman 1957; Stone 1975): the probability of a searched pipe is multiplied by the chance that a survey passes
a leak without hearing it. What was walked is read from the findings: rows of the ranked area before a find, the whole area
where a crew found nothing, one pipe where it says that nothing was found there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np

from cityloop.contracts import Floats, Prior, View
from cityloop.domains.water.network import PipeNetwork
from cityloop.records import Countermeasure, Project, RankedThing

__all__ = ["Walk", "chance_passed", "left_after", "walks"]


@dataclass(frozen=True)
class Walk:
    """Pipes (ids) that a crew walked without finding a leak in them, by its project and the day of its report."""

    project: str
    on: date
    pipes: frozenset[str]


def chance_passed(priors: Mapping[str, Prior]) -> float:
    """Chance that a survey passes a leak without hearing it: from the middle of what is held possible, so never none.

    The prior's own value is 1: what a survey misses is part of the realisation rate there. A pipe is not ruled out by that.
    """
    heard = priors["detection_by_walking"]
    return 1.0 - (heard.low + heard.high) / 2


def walks(view: View, boundary: str) -> list[Walk]:
    """Every report of a search of one boundary, by its day in the city's time."""
    zone, found = ZoneInfo(view.timezone), []
    for project in view.records(Project):
        if project.boundary != boundary or not project.findings:
            continue
        measure = view.get(Countermeasure, project.countermeasure)
        if measure.kind != "survey_and_repair":
            continue
        for finding in project.findings:
            pipes = _walked(measure.area, str(finding.get("found", "")), str(finding.get("place", "")))
            if pipes:
                on = datetime.fromisoformat(str(finding["on"])).astimezone(zone).date()
                found.append(Walk(project.id, on, pipes))
    return sorted(found, key=lambda walk: walk.on)


def _walked(area: Sequence[RankedThing], found: str, place: str) -> frozenset[str]:
    """Ids of the pipes of a ranked area that one finding says were walked in vain."""
    at = next((i for i, row in enumerate(area) if place and place in (row.thing, row.name)), None)
    if found == "none":
        rows = area if not place else area[at : at + 1] if at is not None else ()
    else:
        rows = area[:at] if at is not None else ()
    return frozenset(row.thing for row in rows)


def left_after(network: PipeNetwork, made: Sequence[Walk], since: date, passed: float) -> Floats:
    """Share of each pipe's probability that is left, (pipes,), for a leak that runs since a day.

    `passed` = chance that one survey passes a leak without hearing it; the reports of one project are one survey.
    """
    searched: dict[str, set[str]] = {}
    for walk in made:
        if walk.on >= since:
            searched.setdefault(walk.project, set()).update(walk.pipes)
    times = [sum(pipe.id in pipes for pipes in searched.values()) for pipe in network.pipes]
    return np.asarray(passed ** np.array(times, dtype=np.float64))
