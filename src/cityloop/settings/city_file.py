"""city.toml: the definition of one city, read once, with every fault named at once."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from cityloop.contracts import Element, Policy
from cityloop.errors import InputError, SettingsError
from cityloop.i18n import Pair
from cityloop.records import record_id
from cityloop.settings.billing import BillingSettings, read_balance_inputs, read_billing
from cityloop.settings.crs import describe_crs
from cityloop.settings.faults import Faults, Stated, Table, check_kind, nearest
from cityloop.settings.policy import read_policy
from cityloop.settings.positions import PositionSettings, read_positions
from cityloop.settings.registers import RegisterSettings, read_registers
from cityloop.settings.requests import RequestSettings, read_requests
from cityloop.settings.source_settings import FileSettings, TwinSettings, check_zone, read_ref, read_sources
from cityloop.settings.supply import DroughtSettings, SupplySettings, check_supplies, read_drought, read_supplies
from cityloop.settings.things import ThingSettings, read_things

__all__ = ["BoundarySettings", "CitySettings", "LimitSettings", "ModelSettings", "load_city", "read_city_text"]

CITY_FILE = "city.toml"


@dataclass(frozen=True)
class LimitSettings:
    """What a model's answer must keep: `minimum` <= property of every element of `kind` <= `maximum`, but for `exempt`."""

    id: str
    kind: str
    property: str
    minimum: float | None
    maximum: float | None
    unit: str
    exempt: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class ModelSettings:
    """One model file for one engine. `file` is relative to the city folder, or "<library>:<name>", from the library of
    the engine ("wntr:ky4").
    """

    engine: str
    file: str
    closed: tuple[str, ...]
    limits: tuple[LimitSettings, ...]
    crs: str = ""
    """Of its coordinates, where that is not the city's."""

    @property
    def from_library(self) -> bool:
        """Whether the model comes with its engine and lies in no folder of the city."""
        return re.match(r"[a-z][a-z0-9]+:", self.file) is not None

    def thing(self, city: str, element: Element) -> str:
        """Record id of an element's Thing; the model as a whole is named by its file, since a city may have several."""
        return record_id(city, "thing", element.kind, self.file if element.whole else element.name)

    def path(self, folder: Path) -> Path:
        """What the engine opens."""
        return Path(self.file) if self.from_library else folder / self.file


@dataclass(frozen=True)
class BoundarySettings:
    """A metered boundary. `inflow`, `outflow`, `storage` are things as (kind, name); areas by tank name, where stated.

    `network` is the file of the model that it encloses; "" where that goes without saying or there is none.
    """

    id: str
    name: Pair
    inflow: tuple[tuple[str, str], ...]
    outflow: tuple[tuple[str, str], ...]
    storage: tuple[tuple[str, str], ...]
    storage_area_m2: Mapping[str, float]
    mains_km: Stated | None
    connections: Stated | None
    population: Stated | None
    network: str = ""


@dataclass(frozen=True)
class CitySettings:
    """All of city.toml. `stated` holds every policy number with its source; `sources` keep their order."""

    id: str
    name: Pair
    country: str
    timezone: str
    crs: str
    folder: Path
    models: tuple[ModelSettings, ...]
    boundaries: tuple[BoundarySettings, ...]
    sources: tuple[FileSettings | TwinSettings, ...]
    policy: Policy
    stated: Mapping[str, Stated]
    positions: tuple[PositionSettings, ...] = ()
    registers: tuple[RegisterSettings, ...] = ()
    things: tuple[ThingSettings, ...] = ()
    supplies: tuple[SupplySettings, ...] = ()
    drought: DroughtSettings = DroughtSettings()
    requests: tuple[RequestSettings, ...] = ()
    billing: tuple[BillingSettings, ...] = ()
    balance: Mapping[str, Stated] = field(default_factory=dict)
    """What [balance] states; its numbers stand in `stated` too."""

    @property
    def files(self) -> tuple[FileSettings, ...]:
        """The sources that read files."""
        return tuple(s for s in self.sources if isinstance(s, FileSettings))

    @property
    def twin(self) -> TwinSettings | None:
        """The twin, if the city is played by one."""
        return next((s for s in self.sources if isinstance(s, TwinSettings)), None)


def load_city(folder: Path) -> CitySettings:
    """Read `folder`/city.toml. Raises InputError if there is none, SettingsError naming every fault otherwise."""
    path = Path(folder) / CITY_FILE
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise InputError(
            "This folder has no city.toml.", where=str(folder), cure="Name a city folder, or write a city.toml into it."
        ) from None
    except UnicodeDecodeError as fault:
        line = fault.object[: fault.start].count(b"\n") + 1
        raise SettingsError(str(path), [f"line {line}: not UTF-8. Cure: save city.toml as UTF-8."]) from fault
    except OSError as fault:
        raise InputError("city.toml cannot be read.", where=str(path), got=fault.strerror) from fault
    return read_city_text(text, Path(folder))


def read_city_text(text: str, folder: Path) -> CitySettings:
    """The settings that `text` would give as city.toml of `folder`; raises SettingsError naming every fault."""
    path = folder / CITY_FILE
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise SettingsError(str(path), [_syntax_fault(str(fault), text)]) from fault
    faults = Faults(str(path))
    settings = _read_city(Table(data, "", faults), folder)
    faults.done()
    return settings


def _syntax_fault(message: str, text: str) -> str:
    """tomllib's message with the line it stands in."""
    place = re.search(r"line (\d+), column (\d+)", message)
    lines = text.splitlines()
    if place is None or int(place[1]) > len(lines):
        return f"line {len(lines)}: not valid TOML. Got: {message}."
    return f"line {place[1]}, column {place[2]}: not valid TOML. Got: {lines[int(place[1]) - 1].strip()!r}. {message}."


def _read_city(top: Table, folder: Path) -> CitySettings:
    city = top.table("city") or Table({}, "city", Faults(""))
    crs = city.text("crs", cure='State it, for example crs = "EPSG:4549"; it is never guessed.')
    if crs:
        _check_crs(crs, city.key("crs"), top.faults)
    timezone = city.text("timezone", cure='Use the IANA name, for example "Asia/Shanghai".')
    check_zone(timezone, city.key("timezone"), top.faults)
    city_id, country = city.text("id"), city.text("country", cure='Use the ISO 3166-1 code, for example "CN".')
    if city_id and not re.fullmatch(r"[a-z][a-z0-9_-]{0,39}", city_id):
        top.faults.add(
            "Not an id.", where=city.key("id"), got=city_id, allowed="a to z, 0 to 9, - and _, from a letter on"
        )
    if country and not re.fullmatch(r"[A-Z]{2}", country):
        top.faults.add(
            "Not a country code.",
            where=city.key("country"),
            got=country,
            allowed="two capital letters",
            cure="CN, US, IT",
        )
    name = city.pair("name")
    city.close()
    models = tuple(_read_model(t, folder) for t in top.tables("model"))
    boundaries = tuple(_read_boundary(t) for t in top.tables("boundary", required=True))
    _unique([b.id for b in boundaries], "boundary", top.faults)
    _unique([m.file for m in models], "model", top.faults)
    for boundary in boundaries:
        if boundary.network and boundary.network not in [m.file for m in models]:
            top.faults.add(
                "A boundary of a network that is no model of this city.", where=f"boundary {boundary.id}, network",
                got=boundary.network, allowed=", ".join(m.file for m in models) or "none: there is no [[model]]",
            )  # fmt: skip
    sources = read_sources(top.tables("source", required=True))
    if sum(isinstance(s, TwinSettings) for s in sources) > 1:
        top.faults.add("A city has one twin at most.", where="source", cure="Remove a [[source]] of kind twin.")
    if any(isinstance(s, TwinSettings) for s in sources) and not models:
        top.faults.add("A twin needs a model.", where="source", cure="Add a [[model]].")
    _check_named_boundaries(sources, boundaries, top.faults)
    positions = read_positions(top.tables("positions"))
    registers = read_registers(top.tables("register"))
    things = read_things(top.tables("thing"))
    requests = read_requests(top.tables("requests"), top.faults)
    _unique([f"{t.kind}:{t.name}" for t in things], "thing", top.faults)
    billing = read_billing(top.tables("billing"), [b.id for b in boundaries], [s.name for s in sources])
    balance = read_balance_inputs(top.table("balance", required=False))
    supplies, drought = read_supplies(top.tables("supply")), read_drought(top.table("drought", required=False))
    _unique([s.id for s in supplies], "supply", top.faults)
    check_supplies(supplies, [b.id for b in boundaries], top.faults)
    policy_table = top.table("policy")
    policy, stated = read_policy(policy_table or Table({}, "policy", Faults("")))
    stated = {**stated, **{f"balance.{key}": number for key, number in balance.items()}}
    top.close()
    return CitySettings(
        city_id, name, country, timezone, crs, folder, models, boundaries, sources, policy, stated, positions,
        things=things, registers=registers, requests=requests, billing=billing, balance=balance,
        supplies=supplies, drought=drought,
    )  # fmt: skip


def _check_crs(crs: str, where: str, faults: Faults) -> None:
    try:
        describe_crs(crs)
    except InputError as fault:
        faults.catch(fault, where=where)


def _unique(names: list[str], where: str, faults: Faults) -> None:
    for name in sorted({n for n in names if names.count(n) > 1}):
        faults.add("A name that is used twice.", where=where, got=name, cure="Rename one of them.")


def _check_named_boundaries(
    sources: tuple[FileSettings | TwinSettings, ...], boundaries: tuple[BoundarySettings, ...], faults: Faults
) -> None:
    """A series of a boundary that city.toml does not have is a slip of the pen."""
    known = [b.id for b in boundaries]
    for source in sources:
        for series in source.series if isinstance(source, FileSettings) else ():
            if series.thing_kind == "boundary" and series.thing_name not in known and "{id}" not in series.thing_name:
                faults.add(
                    "A series of an unknown boundary.", where=f"source {source.name}, series {series.label}",
                    got=series.thing_name, allowed=", ".join(known), cure=nearest(series.thing_name, known) or "Add a [[boundary]].",
                )  # fmt: skip


def _read_model(table: Table, folder: Path) -> ModelSettings:
    limits = tuple(_read_limit(t) for t in table.tables("limit"))
    _unique([limit.id for limit in limits], table.key("limit"), table.faults)
    model = ModelSettings(
        table.text("engine", cure='Name the engine: engine = "epanet".'),
        table.text("file", cure="Name the model file."), table.texts("closed"), limits, table.text("crs", ""),
    )  # fmt: skip
    if model.crs:
        _check_crs(model.crs, table.key("crs"), table.faults)
    if model.file and not model.from_library and not model.path(folder).is_file():
        table.faults.add("A model file that does not exist.", where=table.key("file"), got=str(model.path(folder)))
    table.close()
    return model


def _read_limit(table: Table) -> LimitSettings:
    limit = LimitSettings(
        id=table.text("id"),
        kind=table.text("kind", cure='Name the kind of element, for example "junction".'),
        property=table.text("property", cure='Name the property with its unit, for example "pressure_m".'),
        minimum=table.optional_number("minimum"),
        maximum=table.optional_number("maximum"),
        unit=table.text("unit"),
        exempt=table.texts("exempt"),
        source=table.text("source", cure="Say which rule or whose wish this is."),
    )
    if limit.kind:
        check_kind(limit.kind, table.key("kind"), table.faults)
    if limit.minimum is None and limit.maximum is None:
        table.faults.add("A limit without minimum and maximum.", where=table.path, cure="State one of them.")
    if limit.minimum is not None and limit.maximum is not None and limit.minimum > limit.maximum:
        table.faults.add(
            "A limit that nothing can keep.", where=table.path, got=f"{limit.minimum:g} to {limit.maximum:g}",
            cure="Swap minimum and maximum.",
        )  # fmt: skip
    table.close()
    return limit


def _read_boundary(table: Table) -> BoundarySettings:
    areas: dict[str, float] = {}
    storage: list[tuple[str, str]] = []
    entries = table.data.get("storage", [])
    if not isinstance(entries, list):
        table.faults.add(
            "A value of the wrong type.", where=table.key("storage"), got=repr(entries), allowed="a list of tanks"
        )
        entries = []
    for i, entry in enumerate(entries, 1):
        if isinstance(entry, dict):
            tank = Table(entry, f"{table.key('storage')}[{i}]", table.faults)
            ref = read_ref(tank.text("thing") or "tank:x", tank.key("thing"), table.faults)
            areas[ref[1]] = tank.number("area_m2", low=0.01)
            tank.close()
        else:
            ref = read_ref(str(entry), table.key("storage"), table.faults)
        if ref[0] not in ("", "tank"):
            table.faults.add("Only a tank stores.", where=table.key("storage"), got=ref[0], allowed="tank")
        storage.append(ref)
    table.asked.add("storage")
    boundary = BoundarySettings(
        id=table.text("id"),
        name=table.pair("name"),
        inflow=tuple(read_ref(r, table.key("inflow"), table.faults) for r in table.texts("inflow")),
        outflow=tuple(read_ref(r, table.key("outflow"), table.faults) for r in table.texts("outflow")),
        storage=tuple(storage),
        storage_area_m2=MappingProxyType(areas),
        mains_km=table.stated("mains_km", low=0.0, required=False),
        connections=table.stated("connections", low=0.0, required=False),
        population=table.stated("population", low=0.0, required=False),
        network=table.text("network", ""),
    )
    table.close()
    return boundary
