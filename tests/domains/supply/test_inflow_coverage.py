"""Inflow drawn from a record of a few years, held against what the same made-up river brings next."""

from datetime import date

import numpy as np

from cityloop.domains.water import domain
from cityloop.domains.water.supply.balance import COURSES, drawn_inflow
from cityloop.domains.water.supply.sources import DailyRecord

MONTHS = np.array((0.04, 0.06, 0.10, 0.11, 0.12, 0.19, 0.14, 0.08, 0.07, 0.04, 0.03, 0.02))


def river(seed: int, years: int = 30) -> tuple[np.ndarray, np.ndarray]:
    """Days and daily inflow: wet and dry years (spread 24 %), a season, spells of rain."""
    rng = np.random.default_rng(seed)
    days = np.arange(np.datetime64("1990-01-01"), np.datetime64("1990-01-01") + 365 * years)
    year, month = days.astype("datetime64[Y]").astype(int), days.astype("datetime64[M]").astype(int) % 12
    of_year = dict(zip(np.unique(year).tolist(), np.exp(rng.normal(0, 0.24, len(np.unique(year)))), strict=True))
    wet, spells = np.zeros(len(days)), rng.normal(0, 0.45, len(days))
    for i in range(1, len(days)):
        wet[i] = 0.8 * wet[i - 1] + spells[i]
    return days, np.array([of_year[y] for y in year.tolist()]) * MONTHS[month] * 80_000 * np.exp(wet)


def test_inflow_when_four_years_are_known_then_nine_of_ten_futures_lie_within_the_interval():
    inside: dict[int, list[bool]] = {30: [], 90: [], 365: []}
    for seed in range(100, 106):
        days, inflow = river(seed)
        for start in range(4 * 365, len(days) - 365, 2 * 365 + 97):
            record = DailyRecord(days[start - 4 * 365 : start], inflow[start - 4 * 365 : start], (), False)
            first = date.fromisoformat(str(days[start]))
            drawn, years = drawn_inflow(record, first, 365, COURSES, np.random.default_rng(start), domain.priors)
            assert 3.9 < years < 4.1
            for ahead, found in inside.items():
                low, high = np.quantile(drawn[:, :ahead].sum(axis=1), [0.05, 0.95])
                found.append(bool(low <= inflow[start : start + ahead].sum() <= high))
    assert all(0.82 <= np.mean(found) <= 1.0 for found in inside.values()), {k: np.mean(v) for k, v in inside.items()}
