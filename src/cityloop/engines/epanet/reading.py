"""Reads outputs from a solved project."""

from collections.abc import Mapping, Sequence

import numpy as np

from cityloop.contracts import Floats
from cityloop.engines.epanet.network import NETWORK, Network, Target
from cityloop.engines.epanet.toolkit import Link, Node, Project
from cityloop.errors import EngineError

__all__ = ["Reader", "refuse_absurd"]

#: A pressure or level beyond this (m) says that the model is broken, not that the city is: no main stands 1 km.
ABSURD_M = 1000.0
_STATES = {"pressure_m": Node.PRESSURE, "head_m": Node.HEAD, "level_m": Node.PRESSURE}
_FLOWS = {
    "flow_l_per_s": Link.FLOW,
    "velocity_m_per_s": Link.VELOCITY,
    "power_kw": Link.ENERGY,
    "status": Link.STATUS,
    "setting": Link.SETTING,
}


class Reader:
    """Reads the outputs of one question; `..._columns` say where in the answer they belong.

    `leaks` = junction -> coefficient (rows,); a leak's flow is computed from the pressure by EPANET's own law.
    """

    def __init__(
        self, project: Project, network: Network, targets: Sequence[Target], leaks: Mapping[int, Floats]
    ) -> None:
        self.project, self.network, self.leaks = project, network, leaks
        self.states = [(t.index, int(_STATES[t.property])) for t in targets if t.property in _STATES]
        self.state_columns = [i for i, t in enumerate(targets) if t.property in _STATES]
        total = [t.kind == NETWORK and t.property == "demand_l_per_s" for t in targets]
        self.total_columns = [i for i, is_total in enumerate(total) if is_total]
        self.flow_columns = [
            i for i, t in enumerate(targets) if t.property not in _STATES and i not in self.total_columns
        ]
        self.flows = [targets[i] for i in self.flow_columns]
        self.needs_leaks = any(t.property in ("leak_l_per_s", "demand_l_per_s") for t in self.flows)
        self.coefficients: dict[int, float] = {}
        self._calls = [self._call(t) for t in self.flows]

    def _call(self, target: Target) -> tuple[bool, int, int]:
        """(is a plain link value, index, toolkit code)."""
        if target.property in _FLOWS:
            return True, target.index, int(_FLOWS[target.property])
        return False, target.index, int(target.property == "leak_l_per_s")

    def set_leaks(self, row: int) -> None:
        """Which coefficients hold from this row on."""
        if self.needs_leaks:
            self.coefficients = {node: float(c[row]) for node, c in self.leaks.items() if c[row]}

    def read_states(self) -> list[float]:
        """Pressures, heads and levels now."""
        node = self.project.node
        return [node(index, code) for index, code in self.states]

    def read_flows(self) -> Floats:
        """Flows, powers and status now, in the order of `flow_columns`."""
        leaks = self._leaks() if self.coefficients else {}
        node, link, found = self.project.node, self.project.link, []
        for is_link, index, code in self._calls:
            if is_link:
                found.append(link(index, code))
            elif code:
                found.append(leaks.get(index, 0.0) if index else sum(leaks.values()))
            else:
                found.append(node(index, Node.DEMAND) - leaks.get(index, 0.0))
        return np.array(found)

    def _leaks(self) -> dict[int, float]:
        """Flow of every leak, L/s; water is drawn in where the pressure is negative, as EPANET has it."""
        exponent, found = self.network.emitter_exponent, {}
        for node, coefficient in self.coefficients.items():
            pressure = self.project.node(node, Node.PRESSURE)
            found[node] = float(coefficient * np.sign(pressure) * abs(pressure) ** exponent)
        return found


def refuse_absurd(network: Network, targets: Sequence[Target], answer: Floats) -> None:
    """Raise EngineError where an answer is no number or a pressure that no network has."""
    bad = ~np.isfinite(answer)
    pressures = [i for i, t in enumerate(targets) if t.property in ("pressure_m", "level_m")]
    bad[:, pressures] |= np.abs(answer[:, pressures]) > ABSURD_M
    if bad.any():
        row, column = (int(i) for i in np.argwhere(bad)[0])
        raise EngineError(
            f"The model gives an absurd result at {int(bad.any(axis=0).sum())} place(s).",
            where=f"{network.name}, {targets[column]}, row {row}",
            got=f"{answer[row, column]:.3g}",
            allowed=f"pressures within {ABSURD_M:g} m",
            cure="Look for placeholder diameters, junctions cut off by closed links, or demand no pipe can carry"
            " (cityloop doctor).",
        )
