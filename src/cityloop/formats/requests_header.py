"""Where the table of a sheet of requests begins, which column holds what, and which are left alone since they name the caller."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from cityloop.formats.project_cells import cell_text
from cityloop.formats.project_columns import plain
from cityloop.formats.project_sheets import Sheet
from cityloop.formats.requests_words import field_of, is_personal

__all__ = ["RequestHeader", "find_request_header"]

MOST_TITLES = 40
"""So many rows of titles may stand above the header."""
NEEDED = ("number", "requested")


@dataclass(frozen=True)
class RequestHeader:
    """`last` = the last row of the header, from 0; `columns` = field -> column; `labels` = column -> what it says.

    `personal` = columns about the caller; `unread` = other columns that are not taken; `doubled` = columns of a field that
    another one holds already.
    """

    last: int
    columns: Mapping[str, int]
    labels: Mapping[int, str]
    personal: tuple[int, ...] = field(default=())
    unread: tuple[int, ...] = field(default=())
    doubled: tuple[int, ...] = field(default=())

    @property
    def missing(self) -> tuple[str, ...]:
        """Fields that no request is without."""
        return tuple(n for n in NEEDED if n not in self.columns)


def find_request_header(sheet: Sheet, stated: Mapping[str, str]) -> RequestHeader | None:
    """The row that names most fields, at least three; `stated` = field -> header, as city.toml says."""
    best: RequestHeader | None = None
    for row in range(min(len(sheet.cells), MOST_TITLES)):
        header = _header(sheet, row, {plain(h): f for f, h in stated.items()})
        if len(header.columns) >= 3 and (best is None or len(header.columns) > len(best.columns)):
            best = header
    return best


def _header(sheet: Sheet, row: int, stated: Mapping[str, str]) -> RequestHeader:
    tall = [a for a in sheet.merged if a[0] <= row <= a[2] and a[2] > a[0] and a[2] - a[0] < 4]
    first, last = min((a[0] for a in tall), default=row), max((a[2] for a in tall), default=row)
    columns: dict[str, int] = {}
    labels: dict[int, str] = {}
    personal, unread, doubled = [], [], []
    for c in range(max((len(sheet.cells[r]) for r in range(first, last + 1)), default=0)):
        said = list(dict.fromkeys(filter(None, (cell_text(sheet.value(r, c)) for r in range(first, last + 1)))))
        if not said:
            continue
        labels[c] = " / ".join(re.sub(r"\s+", " ", s) for s in said)
        key = (
            next((stated[plain(s)] for s in said if plain(s) in stated), "") or field_of(said[-1]) or field_of(said[0])
        )
        if any(is_personal(s) for s in said):
            personal.append(c)
        elif not key or (key in stated.values() and not any(plain(s) in stated for s in said)):
            unread.append(c)
        elif key in columns:
            doubled.append(c)
        else:
            columns[key] = c
    return RequestHeader(last, columns, labels, tuple(personal), tuple(unread), tuple(doubled))
