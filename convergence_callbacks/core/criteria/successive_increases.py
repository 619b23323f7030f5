"""Prechelt's UP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from convergence_callbacks.core.criteria.criterion import Criterion, Finding, State, with_numbers
from convergence_callbacks.core.criteria.overfitting import against_overfitting
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.signals import Signals
from convergence_callbacks.core.verdict import Verdict


@dataclass(frozen=True)
class SuccessiveIncreases(Criterion):
    """The judged loss rose in several successive strips of epochs (UP).

    Args:
        strips: Successive strips at whose ends the loss was higher than at the end of the one before.
        strip: Epochs in a strip.

    >>> SuccessiveIncreases(3).describe()
    'the loss has risen over 3 successive strips of 5 epochs'

    Source: Prechelt, "Early stopping – but when?" (1998).
    """

    strips: int = setting("successive strips with a rise that are too many", 3, ge=1)
    strip: int = setting("epochs in a strip", 5, ge=1)

    def start(self) -> State:
        return {"last": None, "rises": 0}

    def restore(self, saved: Mapping[str, Any]) -> State:
        return with_numbers(super().restore(saved), "last")

    def step(self, state: State, signals: Signals) -> tuple[State, Finding | None]:
        if not signals.judged or signals.curve.count % self.strip:
            return state, None
        rose = state["last"] is not None and signals.loss > state["last"]
        rises = state["rises"] + 1 if rose else 0
        after = {"last": signals.loss, "rises": rises}
        return after, self._finding(rises, signals) if rises >= self.strips else None

    def _finding(self, rises: int, signals: Signals) -> Finding:
        return Finding(
            reason=f"the loss has risen over {rises} successive strips of {self.strip} epochs",
            verdict=Verdict.OVERFITTING if signals.has_validation else None,
            evidence={"rises": rises, "threshold": self.strips},
            advice=against_overfitting(signals) if signals.has_validation else (),
            confidence=0.5,
        )

    def describe(self) -> str:
        return f"the loss has risen over {self.strips} successive strips of {self.strip} epochs"
