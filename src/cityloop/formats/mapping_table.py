"""The proposal as a table that people edit: CSV (UTF-8 with mark) or XLSX with lists to choose from; and back as rows."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cityloop.errors import InputError
from cityloop.formats.mapping_proposal import FIELDS, FileProposal, Guess
from cityloop.formats.project_sheets import read_sheets
from cityloop.i18n import Language, Pair
from cityloop.units import QUANTITIES

__all__ = ["HEADINGS", "TEXTS", "Row", "read_table", "table_faults", "table_rows", "write_table"]

HEADINGS = {
    "part": Pair("part", "类别"),
    "column": Pair("column", "列"),
    "value": Pair("value", "设置值"),
    "thing": Pair("thing", "对象"),
    "property": Pair("property", "物理量"),
    "unit": Pair("unit", "单位"),
    "statistic": Pair("statistic", "统计方式"),
    "step_s": Pair("step_s", "间隔(秒)"),
    "rollover": Pair("rollover", "归零量程"),
    "confidence": Pair("confidence", "置信度"),
    "candidates": Pair("candidates", "候选"),
    "reason": Pair("reason", "理由"),
    "about": Pair("values", "数值概况"),
    "accept": Pair("accept", "采纳"),
}
TEXTS = {
    "setting": Pair("setting", "设置"),
    "series": Pair("series", "序列"),
    "left_out": Pair("left out", "不采用"),
    "yes": Pair("yes", "是"),
    "no": Pair("no", "否"),
    "field": Pair("{field} {confidence}: {why}", "{field} {confidence}：{why}"),
    "sheet": Pair("proposal", "映射建议"),
}
YES = frozenset(["yes", "y", "是", "true", "1", "x", "√", "✓", "采纳", "ok"])
NO = frozenset(["", "no", "n", "否", "false", "0", "不", "不采纳"])
_PARTS = {
    "setting": "setting",
    "设置": "setting",
    "series": "series",
    "序列": "series",
    "left out": "left_out",
    "不采用": "left_out",
}
_STATISTICS = ("instant", "mean", "total", "counter")


@dataclass(frozen=True)
class Row:
    """One row of an edited table: its line, part ("setting" | "series" | "left_out"), cells by heading, and the verdict:
    True accepted, False refused, None left open.
    """

    line: int
    part: str
    cells: dict[str, str]
    accepted: bool | None

    def __getitem__(self, name: str) -> str:
        return self.cells.get(name, "")


def table_rows(proposal: FileProposal, language: Language) -> list[dict[str, str]]:
    """The rows of the table by key of HEADINGS; `accept` is empty everywhere: a person fills it."""
    rows = []
    for key, guess in proposal.settings.items():
        rows.append(
            {
                "part": TEXTS["setting"].in_(language), "column": key, "value": guess.shown, "confidence": _degree(guess),
                "candidates": " | ".join(guess.candidates), "reason": guess.why.in_(language),
            }
        )  # fmt: skip
    for column in proposal.columns:
        if column.left_out is not None:
            part, reason = TEXTS["left_out"], column.left_out.in_(language)
        else:
            part, reason = TEXTS["series"], _reasons(column.fields, language)
        notes = "; ".join(n.in_(language) for n in column.notes)
        row = {
            "part": part.in_(language), "column": column.column, "about": column.about.in_(language),
            "reason": "; ".join(filter(None, (notes, reason))),
        }  # fmt: skip
        if column.left_out is None:
            row |= {f: column.fields[f].shown for f in FIELDS}
            row["confidence"] = f"{column.confidence:.2f}"
            others = {f: column.fields[f].candidates for f in FIELDS if column.fields[f].candidates}
            row["candidates"] = "; ".join(f"{f}: {' | '.join(c)}" for f, c in others.items())
        rows.append(row)
    return rows


def _degree(guess: Guess) -> str:
    return f"{guess.confidence:.2f}" if guess.shown else ""


def _reasons(fields: Any, language: Language) -> str:
    said = [(f, fields[f]) for f in FIELDS if fields[f].why.en]
    parts = [
        TEXTS["field"].in_(language, field=HEADINGS[f].in_(language), confidence=_degree(g), why=g.why.in_(language))
        for f, g in said
    ]
    return ("；" if language == "zh" else "; ").join(parts)


def write_table(proposal: FileProposal, path: Path, language: Language) -> None:
    """Write the table; its suffix says as what. Raises InputError for another suffix or a file that is there already."""
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".xlsx"):
        raise InputError(
            "A table is written as CSV or XLSX.", where=str(path), got=suffix or "no suffix", allowed=".csv .xlsx"
        )
    if path.exists():
        raise InputError(
            "The table exists already; somebody may have edited it.",
            where=str(path),
            cure="Name another file, or remove it.",
        )
    rows = table_rows(proposal, language)
    heads = [h.in_(language) for h in HEADINGS.values()]
    cells = [[row.get(key, "") for key in HEADINGS] for row in rows]
    data = _csv(heads, cells) if suffix == ".csv" else _xlsx(heads, cells, language)
    try:
        path.write_bytes(data)
    except OSError as fault:
        raise InputError("The table cannot be written.", where=str(path), got=fault.strerror or str(fault)) from fault


def _csv(heads: Sequence[str], cells: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(heads)
    writer.writerows([_safe(c) for c in row] for row in cells)
    return text.getvalue().encode("utf-8-sig")


def _safe(cell: str) -> str:
    """A cell that a spreadsheet program would take for a formula, with an apostrophe before it."""
    return f"'{cell}" if cell[:1] in ("=", "+", "@", "-", "\t") and len(cell) > 1 else cell


def _plain(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:2] in ("=", "+", "@", "-", "\t") and len(cell) > 2 else cell


def _xlsx(heads: Sequence[str], cells: Sequence[Sequence[str]], language: Language) -> bytes:
    from openpyxl import Workbook
    from openpyxl.styles import Font, PatternFill
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    book = Workbook()
    sheet = book.active
    sheet.title = TEXTS["sheet"].in_(language)
    for r, row in enumerate([heads, *cells], 1):
        for c, text in enumerate(row, 1):
            cell = sheet.cell(r, c, _shown(text))
            cell.data_type = "s"
            if r == 1:
                cell.font = Font(bold=True)
    keys = list(HEADINGS)
    lists = {
        "accept": [TEXTS["yes"].in_(language), TEXTS["no"].in_(language)], "property": list(QUANTITIES), "statistic": _STATISTICS,
    }  # fmt: skip
    for key, words in lists.items():
        letter = get_column_letter(keys.index(key) + 1)
        chosen = DataValidation(type="list", formula1=f'"{",".join(words)}"', allow_blank=True)
        chosen.add(f"{letter}2:{letter}{len(cells) + 1}")
        sheet.add_data_validation(chosen)
    widths = {"column": 34, "value": 24, "thing": 24, "property": 18, "candidates": 40, "reason": 70, "about": 28}
    for number, key in enumerate(keys, 1):
        sheet.column_dimensions[get_column_letter(number)].width = widths.get(key, 12)
    yellow = PatternFill("solid", fgColor="FFF8DC")
    for r in range(2, len(cells) + 2):
        sheet.cell(r, keys.index("accept") + 1).fill = yellow
    sheet.freeze_panes = "C2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(keys))}{len(cells) + 1}"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _shown(text: str) -> str:
    """Without the control characters that a workbook cannot hold."""
    return "".join(c for c in text if c >= " " or c in "\t\n")


def read_table(path: Path) -> tuple[Row, ...]:
    """The rows of an edited table, in whatever way a spreadsheet program saved it. Raises InputError naming every fault."""
    if not path.is_file():
        raise InputError(
            "No such file.", where=str(path), cure="Write the table first: cityloop map FILE --out TABLE.csv."
        )
    sheet = next((s for s in read_sheets(path) if s.cells), None)
    cells = [[_text(c) for c in row] for row in sheet.cells] if sheet else []
    places = {word.casefold(): key for key, pair in HEADINGS.items() for word in pair}
    top = next((i for i, row in enumerate(cells) if sum(c.casefold() in places for c in row) >= 5), None)
    if top is None:
        raise InputError(
            "Not a table of proposals.", where=str(path), allowed=", ".join(h.en for h in HEADINGS.values()),
            cure="Write one with cityloop map FILE --out TABLE.csv and keep its headings.",
        )  # fmt: skip
    keys = [places.get(c.casefold(), "") for c in cells[top]]
    if missing := [HEADINGS[k].en for k in ("part", "column", "accept") if k not in keys]:
        raise InputError(
            "The table lacks headings.", where=str(path), got=", ".join(cells[top]), allowed=", ".join(missing)
        )
    faults: list[str] = []
    rows = []
    for number, line in enumerate(cells[top + 1 :], top + 2):
        row = {k: _plain(c) for k, c in zip(keys, line, strict=False) if k}
        if not any(row.values()):
            continue
        part, verdict = _PARTS.get(row.get("part", "").casefold()), row.get("accept", "").casefold()
        if part is None:
            faults.append(_fault(path, number, HEADINGS["part"], row.get("part", ""), "setting, series, left out"))
        if verdict not in YES | NO:
            faults.append(_fault(path, number, HEADINGS["accept"], row["accept"], "yes / 是, no / 否"))
        rows.append(Row(number, part or "", row, True if verdict in YES else None if verdict == "" else False))
    if faults:
        raise table_faults(str(path), faults)
    return tuple(rows)


def table_faults(where: str, faults: Sequence[str]) -> InputError:
    """Every fault of an edited table as one error."""
    listed = "\n".join(f"  {i}. {fault}" for i, fault in enumerate(faults, 1))
    return InputError(f"{len(faults)} fault(s) in the table {where}:\n{listed}")


def _fault(path: Path, line: int, heading: Pair, got: str, allowed: str) -> str:
    return str(InputError(f"Not a word for '{heading.en}'.", where=f"{path}:{line}", got=repr(got), allowed=allowed))


def _text(cell: Any) -> str:
    """A cell as text; whole numbers without fraction, true as yes."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell).strip()
