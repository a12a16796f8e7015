"""A common shift is told where there is one, and only there."""

import numpy as np
import pytest

from cityloop.evidence.shift import common_shift, search_shift


def street_grid(rng, size=8, pitch=250.0):
    """Points every 20 m along the streets of a town with crooked blocks."""
    at = np.stack(np.meshgrid(np.arange(size), np.arange(size)), axis=-1) * pitch + rng.uniform(
        -60, 60, (size, size, 2)
    )
    share = np.linspace(0, 1, 16)[:, None]
    ends = [(at[i, j], at[i + 1, j]) for i in range(size - 1) for j in range(size)]
    ends += [(at[i, j], at[i, j + 1]) for i in range(size) for j in range(size - 1)]
    return np.concatenate([a + (b - a) * share for a, b in ends])


def test_common_shift_when_positions_scatter_about_one_then_its_length_and_bearing():
    rng = np.random.default_rng(1)
    vectors = np.array([532.0, 156.0]) + rng.normal(0, 10, (40, 2))
    vectors[:8] = rng.uniform(-2000, 2000, (8, 2))
    found = common_shift(vectors)
    assert found.length_m == pytest.approx(554.4, abs=8)
    assert found.bearing_deg == pytest.approx(73.7, abs=1.5)
    assert 32 <= found.shared <= 34 and found.of == 40 and found.scatter_m < 20


@pytest.mark.parametrize(
    "vectors",
    [
        [], [[500.0, 0.0]] * 2, [[20.0, 0.0]] * 30, [[0.0, 0.0]] * 30, [[5000.0, 0.0]] * 30,
        [[500.0, 0.0], [-500.0, 0.0], [0.0, 500.0], [0.0, -500.0]] * 5,
    ],
    ids=["none", "two", "small", "nothing", "too far", "every direction"],
)  # fmt: skip
def test_common_shift_when_there_is_none_then_none(vectors):
    assert common_shift(np.array(vectors).reshape(-1, 2)) is None


def test_search_shift_when_devices_lie_beside_their_streets_then_found():
    rng = np.random.default_rng(4)
    network = street_grid(rng)
    points = network[rng.choice(len(network), 60)] + rng.normal(0, 6, (60, 2)) + [530.0, 160.0]
    found = search_shift(points, network, 20.0)
    assert (found.east_m, found.north_m) == pytest.approx((530, 160), abs=12)
    assert found.shared >= 55


def test_search_shift_when_devices_stand_right_or_anywhere_then_none():
    rng = np.random.default_rng(5)
    network = street_grid(rng)
    on_street = network[rng.choice(len(network), 60)] + rng.normal(0, 6, (60, 2))
    assert search_shift(on_street, network, 20.0) is None
    for seed in range(5):
        anywhere = np.random.default_rng(seed).uniform(0, 1750, (40, 2))
        assert search_shift(anywhere, network, 20.0) is None


def test_search_shift_when_one_straight_main_then_none_because_every_way_along_it_fits():
    main = np.stack([np.linspace(0, 8000, 400), np.zeros(400)], axis=1)
    assert search_shift(main[100:160:3] + [0.0, 400.0], main, 20.0) is None
