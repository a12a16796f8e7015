"""What the twin reads from a model's elements: nodes, pipes, their ends and lengths, tanks and pumps."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cityloop.contracts import Element, Floats

__all__ = ["TwinNetwork"]

LINK_KINDS = ("pipe", "pump", "valve")
NODE_KINDS = ("junction", "tank", "reservoir")


@dataclass(frozen=True)
class TwinNetwork:
    """The elements of one model by kind, in the model's order."""

    junctions: tuple[str, ...]
    pipes: tuple[str, ...]
    ends: tuple[tuple[str, str], ...]
    """Start and end node of each pipe."""
    length_m: Floats
    other_links: tuple[tuple[str, str], ...]
    """Ends of pumps and valves."""
    pumps: tuple[str, ...]
    tanks: tuple[str, ...]
    highest_level_m: dict[str, float]
    sources: frozenset[str]
    """Tanks and reservoirs: pipes at them are never closed."""
    closed: frozenset[str] = frozenset()
    """Pipes that the model itself keeps closed."""

    @classmethod
    def of(cls, elements: Sequence[Element]) -> "TwinNetwork":
        """Read a model's elements."""
        pipes = [e for e in elements if e.kind == "pipe" and len(e.connects) == 2]
        levels = {}
        for tank in elements:
            highest = tank.properties.get("max_level_m")
            if tank.kind == "tank" and isinstance(highest, int | float):
                levels[tank.name] = float(highest)
        return cls(
            junctions=tuple(e.name for e in elements if e.kind == "junction"),
            pipes=tuple(e.name for e in pipes),
            ends=tuple((e.connects[0], e.connects[1]) for e in pipes),
            length_m=np.array([_number(e, "length_m") for e in pipes]),
            other_links=tuple(
                (e.connects[0], e.connects[1]) for e in elements if e.kind in ("pump", "valve") and len(e.connects) == 2
            ),
            pumps=tuple(e.name for e in elements if e.kind == "pump"),
            tanks=tuple(e.name for e in elements if e.kind == "tank"),
            highest_level_m=levels,
            sources=frozenset(e.name for e in elements if e.kind in ("tank", "reservoir")),
            closed=frozenset(e.name for e in pipes if e.properties.get("initial_status") == "closed"),
        )

    @cached_property
    def pipes_at(self) -> dict[str, tuple[int, ...]]:
        """Node -> indices of the pipes that end there."""
        found: dict[str, list[int]] = {}
        for i, pair in enumerate(self.ends):
            for node in pair:
                found.setdefault(node, []).append(i)
        return {node: tuple(pipes) for node, pipes in found.items()}

    def connected_without(self, closed: Collection[str]) -> bool:
        """Whether every node that was connected to node one stays so with `closed` pipes shut (union of sets)."""
        return self._parts(self.closed) == self._parts(self.closed | frozenset(closed))

    def _parts(self, closed: frozenset[str]) -> int:
        nodes = sorted({n for pair in (*self.ends, *self.other_links) for n in pair})
        parent = {n: n for n in nodes}

        def root(node: str) -> str:
            while parent[node] != node:
                parent[node] = parent[parent[node]]
                node = parent[node]
            return node

        for name, (a, b) in zip(self.pipes, self.ends, strict=True):
            if name not in closed:
                parent[root(a)] = root(b)
        for a, b in self.other_links:
            parent[root(a)] = root(b)
        return len({root(n) for n in nodes})

    def distances_m(self) -> Floats:
        """Metres along the pipes between all junctions, (junctions, junctions); pumps and valves count nothing.

        Where no way exists, the longest way there is.
        """
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import dijkstra

        names = [*self.junctions, *sorted({n for pair in self.ends for n in pair} - set(self.junctions))]
        index = {n: i for i, n in enumerate(names)}
        edges: dict[tuple[int, int], float] = {}
        for pair, length in [
            *zip(self.ends, self.length_m.tolist(), strict=True),
            *((pair, 0.0) for pair in self.other_links if pair[0] in index and pair[1] in index),
        ]:
            key = (min(index[pair[0]], index[pair[1]]), max(index[pair[0]], index[pair[1]]))
            edges[key] = min(edges.get(key, np.inf), max(length, 1e-3))
        rows, columns = np.array(list(edges), dtype=np.int64).reshape(-1, 2).T
        graph = csr_array((np.array(list(edges.values())), (rows, columns)), shape=(len(names), len(names)))
        n = len(self.junctions)
        distance: Floats = np.asarray(dijkstra(graph, directed=False, indices=np.arange(n)))[:, :n]
        known = distance[np.isfinite(distance)]
        return np.where(np.isfinite(distance), distance, known.max() if known.size else 0.0)

    def junction_weights_m(self) -> Floats:
        """Half the length of the pipes at each junction, m."""
        index = {n: i for i, n in enumerate(self.junctions)}
        weights = np.zeros(len(self.junctions))
        for pair, length in zip(self.ends, self.length_m, strict=True):
            for node in pair:
                if node in index:
                    weights[index[node]] += length / 2
        return weights


def _number(element: Element, key: str) -> float:
    value = element.properties.get(key, 0.0)
    return float(value) if isinstance(value, int | float) else 0.0
