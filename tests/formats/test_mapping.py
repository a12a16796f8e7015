"""Mapping of columns: what is proposed is right where it is sure, left open where it is not, and said where it is neither."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.formats.mapping_examples import files
from tests.formats.mapping_lists import held_out, published, unseen
from tests.formats.mapping_scores import Judged, judged, of_city_toml, without_sources

from cityloop.errors import InputError
from cityloop.formats.mapping_positions import Ground
from cityloop.formats.mapping_proposal import FIELDS, SURE, FileProposal
from cityloop.formats.mapping_propose import Place, propose
from cityloop.formats.mapping_tags import known_unit, read_tag, tokens
from cityloop.formats.mapping_things import KnownThing, ThingIndex
from cityloop.formats.mapping_words import UNITS
from cityloop.settings import load_city
from cityloop.settings.source_settings import carried_as
from cityloop.units import conversion

ROOT = Path(__file__).parents[2]
AREAS = Place(
    tuple(KnownThing("boundary", f"dma-{i}", (f"Area {i}", f"{'一二三四'[i - 1]}区")) for i in range(1, 5)),
    "Asia/Shanghai",
)


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., FileProposal]:
    """Writes a text as a file and proposes for it."""

    def make(text: str | bytes, *, name: str = "t.csv", place: Place = AREAS) -> FileProposal:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return propose(path, place)

    return make


def hours(n: int, cells: Callable[[int], str], header: str = "time,DMA3_FLOW m3/h") -> str:
    stamps = np.datetime64("2026-03-02T00:00") + np.arange(n) * np.timedelta64(1, "h")
    return header + "\n" + "".join(f"{str(t).replace('T', ' ')},{cells(i)}\n" for i, t in enumerate(stamps))


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> list[Judged]:
    """Every field of the generated, the published and the difficult names."""
    folder = tmp_path_factory.mktemp("mapping")
    return [r for e in (*files(), *published(), *held_out(), *unseen()) for r in judged(e, folder)]


def wrong(rows: list[Judged]) -> list[str]:
    return [
        f"{r.example} {r.column} {r.field}: {r.got}, wanted {r.wanted}"
        for r in rows
        if r.shown and not r.right and r.confidence >= SURE
    ]


# --- labelled examples ---------------------------------------------------------------------------------------------
def test_sure_proposals_when_the_truth_is_known_then_are_right_and_most_is_found(labelled: list[Judged]) -> None:
    rows = labelled
    sure = [r for r in rows if r.shown and r.confidence >= SURE]
    findable = [r for r in rows if r.findable]
    assert len({(r.example, r.column) for r in rows}) > 500
    assert len(wrong(rows)) <= 0.02 * len(sure), wrong(rows)
    assert sum(r.shown and r.right for r in findable) > 0.75 * len(findable)


def test_confidence_when_proposals_are_counted_then_says_about_how_many_are_right(labelled: list[Judged]) -> None:
    rows = [r for r in labelled if r.shown]
    for low, high in ((0.5, 0.8), (0.8, 1.01)):
        own = [r for r in rows if low <= r.confidence < high]
        assert sum(r.right for r in own) >= sum(r.confidence for r in own) - 0.05 * len(own)


def test_example_cn_when_its_files_are_mapped_then_agrees_with_its_own_city_toml(tmp_path: Path) -> None:
    from cityloop.cli.map import place_of

    city = ROOT / "src" / "cityloop" / "cities" / "example-cn"
    rows = [
        r for e in of_city_toml(city, city, place_of(without_sources(load_city(city))), "") for r in judged(e, tmp_path)
    ]
    assert not wrong(rows)
    things = [r for r in rows if r.field == "thing" and r.wanted.startswith(("pipe", "pump", "junction"))]
    assert len(things) >= 29 and all(r.right for r in things)


def test_bwdf_when_names_and_file_name_are_all_there_is_then_units_stay_open(tmp_path: Path, test_data: Path) -> None:
    areas = Place(tuple(KnownThing("boundary", f"dma-{n}") for n in range(1, 11)), "Europe/Rome")
    rows = [
        r
        for e in of_city_toml(ROOT / "tests" / "cases" / "bwdf", test_data / "bwdf", areas, "DATA/")
        for r in judged(e, tmp_path)
    ]
    assert not wrong(rows)
    inflow = [r for r in rows if r.example == "inflow_hourly"]
    assert all(r.right for r in inflow if r.field in ("thing", "property"))
    assert not any(r.shown for r in inflow if r.field in ("unit", "statistic"))


# --- words and units -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("spelling", sorted(UNITS))
def test_units_when_a_spelling_is_known_then_the_product_takes_its_unit(spelling: str) -> None:
    unit, properties, form = UNITS[spelling]
    for observed in properties:
        if form == "amount" and observed in ("water_flow", "power"):
            carried_as(observed, "counter", unit)
        else:
            assert conversion(unit, observed).factor > 0


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("JS2-1 累计流量(m³)", "m3"), ("1#泵 瞬时流量【立方米／小时】", "m3/h"), ("末梢压力（公斤）", "kgf/cm2"), ("FLOW_M3H", "m3/h"),
        ("windspeed_km_h", "km/h"), ("level_m", "m"), ("供水量(万吨)", "万m3"), ("水箱温度℃", "degC"), ("P12 Pressure psi", "psi"), ("DMA3_PRES_KPA_2", "kPa"), ("产水量(CMD)", "m3/d"),
    ],
)  # fmt: skip
def test_tag_when_a_unit_is_written_in_it_then_it_is_read(text: str, unit: str) -> None:
    found = read_tag(text).unit
    assert found is not None and found[0] == unit


@pytest.mark.parametrize("text", ["VALVE_CMD", "RUN_CMS", "FLOW_CUM", "TANK_M", "PUMP_A", "Zone C", "P-101", "DMA_3"])
def test_tag_when_its_last_letter_is_no_unit_then_none_is_read(text: str) -> None:
    assert read_tag(text).unit is None


def test_tokens_when_a_name_is_spelt_in_several_ways_then_are_the_same() -> None:
    assert tokens("ＪＳ０２—１") == tokens("JS2_1") == tokens("js-002.01") == ("js", "2", "1")
    assert tokens("十二区") == tokens("12区")
    assert known_unit("Ｍ３／Ｈ") == known_unit("m³/h")


# --- things --------------------------------------------------------------------------------------------------------
def thing_of(tag: str, things: list[KnownThing], observed: str = "water_flow") -> tuple[str, float]:
    guess = ThingIndex(things).match(read_tag(tag), observed)
    return guess.shown, guess.confidence


def test_thing_when_its_name_stands_inside_another_then_is_no_match() -> None:
    things = [KnownThing("pipe", "JD1"), KnownThing("pipe", "JD14"), KnownThing("pipe", "JD140")]
    assert thing_of("JD1401 流量", things) == ("", 0.0)
    assert thing_of("JD014 流量", things)[0] == "pipe:JD14"


def test_thing_when_two_fit_equally_then_neither_is_proposed() -> None:
    things = [KnownThing("pipe", "A-1"), KnownThing("pump", "A-1"), KnownThing("pipe", "A1")]
    guess = ThingIndex(things).match(read_tag("A-1 flow"), "water_flow")
    assert not guess.shown and set(guess.candidates) >= {"pipe:A-1", "pipe:A1"}


def test_thing_when_only_its_number_agrees_then_is_not_sure() -> None:
    value, confidence = thing_of("PT-1042.PRES", [KnownThing("junction", "1042")], "water_pressure")
    assert value == "junction:1042" and confidence < SURE


def test_thing_when_the_tag_names_an_inlet_of_the_area_then_the_area_is_not_sure() -> None:
    things = [KnownThing("boundary", "dma-1"), KnownThing("boundary", "dma-1-2")]
    assert thing_of("DMA1 2#进水流量", things)[1] < SURE
    assert thing_of("DMA1-2进水流量", things) == ("boundary:dma-1-2", 0.94)


def test_thing_when_none_has_the_name_then_the_new_one_is_a_candidate_only() -> None:
    guess = ThingIndex([KnownThing("pipe", "P-1")]).match(read_tag("PT-1042.PRES"), "water_pressure")
    assert not guess.shown and any("1042" in c for c in guess.candidates)


def test_thing_when_water_may_leave_the_area_then_it_is_not_proposed() -> None:
    areas = [KnownThing("boundary", "dma-4", ("West", "四区"))]
    assert thing_of("四区瞬时流量", areas)[0] == "boundary:dma-4"
    for tag in ("DMA4 outflow m3/h", "四区转供流量", "四区出水流量"):
        guess = ThingIndex(areas).match(read_tag(tag), "water_flow")
        assert not guess.shown and guess.candidates == ("boundary:dma-4",) and "inflow" in guess.why.en


def test_thing_when_the_area_has_inflow_meters_then_its_own_flow_is_not_sure() -> None:
    guess = ThingIndex([KnownThing("boundary", "dma-4", metered=True)]).match(read_tag("DMA4_FLOW"), "water_flow")
    assert guess.confidence < SURE and "would be added" in guess.why.en
    assert (
        ThingIndex([KnownThing("boundary", "dma-4", metered=True)])
        .match(read_tag("DMA4_PRES"), "water_pressure")
        .confidence
        > SURE
    )


def test_columns_when_two_say_the_same_of_one_thing_then_each_names_the_other(
    table: Callable[..., FileProposal],
) -> None:
    first, second = table(
        hours(60, lambda i: f"{5 + i % 7},{1000 + i}", "time,DMA3_FLOW m3/h,DMA3_FLOW_TOT m3")
    ).columns
    assert "DMA3_FLOW_TOT m3" in first.notes[0].en and "DMA3_FLOW m3/h" in second.notes[0].en


def test_names_when_any_text_stands_in_them_then_nothing_breaks(table: Callable[..., FileProposal]) -> None:
    rng = np.random.default_rng(5)
    signs = list("aZ09 _-./#()（）[]【】%°³:'区泵压力流量累计号十一\u200b\t\"") + ["m3/h", "压力", "DMA"]
    names = ["".join(rng.choice(signs, rng.integers(1, 12))).replace("\t", " ").replace('"', "") for _ in range(400)]
    text = hours(3, lambda i: ",".join(["1.5"] * len(names)), ",".join(["time", *names]))
    found = table(text)
    assert len(found.columns) > 300


# --- registers -----------------------------------------------------------------------------------------------------
def test_register_when_a_table_has_ids_and_years_then_its_properties_are_proposed(
    table: Callable[..., FileProposal],
) -> None:
    pipes = tuple(KnownThing("pipe", f"GX{n:04d}") for n in range(1, 9))
    rows = [f"GX{n:04d},dma-{1 + n % 4},{1990 + n},球墨铸铁,{n % 3},示例路,{100 * n}" for n in range(1, 9)]
    found = table(
        position_text("管线编号,所属分区,敷设年份,管材,近五年爆管次数,所在道路,管长(m)", rows),
        place=Place((*AREAS.things, *pipes), "Asia/Shanghai"),
    )
    shown = {
        k: g.shown
        for k, g in found.settings.items()
        if g.confidence >= SURE and k not in ("encoding", "delimiter", "decimal", "skip_lines")
    }
    assert found.section == "register" and shown == {
        "id_column": "管线编号", "thing": "pipe:{id}", "part_of": "所属分区", "numbers.year": "敷设年份", "texts.material": "管材", "texts.street": "所在道路",
    }  # fmt: skip
    assert found.settings["numbers.breaks"].confidence < SURE and [c.column for c in found.columns] == ["管长(m)"]


def test_register_when_the_years_are_no_years_then_they_are_not_proposed(table: Callable[..., FileProposal]) -> None:
    found = table(position_text("编号,敷设年份,管材", [f"G{n},{n},PE" for n in range(1, 9)]))
    assert not found.settings["numbers.year"].shown and found.settings["texts.material"].shown == "管材"


# --- values --------------------------------------------------------------------------------------------------------
def test_counter_when_the_register_wraps_then_its_size_is_proposed(table: Callable[..., FileProposal]) -> None:
    found = table(hours(60, lambda i: str((9_999_000 + 40 * i) % 10_000_000), "time,DMA3 (m3)")).columns[0]
    assert found.fields["statistic"].shown == "counter" and found.fields["rollover"].shown == "10000000"


def test_counter_when_it_starts_anew_every_day_then_it_is_left_out(table: Callable[..., FileProposal]) -> None:
    found = table(hours(96, lambda i: str(10 * (i % 24)), "time,DMA3 今日累计(m3)")).columns[0]
    assert found.left_out is not None and "今日" in found.left_out.zh


def test_daily_sum_when_it_is_read_every_hour_then_it_is_left_out_and_once_a_day_it_is_a_total(
    table: Callable[..., FileProposal],
) -> None:
    hourly = table(hours(60, lambda i: f"{30 + i % 7}", "time,DMA3 日用水量(m³)")).columns[0]
    assert hourly.left_out is not None and "starts anew" in hourly.left_out.en
    rows = "".join(f"2026-03-{d:02d},{800 + 7 * d % 60}\n" for d in range(1, 31))
    daily = table("日期,DMA3 日用水量(m³)\n" + rows).columns[0]
    assert (daily.fields["property"].shown, daily.fields["statistic"].shown) == ("water_flow", "total")


@pytest.mark.parametrize(
    "name", ["Pump_1_Daily_RH", "压力传感器量程", "Oil pressure bar", "Forecast flow m3/h", "export_wh"]
)
def test_property_when_a_word_beside_it_is_unknown_or_no_quantity_then_is_not_sure(
    name: str, table: Callable[..., FileProposal]
) -> None:
    found = table(hours(60, lambda i: f"{3 + i % 7}", f"time,{name}")).columns[0]
    assert found.left_out is not None or found.fields["property"].confidence < 0.6


def test_step_when_readings_are_written_on_change_then_is_said_to_be_uneven(table: Callable[..., FileProposal]) -> None:
    rng = np.random.default_rng(3)
    stamps = np.datetime64("2026-03-02T00:00:00") + np.cumsum(rng.integers(20, 4000, 80)).astype("timedelta64[s]")
    found = table(
        "time,DMA3 flow m3/h\n" + "".join(f"{str(t).replace('T', ' ')},{i % 7}\n" for i, t in enumerate(stamps))
    )
    step = found.columns[0].fields["step_s"]
    assert step.confidence <= 0.5 and "uneven" in step.why.en


def test_missing_when_texts_or_a_sentinel_stand_among_numbers_then_are_listed(
    table: Callable[..., FileProposal],
) -> None:
    found = table(hours(60, lambda i: "Bad" if i % 9 == 0 else "-9999" if i % 10 == 0 else f"{5 + i % 7}"))
    assert found.settings["missing"].shown == "Bad | -9999"
    assert "-9999" in found.columns[0].notes[0].en and found.columns[0].about.en.startswith("5 to 11")


def test_pressure_when_no_unit_is_written_then_the_magnitude_is_not_sure(table: Callable[..., FileProposal]) -> None:
    unit = table(hours(60, lambda i: f"{0.3 + i % 5 / 100}", "time,DMA3 pressure")).columns[0].fields["unit"]
    assert unit.shown == "MPa" and unit.confidence < SURE and "kPa" in unit.others


def test_unknown_column_when_nothing_tells_it_then_every_cell_stays_empty(table: Callable[..., FileProposal]) -> None:
    found = table(hours(60, lambda i: str(i % 7), "time,XJ_4711")).columns[0]
    assert not found.known and not any(found.fields[f].shown for f in FIELDS if f != "step_s")


# --- time ----------------------------------------------------------------------------------------------------------
def test_day_and_month_when_nothing_decides_then_the_format_stays_open(table: Callable[..., FileProposal]) -> None:
    form = table("Date,Flow (l/s)\n" + "".join(f"0{d}/0{d}/2026,3.{d}\n" for d in range(1, 9))).settings["time.format"]
    assert not form.shown and set(form.candidates) == {"%d/%m/%Y", "%m/%d/%Y"} and "month first" in form.why.en


def test_day_and_month_when_only_one_order_is_even_then_it_is_proposed(table: Callable[..., FileProposal]) -> None:
    rows = "".join(f"{d:02d}/{m:02d}/2026 06:00,3\n" for m in (1, 2) for d in range(1, 9))
    form = table("Date,Flow (l/s)\n" + rows).settings["time.format"]
    assert form.shown == "%d/%m/%Y %H:%M" and form.others == ("%m/%d/%Y %H:%M",)


@pytest.mark.parametrize(
    ("cell", "form"),
    [
        ("2026-03-{d:02d} 06:00", "%Y-%m-%d %H:%M"), ("2026/3/{d} 6:00", "%Y/%m/%d %H:%M"), ("2026年03月{d:02d}日 06时00分", "%Y年%m月%d日 %H时%M分"),
        ("{d:02d}.03.2026 06:00:00", "%d.%m.%Y %H:%M:%S"), ("03/{d:02d}/2026 06:00 AM", "%m/%d/%Y %I:%M %p"), ("202603{d:02d}0600", "%Y%m%d%H%M"),
        ("{d:02d}-Mar-2026 06:00", "%d-%b-%Y %H:%M"), ("2026-03-{d:02d}T06:00:00+08:00", "ISO8601"),
    ],
)  # fmt: skip
def test_time_format_when_written_in_a_usual_way_then_is_told(
    cell: str, form: str, table: Callable[..., FileProposal]
) -> None:
    found = table("时间,DMA3 flow (l/s)\n" + "".join(f"{cell.format(d=d)},{d}\n" for d in range(1, 29)))
    assert found.settings["time.format"].shown == form and found.columns[0].fields["step_s"].shown == "86400"
    assert ("time.offset_in_text" in found.settings) == (form == "ISO8601") != ("time.zone" in found.settings)


def test_time_when_a_sheet_or_parquet_holds_dates_then_midnight_reads_too(tmp_path: Path) -> None:
    import datetime

    import pyarrow as pa
    import pyarrow.parquet as pq
    from openpyxl import Workbook

    book, start = Workbook(), datetime.datetime(2026, 3, 1)
    times = [start + datetime.timedelta(hours=6 * n) for n in range(40)]
    for row in (["时间", "DMA3 flow m3/h"], *([t, 5 + n % 7] for n, t in enumerate(times))):
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    values = [5.0 + n % 7 for n in range(40)]
    pq.write_table(
        pa.table({"时间": pa.array(times, pa.timestamp("ns")), "DMA3 flow m3/h": values}), tmp_path / "t.parquet"
    )
    for name in ("t.xlsx", "t.parquet"):
        found = propose(tmp_path / name, AREAS)
        assert found.settings["time.format"].shown == "ISO8601" and found.settings["time.zone"].shown == "Asia/Shanghai"
        assert found.columns[0].fields["step_s"].shown == "21600"


def test_statistic_when_the_word_says_instantaneous_then_a_rising_flow_is_no_counter(
    table: Callable[..., FileProposal],
) -> None:
    found = table(hours(40, lambda i: f"{30 + i / 10}", "time,三区瞬时流量")).columns[0].fields["statistic"]
    assert found.shown == "instant" and found.confidence < SURE


def test_zone_when_no_city_is_named_then_stays_open(table: Callable[..., FileProposal]) -> None:
    zone = table(hours(30, str), place=Place()).settings["time.zone"]
    assert not zone.shown and "--city" in zone.why.en


def test_serial_dates_when_a_sheet_was_saved_without_date_format_then_it_is_said(
    table: Callable[..., FileProposal],
) -> None:
    found = table("time,flow\n" + "".join(f"{46000 + d / 24:.5f},{d}\n" for d in range(40)))
    assert found.section == "" and any("spreadsheet" in n.en for n in found.notes)


# --- forms of tables -----------------------------------------------------------------------------------------------
def test_several_header_rows_when_units_and_words_stand_apart_then_all_are_used(
    table: Callable[..., FileProposal],
) -> None:
    text = "示例水司日报,,\n位号,FT301,PT301\n说明,三区瞬时流量,三区管网压力\n,m3/h,MPa\n"
    text += "".join(f"2026-03-02 {h:02d}:00,{30 + h},{0.3 + h / 1000}\n" for h in range(24))
    found = table(text.encode("gb18030"))
    assert found.settings["encoding"].shown == "gb18030" and found.settings["skip_lines"].shown == "2"
    flow, pressure = found.columns
    assert (flow.fields["property"].shown, flow.fields["unit"].shown) == ("water_flow", "m3/h")
    assert (pressure.fields["property"].shown, pressure.fields["unit"].shown) == ("water_pressure", "MPa")
    assert flow.fields["thing"].shown == "boundary:dma-3"


def test_long_table_when_every_row_names_its_tag_then_each_tag_is_a_series(table: Callable[..., FileProposal]) -> None:
    rows = (("三区瞬时流量", 40.0, "m3/h"), ("YL-07 压力", 0.3, "MPa"), ("1#泵电流", 60.0, "A"))
    text = "采集时间,测点名称,数值,单位\n" + "".join(
        f"2026-03-{d:02d} 00:00,{t},{v + d / 100},{u}\n" for d in range(1, 29) for t, v, u in rows
    )
    found = table(text)
    assert {k: found.settings[k].shown for k in ("layout", "id_column", "value_column", "unit_column")} == {
        "layout": "long", "id_column": "测点名称", "value_column": "数值", "unit_column": "单位",
    }  # fmt: skip
    assert [c.column for c in found.columns] == [r[0] for r in rows]
    assert found.columns[1].fields["unit"].shown == "MPa" and found.columns[2].left_out is not None


def test_long_table_when_a_second_text_column_divides_the_rows_then_it_is_said(
    table: Callable[..., FileProposal],
) -> None:
    text = "time,device,parameter,value\n" + "".join(
        f"2026-03-{d:02d} 00:00,{t},{q},{d}\n" for d in range(1, 29) for t in ("A1", "A2") for q in ("flow", "pressure")
    )
    assert any("join them" in n.en for n in table(text).notes)


def test_decimal_comma_when_the_delimiter_is_a_semicolon_then_both_are_told(table: Callable[..., FileProposal]) -> None:
    found = table("Datum;DMA3 flow (l/s)\n" + "".join(f"{d:02d}.03.2026 00:00;3,{d}\n" for d in range(1, 29)))
    assert (found.settings["delimiter"].shown, found.settings["decimal"].shown) == (";", ",")


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_encoding_when_the_text_is_chinese_then_is_told(coding: str, table: Callable[..., FileProposal]) -> None:
    found = table(
        ("时间,三区压力(MPa)\n" + "".join(f"2026-03-{d:02d} 00:00,0.{d}\n" for d in range(1, 29))).encode(coding)
    )
    assert found.settings["encoding"].shown == coding and found.columns[0].column == "三区压力(MPa)"
    assert any("UTF-16" in n.en for n in found.notes) == (coding == "utf-16")


def test_header_only_when_there_is_no_row_then_words_are_used_and_it_is_said(
    table: Callable[..., FileProposal],
) -> None:
    found = table("time,DMA3_FLOW_PV,DMA4 压力(MPa)\n")
    assert [c.column for c in found.columns] == ["DMA3_FLOW_PV", "DMA4 压力(MPa)"] and any(
        "header only" in n.en for n in found.notes
    )
    assert not found.columns[0].fields["step_s"].shown


def test_doubled_names_when_two_columns_share_one_then_neither_is_proposed(table: Callable[..., FileProposal]) -> None:
    found = table(hours(30, lambda i: f"{i},{i}", "time,flow,flow"))
    assert not found.columns and any("stand twice" in n.en for n in found.notes)


def test_large_file_when_it_is_mapped_then_only_a_part_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cityloop.formats.mapping_sample.WHOLE_BYTES", 200_000)
    path = tmp_path / "big.csv"
    path.write_text("tag,time,value\n" + "".join(
        f"T{t}_FLOW,2026-03-{d:02d} {h:02d}:{m:02d}:00,{t}.{m}\n" for t in range(40) for d in range(1, 29) for h in range(24) for m in (0, 15, 30, 45)
    ))  # fmt: skip
    found = propose(path, AREAS)
    assert not found.facts["whole"] and len(found.columns) == 40 and path.stat().st_size > 3_000_000


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("t.csv", b"", "empty"), ("t.csv", b"\n \n", "empty"), ("t.csv", b"%PDF-1.7 ...", "not what its name says"), ("t.xlsx", b"%PDF-1.7", "not what its name says"),
        ("t.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "password"), ("t.xlsx", b"hello", "Not a workbook"), ("t.xlsx", b"PK\x03\x04" + bytes(50), "Not a workbook"),
        ("t.csv", b"PK\x03\x04" + bytes(50), "not what its name says"), ("t.csv", bytes(range(256)) * 9, "binary"), ("t.pdf", b"x", "not read"),
        ("t.csv", b"2026-01-01,3\n2026-01-02,4\n2026-01-03,5\n", "no header"), ("t.csv", b"time,flow\r2026-01-01,3\r", "carriage returns"),
    ],
)  # fmt: skip
def test_wrong_file_when_it_is_no_table_then_it_is_said(
    name: str, data: bytes, said: str, table: Callable[..., FileProposal]
) -> None:
    with pytest.raises(InputError, match=said):
        table(data, name=name)


def test_formula_sheet_when_no_result_is_stored_then_it_is_said(tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    for row in (["time", "DMA3 flow"], *(["=NOW()", "=1+1"] for _ in range(20))):
        book.active.append(row)
    book.save(tmp_path / "f.xlsx")
    with pytest.raises(InputError, match="formulas without stored results"):
        propose(tmp_path / "f.xlsx", AREAS)


@pytest.mark.slow
def test_many_columns_when_there_are_five_thousand_then_all_are_listed(table: Callable[..., FileProposal]) -> None:
    header = "time," + ",".join(f"PT-{i}.PRES" for i in range(5000))
    found = table(hours(4, lambda i: ",".join(["0.3"] * 5000), header))
    assert len(found.columns) == 5000


# --- positions -----------------------------------------------------------------------------------------------------
def position_text(head: str, rows: list[str]) -> str:
    return head + "\n" + "\n".join(rows) + "\n"


def test_positions_when_x_is_north_then_the_east_column_is_x_and_the_network_tells_the_system(
    table: Callable[..., FileProposal],
) -> None:
    points = {("junction", f"JD{n}"): (518_000.0 + 40 * n, 3_452_000.0 + 25 * n) for n in range(1, 9)}
    place = Place(
        tuple(KnownThing("junction", name) for _, name in points), "Asia/Shanghai", Ground("EPSG:4549", points)
    )
    rows = [f"{name},{y + 1},{x - 1}" for (_, name), (x, y) in points.items()]
    found = table(position_text("节点编号,X坐标,Y坐标", rows), place=place)
    shown = {k: found.settings[k].shown for k in ("id_column", "thing", "x", "y", "crs")}
    assert found.section == "positions"
    assert shown == {"id_column": "节点编号", "thing": "junction:{id}", "x": "Y坐标", "y": "X坐标", "crs": "EPSG:4549"}


def test_positions_when_degrees_are_shifted_then_the_network_tells_which_system(
    table: Callable[..., FileProposal],
) -> None:
    import pyproj

    from cityloop.formats.shifted import wgs84_to_gcj02

    points = {("junction", f"JD{n}"): (518_000.0 + 300 * n, 3_452_000.0 + 210 * n) for n in range(1, 9)}
    place = Place(
        tuple(KnownThing("junction", name) for _, name in points), "Asia/Shanghai", Ground("EPSG:4549", points)
    )
    lon, lat = pyproj.Transformer.from_crs(4549, 4326, always_xy=True).transform(*np.array(list(points.values())).T)
    there = wgs84_to_gcj02(lon, lat)
    rows = [f"{name},{a:.6f},{b:.6f}" for (_, name), a, b in zip(points, *there, strict=True)]
    assert table(position_text("点号,经度,纬度", rows), place=place).settings["crs"].shown == "GCJ-02"


def test_positions_when_only_degrees_are_there_then_the_system_stays_open(table: Callable[..., FileProposal]) -> None:
    crs = table(position_text("id,lon,lat", [f"M{n},{120.1 + n / 1000},{31.2 + n / 1000}" for n in range(9)])).settings[
        "crs"
    ]
    assert not crs.shown and set(crs.candidates) == {"GCJ-02", "BD-09", "EPSG:4490", "EPSG:4326"}


def test_positions_when_the_easting_has_a_zone_number_then_systems_of_that_zone_are_candidates(
    table: Callable[..., FileProposal],
) -> None:
    rows = [f"M{n},{3_452_000 + n},{40_518_000 + n}" for n in range(9)]
    found = table(position_text("编号,X,Y", rows))
    assert (found.settings["x"].shown, found.settings["y"].shown) == ("Y", "X")
    assert not found.settings["crs"].shown and found.settings["crs"].candidates[0] == "EPSG:4528"


@pytest.mark.slow
@pytest.mark.skipif("CITYLOOP_MEASURE" not in os.environ, reason="a measurement, not a check: set CITYLOOP_MEASURE")
def test_time_when_500_columns_of_100_000_rows_are_mapped_then_it_is_printed(tmp_path: Path) -> None:
    import time

    rng = np.random.default_rng(1)
    lines = [",".join(map(str, row)) for row in rng.normal(50, 5, (1000, 500)).round(2).tolist()]
    path = tmp_path / "big.csv"
    start = np.datetime64("2020-01-01T00:00")
    with path.open("w") as file:
        file.write("time," + ",".join(f"DMA{i % 40 + 1:02d}_FLOW_{i}" for i in range(500)) + "\n")
        for r in range(100_000):
            file.write(f"{str(start + np.timedelta64(15 * r, 'm')).replace('T', ' ')},{lines[r % 1000]}\n")
    begun = time.perf_counter()
    propose(path, AREAS)
    print(f"{path.stat().st_size / 1e6:.0f} MB in {time.perf_counter() - begun:.1f} s")
