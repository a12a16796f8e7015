"""Inflow meters that come to count by another factor: day and night change by the same share, and no other boundary's do.

A leak adds the same flow at all hours, so its share is larger by night; use that grows or falls goes with the season, which
the other boundaries go through as well. Where five boundaries and more are metered, the flow of one over that of the others
must stay level but for its own events; a lasting change of it by one share at all hours is the meter's doing.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from cityloop.contracts import Floats, View
from cityloop.domains.water.boundary_state import BoundaryState
from cityloop.domains.water.leaks.beside import LEAST_OTHERS, look_beside
from cityloop.domains.water.meters.sensors import Break, Fault, find_break
from cityloop.domains.water.texts import note

__all__ = ["proportional_fault"]

LOOK_BACK_DAYS, LEAST_DAYS, RECENT_DAYS = 84, 42, 14
#: A change of the factor is told from this share on.
LEAST_CHANGE = 0.1
#: What no other test found must differ by so many spreads of the others.
ALONE = 4.0
#: By day and by night the change must be one share: nearer to it than this part of the way to that of a leak, which must be so
#: many standard errors away.
NEARER, TOLD_APART = 0.5, 2.0


def proportional_fault(
    view: View, states: Sequence[BoundaryState], state: BoundaryState, *, told: bool
) -> Fault | None:
    """Whether what a boundary shows is its meter's doing: a boundary with a single inflow meter and nothing else.

    None where it is not, or too few others are metered to compare with. `told` = another test found a rise or fall there;
    without one it must be a fall that stands out by itself: worn meters count too little, and uses of an area's own (schools,
    sports) that come back raise its flow by one share as well.
    """
    others = [s for s in states if s.boundary.id != state.boundary.id]
    if len(state.meters.datastreams) != 1 or len(others) < LEAST_OTHERS:
        return None
    night, day = (_beside(getattr(state, part), [getattr(o, part) for o in others]) for part in ("night", "day"))
    if min(np.isfinite(night).sum(), np.isfinite(day).sum()) < LEAST_DAYS:
        return None
    both = (night + day) / 2
    change = find_break(both, floor=LEAST_CHANGE)
    if change is None or len(both) - change.at < RECENT_DAYS:
        return None
    first = len(state.night) - len(both)
    if not told and (change.size > 0 or not _stands_alone(states, state, first + change.at)):
        return None
    levels = [_level(x[first : first + change.at]) for x in (state.night, state.day)]
    by_night, by_day = _size(night, change), _size(day, change)
    as_leak = float(np.log1p(np.clip((np.exp(by_night) - 1) * levels[0] / max(levels[1], 1e-9), -0.95, None)))
    apart = abs(as_leak - by_night)
    if not abs(by_day - by_night) <= NEARER * apart or apart < TOLD_APART * float(np.hypot(_error(night), _error(day))):
        return None
    if np.sign(by_day) != np.sign(change.size):
        return None
    share = float(np.exp((by_night + by_day) / 2) - 1)
    stream = state.meters.inflow[0]
    since = state.days[first + change.at].astype("datetime64[D]")
    text = note(
        "counts_more" if share > 0 else "counts_less", name=stream.name, percent=f"{100 * abs(share):.0f}",
        day=str(since), n=len(others),
    )  # fmt: skip
    kind = "over_registering" if share > 0 else "under_registering"
    moment = datetime.fromisoformat(str(since)).replace(tzinfo=UTC)
    return Fault(stream, kind, moment, 100 * share, 0.0, 100 * change.se, "%", text)


def _stands_alone(states: Sequence[BoundaryState], state: BoundaryState, onset: int) -> bool:
    """Whether the flow by day changed since `onset` by far more than those of the others."""
    beside = look_beside([replace(s, night=s.day) for s in states], replace(state, night=state.day), onset)
    return beside is not None and abs(beside.alone) >= ALONE


def _beside(own: Floats, others: Sequence[Floats]) -> Floats:
    """Logarithm of a flow over the usual of the others on the same days, each taken from its own median; the last days."""
    block = np.stack([_log(x[-LOOK_BACK_DAYS:]) for x in (own, *others)])
    block = block - np.array([[_level(row)] for row in block])
    enough = np.isfinite(block[1:]).sum(axis=0) >= LEAST_OTHERS
    middle = np.full(block.shape[1], np.nan)
    middle[enough] = np.nanmedian(block[1:, enough], axis=0)
    return np.asarray(block[0] - middle)


def _log(x: Floats) -> Floats:
    good = np.isfinite(x) & (x > 0)
    return np.where(good, np.log(np.where(good, x, 1.0)), np.nan)


def _level(x: Floats) -> float:
    good = x[np.isfinite(x)]
    return float(np.median(good)) if len(good) else float("nan")


def _size(x: Floats, change: Break) -> float:
    """Level of the last days over that before the change."""
    return _level(x[-RECENT_DAYS:]) - _level(x[: change.at])


def _error(x: Floats) -> float:
    """Standard error of such a difference, from what weeks differ by."""
    weeks = np.array([_level(x[i : i + 7]) for i in range(len(x) % 7, len(x) - 6, 7)])
    steps = np.diff(weeks[np.isfinite(weeks)])
    spread = 1.4826 * float(np.median(np.abs(steps - np.median(steps)))) / np.sqrt(2) if len(steps) >= 4 else np.inf
    return float(spread * np.sqrt(0.5 + 7 / LOOK_BACK_DAYS))
