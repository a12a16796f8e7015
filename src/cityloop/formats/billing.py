"""Billing tables: rows over periods of their own, as bills; a row that does not say what it must is refused, with its reason.

Rows of one account (area, class, way of reading, correction or not) and one period are added up and counted. A row
whose period overlaps another of the same account would be counted twice in part: it is refused.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from cityloop.formats.numbers import read_numbers
from cityloop.formats.positions import cell_texts
from cityloop.formats.tables import open_table, require_columns
from cityloop.i18n import LANGUAGES, Pair
from cityloop.settings.billing import BillingSettings
from cityloop.settings.city_file import BoundarySettings
from cityloop.units import conversion

__all__ = ["CORRECTION", "REASONS", "Account", "Bill", "BillingTable", "RefusedBill", "read_billing_files"]

CORRECTION = "correction"
#: A period of more days than this is a slip of the pen.
LONGEST_DAYS = 800
REASONS: Mapping[str, Pair] = MappingProxyType({
    "bill_area": Pair("Area '{got}' is not in city.toml: {allowed}", "分区“{got}”不在 city.toml 中：{allowed}"),
    "bill_class": Pair(
        "Class of use '{got}' is not named in city.toml: {allowed}", "用水类别“{got}”未在 city.toml 中列出：{allowed}"
    ),
    "bill_day": Pair(
        "Column '{column}' says '{got}', which is no day in the form {form}", "“{column}”列为“{got}”，不是 {form} 形式的日期"
    ),
    "bill_period": Pair(
        "The period {start} to {end} has {days} days, allowed are 1 to {most}",
        "账期 {start} 至 {end} 为 {days} 天，允许 1～{most} 天",
    ),
    "bill_volume": Pair("Column '{column}' says '{got}', which is no volume", "“{column}”列为“{got}”，不是有效水量"),
    "bill_overlap": Pair(
        "The period overlaps that of {where} ({start} to {end}) of the same account: one of both is counted twice",
        "账期与 {where}（{start} 至 {end}）的同一账目重叠，会重复计量",
    ),
})  # fmt: skip


@dataclass(frozen=True, order=True)
class Account:
    """What bills of one kind belong to. `area` = id of a boundary, "" = the whole city."""

    area: str
    use: str
    component: str
    mode: str = ""
    correction: bool = False

    @property
    def label(self) -> str:
        """Its name within the table."""
        parts = (self.area, self.use, self.mode, CORRECTION if self.correction else "")
        return "/".join(p for p in parts if p)


@dataclass
class Bill:
    """Volume of one account over whole days [start, end), m3; `where` = file:line of every row added up."""

    account: Account
    start: date
    end: date
    volume_m3: float
    estimated: int
    """How many of the rows are estimates."""
    where: list[str]

    @property
    def last(self) -> date:
        """The last day of the period."""
        return self.end - timedelta(days=1)

    @property
    def rows(self) -> int:
        """How many rows it is the sum of."""
        return len(self.where)


@dataclass(frozen=True)
class RefusedBill:
    """A row that is no bill: where, what it said, why: `code` is a key of REASONS with a `detail` "en | zh", or one of
    rows.REASONS where the row could not even be read.
    """

    where: str
    raw: str
    code: str
    detail: str


@dataclass
class BillingTable:
    """What the files of one [[billing]] say."""

    bills: list[Bill] = field(default_factory=list)
    refused: list[RefusedBill] = field(default_factory=list)


def read_billing_files(
    settings: BillingSettings, files: Sequence[tuple[str, Path]], boundaries: Sequence[BoundarySettings]
) -> BillingTable:
    """All files (name, path) as one table. Raises InputError for a file or column that cannot be read at all."""
    found, reader = BillingTable(), _Reader(settings, boundaries)
    for name, path in files:
        _read_file(settings, name, path, reader, found)
    found.bills = _without_overlaps(found.bills, found.refused)
    return found


def _read_file(settings: BillingSettings, name: str, path: Path, reader: "_Reader", found: BillingTable) -> None:
    table = open_table(
        path, encoding=settings.encoding, delimiter=settings.delimiter, skip_lines=settings.skip_lines,
        sheet=settings.sheet, decimal=settings.decimal, time_format=settings.format,
    )  # fmt: skip
    require_columns(table, settings.columns)
    for chunk in table.chunks(settings.columns, start=None, rows=50_000):
        found.refused += [RefusedBill(f"{name}:{r.line}", r.raw, r.code, r.detail) for r in chunk.refused]
        texts = {column: cell_texts(chunk.columns[column]) for column in settings.columns}
        volumes = read_numbers(chunk.columns[settings.volume], settings.decimal, ())
        for k, line in enumerate(chunk.lines.tolist()):
            row = {column: cells[k] for column, cells in texts.items()}
            if not any(row.values()):
                continue
            where = f"{name}:{line}"
            try:
                volume = None if volumes.empty[k] or volumes.refused[k] else float(volumes.values[k])
                found.bills.append(reader.bill(row, volume, where))
            except _NoBill as fault:
                found.refused.append(RefusedBill(where, chunk.raw(line), fault.code, fault.detail))


class _NoBill(Exception):
    """Why a row is no bill; never leaves this file."""

    def __init__(self, code: str, **values: object) -> None:
        self.code, self.detail = code, _detail(code, **values)


def _detail(code: str, **values: object) -> str:
    return " | ".join(REASONS[code].in_(language, **values) for language in LANGUAGES)


class _Reader:
    """Reads rows of one kind of table."""

    def __init__(self, settings: BillingSettings, boundaries: Sequence[BoundarySettings]) -> None:
        self.settings = settings
        self.places = {word: b.id for b in boundaries for word in (b.id, b.name.en, b.name.zh)}
        self.ids = [b.id for b in boundaries]
        self.factor = conversion(settings.unit, "volume")

    def bill(self, row: Mapping[str, str], volume: float | None, where: str) -> Bill:
        """One row as a bill; raises _NoBill."""
        s = self.settings
        area, use = self._area(row), row[s.use]
        if use not in s.classes:
            raise _NoBill("bill_class", got=use, allowed=", ".join(s.classes))
        start, end = self._period(row)
        if volume is None:
            raise _NoBill("bill_volume", column=s.volume, got=row[s.volume])
        note = row[s.note] if s.note else ""
        account = Account(
            area, use, s.classes[use], row[s.mode] if s.mode else "",
            correction=volume < 0 or any(word in note for word in s.corrections),
        )  # fmt: skip
        estimated = int(bool(s.state) and row[s.state] in s.estimated)
        return Bill(account, start, end, float(self.factor.apply(volume)), estimated, [where])

    def _period(self, row: Mapping[str, str]) -> tuple[date, date]:
        """Days [start, end) of a row."""
        s = self.settings
        if s.month:
            start = self._month(row[s.month])
            return start, (start + timedelta(days=31)).replace(day=1)
        start, end = self._day(row[s.start], s.start), self._day(row[s.end], s.end)
        if s.last_day_included:
            end += timedelta(days=1)
        days = (end - start).days
        if not 0 < days <= LONGEST_DAYS:
            raise _NoBill("bill_period", start=row[s.start], end=row[s.end], days=days, most=LONGEST_DAYS)
        return start, end

    def _month(self, text: str) -> date:
        """The first day of a month in the stated form, without one as 2026-05."""
        form = self.settings.format or "%Y-%m"
        try:
            return datetime.strptime(text, form).date().replace(day=1)
        except ValueError:
            shown = self.settings.format or "YYYY-MM"
            raise _NoBill("bill_day", column=self.settings.month, got=text, form=shown) from None

    def _area(self, row: Mapping[str, str]) -> str:
        if not self.settings.area:
            return self.settings.boundary
        said = row[self.settings.area]
        if said not in self.places:
            raise _NoBill("bill_area", got=said, allowed=", ".join(self.ids))
        return self.places[said]

    def _day(self, text: str, column: str) -> date:
        """A date in the stated form; without one ISO 8601, with or without midnight behind it."""
        iso = re.fullmatch(r"\d{4}-\d{2}-\d{2}([ T]00:00(:00)?)?", text)
        try:
            if self.settings.format and iso is None:  # a workbook's own dates come in ISO 8601 whatever the text has
                return datetime.strptime(text, self.settings.format).date()
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise _NoBill("bill_day", column=column, got=text, form=self.settings.format or "YYYY-MM-DD") from None
        if (moment.hour, moment.minute, moment.second) != (0, 0, 0):
            raise _NoBill("bill_day", column=column, got=text, form="YYYY-MM-DD")
        return moment.date()


def _without_overlaps(bills: Sequence[Bill], refused: list[RefusedBill]) -> list[Bill]:
    """Bills with one period added up; of two that overlap, the later row is refused.

    A correction is booked beside bills and may be booked over any period: corrections overlap freely unless they begin on one
    day, where they are told apart by nothing but their end.
    """
    kept: dict[Account, list[Bill]] = {}
    for bill in bills:
        mine = kept.setdefault(bill.account, [])
        same = next((b for b in mine if (b.start, b.end) == (bill.start, bill.end)), None)
        if same is not None:
            same.volume_m3 += bill.volume_m3
            same.estimated += bill.estimated
            same.where += bill.where
            continue
        clash = next((b for b in mine if _clash(b, bill)), None)
        if clash is None:
            mine.append(bill)
            continue
        refused += [
            RefusedBill(
                where, f"{bill.account.label}, {bill.start} – {bill.last}, {bill.volume_m3:g} m3", "bill_overlap",
                _detail("bill_overlap", where=clash.where[0], start=clash.start, end=clash.last),
            )
            for where in bill.where
        ]  # fmt: skip
    return sorted((b for mine in kept.values() for b in mine), key=lambda b: (b.account, b.start))


def _clash(one: Bill, other: Bill) -> bool:
    if one.account.correction:
        return one.start == other.start
    return one.start < other.end and other.start < one.end
