"""Places in WGS 84 as GeoJSON (RFC 7946), and the city's Things on them as one versioned collection."""

import json
import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cityloop.errors import InputError
from cityloop.records import Location, Thing
from cityloop.settings import describe_crs
from cityloop.web.routes import Answer, Asked

if TYPE_CHECKING:
    from cityloop.web.service import Service

__all__ = ["GEOJSON", "Places", "geojson", "get_things"]

GEOJSON = "application/geo+json"
Box = tuple[float, float, float, float]
"""West, south, east, north in degrees; west > east spans the 180th meridian."""


# --- conversion --------------------------------------------------------------------------------------------------
def geojson(places: Sequence[Location]) -> list[dict[str, Any]]:
    """Each Location as GeoJSON in WGS 84 (longitude, latitude); where its own coordinates have no known way there it is a
    Feature without geometry that holds them as given: nothing is put at a wrong place.
    """
    by_crs: dict[str, list[int]] = {}
    for i, place in enumerate(places):
        by_crs.setdefault(place.crs, []).append(i)
    found: list[dict[str, Any]] = [{} for _ in places]
    for crs, members in by_crs.items():
        to_wgs84 = _transformer(crs)
        for i in members:
            found[i] = (_geometry(places[i], to_wgs84) if to_wgs84 is not None else None) or _as_given(places[i])
    return found


def _transformer(crs: str) -> Any:
    """From coordinates (x, y) of a system to longitude and latitude; None where there is no official way."""
    if not crs.upper().startswith("EPSG:"):
        return None
    from pyproj import Transformer

    described = describe_crs(crs)
    assert described is not None
    return Transformer.from_crs(crs, "EPSG:4326", always_xy=True)


def _geometry(place: Location, transformer: Any) -> dict[str, Any] | None:
    """None for coordinates that lie outside their system: they have no place."""
    xs, ys = transformer.transform(*zip(*place.coordinates, strict=True))
    points = [[round(float(x), 8), round(float(y), 8)] for x, y in zip(xs, ys, strict=True)]
    if not all(math.isfinite(x) and math.isfinite(y) for x, y in points):
        return None
    if place.geometry == "point":
        return {"type": "Point", "coordinates": points[0]}
    if place.geometry == "line":
        return {"type": "LineString", "coordinates": points}
    ring = points if points[0] == points[-1] else [*points, points[0]]
    return {"type": "Polygon", "coordinates": [ring]}


def _as_given(place: Location) -> dict[str, Any]:
    held = {"crs": place.crs, "geometry": place.geometry, "coordinates": place.coordinates}
    return {"type": "Feature", "geometry": None, "properties": held}


# --- Things on them ----------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class _Drawn:
    """A Thing as an encoded Feature, its kind and its box; no box where it has no place in WGS 84."""

    kind: str
    box: Box | None
    feature: str


class Places:
    """The Things of a city as Features, made anew when a Thing or a Location changed."""

    def __init__(self) -> None:
        self._stamp, self._drawn = -1, list[_Drawn]()
        self._guard = threading.Lock()

    def of(self, service: "Service") -> tuple[int, list[_Drawn]]:
        """The stamp of the last change of a Thing or Location, and all Things as they stand then, by id."""
        with self._guard:
            stamp = service.store.stamp(Thing, Location)
            if stamp != self._stamp:
                self._drawn, self._stamp = _drawn(service, stamp), stamp
            return self._stamp, self._drawn


def _drawn(service: "Service", stamp: int) -> list[_Drawn]:
    places = service.store.records(Location, service.who, stamp=stamp)
    by_id = dict(zip([p.id for p in places], geojson(places), strict=True))
    return [_draw(t, by_id) for t in service.store.records(Thing, service.who, stamp=stamp)]


def _draw(thing: Thing, places: Mapping[str, dict[str, Any]]) -> _Drawn:
    place = places.get(thing.location)
    geometry = place if place is not None and place["type"] != "Feature" else None
    said: dict[str, Any] = {**thing.properties, "kind": thing.kind, "name": thing.name, "version": thing.version}
    if thing.simulated:
        said["simulated"] = True
    if place is not None and geometry is None:
        said["as_given"] = place["properties"]
    feature = {"type": "Feature", "id": thing.id, "geometry": geometry, "properties": said}
    text = json.dumps(feature, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return _Drawn(thing.kind, _box(geometry) if geometry else None, text)


def _box(geometry: Mapping[str, Any]) -> Box:
    given = geometry["coordinates"]
    points = {"Point": [given], "LineString": given, "Polygon": given[0]}[geometry["type"]]
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def get_things(asked: Asked) -> Answer:
    """Things with their geometry in WGS 84, of one kind or all, within a box or anywhere; 304 where nothing changed.

    Without a box, Things without a known place are among them, as Features without geometry; within one they cannot be
    said to lie, and `unplaced` counts them.
    """
    from cityloop import __version__

    kinds, box = set(asked.query.get("kind", ())), _asked_box(asked)
    stamp, drawn = asked.service.places.of(asked.service)
    tag = f'"{__version__}-{stamp}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in [given.strip().removeprefix("W/") for given in asked.headers.get("if-none-match", "").split(",")]:
        return Answer(b"", GEOJSON, 304, headers)
    known = {d.kind for d in drawn}
    if strange := kinds - known:
        raise InputError(
            "No Things of this kind.",
            where="kind",
            got=", ".join(sorted(strange))[:300],
            allowed=", ".join(sorted(known)),
        )
    wanted = [d for d in drawn if not kinds or d.kind in kinds]
    shown = [d for d in wanted if box is None or (d.box is not None and _meet(d.box, box))]
    unplaced = sum(d.box is None for d in wanted)
    head = f'{{"type":"FeatureCollection","version":{stamp},"unplaced":{unplaced},"features":['
    return Answer((head + ",".join(d.feature for d in shown) + "]}").encode(), GEOJSON, headers=headers)


def _asked_box(asked: Asked) -> Box | None:
    text = asked.one("bbox")
    if not text:
        return None
    try:
        west, south, east, north = (float(part) for part in text[:200].split(","))
    except ValueError:
        west = south = east = north = math.nan
    if not (all(-180 <= x <= 180 for x in (west, east)) and -90 <= south <= north <= 90):
        raise InputError(
            "Not a box.", where="bbox", got=text[:100], allowed="west,south,east,north in degrees of WGS 84"
        )
    return west, south, east, north


def _meet(one: Box, box: Box) -> bool:
    """Whether the box of a Thing and the box asked for overlap or touch."""
    west, south, east, north = box
    if one[3] < south or one[1] > north:
        return False
    if west <= east:
        return one[2] >= west and one[0] <= east
    return one[2] >= west or one[0] <= east
