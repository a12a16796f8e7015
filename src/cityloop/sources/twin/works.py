"""What finished works truly achieved: it follows from the seed and the project, not from what the records say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from cityloop.records import Change, record_id
from cityloop.sources.twin.chance import generator
from cityloop.sources.twin.network import TwinNetwork
from cityloop.sources.twin.scenario import Leak
from cityloop.sources.twin.truth import Repair, leak_size

__all__ = ["FinishedWork", "hour_of", "repairs_of", "settings_of", "share_repaired"]

#: Chance that a repair leaves something of the leak, and what share it then takes away (from, to).
PARTIAL, PARTIAL_SHARE = 0.2, (0.5, 0.9)


@dataclass(frozen=True)
class FinishedWork:
    """A project that is done. `boundary` is a boundary, or the junction Thing of a replaced logger.

    `findings` are those of the project: found (leak, none, other), place (name or id of a pipe or junction). `changes` are
    what its measure sets, by Thing id: valves, pumps and links are truly set so, leaks end by findings alone.
    """

    project: str
    boundary: str
    started: datetime
    done: datetime
    findings: tuple[Mapping[str, float | str], ...] = ()
    changes: tuple[Change, ...] = ()


def hour_of(moment: datetime, start: datetime) -> int:
    """First full hour after `start` that begins at `moment` or later."""
    return -int((start - moment).total_seconds() // 3600)


def share_repaired(seed: int, project: str, leak: Leak) -> float:
    """Share of a leak that a project truly takes away once it digs there."""
    rng = generator(seed, "repair", project, leak.pipe)
    partial, share = rng.random() < PARTIAL, rng.uniform(*PARTIAL_SHARE)
    return float(share) if partial else 1.0


def repairs_of(
    works: Sequence[FinishedWork], leaks: Sequence[Leak], network: TwinNetwork, *, city: str, seed: int, start: datetime
) -> tuple[Repair, ...]:
    """The repairs of finished works, in time order; a finding repairs the leak at its place or one pipe further.

    A repair counts from the moment the project is done, so that works change only what comes after them.
    """
    found: list[Repair] = []
    for work in sorted(works, key=lambda w: (w.done, w.project)):
        hour = hour_of(work.done, start)
        for finding in work.findings:
            if finding.get("found") != "leak":
                continue
            number = _leak_at(str(finding.get("place", "")), leaks, network, city, found, hour)
            if number is not None:
                found.append(Repair(hour, number, share_repaired(seed, work.project, leaks[number])))
    return tuple(found)


def settings_of(
    works: Sequence[FinishedWork], names: Mapping[str, str], *, start: datetime, clock: datetime
) -> tuple[Change, ...]:
    """What finished works have set on valves, pumps and links, in time order, on the model's clock.

    `names` = Thing id -> name of the elements that can be set; what is set elsewhere is no business of this network.
    """
    return tuple(
        msgspec.structs.replace(c, thing=names[c.thing], start=clock + timedelta(hours=hour_of(work.done, start)))
        for work in sorted(works, key=lambda w: (w.done, w.project))
        for c in work.changes
        if c.thing in names
    )


def _leak_at(
    place: str, leaks: Sequence[Leak], network: TwinNetwork, city: str, done: Sequence[Repair], hour: int
) -> int | None:
    """Number of the running leak at a place; the pipe itself first, then pipes that meet it."""
    nodes = _nodes_of(place, network, city)
    near = set(nodes) | {n for node in nodes for i in network.pipes_at.get(node, ()) for n in network.ends[i]}
    running = [n for n, leak in enumerate(leaks) if leak_size(leak, n, done, hour) > 0]
    here = [n for n in running if _same(place, leaks[n], city)]
    meets = [n for n in running if leaks[n].node in nodes]
    beside = [n for n in running if leaks[n].node in near]
    return next(iter([*here, *meets, *beside]), None)


def _same(place: str, leak: Leak, city: str) -> bool:
    return place in (leak.pipe, record_id(city, "thing", "pipe", leak.pipe))


def _nodes_of(place: str, network: TwinNetwork, city: str) -> tuple[str, ...]:
    """The ends of a pipe, or the junction itself, given by name or Thing id."""
    for name, ends in zip(network.pipes, network.ends, strict=True):
        if place in (name, record_id(city, "thing", "pipe", name)):
            return ends
    return tuple(n for n in network.junctions if place in (n, record_id(city, "thing", "junction", n)))
