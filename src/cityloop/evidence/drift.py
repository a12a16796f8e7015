"""Noise and drift of a daily series: a level that wanders (random walk) seen through daily noise.

The local level model of structural time series (Harvey 1989, ch. 2.3): a_t = mu_t + e_t, mu_t = mu_{t-1} + u_t with
var e = r and var u = q. Its best estimate of the level at a day forgets the days before it exponentially, with a
forgetting time of about sqrt(r / q) days.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["LONGEST_DAYS", "Wander", "estimate_wander", "spread_of"]

Floats = npt.NDArray[np.float64]

LAGS = (1, 2, 3, 4, 5, 6, 7, 10, 14)
#: Least pairs of days at one lag.
LEAST_PAIRS = 15
#: Bounds of the forgetting time, days. Chosen on the tuning works of ten real areas: below 2.5 the interval got wider.
SHORTEST_DAYS, LONGEST_DAYS = 2.5, 28.0


@dataclass(frozen=True)
class Wander:
    """`noise` r and `drift` q per day, in the squared unit of the series; `forget_days` the forgetting time."""

    noise: float
    drift: float

    @property
    def forget_days(self) -> float:
        """Forgetting time of the level, days, within its bounds."""
        return float(np.clip(np.sqrt(self.noise / self.drift), SHORTEST_DAYS, LONGEST_DAYS))


def estimate_wander(a: Floats) -> Wander | None:
    """r and q from the robust structure function: var of a change over h days = 2 r + q h.

    `a` (n,) one value a day, NaN where absent. Medians, so that single steps and outliers do not count; changes about
    their own median, so that a steady growth does not count as drift. None: too few.
    """
    lags, seen = [], []
    for lag in LAGS:
        change = a[lag:] - a[:-lag]
        change = change[np.isfinite(change)]
        if len(change) >= LEAST_PAIRS:
            lags.append(float(lag))
            seen.append((1.4826 * float(np.median(np.abs(change - np.median(change))))) ** 2)
    if len(lags) < 4:
        return None
    h, v = np.array(lags), np.array(seen)
    floor = max(float(v.max()) * 1e-6, 1e-12)
    weight = 1.0 / (np.maximum(v, floor) * np.sqrt(h))
    noise, drift = _non_negative(np.stack([2.0 * weight, h * weight], axis=1), v * weight)
    noise = max(noise, floor)
    return Wander(noise, max(drift, noise / LONGEST_DAYS**2))


def spread_of(weights: Floats) -> tuple[float, float]:
    """(sum of w^2, sum of tail^2): variance of a weighted level is r times the first plus q times the second.

    `weights` (n,) by distance from the edge in days, summing to 1; tail_j = sum of w_i, i >= j >= 1.
    """
    tails = np.cumsum(weights[::-1])[::-1][1:]
    return float(np.sum(weights**2)), float(np.sum(tails**2))


def _non_negative(x: Floats, y: Floats) -> tuple[float, float]:
    """Least squares of two columns with both coefficients >= 0."""
    both = np.linalg.lstsq(x, y, rcond=None)[0]
    if (both >= 0).all():
        return float(both[0]), float(both[1])
    single = [max(float(c @ y) / float(c @ c), 0.0) for c in x.T]
    left = [float(np.sum((y - c * s) ** 2)) for c, s in zip(x.T, single, strict=True)]
    return (single[0], 0.0) if left[0] <= left[1] else (0.0, single[1])
