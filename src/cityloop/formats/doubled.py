"""Hours that come twice when the clocks are put back, told apart by the order of the rows.

Of two rows with the same local time the first is summer time; in a file written backwards the second is. One row alone cannot be
told and is refused, but not before its series has gone past that hour: until then the other may still come.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cityloop.formats.tables import Chunk, Mark, Refused
from cityloop.formats.times import Stamps

__all__ = ["DoubledHours", "Settled"]

Ints = npt.NDArray[np.int64]
_DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Settled:
    """`time_us` (n,) of each row; `taken` and `held` (n,) say which rows count now and which wait; `released` = lines held
    earlier whose time is known now; `dropped` = lines held earlier that were refused.
    """

    time_us: Ints
    taken: npt.NDArray[np.bool_]
    held: npt.NDArray[np.bool_]
    released: dict[int, int]
    dropped: tuple[int, ...]


@dataclass(frozen=True)
class _Single:
    mark: Mark
    first_us: int
    second_us: int
    raw: str


class DoubledHours:
    """Memory of one file. A group is what has one row per time: the whole of a wide table, one series of a long one."""

    def __init__(self) -> None:
        self._single: dict[tuple[int, int], _Single] = {}
        self._paired: set[tuple[int, int]] = set()
        self._low, self._high = np.empty(0, np.int64), np.empty(0, np.int64)
        self._backwards = False

    def marks(self) -> list[Mark]:
        """The places that must be read again if reading stops now."""
        return [one.mark for one in self._single.values()]

    def settle(self, chunk: Chunk, stamps: Stamps, group: Ints, refused: list[Refused]) -> Settled:
        """The rows of a chunk; `group` (n,) is -1 for rows that are refused already."""
        time_us, twice = stamps.utc_us.copy(), (stamps.code == "twice") & (group >= 0)
        taken, held = (group >= 0) & ~twice, np.zeros(len(group), np.bool_)
        self._see(time_us[taken], group[taken])
        released: dict[int, int] = {}
        row_of = {int(chunk.lines[row]): int(row) for row in np.flatnonzero(twice)}
        for line, row in row_of.items():
            key = (int(group[row]), int(stamps.utc_us[row]))
            here = _Single(Mark(chunk.offset_of(line), line), key[1], int(stamps.second_us[row]), chunk.raw(line))
            other = self._single.pop(key, None)
            if key in self._paired:
                refused.append(Refused(line, here.raw, "twice", "this local time stands here for a third time"))
            elif other is None:
                self._single[key] = here
                held[row] = True
            else:
                self._paired.add(key)
                first, second = (line, other.mark.line) if self._backwards else (other.mark.line, line)
                for place, moment in ((first, here.first_us), (second, here.second_us)):
                    if place in row_of:
                        time_us[row_of[place]], taken[row_of[place]], held[row_of[place]] = moment, True, False
                    else:
                        released[place] = moment
        dropped = self.give_up(refused, margin_us=_DAY_US)
        for place in dropped:
            if place in row_of:
                held[row_of[place]] = False
        return Settled(time_us, taken, held, released, dropped)

    def give_up(self, refused: list[Refused], *, margin_us: int = 0) -> tuple[int, ...]:
        """Refuse single rows whose group is past the hour by more than the margin; returns their lines."""
        dropped = []
        for key, one in list(self._single.items()):
            low, high = (int(a[key[0]]) if key[0] < len(a) else None for a in (self._low, self._high))
            if low is None or high is None or low > high:
                continue
            if low < one.first_us - margin_us if self._backwards else high > one.second_us + margin_us:
                text = "the clocks are put back: this local time comes twice, the file has it once, without offset"
                refused.append(Refused(one.mark.line, one.raw, "twice", text))
                dropped.append(one.mark.line)
                del self._single[key]
        return tuple(dropped)

    def _see(self, time_us: Ints, group: Ints) -> None:
        """Remember the span of each group and the direction in which the file runs."""
        if not len(group):
            return
        missing = int(group.max()) + 1 - len(self._low)
        if missing > 0:
            self._low = np.append(self._low, np.full(missing, np.iinfo(np.int64).max))
            self._high = np.append(self._high, np.full(missing, np.iinfo(np.int64).min))
        np.minimum.at(self._low, group, time_us)
        np.maximum.at(self._high, group, time_us)
        direction = int(np.sign(np.diff(time_us)).sum())
        self._backwards = direction < 0 if direction else self._backwards
