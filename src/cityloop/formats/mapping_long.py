"""Long tables: which column holds the id of a series, which the value, which the unit."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cityloop.formats.mapping_sample import Sample
from cityloop.formats.mapping_tags import known_unit, tokens
from cityloop.formats.numbers import read_numbers

__all__ = ["MOST_IDS", "LongTable", "find_long"]

MOST_IDS = 20_000
_ID_NAMES = frozenset([
    "tag", "tagname", "id", "name", "名称", "测点", "点号", "点位", "点名", "位号", "编号", "设备", "仪表", "站点", "变量", "标签", "sensor",
    "meter", "point", "station", "channel", "variable", "series", "item", "指标", "监测点", "表号", "户号",
])  # fmt: skip
_VALUE_NAMES = frozenset(
    ["value", "val", "值", "数值", "读数", "reading", "data", "pv", "实时值", "采集值", "测量值", "示数", "result"]
)


@dataclass(frozen=True)
class LongTable:
    """Columns by number; `rows` = the sampled rows of every id; `units` = the unit of an id where a column states it.

    `others` = further text columns that divide the rows: a second key.
    """

    id: int
    value: int
    unit: int | None
    sure: float
    rows: Mapping[str, npt.NDArray[np.int64]]
    units: Mapping[str, str] = field(default_factory=dict)
    others: tuple[int, ...] = ()


def find_long(sample: Sample, times: tuple[int, ...], decimal: str) -> LongTable | None:
    """The columns of a long table; None for a wide one."""
    names = sample.header.names
    if sample.rows < 2 or not times or not 3 <= len(names) <= 12:
        return None
    texts, numbers, unit = [], [], None
    for i, column in enumerate(sample.columns):
        if i in times:
            continue
        cells = [c for c in column.slice(0, 2000).to_pylist() if c]
        if not cells:
            continue
        if all(known_unit(c) for c in cells[:300]) and unit is None:
            unit = i
        elif read_numbers(column.slice(0, 2000), decimal, ()).refused.mean() > 0.5:
            texts.append(i)
        else:
            numbers.append(i)
    value = _named(names, numbers, _VALUE_NAMES)
    sure_value = value is not None
    if value is None and len(numbers) == 1:
        value = numbers[0]
    chosen = _named(names, [i for i in (*texts, *numbers) if i != value], _ID_NAMES)
    sure_id = chosen is not None
    if chosen is None and len(texts) >= 1:
        chosen = texts[0]
    if value is None or chosen is None or (chosen in numbers and not (sure_id and sure_value)):
        return None
    ids = np.array(sample.columns[chosen].to_pylist(), dtype=object).astype(str)
    kinds, back = np.unique(ids, return_inverse=True)
    if len(kinds) > 0.67 * len(ids) or len(kinds) > MOST_IDS or (len(numbers) > 3 and not sure_value):
        return None
    order = np.argsort(back, kind="stable")
    bounds = np.searchsorted(back[order], np.arange(len(kinds) + 1))
    first = {str(k): int(order[bounds[i]]) for i, k in enumerate(kinds)}
    rows = {
        str(k): order[bounds[i] : bounds[i + 1]]
        for i, k in sorted(enumerate(kinds), key=lambda p: first[str(p[1])])
        if k
    }
    units = {} if unit is None else {k: str(sample.columns[unit][int(r[0])].as_py()) for k, r in rows.items()}
    others = tuple(i for i in texts if i != chosen and _divides(sample, i, times, back))
    return LongTable(chosen, value, unit, 0.96 if sure_id and sure_value else 0.85, rows, units, others)


def _named(names: tuple[str, ...], columns: list[int], words: frozenset[str]) -> int | None:
    """The first column whose name holds one of the words."""
    for i in columns:
        plain = names[i].strip().casefold()
        if (
            plain in words
            or set(tokens(names[i])) & words
            or any(len(w) > 1 and w in plain for w in words if not w.isascii())
        ):
            return i
    return None


def _divides(sample: Sample, column: int, times: tuple[int, ...], ids: npt.NDArray[np.int64]) -> bool:
    """Whether rows of the same time and id differ in this column: it is a second key."""
    n = min(sample.rows, 5000)
    key = [(int(ids[r]), *(sample.columns[t][r].as_py() for t in times), int(sample.part[r])) for r in range(n)]
    if len(set(key)) > 0.9 * n:
        return False
    full = {(*k, sample.columns[column][r].as_py()) for r, k in enumerate(key)}
    return len(full) > 1.3 * len(set(key))
