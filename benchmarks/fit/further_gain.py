"""Fits the model of the further gain: what training on is worth, and what was gained where worth was so low."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from rich.progress import track
from sklearn.ensemble import HistGradientBoostingRegressor

from benchmarks.fit.export import Arrays, arrays_of, trees_of
from benchmarks.fit.further_gain_rows import Rows, all_rows, fitted_rows, regret_of
from benchmarks.fit.provenance import Data, Made
from benchmarks.fit.variants import OF_HISTORIES, with_variants
from benchmarks.measure.score import SENSIBLE, usable
from benchmarks.record.curves import Run
from benchmarks.record.histories import weights_of
from convergence_callbacks.core.models.boosted_trees import Tree
from convergence_callbacks.core.models.features import names
from convergence_callbacks.core.rule.expected_gain import averaged
from convergence_callbacks.core.rule.guards import hard_start_epochs, has_begun, worth_of_waiting

Series = NDArray[np.float64]

POWER = 0.5  # worth spans decades and is often 0: its root is nearer to even, and large ones still count for more
TREES = 250  # of each kind
SAFE = 0.85  # share of the runs that gain no more than what is called the most
CAUTION = 0.5  # what the most that may be gained counts for beside worth
FOLDS = 3
LEVELS = 30
RANGE = (0.005, 2.2)  # of the levels
MOST = 0.95
HISTORIES = 1.2  # times that a public history, or a variant of it, counts as much as a recorded run, on average
RATES = (0.01, 10.0)  # learning rates, in units of the usual one, whose runs are fitted

DESCRIPTION = """Two ensembles of boosted regression trees (scikit-learn's `HistGradientBoostingRegressor`), stored as
one sum over the {features} features of `core/models/features.py`:

- {trees} trees for the mean of *worth* to the power of {power:g}: the most that any further stretch of training brings
  for the share of the budget that it takes;
- {trees} trees, counted half, for what the remaining gain, to that power, stays below in {share:.0f}% of the runs.

`levels`, `gain` and `most` translate worth into the further gain: what runs of data sets left out of the fit ({folds}
folds) still gained where their averaged worth first fell to a level, on average and in 19 of 20 of them."""


@dataclass(frozen=True)
class Fitted:
    """Boosted trees for what training on is worth, on average, and for what it may still bring.

    Args:
        mean: The mean of worth to the power of `POWER`.
        most: What the remaining gain, to that power, stays below in so many runs as `SAFE` says.
    """

    mean: HistGradientBoostingRegressor
    most: HistGradientBoostingRegressor

    def predict(self, features: Series) -> Series:
        """Worth, to which `CAUTION` times the most that is still to be gained is added."""
        return np.asarray(self.mean.predict(features) + CAUTION * self.most.predict(features))

    def trees(self) -> tuple[float, list[Tree]]:
        """Both models as one sum of trees, with the value that it starts from."""
        (start, mean), (start_most, most) = trees_of(self.mean), trees_of(self.most, times=CAUTION)
        return start + start_most, [*mean, *most]


def fit(rows: Sequence[Rows]) -> Fitted:
    """Boosted trees for the worth of training on, and for the most that it may bring."""
    features = np.concatenate([row.features for row in rows])
    counts = _weights([row.run for row in rows])
    weights = np.concatenate([np.full(len(row.epochs), count) for row, count in zip(rows, counts, strict=True)])
    worth = np.concatenate([row.worth for row in rows])
    left = np.concatenate([regret_of(row.run)[row.epochs - 1] for row in rows])
    return Fitted(
        mean=_regressor().fit(features, worth**POWER, sample_weight=weights),
        most=_regressor(loss="quantile", quantile=SAFE).fit(features, left**POWER, sample_weight=weights),
    )


def _regressor(**loss: Any) -> HistGradientBoostingRegressor:
    return HistGradientBoostingRegressor(
        max_iter=TREES,
        learning_rate=0.07,
        max_leaf_nodes=12,
        min_samples_leaf=400,
        max_features=0.4,
        early_stopping=False,
        random_state=0,
        **loss,
    )


def _weights(runs: Sequence[Run]) -> Series:
    """What a row of each run counts: less at a rate that few would choose, as much for each public project."""
    weights = np.array([1.0 if SENSIBLE[0] <= run.multiplier <= SENSIBLE[1] else 0.3 for run in runs])
    logged = np.array([run.domain != "recorded" for run in runs])
    if logged.any():
        of_projects = weights_of([run for run in runs if run.domain != "recorded"])
        weights[logged] = HISTORIES * len(of_projects) * of_projects
    return weights


def learns(run: Run) -> bool:
    """Whether a run is sound, learns something, and has a rate from which one learns what slow and fast look like."""
    finite = np.isfinite(run.val).all() and (np.isfinite(run.train) | np.isnan(run.train)).all()
    sound = run.fault == "none" and bool(finite) and RATES[0] <= run.multiplier <= RATES[1]
    return sound and run.gain > 0.05 * abs(run.baseline)


def averaged_worth(worth: Series, rows: Rows) -> Series:
    """Worth of a run as the rule guards and averages it; infinite while the run has not begun to learn."""
    before, series = None, []
    horizon = hard_start_epochs(rows.run.epochs)
    for value, epochs, bins, read in zip(worth, rows.epochs, rows.bins, rows.features, strict=True):
        by_name = dict(zip(names(), read, strict=True))
        before = averaged(before, worth_of_waiting(float(value), by_name), 1, int(bins), rows.run.epochs)
        series.append(before if epochs >= horizon or has_begun(by_name) else np.inf)
    return np.array(series)


def left_out(fitted: Sequence[Rows], judged: Sequence[Rows], jobs: int = 1) -> list[Series]:
    """Worth of each judged run, from a model that was fitted to other data sets."""
    data = sorted({rows.run.data for rows in fitted})
    folds = [data[place::FOLDS] for place in range(FOLDS)]
    parts = (
        ([rows for rows in fitted if rows.run.data not in fold], [rows for rows in judged if rows.run.data in fold])
        for fold in folds
    )
    work = Parallel(n_jobs=jobs, return_as="generator")(delayed(_worth_by_run)(*part) for part in parts)
    worth = {
        name: series for fold in track(work, total=FOLDS, description="left-out data sets") for name, series in fold
    }
    return [worth[rows.run.name] for rows in judged]


def _worth_by_run(fitted: Sequence[Rows], judged: Sequence[Rows]) -> list[tuple[str, Series]]:
    model = fit(fitted)
    return [(rows.run.name, averaged_worth(model.predict(rows.features), rows)) for rows in judged]


def regrets_at(level: float, worth: Sequence[Series], judged: Sequence[Rows]) -> Series:
    """Regret of each run where it stops as soon as its worth is at this level."""
    regrets = np.zeros(len(judged))
    for place, (series, rows) in enumerate(zip(worth, judged, strict=True)):
        below = np.flatnonzero(series <= level)
        if len(below):
            regrets[place] = regret_of(rows.run)[rows.epochs[below[0]] - 1]
    return regrets


@dataclass(frozen=True)
class Levels:
    """What was still to be gained where worth first fell to a level.

    Args:
        worth: The levels.
        gain: Mean regret of the runs that stop there, never below that of a lower level.
        most: What 19 of 20 of them stay below, likewise, and never below the mean.
    """

    worth: Series
    gain: Series
    most: Series


def levels_of(worth: Sequence[Series], judged: Sequence[Rows]) -> Levels:
    """From runs left out of the fit: recorded trainings and histories count alike."""
    levels = np.geomspace(*RANGE, LEVELS)
    regrets = [regrets_at(level, worth, judged) for level in levels]
    is_logged = np.array([rows.run.domain != "recorded" for rows in judged])
    parts = [part for part in (np.flatnonzero(~is_logged), np.flatnonzero(is_logged)) if len(part)]
    sources = [(part, _alike([judged[place].run for place in part])) for part in parts]
    means = [float(np.mean([float(each[part] @ shares) for part, shares in sources])) for each in regrets]
    mosts = [float(np.mean([float(np.quantile(each[part], MOST)) for part, _ in sources])) for each in regrets]
    return Levels(levels, np.maximum.accumulate(means), np.maximum.accumulate(np.maximum(means, mosts)))


def _alike(runs: Sequence[Run]) -> Series:
    """What each run counts: recorded ones alike, histories so that each project does."""
    return np.full(len(runs), 1 / len(runs)) if runs[0].domain == "recorded" else weights_of(runs)


def arrays(model: Fitted, levels: Levels) -> Arrays:
    """What the package keeps."""
    start, trees = model.trees()
    worth = arrays_of(names(), [start], trees, "worth")
    return {**worth, "levels": levels.worth, "gain": levels.gain, "most": levels.most}


def fitted(data: Data, jobs: int) -> Made:
    """Fit to all runs that learn something; take the expected gains from data sets and projects left out."""
    recorded = [run for run in data.recorded if learns(run)]
    runs = [*recorded, *data.histories]
    rows = fitted_rows([*with_variants(recorded), *with_variants(data.histories, OF_HISTORIES)], jobs)
    judged = all_rows([*(run for run in recorded if usable(run) and not run.pretrained), *data.histories], jobs)
    levels = levels_of(left_out(rows, judged, jobs), judged)
    return Made(
        arrays=arrays(fit(rows), levels),
        description=DESCRIPTION.format(trees=TREES, power=POWER, share=100 * SAFE, folds=FOLDS, features=len(names())),
        runs=runs,
        figures={
            f"mean regret where worth has fallen to {level:.2g}": gain
            for level, gain in zip(levels.worth[::4].tolist(), levels.gain[::4].tolist(), strict=True)
        },
    )
