"""What the values of a column look like: share of numbers, range, whether they only rise, where a register wrapped."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cityloop.formats.numbers import read_numbers

__all__ = ["MISSING", "Values", "decimal_of", "describe_values", "missing_texts"]

Floats = npt.NDArray[np.float64]
MISSING = (
    "-", "--", "---", "/", "nan", "NaN", "NAN", "null", "NULL", "None", "N/A", "#N/A", "n/a", "Bad", "BAD", "bad", "No Data", "no data",
    "Bad Input", "I/O Timeout", "Comm Fail", "无数据", "无", "坏值", "坏点", "缺测", "离线", "通讯中断", "#VALUE!", "#REF!", "#DIV/0!", "?",
)  # fmt: skip
"""Texts that historians and people write for "no value"."""
_FEWEST = 20


@dataclass(frozen=True)
class Values:
    """`numeric` = share of the filled cells that are numbers; `rising` = only rises but for wraps and resets.

    `rollover` = size of the register where a wrap was seen; `resets` = falls to near zero; `regular_resets` = so many that the
    register starts anew every day or hour. `sentinel` = a number that stands for "no value", where one is plain.
    """

    count: int
    numeric: float
    low: float = math.nan
    middle: float = math.nan
    high: float = math.nan
    distinct: int = 0
    rising: bool = False
    row_numbers: bool = False
    rollover: float | None = None
    resets: int = 0
    regular_resets: bool = False
    sentinel: str = ""

    @property
    def enough(self) -> bool:
        return self.count >= _FEWEST

    @property
    def on_off(self) -> bool:
        """Only 0 and 1."""
        return self.distinct <= 2 and self.count > 0 and {self.low, self.high} <= {0.0, 1.0}


def decimal_of(columns: Sequence[pa.Array], delimiter: str) -> tuple[str, float]:
    """The decimal sign of the numbers of a table and the share of the cells with a sign that have it."""
    import pyarrow.compute as pc

    if delimiter == ",":
        return ".", 1.0
    commas = points = 0
    for column in columns[:200]:
        head = column.slice(0, 2000)
        commas += pc.sum(pc.match_substring_regex(head, r"^\s*[+-]?[0-9]+,[0-9]+\s*$")).as_py() or 0
        points += pc.sum(pc.match_substring_regex(head, r"^\s*[+-]?[0-9]*\.[0-9]+\s*$")).as_py() or 0
    if commas + points == 0:
        return ".", 0.8
    return (",", commas / (commas + points)) if commas > points else (".", points / (commas + points))


def missing_texts(columns: Sequence[pa.Array], decimal: str) -> tuple[tuple[str, int], ...]:
    """Texts that stand among the numbers of mostly numeric columns, the commonest first."""
    import pyarrow.compute as pc

    found: Counter[str] = Counter()
    for column in columns:
        read = read_numbers(column, decimal, ())
        odd = np.flatnonzero(read.refused)
        if 0 < len(odd) < 0.5 * max(1, int((~read.empty).sum())):
            texts = pc.utf8_trim_whitespace(column.take(pa.array(odd[:20_000])))
            found.update({r["values"]: r["counts"] for r in pc.value_counts(texts).to_pylist()})
    return tuple(found.most_common(12))


def describe_values(values: Floats, part: npt.NDArray[np.int64], filled: int) -> Values:
    """Values (n,) of one series in time order, NaN where none; `filled` = cells that are not empty."""
    good = np.isfinite(values)
    count = int(good.sum())
    if not count:
        return Values(0, 0.0)
    kept, where = values[good], part[good]
    sentinel = _sentinel(kept)
    if sentinel:
        usual = kept != float(sentinel)
        kept, where = kept[usual], where[usual]
    distinct = len(np.unique(kept[:5000]))
    steps = np.diff(kept)
    inside = where[1:] == where[:-1]
    ordered = np.sort(kept)
    low, middle, high = (float(ordered[round(q * (len(ordered) - 1))]) for q in (0.02, 0.5, 0.98))
    rising, rollover, resets, regular = _register(kept, steps, inside, distinct)
    numbered = len(steps) > 5 and bool((steps[inside] == 1).all()) and float(kept[0]) in (0.0, 1.0)
    exact = distinct <= 2
    return Values(
        count, count / max(filled, 1), float(kept.min()) if exact else low, middle, float(kept.max()) if exact else high,
        distinct, rising, numbered, rollover, resets, regular, sentinel,
    )  # fmt: skip


def _sentinel(values: Floats) -> str:
    """-9999 and its kin, where one recurs far outside everything else."""
    for mark in (-9999.0, -999.0, -99.0, -1.0e9, 9999.0, 99999.0, 65535.0, 32767.0):
        hits = int((values == mark).sum())
        if 3 <= hits < 0.5 * len(values):
            rest = values[values != mark]
            wide = max(float(np.abs(rest).max()), 1e-9)
            if abs(mark) > 10 * wide or (mark < 0 and float(rest.min()) >= 0 and abs(mark) > 3 * wide):
                return f"{mark:g}"
    return ""


def _register(
    values: Floats, steps: Floats, inside: npt.NDArray[np.bool_], distinct: int
) -> tuple[bool, float | None, int, bool]:
    """Whether a register is read: it rises, but for a wrap at a power of ten and for a new meter now and then."""
    falls = np.flatnonzero(inside & (steps < 0))
    rises = int((inside & (steps > 0)).sum())
    if len(steps) < _FEWEST or distinct < 5 or rises < 0.1 * max(int(inside.sum()), 1):
        return False, None, 0, False
    rollover, resets = None, 0
    for i in falls[:500]:
        before, after = float(values[i]), float(values[i + 1])
        size = 10.0 ** math.ceil(math.log10(before)) if before > 0 else 0.0
        if before >= 0.9 * size >= 90 and 0 <= after <= 0.1 * size:
            rollover = max(rollover or 0.0, size)
        elif 0 <= after <= 0.2 * before:
            resets += 1
    other = len(falls) - resets - (rollover is not None) * (len(falls) - resets)
    share = len(falls) / max(int(inside.sum()), 1)
    if other == 0 and resets >= 3 and share > 0.01:
        return False, None, resets, share < 0.2
    few = len(falls) <= max(1, 0.002 * len(steps))
    downward = float(np.abs(steps[falls]).sum()) if len(falls) else 0.0
    upward = float(steps[inside & (steps > 0)].sum())
    return few and (not len(falls) or downward > 0.01 * upward or len(falls) == 1), rollover, resets, False
