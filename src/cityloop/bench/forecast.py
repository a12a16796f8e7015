"""How far a demand forecast can be trusted: weeks ahead on real measured areas, held against a plain median.

Every week is forecast by the product's own path (cityloop.forecast) at its local midnight, from what was observed up to
then and the weather of the week itself in the place of a weather forecast. Measures after the Battle of Water Demand
Forecasting (Alvisi et al. 2025, J. Water Resour. Plan. Manage. 151(10)).
"""

import os
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import numpy as np

from cityloop.bench.areas import ZONE, area_columns, area_titles, hourly_table
from cityloop.bench.memory_view import MemoryView, read_sources
from cityloop.contracts import Floats, Policy, Progress
from cityloop.errors import InputError
from cityloop.forecast import LONGEST_HOURS, forecast
from cityloop.forecast.calendar import HOURS, blocks, wall_hours
from cityloop.forecast.features import WINDOW, median
from cityloop.records import Datastream, Statistic, Thing, record_id

__all__ = ["OFFICIAL_WEEKS", "OTHER_WEEKS", "run"]

CITY, COUNTRY, LEVEL = "bench", "IT", 0.9
OFFICIAL_WEEKS = (
    "2021-07-05", "2021-09-06", "2021-11-01", "2021-12-20", "2022-02-07", "2022-03-28", "2022-05-16", "2022-07-18",
)  # fmt: skip
#: None of them is an official week; both clock changes, Easter, 15 August and 2 June are among them.
OTHER_WEEKS = (
    "2021-06-14", "2021-07-26", "2021-08-16", "2021-10-04", "2021-10-25", "2021-11-22", "2022-01-10", "2022-02-28",
    "2022-03-21", "2022-04-18", "2022-05-30", "2022-06-27",
)  # fmt: skip
_WEATHER: Mapping[str, tuple[str, str, Statistic]] = {
    "air_temperature_c": ("air_temperature", "°C", "instant"),
    "rainfall_mm": ("rainfall", "mm", "total"),
    "air_humidity_pct": ("relative_humidity", "%", "instant"),
}
_POLICY = Policy(
    currency="EUR", price_year=2024, discount_rate=0.03, years=1, budget_per_year=(0.0,), level=LEVEL, targets={},
    due_days=365, prices={}, crew_km_per_day=0.0, binding_norm="eu", compare_norms=(),
)  # fmt: skip


@dataclass(frozen=True)
class _AreaWeek:
    """One area in one week: (day 1 mean, day 1 largest, days 2 to 7 mean) error of the forecast and of the plain median."""

    area: str
    week: str
    errors: Floats
    naive: Floats
    inside: int
    hours: int
    width: float


def run(
    data: Path, *, weeks: Sequence[str] = OFFICIAL_WEEKS, method: Literal["boosting", "median"] | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Forecast all areas of a data folder for the weeks that begin on the given days (YYYY-MM-DD, local midnight).

    Errors are in L/s, `sum` = pi1 + pi2 + pi3; `coverage` is the share of observed hours within the intervals, whose
    nominal share is `nominal`, `halfwidth` half of their mean width. Area-weeks with over half of their hours missing are left
    out. Raises InputError for a folder or a week that cannot be used.
    """
    began = time.monotonic()
    starts = [_start(week) for week in weeks]
    view, titles = _open(Path(data))
    found: list[_AreaWeek] = []
    methods: set[str] = set()
    for number, (week, at) in enumerate(zip(weeks, starts, strict=True)):
        if progress is not None:
            progress(number / len(weeks), week)
        judged, used = _judge(view, titles, week, at, method)
        found += judged
        methods.add(used)
    if progress is not None:
        progress(1.0, "")
    if not found:
        raise InputError("No week could be judged.", where=str(data), got=", ".join(weeks), cure="Name other weeks.")
    return {
        **_figures(found),
        "nominal": LEVEL,
        "unit": "L/s",
        "area_weeks": len(found),
        "weeks": list(weeks),
        "method": ", ".join(sorted(methods)),
        "by_week": {week: _figures(mine) for week in weeks if (mine := [f for f in found if f.week == week])},
        "areas": {a: _figures(mine) for a in titles.values() if (mine := [f for f in found if f.area == a])},
        "seconds": round(time.monotonic() - began, 1),
        "date": datetime.now(tz=UTC).date().isoformat(),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
    }


def _start(week: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(week), datetime.min.time(), tzinfo=ZoneInfo(ZONE)).astimezone(UTC)
    except ValueError:
        raise InputError(
            "Not a day.", where="--weeks", got=week, allowed="official, other, or days as 2022-05-16"
        ) from None


def _open(folder: Path) -> tuple[MemoryView, dict[str, str]]:
    """A view over everything in the folder, and the title of every inflow datastream."""
    from cityloop.sources.files import FileSource

    columns = area_columns(folder / "inflow_hourly.csv")
    tables = [
        hourly_table("inflow", folder / "inflow_hourly.csv", dict.fromkeys(columns, ("water_flow", "L/s", "mean")))
    ]
    if (folder / "weather_hourly.csv").is_file():
        tables.append(hourly_table("weather", folder / "weather_hourly.csv", _WEATHER))
    until = datetime(9999, 1, 1, tzinfo=UTC)
    origin, streams, records = read_sources([FileSource(t, folder=folder, city=CITY) for t in tables], until=until)
    city = Thing(id=record_id(CITY, "thing", "city", CITY), kind="city", name=CITY, properties={"country": COUNTRY})
    titles = area_titles(folder / "dma_properties.csv")
    view = MemoryView(
        city=CITY, timezone=ZONE, now=until, policy=_POLICY, origin=origin, streams=streams, things=(*records, city)
    )
    flows = {s.thing: s.id for s in view.records(Datastream)}
    return view, {flows[record_id(CITY, "thing", "boundary", c)]: titles.get(c, c) for c in columns}


def _judge(
    view: MemoryView, titles: Mapping[str, str], week: str, at: datetime, method: Literal["boosting", "median"] | None
) -> tuple[list[_AreaWeek], str]:
    """One week of all areas that it can be judged on, and the method that was used."""
    made = forecast(view, tuple(titles), at=at, hours=LONGEST_HOURS, level=LEVEL, method=method)
    end = datetime.fromtimestamp(float(made.times[-1].astype("datetime64[s]").astype(np.int64)) + 3600, tz=UTC)
    _, truth = view.block(made.datastreams, start=at, end=end)
    plain = _weekday_median(view, made.datastreams, at, end)
    found = []
    for i, id in enumerate(made.datastreams):
        known = np.isfinite(truth[:, i])
        if known.mean() < 0.5:
            continue
        held = (made.low[:, i] <= truth[:, i]) & (truth[:, i] <= made.high[:, i])
        found.append(
            _AreaWeek(
                titles[id], week, _errors(made.value[:, i] - truth[:, i]), _errors(plain[:, i] - truth[:, i]),
                int(held[known].sum()), int(known.sum()), float((made.high - made.low)[known, i].mean()),
            )
        )  # fmt: skip
    return found, made.method


def _weekday_median(view: MemoryView, ids: Sequence[str], at: datetime, end: datetime) -> Floats:
    """The plain forecast: median of the same wall-clock hour and weekday of the six weeks before; of all days if none."""
    times, values = view.block(ids, start=view.origin, end=at)
    ahead, _ = view.block(ids, start=at, end=end)
    here, there = wall_hours(times, ZONE), wall_hours(ahead, ZONE)
    past = blocks(values, here, start=int(there[0]), before=WINDOW)
    by_weekday = median(past.reshape(len(ids), WINDOW // 7, 7, HOURS), 1)
    week = np.where(np.isfinite(by_weekday), by_weekday, median(past, 1)[:, None]).reshape(len(ids), -1)
    return np.asarray(week[:, (there - there[0]) % (7 * HOURS)].T, np.float64)


def _errors(distance: Floats) -> Floats:
    """Mean and largest absolute error of the first 24 hours, mean of the others; NaN where nothing was observed."""
    day, rest = np.abs(distance[:HOURS]), np.abs(distance[HOURS:])
    day, rest = day[np.isfinite(day)], rest[np.isfinite(rest)]
    return np.array(
        [
            day.mean() if len(day) else np.nan,
            day.max(initial=np.nan if not len(day) else 0.0),
            rest.mean() if len(rest) else np.nan,
        ]
    )


def _figures(found: Sequence[_AreaWeek]) -> dict[str, float]:
    """Means over areas and weeks."""
    pi, naive = (_mean_of([getattr(f, name) for f in found]) for name in ("errors", "naive"))
    return {
        "pi1": round(float(pi[0]), 4), "pi2": round(float(pi[1]), 4), "pi3": round(float(pi[2]), 4),
        "sum": round(float(pi.sum()), 4), "naive_sum": round(float(naive.sum()), 4),
        "ratio": round(float(pi.sum() / naive.sum()), 4),
        "coverage": round(sum(f.inside for f in found) / sum(f.hours for f in found), 4),
        "halfwidth": round(sum(f.width * f.hours for f in found) / sum(f.hours for f in found) / 2, 4),
    }  # fmt: skip


def _mean_of(rows: Sequence[Floats]) -> Floats:
    table = np.array(rows)
    there = np.isfinite(table)
    return np.asarray(np.where(there, table, 0.0).sum(axis=0) / np.maximum(there.sum(axis=0), 1), np.float64)
