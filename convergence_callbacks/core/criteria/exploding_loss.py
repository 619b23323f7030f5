"""A loss far above where it began."""

from __future__ import annotations

from dataclasses import dataclass

from convergence_callbacks.core.advised_rate import lower_rate
from convergence_callbacks.core.criteria.criterion import Criterion, Finding, State
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.signals import BEGUN, Signals
from convergence_callbacks.core.verdict import Verdict

WAY_BACK = 30.0
"""A loss that has come back from its highest by so many times is on its way to where it began."""


@dataclass(frozen=True)
class ExplodingLoss(Criterion):
    """The loss is several times as high as it began, and not on its way back.

    Where train loss has not risen meanwhile and validation loss was never better than it began, the network has
    learnt nothing, or nothing but its training examples: that is no explosion.

    Args:
        times: How many times its starting level the loss has risen to.
        epochs: Epochs in a row; fewer may be a few bad batches, from which training recovers.

    >>> ExplodingLoss().describe()
    'the loss is 3 times as high as it began for 5 epochs in a row'
    """

    times: float = setting("how many times its starting level the loss has risen to", 3.0, gt=1)
    epochs: int = setting("epochs in a row with such a loss", 5, ge=1)

    def start(self) -> State:
        return {"in_a_row": 0}

    def step(self, state: State, signals: Signals) -> tuple[State, Finding | None]:
        if not signals.judged:
            return state, None
        in_a_row = state["in_a_row"] + 1 if self._exploded(signals) else 0
        return {"in_a_row": in_a_row}, self._finding(signals) if in_a_row >= self.epochs else None

    def describe(self) -> str:
        return f"the loss is {self.times:.3g} times as high as it began for {self.epochs} epochs in a row"

    def _exploded(self, signals: Signals) -> bool:
        rise = signals.loss - signals.start
        if not rise > (self.times - 1) * max(abs(signals.start), signals.total_gain) > 0:
            return False
        learns_nothing = _train_holds(signals) and signals.gained < BEGUN
        comes_back = rise < (signals.curve.worst - signals.start) / WAY_BACK
        return not learns_nothing and not comes_back

    def _finding(self, signals: Signals) -> Finding:
        rose = f"the loss rose to {signals.sign * signals.loss:.4g} from {signals.sign * signals.start:.4g}"
        return Finding(
            reason=f"{rose}, while train loss fell" if _train_falls(signals) else rose,
            verdict=Verdict.DIVERGED,
            evidence={"loss": signals.sign * signals.loss, "started_at": signals.sign * signals.start},
            advice=(f"restore epoch {signals.curve.best_step}", f"{lower_rate(signals)}, or clip the gradients"),
            confidence=0.9,
        )


def _train_holds(signals: Signals) -> bool:
    """Whether train loss is hardly above where it began; without validation loss it is judged itself."""
    train = signals.known_train_losses
    return signals.has_validation and len(train) > 0 and bool(train[-1] < train[0] + BEGUN * abs(train[0]))


def _train_falls(signals: Signals) -> bool:
    """Whether train loss is better than it began; without validation loss it is judged itself."""
    train = signals.known_train_losses
    return signals.has_validation and len(train) > 0 and bool(train[-1] < train[0])
