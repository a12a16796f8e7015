"""The wall clock that people use water by: local hours, blocks of 24 of them, weekdays and days off.

A demand forecast compares an hour with the same wall-clock hour of other days. In the week of a clock change that is not the
hour 24 or 168 rows earlier, so nothing here counts rows: every UTC hour is first given its hour on the wall clock.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats, Times

__all__ = ["HOURS", "Calendar", "DaysOff", "Ints", "blocks", "calendar", "days_off", "wall_hours"]

Ints = npt.NDArray[np.int64]
HOURS = 24
_EPOCH = date(1970, 1, 1)
_WORKDAY, _SATURDAY, _OFF = range(3)


@dataclass(frozen=True)
class DaysOff:
    """Public holidays of a country, and the Saturdays and Sundays on which it works in exchange for some of them."""

    off: frozenset[date]
    worked: frozenset[date]


@dataclass(frozen=True)
class Calendar:
    """What kind of day each wall-clock hour lies in; every array is (blocks, 24).

    `kind` is 0 to 5 for Monday to Saturday, 6 for Sundays and days off; `group` is 0 workday, 1 Saturday, 2 Sunday or day off.
    `off`, `off_before`, `off_after` are 1.0 where the day itself, the day before, the day after is a public holiday.
    """

    hour: Ints
    weekday: Ints
    kind: Ints
    group: Ints
    off: Floats
    off_before: Floats
    off_after: Floats
    year_angle: Floats

    @property
    def exceptional(self) -> npt.NDArray[np.bool_]:
        """Hours of days that are not lived as their weekday is: days off, and weekends that are worked."""
        usual = np.where(self.weekday == 6, _OFF, np.where(self.weekday == 5, _SATURDAY, _WORKDAY))
        return np.asarray((self.off > 0) | (self.group != usual), np.bool_)


def wall_hours(times: Times, zone: str) -> Ints:
    """Hours since 1970-01-01 00:00 on the wall clock of `zone` (IANA name) for UTC hours (t,); minutes are dropped.

    >>> clock = np.array(["2021-10-31T00", "2021-10-31T01", "2021-10-31T02"], "datetime64[us]")
    >>> np.diff(wall_hours(clock, "Europe/Rome")).tolist()
    [0, 1]
    """
    local, known = ZoneInfo(zone), times.astype("datetime64[s]").astype(np.int64)
    offset = [
        (datetime.fromtimestamp(int(s), UTC).astimezone(local).utcoffset() or timedelta(0)).total_seconds()
        for s in known
    ]
    return np.asarray((known + np.asarray(offset, np.int64)) // 3600, np.int64)


def blocks(values: Floats, hours: Ints, *, start: int, before: int, after: int = 0) -> Floats:
    """Hourly rows on the wall clock: (t, a) -> (a, before + after, 24), the block number `before` begins at hour `start`.

    The hour that a clock change doubles is averaged, the one it leaves out is NaN; hours outside are dropped.
    """
    place = hours - (start - HOURS * before)
    size = HOURS * (before + after)
    inside = (place >= 0) & (place < size)
    out = np.full((values.shape[1], size), np.nan)
    for row, column in enumerate(values.T):
        good = inside & np.isfinite(column)
        count = np.bincount(place[good], minlength=size)
        total = np.bincount(place[good], weights=column[good], minlength=size)
        out[row, count > 0] = total[count > 0] / count[count > 0]
    return out.reshape(values.shape[1], before + after, HOURS)


def days_off(country: str, first: date, last: date) -> DaysOff | None:
    """National holidays of a country (ISO 3166-1) over whole years; None where they are not known.

    They come from the package `holidays` of the extra `forecast`. A city's own feast days are not among them.
    """
    try:
        import holidays
    except ImportError:
        return None
    try:
        known = holidays.country_holidays(country, years=range(first.year, last.year + 1))
    except NotImplementedError:
        return None
    return DaysOff(frozenset(known), frozenset(getattr(known, "weekend_workdays", ())))


def calendar(start: int, *, before: int, after: int, known: DaysOff | None) -> Calendar:
    """The days of `before` + `after` blocks of 24 wall-clock hours around hour `start` (since 1970)."""
    hours = start + np.arange(-HOURS * before, HOURS * after, dtype=np.int64).reshape(-1, HOURS)
    day = hours // HOURS
    first = int(day.min()) - 1
    dates = [_EPOCH + timedelta(days=n) for n in range(first, int(day.max()) + 2)]
    off = np.array([known is not None and d in known.off for d in dates])
    worked = np.array([known is not None and d in known.worked for d in dates])
    weekday = np.array([d.weekday() for d in dates], np.int64)
    free = off | ((weekday == 6) & ~worked)
    kind = np.where(free, 6, np.where(worked, 4, weekday))
    group = np.where(free, _OFF, np.where((weekday == 5) & ~worked, _SATURDAY, _WORKDAY))
    angle = np.array([2 * np.pi * d.timetuple().tm_yday / 365.25 for d in dates])
    at, stated = day - first, off.astype(np.float64)
    return Calendar(
        hour=hours % HOURS, weekday=weekday[at], kind=kind[at], group=group[at], off=stated[at],
        off_before=stated[at - 1], off_after=stated[at + 1], year_angle=angle[at],
    )  # fmt: skip
