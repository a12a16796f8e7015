"""The pool of worker processes: same answers, no remains, faults that are told."""

import os
import signal
import time

import numpy as np
import pytest

from cityloop.errors import Cancelled, EngineError
from cityloop.records import Change
from cityloop.simulation.pool import Pool


@pytest.fixture
def eager(monkeypatch, tmp_path):
    """Workers start for the smallest gain; temporary files lie in tmp_path."""
    monkeypatch.setattr("cityloop.simulation.simulation.SPAWN_S", -1.0)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def job(steps=24, **changes):
    from datetime import UTC, datetime

    arguments = {"start": datetime(2026, 4, 6, tzinfo=UTC), "steps": steps, "step_s": 3600, "drivers": {},
                 "outputs": [("A", "pressure_m")]}  # fmt: skip
    return (0, "run", [], arguments | changes)


def test_answers_when_workers_help_then_bit_for_bit_those_of_one_process(simulate, ids, monday, eager):
    total, a = (ids("network", "line.inp"), "demand_l_per_s"), (ids("junction", "A"), "pressure_m")
    values = np.random.default_rng(3).uniform(5, 40, (2000, 1))
    variants = [[Change(thing=a[0], property="leak_coefficient", value=v / 50)] for v in range(8)]
    question = {"start": monday, "steps": 48, "step_s": 3600, "outputs": [a, total]}
    answers = []
    for workers in (1, 2):
        with simulate(workers=workers) as simulator:
            states = simulator.states([], inputs=[total], values=values, outputs=[a])
            runs = simulator.run_all(variants, **question)
            assert (simulator._pool is not None) == (workers == 2 and (os.cpu_count() or 1) > 1)
        answers.append((states, np.stack([r.series[a] for r in runs])))
    assert (answers[0][0] == answers[1][0]).all() and (answers[0][1] == answers[1][1]).all()
    assert not list(eager.iterdir())


def test_pool_when_the_work_is_small_then_no_process_is_started(simulate, ids, monday):
    simulator = simulate()
    variants = [[Change(thing=ids("junction", "A"), property="leak_coefficient", value=v)] for v in (0.1, 0.2)]
    simulator.run_all(variants, start=monday, steps=24, step_s=3600, outputs=[(ids("junction", "A"), "pressure_m")])
    assert simulator._pool is None


def test_run_all_when_cancelled_in_the_pool_then_workers_end_and_nothing_is_left(simulate, ids, monday, eager):
    calls = []

    def stop(share, text):
        calls.append(share)
        if share > 0.25:
            raise Cancelled("Stopped.")

    a = (ids("junction", "A"), "pressure_m")
    variants = [[Change(thing=a[0], property="leak_coefficient", value=v / 50)] for v in range(4)]
    simulator = simulate(progress=stop)
    question = {"start": monday, "steps": 2000, "step_s": 3600, "outputs": [a]}
    with pytest.raises(Cancelled):
        simulator.run_all(variants, **question)
    assert not list(eager.iterdir())
    simulator.progress = None
    assert len(simulator.run_all(variants, **question)) == 4


def test_ask_when_a_worker_is_killed_then_told_and_the_pool_is_closed(model, eager):
    pool = Pool([model], workers=2)
    victim = next(iter(pool._workers.values()))
    os.kill(victim.pid, signal.SIGKILL)
    with pytest.raises(EngineError, match="worker process ended"):
        pool.ask([job(), job()], timeout_s=30, done=lambda n: None)
    assert pool.closed and not list(eager.iterdir())


def test_ask_when_a_job_takes_too_long_then_stopped_and_told(model, eager):
    pool = Pool([model], workers=1)
    begun = time.monotonic()
    with pytest.raises(EngineError, match="takes too long"):
        pool.ask([job(steps=3_000_000)], timeout_s=0.3, done=lambda n: None)
    assert time.monotonic() - begun < 5 and pool.closed and not list(eager.iterdir())


def test_ask_when_the_engine_refuses_then_its_own_words_arrive(model, eager):
    pool = Pool([model], workers=1)
    with pytest.raises(EngineError, match="Did you mean pressure_m"):
        pool.ask([job(outputs=[("A", "pressure")])], timeout_s=30, done=lambda n: None)


def test_run_all_when_a_model_cannot_be_sent_then_this_process_does_it(simulate, counted, ids, monday, eager, caplog):
    simulator = simulate(counted)
    a = (ids("junction", "A"), "pressure_m")
    variants = [[Change(thing=a[0], property="leak_coefficient", value=v / 50)] for v in range(4)]
    assert len(simulator.run_all(variants, start=monday, steps=24, step_s=3600, outputs=[a])) == 4
    assert len(counted.asked) == 4 and "simulations run in this one" in caplog.text
