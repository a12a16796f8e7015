"""漏损率 of CJJ 92-2016 (partial revision in force since 2019-02-01): 综合漏损率 and its four corrections.

R_WL = (Qs - Qa) / Qs, R_BL = R_WL - (R1 + R2 + R3 + R4), by the year (5.2.2, 5.2.3). The form of R1 to R4 is known from
secondary text only: unconfirmed. 漏损率 is neither the share of non-revenue water (产销差率) nor the ILI.
"""

from dataclasses import dataclass

import numpy as np

from cityloop.contracts import Floats

__all__ = ["GRADES", "LossRate", "Unknown", "loss_rate", "r1", "r2", "r3", "r4"]

#: Limits of grade 1 and grade 2, % (5.1.2), confirmed.
GRADES = (10.0, 12.0)
#: 1 m of water = 9.80665 kPa.
MPA_PER_M = 9.80665e-3


@dataclass(frozen=True)
class Unknown:
    """A correction whose input nobody states: it lies between `low` and `high` percentage points."""

    low: float
    high: float


@dataclass(frozen=True)
class LossRate:
    """Rates in %, corrections in percentage points, quantities as in `iwa`. A correction that is Unknown counts as none in the
    value, and anywhere in its range in the draws.
    """

    gross: Floats
    corrections: dict[str, Floats | Unknown]
    graded: Floats


def r1(per_household_share: Floats) -> Floats:
    """Households read one by one: 0.08 r, r their share of the input; the master and the single meters differ by so much.

    >>> import numpy as np
    >>> r1(np.array([0.5])).tolist()
    [4.0]
    """
    return np.asarray(0.08 * np.clip(per_household_share, 0.0, 1.0) * 100.0)


def r2(dn75_km: float, yearly_input_m3: Floats) -> Floats:
    """Length of mains of 75 mm and more for the water supplied: 0.99 (A - 0.0693), A in km per 10,000 m3 a year, +-3 at most.

    >>> import numpy as np
    >>> r2(300.0, np.array([3650e4])).round(3).tolist(), r2(120.0, np.array([3650e4])).tolist()
    ([1.276], [-3.0])
    """
    ratio = dn75_km / np.maximum(yearly_input_m3 / 1e4, 1e-9)
    return np.asarray(np.clip(0.99 * (ratio - 0.0693) * 100.0, -3.0, 3.0))


def r3(outlet_pressure_m: float) -> float:
    """Mean outlet pressure over the year: 0.5 above 0.35 MPa, 1 above 0.55, 2 above 0.75.

    >>> r3(0.42 / MPA_PER_M), r3(30.0)
    (0.5, 0.0)
    """
    mpa = outlet_pressure_m * MPA_PER_M
    return 2.0 if mpa > 0.75 else 1.0 if mpa > 0.55 else 0.5 if mpa > 0.35 else 0.0


def r4(frost_depth_m: float) -> float:
    """Depth of frost: 1 above 1.4 m."""
    return 1.0 if frost_depth_m > 1.4 else 0.0


def loss_rate(
    supplied_m3: Floats, registered_m3: Floats, *, days: int, per_household_share: Floats | None, dn75_km: float | None,
    outlet_pressure_m: float | None, frost_depth_m: float | None,
) -> LossRate:  # fmt: skip
    """R_WL, R1 to R4 and R_BL. `supplied_m3` Qs and `registered_m3` Qa over `days`; None = nobody states it.

    A period that is no year is scaled to one for R2 alone: whoever shows the result says so.
    """
    supplied = np.maximum(supplied_m3, 1e-9)
    gross = (supplied - registered_m3) / supplied * 100.0
    found: dict[str, Floats | Unknown] = {
        "R1": Unknown(0.0, 8.0) if per_household_share is None else r1(per_household_share),
        "R2": Unknown(-3.0, 3.0) if dn75_km is None else r2(dn75_km, supplied * 365.0 / days),
        "R3": Unknown(0.0, 2.0) if outlet_pressure_m is None else np.full(len(gross), r3(outlet_pressure_m)),
        "R4": Unknown(0.0, 1.0) if frost_depth_m is None else np.full(len(gross), r4(frost_depth_m)),
    }  # fmt: skip
    graded = gross.copy()
    spread = np.random.default_rng(20_260_192)
    for correction in found.values():
        if isinstance(correction, Unknown):
            graded[1:] -= spread.uniform(correction.low, correction.high, len(graded) - 1)
        else:
            graded = graded - correction
    return LossRate(gross, found, graded)
