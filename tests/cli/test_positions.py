"""Where devices stand, beside the network: doctor names a common shift and the likely datum, and changes nothing."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pyproj import Transformer

from cityloop.city import City
from cityloop.formats.shifted import wgs84_to_bd09, wgs84_to_gcj02
from cityloop.records import Filter, Location, Thing
from cityloop.settings import example_city_toml

SIZE, PITCH_M, SCATTER_M = 7, 250.0, 6.0
PLACES = {
    "EPSG:4548": (116.40, 39.90),
    "EPSG:6677": (139.70, 35.70),
    "EPSG:27700": (1.716, 52.658),
    "EPSG:25832": (10.9, 44.6),
}

Row = tuple[str, float, float]


def streets(crs: str) -> dict[str, tuple[float, float]]:
    """Junctions of a town with crooked blocks, in metres of `crs`."""
    rng = np.random.default_rng(7)
    x, y = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(*PLACES[crs])
    return {
        f"J-{i}-{j}": (x + PITCH_M * i + rng.uniform(-60, 60), y + PITCH_M * j + rng.uniform(-60, 60))
        for i in range(SIZE) for j in range(SIZE)
    }  # fmt: skip


def network(nodes: dict[str, tuple[float, float]]) -> str:
    """An EPANET file with a pipe along every block."""
    junctions = "".join(f" {n} 10 0.1\n" for n in nodes)
    ends = [(f"J-{i}-{j}", f"J-{i + 1}-{j}") for i in range(SIZE - 1) for j in range(SIZE)]
    ends += [(f"J-{i}-{j}", f"J-{i}-{j + 1}") for i in range(SIZE) for j in range(SIZE - 1)]
    pipes = "".join(f" P-{k} {a} {b} 250 300 130 0 Open\n" for k, (a, b) in enumerate(ends))
    x, y = nodes["J-0-0"]
    places = "".join(f" {n} {x} {y}\n" for n, (x, y) in {**nodes, "R": (x - 50, y)}.items())
    return (
        f"[JUNCTIONS]\n{junctions}[RESERVOIRS]\n R 60\n[PIPES]\n{pipes} P-R R J-0-0 50 300 130 0 Open\n"
        f"[COORDINATES]\n{places}[OPTIONS]\n UNITS LPS\n HEADLOSS H-W\n[END]\n"
    )


def devices(
    nodes: dict[str, tuple[float, float]], crs: str, true: str, *, number: int = 25, named: bool = True
) -> list[Row]:
    """Loggers beside junctions, in coordinates that truly are of system `true`."""
    rng = np.random.default_rng(11)
    chosen = [sorted(nodes)[k] for k in rng.permutation(len(nodes))[:number]]
    at = np.array([nodes[n] for n in chosen]) + rng.normal(0, SCATTER_M, (number, 2))
    shifted = {"GCJ-02": wgs84_to_gcj02, "BD-09": wgs84_to_bd09}
    x, y = Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(*at.T)
    to = shifted.get(true) or Transformer.from_crs("EPSG:4326", true, always_xy=True).transform
    x, y = to(x, y)
    names = [f"junction:{n}" for n in chosen] if named else [f"meter:{k}" for k in range(number)]
    return list(zip(names, x.tolist(), y.tolist(), strict=True))


Make = Callable[..., Path]


@pytest.fixture
def make(bare: Path) -> Make:
    """A city with a network in `crs` and a table of positions that city.toml says are in `stated`."""

    def build(rows: list[Row], stated: str, *, crs: str = "EPSG:4548", model: bool = True, more: str = "") -> Path:
        table = "logger,lon,lat\n" + "".join(f"{n},{x!r},{y!r}\n" for n, x, y in rows)
        (bare / "loggers.csv").write_text(table, encoding="utf-8")
        tables = f'[[positions]]\npath = "loggers.csv"\nid_column = "logger"\nx = "lon"\ny = "lat"\ncrs = "{stated}"\n{more}\n'
        if model:
            place = crs if crs in PLACES else "EPSG:4548"
            (bare / "net.inp").write_text(network(streets(place)), encoding="utf-8")
            tables += '[[model]]\nengine = "epanet"\nfile = "net.inp"\n\n'
        text = example_city_toml().replace("EPSG:4549", crs, 1).replace("[policy]", tables + "[policy]", 1)
        (bare / "city.toml").write_text(text, encoding="utf-8")
        return bare

    return build


def said(answer) -> str:
    return "\n".join(line for line in answer.out.splitlines() if "positions: " in line or "位置：" in line)


@pytest.mark.parametrize(
    ("crs", "true", "stated", "length_m", "bearing", "cure"),
    [
        ("EPSG:4548", "GCJ-02", "EPSG:4326", 556, 74, "GCJ-02"),
        ("EPSG:4548", "BD-09", "EPSG:4490", 1370, 51, "BD-09"),
        ("EPSG:4548", "EPSG:4326", "GCJ-02", 556, 254, "EPSG:4326"),
        ("EPSG:6677", "EPSG:4301", "EPSG:6668", 463, 141, "EPSG:4301"),  # Tokyo read as JGD2011
        ("EPSG:27700", "EPSG:4277", "EPSG:4326", 134, 111, "EPSG:4277"),  # OSGB36 read as WGS 84: Caister, as published
        ("EPSG:25832", "EPSG:23032", "EPSG:25832", 214, 24, "EPSG:23032"),  # ED50 / UTM read as ETRS89 / UTM
    ],
)  # fmt: skip
def test_doctor_when_positions_are_in_another_datum_then_names_it_and_the_line_to_change(
    cli, make: Make, crs: str, true: str, stated: str, length_m: float, bearing: float, cure: str
) -> None:
    folder = make(devices(streets(crs), crs, true), stated, crs=crs)
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    answer = cli("doctor", folder, "--lang", "en", "--json")
    data = next(f["data"] for f in answer.json["findings"] if f["check"] == "positions" and f["level"] == "fault")
    assert answer.code == 1
    assert data["shift_m"] == pytest.approx(length_m, abs=12) and data["bearing_deg"] == pytest.approx(bearing, abs=3)
    assert (data["shared"], data["of"]) == (25, 25)
    assert (data["likely"]["side"], data["likely"]["crs"]) == ("positions", cure)
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before


def test_doctor_when_shifted_then_says_it_in_both_languages(cli, make: Make) -> None:
    folder = make(devices(streets("EPSG:4548"), "EPSG:4548", "GCJ-02"), "EPSG:4326")
    en, zh = said(cli("doctor", folder, "--lang", "en")), said(cli("doctor", folder, "--lang", "zh"))
    assert "25 of 25 positions lie about" in en and "m east (bearing 7" in en
    assert 'crs = "GCJ-02" in [[positions]]' in en and "No coordinate was changed." in en
    assert "25 个位置中有 25 个相对管网整体向东" in zh and '[[positions]] 的 crs 改为 "GCJ-02"' in zh
    assert "未改动任何坐标。" in zh


def test_doctor_when_the_network_is_in_another_datum_then_names_the_city(cli, make: Make) -> None:
    # The network's numbers are Tokyo's although city.toml says JGD2011: the devices are right.
    nodes = streets("EPSG:6677")
    rows = devices(nodes, "EPSG:30169", "EPSG:6668")  # Tokyo / Japan Plane IX, the same projection
    data = [
        f
        for f in cli("doctor", make(rows, "EPSG:6668", crs="EPSG:6677"), "--json").json["findings"]
        if f["level"] == "fault"
    ]
    assert len(data) == 1 and data[0]["data"]["likely"] == {"side": "network", "crs": "EPSG:30169", "name": "Tokyo"}


def test_doctor_when_devices_are_no_elements_then_the_pipes_tell(cli, make: Make) -> None:
    rows = devices(streets("EPSG:4548"), "EPSG:4548", "GCJ-02", number=45, named=False)
    text = said(cli("doctor", make(rows, "EPSG:4490"), "--lang", "en"))
    assert 'crs = "GCJ-02" in [[positions]]' in text
    assert "45 thing(s) that no model and no series has, first meter:0." in text


@pytest.mark.parametrize("named", [True, False], ids=["elements", "meters"])
def test_doctor_when_positions_are_right_then_no_fault(cli, make: Make, named: bool) -> None:
    answer = cli("doctor", make(devices(streets("EPSG:4548"), "EPSG:4548", "EPSG:4490", named=named), "EPSG:4490"))
    assert answer.code == 0 and "positions fit the network; half lie within" in said(answer)


def test_doctor_when_shifted_by_something_else_then_says_that_nothing_explains_it(cli, make: Make) -> None:
    rows = [(n, x + 0.0035, y) for n, x, y in devices(streets("EPSG:4548"), "EPSG:4548", "EPSG:4326")]
    answer = cli("doctor", make(rows, "EPSG:4326"), "--lang", "en")
    assert answer.code == 1
    assert re.search(
        r"lie about (29|30)\d m east \(bearing (89|90)°\)", said(answer)
    ) and "readings tried explains it" in said(answer)
    assert "Not tried, no transformation is public: New Beijing; Xian 1980." in said(answer)
    assert "Likely cure" not in said(answer)


def test_doctor_when_no_transformation_is_public_then_says_what_was_assumed(cli, make: Make) -> None:
    rows = [(n, x + 0.001, y) for n, x, y in devices(streets("EPSG:4548"), "EPSG:4548", "EPSG:4326")]
    assert "For EPSG:4610 no transformation is public" in said(cli("doctor", make(rows, "EPSG:4610"), "--lang", "en"))


def test_doctor_when_some_stand_elsewhere_then_no_datum_but_the_farthest(cli, make: Make) -> None:
    rows = devices(streets("EPSG:4548"), "EPSG:4548", "EPSG:4326")
    rows = [(n, x + (0.02 if k % 4 == 0 else 0.0), y) for k, (n, x, y) in enumerate(rows)]
    answer = cli("doctor", make(rows, "EPSG:4326"), "--lang", "en")
    assert answer.code == 0
    assert "7 of 25 positions lie more than 50 m off the network, and no common direction" in said(answer)


@pytest.mark.parametrize(
    ("change", "level", "says", "says_zh"),
    [
        (lambda rows: [], "note", "no positions", "没有位置"),
        (lambda rows: rows[:1], "note", "1 position(s) of elements of the model; at least 3", "仅有 1 个位置"),
        (lambda rows: [(n, *rows[0][1:]) for n, *_ in rows], "note", "one and the same point", "全部为同一点"),
        (lambda rows: [(n, y, x) for n, x, y in rows], "fault", 'Write x = "lat", y = "lon"', '请在 city.toml 中写 x = "lat"，y = "lon"'),
        (lambda rows: [(n, x - 10, y) for n, x, y in rows], "fault", "no datum does that", "基准面不同不致如此"),
        (lambda rows: [("junction:J-0-00", *rows[0][1:]), *rows[1:]], "note", "Did you mean 'J-0-0'?", "是否应为“J-0-0”？"),
    ],
    ids=["empty", "one", "identical", "swapped", "far", "unknown"],
)  # fmt: skip
def test_doctor_when_the_positions_are_bad_then_says_how(
    cli, make: Make, change: Callable, level: str, says: str, says_zh: str
) -> None:
    folder = make(change(devices(streets("EPSG:4548"), "EPSG:4548", "EPSG:4326")), "EPSG:4326")
    found = cli("doctor", folder, "--lang", "en", "--json").json["findings"]
    assert [f["level"] for f in found if f["check"] == "positions" and says in f["text"]] == [level]
    assert says_zh in said(cli("doctor", folder, "--lang", "zh"))


def test_doctor_when_swapped_inside_the_area_then_the_network_tells(cli, make: Make) -> None:
    rows = [(n, y, x) for n, x, y in devices(streets("EPSG:25832"), "EPSG:25832", "EPSG:4326")]
    text = said(cli("doctor", make(rows, "EPSG:4326", crs="EPSG:25832"), "--lang", "en"))
    assert 'write x = "lat", y = "lon"' in text and "with x and y exchanged" in text


@pytest.mark.parametrize(("stated", "crs"), [("local", "EPSG:4548"), ("EPSG:4326", "local")])
def test_doctor_when_a_system_is_local_then_says_that_nothing_can_be_compared(
    cli, make: Make, stated: str, crs: str
) -> None:
    answer = cli(
        "doctor", make(devices(streets("EPSG:4548"), "EPSG:4548", "EPSG:4326"), stated, crs=crs), "--lang", "en"
    )
    assert answer.code == 0 and "cannot be compared with the network, because local is the system of" in said(answer)


def test_doctor_when_there_is_no_model_then_says_so(cli, make: Make) -> None:
    rows = [("meter:M-1", 116.4, 39.9)]
    assert "no model to compare with" in said(cli("doctor", make(rows, "EPSG:4326", model=False), "--lang", "en"))


def test_doctor_when_the_networks_coordinates_do_not_fit_their_system_then_fault(cli, make: Make) -> None:
    folder = make(devices(streets("EPSG:4548"), "EPSG:4548", "EPSG:4326"), "EPSG:4326")
    text = (folder / "city.toml").read_text(encoding="utf-8").replace('crs = "EPSG:4548"', 'crs = "EPSG:4490"', 1)
    (folder / "city.toml").write_text(text, encoding="utf-8")
    answer = cli("doctor", folder, "--lang", "en")
    assert answer.code == 1 and 'do not fit crs = "EPSG:4490"' in said(answer)


def test_define_when_there_are_positions_then_things_have_their_locations_as_given(make: Make) -> None:
    rows = [("junction:J-0-0", 116.4, 39.9), ("meter:水表 1", 116.401, 39.9), ("junction:gone", 116.4, 39.9)]
    with City.open(make(rows, "EPSG:4326")) as city:
        city.define()
        places = {p.id: p for p in city.store.records(Location, Filter.operator())}
        things = {(t.kind, t.name): t for t in city.store.records(Thing, Filter.operator())}
    meter, junction = things["meter", "水表 1"], things["junction", "J-0-0"]
    assert (places[meter.location].crs, places[meter.location].coordinates) == ("EPSG:4326", ((116.401, 39.9),))
    assert places[junction.location].crs == "EPSG:4548"  # where the model draws it
    assert places[junction.properties["measured_location"]].coordinates == ((116.4, 39.9),)
    assert ("junction", "gone") not in things


def test_define_when_the_table_changes_or_is_faulty_then_taken_anew_or_named(cli, make: Make) -> None:
    folder = make([("meter:M-1", 116.4, 39.9)], "EPSG:4326")
    assert cli("take", folder).code == 0
    (folder / "loggers.csv").write_text("logger,lon,lat\nmeter:M-1,116.5,39.9\n", encoding="utf-8")
    assert cli("take", folder).code == 0
    with City.open(folder) as city:
        places = [p for p in city.store.records(Location, Filter.operator()) if p.name == "M-1"]
    assert [p.coordinates for p in places] == [((116.5, 39.9),)]
    (folder / "loggers.csv").write_text("logger,lon,lat\nmeter:M-1,east,39.9\nmeter:M-2,1,200\n", encoding="utf-8")
    answer = cli("take", folder, "--lang", "en")
    assert answer.code == 2 and "2 fault(s)" in answer.err
    assert "not numbers" in answer.err and "outside the area" in answer.err
    assert "坐标不是数字。" in cli("take", folder, "--lang", "zh").err


def test_turn_when_the_model_has_faults_then_says_the_first_of_them(cli, make: Make) -> None:
    folder = make([("meter:M-1", 116.4, 39.9)], "EPSG:4326")
    text = (
        (folder / "net.inp")
        .read_text(encoding="utf-8")
        .replace(" R 60\n", " R 5\n")
        .replace("250 300 130", "250 1 130", 1)
    )
    (folder / "net.inp").write_text(text, encoding="utf-8")
    en = cli("turn", folder, "--lang", "en", "--what-if", "--now", "2024-01-01T12:00Z")
    assert en.code == 0, en.err
    assert "Model net.inp: Pipes with a diameter that no main has" in en.out
    assert "Model net.inp: Negative pressure at the start" in en.out
    zh = cli("turn", folder, "--lang", "zh", "--what-if", "--now", "2024-01-01T12:00Z")
    assert "模型 net.inp：管径不合常理" in zh.out and "起始时刻出现负压" in zh.out
    plain = cli("turn", folder, "--json", "--what-if", "--now", "2024-01-01T12:00Z")
    assert {f["file"] for f in json.loads(plain.out)["model_faults"]} == {"net.inp"}
