"""Water that changes boundaries: what the night flow of one metered boundary gains, another loses on the same day.

A valve opened between two boundaries leaves their sum as it was, at night and by day; a leak raises one boundary alone. Each
series is freed of what it shares with the weather and the other boundaries; a step is the difference of the medians of up to
28 days on either side, in standard errors that count its memory and its drift.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cityloop.contracts import Floats
from cityloop.domains.water.boundary_state import BoundaryState
from cityloop.domains.water.leaks.detection import find_trouble
from cityloop.domains.water.leaks.segments import split_gain
from cityloop.domains.water.leaks.statistic import Statistic, adjust

__all__ = ["Fall", "Transfer", "find_changes", "without_transfers"]

#: Days compared on either side of a step; least days before it and after it.
WINDOW_DAYS, LEAST_BEFORE, LEAST_AFTER = 28, 14, 7
#: A step must be clear in each boundary by this many standard errors; one that stands alone by more.
CLEAR, CLEAR_ALONE = 5.0, 6.0
#: Gain and loss agree within this share of their mean, their days within SAME_DAYS.
EQUAL_SHARE, SAME_DAYS = 0.5, 3
#: By day the demand scatters more: gain and loss must agree within this many standard errors beside EQUAL_SHARE.
EQUAL_SE_DAY = 2.0
#: Exchanged meters: each boundary goes on at the other's former level, by night and by day, within this share of the step.
SWAPPED_SHARE = 0.12
#: A fall that stands alone is told from this share of the night flow on.
ALONE_SHARE = 0.15
#: Days before the start and after the end of finished works whose steps are theirs.
WORKS_BEFORE, WORKS_AFTER = 3, 10
#: Efficiency of a median: its standard error is this times that of a mean (normal distribution).
MEDIAN_FACTOR = 1.2533


@dataclass(frozen=True)
class Transfer:
    """Water that `lost` no longer gets through its own meters and `gained` does: indices of the states, day, L/s."""

    gained: int
    lost: int
    onset: int
    flow: float
    """Mean of gain and loss by night."""
    se: float
    """Its standard error, which counts half of what they disagree by."""
    gain: float
    loss: float
    flow_by_day: float
    swapped: bool
    """Each boundary goes on at the other's former level: their meters or names were exchanged."""
    lasting: bool = True
    """Not taken back by a later one of the same pair and size."""


@dataclass(frozen=True)
class Fall:
    """A lasting fall of one boundary below every level it had before, which no other boundary gained; L/s, above 0."""

    boundary: int
    onset: int
    size: float
    se: float
    share_by_night: float
    share_by_day: float
    """Change as a share of the flow before, below 0; by day NaN where it is not known."""


@dataclass(frozen=True)
class _Series:
    """Daily values (n,) of one boundary and the noise that a step is judged by."""

    a: Floats
    sd: float
    drift: float

    def steps(self) -> tuple[Floats, Floats]:
        """Step before each day and its standard error, (n,) each; NaN where there are too few days."""
        n = len(self.a)
        before, count_before = _medians(np.concatenate([np.full(WINDOW_DAYS, np.nan), self.a[:-1]]))
        after, count_after = _medians(np.concatenate([self.a, np.full(WINDOW_DAYS - 1, np.nan)]))
        enough = (count_before >= LEAST_BEFORE) & (count_after >= LEAST_AFTER)
        size = np.where(enough, after - before, np.nan)
        share = 1 / np.maximum(count_before, 1) + 1 / np.maximum(count_after, 1)
        return size[:n], MEDIAN_FACTOR * self.sd * np.sqrt(share)[:n]

    def at(self, day: int) -> tuple[float, float]:
        """Step on one day and its standard error without drift."""
        before, after = self.a[max(day - WINDOW_DAYS, 0) : day], self.a[day : day + WINDOW_DAYS]
        before, after = before[np.isfinite(before)], after[np.isfinite(after)]
        if len(before) < LEAST_AFTER or len(after) < LEAST_AFTER:
            return float("nan"), float("inf")
        se = MEDIAN_FACTOR * self.sd * float(np.sqrt(1 / len(before) + 1 / len(after)))
        return float(np.median(after) - np.median(before)), se

    def before(self, day: int) -> float:
        """Level before a step on `day`."""
        values = self.a[max(day - WINDOW_DAYS, 0) : day]
        values = values[np.isfinite(values)]
        return float(np.median(values)) if len(values) else float("nan")


@dataclass(frozen=True)
class _Step:
    """A clear, sharp step of one boundary's night flow."""

    boundary: int
    day: int
    size: float
    se: float


def find_changes(states: Sequence[BoundaryState]) -> tuple[list[Transfer], list[Fall]]:
    """Transfers by day, those that were taken back included, and falls that stand alone. The states share their days."""
    nights, days = _night_series(states), [_day_series(s) for s in states]
    steps = _all_steps(states, nights)
    transfers = _mark_lasting(_match(states, steps, days))
    return transfers, _falls(states, nights, days, steps, transfers)


def _falls(
    states: Sequence[BoundaryState], nights: Sequence[_Series | None], days: Sequence[_Series],
    steps: Sequence[_Step], transfers: Sequence[Transfer],
) -> list[Fall]:  # fmt: skip
    """Lasting falls of single boundaries that are no transfer, no works' effect and no end of an earlier rise."""
    told = {(t.gained, t.onset) for t in transfers} | {(t.lost, t.onset) for t in transfers}
    latest: dict[int, Fall] = {}
    for step in steps:
        night, k = nights[step.boundary], step.boundary
        if night is None:
            continue
        se = float(np.hypot(step.se, night.drift))
        if step.size > -CLEAR_ALONE * se:
            continue
        if any(b == k and abs(day - step.day) <= SAME_DAYS for b, day in told):
            continue
        flow = float(np.nanmedian(states[k].night[max(step.day - WINDOW_DAYS, 0) : step.day]))
        since = night.a[step.day :]
        now = float(np.median(since[np.isfinite(since)][-WINDOW_DAYS:]))
        lowest = _lowest_before(night, step.day)
        if -step.size < ALONE_SHARE * flow or now > lowest - 2.0 * se or now > night.before(step.day) + 0.6 * step.size:
            continue
        by_day = days[k].at(step.day)[0] / days[k].before(step.day)
        latest[k] = Fall(k, step.day, -step.size, se, step.size / max(flow, 1e-9), by_day)
    return [latest[k] for k in sorted(latest)]


def without_transfers(states: Sequence[BoundaryState], transfers: Sequence[Transfer]) -> list[BoundaryState]:
    """The states as if no water had changed boundaries: the step of each transfer is taken out, the rest judged again."""
    mended = list(states)
    for index, state in enumerate(states):
        mine = [t for t in transfers if index in (t.gained, t.lost)]
        if not mine or state.statistic is None:
            continue
        a = state.statistic.a.copy()
        for transfer in sorted(mine, key=lambda t: t.onset):
            size = _Series(a, state.statistic.sd_long, 0.0).at(transfer.onset)[0]
            if np.isfinite(size):
                a[transfer.onset :] -= size
        statistic = replace(state.statistic, a=a)
        mended[index] = replace(state, statistic=statistic, trouble=find_trouble(statistic, works=state.works))
    return mended


# --- series ------------------------------------------------------------------------------------------------------
def _night_series(states: Sequence[BoundaryState]) -> list[_Series | None]:
    """Night flows freed of weather and of what all boundaries share; not of their day, which a transfer moves too."""
    found: list[_Series | None] = []
    for state in states:
        statistic: Statistic | None = adjust(state.night, np.full(len(state.night), np.nan), state.covariates)
        found.append(_Series(statistic.a, statistic.sd_long, statistic.drift_sd_month) if statistic else None)
    return found


def _day_series(state: BoundaryState) -> _Series:
    """The flow by day; its scatter within seven days counts as that of seven dependent days."""
    y = state.day
    change = y[7:] - y[:-7]
    change = change[np.isfinite(change)]
    spread = 1.4826 * float(np.median(np.abs(change - np.median(change)))) / np.sqrt(2) if len(change) >= 7 else np.inf
    return _Series(y, max(float(spread), 1e-6) * float(np.sqrt(3.0)), 0.0)


def _medians(padded: Floats) -> tuple[Floats, Floats]:
    """Median and number of good values of each WINDOW_DAYS in a row."""
    views = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_DAYS)
    count = np.isfinite(views).sum(axis=1)
    out = np.full(len(views), np.nan)
    out[count > 0] = np.nanmedian(views[count > 0], axis=1)
    return out, count.astype(np.float64)


def _lowest_before(series: _Series, day: int) -> float:
    """Lowest median of any WINDOW_DAYS that end before a day."""
    levels, count = (
        _medians(series.a[:day]) if day >= WINDOW_DAYS else (np.array([series.before(day)]), np.array([99.0]))
    )
    good = levels[count >= LEAST_BEFORE]
    return float(np.min(good)) if len(good) else series.before(day)


# --- steps -------------------------------------------------------------------------------------------------------
def _all_steps(states: Sequence[BoundaryState], nights: Sequence[_Series | None]) -> list[_Step]:
    """Clear, sharp steps of every boundary that no finished works explain, by day."""
    found = []
    for index, (state, series) in enumerate(zip(states, nights, strict=True)):
        if series is None:
            continue
        size, se = series.steps()
        own: list[_Step] = []
        for peak in _peaks(np.nan_to_num(np.abs(size) / se, nan=0.0)):
            day = _sharpest(series, peak)
            height, error = series.at(day)
            works = any(first - WORKS_BEFORE <= day <= last + WORKS_AFTER for first, last in state.works)
            known = any(abs(step.day - day) <= SAME_DAYS for step in own)
            if not works and not known and abs(height) >= CLEAR * error and _is_sharp(series.a, day, height):
                own.append(_Step(index, day, height, error))
        found += own
    return sorted(found, key=lambda s: (s.day, s.boundary))


def _peaks(z: Floats) -> list[int]:
    """Days with z >= CLEAR, each the largest within WINDOW_DAYS / 2, largest first."""
    left, found = z.copy(), []
    while len(left) and left.max() >= CLEAR:
        day = int(np.argmax(left))
        found.append(day)
        left[max(day - WINDOW_DAYS // 2, 0) : day + WINDOW_DAYS // 2 + 1] = 0.0
    return found


def _sharpest(series: _Series, peak: int) -> int:
    """The day near a peak of the medians whose step explains most: medians hardly tell the days around it apart."""
    low, high = max(peak - WINDOW_DAYS, 0), min(peak + WINDOW_DAYS, len(series.a))
    gain = split_gain(series.a[low:high], series.sd)
    near = np.arange(low, high)
    gain[np.abs(near - peak) > WINDOW_DAYS // 2] = -np.inf
    return int(near[np.argmax(gain)])


def _is_sharp(a: Floats, day: int, size: float) -> bool:
    """Whether three days before a step stand on its one side and three days after it on the other: no slope does."""
    before, after = a[max(day - WINDOW_DAYS, 0) : day], a[day : day + 3]
    near = before[-3:]
    if not (np.isfinite(near).any() and np.isfinite(after).any() and np.isfinite(before).any()):
        return False
    level = np.nanmedian(before)
    return bool((np.nanmedian(near) - level) / size < 0.5 <= (np.nanmedian(after) - level) / size)


# --- pairs -------------------------------------------------------------------------------------------------------
def _match(states: Sequence[BoundaryState], steps: Sequence[_Step], days: Sequence[_Series]) -> list[Transfer]:
    """Rises and falls of two boundaries that agree in day and size, the best agreement first; each step is used once."""
    rises, falls = [s for s in steps if s.size > 0], [s for s in steps if s.size < 0]
    pairs = []
    for up in rises:
        for down in falls:
            if up.boundary == down.boundary or abs(up.day - down.day) > SAME_DAYS:
                continue
            se = float(np.hypot(up.se, down.se))
            apart = abs(up.size + down.size)
            if apart <= EQUAL_SHARE * (up.size - down.size) / 2:
                pairs.append((apart / se, up, down))
    used: set[tuple[int, int]] = set()
    found = []
    for _, up, down in sorted(pairs, key=lambda p: p[0]):
        ends = {(up.boundary, up.day), (down.boundary, down.day)}
        if ends & used or not _may_border(states[up.boundary], states[down.boundary]):
            continue
        transfer = _transfer(states, up, down, days)
        if transfer is not None:
            used |= ends
            found.append(transfer)
    return found


def _may_border(one: BoundaryState, other: BoundaryState) -> bool:
    """Whether two boundaries may be neighbours: those that name their neighbours (relation `neighbour`) have no others."""
    named = {r.thing for r in one.boundary.relations if r.kind == "neighbour"}
    back = {r.thing for r in other.boundary.relations if r.kind == "neighbour"}
    if not named and not back:
        return True
    return other.boundary.id in named or one.boundary.id in back


def _transfer(states: Sequence[BoundaryState], up: _Step, down: _Step, days: Sequence[_Series]) -> Transfer | None:
    """The transfer of two matching steps; None if by day the one does not gain what the other loses."""
    day = min(up.day, down.day)
    (gained, se_gained), (lost, se_lost) = days[up.boundary].at(up.day), days[down.boundary].at(down.day)
    if np.isfinite(gained) and np.isfinite(lost):
        se = float(np.hypot(se_gained, se_lost))
        if abs(gained + lost) > EQUAL_SE_DAY * se + EQUAL_SHARE * abs(gained - lost) / 2 or gained - lost < -2 * se:
            return None
    return Transfer(
        gained=up.boundary,
        lost=down.boundary,
        onset=day,
        flow=(up.size - down.size) / 2,
        se=float(np.sqrt(up.se**2 + down.se**2 + (up.size + down.size) ** 2)) / 2,
        gain=up.size,
        loss=-down.size,
        flow_by_day=float(np.nan_to_num((gained - lost) / 2)),
        swapped=_is_swap(states, up, down, days),
    )


def _is_swap(states: Sequence[BoundaryState], up: _Step, down: _Step, days: Sequence[_Series]) -> bool:
    """Whether each boundary goes on where the other was, by night and by day."""
    one, other = states[up.boundary], states[down.boundary]
    for x, y in ((one.night, other.night), (days[up.boundary].a, days[down.boundary].a)):
        levels = [
            float(np.nanmedian(part)) if np.isfinite(part).any() else float("nan")
            for part in (
                x[max(up.day - WINDOW_DAYS, 0) : up.day], x[up.day : up.day + WINDOW_DAYS],
                y[max(down.day - WINDOW_DAYS, 0) : down.day], y[down.day : down.day + WINDOW_DAYS],
            )
        ]  # fmt: skip
        step = abs(levels[2] - levels[0])
        if not max(abs(levels[1] - levels[2]), abs(levels[3] - levels[0])) <= SWAPPED_SHARE * step:
            return False
    return True


def _mark_lasting(found: Sequence[Transfer]) -> list[Transfer]:
    """The transfers by day, each told whether a later one of the same pair took it back."""
    ordered = sorted(found, key=lambda t: (t.onset, t.gained))
    open_ones: dict[frozenset[int], list[int]] = {}
    for number, transfer in enumerate(ordered):
        stack = open_ones.setdefault(frozenset((transfer.gained, transfer.lost)), [])
        if stack and ordered[stack[-1]].gained == transfer.lost and _alike(ordered[stack[-1]], transfer):
            stack.pop()
        else:
            stack.append(number)
    lasting = {number for stack in open_ones.values() for number in stack}
    return [replace(transfer, lasting=number in lasting) for number, transfer in enumerate(ordered)]


def _alike(one: Transfer, other: Transfer) -> bool:
    """Whether two transfers are of one size."""
    return abs(one.flow - other.flow) <= EQUAL_SHARE * max(one.flow, other.flow)
