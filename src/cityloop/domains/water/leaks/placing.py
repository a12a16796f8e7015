"""Where several leaks are at once: each in turn, given the places of the others, until nothing moves any more.

The model's response to a leak errs pipe by pipe. On the way from the source to the leak these errors add up, so that loggers
that branch off later share the errors of those that branch off before: with the loggers in the order of their response
the error is a random walk, and one pass over them (a Kalman filter) gives the likelihood of every junction.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats
from cityloop.domains.water.leaks.response import Response

__all__ = ["posterior"]

#: Variance of the walk per metre of response and metre of the largest response (dimensionless), own error of a response (m),
#: and what it errs by besides, as a share of it.
WALK, OWN_M, OWN_SHARE = 0.02, 0.003, 0.1
#: Relative error of a size beside the standard error of its estimate; sizes tried, in standard deviations.
SIZE_ERROR = 0.15
SIZES = np.linspace(-2.0, 2.0, 7)
#: Share of shifts that something else than the leak makes, and their standard deviation (m).
STRANGE, STRANGE_M = 0.03, 0.3
ROUNDS, LEAST_L_PER_S = 8, 0.1


def posterior(
    shift: Floats, noise: Floats, response: Response, *, sizes: Sequence[float], size_se: Sequence[float], prior: Floats
) -> list[Floats]:
    """Probability of each leak at each junction, one array (junctions,) per leak.

    `shift` (loggers, leaks) m at the leaks' present sizes and its covariance `noise` (loggers, leaks, leaks); sizes and
    standard errors L/s; `prior` any weight per junction, for all leaks or (leaks, junctions). Loggers with NaN are left out.
    """
    weights = np.broadcast_to(prior, (len(sizes), prior.shape[-1]))
    good: npt.NDArray[np.bool_] = np.asarray(np.isfinite(shift).all(axis=1) & np.isfinite(noise).all(axis=(1, 2)))
    search = _Search(
        shift[good], noise[good], response.of(good), np.asarray(sizes, np.float64), np.asarray(size_se, np.float64),
        np.log(np.maximum(weights / weights.sum(axis=1, keepdims=True), 1e-15)),
    )  # fmt: skip
    return search.run()


class _Leak:
    """One leak's possible sizes `flows` (sizes,) and falls (loggers, sizes, junctions), smallest response first."""

    def __init__(self, response: Response, size: float, sd: float) -> None:
        self.flows = np.maximum(size + SIZES * sd, LEAST_L_PER_S)
        falls = np.stack([response.at(float(flow)) for flow in self.flows], axis=1)
        self.order = np.argsort(falls[:, len(SIZES) // 2], axis=0, kind="stable")
        self.falls = np.take_along_axis(falls, self.order[:, None, :], axis=0)


class _Search:
    """The leaks as they are placed so far: `place` (leaks,), -1 = not yet, and `flow` (leaks,)."""

    def __init__(
        self, shift: Floats, noise: Floats, response: Response, sizes: Floats, size_se: Floats, log_prior: Floats
    ) -> None:
        self.shift, self.noise, self.response = shift, noise, response
        self.sizes, self.log_prior = sizes, log_prior
        self.leaks = [
            _Leak(response, float(size), float(np.hypot(se, SIZE_ERROR * size)))
            for size, se in zip(sizes, size_se, strict=True)
        ]
        self.place = np.full(len(sizes), -1, dtype=np.int64)
        self.flow = sizes.copy()
        self.chance = np.zeros(log_prior.shape)

    def run(self) -> list[Floats]:
        """Largest leak first, round after round."""
        for _ in range(ROUNDS):
            before = self.place.copy()
            for leak in np.argsort(-self.sizes, kind="stable"):
                self._step(int(leak))
            if (before == self.place).all():
                break
        return list(self.chance)

    def _step(self, leak: int) -> None:
        likelihood = self._likelihood(self.leaks[leak], *self._given_others(leak)) - 0.5 * SIZES[:, None] ** 2
        total = np.logaddexp.reduce(likelihood, axis=0) + self.log_prior[leak]
        chance = np.exp(total - total.max())
        self.chance[leak] = chance / chance.sum()
        self.place[leak] = int(np.argmax(chance))
        self.flow[leak] = self.leaks[leak].flows[int(np.argmax(likelihood[:, self.place[leak]]))]

    def _given_others(self, leak: int) -> tuple[Floats, Floats]:
        """Shift of one leak and its variance (loggers,), given where the others are and how large."""
        others = [i for i in range(len(self.sizes)) if i != leak]
        shift, variance = self.shift[:, leak], self.noise[:, leak, leak]
        if not others:
            return shift, variance
        covariance = self.noise[:, others][:, :, others].copy()
        surprise = self.shift[:, others].copy()
        for column, other in enumerate(others):
            if self.place[other] < 0:
                covariance[:, column, column] += (0.1 * max(float(self.flow[other]), 1.0)) ** 2
            else:
                fall = self.response.at(float(self.flow[other]))[:, self.place[other]]
                surprise[:, column] += fall
                error = WALK * fall.max() * fall + OWN_M**2 + (OWN_SHARE * fall) ** 2
                covariance[:, column, column] += error
        shared = self.noise[:, leak][:, others]
        pull = np.linalg.solve(covariance, shared[:, :, None])[:, :, 0]
        return shift - np.sum(pull * surprise, axis=1), variance - np.sum(pull * shared, axis=1)

    def _likelihood(self, leak: _Leak, shift: Floats, variance: Floats) -> Floats:
        """Log likelihood (sizes, junctions) of one leak's shifts; a strange logger counts for little."""
        seen, noise = -shift[leak.order], variance[leak.order] + OWN_M**2
        walk = WALK * leak.falls[-1]
        error: Floats = np.zeros(leak.falls.shape[1:])
        spread, total = np.zeros_like(error), np.zeros_like(error)
        last: npt.NDArray[np.float64] = np.zeros_like(error)
        for fall, shown, own in zip(leak.falls, seen, noise, strict=True):
            spread = spread + walk * np.maximum(fall - last, 0.0)
            last = fall
            surprise, power = shown - fall - error, spread + own + (OWN_SHARE * fall) ** 2
            usual = np.log(1 - STRANGE) - 0.5 * (surprise**2 / power + np.log(power))
            wide = power + STRANGE_M**2
            both = np.logaddexp(usual, np.log(STRANGE) - 0.5 * (surprise**2 / wide + np.log(wide)))
            gain = np.exp(usual - both) * spread / power
            error, spread, total = error + gain * surprise, spread * (1 - gain), total + both
        return total
