"""Reading a project list: titles, totals, merged cells, currencies, units and dates, each fault with its place."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from cityloop.errors import InputError
from cityloop.formats.project_list import ProjectList, read_project_list

HEADER = ("序号", "项目名称", "建设内容", "建设地点", "总投资（万元）", "资金来源", "建设起止年限", "预期效益")
Book = Callable[..., Path]


@pytest.fixture
def book(tmp_path: Path) -> Book:
    """A workbook of rows, with merged areas."""

    def make(rows: Sequence[Sequence[Any]], *merged: str, name: str = "list.xlsx", title: str = "储备库") -> Path:
        work = openpyxl.Workbook()
        sheet = work.active
        sheet.title = title
        for row in rows:
            sheet.append(list(row))
        for area in merged:
            sheet.merge_cells(area)
        work.save(tmp_path / name)
        return tmp_path / name

    return make


def said(found: ProjectList) -> list[str]:
    """Every remark in English with its row, faults marked."""
    remarks = [*found.remarks, *(r for p in found.projects for r in p.remarks)]
    return [f"{'! ' if r.level == 'fault' else ''}{r.row} {r.text.en}" for r in remarks]


def test_read_when_titles_stand_above_and_totals_between_then_only_projects_are_rows(book):
    path = book(
        [
            ["示例区 2026 年项目储备库"], ["编制单位：发改局", None, None, "单位：万元"],
            HEADER,
            ["合计", None, None, None, 350],
            ["一", "供水类", None, None, 300],
            [1, "甲工程", "检漏", "东区", 100],
            [2, "乙工程", "换管", "西区", 200],
            [None] * 8,
            ["二", "其他"],
            [3, "丙工程", "绿化", "西区", 50],
            HEADER,
            ["填表人：王某"],
        ]
    )  # fmt: skip
    found = read_project_list(path)
    assert [(p.row, p.name, p.investment.value) for p in found.projects] == [
        (6, "甲工程", 1e6), (7, "乙工程", 2e6), (10, "丙工程", 5e5),
    ]  # fmt: skip
    assert not any("rows add up" in text for text in said(found))
    assert any("4 合计; 5 一 供水类; 9 二 其他" in text for text in said(found))
    assert any(text.startswith("11 The header again") for text in said(found))
    assert any(text.startswith("12 Only one cell") for text in said(found))


@pytest.mark.parametrize(("subtotal", "total", "expected"), [
    (300, 350, ()),
    (320, 350, ("5 The total says 3,200,000 CNY, its 2 rows add up to 3,000,000 CNY",)),
    (300, 150, ("7 The total says 1,500,000 CNY, its rows add up to 3,500,000 CNY; the difference is row 4 (“乙”)",)),
])  # fmt: skip
def test_read_when_a_total_differs_from_its_rows_then_both_are_stated(book, subtotal, total, expected):
    rows = [["城市储备库"], HEADER, [1, "甲", "", "", 100], [2, "乙", "", "", 200], ["小 计", "", "", "", subtotal]]
    rows += [[3, "丙", "", "", 50], ["总计", "", "", "", total]]
    found = read_project_list(book(rows))
    stated = [text for text in said(found) if "The total says" in text]
    assert len(stated) == len(expected) and all(a.startswith(b) for a, b in zip(stated, expected, strict=True))


def test_read_when_cells_are_merged_then_a_text_holds_for_each_row_and_money_is_never_divided(book):
    rows = [
        HEADER,
        [1, "甲", "内容", "东区", 100, "财政"],
        [2, "乙", "内容", None, 300, None],
        [3, "丙", "内容", None, None, None],
    ]
    found = read_project_list(book(rows, "D2:D4", "E3:E4"))
    assert [p.texts["place"] for p in found.projects] == ["东区"] * 3
    assert [p.investment.value if p.investment else None for p in found.projects] == [1e6, None, None]
    assert [p.faulty for p in found.projects] == [False, True, True]
    faults = [r for p in found.projects for r in p.remarks]
    assert [(r.row, r.column) for r in faults] == [(3, "E 总投资（万元）"), (4, "E 总投资（万元）")]
    assert "E3:E4" in faults[0].text.zh and "无法拆分" in faults[0].text.zh
    assert any("merged over rows 2-4" in text for text in said(found))


def test_read_when_a_name_is_merged_over_rows_then_they_are_one_project(book):
    rows = [HEADER, [1, "甲", "检漏", "东区", 100], [None, None, "换管", "西区", 50], [2, "乙", "绿化", "", 10]]
    found = read_project_list(book(rows, "A2:A3", "B2:B3"))
    assert [(p.name, p.investment.value) for p in found.projects] == [("甲", 1.5e6), ("乙", 1e5)]
    assert (found.projects[0].texts["content"], found.projects[0].texts["place"]) == ("检漏；换管", "东区；西区")


def test_read_when_the_header_has_two_rows_then_the_whole_is_the_investment_and_the_rest_its_sources(book):
    rows = [
        ["项目名称", "总投资(万元)", None, None, "建设单位"], [None, "合计", "财政资金", "社会资本", None],
        ["甲", 300, 200, 100, "住建局"], ["乙", 50, 50, 0, "住建局"],
    ]  # fmt: skip
    found = read_project_list(book(rows, "A1:A2", "B1:D1", "E1:E2"))
    first, second = found.projects
    assert (first.investment.value, first.texts["funding"]) == (3e6, "财政资金 200；社会资本 100")
    assert (second.row, second.texts["funding"], second.texts["unit"]) == (4, "财政资金 50", "住建局")


def test_read_when_currencies_and_units_are_mixed_then_each_amount_keeps_its_own(book):
    cells = ["300万美元", "0.35亿元", 120, "1,200.5", "100~150", "若干", -5, "200万港元"]
    found = read_project_list(book([HEADER, *([i, f"项目{i}", "", "", c] for i, c in enumerate(cells))]))
    amounts = [(p.investment.value, p.investment.currency) if p.investment else None for p in found.projects]
    assert amounts == [
        (3e6, "USD"), (3.5e7, "CNY"), (1.2e6, "CNY"), (1.2005e7, "CNY"), (1.25e6, "CNY"), None, None, (2e6, "HKD"),
    ]  # fmt: skip
    assert (found.projects[4].investment.low, found.projects[4].investment.high) == (1e6, 1.5e6)
    assert [text for text in said(found) if text.startswith("!")] == [
        "! 7 Total investment: “若干” is not one amount.", "! 8 Total investment: -5 is negative.",
    ]  # fmt: skip


def test_read_when_no_unit_is_stated_then_refused_until_the_user_states_it(book):
    path = book([["项目名称", "总投资", "建设地点"], ["甲", 100, "东区"]])
    (project,) = read_project_list(path).projects
    assert project.faulty and "has no unit" in project.remarks[0].text.en and project.remarks[0].column == "B 总投资"
    (project,) = read_project_list(path, unit="万元").projects
    assert (project.investment.value, project.investment.currency) == (1e6, "CNY")
    with pytest.raises(InputError, match="Not a unit of money"):
        read_project_list(path, unit="spoons")


def test_read_when_a_currency_column_stands_beside_then_it_says_the_currency(book):
    header = ["Project", "Investment (million)", "Currency", "Location"]
    found = read_project_list(
        book([header, ["A", 1.5, "USD", "East"], ["B", 2, "EUR", "West"], ["C", 2, None, "West"]])
    )
    assert [(p.investment.value, p.investment.currency) for p in found.projects[:2]] == [(1.5e6, "USD"), (2e6, "EUR")]
    assert "has no currency" in found.projects[2].remarks[0].text.en


@pytest.mark.parametrize(("period", "expected"), [
    ("2026-2028", ("2026", "2028")), ("2026年3月—2027年12月", ("2026-03", "2027-12")), ("2026.03-2026.12", ("2026-03", "2026-12")),
    (date(2026, 5, 1), ("2026-05", "2026-05")), (2026, ("2026", "2026")), ("十五五", ("", "")),
])  # fmt: skip
def test_read_when_dates_have_several_forms_then_years_and_months_are_read(book, period, expected):
    (project,) = read_project_list(book([HEADER, [1, "甲", "", "", 1, "", period]])).projects
    assert (project.start, project.end) == expected and not project.faulty


def test_read_when_works_end_before_they_start_then_a_fault(book):
    (project,) = read_project_list(book([HEADER, [1, "甲", "", "", 1, "", "2028-2026"]])).projects
    assert project.faulty and project.remarks[0].column == "G 建设起止年限"


def test_read_when_a_name_stands_twice_then_the_second_is_a_fault_unless_codes_tell_them_apart(book):
    found = read_project_list(book([HEADER, [1, "甲 工程", "", "", 1], [2, "甲工程", "", "", 2]]))
    assert [p.faulty for p in found.projects] == [False, True]
    assert "row 2" in found.projects[1].remarks[-1].text.en
    rows = [["项目代码", "项目名称", "总投资（万元）"], ["A-1", "甲", 1], ["A-2", "甲", 2]]
    assert not any(p.faulty for p in read_project_list(book(rows, name="b.xlsx")).projects)


def test_read_when_a_row_has_no_name_then_the_cell_is_named(book):
    found = read_project_list(book([HEADER, [1, None, "换管", "东区", 100]]))
    (fault,) = [r for r in found.remarks if r.level == "fault"]
    assert (fault.sheet, fault.row, fault.column, found.projects) == ("储备库", 2, "B 项目名称", [])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_read_when_the_list_is_csv_then_every_usual_encoding_is_read(tmp_path, encoding):
    path = tmp_path / "储备库.csv"
    path.write_text('项目名称,总投资（万元）,建设地点\n“东湖”管网,"1,200",东湖片区\n', encoding=encoding)
    (project,) = read_project_list(path).projects
    assert (project.name, project.investment.value, project.row) == ("“东湖”管网", 1.2e7, 2)


def test_read_when_several_sheets_list_projects_then_all_are_read_and_the_others_stated(tmp_path):
    work = openpyxl.Workbook()
    for title, rows in (("说明", [["填报说明"]]), ("水务", [HEADER, [1, "甲"]]), ("城管", [HEADER, [1, "乙"]])):
        sheet = work.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    work.create_sheet("旧").append(list(HEADER))
    work["旧"].sheet_state = "hidden"
    work.remove(work["Sheet"])
    work.save(tmp_path / "a.xlsx")
    found = read_project_list(tmp_path / "a.xlsx")
    assert [(p.sheet, p.name) for p in found.projects] == [("水务", "甲"), ("城管", "乙")]
    assert {r.sheet: r.text.zh[:4] for r in found.remarks} == {"说明": "该工作表", "旧": "隐藏工作"}
    assert [p.name for p in read_project_list(tmp_path / "a.xlsx", sheet="城管").projects] == ["乙"]


def test_read_when_the_file_is_no_list_then_refused_with_what_is_needed(tmp_path, book, monkeypatch):
    with pytest.raises(InputError, match="No sheet lists projects"):
        read_project_list(book([["时间", "流量"], ["2026", 3]]))
    (tmp_path / "broken.xlsx").write_bytes(b"PK no workbook")
    with pytest.raises(InputError, match="Not a workbook"):
        read_project_list(tmp_path / "broken.xlsx")
    with pytest.raises(InputError, match="cannot be read"):
        read_project_list(tmp_path / "absent.xlsx")
    (tmp_path / "a.pdf").write_bytes(b"%PDF")
    with pytest.raises(InputError, match="Save it as XLSX or CSV"):
        read_project_list(tmp_path / "a.pdf")


def test_read_when_the_file_is_too_large_then_refused_before_it_is_read(tmp_path, book, monkeypatch):
    path = book([HEADER, *([i, f"项目{i}"] for i in range(30))])
    monkeypatch.setattr("cityloop.formats.project_list.MOST_PROJECTS", 20)
    with pytest.raises(InputError, match="More projects"):
        read_project_list(path)
    far = book([HEADER], name="far.xlsx")
    work = openpyxl.load_workbook(far)
    work.active["XFD200"] = "x"
    work.save(far)
    with pytest.raises(InputError, match="A sheet larger"):
        read_project_list(far)
    monkeypatch.setattr("cityloop.formats.project_sheets.MOST_BYTES", 10)
    with pytest.raises(InputError, match="larger than is read"):
        read_project_list(path)


def test_read_when_benefits_have_figures_then_only_yearly_ones_with_a_unit_are_quantities(book):
    texts = [
        "年节水约10万立方米，年节电3万千瓦时",
        "日节水 500 m³",
        "节水 10 万立方米",
        "漏损率降低 3 个百分点",
        "年收益 120 万元",
        "年节水 8~12 万m³",
    ]
    found = read_project_list(book([HEADER, *([i, f"项目{i}", "", "", 1, "", "", t] for i, t in enumerate(texts))]))
    stated = [[(y.what, y.value, y.unit) for y in p.yearly] for p in found.projects]
    assert stated == [
        [("water", 1e5, "m3"), ("energy", 3e4, "kWh")], [("water", 182500.0, "m3")], [], [], [("money", 1.2e6, "CNY")],
        [("water", 1e5, "m3")],
    ]  # fmt: skip
    assert (found.projects[5].yearly[0].low, found.projects[5].yearly[0].high) == (8e4, 1.2e5)
