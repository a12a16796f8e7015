"""What a change of pressure brings, from two runs of the model and the measured night flow: claims with intervals."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cityloop.contracts import Floats, Prior, View
from cityloop.domains.water.pressure.favad import Draws, exponents, night_leakage, rates_drawn, reduction
from cityloop.domains.water.pressure.model import PressureRun, ZoneModel
from cityloop.records import Effect, Estimate, Realisation, Thing

__all__ = ["Leakage", "PressureEffect", "compare", "leakage_of"]

#: An effect below this, in its unit, is none.
LEAST_EFFECT = 1e-3
#: N1 at which the reduction is computed; between them it is interpolated.
GRID = np.linspace(0.3, 3.0, 28)


@dataclass(frozen=True)
class Leakage:
    """Leakage in the night flow of a boundary, L/s, its draws, and how it was estimated."""

    value: float
    draws: Draws
    how: str


@dataclass(frozen=True)
class PressureEffect:
    """With against without: night flow saved and its mean over the day (L/s), pressures at the loggers (m)."""

    night: Estimate
    day: Estimate
    mean_fall: Estimate
    lowest_gain: Estimate
    share_stopped: float
    """Share of the leakage by night that stops, before the realisation rate; negative where it grows."""

    def effects(self, boundary: str, leakage: Leakage, first: str) -> tuple[Effect, ...]:
        """As claims of a countermeasure, that on the indicator of its problem first."""
        period = "while the setting stands"
        found = (
            Effect(indicator="night_flow", thing=boundary, estimate=self.night, period=period, out_of=leakage.value),
            Effect(indicator="mean_pressure", thing=boundary, estimate=self.mean_fall, period=period),
            Effect(
                indicator="service_pressure", thing=boundary, estimate=self.lowest_gain, period=period, better="higher"
            ),
        )  # fmt: skip
        seen = (e for e in found if abs(e.estimate.value) > LEAST_EFFECT)
        return tuple(sorted(seen, key=lambda e: e.indicator != first))


def leakage_of(view: View, boundary: Thing, night_flow: Estimate, priors: Mapping[str, Prior]) -> Leakage:
    """Leakage in a measured night flow; favad.night_leakage says how."""
    return Leakage(*night_leakage(view, boundary, night_flow, priors))


def compare(
    zone: ZoneModel, without: PressureRun, with_: PressureRun, leakage: Leakage, rate: Realisation,
    priors: Mapping[str, Prior], observed_lowest: Mapping[int, float],
) -> PressureEffect:  # fmt: skip
    """Claims of a change. `observed_lowest` = column of a place with a logger -> its observed lowest hour of a day, m.

    The leakage is scaled by the N1 law place by place; intervals draw leakage, N1 and realisation rate. The lowest service
    pressure is the observed one of each logger moved by what the model says, the lowest of them before and after.
    """
    n1, powers = exponents(priors)
    rates = rates_drawn(rate)
    level = zone.view.policy.level
    by_night = reduction(without.night_m, with_.night_m, zone.weights_m, GRID)
    by_day = reduction(without.pressure_m, with_.pressure_m, zone.weights_m, GRID, without.night_m)

    def claim(shares: Floats) -> Estimate:
        value = leakage.value * float(np.interp(n1, GRID, shares)) * rate.estimate.value
        drawn = leakage.draws * np.interp(powers, GRID, shares) * rates
        return _estimate(value, drawn, level, "L/s")

    columns = sorted(observed_lowest)
    if columns:
        fall = float(np.mean((without.pressure_m - with_.pressure_m)[:, columns]))
        seen = np.array([observed_lowest[c] for c in columns])
        gain = float(np.min(seen + (with_.daily_lowest - without.daily_lowest)[columns]) - np.min(seen))
    else:
        fall = float(np.mean(without.pressure_m - with_.pressure_m))
        gain = float(with_.daily_lowest.min() - without.daily_lowest.min())
    value = rate.estimate.value
    return PressureEffect(
        night=claim(by_night),
        day=claim(by_day),
        mean_fall=_estimate(fall * value, fall * rates, level, "m"),
        lowest_gain=_estimate(gain * value, gain * rates, level, "m"),
        share_stopped=float(np.interp(n1, GRID, by_night)),
    )


def _estimate(value: float, drawn: Draws, level: float, unit: str) -> Estimate:
    low, high = (float(q) for q in np.quantile(drawn, [0.5 - level / 2, 0.5 + level / 2]))
    return Estimate(value=value, low=min(low, value), high=max(high, value), level=level, unit=unit)
