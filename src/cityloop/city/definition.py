"""What city.toml, its models and the tables beside it describe, as Things and Locations."""

import hashlib
from collections.abc import Mapping, Sequence

from cityloop.contracts import Element, Model
from cityloop.errors import InputError
from cityloop.formats.positions import position_files, position_records
from cityloop.formats.thing_registers import register_files, register_records
from cityloop.records import Location, Record, Relation, Thing, record_id
from cityloop.settings import CitySettings, ModelSettings
from cityloop.settings.supply import supply_records
from cityloop.settings.things import thing_records

__all__ = ["Models", "defined_records", "definition_digest"]

Models = Sequence[tuple[ModelSettings, Model]]


def definition_digest(settings: CitySettings) -> str:
    """sha256 of city.toml, of the model files and of the tables beside it."""
    digest = hashlib.sha256((settings.folder / "city.toml").read_bytes())
    for model in settings.models:
        digest.update(model.file.encode())
        if not model.from_library:
            digest.update(model.path(settings.folder).read_bytes())
    for path in (*position_files(settings), *register_files(settings)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def defined_records(settings: CitySettings, models: Models) -> dict[str, Record]:
    """Every record of the definition by its id. Raises InputError for what no model or table has."""
    things: dict[str, Record] = {}
    nodes = _nodes(settings, models)
    for of_model, model in models:
        for element in model.elements():
            things |= {record.id: record for record in _element(settings, nodes, of_model, element)}
    _check_tanks(settings, models, things)
    things |= {boundary.id: boundary for boundary in _boundaries(settings, models)}
    things |= supply_records(settings.id, settings.supplies, settings.drought, [b.id for b in settings.boundaries])
    things |= thing_records(settings.id, settings.things, things)
    things |= register_records(settings, things)
    things |= position_records(settings, things)
    return things


def _check_tanks(settings: CitySettings, models: Models, things: Mapping[str, Record]) -> None:
    """Raises InputError for a tank with a stated area that no model has."""
    for tank in {t for b in settings.boundaries for t in b.storage_area_m2} if models else ():
        if record_id(settings.id, "thing", "tank", tank) not in things:
            raise InputError(
                "A tank that no model has.", where="city.toml boundary.storage", got=tank,
                allowed=", ".join(sorted(r.name for r in things.values() if isinstance(r, Thing) and r.kind == "tank")),
                cure="Name a tank of the model.",
            )  # fmt: skip


def _nodes(settings: CitySettings, models: Models) -> dict[tuple[str, str], str]:
    """Thing id of every node by its model's file and its name: what connects nothing itself, of any engine's kinds."""
    nodes = ((m, e) for m, model in models for e in model.elements() if not e.whole and not e.connects)
    return {(m.file, e.name): m.thing(settings.id, e) for m, e in nodes}


def _element(
    settings: CitySettings, nodes: Mapping[tuple[str, str], str], model: ModelSettings, element: Element
) -> tuple[Record, ...]:
    """An element of a model as a Thing and its Location, in the model's own coordinates."""
    thing = model.thing(settings.id, element)
    place = record_id(settings.id, "location", element.kind, element.name) if element.points else ""
    ends = tuple(
        Relation(kind=kind, thing=nodes[model.file, name])
        for kind, name in zip(("start", "end"), element.connects, strict=False)
    )
    areas = (b.storage_area_m2.get(element.name) for b in settings.boundaries) if element.kind == "tank" else ()
    area = next((a for a in areas if a), None)
    properties = {**element.properties, **({"area_m2": area} if area else {})}
    found: tuple[Record, ...] = (
        Thing(id=thing, kind=element.kind, name=element.name, location=place, relations=ends, properties=properties),
    )
    if place:
        found += (
            Location(
                id=place, name=element.name, crs=model.crs or settings.crs,
                geometry="point" if len(element.points) == 1 else "line", coordinates=element.points,
            ),
        )  # fmt: skip
    return found


def _boundaries(settings: CitySettings, models: Models) -> list[Thing]:
    """The metered boundaries; each names its meters, its tanks and the network that it encloses."""
    city = settings.id
    files = {m.file: m.thing(city, e) for m, model in models for e in model.elements() if e.whole}
    networks = list(files.values())
    found = []
    for b in settings.boundaries:
        relations = [
            Relation(kind=kind, thing=record_id(city, "thing", *ref))
            for kind, refs in (("inflow", b.inflow), ("outflow", b.outflow), ("storage", b.storage))
            for ref in refs
        ]
        only = networks[0] if len(networks) == 1 and len(settings.boundaries) == 1 else ""
        if encloses := files.get(b.network, only):
            relations.append(Relation(kind="network", thing=encloses))
        properties: dict[str, float | str] = {"name_en": b.name.en, "name_zh": b.name.zh}
        for key in ("mains_km", "connections", "population"):
            if (stated := getattr(b, key)) is not None:
                properties |= {key: stated.value, f"{key}_source": stated.source, f"{key}_status": stated.status}
        found.append(
            Thing(
                id=record_id(city, "thing", "boundary", b.id), kind="boundary", name=b.id,
                relations=tuple(relations), properties=properties,
            )
        )  # fmt: skip
    return found
