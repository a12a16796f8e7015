"""What is set when: changes, drivers and inputs of one question, merged into one series per property of an element."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats, Output
from cityloop.engines.epanet.network import Network, Target
from cityloop.errors import EngineError
from cityloop.records import Change

__all__ = ["Course", "course_of_rows", "course_of_run"]

#: How several settings of one property come together; everything else: the last one stands.
ADDED = frozenset({"leak_coefficient", "elevation_offset_m"})
MULTIPLIED = frozenset({"demand_factor", "diameter_factor", "roughness_factor", "power_factor"})
#: Properties that no negative value makes sense for.
POSITIVE = MULTIPLIED - {"demand_factor"}

Course = dict[Target, Floats]
"""Target -> (rows,): the value at each step or row; NaN where the model's own value stands."""


def course_of_run(
    network: Network, changes: Sequence[Change], drivers: Mapping[Output, Floats], *, start: datetime, steps: int,
    step_s: int,
) -> Course:  # fmt: skip
    """A change acts from the first step that begins at or after its start, in its hours; a driver gives one value per
    step. Raises EngineError for a change by hours that leaves open what holds in the other hours after its start.
    """
    course: Course = {}
    hourly: dict[Output, int] = {}
    for change in changes:
        begin = 0
        if change.start is not None:
            begin = max(0, -int((start - change.start).total_seconds() // step_s))
        if change.hours is not None:
            known = hourly.get((change.thing, change.property), begin)
            hourly[(change.thing, change.property)] = min(known, begin)
        values = np.full(steps, np.nan)
        end = begin + 1 if change.property == "level_m" else steps  # a level is set once, then the tank floats
        part: slice | npt.NDArray[np.int64] = slice(begin, end)
        if change.hours is not None:
            part = np.flatnonzero(_in_hours(change, start, steps, step_s) & (np.arange(steps) >= begin))
        values[part] = change.value
        _merge(course, network, (change.thing, change.property), values, part)
    for output, series in drivers.items():
        values = np.asarray(series, np.float64)
        if values.shape != (steps,):
            raise EngineError(
                "A driver needs one value per step.",
                where=f"{network.name}, {output[0]}, {output[1]}",
                got=values.shape,
                allowed=(steps,),
            )
        _merge(course, network, output, values)
    for (thing, prop), begin in hourly.items():
        if np.isnan(course[network.writable((thing, prop))][begin:]).any():
            raise EngineError(
                "A change by hours leaves the other hours open.", where=f"{network.name}, {thing}", got=prop,
                cure="Add a change without hours before it, for the rest of the day.",
            )  # fmt: skip
    return course


def _in_hours(change: Change, start: datetime, steps: int, step_s: int) -> npt.NDArray[np.bool_]:
    """Steps (steps,) that begin within the hours of a change, by the clock of `start`."""
    assert change.hours is not None
    first, last = change.hours
    clock = np.array([(start + timedelta(seconds=i * step_s)).hour for i in range(steps)])
    return (clock - first) % 24 < ((last - first) % 24 or 24)


def course_of_rows(network: Network, changes: Sequence[Change], inputs: Sequence[Output], values: Floats) -> Course:
    """One row per steady state: all changes hold, whatever their start, but for those of some hours of the day, which a
    state without a clock does not know; `values` is (rows, len(inputs)).
    """
    if values.ndim != 2 or values.shape[1] != len(inputs):
        raise EngineError(
            "The values need one column per input.", where=network.name, got=values.shape,
            allowed=f"(rows, {len(inputs)})",
        )  # fmt: skip
    course: Course = {}
    for change in changes:
        if change.hours is None:
            _merge(course, network, (change.thing, change.property), np.full(len(values), change.value))
    for column, output in enumerate(inputs):
        _merge(course, network, output, values[:, column])
    return course


def _merge(
    course: Course, network: Network, output: Output, values: Floats,
    part: slice | npt.NDArray[np.int64] = slice(None),
) -> None:  # fmt: skip
    target = network.writable(output)
    given = values[part]
    if not np.isfinite(given).all():
        place = int(np.arange(len(values))[part][~np.isfinite(given)][0])
        raise EngineError(
            "A value to set is not a number.", where=f"{network.name}, {target}, row {place}", got=values[place],
            cure="Fill or leave out the gap before asking.",
        )  # fmt: skip
    if target.property in POSITIVE and (given <= 0).any():
        raise EngineError("A factor must be positive.", where=f"{network.name}, {target}", got=float(given.min()))
    old = course.get(target, np.full(len(values), np.nan))
    if target.property in ADDED:
        new = np.where(np.isnan(old), 0.0, old) + values
    elif target.property in MULTIPLIED:
        new = np.where(np.isnan(old), 1.0, old) * values
    else:
        new = values
    course[target] = np.where(np.isnan(values), old, new)
