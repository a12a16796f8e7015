"""Civil day and hour of UTC times in a time zone, by the IANA time zone database."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Times

__all__ = ["civil_days", "local_hours"]

Days = npt.NDArray[np.datetime64]
Hours = npt.NDArray[np.int64]


def local_hours(times: Times, zone: str) -> tuple[Days, Hours]:
    """Civil day (datetime64[D]) and hour of the day (0 to 23) in `zone` at the beginning of the UTC hour of each time.

    >>> import numpy as np
    >>> days, hours = local_hours(np.array(["2025-07-01T03:20"], dtype="datetime64[us]"), "America/New_York")
    >>> str(days[0]), int(hours[0])
    ('2025-06-30', 23)
    """
    utc = times.astype("datetime64[h]")
    years = utc.astype("datetime64[Y]")
    local = utc.astype("datetime64[s]")
    for year in np.unique(years):
        mine = years == year
        offsets = _offsets(zone, int(year.astype(np.int64)) + 1970)
        local[mine] += offsets[(utc[mine] - year.astype("datetime64[h]")).astype(np.int64)]
    days = local.astype("datetime64[D]")
    return days, (local - days).astype(np.int64) // 3600


def civil_days(times: Times, zone: str) -> Days:
    """Civil day (datetime64[D]) of each UTC time in a time zone."""
    return local_hours(times, zone)[0]


@lru_cache(maxsize=64)
def _offsets(zone: str, year: int) -> npt.NDArray[np.timedelta64]:
    """Local minus UTC at the beginning of every UTC hour of a year: asked once, for a lookup costs far more than a sum."""
    info, first = ZoneInfo(zone), datetime(year, 1, 1, tzinfo=UTC)
    hours = (366 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 365) * 24
    moments = (first + timedelta(hours=i) for i in range(hours))
    return np.array([m.astimezone(info).utcoffset() for m in moments], dtype="timedelta64[s]")
