"""The report as a workbook in one language: live money, the lists as rows, and where every figure is from."""

from typing import Any

from cityloop.i18n import Language, Pair
from cityloop.report.balance import balance
from cityloop.report.blocks import Section
from cityloop.report.cashflow import live_sheets
from cityloop.report.contents import other_sections
from cityloop.report.dig import dig_list
from cityloop.report.facts import Facts
from cityloop.report.headline import headline
from cityloop.report.maps import read_places
from cityloop.report.numbers import money_unit
from cityloop.report.plain import section_rows, text_of
from cityloop.report.project_list import project_list
from cityloop.report.sheets import Cell, Sheet, address, workbook_bytes
from cityloop.report.unknown import missing_shares, unknown, unknown_items
from cityloop.report.words import STATUSES, both, word
from cityloop.report.works import verification

__all__ = ["workbook"]

_SUMMARY, _SOURCES = Pair("Summary", "摘要"), Pair("Sources", "数据溯源")
_TITLE = Pair("Cityloop report", "Cityloop 城市闭环报告")
_ABOUT = (
    Pair("As of {now} ({zone})", "截至 {now}（{zone}）"),
    Pair(
        "Yellow cells may be changed: discount rate, prices, budgets, start years, choices; sums and net present values follow. "
        "Amounts that begin a sheet’s formulas are computed by Cityloop; a program that does not calculate shows those.",
        "黄色单元格可修改：折现率、单价、预算、开始年、是否入选；合计与净现值随之重算。公式旁存有 Cityloop 计算的结果，不具备计算功能的预览软件显示该结果。",
    ),
    Pair(
        "The sheet “{sources}” leads every figure back to its record in loop.json, with version, field, source and status.",
        "“{sources}”表列出每个数字在 loop.json 中的记录编号、版本、字段、来源和状态。",
    ),
)
_SIMULATED = Pair("SIMULATED: nothing here is a statement about a real town.", "模拟数据：不代表任何真实城镇的情况。")
_NPV = Pair("Net present value of the works chosen", "入选工程净现值")
_SOURCE_HEAD = (
    Pair("Sheet", "工作表"), Pair("Cell", "单元格"), Pair("As shown", "显示值"), Pair("Value", "原值"), Pair("Record", "记录编号"),
    Pair("Noun", "记录类型"), Pair("Version", "版本"), Pair("Field", "字段"), Pair("Status", "状态"), Pair("Source or formula", "来源或算式"),
)  # fmt: skip


def workbook(facts: Facts, language: Language) -> bytes:
    """The bytes of the .xlsx file; the same facts give the same bytes."""
    shares = missing_shares(facts)
    items = unknown_items(facts, shares)
    live = live_sheets(facts, language)
    summary = _summary(facts, language, headline(facts, items), live)
    before: list[Section | None] = [dig_list(facts, read_places(facts))]
    after: list[Section | None] = [
        verification(facts), balance(facts), *other_sections(facts), project_list(facts), unknown(facts, items, shares),
    ]  # fmt: skip
    sheets = [summary, *_sheets(before, language), *live, *_sheets(after, language)]
    sheets.append(_sources(facts, language, sheets))
    return workbook_bytes(
        sheets, title=f"{facts.settings.name.in_(language)} · {_TITLE.in_(language)}", now=facts.view.now
    )


def _sheets(sections: list[Section | None], language: Language) -> list[Sheet]:
    found = []
    for section in sections:
        if section is not None:
            sheet = Sheet(_sheet_name(section.title.in_(language)))
            section_rows(sheet, section, language)
            found.append(sheet)
    return found


def _sheet_name(title: str) -> str:
    """At most 31 characters, none that a sheet's name may not hold."""
    return "".join(c for c in title if c not in "[]:*?/\\").strip("'")[:31]


def _summary(facts: Facts, language: Language, section: Section, live: list[Sheet]) -> Sheet:
    sheet = Sheet(_SUMMARY.in_(language), widths=(20, 130))
    sheet.add(Cell(f"{facts.settings.name.in_(language)} · {_TITLE.in_(language)}", style="title"))
    now = facts.view.now.astimezone(facts.trace.zone).strftime("%Y-%m-%d %H:%M")
    sheet.add(_ABOUT[0].in_(language, now=now, zone=facts.view.timezone))
    if facts.simulated:
        sheet.add(Cell(_SIMULATED.in_(language), style="total"))
    if live:
        sheet.add(_ABOUT[1].in_(language))
    sheet.add(_ABOUT[2].in_(language, sources=_SOURCES.in_(language)))
    if live:
        plan = live[0]
        at = next(i for i, row in enumerate(plan.rows, 1) if len(row) > 8 and row[8].style == "total")
        total = plan.rows[at - 1][6]
        unit = money_unit(facts.view.policy.currency, 0.0)[0].in_(language)
        money = f'#,##0" {unit}"'
        sheet.add(
            Cell(_NPV.in_(language), style="total"), Cell(total.value, address(7, at, sheet=plan.name), money, "total")
        )
    sheet.add()
    section_rows(sheet, section, language)
    return sheet


# --- sources -----------------------------------------------------------------------------------------------------
def _sources(facts: Facts, language: Language, sheets: list[Sheet]) -> Sheet:
    """Every figure of every sheet with its record, version, field, source and status."""
    out = Sheet(_SOURCES.in_(language), widths=(18, 9, 16, 18, 34, 16, 8, 40, 12, 90), frozen=2)
    out.add(Cell(_SOURCES.in_(language), style="title"))
    out.add(*(Cell(h.in_(language), style="head") for h in _SOURCE_HEAD))
    for sheet in sheets:
        for i, row in enumerate(sheet.rows, 1):
            for j, cell in enumerate(row, 1):
                for ref, shown in cell.refs:
                    out.add(sheet.name, address(j, i, fixed=False), shown, *_source(facts, language, ref))
    return out


def _source(facts: Facts, language: Language, ref: str) -> list[str | float | int | None]:
    root, _, path = ref.rpartition("#")
    value = facts.trace.value(root, path)
    plain = value if isinstance(value, int | float | str) else str(value)
    record = facts.trace.record(root)
    stated = _stated(facts, root, path)
    noun, version = record.get("noun", ""), record.get("version")
    status = word(STATUSES, str(stated.get("status", ""))) if stated.get("status") else Pair("", "")
    if root.startswith("derived:"):
        source = f"{record['formula']} ← {', '.join(record['of'])}"
    else:
        source = text_of(both(str(stated.get("source", "") or _evidence(record))), language)
    return [plain, root, str(noun), version, path, status.in_(language), source]


def _stated(facts: Facts, root: str, path: str) -> dict[str, Any]:
    """The nearest part of a record around a field that states its source and status."""
    steps = path
    while steps:
        steps = steps.rpartition(".")[0] if "." in steps else ""
        if not steps:
            break
        found = facts.trace.value(root, steps)
        if isinstance(found, dict) and "source" in found:
            return found
    return {}


def _evidence(record: dict[str, Any]) -> str:
    """What a record rests on, where it says so."""
    found = record.get("evidence")
    if not isinstance(found, dict):
        return ""
    hashed = f"SHA-256 {found['sha256'][:16]}…, " if found["sha256"] else ""
    return f"{hashed}{found['start']} – {found['end']}"
