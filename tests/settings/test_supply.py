"""[[supply]] and [drought] of city.toml."""

import pytest

from cityloop.errors import SettingsError
from cityloop.records import Relation, record_id
from cityloop.settings import example_city_toml, load_city
from cityloop.settings.supply import supply_records

SUPPLY = """
[[supply]]
id = "r-1"
name = { en = "Lake", zh = "水库" }
kind = "surface"
priority = 2
storage = "reservoir_storage:R-1"
inflow = "reservoir_inflow:R-1"
level_volume = [[100, 0], [110, 50000], [120, 200000]]
full_storage_m3 = { value = 200000, source = "survey 2024", status = "given" }
dead_storage_m3 = { value = 20000, source = "survey 2024", status = "given" }
capacity_m3_per_day = { value = 9000, source = "works", status = "given" }

[drought]
dry_year_share = { value = 0.05, source = "council", status = "given" }
"""


def _load(folder, extra: str):
    (folder / "city.toml").write_text(
        example_city_toml().replace("[policy]", extra + "\n[policy]", 1), encoding="utf-8"
    )
    return load_city(folder)


def test_supply_when_stated_then_it_becomes_things_that_say_their_sources(tmp_path):
    city = _load(tmp_path, SUPPLY)
    boundaries = [b.id for b in city.boundaries]
    found = supply_records(city.id, city.supplies, city.drought, boundaries)
    lake = found[record_id(city.id, "thing", "supply", "r-1")]
    assert (lake.properties["full_storage_m3"], lake.properties["full_storage_m3_source"]) == (200_000.0, "survey 2024")
    assert lake.properties["level_volume"] == "100,0;110,50000;120,200000" and lake.properties["name_zh"] == "水库"
    storage = record_id(city.id, "thing", "reservoir_storage", "R-1")
    assert Relation(kind="storage", thing=storage) in lake.relations and storage in found
    served = {r.thing for r in lake.relations if r.kind == "serves"}
    assert served == {record_id(city.id, "thing", "boundary", b) for b in boundaries}
    whole = found[record_id(city.id, "thing", "supply_system", "supply")]
    assert whole.properties["dry_year_share"] == 0.05 and whole.properties["dry_year_share_status"] == "given"


def test_city_when_it_states_no_supply_then_there_are_no_records(tmp_path):
    city = _load(tmp_path, "")
    assert city.supplies == () and supply_records(city.id, city.supplies, city.drought, ["a"]) == {}


@pytest.mark.parametrize(
    "old, new, said",
    [
        ('kind = "surface"', 'kind = "surfce"', "Did you mean 'surface'"),
        ("full_storage_m3 = {", "full_storage_m3x = {", "A storage of unknown size"),
        ("dead_storage_m3 = { value = 20000", "dead_storage_m3 = { value = 300000", "leaves nothing to use"),
        ("[110, 50000], [120", "[110, 50000], [105", "No curve of level and volume"),
        ("level_volume = [[100, 0], [110, 50000], [120, 200000]]", "level_volume = 3", "No curve of level and volume"),
        ('kind = "surface"', 'kind = "surface"\nserves = ["nowhere"]', "A supply of an unknown boundary"),
        ('kind = "surface"', 'kind = "surface"\nstate = "possible"', "not there yet has no series"),
        ("dry_year_share = { value = 0.05", "dry_year_share = { value = 5", "dry_year_share"),
    ],
)
def test_supply_when_wrong_then_the_fault_is_named(tmp_path, old, new, said):
    with pytest.raises(SettingsError, match=said):
        _load(tmp_path, SUPPLY.replace(old, new, 1))


def test_supply_when_nothing_says_how_much_it_gives_then_it_is_refused(tmp_path):
    text = '[[supply]]\nid = "w"\nname = "Well"\nkind = "ground"\n'
    with pytest.raises(SettingsError, match="nothing says how much"):
        _load(tmp_path, text)
