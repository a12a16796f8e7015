"""The loop's bench on real scenarios: every key of the figures, honesty of what it saw, any network, the same again."""

import json

import pytest

from cityloop.bench.loop import run
from cityloop.bench.loop_scenarios import make_city
from cityloop.errors import InputError
from cityloop.settings import load_city

KEYS = {
    "value_ratio", "value_ratio_naive", "detected_share", "detected_share_above_1ls", "days_to_detect",
    "false_problems_per_year", "false_problems_per_year_with_hidden_fault", "localisation_m_median",
    "localised_300m_share", "survey_km_median", "verifications", "ci90_coverage", "interval_halfwidth", "confirmed_share", "seconds", "value_ratio_at_0.30", "value_ratio_at_1.00",
}  # fmt: skip
CHANGING = ("seconds", "date", "machine")
FAULTS = ("labels", "clocks")


@pytest.mark.slow
def test_bench_when_parts_are_left_out_then_the_leaks_are_the_same_and_no_logger_has_a_hidden_fault():
    found = run(scenarios=1, seed=7, mismatch=2, sensors=20, without=FAULTS)
    whole = run(scenarios=1, seed=7, mismatch=2, sensors=20)
    assert (found["without"], whole["without"]) == (list(FAULTS), [])
    assert found["false_problems_per_year_with_hidden_fault"] == 0
    for key in ("pipe", "node"):
        assert [k[key] for k in found["each"][0]["leaks"]] == [k[key] for k in whole["each"][0]["leaks"]]


@pytest.mark.slow
def test_bench_when_a_scenario_is_played_twice_then_every_key_is_there_and_it_repeats():
    first, again = (run(scenarios=1, seed=7, mismatch=1, sensors=20) for _ in range(2))
    assert set(first) >= KEYS
    assert {k: v for k, v in first.items() if k not in CHANGING} == {
        k: v for k, v in again.items() if k not in CHANGING
    }  # fmt: skip
    assert json.loads(json.dumps(first))["scenarios"] == 1
    assert first["value_ratio"] <= 1.0
    assert 1 <= first["leaks"] <= 5
    assert all(o["ours"]["km"] <= 60.05 and o["ours"]["repairs"] <= 5 for o in first["each"])


def test_city_when_made_of_a_pilot_then_has_the_scenario_of_the_bench(tmp_path):
    make_city(tmp_path / "c", city="mount-washington", inp=None, seed=70_003, mismatch=2, sensors=20)
    settings = load_city(tmp_path / "c")
    assert settings.id == "ky4"
    assert settings.twin is not None
    assert (settings.twin.seed, settings.twin.mismatch, settings.twin.sensors) == (70_003, 2, 20)


def test_city_when_made_around_a_network_file_then_measures_its_reservoirs_and_tanks(tmp_path, test_data):
    make_city(
        tmp_path / "c", city="ky4", inp=test_data / "water_networks" / "L-TOWN.inp", seed=1, mismatch=0, sensors=20
    )  # fmt: skip
    settings = load_city(tmp_path / "c")
    assert len(settings.boundaries[0].inflow) == 2
    assert settings.boundaries[0].storage_area_m2 == {"T1": pytest.approx(201.062, abs=1e-3)}  # pi / 4 * 16 m squared
    assert settings.policy.prices["water_per_m3"][0] == 0.60


def test_city_when_the_network_file_is_absent_then_says_so(tmp_path):
    with pytest.raises(InputError, match="No such network file"):
        make_city(tmp_path / "c", city="ky4", inp=tmp_path / "none.inp", seed=1, mismatch=0, sensors=20)
