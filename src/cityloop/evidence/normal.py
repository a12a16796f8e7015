"""Intervals read as those of a normal distribution."""

from statistics import NormalDist

__all__ = ["half_width"]


def half_width(level: float) -> float:
    """Half-width of a normal interval at `level`, in standard errors.

    >>> round(half_width(0.9), 3)
    1.645
    """
    return NormalDist().inv_cdf(0.5 + level / 2)
