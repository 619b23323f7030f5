"""What came of one training, and what other rules would have made of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from convergence_callbacks import Decision, Monitor, Observation, Patience
from demo.situations import EPOCHS, Situation


@dataclass(frozen=True)
class Result:
    """One training that was stopped by the callback, and the same one run to its end.

    Args:
        framework: ``lightning`` or ``keras``.
        situation: What was trained.
        decisions: The decision of the callback at each epoch until its stop.
        observations: Every epoch of the training that was not stopped.
    """

    framework: str
    situation: Situation
    decisions: Sequence[Decision]
    observations: Sequence[Observation]

    @property
    def last(self) -> Decision:
        """The decision that the training ended with."""
        return self.decisions[-1]

    @property
    def epochs(self) -> int:
        """Epochs trained."""
        return self.last.step + 1

    @property
    def full_best(self) -> float | None:
        """Best validation loss that the whole budget would have given."""
        return _replay(self.observations, Monitor(criteria=Patience(EPOCHS))).best_value

    def lost(self, best: float | None) -> float | None:
        """What a best value loses of all that the whole budget gained, as a share; None where it gained nothing."""
        losses = [seen.val_loss for seen in self.observations if seen.val_loss is not None]
        if best is None or self.full_best is None or not losses or not math.isfinite(losses[0]):
            return None
        gain = losses[0] - self.full_best
        return (best - self.full_best) / gain if gain > 0 else None

    @property
    def patience(self) -> Decision:
        """How patience 10 would have ended."""
        return _replay(self.observations, Monitor(max_epochs=EPOCHS, criteria=Patience(10), min_epochs=0))


def _replay(observations: Sequence[Observation], monitor: Monitor) -> Decision:
    """The decision at which a monitor ends the recorded training, or its last."""
    for observation in observations:
        decision = monitor.observe(observation)
        if decision.stop:
            break
    return decision
