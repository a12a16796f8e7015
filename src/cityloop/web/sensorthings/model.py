"""The entities of the standard, their properties as SQL, and how they are related."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cityloop.records import Quality

__all__ = ["BY_SET", "KINDS", "MEASUREMENT", "OBSERVATION", "ROOT", "Kind", "Link", "Property"]

ROOT = "/sta/v1.1"
#: The one type of observation: its result is a number.
MEASUREMENT = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"

Type = Literal["text", "number", "time", "json"]
#: The rows that stand; `{seq}` is the seq that is read up to. Conditions on the group's columns are pushed into it by the engine.
OBSERVATION = (
    "(SELECT datastream AS number, time, variant, arg_max(value, seq) AS value, arg_max(quality, seq) AS quality "
    "FROM observation WHERE seq <= {seq} GROUP BY ALL "
    f"HAVING arg_max(quality, seq) <> {int(Quality.TOMBSTONE)})"
)


@dataclass(frozen=True)
class Property:
    """A property: its SQL on the entity's row `{a}` and its type."""

    sql: str
    type: Type


@dataclass(frozen=True)
class Link:
    """A related entity: its kind, whether there may be many, and the joins from `{a}` to it as `{b}` (`{m}` in between)."""

    kind: str
    many: bool
    join: str


@dataclass(frozen=True)
class Kind:
    """One entity set. `table` is what is read, `key` the SQL of its id, `order` the columns of its default order."""

    name: str
    set: str
    table: str
    key: str
    order: tuple[str, ...]
    properties: Mapping[str, Property]
    links: Mapping[str, Link]


def _texts(*names: str) -> dict[str, Property]:
    return {name: Property(f"{{a}}.{name}", "text") for name in names}


_PROPERTIES = {"properties": Property("{a}.properties", "json")}
KINDS: dict[str, Kind] = {
    "Thing": Kind(
        "Thing", "Things", "sta_thing", "{a}.id", ("id",), {**_texts("name", "description"), **_PROPERTIES},
        {
            "Locations": Link("Location", True, "JOIN sta_place {m} ON {m}.thing = {a}.id JOIN {B} {b} ON {b}.id = {m}.location"),
            "HistoricalLocations": Link("HistoricalLocation", True, "JOIN {B} {b} ON {b}.thing = {a}.id"),
            "Datastreams": Link("Datastream", True, "JOIN {B} {b} ON {b}.thing = {a}.id"),
        },
    ),
    "Location": Kind(
        "Location", "Locations", "sta_location", "{a}.id", ("id",),
        {**_texts("name", "description", "encodingType"), "location": Property("{a}.location", "json"), **_PROPERTIES},
        {
            "Things": Link("Thing", True, "JOIN sta_place {m} ON {m}.location = {a}.id JOIN {B} {b} ON {b}.id = {m}.thing"),
            "HistoricalLocations": Link("HistoricalLocation", True, "JOIN {B} {b} ON {b}.location = {a}.id"),
        },
    ),
    "HistoricalLocation": Kind(
        "HistoricalLocation", "HistoricalLocations", "sta_history", "{a}.id", ("id",),
        {"time": Property("{a}.time", "time")},
        {
            "Thing": Link("Thing", False, "JOIN {B} {b} ON {b}.id = {a}.thing"),
            "Locations": Link("Location", True, "JOIN {B} {b} ON {b}.id = {a}.location"),
        },
    ),
    "Sensor": Kind(
        "Sensor", "Sensors", "sta_sensor", "{a}.id", ("id",),
        {**_texts("name", "description", "encodingType", "metadata"), **_PROPERTIES},
        {"Datastreams": Link("Datastream", True, "JOIN {B} {b} ON {b}.sensor = {a}.id")},
    ),
    "ObservedProperty": Kind(
        "ObservedProperty", "ObservedProperties", "sta_property", "{a}.id", ("id",),
        {**_texts("name", "definition", "description"), **_PROPERTIES},
        {"Datastreams": Link("Datastream", True, "JOIN {B} {b} ON {b}.property = {a}.id")},
    ),
    "Datastream": Kind(
        "Datastream", "Datastreams", "sta_datastream", "{a}.id", ("id",),
        {
            **_texts("name", "description"), "unitOfMeasurement": Property("{a}.unit", "json"),
            **_texts("observationType"), **_PROPERTIES,
        },
        {
            "Thing": Link("Thing", False, "JOIN {B} {b} ON {b}.id = {a}.thing"),
            "Sensor": Link("Sensor", False, "JOIN {B} {b} ON {b}.id = {a}.sensor"),
            "ObservedProperty": Link("ObservedProperty", False, "JOIN {B} {b} ON {b}.id = {a}.property"),
            "Observations": Link("Observation", True, "JOIN {B} {b} ON {b}.number = {a}.number"),
        },
    ),
    "Observation": Kind(
        "Observation", "Observations", OBSERVATION,
        "({a}.number || '-' || epoch_us({a}.time) || '-' || {a}.variant)", ("number", "time", "variant"),
        {
            "phenomenonTime": Property("{a}.time", "time"), "result": Property("{a}.value", "number"),
            "resultTime": Property("CAST(NULL AS TIMESTAMPTZ)", "time"),
            "resultQuality": Property("{a}.quality", "number"),
        },
        {
            "Datastream": Link("Datastream", False, "JOIN {B} {b} ON {b}.number = {a}.number"),
            "FeatureOfInterest": Link(
                "FeatureOfInterest", False,
                "JOIN sta_datastream {m} ON {m}.number = {a}.number JOIN {B} {b} ON {b}.thing = {m}.thing",
            ),
        },
    ),
    "FeatureOfInterest": Kind(
        "FeatureOfInterest", "FeaturesOfInterest", "sta_feature", "{a}.id", ("id",),
        {**_texts("name", "description", "encodingType"), "feature": Property("{a}.feature", "json"), **_PROPERTIES},
        {
            "Observations": Link(
                "Observation", True,
                "JOIN sta_datastream {m} ON {m}.thing = {a}.thing JOIN {B} {b} ON {b}.number = {m}.number",
            ),
        },
    ),
}  # fmt: skip
BY_SET = {kind.set: kind for kind in KINDS.values()}
