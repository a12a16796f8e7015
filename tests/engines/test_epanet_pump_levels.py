"""Pumps that follow a tank, at other levels by the hour of the day."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from cityloop.engines.epanet import engine
from cityloop.errors import EngineError
from cityloop.records import Change

START = datetime(2026, 4, 6, tzinfo=UTC)
PUMP = "~@Pump-1"
CLOSED = [Change(thing=name, property="status", value=0.0) for name in ("P-539", "P-36", "P-541")]


@pytest.fixture(scope="module")
def ky4():
    return engine.open(Path("wntr:ky4"))


def run(model, changes, days=8):
    outputs = [(PUMP, "power_kw"), ("T-3", "level_m")]
    found = model.run([*CLOSED, *changes], start=START, steps=24 * days, step_s=3600, drivers={}, outputs=outputs)
    return found[:, 0], found[:, 1]


def by_the_hour(hours, start=None):
    def level(name, value, hours=None):
        return Change(thing=PUMP, property=name, value=value, hours=hours, start=start)

    return [
        level("start_level_m", 27.66), level("stop_level_m", 29.0), level("start_level_m", 31.0, hours),
        level("stop_level_m", 33.0, hours),
    ]  # fmt: skip


def test_elements_when_a_pump_follows_a_tank_then_its_levels_stand_with_it(ky4):
    pumps = {e.name: e.properties for e in ky4.elements() if e.kind == "pump"}
    # [CONTROLS] of the file: open below 90.75 ft, closed above 105.75 ft of T-3
    assert pumps[PUMP]["level_of"] == "T-3"
    assert (pumps[PUMP]["start_level_m"], pumps[PUMP]["stop_level_m"]) == pytest.approx((27.66, 32.23), abs=0.01)
    assert "level_of" not in pumps["~@Pump-2"]


def test_run_when_levels_hold_by_the_hour_then_the_pump_fills_in_those_hours(ky4):
    before, _ = run(ky4, [])
    after, level = run(ky4, by_the_hour((22, 6)))
    night = np.isin(np.arange(len(before)) % 24, (22, 23, 0, 1, 2, 3, 4, 5))
    settled = slice(3 * 24, None)
    share = [x[settled][night[settled]].sum() / x[settled].sum() for x in (before, after)]
    assert share[0] < 0.4 < 0.55 < share[1]
    assert level[settled].min() > 27.5
    assert level[settled].max() < 33.1


def test_run_when_the_levels_begin_later_then_what_was_before_them_is_untouched(ky4):
    before, _ = run(ky4, [])
    after, _ = run(ky4, by_the_hour((22, 6), start=START + timedelta(days=4)))
    assert np.array_equal(before[: 4 * 24], after[: 4 * 24])
    assert not np.array_equal(before[5 * 24 :], after[5 * 24 :])


def test_run_when_a_pump_follows_no_tank_then_its_level_is_refused_with_a_cure(ky4):
    with pytest.raises(EngineError, match=r"no such level.*\[CONTROLS\]"):
        run(ky4, [Change(thing="~@Pump-2", property="start_level_m", value=28.0)])
