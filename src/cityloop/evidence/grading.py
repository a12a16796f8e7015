"""The grade of an interval: confirmed, refuted or inconclusive. A modelled effect is never graded here."""

from typing import Literal

__all__ = ["Grade", "grade"]

Grade = Literal["confirmed", "refuted", "inconclusive"]


def grade(low: float, high: float, smallest_effect: float) -> Grade:
    """Grade of the interval of a measured change for the better [low, high] against the smallest effect worth acting on.

    confirmed: all of it above zero and it reaches the smallest effect; refuted: all of it below that effect;
    inconclusive: it could be nothing, and it could be enough. Same unit for all three.

    >>> grade(0.2, 1.4, 1.0), grade(-0.5, 0.8, 1.0), grade(-0.5, 1.5, 1.0), grade(0.2, 0.8, 1.0)
    ('confirmed', 'refuted', 'inconclusive', 'refuted')
    """
    if high < smallest_effect:
        return "refuted"
    return "confirmed" if low > 0 else "inconclusive"
