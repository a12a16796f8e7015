"""`cityloop map`: a proposal is shown and written, an edited one is checked, shown and appended; nothing is applied unseen."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cityloop.settings import load_city

CITY = """\
[city]
id = "town"
name = { en = "Town", zh = "小城" }
country = "CN"
timezone = "Asia/Shanghai"
crs = "EPSG:4549"

[[boundary]]
id = "dma-3"
name = { en = "East", zh = "三区" }
inflow = ["meter:JS-1"]

[[source]]
kind = "file"
name = "old"
path = "old.csv"
time = { column = "time", format = "%Y-%m-%d %H:%M", zone = "Asia/Shanghai" }
series = [{ column = "a", thing = "meter:JS-1", property = "water_flow", unit = "m3/h", step_s = 3600 }]

[policy]
currency = "CNY"
price_year = 2026
years = 5
budget_per_year = 400000
due_days = 365
binding_norm = "cn"
discount_rate = { value = 0.03, source = "example", status = "assumed" }
targets = { night_flow = 0.8 }

[policy.prices]
water_per_m3 = { value = 1.2, source = "example", status = "assumed" }
"""

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """A city folder with one file to map: two tags that are told, one that is left out, one that is unknown."""
    folder = tmp_path / "town"
    folder.mkdir()
    (folder / "city.toml").write_text(CITY, encoding="utf-8")
    (folder / "old.csv").write_text("time,a\n2026-03-02 00:00,1\n")
    rows = [
        f"2026/3/{d} {h:02d}:00,{30 + h},{1000 + 24 * d + h},{0.3 + h / 1000:.3f},{h % 5}"
        for d in range(2, 6)
        for h in range(24)
    ]
    text = "时间,三区瞬时流量(m³/h),JS-01累计(m³),3#泵电流(A),XJ_9\n" + "\n".join(rows) + "\n"
    (folder / "日报.csv").write_bytes(text.encode("gb18030"))
    return folder


@pytest.fixture
def run(cli: Any) -> Run:
    """Runs the command line; the exit code and everything it said."""

    def call(*words: object) -> tuple[int, str]:
        answer = cli(*words)
        return answer.code, answer.out + answer.err

    return call


def edit(table: Path, accept: Callable[[dict[str, str]], str], **change: str) -> None:
    """Fill the column accept, and other cells of accepted series, as a spreadsheet program would save it (GB18030)."""
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["accept"] = accept(row)
        if row["accept"] and row["part"] == "series":
            row |= change
    with table.open("w", encoding="gb18030", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def sure(row: dict[str, str]) -> str:
    """Accept every setting with a value and every series that is told throughout."""
    if row["part"] == "setting":
        return "yes" if row["value"] else ""
    return "是" if row["part"] == "series" and row["thing"] and row["statistic"] else ""


def test_map_when_a_file_is_proposed_then_shows_every_column_and_writes_nothing(town: Path, run: Run) -> None:
    before = sorted(p.name for p in town.iterdir())
    code, said = run("map", town / "日报.csv", "--city", town, "--lang", "en")
    assert code == 0 and "boundary:dma-3" in said and "meter:JS-1" in said
    assert "left out: electric current" in said and "XJ_9" in said and "Nothing was written" in said
    assert sorted(p.name for p in town.iterdir()) == before


def test_map_when_asked_in_chinese_then_every_sentence_is_chinese(town: Path, run: Run) -> None:
    _, said = run("map", town / "日报.csv", "--city", town, "--lang", "zh")
    assert "不采用：电流" in said and "尚未写入任何内容" in said and "Nothing" not in said


def test_map_when_asked_for_json_then_one_document_holds_candidates_and_reasons(town: Path, run: Run) -> None:
    code, said = run("map", town / "日报.csv", "--city", town, "--json")
    document = json.loads(said)
    flow, counter, current, unknown = document["columns"]
    assert code == 0 and document["section"] == "source" and document["settings"]["encoding"]["value"] == "gb18030"
    assert flow["thing"]["value"] == "boundary:dma-3" and counter["statistic"]["value"] == "counter"
    assert (
        current["left_out"]["zh"].startswith("电流")
        and unknown["property"]["value"] == ""
        and unknown["property"]["reason"]["en"]
    )


def test_table_when_it_exists_then_is_not_overwritten(town: Path, run: Run) -> None:
    table = town / "t.csv"
    assert run("map", town / "日报.csv", "--city", town, "--out", table)[0] == 0
    first = table.read_bytes()
    code, said = run("map", town / "日报.csv", "--city", town, "--out", table, "--lang", "en")
    assert code == 2 and "exists already" in said and table.read_bytes() == first


def test_accept_when_nothing_is_filled_in_then_names_what_is_open_and_changes_nothing(town: Path, run: Run) -> None:
    table = town / "t.csv"
    run("map", town / "日报.csv", "--city", town, "--out", table, "--lang", "en")
    code, said = run("map", town / "日报.csv", "--city", town, "--table", table, "--write", "--lang", "en")
    assert code == 2 and "neither accepted nor refused" in said and (town / "city.toml").read_text() == CITY


def test_accept_when_rows_are_accepted_then_only_they_are_shown_and_city_toml_stays(town: Path, run: Run) -> None:
    table = town / "t.csv"
    run("map", town / "日报.csv", "--city", town, "--out", table, "--lang", "en")
    edit(table, lambda row: sure(row) if "累计" in row["column"] or row["part"] == "setting" else "")
    code, said = run("map", town / "日报.csv", "--city", town, "--table", table, "--lang", "en")
    assert (
        code == 0
        and 'column = "JS-01累计(m³)", thing = "meter:JS-1"' in said
        and "96 readings taken, 0 rows refused" not in said
    )
    assert "三区瞬时流量" not in said and "city.toml is unchanged" in said and (town / "city.toml").read_text() == CITY


def test_write_when_the_table_is_accepted_then_city_toml_reads_the_file_and_the_old_one_is_kept(
    town: Path, run: Run
) -> None:
    table = town / "t.csv"
    run("map", town / "日报.csv", "--city", town, "--out", table, "--lang", "en")
    edit(table, sure)
    code, said = run("map", town / "日报.csv", "--city", town, "--table", table, "--write", "--lang", "zh")
    assert code == 0 and "已追加" in said
    source = load_city(town).files[-1]
    assert source.name == "日报" and source.path == "日报.csv" and source.encoding == "gb18030"
    assert [(s.label, s.thing_kind, s.thing_name, s.unit, s.statistic, s.step_s) for s in source.series] == [
        ("三区瞬时流量(m³/h)", "boundary", "dma-3", "m3/h", "instant", 3600), ("JS-01累计(m³)", "meter", "JS-1", "m3", "counter", 3600),
    ]  # fmt: skip
    backups = list(town.glob("city.toml.*.bak"))
    assert len(backups) == 1 and backups[0].read_text() == CITY
    again, why = run("map", town / "日报.csv", "--city", town, "--table", table, "--write", "--lang", "en")
    assert again == 2 and "reads these columns already" in why and len(list(town.glob("city.toml.*.bak"))) == 1


def test_write_when_a_cell_was_edited_to_nonsense_then_every_fault_is_named_and_nothing_written(
    town: Path, run: Run
) -> None:
    table = town / "t.csv"
    run("map", town / "日报.csv", "--city", town, "--out", table, "--lang", "en")
    edit(table, sure, step_s="often")
    code, said = run("map", town / "日报.csv", "--city", town, "--table", table, "--write", "--lang", "en")
    assert code == 2 and said.count("Not a step_s") == 2 and (town / "city.toml").read_text() == CITY


def test_write_when_load_city_refuses_the_unit_then_nothing_is_written(town: Path, run: Run) -> None:
    table = town / "t.csv"
    run("map", town / "日报.csv", "--city", town, "--out", table, "--lang", "en")
    edit(table, sure, unit="MPa")
    code, said = run("map", town / "日报.csv", "--city", town, "--table", table, "--write", "--lang", "en")
    assert code == 2 and "not a unit of" in said and (town / "city.toml").read_text() == CITY
    assert not list(town.glob("*.bak")) and not list(town.glob(".city.toml-*"))


def test_write_when_the_file_gives_no_reading_as_stated_then_nothing_is_written(town: Path, run: Run) -> None:
    table = town / "t.csv"
    run("map", town / "日报.csv", "--city", town, "--out", table, "--lang", "en")
    edit(table, sure)
    text = table.read_text(encoding="gb18030").replace("%Y/%m/%d", "%d/%m/%Y")
    table.write_text(text, encoding="gb18030")
    code, said = run("map", town / "日报.csv", "--city", town, "--table", table, "--write", "--lang", "en")
    assert code == 2 and "gives no reading" in said and (town / "city.toml").read_text() == CITY


def test_write_when_no_table_is_given_then_is_refused(town: Path, run: Run) -> None:
    code, said = run("map", town / "日报.csv", "--city", town, "--write", "--lang", "zh")
    assert code == 2 and "未经人核对" in said


def test_accept_when_a_verdict_is_no_word_then_its_row_is_named(town: Path, run: Run) -> None:
    table = town / "t.csv"
    run("map", town / "日报.csv", "--city", town, "--out", table, "--lang", "en")
    edit(table, lambda row: "maybe" if row["column"] == "encoding" else sure(row))
    code, said = run("map", town / "日报.csv", "--city", town, "--table", table, "--lang", "en")
    assert code == 2 and "t.csv:3" in said and "'maybe'" in said


def test_workbook_when_it_is_edited_and_accepted_then_is_read_like_the_csv(town: Path, run: Run) -> None:
    from openpyxl import load_workbook

    table = town / "t.xlsx"
    run("map", town / "日报.csv", "--city", town, "--out", table, "--lang", "zh")
    book = load_workbook(table)
    sheet = book.active
    lists = {str(v.formula1) for v in sheet.data_validations.dataValidation}
    assert '"是,否"' in lists and any("water_pressure" in text for text in lists)
    heads = {cell.value: cell.column for cell in sheet[1]}
    for row in range(2, sheet.max_row + 1):
        told = sheet.cell(row, heads["设置值"]).value or sheet.cell(row, heads["对象"]).value
        sheet.cell(row, heads["采纳"]).value = "是" if told else None
        if sheet.cell(row, heads["间隔(秒)"]).value:
            sheet.cell(row, heads["间隔(秒)"]).value = 3600
    book.save(table)
    code, said = run("map", town / "日报.csv", "--city", town, "--table", table, "--lang", "zh")
    assert code == 0 and "采纳 2 个序列" in said and "step_s = 3600" in said


def test_positions_when_accepted_then_a_positions_section_is_appended(town: Path, run: Run) -> None:
    rows = [f"JS-{n},{120.1 + n / 1000:.4f},{31.2 + n / 1000:.4f},WGS84" for n in range(1, 6)]
    (town / "loggers.csv").write_text("表号,经度,纬度,坐标系\n" + "\n".join(rows) + "\n", encoding="utf-8")
    table = town / "p.csv"
    run("map", town / "loggers.csv", "--city", town, "--out", table, "--lang", "en")
    text = table.read_text(encoding="utf-8-sig")
    assert "EPSG:4326" in text
    edit(table, lambda row: "yes" if row["part"] == "setting" and row["value"] else "")
    fields = [line.split(",") for line in table.read_text(encoding="gb18030").splitlines()]
    if not any(f[1] == "thing" and f[2] for f in fields):
        lines = ["setting,thing,meter:{id}" + "," * 10 + ",yes" if f[1] == "thing" else ",".join(f) for f in fields]
        table.write_text("\n".join(lines), encoding="gb18030")
    code, said = run("map", town / "loggers.csv", "--city", town, "--table", table, "--write", "--lang", "en")
    assert code == 0, said
    stated = load_city(town).positions[-1]
    assert (stated.crs, stated.id_column, stated.thing, stated.x, stated.y) == (
        "EPSG:4326",
        "表号",
        "meter:{id}",
        "经度",
        "纬度",
    )


def test_register_when_accepted_then_a_register_section_is_shown_and_read_on_trial(town: Path, run: Run) -> None:
    rows = [f"JS-{n},dma-3,{2000 + n},水表" for n in range(1, 6)]
    (town / "meters.csv").write_text("编号,分区,安装年份,材质\n" + "\n".join(rows) + "\n", encoding="utf-8")
    table = town / "r.csv"
    run("map", town / "meters.csv", "--city", town, "--out", table, "--lang", "en")
    edit(table, lambda row: "yes" if row["value"] else "")
    lines = table.read_text(encoding="gb18030").splitlines()
    lines = [
        "setting,thing,meter:{id}" + "," * 10 + ",yes" if row.startswith("setting,thing,,") else row for row in lines
    ]
    table.write_text("\n".join(lines), encoding="gb18030")
    code, said = run("map", town / "meters.csv", "--city", town, "--table", table, "--lang", "en")
    assert code == 0, said
    assert (
        "[[register]]" in said
        and 'part_of = "分区"' in said
        and 'numbers = { year = "安装年份" }' in said
        and "5 things" in said
    )


def test_formula_like_names_when_written_as_csv_then_are_harmless_and_come_back(town: Path, run: Run) -> None:
    rows = [f"2026-03-02 {h:02d}:00,{30 + h}" for h in range(24)]
    (town / "f.csv").write_text("time,=DMA3_FLOW m3/h\n" + "\n".join(rows) + "\n")
    table = town / "t.csv"
    run("map", town / "f.csv", "--city", town, "--out", table, "--lang", "en")
    assert "'=DMA3_FLOW m3/h" in table.read_text(encoding="utf-8-sig")
    edit(table, lambda row: "yes" if row["value"] or row["part"] == "series" else "", statistic="instant")
    code, said = run("map", town / "f.csv", "--city", town, "--table", table, "--lang", "en")
    assert code == 0 and 'column = "=DMA3_FLOW m3/h"' in said
