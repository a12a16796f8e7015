"""Where the next pressure loggers of a boundary should stand, given those there already. Modelled, never measured.

The sites are chosen greedily so that leaks which look alike lie close together (evidence.siting, by the model's response of
heads to a leak at every junction in two hours of a usual day). What they bring is played: leaks at many places, shifts at the
loggers with the errors that a model has, the place of least expected distance named, the pipes searched in ranked order.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats, Output, Prior, Progress, SensorSite, SensorSites, Simulator, View
from cityloop.domains.water.balance import boundaries, network_of, streams_of
from cityloop.domains.water.meters.site_notes import site_note
from cityloop.domains.water.network import PipeNetwork, read_network
from cityloop.domains.water.pricing import Price, price_of
from cityloop.evidence.normal import half_width
from cityloop.evidence.siting import Telling, choose, spread
from cityloop.records import Estimate, Money, Problem, Thing

__all__ = ["Zone", "chances", "expected", "propose_sites", "read_zones"]

#: The leak that is to be told apart (L/s), the error of a mean head (m), the relative error of a modelled response. The first
#: choose the sites; with the last the play comes near what the whole loop reaches on ky4 (docs/place.md).
TELLING = Telling(size=4.0, error=0.01, relative_error=0.1)
PLAYED_ERROR = 0.35
#: Local hours of a usual day whose states are asked; days that the model is run to reach it.
HOURS, RUN_DAYS = (9, 18), 3
#: At most so many places are compared in a boundary; shifts drawn for each.
PLACES, DRAWS, SEED = 300, 8, 20_260_103
LEAKAGE = ("burst", "growing_leakage")
Index = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Zone:
    """The places of one boundary: junctions that stand for those around them, with `length_m` of pipe (places,) at each.

    `candidates` = the places, then the junctions of standing loggers that are none of them; `given` = the loggers that stand
    already, as candidates; `response` (states, candidates, places) m of head per L/s of leak.
    """

    boundary: Thing
    candidates: tuple[Thing, ...]
    length_m: Floats
    distance_m: Floats
    response: Floats
    given: tuple[int, ...]

    @cached_property
    def confusion_m(self) -> float:
        """Mean distance of two places, m: the score of no logger at all."""
        share = self.length_m / self.length_m.sum()
        return float(share @ self.distance_m @ share)


@dataclass(frozen=True)
class Play:
    """What came of the leaks played in one boundary: (places * DRAWS,) metres from the named place, km searched, weight."""

    metres: Floats
    km: Floats
    weight: Floats


def propose_sites(
    view: View, simulator: Simulator | None, priors: Mapping[str, Prior], *, count: int,
    progress: Progress | None = None,
) -> SensorSites:  # fmt: skip
    """The next `count` loggers of the city; boundaries share them by what each logger brings."""
    price = price_of(view.policy, priors, "sensor_each") or price_of(view.policy, priors, "replace_sensor")
    zones, notes = read_zones(view, simulator, progress)
    if not zones:
        return _stated((), 0, None, None, price, notes, {})
    searching, years, searches, assumed = _searching(view, priors)
    standing = {id(z): list(z.given) for z in zones}
    before = _together(zones, [expected(z, standing[id(z)]) for z in zones])
    now, sites = before, []
    for number, (zone, candidate) in enumerate(_next_sites(zones)):
        if number >= count:
            break
        if progress is not None:
            progress(number / count, zone.candidates[candidate].name)
        standing[id(zone)] = [*standing[id(zone)], candidate]
        then = _together(zones, [expected(z, standing[id(z)]) for z in zones])
        saved = _mean(now.km - then.km, then.weight, view.policy.level)
        worth = _worth(view, saved.value, searching, years, searches)
        sites.append(
            SensorSite(
                thing=zone.candidates[candidate].id,
                boundary=zone.boundary.id,
                observed_property="water_pressure",
                apart=_spread_of(then.metres, then.weight, view.policy.level, "m"),
                search=_spread_of(then.km, then.weight, view.policy.level, "km"),
                saved=saved,
                worth=worth,
            )
        )
        now = then
    if len(sites) < count:
        notes.append(site_note("no_more", n=len(sites)))
    notes.append(site_note("modelled", size=f"{TELLING.size:g}", percent=f"{100 * PLAYED_ERROR:.0f}"))
    level = view.policy.level
    return _stated(
        tuple(sites), sum(len(z.given) for z in zones), _spread_of(before.metres, before.weight, level, "m"),
        _spread_of(before.km, before.weight, level, "km"), price, notes, assumed,
    )  # fmt: skip


def _stated(
    sites: tuple[SensorSite, ...], standing: int, apart: Estimate | None, search: Estimate | None, price: Price | None,
    notes: Sequence[str], assumed: Mapping[str, tuple[float | Money, str, str]],
) -> SensorSites:  # fmt: skip
    return SensorSites(
        sites=sites, standing=standing, apart=apart, search=search, price=price.money if price else None,
        price_source=price.source if price else "", price_status=price.status if price else "", notes=tuple(notes),
        assumed=assumed,
    )  # fmt: skip


# --- the places ---------------------------------------------------------------------------------------------------
def read_zones(
    view: View, simulator: Simulator | None, progress: Progress | None = None
) -> tuple[list[Zone], list[str]]:
    """The boundaries in which a leak can be told by pressures, and what is missing in the others."""
    notes: list[str] = []
    if simulator is None:
        return [], [site_note("no_model")]
    places = boundaries(view)
    if not places:
        return [], [site_note("no_boundary")]
    found = []
    for number, boundary in enumerate(places):
        if progress is not None:
            progress(0.0, f"{boundary.name} {number + 1} / {len(places)}")
        network = read_network(view, boundary, places) if network_of(view, boundary) else None
        if network is None:
            notes.append(site_note("no_network", name=boundary.name))
            continue
        zone = _zone(view, simulator, boundary, network)
        if zone is None:
            notes.append(site_note("too_small", name=boundary.name))
        else:
            found.append(zone)
    return found, notes


def _zone(view: View, simulator: Simulator, boundary: Thing, network: PipeNetwork) -> Zone | None:
    """One boundary with the model's response at HOURS; None where fewer than two junctions have pipe."""
    weights = network.junction_weights_m()
    own = np.flatnonzero(weights > 0)
    if len(own) < 2:
        return None
    distance = network.distance_m[np.ix_(own, own)]
    known = distance[np.isfinite(distance)]
    distance = np.where(np.isfinite(distance), distance, known.max())
    kept = spread(distance, PLACES)
    nearest = np.argmin(distance[:, kept], axis=1)
    length = np.bincount(nearest, weights=weights[own], minlength=len(kept)).astype(np.float64)
    nodes = [network.nodes[i] for i in own[kept]]
    inside = {network.nodes[i].id: network.nodes[i] for i in own}
    loggers = [inside[t] for t in sorted(streams_of(view, "water_pressure")) if t in inside]
    candidates = (*nodes, *(t for t in loggers if t not in nodes))
    given = tuple(candidates.index(t) for t in loggers)
    inputs, states = _usual_states(view, simulator, network_of(view, boundary))
    outputs = [(n.id, "head_m") for n in candidates]
    sources = [(n.id, "leak_l_per_s") for n in nodes]
    response = np.stack(
        [simulator.gradient([], inputs=inputs, values=values, outputs=outputs, sources=sources) for values in states]
    )
    return Zone(boundary, candidates, length, distance[np.ix_(kept, kept)], response, given)


def _usual_states(view: View, simulator: Simulator, network: str) -> tuple[list[Output], Floats]:
    """What the model is told in HOURS of a usual day: demand, levels, pumps; (hours, inputs)."""
    things = view.records(Thing)
    inputs: list[Output] = [(network, "demand_l_per_s")]
    inputs += [(t.id, "level_m") for t in things if t.kind == "tank" and _in_model(t)]
    inputs += [(t.id, "status") for t in things if t.kind == "pump" and _in_model(t)]
    zone = ZoneInfo(view.timezone)
    first = view.now.astimezone(zone).date() - timedelta(days=RUN_DAYS)
    start = datetime.combine(first, time(), tzinfo=zone).astimezone(UTC)
    run = simulator.run([], start=start, steps=RUN_DAYS * 24, step_s=3600, outputs=inputs)
    day = np.stack([run.series[i][-24:] for i in inputs], axis=1)[list(HOURS)]
    pumps = [i for i, (_, what) in enumerate(inputs) if what == "status"]
    day[:, pumps] = np.round(day[:, pumps])
    return inputs, day


def _in_model(thing: Thing) -> bool:
    """Whether a tank or pump is an element of a model: those of a register alone have none of its properties."""
    return "initial_status" in thing.properties or "initial_level_m" in thing.properties


# --- choosing -----------------------------------------------------------------------------------------------------
def _next_sites(zones: Sequence[Zone]) -> Iterator[tuple[Zone, int]]:
    """Zone and candidate, always where the score falls most; each boundary counts by its share of the pipes."""
    total = sum(float(z.length_m.sum()) for z in zones)
    weight = [float(z.length_m.sum()) / total * z.confusion_m for z in zones]
    streams = [
        choose(z.response, distance=z.distance_m, weights=z.length_m, telling=TELLING, given=z.given) for z in zones
    ]
    left = [_score(z) for z in zones]
    ahead = [next(s, None) for s in streams]
    while any(a is not None for a in ahead):
        gains = [weight[i] * (left[i] - a[1]) if a is not None else -np.inf for i, a in enumerate(ahead)]
        best = int(np.argmax(gains))
        chosen = ahead[best]
        if chosen is None:
            return
        yield zones[best], chosen[0]
        left[best], ahead[best] = chosen[1], next(streams[best], None)


def _score(zone: Zone) -> float:
    """Share of the score that the standing loggers leave."""
    pairs = np.triu_indices(len(zone.length_m), k=1)
    cost = (zone.distance_m * np.outer(zone.length_m, zone.length_m))[pairs]
    left = cost / max(float(cost.sum()), 1e-300)
    for candidate in zone.given:
        left = left * TELLING.confusion(zone.response[:, candidate], pairs)
    return float(left.sum())


# --- what they bring ----------------------------------------------------------------------------------------------
def expected(zone: Zone, loggers: Sequence[int]) -> Play:
    """Leaks of one size at every place, DRAWS times each, found by some loggers (candidates).

    Every logger errs by its own factor and its own error of the mean head, the same in every call: what one more logger
    changes is its own doing. Seeded.
    """
    n, states = len(zone.length_m), len(zone.response)
    truth = np.repeat(np.arange(n), DRAWS)
    seen = np.empty((len(loggers), states, len(truth)))
    for row, logger in enumerate(loggers):
        rng = np.random.default_rng([SEED, logger])
        bend, error = rng.standard_normal(len(truth)), rng.standard_normal((states, len(truth)))
        modelled = TELLING.size * zone.response[:, logger][:, truth]
        seen[row] = modelled * (1 + PLAYED_ERROR * bend) + TELLING.error * error
    chance = chances(zone, loggers, seen)
    named = np.argmin(chance @ zone.distance_m, axis=1)
    weight = zone.length_m[truth] / zone.length_m[truth].sum()
    return Play(zone.distance_m[named, truth], _searched(chance, zone.length_m, truth) / 1000, weight)


def chances(zone: Zone, loggers: Sequence[int], seen: Floats) -> Floats:
    """Probability of each place, (leaks, places), from the shifts of the heads (loggers, states, leaks) in m.

    The leaks are of TELLING.size. The states of a logger share the model's error: together they count as one.
    """
    likelihood = np.zeros((seen.shape[2], len(zone.length_m)))
    for row, logger in enumerate(loggers):
        modelled = TELLING.size * zone.response[:, logger]
        variance = (PLAYED_ERROR * modelled) ** 2 + TELLING.error**2
        for state, shift in enumerate(seen[row]):
            miss = (shift[:, None] - modelled[state]) ** 2 / variance[state] + np.log(variance[state])
            likelihood -= 0.5 * miss / len(modelled)
    chance = zone.length_m * np.exp(likelihood - likelihood.max(axis=1, keepdims=True))
    return np.asarray(chance / chance.sum(axis=1, keepdims=True))


def _searched(chance: Floats, length_m: Floats, truth: Index) -> Floats:
    """Metres searched in the order of probability per metre until the true place is found, half of its own included."""
    density = chance / np.maximum(length_m, 1e-9)
    own = density[np.arange(len(truth)), truth]
    before = np.where(density > own[:, None], length_m, 0.0).sum(axis=1)
    alike = np.where(density == own[:, None], length_m, 0.0).sum(axis=1)
    return np.asarray(before + alike / 2)


def _together(zones: Sequence[Zone], plays: Sequence[Play]) -> Play:
    """The plays of all boundaries, each weighted by its share of the pipes."""
    total = sum(float(z.length_m.sum()) for z in zones)
    shares = [float(z.length_m.sum()) / total for z in zones]
    return Play(
        np.concatenate([p.metres for p in plays]), np.concatenate([p.km for p in plays]),
        np.concatenate([p.weight * share for p, share in zip(plays, shares, strict=True)]),
    )  # fmt: skip


def _spread_of(values: Floats, weight: Floats, level: float, unit: str) -> Estimate:
    """Mean, and the interval in which a share `level` of the leaks lies."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order]) / weight.sum()
    low, high = (
        float(values[order][min(int(np.searchsorted(reached, q)), len(order) - 1)])
        for q in ((1 - level) / 2, (1 + level) / 2)
    )
    mean = float(weight @ values / weight.sum())
    return Estimate(value=mean, low=min(low, mean), high=max(high, mean), level=level, unit=unit)


def _mean(values: Floats, weight: Floats, level: float) -> Estimate:
    """Weighted mean and its interval by the number of places played, km."""
    share = weight / weight.sum()
    mean = float(share @ values)
    se = float(np.sqrt(np.sum(share**2 * (values - mean) ** 2)))
    half = half_width(level) * se
    return Estimate(value=mean, low=mean - half, high=mean + half, level=level, unit="km")


# --- money --------------------------------------------------------------------------------------------------------
def _searching(
    view: View, priors: Mapping[str, Prior]
) -> tuple[Price | None, float, float, dict[str, tuple[float | Money, str, str]]]:
    """Price of a kilometre searched, years that a logger lives, searches a year, and where these are from."""
    price = price_of(view.policy, priors, "survey_per_km")
    life, searches = priors["sensor_years"], priors["searches_per_year"]
    seen = sum(float(p.details.get("steps", 1.0)) for p in view.records(Problem) if p.kind in LEAKAGE)
    streams = [s.id for group in streams_of(view, "water_flow").values() for s in group]
    span = view.span(streams) if streams else None
    years = (span[1] - span[0]) / timedelta(days=365) if span else 0.0
    per_year, source, status = searches.value, searches.source, str(searches.status)
    if seen and years > 0:
        per_year, source = seen / max(years, 1.0), site_note("seen", n=f"{seen:g}", days=f"{years * 365:.0f}")
        status = "given"
    assumed: dict[str, tuple[float | Money, str, str]] = {
        "sensor_years": (life.value, life.source, str(life.status)),
        "searches_per_year": (per_year, source, status),
    }
    if price is not None:
        assumed["survey_per_km"] = (price.money, price.source, price.status)
    return price, life.value, per_year, assumed


def _worth(view: View, saved_km: float, price: Price | None, years: float, searches: float) -> Money | None:
    """Searching saved in a logger's life, discounted by the policy's rate, at the end of each year."""
    if price is None:
        return None
    rate = view.policy.discount_rate
    factor = (1 - (1 + rate) ** -years) / rate if rate > 0 else years
    amount = max(saved_km, 0.0) * price.money.amount * searches * factor
    return Money(amount=amount, currency=price.money.currency, price_year=price.money.price_year)
