"""A pandapower file as arrays of power-grid-model and as Elements."""

import json
import logging
import math
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Element, Floats
from cityloop.errors import EngineError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GRID", "Array", "Grid", "TransformerType", "read_grid"]

LOG = logging.getLogger(__name__)
GRID = "grid"
Array = npt.NDArray[Any]
#: pandapower's tables that are carried; a file with rows in any other table of elements is refused, not half computed.
CARRIED = ("bus", "ext_grid", "line", "trafo", "load", "sgen", "switch")
HEAT_PUMP = "HP"
#: pandapower's files name the class of every object and its reader imports it: from these packages alone.
TRUSTED = ("pandapower", "pandas", "numpy", "shapely", "geopandas", "networkx", "builtins")
_NAMED_MODULE = re.compile(r'_module\\*"\s*:\s*\\*"([^"\\]*)')
#: Short-circuit power of an external grid (VA): so large that its voltage holds, as pandapower's does.
STIFF_VA = 1e20


@dataclass(frozen=True)
class TransformerType:
    """What a transformer type of the file says: short-circuit and no-load values in % of the rating, iron losses kW."""

    vk_percent: float
    vkr_percent: float
    i0_percent: float
    pfe_kw: float


@dataclass(frozen=True, eq=False)
class Grid:
    """One grid. `place` = element name -> (kind, row in its component of `input`); loads are sym_load of `input`.

    `fed_by` (loads,) row of the transformer that feeds each load in the file's switching state, -1 = none or several;
    `is_heat_pump`, `sign` (loads,); `derating` (transformers,); `types` by (rating kVA, upper kV, lower kV).
    """

    name: str
    elements: tuple[Element, ...]
    place: Mapping[str, tuple[str, int]]
    input: Mapping[str, Array]
    fed_by: npt.NDArray[np.int64]
    is_heat_pump: npt.NDArray[np.bool_]
    sign: Floats
    derating: Floats
    types: Mapping[tuple[float, float, float], TransformerType]
    frequency_hz: float


def read_grid(file: Path, *, name: str) -> Grid:
    """Read a file; raises EngineError for what is no grid and for elements that are not carried."""
    net = _load(file)
    _refuse_others(net, name)
    ids = _Ids()
    bus = {index: i for i, index in enumerate(net.bus.index)}
    input_ = {
        "node": _nodes(net, ids),
        "line": _lines(net, ids, bus),
        "transformer": _transformers(net, ids, bus, name),
        "source": _sources(net, ids, bus),
        "sym_load": _loads(net, ids, bus),
    }
    links = _links(net, ids, bus)
    if len(links):
        input_["link"] = links
    heat_pump = np.array([t == HEAT_PUMP for t in net.load.type] + [False] * len(net.sgen), dtype=bool)
    sign = np.array([1.0] * len(net.load) + [-1.0] * len(net.sgen))
    fed_by = _fed_by(input_)
    elements, place = _elements(net, input_, heat_pump, fed_by)
    return Grid(
        name=name, elements=elements, place=place, input=input_, fed_by=fed_by, is_heat_pump=heat_pump, sign=sign,
        derating=net.trafo.df.to_numpy(np.float64), types=_types(net), frequency_hz=float(net.f_hz),
    )  # fmt: skip


def _load(file: Path) -> Any:
    """pandapower's own reading, its warnings logged."""
    try:
        foreign = sorted(set(_NAMED_MODULE.findall(file.read_bytes().decode("utf-8", "replace"))) - {""})
        foreign = [m for m in foreign if m.partition(".")[0] not in TRUSTED]
        if foreign:
            raise EngineError(
                "The file asks for code of other packages.", where=str(file), got=", ".join(foreign),
                allowed=", ".join(TRUSTED), cure="Leave those objects out of it; open files of a known origin only.",
            )  # fmt: skip
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            import pandapower

            net = pandapower.from_json(str(file))
    except OSError as error:
        raise EngineError(
            "The model file cannot be read.", where=str(file), got=error.strerror, cure="Correct `file` in city.toml."
        ) from error
    except EngineError:
        raise
    except Exception as error:  # whatever pandapower's reader trips over, the file is at fault
        raise EngineError(
            "Not a grid that pandapower can read.", where=str(file), got=f"{type(error).__name__}: {error}",
            cure="Write it with pandapower.to_json.",
        ) from error  # fmt: skip
    for text in {str(w.message) for w in caught}:
        LOG.info("pandapower: %s", text)
    if not hasattr(net, "bus") or not hasattr(net, "ext_grid"):
        raise EngineError("Not a grid that pandapower can read.", where=str(file), got=type(net).__name__)
    return net


def _refuse_others(net: Any, name: str) -> None:
    """What this engine does not carry, it does not compute without."""
    from pandapower.toolbox import pp_elements

    others = sorted(t for t in pp_elements() if t not in (*CARRIED, "measurement") and t in net and len(net[t]))
    parts = [c for c in net.load.columns if c.startswith("const_") and (net.load[c].fillna(0) != 0).any()]
    turned = net.trafo.tap_pos.fillna(0) != net.trafo.tap_neutral.fillna(0)
    if "tap_step_degree" in net.trafo and (turned & (net.trafo.tap_step_degree.fillna(0) != 0)).any():
        others.append("trafo with an angle per tap")
    if others or parts:
        raise EngineError(
            "The grid has elements that this engine does not carry.", where=name, got=", ".join([*others, *parts]),
            allowed=", ".join(CARRIED), cure="Replace them by loads of constant power, or leave them out.",
        )  # fmt: skip
    if not len(net.ext_grid) or not len(net.bus):
        raise EngineError("A grid without an external grid.", where=name, cure="Add the point where it is fed.")


class _Ids:
    """power-grid-model wants ids that are unique over all components."""

    def __init__(self) -> None:
        self.next = 0

    def array(self, kind: str, size: int) -> Array:
        from power_grid_model import ComponentType, DatasetType, initialize_array

        found: Array = initialize_array(DatasetType.input, ComponentType(kind), size)
        found["id"] = np.arange(self.next, self.next + size)
        self.next += size
        return found


def _nodes(net: Any, ids: _Ids) -> Array:
    found = ids.array("node", len(net.bus))
    found["u_rated"] = net.bus.vn_kv.to_numpy(np.float64) * 1e3
    return found


def _at(table: "pd.DataFrame", column: str, bus: Mapping[Any, int]) -> list[int]:
    return [bus[b] for b in table[column]]


def _status(net: Any, table: "pd.DataFrame", column: str, kind: str) -> Array:
    """Whether an end is connected: in service, bus in service, no open switch."""
    switches = net.switch[(net.switch.et == kind) & ~net.switch.closed.astype(bool)]
    open_ends = set(zip(switches.element, switches.bus, strict=True))
    alive = net.bus.in_service.astype(bool)
    return np.array(
        [
            bool(on) and bool(alive[b]) and (i, b) not in open_ends
            for i, b, on in zip(table.index, table[column], table.in_service, strict=True)
        ],
        dtype=np.int8,
    )


def _lines(net: Any, ids: _Ids, bus: Mapping[Any, int]) -> Array:
    line = net.line
    found = ids.array("line", len(line))
    length, parallel = line.length_km.to_numpy(np.float64), line.parallel.to_numpy(np.float64)
    found["from_node"], found["to_node"] = _at(line, "from_bus", bus), _at(line, "to_bus", bus)
    found["from_status"], found["to_status"] = _status(net, line, "from_bus", "l"), _status(net, line, "to_bus", "l")
    found["r1"] = line.r_ohm_per_km * length / parallel
    found["x1"] = line.x_ohm_per_km * length / parallel
    farad = line.c_nf_per_km * 1e-9
    found["c1"] = farad * length * parallel
    siemens = line.g_us_per_km.fillna(0) * 1e-6
    found["tan1"] = np.where(farad > 0, siemens / np.where(farad > 0, 2 * math.pi * net.f_hz * farad, 1.0), 0.0)
    found["i_n"] = line.max_i_ka * 1e3 * line.df * parallel
    return found


def _transformers(net: Any, ids: _Ids, bus: Mapping[Any, int], name: str) -> Array:
    from power_grid_model import BranchSide, WindingType

    trafo = net.trafo
    found = ids.array("transformer", len(trafo))
    n = trafo.parallel.to_numpy(np.float64)
    found["from_node"], found["to_node"] = _at(trafo, "hv_bus", bus), _at(trafo, "lv_bus", bus)
    found["from_status"] = _status(net, trafo, "hv_bus", "t")
    found["to_status"] = _status(net, trafo, "lv_bus", "t")
    found["u1"], found["u2"] = trafo.vn_hv_kv * 1e3, trafo.vn_lv_kv * 1e3
    found["sn"] = trafo.sn_mva * 1e6 * n
    found["uk"] = trafo.vk_percent / 100
    found["pk"] = trafo.vkr_percent / 100 * trafo.sn_mva * 1e6 * n
    found["i0"], found["p0"] = trafo.i0_percent / 100, trafo.pfe_kw * 1e3 * n
    clock = np.round(trafo.shift_degree.to_numpy(np.float64) / 30).astype(int) % 12
    if np.any(np.abs(trafo.shift_degree / 30 - np.round(trafo.shift_degree / 30)) > 1e-6):
        raise EngineError("A transformer shift that is no multiple of 30 degrees.", where=name)
    found["clock"] = clock
    found["winding_from"] = np.where(clock % 2, WindingType.delta, WindingType.wye)
    found["winding_to"] = WindingType.wye_n
    found["tap_side"] = np.where(trafo.tap_side == "lv", BranchSide.to_side, BranchSide.from_side)
    neutral = trafo.tap_neutral.fillna(0)
    position = trafo.tap_pos.fillna(neutral)
    found["tap_nom"], found["tap_pos"] = neutral, position
    found["tap_min"] = np.minimum(trafo.tap_min.fillna(neutral), position)
    found["tap_max"] = np.maximum(trafo.tap_max.fillna(neutral), position)
    side_v = np.where(trafo.tap_side == "lv", found["u2"], found["u1"])
    found["tap_size"] = trafo.tap_step_percent.fillna(0) / 100 * side_v
    return found


def _sources(net: Any, ids: _Ids, bus: Mapping[Any, int]) -> Array:
    found = ids.array("source", len(net.ext_grid))
    found["node"], found["status"] = _at(net.ext_grid, "bus", bus), net.ext_grid.in_service.astype(np.int8)
    found["u_ref"], found["u_ref_angle"] = net.ext_grid.vm_pu, np.radians(net.ext_grid.va_degree.fillna(0))
    found["sk"] = STIFF_VA
    return found


def _loads(net: Any, ids: _Ids, bus: Mapping[Any, int]) -> Array:
    """Loads, then generators as loads of the other sign."""
    found = ids.array("sym_load", len(net.load) + len(net.sgen))
    tables = ((net.load, 1.0, slice(0, len(net.load))), (net.sgen, -1.0, slice(len(net.load), None)))
    for table, sign, rows in tables:
        found["node"][rows] = _at(table, "bus", bus)
        found["status"][rows] = table.in_service.astype(np.int8)
        found["p_specified"][rows] = sign * table.p_mw * table.scaling * 1e6
        found["q_specified"][rows] = sign * table.q_mvar * table.scaling * 1e6
    found["type"] = 0
    return found


def _links(net: Any, ids: _Ids, bus: Mapping[Any, int]) -> Array:
    """Closed switches between two buses."""
    closed = net.switch[(net.switch.et == "b") & net.switch.closed.astype(bool)]
    found = ids.array("link", len(closed))
    found["from_node"], found["to_node"] = _at(closed, "bus", bus), _at(closed, "element", bus)
    found["from_status"] = found["to_status"] = 1
    return found


def _fed_by(input_: Mapping[str, Array]) -> npt.NDArray[np.int64]:
    """Row of the one transformer whose lower side is joined to each load's bus without another transformer; -1."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    pairs = []
    for kind in ("line", "link"):
        table = input_.get(kind)
        if table is not None:
            joined = (table["from_status"] > 0) & (table["to_status"] > 0)
            pairs.append(np.stack([table["from_node"][joined], table["to_node"][joined]]))
    ends = np.concatenate(pairs, axis=1) if pairs else np.empty((2, 0), dtype=np.int64)
    size = len(input_["node"])
    _, part = connected_components(
        coo_matrix((np.ones(ends.shape[1]), (ends[0], ends[1])), (size, size)), directed=False
    )
    transformer = input_["transformer"]
    alive = (transformer["from_status"] > 0) & (transformer["to_status"] > 0)
    feeders: dict[int, list[int]] = {}
    for row in np.flatnonzero(alive):
        feeders.setdefault(int(part[transformer["to_node"][row]]), []).append(int(row))
    found = [feeders.get(int(part[node]), []) for node in input_["sym_load"]["node"]]
    return np.array([f[0] if len(f) == 1 else -1 for f in found], dtype=np.int64)


def _types(net: Any) -> dict[tuple[float, float, float], TransformerType]:
    """The transformer types of the file, the first of those of one rating and voltage."""
    found: dict[tuple[float, float, float], TransformerType] = {}
    for t in net.std_types.get("trafo", {}).values():
        key = (round(t["sn_mva"] * 1e3, 3), t["vn_hv_kv"], t["vn_lv_kv"])
        found.setdefault(key, TransformerType(t["vk_percent"], t["vkr_percent"], t["i0_percent"], t["pfe_kw"]))
    return found


# --- elements ----------------------------------------------------------------------------------------------------
def _names(net: Any) -> Iterator[tuple[str, int, Any, str]]:
    """(kind, row of its component, row of its table, name): the file's name where no other element has it."""
    loads = ["heat_pump" if t == HEAT_PUMP else "load" for t in net.load.type]
    rows: list[tuple[str, int, Any, str]] = []
    for table, kinds, offset in (
        ("bus", ["bus"] * len(net.bus), 0), ("ext_grid", ["external_grid"] * len(net.ext_grid), 0),
        ("line", ["line"] * len(net.line), 0), ("trafo", ["transformer"] * len(net.trafo), 0),
        ("load", loads, 0), ("sgen", ["generator"] * len(net.sgen), len(net.load)),
    ):  # fmt: skip
        for i, (row, kind) in enumerate(zip(net[table].itertuples(), kinds, strict=True)):
            rows.append((kind, offset + i, row, row.name if isinstance(row.name, str) else ""))
    given = [name for *_, name in rows]
    once = {n for n in set(given) if n not in ("", GRID)} - _twice(given)
    for kind, i, row, name in rows:
        yield kind, i, row, name if name in once else f"{kind} {row.Index}"


def _twice(names: list[str]) -> set[str]:
    return {name for name, times in Counter(names).items() if times > 1}


def _elements(
    net: Any, input_: Mapping[str, Array], heat_pump: Array, fed_by: Array
) -> tuple[tuple[Element, ...], dict[str, tuple[str, int]]]:
    """Every element with what a register would say about it."""
    rows = list(_names(net))
    bus = {row.Index: name for kind, _, row, name in rows if kind == "bus"}
    transformers = [name for kind, _, _, name in rows if kind == "transformer"]
    power = input_["sym_load"]["p_specified"] / 1e3
    kva = input_["transformer"]["sn"] / 1e3
    whole = {"load_kw": float(power[: len(net.load)].sum()), "installed_kva": float(kva.sum())}
    found = [Element(GRID, GRID, (), whole, whole=True)]
    place = {GRID: (GRID, 0)}
    for kind, i, row, name in rows:
        place[name] = (kind, i)
        properties: dict[str, float | str] = {}
        points: tuple[tuple[float, float], ...] = ()
        ends: tuple[str, ...] = ()
        if kind == "bus":
            points = _points(row)
            properties["vn_kv"] = float(row.vn_kv)
        elif kind == "line":
            points, ends = _points(row), (bus[row.from_bus], bus[row.to_bus])
            properties = {"length_m": float(row.length_km) * 1e3, "max_i_a": float(input_["line"]["i_n"][i])}
        elif kind == "transformer":
            ends = (bus[row.hv_bus], bus[row.lv_bus])
            mine = fed_by == i
            properties = {
                "sn_kva": float(kva[i]), "vn_hv_kv": float(row.vn_hv_kv), "vn_lv_kv": float(row.vn_lv_kv),
                "load_kw": float(power[mine].sum()), "heat_pumps": float((mine & heat_pump).sum()),
                "heat_pump_kw": float(power[mine & heat_pump].sum()),
            }  # fmt: skip
        else:
            ends = (bus[row.bus],)
            if kind != "external_grid":
                properties["p_kw"] = float(abs(power[i]))
                if fed_by[i] >= 0:
                    properties["transformer"] = transformers[fed_by[i]]
        found.append(Element(kind, name, points, properties, connects=ends))
    points_of = {e.name: e.points for e in found if e.kind == "bus"}
    return tuple(_placed(e, points_of) for e in found), place


def _points(row: Any) -> tuple[tuple[float, float], ...]:
    """Coordinates of a GeoJSON cell, none where there is none."""
    text = getattr(row, "geo", None)
    if not isinstance(text, str) or not text:
        return ()
    coordinates = json.loads(text)["coordinates"]
    pairs = [coordinates] if isinstance(coordinates[0], int | float) else coordinates
    return tuple((float(x), float(y)) for x, y, *_ in pairs)


def _placed(element: Element, points_of: Mapping[str, tuple[tuple[float, float], ...]]) -> Element:
    """A transformer or load stands where its (lower) bus stands."""
    if element.points or not element.connects or element.kind == "line":
        return element
    points = points_of[element.connects[-1]]
    return Element(element.kind, element.name, points, element.properties, element.connects)
