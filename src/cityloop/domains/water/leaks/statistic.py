"""The daily statistic of a boundary: its night flow freed of what people use by night, and how it scatters.

The statistic is a = (night - rho * day) / (1 - rho), a leak of q L/s moves it by q; rho and the coefficients of other
covariates are estimated from day-to-day differences, so that a leak that stays cannot bend them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cityloop.contracts import Floats

__all__ = ["BASELINE_DAYS", "Statistic", "adjust"]

BASELINE_DAYS = 21
#: Window of the running median that separates day-to-day changes from lasting ones.
LOCAL_DAYS = 29
#: From this length on, a yearly cycle is estimated together with a straight trend.
SEASON_DAYS = 400
#: What people use by night follows their use by day with a slope well below this; a steeper slope is leakage or another
#: constant draw that moves night and day alike, and must stay in the statistic.
LARGEST_RHO = 0.3
YEAR_DAYS = 365.25
#: Weight of the ridge that draws uncertain slopes to zero, in days.
RIDGE_DAYS = 2.0


@dataclass(frozen=True)
class Statistic:
    """Daily statistic of a boundary, L/s: `a` (n,) NaN where absent, its spread and what was taken out."""

    a: Floats
    sd: float
    sd_long: float
    """sd of `a` as it counts for a mean over days: sd * sqrt((1 + phi) / (1 - phi)), phi = lag-1 autocorrelation."""
    drift_sd_month: float
    """sd of the lasting change of level per 28 days that the series shows all the time; 0 where it cannot be told."""
    rho: float
    coefficients: Mapping[str, float]
    seasonal: bool


def adjust(night: Floats, day: Floats, covariates: Mapping[str, Floats]) -> Statistic | None:
    """The statistic from daily means of night and day (L/s) and further covariates, all (n,); None: too few days.

    Coefficients come from a robust ridge regression of what is left after a running median of LOCAL_DAYS is removed.
    """
    if np.isfinite(night).sum() < BASELINE_DAYS:
        return None
    names = ["day", *covariates]
    columns = [np.asarray(day, dtype=np.float64), *(np.asarray(c, dtype=np.float64) for c in covariates.values())]
    usable = [
        (name, column)
        for name, column in zip(names, columns, strict=True)
        if np.isfinite(column[np.isfinite(night)]).mean() > 0.8
    ]
    coefficients = _local_slopes(night, [c for _, c in usable])
    by_name = dict(zip([name for name, _ in usable], coefficients, strict=True))
    rho = float(np.clip(by_name.pop("day", 0.0), 0.0, LARGEST_RHO))
    a = np.array(night, dtype=np.float64)
    for name, column in usable:
        slope = rho if name == "day" else by_name[name]
        centre = 0.0 if name == "day" else float(np.nanmedian(column))
        local = _running_median(column, LOCAL_DAYS)
        a = a - slope * (np.where(np.isfinite(column), column, np.where(np.isfinite(local), local, centre)) - centre)
    a = a / (1.0 - rho)
    seasonal = _span(a) >= SEASON_DAYS
    if seasonal:
        a = a - _season(a)
    sd, phi = _noise(a)
    return Statistic(
        a=a,
        sd=sd,
        sd_long=sd * float(np.sqrt((1 + phi) / (1 - phi))),
        drift_sd_month=_drift(a, sd * float(np.sqrt((1 + phi) / (1 - phi)))),
        rho=rho,
        coefficients=by_name,
        seasonal=seasonal,
    )


def _span(a: Floats) -> int:
    present = np.flatnonzero(np.isfinite(a))
    return int(present[-1] - present[0] + 1) if len(present) else 0


def _running_median(x: Floats, window: int) -> Floats:
    """Centred running median over days, NaN-tolerant; shorter at the ends."""
    half = window // 2
    padded = np.concatenate([np.full(half, np.nan), x, np.full(half, np.nan)])
    views = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1)
    out = np.full(len(x), np.nan)
    some = np.isfinite(views).any(axis=1)
    out[some] = np.nanmedian(views[some], axis=1)
    return out


def _local_slopes(y: Floats, columns: Sequence[Floats]) -> list[float]:
    """Slopes of y on columns, both without their running median; Huber weights, a ridge worth two days."""
    if not columns:
        return []
    target = y - _running_median(y, LOCAL_DAYS)
    x = np.stack([c - _running_median(c, LOCAL_DAYS) for c in columns], axis=1)
    rows = np.isfinite(target) & np.isfinite(x).all(axis=1)
    if rows.sum() < 10:
        return [0.0] * len(columns)
    target, x = target[rows], x[rows]
    scale = np.maximum(1.4826 * np.median(np.abs(x), axis=0), 1e-9)
    x = np.clip(x / scale, -6, 6)
    weights = np.ones(len(target))
    slopes: Floats = np.zeros(x.shape[1])
    for _ in range(8):
        weighted = x * weights[:, None]
        solved = np.linalg.solve(weighted.T @ x + RIDGE_DAYS * np.eye(x.shape[1]), weighted.T @ target)
        slopes = np.asarray(solved, dtype=np.float64)
        left = target - x @ slopes
        spread = max(1.4826 * float(np.median(np.abs(left))), 1e-9)
        weights = np.minimum(1.0, 1.5 * spread / np.maximum(np.abs(left), 1e-12))
    return [float(s) for s in slopes / scale]


def _season(a: Floats) -> Floats:
    """Yearly cycle (one harmonic) fitted together with a straight trend that stays in the series."""
    t = np.arange(len(a), dtype=np.float64)
    phase = 2 * np.pi * t / YEAR_DAYS
    cycle = np.stack([np.cos(phase), np.sin(phase)], axis=1)
    x = np.column_stack([np.ones_like(t), t / YEAR_DAYS, cycle])
    rows = np.isfinite(a)
    weights = np.ones(int(rows.sum()))
    fit: Floats = np.zeros(4)
    for _ in range(8):
        solved = np.linalg.lstsq(x[rows] * weights[:, None], a[rows] * weights, rcond=None)[0]
        fit = np.asarray(solved, dtype=np.float64)
        left = np.abs(a[rows] - x[rows] @ fit)
        weights = np.sqrt(np.minimum(1.0, 1.5 * 1.4826 * np.median(left) / np.maximum(left, 1e-12)))
    return np.asarray(cycle @ fit[2:])


def _noise(a: Floats) -> tuple[float, float]:
    """Robust sd and lag-1 autocorrelation (0..0.8) of what is left after the running median."""
    left = a - _running_median(a, LOCAL_DAYS)
    sd = max(1.4826 * float(np.nanmedian(np.abs(left - np.nanmedian(left)))), 1e-6)
    sd = max(sd, float(np.sqrt(np.nanmean(np.clip(left, -3 * sd, 3 * sd) ** 2))))
    sd *= float(np.sqrt(LOCAL_DAYS / (LOCAL_DAYS - np.pi / 2)))  # the median takes part of the noise away with it
    clipped = np.clip(left, -3 * sd, 3 * sd)
    pairs = np.isfinite(clipped[1:]) & np.isfinite(clipped[:-1])
    if pairs.sum() < 10:
        return sd, 0.0
    phi = float(np.mean(clipped[1:][pairs] * clipped[:-1][pairs]) / np.mean(clipped[np.isfinite(clipped)] ** 2))
    n = int(pairs.sum())
    return sd, float(np.clip(phi + (1 + 3 * phi) / n, 0.0, 0.8))


def _drift(a: Floats, sd_long: float) -> float:
    """sd of the change between medians of successive 28-day blocks beyond noise and trend; 0 below nine blocks."""
    blocks = [a[i : i + 28] for i in range(0, len(a) - 27, 28)]
    medians = np.array([np.nanmedian(b) if np.isfinite(b).sum() >= 10 else np.nan for b in blocks])
    changes = np.diff(medians)
    changes = changes[np.isfinite(changes)]
    if len(changes) < 8:
        return 0.0
    seen = 1.4826 * float(np.median(np.abs(changes - np.median(changes))))
    return float(np.sqrt(max(seen**2 - 2 * sd_long**2 / 28 * 1.57, 0.0)))
