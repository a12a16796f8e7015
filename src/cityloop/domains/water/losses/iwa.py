"""Water balance and infrastructure leakage index of the International Water Association (IWA, 2000; Lambert et al. 1999).

System input = authorised consumption (billed or unbilled, metered or not) + apparent losses + real losses.
Non-revenue water = system input - billed. None of these is the Chinese 漏损率, which `cjj92` computes.

Quantities are arrays (1 + DRAWS,): the value itself first, then its draws; so every formula stands once for both.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cityloop.contracts import Floats, Prior
from cityloop.domains.water.pressure.favad import draw
from cityloop.records import Estimate

__all__ = [
    "BANDS", "DRAWS", "LINES", "Volumes", "around", "balance_lines", "band", "estimate_of", "formula_fits", "sure",
    "uarl_m3_per_day",
]  # fmt: skip

DRAWS = 4000
#: Upper ends of the bands A, B, C of the ILI; above them D. World Bank Institute, from secondary texts, unconfirmed; those
#: of low and middle income countries are the doubled ones, from memory.
BANDS = {"high_income": (2.0, 4.0, 8.0), "low_middle_income": (4.0, 8.0, 16.0)}
#: The lines of the table in their order.
LINES = (
    "system_input", "authorised", "billed_metered", "billed_unmetered", "corrections", "unbilled_metered",
    "unbilled_unmetered", "losses", "apparent", "unauthorised", "customer_meters", "data_handling", "real", "non_revenue",
)  # fmt: skip


def sure(value: float) -> Floats:
    """A number without doubt."""
    return np.full(1 + DRAWS, float(value))


def around(prior: Prior, stream: int) -> Floats:
    """A number with the interval of its source; `stream` names the quantity, so that two are drawn apart."""
    return np.concatenate([[prior.value], draw(prior.value, prior.low, prior.high, prior.level, stream, DRAWS)])


def estimate_of(quantity: Floats, level: float, unit: str) -> Estimate:
    """Value and interval of a quantity."""
    value = float(quantity[0])
    low, high = (float(q) for q in np.quantile(quantity[1:], [0.5 - level / 2, 0.5 + level / 2]))
    return Estimate(value=value, low=min(low, value), high=max(high, value), level=level, unit=unit)


@dataclass(frozen=True)
class Volumes:
    """What a balance starts from, m3 over its days. `billed_metered` holds the corrections, which `corrections` shows.

    `unbilled_recorded` is what of the unbilled use stands in the billing tables; where nothing does, the default share of the
    input stands in `unbilled_unmetered` alone.
    """

    system_input: Floats
    billed_metered: Floats
    billed_unmetered: Floats
    unbilled_metered: Floats
    unbilled_unmetered: Floats
    corrections: Floats
    unbilled_recorded: Floats
    per_household: Floats

    def plus(self, other: "Volumes") -> "Volumes":
        """Two areas together."""
        mine, others = vars(self), vars(other)
        return Volumes(**{name: mine[name] + others[name] for name in mine})


def balance_lines(v: Volumes, shares: Mapping[str, Floats]) -> dict[str, Floats]:
    """Every line of LINES in m3. `shares` = unauthorised_share, customer_meter_error, data_handling_share (1 + DRAWS,).

    Apparent losses are taken from published defaults unless the city states its own; real losses are what is left.
    """
    billed = v.billed_metered + v.billed_unmetered
    authorised = billed + v.unbilled_metered + v.unbilled_unmetered
    losses = v.system_input - authorised
    unauthorised = np.maximum(shares["unauthorised_share"], 0.0) * v.system_input
    slow = np.clip(shares["customer_meter_error"], 0.0, 0.5)
    customer_meters = (v.billed_metered + v.unbilled_metered) * slow / (1 - slow)
    data_handling = np.maximum(shares["data_handling_share"], 0.0) * v.billed_metered
    apparent = unauthorised + customer_meters + data_handling
    found = {
        "system_input": v.system_input, "authorised": authorised, "billed_metered": v.billed_metered,
        "billed_unmetered": v.billed_unmetered, "corrections": v.corrections, "unbilled_metered": v.unbilled_metered,
        "unbilled_unmetered": v.unbilled_unmetered, "losses": losses, "apparent": apparent,
        "unauthorised": unauthorised, "customer_meters": customer_meters, "data_handling": data_handling,
        "real": losses - apparent, "non_revenue": v.system_input - billed,
    }  # fmt: skip
    return {name: found[name] for name in LINES}


def uarl_m3_per_day(mains_km: float, connections: float, private_km: float, pressure_m: float) -> float:
    """Unavoidable annual real losses, (18 Lm + 0.8 Nc + 25 Lp) P / 1000 (Lambert, Brown, Takizawa, Weimer 1999).

    >>> round(uarl_m3_per_day(260, 8000, 0, 50.8), 3)
    562.864
    """
    return (18.0 * mains_km + 0.8 * connections + 25.0 * private_km) * pressure_m / 1000.0


def formula_fits(mains_km: float, connections: float, pressure_m: float) -> bool:
    """Whether the inputs lie in the range the formula was made for: > 5,000 connections, > 20 per km, 25 to 100 m."""
    return connections > 5000 and connections / mains_km > 20 and 25.0 <= pressure_m <= 100.0


def band(ili: Estimate, countries: str) -> tuple[str, str]:
    """Best and worst band that the interval of an ILI allows.

    >>> band(Estimate(value=3, low=1.5, high=4.5, level=0.9, unit="1"), "high_income")
    ('A', 'C')
    """
    ends = BANDS[countries]
    return _letter(ili.low, ends), _letter(ili.high, ends)


def _letter(value: float, ends: tuple[float, ...]) -> str:
    return "ABCD"[sum(value >= end for end in ends)]
