"""Fits the diagnosis: what was wrong with a run, as its curves show it.

Boosted trees learn from prefixes of recorded runs what was wrong with each (`benchmarks.record.labels`). Each run is
read several times as other people's trainings are: without its budget, its train loss, its learning rates or its
baseline. Rates as low as in fine-tuning are withheld from all (`LOWEST_RATE` of the features), so that the shape of the
curves counts there. With OMP_NUM_THREADS=1 the trees are the same every time, to the last digit.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from benchmarks.fit.export import Arrays, arrays_of, multiplied, tree_of
from benchmarks.fit.provenance import Data, Made
from benchmarks.fit.variants import paced
from benchmarks.record.curves import Run
from benchmarks.record.labels import Labelled, labelled, learnable, with_less_budget
from convergence_callbacks.core.curve.curve import Curve
from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.models.boosted_trees import Tree
from convergence_callbacks.core.models.diagnosis import model as diagnosis
from convergence_callbacks.core.models.features import features, names
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.core.rule.guards import FEWEST_EPOCHS as FEWEST

VERDICTS = tuple(verdict.value for verdict in diagnosis.VERDICTS)

ENSEMBLES = 2  # that are averaged
ROUNDS = 150  # of boosting, each a tree a verdict
SHARES = (0.1, 0.2, 0.3, 0.45, 0.6, 0.75, 0.88)  # of a run, where it is read before its end
PACES = (0.3, 0.5, 2.0, 4.0)  # of runs whose learning rate is not known: then epochs say little
OTHER_VIEWS = 0.5  # what a run counts for that is read as others would have logged it
BASELINE_KNOWN = 0.4  # share of the views in which a trivial predictor's loss is known
BALANCE = 0.65  # how far rare verdicts are weighed up: 0 not at all, 1 fully


@dataclass(frozen=True)
class View:
    """How a run is read.

    Args:
        budget: Whether its length is known ahead.
        train: Whether train loss is known …
        alone: … and is all that is judged: then both are the same.
        rates: Whether learning rates are known.
        pace: Epochs that one epoch is logged as: an epoch is longer on a larger data set.
        baseline: Whether a trivial predictor's loss is known.
    """

    budget: bool = True
    train: bool = True
    alone: bool = False
    rates: bool = True
    pace: float = 1.0
    baseline: bool = False


@dataclass(frozen=True, eq=False)
class Examples:
    """Prefixes of runs, one a row.

    Args:
        features: Their numbers.
        verdicts: What was wrong with each.
        weights: How much each counts, before verdicts are balanced.
        data: The data set of each.
    """

    features: NDArray[np.float64]
    verdicts: NDArray[np.str_]
    weights: NDArray[np.float64]
    data: NDArray[np.str_]

    def of(self, chosen: NDArray[np.bool_]) -> Examples:
        """Some of them."""
        return Examples(self.features[chosen], self.verdicts[chosen], self.weights[chosen], self.data[chosen])


def signals_along(run: Run, view: View, epochs: Iterable[int]) -> Iterator[Reading]:
    """What can be read from a run after each of some numbers of epochs."""
    curve, asked = Curve(), set(epochs)
    train = (run.val if view.alone else run.train) if view.train else np.full(run.epochs, math.nan)
    rates = run.lr if view.rates else np.full(run.epochs, math.nan)
    for epoch, (loss, train_loss, rate) in enumerate(zip(run.val, train, rates, strict=True)):
        if not np.isfinite(loss):
            continue
        curve.add(epoch, float(loss), float(train_loss) if np.isfinite(train_loss) else math.nan, float(rate))
        if epoch + 1 in asked:
            observation = Observation(step=epoch, train_loss=float(train_loss), val_loss=float(loss))
            yield Reading(
                observation,
                curve,
                max_epochs=run.epochs if view.budget else None,
                lr_schedule=rates.tolist() if view.budget and view.rates else None,
                baseline=run.baseline if view.baseline and not run.pretrained else None,
            )


def examples(runs: Sequence[Run], jobs: int = 1) -> Examples:
    """What is fitted on: prefixes of runs as they are, of sixty validation examples, and of smaller budgets."""
    sound = learnable(runs)
    constant = [run for run in sound if np.ptp(run.lr) == 0]
    sets = [
        (sound, 4),
        *((learnable(with_less_budget(constant, share)), reads) for share, reads in ((0.5, 2), (0.25, 1))),
    ]
    work = [(each, reads) for some, reads in sets for each in labelled(some)]
    rows = [
        row for rows in Parallel(n_jobs=jobs, batch_size=64)(delayed(_rows)(*each) for each in work) for row in rows
    ]
    numbers, verdicts, weights, data = zip(*rows, strict=True)
    return Examples(np.array(numbers), np.array(verdicts), np.array(weights), np.array(data))


def _rows(labelled_run: Labelled, reads: int) -> list[tuple[list[float], str, float, str]]:
    """Prefixes of a run, each as it is and some as they could have been."""
    each, run = labelled_run.nearest(), labelled_run.run
    rng = np.random.default_rng(zlib.crc32(run.name.encode()))
    stops = _stops(run, 1 if each.verdict in {"false_convergence", "not_learning"} else reads, rng)
    rows = []
    own = View(baseline=bool(rng.random() < BASELINE_KNOWN))
    for view in (own, _other_view(run, False, rng), _other_view(run, True, rng)):
        at = stops if view is own else [stop for stop in stops if rng.random() < 0.5 or stop == run.epochs]
        logged = {max(FEWEST, round(stop * view.pace)): stop for stop in at}
        for signals in signals_along(run if view.pace == 1.0 else paced(run, view.pace, rng), view, logged):
            epochs = logged[signals.observation.step + 1]
            verdict = each.at(epochs)
            if verdict in VERDICTS and not (view.alone and _needs_both(verdict, run)):
                weight = _weight(labelled_run, epochs == run.epochs) / math.sqrt(len(stops))
                weight *= 1.0 if at is stops else OTHER_VIEWS
                rows.append((list(features(signals).values()), verdict, weight, run.data))
    return rows


def _needs_both(verdict: str, run: Run) -> bool:
    """Whether a verdict can only be seen with both losses: what overfits or memorises looks sound in train loss."""
    return verdict == "overfitting" or run.fault == "shuffled"


def _stops(run: Run, reads: int, rng: np.random.Generator) -> list[int]:
    """Epochs at which a run is read: its end, some before, and now and then one of the first."""
    shares = rng.choice(SHARES, reads, replace=False) * rng.uniform(0.85, 1.15, reads)
    early = [int(rng.integers(FEWEST, 17))] if rng.random() < 0.5 else []
    before = [max(FEWEST, epochs) for epochs in [*(run.epochs * shares).astype(int).tolist(), *early]]
    return [*sorted({epochs for epochs in before if epochs < run.epochs}), run.epochs]


def _other_view(run: Run, rates: bool, rng: np.random.Generator) -> View:
    """A run as somebody else would have logged it."""
    return View(
        budget=bool(rng.random() < 0.6),
        train=bool(rng.random() > 0.06),
        alone=bool(rng.random() < 0.06),
        rates=rates,
        pace=1.0 if rates or rng.random() < 0.4 else float(rng.choice(PACES)),
        baseline=bool(rng.random() < BASELINE_KNOWN),
    )


def _weight(each: Labelled, at_end: bool) -> float:
    """Ends count for more than prefixes, clear labels and long runs with many validation examples for most."""
    return (
        (1.0 if each.verdict else 0.5)
        * (1.5 if at_end else 1.0)
        * (0.6 if "-few" in each.run.name else 1.0)
        * (0.5 if each.run.epochs < 30 else 1.0)
    )


def fit(training_rows: Examples) -> list[HistGradientBoostingClassifier]:
    """The trees: several ensembles, whose mean is steadier and better calibrated than one."""
    weights = training_rows.weights.copy()
    for verdict in set(training_rows.verdicts):
        of_verdict = training_rows.verdicts == verdict
        weights[of_verdict] /= training_rows.weights[of_verdict].sum() ** BALANCE
    return [
        HistGradientBoostingClassifier(
            max_iter=ROUNDS,
            learning_rate=0.1,
            max_leaf_nodes=10,
            max_depth=6,
            min_samples_leaf=20,
            l2_regularization=3,
            max_features=0.3,
            early_stopping=False,
            random_state=seed,
        ).fit(training_rows.features, training_rows.verdicts, sample_weight=weights / weights.mean())
        for seed in range(ENSEMBLES)
    ]


def use(fitted: Sequence[HistGradientBoostingClassifier]) -> NDArray[np.float64]:
    """What each feature's splits gained, as a share of all."""
    gained = np.zeros(fitted[0].n_features_in_)
    for nodes in (tree.nodes for ensemble in fitted for grown in ensemble._predictors for tree in grown):
        split = nodes["is_leaf"] == 0
        np.add.at(gained, nodes["feature_idx"][split], nodes["gain"][split])
    return gained / gained.sum()


def trees_of(fitted: Sequence[HistGradientBoostingClassifier]) -> dict[str, list[Tree]]:
    """Each verdict's trees, which add to the mean of all ensembles."""
    grown: dict[str, list[Tree]] = {verdict: [] for verdict in VERDICTS}
    for ensemble in fitted:
        for of_round in ensemble._predictors:
            for verdict, tree in zip(ensemble.classes_, of_round, strict=True):
                grown[str(verdict)].append(multiplied(tree_of(tree.nodes), 1 / len(fitted)))
    return grown


def starts_of(fitted: Sequence[HistGradientBoostingClassifier]) -> dict[str, float]:
    """What each verdict's trees are added to."""
    starts = np.mean([ensemble._baseline_prediction.ravel() for ensemble in fitted], axis=0)
    return dict(zip(fitted[0].classes_.tolist(), starts.tolist(), strict=True))


def arrays(fitted: Sequence[HistGradientBoostingClassifier]) -> Arrays:
    """What the package keeps: a sum of trees for each verdict."""
    starts, grown = starts_of(fitted), trees_of(fitted)
    trees = [tree for verdict in VERDICTS for tree in grown[verdict]]
    return arrays_of(names(), [starts[verdict] for verdict in VERDICTS], trees, "verdict")


DESCRIPTION = """{ensembles} ensembles of boosted classification trees (scikit-learn's
`HistGradientBoostingClassifier`), averaged: for each of {verdicts} verdicts a sum of trees over the {features} features
of `core/models/features.py`. The order of the sums is that of `VERDICTS` in `model.py`; labels are those of
`benchmarks/record/labels.py`. The features used most: {most}."""


def fitted(data: Data, jobs: int) -> Made:
    """Fit to all recorded runs; public histories have no siblings at other rates, so nobody knows their labels."""
    training_rows = examples(data.recorded, jobs)
    trees = fit(training_rows)
    most = [names()[place] for place in np.argsort(-use(trees), kind="stable")[:10]]
    return Made(
        arrays=arrays(trees),
        description=DESCRIPTION.format(
            ensembles=ENSEMBLES, verdicts=len(VERDICTS), features=len(names()), most=", ".join(most)
        ),
        runs=data.recorded,
        figures={
            f"prefixes labelled {verdict}": float((training_rows.verdicts == verdict).sum()) for verdict in VERDICTS
        },
    )
