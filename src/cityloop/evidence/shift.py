"""A common shift of positions against where they belong: its vector, how many share it, how far they scatter about it."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["FAR_M", "FEWEST_PAIRS", "FEWEST_POINTS", "NEAR_M", "Shift", "common_shift", "distances", "search_shift"]

Floats = npt.NDArray[np.float64]

NEAR_M, FAR_M = 50.0, 2000.0
"""Below, a shift is surveying error and stale maps; above, no datum but another zone or city. Known shifts: old national
datums some 50 to 450 m, GCJ-02 100 to 700 m, BD-09 up to some 1,300 m from WGS 84."""
FEWEST_PAIRS, FEWEST_POINTS = 3, 10
"""Positions from which a shift is told, where each belongs to a known point, and where only to the nearest pipe."""
_SHARE = 0.6
_SCATTER = 0.25
"""A shift is common if three in five positions lie within a quarter of its length around it."""
_SEARCHED = 200
_STEP_M, _FINE_M, _STARTS = 50.0, 5.0, 12


@dataclass(frozen=True)
class Shift:
    """Positions lie (`east_m`, `north_m`) off: `shared` of `of` positions; half of these within `scatter_m` of it."""

    east_m: float
    north_m: float
    shared: int
    of: int
    scatter_m: float

    @property
    def length_m(self) -> float:
        """Its length."""
        return math.hypot(self.east_m, self.north_m)

    @property
    def bearing_deg(self) -> float:
        """Clockwise from north, 0 to 360."""
        return math.degrees(math.atan2(self.east_m, self.north_m)) % 360


def common_shift(vectors: Floats) -> Shift | None:
    """The shift that most of `vectors` (n, 2), metres east and north, share; None without one between NEAR_M and FAR_M.

    >>> common_shift(np.array([[300.0, 400.0], [302.0, 398.0], [9000.0, 0.0], [298.0, 402.0]])).shared
    3
    """
    if len(vectors) < FEWEST_PAIRS:
        return None
    middle = np.median(vectors, axis=0)
    for _ in range(2):
        away = np.hypot(*(vectors - middle).T)
        inside = away <= _SCATTER * np.hypot(*middle)
        if inside.sum() < max(FEWEST_PAIRS, _SHARE * len(vectors)):
            return None
        middle = np.median(vectors[inside], axis=0)
    away = np.hypot(*(vectors - middle).T)[inside]
    found = Shift(float(middle[0]), float(middle[1]), int(inside.sum()), len(vectors), float(np.median(away)))
    return found if NEAR_M <= found.length_m <= FAR_M else None


def search_shift(points: Floats, network: Floats, spacing_m: float) -> Shift | None:
    """The shift that brings `points` (n, 2) nearest to a network, given as points (m, 2) at most `spacing_m` apart.

    Every shift up to FAR_M is tried, 50 m and then 5 m apart. None unless one leaves half of the points within the spacing and
    far nearer than no shift and than any shift elsewhere do: in a dense network many shifts look alike.
    """
    if len(points) < FEWEST_POINTS or len(network) < 2:
        return None
    from scipy.spatial import cKDTree

    tree, some = cKDTree(network), points[:: max(1, len(points) // _SEARCHED)][:_SEARCHED]

    def left(shifts: Floats) -> Floats:
        """Median distance that remains after each shift (k, 2)."""
        away, _ = tree.query(some[None, :, :] - shifts[:, None, :], distance_upper_bound=2 * FAR_M)
        return np.asarray(np.median(away, axis=1), dtype=np.float64)

    coarse = _grid(FAR_M, _STEP_M)
    coarse_left = left(coarse)
    start: list[Floats] = []
    for k in np.argsort(coarse_left, kind="stable"):
        if all(np.hypot(*(coarse[k] - s)) > 2 * _STEP_M for s in start):
            start.append(coarse[k])
        if len(start) == _STARTS:
            break
    near = np.concatenate([_grid(_STEP_M, _FINE_M) + s for s in start])
    near_left = left(near)
    best, rest = near[np.argmin(near_left)], float(near_left.min())
    elsewhere = np.hypot(*(near - best).T) > 2 * _STEP_M
    other = float(min(near_left[elsewhere], default=np.inf))
    if rest > spacing_m or rest > 0.25 * float(left(np.zeros((1, 2)))[0]) or max(rest, spacing_m / 4) >= 0.5 * other:
        return None
    away, _ = tree.query(points - best)
    shared = int((away <= _SCATTER * np.hypot(*best)).sum())
    found = Shift(float(best[0]), float(best[1]), shared, len(points), rest)
    return found if NEAR_M <= found.length_m <= FAR_M and shared >= _SHARE * len(points) else None


def _grid(reach_m: float, step_m: float) -> Floats:
    one = np.arange(-reach_m, reach_m + step_m / 2, step_m)
    return np.stack(np.meshgrid(one, one), axis=-1).reshape(-1, 2)


def distances(points: Floats, network: Floats) -> Floats:
    """Distance (n,) of each point to the nearest point of a network."""
    from scipy.spatial import cKDTree

    return np.asarray(cKDTree(network).query(points)[0], dtype=np.float64)
