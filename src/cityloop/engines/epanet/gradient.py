"""Response of heads to a withdrawal, in closed form: S = -(A' g A)^-1, g = dq/dh of every link at a solved state.

Todini and Pilati (1988), the gradient algorithm's own Jacobian. Tanks and reservoirs are fixed heads. Friction after
Hazen-Williams, Darcy-Weisbach (Swamee and Jain 1976) or Chezy-Manning; a constant-power pump has g = q / dh. Held against
finite differences of the engine itself in the tests.
"""

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats, Output
from cityloop.engines.epanet.network import Network, Target
from cityloop.engines.epanet.states import Steady
from cityloop.engines.epanet.toolkit import Link, LinkKind, Node, Option, Project
from cityloop.errors import EngineError
from cityloop.records import Change

__all__ = ["gradient"]

#: Flows are taken no smaller than this (L/s): a pipe at rest would answer without bound, and no leak is that small.
LEAST_FLOW_L_PER_S = 0.2
GRAVITY, WATER_M2_PER_S = 9.81, 1.022e-6
HAZEN_WILLIAMS, DARCY_WEISBACH, CHEZY_MANNING = range(3)
#: dq/dh (L/s per m) of a link without resistance.
STIFF = 1e6
_HOLDING = [int(kind) for kind in (LinkKind.PRV, LinkKind.PSV, LinkKind.PBV, LinkKind.FCV)]
_SOURCES = ("demand_l_per_s", "leak_l_per_s")
_OUTPUTS = ("pressure_m", "head_m")


def gradient(
    network: Network, text: bytes, changes: Sequence[Change], *, inputs: Sequence[Output], values: Floats,
    outputs: Sequence[Output], sources: Sequence[Output],
) -> Floats:  # fmt: skip
    """See `EpanetModel.gradient`."""
    rows = np.asarray(values, np.float64).reshape(1, -1)
    drawn = [_allowed(network, source, _SOURCES, "a source") for source in sources]
    read = [_allowed(network, output, _OUTPUTS, "an output") for output in outputs]
    with Project(text, name=network.name) as project:
        steady = Steady(project, network, changes, inputs, rows)
        for _ in steady.solve():
            state = _State(project, network, {node: float(c[0]) for node, c in steady.hand.leaks.items()})
        return state.response(read, drawn)


def _allowed(network: Network, output: Output, properties: tuple[str, ...], role: str) -> Target:
    target = network.readable(output)
    if target.property not in properties or target.index == 0:
        raise EngineError(
            f"A gradient cannot have this as {role}.", where=network.name, got=f"{target}",
            allowed=f"{', '.join(properties)} of single nodes",
        )  # fmt: skip
    return target


class _State:
    """A solved state as linear equations: nodes whose head is free, and valves that hold a head."""

    def __init__(self, project: Project, network: Network, leaks: dict[int, float]) -> None:
        self.project, self.network = project, network
        count = len(network.link_kinds)
        links, nodes = range(1, count + 1), range(1, len(network.node_kinds) + 1)
        self.flow = np.array([project.link(i, Link.FLOW) for i in links])
        self.open = np.array([project.link(i, Link.STATUS) for i in links]) > 0
        self.head = np.array([project.node(i, Node.HEAD) for i in nodes])
        self.loss = self.head[network.start - 1] - self.head[network.end - 1]
        self.free = np.array([kind == "junction" for kind in network.node_kinds])
        self.leak = np.zeros(len(self.head))
        for node, coefficient in leaks.items():
            pressure = max(abs(self.head[node - 1] - network.elevation_m[node - 1]), 0.01)
            exponent = network.emitter_exponent
            self.leak[node - 1] = coefficient * exponent * pressure ** (exponent - 1)
        self.holding = self._holding()

    def conductance(self) -> Floats:
        """dq/dh of every link in L/s per m; 0 where it is closed or holds a flow or a head."""
        network = self.network
        g = np.zeros(len(self.flow))
        pipes = np.array([kind == "pipe" for kind in network.link_kinds]) & self.open
        g[pipes] = 1.0 / self._pipe_slope(np.flatnonzero(pipes))
        for i in np.flatnonzero(self.open & ~pipes):
            if i in self.holding:
                continue
            g[i] = self._pump(int(i)) if network.link_kinds[i] == "pump" else self._valve(int(i))
        return np.minimum(g, STIFF)

    # --- links ---------------------------------------------------------------------------------------------------
    def _pipe_slope(self, pipes: npt.NDArray[np.int64]) -> Floats:
        """dh/dq in m per L/s, from the pipes' present diameters."""
        project, network = self.project, self.network
        q = np.maximum(np.abs(self.flow[pipes]), LEAST_FLOW_L_PER_S) / 1000
        d = np.array([project.link(int(i) + 1, Link.DIAMETER) for i in pipes]) / 1000
        rough = np.array([project.link(int(i) + 1, Link.ROUGHNESS) for i in pipes])
        minor = np.array([project.link(int(i) + 1, Link.MINOR_LOSS) for i in pipes])
        length = network.length_m[pipes]
        form = int(project.option(Option.HEADLOSS))
        if form == HAZEN_WILLIAMS:
            slope = 1.852 * 10.667 * length / (rough**1.852 * d**4.871) * q**0.852
        elif form == CHEZY_MANNING:
            slope = 2 * 10.294 * rough**2 * length / d**5.333 * q
        else:
            slope = self._darcy_slope(q, d, rough / 1000, length)
        slope += 2 * minor * 8 / (np.pi**2 * GRAVITY * d**4) * q
        return np.asarray(np.maximum(slope / 1000, 1.0 / STIFF))

    def _darcy_slope(self, q: Floats, d: Floats, rough_m: Floats, length: Floats) -> Floats:
        """h = f L/D v^2/2g; laminar below Re 2000, else Swamee-Jain with its own change with the flow."""
        viscosity = WATER_M2_PER_S * self.project.option(Option.VISCOSITY)
        reynolds = 4 * q / (np.pi * d * viscosity)
        inner = rough_m / (3.7 * d) + 5.74 / reynolds**0.9
        friction = 0.25 / np.log10(inner) ** 2
        change = 1.8 * (5.74 / reynolds**0.9) / (inner * np.log(inner))
        turbulent = (2 + change) * friction * length / d * 8 * q / (np.pi**2 * GRAVITY * d**4)
        laminar = 128 * viscosity * length / (np.pi * GRAVITY * d**4)
        return np.where(reynolds < 2000, laminar, turbulent)

    def _pump(self, i: int) -> float:
        """dq/dh of a running pump: q / dh at constant power, else the slope of its head curve at its speed."""
        q, lift = max(abs(self.flow[i]), LEAST_FLOW_L_PER_S), max(-self.loss[i], 1e-3)
        if i + 1 in self.network.power_kw:
            return float(q / lift)
        speed = self.project.link(i + 1, Link.SETTING) or 1.0
        slope = speed * _curve_slope(self._curve(i + 1), q / speed)
        return 1.0 / max(slope, 1.0 / STIFF)

    def _curve(self, link: int) -> Floats:
        """Points (flow L/s, head m) of a pump's head curve."""
        p = self.project
        curve = p.integer("getheadcurveindex", link)
        points, x, y = [], ctypes.c_double(), ctypes.c_double()
        for i in range(1, p.integer("getcurvelen", curve) + 1):
            p.call("getcurvevalue", curve, i, ctypes.byref(x), ctypes.byref(y))
            points.append((x.value, y.value))
        return np.array(points)

    def _valve(self, i: int) -> float:
        """dq/dh of a valve that is open without holding anything: from its own loss, quadratic in the flow."""
        q = max(abs(self.flow[i]), LEAST_FLOW_L_PER_S)
        return float(min(q / (2 * max(abs(self.loss[i]), 1e-9)), STIFF))

    def _holding(self) -> dict[int, tuple[tuple[int, float], ...]]:
        """Valves that hold something -> what their extra equation says, as (node, factor) of the head changes = 0."""
        network, found = self.network, dict[int, tuple[tuple[int, float], ...]]()
        for i in np.flatnonzero(self.open & np.isin(network.link_types, _HOLDING)):
            kind = network.link_types[i]
            a, b = int(network.start[i]) - 1, int(network.end[i]) - 1
            setting = self.project.link(int(i) + 1, Link.SETTING)
            if kind == LinkKind.PRV and abs(self.head[b] - network.elevation_m[b] - setting) < 1e-2:
                found[int(i)] = ((b, 1.0),)
            elif kind == LinkKind.PSV and abs(self.head[a] - network.elevation_m[a] - setting) < 1e-2:
                found[int(i)] = ((a, 1.0),)
            elif kind == LinkKind.PBV and abs(self.loss[i] - setting) < 1e-2:
                found[int(i)] = ((a, 1.0), (b, -1.0))
            elif kind == LinkKind.FCV and abs(self.flow[i] - setting) < 1e-2:
                found[int(i)] = ()
        return found

    # --- the linear system ---------------------------------------------------------------------------------------
    def response(self, outputs: Sequence[Target], sources: Sequence[Target]) -> Floats:
        """(outputs, sources) in m per L/s; 0 for nodes that no open link joins to a tank or reservoir."""
        from scipy.sparse.linalg import splu

        g = self.conductance()
        fed = self._fed(g)
        place = np.cumsum(fed) - 1
        answer = np.zeros((len(outputs), len(sources)))
        read = [(i, int(place[t.index - 1])) for i, t in enumerate(outputs) if fed[t.index - 1]]
        drawn = [(j, int(place[t.index - 1])) for j, t in enumerate(sources) if fed[t.index - 1]]
        if read and drawn:
            matrix = self._matrix(g, fed, place)
            right = np.zeros((matrix.shape[0], len(read)))
            right[[node for _, node in read], np.arange(len(read))] = 1.0
            inverse = splu(matrix).solve(right, trans="T")
            block = -inverse[[node for _, node in drawn]].T
            answer[np.ix_([i for i, _ in read], [j for j, _ in drawn])] = block
        return answer

    def _matrix(self, g: Floats, fed: npt.NDArray[np.bool_], place: npt.NDArray[np.int64]) -> Any:
        """A' g A over the fed junctions, then one row and column per holding valve: its flow and its own equation."""
        from scipy.sparse import csc_matrix

        rows, columns, data = [place[fed]], [place[fed]], [self.leak[fed] + 1e-12]
        a, b = self.network.start - 1, self.network.end - 1
        for one, other in ((a, b), (b, a)):
            mine = fed[one] & (g > 0)
            both = mine & fed[other]
            rows += [place[one[mine]], place[one[both]]]
            columns += [place[one[mine]], place[other[both]]]
            data += [g[mine], -g[both]]
        size = int(fed.sum())
        single: list[tuple[int, int, float]] = []
        for i, equation in self.holding.items():
            if not equation:
                continue
            single += [(int(place[n]), size, sign) for n, sign in ((a[i], 1.0), (b[i], -1.0)) if fed[n]]
            terms = [(size, int(place[n]), factor) for n, factor in equation if fed[n]]
            single += terms or [(size, size, 1.0)]
            size += 1
        if single:
            extra = np.array(single)
            rows.append(extra[:, 0].astype(np.int64))
            columns.append(extra[:, 1].astype(np.int64))
            data.append(extra[:, 2])
        return csc_matrix((np.concatenate(data), (np.concatenate(rows), np.concatenate(columns))), (size, size))

    def _fed(self, g: Floats) -> npt.NDArray[np.bool_]:
        """Junctions joined by open links to a fixed head."""
        from scipy.sparse import coo_matrix
        from scipy.sparse.csgraph import connected_components

        joined = g > 0
        joined[[i for i, equation in self.holding.items() if equation]] = True
        a, b = self.network.start[joined] - 1, self.network.end[joined] - 1
        size = len(self.free)
        _, part = connected_components(coo_matrix((np.ones(len(a)), (a, b)), (size, size)), directed=False)
        return np.asarray(self.free & np.isin(part, part[~self.free]))


def _curve_slope(points: Floats, q: float) -> float:
    """-dH/dq (m per L/s, positive) of a head curve: EPANET's power function for one or three points, else straight lines.

    User Manual, section 3.2: one point (q, h) stands for shutoff head 4/3 h and largest flow 2 q.
    """
    if len(points) == 1:
        (flow, head) = points[0]
        points = np.array([(0.0, 4 / 3 * head), (flow, head), (2 * flow, 0.0)])
    if len(points) == 3 and points[0, 0] == 0:
        h0, (q1, h1), (q2, h2) = points[0, 1], points[1], points[2]
        power = np.log((h0 - h2) / (h0 - h1)) / np.log(q2 / q1)
        factor = (h0 - h1) / q1**power
        return float(power * factor * q ** (power - 1))
    i = int(np.clip(np.searchsorted(points[:, 0], q), 1, len(points) - 1))
    return float(-(points[i, 1] - points[i - 1, 1]) / (points[i, 0] - points[i - 1, 0]))
