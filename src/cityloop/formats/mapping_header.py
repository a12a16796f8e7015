"""Where the header of a table stands and which of several header rows names the columns."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from cityloop.errors import InputError
from cityloop.formats.mapping_tags import known_unit

__all__ = ["Header", "find_header", "looks_like_time", "looks_like_number"]

_NUMBER = re.compile(r"[+-]?([0-9]+([.,][0-9]*)?|[.,][0-9]+)(e[+-]?[0-9]+)?$", re.IGNORECASE)
_TIME = re.compile(
    r"([0-9]{4}[-/.年][0-9]{1,2}[-/.月][0-9]{1,2}|[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2,4}|[0-9]{1,2}-[a-z]{3}-[0-9]{2,4}"
    r"|(19|20)[0-9]{2}(0[1-9]|1[0-2])([0-2][0-9]|3[01])|[0-9]{1,2}:[0-9]{2})([ T日]|[0-9]{2}|:|$)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Header:
    """`names` as a source would read them; `others` = what further header rows say of each column.

    `line` of the names and `first_line` of the rows count from 0; `between` = lines after the names that are no rows.
    """

    names: tuple[str, ...]
    others: tuple[tuple[str, ...], ...]
    line: int
    first_line: int
    between: int

    @property
    def doubled(self) -> tuple[str, ...]:
        """Names that stand twice."""
        return tuple(name for name, n in Counter(self.names).items() if name and n > 1)


def looks_like_number(text: str) -> bool:
    """Whether a cell is a number, whatever its decimal sign."""
    return _NUMBER.match(text.strip()) is not None


def looks_like_time(text: str) -> bool:
    """Whether a cell begins as a date or a time of day does."""
    return _TIME.match(text.strip()) is not None


def find_header(rows: Sequence[Sequence[str]], lines: Sequence[int], where: str) -> Header:
    """The header of the first rows of a table; `lines` are their numbers from 0. Raises InputError where there is none."""
    filled = [i for i, row in enumerate(rows) if any(c.strip() for c in row)]
    if not filled:
        raise InputError("The table is empty.", where=where, cure="Export it again.")
    tail = [rows[i] for i in filled[-40:]] if len(filled) > 4 else [rows[i] for i in filled[1:]]
    width = max((len(r) for r in tail), key=[len(r) for r in tail].count, default=len(rows[filled[0]]))
    timed, typed = _typed(tail, width)
    first = next((i for i in filled if _is_data(rows[i], timed, typed)), len(rows))
    if not typed and not timed:
        first = next((i for i in filled if i > _widest(rows, filled, width)), len(rows))
    above = [i for i in filled if i < first and sum(bool(c.strip()) for c in rows[i]) >= max(1, min(2, width))]
    above = [i for i in above if i >= first - 8] or above
    if not above:
        raise InputError(
            "The table has no header.", where=where, got=" | ".join(rows[filled[0]])[:200],
            cure="Write the names of the columns into the first line.",
        )  # fmt: skip
    naming = _naming([rows[i] for i in above])
    line = above[naming]
    names = [c.strip() for c in rows[line]]
    further = [_carried(rows[i]) if i < line else list(rows[i]) for i in above if i != line]
    said = [[row[j].strip() for row in further if j < len(row)] for j in range(len(names))]
    others = [
        tuple(dict.fromkeys(s for s in cells if s and s != name)) for cells, name in zip(said, names, strict=True)
    ]
    first_line = lines[first] if first < len(rows) else lines[-1] + 1
    return Header(tuple(names), tuple(others), lines[line], first_line, len([i for i in above if i > line]))


def _typed(rows: Sequence[Sequence[str]], width: int) -> tuple[list[int], list[int]]:
    """Columns that hold times and columns that hold numbers in most rows."""
    timed, typed = [], []
    for j in range(width):
        cells = [r[j].strip() for r in rows if j < len(r) and r[j].strip()]
        if not cells:
            continue
        if sum(map(looks_like_time, cells)) > 0.6 * len(cells):
            timed.append(j)
        elif sum(map(looks_like_number, cells)) > 0.6 * len(cells):
            typed.append(j)
    return timed, typed


def _is_data(row: Sequence[str], timed: Sequence[int], typed: Sequence[int]) -> bool:
    cells = [row[j].strip() for j in timed if j < len(row)]
    if any(cells):
        return any(looks_like_time(c) for c in cells if c)
    numbers = [row[j].strip() for j in typed if j < len(row) and row[j].strip()]
    return bool(numbers) and sum(map(looks_like_number, numbers)) > 0.5 * len(numbers)


def _widest(rows: Sequence[Sequence[str]], filled: Sequence[int], width: int) -> int:
    """In a table of texts: the first row with a cell in (nearly) every column."""
    return next((i for i in filled if sum(bool(c.strip()) for c in rows[i]) >= 0.8 * width), filled[0])


def _naming(rows: Sequence[Sequence[str]]) -> int:
    """Which header row names the columns: full, every name once, no row of units; the last of those that are best."""

    def worth(row: Sequence[str]) -> tuple[bool, float]:
        cells = [c.strip() for c in row]
        said = [c for c in cells if c]
        units = sum(known_unit(c) is not None for c in said)
        return units < 0.5 * len(said), round(len(set(said)) / max(len(cells), 1), 2)

    return max(range(len(rows)), key=lambda i: (*worth(rows[i]), i))


def _carried(row: Sequence[str]) -> list[str]:
    """A row of groups: an empty cell belongs to the group that began further left."""
    found: list[str] = []
    for cell in row:
        found.append(cell.strip() or (found[-1] if found else ""))
    return found
