"""Which leaks the loop saw, when, and what it saw that was not there.

A Problem of a boundary may hold several leaks: each lasting rise that it lists (`step_<n>_onset`) is one claim. Claims and
leaks are matched one to one; a claim can be a leak's if its onset lies at most EARLY_DAYS before the leak's onset (the
onset is an estimate) and at most LATE_DAYS after it (a leak that grows is seen late).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["WITHIN_DAYS", "Claim", "Listed", "Seen", "false_claims", "match", "seen"]

EARLY_DAYS, LATE_DAYS = 7.0, 28.0
#: A leak counts as detected if it was first matched within eight weeks of its onset.
WITHIN_DAYS = 56.0
#: False claims with onsets this close are one false problem told again in a later week.
SAME_DAYS = 14.0


@dataclass(frozen=True)
class Claim:
    """A lasting rise: day of its onset (days after the twin's start)."""

    onset_day: float


@dataclass(frozen=True)
class Listed:
    """A leak as the matching needs it."""

    onset_day: float
    growing: bool = False


@dataclass(frozen=True)
class Seen:
    """Per leak: days from onset to the first week in which it was matched, None if it counts as missed."""

    days: tuple[float | None, ...]


def match(claims: Sequence[Claim], leaks: Sequence[Listed], *, day: float) -> dict[int, int]:
    """Leak number -> claim number on `day`: as many pairs as can be, then the least sum of onset differences.

    Leaks that begin after `day` cannot be matched.
    """
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    if not claims or not leaks:
        return {}
    apart = np.array([[c.onset_day - k.onset_day for c in claims] for k in leaks])
    begun = np.array([[k.onset_day <= day] * len(claims) for k in leaks])
    fits = begun & (apart >= -EARLY_DAYS) & (apart <= LATE_DAYS)
    rows, columns = linear_sum_assignment(np.where(fits, np.abs(apart), 1e6))
    return {int(i): int(j) for i, j in zip(rows, columns, strict=True) if fits[i, j]}


def seen(weeks: Mapping[float, Sequence[Claim]], leaks: Sequence[Listed]) -> Seen:
    """Which leaks count as detected: matched on the last day (the list that people act on), and first matched within
    WITHIN_DAYS of the onset. A leak that was matched once and is no longer, counts as missed.
    """
    pairs = {day: match(weeks[day], leaks, day=day) for day in sorted(weeks)}
    last = pairs[max(pairs)] if pairs else {}
    days: list[float | None] = []
    for number, leak in enumerate(leaks):
        first = next((day - leak.onset_day for day, found in pairs.items() if number in found), None)
        days.append(first if number in last and first is not None and first <= WITHIN_DAYS else None)
    return Seen(tuple(days))


def false_claims(weeks: Mapping[float, Sequence[Claim]], leaks: Sequence[Listed]) -> int:
    """Claims, told again in later weeks or not, that are no leak's: unmatched, and not a further step of a leak that
    grows and had begun.
    """
    wrong: list[float] = []
    for day in sorted(weeks):
        claims = weeks[day]
        taken = set(match(claims, leaks, day=day).values())
        for number, claim in enumerate(claims):
            grown = any(k.growing and k.onset_day <= claim.onset_day + EARLY_DAYS for k in leaks)
            known = any(abs(claim.onset_day - other) <= SAME_DAYS for other in wrong)
            if number not in taken and not grown and not known:
                wrong.append(claim.onset_day)
    return len(wrong)
