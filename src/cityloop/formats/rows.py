"""Rows of a table as observations in inside units and UTC; every row that cannot be taken keeps its place and its reason."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cityloop.errors import InputError
from cityloop.formats.doubled import DoubledHours, Settled
from cityloop.formats.numbers import read_numbers
from cityloop.formats.registers import RegisterRule, difference
from cityloop.formats.repeats import Cells, Repeats
from cityloop.formats.tables import Chunk, Mark, Refused
from cityloop.formats.times import Stamps, read_stamps
from cityloop.i18n import Pair
from cityloop.records import Quality
from cityloop.settings.faults import nearest
from cityloop.settings.source_settings import FileSettings, SeriesSettings, carried_as
from cityloop.units import conversion

__all__ = ["DETAILS", "REASONS", "RowReader", "SeriesList", "Taken", "columns_of"]

REASONS: Mapping[str, Pair] = MappingProxyType({
    "encoding": Pair("Not readable in the stated encoding", "无法按声明的编码读取"),
    "quote": Pair("A quote is not closed", "引号未闭合"),
    "cells": Pair("Wrong number of cells", "列数与表头不符"),
    "no_time": Pair("No time", "缺少时间"),
    "time": Pair("The time cannot be read", "时间无法识别"),
    "year": Pair("A year that only a faulty clock says", "年份异常（设备时钟故障）"),
    "mixed_zones": Pair("States an offset although a zone is declared", "已声明时区，该行却另带时差"),
    "no_offset": Pair("States no offset from UTC", "未注明与 UTC 的时差"),
    "offset": Pair("An impossible offset from UTC", "与 UTC 的时差不合理"),
    "skipped": Pair("An hour that the change of clocks skips", "夏令时切换时不存在的时刻"),
    "twice": Pair("An hour that comes twice, and only once here", "夏令时切换时重复的时刻，无法判定先后"),
    "number": Pair("Not a number", "不是有效数值"),
    "id": Pair("An id that city.toml does not name", "city.toml 未列出的编号"),
    "unit": Pair("Another unit than declared", "单位与声明不符"),
    "register": Pair("A reading outside the register", "读数超出计数器量程"),
    "replaced": Pair("Meter replaced, interval missing", "疑似换表，该时段缺失"),
    "superseded": Pair("Superseded by a later row of the same file", "被同一文件中后面的行取代"),
})  # fmt: skip
Ints = npt.NDArray[np.int64]
DETAILS = {
    "no_time": "the time is empty",
    "time": "the time cannot be read; state its form in time.format",
    "year": "the year is before 1971 or after 2099, as a clock without battery or a 32-bit clock says",
    "mixed_zones": "the time states an offset, but city.toml states the clock otherwise; write the file in one way",
    "no_offset": "the time states no offset from UTC, but city.toml says offset_in_text = true",
    "offset": "the offset is not a quarter of an hour between -12 and +14 hours",
    "skipped": "this local time does not exist: the clocks are put forward",
}
"""Reasons that are the same for every row."""
_RATE = {"water_flow": 1000.0, "power": 3600.0}
"""Inside rate = inside amount * this / seconds: m3 -> L/s, kWh -> kW."""


def columns_of(settings: FileSettings) -> tuple[str, ...]:
    """The columns that must be there."""
    time = settings.time
    names = [*time.columns, time.utc_offset_column]
    if settings.layout == "wide":
        names += [s.label for s in settings.series]
    else:
        names += [settings.id_column, settings.value_column, settings.unit_column]
    return tuple(dict.fromkeys(n for n in names if n))


class SeriesList:
    """The series of a source by number; ids that only "*" covers are added as they come."""

    def __init__(self, settings: FileSettings) -> None:
        self.settings = settings
        self.items: list[SeriesSettings] = [s for s in settings.series if s.label != "*"]
        self._any = next((s for s in settings.series if s.label == "*" and settings.layout == "long"), None)
        self._numbers = {s.label: i for i, s in enumerate(self.items)}
        self._factors: list[tuple[float, float]] = []
        self.rules: dict[int, RegisterRule] = {}
        for number in range(len(self.items)):
            self._prepare(number)

    def number(self, label: str) -> int | None:
        """The number of an id, None if the source does not know it."""
        found = self._numbers.get(label)
        if found is None and self._any is not None and label:
            found = len(self.items)
            self.items.append(replace(self._any, label=label, thing_name=self._any.thing_name.replace("{id}", label)))
            self._numbers[label] = found
            self._prepare(found)
        return found

    def labels(self) -> tuple[str, ...]:
        """Every label known so far."""
        return tuple(self._numbers)

    def _prepare(self, number: int) -> None:
        series = self.items[number]
        measured, kept = carried_as(series.observed_property, series.statistic, series.unit)
        convert = conversion(series.unit, measured)
        if series.statistic == "counter":
            self._factors.append((1.0, 0.0))
            size = math.nan if series.rollover is None else series.rollover
            highest = math.inf if series.highest is None else series.highest
            rate = _RATE[series.observed_property] if kept == "rate" else 0.0
            self.rules[number] = RegisterRule(size, highest, series.step_s, convert.factor, rate)
        elif kept == "rate":
            self._factors.append((convert.factor * _RATE[series.observed_property] / series.step_s, 0.0))
        else:
            self._factors.append((convert.factor, convert.offset))

    def inside(self, cells: Cells) -> Cells:
        """Values in inside units; counters keep their readings."""
        factors = np.array(self._factors, dtype=np.float64).reshape(-1, 2)
        return replace(cells, value=cells.value * factors[cells.series, 0] + factors[cells.series, 1])

    def mask(self, cells: Cells, statistics: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Which cells belong to series of these statistics."""
        return np.array([s.statistic in statistics for s in self.items], dtype=np.bool_)[cells.series]

    def steps_us(self, cells: Cells) -> Ints:
        """Nominal step of each cell's series."""
        return np.array([s.step_s for s in self.items], dtype=np.int64)[cells.series] * 1_000_000


@dataclass(frozen=True)
class Taken:
    """What one chunk gave. `held` is the first place that must be read again later (None = all so far is settled)."""

    cells: Cells
    quality: npt.NDArray[np.uint8]
    refused: tuple[Refused, ...]
    held: Mark | None


class RowReader:
    """Reads the chunks of one file in order. `registers` (last readings by series number) is shared by all files.

    `seen` says what an earlier reading of the same lines has taken: in lines up to the first number of a pair, whatever had
    ended by the second (microseconds).
    """

    def __init__(
        self,
        series: SeriesList,
        until_us: int,
        registers: dict[int, tuple[int, float]],
        seen: Sequence[tuple[int, int]] = (),
    ) -> None:
        self.series, self.settings, self.until_us, self.registers = series, series.settings, until_us, registers
        self.seen = tuple(seen)
        self.repeats = Repeats()
        self.counts = {"empty": 0, "waiting": 0}
        self._doubled = DoubledHours()
        self._held: dict[int, Cells] = {}
        self._waiting: Mark | None = None

    def take(self, chunk: Chunk) -> Taken:
        """The observations of one chunk, sorted by series and time."""
        refused = list(chunk.refused)
        stamps = read_stamps(chunk, self.settings.time)
        bad = (stamps.code != "") & (stamps.code != "twice")
        for row in np.flatnonzero(bad):
            line, code = int(chunk.lines[row]), str(stamps.code[row])
            raw = chunk.raw(line)
            # A row of empty cells, as spreadsheets leave them at the end, says nothing that could be lost.
            if code != "no_time" or raw.strip(" \t\r," + self.settings.delimiter):
                refused.append(Refused(line, raw, code, DETAILS[code]))
        read = self._wide if self.settings.layout == "wide" else self._long
        cells, rows, group = read(chunk, bad, refused)
        cells = self._at_their_times(cells, rows, self._doubled.settle(chunk, stamps, group, refused))
        return self._finish(self._wait(self._unseen(self._shift(cells), chunk, stamps), chunk), refused)

    def end(self) -> Taken:
        """After the last chunk: hours that came only once although they should come twice."""
        refused: list[Refused] = []
        self._doubled.give_up(refused)
        return self._finish(_none(), refused)

    def _wide(self, chunk: Chunk, bad: npt.NDArray[np.bool_], refused: list[Refused]) -> tuple[Cells, Ints, Ints]:
        """Cells, the row of each, and the group of each row (all rows belong together)."""
        parts, places = [], []
        for number, series in enumerate(self.series.items):
            numbers = read_numbers(chunk.columns[series.label], self.settings.decimal, self.settings.missing)
            for row in np.flatnonzero(numbers.refused & ~bad):
                refused.append(self._not_a_number(chunk, int(row), series.label))
            self.counts["empty"] += int((numbers.empty & ~bad).sum())
            rows = np.flatnonzero(~bad & ~numbers.empty & ~numbers.refused)
            parts.append(_cells(np.full(len(rows), number), numbers.values[rows], chunk.lines[rows]))
            places.append(rows)
        return Cells.joined(parts), np.concatenate(places), np.where(bad, -1, 0)

    def _long(self, chunk: Chunk, bad: npt.NDArray[np.bool_], refused: list[Refused]) -> tuple[Cells, Ints, Ints]:
        """Cells, the row of each, and the group of each row (the series it belongs to)."""
        import pyarrow.compute as pc

        column = _as_text(chunk.columns[self.settings.id_column])
        coded = pc.utf8_trim_whitespace(column).dictionary_encode()
        labels = coded.dictionary.to_pylist()
        known = np.array([-1 if (n := self.series.number(label)) is None else n for label in labels], np.int64)
        number = known[coded.indices.to_numpy()] if len(labels) else np.empty(0, np.int64)
        for row in np.flatnonzero((number < 0) & ~bad):
            line, label = int(chunk.lines[row]), labels[int(coded.indices[int(row)].as_py())]
            hint = nearest(label, self.series.labels())
            text = f"column '{self.settings.id_column}' says '{label}', which no series names. {hint}".strip()
            refused.append(Refused(line, chunk.raw(line), "id", text))
        bad = bad | (number < 0)
        if self.settings.unit_column:
            bad = bad | self._other_units(chunk, number, bad, refused)
        numbers = read_numbers(chunk.columns[self.settings.value_column], self.settings.decimal, self.settings.missing)
        for row in np.flatnonzero(numbers.refused & ~bad):
            refused.append(self._not_a_number(chunk, int(row), self.settings.value_column))
        self.counts["empty"] += int((numbers.empty & ~bad).sum())
        rows = np.flatnonzero(~bad & ~numbers.empty & ~numbers.refused)
        return _cells(number[rows], numbers.values[rows], chunk.lines[rows]), rows, np.where(bad, -1, number)

    def _other_units(
        self, chunk: Chunk, number: Ints, bad: npt.NDArray[np.bool_], refused: list[Refused]
    ) -> npt.NDArray[np.bool_]:
        """Rows whose own unit is not the declared one: refused, since one of the two is wrong."""
        coded = chunk.columns[self.settings.unit_column].cast(pa.string()).fill_null("").dictionary_encode()
        units, index = [u.strip() for u in coded.dictionary.to_pylist()], coded.indices.to_numpy()
        wrong = np.zeros(len(bad), np.bool_)
        for n, u in np.unique(np.stack((number[~bad], index[~bad])), axis=1).T.tolist():
            if not _same_unit(self.series.items[n], units[u]):
                wrong |= (number == n) & (index == u) & ~bad
        for row in np.flatnonzero(wrong):
            line, series = int(chunk.lines[row]), self.series.items[int(number[row])]
            text = f"the row says '{units[int(index[row])]}', series '{series.label}' is declared in '{series.unit}'"
            refused.append(Refused(line, chunk.raw(line), "unit", text))
        return wrong

    def _not_a_number(self, chunk: Chunk, row: int, column: str) -> Refused:
        line, cell = int(chunk.lines[row]), chunk.columns[column][row].as_py()
        text = f"column '{column}' says {str(cell)!r}, which is not a finite number"
        if isinstance(cell, str) and ("," in cell or "." in cell):
            text += f"; the decimal sign is declared as '{self.settings.decimal}'"
        return Refused(line, chunk.raw(line), "number", text)

    def _at_their_times(self, cells: Cells, rows: Ints, settled: Settled) -> Cells:
        """The cells of rows that count now, with their times; those of doubled hours are kept until they are told apart."""
        parts = [replace(cells, time_us=settled.time_us[rows]).where(settled.taken[rows])]
        for line, moment in settled.released.items():
            if (kept := self._held.pop(line, None)) is not None:
                parts.append(replace(kept, time_us=np.full(len(kept), moment)))
        for line in settled.dropped:
            self._held.pop(line, None)
        for row in np.unique(rows[settled.held[rows]]):
            kept = cells.where(rows == row)
            self._held[int(kept.line[0])] = kept
        return Cells.joined(parts)

    def _shift(self, cells: Cells) -> Cells:
        """Stamps of interval ends become starts."""
        if self.settings.stamp == "start" or not len(cells):
            return cells
        over = self.series.mask(cells, ("mean", "total"))
        return replace(cells, time_us=np.where(over, cells.time_us - self.series.steps_us(cells), cells.time_us))

    def _finish(self, cells: Cells, refused: list[Refused]) -> Taken:
        """Repeats are sifted, registers become intervals, values become inside units."""
        cells = self._check_registers(cells, refused)
        cells, gone = self.repeats.sift(cells)
        for old in gone:
            label = self.series.items[old.series].label
            when = np.datetime64(old.time_us, "us").astype("datetime64[s]")
            text = f"line {old.by_line} gives another value for the same time"
            refused.append(Refused(old.line, f"{label} {when}Z {old.value:g}", "superseded", text))
        quality = np.zeros(len(cells), np.uint8)
        counter = self.series.mask(cells, ("counter",)) if len(cells) else np.zeros(0, np.bool_)
        if counter.any():
            cells, quality = self._intervals(cells, counter, refused)
        held = self._doubled.marks() + ([] if self._waiting is None else [self._waiting])
        return Taken(self.series.inside(cells), quality, tuple(refused), min(held, default=None))

    def _ends(self, cells: Cells) -> Ints:
        """When each cell had happened, or its interval had ended."""
        over = self.series.mask(cells, ("mean", "total"))
        return np.where(over, cells.time_us + self.series.steps_us(cells), cells.time_us)

    def _unseen(self, cells: Cells, chunk: Chunk, stamps: Stamps) -> Cells:
        """Without what an earlier reading took; the hours that come twice were held back then and are not known here."""
        if not self.seen or not len(cells):
            return cells
        ends, again = self._ends(cells), np.zeros(len(cells), np.bool_)
        for line, until_us in self.seen:
            again |= (cells.line <= line) & (ends <= until_us)
        again &= (cells.line >= chunk.start.line) & ~np.isin(cells.line, chunk.lines[stamps.code == "twice"])
        return cells.where(~again)

    def _wait(self, cells: Cells, chunk: Chunk) -> Cells:
        """Hold back what had not happened, or not ended, by `until`."""
        if not len(cells):
            return cells
        future = self._ends(cells) > self.until_us
        if future.any():
            line = int(cells.line[future].min())
            mark = Mark(chunk.offset_of(line), line)
            self._waiting = mark if self._waiting is None else min(mark, self._waiting)
            self.counts["waiting"] += int(future.sum())
        return cells.where(~future)

    def _check_registers(self, cells: Cells, refused: list[Refused]) -> Cells:
        """Readings below zero or above the size of the register."""
        if not self.series.rules or not len(cells):
            return cells
        size = np.full(len(self.series.items), math.nan)
        for number, rule in self.series.rules.items():
            size[number] = rule.size
        wrong = self.series.mask(cells, ("counter",)) & ((cells.value < 0) | (cells.value > size[cells.series]))
        for i in np.flatnonzero(wrong):
            label = self.series.items[int(cells.series[i])].label
            text = f"a register shows 0 to {size[int(cells.series[i])]:g}, the row says {cells.value[i]:g}"
            refused.append(Refused(int(cells.line[i]), f"{label} {cells.value[i]:g}", "register", text))
        return cells.where(~wrong)

    def _intervals(
        self, cells: Cells, counter: npt.NDArray[np.bool_], refused: list[Refused]
    ) -> tuple[Cells, npt.NDArray[np.uint8]]:
        found = difference(cells.where(counter), self.series.rules, self.registers)
        self.registers.update(found.latest)
        for number, line, text in found.missing:
            refused.append(Refused(line, self.series.items[number].label, "replaced", text))
        rest = cells.where(~counter)
        estimated = np.where(found.estimated, np.uint8(Quality.ESTIMATED), np.uint8(Quality.GOOD)).astype(np.uint8)
        return Cells.joined([rest, found.cells]), np.concatenate((np.zeros(len(rest), np.uint8), estimated))


def _cells(series: Ints, value: npt.NDArray[np.float64], line: Ints) -> Cells:
    """Cells whose time is not known yet."""
    return Cells(
        series.astype(np.int64), np.zeros(len(series), np.int64), value.astype(np.float64), line.astype(np.int64)
    )


def _as_text(column: pa.Array) -> pa.Array:
    """Ids as text; numbers without fraction as whole numbers, as people write them."""
    if pa.types.is_floating(column.type):
        try:
            column = column.cast(pa.int64())
        except pa.ArrowInvalid:
            pass
    return column.cast(pa.string()).fill_null("")


def _same_unit(series: SeriesSettings, unit: str) -> bool:
    """Whether a row's own unit means the declared one, however it is spelt."""
    if unit == series.unit:
        return True
    measured, _ = carried_as(series.observed_property, series.statistic, series.unit)
    try:
        return conversion(unit, measured) == conversion(series.unit, measured)
    except InputError:
        return False


def _none() -> Cells:
    return _cells(np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64))
