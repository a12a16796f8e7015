"""Where the twin's pressure loggers go: so that leaks which look alike lie close together along the pipes."""

from itertools import islice

from cityloop.contracts import Floats
from cityloop.evidence.siting import Telling, choose, spread

__all__ = ["place_sensors", "spread"]

#: The leak that is to be told apart (L/s), the error of a mean head (m) and the relative error of a modelled response.
TELLING = Telling(size=4.0, error=0.01, relative_error=0.1)


def place_sensors(response: Floats, *, distance_m: Floats, weights: Floats, count: int) -> list[int]:
    """Numbers of the chosen candidates in the order of choice.

    `response` (states, candidates, leaks) m of head per L/s; `distance_m` (leaks, leaks); `weights` (leaks,), for example
    metres of pipe. Deterministic: ties go to the lower number.
    """
    found = choose(response, distance=distance_m, weights=weights, telling=TELLING)
    return [candidate for candidate, _ in islice(found, count)]
