"""Counts and shares with exact or well-covering intervals: how sure a number of events, a ratio of rates, a share is."""

import math
from dataclasses import dataclass

from cityloop.evidence.normal import half_width

__all__ = ["RateRatio", "fisher_chance", "median_interval", "poisson_interval", "rate_ratio", "wilson"]


@dataclass(frozen=True)
class RateRatio:
    """Rate of the first over rate of the second. `value` and `high` are None where the second has no event (infinite).

    `chance` = probability of as many or more events in the first if both rates were the same.
    """

    value: float | None
    low: float
    high: float | None
    level: float
    chance: float


def poisson_interval(events: int, level: float) -> tuple[float, float]:
    """Exact interval of a Poisson mean after so many events (Garwood 1936, Biometrika 28).

    >>> [round(x, 2) for x in poisson_interval(10, 0.95)]
    [4.8, 18.39]
    """
    from scipy.special import gammaincinv

    tail = (1 - level) / 2
    low = float(gammaincinv(events, tail)) if events else 0.0
    return low, float(gammaincinv(events + 1, 1 - tail))


def rate_ratio(events: int, exposure: float, of_events: int, of_exposure: float, level: float) -> RateRatio | None:
    """Ratio of two Poisson rates, exact given their sum (Przyborowski and Wilenski 1940; limits after Clopper and Pearson).

    None without any event or without exposure. One-sided chance, two-sided interval.

    >>> found = rate_ratio(10, 1.0, 10, 1.0, 0.95)
    >>> round(found.low, 2), round(found.value, 2), round(found.high, 2)
    (0.37, 1.0, 2.68)
    """
    from scipy.special import bdtrc, betaincinv

    both = events + of_events
    if both == 0 or exposure <= 0 or of_exposure <= 0:
        return None
    tail = (1 - level) / 2
    low = float(betaincinv(events, of_events + 1, tail)) if events else 0.0
    high = float(betaincinv(events + 1, of_events, 1 - tail)) if of_events else 1.0
    per = of_exposure / exposure
    share = exposure / (exposure + of_exposure)
    return RateRatio(
        value=events / of_events * per if of_events else None,
        low=low / (1 - low) * per,
        high=high / (1 - high) * per if high < 1 else None,
        level=level,
        chance=float(bdtrc(events - 1, both, share)) if events else 1.0,
    )


def wilson(hits: int, of: int, level: float) -> tuple[float, float]:
    """Interval of a share (Wilson 1927, JASA 22); (0, 1) where nothing was asked.

    >>> [round(x, 4) for x in wilson(8, 10, 0.95)]
    [0.4902, 0.9433]
    """
    if of == 0:
        return 0.0, 1.0
    z = half_width(level)
    share, spread = hits / of, z * z / of
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / of + spread / of / 4)
    return (middle - half if hits else 0.0), (middle + half if hits < of else 1.0)


def median_interval(values: list[float], level: float) -> tuple[float, float | None, float | None] | None:
    """Median and its distribution-free interval by order statistics (David and Nagaraja 2003, section 7.1).

    The interval is the narrowest symmetric one whose coverage reaches `level`; its limits are None where too few values for
    any are there (fewer than five at 90 %). None without values.

    >>> median_interval([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], 0.9)
    (4.0, 1.0, 7.0)
    """
    if not values:
        return None
    from scipy.special import bdtr

    ranked, n = sorted(values), len(values)
    middle = (ranked[(n - 1) // 2] + ranked[n // 2]) / 2
    if 1 - 2 * float(bdtr(0, n, 0.5)) < level:
        return middle, None, None
    rank = 0
    while rank + 1 < (n + 1) // 2 and 1 - 2 * float(bdtr(rank + 1, n, 0.5)) >= level:
        rank += 1
    return middle, ranked[rank], ranked[n - 1 - rank]


def fisher_chance(hits: int, of: int, other_hits: int, other_of: int) -> float:
    """Probability of as many or more hits in the first group, were both drawn alike (Fisher 1935, one-sided exact test).

    >>> round(fisher_chance(3, 4, 1, 4), 4)
    0.2429
    """
    every, total = hits + other_hits, of + other_of
    ways = sum(math.comb(every, k) * math.comb(total - every, of - k) for k in range(hits, min(of, every) + 1))
    return ways / math.comb(total, of)
