"""One metered boundary as the detection sees it: its daily series, statistic, finished works and present trouble."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats, View
from cityloop.domains.water.balance import Meters, boundaries, find_meters
from cityloop.domains.water.indicators import air_temperature, daily_balance, standardised
from cityloop.domains.water.leaks.detection import Trouble, find_trouble
from cityloop.domains.water.leaks.statistic import Statistic, adjust
from cityloop.domains.water.localtime import civil_days
from cityloop.records import Project, Thing

__all__ = ["BoundaryState", "read_boundaries"]


@dataclass(frozen=True)
class BoundaryState:
    """One boundary as the detection sees it; `trouble` None = nothing wrong, `statistic` None = too few days."""

    boundary: Thing
    meters: Meters
    days: npt.NDArray[np.datetime64]
    night: Floats
    day: Floats
    covariates: Mapping[str, Floats]
    """What the statistic was freed of besides the day: `controls`, `air_temperature`, where the city has them."""
    statistic: Statistic | None
    trouble: Trouble | None
    works: tuple[tuple[int, int], ...]
    streams: tuple[str, ...]
    simulated: bool


def read_boundaries(view: View, *, start: datetime, end: datetime) -> list[BoundaryState]:
    """Read and judge every metered boundary over [start, end)."""
    places = boundaries(view)
    daily = {b.id: daily_balance(view, b, start=start, end=end) for b in places if find_meters(view, b).inflow}
    scaled = {k: standardised(d.night) for k, d in daily.items()}
    states = []
    for place in places:
        if place.id not in daily:
            continue
        own = daily[place.id]
        covariates: dict[str, Floats] = {}
        streams = list(own.meters.datastreams)
        others = [scaled[k] for k in daily if k != place.id]
        if len(others) >= 3:  # the median of three is not moved by a leak in one of them
            covariates["controls"] = _median(np.stack(others))
            streams += [s for k, d in daily.items() if k != place.id for s in d.meters.datastreams]
        temperature, stations = air_temperature(view, own.days, start=start, end=end)
        if stations:
            covariates["air_temperature"] = temperature
            streams += [s.id for s in stations]
        statistic = adjust(own.night, own.day, covariates)
        works = _works(view, place, own.days)
        states.append(
            BoundaryState(
                boundary=place,
                meters=own.meters,
                days=own.days,
                night=own.night,
                day=own.day,
                covariates=covariates,
                statistic=statistic,
                trouble=find_trouble(statistic, works=works) if statistic else None,
                works=tuple(works),
                streams=tuple(dict.fromkeys(streams)),
                simulated=own.meters.simulated,
            )
        )
    return states


def _median(block: Floats) -> Floats:
    """Median over rows, NaN where fewer than three values."""
    out = np.full(block.shape[1], np.nan)
    enough = np.isfinite(block).sum(axis=0) >= 3
    out[enough] = np.nanmedian(block[:, enough], axis=0)
    return out


def _works(view: View, boundary: Thing, days: npt.NDArray[np.datetime64]) -> list[tuple[int, int]]:
    """First and last day index of the finished works on a boundary."""
    found = []
    for project in view.records(Project):
        if project.boundary != boundary.id or project.state != "done":
            continue
        done = project.states[-1].on
        begun = next((s.on for s in project.states if s.state == "started"), done)
        first, last = civil_days(np.array([_utc(begun), _utc(done)], dtype="datetime64[us]"), view.timezone)
        found.append((int((first - days[0]).astype(int)), int((last - days[0]).astype(int))))
    return sorted(found)


def _utc(moment: datetime) -> np.datetime64:
    """An aware time as datetime64 in UTC."""
    return np.datetime64(int(moment.timestamp() * 1_000_000), "us")
