"""How the true network differs from the one that the loop knows: all of it in this file.

Level 1: per pipe diameter and roughness x lognormal(10 %), node demand x lognormal(20 %) with the total kept, elevation
sd 0.5 m, two closed valves nobody knows, pump power +-5 %, 5 % of the loggers mislabelled (their places exchanged), 5 %
with a clock one hour slow, hydrants opened that nobody reports. Level 2 doubles each, level 0 has none.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np

from cityloop.contracts import Floats
from cityloop.records import Change
from cityloop.sources.twin.chance import generator
from cityloop.sources.twin.network import TwinNetwork

__all__ = ["Mislabelling", "choose_valves", "demand_factors", "mislabel", "true_network"]

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


def true_network(seed: int, level: int, network: TwinNetwork) -> list[Change]:
    """Changes that make the true network of the known one, without the closed valves."""
    if level == 0:
        return []
    rng = generator(seed, "mismatch", "network")
    diameter = np.exp(PIPE_SD * level * rng.standard_normal(len(network.pipes)))
    roughness = np.exp(PIPE_SD * level * rng.standard_normal(len(network.pipes)))
    elevation = ELEVATION_SD_M * level * rng.standard_normal(len(network.junctions))
    power = 1.0 + PUMP_POWER * level * rng.uniform(-1.0, 1.0, len(network.pumps))
    return [
        *_changes(network.pipes, "diameter_factor", diameter),
        *_changes(network.pipes, "roughness_factor", roughness),
        *_changes(network.junctions, "elevation_offset_m", elevation),
        *_changes(network.pumps, "power_factor", power),
    ]


def _changes(names: Sequence[str], property: str, values: Floats) -> list[Change]:
    return [Change(thing=n, property=property, value=float(v)) for n, v in zip(names, values, strict=True)]


def demand_factors(seed: int, level: int, base_l_per_s: Floats) -> Floats:
    """Factor of each node's demand; the total of `base_l_per_s` (nodes,) is kept."""
    if level == 0 or base_l_per_s.sum() <= 0:
        return np.ones(len(base_l_per_s))
    factors = np.exp(DEMAND_SD * level * generator(seed, "mismatch", "demand").standard_normal(len(base_l_per_s)))
    return np.asarray(factors * base_l_per_s.sum() / (factors @ base_l_per_s))


def choose_valves(
    seed: int, level: int, network: TwinNetwork, *, never: Collection[str], keeps: Callable[[tuple[str, ...]], bool]
) -> tuple[str, ...]:
    """Pipes that are shut without cutting off a node and for which `keeps` (pressure is kept) agrees.

    Fewer than CLOSED_VALVES x level where the network has no such pipes.
    """
    order = generator(seed, "mismatch", "valves").permutation(len(network.pipes))
    shut: tuple[str, ...] = ()
    tries = 0
    for i in order:
        if len(shut) == CLOSED_VALVES * level or tries >= TRIES:
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


def mislabel(seed: int, level: int, sensors: int) -> Mislabelling:
    """Which loggers stand at each other's place (two at least) and which have a slow clock (one at least)."""
    place = list(range(sensors))
    if level == 0 or sensors < 2:
        return Mislabelling(tuple(place), frozenset())
    order = [int(i) for i in generator(seed, "mismatch", "sensors").permutation(sensors)]
    swapped = min(sensors, max(2, round(SENSOR_SHARE * level * sensors)))
    slow = min(sensors - swapped, max(1, round(SENSOR_SHARE * level * sensors)))
    for i, j in zip(order[:swapped], [*order[1:swapped], order[0]], strict=True):
        place[i] = j
    return Mislabelling(tuple(place), frozenset(order[swapped : swapped + slow]))
