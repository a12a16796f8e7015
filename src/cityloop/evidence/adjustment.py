"""Freeing a daily series of what explains its day-to-day changes: covariates and the weekend.

Slopes come from what is left after a running median is taken away, so that a lasting change of level, which is what
works cause, cannot bend them.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

__all__ = ["adjusted", "fit_slopes", "weekend"]

Floats = npt.NDArray[np.float64]
Days = npt.NDArray[np.datetime64]

#: Window of the running median that separates day-to-day changes from lasting ones, days.
LOCAL_DAYS = 29
#: Weight of the ridge that draws uncertain slopes to zero, in days.
RIDGE_DAYS = 4.0
#: Least share of the days on which a covariate must be present to be used.
LEAST_SHARE = 0.8
#: Least days for a fit; below it nothing is taken out.
LEAST_DAYS = 21


def weekend(days: Days) -> dict[str, Floats]:
    """Flags of Saturday and Sunday, (n,) each; 1970-01-01 was a Thursday."""
    weekday = (days.astype("datetime64[D]").astype(np.int64) + 3) % 7
    return {"saturday": (weekday == 5).astype(np.float64), "sunday": (weekday == 6).astype(np.float64)}


def fit_slopes(y: Floats, covariates: Mapping[str, Floats]) -> dict[str, float]:
    """Slope of `y` (n,) on each covariate (n,): ridge regression with Huber weights on day-to-day changes.

    A covariate that is absent too often is left out; with too few days the answer is empty.
    """
    present = np.isfinite(y)
    usable = {
        name: x for name, x in covariates.items() if present.any() and np.isfinite(x[present]).mean() >= LEAST_SHARE
    }
    if not usable:
        return {}
    target = y - _running_median(y)
    columns = np.stack([_local(x) for x in usable.values()], axis=1)
    rows = np.isfinite(target) & np.isfinite(columns).all(axis=1)
    if rows.sum() < LEAST_DAYS:
        return {}
    target, columns = target[rows], columns[rows]
    scale = np.array([_scale(x) for x in columns.T])
    x = np.clip(columns / scale, -6, 6)
    weights, slopes = np.ones(len(target)), np.zeros(x.shape[1])
    for _ in range(8):
        weighted = x * weights[:, None]
        slopes = np.linalg.solve(weighted.T @ x + RIDGE_DAYS * np.eye(x.shape[1]), weighted.T @ target)
        left = np.abs(target - x @ slopes)
        weights = np.minimum(1.0, 1.5 * 1.4826 * np.median(left) / np.maximum(left, 1e-12))
    return {name: float(s) for name, s in zip(usable, slopes / scale, strict=True)}


def adjusted(y: Floats, covariates: Mapping[str, Floats], slopes: Mapping[str, float]) -> Floats:
    """`y` without what the covariates explain; NaN where one that is used is absent."""
    out = np.array(y, dtype=np.float64)
    for name, slope in slopes.items():
        out -= slope * covariates[name]
    return out


def _local(x: Floats) -> Floats:
    """A covariate without its lasting changes; a flag keeps its shape."""
    flag = np.isin(x[np.isfinite(x)], (0.0, 1.0)).all()
    return np.asarray(x - (np.nanmean(x) if flag else _running_median(x)))


def _scale(x: Floats) -> float:
    """Robust spread of a centred column; the plain one where more than half of it is one value."""
    spread = 1.4826 * float(np.median(np.abs(x - np.median(x))))
    return max(spread, float(np.std(x)) if spread < 1e-9 else 0.0, 1e-9)


def _running_median(x: Floats) -> Floats:
    """Centred running median over LOCAL_DAYS, NaN-tolerant; shorter at the ends."""
    half = LOCAL_DAYS // 2
    padded = np.concatenate([np.full(half, np.nan), x, np.full(half, np.nan)])
    views = np.lib.stride_tricks.sliding_window_view(padded, LOCAL_DAYS)
    out = np.full(len(x), np.nan)
    some = np.isfinite(views).any(axis=1)
    out[some] = np.nanmedian(views[some], axis=1)
    return out
