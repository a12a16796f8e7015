"""Lasting changes of level in a daily statistic: a CUSUM both ways raises the alarm, the best partition tells them apart.

Decision limit 8 and slack 0.5 in standard deviations that count the day-to-day memory of the series, baseline 21 days. Once
there is an alarm, the series is cut into stretches of constant level at the least sum of squares and penalties (optimal
partitioning, Jackson et al. 2005), with the noise that is left within the stretches.
"""

from collections.abc import Sequence

import numpy as np

from cityloop.contracts import Floats
from cityloop.domains.water.leaks.statistic import BASELINE_DAYS

__all__ = ["DAY_CAP", "find_segments", "level_of", "split_gain"]

#: Decision limit and slack in long-run standard deviations; measured on ky4: README.md.
CUSUM_H, CUSUM_K = 8.0, 0.5
#: A single day counts for at most this many standard deviations: one odd day (a fire, a flushing) raises no alarm.
DAY_CAP = 5.0
#: A change of level must differ from both neighbours by this many standard errors: its day was chosen as the best one.
SPLIT_SIGNIFICANT = 3.4
#: Penalty of one more stretch, in squared standard deviations; good days of a stretch; rounds of estimating the noise.
STRETCH_PENALTY, STRETCH_DAYS, NOISE_ROUNDS = 13.0, 4, 3
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
    found = _prune(a, found, sd, set(edges))
    if len(found) <= len(edges) - 1:
        return found
    return [c for low, high in zip(edges[:-1], edges[1:], strict=True) for c in _told_apart(a, found, sd, low, high)]


def _told_apart(a: Floats, found: Sequence[tuple[int, int]], sd: float, low: int, high: int) -> list[tuple[int, int]]:
    """The stretches of the best partition of [low, high), none begun while the first baseline fills; the CUSUM's alarms."""
    x = a[low:high]
    warm = WARM_DAYS if low == 0 else WARM_AFTER_WORKS
    noise = sd
    starts = [0]
    for _ in range(NOISE_ROUNDS):
        starts = _partition(x, noise, warm)
        noise = min(_noise_within(x, starts), sd)
    mine = [(onset - low, alarm - low) for onset, alarm in found if low <= onset < high]
    ends = [*starts[1:], len(x)]
    alarms = [_alarm(x, day, end, noise, mine) for day, end in zip(starts, ends, strict=True)]
    kept = _prune(x, list(zip(starts, alarms, strict=True)), noise, {0})
    return [(low + day, low + alarm if day else low) for day, alarm in kept]


def _partition(x: Floats, sd: float, warm: int) -> list[int]:
    """First days of the stretches of constant level: least squares in sd with STRETCH_PENALTY for each."""
    good = np.isfinite(x)
    value = np.where(good, x, 0.0)
    count, first, second = (np.concatenate([[0.0], np.cumsum(y)]) for y in (good, value, value**2))
    least = np.full(len(x) + 1, np.inf)
    least[0] = 0.0
    before = np.zeros(len(x) + 1, dtype=np.int64)
    begins = np.concatenate([[0], np.arange(max(warm, 1), len(x) + 1)]).astype(np.int64)
    for end in range(1, len(x) + 1):
        begin = begins[begins < end]
        days = count[end] - count[begin]
        squares = second[end] - second[begin] - (first[end] - first[begin]) ** 2 / np.maximum(days, 1)
        total = np.where(days >= STRETCH_DAYS, least[begin] + squares / sd**2 + STRETCH_PENALTY, np.inf)
        best = int(np.argmin(total))
        least[end], before[end] = total[best], begin[best]
    starts, end = [], len(x)
    while end > 0:
        end = int(before[end])
        starts.append(end)
    return starts[::-1]


def _noise_within(x: Floats, starts: Sequence[int]) -> float:
    """Long-run sd of what is left of x within its stretches; infinite where there is next to nothing."""
    left = x.copy()
    for low, high in zip(starts, [*starts[1:], len(x)], strict=True):
        left[low:high] -= np.nanmean(left[low:high]) if np.isfinite(left[low:high]).any() else 0.0
    good = left[np.isfinite(left)]
    if len(good) < STRETCH_DAYS:
        return float("inf")
    spread = 1.4826 * float(np.median(np.abs(good)))
    left = np.clip(left, -3 * spread, 3 * spread)
    power = max(float(np.nanmean(left**2)), 1e-12)
    pairs = left[1:] * left[:-1]
    phi = float(np.clip(np.nanmean(pairs) / power, 0.0, 0.8)) if np.isfinite(pairs).any() else 0.0
    return float(np.sqrt(power * len(good) / max(len(good) - len(starts), 1) * (1 + phi) / (1 - phi)))


def _alarm(x: Floats, day: int, end: int, sd: float, known: Sequence[tuple[int, int]]) -> int:
    """Day by which a change on `day` could be told: the CUSUM's own alarm, else when the new level is significant."""
    near = [alarm for onset, alarm in known if abs(onset - day) <= STRETCH_DAYS and alarm >= day]
    if near or day == 0:
        return near[0] if near else 0
    level, before = level_of(x[:day][-BASELINE_DAYS:], sd)
    for last in range(day + 2, end):
        now, days = level_of(x[day : last + 1], sd)
        if abs(now - level) > SPLIT_SIGNIFICANT * sd * np.sqrt(1 / days + 1 / before):
            return last
    return end - 1


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
