"""Nothing was ever learnt."""

from __future__ import annotations

import math
from dataclasses import dataclass

from convergence_callbacks.core.criteria.criterion import Criterion, Finding, State
from convergence_callbacks.core.criteria.false_convergence import is_steady
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.signals import BEGUN, Signals
from convergence_callbacks.core.verdict import Verdict


@dataclass(frozen=True)
class NotLearning(Criterion):
    """The judged loss has not left the level of a trivial predictor.

    Validation loss that rises from there while train loss falls is memorising, as with broken labels. Where
    it merely stays, it may also be a hard start, and is given twice the epochs.

    Deep networks can sit at that level for tens of epochs before they begin to learn, and so does every
    network while its learning rate warms up: so this has a horizon of its own, and a train loss that falls
    steadily, however slowly, is no case of it.

    Args:
        epochs: Epochs within which a network should have begun; half the budget where that is less.

    >>> NotLearning(40).describe()
    'the loss has not left its starting level within 40 epochs'
    """

    epochs: int = setting("epochs within which the loss should have left its starting level", 40, ge=1)

    def step(self, state: State, signals: Signals) -> tuple[State, Finding | None]:
        if not signals.judged or signals.has_begun or signals.curve.count < self._horizon(signals):
            return state, None
        if signals.rate_is_moving(self.epochs // 8) or (is_steady(signals) and not self._memorises(signals)):
            return state, None
        return state, self.finding(signals)

    def describe(self) -> str:
        return f"the loss has not left its starting level within {self.epochs} epochs"

    def _horizon(self, signals: Signals) -> int:
        if signals.train_has_begun and not self._memorises(signals):  # a hard start
            return 2 * self.epochs
        return self.epochs if signals.max_epochs is None else min(self.epochs, max(10, signals.max_epochs // 2))

    def _memorises(self, signals: Signals) -> bool:
        worse = signals.level(max(1, self.epochs // 4)) > signals.start and signals.gained < BEGUN
        return signals.train_has_begun and worse

    def finding(self, signals: Signals) -> Finding:
        """What is said of a run that learns nothing, whoever found that."""
        start, best = signals.sign * signals.start, signals.sign * signals.curve.best
        return Finding(
            reason=f"in {signals.curve.count} epochs the loss got from {start:.4g} to {best:.4g} at best",
            verdict=Verdict.NOT_LEARNING,
            evidence={"started_at": start, "best": best, "epochs": signals.curve.count},
            advice=_what_to_look_at(signals),
            confidence=0.8,
        )


def _what_to_look_at(signals: Signals) -> tuple[str, ...]:
    """Where train loss falls alone, the labels do not follow from the inputs; else it may be anything."""
    ten = (
        f"try to overfit ten examples first: their train loss should fall far below {signals.sign * signals.start:.3g}"
    )
    train = signals.known_train_losses
    if not len(train):
        return "check labels, input scale and loss function", ten
    fell = (float(train[0]) - float(train.min())) / max(abs(float(train[0])), math.ulp(0.0))
    if signals.train_has_begun:
        return f"check whether labels fit their inputs: train loss alone fell, by {100 * fell:.2g} %", ten
    return f"check labels, input scale and loss function: train loss fell by {100 * fell:.2g} % only", ten
