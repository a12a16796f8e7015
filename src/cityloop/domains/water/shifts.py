"""What the loggers say: pressure shifts since each onset, by class of hours, freed of the model's static error."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats
from cityloop.domains.water.detection import Part
from cityloop.domains.water.modelhours import Hours

__all__ = ["LEAST_HOURS", "hour_classes", "leak_shapes", "shifts", "unexplained", "well_placed"]

LEAST_HOURS = 48
#: A class of hours needs this many before and after the onset.
CLASS_HOURS = 24
#: Hazen-Williams: head loss grows with flow to this power.
LOSS_EXPONENT = 1.852
#: A logger that stands this far from the model before the leak, and further than this many robust sd, is misplaced.
OFFSET_M, OFFSET_SD = 4.0, 6.0
#: Slopes of measured on modelled pressure that errors of roughness and demand may explain.
SWING = (0.5, 2.0)


def well_placed(pressure: Floats, modelled: Floats, before: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Loggers that stand where the model has them, judged by the hours before the leak, (loggers,).

    Their offset from the model is no outlier among the loggers, and they swing with the hours as their own node does
    (slope of measured on modelled pressure within SWING, or not told apart from 1).
    """
    residual = pressure - modelled
    count = residual.shape[1]
    offset, good = np.full(count, np.nan), np.ones(count, dtype=bool)
    for i in range(count):
        rows = before & np.isfinite(residual[:, i])
        if rows.sum() < LEAST_HOURS:
            continue
        offset[i] = np.median(residual[rows, i])
        x, y = modelled[rows, i] - modelled[rows, i].mean(), pressure[rows, i] - pressure[rows, i].mean()
        power = float(x @ x)
        if power > 0:
            slope = float(x @ y) / power
            error = float(np.std(y - slope * x)) / np.sqrt(power)
            good[i] = SWING[0] < slope < SWING[1] or abs(slope - 1.0) < 5.0 * error
    middle = float(np.nanmedian(offset))
    spread = 1.4826 * float(np.nanmedian(np.abs(offset - middle)))
    near = np.abs(offset - middle) <= max(OFFSET_M, OFFSET_SD * spread)
    return np.asarray(good & np.isfinite(offset) & near, dtype=np.bool_)


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


def hour_classes(hours: Hours, shapes: Sequence[Floats]) -> npt.NDArray[np.int64]:
    """Class of each hour: pump pattern x demand tercile, -1 where it lacks hours before or after the onset."""
    demand = hours.values[:, hours.demand]
    tercile = np.searchsorted(np.quantile(demand, [1 / 3, 2 / 3]), demand)
    pattern = np.zeros(len(demand), dtype=np.int64)
    if hours.pumps:
        _, pattern = np.unique(hours.values[:, list(hours.pumps)], axis=0, return_inverse=True)
    label = pattern.reshape(-1) * 3 + tercile
    out = np.full(len(demand), -1, dtype=np.int64)
    after = np.max(np.stack(shapes), axis=0) > 0.5
    number = 0
    for value in np.unique(label):
        rows = label == value
        if min((rows & after).sum(), (rows & ~after).sum()) >= CLASS_HOURS:
            out[rows] = number
            number += 1
    if number == 0:
        out[:] = 0
    return out


def static_error(hours: Hours) -> Floats:
    """What a model's lasting error may follow, (t, terms): [1, D^1.852, pumps, pumps * D^1.852, levels]."""
    demand = (hours.values[:, hours.demand] / np.mean(hours.values[:, hours.demand])) ** LOSS_EXPONENT
    pumps = hours.values[:, list(hours.pumps)]
    pumps = pumps[:, pumps.std(axis=0) > 0.01] if pumps.size else pumps
    levels = hours.values[:, list(hours.levels)]
    return np.column_stack([np.ones(len(demand)), demand, pumps, pumps * demand[:, None], levels - levels.mean(axis=0)])


def _unsupported(shapes: Sequence[Floats], classes: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """For each shape and class, whether it has too few hours before or after its onset, (shapes * classes,)."""
    few = []
    for shape in shapes:
        for number in range(int(classes.max()) + 1):
            on = shape[classes == number] > 0.5
            few.append(min(int(on.sum()), int((~on).sum())) < CLASS_HOURS // 2)
    return np.array(few, dtype=np.bool_)


def unexplained(
    residual: Floats, hours: Hours, shapes: Sequence[Floats], heads: Sequence[Floats], classes: npt.NDArray[np.int64]
) -> float:
    """How badly located leaks explain the loggers: sum over loggers of effective hours * log of the mean square left.

    `heads` (loggers, classes) m: what each leak at its present size does to each logger. Sets of leaks compare for the
    same hours only, after a penalty for their number.
    """
    static, rows_in = static_error(hours), classes >= 0
    total = 0.0
    for logger in range(residual.shape[1]):
        rows = rows_in & np.isfinite(residual[:, logger])
        if rows.sum() < LEAST_HOURS:
            continue
        leak = sum(
            (shape * head[logger, classes] for shape, head in zip(shapes, heads, strict=True)), np.zeros(len(rows))
        )
        y, x = residual[rows, logger] - leak[rows], static[rows]
        left = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
        spread = 1.4826 * float(np.median(np.abs(left)))
        left = np.clip(left, -3 * spread, 3 * spread)
        power = max(float(np.mean(left**2)), 1e-12)
        phi = float(np.clip(np.mean(left[1:] * left[:-1]) / power, 0.0, 0.95))
        total += float(rows.sum()) * (1 - phi) / (1 + phi) * float(np.log(power))
    return total


def shifts(
    residual: Floats, hours: Hours, shapes: Sequence[Floats], classes: npt.NDArray[np.int64]
) -> tuple[list[Floats], list[Floats]]:
    """Pressure shift (m) of each logger in each class for each leak at its present size, and its standard error.

    One regression per logger: static model error as [1, pumps, D^1.852, pumps * D^1.852, levels] and each shape in each
    class. Returns per shape arrays (loggers, classes); the errors count the memory from hour to hour.
    """
    static = static_error(hours)
    count = int(classes.max()) + 1
    members = [(classes == c).astype(np.float64) for c in range(count)]
    leaks = np.column_stack([shape * member for shape in shapes for member in members])
    design = np.column_stack([static, leaks])
    value = np.full((residual.shape[1], leaks.shape[1]), np.nan)
    error = np.full_like(value, np.inf)
    for logger in range(residual.shape[1]):
        rows = np.isfinite(residual[:, logger]) & (classes >= 0)
        if rows.sum() < 2 * design.shape[1]:
            continue
        x, y = design[rows], residual[rows, logger]
        inverse = np.linalg.pinv(x.T @ x)
        fit = inverse @ (x.T @ y)
        left = y - x @ fit
        spread = 1.4826 * float(np.median(np.abs(left)))
        clipped = np.clip(left, -3 * spread, 3 * spread)  # one Huber-like step against odd hours
        fit = fit + inverse @ (x.T @ (clipped - left))
        phi = float(np.clip(np.mean(clipped[1:] * clipped[:-1]) / max(np.mean(clipped**2), 1e-12), 0.0, 0.95))
        scale = float(np.sqrt(np.mean(clipped**2) * (1 + phi) / (1 - phi)))
        value[logger] = fit[static.shape[1] :]
        error[logger] = scale * np.sqrt(np.maximum(np.diag(inverse)[static.shape[1] :], 1e-12))
    error[:, _unsupported(shapes, classes)] = np.inf
    return (
        [value[:, j * count : (j + 1) * count] for j in range(len(shapes))],
        [error[:, j * count : (j + 1) * count] for j in range(len(shapes))],
    )
