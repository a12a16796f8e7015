"""What finished works set on valves, pumps and links of the twin's true network."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from cityloop.records import Change
from cityloop.sources.twin.truth import SETTLE_HOURS, Hydraulics
from cityloop.sources.twin.works import FinishedWork, settings_of

START = datetime(2026, 4, 6, 4, tzinfo=UTC)
CLOCK = datetime(2026, 4, 6, tzinfo=UTC)


def work(hours, *changes, project="p"):
    done = START + timedelta(hours=hours)
    return FinishedWork(project=project, boundary="b", started=done - timedelta(hours=5), done=done, changes=changes)


def setting(thing, value, **more):
    return Change(thing=thing, property="setting", value=value, **more)


def test_settings_when_works_are_done_then_from_that_hour_of_the_clock_in_time_order():
    later, sooner = work(50, setting("id-V", 30.0), project="a"), work(9.5, setting("id-V", 35.0), project="b")
    found = settings_of([later, sooner], {"id-V": "V"}, start=START, clock=CLOCK)
    assert [(c.thing, c.value, c.start) for c in found] == [
        ("V", 35.0, CLOCK + timedelta(hours=10)), ("V", 30.0, CLOCK + timedelta(hours=50)),
    ]  # fmt: skip


def test_settings_when_a_leak_or_another_network_is_meant_then_not_set_here():
    leak = Change(thing="id-J", property="leak_coefficient", value=0.0)
    done = work(5, leak, setting("id-other", 1.0), setting("id-V", 30.0, hours=(0, 5)))
    (found,) = settings_of([done], {"id-V": "V"}, start=START, clock=CLOCK)
    assert found.thing == "V" and found.hours == (0, 5)


class Valve:
    """A model whose only output is the setting of its valve."""

    def __init__(self):
        self.runs = 0

    def run(self, changes, *, start, steps, step_s, drivers, outputs):
        self.runs += 1
        y = np.full((steps, 1), 40.0)
        for change in changes:
            y[int((change.start - start).total_seconds() // step_s) :] = change.value
        return y


class NoDemand:
    def hours(self, steps):
        return np.zeros((steps, 0))


@pytest.fixture
def hydraulics():
    return Hydraulics(
        model=Valve(), clock=CLOCK, network_changes=(), demand=NoDemand(), demand_nodes=(), leaks=(), pressure_m={},
        outputs=(("V", "setting"),),
    )  # fmt: skip


def test_hours_when_a_valve_is_set_then_only_later_hours_change(hydraulics):
    changes = (setting("V", 30.0, start=CLOCK + timedelta(hours=100)),)
    before = hydraulics.hours(150, ())
    after = hydraulics.hours(150, (), changes)
    assert (after[:100] == before[:100]).all() and (after[100:] == 30.0).all()
    assert hydraulics.model.runs == 2 and SETTLE_HOURS > 0
    assert (hydraulics.hours(100, (), changes) == before[:100]).all() and hydraulics.model.runs == 2
