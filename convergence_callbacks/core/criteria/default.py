"""The default rule."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from convergence_callbacks.core.compose import AnyOf
from convergence_callbacks.core.criteria.criterion import Criterion, Finding, State
from convergence_callbacks.core.criteria.non_finite_loss import NonFiniteLoss
from convergence_callbacks.core.criteria.patience import Patience
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.signals import Signals


@dataclass(frozen=True)
class Default(Criterion):
    """The default rule: says what the training looks like, by the criteria that need no setting.

    Args:
        tolerance: Share of the total gain that is not worth waiting for.
    """

    tolerance: float = setting("share of the total gain that is not worth waiting for", 0.01, gt=0, lt=1)

    @functools.cached_property
    def members(self) -> AnyOf:
        """The criteria it is made of."""
        return AnyOf.of(NonFiniteLoss(), Patience(10))

    def start(self) -> State:
        return self.members.start()

    def step(self, state: State, signals: Signals) -> tuple[State, Finding | None]:
        return self.members.step(state, signals)

    def restore(self, saved: State) -> State:  # type: ignore[override]
        return self.members.restore(saved)

    def describe(self) -> str:
        return self.members.describe()
