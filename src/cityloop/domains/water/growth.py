"""Which lasting rises are leaks of their own and which are one leak that grows: the loggers and the balance decide together.

A leak that grows raises the night flow step by step; read as several leaks, the later ones are searched for where the first one
is, or the growth is taken for the pressure of another leak. Each rise is tried as constant, as growing, or as no leak of its
own; what is kept explains the loggers and the night flow best, every leak and every growth at a price.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats
from cityloop.domains.water.calibration import States
from cityloop.domains.water.detection import Part
from cityloop.domains.water.modelhours import Hours
from cityloop.domains.water.shifts import static_error
from cityloop.domains.water.statistic import Statistic

__all__ = ["Leaks", "tell_growth"]

#: Growth per day tried, as a share of the first size.
RATES = (0.0, 0.02, 0.05)
#: Price of a leak for each logger (its free shift, as in AIC), and of a growth, in twice the log likelihood.
LEAK_PRICE, GROWTH_PRICE = 2.0, 40.0
#: One logger counts for at most this much: it may fail.
LOGGER_MOST = 20.0
#: A leak has at least this size (L/s); a day counts for at most so many standard deviations; days before the first onset.
LEAST_L_PER_S, DAY_CAP, BEFORE_DAYS = 0.3, 5.0, 42
LEAST_HOURS, PASSES = 200, 4

Choice = tuple[int | None, ...]


@dataclass(frozen=True)
class Leaks:
    """The leaks that are kept: their part, share of the present size by hour (t,), present size and its error (L/s).

    `falls` are shapes of what fell besides, so that it explains what it explains.
    """

    parts: tuple[Part, ...]
    shapes: tuple[Floats, ...]
    sizes: tuple[float, ...]
    spreads: tuple[float, ...]
    falls: tuple[Floats, ...]


def tell_growth(
    parts: Sequence[Part], statistic: Statistic, residual: Floats, hours: Hours, states: States, course: Floats
) -> Leaks | None:
    """The leaks among `parts` (steps); None where they cannot be told so: then each is what the night flow says.

    `residual` (t, loggers) m, measured minus modelled; `course` (t,) how a leak's effect follows the hours.
    """
    rises = [part for part in parts if part.size > 0]
    falls = [part for part in parts if part.size <= 0]
    if not rises or any(part.growth_per_day for part in parts):
        return None
    balance = _Balance(rises, falls, statistic, float(hours.days.max()))
    loggers = _Loggers.read(rises, falls, residual, hours, states, course)
    start: Choice = (0,) * len(rises)
    first = balance.misfit(start)
    if loggers is None or first is None:
        return None
    reference = loggers.misfits(start)

    def score(choice: Choice) -> float:
        misfit = balance.misfit(choice)
        if misfit is None:
            return float("inf")
        leaks, growing = sum(rate is not None for rate in choice), sum(bool(rate) for rate in choice)
        gained = np.maximum(loggers.misfits(choice) - reference, -LOGGER_MOST)
        return misfit + float(gained.sum()) + LEAK_PRICE * len(reference) * leaks + GROWTH_PRICE * growing

    choice = _best(start, score)
    kept = [i for i, rate in enumerate(choice) if rate is not None]
    sizes, spreads = balance.sizes(choice)
    days, now = hours.days.astype(np.float64), float(hours.days.max())
    return Leaks(
        parts=tuple(rises[i] for i in kept),
        shapes=tuple(_shape(days, rises[i].onset, RATES[choice[i] or 0], now) for i in kept),
        sizes=sizes,
        spreads=spreads,
        falls=tuple((days >= part.onset).astype(np.float64) for part in falls),
    )


def _best(start: Choice, score: Callable[[Choice], float]) -> Choice:
    """One rise after the other, then two at a time (this one grows, that one is its growth), until nothing is gained."""
    best, least = start, score(start)
    count = len(start)
    rates: list[int | None] = [*range(len(RATES)), *([None] if count > 1 else [])]
    for _ in range(PASSES):
        before = best
        tried = [{i: rate} for i in range(count) for rate in rates]
        tried += [{i: g, j: None} for i in range(count) for j in range(i + 1, count) for g in range(1, len(RATES))]
        for change in tried:
            choice = tuple(change.get(i, rate) for i, rate in enumerate(best))
            value = score(choice)
            if value < least - 1e-9:
                best, least = choice, value
        if best == before:
            break
    return best


def _shape(days: Floats, onset: int, rate: float, now: float) -> Floats:
    """Share of the present size on some days, for a leak that grows in a straight line."""
    age = days - onset
    return np.where(age >= 0, (1 + rate * age) / (1 + rate * max(now - onset, 0.0)), 0.0)


class _Balance:
    """The daily statistic since before the first onset, explained by the leaks."""

    def __init__(self, rises: Sequence[Part], falls: Sequence[Part], statistic: Statistic, now: float) -> None:
        onsets = [part.onset for part in (*rises, *falls)]
        low = max(min(onsets) - BEFORE_DAYS, 0)
        days = np.arange(low, len(statistic.a), dtype=np.float64)
        good = np.isfinite(statistic.a[low:])
        self.a, self.sd, self.days = statistic.a[low:][good], statistic.sd_long, days[good]
        self.rises = [[_shape(self.days, part.onset, rate, now) for rate in RATES] for part in rises]
        self.falls = [(self.days >= part.onset).astype(np.float64) for part in falls]

    def _fit(self, choice: Choice) -> tuple[Floats, Floats, int] | None:
        mine = [self.rises[i][rate] for i, rate in enumerate(choice) if rate is not None]
        if not mine:
            return None
        design = np.column_stack([np.ones(len(self.a)), *mine, *self.falls])
        fit: Floats = np.asarray(np.linalg.lstsq(design, self.a, rcond=None)[0], dtype=np.float64)
        return (fit, design, len(mine)) if (fit[1 : len(mine) + 1] >= LEAST_L_PER_S).all() else None

    def misfit(self, choice: Choice) -> float | None:
        """Squared standard deviations that are left; None where a leak would be less than nothing."""
        found = self._fit(choice)
        if found is None:
            return None
        fit, design, _ = found
        return float(np.sum(np.clip((self.a - design @ fit) / self.sd, -DAY_CAP, DAY_CAP) ** 2))

    def sizes(self, choice: Choice) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Present sizes and their standard errors, L/s."""
        found = self._fit(choice)
        assert found is not None
        fit, design, count = found
        spread = self.sd * np.sqrt(np.diag(np.linalg.pinv(design.T @ design)))
        return tuple(map(float, fit[1 : count + 1])), tuple(map(float, spread[1 : count + 1]))


@dataclass(frozen=True)
class _Loggers:
    """Normal equations of each logger's hours, freed of the model's static error: columns are rises by RATES."""

    gram: Floats
    along: Floats
    power: Floats
    hours: Floats
    """Hours as they count with their memory, (loggers,)."""

    @classmethod
    def read(
        cls,
        rises: Sequence[Part],
        falls: Sequence[Part],
        residual: Floats,
        hours: Hours,
        states: States,
        course: Floats,
    ) -> "_Loggers | None":
        """None with no logger that has LEAST_HOURS."""
        days, now = hours.days.astype(np.float64), float(hours.days.max())
        fixed = np.column_stack([static_error(hours), *((days >= part.onset) * course for part in falls)])
        columns = np.column_stack([_shape(days, p.onset, rate, now) * course for p in rises for rate in RATES])
        rows = states.weights.sum(axis=1) > 0.99
        found = [
            _equations(fixed[good], columns[good], residual[good, i])
            for i in range(residual.shape[1])
            if (good := _finite(rows, residual[:, i])).sum() >= LEAST_HOURS
        ]
        if not found:
            return None
        gram, along, power, count = (np.array(part) for part in zip(*found, strict=True))
        return cls(gram, along, power, count)

    def misfits(self, choice: Choice) -> Floats:
        """Minus twice the log likelihood of each logger, (loggers,), against nothing but the static error."""
        mine = [i * len(RATES) + rate for i, rate in enumerate(choice) if rate is not None]
        gram = self.gram[:, mine][:, :, mine] + 1e-9 * np.eye(len(mine))
        along = self.along[:, mine]
        explained = np.sum(np.linalg.solve(gram, along[:, :, None])[:, :, 0] * along, axis=1)
        left = np.maximum(self.power - explained, 1e-9 * self.power)
        return np.asarray(self.hours * np.log(left / self.power))


def _finite(rows: npt.NDArray[np.bool_], values: Floats) -> npt.NDArray[np.bool_]:
    return np.asarray(rows & np.isfinite(values))


def _equations(fixed: Floats, columns: Floats, y: Floats) -> tuple[Floats, Floats, float, float]:
    """One logger: gram and right side of `columns` freed of `fixed`, power of y, hours that count; odd hours clipped."""
    whole = np.linalg.qr(np.column_stack([fixed, columns]))[0]
    left = y - whole @ (whole.T @ y)
    spread = 3 * 1.4826 * float(np.median(np.abs(left)))
    clipped = np.clip(left, -spread, spread)
    y = y - left + clipped
    power = max(float(np.mean(clipped**2)), 1e-12)
    phi = float(np.clip(np.mean(clipped[1:] * clipped[:-1]) / power, 0.0, 0.95))
    basis = np.linalg.qr(fixed)[0]
    free, rest = columns - basis @ (basis.T @ columns), y - basis @ (basis.T @ y)
    return free.T @ free, free.T @ rest, max(float(rest @ rest), 1e-12), len(y) * (1 - phi) / (1 + phi)
