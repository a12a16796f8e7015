"""Intervals that hold what they say: split conformal prediction from the errors of earlier forecasts.

Lei, G'Sell, Rinaldo, Tibshirani and Wasserman (2018), Distribution-free predictive inference for regression, section 5.2
(errors divided by a local spread). The errors come from forecasts of days that the predicting model had not seen, and are
counted apart by days ahead and time of day. The hours of one forecast err together, so it counts once, not per hour, where the
size of the sample matters. Weeks are not exchangeable: `cityloop bench forecast` measures how nearly the intervals hold.
"""

from dataclasses import dataclass

import numpy as np

from cityloop.contracts import Floats
from cityloop.errors import InputError
from cityloop.forecast.calendar import HOURS, Ints
from cityloop.forecast.features import Examples

__all__ = ["Bands", "calibrated"]

_DAYS_AHEAD = (0, 1, 3)
"""First block of each class: day 1, days 2 and 3, from day 4 on."""
_TIME_OF_DAY_HOURS = 6
_LEAST_SPREAD = 0.01
"""Of the area's mean: a meter that hardly moves still gets a band."""
_OWN_HOUR = 0.5
"""Weight of the hour's own spread, beside that of the whole day of the area."""


@dataclass(frozen=True)
class Bands:
    """How far the truth may lie from the value, in spreads of the area: (ahead, 24) each."""

    below: Floats
    above: Floats

    def around(self, value: Floats, examples: Examples) -> tuple[Floats, Floats]:
        """Low and high around `value` (areas, origins, ahead, 24); further ahead than known, the last bands hold."""
        spread = _spread(examples)
        at = np.minimum(np.arange(value.shape[2]), len(self.below) - 1)
        return value - self.below[at] * spread, value + self.above[at] * spread


def calibrated(examples: Examples, value: Floats, *, hour: Ints, level: float) -> Bands:
    """Bands at `level` from forecasts `value` whose truth is known; `hour` (24,) is the hour of the day of a block's rows.

    Raises InputError where no truth is known.
    """
    error = (examples.truth - value) / _spread(examples)
    known = np.isfinite(error)
    if not known.any():
        raise InputError(
            "Too little history to make intervals.", got="no earlier forecast whose hours were observed",
            cure="Take more observations, or name a later time.",
        )  # fmt: skip
    forecasts = int(known.any(axis=(2, 3)).sum())
    late = np.searchsorted(_DAYS_AHEAD, np.arange(error.shape[2]), side="right") - 1
    group = late[:, None] * HOURS // _TIME_OF_DAY_HOURS + (hour // _TIME_OF_DAY_HOURS)[None, :]
    below, above = np.zeros(group.shape), np.zeros(group.shape)
    for number in np.unique(group):
        mine = group == number
        seen = error[:, :, mine][known[:, :, mine]]
        seen = seen if len(seen) else error[known]
        below[mine], above[mine] = (_reach(e, (1 + level) / 2, forecasts) for e in (-seen, seen))
    return Bands(below, above)


def _reach(error: Floats, share: float, forecasts: int) -> float:
    """The distance that `share` of the errors stay under, corrected for the number of forecasts; never below nothing."""
    return max(float(np.quantile(error, min(1.0, share * (1 + 1 / forecasts)), method="higher")), 0.0)


def _spread(examples: Examples) -> Floats:
    """(areas, origins, 1, 24), the unit of errors: half the hour's own spread, half the mean of its day."""
    least = _LEAST_SPREAD * np.abs(examples.scale)[:, :, None]
    own = np.maximum(np.where(np.isfinite(examples.spread), examples.spread, least), least)
    mixed = _OWN_HOUR * own + (1 - _OWN_HOUR) * own.mean(axis=2, keepdims=True)
    return np.asarray(mixed[:, :, None], np.float64)
