"""Greedy choice of sensors: against every possible set of a small case, and what stands already."""

from itertools import combinations, islice

import numpy as np
import pytest

from cityloop.evidence.siting import Telling, choose, spread

TELLING = Telling(size=1.0, error=0.05, relative_error=0.1)


def case(seed=1, causes=9):
    rng = np.random.default_rng(seed)
    at = rng.uniform(0, 1, (causes, 2))
    distance = np.linalg.norm(at[:, None] - at[None], axis=2)
    response = -np.exp(-4 * distance)[None] * np.array([0.6, 1.0])[:, None, None]
    return response, distance, rng.uniform(0.5, 2.0, causes)


def score(response, distance, weights, chosen):
    pairs = np.triu_indices(len(weights), k=1)
    cost = (distance * np.outer(weights, weights))[pairs]
    total = cost / cost.sum()
    for i in chosen:
        total = total * TELLING.confusion(response[:, i], pairs)
    return float(total.sum())


@pytest.mark.parametrize("seed", range(4))
def test_choice_when_compared_with_every_set_then_it_is_near_the_best(seed):
    response, distance, weights = case(seed)
    found = list(islice(choose(response, distance=distance, weights=weights, telling=TELLING), 3))
    chosen = [i for i, _ in found]
    assert found[-1][1] == pytest.approx(score(response, distance, weights, chosen), rel=1e-5)
    best = min(score(response, distance, weights, s) for s in combinations(range(9), 3))
    assert 1 - found[-1][1] >= (1 - 1 / np.e) * (1 - best)
    singles = [score(response, distance, weights, [i]) for i in range(9)]
    assert chosen[0] == int(np.argmin(singles))


def test_choice_when_some_stand_already_then_they_are_not_chosen_and_the_rest_goes_on_from_them():
    response, distance, weights = case()
    whole = [i for i, _ in choose(response, distance=distance, weights=weights, telling=TELLING)]
    rest = [i for i, _ in choose(response, distance=distance, weights=weights, telling=TELLING, given=whole[:4])]
    assert sorted(whole) == list(range(9))
    assert rest == whole[4:]


def test_spread_when_points_lie_on_a_line_then_the_ends_are_taken_after_the_middle():
    line = np.abs(np.arange(9)[:, None] - np.arange(9)[None]).astype(float)
    assert spread(line, 3).tolist() == [0, 4, 8]
    assert spread(line, 20).tolist() == list(range(9))
