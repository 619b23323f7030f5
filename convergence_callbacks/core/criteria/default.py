"""The default rule."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import dataclass

from convergence_callbacks.core.compose import AnyOf
from convergence_callbacks.core.criteria import diagnosis
from convergence_callbacks.core.criteria.criterion import Criterion, Finding, State
from convergence_callbacks.core.criteria.diagnosis import Diagnosis
from convergence_callbacks.core.criteria.expected_gain import ExpectedGain
from convergence_callbacks.core.criteria.exploding_loss import ExplodingLoss
from convergence_callbacks.core.criteria.non_finite_loss import NonFiniteLoss
from convergence_callbacks.core.criteria.not_learning import NotLearning
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.signals import Signals
from convergence_callbacks.core.verdict import Verdict

SURE = 0.8
"""Confidence from which on a curable verdict decides by itself whether a training ends: only where the user lets it."""

AGREED = 0.6
"""Confidence that is enough to end a run that learns nothing, once its horizon is over too."""

CURABLE = (Verdict.FALSE_CONVERGENCE, Verdict.UNSTABLE)
"""Verdicts that another learning rate cures; only a user who lists them lets them end a training."""

WITHOUT_TOLERANCE = (NonFiniteLoss(), ExplodingLoss(), NotLearning())
"""Those of its members that ask neither for the tolerance nor for the trees."""


@dataclass(frozen=True)
class Default(Criterion):
    """The default rule: stop when nothing more is to be gained, and say of every epoch what the training looks like.

    What it looks like says the `Diagnosis`; when it has settled says `ExpectedGain`. A verdict by itself ends a run
    only where that is certain: it has diverged, or it still learns nothing after the epochs within which it should
    have begun. Overfitting ends it once nothing more is expected, since in fine-tuning it may come back. Slow is not
    finished, and jumps are not convergence: a run that surely converges falsely or is surely unstable goes on unless
    these verdicts are among those that end one. Where that is likely but not sure, it ends like one that has converged,
    and is told the likely cause.

    Args:
        tolerance: Share of the total gain that is not worth waiting for.

    >>> [criterion.name for criterion in Default().members.criteria][-2:]
    ['diagnosis', 'expected_gain']
    """

    tolerance: float = setting("share of the total gain that is not worth waiting for", 0.01, gt=0, lt=1)

    @functools.cached_property
    def members(self) -> AnyOf:
        """The criteria it is made of."""
        return AnyOf.of(
            *WITHOUT_TOLERANCE,
            Diagnosis(),
            ExpectedGain(self.tolerance),
        )

    def start(self) -> State:
        return self.members.start()

    def step(self, state: State, signals: Signals) -> tuple[State, Finding | None]:
        if signals.judged and not signals.is_due:
            return state, None
        after, findings = self.members.step_each(state, signals)
        found = {finding.criterion: finding for finding in findings}
        return after, told(found, after[Diagnosis.name], signals)

    def restore(self, saved: State) -> State:  # type: ignore[override]
        return self.members.restore(saved)

    def describe(self) -> str:
        return self.members.describe()


def told(found: Mapping[str, Finding], state: State, signals: Signals) -> Finding | None:
    """What follows from all that the criteria found.

    Args:
        found: The findings, by the criterion's name.
        state: Of the diagnosis.
        signals: What can be read from the training.
    """
    return _certain(found) or _told(found, state, signals)


def _certain(found: Mapping[str, Finding]) -> Finding | None:
    """What needs no diagnosis: no number, or an explosion."""
    return found.get(NonFiniteLoss.name) or found.get(ExplodingLoss.name)


def _told(found: Mapping[str, Finding], state: State, signals: Signals) -> Finding | None:
    """The diagnosis, and whether the run may end with it."""
    diagnosed, settled = found.get(Diagnosis.name), found.get(ExpectedGain.name)
    if settled:
        said = _settled(settled, state, signals)
        # Deep networks rest at the trivial level before they begin: that has its own horizon.
        sleeps = said.verdict is Verdict.NOT_LEARNING and NotLearning.name not in found
        return dataclasses.replace(said, ends=False) if sleeps else said
    if diagnosed is None:
        return None
    by_rule = found.get(str(diagnosed.verdict))
    if by_rule and diagnosed.confidence > AGREED:
        return dataclasses.replace(by_rule, confidence=diagnosed.confidence)
    return dataclasses.replace(diagnosed, ends=diagnosed.verdict in CURABLE and diagnosed.confidence > SURE)


def _settled(settled: Finding, state: State, signals: Signals) -> Finding:
    """Nothing more is expected: why that is so says the diagnosis; where it is not sure of a cure, the run ends."""
    said = diagnosis.finding(diagnosis.once_settled(state), signals)
    if said.verdict is settled.verdict:
        return dataclasses.replace(settled, confidence=said.confidence)
    return dataclasses.replace(
        said,
        reason=settled.reason if said.verdict is Verdict.CONVERGED else f"{settled.reason}; {said.reason}",
        evidence={**said.evidence, **settled.evidence},
        criterion=settled.criterion,
        ends_as=settled.verdict if said.verdict in CURABLE and said.confidence < SURE else None,
    )
