"""Fit the model of the further gain to the recorded curves: `make fit` (half an hour on two cores)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from joblib import Parallel, delayed
from numpy.typing import NDArray
from rich.progress import track
from sklearn.ensemble import HistGradientBoostingRegressor

from benchmarks.curves import RECORDED, Run, load
from benchmarks.export import MODELS, arrays_of, save, trees_of
from benchmarks.rows import Rows, all_rows, fitted_rows, regret_of
from benchmarks.score import SENSIBLE, usable
from benchmarks.variants import with_variants
from convergence_callbacks.core.criteria.expected_gain import BEGUN
from convergence_callbacks.core.models.boosted_trees import Tree
from convergence_callbacks.core.models.further_gain.features import names
from convergence_callbacks.core.models.further_gain.model import averaged, guarded
from convergence_callbacks.core.models.stored import FILE

Series = NDArray[np.float64]

MODEL = MODELS / "further_gain" / FILE
POWER = 1 / 3  # worth spans decades and is often 0: its cube root is near enough to even
TREES = 300  # of each kind
SAFE = 0.85  # share of the runs that gain no more than what is called the most
CAUTION = 0.5  # what the most that may be gained counts for beside worth
FOLDS = 6
LEVELS = 25
MOST = 0.95
RATES = (0.01, 10.0)  # learning rates, in units of the usual one, whose runs are fitted


@dataclass(frozen=True)
class Fitted:
    """Boosted trees for what training on is worth, on average, and for what it may still bring.

    Args:
        mean: The mean cube root of worth.
        most: What the cube root of the remaining gain stays below in so many runs as `SAFE` says.
    """

    mean: HistGradientBoostingRegressor
    most: HistGradientBoostingRegressor

    def predict(self, features: Series) -> Series:
        """Worth, to which `CAUTION` times the most that is still to be gained is added."""
        return np.asarray(self.mean.predict(features) + CAUTION * self.most.predict(features))

    def trees(self) -> tuple[float, list[Tree]]:
        """The same as one sum: where it starts, and all trees."""
        (start, mean), (start_most, most) = trees_of(self.mean), trees_of(self.most, times=CAUTION)
        return start + start_most, [*mean, *most]


def fit(rows: Sequence[Rows]) -> Fitted:
    """Boosted trees for the worth of training on, and for the most that it may bring."""
    features = np.concatenate([row.features for row in rows])
    weights = np.concatenate([np.full(len(row.epochs), _weight(row.run)) for row in rows])
    worth = np.concatenate([row.worth for row in rows])
    left = np.concatenate([regret_of(row.run)[row.epochs - 1] for row in rows])
    return Fitted(
        mean=_regressor().fit(features, worth**POWER, sample_weight=weights),
        most=_regressor(loss="quantile", quantile=SAFE).fit(features, left**POWER, sample_weight=weights),
    )


def _regressor(**loss: Any) -> HistGradientBoostingRegressor:
    return HistGradientBoostingRegressor(
        max_iter=TREES,
        learning_rate=0.04,
        max_leaf_nodes=12,
        min_samples_leaf=400,
        max_features=0.4,
        early_stopping=False,
        random_state=0,
        **loss,
    )


def _weight(run: Run) -> float:
    """Of a row: runs at a rate that few would choose count less."""
    return 1.0 if SENSIBLE[0] <= run.multiplier <= SENSIBLE[1] else 0.3


def learns(run: Run) -> bool:
    """Whether a run is sound, learns something, and has a rate from which one learns what slow and fast look like."""
    finite = np.isfinite(run.val).all() and (np.isfinite(run.train) | np.isnan(run.train)).all()
    sound = run.fault == "none" and bool(finite) and RATES[0] <= run.multiplier <= RATES[1]
    return sound and run.gain > 0.05 * abs(run.baseline)


def averaged_worth(worth: Series, rows: Rows) -> Series:
    """Worth of a run as the rule guards and averages it; infinite while the run has not begun to learn."""
    before, series = None, []
    for value, bins, read in zip(worth, rows.bins, rows.features, strict=True):
        known = dict(zip(names(), read, strict=True))
        before = averaged(before, guarded(float(value), known), int(bins), rows.run.epochs)
        series.append(before if known["gained"] >= BEGUN else np.inf)
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
        most: What 19 of 20 of them stay below, likewise.
    """

    worth: Series
    gain: Series
    most: Series


def levels_of(worth: Sequence[Series], judged: Sequence[Rows]) -> Levels:
    """From left-out runs: no run told the model of itself."""
    levels = np.geomspace(0.02, 1.4, LEVELS)
    regrets = [regrets_at(level, worth, judged) for level in levels]
    mean = np.maximum.accumulate([float(each.mean()) for each in regrets])
    most = np.maximum.accumulate([float(np.quantile(each, MOST)) for each in regrets])
    return Levels(levels, mean, most)


def store(model: Fitted, levels: Levels, file: Path) -> None:
    """Write the file that the package keeps."""
    start, trees = model.trees()
    worth = arrays_of(names(), [start], trees, "worth")
    save(file, worth, levels=levels.worth, gain=levels.gain, most=levels.most)


def main(
    curves: Annotated[Path, typer.Option(help="recorded curves")] = RECORDED,
    out: Annotated[Path, typer.Option(help="the file to write")] = MODEL,
    jobs: Annotated[int, typer.Option(help="processes")] = 2,
) -> None:
    """Fit to all recorded runs that learn something; take the tolerances from data sets left out."""
    runs = [run for run in load(curves) if learns(run)]
    print(f"reading {len(runs)} runs of {len({run.data for run in runs})} data sets")
    fitted = fitted_rows(with_variants(runs), jobs)
    judged = all_rows([run for run in runs if usable(run) and not run.pretrained], jobs)
    levels = levels_of(left_out(fitted, judged, jobs), judged)
    store(fit(fitted), levels, out)
    print(f"{out}: {out.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    typer.run(main)
