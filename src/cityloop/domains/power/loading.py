"""Loading of a transformer from its measured power and its rating: the daily series, from observations and works only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats, IndicatorSeries, Prior, View
from cityloop.errors import RecordError
from cityloop.records import Countermeasure, Datastream, Project, Thing

__all__ = ["INDICATOR", "Loading", "loading_series", "rating_kva", "read_loading", "stations"]

INDICATOR = "transformer_loading"
#: Hours that a day must have for its highest hour to count.
LEAST_HOURS = 18


@dataclass(frozen=True)
class Loading:
    """Hours and days of one station. `kw` (t,) measured power, `rating_kva` (t,) in force, `day` (t,) civil day; by civil day
    `days` (n,): `peak` the highest hour in % of the rating, `mean_kw` the mean power; NaN where too few hours.
    """

    stream: Datastream
    kw: Floats
    rating_kva: Floats
    day: npt.NDArray[np.datetime64]
    days: npt.NDArray[np.datetime64]
    peak: Floats
    mean_kw: Floats


def stations(view: View) -> dict[str, tuple[Thing, Datastream]]:
    """Every transformer with a measured power and a rating, by Thing id."""
    streams = {s.thing: s for s in view.records(Datastream) if s.observed_property == "power"}
    return {
        t.id: (t, streams[t.id])
        for t in view.records(Thing)
        if t.kind == "transformer" and t.id in streams and _rated(t) > 0
    }


def _rated(thing: Thing) -> float:
    value = thing.properties.get("sn_kva", 0.0)
    return float(value) if isinstance(value, int | float) else 0.0


def rating_kva(view: View, thing: Thing) -> list[tuple[datetime, float]]:
    """Rating from each moment on, in order: that of the register, then that of every finished exchange."""
    measures = {c.id: c for c in view.records(Countermeasure)}
    found = [(datetime.min.replace(tzinfo=UTC), _rated(thing))]
    for project in view.records(Project):
        measure = measures.get(project.countermeasure)
        if measure is None or project.state != "done":
            continue
        found += [
            (project.states[-1].on, c.value)
            for c in measure.changes
            if (c.thing, c.property) == (thing.id, "sn_kva") and project.states[-1].on <= view.now
        ]
    return sorted(found)


def read_loading(
    view: View, thing: Thing, stream: Datastream, priors: Mapping[str, Prior], *, start: datetime, end: datetime
) -> Loading:
    """Hourly power over [start, end) against the rating in force, and its days."""
    times, block = view.block([stream.id], start=start, end=end)
    kw = np.abs(block[:, 0])
    rating = np.empty(len(kw))
    for since, kva in rating_kva(view, thing):
        rating[times >= np.datetime64(since.astimezone(UTC).replace(tzinfo=None), "us")] = kva
    zone = ZoneInfo(view.timezone)
    local = [t.replace(tzinfo=UTC).astimezone(zone).date() for t in times.astype("datetime64[s]").tolist()]
    label = np.array(local, dtype="datetime64[D]")
    days = np.arange(label[0], label[-1] + 1) if len(label) else label
    percent = 100 * kw / (priors["cos_phi"].value * rating)
    peak, mean = np.full(len(days), np.nan), np.full(len(days), np.nan)
    for i, day in enumerate(days):
        mine = (label == day) & np.isfinite(kw)
        if mine.sum() >= LEAST_HOURS:
            peak[i], mean[i] = percent[mine].max(), kw[mine].mean()
    return Loading(stream, kw, rating, label, days, peak, mean)


def loading_series(
    view: View, indicator: str, boundary: str, priors: Mapping[str, Prior], *, start: datetime, end: datetime
) -> IndicatorSeries:
    """Highest hour of each day in % of the rating in force.

    `mean_power` (kW, of the same meter) takes weather and growth out: a larger transformer does not move it, flexible
    heat pumps hardly, since what they leave out at the peak they take at other hours. Raises RecordError.
    """
    station = stations(view).get(boundary)
    if indicator != INDICATOR or station is None:
        raise RecordError(
            "Not an indicator of the power domain.", where=boundary, got=indicator,
            allowed=f"{INDICATOR} of a transformer with a rating (sn_kva) and a series of property power",
            cure="Add the series, and the model or the [[thing]] that states the rating.",
        )  # fmt: skip
    loading = read_loading(view, *station, priors, start=start, end=end)
    return IndicatorSeries(
        indicator=INDICATOR, boundary=boundary, unit="%", days=loading.days, y=loading.peak,
        covariates={"mean_power": loading.mean_kw}, datastreams=(loading.stream.id,),
        simulated=loading.stream.simulated, adjusted_by=("mean_power",),
    )  # fmt: skip
