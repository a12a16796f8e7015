"""Workbook sheets as plain rows of cells, and the bytes of the workbook: formulas with their results, text that stays text.

openpyxl writes formulas without results, so that whatever shows a workbook without calculating (a mail's preview, a phone)
would show nothing. The results that are known anyway are put beside the formulas; Excel, WPS and LibreOffice calculate anew
on opening.
"""

import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

__all__ = ["Cell", "Sheet", "address", "column_letters", "quoted", "workbook_bytes"]

Style = Literal["", "title", "head", "input", "total", "note", "wrap"]
#: Characters at the beginning of a text by which a spreadsheet would take it for a formula.
_FORMULA_LIKE = ("=", "+", "-", "@", "\t", "\r", "−")
_LONGEST_TEXT = 32_000
#: Bounds of a column's width, of what a header alone may claim of it, and the height of a line in points.
_LEAST_WIDTH, _MOST_WIDTH, _HEAD_WIDTH, _LINE_POINTS = 8.0, 44.0, 16.0, 15.0
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_CELL = re.compile(rb'(<c r="([A-Z]+\d+)"[^>]*>)<f>(.*?)</f><v\s*/?>(?:</v>)?')
_STAMP = (2026, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Cell:
    """A text or a number; a `formula` has its number as `value`, the result as the program computes it by itself.

    `refs` are the ways of its figures back into loop.json, each with the text that it shows.
    """

    value: str | float | int | None = None
    formula: str = ""
    format: str = ""
    style: Style = ""
    refs: tuple[tuple[str, str], ...] = ()


@dataclass
class Sheet:
    """One sheet: rows of cells, widths of the columns in characters (by their texts where none are given), the rows that
    stay in sight.
    """

    name: str
    rows: list[list[Cell]] = field(default_factory=list)
    widths: Sequence[float] = ()
    frozen: int = 0
    landscape: bool = True

    def add(self, *cells: Cell | str | float | int | None, style: Style = "") -> int:
        """Append a row; returns its number from 1."""
        self.rows.append([c if isinstance(c, Cell) else Cell(c, style=style) for c in cells])
        return len(self.rows)


def column_letters(number: int) -> str:
    """Letters of a column, 1 = A.

    >>> column_letters(1), column_letters(27), column_letters(703)
    ('A', 'AA', 'AAA')
    """
    letters = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def address(column: int, row: int, *, sheet: str = "", fixed: bool = True) -> str:
    """A reference to a cell; `fixed` with dollar signs."""
    mark = "$" if fixed else ""
    return f"{quoted(sheet) + '!' if sheet else ''}{mark}{column_letters(column)}{mark}{row}"


def quoted(sheet: str) -> str:
    """A sheet's name as formulas write it."""
    return "'" + sheet.replace("'", "''") + "'"


def workbook_bytes(sheets: Sequence[Sheet], *, title: str, now: datetime) -> bytes:
    """The workbook. The same sheets give the same bytes."""
    from openpyxl import Workbook
    from openpyxl.workbook.properties import CalcProperties

    book = Workbook()
    book.remove(book.active)
    book.calculation = CalcProperties(fullCalcOnLoad=True)
    book.properties.title, book.properties.creator = title, "Cityloop"
    book.properties.created = now.replace(tzinfo=None, microsecond=0)
    for sheet in sheets:
        _write(book.create_sheet(sheet.name), sheet)
    buffer = io.BytesIO()
    book.save(buffer)
    results = {i: _results(sheet) for i, sheet in enumerate(sheets, 1)}
    return _with_results(buffer.getvalue(), results, now)


# --- cells -------------------------------------------------------------------------------------------------------
def _write(page: Any, sheet: Sheet) -> None:
    from openpyxl.utils import get_column_letter

    styles = _styles()
    for i, row in enumerate(sheet.rows, 1):
        for j, cell in enumerate(row, 1):
            if cell.value is not None or cell.formula:
                _put(page.cell(i, j), cell, styles)
    widths = sheet.widths or _widths(sheet)
    for j, width in enumerate(widths, 1):
        page.column_dimensions[get_column_letter(j)].width = width
    for i, row in enumerate(sheet.rows, 1):
        if (lines := _lines(row, widths)) > 1:
            page.row_dimensions[i].height = _LINE_POINTS * lines
    if sheet.frozen:
        page.freeze_panes = f"A{sheet.frozen + 1}"
        page.print_title_rows = f"{sheet.frozen}:{sheet.frozen}"
    page.page_setup.orientation = "landscape" if sheet.landscape else "portrait"
    page.page_setup.paperSize = 9  # A4
    page.page_setup.fitToWidth, page.page_setup.fitToHeight = 1, 0
    page.sheet_properties.pageSetUpPr.fitToPage = True


def _length(cell: Cell) -> float:
    """Characters that a cell takes; a Chinese one takes two, a number about ten."""
    if not isinstance(cell.value, str):
        return 10.0 + len(cell.format) / 4
    return sum(1.9 if ord(c) > 0x2E80 else 1.05 for c in cell.value) + 1


def _widths(sheet: Sheet) -> list[float]:
    """By the texts of each column, between bounds; a row of one cell is a sentence and runs on beyond its column."""
    widths: dict[int, float] = {}
    for row in sheet.rows:
        if len(row) > 1:
            for j, cell in enumerate(row):
                if cell.value is not None:
                    most = _HEAD_WIDTH if cell.style == "head" else _MOST_WIDTH
                    widths[j] = max(widths.get(j, _LEAST_WIDTH), min(_length(cell), most))
    return [widths.get(j, _LEAST_WIDTH) for j in range(max(widths, default=-1) + 1)]


def _lines(row: Sequence[Cell], widths: Sequence[float]) -> int:
    """Lines that the wrapped cells of a row need."""
    wrapped = [(c, w) for c, w in zip(row, widths, strict=False) if c.style in ("wrap", "head") and len(row) > 1]
    return max((-int(-_length(c) // w) for c, w in wrapped if isinstance(c.value, str)), default=1)


def _put(at: Any, cell: Cell, styles: dict[str, dict[str, Any]]) -> None:
    """One cell. A text is never read as a formula, whatever it begins with."""
    if cell.formula:
        at.value = f"={cell.formula}"
    elif isinstance(cell.value, str):
        text = _FORBIDDEN.sub(" ", cell.value)[:_LONGEST_TEXT]
        at.value = text
        at.data_type = "s"
        if text.startswith(_FORMULA_LIKE):
            at.quotePrefix = True
    else:
        at.value = cell.value
    for name, value in styles[cell.style].items():
        setattr(at, name, value)
    if cell.format:
        at.number_format = cell.format


def _styles() -> dict[str, dict[str, Any]]:
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

    top = Alignment(vertical="top", wrap_text=True)
    text = Alignment(horizontal="left", vertical="top", wrap_text=True, indent=1)
    return {
        "": {"alignment": Alignment(vertical="top")},
        "wrap": {"alignment": text},
        "title": {"font": Font(bold=True, size=14)},
        "head": {
            "font": Font(bold=True), "fill": PatternFill("solid", fgColor="E8EDF2"), "alignment": top,
            "border": Border(bottom=Side(style="thin")),
        },
        "input": {"fill": PatternFill("solid", fgColor="FFF4D6"), "border": Border(bottom=Side(style="hair"))},
        "total": {"font": Font(bold=True), "border": Border(top=Side(style="thin"))},
        "note": {"font": Font(italic=True, color="5A6672"), "alignment": top},
    }  # fmt: skip


# --- results -----------------------------------------------------------------------------------------------------
def _results(sheet: Sheet) -> dict[str, float | int]:
    """Address -> result of every formula whose result is a number."""
    return {
        address(j, i, fixed=False): cell.value
        for i, row in enumerate(sheet.rows, 1) for j, cell in enumerate(row, 1)
        if cell.formula and isinstance(cell.value, int | float)
    }  # fmt: skip


def _with_results(content: bytes, results: dict[int, dict[str, float | int]], now: datetime) -> bytes:
    """The same archive with results beside the formulas, and with one time for all its parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = old.read(name)
            if found := re.fullmatch(r"xl/worksheets/sheet(\d+)\.xml", name):
                part = _CELL.sub(lambda m, known=results[int(found[1])]: _cell(m, known), part)  # type: ignore[misc]
            elif name == "docProps/core.xml":
                stamp = now.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
                part = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + stamp, part)
            new.writestr(zipfile.ZipInfo(name, _STAMP), part, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _cell(match: re.Match[bytes], known: dict[str, float | int]) -> bytes:
    result = known.get(match[2].decode())
    if result is None:
        return match[0]
    return match[1] + b"<f>" + match[3] + b"</f><v>" + repr(result).encode() + b"</v>"
