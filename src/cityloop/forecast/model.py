"""Methods that turn examples into a value for every hour ahead.

All of them predict the distance from the median of the same wall-clock hour and weekday of six weeks, in units of the
area's own mean: the areas of a city then teach one model, and a method that knows nothing is that median.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats
from cityloop.forecast.features import Examples
from cityloop.i18n import Pair

__all__ = ["METHODS", "TITLES", "Method", "Predict", "can_learn"]

Matrix = npt.NDArray[np.float32]
Predict = Callable[[Examples], Floats]
"""Examples -> (areas, origins, ahead, 24) in the unit of the demand; NaN where the median is."""
Method = Callable[[Examples, Floats], Predict]
"""Learns from examples and the age of their origins in days (origins,)."""

_LOSSES = ("absolute_error", "squared_error")
_TREES, _RATE, _LEAVES, _LEAF_ROWS, _RIDGE, _COLUMNS, _BINS = 100, 0.1, 31, 100, 5.0, 0.6, 127
_ROWS = 60_000
"""Hours learnt from, drawn from all: neighbouring hours teach the same."""
_LEAST_ROWS = 1_000
"""With fewer hours to learn from, nothing is learnt: the median stands."""
_HALF_LIFE_DAYS = 240.0
_FURTHEST = 1.5
"""Distance that a mean may learn from, in means of the area."""
_SEED = 1


def can_learn() -> bool:
    """Whether the extra `forecast` is installed."""
    return find_spec("sklearn") is not None


def _median(examples: Examples, age_days: Floats) -> Predict:
    """The median of the same wall-clock hour and weekday of the last six weeks; on days off, of days of the same group."""
    return lambda asked: asked.base


def _boosting(examples: Examples, age_days: Floats) -> Predict:
    """Gradient boosted trees: the mean of a model of the median and one of the mean. Same input, same trees.

    Large areas weigh more, as their litres do, and old origins less.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    scale = examples.scale[:, :, None, None]
    wanted = (examples.truth - examples.base) / scale
    rows = np.isfinite(wanted)
    weight = np.broadcast_to(scale * 0.5 ** (age_days / _HALF_LIFE_DAYS)[None, :, None, None], rows.shape)[rows]
    x, y = examples.x[rows], np.clip(wanted[rows], -_FURTHEST, _FURTHEST)
    if len(y) < _LEAST_ROWS:
        return _median(examples, age_days)
    if len(y) > _ROWS:
        drawn = np.sort(np.random.default_rng(_SEED).choice(len(y), _ROWS, replace=False))
        x, y, weight = x[drawn], y[drawn], weight[drawn]
    edges = _edges(x)
    x = _binned(x, edges)
    models = []
    with threadpool_limits(limits=1):
        for loss in _LOSSES:
            model = HistGradientBoostingRegressor(
                loss=loss, max_iter=_TREES, learning_rate=_RATE, max_leaf_nodes=_LEAVES, min_samples_leaf=_LEAF_ROWS,
                l2_regularization=_RIDGE, max_features=_COLUMNS, max_bins=_BINS, early_stopping=False, random_state=_SEED,
            )  # fmt: skip
            models.append(model.fit(x, y, sample_weight=weight))

    def predict(asked: Examples) -> Floats:
        known = np.isfinite(asked.base)
        out = np.full(asked.base.shape, np.nan)
        if known.any():
            with threadpool_limits(limits=1):
                moved = np.mean([m.predict(_binned(asked.x[known], edges)) for m in models], axis=0)
            out[known] = asked.base[known] + moved * np.broadcast_to(asked.scale[:, :, None, None], known.shape)[known]
        return out

    return predict


def _edges(x: Matrix) -> list[Matrix]:
    """Quantiles of each column. The library would bin by itself, but takes most of the time for it where rows have weights."""
    shares = np.linspace(0, 1, _BINS + 1)[1:-1]
    columns = (column[np.isfinite(column)] for column in x.T)
    return [np.unique(np.quantile(c, shares)) if len(c) else c for c in columns]


def _binned(x: Matrix, edges: Sequence[Matrix]) -> Matrix:
    """The number of edges below each value; NaN stays."""
    found = np.empty_like(x)
    for number, (column, edge) in enumerate(zip(x.T, edges, strict=True)):
        found[:, number] = np.where(np.isfinite(column), np.searchsorted(edge, column), np.nan)
    return found


METHODS: Mapping[str, Method] = {"boosting": _boosting, "median": _median}
TITLES: Mapping[str, Pair] = {
    "boosting": Pair(
        "gradient boosted trees on the median of the same weekday and wall-clock hour of six weeks",
        "梯度提升树（在近六周同一星期、同一钟点中位数的基础上修正）",
    ),
    "median": Pair("median of the same weekday and wall-clock hour of six weeks", "近六周同一星期、同一钟点的中位数"),
}
