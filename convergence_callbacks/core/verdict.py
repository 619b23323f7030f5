"""What can be said of a training, in one word."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Verdict(StrEnum):
    """The state of a training, from harmless to grave.

    When several apply at once, the gravest is given.
    """

    IMPROVING = "improving"
    """The loss still falls by more than the tolerance, or it is too early to say otherwise."""

    CONVERGED = "converged"
    """The loss has settled: what more epochs can be expected to bring is below the tolerance."""

    FALSE_CONVERGENCE = "false_convergence"
    """The loss looks flat because the learning rate is too low: slow is not finished."""

    OVERFITTING = "overfitting"
    """Train loss still falls while validation loss has risen beyond its noise."""

    UNSTABLE = "unstable"
    """The loss jumps by a large share of what was ever gained: the learning rate is too high."""

    NOT_LEARNING = "not_learning"
    """Neither loss has left the level of a trivial predictor."""

    DIVERGED = "diverged"
    """The loss exploded or is no longer a finite number."""

    def __repr__(self) -> str:  # so that the representation of what holds one builds it again
        return f"Verdict.{self.name}"

    @property
    def gravity(self) -> int:
        """Rank among the verdicts, 0 for improving; the larger, the graver."""
        return list(Verdict).index(self)


BROKEN = (Verdict.FALSE_CONVERGENCE, Verdict.UNSTABLE, Verdict.NOT_LEARNING, Verdict.DIVERGED)
"""Verdicts that call a training broken: another learning rate, or other data, may mend it."""

STOP_ON: Mapping[str, tuple[Verdict, ...]] = {
    "finished": (Verdict.CONVERGED, Verdict.OVERFITTING, Verdict.DIVERGED, Verdict.NOT_LEARNING),
    "any": tuple(verdict for verdict in Verdict if verdict is not Verdict.IMPROVING),
    "nothing": (),
}
"""Verdicts that end a training, by the word that a user sets; after those of *finished*, more epochs bring nothing."""

WHEN_UNSURE = (
    "a verdict that is only likely ends nothing by itself: if converged is listed, the run ends with that verdict once "
    "its loss has settled, or, if likely unstable, once 30 epochs have brought next to nothing"
)
"""What `stop_on` does with a verdict that is not certain."""
