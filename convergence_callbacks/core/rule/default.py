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
from convergence_callbacks.core.criterion import Criterion, Finding, LaterEvidence, State, found_by
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

NO_NUMBER, EXPLODES, RESTS, LOOKS = NonFiniteLoss(), ExplodingLoss(), NotLearning(), Diagnosis()
"""The criteria that it is made of, beside `ExpectedGain`."""

_WITH_STATE: dict[str, Criterion] = {each.name: each for each in (EXPLODES, LOOKS, ExpectedGain())}
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
            (NO_NUMBER, NO_NUMBER.verdicts),
            (EXPLODES, EXPLODES.verdicts),
            (RESTS, RESTS.verdicts),
            (LOOKS, CURABLE),
            (self._settles, self._settles.verdicts),
        )

    def start(self) -> State:
        return {name: criterion.start() for name, criterion in _WITH_STATE.items()}

    def restore(self, saved: Mapping[str, Any]) -> State:
        return {name: criterion.restore(saved.get(name, {})) for name, criterion in _WITH_STATE.items()}

    def step(self, state: State, reading: Reading) -> tuple[State, bool]:
        if reading.judged and not self._looks_at(state, reading):  # divergence is looked for at every epoch
            state = {**state, EXPLODES.name: EXPLODES.step(state[EXPLODES.name], reading)[0]}
            return state, self._has_diverged(state, reading)
        state = reading.once(_stepped, state)
        return state, can_diagnose(reading) or self._has_diverged(state, reading) or self._has_settled(state, reading)

    def finding(self, state: State, reading: Reading) -> Finding:
        if self._has_diverged(state, reading):
            return self._diverged(state, reading)
        if self._has_settled(state, reading):
            return self._settled(state, reading)
        looks = LOOKS.finding(state[LOOKS.name], reading)
        overfits = looks.verdict is Verdict.OVERFITTING and reading.train_has_begun
        has_another_cause = overfits or looks.verdict is Verdict.FALSE_CONVERGENCE
        if not _is_sure_of_a_cure(looks) and not has_another_cause and RESTS.has_not_begun(reading):
            return self._rests(looks, reading)
        return Finding(
            verdict=looks.verdict,
            evidence=looks.evidence,
            confidence=looks.confidence,
            found_by=(LOOKS.name,),
            ends=self._ends_as(looks, reading),
        )

    def _looks_at(self, state: State, reading: Reading) -> bool:
        """Whether the run is judged in full: not while nothing that ends it can have changed."""
        is_broken = state[LOOKS.name]["verdict"] in BROKEN
        return reading.is_looked_at and (
            is_broken or not self._settles.is_far_from_end(state[ExpectedGain.name], reading)
        )

    def _ends_as(self, looks: Finding, reading: Reading) -> Verdict | bool | None:
        """The verdict by which a run that has not settled may end: a sure curable one, or that it wastes epochs."""
        if self._is_wasted(looks, reading):
            return Verdict.CONVERGED
        return looks.verdict if _is_sure_of_a_cure(looks) else False

    def _is_wasted(self, looks: Finding, reading: Reading) -> bool:
        """Whether a run that is likely unstable has nothing left to gain, so that it ends as converged."""
        is_unstable = looks.verdict is Verdict.UNSTABLE and looks.confidence > AGREED
        return is_unstable and reading.is_looked_at and is_wasted(reading.ask(further_gain.read).features, reading)

    def _rests(self, looks: Finding, reading: Reading) -> Finding:
        """The finding for a loss at rest at its start: it ends the run if the diagnosis agrees or train loss rests."""
        agrees = looks.verdict is Verdict.NOT_LEARNING and looks.confidence > AGREED
        came_down = has_fallen(reading.ask(further_gain.read).features)
        ends = (agrees and not came_down) or (had_hard_start(reading) and (agrees or not reading.train_has_begun))
        confidence = looks.confidence if agrees else LIKELY
        return dataclasses.replace(found_by(RESTS, {}, reading), confidence=confidence, ends=ends)

    def _has_diverged(self, state: State, reading: Reading) -> bool:
        return reading.non_finite >= NO_NUMBER.epochs or EXPLODES.is_met(state[EXPLODES.name], reading)

    def _diverged(self, state: State, reading: Reading) -> Finding:
        if NO_NUMBER.is_met(reading):
            return found_by(NO_NUMBER, {}, reading)
        return found_by(EXPLODES, state[EXPLODES.name], reading)

    def _has_settled(self, state: State, reading: Reading) -> bool:
        return self._settles.has_settled(state[ExpectedGain.name], reading)

    def _settled(self, state: State, reading: Reading) -> Finding:
        """The finding where nothing more is expected, with the likely cause; the run ends unless a cure is sure."""
        settled = found_by(self._settles, state[ExpectedGain.name], reading)
        looks = once_settled(state[LOOKS.name], had_hard_start=had_hard_start(reading))
        cause = LOOKS.finding(looks, reading)
        if cause.verdict is Verdict.CONVERGED and RESTS.has_not_begun(reading):
            return self._rests(cause, reading)
        if cause.verdict is settled.verdict:
            return dataclasses.replace(settled, confidence=cause.confidence)
        return dataclasses.replace(
            cause,
            evidence=LaterEvidence(lambda: {**cause.evidence, **settled.evidence}),
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
    def _settles(self) -> ExpectedGain:
        return ExpectedGain(self.tolerance)


def _is_sure_of_a_cure(looks: Finding) -> bool:
    return looks.verdict in CURABLE and looks.confidence > SURE


def _stepped(state: State, reading: Reading) -> State:
    """The state after an epoch; rules that differ only in tolerance share it."""
    exploding, looks, settles = state[EXPLODES.name], state[LOOKS.name], state[ExpectedGain.name]
    return {
        EXPLODES.name: EXPLODES.step(exploding, reading)[0],
        LOOKS.name: diagnosed(looks, reading) if can_diagnose(reading) else looks,
        ExpectedGain.name: expecting(settles, reading) if can_expect(reading) else settles,
    }
