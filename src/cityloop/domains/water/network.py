"""The pipes around a boundary as a graph: junctions, lengths, distances along pipes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats, View
from cityloop.records import Thing

__all__ = ["PipeNetwork", "read_network"]


@dataclass(frozen=True)
class PipeNetwork:
    """Junction and pipe Things; `ends` (pipes, 2) are indices into `nodes`, -1 where an end is no known node."""

    nodes: tuple[Thing, ...]
    """Junctions first, then tanks and reservoirs: every Thing that a pipe may end at."""
    junction_count: int
    pipes: tuple[Thing, ...]
    ends: npt.NDArray[np.int64]
    length_m: Floats

    @cached_property
    def index(self) -> dict[str, int]:
        """Node id -> position."""
        return {node.id: i for i, node in enumerate(self.nodes)}

    @cached_property
    def distance_m(self) -> Floats:
        """Shortest distances along pipes from every node to every node, m; infinite where not connected."""
        from scipy.sparse import coo_matrix
        from scipy.sparse.csgraph import dijkstra

        n = len(self.nodes)
        known = (self.ends >= 0).all(axis=1)
        first, second = self.ends[known].min(axis=1), self.ends[known].max(axis=1)
        length = np.maximum(self.length_m[known], 1e-3)
        order = np.argsort(length)
        _, keep = np.unique(first[order] * n + second[order], return_index=True)  # the shorter of parallel pipes
        rows = order[keep]
        graph = coo_matrix((length[rows], (first[rows], second[rows])), shape=(n, n)).tocsr()
        return np.asarray(dijkstra(graph, directed=False), dtype=np.float64)

    def junction_weights_m(self, share: Floats | float = 1.0) -> Floats:
        """Half the length of the pipes at each junction, m (junctions,); each pipe by a `share` of it (pipes,)."""
        weights = np.zeros(len(self.nodes) + 1)
        np.add.at(weights, self.ends[:, 0], share * self.length_m / 2)
        np.add.at(weights, self.ends[:, 1], share * self.length_m / 2)
        return weights[: self.junction_count]

    def pipe_density(self, junction_density: Floats) -> Floats:
        """Mean over a pipe's junction ends of a quantity per junction, (pipes,); 0 for a pipe without junctions."""
        padded = np.concatenate([junction_density, np.zeros(len(self.nodes) - self.junction_count + 1)])
        is_junction = (self.ends >= 0) & (self.ends < self.junction_count)
        total = np.where(is_junction, padded[self.ends], 0.0).sum(axis=1)
        return np.asarray(total / np.maximum(is_junction.sum(axis=1), 1))


def read_network(view: View, boundary: Thing, boundaries: Sequence[Thing]) -> PipeNetwork | None:
    """The pipes inside a boundary; None where none is on record.

    Pipes that name a boundary (relation `part_of`) belong to it alone, and beside them those that name none (trunk mains)
    to none; a city whose pipes name none has one network, which then belongs to the boundary that names it.
    """
    things = view.records(Thing)
    places = {b.id for b in boundaries}
    known = [t for t in things if t.kind == "pipe" and isinstance(t.properties.get("length_m"), int | float)]
    named = [{r.thing for r in p.relations if r.kind == "part_of" and r.thing in places} for p in known]
    pipes = [p for p, mine in zip(known, named, strict=True) if boundary.id in mine] if any(named) else known
    if not pipes:
        return None
    junctions = [t for t in things if t.kind == "junction"]
    others = [t for t in things if t.kind in ("tank", "reservoir")]
    nodes = (*junctions, *others)
    index = {node.id: i for i, node in enumerate(nodes)}
    ends = np.array(
        [
            [next((index.get(r.thing, -1) for r in pipe.relations if r.kind == kind), -1) for kind in ("start", "end")]
            for pipe in pipes
        ],
        dtype=np.int64,
    )
    lengths = np.array([float(p.properties["length_m"]) for p in pipes])
    return PipeNetwork(nodes, len(junctions), tuple(pipes), ends, lengths)
