"""What is set when: changes, drivers and inputs of one question, merged into one series per property of an element."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

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
    """A change acts from the first step that begins at or after its start; a driver gives one value per step."""
    course: Course = {}
    for change in changes:
        begin = 0
        if change.start is not None:
            begin = max(0, -int((start - change.start).total_seconds() // step_s))
        values = np.full(steps, np.nan)
        end = begin + 1 if change.property == "level_m" else steps  # a level is set once, then the tank floats
        values[begin:end] = change.value
        _merge(course, network, (change.thing, change.property), values, slice(begin, end))
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
    return course


def course_of_rows(network: Network, changes: Sequence[Change], inputs: Sequence[Output], values: Floats) -> Course:
    """One row per steady state: all changes hold, whatever their start; `values` is (rows, len(inputs))."""
    if values.ndim != 2 or values.shape[1] != len(inputs):
        raise EngineError(
            "The values need one column per input.", where=network.name, got=values.shape,
            allowed=f"(rows, {len(inputs)})",
        )  # fmt: skip
    course: Course = {}
    for change in changes:
        _merge(course, network, (change.thing, change.property), np.full(len(values), change.value))
    for column, output in enumerate(inputs):
        _merge(course, network, output, values[:, column])
    return course


def _merge(course: Course, network: Network, output: Output, values: Floats, part: slice = slice(None)) -> None:
    target = network.writable(output)
    given = values[part]
    if not np.isfinite(given).all():
        place = int(np.flatnonzero(~np.isfinite(given))[0]) + (part.start or 0)
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
