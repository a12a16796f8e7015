"""Each [[supply]] of city.toml and its [drought]: where the city's water comes from, and how a shortage is judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from cityloop.i18n import Pair
from cityloop.records import Record, Relation, Thing, record_id
from cityloop.settings.faults import Faults, Stated, Table
from cityloop.settings.source_settings import read_ref

__all__ = [
    "SUPPLY_KINDS", "DroughtSettings", "SupplySettings", "check_supplies", "read_drought", "read_supplies",
    "supply_records",
]  # fmt: skip

SUPPLY_KINDS = ("surface", "ground", "purchased", "reclaimed", "desalinated")
STATES = ("existing", "possible")
#: Numbers of a supply, each with its source; `investment` and `cost_per_m3` in money of the policy.
NUMBERS = (
    "capacity_m3_per_day", "dead_storage_m3", "full_storage_m3", "ecological_release_m3_per_day", "use_m3_per_day",
    "investment", "cost_per_m3", "life_years", "lead_days",
)  # fmt: skip
#: Numbers of [drought]: largest and smallest value.
DROUGHT = {"dry_year_share": (0.01, 0.5), "assessment_days": (30.0, 365.0), "lead_days": (0.0, 365.0)}
#: Series of a supply, each a Thing that a source names.
SERIES = ("storage", "inflow", "release")


@dataclass(frozen=True)
class SupplySettings:
    """One source of water. `state` possible = not there yet: it can be proposed. `serves` are boundaries, none = all.

    `level_volume` pairs a level (m) with a volume (m3), rising, where the storage is observed as a level.
    """

    id: str
    name: Pair
    kind: str
    state: str
    priority: int
    numbers: Mapping[str, Stated]
    series: Mapping[str, tuple[str, str]]
    level_volume: tuple[tuple[float, float], ...] = ()
    serves: tuple[str, ...] = ()
    quality: str = ""
    quality_status: str = ""


@dataclass(frozen=True)
class DroughtSettings:
    """How a shortage is judged where the city says so: how dry a year, over how many days, with how long a lead."""

    numbers: Mapping[str, Stated] = field(default_factory=dict)


def read_supplies(tables: Sequence[Table]) -> tuple[SupplySettings, ...]:
    """Every [[supply]]."""
    return tuple(_read(table) for table in tables)


def _read(table: Table) -> SupplySettings:
    numbers = {}
    for name in NUMBERS:
        found = table.stated(name, low=0.0, required=False)
        if found is not None:
            numbers[name] = found
    series = {}
    for name in SERIES:
        if ref := table.text(name, "", cure='Name the thing whose series it is: storage = "reservoir_storage:R-1".'):
            series[name] = read_ref(ref, table.key(name), table.faults)
    supply = SupplySettings(
        id=table.text("id"),
        name=table.pair("name"),
        kind=table.text("kind", allowed=SUPPLY_KINDS),
        state=table.text("state", "existing", allowed=STATES),
        priority=table.whole("priority", 1, low=1, high=99),
        numbers=MappingProxyType(numbers),
        series=MappingProxyType(series),
        level_volume=_curve(table),
        serves=table.texts("serves"),
        quality=table.text("quality", ""),
        quality_status=table.text("quality_status", "", allowed=("confirmed", "unconfirmed", "assumed", "given"))
        if "quality_status" in table.data
        else "",
    )
    table.asked.add("quality_status")
    _check(supply, table)
    table.close()
    return supply


def _curve(table: Table) -> tuple[tuple[float, float], ...]:
    """Level and volume pairs; a fault where they are none or do not rise."""
    table.asked.add("level_volume")
    rows = table.data.get("level_volume", [])
    numbers = isinstance(rows, list) and all(
        isinstance(r, list) and len(r) == 2 and all(isinstance(x, int | float) and not isinstance(x, bool) for x in r)
        for r in rows
    )
    found = tuple((float(a), float(b)) for a, b in rows) if numbers else ()
    rising = all(a[0] < b[0] and a[1] <= b[1] for a, b in zip(found, found[1:], strict=False))
    if not numbers or not rising or len(found) == 1:
        table.faults.add(
            "No curve of level and volume.", where=table.key("level_volume"), got=repr(rows)[:80],
            allowed="two and more pairs [level in m, volume in m3], both rising",
        )  # fmt: skip
        return ()
    return found


def _check(supply: SupplySettings, table: Table) -> None:
    numbers = supply.numbers
    if "capacity_m3_per_day" not in numbers and "storage" not in supply.series:
        table.faults.add(
            "A supply of which nothing says how much it gives.", where=table.path, got=supply.id,
            cure="State capacity_m3_per_day with its source, or name the series of its storage.",
        )  # fmt: skip
    if "storage" in supply.series and "full_storage_m3" not in numbers:
        table.faults.add(
            "A storage of unknown size.", where=table.path, got=supply.id, cure="State full_storage_m3 with its source."
        )
    dead, full = numbers.get("dead_storage_m3"), numbers.get("full_storage_m3")
    if dead is not None and full is not None and dead.value >= full.value:
        table.faults.add(
            "A dead storage that leaves nothing to use.", where=table.key("dead_storage_m3"), got=f"{dead.value:g}",
            allowed=f"below full_storage_m3, {full.value:g}",
        )  # fmt: skip
    if supply.state == "possible" and "storage" in supply.series:
        table.faults.add(
            "A storage that is not there yet has no series.", where=table.key("storage"), got=supply.id,
            cure='Remove the series, or write state = "existing".',
        )  # fmt: skip


def read_drought(table: Table | None) -> DroughtSettings:
    """The [drought] table; none without one."""
    if table is None:
        return DroughtSettings()
    found = {key: table.stated(key, low=low, high=high, required=False) for key, (low, high) in DROUGHT.items()}
    table.close()
    return DroughtSettings(MappingProxyType({key: value for key, value in found.items() if value is not None}))


def check_supplies(supplies: Sequence[SupplySettings], boundaries: Sequence[str], faults: Faults) -> None:
    """A supply of a boundary that city.toml does not have."""
    for supply in supplies:
        for name in supply.serves:
            if name not in boundaries:
                faults.add(
                    "A supply of an unknown boundary.", where=f"supply {supply.id}, serves", got=name,
                    allowed=", ".join(boundaries),
                )  # fmt: skip


def supply_records(
    city: str, supplies: Sequence[SupplySettings], drought: DroughtSettings, boundaries: Sequence[str]
) -> dict[str, Record]:
    """The supplies as Things (kind "supply"), what they feed (kind "supply_system"), and the Things of their series."""
    if not supplies:
        return {}
    found: dict[str, Record] = {}
    for supply in supplies:
        relations = [
            Relation(kind=name, thing=record_id(city, "thing", *ref)) for name, ref in supply.series.items()
        ] + [
            Relation(kind="serves", thing=record_id(city, "thing", "boundary", b)) for b in supply.serves or boundaries
        ]  # fmt: skip
        for ref in supply.series.values():
            id = record_id(city, "thing", *ref)
            found[id] = Thing(id=id, kind=ref[0], name=ref[1])
        properties: dict[str, float | str] = {
            "name_en": supply.name.en, "name_zh": supply.name.zh, "supply_kind": supply.kind, "state": supply.state,
            "priority": float(supply.priority), "quality": supply.quality, "quality_status": supply.quality_status,
            "level_volume": ";".join(f"{level:g},{volume:g}" for level, volume in supply.level_volume),
            **_numbers(supply.numbers),
        }  # fmt: skip
        id = record_id(city, "thing", "supply", supply.id)
        found[id] = Thing(
            id=id, kind="supply", name=supply.id, relations=tuple(relations),
            properties={key: value for key, value in properties.items() if value != ""},
        )  # fmt: skip
    served = [b for b in boundaries if any(not s.serves or b in s.serves for s in supplies)]
    id = record_id(city, "thing", "supply_system", "supply")
    found[id] = Thing(
        id=id, kind="supply_system", name="supply",
        relations=tuple(Relation(kind="serves", thing=record_id(city, "thing", "boundary", b)) for b in served),
        properties={"name_en": "Whole supply", "name_zh": "全部水源", **_numbers(drought.numbers)},
    )  # fmt: skip
    return found


def _numbers(stated: Mapping[str, Stated]) -> dict[str, float | str]:
    """Each number with its source and status as properties of a Thing."""
    found: dict[str, float | str] = {}
    for key, number in stated.items():
        found |= {key: number.value, f"{key}_source": number.source, f"{key}_status": number.status}
        if number.low is not None and number.high is not None:
            found |= {f"{key}_low": number.low, f"{key}_high": number.high}
    return found
