"""Several studies of one effect pooled: random-effects mean and the variance between studies."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Pooled", "random_effects"]


@dataclass(frozen=True)
class Pooled:
    """Random-effects mean, its standard error, and the variance between works."""

    mean: float
    se: float
    tau2: float

    @property
    def spread(self) -> float:
        """Standard deviation of what the next works will bring."""
        return math.sqrt(self.se**2 + self.tau2)


def random_effects(values: Sequence[float], ses: Sequence[float]) -> Pooled:
    """Random-effects mean with the variance between studies by Paule and Mandel (1982).

    tau2 solves sum of (y - mean)^2 / (se^2 + tau2) = k - 1, 0 where even tau2 = 0 gives less.

    >>> pooled = random_effects([1.0, 3.0], [1.0, 1.0])
    >>> round(pooled.mean, 6), round(pooled.se, 6), round(pooled.tau2, 6)
    (2.0, 1.0, 1.0)
    """
    if not values or len(values) != len(ses) or any(s <= 0 for s in ses):
        raise ValueError("values and ses must be of one length, not empty, and every se above 0")

    def weighted(tau2: float) -> tuple[float, float, float]:
        weights = [1 / (s * s + tau2) for s in ses]
        total = math.fsum(weights)
        mean = math.fsum(w * y for w, y in zip(weights, values, strict=True)) / total
        spread = math.fsum(w * (y - mean) ** 2 for w, y in zip(weights, values, strict=True))
        return mean, total, spread

    degrees, low, high = len(values) - 1, 0.0, 0.0
    if degrees and weighted(0.0)[2] > degrees:
        high = max(s * s for s in ses)
        while weighted(high)[2] > degrees:
            high *= 2
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (middle, high) if weighted(middle)[2] > degrees else (low, middle)
    mean, total, _ = weighted(high)
    return Pooled(mean=mean, se=math.sqrt(1 / total), tau2=high)
