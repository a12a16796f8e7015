"""A boundary so large that leaks run long before its night flow shows them, and a district meter that splits it.

The split is searched on the graph: the fewest pipes between what lies near the inlets and a part far from them; one of these
pipes carries the new meter, the others are closed. Closing is tried in the model: a split that breaks a
limit anew, or leaves a customer below the floor who was above it, is not offered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats, Prior, Simulator, View
from cityloop.domains.water.balance import boundaries, name_of
from cityloop.domains.water.boundary_state import BoundaryState
from cityloop.domains.water.network import PipeNetwork, read_network
from cityloop.domains.water.pipes.new_leaks import NewLeaks, days_to_notice, new_leaks, unseen_l_per_s
from cityloop.domains.water.pressure.model import PressureRun, open_zone
from cityloop.domains.water.pressure.problems import PRESSURE_VALVES, pressure_floor
from cityloop.domains.water.pricing import (
    M3_PER_YEAR_PER_L_PER_S,
    cost_row,
    price_of,
    realisation_of,
    yearly_cost,
)
from cityloop.domains.water.supply.texts import NO_PRICE, ROW_NOTES, SUPPLY_TITLES, sourced, supply_note
from cityloop.economics.prices import policy_price
from cityloop.records import Change, Countermeasure, Effect, Estimate, Problem, Realisation, Thing, record_id

__all__ = ["Split", "district_meter", "find_splits", "late_detection"]

PRICE = "district_meter_each"
#: The smaller part must hold this share of the length; more closed pipes than this are no split; splits tried in the model.
LEAST_PART, MOST_CLOSED, TRIED = 0.25, 5, 3
#: Days within which a leak is said to show or not.
SOON_DAYS = 28
Mask = npt.NDArray[np.bool_]
Index = npt.NDArray[np.int64]
#: Far parts that are tried.
SEEDS = 12


@dataclass(frozen=True)
class Split:
    """One way to split: the pipe that carries the meter, those that are closed, share of the length behind them."""

    meter: Thing
    closed: tuple[Thing, ...]
    share: float


# --- the problem -------------------------------------------------------------------------------------------------
def late_detection(view: View, states: Sequence[BoundaryState], priors: Mapping[str, Prior]) -> list[Problem]:
    """Boundaries whose new leaks lose more than `unseen_leakage_least` before they are noticed.

    Asked only where the policy has a price of a district meter, and where breaks are on record: nothing is assumed there.
    """
    if policy_price(view.policy, PRICE) is None:
        return []
    found = []
    for state in states:
        leaks = new_leaks(view, [state.boundary])
        if leaks is None or state.statistic is None or state.statistic.sd <= 0:
            continue
        unseen = _unseen(view, leaks, ((1.0, state.statistic.sd),), priors)
        if unseen.value > priors["unseen_leakage_least"].value:
            found.append(_problem(view, state, leaks, state.statistic.sd, unseen))
    return found


def _unseen(view: View, leaks: NewLeaks, parts: Sequence[tuple[float, float]], priors: Mapping[str, Prior]) -> Estimate:
    """Mean flow of unnoticed new leaks; the interval is that of their number."""
    each = unseen_l_per_s(1.0, parts, priors)
    level = view.policy.level
    low, high = (float(q) * each for q in np.quantile(leaks.drawn, [0.5 - level / 2, 0.5 + level / 2]))
    value = leaks.per_year * each
    return Estimate(value=value, low=min(low, value), high=max(high, value), level=level, unit="L/s")


def _problem(view: View, state: BoundaryState, leaks: NewLeaks, sd: float, unseen: Estimate) -> Problem:
    least = next(
        (q for q in np.arange(0.05, 50, 0.05) if days_to_notice(float(q), sd, longest_days=1e9) <= SOON_DAYS), 50.0
    )
    none = Estimate(value=0.0, low=0.0, high=0.0, level=unseen.level, unit="L/s")
    cost, cost_note = yearly_cost(view.policy, unseen)
    span = view.span(state.streams) or (view.now, view.now)
    return Problem(
        id=record_id(view.city, "problem", "late_detection", state.boundary.id),
        simulated=state.simulated,
        domain="water",
        kind="late_detection",
        boundary=state.boundary.id,
        indicator="unseen_leakage",
        observed=unseen,
        expected=none,
        gap=unseen,
        onset=None,
        detected=view.now,
        cost_per_year=cost,
        evidence=view.evidence(state.streams, start=span[0], end=min(span[1], view.now)),
        notes=(
            supply_note(
                "coarse_district", name=name_of(state.boundary), sd=f"{sd:.2f}", least=f"{least:.2g}", days=SOON_DAYS
            ),
            supply_note("breaks", breaks=f"{leaks.per_year:.1f}"),
            cost_note,
        ),
        details={"sd_l_per_s": sd, "new_leaks_per_year": leaks.per_year, "noticed_within_28_days_l_per_s": float(least)},
    )  # fmt: skip


# --- the split ---------------------------------------------------------------------------------------------------
def find_splits(network: PipeNetwork, inlets: Sequence[str]) -> list[Split]:
    """Ways to split the pipes of a boundary, fewest closed pipes first; none where there is no inlet or too many pipes
    cross. `inlets` are node ids of the network.
    """
    starts = [network.index[i] for i in inlets if i in network.index]
    known: Mask = np.asarray((network.ends >= 0).all(axis=1))
    if not starts or not known.any():
        return []
    nodes = np.unique(network.ends[known])
    away = network.distance_m[starts].min(axis=0)
    reached = nodes[np.isfinite(away[nodes])]
    near = reached[np.argsort(away[reached], kind="stable")][: max(int(LEAST_PART * len(reached)), 1)]
    found: dict[tuple[str, ...], Split] = {}
    for seed in _seeds(network, reached, away):
        order = reached[np.argsort(network.distance_m[seed][reached], kind="stable")]
        beyond = np.setdiff1d(order[: max(int(LEAST_PART * len(reached)), 1)], near)
        if len(beyond):
            split = _cut(network, _far_side(network, known, reached, near, beyond), known, starts)
            if split is not None:
                found.setdefault(tuple(sorted(p.id for p in (split.meter, *split.closed))), split)
    return sorted(found.values(), key=lambda s: (len(s.closed), abs(s.share - 0.5), s.meter.name))


def _seeds(network: PipeNetwork, reached: Index, away: Floats) -> list[int]:
    """Nodes from which a far part may grow: the farthest from the inlets, then each the farthest from those before it."""
    seeds = [int(reached[np.argmax(away[reached])])]
    while len(seeds) < min(SEEDS, len(reached)):
        apart = np.minimum(away[reached], network.distance_m[seeds][:, reached].min(axis=0))
        seeds.append(int(reached[np.argmax(apart)]))
    return seeds


def _far_side(network: PipeNetwork, known: Mask, reached: Index, near: Index, beyond: Index) -> Mask:
    """The nodes behind the fewest pipes between two sets of nodes (Ford and Fulkerson 1956: maximum flow = minimum cut)."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import breadth_first_order, maximum_flow

    n = len(network.nodes)
    source, sink, many = n, n + 1, len(network.pipes) + 1
    ends = network.ends[known]
    rows = np.concatenate([ends[:, 0], ends[:, 1], np.full(len(near), source), beyond])
    columns = np.concatenate([ends[:, 1], ends[:, 0], near, np.full(len(beyond), sink)])
    capacity = np.concatenate([np.ones(2 * len(ends)), np.full(len(near) + len(beyond), many)]).astype(np.int32)
    graph = coo_matrix((capacity, (rows, columns)), shape=(n + 2, n + 2)).tocsr()
    left = graph - maximum_flow(graph, source, sink).flow
    left.data = np.where(left.data > 0, 1, 0)
    left.eliminate_zeros()
    before = breadth_first_order(left, source, return_predecessors=False)
    far = np.zeros(n, dtype=bool)
    far[reached] = True
    far[before[before < n]] = False
    return far


def _cut(network: PipeNetwork, far: Mask, known: Mask, starts: Sequence[int]) -> Split | None:
    """The split between two sets of nodes; None where a part is too small, too much crosses, or one falls apart."""
    side = far[network.ends]
    crossing = np.flatnonzero(known & (side[:, 0] != side[:, 1]))
    total = float(network.length_m[known].sum())
    share = float(network.length_m[known & side.all(axis=1)].sum()) / max(total, 1e-9)
    if not 1 <= len(crossing) <= MOST_CLOSED + 1 or not LEAST_PART <= share <= 1 - LEAST_PART:
        return None
    by_size = sorted(crossing, key=lambda i: (-_diameter(network.pipes[i]), network.pipes[i].name))
    kept, closed = int(by_size[0]), [int(i) for i in by_size[1:]]
    if not _whole(network, known, closed, starts):
        return None
    return Split(network.pipes[kept], tuple(network.pipes[i] for i in closed), share)


def _diameter(pipe: Thing) -> float:
    value = pipe.properties.get("diameter_mm")
    return float(value) if isinstance(value, int | float) else 0.0


def _whole(network: PipeNetwork, known: Mask, closed: Sequence[int], starts: Sequence[int]) -> bool:
    """Whether every node that is reached from the inlets still is, with some pipes closed."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    n = len(network.nodes)

    def reached(rows: np.ndarray) -> np.ndarray:
        ends = network.ends[rows]
        graph = coo_matrix((np.ones(len(rows)), (ends[:, 0], ends[:, 1])), shape=(n, n))
        labels = connected_components(graph, directed=False)[1]
        return np.isin(labels, labels[list(starts)])

    rows = np.flatnonzero(known)
    open_ = np.setdiff1d(rows, np.array(closed, dtype=np.int64))
    return bool((reached(rows) == reached(open_)).all())


def _inlets(view: View, boundary: Thing, network: PipeNetwork) -> list[str]:
    """Nodes of the boundary's own pipes at which its inflow pipes end."""
    own = {network.nodes[i].id for i in np.unique(network.ends[network.ends >= 0])}
    things = {t.id: t for t in view.records(Thing)}
    ends = [
        r.thing for i in boundary.relations if i.kind == "inflow" and i.thing in things
        for r in things[i.thing].relations if r.kind in ("start", "end")
    ]  # fmt: skip
    return [e for e in dict.fromkeys(ends) if e in own]


# --- the countermeasure ------------------------------------------------------------------------------------------
def district_meter(
    view: View,
    simulator: Simulator | None,
    problem: Problem,
    rates: Mapping[str, Realisation],
    priors: Mapping[str, Prior],
) -> list[Countermeasure]:
    """The first split that the model bears; none without a model, a network or a price."""
    price, sd = policy_price(view.policy, PRICE), problem.details.get("sd_l_per_s")
    boundary = view.get(Thing, problem.boundary)
    network = read_network(view, boundary, boundaries(view))
    if simulator is None or price is None or network is None or not isinstance(sd, float):
        return []
    splits = find_splits(network, _inlets(view, boundary, network))[:TRIED]
    zone = open_zone(view, simulator, boundary, PRESSURE_VALVES) if splits else None
    leaks = new_leaks(view, [boundary])
    if zone is None or leaks is None:
        return []
    variants = [tuple(Change(thing=p.id, property="status", value=0.0) for p in s.closed) for s in splits]
    without, *runs = zone.run_all([(), *variants], days=1)
    for split, changes, run in zip(splits, variants, runs, strict=True):
        if _bears(view, without, run):
            return [_measure(view, problem, boundary, split, changes, sd, leaks, (without, run), rates, priors)]
    return []


def _bears(view: View, without: PressureRun, run: PressureRun) -> bool:
    """Whether nothing is broken anew and no customer falls below the floor."""
    if any(key not in without.broken for key in run.broken):
        return False
    floor = pressure_floor(view)
    limit = floor.pressure_m if floor is not None else 0.0
    return bool((run.lowest >= np.minimum(without.lowest, limit) - 1e-6).all())


def _measure(
    view: View, problem: Problem, boundary: Thing, split: Split, changes: tuple[Change, ...], sd: float, leaks: NewLeaks,
    runs: tuple[PressureRun, PressureRun], rates: Mapping[str, Realisation], priors: Mapping[str, Prior],
) -> Countermeasure:  # fmt: skip
    kind, level, scale = "district_meter", view.policy.level, priors["night_scatter_exponent"]
    rate = realisation_of(kind, rates, priors)
    before = unseen_l_per_s(leaks.per_year, ((1.0, sd),), priors)

    def after(exponent: float) -> float:
        parts = [(s, sd * s**exponent) for s in (split.share, 1 - split.share)]
        return unseen_l_per_s(leaks.per_year, parts, priors)

    saved: Floats = np.array([max(before - after(e), 0.0) for e in (scale.low, scale.value, scale.high)])
    value = float(saved[1]) * rate.estimate.value
    low, high = float(saved.min()) * max(rate.estimate.low, 0.0), float(saved.max()) * rate.estimate.high
    effect = Estimate(value=value, low=min(low, value), high=max(high, value), level=level, unit="L/s")
    years = round(priors["district_meter_years"].value)
    chamber, water = policy_price(view.policy, PRICE), price_of(view.policy, priors, "water_per_m3")
    valve, closed = price_of(view.policy, priors, "valve_operation_each"), float(len(split.closed))
    volume = Estimate(
        value=value * M3_PER_YEAR_PER_L_PER_S, low=effect.low * M3_PER_YEAR_PER_L_PER_S,
        high=effect.high * M3_PER_YEAR_PER_L_PER_S, level=level, unit="m3/year",
    )  # fmt: skip
    one = Estimate(value=1.0, low=1.0, high=1.0, level=level, unit="1")
    costs = [cost_row("district meter", "cost", one, chamber, tags=("meter",))]
    if closed and valve is not None:
        count = Estimate(value=closed, low=closed, high=closed, level=level, unit="valve")
        costs.append(cost_row("boundary valves", "cost", count, valve, tags=("valve",)))
    text = sourced(water.source if water else NO_PRICE, ROW_NOTES["noticed"], power=f"{scale.value:g}")
    costs.append(
        cost_row(
            "saved water", "benefit" if water else "non_monetary", volume, water, tags=("water",), source=text, life=years,
            recurrence=1,
        )
    )  # fmt: skip
    title, area = SUPPLY_TITLES[kind], name_of(boundary)
    words = {"meter": split.meter.name, "closed": len(split.closed)}
    without, run = runs
    return Countermeasure(
        id=record_id(view.city, "countermeasure", kind, split.meter.name, boundary.id),
        simulated=problem.simulated,
        domain="water",
        kind=kind,
        title_en=title.in_("en", name=area.en, **words),
        title_zh=title.in_("zh", name=area.zh, **words),
        boundary=boundary.id,
        targets=(split.meter.id, *(p.id for p in split.closed)),
        changes=changes,
        answers=(problem.id,),
        effects=(
            Effect(
                indicator="unseen_leakage", thing=boundary.id, estimate=effect, period="of new leaks, from its start on",
                out_of=before,
            ),
        ),
        costs=tuple(costs),
        realisation=rate,
        one_of=f"district_meter:{boundary.id}",
        uses={"crew_days": priors["district_meter_days"].value},
        details={
            "compared_with": "doing nothing", "closed": ", ".join(p.name for p in split.closed), "share_behind": split.share,
            "sd_l_per_s": sd, "unseen_without_l_per_s": before, "unseen_with_l_per_s": after(scale.value),
            "modelled_lowest_without_m": float(without.lowest.min()), "modelled_lowest_with_m": float(run.lowest.min()),
        },
    )  # fmt: skip
