"""v0 placeholder"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Before", "Measured", "fit_before", "measure_after"]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Before:
    level: float
    slopes: Mapping[str, float]
    centres: Mapping[str, float]
    sd: float
    phi: float
    days_used: int


@dataclass(frozen=True)
class Measured:
    value: float
    low: float
    high: float
    days_used: int


def fit_before(y: Floats, covariates: Mapping[str, Floats], *, days_before: int) -> Before | None:
    y = y[-days_before:]
    good = np.isfinite(y)
    if good.sum() < 14:
        return None
    level = float(np.mean(y[good]))
    left = y[good] - level
    phi = float(np.clip(np.mean(left[1:] * left[:-1]) / max(np.mean(left**2), 1e-12), 0, 0.8))
    return Before(level, {}, {}, float(np.std(left)), phi, int(good.sum()))


def measure_after(before: Before, y: Floats, covariates: Mapping[str, Floats], *, level: float) -> Measured | None:
    from scipy.stats import norm

    good = np.isfinite(y)
    if good.sum() < 10:
        return None
    value = before.level - float(np.mean(y[good]))
    long = before.sd * np.sqrt((1 + before.phi) / (1 - before.phi))
    se = long * np.sqrt(1 / before.days_used + 1 / good.sum())
    half = float(norm.ppf((1 + level) / 2) * se)
    return Measured(value, value - half, value + half, int(good.sum()))
