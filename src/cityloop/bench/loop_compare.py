"""What differs between two runs of the loop's bench on the same scenarios, and how much of it may be chance.

Scenarios differ far more from each other than two runs of one scenario do. So the difference is taken scenario by scenario:
both runs are drawn anew with the same scenarios (paired bootstrap, Efron and Tibshirani 1993, chapters 8 and 13).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from cityloop.bench.loop import figures
from cityloop.bench.loop_play import Outcome
from cityloop.errors import InputError

__all__ = ["Difference", "compare"]

DRAWS, LEVEL, SEED = 2000, 0.9, 7


@dataclass(frozen=True)
class Difference:
    """A figure of the second run minus that of the first, and the percentile interval of 90 %."""

    value: float
    low: float
    high: float


def compare(first: Mapping[str, Any], second: Mapping[str, Any], *, keys: Sequence[str]) -> dict[str, Difference]:
    """Differences of figures (`keys`) between two JSON documents of `cityloop bench loop`, second minus first.

    A figure that either run lacks is left out. Raises InputError where the runs did not play the same scenarios.
    """
    for what in ("city", "seed", "scenarios"):
        if first[what] != second[what]:
            raise InputError(
                "These runs did not play the same scenarios.", where=what, got=f"{first[what]} and {second[what]}",
                cure="Play both with the same --city, --inp, --seed and --scenarios.",
            )  # fmt: skip
    runs = [msgspec.convert(run["each"], tuple[Outcome, ...]) for run in (first, second)]
    rng = np.random.default_rng(SEED)
    drawn = [_differences(runs, rng.integers(len(runs[0]), size=len(runs[0])).tolist(), keys) for _ in range(DRAWS)]
    found = {}
    for key, value in _differences(runs, range(len(runs[0])), keys).items():
        low, high = np.quantile([d[key] for d in drawn if key in d], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        found[key] = Difference(value, float(low), float(high))
    return found


def _differences(runs: Sequence[Sequence[Outcome]], chosen: Sequence[int], keys: Sequence[str]) -> dict[str, float]:
    before, after = (figures([run[i] for i in chosen]) for run in runs)
    return {key: after[key] - before[key] for key in keys if before[key] is not None and after[key] is not None}
