"""What is found of citizens' requests beside a Problem and around works: data only, with what each number is of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from cityloop.evidence.counts import RateRatio
from cityloop.loop.request_places import Placed
from cityloop.records import Estimate, Problem

__all__ = ["AroundWorks", "Comparison", "Joined", "Near"]


@dataclass(frozen=True)
class Comparison:
    """What would have come anyway: `events` in `exposure` against those joined; `expected` with its interval.

    `by` = the same place before ("earlier"), or other boundaries at the same time, by population or connections
    ("elsewhere"). `ratio` = rate now over that rate; None where neither has an event.
    """

    by: Literal["earlier", "elsewhere"]
    events: int
    days: int
    expected: Estimate
    ratio: RateRatio | None


@dataclass(frozen=True)
class Near:
    """Requests within NEAR_M of the likelier half of a ranked area: `hits` of `of` joined ones with a position, against
    `other_hits` of `other_of` other requests of the boundary; `chance` of as many, were both drawn alike.
    """

    hits: int
    of: int
    other_hits: int
    other_of: int
    chance: float


@dataclass(frozen=True)
class Joined:
    """The requests of one Problem in [start, end), civil days. `counted` = without repeats of an earlier one.

    `unplaced` = requests of the same kind and time whose place cannot be told. `to_area_m` = request id -> metres to the
    likelier half of the ranked area. `untold` says why there is no window or no comparison, by key of TEXTS.
    """

    problem: Problem
    start: date | None
    end: date | None
    placed: tuple[Placed, ...] = ()
    counted: int = 0
    unplaced: int = 0
    comparisons: tuple[Comparison, ...] = ()
    to_area_m: Mapping[str, float] = field(default_factory=dict)
    near: Near | None = None
    untold: str = ""

    @property
    def days(self) -> int:
        """Civil days of the window."""
        return (self.end - self.start).days if self.start and self.end else 0

    @property
    def verdict(self) -> Literal["more", "fewer", "same", "untold"]:
        """More or fewer than chance explains only where every comparison says so."""
        ratios = [c.ratio for c in self.comparisons if c.ratio is not None]
        if not ratios:
            return "untold"
        if all(r.low > 1 for r in ratios):
            return "more"
        return "fewer" if all(r.high is not None and r.high < 1 for r in ratios) else "same"


@dataclass(frozen=True)
class AroundWorks:
    """Requests of a Problem's kind in its boundary before and after the works; never the measured effect of the works.

    `ratio` = rate after over rate before. `untold` = why there is none, by key of TEXTS.
    """

    verification: str
    problem: str
    boundary: str
    before: tuple[date, date] | None
    after: tuple[date, date] | None
    events_before: int = 0
    events_after: int = 0
    ratio: RateRatio | None = None
    untold: str = ""
