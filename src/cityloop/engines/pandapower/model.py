"""The engine and its models."""

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Element, Floats, Output, Progress
from cityloop.engines.pandapower.grid import Grid
from cityloop.errors import EngineError
from cityloop.records import Change

__all__ = ["GridModel", "PandapowerEngine"]

LIBRARY = "pandapower:"
CURE = "Install it: pip install 'cityloop[energy]'."


@dataclass(frozen=True, eq=False)
class GridModel:
    """One opened grid as arrays; picklable, and every call starts from the file. Implements contracts.Model."""

    grid: Grid

    def elements(self) -> tuple[Element, ...]:
        """The grid as a whole, buses, external grids, lines, transformers, loads, heat pumps, generators."""
        return self.grid.elements

    def run(
        self, changes: Sequence[Change], *, start: datetime, steps: int, step_s: int, drivers: Mapping[Output, Floats],
        outputs: Sequence[Output], progress: Progress | None = None,
    ) -> Floats:  # fmt: skip
        """(steps, len(outputs)): one power flow per step; a change holds from the first step that starts at it or after."""
        from cityloop.engines.pandapower.solve import solve

        given: dict[Output, Floats] = {}
        for change in changes:
            seconds = (change.start - start).total_seconds() if change.start is not None else 0.0
            first = min(max(-int(-seconds // step_s), 0), steps)
            course = given.setdefault((change.thing, change.property), np.full(steps, np.nan))
            holds = np.arange(steps) >= first
            if change.hours is not None:
                holds &= _in_hours(change.hours, start, steps, step_s)
            course[holds] = change.value
        for output, series in drivers.items():
            if np.shape(series) != (steps,) or not np.isfinite(series).all():
                raise EngineError(
                    "A driver needs one number for every step.", where=f"{output[0]} {output[1]}",
                    got=f"{np.shape(series)}, {int(np.sum(~np.isfinite(series)))} not numbers", allowed=f"({steps},)",
                )  # fmt: skip
            given[output] = np.asarray(series, np.float64)
        return solve(self.grid, given, steps, outputs, progress)

    def states(
        self, changes: Sequence[Change], *, inputs: Sequence[Output], values: Floats, outputs: Sequence[Output]
    ) -> Floats:
        """One power flow per row of `values` (n, len(inputs)) -> (n, len(outputs)); all changes hold."""
        from cityloop.engines.pandapower.solve import solve

        values = np.asarray(values, np.float64)
        if not np.isfinite(values).all():
            raise EngineError("A state with values that are not numbers.", where=self.grid.name)
        given = {(c.thing, c.property): np.full(len(values), c.value) for c in changes}
        given |= {name: values[:, i] for i, name in enumerate(inputs)}
        return solve(self.grid, given, len(values), outputs, None)

    def gradient(
        self, changes: Sequence[Change], *, inputs: Sequence[Output], values: Floats, outputs: Sequence[Output],
        sources: Sequence[Output],
    ) -> Floats:  # fmt: skip
        """None: raises EngineError."""
        raise EngineError(
            "The power engine gives no derivatives.",
            where=self.grid.name,
            cure="Ask two states and take the difference.",
        )


def _in_hours(hours: tuple[int, int], start: datetime, steps: int, step_s: int) -> npt.NDArray[np.bool_]:
    """Steps that begin within local hours [from, to), over midnight where `to` is the earlier."""
    first, last = hours
    moments = (start.astimezone(UTC) + timedelta(seconds=i * step_s) for i in range(steps))
    clock = np.array([m.astimezone(start.tzinfo).hour for m in moments])
    inside = (clock >= first) & (clock < last) if first <= last else (clock >= first) | (clock < last)
    return np.asarray(inside, dtype=np.bool_)


class PandapowerEngine:
    """pandapower's network files. Implements contracts.Engine; nothing outside is imported before a model is opened."""

    name = "pandapower"
    suffixes = (".json",)

    def open(self, path: Path) -> GridModel:
        """Open a pandapower .json file, or "pandapower:<name>" of those it ships; raises EngineError."""
        for package in ("pandapower", "power_grid_model"):
            if importlib.util.find_spec(package) is None:
                raise EngineError("The power engine is not installed.", where=str(path), got=f"no {package}", cure=CURE)
        from cityloop.engines.pandapower.grid import read_grid

        file = _library_file(str(path)) if str(path).startswith(LIBRARY) else path
        return GridModel(read_grid(file, name=path.name))


def _library_file(name: str) -> Path:
    """The file of a grid that ships inside pandapower."""
    spec = importlib.util.find_spec("pandapower")
    folder = Path(next(iter(spec.submodule_search_locations or ()))) / "networks" if spec else Path()
    names = sorted(p.stem for p in folder.glob("*.json"))
    wanted = name.removeprefix(LIBRARY).removesuffix(".json")
    if wanted not in names:
        raise EngineError("pandapower ships no such grid.", got=wanted, allowed=", ".join(names))
    return folder / f"{wanted}.json"
