"""Bad files, bad questions, bad models: each is told what is wrong, where, and what helps."""

import math
from pathlib import Path

import numpy as np
import pytest

from cityloop.engines.epanet import engine
from cityloop.errors import Cancelled, EngineError
from cityloop.records import Change


def ask(model, monday, *changes, outputs=(("A", "pressure_m"),), **arguments):
    question = {"start": monday, "steps": 3, "step_s": 3600, "drivers": {}, "outputs": outputs} | arguments
    return model.run([Change(thing=t, property=p, value=v) for t, p, v in changes], **question)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"outputs": [("AA", "pressure_m")]}, "Did you mean A"),
        ({"outputs": [("A", "pressure")]}, "Did you mean pressure_m"),
        ({"outputs": [("P1", "level_m")]}, "Allowed: flow_l_per_s, status, velocity_m_per_s"),
        ({"drivers": {("A", "demand_l_per_s"): np.array([1.0, math.nan, 1.0])}}, "row 1"),
        ({"drivers": {("A", "demand_l_per_s"): np.ones(4)}}, "one value per step"),
        ({"drivers": {("A", "status"): np.ones(3)}}, "cannot be set"),
        ({"steps": 0}, "at least one step"),
    ],
)
def test_run_when_the_question_is_wrong_then_says_what_helps(line, monday, asked, says):
    with pytest.raises(EngineError, match=says):
        ask(line, monday, **asked)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("P1", "status", 0.5), "open or closed"),
        (("P1", "diameter_factor", 0.0), "positive"),
        (("A", "leak_coefficient", -0.1), "negative"),
        (("A", "leak_coefficient", math.inf), "not a number"),
        (("P1", "status", 0), "absurd"),
    ],
)
def test_run_when_a_change_makes_no_sense_then_refused(line, monday, change, says):
    with pytest.raises(EngineError, match=says):
        ask(line, monday, change)


def test_run_when_a_level_is_beyond_the_tank_then_its_range_is_named(ky4, monday):
    with pytest.raises(EngineError, match="Allowed: 27.0513 to 33.7569 m"):
        ask(ky4, monday, ("T-3", "level_m", 50.0), outputs=[("T-3", "level_m")])


def test_states_when_a_level_is_a_boundary_then_full_tanks_stay_open(ky4):
    answer = ky4.states(
        [],
        inputs=[("T-3", "level_m")],
        values=np.array([[33.80], [27.0]]),
        outputs=[("T-3", "level_m"), ("P-36", "status")],
    )
    assert answer[:, 0] == pytest.approx([33.80, 27.0])


def test_states_when_the_values_do_not_fit_then_says_so(ky4, line, open_text, line_text):
    with pytest.raises(EngineError, match="one column per input"):
        line.states([], inputs=[], values=np.zeros((2, 3)), outputs=[("A", "head_m")])
    dry = open_text(line_text.replace(" A  20  10  DAY", " A  20  0"))
    with pytest.raises(EngineError, match="no demand that could be scaled"):
        dry.states([], inputs=[("network", "demand_l_per_s")], values=np.ones((1, 1)), outputs=[("A", "head_m")])
    with pytest.raises(EngineError, match="as an output"):
        line.gradient([], inputs=[], values=np.zeros(0), outputs=[("P1", "flow_l_per_s")], sources=[])


def test_run_when_cancelled_then_stops_at_once_and_leaves_nothing(line, monday, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    calls = []

    def stop(share, text):
        calls.append(share)
        raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        ask(line, monday, steps=1000, progress=stop)
    assert len(calls) == 1 and calls[0] < 0.02
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("nothing of the kind", "cannot read the model"),
        ("[JUNCTIONS]\n A 1\n[RESERVOIRS]\n R 9\n[PIPES]\n P A B 1 1 1\n[END]\n", "undefined node B"),
        ("", "cannot read the model"),
        ("[JUNCTIONS]\n A 20 10\n[RESERVOIRS]\n R 100\n[PIPES]\n P R A 1000 abc 130 0 Open\n[END]", "abc"),
    ],
)
def test_open_when_the_file_is_broken_then_epanet_tells_which_line(tmp_path, content, says):
    (tmp_path / "broken.inp").write_text(content)
    with pytest.raises(EngineError, match=says) as raised:
        engine.open(tmp_path / "broken.inp")
    assert "broken.inp" in str(raised.value)


def test_open_when_there_is_no_such_file_then_says_where(tmp_path):
    with pytest.raises(EngineError, match="No such file"):
        engine.open(tmp_path / "none.inp")
    with pytest.raises(EngineError, match="Allowed: Net1, Net2, Net3, Net6, ky10, ky4"):
        engine.open(Path("wntr:ky5"))


@pytest.mark.parametrize("name", ["管网.inp", "mit Leer zeichen.inp"])
def test_open_when_the_name_is_unusual_then_works(tmp_path, line_text, monday, name):
    (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + line_text.encode() + b"\0" * 999)
    assert ask(engine.open(tmp_path / name), monday).shape == (3, 1)


def test_check_when_the_model_is_sound_then_nothing(ky4, line):
    assert ky4.check() == () == line.check()


def test_check_when_the_model_is_not_then_every_fault_with_names(open_text, line_text):
    faulty = open_text(
        line_text.replace(" A  20  10  DAY", " A  20  0\n D 10 0\n E 10 0\n")
        .replace("1000  200  130", "1000  0.2  130")
        .replace("[PATTERNS]", " P9 D E 10 100 130 0 Open\n[PATTERNS]")
    )
    faults = " ".join(faulty.check())
    assert "diameter that no main has" in faults and "(P1)" in faults
    assert "no link joins to a tank or reservoir: 2 of 5 (D, E)" in faults
    assert "no demand" in faults


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("HAN", ("34 of 34", "absurd")),
        ("robustness/ky15", ("Negative pressure at the start, lowest -99.6 m: 17 of 659",)),
        ("robustness/MICROPOLIS_v1", ()),
    ],
)
def test_check_when_published_traps_then_found(test_data, name, says):
    faults = " ".join(engine.open(test_data / "water_networks" / f"{name}.inp").check())
    assert all(part in faults for part in says) and bool(faults) == bool(says)


def test_open_when_pescara_then_the_undefined_nodes_are_named(test_data):
    with pytest.raises(EngineError, match=r"undefined node 79 in \[COORDINATES\]"):
        engine.open(test_data / "water_networks" / "robustness" / "PES.inp")


def test_run_when_placeholder_diameters_then_refused_not_returned(test_data, monday):
    model = engine.open(test_data / "water_networks" / "HAN.inp")
    with pytest.raises(EngineError, match="placeholder diameters"):
        ask(model, monday, outputs=[("2", "pressure_m")])
