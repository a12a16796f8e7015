"""The simple controls of a file by which the level of a tank starts and stops a pump."""

import ctypes
from dataclasses import dataclass

from cityloop.engines.epanet.toolkit import CONTROLS, Project

__all__ = ["LEVELS", "LevelControl", "level_controls"]

#: Property of a pump -> (type of its simple control, whether it opens): EN_LOWLEVEL opens, EN_HILEVEL closes.
LEVELS = {"start_level_m": (0, True), "stop_level_m": (1, False)}


@dataclass(frozen=True)
class LevelControl:
    """A simple control by which the level of a tank starts or stops a pump; indices are the toolkit's."""

    number: int
    kind: int
    link: int
    setting: float
    node: int
    level_m: float

    @property
    def property(self) -> str:
        """`start_level_m` or `stop_level_m`; "" for a control that neither fills a tank nor ends it."""
        return next((p for p, (kind, opens) in LEVELS.items() if (kind, opens) == (self.kind, self.setting > 0)), "")


def level_controls(project: Project) -> list[LevelControl]:
    """Every simple control of the project by the level of a node."""
    kind, index, node = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
    setting, level = ctypes.c_double(), ctypes.c_double()
    found = []
    for number in range(1, project.count(CONTROLS) + 1):
        project.call("getcontrol", number, *(ctypes.byref(part) for part in (kind, index, setting, node, level)))
        if node.value > 0:
            found.append(LevelControl(number, kind.value, index.value, setting.value, node.value, level.value))
    return found
