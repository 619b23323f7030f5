"""When a whole search should end: part of `make tuning`.

All sound trainings of a held-out data set, of all its tasks at all their learning rates, are the trials of a random
search over model, optimiser and rate. They are made one after the other in Optuna's own studies, until one of the ways
ends these.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import optuna
from joblib import Parallel, delayed
from optuna.terminator import (
    BestValueStagnationEvaluator,
    StaticErrorEvaluator,
    Terminator,
    TerminatorCallback,
)

from benchmarks.measure.bench import DRAWS, interval
from benchmarks.record.curves import Run
from benchmarks.record.tasks import Task, draw_held_out_tasks
from convergence_callbacks.compare.figures import resampled
from convergence_callbacks.optuna import SearchStopping

ORDERS = 2
"""In so many orders the trials of each search are made."""

Ends = Callable[[optuna.Study, optuna.trial.FrozenTrial], None]
"""A callback of a study."""


def fixed(count: int) -> Callable[[int], Ends]:
    """Ends a study after so many trials."""

    def ends(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        if trial.number + 1 >= count:
            study.stop()

    return lambda trials: ends


def ours(tolerance: float, *, is_planned: bool) -> Callable[[int], Ends]:
    """Ends a study by what further trials bring, with or without knowing how many are planned."""
    return lambda trials: SearchStopping(
        search_tolerance=tolerance, n_trials=trials if is_planned else None, verbose=False
    )


def stagnation(trials: int) -> Ends:
    """Optuna's terminator by a best value that has stayed; its evaluators with a model take seconds a trial."""
    return TerminatorCallback(Terminator(BestValueStagnationEvaluator(30), StaticErrorEvaluator(0)))


WAYS: Mapping[str, Callable[[int], Ends]] = {
    "all trials": fixed(10**6),
    **{f"{count} trials": fixed(count) for count in (10, 20, 30, 50)},
    "Optuna `Terminator`, `BestValueStagnationEvaluator(30)`": stagnation,
    **{f"`SearchStopping`, tolerance {100 * one:g}%": ours(one, is_planned=False) for one in (0.02, 0.01, 0.005)},
    **{
        f"`SearchStopping`, tolerance {100 * one:g}%, trials known": ours(one, is_planned=True)
        for one in (0.05, 0.02, 0.01)
    },
}


@dataclass(frozen=True)
class Trial:
    """What a trial would come to.

    Args:
        task: What is trained.
        multiplier: At which rate, in units of the optimiser's usual one.
        first: Its first loss.
        lowest: Its lowest.
        baseline: That of a trivial predictor.
    """

    task: Task
    multiplier: float
    first: float
    lowest: float
    baseline: float


@dataclass(frozen=True)
class Ended:
    """What came of a search.

    Args:
        data: Its data set.
        trials: Trials made.
        regret: How far its best is from that of all trials, as a share of what that gained.
    """

    data: str
    trials: int
    regret: float


def searches(runs: Sequence[Run]) -> dict[str, list[Trial]]:
    """The trials of each data set."""
    tasks = {task.name: task for task in draw_held_out_tasks(84, 42)}
    found: dict[str, list[Trial]] = {}
    for run in runs:
        if run.fault == "none" and not run.name.endswith("-few"):
            finite = run.val[np.isfinite(run.val)]
            lowest = float(finite.min()) if len(finite) else float("nan")
            one = Trial(tasks[run.task], run.multiplier, float(run.val[0]), lowest, run.baseline)
            found.setdefault(run.data, []).append(one)
    return found


def made(trials: Sequence[Trial], ends: Ends) -> int:
    """After how many trials a study of these ends."""

    def objective(trial: optuna.Trial) -> float:
        one = trials[trial.number]
        trial.suggest_float("rate", 1e-3, 1e2, log=True)
        trial.suggest_int("depth", 1, 6)
        trial.suggest_int("width", 16, 256)
        trial.suggest_float("dropout", 0, 0.4)
        trial.suggest_categorical("optimizer", ["sgd", "momentum", "adam", "adamw", "rmsprop"])
        trial.report(one.first, 0)
        return one.lowest

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for one in trials:
        task = one.task
        study.enqueue_trial({
            **{"rate": one.multiplier, "depth": task.depth, "width": task.width},
            **{"dropout": task.dropout, "optimizer": task.optimizer},
        })  # fmt: skip
    study.optimize(objective, n_trials=len(trials), callbacks=[ends])
    return sum(trial.state.is_finished() for trial in study.trials)


def ended(data: str, trials: Sequence[Trial], way: str, order: int) -> Ended:
    """What comes of a search in one of the ways."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    drawn = [trials[place] for place in np.random.default_rng(order).permutation(len(trials))]
    with warnings.catch_warnings():  # Optuna's terminators are experimental and deprecated at once
        warnings.simplefilter("ignore")
        count = made(drawn, WAYS[way](len(drawn)))
    best, lowest = (min(one.lowest for one in some if one.lowest == one.lowest) for some in (drawn[:count], drawn))
    return Ended(data, count, (best - lowest) / (float(np.median([one.baseline for one in drawn])) - lowest))


def table(found: Mapping[str, Sequence[Ended]]) -> list[str]:
    """Trials made and what was lost, by way, in Markdown."""
    rows = ["| search ends after | trials | 90% interval | mean regret | 90% interval |", "|---|---|---|---|---|"]
    for way, results in found.items():
        draws = list(resampled([one.data for one in results], DRAWS))
        trials, regret = (np.array([getattr(one, name) for one in results], float) for name in ("trials", "regret"))
        spread = [
            interval([float(values[draw].mean()) for draw in draws], digits)
            for values, digits in ((trials, 0), (regret, 4))
        ]
        rows.append(f"| {way} | {trials.mean():.0f} | {spread[0]} | {regret.mean():.4f} | {spread[1]} |")
    return rows


def rows(runs: Sequence[Run], jobs: int) -> list[str]:
    """What comes of the searches in each way, in Markdown."""
    by_data = searches(runs)
    todo = [(data, trials, way, order) for data, trials in by_data.items() for way in WAYS for order in range(ORDERS)]
    found: dict[str, list[Ended]] = {way: [] for way in WAYS}
    for (_, _, way, _), one in zip(todo, Parallel(n_jobs=jobs)(delayed(ended)(*each) for each in todo), strict=True):
        found[way].append(one)
    count = sum(map(len, by_data.values()))
    return [
        f"{len(by_data)} searches of {count} trials in all, in {ORDERS} orders each.",
        "",
        *table(found),
    ]
