"""The sheets of a list of projects or requests as cells with their places: XLSX, XLS or ODS with merged cells, or CSV; of bounded size."""

import csv
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from cityloop.errors import InputError

__all__ = ["MOST_BYTES", "MOST_CELLS", "Sheet", "column_letter", "read_sheets"]

MOST_BYTES = 20 << 20
"""Of the file; unpacked it may have ten times as much."""
MOST_CELLS = 400_000
"""Of a sheet, empty ones within its area included."""
_WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".ods")
_TABLES = (".csv", ".txt", ".tsv")
_TOO_LARGE = "A file larger than is read."


@dataclass(frozen=True)
class Sheet:
    """Cells from A1 on, rows and columns from 0; `merged` = (first row, first column, last row, last column)."""

    name: str
    cells: list[list[Any]]
    merged: tuple[tuple[int, int, int, int], ...] = field(default=())
    visible: bool = True

    @cached_property
    def anchors(self) -> Mapping[tuple[int, int], tuple[int, int]]:
        """Cell within a merged area -> the cell that holds its value; the holder itself included."""
        width = max((len(r) for r in self.cells), default=0)
        found: dict[tuple[int, int], tuple[int, int]] = {}
        for r0, c0, r1, c1 in self.merged:
            for r in range(r0, min(r1, len(self.cells) - 1) + 1):
                found |= {(r, c): (r0, c0) for c in range(c0, min(c1, width - 1) + 1)}
        return found

    def own(self, row: int, column: int) -> Any:
        """What stands in the cell itself; "" for nothing."""
        line = self.cells[row] if row < len(self.cells) else []
        return line[column] if column < len(line) else ""

    def value(self, row: int, column: int) -> Any:
        """What a reader sees there: a merged value stands in every cell of its area."""
        return self.own(*self.anchors.get((row, column), (row, column)))


def column_letter(column: int) -> str:
    """The letters of a column, from 0.

    >>> column_letter(0), column_letter(27)
    ('A', 'AB')
    """
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def read_sheets(path: Path, *, most_bytes: int = 0, most_cells: int = 0, encoding: str = "") -> list[Sheet]:
    """Every sheet of a workbook, or a CSV as one sheet, within MOST_BYTES and MOST_CELLS unless other bounds are given.

    `encoding` "" = those that are usual are tried.

    Raises InputError for a file that is too large or no table.
    """
    most_bytes, most_cells = most_bytes or MOST_BYTES, most_cells or MOST_CELLS
    suffix = path.suffix.lower()
    if suffix not in (*_WORKBOOKS, *_TABLES):
        raise InputError(
            "A file of a form that is not read.", where=str(path), got=suffix or "no suffix",
            allowed=" ".join((*_WORKBOOKS, *_TABLES)), cure="Save it as XLSX or CSV.",
        )  # fmt: skip
    try:
        size = path.stat().st_size
        if size > most_bytes:
            raise InputError(_TOO_LARGE, where=str(path), got=f"{size:,}", allowed=f"{most_bytes:,}")
        if suffix in _WORKBOOKS:
            return _workbook(path, most_bytes, most_cells)
        return [_table(path, most_cells, encoding)]
    except OSError as fault:
        raise InputError("The file cannot be read.", where=str(path), got=fault.strerror or str(fault)) from fault


def _workbook(path: Path, most_bytes: int, most_cells: int) -> list[Sheet]:
    import python_calamine as calamine

    if path.suffix.lower() != ".xls":
        try:
            with zipfile.ZipFile(path) as packed:
                unpacked = sum(i.file_size for i in packed.infolist())
        except zipfile.BadZipFile as fault:
            raise InputError("Not a workbook that can be read.", where=str(path), got=str(fault)[:200]) from fault
        if unpacked > 10 * most_bytes:
            raise InputError(_TOO_LARGE, where=str(path), got=f"{unpacked:,}", allowed=f"{10 * most_bytes:,}")
    found = []
    try:
        book = calamine.CalamineWorkbook.from_path(path)
        for about in book.sheets_metadata:
            if about.typ != calamine.SheetTypeEnum.WorkSheet:
                continue
            page = book.get_sheet_by_name(about.name)
            rows, columns = (page.end[0] + 1, page.end[1] + 1) if page.end else (0, 0)
            if rows * columns > most_cells:
                raise InputError(
                    "A sheet larger than is read.", where=f"{path} {about.name}",
                    got=f"{rows:,} x {columns:,}", allowed=f"{most_cells:,}",
                    cure="Clear the rows and columns beyond the table.",
                )  # fmt: skip
            merged = tuple((a[0], a[1], b[0], b[1]) for a, b in page.merged_cell_ranges or ())
            cells = page.to_python(skip_empty_area=False)
            found.append(Sheet(about.name, cells, merged, about.visible == calamine.SheetVisibleEnum.Visible))
    except calamine.PasswordError as fault:
        raise InputError(
            "The workbook is protected by a password.", where=str(path), cure="Save it without one."
        ) from fault
    except calamine.CalamineError as fault:
        raise InputError("Not a workbook that can be read.", where=str(path), got=str(fault)[:200]) from fault
    return found


def _table(path: Path, most_cells: int, encoding: str) -> Sheet:
    """A CSV in UTF-8, UTF-16 with its mark, or GB18030; comma, semicolon or tab, whichever stands most in it."""
    data = path.read_bytes()
    codings = (
        (encoding,) if encoding else ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030")
    )
    text = None
    for coding in codings:
        try:
            text = data.decode(coding)
            break
        except UnicodeDecodeError:
            continue
    if text is None or "\0" in text:
        raise InputError(
            "The table is in none of the encodings that are tried.", where=str(path), allowed="UTF-8, GB18030, UTF-16",
            cure="Save it as CSV in UTF-8.",
        )  # fmt: skip
    sign = max(",;\t", key=text.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=sign, strict=True))
    except csv.Error as fault:
        raise InputError("The table is not CSV.", where=str(path), got=str(fault)) from fault
    if sum(map(len, rows)) > most_cells:
        raise InputError(
            "A sheet larger than is read.", where=str(path), got=f"{len(rows):,}", allowed=f"{most_cells:,}"
        )
    return Sheet(path.name, [list(row) for row in rows])
