"""What electricity costs by weekday and hour: the city's time-of-use tariff as tables, and which band an hour is in."""

from calendar import monthrange
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats, Policy, TariffBand, Times
from cityloop.domains.water.localtime import local_hours
from cityloop.settings.tariff import BANDS, band_at

__all__ = ["Bands", "band_numbers", "hourly_price", "mean_by_hour", "yearly_price"]

Bands = npt.NDArray[np.int64]
#: Days of the months of a common year: the weights of the months in a yearly mean.
_MONTH_DAYS = np.array([monthrange(2025, m)[1] for m in range(1, 13)], dtype=np.float64)


@lru_cache(maxsize=8)
def _tables(tariff: tuple[TariffBand, ...]) -> tuple[Floats, Bands]:
    """Price and number of the band (place in BANDS), (12 months, 7 weekdays, 24 hours)."""
    price, band = np.empty((12, 7, 24)), np.zeros((12, 7, 24), np.int64)
    for month, weekday, hour in np.ndindex(12, 7, 24):
        found = band_at(tariff, month + 1, weekday + 1, hour)
        assert found is not None, "settings refuse a tariff with gaps"
        price[month, weekday, hour], band[month, weekday, hour] = found.price_per_kwh, BANDS.index(found.band)
    return price, band


def yearly_price(policy: Policy) -> Floats:
    """Mean price over the months of a year, (7 weekdays from Monday, 24 local hours), currency per kWh.

    Water pumped in winter and in summer is judged at the same prices, so that a season moves no indicator.
    """
    price, _ = _tables(policy.tariff)
    return np.asarray(np.average(price, axis=0, weights=_MONTH_DAYS))


def mean_by_hour(policy: Policy) -> Floats:
    """The same over the days of a week, (24,)."""
    return np.asarray(yearly_price(policy).mean(axis=0))


def hourly_price(policy: Policy, times: Times, zone: str) -> Floats:
    """`yearly_price` at UTC times, (t,)."""
    days, hours = local_hours(times, zone)
    return np.asarray(yearly_price(policy)[_weekdays(days), hours])


def band_numbers(policy: Policy, times: Times, zone: str) -> Bands:
    """Place in BANDS of the band that holds at UTC times, by their own months, (t,)."""
    days, hours = local_hours(times, zone)
    months = days.astype("datetime64[M]").astype(np.int64) % 12
    return np.asarray(_tables(policy.tariff)[1][months, _weekdays(days), hours])


def _weekdays(days: npt.NDArray[np.datetime64]) -> npt.NDArray[np.int64]:
    """0 Monday to 6 Sunday; 1970-01-01 was a Thursday."""
    return np.asarray((days.astype("datetime64[D]").astype(np.int64) + 3) % 7)
