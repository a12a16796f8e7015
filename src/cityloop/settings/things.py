"""Each [[thing]] of city.toml: what a register says about a thing, where no model says it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cityloop.records import Record, Thing, record_id
from cityloop.settings.faults import Stated, Table
from cityloop.settings.source_settings import read_ref

__all__ = ["ThingSettings", "read_things", "thing_records"]


@dataclass(frozen=True)
class ThingSettings:
    """One thing by kind and name; `properties` by name, whose ending carries the unit (`sn_kva`)."""

    kind: str
    name: str
    properties: Mapping[str, Stated]


def read_things(tables: Sequence[Table]) -> tuple[ThingSettings, ...]:
    """Every [[thing]]."""
    return tuple(_read(table) for table in tables)


def _read(table: Table) -> ThingSettings:
    kind, name = read_ref(table.text("ref") or "meter:x", table.key("ref"), table.faults)
    if kind == "boundary":
        table.faults.add("A boundary stands under [[boundary]].", where=table.key("ref"), got=f"{kind}:{name}")
    inner = table.table("properties")
    found = {key: inner.stated(key) for key in inner.data} if inner is not None else {}
    table.close()
    return ThingSettings(kind, name, {key: value for key, value in found.items() if value is not None})


def thing_records(city: str, things: Sequence[ThingSettings], known: Mapping[str, Record]) -> dict[str, Thing]:
    """The Things with what is stated about them, by id; what a model says about one stays unless it is stated here."""
    found: dict[str, Thing] = {}
    for stated in things:
        id = record_id(city, "thing", stated.kind, stated.name)
        before = found.get(id) or known.get(id)
        properties: dict[str, float | str] = {}
        for key, number in stated.properties.items():
            properties |= {key: number.value, f"{key}_source": number.source, f"{key}_status": number.status}
        if isinstance(before, Thing):
            found[id] = Thing(
                id=id, kind=before.kind, name=before.name, location=before.location, relations=before.relations,
                properties={**before.properties, **properties},
            )  # fmt: skip
        else:
            found[id] = Thing(id=id, kind=stated.kind, name=stated.name, properties=properties)
    return found
