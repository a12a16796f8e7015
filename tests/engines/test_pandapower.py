"""The power engine: held against pandapower and a formula, and what it refuses."""

import math
import pickle
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from cityloop.engines.pandapower import engine
from cityloop.errors import EngineError
from cityloop.records import Change

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
STATION = "T_idx_35"


pandapower = pytest.importorskip("pandapower", reason="needs the extra energy")


@pytest.fixture(scope="module")
def model():
    return engine.open(Path("pandapower:lv_schutterwald"))


def shipped(name):
    """A grid as pandapower reads it, for its own power flow."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pandapower.from_json(str(Path(pandapower.__file__).parent / "networks" / f"{name}.json"))


@pytest.fixture
def net():
    return shipped("lv_schutterwald")


def power_flow(net):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pandapower.runpp(net, numba=False, tolerance_mva=1e-9)


def ask(model, outputs, changes=(), *, steps=1, step_s=3600, start=MONDAY, drivers=None):
    return model.run(changes, start=start, steps=steps, step_s=step_s, drivers=drivers or {}, outputs=outputs)


def change(thing, property, value, **more):
    return Change(thing=thing, property=property, value=value, **more)


def of_kind(model, kind):
    return [e.name for e in model.elements() if e.kind == kind]


# --- against others ----------------------------------------------------------------------------------------------
def test_run_of_the_file_as_shipped_then_pandapowers_voltages_and_loading(model, net):
    power_flow(net)
    buses, stations, lines = (of_kind(model, kind) for kind in ("bus", "transformer", "line"))
    voltage = ask(model, [(b, "vm_pu") for b in buses])[0]
    assert np.abs(voltage - net.res_bus.vm_pu.to_numpy()).max() < 1e-5
    loading = ask(model, [(t, "loading_percent") for t in stations])[0]
    assert np.abs(loading - net.res_trafo.loading_percent.to_numpy()).max() < 0.01
    assert dict(zip(stations, loading))[STATION] == pytest.approx(147.5, abs=0.1)
    of_lines = ask(model, [(name, "loading_percent") for name in lines])[0]
    known = net.res_line.loading_percent.to_numpy()  # NaN where both ends are open: no current
    assert np.abs(of_lines - np.nan_to_num(known)).max() < 0.01
    total = ask(model, [("grid", "p_kw"), ("grid", "losses_kw"), ("grid", "installed_kva")])[0]
    assert total[0] == pytest.approx(net.res_ext_grid.p_mw.sum() * 1e3, rel=1e-5)
    assert total[1] == pytest.approx((net.res_line.pl_mw.sum() + net.res_trafo.pl_mw.sum()) * 1e3, rel=1e-4)
    assert total[2] == net.trafo.sn_mva.sum() * 1e3


def test_run_of_a_day_then_every_hour_as_pandapower_has_it(model, net):
    scale = np.array([0.3, 0.75, 1.0])
    got = ask(model, [(STATION, "loading_percent"), ("grid", "p_kw")], steps=3, drivers={("grid", "load_scale"): scale})
    for row, share in zip(got, scale):
        net.load["scaling"] = share
        power_flow(net)
        assert row[0] == pytest.approx(net.res_trafo.loading_percent[net.trafo.name == STATION].item(), abs=0.01)
        assert row[1] == pytest.approx(net.res_ext_grid.p_mw.sum() * 1e3, rel=1e-5)


def test_run_with_a_larger_transformer_then_the_type_of_the_file(model, net):
    index = net.trafo.index[net.trafo.name == STATION].item()
    pandapower.change_std_type(net, index, "0.63 MVA 20/0.4 kV", element="trafo")
    power_flow(net)
    got = ask(model, [(STATION, "loading_percent"), (STATION, "sn_kva")], [change(STATION, "sn_kva", 630.0)])[0]
    assert got[0] == pytest.approx(net.res_trafo.loading_percent[index], abs=0.01)
    assert got[0] < 100 and got[1] == 630


def test_run_without_heat_pumps_then_the_grid_that_pandapower_builds_without_them(model, net):
    pandapower.drop_elements(net, "load", net.load.index[net.load.type == "HP"])
    power_flow(net)
    got = ask(model, [(STATION, "loading_percent")], [change("grid", "heat_pump_scale", 0.0)])[0, 0]
    assert got == pytest.approx(net.res_trafo.loading_percent[net.trafo.name == STATION].item(), abs=0.01)


@pytest.mark.parametrize("name", ["mv_oberrhein", "mv_oberrhein_substations"])
def test_run_of_a_ring_with_generators_and_open_switches_then_pandapowers_voltages(name):
    ring = shipped(name)
    power_flow(ring)
    opened = engine.open(Path(f"pandapower:{name}"))
    voltage = ask(opened, [(b, "vm_pu") for b in of_kind(opened, "bus")])[0]
    known = ring.res_bus.vm_pu.to_numpy()
    assert np.abs(voltage - np.nan_to_num(known)).max() < 1e-5
    assert of_kind(opened, "generator")


def test_run_of_one_line_then_the_voltage_of_the_formula(tmp_path):
    small = pandapower.create_empty_network()
    a, b = (pandapower.create_bus(small, 0.4, name=n) for n in "AB")
    pandapower.create_ext_grid(small, a, vm_pu=1.0, name="feed")
    pandapower.create_line_from_parameters(small, a, b, 0.5, 0.3, 0.08, 0, 0.3, name="cable")
    pandapower.create_load(small, b, 0.06, 0.02, name="works")
    pandapower.to_json(small, str(tmp_path / "small.json"))
    opened = engine.open(tmp_path / "small.json")
    r, x, p, q = 0.15 / 0.16, 0.04 / 0.16, 0.06, 0.02  # per unit of 0.4 kV and 1 MVA
    middle = 0.5 - (r * p + x * q)
    expected = math.sqrt(middle + math.sqrt(middle**2 - (r**2 + x**2) * (p**2 + q**2)))
    got = ask(opened, [("B", "vm_pu"), ("cable", "i_a"), ("feed", "p_kw")])[0]
    ampere = math.hypot(60e3, 20e3) / (math.sqrt(3) * 400 * expected)
    assert got == pytest.approx([expected, ampere, 60 + 3 * 0.15 * ampere**2 / 1e3], rel=1e-7)


# --- elements and changes ----------------------------------------------------------------------------------------
def test_elements_of_lv_schutterwald_then_every_part_once_with_what_hangs_on_each_station(model):
    elements = model.elements()
    names = [e.name for e in elements]
    assert len(set(names)) == len(names)
    count = {kind: len(of_kind(model, kind)) for kind in ("bus", "line", "transformer", "load", "heat_pump")}
    assert count == {"bus": 2940, "line": 3000, "transformer": 14, "load": 1506, "heat_pump": 1251}
    stations = [e for e in elements if e.kind == "transformer"]
    assert sum(e.properties["heat_pumps"] for e in stations) == 1251
    station = next(e for e in stations if e.name == STATION)
    assert (station.properties["sn_kva"], station.properties["heat_pumps"]) == (400.0, 153.0)
    assert 7.87 < station.points[0][0] < 7.91 and 48.44 < station.points[0][1] < 48.47
    assert [e.name for e in elements if e.whole] == ["grid"]


def test_run_with_a_change_that_begins_and_one_by_hours_then_each_holds_in_its_time(model):
    begun = change(STATION, "load_kw", 300.0, start=MONDAY + timedelta(hours=20, minutes=1))
    evening = change(STATION, "heat_pump_scale", 0.5, hours=(17, 20))
    local = MONDAY.astimezone(ZoneInfo("Europe/Berlin")).replace(hour=16)
    got = ask(model, [(STATION, "p_kw")], [begun, evening], steps=8, start=local)[:, 0]
    file, half = got[0], got[1]
    assert got[:6] == pytest.approx([file, half, half, half, file, file])
    assert file - half == pytest.approx(153 / 2, rel=0.15)  # and their share of the losses
    assert got[6] == pytest.approx(300, rel=0.1) and got[7] == got[6]


def test_states_of_measured_station_load_then_its_loading_in_each(model):
    loads = np.array([[200.0], [380.0]])
    got = model.states([], inputs=[(STATION, "load_kw")], values=loads, outputs=[(STATION, "loading_percent")])
    assert got[:, 0] == pytest.approx(loads[:, 0] / 400 * 100, rel=0.12) and got[0, 0] < got[1, 0]


def test_run_with_a_line_switched_off_then_what_lies_behind_has_no_voltage(model):
    ends = {e.name: e.connects for e in model.elements() if e.kind == "line"}
    houses = {e.connects[0] for e in model.elements() if e.kind == "load"}
    single = [
        (name, b if b in houses else a) for name, (a, b) in ends.items()
        if len({n for n, c in ends.items() if (b if b in houses else a) in c}) == 1
    ]  # fmt: skip
    line, house = next((n, h) for n, h in single if h in houses)
    assert ask(model, [(house, "vm_pu")])[0, 0] > 0.85
    assert ask(model, [(house, "vm_pu")], [change(line, "status", 0.0)])[0, 0] == 0.0


def test_model_when_sent_to_another_process_and_asked_again_then_the_same_answer(model):
    sent = pickle.loads(pickle.dumps(model))
    outputs = [(STATION, "loading_percent"), ("grid", "losses_kw")]
    changed = ask(model, outputs, [change(STATION, "sn_kva", 630.0)])
    assert (ask(sent, outputs) == ask(model, outputs)).all()
    assert (ask(sent, outputs, [change(STATION, "sn_kva", 630.0)]) == changed).all()


# --- what it refuses ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "changes, outputs, drivers, says",
    [
        ((), [("T_idx_99", "p_kw")], {}, "no such element.*T_idx_99"),
        ((), [(STATION, "pressure_m")], {}, "cannot read.*loading_percent"),
        ([change(STATION, "vm_pu", 1.0)], [], {}, "cannot set.*sn_kva"),
        ([change(STATION, "sn_kva", 0.0)], [], {}, "without a rating"),
        ([change("grid", "load_scale", 60.0)], [("grid", "p_kw")], {}, "no solution.*unit"),
        ((), [], {("grid", "load_scale"): np.array([np.nan])}, "one number for every step"),
    ],
)
def test_run_when_it_cannot_be_answered_then_refused_and_never_guessed(model, changes, outputs, drivers, says):
    with pytest.raises(EngineError, match=f"(?s){says}"):
        ask(model, outputs or [("grid", "p_kw")], changes, drivers=drivers)


def test_gradient_then_the_cure(model):
    with pytest.raises(EngineError, match="no derivatives.*two states"):
        model.gradient([], inputs=[], values=np.empty(0), outputs=[], sources=[])


def test_open_when_the_file_is_no_grid_then_told(tmp_path):
    for text in ("", "{}", "[1, 2]", "not json"):
        (tmp_path / "bad.json").write_text(text)
        with pytest.raises(EngineError, match="Not a grid that pandapower can read"):
            engine.open(tmp_path / "bad.json")
    with pytest.raises(EngineError, match="cannot be read"):
        engine.open(tmp_path / "absent.json")
    with pytest.raises(EngineError, match=r"ships no such grid.*lv_schutterwald"):
        engine.open(Path("pandapower:lv_shutterwald"))


def test_open_when_the_grid_has_parts_that_are_not_carried_then_named(tmp_path):
    small = pandapower.create_empty_network()
    a = pandapower.create_bus(small, 20.0)
    pandapower.create_ext_grid(small, a)
    pandapower.create_shunt(small, a, q_mvar=1.0)
    pandapower.to_json(small, str(tmp_path / "shunt.json"))
    with pytest.raises(EngineError, match=r"does not carry.*shunt"):
        engine.open(tmp_path / "shunt.json")


def test_open_when_the_file_asks_for_code_of_another_package_then_refused_before_it_is_read(tmp_path):
    trap = '{"_module": "pandapower.auxiliary", "_class": "pandapowerNet", "_object": {"x": {"_module": "subprocess"}}}'
    (tmp_path / "trap.json").write_text(trap)
    with pytest.raises(EngineError, match=r"code of other packages.*subprocess"):
        engine.open(tmp_path / "trap.json")
