"""Where the table of a sheet begins: its header below titles, of one row or several, and what each column holds."""

import re
from dataclasses import dataclass, field

from cityloop.formats.project_cells import MoneyUnit, cell_text, read_money_unit
from cityloop.formats.project_columns import field_of, plain
from cityloop.formats.project_sheets import Sheet

__all__ = ["Header", "find_header"]

#: So many rows of titles may stand above the header.
MOST_TITLES = 40
_UNIT_LINE = re.compile(r"(?:单位|unit|amounts in|金额单位)\s*[:：]?\s*(.{1,30})", re.IGNORECASE)
_PART = re.compile(
    r"财政|专项债|国债|债券|自筹|社会资本|贷款|银行|中央|上级|配套|private|loan|bond|grant|state|own funds|budget",
    re.IGNORECASE,
)
_WHOLE = ("合计", "小计", "总计", "total", "sum")


@dataclass(frozen=True)
class Header:
    """`first`, `last` = its rows from 0; `columns` = column -> key of project_columns, `labels` = what each column says.

    `parts` = columns that hold one source's part of the money; `unread` = columns with a header that is not known;
    `doubled` = columns left out since another holds the same.
    """

    first: int
    last: int
    columns: dict[int, str]
    labels: dict[int, str]
    units: dict[int, MoneyUnit]
    parts: tuple[int, ...] = ()
    unread: tuple[int, ...] = ()
    doubled: tuple[int, ...] = ()
    score: int = field(default=0)


def find_header(sheet: Sheet) -> Header | None:
    """The header of a sheet that lists projects; None where no row names the projects and one thing more about them."""
    best: Header | None = None
    for row in range(min(len(sheet.cells), MOST_TITLES)):
        header = _header(sheet, row)
        if header is not None and (best is None or header.score > best.score):
            best = header
    return best


def _header(sheet: Sheet, row: int) -> Header | None:
    width = len(sheet.cells[row])
    texts = [cell_text(sheet.value(row, c)) for c in range(width)]
    if len({field_of(t) for t in texts} - {""}) < 2:
        return None
    tall = [a for a in sheet.merged if a[0] <= row <= a[2] and a[2] > a[0] and a[2] - a[0] < 4]
    first, last = min((a[0] for a in tall), default=row), max((a[2] for a in tall), default=row)
    columns: dict[int, str] = {}
    labels: dict[int, str] = {}
    parts, unread, doubled = [], [], []
    for c in range(width):
        said = list(dict.fromkeys(filter(None, (cell_text(sheet.value(r, c)) for r in range(first, last + 1)))))
        if not said:
            continue
        labels[c] = " / ".join(re.sub(r"\s+", " ", s) for s in said)
        key = field_of(said[-1]) or field_of(said[0])
        group = {field_of(s) for s in said[:-1]} & {"investment", "funding"}
        if group and plain(said[-1]) in _WHOLE:
            key = "investment"
        elif group and key in ("", *group) and _PART.search(said[-1]):
            parts.append(c)
            continue
        if not key:
            unread.append(c)
        elif key in columns.values() and key in (
            "name",
            "investment",
            "code",
            "income",
            "operation",
            "life",
            "currency",
        ):
            doubled.append(c)
        else:
            columns[c] = key
    if "name" not in columns.values() or len(set(columns.values()) - {"serial"}) < 2:
        return None
    line = _unit_line(sheet, first)
    units = {c: _unit(labels[c], line) for c in (*columns, *parts)}
    return Header(
        first, last, columns, labels, units, tuple(parts), tuple(unread), tuple(doubled), len(set(columns.values()))
    )


def _unit(label: str, line: MoneyUnit) -> MoneyUnit:
    """The unit in a header; what it leaves open is said by the unit line above the table."""
    bracket = " ".join(re.findall(r"[（(\[【](.*?)[）)\]】]", label)) or label
    own = read_money_unit(bracket)
    scale = own.scale if own.scale is not None else line.scale
    return MoneyUnit(scale, own.currency or line.currency)


def _unit_line(sheet: Sheet, before: int) -> MoneyUnit:
    """The line "单位：万元" above a table, which holds where a header says nothing."""
    for row in sheet.cells[:before]:
        for cell in row:
            if (found := _UNIT_LINE.search(cell_text(cell))) and (unit := read_money_unit(found[1])).currency:
                return unit
    return MoneyUnit()
