"""What a reader is told first: which problems, and where in a ranked area to begin. Reports and the command line agree."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cityloop.records import Problem, RankedThing, Thing

__all__ = ["Patch", "about_a_sensor", "by_weight", "km_to_half", "patches", "stands"]

#: A patch that holds less of the probability than this is not named.
NAMED_FROM = 0.1


def about_a_sensor(problem: Problem) -> bool:
    """Whether the trouble is a measurement itself, not what is measured (`details["datastream"]` names it)."""
    return "datastream" in problem.details


def stands(problem: Problem) -> bool:
    """Whether there is still something to do about it."""
    return problem.status in ("open", "acknowledged", "in_works")


def by_weight(problems: Iterable[Problem]) -> list[Problem]:
    """Those that stand first, then the dearest, those without a price last."""

    def key(p: Problem) -> tuple[bool, bool, float, str, str]:
        cost = p.cost_per_year.value if p.cost_per_year else 0.0
        return (not stands(p), p.cost_per_year is None, -cost, p.kind, p.id)

    return sorted(problems, key=key)


@dataclass(frozen=True)
class Patch:
    """A part of a ranked area that hangs together: its share of the probability, its length, where to begin."""

    rows: tuple[RankedThing, ...]
    place: str

    @property
    def share(self) -> float:
        """Probability that it lies here, 0..1."""
        return sum(row.probability for row in self.rows)

    @property
    def km(self) -> float:
        """Length of all its rows."""
        return sum(row.length_m for row in self.rows) / 1000


def km_to_half(area: Sequence[RankedThing]) -> float:
    """Kilometres of the first ranks that hold half of the probability of an area."""
    half, held, km = sum(row.probability for row in area) / 2, 0.0, 0.0
    for row in sorted(area, key=lambda r: r.rank):
        if held >= half:
            break
        held += row.probability
        km += row.length_m / 1000
    return km


def patches(area: Sequence[RankedThing], things: Mapping[str, Thing], best_place: str = "") -> list[Patch]:
    """The parts of an area that hang together, directly or by one section between, the highest rank first.

    Sections are joined by their ends (relations `start` and `end`). `place` is the best place where that lies in the patch,
    else its likeliest row. Parts below NAMED_FROM are left out; an area without ends is one patch.
    """
    parent: dict[str, str] = {}

    def root(x: str) -> str:
        while parent.setdefault(x, x) != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x

    ends = {row.thing: _ends(things.get(row.thing)) for row in area}
    if not any(ends.values()):
        return [Patch(tuple(area), best_place or area[0].thing)] if area else []
    for thing, nodes in ends.items():
        for node in nodes:
            parent[root(node)] = root(thing)
    touched = {node for nodes in ends.values() for node in nodes}
    for between in things.values():
        if len(nodes := _ends(between)) == 2 and touched.issuperset(nodes):
            parent[root(nodes[0])] = root(nodes[1])
    groups: dict[str, list[RankedThing]] = {}
    for row in area:
        groups.setdefault(root(row.thing), []).append(row)
    home = root(best_place) if best_place else ""
    found = [
        Patch(tuple(rows), best_place if at == home else max(rows, key=lambda r: (r.probability, -r.rank)).thing)
        for at, rows in groups.items()
    ]
    return [p for p in found if p.share >= NAMED_FROM] or found[:1]


def _ends(thing: Thing | None) -> list[str]:
    return [r.thing for r in thing.relations if r.kind in ("start", "end")] if thing else []
