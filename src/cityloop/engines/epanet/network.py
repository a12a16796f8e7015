"""What an EPANET file contains: elements, names, demand categories, patterns; and which properties each kind has.

Read once per opened model and never changed. Node and link names may coincide: the property decides which is meant.
Units: L/s, metres, millimetres, kW.
"""

import ctypes
import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Element, Floats, Output
from cityloop.engines.epanet.controls import level_controls
from cityloop.engines.epanet.toolkit import (
    CONSTANT_POWER,
    LINKS,
    NODES,
    PATTERNS,
    Link,
    LinkKind,
    Node,
    NodeKind,
    Option,
    Project,
    Time,
)
from cityloop.errors import EngineError

__all__ = ["NETWORK", "READABLE", "WRITABLE", "Network", "Target", "read_network"]

#: Name (and kind) of the element that stands for the whole network.
NETWORK = "network"

_NODE_READS = frozenset({"pressure_m", "head_m"})
_LINK_READS = frozenset({"flow_l_per_s", "velocity_m_per_s", "status"})
READABLE: Mapping[str, frozenset[str]] = {
    "junction": _NODE_READS | {"demand_l_per_s", "leak_l_per_s"},
    "reservoir": _NODE_READS,
    "tank": _NODE_READS | {"level_m"},
    "pipe": _LINK_READS,
    "pump": _LINK_READS | {"power_kw"},
    "valve": _LINK_READS | {"setting"},
    NETWORK: frozenset({"demand_l_per_s", "leak_l_per_s"}),
}
WRITABLE: Mapping[str, frozenset[str]] = {
    "junction": frozenset({"leak_coefficient", "demand_l_per_s", "demand_factor", "elevation_offset_m"}),
    "reservoir": frozenset({"head_m"}),
    "tank": frozenset({"level_m"}),
    "pipe": frozenset({"diameter_factor", "roughness_factor", "status"}),
    "pump": frozenset({"status", "power_factor", "start_level_m", "stop_level_m"}),
    "valve": frozenset({"status", "setting"}),
    NETWORK: frozenset({"demand_l_per_s", "demand_factor"}),
}
_LINK_KINDS = frozenset({"pipe", "pump", "valve"})


@dataclass(frozen=True)
class Target:
    """One property of one element: `index` is the toolkit's (0 for the network)."""

    kind: str
    name: str
    index: int
    property: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}, {self.property}"


@dataclass(frozen=True)
class Network:
    """All of a model that does not change. Node and link arrays are in the toolkit's order, index i at place i - 1."""

    name: str
    elements: tuple[Element, ...]
    nodes: Mapping[str, int]
    links: Mapping[str, int]
    node_kinds: tuple[str, ...]
    link_kinds: tuple[str, ...]
    link_types: npt.NDArray[np.int64]
    start: npt.NDArray[np.int64]
    """Start node of each link (the toolkit's index)."""
    end: npt.NDArray[np.int64]
    elevation_m: Floats
    emitter: Floats
    """Coefficient of each node in L/s per m^exponent."""
    emitter_exponent: float
    levels_m: Mapping[int, tuple[float, float, float]]
    """Tank node -> (initial, lowest, highest) level."""
    length_m: Floats
    diameter_mm: Floats
    roughness: Floats
    minor_loss: Floats
    power_kw: Mapping[int, float]
    """Constant-power pump -> its power in kW."""
    category_node: npt.NDArray[np.int64]
    category_number: npt.NDArray[np.int64]
    category_base: Floats
    category_pattern: npt.NDArray[np.int64]
    patterns: tuple[Floats, ...]
    """Multipliers by the toolkit's index; place 0 is the constant 1."""
    demand_multiplier: float
    hydraulic_step_s: int
    pattern_step_s: int
    pattern_start_s: int
    start_clock_s: int
    accuracy: float

    def readable(self, output: Output) -> Target:
        """What an output names; raises EngineError for an unknown element or property."""
        return self._find(output, READABLE, "cannot be read")

    def writable(self, output: Output) -> Target:
        """What a change, driver or input names; raises EngineError for an unknown element or property."""
        return self._find(output, WRITABLE, "cannot be set")

    def _find(self, output: Output, allowed: Mapping[str, frozenset[str]], fault: str) -> Target:
        name, prop = output
        found = []
        if name == NETWORK:
            found.append((NETWORK, 0))
        if name in self.nodes:
            found.append((self.node_kinds[self.nodes[name] - 1], self.nodes[name]))
        if name in self.links:
            found.append((self.link_kinds[self.links[name] - 1], self.links[name]))
        if not found:
            near = difflib.get_close_matches(name, [*self.nodes, *self.links], n=3)
            raise EngineError(
                "No such element in the model.",
                where=self.name,
                got=name,
                cure=f"Did you mean {' or '.join(near)}?" if near else "Use a name that stands in the model file.",
            )
        for kind, index in found:
            if prop in allowed[kind]:
                return Target(kind, name, index, prop)
        kinds = " or ".join(kind for kind, _ in found)
        choices = sorted(set().union(*(allowed[kind] for kind, _ in found)))
        near = difflib.get_close_matches(prop, choices, n=1)
        raise EngineError(
            f"This property of a {kinds} {fault}.",
            where=f"{self.name}, {name}",
            got=prop,
            allowed=", ".join(choices),
            cure=f"Did you mean {near[0]}?" if near else "",
        )

    def is_link(self, target: Target) -> bool:
        """Whether a target is a link."""
        return target.kind in _LINK_KINDS


def read_network(text: bytes, *, name: str) -> Network:
    """Read an EPANET file; raises EngineError in EPANET's own words for what it cannot read."""
    with Project(text, name=name) as project:
        return _Reader(project).read()


class _Reader:
    """Reads one open project."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.node_count, self.link_count = project.count(NODES), project.count(LINKS)
        self.node_names = [project.text("getnodeid", i) for i in range(1, self.node_count + 1)]
        self.link_names = [project.text("getlinkid", i) for i in range(1, self.link_count + 1)]
        self.pump_levels: dict[int, dict[str, float | str]] = {}
        for control in level_controls(project):
            if control.property:
                tank = self.node_names[control.node - 1]
                self.pump_levels.setdefault(control.link, {}).update(
                    {control.property: control.level_m, "level_of": tank}
                )

    def read(self) -> Network:
        p = self.project
        node_kinds = tuple(NodeKind(p.integer("getnodetype", i)).name.lower() for i in range(1, self.node_count + 1))
        types = np.array([p.integer("getlinktype", i) for i in range(1, self.link_count + 1)], np.int64)
        link_kinds = tuple(_link_kind(t) for t in types)
        ends = np.array([self._ends(i) for i in range(1, self.link_count + 1)], np.int64).reshape(-1, 2)
        categories = self._categories(node_kinds)
        exponent = p.option(Option.EMITTER_EXPONENT)
        powers = {
            i: p.link(i, Link.PUMP_POWER) * p.power_unit_kw
            for i, kind in enumerate(link_kinds, 1)
            if kind == "pump" and p.integer("getpumptype", i) == CONSTANT_POWER
        }
        node_values = {what: self._of_nodes(what) for what in (Node.ELEVATION, Node.EMITTER)}
        link_values = {w: self._of_links(w) for w in (Link.LENGTH, Link.DIAMETER, Link.ROUGHNESS, Link.MINOR_LOSS)}
        levels = {
            i: (p.node(i, Node.LEVEL), p.node(i, Node.MIN_LEVEL), p.node(i, Node.MAX_LEVEL))
            for i, kind in enumerate(node_kinds, 1)
            if kind == "tank"
        }
        patterns = (np.ones(1), *(np.array(p.pattern(i)) for i in range(1, p.count(PATTERNS) + 1)))
        multiplier = p.option(Option.DEMAND_MULTIPLIER)
        demands = _mean_demands(self.node_count, categories, patterns, multiplier)
        return Network(
            name=p.name,
            elements=self._elements(node_kinds, link_kinds, ends, demands, powers),
            nodes={n: i for i, n in enumerate(self.node_names, 1)},
            links={n: i for i, n in enumerate(self.link_names, 1)},
            node_kinds=node_kinds,
            link_kinds=link_kinds,
            link_types=types,
            start=ends[:, 0],
            end=ends[:, 1],
            elevation_m=node_values[Node.ELEVATION],
            emitter=np.array(
                [v if k == "junction" else 0.0 for v, k in zip(node_values[Node.EMITTER], node_kinds, strict=True)]
            ),
            emitter_exponent=exponent,
            levels_m=levels,
            length_m=link_values[Link.LENGTH],
            diameter_mm=link_values[Link.DIAMETER],
            roughness=link_values[Link.ROUGHNESS],
            minor_loss=link_values[Link.MINOR_LOSS],
            power_kw=powers,
            category_node=categories[0].astype(np.int64),
            category_number=categories[1].astype(np.int64),
            category_base=categories[2],
            category_pattern=categories[3].astype(np.int64),
            patterns=patterns,
            demand_multiplier=multiplier,
            hydraulic_step_s=p.time(Time.HYDRAULIC_STEP),
            pattern_step_s=p.time(Time.PATTERN_STEP),
            pattern_start_s=p.time(Time.PATTERN_START),
            start_clock_s=p.time(Time.START_CLOCK),
            accuracy=p.option(Option.ACCURACY),
        )

    def _of_nodes(self, what: int) -> Floats:
        return np.array([self.project.node(i, what) for i in range(1, self.node_count + 1)])

    def _of_links(self, what: int) -> Floats:
        return np.array([self.project.link(i, what) for i in range(1, self.link_count + 1)])

    def _ends(self, link: int) -> tuple[int, int]:
        start, end = ctypes.c_int(), ctypes.c_int()
        self.project.call("getlinknodes", link, ctypes.byref(start), ctypes.byref(end))
        return start.value, end.value

    def _categories(self, node_kinds: tuple[str, ...]) -> Floats:
        """(4, n): node, category, base demand, pattern."""
        p, rows = self.project, []
        for node, kind in enumerate(node_kinds, 1):
            if kind == "junction":
                for number in range(1, p.integer("getnumdemands", node) + 1):
                    base = p.real("getbasedemand", node, number)
                    rows.append((node, number, base, p.integer("getdemandpattern", node, number)))
        return np.array(rows, np.float64).reshape(-1, 4).T

    # --- elements ------------------------------------------------------------------------------------------------
    def _elements(
        self, node_kinds: tuple[str, ...], link_kinds: tuple[str, ...], ends: npt.NDArray[np.int64],
        demands: Floats, powers: Mapping[int, float],
    ) -> tuple[Element, ...]:  # fmt: skip
        places = [self._place(i) for i in range(1, self.node_count + 1)]
        found = []
        for i, (name, kind) in enumerate(zip(self.node_names, node_kinds, strict=True), 1):
            place = places[i - 1]
            found.append(Element(kind, name, (place,) if place else (), self._node_properties(i, kind, demands[i - 1])))
        for i, (name, kind) in enumerate(zip(self.link_names, link_kinds, strict=True), 1):
            a, b = (int(n) for n in ends[i - 1])
            line = [places[a - 1], *self._vertices(i), places[b - 1]]
            points = tuple(point for point in line if point is not None)
            ways = (self.node_names[a - 1], self.node_names[b - 1])
            found.append(Element(kind, name, points, self._link_properties(i, kind, powers), ways))
        whole: dict[str, float | str] = {
            f"{kind}s": float(kinds.count(kind))
            for kinds, names in (
                (node_kinds, ("junction", "reservoir", "tank")),
                (link_kinds, ("pipe", "pump", "valve")),
            )
            for kind in names
        }
        whole["length_m"] = float(
            sum(self.project.link(i, Link.LENGTH) for i, k in enumerate(link_kinds, 1) if k == "pipe")
        )
        whole["base_demand_l_per_s"] = float(demands.sum())
        return (Element(NETWORK, NETWORK, (), whole, whole=True), *found)

    def _place(self, node: int) -> tuple[float, float] | None:
        """Coordinates of a node; None where the file states none."""
        return self._point("getcoord", node)

    def _vertices(self, link: int) -> list[tuple[float, float] | None]:
        count = self.project.integer("getvertexcount", link)
        return [self._point("getvertex", link, i) for i in range(1, count + 1)]

    def _point(self, function: str, *which: int) -> tuple[float, float] | None:
        x, y = ctypes.c_double(), ctypes.c_double()
        try:
            self.project.call(function, *which, ctypes.byref(x), ctypes.byref(y))
        except EngineError:
            return None
        return (x.value, y.value) if abs(x.value) < 1e19 and abs(y.value) < 1e19 else None

    def _node_properties(self, index: int, kind: str, demand: float) -> dict[str, float | str]:
        p = self.project
        if kind == "junction":
            return {"elevation_m": p.node(index, Node.ELEVATION), "base_demand_l_per_s": float(demand)}
        if kind == "reservoir":
            return {"head_m": p.node(index, Node.ELEVATION)}
        diameter = p.node(index, Node.TANK_DIAMETER)
        found: dict[str, float | str] = {
            "elevation_m": p.node(index, Node.ELEVATION),
            "initial_level_m": p.node(index, Node.LEVEL),
            "min_level_m": p.node(index, Node.MIN_LEVEL),
            "max_level_m": p.node(index, Node.MAX_LEVEL),
        }
        if p.node(index, Node.VOLUME_CURVE) > 0:
            found["volume_curve"] = p.text("getcurveid", int(p.node(index, Node.VOLUME_CURVE)))
        else:
            found |= {"diameter_m": diameter, "area_m2": float(np.pi * diameter**2 / 4)}
        return found

    def _link_properties(self, index: int, kind: str, powers: Mapping[int, float]) -> dict[str, float | str]:
        p = self.project
        status = "open" if p.link(index, Link.INITIAL_STATUS) else "closed"
        if kind == "pump":
            if index in powers:
                return {"power_kw": powers[index], "initial_status": status, **self.pump_levels.get(index, {})}
            curve = p.integer("getheadcurveindex", index)
            known = p.text("getcurveid", curve) if curve else ""
            return {"curve": known, "initial_status": status, **self.pump_levels.get(index, {})}
        found: dict[str, float | str] = {
            "diameter_mm": p.link(index, Link.DIAMETER),
            "minor_loss": p.link(index, Link.MINOR_LOSS),
            "initial_status": status,
        }
        if kind == "valve":
            return found | {
                "valve_type": LinkKind(p.integer("getlinktype", index)).name,
                "setting": p.link(index, Link.INITIAL_SETTING),
            }
        found |= {"length_m": p.link(index, Link.LENGTH), "roughness": p.link(index, Link.ROUGHNESS)}
        if p.integer("getlinktype", index) == LinkKind.CHECK_VALVE:
            found["check_valve"] = "yes"
        return found


def _link_kind(number: int) -> Literal["pipe", "pump", "valve"]:
    if number in (LinkKind.CHECK_VALVE, LinkKind.PIPE):
        return "pipe"
    return "pump" if number == LinkKind.PUMP else "valve"


def _mean_demands(nodes: int, categories: Floats, patterns: tuple[Floats, ...], multiplier: float) -> Floats:
    """Mean demand of each node over its patterns, L/s."""
    means = np.array([pattern.mean() for pattern in patterns])
    weights = categories[2] * means[categories[3].astype(np.int64)] * multiplier
    return np.bincount(categories[0].astype(np.int64) - 1, weights=weights, minlength=nodes).astype(np.float64)
