"""What a forecast may know at an origin: the six weeks before it, the calendar and the weather of the week ahead.

Everything is laid out in blocks of 24 wall-clock hours that begin at the hour of the forecast, so that the last block
before an origin holds the newest observations, whatever hour it is. Features of an origin never look past it, except for
calendar and weather. NaN means absent, and a learning method must bear it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats
from cityloop.forecast.calendar import HOURS, Calendar, Ints

__all__ = ["AHEAD", "WINDOW", "Board", "Examples", "clipped", "examples", "median"]

WEEKS, WEEK = 6, 7
WINDOW = WEEKS * WEEK
"""Blocks before an origin that its features are made of."""
AHEAD = 7
"""Blocks ahead that a method learns."""
_NEWEST_ALIKE = 10
"""Days of the same group whose median stands in for a missing weekday, and for a day off."""
_NIGHT = (1, 5)
_CLIP_DAYS, _CLIP_TAIL, _CLIP_SHARE, _CLIP_LEAST = 57, 0.1, 0.1, 10
"""An hour is an outlier if it lies further outside the middle 80 % of its last 57 days than these are wide, and by 10 % of
their level, once 10 of them are there. Own rule: the middle holds every weekday's habit, not a burst's."""


@dataclass(frozen=True)
class Board:
    """Blocks before and after the moment of a forecast, which begins block number `now`.

    `demand` (areas, blocks, 24) is NaN from `now` on; `weather` name -> (blocks, 24), empty where there is none.
    """

    demand: Floats
    calendar: Calendar
    weather: Mapping[str, Floats]
    now: int


@dataclass(frozen=True)
class Examples:
    """Origins x areas, ready to learn from or to predict.

    `x` (areas, origins, ahead, 24, features); `base` (areas, origins, ahead, 24) the median of the same wall-clock hour and
    weekday of six weeks; `scale` (areas, origins) the mean size of six weeks, 1 where all is zero; `spread` (areas, origins, 24) the mean distance
    from such medians; `truth` as `base`, NaN where it is not known.
    """

    x: npt.NDArray[np.float32]
    base: Floats
    scale: Floats
    spread: Floats
    truth: Floats


def median(values: Floats, axis: int) -> Floats:
    """Median of what is there along an axis; NaN where nothing is.

    >>> median(np.array([[1.0, np.nan, 3.0], [np.nan] * 3]), 1).tolist()
    [2.0, nan]
    """
    ordered = np.sort(values, axis=axis)
    count = np.isfinite(ordered).sum(axis=axis, keepdims=True)
    low = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis)
    high = np.take_along_axis(ordered, np.minimum(count // 2, values.shape[axis] - 1), axis)
    return np.asarray(np.squeeze((low + high) / 2, axis=axis), np.float64)


def _mean(values: Floats, axis: int | tuple[int, ...]) -> Floats:
    """Mean of what is there; NaN where nothing is."""
    there = np.isfinite(values)
    count = there.sum(axis=axis)
    total = np.where(there, values, 0.0).sum(axis=axis)
    return np.asarray(np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0), np.float64)


def clipped(demand: Floats) -> Floats:
    """Outliers of (areas, blocks, 24) brought to the edge of what their past makes likely; later blocks play no part."""
    low, high = np.empty_like(demand), np.empty_like(demand)
    for number, area in enumerate(demand):  # one at a time: the windows of all areas together may not fit into memory
        padded = np.concatenate([np.full((_CLIP_DAYS - 1, HOURS), np.nan), area])
        ordered = np.sort(np.lib.stride_tricks.sliding_window_view(padded, _CLIP_DAYS, axis=0), axis=-1)
        last = np.maximum(np.isfinite(ordered).sum(axis=-1, keepdims=True) - 1, 0)
        tail = (_CLIP_TAIL * last).astype(np.int64)
        low[number] = np.take_along_axis(ordered, tail, -1)[..., 0]
        high[number] = np.take_along_axis(ordered, last - tail, -1)[..., 0]
    reach = high - low + _CLIP_SHARE * np.maximum(np.abs(low), np.abs(high))
    reach[np.isfinite(demand).cumsum(axis=1) < _CLIP_LEAST] = np.inf
    return np.clip(demand, low - reach, high + reach)


def examples(board: Board, origins: Ints, *, ahead: int = AHEAD) -> Examples:
    """Features, medians and truth of `ahead` blocks from each origin (block numbers, each at least WINDOW)."""
    past = board.demand[:, origins[:, None] + np.arange(-WINDOW, 0)]  # areas, origins, 42, 24
    areas, count = past.shape[:2]
    target = origins[:, None] + np.arange(ahead)
    alike = _of_the_same_group(board, past, origins, target)
    weeks = past.reshape(areas, count, WEEKS, WEEK, HOURS)
    at = np.arange(ahead) % WEEK
    usual = median(weeks, 2)
    overall = median(past, 2)[:, :, None]
    habit = usual[:, :, at]
    base = np.where(board.calendar.exceptional[target] & np.isfinite(alike), alike, habit)
    level = _mean(past, (2, 3))
    scale = _mean(np.abs(past), (2, 3))
    scale = np.where(scale == 0, 1.0, scale)
    for less in (alike, overall, level[:, :, None, None]):
        base = np.where(np.isfinite(base), base, less)
    parts = [
        *_calendar_features(board.calendar, target),
        *_weather_features(board.weather, target, origins),
        *(p / scale[:, :, None, None] for p in (base, alike, overall, *_demand_features(board, past, weeks, at))),
        np.arange(areas, dtype=np.float64)[:, None, None, None],
    ]
    shape = (areas, count, ahead, HOURS)
    x = np.empty((*shape, len(parts)), np.float32)
    for number, part in enumerate(parts):
        x[..., number] = part
    return Examples(x, base, scale, _mean(np.abs(weeks - usual[:, :, None]), (2, 3)), _truth(board, target))


def _truth(board: Board, target: Ints) -> Floats:
    known = target < board.demand.shape[1]
    return np.where(known[:, :, None], board.demand[:, np.where(known, target, 0)], np.nan)


def _of_the_same_group(board: Board, past: Floats, origins: Ints, target: Ints) -> Floats:
    """Median of the newest ten days of the target's group (workday, Saturday, Sunday or day off), hour by hour."""
    was = board.calendar.group[origins[:, None] + np.arange(-WINDOW, 0)]
    will = board.calendar.group[target]
    out = np.full((past.shape[0], *will.shape), np.nan)
    for group in np.unique(will):
        mine = was == group
        newest = mine[:, ::-1].cumsum(axis=1)[:, ::-1] <= _NEWEST_ALIKE
        habit = median(np.where(mine & newest, past, np.nan), 2)[:, :, None]
        out = np.where(will == group, habit, out)
    return out


def _calendar_features(days: Calendar, target: Ints) -> list[Floats]:
    ahead = np.broadcast_to(np.arange(target.shape[1], dtype=np.float64)[None, :, None], (*target.shape, HOURS))
    angle = days.year_angle[target]
    stated = (days.hour, days.kind, days.weekday, days.off, days.off_before, days.off_after)
    return [
        np.minimum(ahead, AHEAD - 1),
        *(np.asarray(s[target], np.float64) for s in stated),
        np.sin(angle),
        np.cos(angle),
    ]


def _weather_features(weather: Mapping[str, Floats], target: Ints, origins: Ints) -> list[Floats]:
    """Of the hour, of its block, and how the block differs from those that the median is made of."""
    found = []
    week_before = origins[:, None] + np.arange(-WEEK, 0)
    lags = (origins[:, None] + np.arange(target.shape[1]) % WEEK)[:, :, None] - WEEK * np.arange(1, WEEKS + 1)
    for name, hourly in weather.items():
        daily = _mean(hourly, 1)
        mean = daily[target]
        found += [hourly[target], mean[:, :, None], (mean - _mean(daily[lags], 2))[:, :, None]]
        if name == "air_temperature":
            highest = np.fmax.reduce(hourly, axis=1)
            found += [highest[target][:, :, None], (mean - _mean(daily[week_before], 1)[:, None])[:, :, None]]
        if name == "rainfall":
            found.append(_mean(daily[target[:, :, None] - np.arange(1, 4)], 2)[:, :, None])
    return found


def _demand_features(board: Board, past: Floats, weeks: Floats, at: Ints) -> list[Floats]:
    """The same weekday of the two weeks before, the last days, and how far the last week strayed from its five before."""
    strayed = weeks[:, :, -1] - median(weeks[:, :, :-1], 2)
    last = past[:, :, -1]
    prof = _mean(past[:, :, -WEEK:], 2)
    hour = board.calendar.hour[0]
    night = (hour >= _NIGHT[0]) & (hour < _NIGHT[1])
    by_hour = [
        prof, last, past[:, :, -2], median(past[:, :, -2 * WEEK :], 2),
        np.sqrt(_mean((past[:, :, -2 * WEEK :] - prof[:, :, None]) ** 2, 2)),
    ]  # fmt: skip
    levels = [
        *(_mean(past[:, :, -n:], (2, 3)) for n in (1, 3, WEEK, 2 * WEEK)),
        *(_mean(strayed[:, :, -n:], (2, 3)) for n in (1, 3, WEEK)),
        *(_mean(past[:, :, -n:][..., night], (2, 3)) for n in (1, WEEK)),
    ]
    return [
        weeks[:, :, -1][:, :, at], weeks[:, :, -2][:, :, at],
        *(p[:, :, None] for p in by_hour), *(v[:, :, None, None] for v in levels),
    ]  # fmt: skip
