"""city.toml: what is read, and that every fault is named at once with its place and cure."""

import contextlib
import tomllib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cityloop
from cityloop.errors import CityloopError, InputError, SettingsError
from cityloop.i18n import Pair
from cityloop.settings import FileSettings, SeriesSettings, TimeSettings, TwinSettings, example_city_toml, load_city

KY4 = Path(cityloop.__file__).parent / "cities" / "ky4"


def faults_of(folder: Path) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load_city(folder)
    assert f"{len(caught.value.faults)} fault(s)" in str(caught.value)
    return caught.value.faults


def only_fault(folder: Path) -> str:
    faults = faults_of(folder)
    assert len(faults) == 1, faults
    return faults[0]


def test_load_city_when_example_is_read_then_every_part_has_its_value(write_city):
    city = load_city(write_city())
    assert (city.id, city.name, city.country) == ("my-city", Pair("My city", "我的城市"), "CN")
    assert (city.timezone, city.crs, city.models, city.twin) == ("Asia/Shanghai", "EPSG:4549", (), None)
    east, west = city.boundaries
    assert (east.id, east.mains_km.value, east.connections.value, east.population) == ("dma-1", 12.4, 910.0, None)
    assert (west.name.zh, west.inflow, west.storage) == ("西区", (), ())
    (flow,) = city.files
    assert flow.time == TimeSettings(("time",), "%Y-%m-%d %H:%M", zone="Asia/Shanghai")
    assert flow.series[0] == SeriesSettings("East", "boundary", "dma-1", "water_flow", "m3/h", "mean", 900)
    assert (flow.series[1].statistic, flow.series[1].rollover, flow.series[1].highest) == ("counter", 1e6, 80.0)
    assert city.policy.budget_per_year == (400000.0,) * 5
    assert city.policy.prices["water_per_m3"][0] == 1.2
    assert (city.stated["prices.water_per_m3"].low, city.stated["prices.water_per_m3"].high) == (0.8, 2.0)
    assert city.policy.targets == {"night_flow": 0.8}


def test_load_city_when_pilot_is_read_then_it_is_the_published_network_played_by_the_twin():
    city = load_city(KY4)
    assert (city.id, city.crs, city.timezone) == ("ky4", "EPSG:3089", "America/Kentucky/Louisville")
    assert (city.models[0].file, city.models[0].closed) == ("wntr:ky4", ("P-539", "P-36", "P-541"))
    (boundary,) = city.boundaries
    assert boundary.inflow == (("pump", "~@Pump-1"), ("pump", "~@Pump-2"))
    assert boundary.storage == (("tank", "T-3"), ("tank", "T-4"))
    assert city.twin == TwinSettings("twin", 1393, 40, date(2026, 4, 6), 1, 0.25)
    assert city.stated["prices.water_per_m3"].status == "assumed"
    assert (city.policy.binding_norm, city.policy.compare_norms) == ("us", ("cn", "eu"))


def test_pilot_when_held_against_its_network_then_pumps_tanks_areas_and_closed_links_are_those_of_the_file():
    wntr = pytest.importorskip("wntr")
    import math
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = wntr.network.WaterNetworkModel("ky4")
    city = load_city(KY4)
    (boundary,) = city.boundaries
    assert {name for _, name in boundary.inflow} == set(network.pump_name_list)
    assert set(city.models[0].closed) <= set(network.pipe_name_list)
    for _, name in boundary.storage:
        area = math.pi / 4 * network.get_node(name).diameter ** 2
        assert boundary.storage_area_m2[name] == pytest.approx(area, rel=1e-4)
    metres = sum(network.get_link(name).length for name in network.pipe_name_list)
    assert boundary.mains_km.value == pytest.approx(metres / 1000, abs=0.06)


def test_load_city_when_several_mistakes_then_all_are_named_at_once(write_city):
    folder = write_city(
        ("timezone =", "timezon ="), ("EPSG:4549", "EPSG:99999"), ('unit = "m3/h"', 'unit = "m3/hh"'),
        ("years = 5", 'years = "five"'), ('binding_norm = "cn"', 'binding_norm = "china"'),
        ('thing = "boundary:dma-1"', 'thing = "boundary:dma-11"'),
    )  # fmt: skip
    faults = faults_of(folder)
    text = "\n".join(faults)
    for said in (
        "EPSG knows no such system. Where: city.crs. Got: EPSG:99999",
        "Where: city.timezone", "Did you mean 'timezone'?", "source[1].series[1].unit. Got: m3/hh", "policy.years. Got: 'five'",
        "policy.binding_norm. Got: china", "Did you mean 'dma-1'?",
    ):  # fmt: skip
        assert said in text, said
    assert len(faults) == 7


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('crs = "EPSG:4549"', "", "city.crs. Allowed: a text in quotes. Cure: State it"),
        ('crs = "EPSG:4549"', 'crs = "epsg 4549"', "Did you mean 'EPSG:4549'?"),
        ('crs = "EPSG:4549"', 'crs = "EPSG:5703"', "does not give positions on the ground"),
        ('crs = "EPSG:4549"', 'crs = "gcj02"', "Did you mean 'GCJ-02'?"),
        ('id = "my-city"', 'id = "My City"', "Not an id"),
        ('country = "CN"', 'country = "China"', "Not a country code"),
        ('timezone = "Asia/Shanghai"', 'timezone = "Asia/Shangai"', "Did you mean 'Asia/Shanghai'?"),
        ('name = { en = "My city", zh = "我的城市" }', 'name = { en = "My city" }', "city.name"),
        ('id = "dma-2"', 'id = "dma-1"', "A name that is used twice. Where: boundary. Got: dma-1"),
        ("storage = []", 'storage = ["T-3"]', 'Allowed: "kind:name"'),
        ("storage = []", 'storage = ["pump:T-3"]', "Only a tank stores"),
        ("storage = []", 'storage = "tank:T-3"', "a list of tanks"),
        ("inflow = []", 'inflow = ["pmp:P-1"]', "Did you mean 'pump'?"),
        ('mains_km = { value = 12.4, source = "GIS register, 2025-12", status = "given" }', "mains_km = 12.4", "a number with its source"),
        ('source = "GIS register, 2025-12", status', "status", "boundary[1].mains_km.source"),
        ('encoding = "utf-8"', 'encoding = "gb18031"', "Did you mean 'gb18030'?"),
        ('encoding = "utf-8"', 'encoding = "utf-16"', "An encoding that cannot be read"),
        ('delimiter = ","', 'delimiter = ", "', "Not a delimiter"),
        ('decimal = "."', 'decimal = ","', "Delimiter and decimal sign are the same"),
        (', zone = "Asia/Shanghai"', ', zone = "Asia/Shanghai", offset_in_text = true', "not stated exactly once"),
        (', zone = "Asia/Shanghai"', "", "not stated exactly once"),
        ('"%Y-%m-%d %H:%M", zone = "Asia/Shanghai"', '"%Y-%m-%d %H:%M", offset_in_text = true', "format and the stated clock"),
        ('"%Y-%m-%d %H:%M"', '"yyyy-mm-dd"', "Not a time format"),
        ('column = "West register"', 'column = "East"', "A series that is named twice"),
        ('property = "water_flow"', 'property = "waterflow"', "Did you mean 'water_flow'?"),
        ('statistic = "mean"', 'statistic = "average"', "source[1].series[1].statistic"),
        ('unit = "m3"', 'unit = "m3/h"', "is not a unit of volume"),
        ("step_s = 900", "step_s = 0", "out of its range"),
        ("step_s = 900", "", "source[1].series[1].step_s"),
        ('statistic = "counter"', 'statistic = "mean"', "Only a counter rolls over"),
        ('currency = "CNY"', 'currency = "yuan"', "ISO 4217"),
        ("budget_per_year = 400000", "budget_per_year = [1, 2]", "Not one amount per year"),
        ("budget_per_year = 400000", 'budget_per_year = [1, 2, 3, 4, "x"]', "A budget that is not a number"),
        ("level = 0.9", "level = 90", "0.5 to 0.999"),
        ("night_flow = 0.8", "night_flow = 1.8", "share of the gap"),
        ('compare_norms = ["eu"]', 'compare_norms = ["uk"]', "An unknown norm"),
        ('discount_rate = { value = 0.03', "discount_rate = { value = inf", "policy.discount_rate.value"),
        ("low = 0.8,", "low = 1.8,", "outside its own low and high"),
        ("water_per_m3 = ", "watr_per_m3 = ", "Did you mean 'water_per_m3'?"),
    ],
)  # fmt: skip
def test_load_city_when_one_thing_is_wrong_then_that_is_said_with_its_key(write_city, old, new, said):
    faults = faults_of(write_city((old, new)))
    assert said in "\n".join(faults)
    assert len(faults) <= 2, faults


def test_load_city_when_a_key_is_unknown_then_the_nearest_known_one_is_offered(write_city):
    fault = only_fault(write_city(('decimal = "."', 'decimal = "."\nencodings = "utf-8"')))
    assert "An unknown key. Where: source[1].encodings." in fault
    assert "Did you mean 'encoding'?" in fault


def test_load_city_when_toml_has_a_syntax_error_then_line_and_text_are_named(write_city):
    fault = only_fault(write_city(('id = "my-city" ', "id = my-city ")))
    line = example_city_toml().splitlines().index('id = "my-city"                     # a to z, 0 to 9, - and _') + 1
    assert fault.startswith(f"line {line}, column")
    assert "my-city" in fault


def test_load_city_when_file_is_not_utf8_then_line_and_cure_are_named(tmp_path):
    (tmp_path / "city.toml").write_bytes('[city]\nname = "城市"\n'.encode("gb18030"))
    fault = only_fault(tmp_path)
    assert "line 2: not UTF-8" in fault


def test_load_city_when_folder_has_no_city_toml_then_input_error_says_so(tmp_path):
    with pytest.raises(InputError, match="no city.toml"):
        load_city(tmp_path)


def test_load_city_when_file_is_empty_then_all_missing_parts_are_named(tmp_path):
    (tmp_path / "city.toml").write_text("")
    assert len(faults_of(tmp_path)) == 4


def test_load_city_when_model_file_is_missing_then_its_path_is_named(write_city):
    fault = only_fault(write_city(more='\n[[model]]\nengine = "epanet"\nfile = "none.inp"\n'))
    assert "does not exist" in fault
    assert "none.inp" in fault


MODEL = '\n[[model]]\nengine = "epanet"\nfile = "wntr:Net3"\n'


def test_load_city_when_a_model_has_a_crs_of_its_own_then_kept_and_a_wrong_one_named(write_city):
    city = load_city(write_city(more=f'{MODEL}crs = "EPSG:4326"\n'))
    assert (city.crs, city.models[0].crs) == ("EPSG:4549", "EPSG:4326")
    fault = only_fault(write_city(more=f'{MODEL}crs = "EPSG:0"\n'))
    assert "model" in fault and "crs" in fault and "EPSG:0" in fault


def test_load_city_when_a_limit_can_never_be_met_then_named(write_city):
    limit = """
[[model.limit]]
id = "band"
kind = "junction"
property = "pressure_m"
minimum = 60.0
maximum = 20.0
unit = "m"
source = "test"
"""
    fault = only_fault(write_city(more=MODEL + limit))
    assert "nothing can keep" in fault and "60 to 20" in fault and "Swap" in fault


def test_load_city_when_a_thing_is_stated_then_its_numbers_keep_their_source_and_slips_are_named(write_city):
    thing = """
[[thing]]
ref = "transformer:T-1"
properties = { sn_kva = { value = 400, source = "nameplate", status = "given" } }
"""
    (found,) = load_city(write_city(more=thing)).things
    assert (found.kind, found.name, found.properties["sn_kva"].value) == ("transformer", "T-1", 400.0)
    for old, new, said in (
        ("transformer:T-1", "boundary:dma-1", "stands under [[boundary]]"),
        ("transformer:T-1", "T-1", "Not a thing"),
        ('source = "nameplate", ', "", "source"),
        ("properties", "property", "thing[1].propert"),
    ):
        with pytest.raises(SettingsError) as fault:
            load_city(write_city(more=thing.replace(old, new)))
        assert said in str(fault.value)
    assert "used twice" in only_fault(write_city(more=thing + thing))


def test_load_city_when_source_is_long_with_any_id_then_thing_must_hold_the_id(write_city):
    long = ('layout = "wide" ', 'layout = "long"\nid_column = "meter"\nvalue_column = "v"\n')
    ids = (('column = "East"', 'id = "*"'), ('column = "West register"', 'id = "W"'))
    assert "Every id would be the same thing" in only_fault(
        write_city(long, *ids, ('thing = "boundary:dma-1"', 'thing = "meter:m"'))
    )
    city = load_city(write_city(long, *ids, ('thing = "boundary:dma-1"', 'thing = "meter:{id}"')))
    assert isinstance(city.sources[0], FileSettings)
    assert city.sources[0].series[0].thing_name == "{id}"


_VALUES = st.recursive(
    st.one_of(st.booleans(), st.integers(-5, 5), st.text("abEPSG:", max_size=6), st.floats(allow_nan=False, width=16)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.text("ab", min_size=1, max_size=2), inner, max_size=2)
    ),
    max_leaves=4,
)
_KEYS = [
    "city", "boundary", "source", "policy", "model", "city.id", "city.name", "city.crs", "city.timezone", "boundary.storage",
    "boundary.name", "source.time", "source.series", "source.encoding", "source.layout", "source.path", "policy.years",
    "policy.prices", "policy.targets", "policy.budget_per_year", "policy.discount_rate", "policy.compare_norms",
]  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(key=st.sampled_from(_KEYS), value=_VALUES)
def test_load_city_when_any_key_holds_anything_then_only_cityloop_errors_leave(tmp_path, key, value):
    data = tomllib.loads(example_city_toml())
    table, _, name = key.rpartition(".")
    holder = data[table] if table else data
    (holder[0] if isinstance(holder, list) else holder)[name] = value
    (tmp_path / "city.toml").write_text("")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cityloop.settings.city_file.tomllib.loads", lambda _: data)
        with contextlib.suppress(CityloopError):
            load_city(tmp_path)
