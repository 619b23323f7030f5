"""Fits the forecast: quantile trees, and how much wider intervals have to be. With OMP_NUM_THREADS=1 it is exact."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from sklearn.ensemble import HistGradientBoostingRegressor

from benchmarks.fit.export import Arrays, arrays_of, tree_of
from benchmarks.fit.loss_forecast_rows import Row, fitted_rows, forecastable
from benchmarks.fit.provenance import Data, Made
from convergence_callbacks.forecast.model import STAGES, magnitude, stage

Series = NDArray[np.float64]

FOLDS = 6
LEVEL_QUANTILES = (0.05, 0.5, 0.95)
LEFT_QUANTILES = (0.1, 0.5, 0.9)  # that nothing is left is right so often that the lower end is rarely missed
OUTSIDE = 0.08  # share of the left-out intervals that need not hold: on yet other data a few more do not
WIDER = np.arange(0.4, 3.0, 0.01)

Trees = Sequence[HistGradientBoostingRegressor]


def fit(features: Series, target: Series, quantiles: Sequence[float]) -> Trees:
    """Boosted trees for each quantile."""
    return [
        HistGradientBoostingRegressor(
            loss="quantile",
            quantile=quantile,
            max_iter=100,
            learning_rate=0.1,
            max_leaf_nodes=12,
            min_samples_leaf=100,
            max_features=0.4,
            early_stopping=False,
            random_state=0,
        ).fit(features, target)
        for quantile in quantiles
    ]


def predicted(trees: Trees, features: Series) -> Series:
    """The quantiles of each row in order, of shape (3, rows)."""
    return np.sort(np.stack([each.predict(features) for each in trees]), axis=0)


def left_out(features: Series, target: Series, data: NDArray[np.str_], quantiles: Sequence[float]) -> Series:
    """The quantiles of each row, from trees that were fitted to other data sets."""
    predictions, names = np.empty((3, len(target))), sorted(set(data))
    for place in track(range(FOLDS), description="left-out data sets"):
        fold = np.isin(data, names[place::FOLDS])
        predictions[:, fold] = predicted(fit(features[~fold], target[~fold], quantiles), features[fold])
    return predictions


def widened(predictions: Series, target: Series, rows: Sequence[Row], slack: Series) -> tuple[tuple[float, ...], ...]:
    """By loss (judged, train) and stage, how much wider intervals have to be than the trees say to hold as they should.

    Args:
        predictions: The quantiles of each row, from trees that did not see its data set.
        target: What came.
        rows: The rows.
        slack: By how much an interval may be missed.
    """
    low, middle, high = predictions
    reach = np.where(target < middle, middle - low, high - middle)
    missed = np.maximum(np.abs(target - middle) - slack, 0.0)
    stages = np.array([stage(row.epochs / row.until) for row in rows])
    losses, data = np.array([row.of for row in rows]), np.array([row.run.data for row in rows])
    return tuple(
        tuple(
            _factor(missed[chosen], reach[chosen], data[chosen])
            for chosen in ((losses == of) & (stages == number) for number in range(len(STAGES) + 1))
        )
        for of in ("judged", "train")
    )


def _factor(missed: Series, reach: Series, data: NDArray[np.str_]) -> float:
    """The least factor with which no more than a share of the intervals fail, all data sets counting alike."""
    sets = [data == name for name in sorted(set(data))]
    shares = (float(np.mean([np.mean((missed > wider * reach)[of]) for of in sets])) for wider in WIDER)
    factors = (float(wider) for wider, share in zip(WIDER, shares, strict=True) if share <= OUTSIDE)
    return round(next(factors, float(WIDER[-1])), 2)


def arrays(rows: Sequence[Row]) -> Arrays:
    """Fit both models; what the package keeps of them."""
    names, left_names = tuple(rows[0].features), tuple(rows[0].left_features)
    features = np.array([list(row.features.values()) for row in rows])
    all_features = np.array([[*row.features.values(), *row.left_features.values()] for row in rows])
    data = np.array([row.run.data for row in rows])
    moved = magnitude(np.array([row.moved for row in rows]))
    left = np.log1p(np.array([row.left / row.epochs for row in rows]))
    level_wider = widened(left_out(features, moved, data, LEVEL_QUANTILES), moved, rows, np.full(len(rows), 1e-9))
    half_an_epoch = np.log1p(np.array([(row.left + 0.5) / row.epochs for row in rows])) - left
    left_wider = widened(left_out(all_features, left, data, LEFT_QUANTILES), left, rows, half_an_epoch)
    return {
        **_arrays(fit(features, moved, LEVEL_QUANTILES), names, "level"),
        **_arrays(fit(all_features, left, LEFT_QUANTILES), (*names, *left_names), "left"),
        "level_wider": np.array(level_wider),
        "left_wider": np.array(left_wider),
    }


def _arrays(trees: Trees, features: Sequence[str], name: str) -> Arrays:
    starts = [each._baseline_prediction.item() for each in trees]
    return arrays_of(features, starts, [tree_of(stage[0].nodes) for each in trees for stage in each._predictors], name)


DESCRIPTION = """Boosted quantile regression trees (scikit-learn's `HistGradientBoostingRegressor`) over the features of
`features.py`:

- `level`: trees for the {level} quantile of how far the level of the loss moves;
- `left`: trees for the {left} quantile of the epochs that are left.

`level_wider` and `left_wider` hold how much wider intervals have to be than the trees say, so that {held:.0f}% of them
hold on data sets left out of the fit ({folds} folds), by loss and stage."""


def fitted(data: Data, jobs: int) -> Made:
    """Fit to all runs with finite losses; take the width of the intervals from data sets left out."""
    runs = [run for run in data.recorded if forecastable(run)]
    made = arrays(fitted_rows(runs, jobs))
    level, left = (
        ", ".join(f"{100 * each:g}%" for each in quantiles) for quantiles in (LEVEL_QUANTILES, LEFT_QUANTILES)
    )
    return Made(
        arrays=made,
        description=DESCRIPTION.format(level=level, left=left, held=100 * (1 - OUTSIDE), folds=FOLDS),
        runs=runs,
        figures={
            f"most that intervals are widened, {of}": float(made[f"{of}_wider"].max()) for of in ("level", "left")
        },
    )
