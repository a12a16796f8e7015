"""Pipes that wear out: break rates by record and material, leakage above the unavoidable, and what renewal would change.

Breaks on record sharpen the rate of a pipe's material (gamma and Poisson); rates grow as exp(A t) (Shamir & Howard 1979).
Unavoidable leakage is UARL (Lambert, Brown, Takizawa, Weimer 1999): (18 Lm + 0.8 Nc) P litres a day, Lm km of mains,
Nc connections, P m; private pipes behind the boundary are not counted.

Read from a pipe's properties: `length_m`, `diameter_mm`, `material`, `year` laid, `breaks` on record and `breaks_years`, the
years that the record covers, `street`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cityloop.contracts import Floats, Prior, View
from cityloop.domains.water.balance import boundaries
from cityloop.domains.water.network import PipeNetwork, read_network
from cityloop.domains.water.pressure.favad import draw
from cityloop.domains.water.pressure.logs import inside
from cityloop.records import Estimate, Thing

__all__ = [
    "DRAWS", "Condition", "Outlook", "Pipes", "break_record", "estimate_of", "material_of", "neighbours", "outlook",
    "read_condition", "uarl_l_per_s",
]  # fmt: skip

DRAWS, SEED = 1000, 20_260_103
KM_100 = 100_000.0
#: Shape of the gamma prior of a pipe's own rate about that of its material: 1 = as wide as its mean.
PRIOR_SHAPE = 1.0
#: Names under which a register may hold a material -> the row of priors.csv that has its break rate.
MATERIALS = {
    "cast_iron": ("cast iron", "grey cast iron", "ci", "灰口铸铁", "铸铁"),
    "ductile_iron": ("ductile iron", "di", "球墨铸铁"),
    "asbestos_cement": ("asbestos cement", "ac", "石棉水泥"),
    "pvc": ("pvc", "upvc", "pvc-u"),
}


@dataclass(frozen=True)
class Condition:
    """One pipe: its breaks a year now, value and draws (DRAWS,), and what that rests on ("breaks" or "material")."""

    pipe: Thing
    length_m: float
    breaks_per_year: float
    drawn: Floats
    how: str
    year: float | None


@dataclass(frozen=True)
class Pipes:
    """The pipes of a boundary that can be judged, and how many metres there are in all."""

    network: PipeNetwork
    conditions: tuple[Condition, ...]
    length_m: float


@dataclass(frozen=True)
class Outlook:
    """A boundary over the coming years: breaks by year (years + 1,), and draws of breaks now and of its leakage, L/s."""

    breaks_by_year: Floats
    breaks: Floats
    leakage_l_per_s: Floats
    expected_leakage_l_per_s: float


def material_of(pipe: Thing) -> str:
    """Key of MATERIALS, "" where the pipe names none that has a published rate.

    >>> material_of(Thing(id="p", kind="pipe", name="P", properties={"material": "Cast Iron"}))
    'cast_iron'
    """
    named = str(pipe.properties.get("material", "")).strip().lower()
    return next((key for key, names in MATERIALS.items() if named == key or named in names), "")


def read_condition(view: View, boundary: Thing, priors: Mapping[str, Prior]) -> Pipes | None:
    """What is on record about the pipes of a boundary; None where it has no pipes on record.

    A pipe is judged if it has a break record, or a material with a published break rate. Age alone says how fast a rate
    grows, not how high it is.
    """
    network = read_network(view, boundary, boundaries(view))
    mine = {pipe.id for pipe in inside(view, boundary, "pipe")}
    if network is None or not mine:
        return None
    rng = np.random.default_rng(SEED)
    general = priors["break_rate_reference"]
    material_rates = {key: _rate(priors[f"break_rate_{key}"], n) for n, key in enumerate(MATERIALS, 20)}
    found, total = [], 0.0
    for pipe, length in zip(network.pipes, network.length_m.tolist(), strict=True):
        material, record = material_of(pipe), break_record(pipe)
        if pipe.id not in mine:
            continue
        total += float(length)
        if record is None and not material:
            continue
        prior = priors[f"break_rate_{material}"] if material else general
        mean = prior.value * length / KM_100
        if record is not None:
            breaks, years = record
            shape, scale = PRIOR_SHAPE + breaks, 1 / (PRIOR_SHAPE / max(mean, 1e-9) + years)
            found.append(Condition(pipe, length, shape * scale, rng.gamma(shape, scale, DRAWS), "breaks", _year(pipe)))
        else:
            drawn = material_rates[material] * length / KM_100
            found.append(Condition(pipe, length, mean, drawn, "material", _year(pipe)))
    return Pipes(network, tuple(found), total)


def _rate(prior: Prior, stream: int) -> Floats:
    return np.maximum(draw(prior.value, prior.low, prior.high, prior.level, stream, DRAWS), 0.0)


def break_record(pipe: Thing) -> tuple[float, float] | None:
    """Breaks on record and the years it covers; None without either."""
    breaks, years = pipe.properties.get("breaks"), pipe.properties.get("breaks_years")
    if isinstance(breaks, int | float) and isinstance(years, int | float) and breaks >= 0 and years > 0:
        return float(breaks), float(years)
    return None


def _year(pipe: Thing) -> float | None:
    year = pipe.properties.get("year")
    return float(year) if isinstance(year, int | float) and year > 1800 else None


def uarl_l_per_s(mains_km: float, connections: float, pressure_m: float) -> float:
    """Unavoidable annual real losses at a mean pressure, L/s (Lambert et al. 1999), without private pipes.

    >>> round(uarl_l_per_s(260, 8000, 50.8), 2)
    6.51
    """
    return (18.0 * mains_km + 0.8 * connections) * pressure_m / 86_400


def outlook(
    pipes: Pipes, renewed: frozenset[str], priors: Mapping[str, Prior], *, years: int, leakage: Floats, expected_leakage: float,
    mains_share: Floats,
) -> Outlook:  # fmt: skip
    """The boundary over `years` years with the pipes in `renewed` (Thing ids) laid anew, all others as they are.

    `leakage` (DRAWS,) L/s above the unavoidable, of which `mains_share` (DRAWS,) is in the mains. A pipe's part of it lies
    between its share of the length and its share of the breaks; a new pipe has none. Old rates grow by exp(A t) where
    the year of laying is known, those of new pipes too.
    """
    new, growth = priors["break_rate_new"], priors["break_growth"].value
    new_rate, t = _rate(new, 30), np.arange(years + 1, dtype=np.float64)
    by_year, now = np.zeros(years + 1), np.zeros(DRAWS)
    part, expected_part = np.zeros(DRAWS), 0.0
    lean = np.random.default_rng(SEED + 1).random(DRAWS)
    judged = sum(c.length_m for c in pipes.conditions) / pipes.length_m
    total = max(sum(c.breaks_per_year for c in pipes.conditions), 1e-12)
    for c in pipes.conditions:
        anew = c.pipe.id in renewed
        value = new.value * c.length_m / KM_100 if anew else c.breaks_per_year
        by_year += value * (np.exp(growth * t) if anew or c.year is not None else 1.0)
        now += new_rate * c.length_m / KM_100 if anew else c.drawn
        if anew:
            by_length, by_breaks = c.length_m / pipes.length_m, c.breaks_per_year / total * judged
            part += lean * by_length + (1 - lean) * by_breaks
            expected_part += (by_length + by_breaks) / 2
    return Outlook(
        breaks_by_year=by_year,
        breaks=now,
        leakage_l_per_s=leakage * (1 - mains_share * np.minimum(part, 1.0)),
        expected_leakage_l_per_s=expected_leakage * (1 - float(np.mean(mains_share)) * min(expected_part, 1.0)),
    )


def estimate_of(value: float, drawn: Floats, level: float, unit: str) -> Estimate:
    """A value with the interval of its draws at `level`."""
    low, high = (float(q) for q in np.quantile(drawn, [0.5 - level / 2, 0.5 + level / 2]))
    return Estimate(value=value, low=min(low, value), high=max(high, value), level=level, unit=unit)


def neighbours(pipes: Pipes) -> Sequence[tuple[int, ...]]:
    """For each judged pipe the judged pipes that share a node with it."""
    position = {p.id: i for i, p in enumerate(pipes.network.pipes)}
    ends = [pipes.network.ends[position[c.pipe.id]] for c in pipes.conditions]
    at: dict[int, list[int]] = {}
    for i, pair in enumerate(ends):
        for node in pair:
            if node >= 0:
                at.setdefault(int(node), []).append(i)
    return [
        tuple(sorted({j for node in pair if node >= 0 for j in at[int(node)]} - {i})) for i, pair in enumerate(ends)
    ]
