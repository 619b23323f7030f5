"""The default rule."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from convergence_callbacks.core.compose import AnyOf, gravest
from convergence_callbacks.core.criteria.criterion import Criterion, Finding, State
from convergence_callbacks.core.criteria.expected_gain import ExpectedGain
from convergence_callbacks.core.criteria.exploding_loss import ExplodingLoss
from convergence_callbacks.core.criteria.false_convergence import FalseConvergence
from convergence_callbacks.core.criteria.non_finite_loss import NonFiniteLoss
from convergence_callbacks.core.criteria.not_learning import NotLearning
from convergence_callbacks.core.criteria.overfitting import Overfitting
from convergence_callbacks.core.criteria.unstable_loss import UnstableLoss
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.signals import Signals
from convergence_callbacks.core.verdict import Verdict


@dataclass(frozen=True)
class Default(Criterion):
    """The default rule: says what the training looks like, by the criteria that need no setting.

    Args:
        tolerance: Share of the total gain that is not worth waiting for.

    >>> [criterion.name for criterion in Default().members.criteria][-2:]
    ['false_convergence', 'expected_gain']
    """

    tolerance: float = setting("share of the total gain that is not worth waiting for", 0.01, gt=0, lt=1)

    @functools.cached_property
    def members(self) -> AnyOf:
        """The criteria it is made of."""
        return AnyOf.of(
            NonFiniteLoss(),
            ExplodingLoss(),
            NotLearning(),
            UnstableLoss(),
            Overfitting(),
            FalseConvergence(),
            ExpectedGain(self.tolerance),
        )

    def start(self) -> State:
        return self.members.start()

    def step(self, state: State, signals: Signals) -> tuple[State, Finding | None]:
        after, findings = self.members.step_each(state, signals)
        if any(finding.verdict is Verdict.FALSE_CONVERGENCE for finding in findings):  # slow is not finished
            findings = [finding for finding in findings if finding.criterion != ExpectedGain.name]
        return after, gravest(findings)

    def restore(self, saved: State) -> State:  # type: ignore[override]
        return self.members.restore(saved)

    def describe(self) -> str:
        return self.members.describe()
