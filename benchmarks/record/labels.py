"""What was really wrong with a recorded run, known from the same task trained at other learning rates.

A label is counterfactual: a run is falsely converged if a larger rate does much better, and unstable if a smaller
one does, whatever its curve looks like. Levels are shares of the task's whole gain, from a trivial predictor's loss
to the lowest of all its runs. Where no definition holds, or two nearly do, a run has no label.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.record.curves import Run

FAR_BEHIND = 0.15  # of the gain: a run that is so far behind the best rate has the wrong one
NEAR_BEST = 0.05  # of the gain: another rate that is so near the best shows what was possible
AMONG_BEST = 0.1  # of the gain: a run that is so near the best has a good rate
RISEN = 0.1  # of the run's own gain: validation loss at the end so far above its lowest has turned
SETTLED_RISE, SETTLED_FALL = 0.03, 0.02  # of the run's own gain: what a converged run may rise and fall in the end
STILL_FALLS = 0.05  # of the run's own gain, in the last quarter: then it is not finished
NOTHING_LEARNT = 0.03  # of the trivial loss
EXPLODED = 3.0  # times the start
TURNING = 0.055  # geometric mean of SETTLED_RISE and RISEN, which parts them where one must choose
SHORTEST = 15  # epochs of a budget that is cut


@dataclass(frozen=True, eq=False)
class Labelled:
    """A run and what was wrong with it.

    Args:
        run: The run.
        verdict: Its label at its end, or None where no definition holds.
        behind: Of its best, behind the best of its task, as a share of the task's gain; infinite without any.
    """

    run: Run
    verdict: str | None
    behind: float

    def at(self, epochs: int) -> str | None:
        """The label after so many epochs: a run that is still far from its best improves, whatever comes later."""
        if self.verdict == "diverged":
            return self.verdict if epochs >= onset(self.run) + 2 else None
        if self.verdict in {"false_convergence", "unstable", "not_learning"} or epochs == self.run.epochs:
            return self.verdict
        if self.run.fault != "none" or not np.isfinite(self.run.val).all() or self.behind > 2 * FAR_BEHIND:
            return None
        left = float(self.run.val[:epochs].min() - self.run.val.min()) / max(self.run.gain, 1e-12)
        if left > (0.02 if self.verdict == "improving" else 0.05):
            return "improving"
        return self.verdict if left <= 0.02 and self.verdict != "improving" else None

    def nearest(self) -> Labelled:
        """The run with the label whose definition is nearest, where none holds exactly and one is near."""
        run = self.run
        clean = run.fault == "none" and bool(np.isfinite(run.val).all() and np.isfinite(run.train).all())
        if self.verdict is not None or not clean or self.behind > FAR_BEHIND or run.gain <= 0:
            return self
        rise, fall = _rise(run), _late_fall(run)
        if rise > TURNING and _train_falls_on(run):
            return dataclasses.replace(self, verdict="overfitting")
        if rise <= TURNING and abs(fall) < SETTLED_FALL:
            return dataclasses.replace(self, verdict="converged")
        if rise <= SETTLED_RISE and fall > 0.7 * STILL_FALLS:
            return dataclasses.replace(self, verdict="improving")
        return self


def labelled(runs: Iterable[Run]) -> list[Labelled]:
    """Every run with its label; runs of one task must come together to be compared."""
    tasks: dict[str, list[Run]] = {}
    for run in runs:
        tasks.setdefault(run.task, []).append(run)
    return [each for of_task in tasks.values() for each in _of_task(of_task)]


def learnable(runs: Sequence[Run]) -> list[Run]:
    """Without tasks that no rate brings 5% below the trivial level: what is wrong with their runs nobody knows."""
    gains: dict[str, float] = {}
    for run in runs:
        gains[run.task] = max(gains.get(run.task, -np.inf), run.baseline - run.lowest)
    return [run for run in runs if run.fault != "none" or gains[run.task] > 0.05 * run.baseline]


def with_less_budget(runs: Iterable[Run], share: float) -> list[Run]:
    """The runs as they would be with a smaller budget; labels are found anew, as all runs of a task end earlier."""
    cut = []
    for run in runs:
        epochs = max(SHORTEST, int(run.epochs * share))
        if epochs < run.epochs:
            names = {"name": f"{run.name}-cut{share:g}", "task": f"{run.task}-cut{share:g}"}
            series = {"train": run.train[:epochs], "val": run.val[:epochs], "lr": run.lr[:epochs]}
            cut.append(dataclasses.replace(run, **names, **series))  # type: ignore[arg-type]
    return cut


def onset(run: Run) -> int:
    """Number of the first epoch at which a diverged run shows it."""
    broken = ~(np.isfinite(run.val) & np.isfinite(run.train))
    shows = broken if broken.any() else run.val > EXPLODED * max(run.baseline, run.val[0])
    return int(shows.argmax()) + 1


def _of_task(runs: Sequence[Run]) -> list[Labelled]:
    lowest = [run.lowest for run in runs]
    gain = max(runs[0].baseline - min(lowest), 1e-12)
    behind = [(low - min(lowest)) / gain if np.isfinite(low) else np.inf for low in lowest]
    found = []
    for run, far in zip(runs, behind, strict=True):
        larger = [other for sibling, other in zip(runs, behind, strict=True) if sibling.multiplier > run.multiplier]
        smaller = [other for sibling, other in zip(runs, behind, strict=True) if sibling.multiplier < run.multiplier]
        found.append(Labelled(run, _verdict(run, far, min(larger, default=np.inf), min(smaller, default=np.inf)), far))
    return found


def _verdict(run: Run, behind: float, larger: float, smaller: float) -> str | None:
    """The label of a run, given how far it and the best larger and smaller rate are behind the best."""
    if not (np.isfinite(run.val).all() and np.isfinite(run.train).all()) or _exploded(run):
        return "diverged"
    if run.fault != "none":
        return "not_learning" if run.gain < NOTHING_LEARNT * run.baseline else None
    if behind > FAR_BEHIND and larger < NEAR_BEST and _train_falls(run):
        return "false_convergence"
    if behind > FAR_BEHIND and smaller < NEAR_BEST:
        return "unstable"
    return _end_of_a_good_rate(run, behind)


def _end_of_a_good_rate(run: Run, behind: float) -> str | None:
    rise, fall = _rise(run), _late_fall(run)
    if rise > RISEN and _train_falls_on(run):
        return "overfitting"
    if behind < AMONG_BEST and rise < SETTLED_RISE and fall < SETTLED_FALL:
        return "converged"
    return "improving" if behind < AMONG_BEST and fall > STILL_FALLS else None


def _exploded(run: Run) -> bool:
    return run.fault == "none" and _end(run) > EXPLODED * max(run.baseline, float(run.val[0]))


def _rise(run: Run) -> float:
    """Of validation loss from its lowest to the end, as a share of the run's gain."""
    return (_end(run) - float(run.val.min())) / max(run.gain, 1e-12)


def _late_fall(run: Run) -> float:
    """Of validation loss in the last quarter, as a share of the run's gain."""
    before = -run.epochs // 4
    return (float(np.median(run.val[before - _window(run) : before])) - _end(run)) / max(run.gain, 1e-12)


def _train_falls(run: Run) -> bool:
    """Whether train loss ends below where it began."""
    return bool(np.median(run.train[-_window(run) :]) < np.median(run.train[: _window(run)]) + 1e-9)


def _train_falls_on(run: Run) -> bool:
    """Whether train loss ends below what it was at the best epoch."""
    best, half = int(run.val.argmin()), _window(run) // 2
    return bool(np.median(run.train[-_window(run) :]) < np.median(run.train[max(0, best - half) : best + half + 1]))


def _end(run: Run) -> float:
    return float(np.median(run.val[-_window(run) :]))


def _window(run: Run) -> int:
    return max(3, run.epochs // 20)
