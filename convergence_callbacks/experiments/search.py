"""What further trials of a search can be expected to bring.

In a search whose trials come in no particular order, the values of the best ones thin out towards the best: weighted by
its rank, each step from one to the next is an equal estimate of how far ahead the next record will be. The three steps
of the four best are few, so the usual step of the searches on which this was chosen counts as three more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convergence_callbacks.core.observation import is_finite

AHEAD = 10
"""Trials that are looked ahead where nobody says how many are planned."""

STEPS = 3
"""Steps between the best trials that are read."""

USUAL_STEP = 0.05
"""The usual step in searches of recorded trainings, as a share of the gain; it counts like those that are read."""


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What came of a trial.

    Args:
        value: Its best value; None where it was pruned, or had no finite one: then it is tried, and never the best.
        began: Its first value, None where unknown.
    """

    value: float | None = None
    began: float | None = None


@dataclass(frozen=True, kw_only=True)
class SearchOutlook:
    """Where a search stands.

    Args:
        trials: How many were tried.
        best: The best value; None where there is none yet.
        ahead: Trials to come that were looked at.
        expected: What they can be expected to bring together, as a share of what the best trial gained.
        tolerance: Such a share that is not worth further trials.

    >>> trials = [Tried(value=value, began=1.0) for value in (0.9, 0.5, 0.3, 0.3001, 0.3002, 0.3003)]
    >>> outlook = search_outlook(trials, n_trials=8)
    >>> round(outlook.expected, 3), outlook.ends, search_outlook(trials, n_trials=6).ends
    (0.007, True, True)
    """

    trials: int
    best: float | None
    ahead: int
    expected: float
    tolerance: float

    @property
    def ends(self) -> bool:
        """Whether further trials are worth less than the tolerance."""
        return self.expected < self.tolerance


def search_outlook(
    trials: Sequence[Tried], *, tolerance: float = 0.01, n_trials: int | None = None, sign: float = 1.0
) -> SearchOutlook:
    """Where a search stands after these trials.

    Args:
        trials: All that were tried, in any order; not those that failed for another reason than their values.
        tolerance: Share of the best trial's gain that is not worth further trials.
        n_trials: Trials that are planned in all; the next ten are looked at when left out.
        sign: 1, or -1 where more is better.
    """
    values = np.sort([sign * trial.value for trial in trials if trial.value is not None and is_finite(trial.value)])
    count = len(trials)
    ahead = AHEAD if n_trials is None else max(0, n_trials - count)
    expected = math.inf if ahead else 0.0
    if ahead and len(values) > STEPS:
        step = (USUAL_STEP + _mean_step(values, _gain(values, trials, sign))) / 2
        expected = step * math.log((count + ahead) / count)
    best = None if not len(values) else sign * float(values[0])
    return SearchOutlook(trials=count, best=best, ahead=ahead, expected=expected, tolerance=tolerance)


def _mean_step(values: np.ndarray, gain: float) -> float:
    """The steps between the best values, weighted by rank, as a share of the gain."""
    steps = np.diff(values[: STEPS + 1]) * np.arange(1, STEPS + 1)
    return float(steps.mean()) / gain if gain > 0 else 0.0


def _gain(values: np.ndarray, trials: Sequence[Tried], sign: float) -> float:
    """How far the best trial is ahead of where trials begin, or of the middle one where that is further."""
    began = [sign * trial.began for trial in trials if trial.began is not None and is_finite(trial.began)]
    return float(max(np.median(values), np.median(began) if began else -math.inf) - values[0])
