"""Judges a training while its log grows."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field

from convergence_callbacks.core.criteria.max_epochs import MaxEpochs
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.loss_forecast import Forecast
from convergence_callbacks.core.monitor import Monitor
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.logs.run import Run
from convergence_callbacks.replay import budget_of, monitor_with


@dataclass
class Session:
    """What is known of a training from all looks at its log.

    Args:
        settings: The monitor's.
        seen: What was observed so far, also in files that were rotated away since.
        decisions: What was decided, one for each observation.
        begun: How many trainings it was so far: a log that was cut and begins anew is another one.
    """

    settings: Settings
    seen: list[Observation] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    begun: int = 0
    _monitor: Monitor | None = None

    @property
    def stop(self) -> Decision | None:
        """The first decision that ends the training before its budget does."""
        return next((each for each in self.decisions if each.stop and each.criterion != MaxEpochs.name), None)

    @property
    def forecast(self) -> Forecast | None:
        """Where the training is going, as seen from its latest epoch; None before the fifth."""
        return None if self._monitor is None else self._monitor.forecast()

    def take(self, run: Run, *, is_settled: bool = True) -> list[Decision]:
        """Take in a reading of the log.

        Args:
            run: The training, as far as it is logged.
            is_settled: Whether its last epoch is complete; if not, it is left for the next look.

        Returns:
            The decisions that are new.
        """
        now = run.observations if is_settled else run.observations[:-1]
        known = [each.to_dict() for each in self.seen]
        merged = continued(self.seen, now)
        again = [each.to_dict() for each in merged]
        if known[: len(again)] == again:  # a file that is just being rewritten is shorter for a moment
            return []
        if self._monitor is None or again[: len(known)] != known:
            self._begin(run, merged)
        new = merged[len(self.seen) :]
        self.seen += new
        assert self._monitor is not None  # _begin made it
        decided = [self._monitor.observe(observation) for observation in new]
        self.decisions += decided
        return decided

    def _begin(self, run: Run, merged: Sequence[Observation]) -> None:
        """Begin the judgement anew: the first time, after a resume that repeats epochs, or with another training."""
        if not self.seen or not merged or merged[0].to_dict() != self.seen[0].to_dict():
            self.begun += 1
        budget = self.settings.max_epochs or budget_of(run, is_over=False)
        self._monitor = monitor_with(dataclasses.replace(self.settings, max_epochs=budget))
        self.seen, self.decisions = [], []


def continued(seen: Sequence[Observation], now: Sequence[Observation]) -> list[Observation]:
    """All of a training: what is in the log now, and before it what a rotation took away.

    >>> old, new = [Observation(step=e) for e in (0, 1, 2)], [Observation(step=e, lr=1.0) for e in (2, 3)]
    >>> [observation.step for observation in continued(old, new)]
    [0, 1, 2, 3]
    """
    if not now:
        return list(seen)
    return [each for each in seen if now[0].step > 0 and each.step < now[0].step] + list(now)
