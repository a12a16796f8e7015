"""Failing sensors: each fault once, and no fault where there is none."""

import numpy as np
import pytest

from cityloop.domains.water import domain
from cityloop.domains.water.balance import longest_runs, mask_stuck
from cityloop.domains.water.meters.sensors import sensor_faults


def with_series(view, stream, change):
    values = view.streams[stream].copy()
    change(values)
    return view.with_(streams={**view.streams, stream: values})


def test_faults_when_all_is_well_then_none(square):
    assert sensor_faults(square(days=60).build()[0]) == []


def test_faults_when_a_leak_starts_then_no_logger_is_blamed(square):
    view, _ = square(days=60, leaks=[(20, 30, 5.0, 0.0)]).build()
    assert [p for p in domain.problems(view, None) if p.kind == "failing_sensor"] == []


def test_faults_when_a_logger_repeats_a_value_then_stuck_since_then(square, stream_id):
    view, _ = square(days=60).build()

    def stick(values):
        values[50 * 24 :] = values[50 * 24]

    faults = sensor_faults(with_series(view, stream_id("p20"), stick))
    assert [(f.kind, f.datastream.name, f.observed) for f in faults] == [("stuck", "p20", 240.0)]


def test_faults_when_a_full_tank_never_moved_then_it_is_not_stuck(square, stream_id):
    view, _ = square(days=60).build()

    def fill(values):
        values[:] = 5.0

    assert sensor_faults(with_series(view, stream_id("level"), fill)) == []


@pytest.mark.parametrize("size", [-2.0, 1.5])
def test_faults_when_a_logger_jumps_then_jump_of_that_size(square, stream_id, size):
    view, _ = square(days=60).build()

    def jump(values):
        values[40 * 24 :] += size

    faults = sensor_faults(with_series(view, stream_id("p14"), jump))
    assert [(f.kind, f.datastream.name) for f in faults] == [("jump", "p14")]
    assert faults[0].observed == pytest.approx(size, abs=0.2)


def test_faults_when_a_logger_drifts_then_drift(square, stream_id):
    view, _ = square(days=80).build()

    def drift(values):
        values[30 * 24 :] += np.linspace(0, 3.0, 50 * 24)

    faults = sensor_faults(with_series(view, stream_id("p14"), drift))
    assert [(f.kind, f.datastream.name) for f in faults] == [("drift", "p14")]


def test_faults_when_a_meter_falls_silent_then_gaps(square, stream_id):
    view, _ = square(days=60).build()

    def silence(values):
        values[54 * 24 : 59 * 24] = np.nan

    faults = sensor_faults(with_series(view, stream_id("p14"), silence))
    assert [(f.kind, f.datastream.name) for f in faults] == [("gaps", "p14")]


def test_problem_when_a_sensor_fails_then_it_stands_on_the_thing_it_measures(square, stream_id, ids):
    view, _ = square(days=60).build()

    def stick(values):
        values[50 * 24 :] = values[50 * 24]

    (problem,) = domain.problems(with_series(view, stream_id("p20"), stick), None)
    assert problem.kind == "failing_sensor" and problem.boundary == ids("junction", "J-20")
    assert problem.evidence.datastreams == (stream_id("p20"),) and problem.simulated
    assert problem.gap.value > 200 and problem.gap.unit == "h"
    assert all(" | " in note for note in problem.notes)


def test_runs_when_gaps_lie_between_then_equal_values_still_belong_together():
    assert longest_runs(np.array([1.0, 1.0, np.nan, 1.0, 2.0])).tolist() == [3.0, 3.0, 0.0, 3.0, 1.0]


def test_mask_when_a_pump_rests_or_a_tank_is_full_then_nothing_is_masked():
    moving = np.arange(100.0)
    resting, stuck = np.concatenate([moving, np.zeros(30)]), np.concatenate([moving, np.full(30, 7.5)])
    assert np.isfinite(mask_stuck(resting)).all() and np.isfinite(mask_stuck(np.full(200, 5.0))).all()
    assert np.isnan(mask_stuck(stuck)[100:]).all() and np.isfinite(mask_stuck(stuck)[:100]).all()
