"""The results of rules over all runs of a workload."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convergence_callbacks.compare.figures import resampled
from convergence_callbacks.compare.stops import Outcome, outcomes_of
from convergence_callbacks.core.errors import SettingsError
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.engines import spread_batches
from convergence_callbacks.logs.assumption import Assumption
from convergence_callbacks.logs.columns import ColumnChoice
from convergence_callbacks.logs.errors import LogError, NotALogError
from convergence_callbacks.logs.read import find_logs, read_together
from convergence_callbacks.logs.run import Run
from convergence_callbacks.logs.trainings import Logs, grouped

Series = NDArray[np.float64]

DRAWS = 1000
"""Bootstrap samples for the intervals."""

SIDE_BY_SIDE = 128
"""Logs that are replayed side by side, at most: more are no faster."""

BATCHES = 8
"""Batches that there are at least, so that all cores have something to do."""

WITHIN = (5, 95)
"""Percentiles between which the intervals are."""


@dataclass(frozen=True)
class RuleResult:
    """The result of a rule over all runs.

    Args:
        rule: Its name.
        spent: Mean share of the epochs that it spends.
        spent_interval: Where that is in 9 of 10 workloads drawn from these runs.
        lost: Mean share of the gain that it loses.
        lost_interval: Where that is in 9 of 10 such workloads.
        worst: The most that it lost in a run.
        steps_saved: Epochs saved, of all runs together.
        hours_saved: Their time, of the runs that logged it; None where none did.
        is_on_frontier: Whether no other rule both spends and loses less.
    """

    rule: str
    spent: float
    spent_interval: tuple[float, float]
    lost: float
    lost_interval: tuple[float, float]
    worst: float
    steps_saved: int
    hours_saved: float | None
    is_on_frontier: bool


@dataclass(frozen=True)
class Comparison:
    """Rules compared on the runs of a workload.

    Args:
        runs: How many runs were judged.
        without_gain: How many more gained nothing, so that nothing can be lost; they are left out.
        rules: A result for each rule, in the order they were named.
        problems: Logs that could not be read.
        assumed: What was assumed in reading each run, by its name.
    """

    runs: int
    without_gain: int
    rules: tuple[RuleResult, ...]
    problems: tuple[LogError, ...] = ()
    assumed: tuple[tuple[str, tuple[Assumption, ...]], ...] = ()

    def suited(self, tolerance: float) -> RuleResult | None:
        """The rule that spends least among those that lose no more than a share of the gain in 9 of 10 draws.

        Args:
            tolerance: That share, on average over the workload; the upper end of the interval must be below it.

        Returns:
            None where no rule keeps to it.
        """
        kept = [result for result in self.rules if result.lost_interval[1] <= tolerance]
        return min(kept, key=lambda result: result.spent, default=None)


def compare(
    path: str | Path | Sequence[str | Path],
    rules: Mapping[str, Settings],
    choice: ColumnChoice | None = None,
    *,
    engine: str = "joblib",
    jobs: int = -1,
    schedule_known: bool = False,
    progress: Callable[[Iterator[list[Outcome | LogError]], int], Iterable[list[Outcome | LogError]]] | None = None,
) -> Comparison:
    """Replay all runs of a folder, or of several, under several rules.

    Args:
        path: A log or a folder of logs, or several.
        rules: Settings by the name of the rule; see `rule_from`.
        choice: Columns that the user named.
        engine: What spreads the work; see `spread`. The result is the same with each.
        jobs: Processes, -1 for all cores.
        schedule_known: Whether the rules know the learning rates of the log in advance.
        progress: Gets the results of the logs as they come and how many there are, and returns the results.

    Raises:
        SettingsError: There is no rule.
        OSError: The path can't be read.
    """
    if not rules:
        raise SettingsError("there is no rule to compare; name at least one, such as default:0.02 or patience:10")
    roots = [Path(each) for each in ([path] if isinstance(path, str | Path) else path)]
    logs = [(each, root if root.is_dir() else None) for root in roots for each in grouped(find_logs(root))]
    some = functools.partial(
        _outcomes,
        choice=choice,
        rules=tuple(rules.values()),
        schedule_known=schedule_known,
    )
    size = max(1, min(SIDE_BY_SIDE, len(logs) // BATCHES))
    results = spread_batches(some, logs, size, engine=engine, jobs=jobs)
    found = [each for log in (progress(results, len(logs)) if progress else results) for each in log]
    outcomes = [each for each in found if isinstance(each, Outcome)]
    problems = tuple(each for each in found if isinstance(each, LogError))
    return compared(list(rules), outcomes, problems)


def compared(names: Sequence[str], outcomes: Sequence[Outcome], problems: tuple[LogError, ...] = ()) -> Comparison:
    """The comparison of rules, from their outcome on each run."""
    judged = [outcome for outcome in outcomes if np.isfinite(outcome.lost).all()]
    assumed = tuple((outcome.run, outcome.assumed) for outcome in judged)
    if not judged:
        return Comparison(0, len(outcomes), (), problems)
    spent = np.array([np.array(outcome.spent) / outcome.steps for outcome in judged])
    lost = np.array([outcome.lost for outcome in judged])
    spent_in, lost_in = _intervals(spent), _intervals(lost)
    means = list(zip(spent.mean(axis=0), lost.mean(axis=0), strict=True))
    results = tuple(
        RuleResult(
            rule=name,
            spent=float(means[index][0]),
            spent_interval=spent_in[index],
            lost=float(means[index][1]),
            lost_interval=lost_in[index],
            worst=float(lost[:, index].max()),
            steps_saved=sum(outcome.steps - outcome.spent[index] for outcome in judged),
            hours_saved=_hours(judged, index),
            is_on_frontier=not any(_beats(other, means[index]) for other in means),
        )
        for index, name in enumerate(names)
    )
    return Comparison(len(judged), len(outcomes) - len(judged), results, problems, assumed)


def _outcomes(
    logs: Sequence[tuple[Logs, Path | None]],
    choice: ColumnChoice | None,
    rules: Sequence[Settings],
    *,
    schedule_known: bool,
) -> list[list[Outcome | LogError]]:
    """The outcomes of the runs of each log, or of several logs of one training, or what is wrong with them."""
    read = [_runs(each, choice, root) for each, root in logs]
    found = [run for runs in read for run in runs if isinstance(run, Run)]
    outcomes = iter(outcomes_of(found, rules, schedule_known=schedule_known))
    return [[next(outcomes) if isinstance(run, Run) else run for run in runs] for runs in read]


def _runs(logs: Logs, choice: ColumnChoice | None, root: Path | None) -> Sequence[Run | LogError]:
    read = read_together(logs, choice, root)
    return [each for each in read if root is None or not isinstance(each, NotALogError)]


def _intervals(shares: Series) -> list[tuple[float, float]]:
    """Bootstrap intervals of the mean of each column."""
    means = np.array([shares[draw].mean(axis=0) for draw in resampled(range(len(shares)), DRAWS)])
    low, high = np.percentile(means, WITHIN, axis=0)
    return [(float(a), float(b)) for a, b in zip(low, high, strict=True)]


def _hours(outcomes: Sequence[Outcome], index: int) -> float | None:
    saved = [
        outcome.seconds - at_stop
        for outcome in outcomes
        if outcome.seconds is not None and (at_stop := outcome.seconds_spent[index]) is not None
    ]
    return sum(saved) / 3600 if saved else None


def _beats(other: tuple[float, float], one: tuple[float, float]) -> bool:
    return other[0] <= one[0] and other[1] <= one[1] and other != one
