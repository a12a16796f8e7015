"""Where a leak is: pressure residuals against the network model before and after each onset, ranked over all pipes.

Each hour is one steady state of the model with the measured tank levels, pump states and the demand without the leak;
what a logger then shows beyond the model's static error is matched to the model's own response to a leak at every
junction. The result is a ranked area with probabilities and the junction of least expected distance along the pipes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats, Simulator, View
from cityloop.domains.water.balance import boundaries, network_of
from cityloop.domains.water.boundary_state import BoundaryState
from cityloop.domains.water.calibration import States, calibrate, typical_states
from cityloop.domains.water.detection import Part, Trouble
from cityloop.domains.water.modelhours import Hours, find_loggers, read_hours
from cityloop.domains.water.network import PipeNetwork, read_network
from cityloop.domains.water.placing import posterior
from cityloop.domains.water.shifts import LEAST_HOURS, leak_shapes, profile, shifts
from cityloop.domains.water.texts import note
from cityloop.records import Change, Datastream, RankedThing

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


def localise(
    view: View, simulator: Simulator | None, state: BoundaryState, trouble: Trouble, bad: frozenset[str]
) -> Place:
    """Rank the pipes of a boundary; an empty Place with a note where it cannot be done."""
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
    course, response = profile(hours, states, _heads(simulator, network, hours, states, loggers, calibration.changes))
    shapes, sizes, spreads = leak_shapes(parts, trouble.gap, hours.days)
    shift, noise = shifts(residual[:, used], hours, states, course, shapes, len(sizes))
    chances = posterior(
        shift, noise, response[used], sizes=sizes, size_se=spreads, prior=network.junction_weights_m()
    )  # fmt: skip
    misfit = calibration.misfit
    strange = [s.name for s, ok, far in zip(loggers, used, misfit, strict=True) if not ok and np.isfinite(far)]
    left_out = [s.name for s, ok in zip(loggers, used, strict=True) if not ok]
    left_out += [s.name for s in view.records(Datastream) if s.id in bad and s.observed_property == "water_pressure"]
    return _place(network, chances, sizes, int(used.sum()), sorted(left_out), strange, tuple(streams))


def rises_of(trouble: Trouble) -> tuple[Part, ...]:
    """Every lasting change as the CUSUM saw it, each to be placed on its own; the best model where no rise is among them.

    A leak that grows is seen as several at one place; several leaks read as one that grows would all be misplaced.
    """
    steps = tuple(Part(s.onset, s.size, s.se, 0.0) for s in trouble.steps)
    return steps if any(part.size > 0 for part in steps) else trouble.parts


def _place(
    network: PipeNetwork, chances: Sequence[Floats], sizes: Sequence[float], used: int, left_out: Sequence[str],
    strange: Sequence[str], streams: tuple[str, ...],
) -> Place:  # fmt: skip
    """The ranked area of all leaks together, weighted by their flow; the best place is that of the largest."""
    found = _merged(network, [_best_place(network, chance) for chance in chances], sizes)
    total = np.average(np.stack([_humbled(network, c) for c in chances]), axis=0, weights=np.asarray(sizes))
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
    if left_out:
        notes.append(note("excluded", names=", ".join(left_out)))
    if strange:
        details["loggers_that_contradict"] = ", ".join(strange)
        notes.append(note("contradict", names=", ".join(strange)))
    return Place(rank_pipes(network, total), network.nodes[found[0][0]].id, tuple(notes), details, streams)


def _merged(network: PipeNetwork, best: Sequence[int], sizes: Sequence[float]) -> list[tuple[int, float]]:
    """Places and flows of the leaks, largest first: rises placed within SAME_M of a larger one are that leak growing."""
    found: dict[int, float] = {}
    for i in sorted(range(len(best)), key=lambda i: -sizes[i]):
        node = next((n for n in found if network.distance_m[n, best[i]] <= SAME_M), best[i])
        found[node] = found.get(node, 0.0) + sizes[i]
    return sorted(found.items(), key=lambda item: -item[1])


def _nothing(reason: str) -> Place:
    return Place(notes=(reason,))


def _heads(
    simulator: Simulator, network: PipeNetwork, hours: Hours, states: States, loggers: Sequence[Datastream],
    changes: Sequence[Change],
) -> Floats:  # fmt: skip
    """Head change (m per L/s of leak) of each logger for a leak at each junction: (states, loggers, junctions)."""
    outputs = [(s.thing, "head_m") for s in loggers]
    sources = [(node.id, "leak_l_per_s") for node in network.nodes[: network.junction_count]]
    return np.stack(
        [
            simulator.gradient(changes, inputs=hours.inputs, values=values, outputs=outputs, sources=sources)
            for values in states.values
        ]
    )


# --- where it is -------------------------------------------------------------------------------------------------
def _humbled(network: PipeNetwork, chance: Floats) -> Floats:
    """A probability per junction as far as it can be trusted: a mixture of its powers against the length of pipe."""
    prior = network.junction_weights_m()
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


def _by_pipe(network: PipeNetwork, chance: Floats) -> tuple[npt.NDArray[np.int64], Floats]:
    """Order of the pipes by probability per metre, and the probability of each pipe."""
    weights = network.junction_weights_m()
    density = network.pipe_density(np.where(weights > 0, chance / np.maximum(weights, 1e-9), 0.0))
    share = density * network.length_m
    return np.argsort(-density, kind="stable"), share / share.sum()


def rank_pipes(network: PipeNetwork, chance: Floats) -> tuple[RankedThing, ...]:
    """Pipes in the order of probability per metre until AREA_SHARE of the probability or AREA_ROWS rows."""
    order, share = _by_pipe(network, chance)
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


def _kilometres(network: PipeNetwork, chance: Floats) -> dict[str, float | str]:
    """Kilometres in ranked order until 50, 80 and 95 % of the probability are searched."""
    order, share = _by_pipe(network, chance)
    reached = np.cumsum(share[order])
    length = np.cumsum(network.length_m[order]) / 1000
    return {
        f"km_{p}": float(length[min(int(np.searchsorted(reached, p / 100)), len(length) - 1)]) for p in (50, 80, 95)
    }
