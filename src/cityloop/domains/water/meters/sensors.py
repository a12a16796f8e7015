"""Failing sensors: stuck, silent, jumping and drifting meters, found without a model of the network.

A logger's daily night mean is explained by tank levels, pump flows and demand and by the median of all other loggers;
what is left must stay level. A leak bends night pressures by centimetres (ky4: 4 mm per L/s at the median node, 4 cm at
the 99th percentile), a failing logger by much more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats, Times, View
from cityloop.domains.water.balance import STUCK_H, longest_runs
from cityloop.domains.water.localtime import local_hours
from cityloop.domains.water.texts import note
from cityloop.records import Datastream

__all__ = ["Break", "Fault", "find_break", "sensor_faults"]

WATCHED = ("water_pressure", "water_flow", "water_level")
#: Daily readings (of a reservoir) tell nothing by the hour.
DAY_S = 86_400
#: A meter is stuck when it repeats one value for STUCK_H and this many times as long as before.
STUCK_RATIO = 4.0
#: A meter is silent when this share of the last days is missing while it delivered more before.
GAP_SHARE, GAP_DAYS = 0.5, 7
#: A jump or drift of a logger is a fault from this size on (m), if it is this many standard errors.
FAULT_M, FAULT_SE = 0.3, 6.0
#: Good days that a break needs before it and from it on: what lasts shorter (a hydrant, a flushing) is no fault.
DAYS_BEFORE, DAYS_AFTER = 7, 5
#: ... and a break must be half as clear without the last days.
DAYS_LAST = 2
#: A single day counts for at most this many standard deviations against the week around it.
CALM_SD = 3.0
#: A fall that this many other loggers share, each by this share of it and clear by so many standard errors, is an event in
#: the network: a leak, a closed valve.
SHARED_BY, SHARED_SHARE, SHARED_SE = 2, 0.2, 4.0
LOOK_BACK_DAYS = 84
LEAST_LOGGERS, LEAST_DAYS = 5, 21


@dataclass(frozen=True)
class Fault:
    """One failing sensor: how, since when, what it shows against what it should, in `unit`; `text` says it in words."""

    datastream: Datastream
    kind: str
    since: datetime
    observed: float
    expected: float
    se: float
    unit: str
    text: str


def sensor_faults(view: View) -> list[Fault]:
    """Every sensor that fails at `view.now`, one fault each, in the order of datastream ids."""
    watched = (s for s in view.records(Datastream) if s.observed_property in WATCHED and s.step_s < DAY_S)
    streams = sorted(watched, key=lambda s: s.id)
    span = view.span([s.id for s in streams]) if streams else None
    if span is None:
        return []
    end = min(span[1], view.now).replace(minute=0, second=0, microsecond=0)
    start = max(span[0], end - timedelta(days=LOOK_BACK_DAYS)).replace(minute=0, second=0, microsecond=0)
    if end - start < timedelta(days=GAP_DAYS * 2):
        return []
    times, block = view.block([s.id for s in streams], start=start, end=end)
    found: dict[str, Fault] = {}
    for column, stream in enumerate(streams):
        fault = _stuck(stream, times, block[:, column]) or _silent(stream, times, block[:, column])
        if fault:
            found[stream.id] = fault
    for fault in _lasting(view, streams, times, block, frozenset(found)):
        found[fault.datastream.id] = fault
    return [found[k] for k in sorted(found)]


def _moment(time: np.datetime64) -> datetime:
    return datetime.fromtimestamp(int(time.astype("datetime64[s]").astype(np.int64)), tz=UTC)


def _stuck(stream: Datastream, times: Times, x: Floats) -> Fault | None:
    """Stuck now: the last values are one run, and the meter used to move (a full tank never did)."""
    good = np.flatnonzero(np.isfinite(x))
    if len(good) < STUCK_H * 2 or x[good[-1]] == 0.0:  # zero is a pump at rest
        return None
    runs = longest_runs(x)
    length = int(runs[good[-1]])
    before = runs[good[:-length]]
    normal = float(np.max(before)) if len(before) else float("inf")
    moved = float(np.mean(before == 1)) if len(before) else 0.0
    if length < max(STUCK_H, STUCK_RATIO * np.quantile(before, 0.99) if len(before) else np.inf) or moved < 0.5:
        return None
    since = _moment(times[good[-length]])
    value = float(x[good[-1]])
    return Fault(
        stream, "stuck", since, float(length), normal, 0.0, "h",
        note("stuck", name=stream.name, value=f"{value:g}", hours=length, normal=f"{normal:.0f}"),
    )  # fmt: skip


def _silent(stream: Datastream, times: Times, x: Floats) -> Fault | None:
    """Silent now: GAP_SHARE of the last GAP_DAYS is missing, far more than before."""
    recent = GAP_DAYS * 24
    missing = ~np.isfinite(x)
    now, before = float(np.mean(missing[-recent:])), float(np.mean(missing[:-recent]))
    if now < GAP_SHARE or now < before + 0.3:
        return None
    last = np.flatnonzero(~missing[:-recent])
    since = _moment(times[-recent]) if not missing[-recent] or not len(last) else _moment(times[last[-1]])
    return Fault(
        stream, "gaps", since, 100 * now, 100 * before, 0.0, "%",
        note("gaps", name=stream.name, share=f"{100 * now:.0f}", days=GAP_DAYS),
    )  # fmt: skip


# --- jumps and drifts --------------------------------------------------------------------------------------------
def _lasting(
    view: View, streams: Sequence[Datastream], times: Times, block: Floats, known: frozenset[str]
) -> list[Fault]:
    """Loggers whose level moved for good against the explanation by tanks, pumps, demand and the other loggers."""
    columns = [i for i, s in enumerate(streams) if s.observed_property == "water_pressure" and s.id not in known]
    if len(columns) < LEAST_LOGGERS:
        return []
    days, nights = _night_means(view, times, block)
    explain = [i for i, s in enumerate(streams) if s.observed_property != "water_pressure" and s.id not in known]
    x = nights[:, explain]
    x = x[:, np.isfinite(x).mean(axis=0) > 0.8] if x.size else np.empty((len(days), 0))
    x = np.where(np.isfinite(x), x, np.nanmean(x, axis=0)) if x.size else x
    left = np.stack([_unexplained(nights[:, i], x) for i in columns], axis=1)
    middle = np.array([np.nanmedian(row) if np.isfinite(row).any() else np.nan for row in left])
    faults = []
    for position, column in enumerate(columns):
        fault = _level_fault(streams[column], days, left[:, position] - middle)
        if fault and not (fault.observed < 0 and _shared(left - middle[:, None], position, fault, days)):
            faults.append(fault)
    return faults


def _night_means(view: View, times: Times, block: Floats) -> tuple[Times, Floats]:
    """Means of 01-05 h local by civil day, (days,), (days, columns); NaN below three hours."""
    labels, hours = local_hours(times, view.timezone)
    days, position = np.unique(labels, return_inverse=True)
    night = (hours >= 1) & (hours < 5)
    good = np.isfinite(block) & night[:, None]
    count = np.zeros((len(days), block.shape[1]))
    total = np.zeros_like(count)
    np.add.at(count, position, good)
    np.add.at(total, position, np.where(good, block, 0.0))
    return days, np.where(count >= 3, total / np.maximum(count, 1), np.nan)


def _unexplained(y: Floats, x: Floats) -> Floats:
    """y minus its robust (bisquare) regression on x and a constant."""
    rows = np.isfinite(y)
    if rows.sum() < 3 * (x.shape[1] + 1):
        return y - np.nanmedian(y) if rows.any() else y
    scale = np.maximum(x.std(axis=0), 1e-9)
    design = np.column_stack([np.ones(len(y)), (x - x.mean(axis=0)) / scale])
    penalty = np.diag([0.0, *np.full(x.shape[1], 2.0)])
    weights = np.ones(int(rows.sum()))
    fit = np.zeros(design.shape[1])
    fit[0] = np.median(y[rows])
    for _ in range(10):
        left = y[rows] - design[rows] @ fit
        spread = max(1.4826 * float(np.median(np.abs(left))), 1e-6)
        weights = np.clip(1 - (left / (4.7 * spread)) ** 2, 0, None) ** 2 + 1e-6
        weighted = design[rows] * weights[:, None]
        fit = np.linalg.solve(weighted.T @ design[rows] + penalty, weighted.T @ y[rows])
    return np.asarray(y - design @ fit)


@dataclass(frozen=True)
class Break:
    """A lasting change of a daily series: "jump" or "drift", index of its first day, size at the end, standard error."""

    kind: str
    at: int
    size: float
    se: float


def find_break(series: Floats, *, floor: float) -> Break | None:
    """A jump or a drift of a daily series (n,), NaN = absent, whichever explains more; None if it stays level.

    `floor` = least size, in the series' unit; it must be FAULT_SE standard errors too.
    """
    good = np.flatnonzero(np.isfinite(series))
    if len(good) < LEAST_DAYS:
        return None
    y = _calmed(series[good])
    kind, split, size = _best_break(good, y)
    shape, scatter = _shape(kind, good, split), _scatter(y)
    se = scatter / float(np.sqrt(shape @ shape))
    if abs(size) < max(floor, FAULT_SE * se):
        return None
    early = shape[:-DAYS_LAST] - shape[:-DAYS_LAST].mean()
    before = float(early @ y[:-DAYS_LAST]) / float(early @ early) if early.any() else 0.0
    if before * np.sign(size) < FAULT_SE / 2 * scatter / float(np.sqrt(early @ early) or np.inf):
        return None
    return Break(kind, int(good[split]), size, se)


def _level_fault(stream: Datastream, days: Times, series: Floats) -> Fault | None:
    """A jump or a drift of the unexplained series of a logger; None if it stays level."""
    found = find_break(series, floor=FAULT_M)
    if found is None:
        return None
    since = _moment(days[found.at].astype("datetime64[us]"))
    last = int(np.flatnonzero(np.isfinite(series))[-1])
    rate = found.size / max(last - found.at, 1) * 7
    text = (
        note("jump", name=stream.name, size=f"{found.size:+.2f}", unit="m", day=since.date().isoformat())
        if found.kind == "jump"
        else note("drift_sensor", name=stream.name, size=f"{rate:+.2f}", unit="m")
    )
    return Fault(stream, found.kind, since, found.size, 0.0, found.se, "m", text)


def _shape(kind: str, days: npt.NDArray[np.int64], split: int) -> Floats:
    """A jump or drift of size 1 that begins at `split`, centred, (n,)."""
    x = np.maximum(days - days[split], 0.0) / max(float(days[-1] - days[split]), 1.0)
    x = (np.arange(len(days)) >= split).astype(np.float64) if kind == "jump" else x
    return np.asarray(x - x.mean())


def _scatter(y: Floats) -> float:
    """Robust sd of a day as it counts for a mean over weeks: from daily changes, or weekly ones if they say more (2 x at most)."""
    day = 1.4826 * float(np.median(np.abs(np.diff(y)))) / np.sqrt(2)
    weeks = y[len(y) % 7 :].reshape(-1, 7).mean(axis=1)
    week = 0.0
    if len(weeks) >= 4:
        change = np.diff(weeks)
        week = 1.4826 * float(np.median(np.abs(change - np.median(change)))) / np.sqrt(2) * np.sqrt(7)
    return float(max(day, min(week, 2 * day), 0.02))


def _calmed(y: Floats) -> Floats:
    """Each day held within CALM_SD of the median of the seven days around it (at the ends of the first and last seven)."""
    windows = np.lib.stride_tricks.sliding_window_view(y, 7)
    middle = np.median(windows, axis=1)[np.clip(np.arange(len(y)) - 3, 0, len(windows) - 1)]
    reach = CALM_SD * 1.4826 * float(np.median(np.abs(np.diff(y)))) / np.sqrt(2)
    return np.clip(y, middle - reach, middle + reach)


def _shared(left: Floats, position: int, fault: Fault, days: Times) -> bool:
    """Whether other loggers (columns of `left`) fell as this one did, in the same days."""
    since = np.datetime64(fault.since.replace(tzinfo=None), "D")
    count = 0
    for other in range(left.shape[1]):
        good = np.flatnonzero(np.isfinite(left[:, other]))
        split = int(np.searchsorted(days[good].astype("datetime64[D]"), since))
        if other == position or len(good) < LEAST_DAYS or not DAYS_BEFORE <= split <= len(good) - DAYS_AFTER:
            continue
        x, y = _shape(fault.kind, good, split), left[good, other]
        size, se = float(x @ y) / float(x @ x), _scatter(y) / float(np.sqrt(x @ x))
        count += size < min(-SHARED_SE * se, SHARED_SHARE * fault.observed)
    return count >= SHARED_BY


def _best_break(days: npt.NDArray[np.int64], y: Floats) -> tuple[str, int, float]:
    """The jump, or the drift from one day to the end, that takes most squares from `y` (n,): kind, its place, its size.

    A fit of one regressor x takes (x @ y)**2 / (x @ x), both centred; for a jump x is 0 before the place and 1 from it on.
    """
    splits = np.arange(DAYS_BEFORE, len(y) - DAYS_AFTER + 1)
    y = y - y.mean()
    jumps = (np.arange(len(y)) >= splits[:, None]).astype(np.float64)
    drifts = np.maximum(days - days[splits][:, None], 0.0)
    found = []
    for kind, x, reach in (("jump", jumps, np.ones(len(splits))), ("drift", drifts, drifts[:, -1])):
        x = x - x.mean(axis=1, keepdims=True)
        along, squares = x @ y, np.sum(x**2, axis=1)
        best = int(np.argmax(along**2 / squares))
        found.append((along[best] ** 2 / squares[best], kind, best, reach[best] * along[best] / squares[best]))
    _, kind, best, size = max(found, key=lambda row: row[0])
    return kind, int(splits[best]), float(size)
