"""Flow meters of a boundary that come to count too little or too much, as far as observations can tell.

Three tests, each of something that no leak does. (1) A balance below zero by night. (2) The parts of a boundary (relation
`part_of`) that come to hold more of the whole's input than before: water lost between moves it the other way. (3) Where tanks
and pumps take turns: what people draw does not ask whether a pump runs, so the balance must not move with a meter's flow. The
slope of the balance on the flow within the hours of a day is the meter's error plus a constant; its change is told.
A meter that drifts where nothing of this holds looks like a leak or its end, and no test here says otherwise.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats, Times, View
from cityloop.domains.water.balance import Meters, boundaries, find_meters, hourly_balance
from cityloop.domains.water.localtime import local_hours
from cityloop.domains.water.meters.sensors import Fault, find_break
from cityloop.domains.water.nightflow import daily_statistics
from cityloop.domains.water.texts import note
from cityloop.records import Datastream, Thing

__all__ = ["meter_faults"]

LOOK_BACK_DAYS, LEAST_DAYS = 84, 28
#: A change of a meter's error is told from this share of its flow on.
LEAST_SHARE = 0.03
#: Nights that a balance must be below zero on average, in standard errors.
ZERO_NIGHTS, ZERO_SE = 7, 4.0
Index = npt.NDArray[np.int64]
#: A day tells a slope if the flow varied by this share of its mean (sd within the hours of the day).
LEAST_SWING = 0.1


def meter_faults(view: View, *, known: frozenset[str] = frozenset()) -> list[Fault]:
    """At most one fault of each boundary's flow meters at `view.now`, none of the datastreams in `known`."""
    places = boundaries(view)
    meters = {b.id: find_meters(view, b) for b in places}
    streams = [s for m in meters.values() for s in m.datastreams]
    span = view.span(streams) if streams else None
    if span is None:
        return []
    end = min(span[1], view.now).replace(minute=0, second=0, microsecond=0)
    start = max(span[0], end - timedelta(days=LOOK_BACK_DAYS)).replace(minute=0, second=0, microsecond=0)
    if end - start < timedelta(days=LEAST_DAYS):
        return []
    found: list[Fault] = []
    for place in places:
        mine = meters[place.id]
        if not mine.inflow or mine.missing:
            continue
        parts = [meters[b.id] for b in places if any(r.kind == "part_of" and r.thing == place.id for r in b.relations)]
        fault = (
            _below_zero(view, place, mine, start, end)
            or (_parts(view, place, mine, parts, start, end) if parts else None)
            or (_against_tanks(view, mine, start, end) if mine.tanks else None)
        )
        if fault is not None and fault.datastream.id not in known | {f.datastream.id for f in found}:
            found.append(fault)
    return found


# --- below zero --------------------------------------------------------------------------------------------------
def _below_zero(view: View, place: Thing, meters: Meters, start: datetime, end: datetime) -> Fault | None:
    """A night flow below zero: nobody gives water back."""
    times, balance = hourly_balance(view, meters, start=start, end=end)
    daily = daily_statistics(times, balance, view.timezone)
    night = daily.night[np.isfinite(daily.night)]
    recent = night[-ZERO_NIGHTS:]
    if len(recent) < ZERO_NIGHTS:
        return None
    se = max(float(np.std(recent, ddof=1)) / np.sqrt(len(recent)), 1e-6)
    if float(np.mean(recent)) > -ZERO_SE * se:
        return None
    above = np.flatnonzero(night >= 0)
    day = np.flatnonzero(np.isfinite(daily.night))[int(above[-1]) + 1 if len(above) else 0]
    stream = meters.inflow[0]
    return Fault(
        stream, "below_zero", _moment(view, times, daily.days[min(day, len(daily.days) - 1)]), float(np.mean(recent)), 0.0, se,
        "L/s", note("below_zero", name=place.name, value=f"{np.mean(recent):.2f}", meters=_names(meters.datastreams, view)),
    )  # fmt: skip


# --- parts and whole ---------------------------------------------------------------------------------------------
def _parts(
    view: View, place: Thing, whole: Meters, parts: Sequence[Meters], start: datetime, end: datetime
) -> Fault | None:
    """The share of the whole's input that its metered parts take, by day: a lasting rise is the whole's meters' doing."""
    if any(not p.inflow or p.missing for p in parts):
        return None
    times, balance = hourly_balance(view, whole, start=start, end=end)
    inside = np.sum([hourly_balance(view, p, start=start, end=end)[1] for p in parts], axis=0)
    both = np.isfinite(balance) & np.isfinite(inside)
    days, total, part = _by_day(view, times, np.where(both, balance, np.nan), np.where(both, inside, np.nan))
    share = np.where(total > 0, part / np.where(total > 0, total, 1.0), np.nan)
    found = find_break(share / max(float(np.nanmedian(share)), 1e-9), floor=LEAST_SHARE)
    if found is None or found.size <= 0:
        return None
    text = note(
        "parts_exceed", name=place.name, percent=f"{100 * found.size:.1f}", day=str(days[found.at].astype("datetime64[D]")),
        meters=_names([s.id for s in whole.inflow], view),
    )  # fmt: skip
    return Fault(
        whole.inflow[0], "under_registering", _moment(view, times, days[found.at]), -100 * found.size, 0.0, 100 * found.se, "%",
        text,
    )  # fmt: skip


# --- tanks -------------------------------------------------------------------------------------------------------
def _against_tanks(view: View, meters: Meters, start: datetime, end: datetime) -> Fault | None:
    """The meter whose error against the tanks changed most clearly."""
    times, balance = hourly_balance(view, meters, start=start, end=end)
    labels, hours = local_hours(times, view.timezone)
    days, place = np.unique(labels, return_inverse=True)
    position = np.asarray(place, dtype=np.int64)
    cleaned = _within(balance, position, hours, len(days))
    best: Fault | None = None
    for stream, sign in (*((s, 1.0) for s in meters.inflow), *((s, -1.0) for s in meters.outflow)):
        _, block = view.block([stream.id], start=start, end=end)
        flow = np.where(np.isfinite(balance), block[:, 0], np.nan)
        slope = sign * _slopes(cleaned, flow, _within(flow, position, hours, len(days)), position, len(days))
        found = find_break(slope, floor=LEAST_SHARE) if np.isfinite(slope).sum() >= LEAST_DAYS else None
        if found is None or (best is not None and abs(found.size / found.se) <= abs(best.observed / best.se)):
            continue
        kind = "under_registering" if found.size < 0 else "over_registering"
        text = note(
            kind,
            name=stream.name,
            percent=f"{100 * abs(found.size):.1f}",
            day=str(days[found.at].astype("datetime64[D]")),
        )
        best = Fault(
            stream, kind, _moment(view, times, days[found.at]), 100 * found.size, 0.0, 100 * found.se, "%", text
        )  # fmt: skip
    return best


def _within(x: Floats, position: Index, hours: Index, n: int) -> Floats:
    """x less the mean of its day and less what its hour of the day has on average, (t,)."""
    good = np.isfinite(x)
    value = np.where(good, x, 0.0)
    by_day = np.bincount(position, value, n) / np.maximum(np.bincount(position, good, n), 1)
    left = np.where(good, x - by_day[position], 0.0)
    by_hour = np.bincount(hours, left, 24) / np.maximum(np.bincount(hours, good, 24), 1)
    return np.where(good, left - by_hour[hours], np.nan)


def _slopes(y: Floats, flow: Floats, x: Floats, position: Index, n: int) -> Floats:
    """Slope of y on x within each day, (n,); NaN where the flow hardly varied."""
    good = np.isfinite(y) & np.isfinite(x)
    power = np.bincount(position[good], x[good] ** 2, n)
    along = np.bincount(position[good], x[good] * y[good], n)
    count = np.bincount(position[good], minlength=n)
    enough = (count >= 18) & (power > count * (LEAST_SWING * float(np.nanmean(np.abs(flow)))) ** 2)
    return np.where(enough, along / np.maximum(power, 1e-12), np.nan)


def _by_day(view: View, times: Times, *series: Floats) -> tuple[Times, Floats, Floats]:
    """Civil days and the means of two series on them; NaN with fewer than 18 hours."""
    labels, _ = local_hours(times, view.timezone)
    days, position = np.unique(labels, return_inverse=True)
    means = []
    for x in series:
        good = np.isfinite(x)
        count = np.bincount(position, good, len(days))
        total = np.bincount(position, np.where(good, x, 0.0), len(days))
        means.append(np.where(count >= 18, total / np.maximum(count, 1), np.nan))
    return days, means[0], means[1]


def _moment(view: View, times: Times, day: np.datetime64) -> datetime:
    """First hour read of a civil day."""
    labels, _ = local_hours(times, view.timezone)
    first = int(np.searchsorted(labels, day.astype("datetime64[D]")))
    return datetime.fromisoformat(str(times[min(first, len(times) - 1)].astype("datetime64[s]")) + "+00:00")


def _names(ids: Sequence[str], view: View) -> str:
    return ", ".join(view.get(Datastream, id).name for id in ids)
