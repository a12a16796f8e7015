"""Score what a crew found against the Problem that sent it."""

from collections.abc import Mapping

import numpy as np

from cityloop.contracts import View
from cityloop.domains.water.balance import boundaries
from cityloop.domains.water.network import PipeNetwork, read_network
from cityloop.errors import RecordError
from cityloop.records import Problem, Thing

__all__ = ["score_finding"]


def score_finding(view: View, problem: Problem, finding: Mapping[str, float | str]) -> dict[str, float | str]:
    """Distance along pipes (m), rank and kilometres searched up to the found pipe, and the error of the flow (L/s).

    `realised_effect` (L/s) is what the repair of the find should bring: the flow of a leak, 0 where there was none.

    `finding` holds `found` (leak, none, other), `place` (id or name, pipe or junction) and `flow` or `flow_l_per_s`.
    A key is absent where it cannot be told; raises RecordError for a place that the city does not know. A city without a
    network on record takes any place: there is nothing to look it up in.
    """
    score: dict[str, float | str] = {"found": str(finding.get("found", ""))}
    flow = finding.get("flow_l_per_s", finding.get("flow"))
    if score["found"] == "leak" and isinstance(flow, int | float):
        score |= {"flow_error_l_per_s": problem.gap.value - float(flow), "realised_effect": float(flow)}
    elif score["found"] == "none":
        score["realised_effect"] = 0.0
    place = str(finding.get("place", "") or "")
    if score["found"] != "leak" or not place:
        return score
    things = [t for t in view.records(Thing) if t.kind in ("pipe", "junction")]
    if not things:
        return score
    thing = next((t for t in things if place in (t.id, t.name)), None)
    if thing is None:
        raise RecordError(
            "The place of the finding is no pipe or junction of this city.", where=problem.id, got=place,
            allowed="id or name of a pipe or junction", cure="Correct the place of the inspection.",
        )  # fmt: skip
    network = read_network(view, view.get(Thing, problem.boundary), boundaries(view))
    if network is None:
        return score
    candidates = _pipes_at(network, thing)
    searched = 0.0
    for row in problem.area:
        searched += row.length_m / 1000
        if row.thing in candidates:
            score |= {"rank": float(row.rank), "km_searched": searched, "probability": row.probability}
            break
    if problem.best_place in network.index:
        distance = _distance(network, thing, problem.best_place)
        if np.isfinite(distance):  # no pipes join two parts that a valve or pump divides
            score["distance_m"] = distance
    return score


def _pipes_at(network: PipeNetwork, thing: Thing) -> set[str]:
    """The pipe itself, or the pipes that end at a junction."""
    if thing.kind == "pipe":
        return {thing.id}
    node = network.index[thing.id]
    return {p.id for p, ends in zip(network.pipes, network.ends, strict=True) if node in ends}


def _distance(network: PipeNetwork, thing: Thing, best: str) -> float:
    """Metres along pipes from the finding to the best place; from the middle of a found pipe."""
    row = network.distance_m[network.index[best]]
    if thing.kind == "junction":
        return float(row[network.index[thing.id]])
    position = next(i for i, p in enumerate(network.pipes) if p.id == thing.id)
    ends = [e for e in network.ends[position] if e >= 0]
    return float(min(row[e] for e in ends) + network.length_m[position] / 2) if ends else float(np.inf)
