"""Failing sensors: stuck, silent, jumping and drifting meters, found without a model of the network.

A logger's daily night mean is explained by tank levels, pump flows and demand and by the median of all other loggers;
what is left must stay level. A leak bends night pressures by centimetres (ky4: 4 mm per L/s at the median node, 4 cm at
the 99th percentile), a failing logger by much more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from cityloop.contracts import Floats, Times, View
from cityloop.domains.water.balance import STUCK_H, longest_runs
from cityloop.domains.water.indicators import civil_days
from cityloop.domains.water.texts import note
from cityloop.records import Datastream

__all__ = ["Fault", "sensor_faults"]

WATCHED = ("water_pressure", "water_flow", "water_level")
#: A meter is stuck when it repeats one value for STUCK_H and this many times as long as before.
STUCK_RATIO = 4.0
#: A meter is silent when this share of the last days is missing while it delivered more before.
GAP_SHARE, GAP_DAYS = 0.5, 7
#: A step of a logger is a fault from this size on (m), in this many standard deviations of a day.
JUMP_M, JUMP_SD = 0.6, 6.0
LOOK_BACK_DAYS = 84
LEAST_LOGGERS = 5


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
    streams = sorted((s for s in view.records(Datastream) if s.observed_property in WATCHED), key=lambda s: s.id)
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
        series = left[:, position] - middle
        fault = _level_fault(streams[column], days, series)
        if fault:
            faults.append(fault)
    return faults


def _night_means(view: View, times: Times, block: Floats) -> tuple[Times, Floats]:
    """Means of 01-05 h local by civil day, (days,), (days, columns); NaN below three hours."""
    from zoneinfo import ZoneInfo

    zone = ZoneInfo(view.timezone)
    hours = np.array([_moment(t).astimezone(zone).hour for t in times])
    labels = civil_days(times, view.timezone)
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


def _level_fault(stream: Datastream, days: Times, series: Floats) -> Fault | None:
    """A jump or a drift of the unexplained series, whichever explains more; None if it stays level."""
    good = np.flatnonzero(np.isfinite(series))
    if len(good) < 21:
        return None
    y = series[good]
    sd = max(1.4826 * float(np.median(np.abs(np.diff(y)))) / np.sqrt(2), 0.02)
    best: tuple[float, str, int, float] = (0.0, "", 0, 0.0)
    total = float(np.sum((y - y.mean()) ** 2))
    for split in range(5, len(y) - 2):
        size = float(y[split:].mean() - y[:split].mean())
        gain = total - float(np.sum((y[:split] - y[:split].mean()) ** 2) + np.sum((y[split:] - y[split:].mean()) ** 2))
        if gain > best[0]:
            best = (gain, "jump", split, size)
        ramp = np.maximum(good - good[split], 0.0)
        ramp = ramp - ramp.mean()
        slope = float(ramp @ y / (ramp @ ramp))
        gain = total - float(np.sum((y - y.mean() - slope * ramp) ** 2))
        if gain > best[0]:
            best = (gain, "drift_sensor", split, slope * float(good[-1] - good[split]))
    _, kind, split, size = best
    if not kind or abs(size) < max(JUMP_M, JUMP_SD * sd):
        return None
    since = _moment(days[good[split]].astype("datetime64[us]"))
    rate = size / max(float(good[-1] - good[split]), 1.0) * 7
    text = (
        note("jump", name=stream.name, size=f"{size:+.2f}", unit="m", day=since.date().isoformat())
        if kind == "jump"
        else note("drift_sensor", name=stream.name, size=f"{rate:+.2f}", unit="m")
    )
    after = len(y) - split
    return Fault(
        stream, "jump" if kind == "jump" else "drift", since, size, 0.0,
        sd * float(np.sqrt(1 / split + 1 / after)), "m", text,
    )  # fmt: skip
