"""The bench of the forecast on the real areas: keys, the plain median held against an independent one, the aims."""

import csv
import json
from collections import defaultdict
from datetime import date, timedelta

import numpy as np
import pytest

from cityloop.bench.forecast import OFFICIAL_WEEKS, OTHER_WEEKS, run

KEYS = {"pi1", "pi2", "pi3", "sum", "naive_sum", "coverage", "nominal", "weeks", "seconds", "date", "machine"}


def _plain_sum(folder, weeks):
    """Sum of the plain median, straight from the table of local stamps."""
    seen = defaultdict(list)
    with (folder / "inflow_hourly.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for name in (n for n in row if n.startswith("dma_") and row[n]):
                seen[name, date.fromisoformat(row["datetime_local"][:10]), int(row["datetime_local"][11:13])].append(
                    float(row[name])
                )
    table = []
    for week in map(date.fromisoformat, weeks):
        for area in (f"dma_{i}" for i in range(1, 11)):
            errors = np.full((7, 24), np.nan)
            for day in range(7):
                for hour in range(24):
                    when = week + timedelta(days=day)
                    before = [v for j in range(1, 7) for v in seen.get((area, when - timedelta(weeks=j), hour), [])]
                    truth = seen.get((area, when, hour))
                    if before and truth:
                        errors[day, hour] = abs(np.median(before) - truth[0])
            if np.isfinite(errors).mean() >= 0.5:
                day, rest = (e[np.isfinite(e)] for e in (errors[0], errors[1:]))
                table.append([day.mean() if len(day) else np.nan, max(day, default=np.nan), rest.mean()])
    return np.nanmean(table, axis=0).sum()


def test_bench_when_run_by_the_plain_method_then_its_keys_and_its_median_are_right(test_data):
    weeks = ("2021-09-06", "2022-05-16")
    found = run(test_data / "bwdf", weeks=weeks, method="median")
    assert set(found) >= KEYS
    assert json.loads(json.dumps(found)) == found
    assert found["sum"] == pytest.approx(found["pi1"] + found["pi2"] + found["pi3"], abs=1e-3)
    assert (found["weeks"], found["nominal"], found["method"]) == (list(weeks), 0.9, "median")
    assert found["naive_sum"] == pytest.approx(_plain_sum(test_data / "bwdf", weeks), rel=0.005)


def test_weeks_when_listed_then_none_is_both_official_and_other():
    assert len(OFFICIAL_WEEKS) == 8 and not set(OFFICIAL_WEEKS) & set(OTHER_WEEKS)
    assert {date.fromisoformat(w).weekday() for w in (*OFFICIAL_WEEKS, *OTHER_WEEKS)} == {0}


@pytest.mark.slow
def test_bench_when_run_on_two_set_weeks_then_the_aims_are_met(test_data):
    found = run(test_data / "bwdf", weeks=("2021-07-05", "2021-11-01"))
    assert found["ratio"] <= 0.866
    assert 0.85 <= found["coverage"] <= 0.97
