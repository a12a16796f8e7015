"""One least squares fit for series with odd hours and a memory from hour to hour."""

import numpy as np

from cityloop.contracts import Floats

__all__ = ["clipped_fit"]

#: Residuals count for at most this many robust standard deviations.
CLIP = 3.0


def clipped_fit(design: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
    """Coefficients (k,), their covariance (k, k) and what is left (n,): one Huber-like step against odd hours.

    The covariance counts the lag-1 memory of what is left.
    """
    inverse: Floats = np.asarray(np.linalg.pinv(design.T @ design), dtype=np.float64)
    fit = inverse @ (design.T @ y)
    left = y - design @ fit
    spread = 1.4826 * float(np.median(np.abs(left)))
    clipped = np.clip(left, -CLIP * spread, CLIP * spread)
    fit = fit + inverse @ (design.T @ (clipped - left))
    power = max(float(np.mean(clipped**2)), 1e-12)
    phi = float(np.clip(np.mean(clipped[1:] * clipped[:-1]) / power, 0.0, 0.95))
    return fit, power * (1 + phi) / (1 - phi) * inverse, clipped
