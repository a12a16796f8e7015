"""Clocks: zones, offsets, doubled and skipped hours. Expected UTC times are written out by hand."""

import pytest

from cityloop.settings import TimeSettings

ROME = TimeSettings(("time",), "%Y-%m-%d %H:%M", zone="Europe/Rome")


def test_arrivals_when_zone_has_summer_time_then_local_times_become_utc(reader, utc):
    reader.using(time=ROME).write("f.csv", "time,a", "2021-01-01 00:00,1", "2021-07-01 00:00,2")
    assert reader.read().values == {"a": {utc(2020, 12, 31, 23): 1.0, utc(2021, 6, 30, 22): 2.0}}


def test_arrivals_when_an_hour_comes_twice_then_the_first_row_is_summer_time(reader, utc):
    reader.using(time=ROME).write("f.csv", "time,a", *(f"2021-10-31 0{h}:00,{i}" for i, h in enumerate((1, 2, 2, 3))))
    got = reader.read()
    assert list(got.values["a"].items()) == [
        (utc(2021, 10, 30, 23), 0.0), (utc(2021, 10, 31, 0), 1.0), (utc(2021, 10, 31, 1), 2.0), (utc(2021, 10, 31, 2), 3.0),
    ]  # fmt: skip
    assert got.rejected == []


def test_arrivals_when_quarter_hours_come_twice_then_the_passes_are_told_apart(reader, utc):
    quarters = [f"2021-10-31 02:{m:02d}" for m in (0, 15, 30, 45)]
    rows = ["2021-10-31 01:45", *quarters, *quarters, "2021-10-31 03:00"]
    reader.using(time=ROME).write("f.csv", "time,a", *(f"{stamp},{i}" for i, stamp in enumerate(rows)))
    found = reader.read().values["a"]
    assert [found[utc(2021, 10, 31, 0, m)] for m in (0, 15, 30, 45)] == [1.0, 2.0, 3.0, 4.0]
    assert [found[utc(2021, 10, 31, 1, m)] for m in (0, 15, 30, 45)] == [5.0, 6.0, 7.0, 8.0]


def test_arrivals_when_file_runs_backwards_then_the_first_of_the_doubled_rows_is_standard_time(reader, utc):
    reader.using(time=ROME).write(
        "f.csv", "time,a", *(f"2021-10-31 0{h}:00,{i}" for i, h in enumerate((4, 3, 2, 2, 1)))
    )
    found = reader.read().values["a"]
    assert (found[utc(2021, 10, 31, 1)], found[utc(2021, 10, 31, 0)]) == (2.0, 3.0)


def test_arrivals_when_a_doubled_hour_stands_once_or_thrice_then_it_is_refused_as_ambiguous(reader):
    reader.using(time=ROME)
    reader.write("f.csv", "time,a", *(f"2021-10-31 0{h}:00,{i}" for i, h in enumerate((1, 2, 3))))
    assert reader.read().reasons() == [("f.csv:3", "twice")]
    reader.write("f.csv", "time,a", *(f"2021-10-31 0{h}:00,{i}" for i, h in enumerate((1, 2, 2, 2, 3))))
    got = reader.read()
    assert got.reasons() == [("f.csv:5", "twice")]
    assert list(got.values["a"].values()) == [0.0, 1.0, 2.0, 4.0]


def test_arrivals_when_a_cell_of_a_doubled_hour_is_empty_then_the_rows_still_tell_the_passes_apart(reader, utc):
    reader.using(time=ROME).series("a", "b")
    rows = ("2021-10-31 01:00,0,0", "2021-10-31 02:00,1,", "2021-10-31 02:00,,2", "2021-10-31 03:00,3,3")
    reader.write("f.csv", "time,a,b", *rows)
    got = reader.read()
    assert got.values["a"][utc(2021, 10, 31, 0)] == 1.0
    assert got.values["b"][utc(2021, 10, 31, 1)] == 2.0
    assert (got.rows, got.rejected) == (6, [])


def test_arrivals_when_each_series_of_a_long_table_has_its_doubled_hour_then_they_do_not_mix(reader, utc):
    from cityloop.settings import SeriesSettings

    every = SeriesSettings("*", "meter", "{id}", "water_flow", "L/s", "mean", 3600)
    reader.using(time=ROME, layout="long", id_column="id", value_column="v", series=(every,))
    rows = [f"{m},2021-10-31 02:00,{v}" for m, v in (("M1", 1), ("M2", 2), ("M1", 3), ("M2", 4))]
    reader.write("f.csv", "id,time,v", *rows)
    got = reader.read()
    assert got.values["M1"] == {utc(2021, 10, 31, 0): 1.0, utc(2021, 10, 31, 1): 3.0}
    assert got.values["M2"] == {utc(2021, 10, 31, 0): 2.0, utc(2021, 10, 31, 1): 4.0}


def test_arrivals_when_the_second_pass_comes_with_a_later_append_then_nothing_is_lost_or_guessed(reader, utc):
    reader.using(time=ROME).write("f.csv", "time,a", "2021-10-31 01:00,0", "2021-10-31 02:00,1")
    first = reader.read()
    assert (list(first.values["a"].values()), first.rejected) == ([0.0], [])
    with (reader.folder / "f.csv").open("a") as file:
        file.write("2021-10-31 02:00,2\n2021-10-31 03:00,3\n")
    second = reader.read(cursor=first.cursor)
    assert second.values["a"] == {utc(2021, 10, 31, 0): 1.0, utc(2021, 10, 31, 1): 2.0, utc(2021, 10, 31, 2): 3.0}
    assert second.rejected == []


def test_arrivals_when_an_hour_is_skipped_then_its_rows_are_refused(reader, utc):
    rows = ("01:59", "02:00", "02:59", "03:00")
    reader.using(time=ROME).write("f.csv", "time,a", *(f"2021-03-28 {t},{i}" for i, t in enumerate(rows)))
    got = reader.read()
    assert got.values == {"a": {utc(2021, 3, 28, 0, 59): 0.0, utc(2021, 3, 28, 1): 3.0}}
    assert got.reasons() == [("f.csv:3", "skipped"), ("f.csv:4", "skipped")]


def test_arrivals_when_changes_fall_between_pieces_then_the_answer_is_the_same(reader, monkeypatch):
    hours = [*range(3), 2, *range(3, 12)]
    reader.using(time=ROME).write("f.csv", "time,a", *(f"2021-10-31 {h:02d}:00,{i}" for i, h in enumerate(hours)))
    whole = reader.read().values
    for size in (1, 2, 3, 4):
        monkeypatch.setattr("cityloop.sources.files.ROWS_PER_ARRIVAL", size)
        assert reader.read().values == whole
    assert len(whole["a"]) == 13


def test_arrivals_when_offset_stands_in_its_own_column_then_it_decides(reader, utc):
    time = TimeSettings(("time",), "%Y-%m-%d %H:%M", utc_offset_column="off")
    rows = ("2021-10-31 02:00,2,1", "2021-10-31 02:00,1,2", "2021-06-01 00:00,+05:30,3", "2021-06-01 00:00,-4,4")
    reader.using(time=time).write(
        "f.csv", "time,off,a", *rows, "2021-06-01 00:00,,5", "2021-06-01 00:00,99,6", "2021-06-01 00:00,0.1,7"
    )
    got = reader.read()
    assert got.values["a"] == {
        utc(2021, 10, 31, 0): 1.0, utc(2021, 10, 31, 1): 2.0, utc(2021, 5, 31, 18, 30): 3.0, utc(2021, 6, 1, 4): 4.0,
    }  # fmt: skip
    assert got.reasons() == [(f"f.csv:{n}", "offset") for n in (6, 7, 8)]


def test_arrivals_when_offsets_stand_in_the_text_then_rows_without_are_refused(reader, utc):
    reader.using(time=TimeSettings(("time",), offset_in_text=True))
    rows = (
        "2021-06-01T00:00:00+08:00",
        "2021-06-01 00:00:00Z",
        "2021-06-01T00:00-0400",
        "2021-06-01 00:00:00",
        "2021-06-01",
    )
    reader.write("f.csv", "time,a", *(f"{stamp},{i}" for i, stamp in enumerate(rows)))
    got = reader.read()
    assert got.values["a"] == {utc(2021, 5, 31, 16): 0.0, utc(2021, 6, 1): 1.0, utc(2021, 6, 1, 4): 2.0}
    assert got.reasons() == [("f.csv:5", "no_offset"), ("f.csv:6", "no_offset")]


def test_arrivals_when_format_has_an_offset_then_it_is_used(reader, utc):
    reader.using(time=TimeSettings(("time",), "%d.%m.%Y %H:%M %z", offset_in_text=True))
    reader.write("f.csv", "time,a", "01.06.2021 00:00 +0200,1", "01.06.2021 00:00,2")
    got = reader.read()
    assert got.values["a"] == {utc(2021, 5, 31, 22): 1.0}
    assert [code for _, code in got.reasons()] == ["time"]


@pytest.mark.parametrize(
    ("form", "stamp"), [("epoch_s", "1622505600"), ("epoch_ms", "1622505600000"), ("epoch_s", "1622505600.0")]
)
def test_arrivals_when_times_are_epoch_numbers_then_they_are_utc(reader, utc, form, stamp):
    reader.using(time=TimeSettings(("time",), form, zone="UTC"))
    reader.write("f.csv", "time,a", f"{stamp},1", "0,2", "4294967296000000,3", ",4", "x,5")
    got = reader.read()
    assert got.values == {"a": {utc(2021, 6, 1): 1.0}}
    assert [code for _, code in got.reasons()] == ["year", "year" if form == "epoch_ms" else "time", "no_time", "time"]


def test_arrivals_when_date_and_time_are_two_columns_then_they_are_joined(reader, utc):
    time = TimeSettings(("日期", "时间"), "%Y/%m/%d %H:%M", zone="Asia/Shanghai")
    reader.using(time=time).write("f.csv", "日期,时间,a", "2026/1/5,8:00,1")
    assert reader.read().values == {"a": {utc(2026, 1, 5): 1.0}}


def test_arrivals_when_fractions_of_seconds_are_written_then_they_are_kept(reader, utc):
    reader.write("f.csv", "time,a", "2026-01-05 00:00:00.25,1", "2026-01-05 00:00:00.5,2")
    assert list(reader.read().values["a"]) == [utc(2026, 1, 5, 0, 0, 0, 250000), utc(2026, 1, 5, 0, 0, 0, 500000)]
