"""Both profiles out and in again: 12345 loses nothing, GeoReport v2 keeps what it has fields for."""

import json
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from cityloop.errors import InputError
from cityloop.formats.requests_table import read_requests_file
from cityloop.formats.requests_write import write_requests_file
from cityloop.settings.requests import RequestSettings

ORDERS = Path(__file__).parents[2] / "src" / "cityloop" / "cities" / "example-cn" / "12345工单.xlsx"
WORK_ORDERS, OPEN311 = RequestSettings("12345", "x", "12345"), RequestSettings("12345", "x", "open311")


def read(path, settings=WORK_ORDERS):
    return read_requests_file(path, settings, city="c", timezone="Asia/Shanghai")


@pytest.fixture(scope="module")
def table():
    return read(ORDERS)


def write(table, path, **how):
    return write_requests_file(path, list(table.requests.values()), table.locations, timezone="Asia/Shanghai", **how)


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_12345_when_written_and_read_then_every_request_and_position_is_the_same(tmp_path, table, suffix):
    path = tmp_path / f"o.{suffix}"
    done = write(table, path, profile="12345")
    again = read(path)
    assert again.requests == table.requests and again.locations == table.locations
    assert not again.refused and (done.rows, done.placed) == (150, len(table.locations))


def test_12345_when_a_due_day_has_no_clock_time_then_it_is_the_same_day_after_a_round(tmp_path, table):
    one = next(iter(table.requests.values()))
    table.requests[one.number] = msgspec.structs.replace(one, due=datetime(2026, 3, 16, 16, tzinfo=UTC))
    write(table, tmp_path / "o.xlsx", profile="12345")
    assert read(tmp_path / "o.xlsx").requests[one.number].due == datetime(2026, 3, 16, 16, tzinfo=UTC)
    table.requests[one.number] = one


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_text_when_a_spreadsheet_would_run_it_then_it_stays_a_text(tmp_path, table, suffix):
    from openpyxl import load_workbook

    one = next(iter(table.requests.values()))
    table.requests[one.number] = msgspec.structs.replace(one, description="=1+1 水压低")
    path = tmp_path / f"o.{suffix}"
    write(table, path, profile="12345")
    if suffix == "xlsx":
        cell = load_workbook(path).active["H2"]
        assert cell.value == "=1+1 水压低" and cell.data_type == "s"
    else:
        assert "'=1+1 水压低" in path.read_text(encoding="utf-8-sig")
    assert read(path).requests[one.number].description == "=1+1 水压低"
    table.requests[one.number] = one


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "json", "xml"])
def test_open311_when_written_and_read_then_what_it_has_fields_for_is_the_same(tmp_path, table, suffix):
    path = tmp_path / f"o.{suffix}"
    write(table, path, profile="open311", to_wgs84=True)
    again = read(path, OPEN311)
    assert list(again.requests) == list(table.requests) and not again.refused
    for number, was in table.requests.items():
        now = again.requests[number]
        same = ("requested", "status", "result", "service_code", "description", "address", "department")
        assert [getattr(now, f) for f in same] == [getattr(was, f) for f in same]
        assert now.due == (was.extended_due or was.due) and now.at("closed") == was.at("closed")
    assert {p.crs for p in again.locations.values()} == {"EPSG:4326"}


def test_open311_when_positions_are_not_wgs84_then_they_are_left_out_unless_asked_for(tmp_path, table):
    plain = write(table, tmp_path / "a.json", profile="open311")
    assert (plain.placed, plain.unplaced, plain.accuracy_m) == (0, len(table.locations), None)
    moved = write(table, tmp_path / "b.json", profile="open311", to_wgs84=True)
    assert moved.placed == len(table.locations) and moved.accuracy_m == 10.0
    rows = [r for r in json.loads((tmp_path / "b.json").read_text(encoding="utf-8")) if r["lat"] is not None]
    place = next(iter(table.locations.values()))
    row = next(r for r in rows if r["service_request_id"] == place.name)
    # GCJ-02 lies some 400 to 500 m south-east of WGS 84 there
    assert 0.003 < place.coordinates[0][0] - row["long"] < 0.006 and -0.004 < place.coordinates[0][1] - row["lat"] < 0


def test_open311_when_written_as_xml_then_it_is_the_document_that_the_specification_names(tmp_path, table):
    write(table, tmp_path / "o.xml", profile="open311")
    text = (tmp_path / "o.xml").read_bytes()
    assert text.startswith(b"<?xml version='1.0' encoding='utf-8'?>")
    root = ElementTree.fromstring(text)
    first = root.find("request")
    assert root.tag == "service_requests" and first is not None
    assert first.findtext("status") == "closed" and first.findtext("requested_datetime") == "2026-03-09T09:52:00+08:00"
    assert first.findtext("service_request_id") == "XN12345-20260309-0001"


def test_profile_when_the_suffix_is_another_form_then_it_is_refused(tmp_path, table):
    with pytest.raises(InputError, match="profile is not written in"):
        write(table, tmp_path / "o.xml", profile="12345")
