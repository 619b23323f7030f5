"""What stopping each trial by its own curve saves in a search: `make tuning`.

Every task was trained at eight learning rates. That is a search over them, replayed through the pruners and schedulers
that people use: Optuna's studies are asked for trials, and they and Ray's schedulers are given each result. When a
search should end as a whole is measured in `searches`.
"""

from __future__ import annotations

import functools
import warnings
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, Protocol

import numpy as np
import optuna
import typer
from joblib import Parallel, delayed
from ray.tune.schedulers import ASHAScheduler, TrialScheduler
from ray.tune.stopper import TrialPlateauStopper
from rich.console import Console

from benchmarks.measure import searches as whole_searches
from benchmarks.measure.bench import DRAWS, interval
from benchmarks.measure.rules import stock, stop_of
from benchmarks.measure.stop_functions import StopFunction
from benchmarks.record.curves import HELD_OUT, Run, load
from convergence_callbacks.compare.figures import resampled
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.optuna import ConvergencePruner

WORKERS = 4
"""Trials that are trained at the same time, an epoch each in turn."""

FEWEST = 4
"""Trials of a search worth the name."""


class Comparison(Protocol):
    """What sees the trials of a search side by side."""

    def begin(self, trial: int) -> None:
        """Take in a trial that starts."""

    def ends(self, trial: int, epoch: int, loss: float) -> bool:
        """Whether a trial should end with this result."""

    def ended(self, trial: int, best: float, pruned: bool) -> None:
        """Take note that a trial has ended."""


class Nothing:
    """Compares nothing."""

    def begin(self, trial: int) -> None:
        """Nothing."""

    def ends(self, trial: int, epoch: int, loss: float) -> bool:
        """Never."""
        return False

    def ended(self, trial: int, best: float, pruned: bool) -> None:
        """Nothing."""


class Optuna:
    """A study in memory, with a pruner."""

    def __init__(self, pruner: optuna.pruners.BasePruner) -> None:
        self.study = optuna.create_study(pruner=pruner, sampler=optuna.samplers.RandomSampler(seed=0))
        self.trials: dict[int, optuna.Trial] = {}

    def begin(self, trial: int) -> None:
        """Ask for a trial."""
        self.trials[trial] = self.study.ask()

    def ends(self, trial: int, epoch: int, loss: float) -> bool:
        """Report a result."""
        self.trials[trial].report(loss, epoch)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "All-NaN slice")  # `PatientPruner`'s, in a trial that has diverged
            return self.trials[trial].should_prune()

    def ended(self, trial: int, best: float, pruned: bool) -> None:
        """Report the result of a trial."""
        state = optuna.trial.TrialState.PRUNED if pruned else optuna.trial.TrialState.COMPLETE
        self.study.tell(self.trials[trial], None if pruned else best, state=state)


class Asha:
    """Ray Tune's scheduler of that name, with its defaults."""

    def __init__(self, epochs: int) -> None:
        self.scheduler = ASHAScheduler(
            metric="val_loss", mode="min", time_attr="training_iteration", max_t=max(2, epochs)
        )
        self.trials: dict[int, Any] = {}

    def begin(self, trial: int) -> None:
        """Add a trial."""
        self.trials[trial] = SimpleNamespace(trial_id=str(trial))
        self.scheduler.on_trial_add(None, self.trials[trial])

    def ends(self, trial: int, epoch: int, loss: float) -> bool:
        """Show it a result; what is not finite is reported as a very bad one."""
        result = {"training_iteration": epoch + 1, "val_loss": loss if np.isfinite(loss) else 1e30}
        return bool(self.scheduler.on_trial_result(None, self.trials[trial], result) == TrialScheduler.STOP)

    def ended(self, trial: int, best: float, pruned: bool) -> None:
        """Show it the last result."""
        self.scheduler.on_trial_complete(None, self.trials[trial], {"training_iteration": 1, "val_loss": best})


@dataclass(frozen=True)
class Way:
    """A way to search.

    Args:
        comparison: Made for a search, from its epochs.
        own: Ends a trial by its own curve, as a complete one.
        is_own: Whether what ends by ``comparison`` counts as complete too.
    """

    comparison: Callable[[int], Comparison] = lambda epochs: Nothing()
    own: StopFunction = lambda run: run.epochs
    is_own: bool = False


def plateau(run: Run) -> int:
    """Ray Tune's stopper of single trials, with its defaults."""
    stopper = TrialPlateauStopper("val_loss")
    ends = (epoch for epoch, loss in enumerate(run.val, start=1) if stopper("trial", {"val_loss": loss}))
    return next(ends, run.epochs)


def median(epochs: int) -> Comparison:
    """Optuna's median rule, with its defaults."""
    return Optuna(optuna.pruners.MedianPruner())


def patient(epochs: int) -> Comparison:
    """Optuna's patience, of ten epochs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return Optuna(optuna.pruners.PatientPruner(None, 10))


ours, ten = (functools.partial(stop_of, rule) for rule in (Settings(), stock("patience:10")))
WAYS: dict[str, Way] = {
    "every trial to its end": Way(),
    "patience 10": Way(own=ten),
    "Optuna `PatientPruner(None, 10)`": Way(patient, is_own=True),
    "Ray `TrialPlateauStopper`": Way(own=plateau),
    "`ConvergencePruner`": Way(lambda epochs: Optuna(ConvergencePruner(max_epochs=epochs)), is_own=True),
    "`ConvergenceStopper`": Way(own=ours),
    "Optuna `MedianPruner`": Way(median),
    "Optuna `MedianPruner`, patience 10": Way(median, ten),
    "Optuna `MedianPruner`, `ConvergenceStopping`": Way(median, ours),
    "Ray `ASHAScheduler`": Way(Asha),
    "Ray `ASHAScheduler`, patience 10": Way(Asha, ten),
    "Ray `ASHAScheduler`, `ConvergenceStopper`": Way(Asha, ours),
}
PAIRS = (
    ("`ConvergenceStopper`", "every trial to its end"),
    ("`ConvergenceStopper`", "patience 10"),
    ("Optuna `MedianPruner`, `ConvergenceStopping`", "Optuna `MedianPruner`"),
    ("Optuna `MedianPruner`, `ConvergenceStopping`", "Optuna `MedianPruner`, patience 10"),
    ("Ray `ASHAScheduler`, `ConvergenceStopper`", "Ray `ASHAScheduler`"),
    ("Ray `ASHAScheduler`, `ConvergenceStopper`", "Ray `ASHAScheduler`, patience 10"),
)


@dataclass(frozen=True)
class Outcome:
    """What came of a search.

    Args:
        epochs: Trained in all.
        best: The trial with the lowest loss that was seen.
        loss: That loss.
    """

    epochs: int
    best: int
    loss: float


def search(trials: Sequence[Run], way: Way) -> Outcome:
    """Train some trials at a time, an epoch each in turn, until each has ended."""
    comparison = way.comparison(trials[0].epochs)
    waiting, running, spent = list(range(len(trials)))[::-1], list[int](), np.zeros(len(trials), int)
    stops = [way.own(run) for run in trials]
    while waiting or running:
        while waiting and len(running) < WORKERS:
            running.append(waiting.pop())
            comparison.begin(running[-1])
        for trial in list(running):
            run, epoch = trials[trial], int(spent[trial])
            spent[trial] += 1
            complete = spent[trial] >= min(stops[trial], run.epochs)
            pruned = comparison.ends(trial, epoch, float(run.val[epoch])) and not complete
            if complete or pruned:
                running.remove(trial)
                comparison.ended(trial, lowest(run, spent[trial]), pruned and not way.is_own)
    losses = [lowest(run, epochs) for run, epochs in zip(trials, spent, strict=True)]
    return Outcome(int(spent.sum()), int(np.argmin(losses)), min(losses))


def lowest(run: Run, epochs: int) -> float:
    """The lowest loss of the first epochs; a very bad one where none is finite."""
    seen = run.val[:epochs]
    return float(seen[np.isfinite(seen)].min(initial=1e30))


def searches(runs: Sequence[Run]) -> list[list[Run]]:
    """The sound runs of each task as the trials of a search, in an order that says nothing."""
    tasks: dict[str, list[Run]] = {}
    for run in sorted(runs, key=lambda run: zlib.crc32(run.name.encode())):
        if run.fault == "none" and not run.name.endswith("-few"):
            tasks.setdefault(run.task, []).append(run)
    return [trials for trials in tasks.values() if len(trials) >= FEWEST and best_gain(trials) > 0.05]


def best_gain(trials: Sequence[Run]) -> float:
    """What the best trial gains, as a share of a trivial predictor's loss."""
    return max((run.baseline - lowest(run, run.epochs)) / abs(run.baseline) for run in trials)


def outcomes(trials: Sequence[Run]) -> list[Outcome]:
    """What comes of a search in each way."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return [search(trials, way) for way in WAYS.values()]


def way_rows(found: Mapping[str, Sequence[Outcome]], draws: Sequence[np.ndarray], gains: np.ndarray) -> list[str]:
    """A line of the table for each way."""
    whole = found["every trial to its end"]
    rows = ["| search | epochs spent | 90% interval | same best trial | mean regret | 90% interval |"]
    rows.append("|---|---|---|---|---|---|")
    for way, outcome in found.items():
        cost = np.array([own.epochs / all_.epochs for own, all_ in zip(outcome, whole, strict=True)])
        lost = np.array([own.loss - all_.loss for own, all_ in zip(outcome, whole, strict=True)]) / gains
        same = np.mean([own.best == all_.best for own, all_ in zip(outcome, whole, strict=True)])
        spread = [interval([float(values[draw].mean()) for draw in draws], 4) for values in (cost, lost)]
        rows.append(
            f"| {way} | {cost.mean():.3f} | {spread[0]} | {100 * same:.0f}% | {lost.mean():.4f} | {spread[1]} |"
        )
    return rows


def saved_rows(found: Mapping[str, Sequence[Outcome]], draws: Sequence[np.ndarray]) -> list[str]:
    """How many epochs fewer one way takes than another."""
    rows = ["| search | against | epochs fewer | 90% interval |", "|---|---|---|---|"]
    for ours_, theirs in PAIRS:
        own, other = (np.array([outcome.epochs for outcome in found[way]]) for way in (ours_, theirs))
        saved = [100 * (1 - own[draw].sum() / other[draw].sum()) for draw in (np.arange(len(own)), *draws)]
        rows.append(f"| {ours_} | {theirs} | {saved[0]:.0f}% | {interval(saved[1:], 0)}% |")
    return rows


def main(
    curves: Annotated[Path, typer.Option(help="recorded curves that nothing was fitted to")] = HELD_OUT,
    out: Annotated[Path, typer.Option(help="where the table goes")] = Path("benchmark-output"),
    jobs: Annotated[int, typer.Option(help="processes")] = 2,
) -> None:
    """Replay every search in every way, and write the table."""
    out.mkdir(parents=True, exist_ok=True)
    runs = load(curves)
    made = searches(runs)
    by_search = list(Parallel(n_jobs=jobs)(delayed(outcomes)(trials) for trials in made))
    found = {way: [each[place] for each in by_search] for place, way in enumerate(WAYS)}
    gains = np.array([best_gain(trials) * abs(trials[0].baseline) for trials in made])
    data = [trials[0].data for trials in made]
    draws = list(resampled(data, DRAWS))
    text = "\n".join([
        f"{len(made)} searches of {sum(map(len, made))} trials on {len(set(data))} data sets; "
        "intervals from a bootstrap over data sets.",
        "",
        *way_rows(found, draws, gains),
        "",
        *saved_rows(found, draws),
        "",
        *whole_searches.rows(runs, jobs),
        "",
    ])  # fmt: skip
    (out / "tuning.md").write_text(text, encoding="utf-8")
    Console(soft_wrap=True).print(text)


if __name__ == "__main__":
    typer.run(main)
