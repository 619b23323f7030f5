"""Neither loss falls any more."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from convergence_callbacks.core.criterion import Criterion, Finding, State, with_numbers
from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.observation import is_finite
from convergence_callbacks.core.verdict import Verdict

PARTS = 16
"""Epochs of the window at which the lowest losses are kept; those before it may be one such distance too old."""

CONFIDENCE = 0.7
"""Confidence that it has converged: a loss may fall again."""


@dataclass(frozen=True)
class Plateau(Criterion):
    """Neither the judged loss nor train loss has fallen lately, each measured by its own gain.

    While train loss still falls, the weights move, and validation loss may yet follow. If there is only one loss, it
    is judged alone. Nothing is judged while the learning rate changes.
    """

    epochs: int = setting("epochs without a fall of either loss; above 16 up to a sixteenth more", 10, ge=2)
    share: float = setting("fall that counts as none, as a share of the loss's own gain so far", 0.01, gt=0, lt=1)

    verdicts: ClassVar = (Verdict.CONVERGED,)
    stops_when: ClassVar = "neither loss has fallen by more than {share:percent} of its gain for {epochs:epochs}"
    because: ClassVar = (
        "in {epochs:epochs} neither loss fell by more than {threshold:percent} of its gain"
        "[, the judged loss by {fall:percent}][, train loss by {train_fall:percent}]"
    )

    def start(self) -> State:
        return {"train_first": None, "train_lowest": None, "before": []}

    def restore(self, saved: Mapping[str, Any]) -> State:
        state = with_numbers(super().restore(saved), "train_first", "train_lowest")
        before = [_Before(int(each[0]), float(each[1]), each[2]) for each in state["before"]]
        return {**state, "before": [[each.epoch, each.lowest, each.train_lowest] for each in before]}

    def step(self, state: State, reading: Reading) -> tuple[State, bool]:
        if not reading.judged:
            return state, False
        state = self._seen(state, reading)
        if reading.curve.count - _Before(*state["before"][0]).epoch < self.epochs:
            return state, False
        if not reading.has_begun or reading.rate_is_moving(self.epochs):
            return state, False
        return state, max(_fall(state, reading), _train_fall(state)) <= self.share

    def finding(self, state: State, reading: Reading) -> Finding:
        return Finding(
            verdict=Verdict.CONVERGED,
            evidence={
                "fall": _fall(state, reading),
                "train_fall": _train_fall(state),
                "threshold": self.share,
                "epochs": self.epochs,
            },
            confidence=CONFIDENCE,
        )

    def _seen(self, state: State, reading: Reading) -> State:
        """The state after an epoch; of the epochs before the window only the latest is kept."""
        first, lowest, before = state["train_first"], state["train_lowest"], state["before"]
        train, count = reading.observation.train_loss, reading.curve.count
        if train is not None and is_finite(train):
            train *= reading.sign
            first, lowest = (train, train) if first is None else (first, min(lowest, train))
        if not before or count - before[-1][0] >= math.ceil(self.epochs / PARTS):
            before = [*before, [count, reading.curve.best, lowest]]
        over = sum(count - each[0] >= self.epochs for each in before)
        return {"train_first": first, "train_lowest": lowest, "before": before[max(0, over - 1) :]}


class _Before(NamedTuple):
    """The lowest losses up to an epoch."""

    epoch: int
    lowest: float
    train_lowest: float | None


def _fall(state: State, reading: Reading) -> float:
    """Fall of the lowest judged loss over the window, as a share of its gain."""
    return (_Before(*state["before"][0]).lowest - reading.curve.best) / (reading.start - reading.curve.best)


def _train_fall(state: State) -> float:
    """Fall of the lowest train loss over the window, as a share of its gain; 0 where there was none before it."""
    first, lowest, before = state["train_first"], state["train_lowest"], _Before(*state["before"][0]).train_lowest
    if before is None or not first - lowest > 0:
        return 0.0
    return float((before - lowest) / (first - lowest))
