"""What the loggers say: pressure shift since each onset, freed of the model's static error."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats
from cityloop.domains.water.leaks.calibration import LOSS_EXPONENT, States
from cityloop.domains.water.leaks.detection import Part
from cityloop.domains.water.leaks.modelhours import Hours
from cityloop.domains.water.leaks.robust import clipped_fit

__all__ = ["LEAST_HOURS", "leak_shapes", "shifts"]

LEAST_HOURS = 48


def leak_shapes(
    parts: Sequence[Part], gap: float, days: npt.NDArray[np.int64]
) -> tuple[list[Floats], list[float], list[float]]:
    """Per leak: its share of its present size by hour (t,), its present size (L/s) and the standard error of that.

    Falls of the night flow are kept as shapes of their own after the rises, so that they explain what they explain.
    """
    now = float(days.max())
    present = [(part, float(part.flow(np.array([now]))[0])) for part in parts]
    rises = [(part, flow) for part, flow in present if flow > 0] or [(max(present, key=lambda p: p[1])[0], gap)]
    falls = [(part, flow) for part, flow in present if flow <= 0]
    shapes = [np.clip(part.flow(days.astype(np.float64)) / (flow or 1.0), 0.0, 1.0) for part, flow in rises + falls]
    return shapes, [flow for _, flow in rises], [part.se for part, _ in rises]


def static_error(hours: Hours) -> Floats:
    """What a model's lasting error may follow, (t, terms): [1, D^1.852, pumps, pumps * D^1.852, levels]."""
    demand = (hours.values[:, hours.demand] / np.mean(hours.values[:, hours.demand])) ** LOSS_EXPONENT
    pumps = hours.values[:, list(hours.pumps)]
    pumps = pumps[:, pumps.std(axis=0) > 0.01] if pumps.size else pumps
    levels = hours.values[:, list(hours.levels)]
    return np.column_stack([np.ones(len(demand)), demand, pumps, pumps * demand[:, None], levels - levels.mean(axis=0)])


def shifts(
    residual: Floats, hours: Hours, states: States, course: Floats, shapes: Sequence[Floats], leaks: int
) -> tuple[Floats, Floats]:
    """Pressure shift (loggers, leaks) m that each of the first `leaks` shapes makes, and its covariance.

    One regression per logger on the model's static error and every shape times `course`; NaN without enough hours.
    """
    static = static_error(hours)
    design = np.column_stack([static, *(shape * course for shape in shapes)])
    rows = states.weights.sum(axis=1) > 0.99
    mine = slice(static.shape[1], static.shape[1] + leaks)
    shift = np.full((residual.shape[1], leaks), np.nan)
    noise = np.full((residual.shape[1], leaks, leaks), np.nan)
    for logger in range(residual.shape[1]):
        good = rows & np.isfinite(residual[:, logger])
        if good.sum() < 2 * design.shape[1]:
            continue
        fit, covariance, _ = clipped_fit(design[good], residual[good, logger])
        shift[logger], noise[logger] = fit[mine], covariance[mine, mine]
    return shift, noise
