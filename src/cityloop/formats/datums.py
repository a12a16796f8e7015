"""Coordinates read in one system or another, brought to WGS 84 for comparison only: none is ever changed.

Transformations are EPSG's as PROJ ships them; nothing is fetched, so a grid that is not installed is not used. Each reading says
how accurate its transformation is, or that none is public for the place.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cityloop.formats.shifted import ACCURACY_M, CHINA_BOX, bd09_to_wgs84, gcj02_to_wgs84

__all__ = ["EARTH_M", "Reading", "in_area", "other_readings", "read_stated"]

Floats = npt.NDArray[np.float64]

EARTH_M = 6_371_000.0
_WGS84 = "EPSG:4326"
_CGCS2000, _CGCS2000_M = 4490, 1.0
"""EPSG has no transformation of CGCS2000 to WGS 84 and PROJ takes them for the same; both follow ITRF: a metre is assumed."""
_SAME_M, _ODD_M = 20.0, 5000.0
"""A datum that moves a place by less is WGS 84 for the purpose of finding a shift of 50 m and more; one that moves it by more
counts longitude from another meridian."""
_GEOCENTRIC = ("GRS 1980", "WGS 84")
"""Ellipsoids of geocentric datums: these differ from WGS 84 by a few metres, whether or not a transformation is public."""
_SLACK_DEG = 1.0
"""Cities reach over the edge of their zone."""
_SHIFTED = {"GCJ-02": gcj02_to_wgs84, "BD-09": bd09_to_wgs84}


@dataclass(frozen=True)
class Reading:
    """Coordinates as read in system `name`: WGS 84 degrees `lon` (n,) and `lat` (n,).

    `accuracy_m` of the transformation, None where none is public and the datum is taken for WGS 84 itself. `borrowed` = the
    transformations were published for other areas, and the accuracy is their spread here; `grid` = a more accurate one needs
    a grid that is not installed. `system` is what is read, as pyproj has it, or the text to state in city.toml.
    """

    name: str
    lon: Floats
    lat: Floats
    accuracy_m: float | None
    system: Any = ""
    borrowed: bool = False
    grid: bool = False

    @property
    def crs(self) -> str:
        """What to state in city.toml: "EPSG:2437", "GCJ-02"; "" where EPSG has no such projection on this datum."""
        if isinstance(self.system, str):
            return self.system
        code = self.system.to_epsg(min_confidence=70)
        return f"EPSG:{code}" if code else ""


def read_stated(crs: str, x: Floats, y: Floats) -> Reading:
    """Coordinates (n,), (n,) in the system that is stated for them; `crs` is known to settings.describe_crs, not "local"."""
    if crs in _SHIFTED:
        return Reading(crs, *_SHIFTED[crs](x, y), ACCURACY_M[crs], crs)
    system = _offline().CRS(crs)
    lon, lat = _degrees(system, x, y)
    return _on_datum(system.geodetic_crs, crs, lon, lat, crs)


def other_readings(crs: str, x: Floats, y: Floats) -> tuple[tuple[Reading, ...], tuple[str, ...]]:
    """The same numbers as if stated in other systems of their place, and the names of those that cannot be tried.

    Degrees are read as degrees on another datum; projected numbers as made by the same projection from another datum. Tried:
    WGS 84, in China's box GCJ-02 and BD-09, and every datum whose EPSG area of use holds the place and that moves it; the most
    local ones come first.
    """
    pyproj = _offline()
    system = None if crs in _SHIFTED else pyproj.CRS(crs)
    lon, lat = (x, y) if system is None else _degrees(system, x, y)
    place = float(np.median(lon)), float(np.median(lat))
    flat = system is None or system.is_geographic
    found = []
    if _inside(CHINA_BOX, *place):
        found += [
            Reading(name, *inverse(lon, lat), ACCURACY_M[name], name if flat else "")
            for name, inverse in _SHIFTED.items()
            if name != crs
        ]
    untried = []
    for code, name in _datums_of(place):
        datum = pyproj.CRS.from_epsg(code)
        if datum.ellipsoid.name in _GEOCENTRIC or (system is not None and datum == system.geodetic_crs):
            continue
        there = _reprojected(system, datum)
        there_lon, there_lat = (x, y) if there is None else _degrees(there, x, y)
        reading = _on_datum(datum, name, there_lon, there_lat, datum if there is None else there)
        if reading.accuracy_m is None:
            untried.append(name)
        elif _SAME_M <= _move_m(there_lon, there_lat, reading) <= _ODD_M:
            found.append(reading)
    if crs != _WGS84:
        found.append(_plain(system, x, y))
    return tuple(found), tuple(untried)


def in_area(crs: str, x: Floats, y: Floats) -> npt.NDArray[np.bool_]:
    """Whether each position (n,) lies in the area its system is made for, with a degree to spare; all true for "local"."""
    if crs == "local":
        return np.ones(len(x), dtype=bool)
    if crs in _SHIFTED:
        return np.asarray(_inside(CHINA_BOX, x, y), dtype=bool)
    system = _offline().CRS(crs)
    lon, lat = _degrees(system, x, y)
    area = system.area_of_use
    inside = _inside(area.bounds if area else (-180, -90, 180, 90), lon, lat)
    return np.asarray(inside & np.isfinite(lon) & np.isfinite(lat), dtype=bool)


def _offline() -> Any:
    """pyproj, kept from fetching grids: the same city gives the same answer on every machine."""
    import pyproj.network

    pyproj.network.set_network_enabled(active=False)  # type: ignore[attr-defined]  # public, but not in its __all__
    return pyproj


def _inside(box: tuple[float, float, float, float], lon: Any, lat: Any) -> Any:
    west, south, east, north = box
    slack = _SLACK_DEG if box != CHINA_BOX else 0.0
    width = (east - west) % 360 or 360.0
    across = (lon - west + slack) % 360 <= width + 2 * slack
    return across & (abs(lon) <= 180) & (abs(lat) <= 90) & (lat >= south - slack) & (lat <= north + slack)


def _degrees(system: Any, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Longitude and latitude on the system's own datum; infinite where impossible."""
    to_datum = _offline().Transformer.from_crs(system, system.geodetic_crs, always_xy=True, allow_ballpark=True)
    lon, lat = to_datum.transform(x, y)
    return np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)


def _reprojected(system: Any, datum: Any) -> Any:
    """The projection of `system` on another datum; None where `system` is degrees."""
    if system is None or system.is_geographic:
        return None
    from pyproj.crs import ProjectedCRS

    return ProjectedCRS(
        conversion=system.coordinate_operation, geodetic_crs=datum, cartesian_cs=system.coordinate_system,
        name=f"{datum.name} / {system.coordinate_operation.name}",
    )  # fmt: skip


def _plain(system: Any, x: Floats, y: Floats) -> Reading:
    """Read on WGS 84 itself."""
    there = _reprojected(system, _offline().CRS(_WGS84))
    lon, lat = (x, y) if there is None else _degrees(there, x, y)
    return Reading("WGS 84", lon, lat, 0.0, _WGS84 if there is None else there)


def _datums_of(place: tuple[float, float]) -> Iterator[tuple[int, str]]:
    """EPSG code and name of every geographic system that is made for an area around the place, not for the world."""
    from pyproj.aoi import AreaOfInterest
    from pyproj.database import query_crs_info
    from pyproj.enums import PJType

    lon, lat = place
    around = AreaOfInterest(lon, lat, lon, lat)
    found = query_crs_info("EPSG", PJType.GEOGRAPHIC_2D_CRS, area_of_interest=around, contains=True)
    areas = [(info, info.area_of_use) for info in found if info.area_of_use is not None]
    for info, area in sorted(areas, key=lambda pair: _size(*pair[1].bounds)):
        if not str(area.name).startswith("World"):
            yield int(info.code), str(info.name)


def _size(west: float, south: float, east: float, north: float) -> float:
    return ((east - west) % 360) * (north - south)


def _on_datum(datum: Any, name: str, lon: Floats, lat: Floats, system: Any) -> Reading:
    """Degrees on `datum` brought to WGS 84 by the most accurate transformation that is published for the place."""
    code = datum.to_epsg()
    if code == 4326 or not np.isfinite(lon).any():
        return Reading(name, lon, lat, 0.0, system)
    if code == _CGCS2000:
        return Reading(name, lon, lat, _CGCS2000_M, system)
    place = float(np.nanmedian(lon)), float(np.nanmedian(lat))
    ways, grid = _ways(code or datum, place)
    here = [w for w in ways if w.area_of_use is None or _inside_exactly(w.area_of_use.bounds, *place)]
    if here:
        best = min(here, key=lambda w: float(w.accuracy))
        return Reading(name, *_transformed(best, lon, lat), float(best.accuracy), system, grid=grid)
    if not ways:
        return Reading(name, lon, lat, None, system)
    all_lon, all_lat = (np.array(a) for a in zip(*(_transformed(w, lon, lat) for w in ways), strict=True))
    found = Reading(name, np.median(all_lon, axis=0), np.median(all_lat, axis=0), None, system, borrowed=True)
    spread = max(_move_m(lon_there, lat_there, found) for lon_there, lat_there in zip(all_lon, all_lat, strict=True))
    return Reading(name, found.lon, found.lat, spread, system, borrowed=True)


def _ways(datum: Any, place: tuple[float, float]) -> tuple[list[Any], bool]:
    """The transformations to WGS 84 with a known accuracy, and whether a better one here lacks its grid."""
    import warnings

    from pyproj.transformer import TransformerGroup

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # says that the best one lacks its grid: so does `grid`
        group = TransformerGroup(datum, 4326, always_xy=True)
    usable = [t for t in group.transformers if t.accuracy >= 0 and "Ballpark" not in t.description]
    lacking = [
        o for o in group.unavailable_operations
        if o.area_of_use is None or _inside_exactly(o.area_of_use.bounds, *place)
    ]  # fmt: skip
    return usable, bool(lacking)


def _inside_exactly(box: tuple[float, float, float, float], lon: float, lat: float) -> bool:
    west, south, east, north = box
    across = west <= lon <= east if west <= east else (lon >= west or lon <= east)
    return across and south <= lat <= north


def _transformed(way: Any, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    there = way.transform(lon, lat)
    return np.asarray(there[0], dtype=np.float64), np.asarray(there[1], dtype=np.float64)


def _move_m(lon: Floats, lat: Floats, reading: Reading) -> float:
    """Median distance between degrees as they stand and as read."""
    east = np.radians(reading.lon - lon) * np.cos(np.radians(lat))
    return float(np.nanmedian(np.hypot(east, np.radians(reading.lat - lat))) * EARTH_M)
