"""Whether a rise or fall of one boundary's night flow is its own, or the season's that the others go through as well.

Where five boundaries and more are metered, the others are the placebo: what their night flows did between the same two
moments says how far a night flow moves without any leak (permutation in space, as in synthetic controls, Abadie 2010). A leak
has a second mark: it is there by day as by night, while use that grows is larger by day and watering is at night alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cityloop.contracts import Floats
from cityloop.domains.water.boundary_state import BoundaryState

__all__ = ["Beside", "fell_alone", "look_beside", "stands_out"]

#: Days compared: before the onset, and the last ones; good days that each needs.
BEFORE_DAYS, RECENT_DAYS, LEAST_DAYS = 28, 14, 4
#: Other boundaries that must be there to compare with; below that nothing is held back.
LEAST_OTHERS = 4
#: The others' spread (of the logarithm) counts at least this.
LEAST_SPREAD = 0.05
#: A rise is told from the season's by this many spreads of the others, if it is so many standard errors of its own ...
ALONE, CLEAR = 3.0, 4.0
#: ... or by less of each, if both together make TOGETHER (the first counts for at most MOST_ALONE), it is a share of the night
#: flow, and by day between these shares of what it is by night.
LESS_ALONE, LESS_CLEAR, TOGETHER, MOST_ALONE, LEAST_SHARE = 0.5, 3.0, 6.0, 6.0, 0.15
BY_DAY = (0.7, 1.3)
#: A fall by more: nobody loses water by it.
FELL = 4.0


@dataclass(frozen=True)
class Beside:
    """Change of a night flow (logarithm) beside that of the others, and its change by day over that by night."""

    own: float
    others: float
    spread: float
    by_day: float

    @property
    def alone(self) -> float:
        """Spreads of the others by which it went up (or, below 0, down) more than they did."""
        return (self.own - self.others) / self.spread


def look_beside(states: Sequence[BoundaryState], state: BoundaryState, onset: int) -> Beside | None:
    """A boundary's change since the day `onset` beside the others'; None where it cannot be told.

    The states share their days.
    """
    recent = max(min(RECENT_DAYS, len(state.night) - onset), LEAST_DAYS)
    changes = {s.boundary.id: _ratio(s.night, onset, recent) for s in states}
    own = changes.pop(state.boundary.id, float("nan"))
    others = np.array([c for c in changes.values() if np.isfinite(c)])
    if len(others) < LEAST_OTHERS or not np.isfinite(own):
        return None
    middle = float(np.median(others))
    spread = max(1.4826 * float(np.median(np.abs(others - middle))), LEAST_SPREAD)
    (night, night_before), (day, day_before) = (_levels(x, onset, recent) for x in (state.night, state.day))
    by_day = (day - day_before) / (night - night_before) if night != night_before else float("nan")
    return Beside(own, middle, spread, by_day)


def stands_out(states: Sequence[BoundaryState], state: BoundaryState) -> bool:
    """Whether the trouble of a boundary is told from what the others went through; True where too few others are metered."""
    trouble = state.trouble
    if trouble is None or len(states) <= LEAST_OTHERS:
        return trouble is not None
    beside = look_beside(states, state, trouble.onset)
    if beside is None:
        return False
    clear = trouble.gap / max(trouble.gap_se, 1e-9)
    share = trouble.gap / max(float(np.nanmedian(state.night)), 1e-9)
    as_by_night = BY_DAY[0] <= beside.by_day <= BY_DAY[1] and share >= LEAST_SHARE
    both = beside.alone >= LESS_ALONE and clear >= LESS_CLEAR and min(beside.alone, MOST_ALONE) + clear >= TOGETHER
    return (beside.alone >= ALONE and clear >= CLEAR) or (both and as_by_night)


def fell_alone(states: Sequence[BoundaryState], state: BoundaryState, onset: int) -> bool:
    """Whether a fall since `onset` is told from what the others went through; True where too few others are metered."""
    if len(states) <= LEAST_OTHERS:
        return True
    beside = look_beside(states, state, onset)
    return beside is not None and beside.alone <= -FELL


def _levels(x: Floats, onset: int, recent: int) -> tuple[float, float]:
    """Level of the last days and of those before the onset; NaN with too few good days."""
    found = []
    for part in (x[-recent:], x[max(onset - BEFORE_DAYS, 0) : max(onset, 0)]):
        good = part[np.isfinite(part)]
        found.append(float(np.median(good)) if len(good) >= LEAST_DAYS else float("nan"))
    return found[0], found[1]


def _ratio(x: Floats, onset: int, recent: int) -> float:
    """Logarithm of the level now over that before the onset; NaN where it cannot be told."""
    now, before = _levels(x, onset, recent)
    return float(np.log(now / before)) if now > 0 and before > 0 else float("nan")
