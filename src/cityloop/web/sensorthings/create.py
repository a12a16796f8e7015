"""Entities in: what a client of the standard posts becomes records of the city, with everything nested in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import uuid4

import msgspec

from cityloop.errors import InputError
from cityloop.records import Datastream, Location, ObservedProperty, Record, Sensor, Thing, record_id
from cityloop.units import QUANTITIES
from cityloop.web.faults import HttpFault
from cityloop.web.ingest import Row, post_rows
from cityloop.web.routes import Answer, Asked, Pending
from cityloop.web.sensorthings.model import BY_SET, KINDS, MEASUREMENT, ROOT

if TYPE_CHECKING:
    from cityloop.web.service import Service

__all__ = ["post_entity"]

Body = Mapping[str, Any]
_STATISTICS = ("instant", "mean", "total", "counter")
#: Kind -> what a client may post besides links to what exists.
_ALLOWED = {
    "Thing": ("name", "description", "properties", "Locations", "Datastreams"),
    "Location": ("name", "description", "encodingType", "location", "properties", "Things"),
    "Sensor": ("name", "description", "encodingType", "metadata", "properties", "Datastreams"),
    "ObservedProperty": ("name", "definition", "description", "properties", "Datastreams"),
    "Datastream": (
        "name", "description", "unitOfMeasurement", "observationType", "properties", "Thing", "Sensor", "ObservedProperty",
        "Observations", "observedArea", "phenomenonTime", "resultTime",
    ),
}  # fmt: skip


def post_entity(asked: Asked) -> Answer | Pending:
    """Make an entity, at its set or below an entity that it then belongs to; answered with its address.

    Raises InputError naming the property that is missing, strange or of another type; nothing of it is kept then.
    """
    path = asked.path["path"].strip("/")
    parent, _, set_ = path.rpartition("/")
    if set_ not in BY_SET:
        raise HttpFault(404, "No such entity set.", got=path[:100], allowed=", ".join(sorted(BY_SET)))
    kind = BY_SET[set_].name
    body = asked.decoded(dict[str, Any])
    if parent:
        body = {**body, **_owner(parent, kind)}
    if kind not in _ALLOWED:
        raise InputError(
            f"{set_} cannot be made here.", where=set_, allowed=", ".join(BY_SET_MADE),
            cure="Features of interest and historical locations follow from Things; observations have a Datastream.",
        )  # fmt: skip
    maker = _Maker(asked.service)
    made = maker.make(kind, body, kind)
    asked.service.store.put(list(maker.records.values()))
    headers = {"Location": f"{asked.base}{ROOT}/{set_}('{quote(made, safe=':')}')"}
    if not maker.rows:
        return Answer(b"", status=201, headers=headers)
    promise, refused = post_rows(asked, maker.rows)
    if refused:
        raise InputError("A nested observation cannot be taken; its entities stand.", got=refused[0].reason)
    return Pending(promise, lambda taken: Answer(b"", status=201, headers=headers))


def _owner(parent: str, kind: str) -> dict[str, Any]:
    """The link to the entity below whose address another is posted: Things('1')/Datastreams belongs to that Thing."""
    set_, _, rest = parent.rpartition("/")[2].partition("(")
    if set_ not in BY_SET or not rest:
        raise HttpFault(404, "Not the address of an entity.", got=parent[:100])
    owner = BY_SET[set_].name
    links = {name for name, link in KINDS[kind].links.items() if link.kind == owner}
    if not links:
        raise HttpFault(404, f"{kind} does not belong to {owner}.", got=parent[:100])
    id_ = rest.rstrip(")").strip("'").replace("''", "'")
    name = links.pop()
    return {name: [{"@iot.id": id_}] if KINDS[kind].links[name].many else {"@iot.id": id_}}


BY_SET_MADE = tuple(sorted(KINDS[kind].set for kind in _ALLOWED))


@dataclass
class _Maker:
    """Records that a body asks for, gathered so that all of them are kept or none."""

    service: "Service"
    records: dict[str, Record] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)

    def make(self, kind: str, body: Body, where: str) -> str:
        """One entity with what is nested in it; its id."""
        for name in body:
            if name not in _ALLOWED[kind] and not name.startswith("@iot"):
                raise InputError(
                    f"{kind} has no such property.", where=where, got=name, allowed=", ".join(_ALLOWED[kind])
                )
        made: str = getattr(self, f"_{kind.lower()}")(body, where)
        return made

    def _thing(self, body: Body, where: str) -> str:
        properties = _properties(body, where)
        kind = str(properties.pop("kind", "thing"))
        name = _text(body, "name", where)
        id_ = self._free(record_id(self.city, "thing", kind, name), "thing")
        locations = _list(body, "Locations", where)
        if len(locations) > 1:
            raise InputError(
                "A Thing stands at one Location.", where=f"{where}/Locations", got=len(locations), allowed="1"
            )
        place = self._one("Location", locations[0], f"{where}/Locations[0]") if locations else ""
        self.records[id_] = Thing(id=id_, kind=kind, name=name, location=place, properties=properties)
        for i, stream in enumerate(_list(body, "Datastreams", where)):
            self.make("Datastream", {**stream, "Thing": {"@iot.id": id_}}, f"{where}/Datastreams[{i}]")
        return id_

    def _location(self, body: Body, where: str) -> str:
        name = _text(body, "name", where)
        geometry, points = _geometry(body.get("location"), f"{where}/location")
        id_ = self._free(record_id(self.city, "location", "place", name), "location")
        self.records[id_] = Location(id=id_, name=name, crs="EPSG:4326", geometry=geometry, coordinates=points)  # type: ignore[arg-type]
        for i, thing in enumerate(_list(body, "Things", where)):
            known = self._known(Thing, thing, f"{where}/Things[{i}]")
            self.records[known.id] = msgspec.structs.replace(known, location=id_)
        return id_

    def _sensor(self, body: Body, where: str) -> str:
        name = _text(body, "name", where)
        id_ = self._free(record_id(self.city, "sensor", name), "sensor")
        properties = _properties(body, where)
        noise = properties.pop("noise_sd", None)
        if properties:
            raise InputError(
                "Properties that a Sensor cannot keep.",
                where=f"{where}/properties",
                got=", ".join(properties),
                allowed="noise_sd",
            )
        said = str(body.get("metadata") or body.get("description") or "")
        self.records[id_] = Sensor(
            id=id_,
            name=name,
            thing="",
            description=said,
            noise_sd=float(noise) if isinstance(noise, int | float) else None,
        )
        return id_

    def _observedproperty(self, body: Body, where: str) -> str:
        """By its name, which is its id: a second one of that name is the first one."""
        name = _text(body, "name", where)
        unit = QUANTITIES[name].unit if name in QUANTITIES else ""
        id_ = record_id(self.city, "observedproperty", name)
        known = {p.id for p in self.service.store.records(ObservedProperty, self.service.who)}
        if id_ not in known:
            said = str(body.get("definition") or "")
            self.records[id_] = ObservedProperty(id=id_, name=name, unit=unit, definition=said)
        return name

    def _datastream(self, body: Body, where: str) -> str:
        name = _text(body, "name", where)
        thing = self._one("Thing", body.get("Thing"), f"{where}/Thing")
        sensor = self._one("Sensor", body.get("Sensor"), f"{where}/Sensor")
        observed = self._one("ObservedProperty", body.get("ObservedProperty"), f"{where}/ObservedProperty")
        if body.get("observationType", MEASUREMENT) != MEASUREMENT:
            raise InputError(
                "Only measurements, whose result is a number.", where=f"{where}/observationType", got=body["observationType"],
                allowed=MEASUREMENT,
            )  # fmt: skip
        unit = _unit(body, observed, where)
        properties = _properties(body, where)
        statistic, step = properties.get("statistic", "instant"), properties.get("step_s", 3600)
        if statistic not in _STATISTICS or not isinstance(step, int | float) or step < 1:
            raise InputError(
                "Not a statistic or a step.",
                where=f"{where}/properties",
                got=f"{statistic}, {step}",
                allowed=", ".join(_STATISTICS),
            )
        id_ = self._free(record_id(self.city, "datastream", name), "datastream")
        self.records[id_] = Datastream(
            id=id_, name=name, thing=thing, sensor=sensor, observed_property=observed, unit=unit, declared_unit=unit,
            statistic=statistic, step_s=int(step), source="sensorthings",  # type: ignore[arg-type]
        )  # fmt: skip
        device = self.records.get(sensor)
        if isinstance(device, Sensor) and not device.thing:
            self.records[sensor] = msgspec.structs.replace(device, thing=thing)
        for i, one in enumerate(_list(body, "Observations", where)):
            result = one.get("result")
            if not isinstance(result, int | float) or isinstance(result, bool):
                raise InputError("Not a number.", where=f"{where}/Observations[{i}]/result", got=str(result)[:60])
            self.rows.append(Row(id_, str(one.get("phenomenonTime")), float(result)))
        return id_

    # --- what it belongs to --------------------------------------------------------------------------------------
    @property
    def city(self) -> str:
        return self.service.city.settings.id

    def _one(self, kind: str, body: Any, where: str) -> str:
        """The id of an entity that is linked to or made in place."""
        if not isinstance(body, dict):
            raise InputError(
                f"{kind} is missing.", where=where, cure='Link one by {"@iot.id": ...}, or give it in place.'
            )
        if set(body) != {"@iot.id"}:
            return self.make(kind, body, where)
        id_ = str(body["@iot.id"])
        if kind == "ObservedProperty":
            named = {p.name for p in self.service.store.records(ObservedProperty, self.service.who)}
            used = {s.observed_property for _, s in self.service.datastreams().values()}
            if id_ not in named | used | set(QUANTITIES):
                raise InputError("No such ObservedProperty.", where=where, got=id_[:100])
            return id_
        nouns: dict[str, type[Record]] = {"Thing": Thing, "Sensor": Sensor, "Location": Location}
        return str(self._known(nouns[kind], body, where).id)

    def _known(self, noun: type[Any], body: Any, where: str) -> Any:
        id_ = str(body.get("@iot.id", "")) if isinstance(body, dict) else ""
        if id_ in self.records:
            return self.records[id_]
        for record in self.service.store.records(noun, self.service.who):
            if record.id == id_:
                return record
        raise InputError(f"No such {noun.__name__}.", where=where, got=id_[:100] or "no @iot.id")

    def _free(self, id_: str, noun: str) -> str:
        """An id that nobody has: that of its name, or where that is taken one of its own, since each post makes a new entity."""
        taken = id_ in self.records or bool(self.service.store.history(id_, self.service.who))
        return record_id(self.city, noun, uuid4().hex) if taken else id_


def _text(body: Body, name: str, where: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise InputError("A text is missing.", where=f"{where}/{name}", got=str(value)[:60])
    return value.strip()


def _list(body: Body, name: str, where: str) -> list[dict[str, Any]]:
    value = body.get(name, [])
    if not isinstance(value, list) or not all(isinstance(x, dict) for x in value):
        raise InputError("Not a list of entities.", where=f"{where}/{name}")
    return value


def _properties(body: Body, where: str) -> dict[str, float | str]:
    """Members that a record can keep: texts and numbers."""
    value = body.get("properties") or {}
    if not isinstance(value, dict):
        raise InputError("Not an object.", where=f"{where}/properties")
    for name, member in value.items():
        if not isinstance(member, str | int | float) or isinstance(member, bool):
            raise InputError(
                "A property that is neither text nor number.", where=f"{where}/properties/{name}", got=str(member)[:60]
            )
    return dict(value)


def _unit(body: Body, observed: str, where: str) -> str:
    """The unit's symbol; for a quantity of the city's own it must be the unit that is kept, since values are not converted."""
    stated = body.get("unitOfMeasurement")
    symbol = stated.get("symbol") if isinstance(stated, dict) else None
    if not isinstance(symbol, str):
        raise InputError(
            "A unit is missing.", where=f"{where}/unitOfMeasurement", allowed='{"name", "symbol", "definition"}'
        )
    kept = QUANTITIES[observed].unit if observed in QUANTITIES else symbol
    if symbol != kept:
        raise InputError(
            f"{observed} is kept in {kept}.", where=f"{where}/unitOfMeasurement/symbol", got=symbol, allowed=kept,
            cure="Send values in it, or name the property otherwise.",
        )  # fmt: skip
    return kept


def _geometry(value: Any, where: str) -> tuple[str, tuple[tuple[float, float], ...]]:
    """GeoJSON Point, LineString or Polygon without holes: longitude and latitude in WGS 84 (RFC 7946)."""
    shape = value.get("geometry", value) if isinstance(value, dict) and value.get("type") == "Feature" else value
    kind = str(shape.get("type")) if isinstance(shape, dict) else ""
    depth = {"Point": 0, "LineString": 1, "Polygon": 2}
    try:
        found = shape["coordinates"]
        if kind == "Polygon" and len(found) > 1:
            raise InputError("A polygon with holes cannot be kept.", where=where)
        points = ([found], found, found[0])[depth[kind]]
        pairs = tuple((float(p[0]), float(p[1])) for p in points)
        if not pairs or any(not (-180 <= x <= 180 and -90 <= y <= 90) for x, y in pairs):
            raise ValueError
    except (KeyError, IndexError, TypeError, ValueError) as fault:
        raise InputError(
            "Not a place.", where=where, got=str(value)[:100],
            allowed="GeoJSON Point, LineString or Polygon, longitude first",
        ) from fault  # fmt: skip
    return ("point", "line", "area")[depth[kind]], pairs
