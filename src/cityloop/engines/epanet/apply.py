"""Puts the values of a Course into an open project, step by step; demands: demands.py."""

import ctypes
from collections import defaultdict

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats
from cityloop.engines.epanet.controls import LEVELS, level_controls
from cityloop.engines.epanet.course import Course
from cityloop.engines.epanet.network import Network, Target
from cityloop.engines.epanet.toolkit import CONTROLS, RULES, Link, LinkKind, Node, Project
from cityloop.errors import EngineError

__all__ = ["Hand", "own_leaks"]

#: Minor loss that closes a check valve, which the toolkit does not let be closed: less than 1 mL/s at 100 m.
SHUT = 1e12
#: Room above and below the levels given as a boundary, so that EPANET never takes the tank for full or empty (m).
ROOM_M = 1.0


def own_leaks(network: Network, course: Course, rows: int) -> dict[int, Floats]:
    """Junction -> emitter coefficient (rows,) in L/s per m^exponent, of every junction that has one at any time."""
    found = {int(i) + 1: np.full(rows, network.emitter[i]) for i in np.flatnonzero(network.emitter)}
    for target, values in course.items():
        if target.property == "leak_coefficient":
            own = network.emitter[target.index - 1] + np.nan_to_num(values)
            if (own < 0).any():
                raise EngineError(
                    "A leak coefficient would be negative.", where=f"{network.name}, {target}", got=float(own.min()),
                    cure="Take away no more than the junction leaks.",
                )  # fmt: skip
            found[target.index] = own
    return found


class Hand:
    """Sets what a course says at a row, but for demands."""

    def __init__(self, project: Project, network: Network, course: Course, rows: int) -> None:
        self.project, self.network = project, network
        self.due: dict[int, list[tuple[Target, float]]] = defaultdict(list)
        self.leaks = own_leaks(network, course, rows)
        self.fixed: dict[Target, float] = {}
        self.settings: dict[Target, float] = {}
        self.rules = project.count(RULES) > 0
        for target, values in course.items():
            if "demand" in target.property:
                continue
            if target.property == "leak_coefficient":
                values = self.leaks[target.index]
            for row in _rows_to_set(target, values):
                self.due[row].append((target, float(values[row])))
            if target.property == "level_m" and np.isfinite(values).all():
                self._widen(target.index, float(values.min()) - ROOM_M, float(values.max()) + ROOM_M)

    def _widen(self, tank: int, bottom: float, top: float) -> None:
        """A level given at every row is a boundary: the tank is never full or empty at it."""
        _, low, high = self.network.levels_m[tank]
        try:
            self.project.set_node(tank, Node.MAX_LEVEL, max(high, top))
            self.project.set_node(tank, Node.MIN_LEVEL, min(low, bottom))
        except EngineError:
            return  # a volume curve ends there: a level beyond it is refused when it is set

    def set_row(self, row: int) -> None:
        """Set everything that changes at this row."""
        for target, value in self.due.get(row, ()):
            self._set(target, value)

    def hold(self) -> None:
        """Set links of given status again: the model's rules may have moved them since."""
        if self.rules:
            for target, value in self.fixed.items():
                self._set_status(target, value)

    def set_again(self) -> None:
        """Set every given speed, setting and status again after the solver was put back to its first state."""
        for target, value in self.settings.items():
            self._set(target, value)
        for target, value in self.fixed.items():
            if self.network.link_types[target.index - 1] != LinkKind.CHECK_VALVE:
                self.project.set_link(target.index, Link.STATUS, value)

    def _set(self, target: Target, value: float) -> None:
        project, index, prop = self.project, target.index, target.property
        place = index - 1
        if prop == "leak_coefficient":
            project.set_node(index, Node.EMITTER, value)
        elif prop == "elevation_offset_m":
            project.set_node(index, Node.ELEVATION, self.network.elevation_m[place] + value)
        elif prop == "level_m":
            self._set_level(target, value)
        elif prop == "head_m":
            project.set_node(index, Node.PATTERN, 0)
            project.set_node(index, Node.LEVEL, value)
        elif prop == "diameter_factor":
            project.set_link(index, Link.DIAMETER, self.network.diameter_mm[place] * value)
        elif prop == "roughness_factor":
            project.set_link(index, Link.ROUGHNESS, self.network.roughness[place] * value)
        elif prop == "power_factor":
            self.settings[target] = value
            self._set_power(index, value)
        elif prop == "setting":
            if target not in self.settings:
                self._free(index)
            self.settings[target] = value
            project.set_link(index, Link.SETTING, value)
        elif prop == "status":
            self._set_status(target, value)
        elif prop in LEVELS:
            self._set_control(target, value)

    def _set_control(self, target: Target, value: float) -> None:
        """Move the level at which a pump starts or stops; its simple controls stay, so a tank still guards itself."""
        mine = [c for c in level_controls(self.project) if c.link == target.index and c.property == target.property]
        if len(mine) != 1:
            raise EngineError(
                "The pump has no such level to move." if not mine else "The pump has several such levels.",
                where=f"{self.network.name}, {target}", got=len(mine),
                cure="Give the pump one level to start and one to stop at under [CONTROLS], or set its status.",
            )  # fmt: skip
        own = mine[0]
        setting, level = ctypes.c_double(own.setting), ctypes.c_double(value)
        self.project.call("setcontrol", own.number, own.kind, own.link, setting, own.node, level)

    def _set_level(self, target: Target, value: float) -> None:
        try:
            self.project.set_node(target.index, Node.LEVEL, value)
        except EngineError as error:
            _, low, high = self.network.levels_m[target.index]
            raise EngineError(
                "The tank cannot have this level.", where=f"{self.network.name}, {target}", got=f"{value:g} m",
                allowed=f"{low:g} to {high:g} m",
            ) from error  # fmt: skip

    def _set_power(self, index: int, factor: float) -> None:
        """Constant power scales; a pump with a curve turns at factor^(1/3) of its speed (affinity laws)."""
        if index in self.network.power_kw:
            self.project.set_link(index, Link.PUMP_POWER, self.network.power_kw[index] * factor)
        else:
            speed = self.project.link(index, Link.INITIAL_SETTING) or 1.0
            self.project.set_link(index, Link.SETTING, speed * factor ** (1 / 3))

    def _set_status(self, target: Target, value: float) -> None:
        if value not in (0.0, 1.0):
            raise EngineError(
                "A status is open or closed.", where=f"{self.network.name}, {target}", got=value, allowed="0, 1"
            )
        if target not in self.fixed:
            self._free(target.index)
        if self.network.link_types[target.index - 1] == LinkKind.CHECK_VALVE:
            loss = self.network.minor_loss[target.index - 1] if value else SHUT
            self.project.set_link(target.index, Link.MINOR_LOSS, loss)
        else:
            self.project.set_link(target.index, Link.STATUS, value)
        self.fixed[target] = value

    def _free(self, link: int) -> None:
        """Delete the simple controls of a link whose status is given from now on."""
        kind, index, node = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
        setting, level = ctypes.c_double(), ctypes.c_double()
        for number in range(self.project.count(CONTROLS), 0, -1):
            parts = (ctypes.byref(part) for part in (kind, index, setting, node, level))
            self.project.call("getcontrol", number, *parts)
            if index.value == link:
                self.project.call("deletecontrol", number)


def _rows_to_set(target: Target, values: Floats) -> npt.NDArray[np.int64]:
    """Rows at which a value must be set anew: where it changes; a level at every row, for it floats in between."""
    known = np.isfinite(values)
    if target.property == "level_m":
        return np.flatnonzero(known)
    before = np.concatenate([[np.nan], values[:-1]])
    return np.flatnonzero(known & (values != before))
