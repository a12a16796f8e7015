"""EPANET on a line of three pipes, against hand calculation; what can be set, when, and by whose clock."""

import threading
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from cityloop.records import Change

WHOLE = ("network", "demand_l_per_s")


def loss_m(q_l_per_s, length_m, diameter_m=0.2, c=130.0):
    """Hazen-Williams: h = 10.667 L q^1.852 / (C^1.852 d^4.871)."""
    return 10.667 * length_m * (q_l_per_s / 1000) ** 1.852 / (c**1.852 * diameter_m**4.871)


def ask(model, changes=(), *, outputs, start, steps=1, step_s=3600, drivers=None):
    return model.run(list(changes), start=start, steps=steps, step_s=step_s, drivers=drivers or {}, outputs=outputs)


def change(thing, what, value, start=None):
    return Change(thing=thing, property=what, value=value, start=start)


def test_elements_when_vertices_and_missing_coordinates_then_lines_follow(line):
    found = {e.name: e for e in line.elements()}
    assert found["P1"].points == ((0.0, 0.0), (500.0, 50.0), (1000.0, 0.0))
    assert found["C"].points == () and found["CV"].points == ((1500.0, 0.0),)
    assert found["P3"].properties["initial_status"] == "closed"
    assert found["CV"].properties["check_valve"] == "yes"
    assert found["A"].properties["base_demand_l_per_s"] == pytest.approx(10.0)
    assert found["R"].properties["head_m"] == 100.0


def test_run_when_demand_follows_its_pattern_then_head_loss_by_hand(line, monday):
    outputs = [("A", "head_m"), ("A", "pressure_m"), ("P1", "flow_l_per_s"), WHOLE, ("P1", "velocity_m_per_s")]
    answer = ask(line, outputs=outputs, start=monday, steps=24)
    assert answer[:, 3] == pytest.approx([5.0] * 12 + [15.0] * 12)
    assert answer[:, 0] == pytest.approx(100 - loss_m(answer[:, 3], 1000), abs=2e-3)
    assert answer[:, 1] == pytest.approx(answer[:, 0] - 20)
    assert answer[:, 2] == pytest.approx(answer[:, 3], rel=1e-4)
    assert answer[:, 4] == pytest.approx(answer[:, 3] / 1000 / (np.pi * 0.01), rel=1e-3)


@pytest.mark.parametrize(("zone", "hour", "demand"), [("UTC", 13, 15.0), ("Asia/Shanghai", 11, 5.0), ("UTC", 3, 5.0)])
def test_run_when_it_starts_within_the_day_then_patterns_follow_the_clock_of_the_start(line, zone, hour, demand):
    start = datetime(2026, 4, 8, hour, tzinfo=ZoneInfo(zone))
    assert ask(line, outputs=[WHOLE], start=start)[0, 0] == pytest.approx(demand)


def test_run_when_steps_cross_a_pattern_then_the_mean_counts(line, monday):
    outputs = [WHOLE, ("A", "demand_l_per_s"), ("P1", "flow_l_per_s")]
    answer = ask(line, outputs=outputs, start=monday, steps=2, step_s=8 * 3600)
    assert answer[1] == pytest.approx([10.0] * 3, rel=1e-4)
    assert ask(line, outputs=outputs, start=monday, steps=4, step_s=900)[0] == pytest.approx([5.0] * 3, rel=1e-4)


@pytest.mark.parametrize(
    ("what", "value", "demand"),
    [("demand_l_per_s", 7.0, 7.0), ("demand_factor", 2.0, 10.0), ("leak_coefficient", 0.5, 5.0)],
)
def test_run_when_a_junction_changes_later_then_from_that_step_on(line, monday, what, value, demand):
    later = change("A", what, value, monday + timedelta(minutes=90))
    answer = ask(line, [later], outputs=[WHOLE, ("A", "demand_l_per_s")], start=monday, steps=4)
    assert answer[:2] == pytest.approx(np.full((2, 2), 5.0), rel=1e-4)
    assert answer[2:] == pytest.approx(np.full((2, 2), demand), rel=1e-3)


def test_run_when_totals_are_driven_then_every_step_has_its_total(line, monday):
    totals = np.array([3.0, 8.0, 20.0])
    answer = ask(
        line, [change("B", "demand_l_per_s", 1.0)], outputs=[WHOLE, ("A", "demand_l_per_s"), ("B", "demand_l_per_s")],
        start=monday, steps=3, drivers={WHOLE: totals},
    )  # fmt: skip
    assert answer[:, 0] == pytest.approx(totals)
    assert answer[:, 1] == pytest.approx(totals * 5 / 6, rel=1e-4) and answer[:, 2] == pytest.approx(
        totals / 6, rel=1e-4
    )


def test_run_when_changes_meet_then_leaks_add_factors_multiply_and_the_last_status_stands(line, monday):
    twice = [change("A", "leak_coefficient", 0.2), change("A", "leak_coefficient", 0.3)]
    both = [change("P1", "diameter_factor", 0.5), change("P1", "diameter_factor", 2.0)]
    outputs = [("A", "leak_l_per_s"), ("A", "pressure_m"), ("P3", "flow_l_per_s")]
    reopened = [change("P3", "status", 1), change("P3", "status", 0)]
    answer = ask(line, [*twice, *both, *reopened], outputs=outputs, start=monday)[0]
    assert answer[0] == pytest.approx(0.5 * np.sqrt(answer[1]), rel=1e-6)
    assert answer[1] == pytest.approx(80 - loss_m(5 + answer[0], 1000), abs=5e-3)
    assert answer[2] == 0.0


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (("P1", "diameter_factor", 0.9), 100 - loss_m(5, 1000, 0.18)),
        (("P1", "roughness_factor", 0.8), 100 - loss_m(5, 1000, c=104)),
        (("R", "head_m", 90.0), 90 - loss_m(5, 1000)),
        (("A", "elevation_offset_m", 3.0), 100 - loss_m(5, 1000)),
    ],
)
def test_run_when_the_network_differs_then_head_by_hand(line, monday, changed, expected):
    answer = ask(line, [change(*changed)], outputs=[("A", "head_m"), ("A", "pressure_m")], start=monday)[0]
    assert answer[0] == pytest.approx(expected, abs=2e-3)
    assert answer[0] - answer[1] == pytest.approx(23.0 if changed[0] == "A" else 20.0)


def test_run_when_links_are_closed_and_opened_by_a_driver_then_water_takes_the_other_way(line, monday):
    drivers = {("P1", "status"): np.array([1.0, 0.0, 1.0]), ("P3", "status"): np.array([0.0, 1.0, 0.0])}
    outputs = [("P1", "flow_l_per_s"), ("P3", "flow_l_per_s"), ("P3", "status")]
    answer = ask(line, outputs=outputs, start=monday, steps=3, drivers=drivers)
    assert answer == pytest.approx(np.array([[5, 0, 0], [0, 5, 1], [5, 0, 0]]), abs=1e-3)


def test_run_when_a_check_valve_is_closed_then_no_water_passes(line, monday):
    drawn = change("C", "demand_l_per_s", 0.0)
    leak = change("C", "leak_coefficient", 0.5)
    outputs = [("CV", "flow_l_per_s")]
    assert ask(line, [drawn, leak], outputs=outputs, start=monday)[0, 0] > 1.0
    assert abs(ask(line, [drawn, leak, change("CV", "status", 0)], outputs=outputs, start=monday)[0, 0]) < 1e-3


def test_states_when_several_rows_then_each_by_hand_at_mean_demand(line):
    values = np.array([[100.0, 12.0], [80.0, 4.0], [90.0, 12.0]])
    outputs = [("A", "head_m"), ("P1", "flow_l_per_s"), WHOLE]
    answer = line.states([], inputs=[("R", "head_m"), ("A", "demand_l_per_s")], values=values, outputs=outputs)
    assert answer[:, 0] == pytest.approx(values[:, 0] - loss_m(values[:, 1], 1000), abs=2e-3)
    assert answer[:, 2] == pytest.approx(values[:, 1])
    assert line.states([], inputs=[], values=np.zeros((1, 0)), outputs=[WHOLE])[0, 0] == pytest.approx(10.0)


def test_gradient_when_one_pipe_then_derivative_of_the_formula(line):
    slope = -1.852 * loss_m(10, 1000) / 10
    answer = line.gradient(
        [], inputs=[], values=np.zeros(0), outputs=[("A", "head_m"), ("B", "pressure_m"), ("R", "head_m")],
        sources=[("A", "demand_l_per_s"), ("B", "leak_l_per_s")],
    )  # fmt: skip
    assert answer[:2, 0] == pytest.approx([slope, slope], rel=1e-3)
    assert answer[0, 1] == pytest.approx(slope, rel=1e-3) and answer[1, 1] < slope
    assert (answer[2] == 0).all()


def test_run_when_asked_twice_and_from_threads_then_always_the_same_and_nothing_left(
    line, monday, tmp_path, monkeypatch
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    outputs = [("A", "pressure_m"), ("A", "leak_l_per_s")]
    found = {}

    def work(i):
        found[i] = ask(line, [change("A", "leak_coefficient", i / 10)], outputs=outputs, start=monday, steps=48)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i in range(6):
        again = ask(line, [change("A", "leak_coefficient", i / 10)], outputs=outputs, start=monday, steps=48)
        assert (again == found[i]).all()
    assert not list(tmp_path.iterdir())


def test_run_when_progress_is_wanted_then_it_ends_at_one_and_may_stop_the_run(line, monday):
    seen = []
    line.run([], start=monday, steps=30, step_s=3600, drivers={}, outputs=[WHOLE], progress=lambda s, _: seen.append(s))
    assert seen == sorted(seen) and seen[-1] == 1.0


US = """
[JUNCTIONS]
 A 0 0
 B 30 0
[RESERVOIRS]
 R 200
[PIPES]
 P R A 10 24 130 0 Open
[VALVES]
 V A B 12 PRV 40 0
[EMITTERS]
 B 9.91
[OPTIONS]
 Units GPM
 Headloss H-W
[END]
"""


def test_run_when_the_file_is_in_us_units_then_everything_is_metric(open_text, monday):
    """0.745 L/s per sqrt(m) = 9.91 gpm per sqrt(psi); 40 psi = 28.1 m, which EPANET has as 40 / 0.4333 ft."""
    outputs = [("B", "leak_l_per_s"), ("B", "pressure_m"), ("P", "flow_l_per_s"), ("R", "head_m")]
    answer = ask(open_text(US), outputs=outputs, start=monday)[0]
    assert answer[1] == pytest.approx(28.13, abs=0.02) and answer[3] == pytest.approx(60.96)
    assert answer[0] == pytest.approx(0.745 * np.sqrt(answer[1]), rel=1e-3)
    assert answer[2] == pytest.approx(answer[0], rel=1e-3)
