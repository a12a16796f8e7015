"""What the loggers say about the model before any leak: which of them contradict it, and how it should be bent.

Each pipe's resistance and each junction's demand may differ from the model's by a lognormal factor, each logger's height by
an error. All together this is one Gaussian model of the residuals at a few typical states; a logger that the others cannot
predict is not where the records have it, or its clock is wrong, or an unknown closed valve stands between.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats, Simulator
from cityloop.domains.water.leaks.modelhours import Hours
from cityloop.domains.water.leaks.robust import clipped_fit
from cityloop.domains.water.network import PipeNetwork
from cityloop.records import Change, Datastream

__all__ = ["Calibration", "calibrate", "typical_states"]

#: Standard deviations taken as given: ln of a pipe's resistance (10 % of diameter and of roughness), ln of a junction's
#: demand, height of a logger (m), what no parameter explains (m).
RESISTANCE_SD, DEMAND_SD, HEIGHT_SD_M, REST_M = 0.5, 0.2, 1.0, 0.03
#: A logger is left out when the others miss it by this many standard errors (root mean square over the states).
CONTRADICTS = 4.0
#: Quantiles of the demand, within each pump pattern, at which the model is asked; hours that a pattern needs.
QUANTILES, PATTERN_HOURS = (0.05, 0.4, 0.95), 48
#: Hazen-Williams: head loss grows with flow to this power.
LOSS_EXPONENT = 1.852
#: Parameters are bent by no more than this (ln), and only if by at least LEAST.
MOST, LEAST = 1.5, 0.02
LEAST_HOURS = 48


@dataclass(frozen=True)
class Calibration:
    """`fits` (loggers,): False where a logger contradicts the model; `changes` bend the model as the others ask."""

    fits: npt.NDArray[np.bool_]
    changes: tuple[Change, ...]
    misfit: Floats
    """How many standard errors the other loggers miss each one by, (loggers,); NaN where it has too few hours."""


@dataclass(frozen=True)
class States:
    """A few typical states, `values` (states, inputs), and how each hour mixes them, `weights` (t, states).

    An hour whose pump pattern is rare has no weight.
    """

    values: Floats
    weights: Floats


def typical_states(hours: Hours) -> States:
    """States at QUANTILES of the demand in each pump pattern; hours in between are mixed linearly by demand."""
    pumps = hours.values[:, list(hours.pumps)]
    found: list[Floats] = []
    weights: list[Floats] = []
    for pattern in np.unique(pumps, axis=0):
        mine = np.flatnonzero((pumps == pattern).all(axis=1))
        if len(mine) < PATTERN_HOURS:
            continue
        rows = hours.values[mine]
        order = rows[np.argsort(rows[:, hours.demand], kind="stable")]
        half = max(len(mine) // 20, 1)
        picked = [int(q * (len(mine) - 1)) for q in QUANTILES]
        states = np.array([np.median(order[max(i - half, 0) : i + half + 1], axis=0) for i in picked])
        states[:, list(hours.pumps)] = pattern
        found.append(states)
        at, demand = states[:, hours.demand], rows[:, hours.demand]
        mixed = np.stack([np.interp(demand, at, unit) for unit in np.eye(len(at))], axis=1)
        column = np.zeros((len(hours.values), len(at)))
        column[mine] = mixed
        weights.append(column)
    if not found:
        middle = np.median(hours.values, axis=0)
        middle[list(hours.pumps)] = np.round(middle[list(hours.pumps)])
        return States(middle[None], np.ones((len(hours.values), 1)))
    return States(np.concatenate(found), np.concatenate(weights, axis=1))


def calibrate(
    simulator: Simulator, network: PipeNetwork, hours: Hours, states: States, loggers: Sequence[Datastream],
    residual: Floats, before: npt.NDArray[np.bool_],
) -> Calibration:  # fmt: skip
    """Judge the loggers and bend the model by `residual` (t, loggers), measured minus modelled, in the hours `before`."""
    seen, error = _at_states(residual, hours, states, before)
    count, size = seen.shape
    junctions = network.nodes[: network.junction_count]
    pipe_effect, demand_effect = _effects(simulator, network, hours, states, loggers)
    prior = RESISTANCE_SD**2 * pipe_effect @ pipe_effect.T + DEMAND_SD**2 * demand_effect @ demand_effect.T
    for i in range(count):
        block = slice(i * size, (i + 1) * size)
        prior[block, block] += error[i] + REST_M**2 * np.eye(size) + HEIGHT_SD_M**2
    used: npt.NDArray[np.bool_] = np.asarray(np.isfinite(seen).all(axis=1), dtype=np.bool_)
    misfit, fits = np.full(count, np.nan), used.copy()
    while fits.sum() > 2:
        rows = np.repeat(fits, size)
        inverse: Floats = np.asarray(np.linalg.inv(prior[np.ix_(rows, rows)]), dtype=np.float64)
        pulled = np.asarray(inverse @ seen[fits].reshape(-1), dtype=np.float64)
        distance = _left_out(inverse, pulled, size)
        first = np.isnan(misfit[fits])
        misfit[np.flatnonzero(fits)[first]] = distance[first]
        worst = int(np.argmax(distance))
        if distance[worst] < CONTRADICTS or 2 * int(fits.sum()) <= int(used.sum()):
            break
        misfit[np.flatnonzero(fits)[worst]] = distance[worst]
        fits[np.flatnonzero(fits)[worst]] = False
    rows = np.repeat(fits, size)
    pulled = np.asarray(np.linalg.solve(prior[np.ix_(rows, rows)], seen[fits].reshape(-1)), dtype=np.float64)
    resistance = np.clip(RESISTANCE_SD**2 * pipe_effect[rows].T @ pulled, -MOST, MOST)
    demand = np.clip(DEMAND_SD**2 * demand_effect[rows].T @ pulled, -MOST, MOST)
    changes = [
        Change(thing=pipe.id, property="roughness_factor", value=float(np.exp(-value / LOSS_EXPONENT)))
        for pipe, value in zip(network.pipes, resistance, strict=True)
        if abs(value) > LEAST
    ] + [
        Change(thing=node.id, property="demand_factor", value=float(np.exp(value)))
        for node, value in zip(junctions, demand, strict=True)
        if abs(value) > LEAST
    ]
    return Calibration(fits, tuple(changes), misfit)


def _left_out(inverse: Floats, pulled: Floats, size: int) -> Floats:
    """Root mean square distance of each block of `size` values from what all the others predict, in standard errors."""
    found = []
    for i in range(len(pulled) // size):
        block = slice(i * size, (i + 1) * size)
        mine = pulled[block]
        found.append(float(np.sqrt(max(float(mine @ np.linalg.solve(inverse[block, block], mine)), 0.0) / size)))
    return np.array(found)


def _at_states(
    residual: Floats, hours: Hours, states: States, before: npt.NDArray[np.bool_]
) -> tuple[Floats, list[Floats]]:
    """Residual of each logger at each state (loggers, states), NaN without enough hours, and its covariances."""
    levels = hours.values[:, list(hours.levels)]
    rows = before & (states.weights.sum(axis=1) > 0.99)
    seen = np.full((residual.shape[1], len(states.values)), np.nan)
    errors = [np.zeros((len(states.values), len(states.values))) for _ in range(residual.shape[1])]
    if not rows.any():
        return seen, errors
    design = np.column_stack([states.weights, levels - levels[rows].mean(axis=0)])
    for i in range(residual.shape[1]):
        mine = rows & np.isfinite(residual[:, i])
        weight = states.weights[mine].sum(axis=0)
        if mine.sum() < LEAST_HOURS or float(np.min(weight)) < 3.0:
            continue
        fit, covariance, _ = clipped_fit(design[mine], residual[mine, i])
        seen[i] = fit[: len(states.values)]
        errors[i] = covariance[: len(states.values), : len(states.values)]
    return seen, errors


def _effects(
    simulator: Simulator, network: PipeNetwork, hours: Hours, states: States, loggers: Sequence[Datastream]
) -> tuple[Floats, Floats]:
    """What ln of each pipe's resistance and of each junction's demand does to each logger at each state, m.

    (loggers * states, pipes) and (loggers * states, junctions); the total demand stays. At fixed heads a pipe's flow
    falls by a share 1 / 1.852 of ln resistance: water withdrawn at its end and given back at its start.
    """
    junctions = network.nodes[: network.junction_count]
    pipes = [(pipe.id, "flow_l_per_s") for pipe in network.pipes]
    drawn = [(node.id, "demand_l_per_s") for node in junctions]
    solved = simulator.states([], inputs=hours.inputs, values=states.values, outputs=[*pipes, *drawn])
    flow, demand = solved[:, : len(pipes)], solved[:, len(pipes) :]
    outputs = [(s.thing, "head_m") for s in loggers]
    sources = [(node.id, "leak_l_per_s") for node in junctions]
    ends = np.where((network.ends >= 0) & (network.ends < len(junctions)), network.ends, len(junctions))
    by_pipe, by_junction = [], []
    for row, values in enumerate(states.values):
        heads = simulator.gradient([], inputs=hours.inputs, values=values, outputs=outputs, sources=sources)
        own = heads * demand[row]
        share = demand[row] / max(float(demand[row].sum()), 1e-9)
        by_junction.append(own - own.sum(axis=1, keepdims=True) * share)
        padded = np.column_stack([heads, np.zeros(len(heads))])
        by_pipe.append((padded[:, ends[:, 1]] - padded[:, ends[:, 0]]) * flow[row] / LOSS_EXPONENT)
    count = len(loggers) * len(states.values)
    return (
        np.stack(by_pipe, axis=1).reshape(count, len(pipes)),
        np.stack(by_junction, axis=1).reshape(count, len(junctions)),
    )
