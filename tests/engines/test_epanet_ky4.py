"""EPANET on ky4, against figures known from elsewhere (SOURCE: plain wntr 1.5.0 runs, hand calculation)."""

import numpy as np
import pytest

from cityloop.records import Change

TANKS = ("T-1", "T-2", "T-3", "T-4")
PUMPS = ("~@Pump-1", "~@Pump-2")
DEAD_LINKS = [Change(thing=name, property="status", value=0) for name in ("P-539", "P-36", "P-541")]
#: From the diameters in feet in the file: 58, 46, 44, 70.
AREAS_M2 = np.pi / 4 * (np.array([58, 46, 44, 70]) * 0.3048) ** 2
NETWORK_DEMAND = ("network", "demand_l_per_s")


def junctions(model):
    return [e.name for e in model.elements() if e.kind == "junction"]


@pytest.fixture(scope="module")
def fortnight(ky4, monday):
    """14 days with the dead tanks shut off: demand, levels of T-3 and T-4, flow, power, status of both pumps."""
    outputs = [NETWORK_DEMAND, ("T-3", "level_m"), ("T-4", "level_m")]
    outputs += [(p, what) for what in ("flow_l_per_s", "power_kw", "status") for p in PUMPS]
    return ky4.run(DEAD_LINKS, start=monday, steps=336, step_s=3600, drivers={}, outputs=outputs)


def test_elements_when_ky4_is_opened_then_network_is_complete(ky4):
    elements = {(e.kind, e.name): e for e in ky4.elements()}
    assert len(elements) == 1 + 959 + 1 + 4 + 1156 + 2
    whole = elements["network", "network"].properties
    assert whole["length_m"] == pytest.approx(260_241, abs=1)
    pipe = elements["pipe", "P-1"]
    assert pipe.connects == ("J-1", "J-34")
    assert pipe.properties["length_m"] == pytest.approx(1760.131 * 0.3048, rel=1e-6)
    assert pipe.properties["diameter_mm"] == pytest.approx(6 * 25.4, rel=1e-6)
    assert (
        pipe.points[0] == elements["junction", "J-1"].points[0]
        and pipe.points[-1] == elements["junction", "J-34"].points[0]
    )
    assert elements["pump", "~@Pump-1"].properties["power_kw"] == pytest.approx(150 * 0.7457)
    tank = elements["tank", "T-3"].properties
    assert tank["area_m2"] == pytest.approx(141.26, abs=0.01)
    assert tank["max_level_m"] == pytest.approx(110.751 * 0.3048, rel=1e-6)


def test_run_when_24_hours_then_known_minimum_and_mean_demand(ky4, monday):
    names = junctions(ky4)
    outputs = [NETWORK_DEMAND, *((name, "pressure_m") for name in names)]
    answer = ky4.run([], start=monday, steps=25, step_s=3600, drivers={}, outputs=outputs)
    assert answer.shape == (25, 960)
    assert answer[:, 0].mean() == pytest.approx(63.9, abs=0.05)
    lowest = np.unravel_index(np.argmin(answer[:, 1:]), (25, 959))
    assert names[lowest[1]] == "I-Pump-1"
    assert answer[:, 1:].min() == pytest.approx(4.13, abs=0.01)


def test_run_when_dead_tanks_start_full_then_energy_is_the_settled_one(ky4, monday):
    full = [Change(thing=t, property="level_m", value=f * 0.3048) for t, f in (("T-1", 103.87), ("T-2", 104.4251))]
    outputs = [(p, what) for what in ("power_kw", "flow_l_per_s") for p in PUMPS]
    week = ky4.run(full, start=monday, steps=336, step_s=3600, drivers={}, outputs=outputs)[168:]
    kwh_per_day = week[:, :2].sum() / 7
    assert kwh_per_day == pytest.approx(2090, rel=0.02)  # plain wntr at 5-minute steps, same demands: 2,127
    assert week[:, :2].sum() / (week[:, 2:].sum() * 3.6) == pytest.approx(0.375, abs=0.001)


def test_run_when_pump_switches_inside_the_hour_then_tank_balance_is_exact(fortnight):
    demand, levels, flow = fortnight[:, 0], fortnight[:, 1:3], fortnight[:, 3:5].sum(axis=1)
    stored = (np.diff(levels, axis=0) * AREAS_M2[2:]).sum(axis=1) / 3.6
    share = fortnight[:, 7]
    assert ((share > 0.05) & (share < 0.95)).any()
    # EPANET's litres per cubic foot are 28.317, not 28.3168: 5.4e-6 of every flow is no fault of the integration.
    allowed = 2e-4 + 5.4e-6 * (flow + demand)[:-1]
    assert (np.abs(flow[:-1] - stored - demand[:-1]) < allowed).all()


def test_run_when_power_is_constant_then_energy_is_the_share_of_the_hour(fortnight):
    power, share = fortnight[:, 5:7], fortnight[:, 7:9]
    for pump, horsepower in enumerate((150, 50)):
        nominal = horsepower * 0.7457 / 0.75
        np.testing.assert_allclose(power[:, pump], share[:, pump] * nominal, rtol=1e-3)


def test_run_when_a_pump_is_stronger_then_its_power_is(ky4, monday):
    outputs = [(p, "power_kw") for p in PUMPS]
    usual = ky4.run([], start=monday, steps=2, step_s=3600, drivers={}, outputs=outputs)
    factor = Change(thing="~@Pump-2", property="power_factor", value=1.05)
    strong = ky4.run([factor], start=monday, steps=2, step_s=3600, drivers={}, outputs=outputs)
    np.testing.assert_allclose(strong[:, 1], 1.05 * usual[:, 1], rtol=1e-3)


@pytest.mark.parametrize("begin", [0, 5])
def test_run_when_a_leak_begins_then_it_flows_from_that_hour_by_the_emitter_law(ky4, monday, begin):
    leak = Change(
        thing="J-100", property="leak_coefficient", value=0.745, start=monday.replace(hour=begin) if begin else None
    )
    outputs = [("J-100", "pressure_m"), ("J-100", "leak_l_per_s"), ("network", "leak_l_per_s"), NETWORK_DEMAND]
    with_leak = ky4.run([leak], start=monday, steps=8, step_s=3600, drivers={}, outputs=outputs)
    without = ky4.run([], start=monday, steps=8, step_s=3600, drivers={}, outputs=outputs)
    assert (with_leak[:begin] == without[:begin]).all() and not without[:, 1:3].any()
    np.testing.assert_allclose(with_leak[begin:, 1], 0.745 * np.sqrt(with_leak[begin:, 0]), rtol=0.02)
    np.testing.assert_allclose(with_leak[:, 2], with_leak[:, 1])
    np.testing.assert_allclose(with_leak[:, 3], without[:, 3])


def test_states_when_emitter_at_45_m_then_five_litres_per_second(ky4):
    """5 l/s at 45 m needs 0.745 l/s per sqrt(m): raise or lower the ground until the pressure is 45 m."""
    leak = Change(thing="J-100", property="leak_coefficient", value=0.745)
    outputs = [("J-100", "pressure_m"), ("J-100", "leak_l_per_s")]
    offset = 0.0
    for _ in range(20):
        answer = ky4.states(
            [leak], inputs=[("J-100", "elevation_offset_m")], values=np.array([[offset]]), outputs=outputs
        )[0]
        offset += answer[0] - 45.0
    assert answer[0] == pytest.approx(45.0, abs=1e-3)
    assert answer[1] == pytest.approx(5.0, abs=0.005)


def test_run_when_driven_by_a_million_demands_then_fast_enough_and_exact(ky4, monday):
    """Four weeks; 24 weeks with 934 demands and 41 outputs took 3.6 s of one core."""
    rng = np.random.default_rng(4)
    bases = {e.name: e.properties["base_demand_l_per_s"] for e in ky4.elements() if e.kind == "junction"}
    drivers = {(n, "demand_l_per_s"): b * rng.gamma(4, 0.25, 672) for n, b in bases.items() if b}
    outputs = [NETWORK_DEMAND, ("J-1", "demand_l_per_s"), ("T-3", "level_m")]
    answer = ky4.run(DEAD_LINKS, start=monday, steps=672, step_s=3600, drivers=drivers, outputs=outputs)
    np.testing.assert_allclose(answer[:, 0], sum(drivers.values()), rtol=1e-9)
    np.testing.assert_allclose(answer[:, 1], drivers["J-1", "demand_l_per_s"], rtol=1e-5)


def test_states_when_rows_are_turned_round_then_the_same_to_a_tenth_of_a_millimetre(ky4):
    rng = np.random.default_rng(2)
    inputs = [NETWORK_DEMAND, ("T-3", "level_m"), ("T-4", "level_m"), *((p, "status") for p in PUMPS)]
    n = 60
    values = np.stack(
        [rng.uniform(20, 110, n), rng.uniform(27, 33, n), rng.uniform(26, 31, n), rng.integers(0, 2, n), np.ones(n)],
        axis=1,
    )
    outputs = [(name, "pressure_m") for name in junctions(ky4)[::24]] + [("~@Pump-1", "flow_l_per_s"), NETWORK_DEMAND]
    forward = ky4.states(DEAD_LINKS, inputs=inputs, values=values, outputs=outputs)
    backward = ky4.states(DEAD_LINKS, inputs=inputs, values=values[::-1], outputs=outputs)[::-1]
    np.testing.assert_allclose(forward[:, :40], backward[:, :40], atol=1e-4)
    np.testing.assert_allclose(forward[:, -1], values[:, 0], rtol=1e-9)
    assert ((forward[:, -2] > 1) == (values[:, 3] == 1)).all()


def test_states_when_at_a_running_hour_then_the_same_as_the_run(ky4, fortnight, monday):
    """The state at the start of an hour: same demand, levels and pumps give the same pressures."""
    names = junctions(ky4)[::50]
    outputs = [(name, "pressure_m") for name in names]
    run = ky4.run(DEAD_LINKS, start=monday, steps=200, step_s=3600, drivers={}, outputs=outputs)
    whole = [t for t in range(24, 200) if fortnight[t, 7] in (0.0, 1.0)]
    inputs = [NETWORK_DEMAND, ("T-3", "level_m"), ("T-4", "level_m"), *((p, "status") for p in PUMPS)]
    values = fortnight[whole][:, [0, 1, 2, 7, 8]]
    states = ky4.states(DEAD_LINKS, inputs=inputs, values=values, outputs=outputs)
    np.testing.assert_allclose(states, run[whole], atol=2e-3)


@pytest.mark.parametrize("demand", [30.0, 90.0])
def test_gradient_when_held_against_finite_differences_then_within_two_percent(ky4, demand):
    names = junctions(ky4)
    outputs = [(name, "head_m") for name in names[::24]]
    inputs = [NETWORK_DEMAND, ("T-3", "level_m"), ("T-4", "level_m"), *((p, "status") for p in PUMPS)]
    values = np.array([demand, 29.0, 28.5, 1.0, 1.0])
    places = names[::120]
    closed = ky4.gradient(
        DEAD_LINKS, inputs=inputs, values=values, outputs=outputs, sources=[(n, "leak_l_per_s") for n in names]
    )
    assert closed.shape == (40, 959)
    before = ky4.states(DEAD_LINKS, inputs=inputs, values=values[None], outputs=outputs)[0]
    errors = []
    for place in places:
        leak = Change(thing=place, property="leak_coefficient", value=0.05)
        after = ky4.states(
            [*DEAD_LINKS, leak], inputs=inputs, values=values[None], outputs=[*outputs, (place, "leak_l_per_s")]
        )[0]
        slope = (after[:-1] - before) / after[-1]
        errors.append(np.abs(slope - closed[:, names.index(place)]).max() / np.abs(slope).max())
    assert np.median(errors) < 0.02 and max(errors) < 0.15
