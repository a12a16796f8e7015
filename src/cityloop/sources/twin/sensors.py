"""What the twin's sensors see of the truth and when it arrives: noise, gaps, stuck values, delays, repeats.

Everything is keyed by (seed, datastream, hour): row i of a series is the same whoever asks, and arrives at the same hour.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats, Output
from cityloop.records import Datastream, Sensor, Statistic, record_id
from cityloop.sources.twin.chance import generator
from cityloop.sources.twin.mismatch import Mislabelling
from cityloop.sources.twin.scenario import Failure
from cityloop.units import QUANTITIES

__all__ = ["Meter", "Rows", "arriving", "flow_meter", "level_meter", "power_meter", "pressure_loggers", "read"]

FLOW_ERROR, POWER_ERROR, LEVEL_SD_M = 0.01, 0.01, 0.01
#: Mean days between two gaps, stuck spells and late deliveries of one sensor, and their lengths in hours (from, below).
GAP_DAYS, GAP_HOURS = 14.0, (1, 4)
STUCK_DAYS, STUCK_HOURS = 30.0, (2, 7)
LATE_DAYS, LATE_HOURS = 20.0, (3, 13)
#: Share of the rows that are sent a second time a day later; delay of late and repeated rows in hours.
REPEATED, DELAY_H = 0.002, 24
STEP_S = 3600


@dataclass(frozen=True)
class Meter:
    """One sensor: what the records say (`datastream`, `sensor`), what it really measures (`output`), how well.

    `error` is relative for flow and power, absolute for level and pressure; `slow_h` = hours its clock is behind.
    """

    datastream: Datastream
    sensor: Sensor
    output: Output
    relative: bool
    error: float
    sticks: bool = False
    slow_h: int = 0


@dataclass(frozen=True)
class Rows:
    """Rows in the order of arrival: when they arrive and how the sensor stamps them (hours after the start), and value."""

    arrives: npt.NDArray[np.int64]
    hour: npt.NDArray[np.int64]
    value: Floats

    def measured_from(self, hour: int) -> "Rows":
        """Rows stamped `hour` or later, whenever they arrive."""
        keep = self.hour >= hour
        return self if keep.all() else Rows(self.arrives[keep], self.hour[keep], self.value[keep])

    def between(self, after: int, until: int) -> "Rows":
        """Rows that arrive in the hours (after, until]."""
        low, high = np.searchsorted(self.arrives, [after, until], side="right")
        return Rows(self.arrives[low:high], self.hour[low:high], self.value[low:high])


def _meter(
    city: str, source: str, thing: tuple[str, str], observed: str, statistic: Statistic, output: Output, *,
    relative: bool, error: float, noise_sd: float, sticks: bool = False, slow_h: int = 0,
) -> Meter:  # fmt: skip
    name = f"{source}/{observed}/{thing[1]}"
    unit = QUANTITIES[observed].unit
    thing_id = record_id(city, "thing", *thing)
    sensor = Sensor(
        id=record_id(city, "sensor", name), simulated=True, name=name, thing=thing_id, noise_sd=noise_sd,
        description="simulated",
    )  # fmt: skip
    stream = Datastream(
        id=record_id(city, "datastream", name), simulated=True, name=name, thing=thing_id, sensor=sensor.id,
        observed_property=observed, unit=unit, statistic=statistic, step_s=STEP_S, declared_unit=unit, source=source,
    )  # fmt: skip
    return Meter(stream, sensor, output, relative, error, sticks, slow_h)


def flow_meter(city: str, source: str, link: tuple[str, str], usual_l_per_s: float) -> Meter:
    """A flow meter on a link; 1 % of what flows."""
    return _meter(
        city, source, link, "water_flow", "mean", (link[1], "flow_l_per_s"),
        relative=True, error=FLOW_ERROR, noise_sd=FLOW_ERROR * abs(usual_l_per_s),
    )  # fmt: skip


def power_meter(city: str, source: str, pump: str, usual_kw: float) -> Meter:
    """The electric power of a pump; 1 %."""
    return _meter(
        city, source, ("pump", pump), "power", "mean", (pump, "power_kw"),
        relative=True, error=POWER_ERROR, noise_sd=POWER_ERROR * abs(usual_kw),
    )  # fmt: skip


def level_meter(city: str, source: str, tank: str) -> Meter:
    """The level of a tank at the full hour; 1 cm."""
    return _meter(
        city, source, ("tank", tank), "water_level", "instant", (tank, "level_m"),
        relative=False, error=LEVEL_SD_M, noise_sd=LEVEL_SD_M,
    )  # fmt: skip


def pressure_loggers(
    city: str, source: str, junctions: Sequence[str], noise_m: float, wrong: Mislabelling
) -> list[Meter]:
    """Loggers at `junctions` as the records say; some are in truth at each other's place or have a slow clock."""
    return [
        _meter(
            city, source, ("junction", name), "water_pressure", "instant", (junctions[wrong.place[i]], "pressure_m"),
            relative=False, error=noise_m, noise_sd=noise_m, sticks=True, slow_h=int(i in wrong.slow),
        )
        for i, name in enumerate(junctions)
    ]  # fmt: skip


# --- what it shows -------------------------------------------------------------------------------------------------
def read(
    meter: Meter, truth: Floats, *, seed: int, failure: Failure | None = None, mended_hour: int | None = None
) -> Floats:
    """What the meter shows for each hour from the start on, (hours,); NaN in a gap. `truth` (hours,)."""
    name = meter.datastream.name
    noise = generator(seed, name, "noise").standard_normal(len(truth)) * meter.error
    shown = truth * (1.0 + noise) if meter.relative else truth + noise
    if meter.sticks:
        for begin, length in _spells(seed, name, "stuck", STUCK_DAYS, STUCK_HOURS, len(truth)):
            shown[begin + 1 : begin + length] = shown[begin]
    if failure is not None:
        _fail(shown, failure, mended_hour)
    for begin, length in _spells(seed, name, "gap", GAP_DAYS, GAP_HOURS, len(truth)):
        shown[begin : begin + length] = np.nan
    return np.asarray(shown)


def _fail(shown: Floats, failure: Failure, mended_hour: int | None) -> None:
    """Let the logger fail from its onset until it is mended."""
    onset = round(failure.onset_day * 24)
    end = len(shown) if mended_hour is None else min(mended_hour, len(shown))
    if onset >= end:
        return
    if failure.kind == "stuck":
        shown[onset:end] = shown[onset]
    elif failure.kind == "drift":
        shown[onset:end] += failure.size * np.arange(end - onset) / 24
    else:
        shown[onset:end] += failure.size


def _spells(
    seed: int, name: str, what: str, every_days: float, length: tuple[int, int], hours: int
) -> list[tuple[int, int]]:
    """(first hour, hours) of rare spells of one kind."""
    begins = generator(seed, name, what, "begin").random(hours) < 1.0 / (24.0 * every_days)
    lengths = generator(seed, name, what, "length").integers(*length, hours)
    return [(int(i), int(lengths[i])) for i in np.flatnonzero(begins)]


# --- when it arrives ---------------------------------------------------------------------------------------------
def arriving(meter: Meter, shown: Floats, *, seed: int) -> Rows:
    """All rows in the order of their arrival: each at the end of its hour, late ones and repeats a day later."""
    name, n = meter.datastream.name, len(shown)
    hour = np.arange(n)
    arrival = hour + 1
    for begin, length in _spells(seed, name, "late", LATE_DAYS, LATE_HOURS, n):
        arrival[begin : begin + length] = hour[begin : begin + length] + 1 + DELAY_H
    repeated = np.flatnonzero(generator(seed, name, "repeat").random(n) < REPEATED)
    sent = np.concatenate([hour, hour[repeated]])
    arrives = np.concatenate([arrival, arrival[repeated] + DELAY_H])
    keep = np.isfinite(shown[sent]) & (sent >= meter.slow_h)
    sent, arrives = sent[keep], arrives[keep]
    order = np.lexsort((sent, arrives))
    return Rows(arrives[order], (sent - meter.slow_h)[order], shown[sent[order]])
