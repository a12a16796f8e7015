"""What a forecast reads of a city: demand up to a moment, the weather around it, the country whose holidays count."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats, Times, View
from cityloop.errors import InputError
from cityloop.forecast.calendar import HOURS, DaysOff, blocks, days_off, wall_hours
from cityloop.forecast.features import WINDOW
from cityloop.i18n import Pair
from cityloop.records import Datastream, Thing

__all__ = ["NOTES", "History", "Moment", "holidays_of", "note", "read_history", "read_weather"]

_HOUR = timedelta(hours=1)
_LEAST_DAYS, _LEAST_HOURS = 28, 336
"""Without so long a history, and so many hours with a value in its last six weeks, nothing is said."""
_LONGEST_DAYS = 1100
_WEATHER = ("air_temperature", "rainfall", "relative_humidity")
_WEATHER_SHARE = 0.9
"""Of the hours ahead that must have a value, or that kind of weather is left out."""
NOTES = {
    "no_weather": Pair("No weather after {at} is known: the forecast goes without it.", "{at} 之后没有气象数据，预测未考虑天气。"),
    "no_holidays": Pair(
        "The public holidays of the country ({country}) are not known here: every day counts by its weekday.",
        "未能取得该国（{country}）的法定节假日，各日只按星期区分。",
    ),
    "not_learnt": Pair(
        "Fewer than {days} days of observations: forecast by the plain method.", "观测不足 {days} 天，采用简单方法。"
    ),
    "no_extra": Pair(
        "The learning method is not installed; install it with: pip install 'cityloop[forecast]'.",
        "未安装学习型方法，可用 pip install 'cityloop[forecast]' 安装。",
    ),
    "left_out": Pair("Left out, too few values before {at}: {names}.", "{at} 之前数据不足，未作预测：{names}。"),
}  # fmt: skip


@dataclass(frozen=True)
class Moment:
    """`observed` ends the last whole hour seen, `begin` starts the first hour ahead; `hour` is `begin` on the wall clock."""

    observed: datetime
    begin: datetime
    hour: int

    @classmethod
    def of(cls, at: datetime, zone: str) -> "Moment":
        """The moment of a forecast made at `at`: an hour that `at` cuts is neither observed nor forecast."""
        observed = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        begin = observed if observed == at else observed + _HOUR
        hour = wall_hours(np.array([begin.replace(tzinfo=None)], "datetime64[us]"), zone)[0]
        return cls(observed, begin, int(hour))


@dataclass(frozen=True)
class History:
    """Demand before a moment: `demand` (areas, blocks, 24) ends with it and has six empty weeks in front of the first value."""

    datastreams: tuple[str, ...]
    demand: Floats
    first: int
    """The block with the first value of any area."""

    @property
    def days(self) -> int:
        """Days of observations of the fullest area, gaps not counted."""
        return int(np.isfinite(self.demand).sum(axis=(1, 2)).max()) // HOURS


def read_history(view: View, datastreams: Sequence[str], moment: Moment) -> tuple[History, tuple[str, ...]]:
    """The history of the datastreams that have enough of it, and those that have not.

    Raises InputError saying what is needed if all of them have too little.
    """
    ids = tuple(dict.fromkeys(datastreams))
    for id in ids:
        view.get(Datastream, id)
    span = view.span(ids)
    oldest = moment.observed - timedelta(days=_LONGEST_DAYS)
    start = max(span[0].replace(minute=0, second=0, microsecond=0), oldest) if span else moment.observed
    start = min(start, moment.observed)
    times, values = view.block(ids, start=start, end=moment.observed)
    before = (moment.observed - start).days + 1 + WINDOW
    demand = blocks(values, wall_hours(times, view.timezone), start=moment.hour, before=before)
    there = np.asarray(np.isfinite(demand), np.bool_)
    recent = there[:, -WINDOW:].sum(axis=(1, 2))
    known: npt.NDArray[np.bool_] = np.asarray(there.sum(axis=2) > 0)
    days = np.where(known.sum(axis=1) > 0, before - known.argmax(axis=1), 0)
    enough = (days >= _LEAST_DAYS) & (recent >= _LEAST_HOURS)
    if not enough.any():
        raise InputError(
            "Too little history to forecast.", where=", ".join(_name(view, id) for id in ids[:5]),
            got=f"{days.max(initial=0)} days, {recent.max(initial=0)} hourly values in the last {WINDOW} days",
            allowed=f"{_LEAST_DAYS} days and more, {_LEAST_HOURS} hourly values in the last {WINDOW} days",
            cure="Take more observations, or name a later time.",
        )  # fmt: skip
    kept = History(tuple(np.array(ids)[enough].tolist()), demand[enough], before - int(days[enough].max()))
    return kept, tuple(_name(view, id) for id, there in zip(ids, enough, strict=True) if not there)


def read_weather(
    view: View, moment: Moment, *, blocks_before: int, times: Times, blocks_after: int
) -> dict[str, Floats]:
    """Weather by kind, (blocks_before + blocks_after, 24), the mean of all stations; kinds unknown for `times` are absent."""
    found = {}
    start = moment.begin - timedelta(days=blocks_before + 1)
    end = moment.begin + len(times) * _HOUR
    for kind in _WEATHER:
        stations = [s.id for s in view.records(Datastream) if s.observed_property == kind]
        if not stations:
            continue
        known, values = view.block(stations, start=start, end=end)
        mean = _mean_of_stations(values)
        if np.isfinite(mean[-len(times) :]).mean() >= _WEATHER_SHARE:
            hours = wall_hours(known, view.timezone)
            found[kind] = blocks(mean, hours, start=moment.hour, before=blocks_before, after=blocks_after)[0]
    return found


def _mean_of_stations(values: Floats) -> Floats:
    there = np.isfinite(values)
    count = there.sum(axis=1, keepdims=True)
    total = np.where(there, values, 0.0).sum(axis=1, keepdims=True)
    mean = np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
    return np.asarray(mean, np.float64)


def holidays_of(view: View, first: datetime, last: datetime) -> tuple[str, DaysOff | None]:
    """The city's country and its public holidays; None where they are not known."""
    country = next((str(t.properties.get("country", "")) for t in view.records(Thing) if t.kind == "city"), "")
    return country, days_off(country, first.date(), last.date()) if country else None


def note(key: str, **values: object) -> Pair:
    """A note with its placeholders filled in both languages."""
    return Pair(NOTES[key].in_("en", **values), NOTES[key].in_("zh", **values))


def _name(view: View, id: str) -> str:
    return view.get(Datastream, id).name
