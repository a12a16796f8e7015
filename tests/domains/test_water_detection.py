"""Detection on made-up daily series whose truth is known."""

import numpy as np
import pytest

from cityloop.domains.water.leaks.detection import find_trouble
from cityloop.domains.water.leaks.statistic import adjust

NIGHT, DAY, RHO = 15.2, 87.0, 15.2 / 87.0


def days(n=84, seed=0, leak=None, noise=0.5):
    """Night and day means of a district with 3 % common day-to-day variation and a leak (n,) L/s."""
    rng = np.random.default_rng(seed)
    common = np.exp(rng.normal(0, 0.03, n)) * np.where(np.arange(n) % 7 >= 5, 1.04, 1.0)
    leak = np.zeros(n) if leak is None else leak
    return NIGHT * common + leak + rng.normal(0, noise, n), DAY * common + leak + rng.normal(0, noise, n)


def step(n, onset, size):
    return np.where(np.arange(n) >= onset, size, 0.0)


def test_trouble_when_nothing_happens_then_few_false_alarms():
    false = sum(find_trouble(adjust(*days(seed=s), {})) is not None for s in range(60))
    assert false <= 2  # 60 x 12 weeks = 13.8 years; 0.13 a year would be 1.8


@pytest.mark.parametrize("size", [2.0, 5.0])
def test_trouble_when_a_leak_starts_then_size_and_onset_are_right(size):
    found = [find_trouble(adjust(*days(seed=s, leak=step(84, 40, size)), {})) for s in range(20)]
    assert all(t is not None and t.kind == "burst" for t in found)
    assert np.mean([abs(t.onset - 40) <= 1 for t in found]) >= 0.9
    assert np.mean([t.gap for t in found]) == pytest.approx(size, abs=0.15)
    assert np.mean([abs(t.gap - size) < 1.645 * t.gap_se for t in found]) >= 0.75


def test_rho_when_a_leak_stays_then_it_is_not_bent_by_it():
    still, leaking = adjust(*days(n=120), {}), adjust(*days(n=120, leak=step(120, 50, 8.0)), {})
    assert still.rho == pytest.approx(RHO, abs=0.05)
    assert leaking.rho == pytest.approx(still.rho, abs=0.03)


def test_trouble_when_two_leaks_follow_then_gap_is_the_sum_and_onset_the_first():
    leak = step(110, 35, 3.0) + step(110, 70, 4.0)
    trouble = find_trouble(adjust(*days(n=110, leak=leak), {}))
    assert [s.onset for s in trouble.steps] == [35, 70]
    assert trouble.onset == 35 and trouble.gap == pytest.approx(7.0, abs=0.5)


def test_trouble_when_a_leak_grows_then_it_is_called_growing():
    leak = np.maximum(np.arange(84) - 35, 0) * 0.12
    trouble = find_trouble(adjust(*days(leak=leak), {}))
    assert trouble.kind == "growing_leakage"
    assert trouble.gap == pytest.approx(0.12 * 48, abs=0.9)
    assert trouble.growth_per_day == pytest.approx(0.12, abs=0.03)


def test_trouble_when_a_leak_was_repaired_unseen_then_nothing_is_reported():
    assert find_trouble(adjust(*days(n=110, leak=step(110, 35, 4.0) - step(110, 70, 4.0)), {})) is None


def test_trouble_when_one_day_is_odd_then_nothing_is_reported():
    night, day = days()
    night[60] += 20.0
    assert find_trouble(adjust(night, day, {})) is None


def test_trouble_after_works_that_repaired_then_neither_leak_nor_repair_is_raised():
    night, day = days(n=130, leak=step(130, 35, 5.0) - step(130, 80, 5.0))
    assert find_trouble(adjust(night, day, {}), works=[(77, 81)]) is None


def test_trouble_after_works_that_missed_then_what_is_left_is_raised():
    night, day = days(n=130, leak=step(130, 35, 5.0))
    trouble = find_trouble(adjust(night, day, {}), works=[(77, 81)])
    assert trouble.residual_of_works and trouble.gap == pytest.approx(5.0, abs=0.5) and trouble.onset == 35


def test_trouble_after_works_when_a_new_leak_comes_then_only_it_is_raised():
    leak = step(140, 35, 5.0) - step(140, 80, 5.0) + step(140, 115, 3.0)
    night, day = days(n=140, leak=leak)
    trouble = find_trouble(adjust(night, day, {}), works=[(77, 81)])
    assert not trouble.residual_of_works
    assert trouble.onset == 115 and trouble.gap == pytest.approx(3.0, abs=0.5)


def test_trouble_when_the_year_comes_round_then_summer_is_no_leak():
    n = 560
    summer = 4.0 * (1 - np.cos(2 * np.pi * np.arange(n) / 365.25)) / 2
    statistic = adjust(*days(n=n, leak=summer), {})
    assert statistic.seasonal and find_trouble(statistic) is None


def test_adjust_when_too_few_days_then_none():
    assert adjust(*days(n=15), {}) is None


def test_steps_when_leaks_follow_within_days_then_each_is_told_apart():
    leak = step(84, 40, 2.5) + step(84, 47, 2.5) + step(84, 55, 2.5)
    found = [find_trouble(adjust(*days(seed=s, leak=leak), {})) for s in range(12)]
    near = [
        [min(abs(s.onset - day) for s in t.steps) <= 2 for day in (40, 47, 55)] for t in found if t is not None
    ]  # fmt: skip
    assert len(near) == 12 and np.mean(near) >= 0.9
    assert all(s.onset <= s.alarm < 84 for t in found if t is not None for s in t.steps)


def test_steps_when_one_leak_starts_then_no_other_is_made_up():
    found = [find_trouble(adjust(*days(seed=s, leak=step(84, 40, 5.0)), {})) for s in range(20)]
    assert np.mean([len(t.steps) == 1 for t in found]) >= 0.85


def test_steps_when_the_night_flow_wanders_then_none_begins_in_the_first_baseline():
    wander = np.cumsum(np.random.default_rng(3).normal(0, 0.25, 84))
    trouble = find_trouble(adjust(*days(leak=wander + step(84, 50, 6.0)), {}))
    assert trouble is not None and all(s.onset >= 21 for s in trouble.steps)
