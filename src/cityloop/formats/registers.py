"""Cumulative registers: differences between readings, with roll-over and replacement of the meter.

A reading becomes the mean (or amount) over the interval that ends with it, stamped with the interval's start. A register that
falls has rolled over if it stood in the last and now stands in the first tenth of its size; else the meter was replaced and the
interval is missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cityloop.formats.repeats import Cells

__all__ = ["Intervals", "RegisterRule", "difference"]

ROLLOVER_SHARE = 0.1
LONG_INTERVAL = 1.5
"""An interval of more nominal steps than this is marked estimated: its mean is known, the course within it is not."""


@dataclass(frozen=True)
class RegisterRule:
    """`size` of the register and `highest` plausible result (NaN = not stated), nominal `step_s`; `per_unit` turns a
    difference into the inside amount, `rate` into the inside rate per second (0 = kept as an amount).
    """

    size: float
    highest: float
    step_s: int
    per_unit: float
    rate: float


@dataclass(frozen=True)
class Intervals:
    """What came out: cells at interval starts (line of the closing reading), which of them are estimated, which intervals are
    missing as (series, line, text), and the latest reading of each series.
    """

    cells: Cells
    estimated: npt.NDArray[np.bool_]
    missing: list[tuple[int, int, str]]
    latest: dict[int, tuple[int, float]]


def difference(
    readings: Cells, rules: Mapping[int, RegisterRule], before: Mapping[int, tuple[int, float]]
) -> Intervals:
    """Readings sorted by (series, time) -> intervals. `before` holds the last reading known of each series."""
    numbers = np.unique(readings.series)
    known = [(int(n), *before[int(n)]) for n in numbers if int(n) in before]
    if known:
        past = Cells(
            np.array([k[0] for k in known], np.int64), np.array([k[1] for k in known], np.int64),
            np.array([k[2] for k in known], np.float64), np.zeros(len(known), np.int64),
        )  # fmt: skip
        readings = Cells.joined([past, readings])
        order = np.lexsort((readings.line, readings.time_us, readings.series))
        readings = readings.where(order)
        # At the time of the known reading a reading of this file counts, the known one does not.
        same = np.append((np.diff(readings.series) == 0) & (np.diff(readings.time_us) == 0), False)
        readings = readings.where(~same)
    follows = np.diff(readings.series) == 0
    start, end = np.flatnonzero(follows), np.flatnonzero(follows) + 1
    series = readings.series[start]
    per = {n: rules[n] for n in numbers.tolist()}
    place = np.searchsorted(numbers, series)
    size, highest, step_s, per_unit, rate = (
        np.array([getattr(per[n], name) for n in numbers.tolist()], np.float64)[place]
        for name in ("size", "highest", "step_s", "per_unit", "rate")
    )
    seconds = (readings.time_us[end] - readings.time_us[start]) / 1e6
    first, last = readings.value[start], readings.value[end]
    moved = last - first
    rolled = (moved < 0) & (first >= (1 - ROLLOVER_SHARE) * size) & (last <= ROLLOVER_SHARE * size)
    moved = np.where(rolled, moved + size, moved)
    result = moved * per_unit * np.where(rate > 0, rate / seconds, 1.0)
    fell, jumped = moved < 0, (moved >= 0) & (result > highest)
    missing = [
        (int(series[i]), int(readings.line[end[i]]), _note(float(first[i]), float(last[i]), bool(fell[i])))
        for i in np.flatnonzero(fell | jumped)
    ]
    good = ~(fell | jumped)
    cells = Cells(series[good], readings.time_us[start][good], result[good], readings.line[end][good])
    ends = np.append(~follows, True) if len(readings) else np.empty(0, np.bool_)
    latest = {
        int(n): (int(t), float(v))
        for n, t, v in zip(readings.series[ends], readings.time_us[ends], readings.value[ends], strict=True)
    }
    return Intervals(cells, (seconds > LONG_INTERVAL * step_s)[good], missing, latest)


def _note(first: float, last: float, fell: bool) -> str:
    if fell:
        return f"the register fell from {first:g} to {last:g} and did not roll over: taken as a new meter, the interval is missing"
    return f"the register went from {first:g} to {last:g}, more than 'highest' allows: taken as a new meter, the interval is missing"
