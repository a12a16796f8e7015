"""Power flows for the rows of what is given, by power-grid-model; equal rows are solved once."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from cityloop.contracts import Floats, Output, Progress
from cityloop.engines.pandapower.grid import GRID, Array, Grid
from cityloop.errors import EngineError

__all__ = ["READ", "SET", "solve"]

LOADS = ("load", "heat_pump", "generator")
READ: Mapping[str, tuple[str, ...]] = {
    "bus": ("vm_pu",),
    "line": ("loading_percent", "p_kw", "i_a", "losses_kw"),
    "transformer": ("loading_percent", "p_kw", "losses_kw", "sn_kva"),
    "external_grid": ("p_kw",),
    GRID: ("p_kw", "load_kw", "losses_kw", "installed_kva"),
} | dict.fromkeys(LOADS, ("p_kw",))
SET: Mapping[str, tuple[str, ...]] = {
    "transformer": ("sn_kva", "load_kw", "load_scale", "heat_pump_scale"),
    "external_grid": ("vm_pu",),
    "line": ("status",),
    GRID: ("load_kw", "load_scale", "heat_pump_scale"),
} | dict.fromkeys(LOADS, ("p_kw", "load_scale"))
#: Properties that change the grid itself, not its loads: each combination of them is a model of its own.
BUILT = ("sn_kva", "status", "vm_pu")
#: Rows solved in one batch: bounds the memory (rows x elements).
ROWS = 256


def solve(
    grid: Grid, given: Mapping[Output, Floats], rows: int, outputs: Sequence[Output], progress: Progress | None
) -> Floats:
    """(rows, len(outputs)). `given` (rows,) per (element, property), NaN = as in the file. Raises EngineError."""
    keys = sorted(given)
    for key in keys:
        _check(grid, key, SET, "set")
    for key in outputs:
        _check(grid, key, READ, "read")
    values = np.stack([given[k] for k in keys], axis=1) if keys else np.empty((rows, 0))
    different, back = np.unique(np.nan_to_num(values, nan=np.inf), axis=0, return_inverse=True)
    different = np.where(np.isinf(different), np.nan, different)
    answer = np.empty((len(different), len(outputs)))
    built = [i for i, (_, name) in enumerate(keys) if name in BUILT]
    kinds, model_of = np.unique(np.nan_to_num(different[:, built], nan=np.inf), axis=0, return_inverse=True)
    for number in range(len(kinds)):
        mine = np.flatnonzero(model_of.ravel() == number)
        first = {keys[i]: float(different[mine[0], i]) for i in built}
        case = _Case(grid, {k: v for k, v in first.items() if np.isfinite(v)})
        for begin in range(0, len(mine), ROWS):
            piece = mine[begin : begin + ROWS]
            loads = _loads(grid, {k: different[piece, i] for i, k in enumerate(keys) if i not in built}, len(piece))
            answer[piece] = case.answer(loads, outputs)
            if progress is not None:
                progress(float(piece[-1] + 1) / len(different), "pandapower")
    if not np.isfinite(answer).all():
        bad = [" ".join(outputs[int(c)]) for c in np.flatnonzero(np.isnan(answer).any(axis=0))]
        raise EngineError("The power flow gave no number.", where=grid.name, got=", ".join(bad[:5]))
    return answer[back.ravel()]


def _check(grid: Grid, key: Output, allowed: Mapping[str, tuple[str, ...]], verb: str) -> None:
    name, property_ = key
    if name not in grid.place:
        raise EngineError("The grid has no such element.", where=grid.name, got=name)
    kind = grid.place[name][0]
    if property_ not in allowed.get(kind, ()):
        raise EngineError(
            f"The grid cannot {verb} this.", where=grid.name, got=f"{property_} of {kind} {name}",
            allowed=", ".join(allowed.get(kind, ())) or "nothing",
        )  # fmt: skip


def _loads(grid: Grid, given: Mapping[Output, Floats], rows: int) -> Floats:
    """Factor on the power of every load (rows, loads): scales first, then powers, then totals."""
    base = grid.input["sym_load"]["p_specified"] / 1e3
    factor = np.ones((rows, len(base)))
    for name in ("load_scale", "heat_pump_scale", "p_kw", "load_kw"):
        for (element, property_), values in given.items():
            if property_ != name:
                continue
            kind, row = grid.place[element]
            mine = _members(grid, kind, row)
            if name == "heat_pump_scale":
                mine = mine & grid.is_heat_pump
            said = np.isfinite(values)
            wanted = np.where(said, values, 1.0)
            if name in ("p_kw", "load_kw"):
                total = np.sum(np.abs(base[mine] * factor[:, mine]), axis=1)
                if np.any(said & (total <= 0) & (wanted != 0)):
                    raise EngineError(
                        "Nothing there to scale.", where=f"{grid.name}, {element}", got=f"{name} 0 in file"
                    )
                wanted = np.where(said, wanted / np.where(total > 0, total, 1.0), 1.0)
            factor[:, mine] *= wanted[:, None]
    return factor


def _members(grid: Grid, kind: str, row: int) -> Array:
    """The loads that a setting of an element means; generators stay as they are unless named."""
    drawing: Array = np.greater(grid.sign, 0)
    if kind == GRID:
        return drawing
    if kind == "transformer":
        fed: Array = np.logical_and(drawing, grid.fed_by == row)
        return fed
    mine: Array = np.equal(np.arange(len(grid.sign)), row)
    return mine


class _Case:
    """One state of the grid's own parts, ready to be solved for any loads."""

    def __init__(self, grid: Grid, built: Mapping[Output, float]) -> None:
        from power_grid_model import PowerGridModel

        self.grid = grid
        self.input = {name: table.copy() for name, table in grid.input.items()}
        for (element, _), value in built.items():
            kind, row = grid.place[element]
            if kind == "line":
                self.input["line"]["from_status"][row] = self.input["line"]["to_status"][row] = value > 0
            elif kind == "external_grid":
                self.input["source"]["u_ref"][row] = value
            else:
                self._exchange(row, value, element)
        try:
            self.model = PowerGridModel(self.input, system_frequency=grid.frequency_hz)
        except RuntimeError as error:  # PowerGridError and all its kinds
            raise EngineError("The grid cannot be built.", where=grid.name, got=str(error).strip()) from error

    def _exchange(self, row: int, kva: float, element: str) -> None:
        """Another transformer: the file's type of that rating, else one with the percentages of the present one."""
        unit = self.input["transformer"]
        if kva <= 0:
            raise EngineError("A transformer without a rating.", where=f"{self.grid.name}, {element}", got=kva)
        share = kva * 1e3 / unit["sn"][row]
        unit["sn"][row] = kva * 1e3
        unit["pk"][row] *= share
        unit["p0"][row] *= share
        key = (round(kva, 3), float(unit["u1"][row]) / 1e3, float(unit["u2"][row]) / 1e3)
        if (kind := self.grid.types.get(key)) is not None:
            unit["uk"][row], unit["i0"][row] = kind.vk_percent / 100, kind.i0_percent / 100
            unit["pk"][row], unit["p0"][row] = kind.vkr_percent / 100 * kva * 1e3, kind.pfe_kw * 1e3

    def answer(self, factor: Floats, outputs: Sequence[Output]) -> Floats:
        """(rows, len(outputs)) for the load factors (rows, loads)."""
        from power_grid_model import ComponentType, DatasetType, initialize_array

        loads = self.input["sym_load"]
        update = initialize_array(DatasetType.update, ComponentType.sym_load, factor.shape)
        update["id"] = loads["id"]
        update["p_specified"], update["q_specified"] = loads["p_specified"] * factor, loads["q_specified"] * factor
        try:
            found: Any = self.model.calculate_power_flow(
                update_data={ComponentType.sym_load: update},
                output_component_types={
                    ComponentType.node: ["u_pu"],
                    ComponentType.line: ["i_from", "i_to", "p_from", "p_to"],
                    ComponentType.transformer: ["i_from", "i_to", "p_from", "p_to"],
                    ComponentType.source: ["p"],
                    ComponentType.sym_load: ["p"],
                },
            )
        except RuntimeError as error:  # PowerGridError and all its kinds
            raise EngineError(
                "The power flow found no solution.", where=self.grid.name, got=str(error).strip().splitlines()[0],
                cure="Look for loads or lengths with a wrong unit; a collapsed voltage has no solution.",
            ) from error  # fmt: skip
        out = np.empty((len(factor), len(outputs)))
        for column, (element, property_) in enumerate(outputs):
            kind, row = self.grid.place[element]
            out[:, column] = self._reader(kind, property_)(found, row)
        return out

    def _reader(self, kind: str, property_: str) -> Callable[[Any, int], Any]:
        """How one property is read from what power-grid-model gives."""
        unit, line = self.input["transformer"], self.input["line"]

        def losses(found: Any, name: str) -> Any:
            return (found[name]["p_from"] + found[name]["p_to"]) / 1e3

        def loading(found: Any, row: int) -> Any:
            """Of the larger side's current, at rated voltages: pandapower's definition."""
            t = found["transformer"]
            amperes = np.maximum(t["i_from"][:, row] * unit["u1"][row], t["i_to"][:, row] * unit["u2"][row])
            return 100 * np.sqrt(3) * amperes / (unit["sn"][row] * self.grid.derating[row])

        def current(found: Any, row: int) -> Any:
            return np.maximum(found["line"]["i_from"][:, row], found["line"]["i_to"][:, row])

        readers: dict[tuple[str, str], Callable[[Any, int], Any]] = {
            ("bus", "vm_pu"): lambda f, r: f["node"]["u_pu"][:, r],
            ("line", "i_a"): current,
            ("line", "loading_percent"): lambda f, r: 100 * current(f, r) / line["i_n"][r],
            ("line", "p_kw"): lambda f, r: f["line"]["p_from"][:, r] / 1e3,
            ("line", "losses_kw"): lambda f, r: losses(f, "line")[:, r],
            ("transformer", "loading_percent"): loading,
            ("transformer", "p_kw"): lambda f, r: f["transformer"]["p_from"][:, r] / 1e3,
            ("transformer", "losses_kw"): lambda f, r: losses(f, "transformer")[:, r],
            ("transformer", "sn_kva"): lambda f, r: np.full(len(f["node"]), unit["sn"][r] / 1e3),
            ("external_grid", "p_kw"): lambda f, r: f["source"]["p"][:, r] / 1e3,
            (GRID, "p_kw"): lambda f, r: f["source"]["p"].sum(axis=1) / 1e3,
            (GRID, "load_kw"): lambda f, r: f["sym_load"]["p"][:, self.grid.sign > 0].sum(axis=1) / 1e3,
            (GRID, "losses_kw"): lambda f, r: losses(f, "line").sum(axis=1) + losses(f, "transformer").sum(axis=1),
            (GRID, "installed_kva"): lambda f, r: np.full(len(f["node"]), unit["sn"].sum() / 1e3),
        }
        if kind in LOADS:
            return lambda f, r: f["sym_load"]["p"][:, r] / 1e3 * self.grid.sign[r]
        return readers[(kind, property_)]
