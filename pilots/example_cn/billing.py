"""售水量.csv of the example city: what was billed by area and reading period. Made up from the readings and the truth."""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from example_cn.definition import HANDOVER, START
from example_cn.district import AREAS, SEED
from example_cn.sheets import write_csv

__all__ = ["write_billing"]

HEADER = (
    "所属分区",
    "抄表方式",
    "抄表起始日",
    "抄表截止日",
    "用水类别",
    "水表数(只)",
    "售水量(m³)",
    "数据状态",
    "备注",
)
#: Reading day and months between readings, by area: the periods fit neither the month nor each other.
ROUNDS = {1: (5, 1, "人工抄表"), 2: (16, 2, "双月人工抄表"), 3: (26, 1, "远传抄表")}
#: Share of what is used that is billed (the rest: meters that count too little, unbilled use, small leaks) and by category.
BILLED = {1: 0.88, 2: 0.935, 3: 0.945}
CATEGORIES = {
    1: (("居民生活", 0.80), ("非居民", 0.18), ("特种", 0.02)),
    2: (("居民生活", 0.78), ("非居民", 0.20), ("特种", 0.02)),
    3: (("居民生活", 0.14), ("非居民", 0.84), ("特种", 0.02)),
}
#: Registered use that is not charged: hydrants, greening.
FREE = 0.012


def write_billing(folder: Path, used_m3: Mapping[int, np.ndarray], households: Mapping[int, int]) -> None:
    """`used_m3` = what each area used by day from START on, without leaks; before START its first fortnight goes on."""
    rng = np.random.default_rng([SEED, 9])
    rows: list[tuple[object, ...]] = []
    for area in AREAS:
        day, months, way = ROUNDS[area.number]
        for begin, end in _periods(day, months):
            used = sum(_on(used_m3[area.number], begin + timedelta(days=i)) for i in range((end - begin).days + 1))
            for name, share in CATEGORIES[area.number]:
                volume = used * BILLED[area.number] * share * float(rng.normal(1, 0.006))
                meters = households[area.number] if name == "居民生活" else {"非居民": 90, "特种": 6}[name]
                rows.append((area.id, way, begin, end, name, meters, round(volume), "已审核", ""))
            rows.append(
                (area.id, way, begin, end, "免费供水（消防、绿化）", 12, round(used * FREE), "估算", "注册用户用水")
            )
    index = next(i for i, r in enumerate(rows) if r[0] == "dma-1" and r[4] == "非居民")
    rows.insert(index + 1, (*rows[index][:5], 1, -420, "已审核", "退补：上期误抄"))
    write_csv(folder / "售水量.csv", HEADER, rows)


def _periods(day: int, months: int) -> list[tuple[date, date]]:
    """Periods that end before HANDOVER, the first one begun in February or March."""
    found, begin = [], date(2026, 3 if day > 10 and months == 1 else 2, day)
    while True:
        month = begin.month + months
        end = date(begin.year, month, day) - timedelta(days=1)
        if end >= HANDOVER:
            return found
        found.append((begin, end))
        begin = end + timedelta(days=1)


def _on(by_day: np.ndarray, day: date) -> float:
    number = (day - START).days
    return float(by_day[:14].mean()) if number < 0 else float(by_day[number])
