"""Effect of works on a daily series: its level just before against its level just after, as one local level model.

Intervention analysis (Box and Tiao 1975) on the local level model: a lasting change at the works is told from a level that
drifts all the time. Everything that belongs to the time before is fixed by `fit_before`, everything after only enters
the level after. The interval is scaled by placebo works in the series' own past: how far two levels on either side of a
day without works lay apart. Short pasts lean on the model instead.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from cityloop.evidence.adjustment import adjusted, fit_slopes, weekend
from cityloop.evidence.drift import LONGEST_DAYS, Wander, estimate_wander, spread_of
from cityloop.evidence.level import Level, forgetting, level_at_edge, robust_means, steady_days

__all__ = ["Before", "Measured", "fit_before", "measure_after"]

Floats = npt.NDArray[np.float64]
Days = npt.NDArray[np.datetime64]

#: On the tuning works of ten real areas the model's own variance had to be multiplied by 1.34^2 for 90 % coverage.
MODEL_FACTOR = 1.8
#: What the model counts for beside the placebo works of the series' own past, in independent placebo works.
MODEL_WORTH = 2.0
#: Placebo works: one day of works, and so many days after; they count the less the longer ago, days.
PLACEBO_GAP, PLACEBO_AFTER, MEMORY_DAYS = 2, 14, 90.0
#: A placebo effect counts at most this many robust standard deviations: a few bursts in the past are not the rule.
CLIP_SD = 4.0
#: Days two placebo works must lie apart to count as independent, at least.
LEAST_APART = 6.0
#: Least days for a level before, after a known change and else; a level before must end so few days before the works.
LEAST_BEFORE, LEAST_BEFORE_ALL, LARGEST_GAP = 4, 21, 28
LEAST_AFTER = 7
#: From so many days on noise and drift are taken from the time after the last known change alone.
LEAST_SEGMENT = 28


@dataclass(frozen=True)
class Before:
    """All that is frozen. `level` in the unit of the series at `edge`, the last day used; variances as in drift.Wander.

    `factor` multiplies the model's variance and has `worth` degrees of freedom; `days` used for the level, `past` days for
    the rest; `since` is the day after a change of level that cut the window, if one did.
    """

    level: float
    edge: np.datetime64
    noise: float
    drift: float
    noise_share: float
    drift_share: float
    factor: float
    worth: float
    placebo_works: int
    days: int
    past: int
    growth: float
    since: np.datetime64 | None
    slopes: Mapping[str, float]

    @property
    def own_past(self) -> bool:
        """Whether the series' own placebo works count for more than the model in the interval."""
        return self.worth >= 2 * MODEL_WORTH


@dataclass(frozen=True)
class Measured:
    """Change for the better with its interval; `days` used of those after, up to `until` (exclusive)."""

    value: float
    low: float
    high: float
    days: int
    until: np.datetime64
    cut: bool


def fit_before(
    days: Days, y: Floats, covariates: Mapping[str, Floats], *, days_before: int,
    breaks: Sequence[tuple[np.datetime64, np.datetime64]] = (),
) -> Before | None:  # fmt: skip
    """Fit the time before works that begin on the day after the last of `days`; None if too little was observed.

    `days` (n,) civil days without a hole, `y` (n,) and each covariate (n,), NaN where absent. The level comes from the last
    `days_before`, the rest from all. `breaks` are known changes (first, last day): earlier works, the onset of the trouble;
    the level begins after the last of them and no placebo works spans one.
    """
    days = days.astype("datetime64[D]")
    explained = {**covariates, **weekend(days)}
    slopes = fit_slopes(y, explained)
    a = adjusted(y, explained, slopes)
    present = np.flatnonzero(np.isfinite(a))
    first = max((int((last - days[0]).astype(int)) + 1 for _, last in breaks), default=0)
    wander = estimate_wander(a[max(first, 0) :] if len(a) - first >= LEAST_SEGMENT else a)
    if wander is None or len(present) < LEAST_BEFORE_ALL or len(days) - present[-1] > LARGEST_GAP:
        return None
    edge = int(present[-1])
    window = a[max(first, edge - days_before + 1, 0) : edge + 1][::-1]
    factor, worth, works = _widening(days, a, wander, days_before, breaks)
    steady = steady_days(window, wander, factor=factor, growing=True)
    level = level_at_edge(window[:steady], wander, factor=factor, growing=True, least_days=LEAST_BEFORE)
    if level is None:
        return None
    cut = steady < len(window) or first > max(edge - days_before + 1, 0)
    return Before(
        level=level.value, edge=days[edge], noise=wander.noise, drift=wander.drift, noise_share=level.noise_share,
        drift_share=level.drift_share, factor=factor, worth=worth, placebo_works=works, days=level.days,
        past=len(present), growth=level.growth, since=days[edge - steady + 1] if cut else None,
        slopes=slopes,
    )  # fmt: skip


def measure_after(
    before: Before, days: Days, y: Floats, covariates: Mapping[str, Floats], *, level: float,
    better: Literal["lower", "higher"] = "lower",
) -> Measured | None:  # fmt: skip
    """Change of the level from before to after, positive where the series moved the way that is `better`, with its
    interval at `level`; None with fewer than 7 usable days or without a covariate that the frozen slopes need.

    `days` (n,) begin at the first day that counts. A later change of level clear of noise and drift ends the window: it is
    not what these works did.
    """
    days = days.astype("datetime64[D]")
    explained = {**covariates, **weekend(days)}
    if any(name not in explained for name in before.slopes):
        return None
    a = adjusted(y, explained, before.slopes)
    present = np.flatnonzero(np.isfinite(a))
    if len(present) < LEAST_AFTER:
        return None
    first, wander = int(present[0]), Wander(before.noise, before.drift)
    steady = first + max(steady_days(a[first:], wander, factor=before.factor), LEAST_AFTER)
    found = level_at_edge(a[first:steady], wander, factor=before.factor, growing=False, least_days=LEAST_AFTER)
    if found is None:
        return None
    gap = int((days[first] - before.edge).astype(int))
    half = _half_width(before, found, gap, level)
    value = before.level - found.value if better == "lower" else found.value - before.level
    until = days[0] + np.timedelta64(min(steady, len(a)), "D")
    return Measured(value, value - half, value + half, found.days, until, steady < len(a))


def _half_width(before: Before, after: Level, gap: int, level: float) -> float:
    """t quantile times the model's standard deviation, widened as placebo works say."""
    from scipy.special import stdtrit

    noise = before.noise * (before.noise_share + after.noise_share)
    drift = before.drift * (before.drift_share + after.drift_share + gap)
    quantile = float(stdtrit(before.worth, (1 + level) / 2))
    return quantile * float(np.sqrt(before.factor * (noise + drift)))


def _widening(
    days: Days, a: Floats, wander: Wander, days_before: int, breaks: Sequence[tuple[np.datetime64, np.datetime64]]
) -> tuple[float, float, int]:
    """(factor on the model's variance, its degrees of freedom, placebo works behind it)."""
    before = min(days_before, len(a) // 3)
    effects, age = _placebo_effects(days, a, wander, before, breaks)
    if len(effects) < 5:
        return MODEL_FACTOR, MODEL_WORTH, 0
    weights = np.exp(-age / MEMORY_DAYS)
    order = np.argsort(np.abs(effects))
    middle = int(np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2))
    limit = CLIP_SD * float(np.abs(effects)[order][middle]) / 0.6745
    seen = float(weights @ np.clip(effects, -limit, limit) ** 2) / weights.sum()
    apart = max(LEAST_APART, 2 * wander.forget_days + PLACEBO_GAP)
    worth = weights.sum() ** 2 / float(weights @ weights) / apart
    factor = (worth * seen / _placebo_variance(wander, before) + MODEL_WORTH * MODEL_FACTOR) / (worth + MODEL_WORTH)
    return float(factor), float(worth + MODEL_WORTH), len(effects)


def _placebo_effects(
    days: Days, a: Floats, wander: Wander, before: int, breaks: Sequence[tuple[np.datetime64, np.datetime64]]
) -> tuple[Floats, Floats]:
    """Level before minus level after around every day of the past, and how many days ago that day was."""
    if len(a) < before + PLACEBO_GAP + PLACEBO_AFTER or before < LEAST_AFTER:
        return np.empty(0), np.empty(0)
    views = np.lib.stride_tricks.sliding_window_view
    ahead = robust_means(views(a, before)[:, ::-1], forgetting(before, wander.forget_days))
    behind = robust_means(views(a, PLACEBO_AFTER), forgetting(PLACEBO_AFTER, wander.forget_days))
    start = np.arange(before, len(a) - PLACEBO_GAP - PLACEBO_AFTER + 2)  # the day of the placebo works
    effects = ahead[start - before] - behind[start + PLACEBO_GAP - 1]
    reach = int(min(3 * LONGEST_DAYS, before, 4 * wander.forget_days))
    kept = np.isfinite(effects)
    for first, last in breaks:
        low, high = int((first - days[0]).astype(int)), int((last - days[0]).astype(int))
        kept &= (start + PLACEBO_GAP - 1 + min(PLACEBO_AFTER, reach) <= low) | (start - reach > high)
    return effects[kept], (len(a) - start[kept]).astype(np.float64)


def _placebo_variance(wander: Wander, before: int) -> float:
    """The model's variance of a placebo effect."""
    noise, drift = 0.0, float(PLACEBO_GAP)
    for length in (before, PLACEBO_AFTER):
        weights = forgetting(length, wander.forget_days)
        one, other = spread_of(weights / weights.sum())
        noise, drift = noise + one, drift + other
    return wander.noise * noise + wander.drift * drift
