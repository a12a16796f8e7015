"""Hourly demand up to a week ahead, with intervals, from what was observed up to a moment.

Demand observed after the moment plays no part. Weather after it counts as the weather forecast.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import numpy as np

from cityloop.contracts import Floats, Progress, Times, View
from cityloop.errors import InputError
from cityloop.forecast.calendar import HOURS, calendar, wall_hours
from cityloop.forecast.conformal import calibrated
from cityloop.forecast.features import AHEAD, Board, clipped, examples
from cityloop.forecast.inputs import History, Moment, holidays_of, note, read_history, read_weather
from cityloop.forecast.model import METHODS, Predict, can_learn
from cityloop.i18n import Pair

__all__ = ["LONGEST_HOURS", "Forecast", "forecast"]

LONGEST_HOURS = 168
_LEARN_DAYS = 126
"""Days of observations, of the fullest area, from which on a learning method is used."""
_CALIBRATION_DAYS, _CALIBRATION_STEP = 90, 5
"""Days whose forecasts make the intervals, at most half of the history of a method that learns, and from each how manieth."""
_FIRST_ORIGIN_DAYS = 14
_STEPS, _ROWS = (1, 2, 3, 5), 100_000
"""Days between the origins learnt from, none of them a divisor of the week, and the hours that they should come to."""
_AREAS_AT_ONCE = 32


@dataclass(frozen=True)
class Forecast:
    """`value`, `low`, `high` are (t, len(datastreams)) in the unit inside of each datastream; `times` (t,) UTC hours.

    `level` is the share of hours that [low, high] should hold; `method` a key of model.METHODS; `notes` what its reader must
    know: what was left out and why.
    """

    times: Times
    datastreams: tuple[str, ...]
    value: Floats
    low: Floats
    high: Floats
    level: float
    method: str
    notes: tuple[Pair, ...]


def forecast(
    view: View, datastreams: Sequence[str], *, at: datetime, hours: int = LONGEST_HOURS, level: float = 0.9,
    method: Literal["boosting", "median"] | None = None, progress: Progress | None = None,
) -> Forecast:  # fmt: skip
    """Forecast `hours` hours of each datastream from the first whole hour at or after `at`.

    `method` None takes the best that is installed and that the history suffices for. Datastreams with too little history
    are left out with a note. Raises InputError where none is left, and for hours, level or time that make no sense.
    """
    _check(datastreams, at, hours, level)
    moment = Moment.of(at, view.timezone)
    history, left_out = read_history(view, datastreams, moment)
    stated = at.isoformat(timespec="minutes")
    notes = [note("left_out", at=stated, names=", ".join(left_out))] if left_out else []
    times = np.datetime64(moment.begin.replace(tzinfo=None), "us") + np.arange(hours) * np.timedelta64(
        3_600_000_000, "us"
    )
    place = np.maximum(wall_hours(times, view.timezone) - moment.hour, 0)
    board, known = _board(view, history, moment, times, int(place.max()) // HOURS + 1)
    notes += [n for n in (known, None if board.weather else note("no_weather", at=stated)) if n is not None]
    chosen, why = _choose(method, history.days)
    notes += [why] if why is not None else []
    parts = []
    for begin in range(0, len(history.datastreams), _AREAS_AT_ONCE):
        if progress is not None:
            progress(begin / len(history.datastreams), f"{begin} / {len(history.datastreams)}")
        part = Board(board.demand[begin : begin + _AREAS_AT_ONCE], board.calendar, board.weather, board.now)
        parts.append(_predict(part, chosen, level, history.first, int(place.max()) // HOURS + 1))
    value, low, high = (np.concatenate([p[i] for p in parts])[:, place].T for i in range(3))
    return Forecast(times, history.datastreams, value, low, high, level, chosen, tuple(notes))


def _check(datastreams: Sequence[str], at: datetime, hours: int, level: float) -> None:
    if not datastreams:
        raise InputError("Nothing to forecast.", got="no datastream", cure="Name a datastream.")
    if at.tzinfo is None:
        raise InputError("A time without its offset from UTC.", got=at.isoformat(), cure="Give aware times.")
    if not 1 <= hours <= LONGEST_HOURS:
        raise InputError("Not a length of a forecast.", got=hours, allowed=f"1 to {LONGEST_HOURS} hours")
    if not 0.5 <= level <= 0.99:
        raise InputError("Not a level of an interval.", got=level, allowed="0.5 to 0.99")


def _board(view: View, history: History, moment: Moment, times: Times, ahead: int) -> tuple[Board, Pair | None]:
    """Everything on the wall clock of the moment, and a note if holidays are not known."""
    before = history.demand.shape[1]
    country, known = holidays_of(
        view, moment.begin - timedelta(days=before + 1), moment.begin + timedelta(days=ahead + 1)
    )
    weather = read_weather(view, moment, blocks_before=before, times=times, blocks_after=ahead)
    days = calendar(moment.hour, before=before, after=ahead, known=known)
    told = None if known is not None else note("no_holidays", country=country or "?")
    return Board(clipped(history.demand), days, weather, before), told


def _choose(method: str | None, days: int) -> tuple[str, Pair | None]:
    """The method, and a note where a better one could not be taken."""
    if method == "boosting" and not can_learn():
        raise InputError("The learning method is not installed.", cure="Install it: pip install 'cityloop[forecast]'.")
    if method is not None:
        return method, None
    if not can_learn():
        return "median", note("no_extra")
    if days < _LEARN_DAYS:
        return "median", note("not_learnt", days=_LEARN_DAYS)
    return "boosting", None


def _predict(board: Board, method: str, level: float, first: int, ahead: int) -> tuple[Floats, Floats, Floats]:
    """Value, low and high, (areas, hours of `ahead` blocks) each.

    The bands come from the last months as forecast by a model that learnt from what was before them only.
    """
    oldest = first + _FIRST_ORIGIN_DAYS
    newest = board.now - AHEAD
    free = newest - oldest + 1 if method == "median" else (newest - oldest - AHEAD) // 2
    trial = np.arange(newest, newest - max(min(_CALIBRATION_DAYS, free), 1), -_CALIBRATION_STEP)
    tried = examples(board, trial)
    earlier = _learnt(board, method, oldest, int(trial[-1]) - AHEAD)
    bands = calibrated(tried, earlier(tried), hour=board.calendar.hour[0], level=level)
    asked = examples(board, np.array([board.now]), ahead=ahead)
    value = _learnt(board, method, oldest, newest)(asked)
    low, high = bands.around(value, asked)
    least = np.where(np.nanmin(board.demand, axis=(1, 2)) >= 0, 0.0, -np.inf)[:, None]
    value, low, high = (np.maximum(a.reshape(len(a), -1), least) for a in (value, low, high))
    return value, np.minimum(low, value), np.maximum(high, value)


def _learnt(board: Board, method: str, oldest: int, newest: int) -> Predict:
    """The method as learnt from origins up to block `newest`, whose week ahead was over before the model is used."""
    hours = len(board.demand) * AHEAD * HOURS * max(newest - oldest, 1)
    step = next((s for s in _STEPS if hours / s <= _ROWS), _STEPS[-1])
    origins = np.arange(max(newest, oldest), oldest - 1, -step)
    return METHODS[method](examples(board, origins), (newest - origins).astype(np.float64))
