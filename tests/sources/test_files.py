"""Rows of files as observations: units, statistics, records, and every kind of bad row with its place and reason."""

import re
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from cityloop.errors import InputError
from cityloop.formats.rows import REASONS
from cityloop.records import BATCH_COLUMNS, record_id
from cityloop.settings import SeriesSettings, TimeSettings


def test_arrivals_when_wide_csv_is_read_then_values_are_converted_and_batch_has_the_one_schema(reader, utc):
    reader.series("a", unit="m3/h").write("f.csv", "time,a,other", "2026-01-31 10:00,36,x", "2026-01-31T11:00:00,72,y")
    got = reader.read()
    assert got.values == {"a": {utc(2026, 1, 31, 10): pytest.approx(10.0), utc(2026, 1, 31, 11): pytest.approx(20.0)}}
    schema = got.arrivals[0].batch.schema
    assert schema.names == list(BATCH_COLUMNS)
    assert [str(t) for t in schema.types] == ["int32", "timestamp[us, tz=UTC]", "int32", "double", "uint8"]
    stream = got.datastreams["a"]
    assert stream.id == record_id("test", "datastream", "flow/a")
    assert stream.thing == record_id("test", "thing", "boundary", "dma-1")
    assert (stream.unit, stream.declared_unit, stream.statistic, stream.step_s) == ("L/s", "m3/h", "mean", 3600)
    assert not stream.simulated
    assert got.rejected == []


def test_arrivals_when_things_are_new_then_they_and_their_sensors_come_once_and_boundaries_never(reader):
    station = SeriesSettings(
        "t", "station", "roof", "air_temperature", "°F", "instant", 3600, sensor="PT100", noise_sd=0.2
    )
    reader.using(series=(*reader.settings.series, station)).write("f.csv", "time,a,t", "2026-01-31,1,32")
    got = reader.read()
    records = [r for a in got.arrivals for r in a.records]
    assert [(type(r).__name__, r.name) for r in records] == [
        ("Sensor", "flow/a"),
        ("Thing", "roof"),
        ("Sensor", "PT100"),
    ]
    assert records[1].kind == "station"
    assert records[2].noise_sd == 0.2
    assert got.datastreams["t"].sensor == records[2].id


def test_arrivals_when_a_thing_is_known_already_then_its_better_record_is_not_replaced(reader):
    from cityloop.sources.files import FileSource

    reader.series("a", thing_kind="pump", thing_name="P-1").write("f.csv", "time,a", "2026-01-31,1")
    known = record_id("test", "thing", "pump", "P-1")
    source = FileSource(reader.settings, folder=reader.folder, city="test", known_things={known})
    (first, _) = source.arrivals(cursors={}, until=datetime(2030, 1, 1, tzinfo=UTC))
    assert [type(r).__name__ for r in first.records] == ["Sensor"]


def test_arrivals_when_source_is_simulated_then_its_datastreams_say_so(reader):
    reader.using(simulated=True).write("f.csv", "time,a", "2026-01-31,1")
    assert reader.read().datastreams["a"].simulated


BAD = [
    ("2026-01-31 00:00,NaN", "number"),
    ("2026-01-31 01:00,inf", "number"),
    ("2026-01-31 02:00,-Infinity", "number"),
    ("2026-01-31 03:00,1e999", "number"),
    ('2026-01-31 04:00,"1,5"', "number"),
    ("2026-01-31 05:00,12 L/s", "number"),
    ("2026-01-31 06:00,0x10", "number"),
    (",1", "no_time"),
    ("31/01/2026,1", "time"),
    ("2026-02-30 00:00,1", "time"),
    ("now,1", "time"),
    ("today,1", "time"),
    ("2026,1", "time"),
    ("46053,1", "time"),
    ("1970-01-01 00:00,1", "year"),
    ("1970-03-05 00:00,1", "year"),
    ("2106-02-07 06:28,1", "year"),
    ("2100-01-01 00:00,1", "year"),
    ("2026-01-31 07:00:00+01:00,1", "mixed_zones"),
    ("2026-01-31T07:00:00Z,1", "mixed_zones"),
    ("2026-01-31 08:00", "cells"),
    ("2026-01-31 09:00,1,2", "cells"),
    ('2026-01-31 09:00,"1', "quote"),
    ('2026-01-31 10:00","', "quote"),
]


@pytest.mark.parametrize(("row", "code"), BAD)
def test_arrivals_when_a_row_is_bad_then_it_is_quarantined_with_place_text_and_reason_and_others_are_taken(
    reader, utc, row, code
):
    reader.write("f.csv", "time,a", "2026-01-30 00:00,1", row, "2026-01-30 01:00,2")
    got = reader.read()
    assert got.values == {"a": {utc(2026, 1, 30): 1.0, utc(2026, 1, 30, 1): 2.0}}
    (rejected,) = got.rejected
    assert (rejected.position, rejected.raw, rejected.source) == ("f.csv:3", row, "flow")
    assert rejected.reason.startswith(f"{code}: ")
    assert code in REASONS


def test_arrivals_when_all_kinds_of_bad_rows_come_together_then_each_keeps_its_own_line(reader):
    reader.write("f.csv", "time,a", *(row for row, _ in BAD), "", "2026-01-30 01:00,2")
    assert reader.read().reasons() == [(f"f.csv:{i}", code) for i, (_, code) in enumerate(BAD, 2)]


def test_arrivals_when_cells_are_empty_then_there_is_no_observation_and_they_are_counted(reader, utc):
    reader.using(missing=("-", "NULL")).write(
        "f.csv", "time,a", "2026-01-30 00:00,", "2026-01-30 01:00, - ", "2026-01-30 02:00,NULL", "2026-01-30 03:00,4"
    )
    got = reader.read()
    assert got.values == {"a": {utc(2026, 1, 30, 3): 4.0}}
    assert (got.rejected, got.counts["empty"]) == ([], 3)


def test_arrivals_when_rows_hold_only_delimiters_then_they_are_blank_lines(reader):
    reader.write("f.csv", "time,a", "2026-01-30 00:00,1", ",", ",,,", "  ", "")
    got = reader.read()
    assert (got.rows, got.rejected) == (1, [])


def test_arrivals_when_decimal_is_a_comma_then_it_is_read_and_points_are_refused(reader, utc):
    reader.using(decimal=",", delimiter=";").write("f.csv", "time;a", "2026-01-30 00:00;1,5", "2026-01-30 01:00;1.234")
    got = reader.read()
    assert got.values == {"a": {utc(2026, 1, 30): 1.5}}
    assert got.reasons() == [("f.csv:3", "number")]


def test_arrivals_when_rows_repeat_then_identical_ones_count_once_and_of_conflicting_ones_the_later_wins(reader, utc):
    reader.write(
        "f.csv", "time,a", "2026-01-30 00:00,1", "2026-01-30 01:00,2", "2026-01-30 00:00,1", "2026-01-30 01:00,3"
    )
    got = reader.read()
    assert got.values == {"a": {utc(2026, 1, 30): 1.0, utc(2026, 1, 30, 1): 3.0}}
    assert (got.rows, got.counts["identical"]) == (2, 1)
    assert got.reasons() == [("f.csv:3", "superseded")]
    assert "line 5" in got.rejected[0].reason
    assert got.rejected[0].raw == "a 2026-01-30T01:00:00Z 2"


def test_arrivals_when_repeats_lie_in_different_pieces_then_they_are_found_too(reader, monkeypatch):
    monkeypatch.setattr("cityloop.sources.files.ROWS_PER_ARRIVAL", 2)
    rows = [f"2026-01-30 {h:02d}:00,{h}" for h in range(8)]
    reader.write("f.csv", "time,a", *rows, rows[1], "2026-01-30 02:00,99")
    got = reader.read()
    assert len(got.arrivals) > 4
    assert got.reasons() == [("f.csv:4", "superseded")]
    assert (got.counts["identical"], list(got.values["a"].values())[2]) == (1, 99.0)


def test_arrivals_when_stamp_is_the_end_of_the_interval_then_starts_come_out_but_instants_stay(reader, utc):
    reader.using(stamp="end").write("f.csv", "time,a", "2026-01-30 01:00,1")
    assert reader.read().values == {"a": {utc(2026, 1, 30): 1.0}}
    assert reader.series("a", statistic="instant").read().values == {"a": {utc(2026, 1, 30, 1): 1.0}}


def test_arrivals_when_series_is_a_total_then_it_becomes_the_mean_flow_of_its_interval(reader, utc):
    reader.series("a", statistic="total", unit="m3", step_s=900).write("f.csv", "time,a", "2026-01-30 00:00,9")
    got = reader.read()
    assert got.values == {"a": {utc(2026, 1, 30): pytest.approx(10.0)}}
    assert (got.datastreams["a"].statistic, got.datastreams["a"].unit) == ("mean", "L/s")


def test_arrivals_when_total_is_an_amount_then_it_stays_a_total(reader, utc):
    reader.series("a", observed_property="rainfall", statistic="total", unit="mm").write(
        "f.csv", "time,a", "2026-01-30 00:00,2.5"
    )
    got = reader.read()
    assert (got.values, got.datastreams["a"].statistic) == ({"a": {utc(2026, 1, 30): 2.5}}, "total")


def test_arrivals_when_columns_are_missing_then_found_ones_and_the_likely_one_are_named_before_anything_is_taken(
    reader,
):
    reader.write("1.csv", "time,a", "2026-01-30 00:00,1")
    reader.write("2.csv", "Time,A1", "2026-01-30 00:00,1")
    with pytest.raises(InputError) as caught:
        next(iter(reader.source().arrivals(cursors={}, until=datetime(2030, 1, 1, tzinfo=UTC))))
    said = str(caught.value)
    assert "Columns missing: time, a." in said
    assert "2.csv" in said
    assert "Got: Time, A1." in said
    assert "Did you mean 'Time'?" in said


def test_arrivals_when_several_files_are_wrong_then_all_are_named(reader):
    reader.write("1.csv", "x,y", "1,2")
    reader.write("2.csv", "time,a,a", "1,2,3")
    with pytest.raises(InputError, match=r"cannot read 2 files") as caught:
        list(reader.source().arrivals(cursors={}, until=datetime(2030, 1, 1, tzinfo=UTC)))
    assert "1.csv" in str(caught.value)
    assert "more than once: a" in str(caught.value)


def test_arrivals_when_no_file_matches_then_the_pattern_is_named(reader):
    with pytest.raises(InputError, match=re.escape("*.csv")):
        reader.read()


def test_arrivals_when_folder_name_holds_pattern_letters_then_it_is_taken_literally(reader, utc):
    reader.folder = reader.folder / "a[1]*"
    reader.folder.mkdir()
    reader.write("f.csv", "time,a", "2026-01-30 00:00,1")
    assert reader.read().rows == 1


def test_arrivals_when_file_is_empty_then_nothing_comes_and_nothing_fails(reader):
    (reader.folder / "f.csv").write_bytes(b"")
    assert reader.read().arrivals == []


@pytest.mark.parametrize("ending", ["\r\n", "\n"])
def test_arrivals_when_csv_comes_from_a_spreadsheet_then_bom_quotes_crlf_and_title_line_are_read(reader, utc, ending):
    lines = ["Report of January", '"time","a ""net"""', '"2026-01-30 00:00","1.5"', "", '"2026-01-30 01:00",2']
    reader.using(skip_lines=1).series('a "net"')
    (reader.folder / "f.csv").write_bytes(b"\xef\xbb\xbf" + ending.join(lines).encode())
    got = reader.read()
    assert list(got.values.values()) == [{utc(2026, 1, 30): 1.5, utc(2026, 1, 30, 1): 2.0}]
    assert got.rejected == []


def test_arrivals_when_file_is_gb18030_and_declared_then_chinese_headers_are_read(reader, utc):
    reader.using(encoding="gb18030", time=TimeSettings(("时间",), zone="Asia/Shanghai")).series("瞬时流量", unit="m³/h")
    reader.write("f.csv", "时间,瞬时流量,备注", "2026-01-30 08:00,36,东区")
    assert reader.read().values == {"瞬时流量": {utc(2026, 1, 30): pytest.approx(10.0)}}


def test_arrivals_when_encoding_is_wrong_then_line_and_cure_are_named(reader, utc):
    (reader.folder / "f.csv").write_bytes("时间,a\n2026-01-30 00:00,1\n".encode("gb18030"))
    with pytest.raises(InputError) as caught:
        reader.read()
    assert "f.csv:1" in str(caught.value)
    assert 'encoding = "gb18030"' in str(caught.value)


def test_arrivals_when_one_line_cannot_be_decoded_then_only_that_line_is_refused(reader, utc):
    lines = [
        b"time,a,note",
        b"2026-01-30 00:00,1,ok",
        "2026-01-30 01:00,2,东区".encode("gb18030"),
        b"2026-01-30 02:00,3,ok",
    ]
    (reader.folder / "f.csv").write_bytes(b"\n".join(lines) + b"\n")
    got = reader.read()
    assert list(got.values["a"].values()) == [1.0, 3.0]
    assert got.reasons() == [("f.csv:3", "encoding")]
    assert "gb18030" in got.rejected[0].reason


@pytest.mark.parametrize("raw", ["time,a\n1,2\n".encode("utf-16"), b"PK\x03\x04\0\0\n", b"time,a\r2026-01-30,1\r"])
def test_arrivals_when_file_is_no_readable_csv_then_input_error(reader, raw):
    (reader.folder / "f.csv").write_bytes(raw)
    with pytest.raises(InputError):
        reader.read()


def test_arrivals_when_layout_is_long_then_ids_units_and_values_are_sorted_out(reader, utc):
    east = SeriesSettings("E1", "meter", "east", "water_flow", "m3/h", "mean", 3600)
    reader.using(layout="long", id_column="id", value_column="v", unit_column="u", series=(east,))
    reader.write(
        "f.csv", "id,time,v,u", "E1,2026-01-30 00:00,36,m3/h", "E1,2026-01-30 01:00,72,m³/h", "E1,2026-01-30 02:00,1,L/s",
        "e1,2026-01-30 03:00,1,m3/h", "E1,2026-01-30 04:00,,m3/h", "E1,2026-01-30 05:00,x,m3/h",
    )  # fmt: skip
    got = reader.read()
    assert got.values == {"E1": {utc(2026, 1, 30): pytest.approx(10.0), utc(2026, 1, 30, 1): pytest.approx(20.0)}}
    assert got.reasons() == [("f.csv:4", "unit"), ("f.csv:5", "id"), ("f.csv:7", "number")]
    assert "Did you mean 'E1'?" in got.rejected[1].reason
    assert got.counts["empty"] == 1


def test_arrivals_when_any_id_is_allowed_then_each_becomes_its_own_meter(reader, utc):
    any_meter = SeriesSettings("*", "meter", "{id}", "water_flow", "L/s", "mean", 3600)
    reader.using(layout="long", id_column="id", value_column="v", series=(any_meter,))
    reader.write("f.csv", "id,time,v", "M2,2026-01-30 00:00,2", "M1,2026-01-30 00:00,1")
    got = reader.read()
    assert {label: list(v.values()) for label, v in got.values.items()} == {"M1": [1.0], "M2": [2.0]}
    assert got.datastreams["M1"].thing == record_id("test", "thing", "meter", "M1")


@pytest.mark.parametrize("suffix", ["parquet", "xlsx"])
def test_arrivals_when_file_is_parquet_or_xlsx_then_values_times_and_row_numbers_are_right(reader, utc, suffix):
    import pandas as pd

    start = datetime(2026, 1, 30)
    frame = pd.DataFrame({"time": [start + timedelta(hours=h) for h in range(4)], "a": [1.5, None, 3.0, 4.0]})
    frame.loc[3, "time"] = datetime(1970, 1, 1)
    frame["a"] = frame["a"].astype("Float64")
    getattr(frame, "to_excel" if suffix == "xlsx" else "to_parquet")(reader.folder / f"f.{suffix}", index=False)
    got = reader.using(path=f"*.{suffix}", time=TimeSettings(("time",), zone="Asia/Shanghai")).read()
    assert got.values == {"a": {utc(2026, 1, 29, 16): 1.5, utc(2026, 1, 29, 18): 3.0}}
    assert got.counts["empty"] == 1
    assert got.reasons() == [(f"f.{suffix}:{5 if suffix == 'xlsx' else 4}", "year")]


def test_arrivals_when_parquet_stamps_are_aware_then_they_need_offset_in_text(reader, utc):
    import pyarrow.parquet as pq

    stamps = pa.array([utc(2026, 1, 30)], pa.timestamp("ns", "Asia/Shanghai"))
    pq.write_table(pa.table({"time": stamps, "a": pa.array([2], pa.int16())}), reader.folder / "f.parquet")
    reader.using(path="*.parquet")
    assert reader.read().reasons() == [("f.parquet:1", "mixed_zones")]
    aware = reader.using(time=TimeSettings(("time",), offset_in_text=True))
    assert aware.read().values == {"a": {utc(2026, 1, 30): 2.0}}


@pytest.mark.parametrize("kind", [pa.int64(), pa.float64(), pa.string(), pa.dictionary(pa.int32(), pa.string())])
def test_arrivals_when_ids_of_a_long_parquet_table_are_numbers_then_they_match_as_written(reader, utc, kind):
    import pyarrow.parquet as pq

    number = 123_456_789_012
    text = str(number)
    ids = (
        pa.array([text]).dictionary_encode().cast(kind) if pa.types.is_dictionary(kind) else pa.array([text]).cast(kind)
    )
    table = pa.table({"id": ids, "time": pa.array([datetime(2026, 1, 30)]), "v": pa.array([7], pa.int32())})
    pq.write_table(table, reader.folder / "f.parquet")
    meter = SeriesSettings(text, "meter", "m", "water_flow", "L/s", "mean", 3600)
    reader.using(path="*.parquet", layout="long", id_column="id", value_column="v", series=(meter,))
    assert reader.read().values == {text: {utc(2026, 1, 30): 7.0}}


@pytest.mark.parametrize("name", ["f.parquet", "f.xlsx"])
def test_arrivals_when_parquet_or_xlsx_is_damaged_then_input_error_names_it(reader, name):
    (reader.folder / name).write_bytes(b"PAR1 this is not a table PAR1")
    with pytest.raises(InputError, match=re.escape(name)):
        reader.using(path=name).read()


def test_arrivals_when_suffix_is_unknown_then_the_readable_ones_are_named(reader):
    (reader.folder / "f.json").write_bytes(b"{}")
    with pytest.raises(InputError, match=re.escape(".parquet")):
        reader.using(path="f.json").read()
