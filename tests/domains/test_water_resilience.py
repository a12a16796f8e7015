"""Fire flow and N-1 on a network small enough to be computed by hand, and on networks that no pilot was drawn for."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cityloop.city import City
from cityloop.cli.app import app
from cityloop.domains.water import domain
from cityloop.domains.water.resilience.fire_check import with_fire_check
from cityloop.domains.water.resilience.fire_flow import FireRule, available_flow, fire_flow
from cityloop.domains.water.resilience.snapshot import read_grid, run_day
from cityloop.domains.water.resilience.study import resilience
from cityloop.records import (
    Change,
    Countermeasure,
    Estimate,
    Project,
    Realisation,
    StateEntry,
    record_id,
)

NOW = datetime(2026, 6, 15, tzinfo=UTC)
#: A reservoir at 60 m feeds A; A, B, C are a loop; D hangs on C by one pipe; E and F hang on nothing.
NETWORK = """[JUNCTIONS]
A 10 2
B 10 3
C 12 3
D 15 2
E 10 1
F 10 0
[RESERVOIRS]
R 60
[PIPES]
RA R A 1000 200 130 0 Open
AB A B 500 150 130 0 Open
BC B C 500 150 130 0 Open
AC A C 500 150 130 0 Open
CD C D 500 100 130 0 Open
EF E F 100 100 130 0 Open
{more}
[OPTIONS]
Units LPS
Headloss H-W
[TIMES]
Duration 0
[END]
"""
CITY = """[city]
id = "tiny"
name = "tiny"
country = "IT"
timezone = "Europe/Rome"
crs = "local"

[[model]]
engine = "epanet"
file = "{file}"

[[boundary]]
id = "all"
name = "all"

[[source]]
kind = "twin"
seed = 1
sensors = 2
start = 2026-01-05

[policy]
currency = "EUR"
price_year = 2026
years = 3
budget_per_year = 10000
due_days = 365
binding_norm = "eu"
discount_rate = {{ value = 0.03, source = "test", status = "assumed" }}
targets = {{ night_flow = 0.8 }}
prices = {{ water_per_m3 = {{ value = 0.5, source = "test", status = "assumed" }} }}
"""
RULE = FireRule(10.0, 2.0, 15.0)


def loss_m(flow_l_per_s: float, length_m: float, diameter_mm: float, c: float = 130.0) -> float:
    """Hazen-Williams in SI units, 10.67 L Q^1.852 / (C^1.852 d^4.871)."""
    return 10.67 * length_m * (flow_l_per_s / 1000) ** 1.852 / (c**1.852 * (diameter_mm / 1000) ** 4.871)


def left_at_d(fire: float) -> float:
    """Pressure at D, m: A to C splits over AC (500 m) and A-B-C, so that both ways lose the same."""
    from scipy.optimize import brentq

    out = 8 + fire
    direct = brentq(
        lambda q: loss_m(q, 500, 150) - loss_m(out - q, 500, 150) - loss_m(max(out - 3 - q, 0.0), 500, 150),
        0.1,
        out - 3,
    )
    return 60 - loss_m(10 + fire, 1000, 200) - loss_m(direct, 500, 150) - loss_m(2 + fire, 500, 100) - 15


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return write(tmp_path)


def write(folder: Path, more: str = "") -> Path:
    (folder / "tiny.inp").write_text(NETWORK.format(more=more), encoding="utf-8")
    (folder / "city.toml").write_text(CITY.format(file="tiny.inp"), encoding="utf-8")
    return folder


def study(folder: Path, **options):
    with City.open(folder) as city:
        city.define()
        return resilience(city.view(NOW), city.simulator, domain.priors, rule=RULE, **options)


def test_fire_flow_when_a_dead_end_burns_then_the_pressure_left_is_what_the_pipes_lose_by_hand(tiny):
    found = study(tiny, highest_day_l_per_s=10.0)
    at = [p.name for p in found.now.fires.places].index("D")
    # 10 L/s of demand (E cannot be fed) and the fire pass RA; 2 stay at A, 3 at B, 3 at C, the rest goes to D
    assert found.now.fires.without_m[at] == pytest.approx(left_at_d(0.0), abs=0.02)
    assert found.now.fires.residual_m[at] == pytest.approx(left_at_d(10.0), abs=0.02)


def test_available_flow_when_sought_then_it_leaves_just_the_pressure_asked_for(tiny):
    with City.open(tiny) as city:
        city.define()
        view, simulator = city.view(NOW), city.simulator
        grid = read_grid(view)
        day = run_day(view, simulator, grid, (), day_l_per_s=10.0)
        moment = day.at(simulator, 0, demand_l_per_s=10.0)
        place = [j.name for j in grid.junctions].index("D")
        rule = FireRule(10.0, 2.0, 25.0)
        (flow,) = available_flow(simulator, moment, [place], [place], rule)
        again = fire_flow(simulator, moment, [place], FireRule(float(flow), 2.0, 25.0))
        more = fire_flow(simulator, moment, [place], FireRule(float(flow) * 1.02, 2.0, 25.0))
    assert 0 < flow < 40
    assert again.met[0] and again.residual_m[0] == pytest.approx(25.0, abs=0.2)
    assert not more.met[0]


def test_outages_when_each_pipe_is_out_then_bridges_cut_off_and_loops_do_not(tiny):
    found = study(tiny, highest_day_l_per_s=10.0)
    out = {o.link.name: o for o in found.now.outages}
    assert [o.link.name for o in found.now.outages][0] == "RA"
    assert {t.name for t in out["RA"].cut_off} == {"A", "B", "C", "D"}
    assert out["RA"].cut_off_l_per_s == pytest.approx(10.0)
    assert ({t.name for t in out["CD"].cut_off}, out["CD"].cut_off_l_per_s) == ({"D"}, pytest.approx(2.0))
    assert all(out[name].cut_off == () for name in ("AB", "BC", "AC"))
    assert found.now.cut_off == 2  # E and F
    assert any("no way to a source" in n.en for n in found.notes)
    assert any("assumed" not in n.en and "as given" in n.en for n in found.notes)


def test_outages_when_only_large_pipes_are_asked_then_the_others_are_left_out(tiny):
    found = study(tiny, highest_day_l_per_s=10.0, least_diameter_mm=150)
    assert {o.link.name for o in found.now.outages} == {"RA", "AB", "BC", "AC"}


def test_resilience_when_nobody_states_the_highest_day_then_the_factor_is_said_to_be_assumed(tiny):
    found = study(tiny)
    assert found.demand_l_per_s == pytest.approx(1.5 * 10)
    assert any("assumed" in n.en and "假设" in n.zh for n in found.notes)


def test_resilience_when_the_plan_narrows_a_main_then_what_it_takes_is_listed(tiny, tmp_path):
    with City.open(tiny) as city:
        city.define()
        measure = narrowed("renew_pipes", 0.6)
        project = Project(
            id=record_id("tiny", "project", "x"), countermeasure=measure.id, plan="", boundary=measure.boundary, name="Narrow",
            states=(StateEntry(state="proposed", on=NOW, by="test"),),
        )  # fmt: skip
        found = resilience(
            city.view(NOW, overlay=[measure, project]),
            city.simulator,
            domain.priors,
            rule=RULE,
            highest_day_l_per_s=10.0,
        )
    assert found.planned is not None and [m.id for m in found.measures] == [measure.id]
    at = [p.name for p in found.now.fires.places].index("D")
    assert found.now.fires.met[at] and not found.planned.fires.met[at]


def test_fire_check_when_a_measure_takes_the_fire_flow_from_a_place_then_its_row_says_so(tiny):
    file = tiny / "tiny.inp"  # a main that carries the 26.7 L/s of the European rule
    file.write_text(file.read_text(encoding="utf-8").replace("CD C D 500 100", "CD C D 500 200"), encoding="utf-8")
    with City.open(tiny) as city:
        city.define()
        view = city.view(NOW)
        narrow = narrowed("pressure_management", 0.4)
        (checked,) = with_fire_check(view, city.simulator, [narrow], domain.priors)
        (other,) = with_fire_check(view, city.simulator, [narrowed("renew_pipes", 0.4)], domain.priors)
    (row,) = checked.costs
    assert (row.kind, row.quantity.value, row.unit_value) == ("non_monetary", 1.0, None)
    assert "(D)" in row.source and " | " in row.source
    assert checked.details["fire_met_with"] == float(checked.details["fire_met_without"]) - 1
    assert other.costs == ()


def narrowed(kind: str, factor: float) -> Countermeasure:
    """A measure that makes the pipe to the dead end D narrower."""
    rate = Estimate(value=1.0, low=1.0, high=1.0, level=0.9, unit="1")
    pipe = record_id("tiny", "thing", "pipe", "CD")
    return Countermeasure(
        id=record_id("tiny", "countermeasure", kind), domain="water", kind=kind, title_en="Narrow", title_zh="缩径",
        boundary=record_id("tiny", "thing", "boundary", "all"), targets=(pipe,),
        changes=(Change(thing=pipe, property="diameter_factor", value=factor),), answers=("p",), effects=(), costs=(),
        realisation=Realisation(kind=kind, estimate=rate, studies=0, source="test", status="unconfirmed"),
    )  # fmt: skip


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_resilience_command_when_run_then_both_languages_tell_the_same_tables(tiny, lang):
    said = CliRunner().invoke(app, ["resilience", str(tiny), "--highest-day", "10", "--lang", lang])
    assert said.exit_code == 0, said.output
    assert "RA" in said.output and "100.0%" in said.output
    assert ("modelled" if lang == "en" else "模型计算") in said.output.lower()


def test_resilience_command_when_json_is_asked_then_every_place_is_there(tiny):
    options = ["--fire-flow", "10", "--duration", "2", "--residual", "15", "--highest-day", "10", "--json"]
    said = CliRunner().invoke(app, ["resilience", str(tiny), *options])
    found = json.loads(said.stdout)
    assert (found["modelled"], found["with_plan"], len(found["now"]["fires"])) == (True, None, 4)
    assert found["now"]["cut_off_before"] == 2 and found["now"]["outages_tried"] == 6


def test_resilience_command_when_only_part_of_a_fire_is_stated_then_the_rest_is_asked_for(tiny):
    said = CliRunner().invoke(app, ["resilience", str(tiny), "--fire-flow", "10"])
    assert said.exit_code == 2 and "--residual" in said.output


def test_resilience_when_a_city_has_no_model_then_the_cure_is_named(tmp_path):
    text = CITY.format(file="x").replace('[[model]]\nengine = "epanet"\nfile = "x"\n', "")
    text = text.replace('kind = "twin"\nseed = 1\nsensors = 2\nstart = 2026-01-05', SERIES)
    (tmp_path / "city.toml").write_text(text, encoding="utf-8")
    said = CliRunner().invoke(app, ["resilience", str(tmp_path)])
    assert said.exit_code == 2 and "[[model]]" in said.output


SERIES = """kind = "file"
name = "flow"
path = "flow.csv"
time = { column = "time", format = "%Y-%m-%d %H:%M", zone = "Europe/Rome" }
series = [{ column = "all", thing = "boundary:all", property = "water_flow", unit = "L/s", step_s = 3600 }]"""


@pytest.mark.parametrize(("name", "places"), [("Hanoi_CMH", 31), ("Balerma", 442)])
def test_resilience_when_published_networks_are_asked_then_each_is_answered(test_data, tmp_path, name, places):
    file = test_data / "water_networks" / f"{name}.inp"
    (tmp_path / f"{name}.inp").write_bytes(file.read_bytes())
    (tmp_path / "city.toml").write_text(CITY.format(file=f"{name}.inp"), encoding="utf-8")
    found = study(tmp_path)
    assert len(found.now.fires.places) == places
    assert found.now.outages[0].affected_l_per_s > 0
    if name == "Balerma":  # at 1.5 x its design demand the network cannot feed everybody: said, and not counted again
        assert found.now.negative > 100 and any("with nothing out" in n.en for n in found.notes)
