"""What flowed into a boundary by civil day, hour by hour, and what is missing of it: the system input of a water balance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats, Prior, View
from cityloop.domains.water.balance import Meters, find_meters, hourly_balance
from cityloop.domains.water.localtime import local_hours
from cityloop.domains.water.losses.iwa import DRAWS, around
from cityloop.records import Thing

__all__ = ["Supply", "days_between", "instant", "read_supply"]

#: Hours that a day must have to count as measured; as many days without may lie within a span.
LEAST_HOURS, MOST_GAP_DAYS = 12, 3
#: Flow in L/s over an hour, m3.
M3_PER_HOUR = 3.6
#: What was filled in is at least so uncertain (one standard deviation of its share).
LEAST_SPREAD = 0.05


@dataclass(frozen=True)
class Supply:
    """Hourly balance D of a boundary (t,), L/s, NaN = missing, and the volumes of its meters (t, meters), unsigned."""

    meters: Meters
    day: npt.NDArray[np.datetime64]
    hour: npt.NDArray[np.int64]
    flow: Floats
    by_meter: Floats

    def measured(self, days: Sequence[date]) -> npt.NDArray[np.bool_]:
        """Days (n,) on which the input is known; short gaps between such days are bridged."""
        index = np.asarray(days, dtype="datetime64[D]")
        good = np.zeros(len(index), dtype=np.int64)
        at = np.searchsorted(index, self.day)
        inside = np.isfinite(self.flow) & (at < len(index))
        inside[inside] &= index[at[inside]] == self.day[inside]
        np.add.at(good, at[inside], 1)
        found = good >= LEAST_HOURS
        present = np.flatnonzero(found)
        for before, after in zip(present[:-1], present[1:], strict=True):
            if 1 < after - before <= MOST_GAP_DAYS + 1:
                found[before:after] = True
        return found

    def volume(self, start: date, end: date, priors: Mapping[str, Prior], stream: int) -> tuple[Floats, int, int]:
        """Input over [start, end), m3, as a quantity of `iwa`; hours that were filled in, hours in all.

        Every meter errs on its own by `inlet_meter_error`; a missing hour is the mean of its hour of the day.
        """
        inside = (self.day >= np.datetime64(start)) & (self.day < np.datetime64(end))
        flow, hour = self.flow[inside], self.hour[inside]
        missing = ~np.isfinite(flow)
        total, filled, spread = float(np.nansum(flow)), 0.0, LEAST_SPREAD
        if missing.any():
            mean = np.array([_mean(flow[(hour == h) & ~missing], float(np.nanmean(flow))) for h in range(24)])
            filled = float(mean[hour[missing]].sum())
            rest = flow[~missing] - mean[hour[~missing]]
            spread = max(spread, float(np.std(rest)) / max(abs(float(np.nanmean(flow))), 1e-9))
        value = (total + filled) * M3_PER_HOUR
        found = np.full(1 + DRAWS, value)
        found[1:] += filled * M3_PER_HOUR * spread * np.random.default_rng([stream, 7]).standard_normal(DRAWS)
        share = 1.0 if not len(flow) else len(flow) / max(int((~missing).sum()), 1)
        for i in range(self.by_meter.shape[1]):
            counted = float(np.nansum(self.by_meter[inside, i])) * M3_PER_HOUR * share
            found = found + counted * around(priors["inlet_meter_error"], stream + 1 + i)
        return found, int(missing.sum()), len(flow)


def read_supply(view: View, boundary: Thing, first: date, last: date) -> Supply | None:
    """The input of a boundary over civil days [first, last), as far as `view.now`; None where it is not metered."""
    meters = find_meters(view, boundary)
    if not meters.inflow or meters.missing:
        return None
    start, end = instant(first, view.timezone), min(instant(last, view.timezone), view.now.astimezone(UTC))
    start, end = (t.replace(minute=0, second=0, microsecond=0) for t in (start, end))
    if end <= start:
        return None
    times, flow = hourly_balance(view, meters, start=start, end=end)
    metered = [*meters.inflow, *meters.outflow]
    _, block = view.block([s.id for s in metered], start=start, end=end)
    factors = np.array([1000.0 / s.step_s if s.observed_property == "volume" else 1.0 for s in metered])
    day, hour = local_hours(times, view.timezone)
    return Supply(meters, day, hour, flow, np.abs(block * factors))


def instant(day: date, timezone: str) -> datetime:
    """The first moment of a civil day, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(timezone)).astimezone(UTC)


def days_between(first: date, last: date) -> list[date]:
    """Civil days [first, last)."""
    return [first + timedelta(days=n) for n in range((last - first).days)]


def _mean(values: Floats, otherwise: float) -> float:
    return float(values.mean()) if len(values) else otherwise
