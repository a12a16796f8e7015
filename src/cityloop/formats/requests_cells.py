"""Cells of citizens' requests: stamps on a stated clock, numbers, texts without telephone and identity numbers. None is guessed."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from cityloop.formats.project_cells import cell_text

__all__ = ["MASK", "Stamp", "coordinate", "is_lossy", "masked", "read_stamp", "said"]

MASK = "[…]"
_STAMP = re.compile(
    r"(\d{4})\s?[-/.年]\s?(\d{1,2})\s?[-/.月]\s?(\d{1,2})\s?日?"
    r"(?:[T\s]*(上午|下午|am|pm)?\s*(\d{1,2})[:时点](?:(\d{1,2})(?:[:分](\d{1,2})(?:[.,]\d+)?)?)?[秒分]?\s*(am|pm)?)?"
    r"\s*(Z|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE,
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:[T ]?(\d{2})(\d{2})(\d{2})?)?")
_FIRST_SERIAL, _LAST_SERIAL = 36526, 73050
"""Excel's day numbers of 2000-01-01 and 2099-12-31 in its 1900 system."""
_EXCEL_START = datetime(1899, 12, 30)
#: Mobile and fixed numbers of mainland China, identity numbers of 18 digits, e-mail addresses, international numbers.
_PRIVATE = re.compile(
    r"(?<!\d)(?:1[3-9]\d[- ]?\d{4}[- ]?\d{4}|0\d{2,3}[- ]\d{7,8}|\d{17}[\dXx]|\+\d{1,3}[- ]?\d{2,4}[- ]?\d{3,4}[- ]?\d{3,4})(?!\d)"
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    re.ASCII,
)


@dataclass(frozen=True)
class Stamp:
    """A stamp in UTC. `day_only` = no clock time is written (`at` is the day's midnight); `twice` = the hour comes twice and
    the first is taken; `serial` = an Excel day number.
    """

    at: datetime
    day_only: bool = False
    twice: bool = False
    serial: bool = False


def said(cell: Any) -> str:
    """A cell as text; whole numbers without a point, `true` and `false` as words, without the mark that keeps a spreadsheet
    from running it as a formula.
    """
    if type(cell) is str:
        text = cell.replace("\u3000", " ").strip()
    else:
        text = str(cell).lower() if isinstance(cell, bool) else cell_text(cell)
    return text[1:] if text[:2] in ("'=", "'+", "'-", "'@") else text


def is_lossy(cell: Any) -> bool:
    """Whether a workbook holds a code as a number of more digits than a number keeps (15)."""
    return isinstance(cell, float | int) and not isinstance(cell, bool) and abs(cell) >= 1e15


def masked(text: str) -> tuple[str, int]:
    """A text without telephone, identity and e-mail numbers, and how many were taken out.

    >>> masked("水压低，请回电 13800000000")
    ('水压低，请回电 […]', 1)
    """
    return _PRIVATE.subn(MASK, text)


def coordinate(cell: Any) -> float | None:
    """A finite number or None."""
    if isinstance(cell, bool):
        return None
    try:
        value = float(said(cell).replace("°", ""))
    except ValueError:
        return None
    return value if abs(value) < 1e12 else None


def read_stamp(cell: Any, zone: ZoneInfo) -> Stamp | None:
    """The moment in a cell, on the clock of `zone` unless it states an offset; None where it cannot be read.

    Day before month, two-digit years and bare digits are not read: they could mean two days.

    >>> read_stamp("2026年3月9日 9时52分", ZoneInfo("Asia/Shanghai")).at.isoformat()
    '2026-03-09T01:52:00+00:00'
    """
    if isinstance(cell, datetime):
        return _on_clock(cell, zone, day_only=(cell.hour, cell.minute, cell.second) == (0, 0, 0))
    if isinstance(cell, date):
        return _on_clock(datetime(cell.year, cell.month, cell.day), zone, day_only=True)
    if isinstance(cell, float | int) and not isinstance(cell, bool):
        if not _FIRST_SERIAL <= cell < _LAST_SERIAL:
            return _compact(said(cell), zone)
        moment = _EXCEL_START + timedelta(seconds=round(cell * 86400))
        found = _on_clock(moment, zone, day_only=float(cell).is_integer())
        return Stamp(found.at, found.day_only, found.twice, True) if found else None
    text = unicodedata.normalize("NFKC", said(cell)).strip()
    return _written(text, zone) or _compact(text, zone)


def _written(text: str, zone: ZoneInfo) -> Stamp | None:
    parts = _STAMP.fullmatch(text)
    if parts is None:
        return None
    year, month, day, before, hour, minute, second, after, offset = parts.groups()
    half = (before or after or "").lower()
    clock = int(hour or 0)
    if half and not 1 <= clock <= 12:
        return None
    if half:
        clock = clock % 12 + (12 if half in ("下午", "pm") else 0)
    midnight = clock == 24 and not int(minute or 0) and not int(second or 0)
    try:
        moment = datetime(int(year), int(month), int(day), 0 if midnight else clock, int(minute or 0), int(second or 0))
    except ValueError:
        return None
    moment += timedelta(days=midnight)
    if offset and hour:
        ahead = "+00:00" if offset.upper() == "Z" else offset
        moment = datetime.fromisoformat(f"{moment.isoformat()}{ahead}")
    return _on_clock(moment, zone, day_only=not hour)


def _compact(text: str, zone: ZoneInfo) -> Stamp | None:
    parts = _COMPACT.fullmatch(text)
    if parts is None:
        return None
    numbers = [int(p or 0) for p in parts.groups()]
    try:
        return _on_clock(datetime(*numbers), zone, day_only=not parts[4])  # type: ignore[arg-type]
    except ValueError:
        return None


def _on_clock(moment: datetime, zone: ZoneInfo, *, day_only: bool) -> Stamp | None:
    """A civil moment as UTC; None for an hour that the zone skips and for years that only a slip of the pen says."""
    if not 1971 <= moment.year < 2100:
        return None
    moment = moment.replace(microsecond=0)
    if moment.tzinfo is not None:
        return Stamp(moment.astimezone(UTC))
    first, second = (moment.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first.astimezone(zone).replace(tzinfo=None) != moment and not day_only:
        return None
    return Stamp(first, day_only, twice=second > first and not day_only)
