"""The ten real areas (tests/cases/bwdf): counts, times and values against figures published beside the data."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cityloop.settings import load_city
from cityloop.sources.files import FileSource

CASE = Path(__file__).parents[1] / "cases" / "bwdf"
MISSING = {1: 765, 2: 587, 3: 92, 4: 906, 5: 725, 6: 1879, 7: 1475, 8: 1112, 9: 1505, 10: 878}
HOURS = 13_679


@pytest.fixture
def city(test_data, tmp_path):
    text = (CASE / "city.toml").read_text(encoding="utf-8")
    (tmp_path / "city.toml").write_text(text.replace("DATA/", f"{test_data}/bwdf/"), encoding="utf-8")
    return load_city(tmp_path)


def series_of(city, name):
    (settings,) = (s for s in city.files if s.name == name)
    found = {}
    source = FileSource(settings, folder=city.folder, city=city.id)
    for arrival in source.arrivals(cursors={}, until=datetime(2026, 1, 1, tzinfo=UTC)):
        assert arrival.rejected == ()
        for row in arrival.batch.to_pylist():
            label = arrival.datastreams[row["datastream"]].name.partition("/")[2]
            found.setdefault(label, {})[row["time"]] = row["value"]
    return found


def test_bwdf_inflow_when_read_then_every_hour_and_every_gap_is_there(city, test_data):
    inflow = series_of(city, "inflow")
    assert {area: HOURS - len(inflow[f"dma_{area}"]) for area in MISSING} == MISSING
    with (test_data / "bwdf" / "inflow_hourly.csv").open() as file:
        rows = list(csv.DictReader(file))
    doubled = [r for r in rows if r["datetime_local"] == "2021-10-31 02:00"]
    assert [r["utc_offset_hours"] for r in doubled] == ["2", "1"]
    for row, hour in zip(doubled, (0, 1), strict=True):
        assert inflow["dma_5"][datetime(2021, 10, 31, hour, tzinfo=UTC)] == float(row["dma_5"])
    last = datetime(2022, 7, 24, 21, tzinfo=UTC)
    assert max(inflow["dma_3"]) == last
    assert inflow["dma_3"][last] == float(rows[-1]["dma_3"])


def test_bwdf_weather_when_read_then_units_are_those_inside(city):
    weather = series_of(city, "weather")
    first = datetime(2020, 12, 31, 23, tzinfo=UTC)
    assert {label: series[first] for label, series in weather.items()} == pytest.approx(
        {"rainfall_mm": 0.0, "air_temperature_c": 7.2, "air_humidity_pct": 79.0, "windspeed_km_h": 9 / 3.6}
    )
    assert HOURS - len(weather["air_humidity_pct"]) == 746


def test_bwdf_inflow_when_the_zone_is_used_instead_of_the_offsets_then_the_answer_is_the_same(city, monkeypatch):
    from dataclasses import replace

    from cityloop.settings import TimeSettings

    monkeypatch.setattr("cityloop.sources.files.ROWS_PER_ARRIVAL", 7_000)
    by_offset = series_of(city, "inflow")
    (settings,) = (s for s in city.files if s.name == "inflow")
    zone = TimeSettings(settings.time.columns, settings.time.format, zone="Europe/Rome")
    by_zone = series_of(replace(city, sources=(replace(settings, time=zone),)), "inflow")
    assert by_zone == by_offset
