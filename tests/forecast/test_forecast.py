"""Forecasts of towns whose habits are known: nothing of the future, clock changes, gaps, intervals, what is refused."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from cityloop.errors import InputError, RecordError
from cityloop.forecast import ahead, forecast

ROME = ZoneInfo("Europe/Rome")
FIRST = datetime(2021, 2, 1, tzinfo=UTC)
AUTUMN, SPRING = datetime(2021, 10, 29, tzinfo=ROME), datetime(2021, 3, 26, tzinfo=ROME)


def same(one, other):
    assert one.times.tolist() == other.times.tolist()
    for name in ("value", "low", "high"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.mark.parametrize("method", ["median", "boosting"])
@pytest.mark.parametrize("minute", [0, 30])
def test_forecast_when_what_comes_after_changes_then_it_stays_the_same(town, small_trees, method, minute):
    made = town(FIRST, days=190, noise=0.5, ids=("a", "b"))
    at = datetime(2021, 7, 28, 13, minute, tzinfo=UTC)
    before = forecast(made.view, ["a", "b"], at=at, method=method)
    for values in made.series.values():
        values[made.at(at.replace(minute=0)) :] = 999.0
    same(before, forecast(made.view, ["a", "b"], at=at, method=method))


def test_forecast_when_what_came_just_before_changes_then_it_changes(town, small_trees):
    made = town(FIRST, days=190, noise=0.5)
    at = datetime(2021, 7, 28, 13, tzinfo=UTC)
    before = forecast(made.view, ["a"], at=at)
    made.series["a"][made.at(at) - 1] += 2.0
    assert not np.array_equal(before.value, forecast(made.view, ["a"], at=at).value)


@pytest.mark.parametrize(
    "at", [AUTUMN, AUTUMN.replace(hour=17), SPRING, SPRING.replace(hour=2), datetime(2021, 11, 1, tzinfo=ROME)]
)
def test_forecast_when_clocks_change_then_habits_keep_to_the_wall_clock(town, at):
    made = town(FIRST - timedelta(days=120), days=420)
    found = forecast(made.view, ["a"], at=at, method="median")
    begin = made.at(at.astimezone(UTC))
    assert len(found.times) == 168
    assert found.times[0] == np.datetime64(at.astimezone(UTC).replace(tzinfo=None))
    assert set(np.diff(found.times).tolist()) == {timedelta(hours=1)}
    np.testing.assert_allclose(found.value[:, 0], made.habits()[begin : begin + 168])


@pytest.mark.parametrize("second", [0, 1])
def test_forecast_when_made_in_the_doubled_hour_then_it_begins_there(town, second):
    made = town(FIRST, days=300)
    at = datetime(2021, 10, 31, second, tzinfo=UTC)  # 2:00 on the wall clock, both times
    found = forecast(made.view, ["a"], at=at, hours=30, method="median")
    begin = made.at(at)
    np.testing.assert_allclose(found.value[:, 0], made.habits()[begin : begin + 30])


def test_forecast_when_the_day_is_a_holiday_then_it_is_lived_as_a_sunday(town):
    made = town(datetime(2022, 1, 1, tzinfo=ROME), days=130, country="IT")
    monday = datetime(2022, 4, 25, tzinfo=ROME)
    found = forecast(made.view, ["a"], at=monday, hours=24, method="median")
    sunday = made.at(monday.astimezone(UTC)) - 24
    np.testing.assert_allclose(found.value[:, 0], made.series["a"][sunday : sunday + 24])


def test_forecast_when_a_sunday_is_worked_then_it_is_lived_as_a_workday(town):
    made = town(datetime(2024, 11, 1, tzinfo=UTC), days=100, zone="Asia/Shanghai", country="CN")
    sunday = datetime(2025, 1, 26, tzinfo=ZoneInfo("Asia/Shanghai"))  # worked for the bridge day of the Spring Festival
    found = forecast(made.view, ["a"], at=sunday, hours=24, method="median")
    friday = made.at(sunday.astimezone(UTC)) - 48
    np.testing.assert_allclose(found.value[:, 0], made.series["a"][friday : friday + 24])


def test_forecast_when_a_meter_stands_still_or_runs_both_ways_then_it_is_finite(town, small_trees):
    made = town(FIRST, days=200, noise=0.3, ids=("a", "b", "c"))
    made.series["a"][:] = 0.0
    made.series["b"] -= made.series["b"].mean()
    found = forecast(made.view, ["a", "b", "c"], at=FIRST + timedelta(days=180))
    assert found.method == "boosting" and np.isfinite(found.value).all()
    assert found.value[:, 0] == pytest.approx(0.0, abs=0.01) and (found.value[:, 1] < 0).any()


def test_forecast_when_data_begin_late_and_then_fall_silent_then_refused_with_a_reason(town):
    made = town(FIRST, days=60)
    made.series["a"][24 * 17 :] = np.nan
    with pytest.raises(InputError, match="intervals"):
        forecast(made.view, ["a"], at=FIRST + timedelta(days=34))


@pytest.mark.parametrize("method", ["median", "boosting"])
def test_forecast_when_a_third_is_missing_and_weeks_and_spikes_are_in_it_then_it_holds(town, small_trees, method):
    made = town(FIRST, days=200, noise=0.3, ids=("a", "b", "c"))
    rng, at = np.random.default_rng(3), datetime(2021, 8, 9, 22, tzinfo=UTC)
    now, truth = made.at(at), made.habits()
    made.series["a"][rng.random(len(truth)) < 0.33] = np.nan
    made.series["b"][now - 24 * 21 : now] = np.nan
    made.series["c"][rng.choice(now, 60, replace=False)] = 300.0
    found = forecast(made.view, ["a", "b", "c"], at=at, method=method)
    assert np.isfinite(found.value).all() and found.datastreams == ("a", "b", "c")
    error = np.abs(found.value - truth[now : now + 168, None]).mean(axis=0)
    assert (error < 0.5).all()


def test_forecast_when_an_hour_of_the_day_is_never_measured_then_it_is_still_finite(town):
    made = town(FIRST, days=80)
    made.series["a"][3::24] = np.nan
    found = forecast(made.view, ["a"], at=FIRST + timedelta(days=70))
    assert np.isfinite(found.value).all() and np.isfinite(found.low).all() and np.isfinite(found.high).all()


def test_forecast_when_the_history_is_tiny_then_it_says_what_is_needed(town):
    made = town(FIRST, days=200)
    with pytest.raises(InputError, match=r"Too little history.*20 days.*Allowed: 28 days.*336 hourly values"):
        forecast(made.view, ["a"], at=FIRST + timedelta(days=19, hours=5))
    made.series["a"][:] = np.nan
    for at in (FIRST, FIRST + timedelta(days=100)):
        with pytest.raises(InputError, match="Too little history"):
            forecast(made.view, ["a"], at=at)


def test_forecast_when_one_series_has_no_history_then_the_others_go_on_and_it_is_named(town, small_trees):
    made = town(FIRST, days=200, ids=("a", "b"))
    made.series["a"][: 24 * 180] = np.nan
    found = forecast(made.view, ["a", "b"], at=FIRST + timedelta(days=190))
    assert found.datastreams == ("b",)
    assert any("file/a" in n.en and "file/a" in n.zh for n in found.notes)


def test_forecast_when_history_is_short_or_the_extra_absent_then_the_plain_method_says_so(town, monkeypatch):
    made = town(FIRST, days=200, noise=0.2)
    short = forecast(made.view, ["a"], at=FIRST + timedelta(days=60))
    assert short.method == "median" and any("126 days" in n.en for n in short.notes)
    monkeypatch.setattr(ahead, "can_learn", lambda: False)
    without = forecast(made.view, ["a"], at=FIRST + timedelta(days=180))
    assert without.method == "median" and any("cityloop[forecast]" in n.en for n in without.notes)
    assert np.isfinite(without.value).all()
    with pytest.raises(InputError, match=r"pip install 'cityloop\[forecast\]'"):
        forecast(made.view, ["a"], at=FIRST + timedelta(days=180), method="boosting")


def test_forecast_when_asked_again_then_the_same_to_the_last_digit(town, small_trees):
    made = town(FIRST, days=190, noise=0.5, ids=("a", "b"))
    at = FIRST + timedelta(days=180)
    same(forecast(made.view, ["a", "b"], at=at), forecast(made.view, ["a", "b"], at=at))


def test_forecast_when_shorter_then_it_begins_as_the_longer_one(town, small_trees):
    made = town(FIRST, days=190, noise=0.5)
    at = FIRST + timedelta(days=180)
    day, week = (forecast(made.view, ["a"], at=at, hours=h) for h in (24, 168))
    assert day.value.shape == (24, 1)
    np.testing.assert_array_equal(day.value, week.value[:24])
    np.testing.assert_array_equal(day.high, week.high[:24])


def test_forecast_when_demand_follows_the_weather_then_weather_ahead_is_used_and_its_absence_told(town, small_trees):
    made = town(FIRST, days=220, noise=0.2)
    rng, at = np.random.default_rng(8), FIRST + timedelta(days=200)
    warm = np.repeat(20 + 5 * rng.standard_normal(220), 24)
    made.series["a"] += 0.5 * (warm - 20)
    made.series["t"], made.kinds["t"] = warm, "air_temperature"
    now = made.at(at)
    truth = made.series["a"][now : now + 168]
    knowing = forecast(made.view, ["a"], at=at)
    assert not any("weather" in n.en for n in knowing.notes)
    made.series["t"] = warm[:now]
    blind = forecast(made.view, ["a"], at=at)
    assert any("weather" in n.en and "气象" in n.zh for n in blind.notes)
    errors = [np.abs(f.value[:, 0] - truth).mean() for f in (knowing, blind)]
    assert errors[0] < 0.6 * errors[1]


@pytest.mark.parametrize("method", ["median", pytest.param("boosting", marks=pytest.mark.slow)])
def test_intervals_when_noise_wanders_then_they_hold_nearly_what_they_say(town, small_trees, method):
    made = town(FIRST, days=330, ids=("a", "b", "c"))
    rng, truth = np.random.default_rng(11), []
    for i, values in enumerate(made.series.values()):
        wander = np.zeros(len(values))
        for t in range(1, len(values)):
            wander[t] = 0.9 * wander[t - 1] + 0.2 * (i + 1) * rng.standard_normal()
        values += wander
    for day in (200, 230, 260, 290):
        found = forecast(made.view, ["a", "b", "c"], at=FIRST + timedelta(days=day), method=method)
        assert (found.low <= found.value).all() and (found.value <= found.high).all() and (found.low >= 0).all()
        seen = np.array([v[24 * day : 24 * day + 168] for v in made.series.values()]).T
        truth.append((found.low <= seen) & (seen <= found.high))
    assert 0.85 <= np.mean(truth) <= 0.95


def test_intervals_when_the_level_is_higher_then_they_are_wider(town):
    made = town(FIRST, days=190, noise=0.5)
    low, high = (
        forecast(made.view, ["a"], at=FIRST + timedelta(days=180), level=v, method="median") for v in (0.5, 0.95)
    )
    assert ((high.high - high.low) > (low.high - low.low)).mean() > 0.95
    assert (low.level, high.level) == (0.5, 0.95)


def test_forecast_when_asked_for_what_makes_no_sense_then_refused(town):
    made = town(FIRST, days=60)
    at = FIRST + timedelta(days=50)
    for wrong in ({"hours": 0}, {"hours": 169}, {"level": 0.2}, {"at": datetime(2021, 3, 20)}):
        with pytest.raises(InputError):
            forecast(made.view, ["a"], **{"at": at, **wrong})
    with pytest.raises(InputError):
        forecast(made.view, [], at=at)
    with pytest.raises(RecordError):
        forecast(made.view, ["nowhere"], at=at)
