"""The bench on the real areas: keys, honesty of the figures, determinism, and folders it must refuse."""

import json

import pytest

from cityloop.bench.verify import run
from cityloop.errors import InputError

KEYS = {"works", "placebo_confirmed_share", "coverage", "halfwidth_ratio", "inconclusive_share"}


def test_bench_when_run_on_few_works_then_all_keys_are_there_and_it_repeats(test_data):
    first = run(test_data / "bwdf", works=12, seed=3)
    again = run(test_data / "bwdf", works=12, seed=3)
    assert KEYS | {"injected", "level", "seconds", "date", "machine", "areas"} <= set(first)
    assert {k: first[k] for k in KEYS} == {k: again[k] for k in KEYS}
    assert (first["works"], first["injected"], first["level"]) == (24, 12, 0.9)
    assert sum(area["works"] for area in first["areas"].values()) == 24
    assert json.loads(json.dumps(first)) == first


@pytest.mark.slow
def test_bench_when_run_on_the_real_areas_then_the_interval_holds_what_it_says(test_data):
    found = run(test_data / "bwdf", works=120, seed=11)
    assert found["placebo_confirmed_share"] <= 0.10
    assert 0.83 <= found["coverage"] <= 0.98
    assert found["halfwidth_ratio"] < 0.09


def test_bench_when_progress_is_asked_then_it_is_told_and_may_stop(test_data):
    class Stop(Exception):
        pass

    def stop(share, text):
        assert 0 <= share <= 1
        raise Stop

    with pytest.raises(Stop):
        run(test_data / "bwdf", works=5, progress=stop)


def test_bench_when_the_folder_is_not_one_then_it_says_what_is_missing(tmp_path):
    with pytest.raises(InputError, match=r"inflow_hourly\.csv"):
        run(tmp_path)
    (tmp_path / "inflow_hourly.csv").write_text("datetime_local,utc_offset_hours,flow\n", encoding="utf-8")
    with pytest.raises(InputError, match="No area"):
        run(tmp_path)


def test_bench_when_the_series_is_too_short_then_it_says_so(tmp_path):
    rows = [f"2021-01-{d:02d} {h:02d}:00,1,{5 + h / 10}" for d in range(1, 31) for h in range(24)]
    text = "datetime_local,utc_offset_hours,dma_1\n" + "\n".join(rows) + "\n"
    (tmp_path / "inflow_hourly.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="long enough"):
        run(tmp_path)
