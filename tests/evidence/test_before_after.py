"""The level before against the level after: known answers by hand, coverage on drawn series, and when it must not answer."""

import numpy as np
import pytest

from cityloop.evidence import fit_before, measure_after

START = np.datetime64("2025-01-06")


def span(n, start=START):
    return start + np.arange(n)


def judge(y, at, *, gap=1, after=28, covariates=None, breaks=(), level=0.9, days_before=56):
    """Works on day `at`; `gap` days of works that never count."""
    days, covariates = span(len(y)), covariates or {}
    before = fit_before(
        days[:at], y[:at], {n: x[:at] for n, x in covariates.items()}, days_before=days_before, breaks=breaks
    )
    rest = slice(at + gap, at + gap + after)
    return before, measure_after(before, days[rest], y[rest], {n: x[rest] for n, x in covariates.items()}, level=level)


def drawn(rng, n, *, phi=0.3, sd=0.5, walk=0.0, trend=0.0):
    noise = np.zeros(n)
    shocks = rng.normal(0, sd * np.sqrt(1 - phi**2), n)
    for i in range(1, n):
        noise[i] = phi * noise[i - 1] + shocks[i]
    return 20 + noise + np.cumsum(rng.normal(0, walk, n)) + trend * np.arange(n)


def test_step_when_the_series_is_constant_then_it_is_measured_exactly():
    y = np.where(np.arange(160) < 120, 10.0, 7.0)
    before, measured = judge(y, 120)
    assert before.level == pytest.approx(10.0)
    assert measured.value == pytest.approx(3.0)
    assert measured.high - measured.low < 0.01
    assert (measured.days, measured.cut) == (28, False)


def test_step_when_a_covariate_explains_the_noise_then_the_interval_shrinks_and_the_value_stays():
    rng = np.random.default_rng(3)
    day = rng.normal(0, 3, 240)
    y = 20 + 0.5 * day + rng.normal(0, 0.1, 240) - np.where(np.arange(240) >= 200, 2.0, 0.0)
    _, plain = judge(y, 200)
    before, explained = judge(y, 200, covariates={"day_minus_night": day})
    assert before.slopes["day_minus_night"] == pytest.approx(0.5, abs=0.03)
    assert explained.value == pytest.approx(2.0, abs=0.15)
    assert explained.high - explained.low < 0.3 * (plain.high - plain.low)


def test_weekend_when_it_is_higher_then_it_does_not_count_as_a_change():
    days = span(200)
    weekend = np.isin((days.astype(np.int64) + 3) % 7, (5, 6))  # 1970-01-01 was a Thursday
    y = 10 + 4.0 * weekend + np.random.default_rng(1).normal(0, 0.1, 200)
    for at in range(150, 157):
        assert abs(judge(y, at)[1].value) < 0.4


@pytest.mark.parametrize("walk", [0.0, 0.15, 0.4])
def test_interval_when_series_of_noise_and_drift_are_drawn_then_it_covers_the_truth_as_often_as_it_says(walk):
    rng = np.random.default_rng(11)
    hits, halves = [], []
    for _ in range(100):
        truth = rng.uniform(0, 5)
        y = drawn(rng, 250, walk=walk)
        y[200:] -= truth
        measured = judge(y, 200)[1]
        hits.append(measured.low <= truth <= measured.high)
        halves.append((measured.high - measured.low) / 2)
    assert 0.84 <= np.mean(hits) <= 0.98
    assert np.median(halves) < 0.7 + 4 * walk


def test_interval_when_the_past_is_twelve_weeks_then_it_still_covers():
    rng = np.random.default_rng(5)
    hits = []
    for _ in range(120):
        y = drawn(rng, 84 + 30, walk=0.1)
        measured = judge(y, 84)[1]
        hits.append(measured.low <= 0 <= measured.high)
    assert 0.84 <= np.mean(hits) <= 0.99


def growing(rng):
    """12 weeks with a leak that grows from day 40 on until it is mended on day 84; truth = its flow at the works."""
    leak = np.clip(np.arange(130) - 40, 0, 44) * rng.uniform(0.03, 0.15)
    truth = leak[84]
    leak[84:] = 0
    return 20 + rng.normal(0, 0.4, 130) + leak, truth


def test_growing_leak_when_frozen_at_the_works_then_covered_and_when_frozen_at_detection_then_not():
    rng = np.random.default_rng(8)
    at_works, at_detection = [], []
    for _ in range(80):
        y, truth = growing(rng)
        measured = judge(y, 84)[1]
        at_works.append(measured.low <= truth <= measured.high)
        early = fit_before(span(50), y[:50], {}, days_before=56)
        late = measure_after(early, span(28, START + 85), y[85:113], {}, level=0.9)
        at_detection.append(late.low <= truth <= late.high)
    assert np.mean(at_works) >= 0.84
    assert np.mean(at_detection) <= 0.5


@pytest.mark.parametrize("known", [True, False])
def test_burst_when_it_came_ten_days_before_the_works_then_the_level_after_it_counts(known):
    rng = np.random.default_rng(2)
    y = 15 + rng.normal(0, 0.3, 130)
    y[74:84] += 6.0
    breaks = [(START + 73, START + 73)] if known else []
    before, measured = judge(y, 84, breaks=breaks)
    assert before.since == START + 74
    assert measured.value == pytest.approx(6.0, abs=0.5)
    assert measured.low < 6.0 < measured.high


def test_after_when_a_new_burst_follows_then_only_the_days_before_it_count():
    rng = np.random.default_rng(2)
    y = 15 + rng.normal(0, 0.3, 200)
    y[150:] -= 4.0
    y[165:] += 9.0
    _, measured = judge(y, 150)
    assert measured.cut and measured.until == START + 165
    assert measured.value == pytest.approx(4.0, abs=0.5)


def test_interval_when_the_works_take_longer_then_it_is_wider():
    y = drawn(np.random.default_rng(4), 260, walk=0.3)
    widths = []
    for gap in (1, 10, 30):
        measured = judge(y, 200, gap=gap)[1]
        widths.append(measured.high - measured.low)
    assert widths[0] < widths[1] < widths[2]


def test_interval_when_the_level_asked_is_higher_then_it_is_wider_around_the_same_value():
    y = drawn(np.random.default_rng(4), 260)
    low, high = judge(y, 200, level=0.8)[1], judge(y, 200, level=0.95)[1]
    assert low.value == high.value
    assert high.low < low.low < low.high < high.high


def test_missing_days_when_a_third_is_absent_then_it_is_still_measured():
    rng = np.random.default_rng(9)
    y = 10 + rng.normal(0, 0.2, 200)
    y[150:] -= 2.0
    y[rng.random(200) < 0.33] = np.nan
    before, measured = judge(y, 150)
    assert measured.value == pytest.approx(2.0, abs=0.4)
    assert measured.days == np.isfinite(y[151:179]).sum()
    assert before.past == np.isfinite(y[:150]).sum()


def test_missing_days_when_the_week_before_the_works_is_absent_then_the_interval_is_wider():
    y = drawn(np.random.default_rng(4), 260, walk=0.3)
    whole = judge(y, 200)[1]
    y[193:200] = np.nan
    holed = judge(y, 200)[1]
    assert holed.high - holed.low > whole.high - whole.low


@pytest.mark.parametrize(
    "y",
    [
        np.full(120, np.nan),
        np.concatenate([np.full(105, np.nan), np.ones(15)]),  # 15 days
        np.concatenate([np.ones(80), np.full(40, np.nan)]),  # nothing in the 40 days before the works
        np.empty(0),
    ],
)
def test_fit_when_too_little_was_observed_then_there_is_no_answer(y):
    assert fit_before(span(len(y)), y, {}, days_before=56) is None


def test_measure_when_fewer_than_seven_days_or_a_covariate_is_gone_then_there_is_no_answer():
    rng = np.random.default_rng(0)
    x = rng.normal(0, 1, 130)
    y = 5 + x + rng.normal(0, 0.1, 130)
    before = fit_before(span(100), y[:100], {"x": x[:100]}, days_before=56)
    few = np.where(np.arange(28) < 6, y[101:129], np.nan)
    assert measure_after(before, span(28, START + 101), few, {"x": x[101:129]}, level=0.9) is None
    assert measure_after(before, span(28, START + 101), y[101:129], {}, level=0.9) is None
    gone = {"x": np.full(28, np.nan)}
    assert measure_after(before, span(28, START + 101), y[101:129], gone, level=0.9) is None


def test_fit_when_a_spike_of_a_hundred_times_the_noise_is_in_it_then_the_level_hardly_moves():
    y = 10 + np.random.default_rng(6).normal(0, 0.2, 140)
    y[97] = 30.0
    assert fit_before(span(100), y[:100], {}, days_before=56).level == pytest.approx(10.0, abs=0.2)
