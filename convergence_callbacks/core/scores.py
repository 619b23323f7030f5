"""What scores such as accuracy do while the validation loss rises.

A network that grows sure of a few mistakes, as it does on wrong labels, pays for them in loss while it is right more
often (Guo, Pleiss, Sun & Weinberger 2017). Where a score is given, both are said.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import TypedDict

from convergence_callbacks.core.criteria.criterion import Finding
from convergence_callbacks.core.observation import is_finite
from convergence_callbacks.core.verdict import Verdict

WORDS = frozenset(
    {"acc", "accuracy", "auc", "auroc", "f1", "precision", "recall", "iou", "miou", "dice", "map", "r2", "bleu"}
)
"""Words in the names of scores: of these more is better."""

MOST = 4
"""Scores that are followed."""

WEIGHT = 0.3
"""Of the latest epoch in a score's running average."""

CLEAR = 2.0
"""A change of so many times what a score does from epoch to epoch is one."""


class Score(TypedDict):
    """A score so far: its running average, the same at the epoch of the best loss, and its usual change."""

    mean: float
    at_best: float
    change: float


Scores = Mapping[str, Score]


def is_score(name: str) -> bool:
    """Whether a name is that of a score on other than the training data.

    >>> is_score("val_acc"), is_score("train_acc"), is_score("val_mse")
    (True, False, False)
    """
    words = {word.lower() for word in re.findall(r"[A-Z]?[a-z]+\d*|[A-Z]+\d*(?![a-z])", name)}
    return bool(words & WORDS) and not words & {"train", "training"}


def scores_after(before: Scores, metrics: Mapping[str, float], is_best: bool) -> dict[str, Score]:
    """The scores once another epoch was observed.

    Args:
        before: The scores so far.
        metrics: All that was given beside the losses.
        is_best: Whether the epoch has the best loss.
    """
    after = dict(before)
    for name, value in metrics.items():
        if is_finite(value) and is_score(name) and (name in after or len(after) < MOST):
            known = after.get(name)
            mean = value if known is None else known["mean"] + WEIGHT * (value - known["mean"])
            change = 0.0 if known is None else abs(value - known["mean"])
            usual = change if known is None else known["change"] + WEIGHT * (change - known["change"])
            after[name] = Score(mean=mean, at_best=mean if known is None else known["at_best"], change=usual)
    return {name: Score(**{**score, "at_best": score["mean"]}) if is_best else score for name, score in after.items()}


def scores_from(saved: Mapping[str, Mapping[str, float]]) -> dict[str, Score]:
    """The scores that were saved.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: They are none.
    """
    return {
        str(name): Score(mean=float(s["mean"]), at_best=float(s["at_best"]), change=float(s["change"]))
        for name, s in saved.items()
    }


def beside_scores(finding: Finding, scores: Scores) -> Finding:
    """The same finding, with what the scores did since the best epoch where the loss overfits."""
    if finding.verdict is not Verdict.OVERFITTING or not scores:
        return finding
    rises = [name for name, score in scores.items() if score["mean"] - score["at_best"] > CLEAR * score["change"]]
    advice = f"the latest weights may serve {' and '.join(rises)} better: a loss that rises so is sure of few mistakes"
    return dataclasses.replace(
        finding,
        reason="; ".join([finding.reason, *(_said(name, score) for name, score in scores.items())]),
        evidence={**finding.evidence, **{f"{name}_rise": s["mean"] - s["at_best"] for name, s in scores.items()}},
        advice=(*finding.advice, advice) if rises else finding.advice,
    )


def _said(name: str, score: Score) -> str:
    moved = score["mean"] - score["at_best"]
    if abs(moved) <= CLEAR * score["change"]:
        return f"{name} stayed near {score['mean']:.3g}"
    return f"{name} {'rose' if moved > 0 else 'fell'} from {score['at_best']:.3g} to {score['mean']:.3g}"
