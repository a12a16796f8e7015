"""The city's records as tables of the standard's entities, made anew when a record changed."""

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from cityloop.records import Datastream, Location, ObservedProperty, Record, Sensor, Thing
from cityloop.web.places import GEOJSON, geojson
from cityloop.web.sensorthings.model import MEASUREMENT

if TYPE_CHECKING:
    from cityloop.web.service import Service

__all__ = ["Tables"]


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
    drawn = dict(zip(places, map(_json, geojson(list(places.values()))), strict=True))
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
                (p.id, p.name, f"{p.geometry}, {p.crs}", GEOJSON, drawn[p.id], _json({"crs": p.crs, **_marked(p)}))
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
                 drawn.get(t.location) or _json({"type": "Feature", "geometry": None, "properties": {}}),
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
