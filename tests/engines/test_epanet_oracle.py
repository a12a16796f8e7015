"""EPANET held against plain wntr runs (its own writer, reader and binary results) and a published benchmark.

Origin: networks of wntr 1.5.0's library and of the test data folder (its SOURCE.md). Tolerance 1 mm of head: both are the
same solver at accuracy 1e-4, so a larger difference means that a file was read or driven otherwise.
"""

import logging
import warnings
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from cityloop.engines.epanet import engine
from cityloop.records import Change

HEAD_TOLERANCE_M = 1e-3


@pytest.fixture(scope="module")
def wntr():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import wntr

    return wntr


def plain_heads(wntr, path, folder, names):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = wntr.network.WaterNetworkModel(str(path))
        network.options.time.duration = 23 * 3600
        network.options.time.report_timestep = 3600
        network.options.quality.parameter = "NONE"
        network.options.hydraulic.accuracy = min(network.options.hydraulic.accuracy, 1e-4)
        results = wntr.sim.EpanetSimulator(network).run_sim(file_prefix=str(folder / "plain"))
    return results.node["head"][names].to_numpy()


def compare(wntr, path, folder, start):
    model = engine.open(path)
    names = [e.name for e in model.elements() if e.kind in ("junction", "tank", "reservoir")]
    outputs = [(name, "head_m") for name in names]
    answer = model.run([], start=start, steps=24, step_s=3600, drivers={}, outputs=outputs)
    np.testing.assert_allclose(answer, plain_heads(wntr, path, folder, names), atol=HEAD_TOLERANCE_M)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "clock"), [("Net3", 0), ("Net2", 8), ("ky10", 0)])
def test_run_when_a_library_network_then_heads_of_plain_wntr(wntr, tmp_path, monday, name, clock):
    path = Path(wntr.__path__[0]) / "library" / "networks" / f"{name}.inp"
    compare(wntr, path, tmp_path, monday + timedelta(hours=clock))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["L-TOWN", "modena", "Balerma", "robustness/ky15"])
def test_run_when_a_published_network_then_heads_of_plain_wntr(wntr, test_data, tmp_path, monday, caplog, name):
    caplog.set_level(logging.CRITICAL)
    compare(wntr, test_data / "water_networks" / f"{name}.inp", tmp_path, monday)


def test_states_when_hanoi_then_published_lowest_pressure(test_data):
    model = engine.open(test_data / "water_networks" / "Hanoi_CMH.inp")
    names = [e.name for e in model.elements() if e.kind == "junction"]
    outputs = [("network", "demand_l_per_s"), *((n, "pressure_m") for n in names)]
    answer = model.states([], inputs=[], values=np.zeros((1, 0)), outputs=outputs)[0]
    assert answer[1:].min() == pytest.approx(63.6, abs=0.05)
    assert answer[0] == pytest.approx(5538.9 / 3.6, rel=1e-4)


@pytest.mark.parametrize("name", ["L-TOWN", "Balerma", "modena"])
def test_gradient_when_valves_pumps_or_darcy_weisbach_then_finite_differences(test_data, caplog, name):
    caplog.set_level(logging.CRITICAL)
    model = engine.open(test_data / "water_networks" / f"{name}.inp")
    rng = np.random.default_rng(5)
    names = rng.choice([e.name for e in model.elements() if e.kind == "junction"], 12, replace=False).tolist()
    outputs = [(n, "head_m") for n in names]
    closed = model.gradient(
        [], inputs=[], values=np.zeros(0), outputs=outputs, sources=[(n, "demand_l_per_s") for n in names]
    )
    both = [*outputs, *((n, "demand_l_per_s") for n in names)]
    usual = model.states([], inputs=[], values=np.zeros((1, 0)), outputs=both)[0, 12:]
    for i, name in enumerate(names):
        rows = np.array([[usual[i] + 0.2], [usual[i] - 0.2]])
        heads = model.states([], inputs=[(name, "demand_l_per_s")], values=rows, outputs=outputs)
        slope = (heads[0] - heads[1]) / 0.4
        assert np.abs(slope - closed[:, i]).max() < 0.03 * np.abs(slope).max() + 5e-5


def test_states_when_a_pump_with_a_curve_or_a_valve_differs_then_in_every_row_alike(test_data, caplog):
    caplog.set_level(logging.CRITICAL)
    model = engine.open(test_data / "water_networks" / "L-TOWN.inp")
    valve = next(e for e in model.elements() if e.kind == "valve" and e.properties["valve_type"] == "PRV")
    changes = [Change(thing=valve.name, property="setting", value=45.0)]
    changes += [Change(thing=e.name, property="power_factor", value=1.2) for e in model.elements() if e.kind == "pump"]
    outputs = [(valve.connects[1], "pressure_m")]
    outputs += [(e.name, "flow_l_per_s") for e in model.elements() if e.kind == "pump"]
    answer = model.states(changes, inputs=[], values=np.zeros((3, 0)), outputs=outputs)
    usual = model.states([], inputs=[], values=np.zeros((1, 0)), outputs=outputs)
    assert answer[:, 0] == pytest.approx([45.0] * 3, abs=1e-3)
    np.testing.assert_allclose(answer[1:], answer[[0, 0]], rtol=1e-4)
    assert answer[0, 1] != pytest.approx(usual[0, 1], rel=0.01)
