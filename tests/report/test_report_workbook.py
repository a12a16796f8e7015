"""The workbook: calculated by a spreadsheet of its own and compared with economics; safe, traceable, the same every time."""

import importlib.util
import io
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from openpyxl import load_workbook

from cityloop.domains.water import domain
from cityloop.economics import ENDS_ANYWAY, npv
from cityloop.records import CostRow, Countermeasure, Estimate, Money, Plan, Problem, Project, Thing
from cityloop.report import resolve
from cityloop.report.facts import read_facts
from cityloop.report.sheets import Cell, Sheet, workbook_bytes
from cityloop.report.workbook import workbook

_SPEC = importlib.util.spec_from_file_location("spreadsheet", Path(__file__).with_name("spreadsheet.py"))
assert _SPEC is not None and _SPEC.loader is not None
_MODULE = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_MODULE)
Spreadsheet = _MODULE.Spreadsheet
PLAN, INPUTS, FLOW = "Measures and plan", "Inputs", "Cash flow"


def row(name, kind, amount, price, **changed):
    given = {
        "first_year": 0, "life": 1, "recurrence": 0, "escalation": 0.0, "source": "somebody", "status": "assumed",
    } | changed  # fmt: skip
    quantity = Estimate(value=amount, low=0.5 * amount, high=2 * amount, level=0.9, unit="1")
    return CostRow(
        name=name,
        kind=kind,
        quantity=quantity,
        unit_value=Money(amount=price, currency="USD", price_year=2026),
        **given,
    )


#: Rows that use every rule: later years, recurrence, escalation, what is left, what fades with a later start.
ROWS = (
    row("survey", "cost", 3.0, 219.0),
    row("upkeep", "cost", 2.0, 150.0, first_year=1, life=9, recurrence=2, escalation=0.02),
    row("mains", "cost", 100.0, 300.0, life=7, residual=0.4, recurrence=3),
    row("saved water", "benefit", 90_000.0, 0.3, first_year=0, life=6, recurrence=1, tags=(ENDS_ANYWAY,)),
)


@pytest.fixture(scope="module")
def city(view):
    """The city with a measure whose rows use every rule, chosen by the plan for its second year."""
    things = list(view.things)
    at = next(i for i, r in enumerate(things) if isinstance(r, Plan))
    plan = things[at]
    chosen = plan.lines[0].countermeasure
    measure_at = next(i for i, r in enumerate(things) if r.id == chosen)
    water = view.policy.prices["water_per_m3"]
    rows = tuple(
        msgspec.structs.replace(r, unit_value=Money(amount=water[0], currency="USD", price_year=2026), source=water[1])
        if r.name == "saved water" else r for r in ROWS
    )  # fmt: skip
    things[measure_at] = msgspec.structs.replace(things[measure_at], costs=rows)
    worth = npv(rows, view.policy.discount_rate, start=1)
    stated = Estimate(value=worth, low=worth - 1, high=worth + 1, level=0.9, unit="USD (2026)")
    line = msgspec.structs.replace(plan.lines[0], year=plan.years[0] + 1, net_present_value=stated)
    things[at] = msgspec.structs.replace(plan, lines=(line,))
    return replace(view, things=tuple(things))


@pytest.fixture(scope="module")
def facts(city, settings):
    return read_facts(city, settings, [domain])


@pytest.fixture(scope="module")
def written(facts, tmp_path_factory):
    path = tmp_path_factory.mktemp("book") / "report.xlsx"
    path.write_bytes(workbook(facts, "en"))
    return path


def find(book, sheet, text, column="A"):
    """Row whose cell in a column begins with a text."""
    return next(int(c[1:]) for (s, c), v in book.cells.items() if s == sheet and c[: len(column)] == column and c[1:].isdigit()
                and str(v).startswith(text))  # fmt: skip


def test_every_formula_when_calculated_elsewhere_then_it_is_the_value_written_beside_it(written):
    book, shown = Spreadsheet(written), load_workbook(written, data_only=True)
    assert len(book.formulas) > 100
    for sheet, cell in book.formulas:
        assert book.value(sheet, cell) == pytest.approx(shown[sheet][cell].value, rel=1e-9, abs=1e-6), (sheet, cell)


def test_net_present_value_when_calculated_from_the_sheets_then_it_is_the_products(written, city):
    book = Spreadsheet(written)
    known = {c.title_en: c for c in city.things if isinstance(c, Countermeasure)}
    rate, compared = city.policy.discount_rate, 0
    for (sheet, cell), title in list(book.cells.items()):
        if sheet == PLAN and cell.startswith("A") and title in known:
            at = cell[1:]
            start = int(book.value(PLAN, f"D{at}")) - 2026
            assert book.value(PLAN, f"G{at}") == pytest.approx(npv(known[title].costs, rate, start=start), abs=1e-6)
            compared += 1
    assert compared == 3


def test_net_present_value_when_price_rate_or_start_change_then_it_follows(written, city):
    title = next(
        c.title_en for p in city.things if isinstance(p, Plan) for c in city.things
        if c.id == p.lines[0].countermeasure
    )  # fmt: skip
    chosen = next(c for c in city.things if isinstance(c, Countermeasure) and c.title_en == title)
    book = Spreadsheet(written)
    at, water = find(book, PLAN, title), find(book, INPUTS, "Price: Value of a cubic metre")
    dearer = tuple(
        msgspec.structs.replace(r, unit_value=Money(amount=0.9, currency="USD", price_year=2026))
        if r.name == "saved water" else r for r in chosen.costs
    )  # fmt: skip
    book.put(INPUTS, f"B{water}", 0.9)
    assert book.value(PLAN, f"G{at}") == pytest.approx(npv(dearer, city.policy.discount_rate, start=1), abs=1e-6)
    book.put(INPUTS, f"B{find(book, INPUTS, 'Discount rate')}", 0.11)
    book.put(PLAN, f"D{at}", 2029)
    assert book.value(PLAN, f"G{at}") == pytest.approx(npv(dearer, 0.11, start=3), abs=1e-6)
    total = find(book, PLAN, "Chosen together")
    assert book.value(PLAN, f"G{total}") == pytest.approx(npv(dearer, 0.11, start=3), abs=1e-6)
    book.put(PLAN, f"C{at}", 0)
    assert book.value(PLAN, f"G{total}") == 0.0 and book.value("Summary", summary_cell(book)) == 0.0


def summary_cell(book):
    return next(c for s, c in book.formulas if s == "Summary")


def test_spending_when_the_start_is_moved_then_the_budget_of_that_year_pays(written, city):
    book = Spreadsheet(written)
    top = find(book, PLAN, "Budget and spending") + 2
    at = next(int(c[1:]) for (s, c), v in book.cells.items() if s == PLAN and c.startswith("C") and v == 1)
    before = [book.value(PLAN, f"C{top + y}") for y in range(3)]
    # 3 x 219 and 100 x 300 in its first year, 2 x 150 one year later
    assert before == [0.0, pytest.approx(30_657.0), pytest.approx(300.0)]
    book.put(PLAN, f"D{at}", 2026)
    assert [book.value(PLAN, f"C{top + y}") for y in range(2)] == [pytest.approx(30_657.0), pytest.approx(300.0)]


def test_sources_when_listed_then_each_leads_to_the_value_in_loop_json(written, facts):
    page = load_workbook(written)["Sources"]
    rows = list(page.iter_rows(min_row=3, values_only=True))
    assert len(rows) > 200
    for sheet, cell, _, value, record, _, version, field, *_ in rows:
        found = resolve(facts.trace.loop_json, f"{record}#{field}")
        expected = pytest.approx(found, rel=1e-12) if isinstance(found, int | float) else str(found)
        assert value == expected, (sheet, cell)
        assert version is None or version >= 1
    statuses = {r[8] for r in rows}
    assert {"assumed", "confirmed"} <= statuses
    assert any("NHDES 2012" in str(r[9]) for r in rows) or any("somebody" in str(r[9]) for r in rows)


def test_texts_when_they_look_like_formulas_then_they_stay_text(city, settings, tmp_path):
    evil = '=HYPERLINK("http://x","y")'
    things = []
    for record in city.things:
        if isinstance(record, Thing) and record.kind in ("junction", "pipe"):
            things.append(
                msgspec.structs.replace(record, name=evil, properties={**record.properties, "street": "+1+1\x07"})
            )
        elif isinstance(record, Problem):
            area = tuple(msgspec.structs.replace(r, name="@SUM(A1)") for r in record.area)
            things.append(msgspec.structs.replace(record, notes=(f"{evil} | -{evil}",), area=area))
        elif isinstance(record, Project):
            things.append(msgspec.structs.replace(record, name="-2+3"))
        elif isinstance(record, Countermeasure):
            things.append(msgspec.structs.replace(record, title_en=evil, title_zh=evil))
        else:
            things.append(record)
    path = tmp_path / "evil.xlsx"
    path.write_bytes(workbook(read_facts(replace(city, things=tuple(things)), settings, [domain]), "en"))
    seen = 0
    for page in load_workbook(path):
        for cells in page.iter_rows():
            for cell in cells:
                if isinstance(cell.value, str) and cell.value.startswith(("=HYPERLINK", "@SUM", "+1+1", "-2+3")):
                    assert cell.data_type == "s" and cell.quotePrefix, (page.title, cell.coordinate)
                    seen += 1
    assert seen > 30


def test_workbook_when_written_twice_then_the_same_bytes_and_calculated_on_opening(facts):
    first = workbook(facts, "zh")
    assert workbook(facts, "zh") == first
    book = load_workbook(io.BytesIO(first))
    assert book.calculation.fullCalcOnLoad
    assert [p.title for p in book][:6] == ["摘要", "检漏清单", "对策与方案", "费用明细", "现金流", "输入参数"]
    assert book.worksheets[-1].title == "数据溯源" and "尚不清楚的事项" in book.sheetnames
    assert all(p.page_setup.paperSize == 9 for p in book)


def test_workbook_when_the_city_is_empty_then_it_opens_and_says_so(view, settings, tmp_path):
    empty = replace(view, things=(), streams={})
    book = load_workbook(io.BytesIO(workbook(read_facts(empty, settings, [domain]), "en")))
    assert PLAN not in book.sheetnames and FLOW not in book.sheetnames
    assert any("There are no observations yet" in str(c.value) for r in book["Summary"].iter_rows() for c in r)


def test_sheet_when_formulas_are_written_then_results_stand_beside_them():
    sheet = Sheet("a'b")
    sheet.add(2.0, Cell(4.0, "A1*2"))
    content = workbook_bytes([sheet], title="t", now=datetime(2026, 1, 2))
    assert load_workbook(io.BytesIO(content), data_only=True)["a'b"]["B1"].value == 4.0
    assert load_workbook(io.BytesIO(content))["a'b"]["B1"].value == "=A1*2"
