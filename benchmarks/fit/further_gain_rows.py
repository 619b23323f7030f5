"""What the rule could have known at each epoch of a recorded run, and what it should have estimated."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from benchmarks.measure.score import smoothed
from benchmarks.record.curves import Run
from convergence_callbacks.core.curve.curve import FEWEST_BINS, Curve
from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.models.features import features
from convergence_callbacks.core.observation import Observation

Series = NDArray[np.float64]

ROWS_A_RUN = 20  # of those that are fitted: long runs are not to count for more than short ones, …
ROWS_A_HISTORY = 40  # … and histories, of which there are few
UNKNOWN = 0.25  # share of the fitted runs whose budget and schedule nobody knows, …
BUDGET_ONLY = 0.25  # … and of those whose budget alone is known
BASELINE_KNOWN = 0.4  # share of the fitted runs of which a trivial predictor's loss is known
SHORTEST_STRETCH = 0.02  # of the budget: what may come of one epoch alone is mostly noise


@dataclass(frozen=True, eq=False)
class Rows:
    """One run, epoch by epoch.

    Args:
        run: The run.
        epochs: Epochs trained, of each row.
        bins: Bins of the curve by then.
        features: The features of each row, of shape (rows, features), in the order of the model's `names`.
    """

    run: Run
    epochs: NDArray[np.int64]
    bins: NDArray[np.int64]
    features: Series

    @property
    def worth(self) -> Series:
        """What training on was worth, by row; see `worth_of`."""
        return worth_of(self.run)[self.epochs - 1]


def regret_of(run: Run) -> Series:
    """What a stop after each epoch loses, as a share of the run's whole gain.

    Each loss is averaged with its neighbours': a lucky low among noise is nothing to wait for.
    """
    trend = smoothed(run)
    return np.clip((np.minimum.accumulate(trend.val) - trend.val.min()) / trend.gain, 0, 1)


def worth_of(run: Run) -> Series:
    """The most that any further stretch of training brings for the share of the budget that it takes, by epoch.

    This is the index by which optimal stopping ranks what to go on with (Gittins, "Bandit processes and dynamic
    allocation indices", 1979), with the hindsight that only a recorded run has.
    """
    regret = regret_of(run)
    worth = np.zeros(run.epochs)
    for epoch in range(run.epochs - 1):
        stretch = np.arange(1, run.epochs - epoch) / run.epochs + SHORTEST_STRETCH
        worth[epoch] = ((regret[epoch] - regret[epoch + 1 :]) / stretch).max()
    return worth


def rows_of(
    run: Run,
    chosen: NDArray[np.bool_],
    *,
    budget_known: bool = True,
    schedule_known: bool = True,
    baseline_known: bool = False,
) -> Rows:
    """The features of the chosen epochs, where the rule would judge."""
    curve, epochs, bins, read = Curve(), [], [], []
    rates = run.lr.tolist() if schedule_known and np.isfinite(run.lr).all() else None
    for epoch in range(run.epochs):
        curve.add(epoch, float(run.val[epoch]), float(run.train[epoch]), float(run.lr[epoch]))
        if chosen[epoch] and curve.filled == curve.width and curve.bins >= FEWEST_BINS:
            signals = Reading(
                observation=Observation(step=epoch),
                curve=curve,
                max_epochs=run.epochs if budget_known else None,
                lr_schedule=rates,
                baseline=run.baseline if baseline_known else None,
            )
            epochs.append(epoch + 1)
            bins.append(curve.bins)
            read.append(list(features(signals).values()))
    return Rows(run, np.array(epochs), np.array(bins), np.array(read))


def _fitted_rows(run: Run) -> Rows:
    rng = np.random.default_rng(zlib.crc32(run.name.encode()) + 1)
    count = ROWS_A_RUN if run.domain == "recorded" else ROWS_A_HISTORY
    chosen = rng.random(run.epochs) < count / run.epochs
    chosen[FEWEST_BINS - 1] = True  # so that no run is without a row
    drawn = rng.random()
    return rows_of(
        run,
        chosen,
        budget_known=drawn >= UNKNOWN,
        schedule_known=drawn >= UNKNOWN + BUDGET_ONLY,
        baseline_known=run.domain == "recorded" and not run.pretrained and rng.random() < BASELINE_KNOWN,
    )


def _all_rows(run: Run) -> Rows:
    return rows_of(run, np.full(run.epochs, True))


def fitted_rows(runs: Sequence[Run], jobs: int) -> list[Rows]:
    """Some epochs of each run, with budget and schedule unknown in some runs: what a model is fitted to."""
    return list(Parallel(n_jobs=jobs, batch_size=16)(delayed(_fitted_rows)(run) for run in runs))


def all_rows(runs: Sequence[Run], jobs: int) -> list[Rows]:
    """Every epoch of each run: what a rule is replayed on."""
    return list(Parallel(n_jobs=jobs, batch_size=16)(delayed(_all_rows)(run) for run in runs))
