"""A city's own project list (储备库) as rows: titles, totals, merged cells and faults told apart, each with its place.

What is read into a row and what was left out is stated in `remarks`; nothing is converted and nothing divided.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from cityloop.errors import InputError
from cityloop.formats.project_cells import (
    Amount,
    MoneyUnit,
    Yearly,
    cell_text,
    months,
    read_money,
    read_money_unit,
    yearly_quantities,
)
from cityloop.formats.project_columns import COLUMNS, plain
from cityloop.formats.project_header import Header, find_header
from cityloop.formats.project_remarks import REMARKS
from cityloop.formats.project_sheets import Sheet, column_letter, read_sheets
from cityloop.formats.project_totals import Total, TotalKind, differing, money_text, row_label, total_kind
from cityloop.i18n import LANGUAGES, Pair

__all__ = ["MOST_PROJECTS", "ListedProject", "ProjectList", "Remark", "read_project_list"]

MOST_PROJECTS = 2_000
MOST_TEXT = 2_000
"""Characters of a cell that are kept."""
LARGEST = 1e10
"""An amount above this is stated: ten thousand million of anything points to a slip of the unit."""
MONEY = ("investment", "operation", "income")


@dataclass(frozen=True)
class Remark:
    """Something to know about the file: a fault (it cannot be used as it stands) or a note. Row from 1, "" = none."""

    level: Literal["fault", "note"]
    text: Pair
    sheet: str
    row: int = 0
    column: str = ""


@dataclass(frozen=True)
class ListedProject:
    """One project of the list; `texts` = what its cells say, by key of project_columns. Amounts are None where not stated or faulty."""

    sheet: str
    row: int
    key: str
    name: str
    texts: Mapping[str, str]
    investment: Amount | None = None
    operation: Amount | None = None
    income: Amount | None = None
    life: float | None = None
    yearly: tuple[Yearly, ...] = ()
    start: str = ""
    end: str = ""
    remarks: tuple[Remark, ...] = ()

    @property
    def faulty(self) -> bool:
        """Whether something about it must be corrected before it can be used."""
        return any(r.level == "fault" for r in self.remarks)


@dataclass
class ProjectList:
    """The rows of every sheet that lists projects, the columns that were found, and what else must be known."""

    path: Path
    projects: list[ListedProject] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    name: str = ""
    """What the list is called; by default the file's name."""
    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    """Sheet -> key of project_columns -> letter and header of its column."""

    def __post_init__(self) -> None:
        self.name = self.name or self.path.name


def read_project_list(path: Path, *, unit: str = "", sheet: str = "", name: str = "") -> ProjectList:
    """The project list of a file. `unit` ("万元") is that of amounts for which the file states none; `sheet` one sheet only;
    `name` what the list is called.

    Raises InputError for a file that cannot be read, is larger than the bounds, or lists no projects.
    """
    stated = read_money_unit(unit)
    if unit and stated.scale is None:
        raise InputError("Not a unit of money.", where="--unit", got=unit, allowed="万元, 元, 亿元, USD, million USD")
    sheets = read_sheets(path)
    if sheet and sheet not in (names := [s.name for s in sheets]):
        raise InputError("No sheet of this name.", where=str(path), got=sheet, allowed=", ".join(names))
    found = ProjectList(path, name=name.strip())
    for page in sheets:
        header = find_header(page)
        if sheet and page.name != sheet:
            continue
        if header is None or not (page.visible or sheet):
            key = "no_header" if header is None else "hidden"
            found.remarks.append(_remark("note", key, page.name))
            continue
        _Reader(page, header, stated, found).read()
    if not found.columns:
        raise InputError(
            "No sheet lists projects.", where=str(path), got=", ".join(s.name for s in sheets),
            allowed="a header row with 项目名称 / Project and one more column, for example 建设内容, 建设地点, 总投资（万元）",
        )  # fmt: skip
    _name_twice(found)
    return found


def _remark(
    level: Literal["fault", "note"], key: str, sheet: str, row: int = 0, column: str = "", **values: object
) -> Remark:
    pairs = {k: (v if isinstance(v, Pair) else Pair(str(v), str(v))) for k, v in values.items()}
    filled = Pair(*(REMARKS[key].in_(lang, **{k: getattr(v, lang) for k, v in pairs.items()}) for lang in LANGUAGES))
    return Remark(level, filled, sheet, row, column)


def _name_twice(found: ProjectList) -> None:
    """State projects of one name; from the second on they cannot be told apart."""
    first: dict[str, ListedProject] = {}
    for i, project in enumerate(found.projects):
        other = first.setdefault(project.key, project)
        if other is not project:
            where = f"{other.sheet} {other.row}" if other.sheet != project.sheet else str(other.row)
            remark = _remark("fault", "twice", project.sheet, project.row, name=project.name, other=where)
            found.projects[i] = replace(project, remarks=(*project.remarks, remark))


class _Reader:
    """One sheet, row by row."""

    def __init__(self, sheet: Sheet, header: Header, unit: MoneyUnit, found: ProjectList) -> None:
        self.sheet, self.header, self.unit, self.found = sheet, header, unit, found
        self.column = {key: c for c, key in reversed(header.columns.items())}
        self.projects: list[ListedProject] = []
        self.totals: list[Total] = []
        self.left_out: list[str] = []

    def read(self) -> None:
        """Put the projects of this sheet and what is to be known about it into the list."""
        self._state_columns()
        row, end = self.header.last + 1, len(self.sheet.cells)
        while row < end:
            rows = self._rows_of(row)
            self._take(rows)
            row = rows[-1] + 1
            if len(self.found.projects) + len(self.projects) > MOST_PROJECTS:
                raise InputError(
                    "More projects than are read.",
                    where=f"{self.found.path} {self.sheet.name}",
                    allowed=f"{MOST_PROJECTS:,}",
                )
        if self.left_out:
            listed = "; ".join(self.left_out)
            self.found.remarks.append(
                _remark("note", "totals", self.sheet.name, names=Pair(listed, listed.replace("; ", "；")))
            )
        self._state_merged()
        for d in differing(self.totals, [p.investment for p in self.projects]):
            row, column, said = d.total.row, self.column["investment"], (d.stated, d.summed)
            if d.one is None:
                self._note("total_differs", row, column, total=said[0], sum=said[1], rows=d.rows, missing=d.missing)
            else:
                one = self.projects[d.one]
                self._note("total_without", row, column, total=said[0], sum=said[1], other=one.row, name=one.name)
        self.found.remarks.sort(key=lambda r: (r.sheet, r.row))
        self.found.projects += self.projects

    # --- rows ----------------------------------------------------------------------------------------------------
    def _rows_of(self, row: int) -> list[int]:
        """The rows of one project: those over which its name is merged."""
        c = self.column["name"]
        area = next((a for a in self.sheet.merged if a[0] == row and a[1] <= c <= a[3] and a[2] > row), None)
        if area is None or area[3] - area[1] >= 3:
            return [row]
        return list(range(row, min(area[2], len(self.sheet.cells) - 1) + 1))

    def _take(self, rows: list[int]) -> None:
        row = rows[0]
        texts = {c: cell_text(self.sheet.value(row, c)) for c in range(len(self.sheet.cells[row]))}
        if not any(texts.values()):
            return
        if kind := self._total_kind(row, texts):
            self.totals.append(Total(row, kind, self._amount(row, "investment")[0], len(self.projects)))
            self.left_out.append(f"{row + 1} {row_label(texts.values())}")
            return
        if all(texts.get(c, "") == cell_text(self.sheet.value(self.header.last, c)) for c in self.header.columns):
            self._note("header_again", row)
            return
        named = texts.get(self.column["name"], "")
        cells = {self.sheet.anchors.get((row, c), (row, c)) for c, text in texts.items() if text}
        if len(cells) == 1 and not (named and len(self.header.columns) < 3):
            self._note("one_cell", row, text=row_label(texts.values())[:60])
            return
        if not named:
            self._fault("no_name", row, self.column["name"])
            return
        self.projects.append(self._project(rows, named))

    def _total_kind(self, row: int, texts: Mapping[int, str]) -> TotalKind:
        """By what stands in the number's, the name's or the first column; a heading says nothing of what is built."""
        first = min((c for c, text in texts.items() if text), default=0)
        name = self.column["name"]
        serial = texts.get(self.column["serial"], "") if "serial" in self.column else ""
        said = [texts.get(self.column[k], "") for k in ("content", "place", "unit") if k in self.column]
        bare = not any(s for s in said if s != texts.get(name, ""))
        return total_kind([texts.get(first, ""), serial, texts.get(name, "")], serial, bare=bare)

    def _project(self, rows: list[int], name: str) -> ListedProject:
        """One project; several rows under one merged name are its parts."""
        row, kept = rows[0], len(self.found.remarks)
        texts = {"name": name}
        for c, key in self.header.columns.items():
            if key not in ("serial", "name"):
                said = [texts.get(key, ""), *(cell_text(self.sheet.value(r, c)) for r in rows)]
                joined = "；".join(dict.fromkeys(filter(None, said)))
                if joined:
                    texts[key] = self._bounded(joined, row, c)
        parts = [
            f"{self.header.labels[c].split(' / ')[-1]} {v}" for c in self.header.parts if (v := self._said(rows, c))
        ]
        if parts:
            texts["funding"] = "；".join([*([texts["funding"]] if "funding" in texts else []), *parts])
        investment, operation, income = (self._sum(rows, key) for key in MONEY)
        start, end = self._dates(row, texts)
        known = "；".join(texts.get(k, "") for k in ("benefit", "content", "remarks"))
        code = texts.get("code", "")
        project = ListedProject(
            sheet=self.sheet.name, row=row + 1, key=plain(code or name), name=re.sub(r"\s+", " ", name), texts=texts,
            investment=investment, operation=operation, income=income, life=self._life(row), yearly=yearly_quantities(known), start=start, end=end,
        )  # fmt: skip
        if len(rows) > 1:
            self._note("parts", row, rows=f"{rows[0] + 1}-{rows[-1] + 1}", name=name)
        remarks = self.found.remarks[kept:]
        del self.found.remarks[kept:]
        return replace(project, remarks=tuple(remarks))

    def _said(self, rows: Sequence[int], column: int) -> str:
        """Values of a column over some rows, zeros and blanks left out."""
        said = (cell_text(self.sheet.own(r, column)) for r in rows)
        return "+".join(s for s in said if s not in ("", "0", "-", "/", "—"))

    def _bounded(self, text: str, row: int, column: int) -> str:
        if len(text) <= MOST_TEXT:
            return text
        self._note("cut", row, column, most=MOST_TEXT)
        return text[:MOST_TEXT]

    # --- cells ---------------------------------------------------------------------------------------------------
    def _sum(self, rows: Sequence[int], key: str) -> Amount | None:
        """The amount of a project: one cell, or the sum of its parts where they are of one currency."""
        column = self.column.get(key)
        if column is None:
            return None
        area = self.sheet.anchors.get((rows[0], column))
        shared = [a for a in self.sheet.merged if area == (a[0], a[1]) and not (a[0] >= rows[0] and a[2] <= rows[-1])]
        if shared and cell_text(self.sheet.value(rows[0], column)):
            span = f"{column_letter(shared[0][1])}{shared[0][0] + 1}:{column_letter(shared[0][3])}{shared[0][2] + 1}"
            self._fault("money_merged", rows[0], column, span=span, value=cell_text(self.sheet.value(rows[0], column)))
            return None
        found = []
        for row in rows:
            amount, wrong = self._amount(row, key)
            if wrong:
                got = cell_text(self.sheet.own(row, column))
                self._fault(wrong, row, column, got=got, what=COLUMNS[key][0])
                return None
            if amount is not None:
                found.append((row, amount))
        if len({a.currency for _, a in found}) > 1:
            self._fault("currencies_of_one", rows[0], column, got=", ".join(a.said for _, a in found))
            return None
        if not found:
            return None
        total = Amount(
            sum(a.value for _, a in found), sum(a.low for _, a in found), sum(a.high for _, a in found),
            found[0][1].currency, " + ".join(a.said for _, a in found),
        )  # fmt: skip
        if total.value > LARGEST:
            self._note("large", rows[0], column, amount=money_text(total.value, total.currency))
        return total

    def _amount(self, row: int, key: str) -> tuple[Amount | None, str]:
        column = self.column.get(key)
        if column is None:
            return None, ""
        around = self.header.units[column]
        said = (
            read_money_unit(cell_text(self.sheet.value(row, self.column["currency"])))
            if "currency" in self.column
            else None
        )
        currency = (said.currency if said else "") or around.currency or self.unit.currency
        scale = around.scale if around.scale is not None else self.unit.scale
        if scale is None and said is not None and said.scale is not None:
            scale = said.scale
        return read_money(self.sheet.own(row, column), MoneyUnit(scale, currency))

    def _life(self, row: int) -> float | None:
        column = self.column.get("life")
        text = cell_text(self.sheet.value(row, column)) if column is not None else ""
        if not text:
            return None
        if (found := re.fullmatch(r"(\d{1,3}(?:\.\d+)?)\s*(?:年|years?|a)?", text.strip())) and 1 <= float(
            found[1]
        ) <= 100:
            return float(found[1])
        self._fault("odd_life", row, column, got=text)
        return None

    def _dates(self, row: int, texts: Mapping[str, str]) -> tuple[str, str]:
        """First and last month or year of the works; what holds no year is stated, an end before the start is a fault."""
        found: list[str] = []
        for key in ("period", "start", "end"):
            text = texts.get(key, "")
            read = months(text)
            if text and not read:
                self._note("no_year", row, self.column[key], got=text)
            found += read if key == "period" else read[:1]
        if not found:
            return "", ""
        start, end = found[0], found[-1]
        if end[:4] < start[:4] or (len(start) == len(end) == 7 and end < start):
            self._fault("end_first", row, self.column.get("period", self.column.get("end")), start=start, end=end)
            return "", ""
        return start, end

    # --- what is to be known about the sheet ------------------------------------------------------------------------
    def _state_columns(self) -> None:
        name, labels = self.sheet.name, self.header.labels
        self.found.columns[name] = {
            key: f"{column_letter(c)} {labels[c]}" for c, key in sorted(self.header.columns.items())
        }
        for key, columns in (("unread", self.header.unread), ("doubled", self.header.doubled)):
            if columns:
                listed = ", ".join(f"{column_letter(c)} {labels[c]}" for c in columns)
                self.found.remarks.append(_remark("note", key, name, self.header.first + 1, columns=listed))
        if self.sheet.visible is False:
            self.found.remarks.append(_remark("note", "hidden_read", name))

    def _state_merged(self) -> None:
        """Merged values that stand for several rows, once per area."""
        for r0, c0, r1, _ in self.sheet.merged:
            key = self.header.columns.get(c0, "")
            if r0 > self.header.last and r1 > r0 and key not in ("", "name", "serial", *MONEY):
                text = cell_text(self.sheet.own(r0, c0))
                if text:
                    span = f"{r0 + 1}-{min(r1, len(self.sheet.cells) - 1) + 1}"
                    self._note("merged", r0, c0, rows=span, text=text[:60])

    def _note(self, key: str, row: int, column: int | None = None, **values: object) -> None:
        self._add("note", key, row, column, values)

    def _fault(self, key: str, row: int, column: int | None = None, **values: object) -> None:
        self._add("fault", key, row, column, values)

    def _add(
        self, level: Literal["fault", "note"], key: str, row: int, column: int | None, values: Mapping[str, Any]
    ) -> None:
        where = "" if column is None else f"{column_letter(column)} {self.header.labels.get(column, '')}".strip()
        self.found.remarks.append(_remark(level, key, self.sheet.name, row + 1, where, **values))
