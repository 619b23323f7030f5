"""What scores such as accuracy do while the validation loss rises.

A network that becomes confident of a few mistakes, as with wrong labels, has a higher loss though it is right more
often (Guo, Pleiss, Sun & Weinberger 2017). Where a score is given, both are reported.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TypedDict

from convergence_callbacks.core.observation import is_finite

MOST = 4
"""Scores that are followed at most."""

WEIGHT = 0.3
"""Weight of the latest epoch in a score's running average."""

CLEAR_CHANGES = 2.0
"""Times its usual change from epoch to epoch by which a score must move to have moved."""


class Score(TypedDict):
    """A score so far: its running average, now and at the epoch of the best loss, and its usual change."""

    mean: float
    at_best: float
    change: float


Scores = Mapping[str, Score]


def scores_after(
    before: Scores, metrics: Mapping[str, float], is_best: bool, is_score: Callable[[str], bool]
) -> dict[str, Score]:
    """The scores once another epoch was observed.

    Args:
        before: The scores so far.
        metrics: All that was given beside the losses.
        is_best: Whether the epoch has the best loss.
        is_score: Whether a name is that of a score that is not on training data.
    """
    after = dict(before)
    for name, value in metrics.items():
        if is_finite(value) and is_score(name) and (name in after or len(after) < MOST):
            last = after.get(name)
            mean = value if last is None else last["mean"] + WEIGHT * (value - last["mean"])
            change = 0.0 if last is None else abs(value - last["mean"])
            usual = change if last is None else last["change"] + WEIGHT * (change - last["change"])
            after[name] = Score(mean=mean, at_best=mean if last is None else last["at_best"], change=usual)
    return {name: Score(**{**score, "at_best": score["mean"]}) if is_best else score for name, score in after.items()}


def scores_from(saved: Mapping[str, Mapping[str, float]]) -> dict[str, Score]:
    """The scores that were saved.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: They are damaged.
    """
    return {
        str(name): Score(mean=float(s["mean"]), at_best=float(s["at_best"]), change=float(s["change"]))
        for name, s in saved.items()
    }


def score_numbers(scores: Scores) -> dict[str, float]:
    """What each score did since the best epoch, as evidence beside a loss that rises.

    Returns:
        For each its rise, its level then and now, and whether that is a clear move: 1 up, -1 down, 0 neither.
    """
    numbers: dict[str, float] = {}
    for name, score in scores.items():
        rise = score["mean"] - score["at_best"]
        moved = math.copysign(1.0, rise) if abs(rise) > CLEAR_CHANGES * score["change"] else 0.0
        numbers |= {
            f"{name}_rise": rise,
            f"{name}_at_best": score["at_best"],
            f"{name}_now": score["mean"],
            f"{name}_moved": moved,
        }
    return numbers
