"""How requests are served: response, on time, resolved, satisfied, by area, type and month; every share says of what.

Rates are of the requests on record, as they stood on the last day that their tables speak of.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from cityloop.evidence.counts import median_interval, wilson
from cityloop.loop.request_places import Placed
from cityloop.loop.requests import Citizens
from cityloop.loop.works import midnight
from cityloop.records import ServiceRequest

__all__ = ["SMALL", "Service", "Share", "Span", "service_by", "service_of"]

SMALL = 30
"""Fewer than this are said to be few: the Wilson interval of a half is then 15 points and more to each side at 90 %."""


@dataclass(frozen=True)
class Share:
    """`hits` of `of`, with Wilson's interval."""

    hits: int
    of: int
    low: float
    high: float
    level: float

    @property
    def value(self) -> float | None:
        """The share; None of nothing."""
        return self.hits / self.of if self.of else None


@dataclass(frozen=True)
class Span:
    """Median hours of `of` requests with its distribution-free interval, None where they are too few for one.

    `unclocked` more have a day without a clock time, or times in the wrong order.
    """

    hours: float
    low: float | None
    high: float | None
    of: int
    unclocked: int


@dataclass(frozen=True)
class Service:
    """Some requests as they were served. `resolved` and `satisfied` are of those who answered the call-back; `..._of_closed`
    are of all that are closed. `on_time` is of those finished or overdue, with a due time; `extended` had theirs put off.
    """

    requests: int
    open: int
    extended: int
    repeated: Share
    to_dispatch: Span | None
    to_answer: Span | None
    on_time: Share
    resolved: Share
    resolved_of_closed: Share
    satisfied: Share
    satisfied_of_closed: Share
    handled_again: Share


def service_of(placed: Iterable[Placed], citizens: Citizens) -> Service:
    """The indicators of some requests."""
    requests = [p.request for p in placed]
    level = citizens.view.policy.level

    def share(hits: Iterable[bool | None]) -> Share:
        """Of those for which it is known."""
        known = [h for h in hits if h is not None]
        low, high = wilson(sum(known), len(known), level)
        return Share(sum(known), len(known), low, high, level)

    closed = [r for r in requests if r.status == "closed"]
    return Service(
        requests=len(requests),
        open=len(requests) - len(closed),
        extended=sum(r.extended_due is not None for r in requests),
        repeated=share(r.id in citizens.repeats for r in requests),
        to_dispatch=_span(requests, ("dispatched",), level),
        to_answer=_span(requests, ("answered", "closed"), level),
        on_time=share(_on_time(r, midnight(citizens.view, citizens.covered[r.system][1])) for r in requests),
        resolved=share(r.resolved for r in requests),
        resolved_of_closed=share(r.resolved is True for r in closed),
        satisfied=share(r.satisfied for r in requests),
        satisfied_of_closed=share(r.satisfied is True for r in closed),
        handled_again=share(r.at("rehandled") is not None for r in requests),
    )


def service_by(
    citizens: Citizens, key: Callable[[Placed], str], *, chosen: Callable[[Placed], bool] = lambda p: True
) -> dict[str, Service]:
    """Indicators by a key of each request (its boundary, its type, its month), keys in order."""
    groups: dict[str, list[Placed]] = {}
    for placed in citizens.placed:
        if chosen(placed):
            groups.setdefault(key(placed), []).append(placed)
    return {k: service_of(groups[k], citizens) for k in sorted(groups)}


def _on_time(request: ServiceRequest, known_until: datetime) -> bool | None:
    """Whether it was answered (else closed) by its due time, extension included; None where that is not settled."""
    due = request.extended_due or request.due
    if due is None:
        return None
    finished = request.at("answered") or request.at("closed")
    if finished is not None:
        return finished <= due
    return False if known_until > due and request.status == "open" else None


def _span(requests: Iterable[ServiceRequest], states: tuple[str, ...], level: float) -> Span | None:
    """Hours from acceptance to the first of some states."""
    hours, unclocked = [], 0
    for request in requests:
        steps = [s for s in request.steps if s.state in ("accepted", *states)]
        first = next((s for s in steps if s.state in states), None)
        if first is None:
            continue
        if any(s.day_only for s in steps if s.state == "accepted") or first.day_only or first.at < request.requested:
            unclocked += 1
        else:
            hours.append((first.at - request.requested).total_seconds() / 3600)
    found = median_interval(hours, level)
    return None if found is None else Span(*found, len(hours), unclocked)
