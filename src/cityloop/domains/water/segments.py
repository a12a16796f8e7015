"""Lasting changes of level in a daily statistic: a CUSUM both ways, restarted after each change.

Decision limit 8 and slack 0.5 in standard deviations that count the day-to-day memory of the series, baseline 21 days.
"""

from collections.abc import Sequence

import numpy as np

from cityloop.contracts import Floats
from cityloop.domains.water.statistic import BASELINE_DAYS

__all__ = ["DAY_CAP", "find_segments", "level_of", "split_gain"]

#: Decision limit and slack in long-run standard deviations; measured on ky4: README.md.
CUSUM_H, CUSUM_K = 8.0, 0.5
#: A single day counts for at most this many standard deviations: one odd day (a fire, a flushing) raises no alarm.
DAY_CAP = 5.0
#: A change of level must differ from both neighbours by this many standard errors: its day was chosen as the best one.
SPLIT_SIGNIFICANT = 3.4
#: Good days after which a new level is judged by: at the start of the series, after works, after an alarm.
WARM_DAYS, WARM_AFTER_WORKS, WARM_AFTER_ALARM = BASELINE_DAYS, 10, 5


def find_segments(a: Floats, sd: float, breaks: Sequence[int]) -> list[tuple[int, int]]:
    """(first day, alarm day) of each stretch of constant level; at a break the alarm day is the break itself."""
    edges = [0, *breaks, len(a)]
    found: list[tuple[int, int]] = []
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        found.append((low, low))
        start, warm = low, WARM_DAYS if low == 0 else WARM_AFTER_WORKS
        while True:
            alarm = _first_alarm(a, start, high, sd, warm)
            if alarm is None:
                break
            onset = _onset(a, start, min(alarm + 7, high), sd)
            found.append((onset, alarm))
            start, warm = onset, WARM_AFTER_ALARM
    return _prune(a, found, sd, set(edges))


def _first_alarm(a: Floats, start: int, end: int, sd: float, warm: int) -> int | None:
    """First day at which a two-sided CUSUM against the first BASELINE_DAYS good days passes the limit.

    Until the baseline is full each day is judged against the days before it (self-starting), from `warm` days on.
    """
    total, count, up, down = 0.0, 0, 0.0, 0.0
    for i in range(start, end):
        if not np.isfinite(a[i]):
            continue
        if count >= warm:
            z = (a[i] - total / count) / (sd * np.sqrt(1 + 1 / count))
            z = float(np.clip(z, -DAY_CAP, DAY_CAP))
            up, down = max(0.0, up + z - CUSUM_K), max(0.0, down - z - CUSUM_K)
            if max(up, down) > CUSUM_H:
                return i
        if count < BASELINE_DAYS:
            total, count = total + a[i], count + 1
    return None


def _onset(a: Floats, start: int, end: int, sd: float) -> int:
    """Most likely first day of a single step within [start, end): the split that explains most."""
    return int(np.argmax(split_gain(a[start:end], sd))) + start


def split_gain(x: Floats, sd: float) -> Floats:
    """Twice the log likelihood gained by a step before each day of x, in units of sd; -inf where it cannot be told."""
    good = np.isfinite(x)
    value = np.where(good, np.clip(x - np.nanmedian(x), -20 * sd, 20 * sd), 0.0)
    before = np.concatenate([[0], np.cumsum(good)[:-1]]).astype(np.float64)
    sum_before = np.concatenate([[0.0], np.cumsum(value)[:-1]])
    after, sum_after = good.sum() - before, value.sum() - sum_before
    ok = (before >= 3) & (after >= 2)
    gain = np.full(len(x), -np.inf)
    gain[ok] = (sum_after[ok] / after[ok] - sum_before[ok] / before[ok]) ** 2 / (1 / after[ok] + 1 / before[ok]) / sd**2
    return gain


def level_of(x: Floats, sd: float) -> tuple[float, int]:
    """Mean of a stretch with each day held within DAY_CAP sd of its median, and the number of its days (at least 1)."""
    good = x[np.isfinite(x)]
    if not len(good):
        return float("nan"), 1
    centre = float(np.median(good))
    return float(np.mean(np.clip(good, centre - DAY_CAP * sd, centre + DAY_CAP * sd))), len(good)


def _prune(a: Floats, found: list[tuple[int, int]], sd: float, fixed: set[int]) -> list[tuple[int, int]]:
    """Drop the weakest change until each is significant against both neighbours."""
    kept = list(found)
    while len(kept) > 1:
        ends = [s for s, _ in kept[1:]] + [len(a)]
        stretches = [level_of(a[s:e], sd) for (s, _), e in zip(kept, ends, strict=True)]
        means, counts = [level for level, _ in stretches], [count for _, count in stretches]
        z = [
            np.inf
            if kept[i][0] in fixed
            else abs(means[i] - means[i - 1]) / (sd * np.sqrt(1 / counts[i] + 1 / counts[i - 1]))
            for i in range(1, len(kept))
        ]
        weakest = int(np.argmin(np.nan_to_num(np.asarray(z), nan=0.0, posinf=1e9)))
        if not z[weakest] < SPLIT_SIGNIFICANT:
            return kept
        del kept[weakest + 1]
    return kept
