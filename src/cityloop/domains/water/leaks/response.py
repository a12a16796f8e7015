"""What a leak of a given size does to the loggers: the model's response where it is not proportional to the leak.

Head loss grows faster than flow, so that a leak of 10 L/s in a main that carries 1 L/s lowers the pressure behind it far more
than ten times a leak of 1 L/s. Which way the leak's water takes hardly changes with its size: with the flow of each pipe per
L/s of leak F = D / slope (D = change of the pipe's loss, from the model's gradient), the loss at the full flow is known pipe
by pipe, and what it exceeds the straight line by moves a logger by that logger's own F (a head lost in a pipe moves the
logger as its flow, drawn at one end and given back at the other). On the pilot's town this meets EPANET within 1 to 4 %
(median) from 1 to 10 L/s; the straight line misses by 6 to 37 %.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats, Output, Simulator
from cityloop.domains.water.leaks.calibration import LOSS_EXPONENT, States
from cityloop.domains.water.leaks.modelhours import Hours
from cityloop.domains.water.network import PipeNetwork
from cityloop.records import Change, Datastream

__all__ = ["FLOWS", "Response", "leak_response"]

#: Leaks (L/s) at which the response is worked out; in between it is straight in response per L/s over the log of the flow.
FLOWS = np.array([0.5, 1.5, 4.0, 10.0, 25.0])
#: The model's gradient takes no smaller flow than this in a pipe (L/s).
LEAST_FLOW = 0.2
#: Pipes that carry a smaller share of what a logger's own withdrawal draws do not matter to it.
LEAST_SHARE = 0.01
#: A pipe that would carry more than the leak itself is closed, or its loss is not known.
MOST_SHARE = 1.02


@dataclass(frozen=True)
class Response:
    """Fall of the head at each logger (m, positive) for leaks of `flows` L/s at every junction, (flows, loggers, junctions)."""

    flows: Floats
    falls: Floats

    def at(self, flow: float) -> Floats:
        """(loggers, junctions) m for a leak of `flow` L/s; beyond the table in proportion."""
        x, known = np.log(max(flow, 1e-6)), np.log(self.flows)
        place = int(np.clip(np.searchsorted(known, x) - 1, 0, max(len(known) - 2, 0)))
        if len(known) == 1:
            return np.asarray(self.falls[0] * (flow / self.flows[0]))
        part = float(np.clip((x - known[place]) / (known[place + 1] - known[place]), 0.0, 1.0))
        low, high = self.falls[place] / self.flows[place], self.falls[place + 1] / self.flows[place + 1]
        return np.asarray(flow * ((1 - part) * low + part * high))

    def of(self, loggers: npt.NDArray[np.bool_]) -> "Response":
        """The same for some of the loggers (a mask)."""
        return Response(self.flows, self.falls[:, loggers])


def leak_response(
    simulator: Simulator, network: PipeNetwork, hours: Hours, states: States, loggers: Sequence[Datastream],
    changes: Sequence[Change],
) -> tuple[Floats, Response]:  # fmt: skip
    """How a leak's effect follows the hours, (t,), mean 1; and the response by it.

    One course for all, from the straight response: what differs between places is the level. Each state counts by its part
    in a least squares fit of that course.
    """
    junctions = network.nodes[: network.junction_count]
    drawn: list[Output] = [(node.id, "leak_l_per_s") for node in junctions]
    read: list[Output] = [(s.thing, "head_m") for s in loggers]

    def gradient(row: Floats, outputs: Sequence[Output], sources: Sequence[Output]) -> Floats:
        return simulator.gradient(changes, inputs=hours.inputs, values=row, outputs=outputs, sources=sources)

    flow, resistance, exponent = _law(simulator, network, hours, states, changes)
    straight = np.stack([gradient(row, read, drawn) for row in states.values])
    course, share = _course(states, straight)
    falls = np.zeros((len(FLOWS), len(loggers), len(junctions)))
    for state, row in enumerate(states.values):
        falls -= share[state] * FLOWS[:, None, None] * straight[state]
        if share[state] < 0.01 or exponent < 1.05:
            continue
        at_rest = np.maximum(np.abs(flow[state]), LEAST_FLOW)
        slope = np.maximum(exponent * resistance * at_rest ** (exponent - 1), 1e-6)
        own = _along(network, _padded(network, straight[state].T)) / slope[:, None]
        largest = np.abs(own).max(axis=1)
        chosen = np.flatnonzero((largest > LEAST_SHARE) & (largest < MOST_SHARE) & (resistance > 0))
        if not len(chosen):
            continue
        ends = np.unique(network.ends[chosen])
        ends = ends[(ends >= 0) & (ends < len(junctions))]
        some = np.zeros((len(network.nodes), len(junctions)))
        some[ends] = gradient(row, [(junctions[i].id, "head_m") for i in ends], drawn)
        change = _along(network, some, chosen)
        per_leak = np.clip(change / slope[chosen, None], -1.0, 1.0)
        for size, leak in enumerate(FLOWS):
            excess = _loss(flow[state][chosen, None] + leak * per_leak, resistance[chosen, None], exponent)
            excess -= _loss(flow[state][chosen, None], resistance[chosen, None], exponent) + leak * change
            falls[size] += share[state] * (own[chosen].T @ excess)
    return course, Response(FLOWS, np.maximum(falls, 0.0))


def _loss(flow: Floats, resistance: Floats, exponent: float) -> Floats:
    return np.asarray(resistance * np.sign(flow) * np.abs(flow) ** exponent)


def _along(network: PipeNetwork, heads: Floats, chosen: npt.NDArray[np.int64] | None = None) -> Floats:
    """Difference of a quantity of the nodes (nodes, k) from start to end of each pipe; 0 where an end is not known."""
    ends = network.ends if chosen is None else network.ends[chosen]
    known = (ends[:, 0] >= 0) & (ends[:, 1] >= 0)
    return np.asarray(np.where(known[:, None], heads[ends[:, 0]] - heads[ends[:, 1]], 0.0))


def _padded(network: PipeNetwork, change: Floats) -> Floats:
    """A change of the junctions (junctions, k) for all nodes: tanks and reservoirs hold their heads."""
    return np.concatenate([change, np.zeros((len(network.nodes) - network.junction_count, change.shape[1]))])


def _law(
    simulator: Simulator, network: PipeNetwork, hours: Hours, states: States, changes: Sequence[Change]
) -> tuple[Floats, Floats, float]:
    """Flow of each pipe at each state, (states, pipes) L/s; resistance (m per (L/s)^exponent), 0 = not known; exponent.

    Read from the model's own losses: at the typical states and at one with twice the demand of the largest.
    """
    strained = states.values[int(np.argmax(states.values[:, hours.demand]))].copy()
    strained[hours.demand] *= 2.0
    rows = np.vstack([states.values, strained])
    outputs: list[Output] = [(pipe.id, "flow_l_per_s") for pipe in network.pipes]
    used = [int(i) for i in np.unique(network.ends) if i >= 0]
    outputs += [(network.nodes[i].id, "head_m") for i in used]
    solved = simulator.states(changes, inputs=hours.inputs, values=rows, outputs=outputs)
    flow, heads = solved[:, : len(network.pipes)], np.zeros((len(network.nodes), len(rows)))
    heads[used] = solved[:, len(network.pipes) :].T
    loss, inside = _along(network, heads).T, (network.ends[:, 0] >= 0) & (network.ends[:, 1] >= 0)
    most = np.argmax(np.abs(flow), axis=0)
    pipes = np.arange(flow.shape[1])
    least = np.argmin(np.abs(flow), axis=0)
    one, other = (np.abs(x[most, pipes]) for x in (flow, loss))
    low, low_loss = (np.abs(x[least, pipes]) for x in (flow, loss))
    clear = inside & (low > LEAST_FLOW) & (one > 1.5 * low) & (low_loss > 1e-3)
    exponent = LOSS_EXPONENT
    if clear.any():
        exponent = float(np.median(np.log(other[clear] / low_loss[clear]) / np.log(one[clear] / low[clear])))
    known = inside & (one > 1e-3) & (other > 1e-5) & (np.sign(flow[most, pipes]) == np.sign(loss[most, pipes]))
    resistance = np.where(known, other / np.maximum(one, 1e-9) ** exponent, 0.0)
    return flow[:-1], resistance, exponent


def _course(states: States, heads: Floats) -> tuple[Floats, Floats]:
    """Course over the hours (t,), mean 1, of `heads` (states, loggers, junctions), and each state's part in its fit."""
    rows = states.weights.sum(axis=1) > 0.99
    course = states.weights @ np.abs(heads).mean(axis=(1, 2))
    course = course / max(float(course[rows].mean()), 1e-12) if rows.any() else np.ones(len(rows))
    share = (states.weights[rows] * course[rows, None]).sum(axis=0) / max(float(np.sum(course[rows] ** 2)), 1e-12)
    return course, np.asarray(share)
