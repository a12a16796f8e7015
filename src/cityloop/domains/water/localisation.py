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
from cityloop.domains.water.detection import Trouble
from cityloop.domains.water.modelhours import Hours, find_loggers, read_hours
from cityloop.domains.water.network import PipeNetwork, read_network
from cityloop.domains.water.shifts import LEAST_HOURS, hour_classes, leak_shapes, shifts, unexplained, well_placed
from cityloop.domains.water.texts import note
from cityloop.records import Datastream, PipeRank

__all__ = ["Place", "localise", "posterior", "rank_pipes"]

LEAST_LOGGERS = 3
#: Relative error of a modelled response and the smallest head difference that the model is trusted with (m).
RESPONSE_ERROR, HEAD_FLOOR_M = 0.1, 0.002
AMPLITUDES = np.linspace(0.75, 1.3, 12)
#: Degrees of freedom of the t distribution of one logger's misfit: a mislabelled logger cannot rule out the truth.
LOGGER_DOF = 4.0
#: Weight of one logger in the likelihood, its classes taken together (they share the model's error); chosen on 24
#: simulated ky4 leaks so that areas of 50, 80 and 95 % held the leak in .71, .88 and .96 of them (README.md).
LOGGER_WEIGHT = 2.0
#: Each leak more must pay for this much of the loggers' log likelihood (twice).
LEAK_PENALTY = 12.0
AREA_SHARE, AREA_ROWS = 0.99, 300


@dataclass(frozen=True)
class Place:
    """A ranked area, its best place, what was used and why it may be empty."""

    area: tuple[PipeRank, ...] = ()
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
    hours, streams = read_hours(view, state, trouble, loggers)
    first = trouble.onset
    before, after = int((hours.days < first).sum()), int((hours.days >= first).sum())
    if min(before, after) < LEAST_HOURS:
        return _nothing(note("too_short", hours=min(before, after), least=LEAST_HOURS))
    outputs = [(s.thing, "pressure_m") for s in loggers]
    modelled = simulator.states([], inputs=hours.inputs, values=hours.values, outputs=outputs)
    used = well_placed(hours.pressure, modelled, hours.days < first)
    if used.sum() < LEAST_LOGGERS:
        return _nothing(note("no_loggers", n=int(used.sum())))
    residual = hours.pressure - modelled
    classes = hour_classes(hours, leak_shapes(trouble.parts, trouble.gap, hours.days)[0])
    response = _responses(simulator, network, hours, classes, hours.days >= first, loggers)
    best: tuple[float, list[Floats], list[float]] | None = None
    for parts in (trouble.parts, *trouble.alternatives):
        shapes, sizes, spreads = leak_shapes(parts, trouble.gap, hours.days)
        shift, error = shifts(residual, hours, shapes, classes)
        chances = [
            posterior(shift[j][used], error[j][used], response[used], size=size, size_se=spreads[j],
                      prior=network.junction_weights_m())
            for j, size in enumerate(sizes)
        ]  # fmt: skip
        heads = [size * response[:, :, int(np.argmax(chance))] for size, chance in zip(sizes, chances, strict=True)]
        left = unexplained(residual[:, used], hours, shapes[: len(sizes)], [h[used] for h in heads], classes)
        left += LEAK_PENALTY * len(sizes)
        if best is None or left < best[0]:
            best = (left, chances, sizes)
    assert best is not None
    _, chances, sizes = best
    left_out = [s.name for s, ok in zip(loggers, used, strict=True) if not ok]
    left_out += [s.name for s in view.records(Datastream) if s.id in bad and s.observed_property == "water_pressure"]
    return _place(network, chances, sizes, int(used.sum()), sorted(left_out), tuple(streams))


def _place(
    network: PipeNetwork, chances: Sequence[Floats], sizes: Sequence[float], used: int, left_out: Sequence[str],
    streams: tuple[str, ...],
) -> Place:  # fmt: skip
    """The ranked area of all leaks together, weighted by their flow; the best place is that of the largest."""
    best = [_best_place(network, chance) for chance in chances]
    total = np.average(np.stack(chances), axis=0, weights=np.asarray(sizes))
    details: dict[str, float | str] = {}
    for number, (size, node) in enumerate(zip(sizes, best, strict=True), 1):
        details[f"leak_{number}_best_place"] = network.nodes[node].name
        details[f"leak_{number}_l_per_s"] = size
    details |= _kilometres(network, total)
    details |= {"loggers_used": float(used), "loggers_left_out": ", ".join(left_out)}
    details["localisation"] = "hourly steady states, shift per pump and demand class, matched to leak response"
    notes = [note("ranked", n=used)]
    if len(sizes) > 1:
        notes.append(note("several", n=len(sizes)))
    if left_out:
        notes.append(note("excluded", names=", ".join(left_out)))
    largest = best[int(np.argmax(sizes))]
    return Place(rank_pipes(network, total), network.nodes[largest].id, tuple(notes), details, streams)


def _nothing(reason: str) -> Place:
    return Place(notes=(reason,))


def _responses(
    simulator: Simulator, network: PipeNetwork, hours: Hours, classes: npt.NDArray[np.int64],
    after: npt.NDArray[np.bool_], loggers: Sequence[Datastream],
) -> Floats:  # fmt: skip
    """Head change (m per L/s of leak) of each logger for a leak at each junction: (loggers, classes, junctions)."""
    outputs = [(s.thing, "head_m") for s in loggers]
    sources = [(node.id, "leak_l_per_s") for node in network.nodes[: network.junction_count]]
    blocks = []
    for number in range(int(classes.max()) + 1):
        rows = hours.values[(classes == number) & after]
        rows = rows if len(rows) else hours.values[classes == number]
        order = np.argsort(rows[:, hours.demand])
        picked = [rows[order[int(share * (len(order) - 1))]] for share in (0.25, 0.75)]
        blocks.append(
            np.mean(
                [
                    simulator.gradient([], inputs=hours.inputs, values=values, outputs=outputs, sources=sources)
                    for values in picked
                ],
                axis=0,
            )
        )
    return np.stack(blocks, axis=1)


# --- where it is -------------------------------------------------------------------------------------------------
def posterior(shift: Floats, error: Floats, response: Floats, *, size: float, size_se: float, prior: Floats) -> Floats:
    """Probability of a leak at each junction, (junctions,).

    `shift`, `error` (loggers, classes) m; `response` (loggers, classes, junctions) m per L/s; `size` and its standard
    error L/s; `prior` any positive weight per junction (length of pipe). Each logger's misfit enters as a t density; a
    model that fits badly even at its best place is trusted less everywhere.
    """
    variance = error**2 + (RESPONSE_ERROR * shift) ** 2 + HEAD_FLOOR_M**2
    weight = np.where(np.isfinite(shift) & np.isfinite(variance), 1.0 / variance, 0.0)
    shift = np.where(weight > 0, shift, 0.0)
    wide = max(1.0, 1.645 * size_se / max(size, 1e-9) / 0.3)
    classes = np.maximum((weight > 0).sum(axis=1, keepdims=True), 1)
    flows = np.maximum(size * (1.0 + (AMPLITUDES - 1.0) * wide), 0.1)
    misfit = np.stack(
        [np.einsum("lc,lcj->lj", weight, (shift[:, :, None] - flow * response) ** 2) / classes for flow in flows]
    )
    misfit /= max(1.0, float(misfit.mean(axis=1).min()))
    log = np.logaddexp.reduce(
        -0.5 * LOGGER_WEIGHT * (LOGGER_DOF + 1) * np.log1p(misfit / LOGGER_DOF).sum(axis=1), axis=0
    )
    log = np.where(np.isfinite(log), log, -np.inf)
    chance = np.exp(log - log.max()) * prior
    return np.asarray(chance / chance.sum())


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


def rank_pipes(network: PipeNetwork, chance: Floats) -> tuple[PipeRank, ...]:
    """Pipes in the order of probability per metre until AREA_SHARE of the probability or AREA_ROWS rows."""
    order, share = _by_pipe(network, chance)
    total, rows = 0.0, []
    for rank, i in enumerate(order[:AREA_ROWS], 1):
        pipe = network.pipes[i]
        rows.append(
            PipeRank(
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
