"""The bench of detection: what it injects, how it counts, and a small folder from end to end."""

import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from cityloop.bench import detect_figures, injections
from cityloop.bench.detect import run
from cityloop.bench.detect_figures import Named, alarms
from cityloop.bench.injections import WEEK_H, Injection, draw, injected
from cityloop.errors import InputError

KEYS = {
    "false_alarms_per_1000_sensor_weeks", "sensor_weeks", "detected_share_by_size", "median_days", "called", "seconds",
    "date", "machine",
}  # fmt: skip


def event(kind, share, onset=100, l_per_s=2.0):
    return Injection(0, 0, onset, kind, share, l_per_s)


def test_injection_when_put_in_then_it_is_what_it_says():
    plain = np.full(24 * 100, 10.0)
    plain[50] = np.nan
    leak = injected(plain, event("leak", 0.2)) - plain
    assert np.nansum(leak[:100]) == 0 and np.nanmin(leak[100:]) == np.nanmax(leak[100:]) == 2.0
    grown = injected(plain, event("growing_leak", 0.2)) - plain
    assert grown[100 + 28 * 24] == pytest.approx(1.0) and grown[-1] == pytest.approx(2.0)
    burst = injected(plain, event("burst", 0.2)) - plain
    assert np.nansum(burst) == pytest.approx(2.0 * 48)
    drift = injected(plain, event("drift", -0.3)) / plain
    assert drift[100 + 28 * 24] == pytest.approx(0.85) and drift[-1] == pytest.approx(0.7)
    varying = np.arange(200.0)
    stuck = injected(varying, event("stuck", 1.0))
    assert (stuck[:100] == varying[:100]).all() and (stuck[100:] == 99.0).all()
    assert np.isnan(injected(plain, event("leak", 0.2))[50])


def test_looks_when_an_event_comes_then_they_keep_to_their_weekday_and_end_with_the_series():
    leak = event("leak", 0.2, onset=10 * WEEK_H + 30)
    assert leak.looks(10**6) == [h * WEEK_H for h in range(11, 19)]
    assert leak.looks(13 * WEEK_H) == [11 * WEEK_H, 12 * WEEK_H, 13 * WEEK_H]
    assert event("short_burst", 1.0, onset=30).looks(10**6) == [48, 72]


def test_draw_when_seeded_then_it_repeats_and_keeps_to_quiet_hours():
    series = [np.full(40 * WEEK_H, 5.0 * (a + 1)) for a in range(3)]
    quiet = [[10 * WEEK_H], [], [20 * WEEK_H, 21 * WEEK_H]]
    drawn = draw(series, quiet, 2, np.random.default_rng(1))
    assert drawn == draw(series, quiet, 2, np.random.default_rng(1))
    assert {e.area for e in drawn} == {0, 2}
    assert all(any(h <= e.onset < h + WEEK_H for h in quiet[e.area]) for e in drawn)
    assert all(e.l_per_s == pytest.approx(e.share * 5.0 * (e.area + 1)) for e in drawn)


def test_alarms_when_a_problem_goes_and_comes_back_then_it_is_told_again():
    hours = [h * WEEK_H for h in range(1, 13)]
    leak, late = Named(0, "leak", "burst", 100), Named(0, "leak", "burst", 110)
    gaps = Named(1, "meter", "failing_sensor: gaps", 90)
    plain = {h: frozenset() for h in hours}
    for h in hours[:8]:
        plain[h] = frozenset({leak})
    plain[hours[9]] = frozenset({late, gaps})
    found = alarms(plain, [hours, hours[4:]], datetime(2021, 1, 1, tzinfo=ZoneInfo("UTC")))
    assert (found["sensor_weeks"], found["false_alarms"]) == (20, 2)
    assert found["false_alarms_per_1000_sensor_weeks"] == 100.0
    assert (found["false_alarms_lasting"], found["false_alarms_told_again"], found["gaps_rightly_told"]) == (1, 1, 1)
    assert [a["weeks"] for a in found["alarms"]] == [8, 1, 1]


@pytest.fixture
def folder(tmp_path):
    """Six made-up areas over twenty weeks, each with its own noise, all with the same season."""
    rng, weeks, areas = np.random.default_rng(4), 20, 6
    hours = weeks * 7 * 24
    hour = np.arange(hours) % 24
    shape = 0.4 + 0.9 * np.exp(-(((hour - 8) / 3.0) ** 2)) + np.exp(-(((hour - 19) / 3.5) ** 2))
    season = 1 + 0.2 * np.sin(np.arange(hours) / hours * np.pi)
    flows = [
        5.0 * (a + 1) * (season * shape * np.repeat(np.exp(rng.normal(0, 0.03, weeks * 7)), 24) + 0.3)
        * np.exp(rng.normal(0, 0.04, hours))
        for a in range(areas)
    ]  # fmt: skip
    begin = datetime(2021, 1, 4)
    rows = ["datetime_local,utc_offset_hours," + ",".join(f"dma_{a + 1}" for a in range(areas))]
    for i in range(hours):
        rows.append(f"{begin + timedelta(hours=i):%Y-%m-%d %H:%M},1," + ",".join(f"{f[i]:.4f}" for f in flows))
    (tmp_path / "inflow_hourly.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return tmp_path


def test_bench_when_run_on_a_small_folder_then_large_events_are_seen_and_named(folder, monkeypatch):
    monkeypatch.setattr(injections, "CELLS", {"leak": (0.5,), "burst": (1.2,), "stuck": (1.0,)})
    monkeypatch.setattr(detect_figures, "CELLS", injections.CELLS)
    found = run(folder, each=2, seed=3, workers=1)
    assert set(found) >= KEYS
    assert found["sensor_weeks"] == 6 * 15
    assert found["false_alarms_per_1000_sensor_weeks"] == 0.0  # a season that all share is no leak
    assert found["detected_share"] == {"leak": 1.0, "burst": 1.0, "stuck": 1.0}
    assert found["called_rightly"] == {"leak": 1.0, "burst": 1.0, "stuck": 1.0}
    assert found["median_days"]["burst"] <= 1.3 and found["median_days"]["stuck"] <= 14
    assert json.loads(json.dumps(found)) == found


def test_bench_when_the_folder_is_not_one_or_too_short_then_it_says_so(tmp_path, folder):
    with pytest.raises(InputError, match=r"inflow_hourly\.csv"):
        run(tmp_path / "none")
    lines = (folder / "inflow_hourly.csv").read_text(encoding="utf-8").splitlines()
    (folder / "inflow_hourly.csv").write_text("\n".join(lines[: 24 * 30]) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match="long enough"):
        run(folder)
