"""GCJ-02 and BD-09, the shifted longitudes and latitudes of Chinese maps, to and from WGS 84.

The shifts are not published officially. These are the approximations known since 2013 from open projects (eviltransform, MIT
licence; PRCoords, public domain); both give the same places as here to a few centimetres. How far a map service itself departs
from them is not published. Inside China only: elsewhere maps are not shifted.
"""

import math

import numpy as np
import numpy.typing as npt

__all__ = ["ACCURACY_M", "CHINA_BOX", "bd09_to_wgs84", "gcj02_to_wgs84", "wgs84_to_bd09", "wgs84_to_gcj02"]

Floats = npt.NDArray[np.float64]
Pair = tuple[Floats, Floats]

ACCURACY_M = {"GCJ-02": 10.0, "BD-09": 50.0}
"""Assumed error beside the map services themselves; of two points that eviltransform's tests state in BD-09 and WGS 84, these
formulas (and PRCoords) miss one by 11 m, the other by 41 m."""
CHINA_BOX = (72.004, 0.8293, 137.8347, 55.8271)
"""West, south, east, north: the box in which the open projects shift; it holds parts of the neighbouring countries too."""
_AXIS_M, _ECCENTRICITY2 = 6378245.0, 0.00669342162296594323
"""Krassovsky 1940, on which the shift in metres is turned into degrees."""
_TURN = math.pi * 3000.0 / 180.0
_ROUNDS = 12
"""Each round shrinks the error of the inverse about a thousandfold near China: far more than enough."""


def wgs84_to_gcj02(lon: Floats, lat: Floats) -> Pair:
    """Degrees (n,) and (n,) -> degrees.

    >>> lon, lat = wgs84_to_gcj02(np.array([121.5272106]), np.array([31.1774276]))
    >>> f"{lon[0]:.6f} {lat[0]:.6f}"
    '121.531542 31.175304'
    """
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    ripple = _waves(x, (20.0, 6.0), (20.0, 2.0))
    north = -100 + 2 * x + 3 * y + 0.2 * y**2 + 0.1 * x * y + 0.2 * root + ripple
    north += _waves(y, (20.0, 1.0), (40.0, 1 / 3), (160.0, 1 / 12), (320.0, 1 / 30))
    east = 300 + x + 2 * y + 0.1 * x**2 + 0.1 * x * y + 0.1 * root + ripple
    east += _waves(x, (20.0, 1.0), (40.0, 1 / 3), (150.0, 1 / 12), (300.0, 1 / 30))
    square = 1 - _ECCENTRICITY2 * np.sin(np.radians(lat)) ** 2
    meridian_m = _AXIS_M * (1 - _ECCENTRICITY2) / square**1.5
    parallel_m = _AXIS_M / np.sqrt(square) * np.cos(np.radians(lat))
    return lon + np.degrees(east / parallel_m), lat + np.degrees(north / meridian_m)


def _waves(x: Floats, *waves: tuple[float, float]) -> Floats:
    """Two thirds of the sum of height * sin(times * pi * x)."""
    total: Floats = np.zeros_like(x)
    for height, times in waves:
        total = total + height * np.sin(times * math.pi * x)
    return total * 2 / 3


def wgs84_to_bd09(lon: Floats, lat: Floats) -> Pair:
    """Degrees (n,) and (n,) -> degrees: GCJ-02 first, then a step of some 0.0065 and 0.006 degrees more."""
    x, y = wgs84_to_gcj02(lon, lat)
    far = np.hypot(x, y) + 0.00002 * np.sin(y * _TURN)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * _TURN)
    return far * np.cos(angle) + 0.0065, far * np.sin(angle) + 0.006


def gcj02_to_wgs84(lon: Floats, lat: Floats) -> Pair:
    """The inverse of wgs84_to_gcj02, to less than a millimetre."""
    return _inverse(lon, lat, bd09=False)


def bd09_to_wgs84(lon: Floats, lat: Floats) -> Pair:
    """The inverse of wgs84_to_bd09, to less than a millimetre."""
    return _inverse(lon, lat, bd09=True)


def _inverse(lon: Floats, lat: Floats, *, bd09: bool) -> Pair:
    """Step back by the shift found where the last step came to."""
    forward = wgs84_to_bd09 if bd09 else wgs84_to_gcj02
    x, y = lon, lat
    for _ in range(_ROUNDS):
        there = forward(x, y)
        x, y = x + (lon - there[0]), y + (lat - there[1])
    return x, y
