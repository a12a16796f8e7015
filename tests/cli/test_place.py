"""`cityloop place`: the table, the money, and what it says where something is missing."""

import csv
import shutil
from importlib.resources import files

import pytest


@pytest.fixture(scope="module")
def ky4(tmp_path_factory):
    """The pilot ky4 before anything was observed."""
    folder = tmp_path_factory.mktemp("place") / "ky4"
    shutil.copytree(str(files("cityloop.cities") / "ky4"), folder)
    return folder


def test_place_when_the_city_has_no_model_then_it_says_what_is_missing(cli, city):
    for language, word in (("en", "no network model"), ("zh", "没有管网模型")):
        shown = cli("place", city, "--lang", language)
        assert shown.code == 0 and word in shown.out
    found = cli("place", city, "--json").json
    assert found["sites"] == [] and found["domains"][0]["apart_now"] is None


def test_place_when_money_and_number_are_both_stated_then_it_is_refused(cli, city):
    shown = cli("place", city, "--money", "1000", "--sensors", "3")
    assert shown.code == 2 and "--money, --sensors" in shown.err + shown.out


def test_place_when_money_has_no_price_then_it_says_how_to_state_one(cli, city):
    shown = cli("place", city, "--money", "1000")
    assert shown.code == 2 and "sensor_each" in shown.err + shown.out


def test_place_when_the_pilot_is_asked_then_the_table_and_the_document_agree(cli, ky4, tmp_path):
    table = tmp_path / "sites.csv"
    found = cli("place", ky4, "--money", "8000", "--out", table, "--json").json
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [r["name"] for r in rows] == [s["name"] for s in found["sites"]]
    assert len(rows) == int(8000 // found["domains"][0]["price"]["amount"]) == 3
    assert found["simulated"] and not found["standing_known"]
    assert [float(r["cumulative"]) for r in rows] == pytest.approx([2500.0, 5000.0, 7500.0])
    km = [float(r["search_km"]) for r in rows]
    assert found["domains"][0]["search_now"]["value"] > km[0] > km[-1]
    assert {r["price_status"] for r in rows} == {"assumed"}
    assert {r["pays"] for r in rows} == {"yes"}  # the first loggers of 260 km of mains
    assert all(r["x"] and r["y"] and r["crs"] == "EPSG:3089" for r in rows)


def test_place_when_read_by_people_then_both_languages_say_that_it_is_modelled(cli, ky4):
    english = cli("place", ky4, "--sensors", "1")
    chinese = cli("place", ky4, "--sensors", "1", "--lang", "zh")
    assert "Modelled, not measured" in english.out and "Nothing has been observed yet" in english.out
    assert "并非实测" in chinese.out and "尚无观测数据" in chinese.out
    assert cli("place", ky4, "--money", "1").out.count("less than one sensor costs") == 1
