"""How the true network differs from the one that the loop knows: all of it in this file.

Level 1: per pipe diameter and roughness x lognormal(10 %), node demand x lognormal(20 %) with the total kept, elevation
sd 0.5 m, two closed valves nobody knows, pump power +-5 %, 5 % of the loggers mislabelled (their places exchanged), 5 %
with a clock one hour slow, hydrants opened that nobody reports. Level 2 doubles each, level 0 has none.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cityloop.contracts import Floats
from cityloop.records import Change
from cityloop.sources.twin.chance import generator
from cityloop.sources.twin.network import TwinNetwork

__all__ = ["PARTS", "Mislabelling", "Mismatch"]

#: The parts by name, in the order of the sentence above; `pipes` is both diameter and roughness.
PARTS = ("pipes", "demand", "elevation", "valves", "pumps", "labels", "clocks", "hydrants")
PIPE_SD, DEMAND_SD, ELEVATION_SD_M, PUMP_POWER = 0.10, 0.20, 0.5, 0.05
CLOSED_VALVES = 2
SENSOR_SHARE = 0.05
#: So many pipes are tried for each closed valve before it is given up.
TRIES = 40


@dataclass(frozen=True)
class Mislabelling:
    """`place[i]` = number of the logger whose place logger i really has; `slow` = loggers with a clock an hour slow."""

    place: tuple[int, ...]
    slow: frozenset[int]

    @property
    def swapped(self) -> tuple[int, ...]:
        """Loggers that are not where the records say."""
        return tuple(i for i, j in enumerate(self.place) if i != j)


@dataclass(frozen=True)
class Mismatch:
    """The errors drawn from `seed` at `level` (0 to 2), of which only `parts` are in force.

    Every part is drawn as if all were in force: one that is left out leaves the others exactly as they are.
    """

    seed: int
    level: int
    parts: frozenset[str] = frozenset(PARTS)

    @property
    def whole(self) -> "Mismatch":
        """The same errors with every part in force."""
        return replace(self, parts=frozenset(PARTS))

    def has(self, part: str) -> bool:
        """Whether this part of the mismatch is in force."""
        return self.level > 0 and part in self.parts

    def true_network(self, network: TwinNetwork) -> list[Change]:
        """Changes that make the true network of the known one, without the closed valves."""
        if self.level == 0:
            return []
        rng = generator(self.seed, "mismatch", "network")
        diameter = np.exp(PIPE_SD * self.level * rng.standard_normal(len(network.pipes)))
        roughness = np.exp(PIPE_SD * self.level * rng.standard_normal(len(network.pipes)))
        elevation = ELEVATION_SD_M * self.level * rng.standard_normal(len(network.junctions))
        power = 1.0 + PUMP_POWER * self.level * rng.uniform(-1.0, 1.0, len(network.pumps))
        return [
            *self._changes("pipes", network.pipes, "diameter_factor", diameter),
            *self._changes("pipes", network.pipes, "roughness_factor", roughness),
            *self._changes("elevation", network.junctions, "elevation_offset_m", elevation),
            *self._changes("pumps", network.pumps, "power_factor", power),
        ]

    def _changes(self, part: str, names: Sequence[str], property: str, values: Floats) -> list[Change]:
        if not self.has(part):
            return []
        return [Change(thing=n, property=property, value=float(v)) for n, v in zip(names, values, strict=True)]

    def demand_factors(self, base_l_per_s: Floats) -> Floats:
        """Factor of each node's demand; the total of `base_l_per_s` (nodes,) is kept."""
        if not self.has("demand") or base_l_per_s.sum() <= 0:
            return np.ones(len(base_l_per_s))
        draws = generator(self.seed, "mismatch", "demand").standard_normal(len(base_l_per_s))
        factors = np.exp(DEMAND_SD * self.level * draws)
        return np.asarray(factors * base_l_per_s.sum() / (factors @ base_l_per_s))

    def closed_valves(
        self, network: TwinNetwork, *, never: Collection[str], keeps: Callable[[tuple[str, ...]], bool]
    ) -> tuple[str, ...]:
        """Pipes that are shut without cutting off a node and for which `keeps` (pressure is kept) agrees.

        Fewer than CLOSED_VALVES x level where the network has no such pipes. `keeps` is asked of the whole mismatch.
        """
        if not self.has("valves"):
            return ()
        order = generator(self.seed, "mismatch", "valves").permutation(len(network.pipes))
        shut: tuple[str, ...] = ()
        tries = 0
        for i in order:
            if len(shut) == CLOSED_VALVES * self.level or tries >= TRIES:
                break
            name = network.pipes[i]
            if name in never or name in network.closed or any(n in network.sources for n in network.ends[i]):
                continue
            if not network.connected_without((*shut, name)):
                continue
            tries += 1
            if keeps((*shut, name)):
                shut = (*shut, name)
        return shut

    def mislabelling(self, sensors: int) -> Mislabelling:
        """Which loggers stand at each other's place (two at least) and which have a slow clock (one at least)."""
        place = list(range(sensors))
        if self.level == 0 or sensors < 2:
            return Mislabelling(tuple(place), frozenset())
        order = [int(i) for i in generator(self.seed, "mismatch", "sensors").permutation(sensors)]
        swapped = min(sensors, max(2, round(SENSOR_SHARE * self.level * sensors)))
        slow = min(sensors - swapped, max(1, round(SENSOR_SHARE * self.level * sensors)))
        if self.has("labels"):
            for i, j in zip(order[:swapped], [*order[1:swapped], order[0]], strict=True):
                place[i] = j
        behind = order[swapped : swapped + slow] if self.has("clocks") else []
        return Mislabelling(tuple(place), frozenset(behind))
