"""Where pressure loggers go: greedily, so that leaks which look alike lie close together.

Score of a set of loggers = sum over pairs of leaks of weight x distance along pipes x chance of confusing them. The fall
of the score is submodular (each logger multiplies the confusion of a pair by a factor of at most 1), so the greedy choice
comes within 1 - 1/e of the best set (Nemhauser, Wolsey and Fisher 1978).
"""

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats

__all__ = ["place_sensors", "spread"]

#: The leak that is to be told apart (L/s), the error of a mean head (m) and the relative error of a modelled response.
LEAK_L_PER_S, HEAD_ERROR_M, RESPONSE_ERROR = 4.0, 0.01, 0.1


def spread(distance_m: Floats, count: int) -> npt.NDArray[np.int64]:
    """At most `count` points, each the farthest from those before it, from the most central one on; sorted."""
    n = len(distance_m)
    if n <= count:
        return np.arange(n)
    chosen = [int(np.argmin(distance_m.sum(axis=1)))]
    nearest = distance_m[chosen[0]].copy()
    while len(chosen) < count:
        chosen.append(int(np.argmax(nearest)))
        np.minimum(nearest, distance_m[chosen[-1]], out=nearest)
    return np.array(sorted(chosen))


def place_sensors(response: Floats, *, distance_m: Floats, weights: Floats, count: int) -> list[int]:
    """Numbers of the chosen candidates in the order of choice.

    `response` (states, candidates, leaks) m of head per L/s; `distance_m` (leaks, leaks); `weights` (leaks,), for example
    metres of pipe. Deterministic: ties go to the lower number.
    """
    pairs = np.triu_indices(response.shape[2], k=1)
    cost = (distance_m * np.outer(weights, weights))[pairs]
    cost = (cost / max(float(cost.sum()), 1e-300)).astype(np.float32)
    factors = np.stack([_confusion(response[:, i], pairs) for i in range(response.shape[1])]).astype(np.float32)
    chosen: list[int] = []
    while len(chosen) < min(count, len(factors)):
        left = factors @ cost
        left[chosen] = np.inf
        chosen.append(int(np.argmin(left)))
        cost *= factors[chosen[-1]]
    return chosen


def _confusion(response: Floats, pairs: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]) -> Floats:
    """Factor (0..1] by which one logger lowers the chance of confusing the leaks of each pair; (states, leaks) -> (pairs,)."""
    exponent = np.zeros(len(pairs[0]))
    for state in response * LEAK_L_PER_S:
        a, b = state[pairs[0]], state[pairs[1]]
        error = HEAD_ERROR_M**2 + (RESPONSE_ERROR * (a + b) / 2) ** 2
        exponent += (a - b) ** 2 / (8.0 * error)
    return np.asarray(np.exp(-exponent / len(response)))
