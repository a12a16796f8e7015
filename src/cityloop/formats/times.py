"""Stamps of a table as UTC: ISO 8601 or a stated format, on a stated clock. What cannot be told is refused, not guessed.

Civil time is resolved by the IANA time zone database: an hour that does not exist is refused, an hour that comes twice is
handed back with both readings.
"""

import functools
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cityloop.formats.numbers import read_numbers
from cityloop.formats.tables import Chunk
from cityloop.settings.source_settings import TimeSettings

__all__ = ["EARLIEST_US", "LATEST_US", "Stamps", "read_stamps", "to_us"]

Ints = npt.NDArray[np.int64]
US = 1_000_000
_HAS_OFFSET = r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?\s*([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)$"
_ISO_DATE = r"^[0-9]{4}-?[0-9]{1,2}-?[0-9]{1,2}([T ].*)?$"
_NAT = np.iinfo(np.int64).min


def to_us(moment: datetime) -> int:
    """Microseconds since 1970 of an aware datetime."""
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * US + moment.microsecond


EARLIEST_US = to_us(datetime(1971, 1, 1, tzinfo=UTC))
"""Before this lies the epoch that clocks without battery restart from."""
LATEST_US = to_us(datetime(2100, 1, 1, tzinfo=UTC))
"""From here on lies the overflow of 32-bit clocks (2106)."""


@dataclass(frozen=True)
class Stamps:
    """`utc_us` (n,) where `code` is "", for "twice" the first reading, `second_us` the second; codes name REASONS."""

    utc_us: Ints
    second_us: Ints
    code: npt.NDArray[np.object_]


def read_stamps(chunk: Chunk, time: TimeSettings) -> Stamps:
    """The stamps of every row of a chunk."""
    size = len(chunk.lines)
    code = np.full(size, "", dtype=object)
    if time.format.startswith("epoch"):
        numbers = read_numbers(chunk.columns[time.columns[0]], ".", ())
        scale = US if time.format == "epoch_s" else 1000
        near = np.abs(numbers.values * scale) < 8e18
        code[~near] = "time"
        code[numbers.empty] = "no_time"
        utc = (np.where(near, numbers.values, 0.0) * scale).round().astype(np.int64)
    else:
        local, aware = _parse(chunk, time, code)
        if time.zone:
            code[(code == "") & aware] = "mixed_zones"
            return _resolve(local, code, time.zone)
        if time.utc_offset_column:
            code[(code == "") & aware] = "mixed_zones"
            utc = local - _offsets(chunk.columns[time.utc_offset_column], code)
        else:
            code[(code == "") & ~aware] = "no_offset"
            utc = local
    return Stamps(*_in_range(utc, utc, code), code)


def _in_range(first: Ints, second: Ints, code: npt.NDArray[np.object_]) -> tuple[Ints, Ints]:
    """Mark years that only a broken clock says."""
    code[((code == "") | (code == "twice")) & ((first < EARLIEST_US) | (first >= LATEST_US))] = "year"
    return first, second


def _parse(chunk: Chunk, time: TimeSettings, code: npt.NDArray[np.object_]) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """(microseconds as written or, where an offset is written, UTC; whether an offset is written)."""
    import pandas as pd
    import pyarrow.compute as pc

    arrays = [chunk.columns[c] for c in time.columns]
    if len(arrays) == 1 and pa.types.is_timestamp(arrays[0].type):
        stamps = arrays[0]
        absent = stamps.is_null().to_numpy(zero_copy_only=False)
        code[absent] = "no_time"
        plain = stamps.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
        return plain.astype(np.int64), np.full(len(plain), stamps.type.tz is not None)
    texts = [pc.utf8_trim_whitespace(a.cast(pa.string()).fill_null("")) for a in arrays]
    text = texts[0] if len(texts) == 1 else pc.binary_join_element_wise(*texts, " ")
    code[pc.equal(text, "").to_numpy(zero_copy_only=False)] = "no_time"
    # The regular expression keeps "now" and "today" out, which pandas would read as the present.
    shape = _ISO_DATE if not time.format else r"[0-9]"
    fits = pc.match_substring_regex(text, shape).to_numpy(zero_copy_only=False)
    aware = pc.match_substring_regex(text, _HAS_OFFSET).to_numpy(zero_copy_only=False)
    form = time.format or "ISO8601"
    us = np.full(len(code), _NAT, dtype=np.int64)
    strings = text.to_numpy(zero_copy_only=False)
    for mask, utc in ((fits & aware, True), (fits & ~aware, False)):
        if mask.any():
            parsed = pd.to_datetime(pd.Series(strings[mask]), format=form, errors="coerce", utc=utc)
            plain = parsed.dt.tz_localize(None) if utc else parsed
            us[mask] = plain.to_numpy(dtype="datetime64[us]").astype(np.int64)
    unread = (code == "") & (us == _NAT)
    code[unread] = "time"
    if time.format and "%z" not in time.format:
        code[unread & aware] = "mixed_zones"
    return np.where(us == _NAT, 0, us), aware


def _offsets(column: pa.Array, code: npt.NDArray[np.object_]) -> Ints:
    """Offsets from UTC in microseconds, from hours (1, 5.5, -4) or +hh:mm."""
    import pyarrow.compute as pc

    if pa.types.is_string(column.type):
        parts = pc.extract_regex(pc.utf8_trim_whitespace(column), r"^(?P<s>[+-]?)(?P<h>[0-9]{1,2}):(?P<m>[0-9]{2})$")
        clock = parts.is_valid().to_numpy(zero_copy_only=False)
        numbers = read_numbers(pc.if_else(pa.array(clock), "0", column), ".", ())
        hours = numbers.values.copy()
        for i in np.flatnonzero(clock):
            part = parts[int(i)].as_py()
            hours[i] = (-1 if part["s"] == "-" else 1) * (int(part["h"]) + int(part["m"]) / 60)
    else:
        hours = read_numbers(column, ".", ()).values
    wrong = ~((hours >= -12) & (hours <= 14) & (np.abs(hours * 4 - np.round(hours * 4)) < 1e-9))
    code[(code == "") & wrong] = "offset"
    return (np.where(wrong, 0.0, hours) * 3600 * US).round().astype(np.int64)


def _resolve(local: Ints, code: npt.NDArray[np.object_], zone: str) -> Stamps:
    """Civil time of a zone to UTC: between the two wall times of a change, an hour is missing or comes twice."""
    usable = code == ""
    first_year, last_year = 1971, 1971
    seconds = local[usable] // US
    if seconds.size:
        span = np.clip(np.array([seconds.min(), seconds.max()]), EARLIEST_US // US, LATEST_US // US - 1)
        first_year, last_year = (span.astype("datetime64[s]").astype("datetime64[Y]").astype(int) + 1970).tolist()
    moments, before, after = _changes(zone, first_year, last_year)
    low = (moments + np.minimum(before, after)) * US
    high = (moments + np.maximum(before, after)) * US
    index = np.searchsorted(high, local, side="right")
    between = np.searchsorted(low, local, side="right") != index
    offsets = np.concatenate((before[:1], after)) * US
    first = local - offsets[index]
    second = first.copy()
    following = np.minimum(index, len(moments) - 1)
    doubled = between & (after[following] < before[following])
    second[doubled] = local[doubled] - after[following[doubled]] * US
    code[usable & doubled] = "twice"
    code[usable & between & ~doubled] = "skipped"
    return Stamps(*_in_range(first, second, code), code)


def _changes(zone: str, first: int, last: int) -> tuple[Ints, Ints, Ints]:
    """Clock changes from the year before `first` to the year after `last`: UTC seconds, offset before, offset after."""
    found = [change for year in range(first - 1, last + 2) for change in _changes_in(zone, year)]
    if not found:
        steady = _offset(ZoneInfo(zone), int(to_us(datetime(first, 1, 1, tzinfo=UTC)) // US))
        found = [(-(2**40), steady, steady)]
    moments, before, after = (np.array(part, dtype=np.int64) for part in zip(*found, strict=True))
    return moments, before, after


@functools.lru_cache(maxsize=4096)
def _changes_in(zone: str, year: int) -> tuple[tuple[int, int, int], ...]:
    rules = ZoneInfo(zone)
    start, end = (int(to_us(datetime(y, 1, 1, tzinfo=UTC)) // US) for y in (year, year + 1))
    found = []
    for day in range(start, end, 86400):
        low, high = day, day + 86400
        before, after = _offset(rules, low), _offset(rules, high)
        if before == after:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if _offset(rules, middle) == before else (low, middle)
        found.append((high, before, after))
    return tuple(found)


def _offset(rules: ZoneInfo, second: int) -> int:
    offset = datetime.fromtimestamp(second, UTC).astimezone(rules).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())
