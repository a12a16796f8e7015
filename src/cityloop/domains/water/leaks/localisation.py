"""Where a leak is: pressure residuals against the network model before and after each onset, ranked over all pipes.

Each hour is one steady state of the model with the measured tank levels, pump states and the demand without the leak;
what a logger then shows beyond the model's static error is matched to the model's own response to a leak at every
junction. The result is a ranked area with probabilities and the junction of least expected distance along the pipes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats, Simulator, View
from cityloop.domains.water.balance import boundaries, network_of
from cityloop.domains.water.boundary_state import BoundaryState
from cityloop.domains.water.leaks.calibration import calibrate, typical_states
from cityloop.domains.water.leaks.detection import Part, Trouble
from cityloop.domains.water.leaks.modelhours import find_loggers, read_hours
from cityloop.domains.water.leaks.placing import posterior
from cityloop.domains.water.leaks.response import leak_response
from cityloop.domains.water.leaks.searched import Walk, left_after, walks
from cityloop.domains.water.leaks.shifts import LEAST_HOURS, leak_shapes, shifts
from cityloop.domains.water.network import PipeNetwork, read_network
from cityloop.domains.water.texts import note
from cityloop.records import Datastream, RankedThing

__all__ = ["Place", "localise", "rank_pipes", "rises_of"]

LEAST_LOGGERS = 3
AREA_SHARE, AREA_ROWS = 0.99, 300
#: Two rises whose best places are this near along the pipes (m) are taken for one leak.
SAME_M = 300.0
#: How far the places are trusted, (share, power): the likelihood as it is counts for much less than it says, since the model
#: errs in ways that it does not know. Chosen on simulated leaks so that the areas hold what they claim (README.md).
TRUST = ((0.5, 0.7), (0.4, 0.2), (0.1, 0.0))


@dataclass(frozen=True)
class Place:
    """A ranked area, its best place, what was used and why it may be empty."""

    area: tuple[RankedThing, ...] = ()
    best_place: str = ""
    notes: tuple[str, ...] = ()
    details: dict[str, float | str] = field(default_factory=dict)
    streams: tuple[str, ...] = ()
    contradicting: tuple[tuple[Datastream, float], ...] = ()
    """Loggers left out because they contradict the model, and by how many standard errors."""


def localise(
    view: View, simulator: Simulator | None, state: BoundaryState, trouble: Trouble, bad: frozenset[str],
    passed: float = 1.0,
) -> Place:  # fmt: skip
    """Rank the pipes of a boundary; an empty Place with a note where it cannot be done.

    `passed` = chance that a survey passes a leak without hearing it: what crews searched in vain counts by it.
    """
    network = read_network(view, state.boundary, boundaries(view)) if network_of(view, state.boundary) else None
    if network is None:
        return _nothing(note("no_network"))
    if simulator is None:
        return _nothing(note("no_simulator"))
    loggers = find_loggers(view, network, bad)
    if len(loggers) < LEAST_LOGGERS:
        return _nothing(note("no_loggers", n=len(loggers)))
    parts = rises_of(trouble)
    first = min(trouble.onset, *(part.onset for part in parts))
    hours, streams = read_hours(view, state, trouble, loggers, first=first, onsets={part.onset for part in parts})
    before = hours.days < first
    least = min(int(before.sum()), int((~before).sum()))
    if least < LEAST_HOURS:
        return _nothing(note("too_short", hours=least, least=LEAST_HOURS))
    outputs = [(s.thing, "pressure_m") for s in loggers]
    residual = hours.pressure - simulator.states([], inputs=hours.inputs, values=hours.values, outputs=outputs)
    states = typical_states(hours)
    calibration = calibrate(simulator, network, hours, states, loggers, residual, before)
    used = calibration.fits
    if used.sum() < LEAST_LOGGERS:
        return _nothing(note("no_loggers", n=int(used.sum())))
    course, response = leak_response(simulator, network, hours, states, loggers, calibration.changes)
    shapes, sizes, spreads = leak_shapes(parts, trouble.gap, hours.days)
    shift, noise = shifts(residual[:, used], hours, states, course, shapes, len(sizes))
    made, rises = walks(view, state.boundary.id), [part for part in parts if part.size > 0] or list(parts)[:1]
    left = np.stack([left_after(network, made, _day(state, part.onset), passed) for part in rises])
    prior = np.stack([network.junction_weights_m(share) for share in left])
    chances = posterior(shift, noise, response.of(used), sizes=sizes, size_se=spreads, prior=prior)
    search = _Searched(left, made)
    misfit = calibration.misfit
    strange = [(s, float(far)) for s, ok, far in zip(loggers, used, misfit, strict=True) if not ok and np.isfinite(far)]
    left_out = [s.name for s, ok in zip(loggers, used, strict=True) if not ok]
    left_out += [s.name for s in view.records(Datastream) if s.id in bad and s.observed_property == "water_pressure"]
    return _place(network, chances, sizes, search, int(used.sum()), sorted(left_out), strange, tuple(streams))


def _day(state: BoundaryState, index: int) -> date:
    return date.fromisoformat(str(state.days[min(max(index, 0), len(state.days) - 1)].astype("datetime64[D]")))


@dataclass(frozen=True)
class _Searched:
    """Share of each pipe's probability that searches left, (leaks, pipes), and the searches."""

    left: Floats
    walks: Sequence[Walk]


def rises_of(trouble: Trouble) -> tuple[Part, ...]:
    """Every lasting change as the CUSUM saw it, each to be placed on its own; the best model where no rise is among them.

    A leak that grows is seen as several at one place; several leaks read as one that grows would all be misplaced.
    """
    steps = tuple(Part(s.onset, s.size, s.se, 0.0) for s in trouble.steps)
    return steps if any(part.size > 0 for part in steps) else trouble.parts


def _place(
    network: PipeNetwork, chances: Sequence[Floats], sizes: Sequence[float], search: _Searched, used: int,
    left_out: Sequence[str], strange: Sequence[tuple[Datastream, float]], streams: tuple[str, ...],
) -> Place:  # fmt: skip
    """The ranked area of all leaks together, weighted by their flow; the best place is that of the largest."""
    found = _merged(network, [_best_place(network, chance) for chance in chances], sizes)
    shares = [_by_pipe(network, chance, left) for chance, left in zip(chances, search.left, strict=True)]
    total = np.average(np.stack(shares), axis=0, weights=np.asarray(sizes))
    details: dict[str, float | str] = {}
    for number, (node, size) in enumerate(found, 1):
        details[f"leak_{number}_best_place"] = network.nodes[node].name
        details[f"leak_{number}_l_per_s"] = size
    details |= _kilometres(network, total)
    details |= {"loggers_used": float(used), "loggers_left_out": ", ".join(left_out)}
    details["localisation"] = "hourly steady states, calibrated response, all leaks in turn"
    notes = [note("ranked", n=used)]
    details["located_by"] = notes[0]
    if len(found) > 1:
        notes.append(note("several", n=len(found)))
    told = _told_of_search(network, search)
    if told:
        details |= told
        notes.append(note("searched", km=f"{told['searched_km']:.1f}", n=len({w.project for w in search.walks})))
    if left_out:
        notes.append(note("excluded", names=", ".join(left_out)))
    if strange:
        names = ", ".join(stream.name for stream, _ in strange)
        details["loggers_that_contradict"] = names
        notes.append(note("contradict", names=names))
    return Place(
        rank_pipes(network, total), network.nodes[found[0][0]].id, tuple(notes), details, streams, tuple(strange)
    )


def _merged(network: PipeNetwork, best: Sequence[int], sizes: Sequence[float]) -> list[tuple[int, float]]:
    """Places and flows of the leaks, largest first: rises placed within SAME_M of a larger one are that leak growing."""
    found: dict[int, float] = {}
    for i in sorted(range(len(best)), key=lambda i: -sizes[i]):
        node = next((n for n in found if network.distance_m[n, best[i]] <= SAME_M), best[i])
        found[node] = found.get(node, 0.0) + sizes[i]
    return sorted(found.items(), key=lambda item: -item[1])


def _nothing(reason: str) -> Place:
    return Place(notes=(reason,))


# --- where it is -------------------------------------------------------------------------------------------------
def _humbled(chance: Floats, prior: Floats) -> Floats:
    """A probability per junction as far as it can be trusted: a mixture of its powers against the prior."""
    prior = prior / prior.sum()
    ratio = np.where(prior > 0, chance / np.maximum(prior, 1e-15), 0.0)
    total = np.zeros(len(chance))
    for share, power in TRUST:
        part = prior * ratio**power if power > 0 else prior
        total += share * part / part.sum()
    return total


def _best_place(network: PipeNetwork, chance: Floats) -> int:
    """Junction of least expected distance along the pipes."""
    n = network.junction_count
    distance = network.distance_m[:n, :n]
    far = float(distance[np.isfinite(distance)].max())
    return int(np.argmin(np.where(np.isfinite(distance), distance, far) @ chance))


def _by_pipe(network: PipeNetwork, chance: Floats, left: Floats) -> Floats:
    """Probability of each pipe, (pipes,), from that of a leak at each junction; `left` as searches left it (pipes,)."""
    weights = network.junction_weights_m(left)
    trusted = _humbled(chance, weights)
    share = network.pipe_density(np.where(weights > 0, trusted / np.maximum(weights, 1e-9), 0.0))
    share = share * left * network.length_m
    return np.asarray(share / share.sum())


def _told_of_search(network: PipeNetwork, search: _Searched) -> dict[str, float | str]:
    """Kilometres that crews searched in vain since a leak began, and the least share of probability that is left there."""
    searched = (search.left < 1.0).any(axis=0)
    if not searched.any():
        return {}
    return {"searched_km": float(network.length_m[searched].sum()) / 1000, "searched_left": float(search.left.min())}


def rank_pipes(network: PipeNetwork, share: Floats) -> tuple[RankedThing, ...]:
    """Pipes in the order of probability per metre until AREA_SHARE of the probability or AREA_ROWS rows."""
    order = _order(network, share)
    total, rows = 0.0, []
    for rank, i in enumerate(order[:AREA_ROWS], 1):
        pipe = network.pipes[i]
        rows.append(
            RankedThing(
                thing=pipe.id, name=pipe.name, rank=rank, probability=float(share[i]),
                length_m=float(network.length_m[i]),
            )
        )  # fmt: skip
        total += float(share[i])
        if total >= AREA_SHARE:
            break
    return tuple(rows)


def _order(network: PipeNetwork, share: Floats) -> npt.NDArray[np.int64]:
    return np.argsort(-share / np.maximum(network.length_m, 1e-9), kind="stable")


def _kilometres(network: PipeNetwork, share: Floats) -> dict[str, float | str]:
    """Kilometres in ranked order until 50, 80 and 95 % of the probability are searched."""
    order = _order(network, share)
    reached = np.cumsum(share[order])
    length = np.cumsum(network.length_m[order]) / 1000
    return {
        f"km_{p}": float(length[min(int(np.searchsorted(reached, p / 100)), len(length) - 1)]) for p in (50, 80, 95)
    }
