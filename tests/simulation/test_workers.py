"""Who may start worker processes for simulations."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

# Evaluated in the worker: what a Simulation that may use two workers makes of it there.
ASKED = "__import__('cityloop.simulation.simulation', fromlist=['x']).Simulation([], city='c', workers=2)._workers"


def test_simulation_when_in_a_worker_process_then_starts_no_workers_of_its_own():
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert pool.submit(eval, ASKED).result() == 1
