"""Ways to stop that the package has no criterion for: each says after how many epochs it would have stopped a run."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.record.curves import Run

StopFunction = Callable[[Run], int]


def clairvoyant(tolerance: float) -> StopFunction:
    """The first epoch that leaves no more than this share of the gain: nobody can know it in time."""
    return lambda run: int((run.val <= run.val.min() + tolerance * run.gain).argmax()) + 1


def flat_slope(window: int, share: float = 0.001) -> StopFunction:
    """Stop when a line through the last epochs falls by less than a share of the first loss over the window."""

    def stop(run: Run) -> int:
        time = np.arange(window) - (window - 1) / 2
        for end in range(window, run.epochs + 1):
            slope = time @ run.val[end - window : end] / (time @ time)
            if -slope * window < share * abs(run.val[0]):
                return end
        return run.epochs

    return stop


def low_variance(window: int, share: float) -> StopFunction:
    """Stop when the standard deviation of the last epochs is below a share of the first loss (as Ray's plateau)."""

    def stop(run: Run) -> int:
        for end in range(window, run.epochs + 1):
            if run.val[end - window : end].std() < share * abs(run.val[0]):
                return end
        return run.epochs

    return stop
