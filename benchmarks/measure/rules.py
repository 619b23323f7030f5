"""The rules compared: each says after how many epochs it would have stopped a recorded run."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.record.curves import Run
from convergence_callbacks import Decision, Monitor

Rule = Callable[[Run], int]


def patience(epochs: int, relative: float = 0.0) -> Rule:
    """Stop after so many epochs without a new best (by a share of it), as every framework ships."""

    def rule(run: Run) -> int:
        best, wait = np.inf, 0
        for epoch, loss in enumerate(run.val, start=1):
            improves = loss < best - (relative * abs(best) if np.isfinite(best) else 0)
            best, wait = (loss, 0) if improves else (best, wait + 1)
            if wait >= epochs:
                return epoch
        return run.epochs

    return rule


def generalization_loss(percent: float) -> Rule:
    """Prechelt's GL (1998): validation loss is so much above its lowest."""

    def rule(run: Run) -> int:
        above = 100 * (run.val / np.minimum.accumulate(run.val) - 1) > percent
        return int(above.argmax()) + 1 if above.any() else run.epochs

    return rule


def progress_quotient(alpha: float, strip: int = 5) -> Rule:
    """Prechelt's PQ (1998): GL over the progress of train loss in a strip of epochs."""

    def rule(run: Run) -> int:
        lowest = np.minimum.accumulate(run.val)
        for end in range(strip, run.epochs + 1, strip):
            train = run.train[end - strip : end]
            progress = 1000 * (train.mean() / max(train.min(), 1e-12) - 1)
            if 100 * (run.val[end - 1] / lowest[end - 1] - 1) > alpha * max(progress, 1e-9):
                return end
        return run.epochs

    return rule


def successive_increases(strips: int, strip: int = 5) -> Rule:
    """Prechelt's UP (1998): validation loss rose in so many strips in a row."""

    def rule(run: Run) -> int:
        rises = 0
        for end in range(2 * strip, run.epochs + 1, strip):
            rises = rises + 1 if run.val[end - 1] > run.val[end - 1 - strip] else 0
            if rises >= strips:
                return end
        return run.epochs

    return rule


def flat_slope(window: int, share: float = 0.001) -> Rule:
    """Stop when a line through the last epochs falls by less than a share of the first loss over the window."""

    def rule(run: Run) -> int:
        time = np.arange(window) - (window - 1) / 2
        for end in range(window, run.epochs + 1):
            slope = time @ run.val[end - window : end] / (time @ time)
            if -slope * window < share * abs(run.val[0]):
                return end
        return run.epochs

    return rule


def low_variance(window: int, share: float) -> Rule:
    """Stop when the standard deviation of the last epochs is below a share of the first loss (as Ray's plateau)."""

    def rule(run: Run) -> int:
        for end in range(window, run.epochs + 1):
            if run.val[end - window : end].std() < share * abs(run.val[0]):
                return end
        return run.epochs

    return rule


def clairvoyant(tolerance: float) -> Rule:
    """The first epoch that leaves no more than this share of the gain: nobody can know it in time."""
    return lambda run: int((run.val <= run.val.min() + tolerance * run.gain).argmax()) + 1


def default(tolerance: float, budget: float | None = 1.0) -> Rule:
    """The default rule, as adapters run it: the schedule is known, a trivial predictor's loss is not.

    Args:
        tolerance: Share of the total gain that is not worth waiting for.
        budget: Epochs that it is told of, as a multiple of those recorded, at the last rate from there on; None
            where it is told neither budget nor schedule.
    """

    def rule(run: Run) -> int:
        return stop_of(monitor_for(run, tolerance, budget), run)

    return rule


def monitor_for(run: Run, tolerance: float, budget: float | None = 1.0) -> Monitor:
    """A monitor that knows of a run what an adapter would."""
    if budget is None:
        return Monitor(tolerance=tolerance)
    rates = run.lr.tolist()
    epochs = round(budget * run.epochs)
    return Monitor(
        tolerance=tolerance, max_epochs=epochs, lr_schedule=(rates + rates[-1:] * max(0, epochs - run.epochs))[:epochs]
    )


def stop_of(monitor: Monitor, run: Run) -> int:
    """After how many epochs a monitor stops a run."""
    return 1 + stopping_decision(monitor, run).step


def stopping_decision(monitor: Monitor, run: Run) -> Decision:
    """The decision that ends a run, or its last."""
    for train, val, lr in zip(run.train, run.val, run.lr, strict=True):
        decision = monitor.update(train_loss=train, val_loss=val, lr=lr)
        if decision.stop:
            break
    return decision


PATIENCES = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50)
TOLERANCES = (0.05, 0.02, 0.01, 0.005, 0.002)

STOCK: dict[str, Rule] = {
    **{f"patience {epochs}": patience(epochs) for epochs in PATIENCES},
    **{f"patience {epochs}, min_delta 0.1 %": patience(epochs, 0.001) for epochs in (3, 5, 10, 20)},
    **{f"GL {percent}": generalization_loss(percent) for percent in (1, 2, 5)},
    **{f"PQ {alpha}": progress_quotient(alpha) for alpha in (0.5, 1, 2)},
    **{f"UP {strips}": successive_increases(strips) for strips in (2, 3, 4)},
    **{f"slope over {window}": flat_slope(window) for window in (10, 20)},
    **{f"variance over {window}": low_variance(window, 0.003) for window in (5, 10)},
}
DEFAULTS: dict[str, Rule] = {f"default, tolerance {100 * t:g} %": default(t) for t in TOLERANCES}
UNAWARE: dict[str, Rule] = {"default, budget and schedule unknown": default(0.01, budget=None)}
TOLD: dict[str, Rule] = {f"told of {budget:g} times the epochs": default(0.01, budget) for budget in (1, 3, 10)}
CLAIRVOYANT: dict[str, Rule] = {
    f"clairvoyant {100 * t:g} %": clairvoyant(t)
    for t in (0.0, 0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2)
}
