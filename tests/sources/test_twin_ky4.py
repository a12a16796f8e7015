"""The twin of the pilot ky4 on the real engine: its balance closes, its leaks show, its sensors stand well."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

import cityloop
from cityloop.contracts import Floats, Model
from cityloop.engines.epanet import engine
from cityloop.settings import load_city
from cityloop.sources.twin import FinishedWork, Leak, Scenario, Twin

WEEKS = 24
#: A burst of 5 L/s on day 28, a leak of 2 L/s that grows by 2.9 % a day from day 51, a logger that jumps on day 57.
SEED = 1393
AREAS_M2 = {"T-3": 141.26, "T-4": 357.53}
PUMPS = ("~@Pump-1", "~@Pump-2")


@pytest.fixture(scope="module")
def model() -> Model:
    return engine.open(Path("wntr:ky4"))


@pytest.fixture(scope="module")
def make(model: Model) -> Callable[..., Twin]:
    city = load_city(Path(cityloop.__file__).parent / "cities" / "ky4")
    assert city.twin is not None
    settings = replace(city.twin, seed=SEED)

    def build(*, works: tuple[FinishedWork, ...] = (), scenario: Scenario | None = None, **changes: object) -> Twin:
        return Twin(replace(settings, **changes), city=city, model=model, works=works, scenario=scenario)  # type: ignore[arg-type]

    return build


@pytest.fixture(scope="module")
def pilot(make: Callable[..., Twin]) -> Twin:
    return make()


@pytest.fixture(scope="module")
def sent(pilot: Twin) -> tuple[dict[str, Floats], float]:
    """What every sensor of the pilot sent over 24 weeks, by datastream name, NaN in gaps; and the seconds it took."""
    hours = WEEKS * 168
    begin = time.perf_counter()
    parts = list(pilot.arrivals(cursors={}, until=pilot.start + timedelta(hours=hours)))
    took = time.perf_counter() - begin
    names = [d.name for d in parts[0].datastreams]
    block = np.full((hours, len(names)), np.nan)
    start_us = int(pilot.start.timestamp()) * 1_000_000
    for part in parts:
        hour = (part.batch["time"].cast("int64").to_numpy() - start_us) // 3_600_000_000
        block[hour, part.batch["datastream"].to_numpy()] = part.batch["value"].to_numpy()
    return {n: block[:, i] for i, n in enumerate(names)}, took


def balance(sent: dict[str, Floats]) -> Floats:
    """Hourly demand and leakage from pump meters and tank levels, L/s."""
    inflow = sum(sent[f"twin/water_flow/{p}"] for p in PUMPS)
    stored = sum(a * np.diff(sent[f"twin/water_level/{t}"], append=np.nan) / 3.6 for t, a in AREAS_M2.items())
    return np.asarray(inflow - stored)


def night_means(x: Floats) -> Floats:
    """Mean of 01 to 05 h of each day; the first hour is local midnight."""
    nights = x[: len(x) // 24 * 24].reshape(-1, 24)[:, 1:5]
    known = np.isfinite(nights)
    return np.asarray(np.where(known, nights, 0.0).sum(axis=1) / np.where(known.any(axis=1), known.sum(axis=1), np.nan))


def test_balance_when_taken_from_the_meters_then_it_closes_within_their_noise(
    pilot: Twin, sent: tuple[dict[str, Floats], float]
) -> None:
    truth = pilot.truth_over(WEEKS * 168)
    left = balance(sent[0]) - truth.demand_l_per_s - truth.leak_flow_l_per_s.sum(axis=1)
    assert np.isfinite(left).mean() > 0.95
    assert abs(np.nanmean(left)) < 0.15
    # 1 cm on two levels: sqrt(2) * 0.01 m * sqrt(141^2 + 358^2) m2 / 3.6 = 1.51 L/s; 1 % on 36 and 112 L/s of flow
    assert np.nanmedian(np.abs(left)) / 0.6745 == pytest.approx(1.6, rel=0.1)


def test_leaks_when_they_begin_then_the_night_flow_rises_by_about_their_size(
    pilot: Twin, sent: tuple[dict[str, Floats], float]
) -> None:
    night = night_means(balance(sent[0]))
    burst, growing = sorted(pilot.truth.leaks, key=lambda leak: leak.onset_day)
    day = int(burst.onset_day)
    assert burst.size_l_per_s == 5.0 and burst.growth_per_day == 0.0
    assert np.nanmean(night[day + 1 : day + 15]) - np.nanmean(night[day - 14 : day]) == pytest.approx(5.0, abs=1.0)
    flows = pilot.truth.leak_flow_l_per_s
    number = pilot.truth.leaks.index(growing)
    assert growing.growth_per_day > 0.01
    assert flows[-24:, number].mean() > 1.8 * flows[int(growing.onset_day + 2) * 24, number]
    assert np.nanmean(night[77:84]) - np.nanmean(night[:day]) == pytest.approx(
        flows[-7 * 24 :].sum(axis=1).mean(), abs=1.5
    )


def test_twenty_four_weeks_when_taken_then_in_seconds(sent: tuple[dict[str, Floats], float]) -> None:
    assert sent[1] < 30  # 6 to 9 s on two busy cores


def test_true_network_when_mismatched_then_it_stays_plausible(pilot: Twin) -> None:
    world = pilot._world
    lowest = world._lowest(world.shut)
    assert len(world.shut) == 2 and world.network.connected_without(world.shut)
    assert lowest.min() > 14.1
    truth = pilot.truth
    assert len(truth.mislabelled) == 2 and len(truth.slow_clocks) == 2
    assert 55 < truth.demand_l_per_s.mean() < 75
    night = truth.demand_l_per_s.reshape(-1, 24)[:, 1:5].mean()
    assert 12 < night < 18  # the model's pattern is low from 01 to 05 h of its clock


def test_pumps_when_mismatched_then_their_power_is_off_by_five_percent_at_most(
    pilot: Twin, sent: tuple[dict[str, Floats], float]
) -> None:
    shown = np.nanmedian(sent[0]["twin/power/~@Pump-2"])
    assert shown == pytest.approx(50 * 0.7457 / 0.75, rel=0.06)  # 50 hp at 75 % efficiency


def test_loggers_when_fewer_are_asked_for_then_they_are_the_first_of_the_full_set(make: Callable[..., Twin]) -> None:
    full, economy = make()._world.loggers, make(sensors=20)._world.loggers
    assert len(set(full)) == 40 and full[:20] == economy
    assert not set(full) & {"I-Pump-1", "I-Pump-2"}


def test_works_when_a_leak_is_repaired_then_the_past_stays_and_the_flow_ends(make: Callable[..., Twin]) -> None:
    scenario = Scenario((Leak("P-654", "J-740", 5.0, 5.0),))
    before = make(scenario=scenario)
    done = before.start + timedelta(days=20)
    finding: dict[str, float | str] = {"found": "leak", "place": "P-654"}
    work = FinishedWork("ky4:project:1", "ky4:thing:boundary", done - timedelta(days=2), done, (finding,))
    after = make(scenario=scenario, works=(work,))
    share = after.truth_over(24).repairs[0].share
    flow, repaired = (t.truth_over(28 * 24).leak_flow_l_per_s[:, 0] for t in (before, after))
    np.testing.assert_array_equal(flow[: 20 * 24], repaired[: 20 * 24])
    assert flow[5 * 24 : 20 * 24].mean() == pytest.approx(5.0, rel=0.05) and flow[: 5 * 24].max() == 0.0
    assert repaired[20 * 24 :].mean() == pytest.approx(flow[20 * 24 :].mean() * (1 - share), rel=0.05, abs=1e-9)
