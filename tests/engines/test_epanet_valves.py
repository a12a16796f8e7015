"""Pressure valves against hand calculation: the setting that is set, read and kept by the hour."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from cityloop.errors import EngineError
from cityloop.records import Change

#: Reservoir at 100 m, 1,000 m of DN 200 to a PRV at 20 m, 500 m of DN 200 to a customer at 25 m who takes 10 L/s.
ZONE = """
[JUNCTIONS]
 IN   20  0
 OUT  20  0
 END  25  10
[RESERVOIRS]
 R  100
[PIPES]
 P1  R    IN   1000  200  130  0  Open
 P2  OUT  END  500   200  130  0  Open
[VALVES]
 V  IN  OUT  200  PRV  40  0
[TIMES]
 Hydraulic Timestep 1:00
[OPTIONS]
 Units {units}
 Headloss H-W
 Accuracy 0.00001
[END]
"""
OUTPUTS = (("OUT", "pressure_m"), ("END", "pressure_m"), ("V", "setting"), ("V", "flow_l_per_s"))


def loss_m(q_l_per_s, length_m, diameter_m=0.2, c=130.0):
    """Hazen-Williams: h = 10.667 L q^1.852 / (C^1.852 d^4.871)."""
    return 10.667 * length_m * (q_l_per_s / 1000) ** 1.852 / (c**1.852 * diameter_m**4.871)


@pytest.fixture(scope="module")
def zone(open_text):
    return open_text(ZONE.format(units="LPS"))


def ask(model, start, *changes, steps=1, step_s=3600, drivers=None):
    return model.run(list(changes), start=start, steps=steps, step_s=step_s, drivers=drivers or {}, outputs=OUTPUTS)


def setting(value, **when):
    return Change(thing="V", property="setting", value=value, **when)


@pytest.mark.parametrize("value", [40.0, 30.0, 25.5])
def test_run_when_a_valve_is_set_then_pressures_by_hand(zone, monday, value):
    out, end, read, flow = ask(zone, monday, setting(value))[0]
    assert (out, read) == pytest.approx((value, value), abs=1e-3) and flow == pytest.approx(10.0, rel=1e-4)
    assert end == pytest.approx(value - 5 - loss_m(10, 500), abs=2e-3)


def test_run_when_the_setting_is_beyond_what_arrives_then_the_valve_stands_open(zone, monday):
    out = ask(zone, monday, setting(90.0))[0, 0]
    assert out == pytest.approx(80 - loss_m(10, 1000), abs=0.02)


def test_states_when_a_setting_is_given_by_row_then_each_by_hand(zone):
    answer = zone.states(
        [], inputs=[("V", "setting")], values=np.array([[40.0], [28.0], [36.0]]), outputs=[OUTPUTS[0], OUTPUTS[2]]
    )
    assert answer == pytest.approx(np.array([[40, 40], [28, 28], [36, 36]]), abs=1e-3)


def test_run_when_the_file_is_in_us_units_then_the_setting_is_metric(open_text, monday):
    """10 gpm = 0.631 L/s; heads of the file are feet: 100 ft = 30.48 m at the reservoir, 20 ft = 6.096 m at the valve."""
    model = open_text(ZONE.format(units="GPM"))
    out, _, read, _ = ask(model, monday, setting(15.0))[0]
    assert (out, read) == pytest.approx((15.0, 15.0), abs=0.02)
    assert next(e for e in model.elements() if e.name == "V").properties["setting"] == pytest.approx(28.13, abs=0.02)


@pytest.mark.parametrize(
    ("hours", "low"), [((1, 5), {1, 2, 3, 4}), ((22, 2), {22, 23, 0, 1}), ((0, 24), set(range(24))), ((5, 6), {5})]
)
def test_run_when_a_setting_holds_by_night_then_in_those_hours_of_the_clock(zone, monday, hours, low):
    answer = ask(zone, monday, setting(40.0), setting(30.0, hours=hours), steps=48)
    assert answer[:, 0] == pytest.approx([30.0 if h % 24 in low else 40.0 for h in range(48)], abs=1e-3)


def test_run_when_hours_are_given_then_they_are_those_of_the_clock_of_the_start(zone):
    start = datetime(2026, 4, 6, 22, tzinfo=ZoneInfo("Asia/Shanghai"))
    answer = ask(zone, start, setting(40.0), setting(30.0, hours=(0, 5), start=start + timedelta(hours=3)), steps=8)
    assert answer[:, 0] == pytest.approx([40, 40, 40, 30, 30, 30, 30, 40], abs=1e-3)


def test_run_when_only_some_hours_are_said_then_refused(zone, monday):
    with pytest.raises(EngineError, match="without hours before it"):
        ask(zone, monday, setting(30.0, hours=(1, 5)), steps=24)


def test_states_when_a_change_has_hours_then_the_one_of_all_hours_holds(zone):
    changes = [setting(38.0), setting(30.0, hours=(1, 5))]
    answer = zone.states(changes, inputs=[], values=np.zeros((1, 0)), outputs=[OUTPUTS[0]])
    assert answer[0, 0] == pytest.approx(38.0, abs=1e-3)


def test_run_when_a_setting_makes_no_sense_then_refused(zone, monday):
    with pytest.raises(EngineError):
        ask(zone, monday, setting(-1.0))
