"""Citizens' requests beside Problems and works: the same boundary, the same time, a code that bears on it; and chance.

A join is no cause: it is held against the number that would have come anyway, in the same place before or elsewhere at the
same time. It changes no measured gap and no measured effect.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Literal

import numpy as np

from cityloop.contracts import Floats, View
from cityloop.evidence.counts import fisher_chance, poisson_interval, rate_ratio
from cityloop.loop.request_findings import AroundWorks, Comparison, Joined, Near
from cityloop.loop.request_places import Placed, Surroundings, place_requests, read_surroundings
from cityloop.loop.works import civil_day, moment_of
from cityloop.records import (
    Countermeasure,
    Estimate,
    Goal,
    Problem,
    Project,
    ServiceRequest,
    Verification,
)

__all__ = [
    "GAP_DAYS",
    "LEAST_DAYS",
    "MARGIN_DAYS",
    "NEAR_M",
    "AroundWorks",
    "Citizens",
    "Comparison",
    "Joined",
    "Near",
    "read_citizens",
]

MARGIN_DAYS = 7
"""Assumed: people may call this long before the first day that the measurements show."""
LEAST_DAYS = 28
"""Days of requests before the onset from which a rate of the place itself is taken."""
GAP_DAYS = 60
"""Assumed: a table that is silent for longer does not speak of these days."""
NEAR_M = 100.0
"""Assumed: a request this near to the likelier half of a ranked area counts as near it."""
_STANDING = ("open", "acknowledged", "in_works", "closed")


class Citizens:
    """Every request of a city with its place, what it is joined to, and around which works it lies."""

    def __init__(self, view: View, requests: Sequence[ServiceRequest], around: Surroundings | None) -> None:
        self.view, self.around = view, around
        self.placed: tuple[Placed, ...] = place_requests(requests, around) if around is not None else ()
        self.by_number = {(p.request.system, p.request.number): p for p in self.placed}
        self.first = {p.request.id: self._first(p.request) for p in self.placed}
        self.repeats = frozenset(id for id, first in self.first.items() if first != id)
        self._day = {p.request.id: civil_day(view, p.request.requested) for p in self.placed}
        self.covered = _coverage(view, requests)
        self.outside = sum(not a <= self._day[r.id] < b for r in requests for a, b in (self.covered[r.system],))
        """Requests beyond a gap in their table: listed and served, but part of no rate."""

    def _first(self, request: ServiceRequest) -> str:
        """Id of the first request on record that this one repeats or belongs to; its own where there is none."""
        seen = {request.id}
        while True:
            others = (self.by_number.get((request.system, n)) for n in request.related)
            earlier = [
                o.request for o in others
                if o is not None and o.request.id not in seen and o.request.requested <= request.requested
            ]  # fmt: skip
            if not earlier:
                return request.id
            request = min(earlier, key=lambda r: (r.requested, r.number))
            seen.add(request.id)

    def bearing_on(self, problem: Problem) -> list[Placed]:
        """Requests whose code the city says to bear on this kind of Problem or on its domain."""
        about = {problem.kind, problem.domain}
        return [p for p in self.placed if about & set(p.request.bears_on)]

    def joined(self) -> tuple[Joined, ...]:
        """The requests of every Problem on whose kind some code bears."""
        found = []
        for problem in self.view.records(Problem):
            if problem.status not in _STANDING:
                continue
            relevant = self.bearing_on(problem)
            if relevant:
                found.append(self._join(problem, relevant))
        return tuple(found)

    def around_works(self) -> tuple[AroundWorks, ...]:
        """Before and after the works of every Verification whose Problem some code bears on."""
        found = []
        problems = {p.id: p for p in self.view.records(Problem)}
        goals = {g.id: g for g in self.view.records(Goal)}
        for verification in self.view.records(Verification):
            goal = goals.get(verification.goal)
            problem = problems.get(goal.problem) if goal else None
            if goal is None or problem is None or not (relevant := self.bearing_on(problem)):
                continue
            found.append(self._around(verification, goal, problem, relevant))
        return tuple(found)

    def unexplained(self) -> dict[tuple[str, tuple[str, ...]], int]:
        """(boundary, kinds or domains) -> requests that bear on kinds of which none was observed there."""
        observed: set[tuple[str, str]] = set()
        for p in self.view.records(Problem):
            if p.status in _STANDING:
                home = self._home(p)
                observed |= {(home, p.kind), (home, p.domain)}
        found: dict[tuple[str, tuple[str, ...]], int] = {}
        for placed in self.placed:
            key = (placed.boundary, placed.request.bears_on)
            if placed.boundary and key[1] and not any((key[0], k) in observed for k in key[1]):
                found[key] = found.get(key, 0) + 1
        return found

    # --- one Problem -----------------------------------------------------------------------------------------------
    def _home(self, problem: Problem) -> str:
        """The boundary that a Problem is about, or that its thing lies in; "" = not told."""
        return self.around.areas.get(problem.boundary, "") if self.around is not None else ""

    def _within(self, home: str) -> frozenset[str]:
        """A boundary and the boundaries inside it."""
        return self.around.parts.get(home, frozenset()) if self.around is not None else frozenset()

    def _join(self, problem: Problem, relevant: Sequence[Placed]) -> Joined:
        home, onset = self._home(problem), _onset(problem)
        span = self._covered(relevant)
        if not home or onset is None or span is None:
            return Joined(problem, None, None, untold="no_onset" if onset is None else "no_home")
        start = max(onset - timedelta(days=MARGIN_DAYS), span[0])
        end = min(span[1], self._end(problem))
        if end <= start:
            return Joined(problem, start, start, untold="no_cover")
        inside = [p for p in relevant if start <= self._day[p.request.id] < end]
        within = self._within(home)
        here = tuple(p for p in inside if p.boundary in within)
        counted = self._count(here)
        unplaced = sum(not p.boundary for p in inside)
        comparisons = [
            c for c in (
                self._earlier(relevant, home, counted, (start, end), span[0]),
                self._elsewhere(problem, inside, home, counted, (start, end)),
            ) if c is not None
        ]  # fmt: skip
        joined = {self.first[p.request.id] for p in here}
        others = [p for p in self.placed if p.boundary in within and self.first[p.request.id] not in joined]
        to_area, near = self._to_area(problem, here, others)
        return Joined(
            problem, start, end, here, counted, unplaced, tuple(comparisons), to_area, near,
            "" if comparisons else "no_comparison",
        )  # fmt: skip

    def _count(self, placed: Iterable[Placed]) -> int:
        return sum(p.request.id not in self.repeats for p in placed)

    def _covered(self, relevant: Sequence[Placed]) -> tuple[date, date] | None:
        """The civil days for which every system that has such requests is on record."""
        spans = [self.covered[s] for s in {p.request.system for p in relevant}]
        if not spans:
            return None
        return max(s for s, _ in spans), min(e for _, e in spans)

    def _end(self, problem: Problem) -> date:
        """The day its works were done, else today."""
        about = {problem.id, *(g.id for g in self.view.records(Goal) if g.problem == problem.id)}
        answers = {c.id for c in self.view.records(Countermeasure) if about & set(c.answers)}
        done = [moment_of(p, "done") for p in self.view.records(Project) if p.countermeasure in answers]
        finished = [civil_day(self.view, m) for m in done if m is not None]
        return min([*finished, civil_day(self.view, self.view.now) + timedelta(days=1)])

    def _earlier(
        self, relevant: Sequence[Placed], home: str, counted: int, window: tuple[date, date], first: date
    ) -> Comparison | None:
        """The same place from the first day on record to the window."""
        days_before, days = (window[0] - first).days, (window[1] - window[0]).days
        if days_before < LEAST_DAYS:
            return None
        within = self._within(home)
        before = self._count(
            p for p in relevant if p.boundary in within and first <= self._day[p.request.id] < window[0]
        )
        return self._compare("earlier", counted, float(days), before, float(days_before), days_before)

    def _elsewhere(
        self, problem: Problem, inside: Sequence[Placed], home: str, counted: int, window: tuple[date, date]
    ) -> Comparison | None:
        """Other boundaries in the same days, by population or connections; those with such a Problem are no measure."""
        assert self.around is not None
        troubled = {
            self._home(p) for p in self.view.records(Problem)
            if p.status in _STANDING and self._shares(p, problem)
        }  # fmt: skip
        beside = {b for t in troubled for b in self.around.parts.get(t, ())}
        parts, mine_and_above = self.around.parts, {b for b, p in self.around.parts.items() if home in p}
        others = [
            self.around.things[b] for b, inside_it in parts.items()
            if inside_it == {b} and b not in parts[home] | mine_and_above | beside
        ]  # fmt: skip
        for key in ("population", "connections"):
            mine = self.around.things[home].properties.get(key)
            sizes = [t.properties.get(key) for t in others]
            known = [s for s in sizes if isinstance(s, int | float) and s > 0]
            if others and isinstance(mine, int | float) and mine > 0 and len(known) == len(others):
                there = {t.id for t in others}
                events = self._count(p for p in inside if p.boundary in there)
                days = (window[1] - window[0]).days
                return self._compare("elsewhere", counted, float(mine), events, float(sum(known)), days)
        return None

    def _shares(self, one: Problem, other: Problem) -> bool:
        """Whether some code bears on both."""
        kinds = {one.kind, one.domain}
        return any(kinds & set(p.request.bears_on) for p in self.bearing_on(other))

    def _compare(
        self, by: Literal["earlier", "elsewhere"], counted: int, exposure: float, events: int, of: float, days: int
    ) -> Comparison:
        level, scale = self.view.policy.level, exposure / of
        low, high = poisson_interval(events, level)
        expected = Estimate(value=events * scale, low=low * scale, high=high * scale, level=level, unit="1")
        return Comparison(by, events, days, expected, rate_ratio(counted, exposure, events, of, level))

    def _to_area(
        self, problem: Problem, here: Sequence[Placed], others: Sequence[Placed]
    ) -> tuple[dict[str, float], Near | None]:
        """Metres from each request with a position to the likelier half of the ranked area; how many are near it."""
        points = self._likelier_half(problem)
        if not len(points):
            return {}, None

        def away(placed: Sequence[Placed]) -> dict[str, float]:
            known = [(p.request.id, np.array(p.at)) for p in placed if p.at is not None]
            return {id: float(np.hypot(*(points - at).T).min()) for id, at in known}

        found = away(here)
        mine, theirs = self._nearest_of_each(found), self._nearest_of_each(away(others))
        hits, other_hits = (sum(m <= NEAR_M for m in group) for group in (mine, theirs))
        if not mine or not theirs:
            return found, None
        chance = fisher_chance(hits, len(mine), other_hits, len(theirs))
        return found, Near(hits, len(mine), other_hits, len(theirs), chance)

    def _nearest_of_each(self, away: Mapping[str, float]) -> list[float]:
        """One distance for every request with its repeats: the nearest."""
        found: dict[str, float] = {}
        for id, metres in away.items():
            first = self.first[id]
            found[first] = min(metres, found.get(first, metres))
        return list(found.values())

    def _likelier_half(self, problem: Problem) -> Floats:
        """Points along the first ranks that hold half of the probability of an area, (n, 2)."""
        half, held = sum(r.probability for r in problem.area) / 2, 0.0
        likely = [np.zeros((0, 2))]
        for row in sorted(problem.area, key=lambda r: r.rank):
            if held >= half or self.around is None:
                break
            held += row.probability
            likely.append(self.around.along(row.thing))
        return np.concatenate(likely)

    # --- works -----------------------------------------------------------------------------------------------------
    def _around(
        self, verification: Verification, goal: Goal, problem: Problem, relevant: Sequence[Placed]
    ) -> AroundWorks:
        known = {p.id: p for p in self.view.records(Project)}
        works = [known[p] for p in verification.projects if p in known]
        begun = [m for m in (moment_of(p, "started") for p in works) if m is not None]
        done = [m for m in (moment_of(p, "done") for p in works) if m is not None]
        home, span = self._home(problem), self._covered(relevant)
        about = (verification.id, problem.id, verification.boundary)
        if not home or span is None or not begun or not done:
            return AroundWorks(*about, None, None, untold="no_home" if begun and done else "no_dates")
        first = civil_day(self.view, min(begun))
        before = (max(first - timedelta(days=goal.days_before), span[0]), min(first, span[1]))
        after = (
            civil_day(self.view, max(done)) + timedelta(days=1 + goal.settling_days),
            min(verification.end + timedelta(days=1), span[1]),
        )
        if after[1] <= after[0]:
            return AroundWorks(*about, before, None, untold="ends_before")
        if before[1] <= before[0]:
            return AroundWorks(*about, None, after, untold="begins_after")
        within = self._within(home)
        here = [p for p in relevant if p.boundary in within]
        n = [self._count(p for p in here if a <= self._day[p.request.id] < b) for a, b in (before, after)]
        days = [(b - a).days for a, b in (before, after)]
        ratio = rate_ratio(n[1], float(days[1]), n[0], float(days[0]), self.view.policy.level)
        return AroundWorks(*about, before, after, n[0], n[1], ratio, "" if ratio else "no_events")

    def day(self, placed: Placed) -> date:
        """The civil day on which a request was accepted."""
        return self._day[placed.request.id]


def read_citizens(view: View) -> Citizens:
    """Read the requests of a city up to its now, once; a city without any costs one look at its records."""
    requests = [r for r in view.records(ServiceRequest) if r.requested <= view.now]
    return Citizens(view, requests, read_surroundings(view) if requests else None)


def _onset(problem: Problem) -> date | None:
    """The earliest day from which the trouble may have stood; where no onset is told, the first day that was looked at."""
    stated = problem.details.get("onset_earliest")
    if isinstance(stated, str) and stated:
        return date.fromisoformat(stated[:10])
    return problem.onset


def _coverage(view: View, requests: Sequence[ServiceRequest]) -> dict[str, tuple[date, date]]:
    """System -> civil days [first, end) that its tables speak of: from the first request to the last dated step.

    Of several spells with more than GAP_DAYS of silence between, the one with most requests: a slip in a year must not make
    years of silence of a rate.
    """
    accepted: dict[str, list[date]] = {}
    reached: dict[str, date] = {}
    for r in requests:
        accepted.setdefault(r.system, []).append(civil_day(view, r.requested))
        last = civil_day(view, max((s.at for s in r.steps), default=r.requested))
        reached[r.system] = max(reached.get(r.system, last), last)
    today, gap = civil_day(view, view.now), timedelta(days=GAP_DAYS)
    found = {}
    for system, days in accepted.items():
        spells: list[list[date]] = [[]]
        for day in sorted(days):
            if spells[-1] and day - spells[-1][-1] > gap:
                spells.append([])
            spells[-1].append(day)
        spell = max(spells, key=len)
        end = min(reached[system] if spell is spells[-1] else spell[-1], spell[-1] + gap, today)
        found[system] = (spell[0], end + timedelta(days=1))
    return found
