"""A burst that runs now: the flow of the last hours far above what these hours of the day carry, and above all weeks before.

The night flow of whole days tells a leak after days; a burst of a good share of the flow need not wait for that. The flow less
the median of its hour and kind of day is averaged over the last hours; that mean must exceed every such mean of the weeks
before by a margin, a share of the mean flow, and go on up to now. What has ended is nobody's trouble any more.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from cityloop.contracts import Floats, Times, View
from cityloop.domains.water.balance import hourly_balance
from cityloop.domains.water.boundary_state import BoundaryState
from cityloop.domains.water.leaks.detection import Part, Step, Trouble
from cityloop.domains.water.localtime import local_hours

__all__ = ["Sudden", "find_sudden", "sudden_rise"]

#: Weeks of hours compared with; hours that must be there; days just before that do not count as the weeks before.
WEEKS, LEAST_HOURS, APART_H = 8, 21 * 24, 48
#: Hours averaged, the shortest first; the last of them must still be high.
WINDOWS_H, STILL_H, STILL_SHARE = (6, 12, 24), 2, 0.7
#: A burst exceeds the largest mean of the weeks before by this factor, and this share of the mean flow.
MARGIN, LEAST_SHARE = 1.5, 0.4


@dataclass(frozen=True)
class Sudden:
    """Mean rise over the last `hours` up to now, L/s, and how such means scatter otherwise."""

    hours: int
    rise: float
    se: float


def sudden_rise(times: Times, balance: Floats, timezone: str) -> Sudden | None:
    """The burst that runs at the end of an hourly series (t,), L/s, NaN = absent; None without one.

    `times` (t,) UTC starts of the hours.
    """
    good = np.isfinite(balance)
    if good.sum() < LEAST_HOURS or not good[-STILL_H:].any():
        return None
    left = _unusual(times, balance, timezone)
    mean = float(np.nanmean(balance[:-APART_H]))
    for hours in WINDOWS_H:
        means = _means(left, hours)
        rise, before = float(means[-1]), means[: -APART_H - hours]
        before = before[np.isfinite(before)]
        if not np.isfinite(rise) or len(before) < LEAST_HOURS / 2:
            continue
        still = float(np.nanmean(left[-STILL_H:]))
        if rise > max(MARGIN * float(np.max(before)), LEAST_SHARE * mean) and still > STILL_SHARE * rise:
            alike = means[-1 - 24 :: -24]  # the same hours of the days before
            return Sudden(hours, rise, float(np.std(alike[np.isfinite(alike)][:-1])))
    return None


def find_sudden(view: View, state: BoundaryState) -> Trouble | None:
    """The burst that runs at `view.now` in a boundary, as its trouble; None without one."""
    span = view.span(state.meters.datastreams)
    if span is None or state.meters.missing or not len(state.days):
        return None
    end = min(span[1], view.now).replace(minute=0, second=0, microsecond=0)
    if view.now - end >= timedelta(hours=24):
        return None
    start = max(span[0], end - timedelta(weeks=WEEKS)).replace(minute=0, second=0, microsecond=0)
    times, balance = hourly_balance(view, state.meters, start=start, end=end)
    found = sudden_rise(times, balance, view.timezone) if len(times) else None
    return _trouble(view, state, found, end) if found is not None else None


def _unusual(times: Times, balance: Floats, timezone: str) -> Floats:
    """The flow less the median of its local hour on working days or weekends, and less the level of the week before."""
    labels, hour = local_hours(times, timezone)
    weekend = (labels.astype(np.int64) + 3) % 7 >= 5  # 1970-01-01 was a Thursday
    kind = hour + 24 * weekend
    usual = np.full(48, np.nan)
    for k in np.unique(kind):
        same = balance[kind == k]
        usual[k] = np.nanmedian(same) if np.isfinite(same).any() else np.nan
    left = balance - usual[kind]
    week = left[-APART_H - 168 : -APART_H]
    level = float(np.nanmedian(week)) if np.isfinite(week).any() else 0.0
    return np.asarray(left - level, dtype=np.float64)


def _means(x: Floats, hours: int) -> Floats:
    """Mean of the last `hours` up to each hour; NaN where fewer than three quarters are there."""
    good = np.isfinite(x)
    count = np.concatenate([[0.0], np.cumsum(good)])
    total = np.concatenate([[0.0], np.cumsum(np.where(good, x, 0.0))])
    out = np.full(len(x), np.nan)
    n = count[hours:] - count[:-hours]
    out[hours - 1 :] = np.where(n >= 0.75 * hours, (total[hours:] - total[:-hours]) / np.maximum(n, 1), np.nan)
    return out


def _trouble(view: View, state: BoundaryState, found: Sudden, end: datetime) -> Trouble:
    """As the rest of the domain knows a trouble: one step on the day on which it began."""
    began = np.datetime64((end - timedelta(hours=found.hours)).replace(tzinfo=None), "us")
    day = local_hours(np.array([began]), view.timezone)[0][0]
    onset = int(np.clip((day - state.days[0]).astype(int), 0, len(state.days) - 1))
    last = len(state.days) - 1
    return Trouble(
        kind="burst",
        onset=onset,
        onset_low=onset,
        onset_high=onset,
        alarm=last,
        gap=found.rise,
        gap_se=found.se,
        growth_per_day=0.0,
        steps=(Step(onset, last, found.rise, found.se),),
        parts=(Part(onset, found.rise, found.se, 0.0),),
        alternatives=(),
        reference=np.where(np.arange(len(state.days)) >= onset, found.rise, 0.0),
        residual_of_works=False,
        recent=onset,
    )
