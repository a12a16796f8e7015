"""Repeated rows of one file: an identical one counts once, of conflicting ones the later wins and the earlier is listed."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Cells", "Repeats", "Superseded"]

REMEMBERED_CELLS = 2_000_000
"""How far back in a file repeats are recognised (about 60 MB); an older one is taken as a later row and wins silently
in the store, which keeps both."""


@dataclass(frozen=True)
class Cells:
    """Observations in file order or sorted: series number, UTC microseconds, value, line; all (n,)."""

    series: npt.NDArray[np.int64]
    time_us: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    line: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.series)

    def where(self, mask: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> "Cells":
        """Some of the cells."""
        return Cells(self.series[mask], self.time_us[mask], self.value[mask], self.line[mask])

    @classmethod
    def joined(cls, parts: "list[Cells]") -> "Cells":
        """Several as one, in order."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            np.concatenate([p.series for p in parts] or [np.empty(0, np.int64)]),
            np.concatenate([p.time_us for p in parts] or [np.empty(0, np.int64)]),
            np.concatenate([p.value for p in parts] or [np.empty(0)]),
            np.concatenate([p.line for p in parts] or [np.empty(0, np.int64)]),
        )


@dataclass(frozen=True)
class Superseded:
    """A value that a later line of the same file replaced."""

    series: int
    time_us: int
    value: float
    line: int
    by_line: int


class Repeats:
    """Memory of one file's (series, time) keys."""

    def __init__(self) -> None:
        self._past: deque[tuple[npt.NDArray[np.uint64], Cells]] = deque()
        self._size = 0
        self._first: dict[int, int] = {}
        self._last: dict[int, int] = {}
        self.identical = 0

    def sift(self, cells: Cells) -> tuple[Cells, list[Superseded]]:
        """The cells that count, sorted by (series, time), and those they replaced."""
        order = np.lexsort((cells.line, cells.time_us, cells.series))
        cells = cells.where(order)
        gone: list[Superseded] = []
        if len(cells) > 1:
            same = (np.diff(cells.series) == 0) & (np.diff(cells.time_us) == 0)
            if same.any():
                cells = self._within(cells, same, gone)
        cells = self._against_past(cells, gone)
        self._remember(cells)
        return cells, gone

    def _within(self, cells: Cells, same: npt.NDArray[np.bool_], gone: list[Superseded]) -> Cells:
        """Of a run of equal keys the last stays."""
        last = np.append(~same, True)
        run = np.append(0, np.cumsum(~same))
        winner = np.flatnonzero(last)[run]
        for i in np.flatnonzero(~last):
            w = winner[i]
            if cells.value[i] == cells.value[w]:
                self.identical += 1
            else:
                gone.append(_superseded(cells, int(i), int(cells.line[w])))
        return cells.where(last)

    def _against_past(self, cells: Cells, gone: list[Superseded]) -> Cells:
        doubtful = np.zeros(len(cells), dtype=np.bool_)
        for number, start, end in _runs(cells.series):
            if number in self._last:
                times = cells.time_us[start:end]
                doubtful[start:end] = (times >= self._first[number]) & (times <= self._last[number])
        if not doubtful.any():
            return cells
        keep = np.ones(len(cells), dtype=np.bool_)
        places = np.flatnonzero(doubtful)
        keys = _keys(cells.where(places))
        for past_keys, past in reversed(self._past):
            if not places.size:
                break
            spot = np.minimum(np.searchsorted(past_keys, keys), len(past_keys) - 1)
            hit = (past_keys[spot] == keys) & (past.series[spot] == cells.series[places])
            hit &= past.time_us[spot] == cells.time_us[places]
            for place, old in zip(places[hit], spot[hit], strict=True):
                if past.value[old] == cells.value[place]:
                    self.identical += 1
                    keep[place] = False
                else:
                    gone.append(_superseded(past, int(old), int(cells.line[place])))
            places, keys = places[~hit], keys[~hit]
        return cells.where(keep)

    def _remember(self, cells: Cells) -> None:
        if not len(cells):
            return
        keys = _keys(cells)
        order = np.argsort(keys)
        self._past.append((keys[order], cells.where(order)))
        self._size += len(cells)
        while self._size > REMEMBERED_CELLS and len(self._past) > 1:
            self._size -= len(self._past.popleft()[1])
        for number, start, end in _runs(cells.series):
            first, last = int(cells.time_us[start]), int(cells.time_us[end - 1])
            self._first[number] = min(first, self._first.get(number, first))
            self._last[number] = max(last, self._last.get(number, last))


def _superseded(cells: Cells, index: int, by_line: int) -> Superseded:
    return Superseded(
        int(cells.series[index]), int(cells.time_us[index]), float(cells.value[index]), int(cells.line[index]), by_line
    )


def _runs(series: npt.NDArray[np.int64]) -> Iterator[tuple[int, int, int]]:
    """(series, start, end) of each run in a sorted array."""
    if not len(series):
        return
    starts = np.flatnonzero(np.append(True, np.diff(series) != 0))
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(series)], strict=True):
        yield int(series[start]), start, end


def _keys(cells: Cells) -> npt.NDArray[np.uint64]:
    """64-bit mix of series and time (multipliers of SplitMix64); equality is checked on the values themselves."""
    mixed = cells.time_us.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= cells.series.astype(np.uint64) * np.uint64(0xBF58476D1CE4E5B9)
    return (mixed ^ (mixed >> np.uint64(31))) * np.uint64(0x94D049BB133111EB)
