"""The hours that localisation reads: what the model is told (levels, pumps, demand) and what the loggers showed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats, Output, Times, View
from cityloop.domains.water.balance import (
    boundaries,
    find_meters,
    hourly_balance,
    mask_stuck,
    network_of,
    streams_of,
)
from cityloop.domains.water.boundary_state import BoundaryState
from cityloop.domains.water.leaks.detection import Trouble
from cityloop.domains.water.localtime import civil_days
from cityloop.domains.water.network import PipeNetwork
from cityloop.records import Datastream, Thing

__all__ = ["Hours", "find_loggers", "read_hours"]

#: Days read before the first onset; of the days since, the last ones are read.
BEFORE_DAYS, LAST_DAYS = 42, 84


@dataclass(frozen=True)
class Hours:
    """Hourly inputs of the model and what the loggers showed: (t,), (t, inputs), (t, loggers); no NaN in `values`."""

    days: npt.NDArray[np.int64]
    """Index of each hour's civil day in the boundary's days."""
    inputs: tuple[Output, ...]
    values: Floats
    demand: int
    """Column of the demand in `values`."""
    levels: tuple[int, ...]
    pumps: tuple[int, ...]
    pressure: Floats


def find_loggers(view: View, network: PipeNetwork, bad: frozenset[str]) -> list[Datastream]:
    """Pressure loggers at junctions of the network's pipes that do not fail: what those beyond show is another's trouble."""
    ends = network.ends[(network.ends >= 0) & (network.ends < network.junction_count)]
    inside = {network.nodes[i].id for i in np.unique(ends)}
    found = []
    for thing, group in streams_of(view, "water_pressure").items():
        if thing in inside:
            found += [s for s in group if s.id not in bad]
    return sorted(found, key=lambda s: s.id)


def read_hours(
    view: View, state: BoundaryState, trouble: Trouble, loggers: Sequence[Datastream], *, first: int,
    onsets: Collection[int],
) -> tuple[Hours, list[str]]:  # fmt: skip
    """Hours with every input present, from BEFORE_DAYS before the day `first` on, outside works and the days
    of `onsets` and before them.
    """
    first_day = max(first - BEFORE_DAYS, 0)
    start = _noon(state.days[first_day]) - timedelta(hours=36)
    end = _noon(state.days[-1]) + timedelta(hours=36)
    span = view.span(state.meters.datastreams)
    start, end = (max(start, span[0]), min(end, span[1], view.now)) if span else (start, end)
    start, end = (t.replace(minute=0, second=0, microsecond=0) for t in (start, end))
    times, balance = hourly_balance(view, state.meters, start=start, end=end)
    days = np.searchsorted(state.days, civil_days(times, view.timezone))
    rise = np.concatenate([trouble.reference, [0.0]])[np.minimum(days, len(state.days))]
    others = [find_meters(view, b) for b in _beside(view, state.boundary)]
    beside = [hourly_balance(view, meters, start=start, end=end)[1] for meters in others]
    within = {r.thing for r in state.boundary.relations if r.kind == "part_of"} & {m.boundary for m in others}
    balance = np.sum(beside if within else [balance, *beside], axis=0)
    demand = np.maximum(balance - rise, 0.05 * float(np.nanmedian(balance)))
    mean_of_hour = loggers[0].statistic == "mean"
    inputs: list[Output] = [(network_of(view, state.boundary), "demand_l_per_s")]
    columns: list[Floats] = [demand]
    streams: list[str] = [*(s.id for s in loggers), *(s for meters in others for s in meters.datastreams)]
    levels, pumps = [], []
    for stream, _ in (*state.meters.tanks, *(tank for meters in others for tank in meters.tanks)):
        level = _column(view, stream, times, start, end)
        if mean_of_hour:
            level = (level + np.concatenate([level[1:], [np.nan]])) / 2
        levels.append(len(inputs))
        inputs.append((stream.thing, "level_m"))
        columns.append(level)
    for pump, status, ids in _pump_states(view, times, start, end):
        pumps.append(len(inputs))
        inputs.append((pump, "status"))
        columns.append(status)
        streams += ids
    values = np.stack(columns, axis=1)
    _, pressure = view.block([s.id for s in loggers], start=start, end=end)
    pressure = np.stack([mask_stuck(pressure[:, i]) for i in range(len(loggers))], axis=1)
    in_works = {day for begun, done in state.works for day in range(begun, done + 1)}
    doubtful = in_works | {day - back for day in onsets for back in (0, 1)}  # it began in the course of the day before
    keep = np.isfinite(values).all(axis=1) & ~np.isin(days, sorted(doubtful)) & (days < len(state.days))
    keep &= (days >= len(state.days) - LAST_DAYS) | (days < first_day + BEFORE_DAYS)
    hours = Hours(days[keep], tuple(inputs), values[keep], 0, tuple(levels), tuple(pumps), pressure[keep])
    return hours, streams


def _beside(view: View, boundary: Thing) -> list[Thing]:
    """The other boundaries on the same network, none that lies within another: the model is told the demand of all."""
    network = network_of(view, boundary)
    same = [b for b in boundaries(view) if b.id != boundary.id and network and network_of(view, b) == network]
    places = {b.id for b in (*same, boundary)}
    return [b for b in same if not any(r.kind == "part_of" and r.thing in places for r in b.relations)]


def _noon(day: np.datetime64) -> datetime:
    seconds = int(day.astype("datetime64[s]").astype(np.int64)) + 43_200
    return datetime.fromtimestamp(seconds, tz=UTC)


def _column(view: View, stream: Datastream, times: Times, start: datetime, end: datetime) -> Floats:
    """Values of an instant datastream at the full hours."""
    fine_s = stream.step_s if 0 < stream.step_s < 3600 and 3600 % stream.step_s == 0 else 3600
    _, block = view.block([stream.id], start=start, end=end, step_s=fine_s)
    return np.asarray(block[:: 3600 // fine_s, 0][: len(times)])


def _pump_states(view: View, times: Times, start: datetime, end: datetime) -> list[tuple[str, Floats, list[str]]]:
    """Status (0 or 1) of each metered pump by hour; NaN in the hours in which it switches."""
    status, flow = streams_of(view, "status"), streams_of(view, "water_flow")
    found = []
    for pump in sorted((t for t in view.records(Thing) if t.kind == "pump"), key=lambda t: t.name):
        stream = next(iter(status.get(pump.id, [])), None) or next(iter(flow.get(pump.id, [])), None)
        if stream is None:
            continue
        _, block = view.block([stream.id], start=start, end=end)
        share = block[:, 0]
        if stream.observed_property == "water_flow":
            running = share[share > 0.05 * np.nanmax(share)] if np.isfinite(share).any() else share
            share = share / float(np.nanmedian(running)) if len(running) else share
        on = np.where(share > 0.9, 1.0, np.where(share < 0.05, 0.0, np.nan))
        found.append((pump.id, on, [stream.id]))
    return found
