"""How leakage follows pressure: the N1 law (May 1994; Lambert) and FAVAD, and how much of a night flow is leakage.

L1 / L0 = (P1 / P0)^N1: N1 is 0.5 for openings of fixed area, 1.5 where the area grows with pressure; 157 field zones had
0.36 to 2.95, mean 1.14 (Water Loss Control, table 10.9). FAVAD: q = C_d sqrt(2 g) (A0 p^0.5 + m p^1.5).
"""

from collections.abc import Mapping

import numpy as np

from cityloop.contracts import Floats, Prior, View
from cityloop.evidence.normal import half_width
from cityloop.records import Estimate, Realisation, Thing

__all__ = ["DRAWS", "Draws", "draw", "exponents", "local_exponent", "night_leakage", "rates_drawn", "reduction"]

#: Draws behind every interval; the generator is seeded by a constant, so that the same turn gives the same claim.
DRAWS, SEED = 2000, 20_260_102
Draws = Floats


def local_exponent(leakage_number: float) -> float:
    """N1 of one opening at one pressure, (0.5 + 1.5 L_N) / (1 + L_N) with L_N = m p / A0 (FAVAD).

    >>> local_exponent(0.0), local_exponent(1.0)
    (0.5, 1.0)
    """
    return (0.5 + 1.5 * leakage_number) / (1 + leakage_number)


def draw(value: float, low: float, high: float, level: float, stream: int, count: int = DRAWS) -> Draws:
    """Draws of a quantity whose interval may lean to one side: two half normals that meet at its value.

    `stream` names the quantity, so that two quantities are drawn independently and each always alike.
    """
    z = np.random.default_rng([SEED, stream]).standard_normal(count) / half_width(level)
    return np.asarray(value + np.where(z < 0, z * (value - low), z * (high - value)))


def exponents(priors: Mapping[str, Prior]) -> tuple[float, Draws]:
    """N1: the published mean, and draws over its range, kept within what field zones showed."""
    n1 = priors["pressure_exponent_n1"]
    zones = priors["pressure_exponent_n1_zones"]
    return n1.value, np.clip(draw(n1.value, n1.low, n1.high, n1.level, 1), zones.low, zones.high)


def rates_drawn(rate: Realisation) -> Draws:
    """Draws of a realisation rate, none below zero."""
    r = rate.estimate
    return np.maximum(draw(r.value, r.low, r.high, r.level, 2), 0.0)


def reduction(
    before_m: Floats, after_m: Floats, weights: Floats, n1: Floats | float, base_m: Floats | None = None
) -> Floats:
    """Share of the leakage that a change of pressure stops, summed over places, one for each N1.

    `before_m`, `after_m` (t, places) in m, `weights` (places,) length of mains at each. `base_m` (b, places) = the pressures
    at which the leakage is known (the night), `before_m` unless given. Negative where the pressure rises.

    >>> import numpy as np
    >>> float(reduction(np.array([[50.0]]), np.array([[40.0]]), np.array([1.0]), 1.0)[0].round(9))
    0.2
    """
    base = before_m if base_m is None else base_m

    def leak(pressure_m: Floats) -> Floats:
        p = np.maximum(pressure_m, 0.0)
        return np.array([float(np.mean(p**n @ weights)) for n in np.atleast_1d(n1)])

    return (leak(before_m) - leak(after_m)) / np.maximum(leak(base), 1e-12)


def night_leakage(
    view: View, boundary: Thing, night: Estimate, priors: Mapping[str, Prior]
) -> tuple[float, Draws, str]:
    """Leakage in a night flow (L/s): its value, draws, and how it was estimated: "population" or "share".

    Night flow less the legitimate use of the boundary's `population` by the binding norm, where both are known, the use
    half to double; else the assumed share of the night flow (priors.csv).
    """
    flow = np.maximum(draw(night.value, night.low, night.high, night.level, 3), 0.0)
    rule, people = view.norm("legitimate_night_use"), boundary.properties.get("population")
    if rule is not None and rule.limit is not None and rule.unit == "l/person/h" and isinstance(people, int | float):
        use = people * rule.limit / 3600
        used = draw(use, use / 2, use * 2, 0.9, 4)
        return max(night.value - use, 0.0), np.clip(flow - used, 0.0, flow), "population"
    share = priors["leakage_share_of_night_flow"]
    shares = np.clip(draw(share.value, share.low, share.high, share.level, 4), 0.0, 1.0)
    return night.value * share.value, flow * shares, "share"
