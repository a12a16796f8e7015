"""Where sensors go: greedily, so that causes which look alike lie close together.

Score of a set of sensors = sum over pairs of causes of weight x distance x chance of confusing them. The fall of the score
is submodular (each sensor multiplies the confusion of a pair by a factor of at most 1), so the greedy choice comes within
1 - 1/e of the best set (Nemhauser, Wolsey and Fisher 1978).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats

__all__ = ["Telling", "choose", "spread"]

Singles = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Telling:
    """How well a sensor tells: the size of the cause, the sensor's error, the relative error of a modelled response."""

    size: float
    error: float
    relative_error: float

    def confusion(self, response: Floats, pairs: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]) -> Floats:
        """Factor (0..1] by which one sensor lowers the chance of confusing the causes of each pair.

        `response` (states, causes) per unit of size -> (pairs,).
        """
        exponent = np.zeros(len(pairs[0]))
        for state in response * self.size:
            a, b = state[pairs[0]], state[pairs[1]]
            error = self.error**2 + (self.relative_error * (a + b) / 2) ** 2
            exponent += (a - b) ** 2 / (8.0 * error)
        return np.asarray(np.exp(-exponent / len(response)))


def spread(distance: Floats, count: int) -> npt.NDArray[np.int64]:
    """At most `count` points, each the farthest from those before it, from the most central one on; sorted."""
    n = len(distance)
    if n <= count:
        return np.arange(n)
    chosen = [int(np.argmin(distance.sum(axis=1)))]
    nearest = distance[chosen[0]].copy()
    while len(chosen) < count:
        chosen.append(int(np.argmax(nearest)))
        np.minimum(nearest, distance[chosen[-1]], out=nearest)
    return np.array(sorted(chosen))


def choose(
    response: Floats, *, distance: Floats, weights: Floats, telling: Telling, given: Sequence[int] = ()
) -> Iterator[tuple[int, float]]:
    """The candidates in the order of choice, each with the score that is left with it, as a share of that without any.

    `response` (states, candidates, causes); `distance` (causes, causes); `weights` (causes,); `given` = candidates that
    stand there already, which are not chosen. Deterministic: ties go to the lower number.
    """
    pairs = np.triu_indices(response.shape[2], k=1)
    cost = (distance * np.outer(weights, weights))[pairs]
    left: Singles = (cost / max(float(cost.sum()), 1e-300)).astype(np.float32)
    factors: Singles = np.stack(
        [telling.confusion(response[:, i], pairs).astype(np.float32) for i in range(response.shape[1])]
    )
    taken = list(given)
    for candidate in taken:
        left *= factors[candidate]
    while len(taken) < len(factors):
        remaining = factors @ left
        remaining[taken] = np.inf
        taken.append(int(np.argmin(remaining)))
        left *= factors[taken[-1]]
        yield taken[-1], float(remaining[taken[-1]])
