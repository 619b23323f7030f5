"""The default rule: stop when the gain still to be expected is below the tolerance, unless the run has not begun to
learn or the learning rate is about to change.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from convergence_callbacks.core.criteria.exploding_loss import ExplodingLoss
from convergence_callbacks.core.criteria.non_finite_loss import NonFiniteLoss
from convergence_callbacks.core.criteria.not_learning import NotLearning
from convergence_callbacks.core.criterion import Criterion, Finding, LazyEvidence, State, found_by
from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.fields import setting
from convergence_callbacks.core.models.further_gain import model as further_gain
from convergence_callbacks.core.rule.diagnosis import Diagnosis, can_diagnose, diagnosed, once_settled
from convergence_callbacks.core.rule.expected_gain import ExpectedGain, can_expect, expecting
from convergence_callbacks.core.rule.guards import AGREED, LIKELY, SURE, had_hard_start, has_fallen, is_wasted
from convergence_callbacks.core.verdict import BROKEN, Verdict

CURABLE = (Verdict.FALSE_CONVERGENCE, Verdict.UNSTABLE)
"""Verdicts that another learning rate cures; they end a training only where `stop_on` lists them."""

MAY_YET_BEGIN = (Verdict.FALSE_CONVERGENCE, Verdict.NOT_LEARNING)
"""Verdicts that a hard start gets too: a run has half its budget to leave it, however little is expected."""

NON_FINITE, EXPLODING, NOT_LEARNING, DIAGNOSIS = NonFiniteLoss(), ExplodingLoss(), NotLearning(), Diagnosis()
"""The criteria that it is made of, beside `ExpectedGain`."""

_WITH_STATE: dict[str, Criterion] = {each.name: each for each in (EXPLODING, DIAGNOSIS, ExpectedGain())}
"""Those of them that have a state; no state depends on the tolerance."""


@dataclass(frozen=True)
class Default(Criterion):
    """Stop when nothing more is to be gained, and report at every epoch what the training looks like.

    `Diagnosis` decides what the run looks like, `ExpectedGain` when it has settled. Before a run has settled, a verdict
    ends it only if it has diverged, or still learns nothing after the epochs within which it should have begun.
    Overfitting ends it once nothing more is expected, since in fine-tuning validation loss may fall again. Slow is not
    finished, and jumps are not convergence: a run that surely converges falsely or is surely unstable goes on, unless
    `stop_on` lists that verdict, or an unstable run has gained next to nothing for 30 epochs. If such a cause is likely
    but not sure, the run ends like one that has converged, and reports the likely cause.

    >>> [criterion.name for criterion, _ in Default().grounds][-2:]
    ['diagnosis', 'expected_gain']
    """

    tolerance: float = setting("share of the total gain that is not worth waiting for", 0.01, gt=0, lt=1)

    verdicts: ClassVar = tuple(verdict for verdict in Verdict if verdict is not Verdict.IMPROVING)

    @property
    def grounds(self) -> tuple[tuple[Criterion, tuple[Verdict, ...]], ...]:
        """Its criteria, each with the verdicts by which it may end a training."""
        return (
            (NON_FINITE, NON_FINITE.verdicts),
            (EXPLODING, EXPLODING.verdicts),
            (NOT_LEARNING, NOT_LEARNING.verdicts),
            (DIAGNOSIS, CURABLE),
            (self._gain, self._gain.verdicts),
        )

    def start(self) -> State:
        return {name: criterion.start() for name, criterion in _WITH_STATE.items()}

    def restore(self, saved: Mapping[str, Any]) -> State:
        return {name: criterion.restore(saved.get(name, {})) for name, criterion in _WITH_STATE.items()}

    def step(self, state: State, reading: Reading) -> tuple[State, bool]:
        if reading.judged and not self._is_judged(state, reading):  # divergence is looked for at every epoch
            state = {**state, EXPLODING.name: EXPLODING.step(state[EXPLODING.name], reading)[0]}
            return state, self._has_diverged(state, reading)
        state = reading.once(_stepped, state)
        return state, can_diagnose(reading) or self._has_diverged(state, reading) or self._has_settled(state, reading)

    def finding(self, state: State, reading: Reading) -> Finding:
        if self._has_diverged(state, reading):
            return self._diverged(state, reading)
        if self._has_settled(state, reading):
            return self._settled(state, reading)
        cause = DIAGNOSIS.finding(state[DIAGNOSIS.name], reading)
        overfits = cause.verdict is Verdict.OVERFITTING and reading.train_has_begun
        has_another_cause = overfits or cause.verdict is Verdict.FALSE_CONVERGENCE
        if not _is_sure_of_a_cure(cause) and not has_another_cause and NOT_LEARNING.has_not_begun(reading):
            return self._not_learning(cause, reading)
        return dataclasses.replace(cause, found_by=(DIAGNOSIS.name,), ends=self._ends_as(cause, reading))

    def _is_judged(self, state: State, reading: Reading) -> bool:
        """Whether the run is judged in full: not while nothing that ends it can have changed."""
        is_broken = state[DIAGNOSIS.name]["verdict"] in BROKEN
        return reading.is_looked_at and (is_broken or not self._gain.is_far_from_end(state[ExpectedGain.name], reading))

    def _ends_as(self, cause: Finding, reading: Reading) -> Verdict | bool | None:
        """The verdict by which a run that has not settled may end: a sure curable one, or that it wastes epochs."""
        if self._is_wasted(cause, reading):
            return Verdict.CONVERGED
        return cause.verdict if _is_sure_of_a_cure(cause) else False

    def _is_wasted(self, cause: Finding, reading: Reading) -> bool:
        """Whether a run that is likely unstable has nothing left to gain, so that it ends as converged."""
        is_unstable = cause.verdict is Verdict.UNSTABLE and cause.confidence > AGREED
        return is_unstable and reading.is_looked_at and is_wasted(reading.ask(further_gain.read).features, reading)

    def _not_learning(self, cause: Finding, reading: Reading) -> Finding:
        """The finding for a loss that has not left its start; it ends the run if diagnosis or train loss agree."""
        agrees = cause.verdict is Verdict.NOT_LEARNING and cause.confidence > AGREED
        came_down = has_fallen(reading.ask(further_gain.read).features)
        ends = (agrees and not came_down) or (had_hard_start(reading) and (agrees or not reading.train_has_begun))
        confidence = cause.confidence if agrees else LIKELY
        return dataclasses.replace(found_by(NOT_LEARNING, {}, reading), confidence=confidence, ends=ends)

    def _has_diverged(self, state: State, reading: Reading) -> bool:
        return NON_FINITE.is_met(reading) or EXPLODING.is_met(state[EXPLODING.name], reading)

    def _diverged(self, state: State, reading: Reading) -> Finding:
        if NON_FINITE.is_met(reading):
            return found_by(NON_FINITE, {}, reading)
        return found_by(EXPLODING, state[EXPLODING.name], reading)

    def _has_settled(self, state: State, reading: Reading) -> bool:
        return self._gain.has_settled(state[ExpectedGain.name], reading)

    def _settled(self, state: State, reading: Reading) -> Finding:
        """The finding where nothing more is expected, with the likely cause; the run ends unless a cure is sure."""
        settled = found_by(self._gain, state[ExpectedGain.name], reading)
        diagnosis = once_settled(state[DIAGNOSIS.name], had_hard_start=had_hard_start(reading))
        cause = DIAGNOSIS.finding(diagnosis, reading)
        if cause.verdict is Verdict.CONVERGED and NOT_LEARNING.has_not_begun(reading):
            return self._not_learning(cause, reading)
        if cause.verdict is settled.verdict:
            return dataclasses.replace(settled, confidence=cause.confidence)
        return dataclasses.replace(
            cause,
            evidence=LazyEvidence(lambda: {**cause.evidence, **settled.evidence}),
            found_by=settled.found_by,
            ends=self._settled_ends_as(cause, settled, reading),
        )

    def _settled_ends_as(self, cause: Finding, settled: Finding, reading: Reading) -> Verdict | bool | None:
        """The verdict by which a settled run may end: its cause, or converged where no cure is sure."""
        if cause.verdict in MAY_YET_BEGIN and not had_hard_start(reading):
            return False
        if cause.verdict in CURABLE and (cause.confidence < SURE or self._is_wasted(cause, reading)):
            return settled.verdict
        return cause.verdict

    @functools.cached_property
    def _gain(self) -> ExpectedGain:
        return ExpectedGain(self.tolerance)


def _is_sure_of_a_cure(cause: Finding) -> bool:
    return cause.verdict in CURABLE and cause.confidence > SURE


def _stepped(state: State, reading: Reading) -> State:
    """The state after an epoch; rules that differ only in tolerance share it."""
    exploding, diagnosis, gain = state[EXPLODING.name], state[DIAGNOSIS.name], state[ExpectedGain.name]
    return {
        EXPLODING.name: EXPLODING.step(exploding, reading)[0],
        DIAGNOSIS.name: diagnosed(diagnosis, reading) if can_diagnose(reading) else diagnosis,
        ExpectedGain.name: expecting(gain, reading) if can_expect(reading) else gain,
    }
