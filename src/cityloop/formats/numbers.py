"""Cells as float64: a number, nothing at all, or something that is refused."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = ["Numbers", "read_numbers"]

_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"


@dataclass(frozen=True)
class Numbers:
    """`values` (n,), NaN where there is none; `empty` = no observation; `refused` = text, NaN or infinity."""

    values: npt.NDArray[np.float64]
    empty: npt.NDArray[np.bool_]
    refused: npt.NDArray[np.bool_]


def read_numbers(column: pa.Array, decimal: str, missing: Sequence[str]) -> Numbers:
    """Numbers with `decimal` as decimal sign; cells that are blank, null or one of `missing` are empty.

    >>> read_numbers(pa.array(["1,5", "", "NaN", "-"]), ",", ("-",)).values.tolist()
    [1.5, nan, nan, nan]
    """
    import pyarrow.compute as pc

    if not pa.types.is_string(column.type):
        empty = column.is_null().to_numpy(zero_copy_only=False)
        values = (
            column.cast(pa.float64(), safe=False).fill_null(np.nan).to_numpy(zero_copy_only=False).astype(np.float64)
        )
        return _sorted_out(values, empty)
    text = pc.utf8_trim_whitespace(column)
    blank = pc.or_(pc.equal(text, ""), pc.is_in(text, value_set=pa.array(list(missing), pa.string())))
    empty = blank.to_numpy(zero_copy_only=False)
    if decimal != ".":
        # A point is then no decimal sign: "1.234" must not become 1.234.
        text = pc.replace_substring(pc.replace_substring(text, ".", "?"), decimal, ".")
    text = pc.if_else(blank, None, text)
    try:
        numbers = text.cast(pa.float64())
    except pa.ArrowInvalid:
        numbers = pc.if_else(pc.match_substring_regex(text, _NUMBER), text, None).cast(pa.float64())
    return _sorted_out(numbers.fill_null(np.nan).to_numpy(zero_copy_only=False).astype(np.float64), empty)


def _sorted_out(values: npt.NDArray[np.float64], empty: npt.NDArray[np.bool_]) -> Numbers:
    wrong = ~np.isfinite(values) & ~empty
    return Numbers(np.where(wrong | empty, np.nan, values), empty, wrong)
