"""What happens in the twin's city: leaks and one failing pressure logger, drawn from the seed or given."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import numpy as np

from cityloop.sources.twin.chance import generator
from cityloop.sources.twin.mismatch import PARTS
from cityloop.sources.twin.network import TwinNetwork

__all__ = ["Failure", "Leak", "Scenario", "draw_scenario"]

#: Sizes in L/s and their weights; onsets in days after the start; growth per day: water-loop study, hard case.
SIZES, WEIGHTS = (1.0, 2.0, 5.0, 10.0), (0.35, 0.30, 0.20, 0.15)
ONSET_DAYS = (21.0, 77.0)
GROWING_SHARE, GROWTH = 0.4, (0.01, 0.03)
#: A growing leak stops growing at this many times its first size.
LARGEST_GROWTH = 3.0
#: Size of a jump (m) and of a drift (m per day) of a pressure logger.
JUMP_M, DRIFT_M_PER_DAY = (1.5, 4.0), (0.05, 0.15)


@dataclass(frozen=True)
class Leak:
    """A leak on `pipe`, at its end `node`, from `onset_day` (days after the start) with `size` L/s, growing per day."""

    pipe: str
    node: str
    onset_day: float
    size_l_per_s: float
    growth_per_day: float = 0.0

    def size_after(self, days: float) -> float:
        """Flow at the pressure of a usual day, `days` after the onset, L/s; 0 before."""
        if days < 0:
            return 0.0
        return self.size_l_per_s * min((1.0 + self.growth_per_day) ** math.floor(days), LARGEST_GROWTH)


@dataclass(frozen=True)
class Failure:
    """A failing pressure logger, by its number in the order of placement; `size` in m (jump) or m per day (drift)."""

    sensor: int
    kind: Literal["stuck", "drift", "jump"]
    onset_day: float
    size: float = 0.0


@dataclass(frozen=True)
class Scenario:
    """All that goes wrong: leaks, a failing logger, and which parts of the mismatch are in force."""

    leaks: tuple[Leak, ...]
    failure: Failure | None = None
    mismatch_parts: frozenset[str] = frozenset(PARTS)


def draw_scenario(
    seed: int, network: TwinNetwork, *, sensors: int, exempt: Collection[str] = (), most: int = 3
) -> Scenario:
    """One to `most` leaks on pipes drawn by length, and one failing logger of `sensors`.

    A pipe is drawn only if one of its ends is a junction that is not `exempt`; no two leaks share a junction.
    """
    rng = generator(seed, "scenario", "leaks")
    allowed = set(network.junctions) - set(exempt)
    fit = np.array([any(n in allowed for n in pair) for pair in network.ends], dtype=bool)
    weights = np.where(fit, network.length_m, 0.0)
    leaks: list[Leak] = []
    wanted = int(rng.integers(1, most + 1)) if weights.sum() > 0 else 0
    while len(leaks) < wanted:
        pipe = int(rng.choice(len(weights), p=weights / weights.sum()))
        ends = [n for n in network.ends[pipe] if n in allowed]
        growing = rng.random() < GROWING_SHARE
        leak = Leak(
            pipe=network.pipes[pipe],
            node=ends[int(rng.integers(len(ends)))],
            onset_day=float(np.round(rng.uniform(*ONSET_DAYS) * 24) / 24),
            size_l_per_s=float(rng.choice(SIZES, p=WEIGHTS)),
            growth_per_day=float(np.round(rng.uniform(*GROWTH), 4)) if growing else 0.0,
        )
        if len(allowed) > len(leaks) and leak.node in {other.node for other in leaks}:
            continue
        leaks.append(leak)
    return Scenario(tuple(leaks), _draw_failure(seed, sensors))


def _draw_failure(seed: int, sensors: int) -> Failure | None:
    if sensors < 1:
        return None
    rng = generator(seed, "scenario", "failure")
    number, onset = int(rng.integers(sensors)), float(np.round(rng.uniform(*ONSET_DAYS) * 24) / 24)
    kind, sign = int(rng.integers(3)), 1.0 if rng.random() < 0.5 else -1.0
    if kind == 0:
        return Failure(number, "stuck", onset)
    if kind == 1:
        return Failure(number, "drift", onset, sign * float(rng.uniform(*DRIFT_M_PER_DAY)))
    return Failure(number, "jump", onset, sign * float(rng.uniform(*JUMP_M)))
