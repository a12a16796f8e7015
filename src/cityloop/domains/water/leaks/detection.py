"""The present trouble of a boundary: which lasting rise is there now, since when, and whether it grows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cityloop.contracts import Floats
from cityloop.domains.water.leaks.segments import DAY_CAP, find_segments, level_of, split_gain
from cityloop.domains.water.leaks.statistic import Statistic

__all__ = ["Part", "Step", "Trouble", "find_trouble"]

#: A rise is reported from this many standard errors on.
SIGNIFICANT = 3.0
#: What is left after works counts as trouble only above this share of what there was before them.
LEFT_SHARE = 0.3
#: A trouble is called growing if more than this share of it came after its onset.
GROWN_SHARE = 0.5
#: Or if at least this many rises came, none more than GROWN_SHARE of it.
CREEP_STEPS = 4
#: Days before and after the first onset in which the start of a ramp is sought; days that a ramp needs to be seen.
RAMP_BEFORE, RAMP_AFTER, RAMP_LEAST = 28, 15, 10
RECENT_DAYS = 14
#: A model this much worse by BIC is still offered to the pressures.
ALTERNATIVE_BIC = 15.0


@dataclass(frozen=True)
class Step:
    """One lasting change: first day at the new level, day of the alarm, size and its standard error in L/s."""

    onset: int
    alarm: int
    size: float
    se: float


@dataclass(frozen=True)
class Part:
    """One leak as the fitted model has it: size at its onset (negative = a fall), standard error, growth per day."""

    onset: int
    size: float
    se: float
    growth_per_day: float

    def flow(self, day: Floats) -> Floats:
        """L/s on some days (indices)."""
        age = np.asarray(day, dtype=np.float64) - self.onset
        return np.where(age >= 0, self.size + self.growth_per_day * age, 0.0)


@dataclass(frozen=True)
class Trouble:
    """A present rise of the night flow: total gap now, first onset, the steps since, and whether it grows."""

    kind: str
    onset: int
    onset_low: int
    onset_high: int
    alarm: int
    gap: float
    gap_se: float
    growth_per_day: float
    steps: tuple[Step, ...]
    """Lasting changes as the CUSUM saw them; a leak that grows is seen as several."""
    parts: tuple[Part, ...]
    """The same as the best model has it."""
    alternatives: tuple[tuple[Part, ...], ...]
    """Other models that the night flow alone cannot rule out, best first; pressures may."""
    reference: Floats
    """Rise of each day over the reference level by the fitted model, L/s, (n,); 0 before the first onset."""
    residual_of_works: bool
    recent: int
    """First day of the days that the present level rests on."""


@dataclass(frozen=True)
class Levels:
    """The stretches of constant level: first days, alarm days, ends (exclusive), levels and numbers of good days."""

    starts: tuple[int, ...]
    alarms: tuple[int, ...]
    ends: tuple[int, ...]
    level: tuple[float, ...]
    count: tuple[int, ...]

    @property
    def last(self) -> int:
        """Index of the present stretch."""
        return len(self.level) - 1


def find_trouble(statistic: Statistic, *, works: Sequence[tuple[int, int]] = ()) -> Trouble | None:
    """The present rise of the daily statistic, or None.

    `works` are (first, last) day indices of finished works: those days are not read, what follows is a new reference,
    and only a large part of the former rise that is still there afterwards is reported again.
    """
    a = statistic.a.copy()
    for first, last in works:
        a[max(first, 0) : last + 1] = np.nan
    breaks = sorted({last + 1 for _, last in works if 0 <= last + 1 < len(a)})
    found = find_segments(a, statistic.sd_long, breaks)
    if len(found) < 2:
        return None
    starts, alarms = tuple(s for s, _ in found), tuple(alarm for _, alarm in found)
    ends = (*starts[1:], len(a))
    stretches = [level_of(a[s:e], statistic.sd_long) for s, e in zip(starts, ends, strict=True)]
    levels = Levels(starts, alarms, ends, tuple(v for v, _ in stretches), tuple(n for _, n in stretches))
    reference, left = _reference(statistic, levels, breaks)
    if reference is None:
        return None
    return _describe(a, statistic, levels, reference, left, frozenset(breaks))


def _reference(statistic: Statistic, levels: Levels, breaks: Sequence[int]) -> tuple[int | None, bool]:
    """Index of the level that the present one rose from most, None without a real rise; whether works left it."""
    if not np.isfinite(levels.level[levels.last]):
        return None, False
    since = max((i for i, s in enumerate(levels.starts) if s in breaks), default=0)
    rises = [(*_rise(statistic, levels, i), i) for i in range(since, levels.last)]
    real = [(gap, i) for gap, se, i in rises if np.isfinite(gap) and gap > SIGNIFICANT * se]
    if real:
        return max(real)[1], False
    before = [(level, i) for i, level in enumerate(levels.level[:since]) if np.isfinite(level)]
    if not before:
        return None, False
    former = min(before)[1]
    gap, se = _rise(statistic, levels, former)
    there_was = levels.level[since - 1] - levels.level[former]
    if gap > SIGNIFICANT * se and gap > LEFT_SHARE * there_was > 0:
        return former, True
    return None, False


def _rise(statistic: Statistic, levels: Levels, i: int) -> tuple[float, float]:
    """Rise of the present level over level i and its standard error, with the drift between the two."""
    last = levels.last
    months = max((levels.starts[last] + levels.ends[last] - levels.starts[i] - levels.ends[i]) / 2, 0.0) / 28
    noise = statistic.sd_long**2 * (1 / levels.count[last] + 1 / levels.count[i])
    return levels.level[last] - levels.level[i], float(np.sqrt(noise + statistic.drift_sd_month**2 * months))


# --- steps, ramp or both -----------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Fit:
    """One model of the rise since the reference: steps at some days, a ramp from `ramp` on (-1 = none)."""

    bic: float
    at: tuple[int, ...]
    ramp: int
    coefficient: Floats
    covariance: Floats
    rise: Floats
    gap: float
    gap_variance: float


def _fit(y: Floats, index: Floats, at: Sequence[int], ramp: int, sd: float) -> Fit | None:
    """Least squares of one model; days count for at most DAY_CAP sd. None if it cannot be fitted or would shrink."""
    columns = [np.ones(len(y)), *[(index >= day).astype(np.float64) for day in at]]
    if ramp >= 0:
        columns.append(np.maximum(index - ramp, 0.0))
    x = np.column_stack(columns)
    good = np.isfinite(y)
    gram = x[good].T @ x[good]
    if np.linalg.matrix_rank(gram) < gram.shape[0]:
        return None
    coefficient = np.linalg.solve(gram, x[good].T @ y[good])
    if ramp >= 0 and coefficient[-1] <= 0:
        return None
    error = np.clip((y[good] - x[good] @ coefficient) / sd, -DAY_CAP, DAY_CAP)
    free = 2 * len(at) + (1 if ramp in at else 2) * (ramp >= 0)
    covariance = np.linalg.inv(gram) * sd**2
    row = x[-1] * np.array([0.0, *np.ones(x.shape[1] - 1)])
    return Fit(
        bic=float(error @ error) + free * float(np.log(good.sum())),
        at=tuple(at),
        ramp=ramp,
        coefficient=coefficient,
        covariance=covariance,
        rise=x[:, 1:] @ coefficient[1:],
        gap=float(row @ coefficient),
        gap_variance=float(row @ covariance @ row),
    )


def _fits(y: Floats, index: Floats, onsets: Sequence[int], sd: float, ramps: bool) -> list[Fit]:
    """Steps; and, if a ramp may be, a ramp alone from about the first onset, and the first or all steps with one from them."""
    models: list[tuple[Sequence[int], int]] = [(onsets, -1)]
    if ramps:
        low, end, first = int(index[0]), int(index[-1]) + 1, onsets[0]
        window = range(max(low + 7, first - RAMP_BEFORE), min(first + RAMP_AFTER, end - RAMP_LEAST))
        models += [((), day) for day in window]
        models += [(onsets, day) for day in onsets]
        models += [(onsets[:k], day) for k in range(1, len(onsets)) for day in onsets[:k]]  # later steps are its growth
    return [fit for fit in (_fit(y, index, at, ramp, sd) for at, ramp in models) if fit is not None]


def _describe(
    a: Floats, statistic: Statistic, levels: Levels, reference: int, left: bool, breaks: frozenset[int]
) -> Trouble | None:
    """The model of lowest BIC describes the trouble; the gap averages all models by their BIC."""
    steps = _steps(statistic, levels, reference)
    low, sd = levels.starts[reference], statistic.sd_long
    index = np.arange(low, len(a), dtype=np.float64)
    onsets = [s.onset for s in steps if left or s.onset not in breaks]
    fits = _fits(a[low:], index, onsets, sd, ramps=not left)
    if not fits:
        return None
    best = min(fits, key=lambda f: f.bic)
    weight = np.exp(-0.5 * (np.array([f.bic for f in fits]) - best.bic))
    weight /= weight.sum()
    gaps, variances = np.array([f.gap for f in fits]), np.array([f.gap_variance for f in fits])
    gap = float(weight @ gaps)
    drift = statistic.drift_sd_month**2 * (len(a) - low) / 28
    gap_se = float(np.sqrt(weight @ (variances + (gaps - gap) ** 2) + drift))
    growth = float(best.coefficient[-1]) if best.ramp >= 0 else 0.0
    parts = _parts(best, gap_se)
    grown = growth * (len(a) - 1 - best.ramp) if best.ramp >= 0 else 0.0
    onset = min(part.onset for part in parts)
    rise = np.zeros(len(a))
    rise[low:] = best.rise
    return Trouble(
        kind="growing_leakage" if grown > GROWN_SHARE * best.gap or _creeps(steps, gap) else "burst",
        onset=onset,
        onset_low=min(onset, _near_onset(a, levels, reference, sd)[0]),
        onset_high=max(onset, _near_onset(a, levels, reference, sd)[1]),
        alarm=next((s.alarm for s in steps if s.size > 0), levels.alarms[-1]),
        gap=gap,
        gap_se=gap_se,
        growth_per_day=growth,
        steps=steps,
        parts=parts,
        alternatives=_alternatives(fits, best, gap_se),
        reference=rise,
        residual_of_works=left,
        recent=max(levels.starts[-1], len(a) - RECENT_DAYS),
    )


def _creeps(steps: Sequence[Step], gap: float) -> bool:
    """Whether many rises, none of them large, made up the gap: growth that no straight ramp describes."""
    rises = [s.size for s in steps if s.size > 0]
    return len(rises) >= CREEP_STEPS and max(rises) < GROWN_SHARE * gap


def _steps(statistic: Statistic, levels: Levels, reference: int) -> tuple[Step, ...]:
    """Every change of level since the reference."""
    return tuple(
        Step(
            onset=levels.starts[i],
            alarm=levels.alarms[i],
            size=levels.level[i] - levels.level[i - 1],
            se=statistic.sd_long * float(np.sqrt(1 / levels.count[i] + 1 / levels.count[i - 1])),
        )
        for i in range(reference + 1, levels.last + 1)
        if np.isfinite(levels.level[i]) and np.isfinite(levels.level[i - 1])
    )


def _parts(fit: Fit, gap_se: float) -> tuple[Part, ...]:
    """The leaks of a model; its ramp belongs to the step that it starts with, or is a leak of its own."""
    spread, growth = np.sqrt(np.diag(fit.covariance)), float(fit.coefficient[-1]) if fit.ramp >= 0 else 0.0
    parts = [
        Part(day, float(fit.coefficient[i]), float(spread[i]), growth if day == fit.ramp else 0.0)
        for i, day in enumerate(fit.at, 1)
    ]
    if fit.ramp >= 0 and fit.ramp not in fit.at:
        parts.append(Part(fit.ramp, 0.0, gap_se, growth))
    return tuple(parts)


def _alternatives(fits: Sequence[Fit], best: Fit, gap_se: float) -> tuple[tuple[Part, ...], ...]:
    """Models within ALTERNATIVE_BIC of the best with other steps, one for each set of steps."""
    found, seen = [], {best.at}
    for fit in sorted(fits, key=lambda f: f.bic):
        if fit.at not in seen and fit.bic < best.bic + ALTERNATIVE_BIC:
            seen.add(fit.at)
            found.append(_parts(fit, gap_se))
    return tuple(found)


def _near_onset(a: Floats, levels: Levels, reference: int, sd: float) -> tuple[int, int]:
    """First and last day whose likelihood as the first onset is within exp(1.35) of the best (90 % for a step)."""
    low, high = levels.starts[reference], levels.ends[reference + 1]
    gain = split_gain(a[low:high], sd)
    if not np.isfinite(gain).any():
        return levels.starts[reference + 1], levels.starts[reference + 1]
    near = np.flatnonzero(gain >= gain.max() - 2.71) + low
    return int(near[0]), int(near[-1])
