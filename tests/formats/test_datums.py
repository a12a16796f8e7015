"""Readings of coordinates against published points and a hand calculation."""

import math

import numpy as np
import pytest

from cityloop.formats.datums import in_area, other_readings, read_stated


def dms(degrees, minutes, seconds):
    return degrees + minutes / 60 + seconds / 3600


def off_m(reading, lon, lat):
    east = math.radians(reading.lon[0] - lon) * math.cos(math.radians(lat))
    return math.hypot(east, math.radians(reading.lat[0] - lat)) * 6_371_000


def one(x, y):
    return np.array([float(x)]), np.array([float(y)])


def names(crs, x, y):
    found, untried = other_readings(crs, *one(x, y))
    return {r.name: r for r in found}, untried


def test_tokyo_when_the_origin_of_the_survey_then_its_place_since_2000():
    # The origin of Japan's survey: old datum, and JGD2000 as the law of 2001 fixed it.
    old = dms(139, 44, 40.5020), dms(35, 39, 17.5148)
    new = dms(139, 44, 28.8759), dms(35, 39, 29.1572)
    reading = read_stated("EPSG:4301", *one(*old))
    assert off_m(reading, *new) < reading.accuracy_m == 9.0
    tried, _ = names("EPSG:6668", *old)
    assert off_m(tried["Tokyo"], *new) < 9.0
    assert 400 < off_m(read_stated("EPSG:6668", *one(*old)), *new) < 500


def test_osgb36_when_caister_water_tower_then_its_place_within_the_stated_accuracy():
    # Ordnance Survey's worked example for OSTN15, a grid that is not installed: OSGB36 easting, northing and ETRS89.
    tower = 1.716073973, 52.658007833
    reading = read_stated("EPSG:27700", *one(651409.804, 313177.450))
    assert reading.grid and off_m(reading, *tower) < 2 * reading.accuracy_m < 10


def test_nad27_when_kentucky_then_as_by_hand_and_no_candidate_for_a_shift():
    # Geocentric translation of NAD27 in the contiguous states (-8, 160, 176) m, on Clarke 1866 and WGS 84.
    lon, lat = -85.5455, 38.0479
    a, f = 6378206.4, 1 / 294.9786982
    e2, phi, lam = f * (2 - f), math.radians(lat), math.radians(lon)
    n = a / math.sqrt(1 - e2 * math.sin(phi) ** 2)
    x, y = n * math.cos(phi) * math.cos(lam) - 8, n * math.cos(phi) * math.sin(lam) + 160
    z = n * (1 - e2) * math.sin(phi) + 176
    a, f = 6378137.0, 1 / 298.257223563
    e2, p = f * (2 - f), math.hypot(x, y)
    phi = math.atan2(z, p * (1 - e2))
    for _ in range(9):
        phi = math.atan2(z + e2 * a / math.sqrt(1 - e2 * math.sin(phi) ** 2) * math.sin(phi), p)
    reading = read_stated("EPSG:4267", *one(lon, lat))
    assert off_m(reading, math.degrees(math.atan2(y, x)), math.degrees(phi)) < 0.5
    assert 3 < off_m(reading, lon, lat) < 15  # NAD83 and NAD27 nearly agree here: no shift of 50 m comes from it
    assert "NAD27" not in names("EPSG:4326", lon, lat)[0]


def test_beijing_when_other_readings_then_gcj02_bd09_and_the_old_datum_but_not_xian():
    tried, untried = names("EPSG:4490", 116.4, 39.9)
    assert {"GCJ-02", "BD-09", "Beijing 1954", "WGS 84"} <= set(tried)
    assert off_m(tried["GCJ-02"], 116.4, 39.9) == pytest.approx(556, abs=6)
    assert off_m(tried["WGS 84"], 116.4, 39.9) == 0
    assert tried["Beijing 1954"].borrowed and 1 < tried["Beijing 1954"].accuracy_m < 60
    assert "Xian 1980" in untried


def test_projected_when_read_on_another_datum_then_epsg_has_a_name_for_it():
    tried, _ = names("EPSG:4549", 547_602.264, 3_464_343.845)
    assert read_stated("EPSG:4549", *one(547_602.264, 3_464_343.845)).lon[0] == pytest.approx(120.5, abs=1e-7)
    assert tried["Beijing 1954"].crs in ("EPSG:2437", "EPSG:21461", "EPSG:21460")  # one projection, several names
    assert tried["GCJ-02"].crs == ""


def test_xian_1980_when_stated_then_no_accuracy_is_claimed():
    reading = read_stated("EPSG:4610", *one(116.4, 39.9))
    assert reading.accuracy_m is None and (reading.lon[0], reading.lat[0]) == (116.4, 39.9)


def test_readings_when_outside_china_then_no_chinese_shift():
    assert not {"GCJ-02", "BD-09"} & set(names("EPSG:4326", 10.9, 44.6)[0])


@pytest.mark.parametrize(
    ("crs", "x", "y", "inside"),
    [
        ("EPSG:4326", 39.9, 116.4, False), ("EPSG:4326", 116.4, 39.9, True), ("GCJ-02", 10.9, 44.6, False),
        ("EPSG:4549", 547_602.0, 3_464_343.0, True), ("EPSG:4549", 3_464_343.0, 547_602.0, False),
        ("local", 1e12, -1e12, True), ("EPSG:4167", 178.0, -38.0, True), ("EPSG:4167", 10.0, -38.0, False),
        ("EPSG:4326", 1e300, 0.0, False),
    ],
)  # fmt: skip
def test_in_area_when_asked_then_the_area_of_use_decides(crs, x, y, inside):
    assert in_area(crs, *one(x, y)).tolist() == [inside]
