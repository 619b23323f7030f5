"""What came of one training, and what other rules would have made of it."""

from __future__ import annotations

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
        decisions: What the callback said at each epoch until its stop.
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
