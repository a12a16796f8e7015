"""Counts, ratios and shares against published tables and against SciPy's own exact intervals."""

import math

import numpy as np
import pytest
from scipy.stats import binom, binomtest, chi2

from cityloop.evidence.counts import fisher_chance, median_interval, poisson_interval, rate_ratio, wilson


@pytest.mark.parametrize(("events", "low", "high"), [(0, 0.0, 3.689), (1, 0.0253, 5.572), (5, 1.623, 11.668)])
def test_poisson_interval_when_95_percent_then_the_published_limits(events, low, high):
    assert poisson_interval(events, 0.95) == pytest.approx((low, high), abs=1e-3)  # Garwood's table


def test_poisson_interval_when_any_level_then_that_of_chi_square():
    for events, level in ((3, 0.9), (40, 0.8)):
        low, high = chi2.ppf((1 - level) / 2, 2 * events) / 2, chi2.ppf(1 - (1 - level) / 2, 2 * events + 2) / 2
        assert poisson_interval(events, level) == pytest.approx((low, high))


def test_rate_ratio_when_given_the_sum_then_clopper_pearson_says_the_limits():
    found = rate_ratio(12, 30.0, 8, 70.0, 0.9)
    exact = binomtest(12, 20).proportion_ci(0.9, method="exact")
    low, high = (p / (1 - p) * 70 / 30 for p in (exact.low, exact.high))
    assert found is not None and (found.low, found.high) == pytest.approx((low, high))
    assert found.value == pytest.approx((12 / 30) / (8 / 70))
    assert found.chance == pytest.approx(binomtest(12, 20, 0.3, alternative="greater").pvalue)


def test_rate_ratio_when_one_side_has_no_event_then_one_limit_is_open():
    none_before = rate_ratio(4, 10.0, 0, 50.0, 0.9)
    assert none_before is not None and none_before.value is None and none_before.high is None and none_before.low > 1
    none_now = rate_ratio(0, 10.0, 4, 50.0, 0.9)
    assert none_now is not None and none_now.value == 0 and none_now.low == 0 and none_now.chance == 1
    assert rate_ratio(0, 10.0, 0, 50.0, 0.9) is None and rate_ratio(3, 0.0, 1, 50.0, 0.9) is None


def test_rate_ratio_when_rates_are_equal_then_the_interval_holds_one_often_enough():
    rng = np.random.default_rng(5)
    pairs = rng.poisson([4.0, 10.0], (600, 2))
    found = [r for a, b in pairs.tolist() if (r := rate_ratio(a, 2.0, b, 5.0, 0.9)) is not None]
    assert np.mean([r.low <= 1 <= (r.high or math.inf) for r in found]) >= 0.9


def test_wilson_when_few_then_it_stays_inside_0_and_1():
    assert wilson(0, 0, 0.9) == (0.0, 1.0)
    assert wilson(7, 7, 0.9)[1] == 1.0 and wilson(0, 7, 0.9)[0] == 0.0
    exact = binomtest(112, 141).proportion_ci(0.9, method="wilson")
    assert wilson(112, 141, 0.9) == pytest.approx((exact.low, exact.high))


def test_median_interval_when_too_few_then_it_has_no_limits():
    assert median_interval([], 0.9) is None
    assert median_interval([3.0, 1.0, 2.0, 8.0], 0.9) == (2.5, None, None)


@pytest.mark.parametrize("n", [5, 8, 23, 60])
def test_median_interval_when_enough_then_its_coverage_reaches_the_level_and_no_narrower_one_does(n):
    found = median_interval([float(i) for i in range(1, n + 1)], 0.9)
    assert found is not None and found[1] is not None
    rank = int(found[1])
    assert 1 - 2 * binom.cdf(rank - 1, n, 0.5) >= 0.9 > 1 - 2 * binom.cdf(rank, n, 0.5)
    assert found[2] == n + 1 - rank


def test_fisher_chance_when_tea_is_tasted_then_17_in_70():
    assert fisher_chance(3, 4, 1, 4) == pytest.approx(17 / 70)
    assert fisher_chance(0, 3, 2, 9) == 1.0
