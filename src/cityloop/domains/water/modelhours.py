"""The hours that localisation reads: what the model is told (levels, pumps, demand) and what the loggers showed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats, Output, Times, View
from cityloop.domains.water.balance import hourly_balance, mask_stuck, network_of, streams_of
from cityloop.domains.water.boundary_state import BoundaryState
from cityloop.domains.water.detection import Trouble
from cityloop.domains.water.indicators import civil_days
from cityloop.domains.water.network import PipeNetwork
from cityloop.records import Datastream, Thing

__all__ = ["Hours", "find_loggers", "read_hours"]

#: Days read before the first onset; of the days since, the last ones are read.
BEFORE_DAYS, LAST_DAYS = 28, 84


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
    """Pressure loggers at junctions of the network that do not fail."""
    found = []
    for thing, group in streams_of(view, "water_pressure").items():
        if network.index.get(thing, network.junction_count) < network.junction_count:
            found += [s for s in group if s.id not in bad]
    return sorted(found, key=lambda s: s.id)


def read_hours(
    view: View, state: BoundaryState, trouble: Trouble, loggers: Sequence[Datastream]
) -> tuple[Hours, list[str]]:
    """Hours with every input present, outside works, outside the doubtful days around each onset."""
    first_day = max(trouble.onset - BEFORE_DAYS, 0)
    start = _noon(state.days[first_day]) - timedelta(hours=36)
    end = _noon(state.days[-1]) + timedelta(hours=36)
    span = view.span(state.meters.datastreams)
    start, end = (max(start, span[0]), min(end, span[1], view.now)) if span else (start, end)
    start, end = (t.replace(minute=0, second=0, microsecond=0) for t in (start, end))
    times, balance = hourly_balance(view, state.meters, start=start, end=end)
    days = np.searchsorted(state.days, civil_days(times, view.timezone))
    rise = np.concatenate([trouble.reference, [0.0]])[np.minimum(days, len(state.days))]
    demand = np.maximum(balance - rise, 0.05 * float(np.nanmedian(balance)))
    mean_of_hour = loggers[0].statistic == "mean"
    inputs: list[Output] = [(network_of(view, state.boundary), "demand_l_per_s")]
    columns: list[Floats] = [demand]
    streams: list[str] = [s.id for s in loggers]
    levels, pumps = [], []
    for stream, _ in state.meters.tanks:
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
    doubtful = in_works | {part.onset for part in trouble.parts}
    keep = np.isfinite(values).all(axis=1) & ~np.isin(days, sorted(doubtful)) & (days < len(state.days))
    keep &= (days >= len(state.days) - LAST_DAYS) | (days < first_day + BEFORE_DAYS)
    hours = Hours(days[keep], tuple(inputs), values[keep], 0, tuple(levels), tuple(pumps), pressure[keep])
    return hours, streams


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
