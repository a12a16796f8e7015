"""GCJ-02 and BD-09 against points that other projects publish."""

import numpy as np
import pytest

from cityloop.formats.shifted import ACCURACY_M, bd09_to_wgs84, gcj02_to_wgs84, wgs84_to_bd09, wgs84_to_gcj02

# (lon, lat) in WGS 84 and in GCJ-02: the test points of eviltransform (Shanghai, Shenzhen, Beijing), met by PRCoords too
GCJ02 = [
    ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
    ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
    ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
]
# (lon, lat) in WGS 84 and in BD-09 as PRCoords 1.0.2 computes it for the same points
BD09 = [
    ((121.5272106, 31.1774276), (121.53801568643858, 31.181328606874466)),
    ((113.912316, 22.543847), (113.92368472926734, 22.546667437751108)),
    ((116.377817, 39.911954), (116.39045471310828, 39.919575550965874)),
]
# (lon, lat) in BD-09 and in WGS 84 as the tests of eviltransform state them, from another origin than these formulas
BD09_FOREIGN = [
    ((120.019809, 29.199786), (120.00877901149691, 29.196131605295484)),
    ((120.036455, 29.210504), (120.0253853970846, 29.206795749156136)),
]
# distance in metres between WGS 84 and GCJ-02, computed elsewhere with the same approximation
OFFSETS = {"Beijing": (116.4, 39.9, 556), "Shanghai": (121.47, 31.23, 482), "Urumqi": (87.6, 43.8, 265)}


def metres(a, b):
    east = np.radians(a[0] - b[0]) * np.cos(np.radians(a[1]))
    return float(np.hypot(east, np.radians(a[1] - b[1])) * 6_371_000)


def at(function, lon, lat):
    found = function(np.array([lon]), np.array([lat]))
    return float(found[0][0]), float(found[1][0])


@pytest.mark.parametrize(("wgs84", "gcj02"), GCJ02)
def test_gcj02_when_published_points_then_met_to_five_centimetres(wgs84, gcj02):
    assert metres(at(wgs84_to_gcj02, *wgs84), gcj02) < 0.05
    assert metres(at(gcj02_to_wgs84, *gcj02), wgs84) < 0.05


@pytest.mark.parametrize(("wgs84", "bd09"), BD09)
def test_bd09_when_computed_by_another_library_then_the_same(wgs84, bd09):
    assert metres(at(wgs84_to_bd09, *wgs84), bd09) < 0.05
    assert metres(at(bd09_to_wgs84, *bd09), wgs84) < 0.05


@pytest.mark.parametrize(("bd09", "wgs84"), BD09_FOREIGN)
def test_bd09_when_points_of_another_origin_then_met_within_the_stated_accuracy(bd09, wgs84):
    assert metres(at(bd09_to_wgs84, *bd09), wgs84) < ACCURACY_M["BD-09"]


@pytest.mark.parametrize(("lon", "lat", "offset_m"), OFFSETS.values(), ids=OFFSETS)
def test_gcj02_when_a_city_then_as_far_off_as_known(lon, lat, offset_m):
    assert metres(at(wgs84_to_gcj02, lon, lat), (lon, lat)) == pytest.approx(offset_m, abs=6)


def test_shifted_when_turned_back_then_the_same_place_all_over_china():
    lon, lat = (a.ravel() for a in np.meshgrid(np.linspace(73.0, 135.0, 40), np.linspace(3.0, 54.0, 40)))
    for there, back in ((wgs84_to_gcj02, gcj02_to_wgs84), (wgs84_to_bd09, bd09_to_wgs84)):
        again = back(*there(lon, lat))
        assert np.abs(again[0] - lon).max() < 1e-9 and np.abs(again[1] - lat).max() < 1e-9
