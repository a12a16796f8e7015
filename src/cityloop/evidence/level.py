"""The level of a daily series at an edge: exponentially forgetting mean with Huber weights, or a line if it grows."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cityloop.evidence.drift import Wander, spread_of

__all__ = ["Level", "forgetting", "level_at_edge", "robust_means", "steady_days"]

Floats = npt.NDArray[np.float64]

#: Huber's tuning constant (95 % efficiency at the normal would be 1.345; 1.5 as everywhere in this room).
HUBER = 1.5
#: Least share of the forgetting weights that must be present, and least days.
LEAST_WEIGHT, LEAST_DAYS = 0.35, 7
#: A change of level that ends the window, in standard deviations of the model; sought with at least this many days.
CUT_SD, CUT_LEAST_DAYS = 5.0, 4
#: Variance of a median over that of a mean, normal noise: pi / 2.
MEDIAN_FACTOR = 1.57
#: A growth counts from this many standard deviations on.
GROWTH_SD = 3.0


@dataclass(frozen=True)
class Level:
    """`value` at the edge; variance = r * `noise_share` + q * `drift_share`; `days` used; `growth` per day, 0 = none."""

    value: float
    noise_share: float
    drift_share: float
    days: int
    growth: float = 0.0


def forgetting(days: int, forget_days: float) -> Floats:
    """Weights exp(-i / forget_days) by distance i from the edge."""
    return np.exp(-np.arange(days) / forget_days)


def robust_means(x: Floats, weights: Floats) -> Floats:
    """Weighted Huber mean of each row of `x` (m, n), `weights` (n,); NaN for rows with too little in them."""
    present = np.isfinite(x)
    w = np.where(present, weights, 0.0)
    filled = np.where(present, x, 0.0)
    total = w.sum(axis=1)
    enough = (present.sum(axis=1) >= LEAST_DAYS) & (total >= LEAST_WEIGHT * weights.sum())
    out = np.full(len(x), np.nan)
    if enough.any():
        out[enough] = _huber(filled[enough], present[enough], w[enough])[0]
    return out


def level_at_edge(a: Floats, wander: Wander, *, factor: float, growing: bool, least_days: int) -> Level | None:
    """Level at the edge of `a` (n,), whose first entry is the day at the edge; None if too few days.

    With `growing`, a straight line is fitted and its value at the edge taken where its slope is clear of noise and drift
    (GROWTH_SD times their sd, both widened by `factor`). The first entry must be present.
    """
    present = np.isfinite(a)
    w = np.where(present, forgetting(len(a), wander.forget_days), 0.0)
    if present.sum() < least_days:
        return None
    mean, kept = _huber(np.where(present, a, 0.0)[None], present[None], w[None])
    weights = kept[0] / kept[0].sum()
    level = Level(float(mean[0]), *spread_of(weights), int(present.sum()))
    line = _line(a, present, kept[0], wander, factor) if growing and present.sum() >= LEAST_DAYS else None
    return line or level


def steady_days(a: Floats, wander: Wander, *, factor: float, growing: bool = False) -> int:
    """Days from the edge (first entry of `a`) without a change of level clear of noise and drift; len(a) if none.

    With `growing`, a straight line that fits the days better than two levels is no change.
    """
    days = len(a)
    while True:
        clear = [k for k in range(CUT_LEAST_DAYS, days - CUT_LEAST_DAYS + 1) if _is_clear(a[:days], k, wander, factor)]
        if not clear:
            return days
        splits = {k: _deviation(a[:k]) + _deviation(a[k:days]) for k in clear}
        best = min(clear, key=splits.__getitem__)
        if growing and _deviation_from_line(a[:days]) <= splits[best]:
            return days
        days = best


def _is_clear(a: Floats, split: int, wander: Wander, factor: float) -> bool:
    """Whether the medians of up to 14 days on either side of a split differ by more than noise and drift allow."""
    near, far = a[:split], a[split:]
    near, far = near[np.isfinite(near)][-14:], far[np.isfinite(far)][:14]
    if len(near) < CUT_LEAST_DAYS or len(far) < CUT_LEAST_DAYS:
        return False
    noise = MEDIAN_FACTOR * wander.noise * (1 / len(near) + 1 / len(far))
    drift = wander.drift * (len(near) + len(far)) / 3  # two means over m and n days of a random walk
    return bool(abs(np.median(near) - np.median(far)) > CUT_SD * np.sqrt(factor * (noise + drift)))


def _deviation(x: Floats) -> float:
    """Sum of the absolute deviations from the median."""
    x = x[np.isfinite(x)]
    return float(np.abs(x - np.median(x)).sum()) if len(x) else 0.0


def _deviation_from_line(x: Floats) -> float:
    """Sum of the absolute deviations from the straight line of least squares."""
    age = np.flatnonzero(np.isfinite(x)).astype(np.float64)
    x = x[np.isfinite(x)]
    slope = float((age - age.mean()) @ x) / float((age - age.mean()) @ (age - age.mean()))
    return _deviation(x - slope * age)


def _huber(filled: Floats, present: npt.NDArray[np.bool_], w: Floats) -> tuple[Floats, Floats]:
    """Huber means of rows and the weights they used; `filled` is 0 where not present."""
    mean = (w * filled).sum(axis=1) / w.sum(axis=1)
    kept = w
    for _ in range(6):
        left = np.where(present, np.abs(filled - mean[:, None]), np.nan)
        limit = HUBER * (1.4826 * np.nanmedian(left, axis=1) + 1e-9)
        shrink = np.minimum(1.0, limit[:, None] / np.maximum(np.where(present, left, 1.0), 1e-12))
        kept = w * shrink
        mean = (kept * filled).sum(axis=1) / kept.sum(axis=1)
    return mean, kept


def _line(a: Floats, present: npt.NDArray[np.bool_], kept: Floats, wander: Wander, factor: float) -> Level | None:
    """Value at the edge of a weighted line, as signed weights of the days; None if its slope is not clear."""
    age = np.arange(len(a), dtype=np.float64)
    total = kept.sum()
    centre = float(kept @ age) / total
    spread = float(kept @ (age - centre) ** 2)
    if spread <= 0:
        return None
    slope_weights = kept * (age - centre) / spread
    filled = np.where(present, a, 0.0)
    slope = float(slope_weights @ filled)
    noise, drift = spread_of(slope_weights)
    if abs(slope) < GROWTH_SD * np.sqrt(factor * (wander.noise * noise + wander.drift * drift)):
        return None
    weights = kept / total - centre * slope_weights
    return Level(float(weights @ filled), *spread_of(weights), int(present.sum()), -slope)
