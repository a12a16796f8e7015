"""Positions of devices beside the network of a city's models, both in metres as their systems say; nothing is changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Element
from cityloop.evidence.shift import (
    FAR_M,
    FEWEST_PAIRS,
    FEWEST_POINTS,
    NEAR_M,
    Shift,
    common_shift,
    distances,
    search_shift,
)
from cityloop.formats.datums import EARTH_M, Reading, in_area, other_readings, read_stated
from cityloop.formats.positions import Positions

__all__ = ["Network", "Scene", "Tried", "read_network"]

Floats = npt.NDArray[np.float64]

_DENSE = 100_000
_ON_PIPE_M = 25.0
"""A device in the street of its pipe."""


@dataclass(frozen=True)
class Network:
    """Where the model has things: points (n, 2) in the city's system by thing, and lines as pairs of row numbers (m, 2)."""

    points: Floats
    rows: Mapping[tuple[str, str], tuple[int, int]]
    ends: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Tried:
    """One reading of one side: what of the shift remains, in metres."""

    side: str
    reading: Reading
    rest_m: float


def read_network(models: Iterable[Iterable[Element]]) -> Network:
    """Points of nodes and of the ends of links of every model; a link without points of its own runs between its nodes."""
    points: list[tuple[float, float]] = []
    rows: dict[tuple[str, str], tuple[int, int]] = {}
    ends: list[tuple[int, int]] = []
    for elements in models:
        nodes: dict[str, int] = {}
        links = []
        for element in elements:
            if element.connects:
                links.append(element)
            elif element.points and all(np.isfinite(c) for c in element.points[0]):
                nodes[element.name] = len(points)
                rows[element.kind, element.name] = (len(points), len(points))
                points.append(element.points[0])
        for link in links:
            if len(link.points) > 1:
                numbers = list(range(len(points), len(points) + len(link.points)))
                points += link.points
            else:
                numbers = [nodes[n] for n in link.connects if n in nodes]
            if len(numbers) > 1:
                ends += zip(numbers[:-1], numbers[1:], strict=True)
                rows[link.kind, link.name] = (numbers[0], numbers[-1])
    return Network(
        np.array(points, dtype=np.float64).reshape(-1, 2), rows, np.array(ends, dtype=np.int64).reshape(-1, 2)
    )


@dataclass(frozen=True)
class Scene:
    """Both sides in metres east and north of one origin, as stated. `pairs` (n,) = the network has the thing itself."""

    origin: tuple[float, float]
    table: Positions
    drawing: Network
    crs: str
    positions: Reading
    network: Reading
    pairs: npt.NDArray[np.bool_]
    rows: npt.NDArray[np.int64]

    @classmethod
    def of(cls, crs: str, table: Positions, network: Network) -> "Scene | None":
        """None where the network has no coordinates, or none that its system can have."""
        if len(network.points) < 2 or np.ptp(network.points, axis=0).max() == 0:
            return None
        if in_area(crs, *network.points.T).mean() < 0.5:
            return None
        drawn = read_stated(crs, *network.points.T)
        if not (np.isfinite(drawn.lon) & np.isfinite(drawn.lat)).all():
            return None
        origin = float(np.median(drawn.lon)), float(np.median(drawn.lat))
        rows = np.array([network.rows.get(thing, (-1, -1)) for thing in table.things], dtype=np.int64)
        placed = _metres(drawn, origin)
        short = np.hypot(*(placed[rows[:, 0]] - placed[rows[:, 1]]).T) <= NEAR_M
        positions = read_stated(table.settings.crs, table.x, table.y)
        return cls(origin, table, network, crs, positions, drawn, (rows[:, 0] >= 0) & short, rows)

    def vectors(self, positions: Reading, network: Reading) -> Floats:
        """From where the network has each paired thing to its position, (k, 2)."""
        at = _metres(network, self.origin)
        middle = (at[self.rows[self.pairs, 0]] + at[self.rows[self.pairs, 1]]) / 2
        return np.asarray(_metres(positions, self.origin)[self.pairs] - middle, dtype=np.float64)

    @property
    def by_name(self) -> bool:
        """Whether enough things are in the network themselves."""
        return int(self.pairs.sum()) >= FEWEST_PAIRS

    def away(self, positions: Reading, network: Reading) -> Floats:
        """Distance (n,) of each position to its own thing, or else to the nearest pipe or node."""
        found = distances(_metres(positions, self.origin), self._dense(network)[0])
        found[self.pairs] = np.hypot(*self.vectors(positions, network).T)
        return found

    def _dense(self, network: Reading) -> tuple[Floats, float]:
        """Points along every pipe, and how far apart they are."""
        at = _metres(network, self.origin)
        start, end = at[self.drawing.ends[:, 0]], at[self.drawing.ends[:, 1]]
        length = np.hypot(*(end - start).T)
        spacing = max(20.0, float(length.sum()) / _DENSE)
        parts = np.ceil(length / spacing).astype(np.int64)
        which = np.repeat(np.arange(len(parts)), parts)
        share = (np.arange(len(which)) - np.repeat(np.cumsum(parts) - parts, parts)) / parts[which]
        return np.concatenate([at, start[which] + (end - start)[which] * share[:, None]]), spacing

    def shift(self) -> Shift | None:
        """The common shift of both sides as stated."""
        if self.by_name:
            return common_shift(self.vectors(self.positions, self.network))
        return search_shift(_metres(self.positions, self.origin), *self._dense(self.network))

    def rest(self, positions: Reading, network: Reading) -> float:
        """Median distance that remains, where things are paired by name between these alone."""
        if self.by_name:
            return float(np.median(np.hypot(*self.vectors(positions, network).T)))
        return float(np.median(self.away(positions, network)))

    @cached_property
    def _other(self) -> tuple[tuple[Tried, ...], tuple[str, ...]]:
        here, untried = other_readings(self.table.settings.crs, self.table.x, self.table.y)
        there, more = other_readings(self.crs, *self.drawing.points.T)
        found = [Tried("positions", r, self.rest(r, self.network)) for r in here]
        found += [Tried("network", r, self.rest(self.positions, r)) for r in there]
        known = sorted((t for t in found if np.isfinite(t.rest_m)), key=lambda t: t.rest_m)
        return tuple(known), tuple(dict.fromkeys((*untried, *more)))

    @property
    def tried(self) -> tuple[Tried, ...]:
        """Every other reading of either side, the one that leaves least first."""
        return self._other[0]

    @property
    def untried(self) -> tuple[str, ...]:
        """Systems of the place that cannot be tried, because no transformation is public."""
        return self._other[1]

    def shift_of_a_reading(self) -> Shift | None:
        """What the best reading takes away, if it puts four in five positions on the network.

        Readings are few: one that fits so well by chance is far less likely than one of all possible shifts.
        """
        if len(self.table.x) < FEWEST_POINTS or not self.tried:
            return None
        best = self.tried[0]
        ours, theirs = (best.reading, self.network) if best.side == "positions" else (self.positions, best.reading)
        rest = self.away(ours, theirs)
        moved = self.positions if best.side == "positions" else best.reading
        read = best.reading if best.side == "positions" else self.network
        east, north = np.median(_metres(moved, self.origin) - _metres(read, self.origin), axis=0)
        found = Shift(float(east), float(north), int((rest <= _ON_PIPE_M).sum()), len(rest), float(np.median(rest)))
        good = found.shared >= 0.8 * found.of and NEAR_M <= found.length_m <= FAR_M
        return found if good else None


def _metres(reading: Reading, origin: tuple[float, float]) -> Floats:
    """East and north of the origin on a sphere, (n, 2): half a per cent of a shift is lost at most within a city."""
    east = np.radians(reading.lon - origin[0]) * np.cos(np.radians(origin[1]))
    return np.stack([east, np.radians(reading.lat - origin[1])], axis=1) * EARTH_M
