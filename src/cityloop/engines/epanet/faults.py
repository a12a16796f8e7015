"""What is wrong with a model although EPANET reads it: for `cityloop doctor`."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from cityloop.engines.epanet.network import NETWORK, Network
from cityloop.errors import EngineError

if TYPE_CHECKING:
    from cityloop.engines.epanet.model import EpanetModel

__all__ = ["find_faults"]

#: Pipes that no water company lays: below 10 mm or above 5 m across, without length, or longer than 100 km.
DIAMETERS_MM, LENGTHS_M = (10.0, 5000.0), (0.0, 100_000.0)


def find_faults(model: "EpanetModel") -> tuple[str, ...]:
    """One sentence per kind of fault, with how many and the first names."""
    return (*_pipes(model.network), *_parts(model.network), *_demand(model), *_pressures(model))


def _say(what: str, names: list[str], of: int) -> str:
    shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
    return f"{what}: {len(names)} of {of} ({shown})."


def _pipes(network: Network) -> list[str]:
    names = np.array(list(network.links))
    pipes = np.array([kind == "pipe" for kind in network.link_kinds], dtype=bool)
    found = []
    d, length = network.diameter_mm, network.length_m
    for wrong, what in (
        (
            (d < DIAMETERS_MM[0]) | (d > DIAMETERS_MM[1]),
            "Pipes with a diameter that no main has (placeholder or unit?)",
        ),
        ((length <= LENGTHS_M[0]) | (length > LENGTHS_M[1]), "Pipes with an impossible length"),
        (network.roughness <= 0, "Pipes without roughness"),
    ):
        if (wrong & pipes).any():
            found.append(_say(what, names[wrong & pipes].tolist(), int(pipes.sum())))
    return found


def _parts(network: Network) -> list[str]:
    """Junctions that no link joins to a tank or reservoir."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    size = len(network.node_kinds)
    graph = coo_matrix((np.ones(len(network.start)), (network.start - 1, network.end - 1)), (size, size))
    _, part = connected_components(graph, directed=False)
    source = np.array([kind != "junction" for kind in network.node_kinds])
    cut = ~np.isin(part, part[source])
    names = [name for name, is_cut in zip(network.nodes, cut, strict=True) if is_cut]
    return [_say("Junctions that no link joins to a tank or reservoir", names, int((~source).sum()))] if names else []


def _demand(model: "EpanetModel") -> list[str]:
    total = float(model.network.elements[0].properties["base_demand_l_per_s"])
    if total > 0:
        return []
    return [f"The model has no demand (sum {total:g} L/s): set demands before anything is simulated."]


def _pressures(model: "EpanetModel") -> list[str]:
    """Negative or absurd pressures in the first hour."""
    names = [
        name for name, kind in zip(model.network.nodes, model.network.node_kinds, strict=True) if kind == "junction"
    ]
    try:
        answer = model.run(
            [], start=datetime(2024, 1, 1, tzinfo=UTC), steps=1, step_s=3600, drivers={},
            outputs=[(NETWORK, "demand_l_per_s"), *((name, "pressure_m") for name in names)],
        )  # fmt: skip
    except EngineError as error:
        return [str(error)]
    pressure = answer[0, 1:]
    low = [name for name, p in zip(names, pressure, strict=True) if p < 0]
    if not low:
        return []
    return [_say(f"Negative pressure at the start, lowest {pressure.min():.1f} m", low, len(names))]
