"""The city's records as tables of the standard's entities, made anew when a record changed."""

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from cityloop.records import Datastream, Location, ObservedProperty, Record, Sensor, Thing
from cityloop.settings import describe_crs
from cityloop.web.sensorthings.model import MEASUREMENT

if TYPE_CHECKING:
    from cityloop.web.service import Service

__all__ = ["Tables"]

GEOJSON = "application/geo+json"


class Tables:
    """Arrow tables by name; `of` gives those of the records as they stand now."""

    def __init__(self) -> None:
        self._stamp, self._made = -1, dict[str, pa.Table]()

    def of(self, service: "Service") -> dict[str, pa.Table]:
        """The tables, kept as long as no record changes."""
        stamp = service.store.stamp()
        if stamp != self._stamp:
            self._made, self._stamp = _tables(service), stamp
        return self._made


def _tables(service: "Service") -> dict[str, pa.Table]:
    store, who = service.store, service.who
    streams = store.records(Datastream, who)
    observed = {s.thing for s in streams}
    # A city has tens of thousands of pipes; the standard's Things are those that are observed or stand somewhere.
    things = [t for t in store.records(Thing, who) if t.location or t.id in observed or t.kind == "thing"]
    places = {p.id: p for p in store.records(Location, who)}
    numbers = store.control.numbers()
    geojson = dict(zip(places, _geojson(list(places.values())), strict=True))
    located = [(t, places[t.location]) for t in things if t.location in places]
    properties = {s.observed_property: (s.unit, f"urn:cityloop:property:{s.observed_property}") for s in streams}
    for stated in store.records(ObservedProperty, who):
        unit = properties[stated.name][0] if stated.name in properties else stated.unit
        properties[stated.name] = (unit, stated.definition or f"urn:cityloop:property:{stated.name}")
    return {
        "sta_thing": _table(
            ("id", "name", "description", "properties"),
            ((t.id, t.name, t.kind, _json({**t.properties, "kind": t.kind, **_marked(t)})) for t in things),
        ),
        "sta_place": _table(("thing", "location"), ((t.id, p.id) for t, p in located)),
        "sta_location": _table(
            ("id", "name", "description", "encodingType", "location", "properties"),
            (
                (p.id, p.name, f"{p.geometry}, {p.crs}", GEOJSON, geojson[p.id], _json({"crs": p.crs, **_marked(p)}))
                for p in places.values()
            ),
        ),
        "sta_history": _table(("id", "thing", "location"), ()).append_column(
            "time", pa.array([], pa.timestamp("us", "UTC"))
        ),
        "sta_sensor": _table(
            ("id", "name", "description", "encodingType", "metadata", "properties"),
            (
                (x.id, x.name, x.description or x.name, "text/plain", x.description or "not stated",
                 _json({**({"noise_sd": x.noise_sd} if x.noise_sd is not None else {}), **_marked(x)}))
                for x in store.records(Sensor, who)
            ),
        ),
        "sta_property": _table(
            ("id", "name", "definition", "description", "properties"),
            (
                (name, name, definition, f"{name}, {unit}", _json({"unit": unit}))
                for name, (unit, definition) in sorted(properties.items())
            ),
        ),
        "sta_datastream": _table(
            ("id", "name", "description", "unit", "observationType", "thing", "sensor", "property", "properties"),
            (
                (s.id, s.name, f"{s.observed_property}, {s.statistic} of {s.step_s} s", _json(_unit(s.unit)), MEASUREMENT,
                 s.thing, s.sensor, s.observed_property,
                 _json({"statistic": s.statistic, "step_s": s.step_s, "source": s.source, **_marked(s)}))
                for s in streams
            ),
        ).append_column("number", pa.array([numbers[s.id] for s in streams], pa.int32())),
        "sta_feature": _table(
            ("id", "name", "description", "encodingType", "feature", "properties", "thing"),
            (
                (f"{t.id}:feature", t.name, t.kind, GEOJSON,
                 geojson.get(t.location) or _json({"type": "Feature", "geometry": None, "properties": {}}),
                 _json(_marked(t)), t.id)
                for t in things if t.id in observed
            ),
        ),
    }  # fmt: skip


def _table(columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> pa.Table:
    """A table of texts."""
    found = list(rows)
    return pa.table({name: pa.array([row[i] for row in found], pa.string()) for i, name in enumerate(columns)})


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _marked(record: Record) -> dict[str, Any]:
    """That a record is simulated, wherever it is shown."""
    return {"simulated": True} if record.simulated else {}


def _unit(unit: str) -> dict[str, str]:
    return {"name": unit, "symbol": unit, "definition": f"https://ucum.org/ucum#{unit}"}


def _geojson(places: Sequence[Location]) -> list[str]:
    """Each Location as GeoJSON in WGS 84 (longitude, latitude); where its own coordinates have no known way there it is a
    Feature without geometry that holds them as given: nothing is put at a wrong place.
    """
    by_crs: dict[str, list[int]] = {}
    for i, place in enumerate(places):
        by_crs.setdefault(place.crs, []).append(i)
    found = [""] * len(places)
    for crs, members in by_crs.items():
        to_wgs84 = _transformer(crs)
        for i in members:
            place = places[i]
            found[i] = _json(_feature(place) if to_wgs84 is None else _geometry(place, to_wgs84))
    return found


def _transformer(crs: str) -> Any:
    """From coordinates (x, y) of a system to longitude and latitude; None where there is no official way."""
    if not crs.upper().startswith("EPSG:"):
        return None
    from pyproj import Transformer

    described = describe_crs(crs)
    assert described is not None
    return Transformer.from_crs(crs, "EPSG:4326", always_xy=True)


def _geometry(place: Location, transformer: Any) -> dict[str, Any]:
    xs, ys = transformer.transform(*zip(*place.coordinates, strict=True))
    points = [[round(float(x), 8), round(float(y), 8)] for x, y in zip(xs, ys, strict=True)]
    if place.geometry == "point":
        return {"type": "Point", "coordinates": points[0]}
    if place.geometry == "line":
        return {"type": "LineString", "coordinates": points}
    ring = points if points[0] == points[-1] else [*points, points[0]]
    return {"type": "Polygon", "coordinates": [ring]}


def _feature(place: Location) -> dict[str, Any]:
    held = {"crs": place.crs, "geometry": place.geometry, "coordinates": place.coordinates}
    return {"type": "Feature", "geometry": None, "properties": held}
