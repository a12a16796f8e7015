"""Night and day means of an hourly balance by civil day; minimum night flow window of the IWA Water Loss Task Force."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats, Times
from cityloop.domains.water.localtime import local_hours

__all__ = ["DailyStatistics", "daily_statistics"]

#: Local hours [from, to) of night and day; 05 to 07 h and 23 to 01 h belong to neither.
NIGHT_H, DAY_H = (1, 5), (7, 23)


@dataclass(frozen=True)
class DailyStatistics:
    """`days` (n,) civil days; `night`, `day` (n,) means in the unit of the balance, NaN without hours; hours behind each."""

    days: npt.NDArray[np.datetime64]
    night: Floats
    day: Floats
    n_night: npt.NDArray[np.int64]
    n_day: npt.NDArray[np.int64]


def daily_statistics(times: Times, balance: Floats, timezone: str) -> DailyStatistics:
    """Means of 01-05 h and 07-23 h local of an hourly series, one entry for every civil day from first to last.

    `times` (t,) UTC starts of the hours, `balance` (t,), NaN = absent. A day of 23 or 25 h keeps the hours it has.

    >>> import numpy as np
    >>> t = np.arange("2025-01-01T00", "2025-01-02T00", dtype="datetime64[h]").astype("datetime64[us]")
    >>> d = daily_statistics(t, np.arange(24.0), "UTC")
    >>> d.night.tolist(), d.day.tolist(), d.n_night.tolist()
    ([2.5], [14.5], [4])
    """
    if not len(times):
        empty = np.empty(0)
        none = np.empty(0, dtype=np.int64)
        return DailyStatistics(np.empty(0, dtype="datetime64[D]"), empty, empty, none, none)
    label, hour = local_hours(times, timezone)
    days = np.arange(label.min(), label.max() + np.timedelta64(1, "D"))
    position = (label - days[0]).astype(np.int64)
    found = []
    for first, last in (NIGHT_H, DAY_H):
        inside = np.isfinite(balance) & (hour >= first) & (hour < last)
        count = np.bincount(position[inside], minlength=len(days))
        total = np.bincount(position[inside], weights=balance[inside], minlength=len(days))
        found.append((np.where(count > 0, total / np.maximum(count, 1), np.nan), count.astype(np.int64)))
    (night, n_night), (day, n_day) = found
    return DailyStatistics(days, night, day, n_night, n_day)
