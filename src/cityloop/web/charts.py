"""What is drawn rather than listed: series thinned without losing an extreme, UTC hours, civil days of the city."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
import pyarrow as pa

from cityloop.errors import InputError
from cityloop.web.forms import named, table_answer
from cityloop.web.routes import Answer, Asked

__all__ = ["MOST_POINTS", "Days", "Hours", "Series", "get_days", "get_hours", "get_series"]

#: Buckets of one series, and of all series, hours or days of one answer.
MOST_POINTS, MOST_CELLS = 20_000, 1_000_000
_YEARS = (1900, 2200)
"""Years that hours and days are made for: beyond them a row's time is a slip."""


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """Buckets of equal length, ordered by datastream and time (the start of the bucket); one without rows is left out."""

    datastream: list[str]
    time: list[str]
    count: list[int]
    mean: list[float]
    min: list[float]
    max: list[float]
    units: dict[str, str]
    start: datetime | None
    end: datetime | None
    bucket_s: float | None
    """Length of a bucket; null where there is nothing to divide."""


class Hours(msgspec.Struct, frozen=True, kw_only=True):
    """UTC hours, ordered by datastream and time (the start of the hour)."""

    datastream: list[str]
    time: list[str]
    count: list[int]
    mean: list[float]
    min: list[float]
    max: list[float]
    sum: list[float]
    units: dict[str, str]


class Days(msgspec.Struct, frozen=True, kw_only=True):
    """Civil days of the city, ordered by datastream and day; `hours` is the length of the day, 23 to 25."""

    datastream: list[str]
    day: list[str]
    hours: list[float]
    count: list[int]
    mean: list[float]
    min: list[float]
    max: list[float]
    sum: list[float]
    units: dict[str, str]
    timezone: str


@dataclass(frozen=True)
class _Span:
    """What is asked for, cut to where there are good rows, as of one sequence number."""

    units: dict[str, str]
    start: datetime
    end: datetime
    seq: int


def get_series(asked: Asked) -> Answer:
    """[start, end) of the datastreams named in `points` equal buckets: none of them hides a minimum or a maximum.

    Without start or end, from the first good row or to the end of the last one.
    """
    service, units, points = asked.service, named(asked), asked.whole("points", 500, most=MOST_POINTS)
    if points * len(units) > MOST_CELLS:
        raise InputError(
            "More buckets than fit in one answer.", where="points", got=f"{points} of {len(units)} datastreams",
            allowed=f"{MOST_CELLS:,} in all", cure="Ask for fewer points or fewer datastreams at a time.",
        )  # fmt: skip
    seq = service.store.seq()
    span = service.store.span(list(units), who=service.who, as_of_seq=seq)
    start = asked.moment("start") or (span[0] if span else None)
    end = asked.moment("end") or (span[1] if span else None)
    if start is None or end is None:
        return table_answer(asked, _none(), Series, units=units, start=start, end=end, bucket_s=None)
    if end <= start:
        raise InputError(
            "A span that ends before it begins.", where="end", got=f"{start.isoformat()} to {end.isoformat()}"
        )
    found = service.store.series(list(units), start=start, end=end, points=points, who=service.who, as_of_seq=seq)
    bucket_s = (end - start) / timedelta(seconds=1) / points
    return table_answer(asked, found, Series, units=units, start=start, end=end, bucket_s=bucket_s)


def _none() -> pa.Table:
    texts = {name: pa.array([], pa.string()) for name in ("datastream", "time")}
    return pa.table({**texts, **{n: pa.array([], pa.float64()) for n in ("count", "mean", "min", "max")}})


def get_hours(asked: Asked) -> Answer:
    """UTC hours of the datastreams named."""
    span, service = _span(asked, timedelta(hours=1)), asked.service
    found = service.store.hours(list(span.units), start=span.start, end=span.end, who=service.who, as_of_seq=span.seq)
    return table_answer(asked, found, Hours, units=span.units)


def get_days(asked: Asked) -> Answer:
    """Civil days of the datastreams named, in the time zone of the city."""
    span, service = _span(asked, timedelta(days=1)), asked.service
    timezone = service.city.settings.timezone
    found = service.store.days(
        list(span.units), start=span.start, end=span.end, timezone=timezone, who=service.who, as_of_seq=span.seq
    )
    return table_answer(asked, found, Days, units=span.units, timezone=timezone)


def _span(asked: Asked, step: timedelta) -> _Span:
    """The span of a request for hours or days. Raises InputError for one with more steps than an answer holds."""
    service, units = asked.service, named(asked)
    start, end, seq = asked.moment("start"), asked.moment("end"), service.store.seq()
    rows = service.store.span(list(units), who=service.who, as_of_seq=seq)
    if rows is None:
        return _Span(units, service.clock(), service.clock(), seq)
    low, high = max(start or rows[0], rows[0]), min(end or rows[1], rows[1])
    if high <= low:
        return _Span(units, low, low, seq)
    for name, moment in (("start", low), ("end", high)):
        if not _YEARS[0] < moment.year < _YEARS[1]:
            raise InputError(
                "Rows at a time that is no time of a city.", where=name, got=moment.isoformat(),
                allowed=f"years {_YEARS[0]} to {_YEARS[1]}", cure="Give start and end within, or delete those rows.",
            )  # fmt: skip
    steps = (high - low) // step + 2
    if steps * len(units) > MOST_CELLS:
        raise InputError(
            "More than fits in one answer.", where="start, end", got=f"{steps:,} of {len(units)} datastreams",
            allowed=f"{MOST_CELLS:,} in all", cure="Ask for a shorter span or fewer datastreams at a time.",
        )  # fmt: skip
    return _Span(units, low, high, seq)
