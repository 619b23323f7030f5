"""Judges a training while its log grows."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.forecast import Forecast
from convergence_callbacks.core.monitor import Monitor
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.logs.run import Run
from convergence_callbacks.replay import settings_for

EARLY = 5
"""Epochs: a log that changes within its first ones is that of another training, later it is a resume."""


@dataclass
class Session:
    """What is known of a training from all looks at its log.

    Args:
        settings: The monitor's.
        seen: What was observed so far, also in files that were rotated away since.
        decisions: What was decided, one for each observation.
        begun: How many trainings the log held so far: one that was cut and starts over is another.
        run: The latest reading, counted as the log was at first.
    """

    settings: Settings
    seen: list[Observation] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    begun: int = 0
    run: Run | None = None
    _monitor: Monitor | None = None

    @property
    def stop(self) -> Decision | None:
        """The first decision that ends the training before its budget does."""
        return next((each for each in self.decisions if each.ends_early), None)

    @property
    def before_stop(self) -> list[Observation]:
        """What was observed before the stop, the first observation at least; all where there is none."""
        stop = self.stop
        return self.seen if stop is None else [each for each in self.seen if each.step < stop.step] or self.seen[:1]

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
            The decisions that are new or changed: from the first epoch whose numbers changed.
        """
        if not run.observations:
            return []
        run = self.run = self._counted(run)
        now = run.observations if is_settled else run.observations[:-1]
        merged = continued(self.seen, now)
        same = _same_at_the_start(self.seen, merged)
        if same == len(merged):  # a file that is just being rewritten is shorter for a moment
            return []
        if self._monitor is None or same < len(self.seen):
            self._begin(run, same)
        new = merged[len(self.seen) :]
        self.seen += new
        assert self._monitor is not None  # _begin made it
        self.decisions += [self._monitor.observe(observation) for observation in new]
        return self.decisions[same:]

    def _begin(self, run: Run, same: int) -> None:
        """Start the judgement again: known epochs were completed or repeated, or it is another training."""
        if same < min(EARLY, max(1, len(self.seen) - 1)):  # the newest may have been completed since
            self.begun += 1
        self._monitor = Monitor.from_settings(settings_for(run, self.settings, is_over=False), counter=run.counter)
        self.seen, self.decisions = [], []

    def _counted(self, run: Run) -> Run:
        """The run counted as its log was at first: what a rotation leaves does not show from what number."""
        shift = 0 if self.run is None else run.counts_from - self.run.counts_from
        if shift == 0:
            return run
        moved = tuple(dataclasses.replace(each, step=each.step + shift) for each in run.observations)
        epochs = {(each.step, each.train_loss, each.val_loss) for each in self.seen}
        begins = moved[0]
        begins_later = run.counts_from > 1 or shift < 0
        is_rest = begins.step > 0 if begins_later else (begins.step, begins.train_loss, begins.val_loss) in epochs
        if not is_rest:
            return run
        planned = None if run.planned is None else run.planned + shift
        return dataclasses.replace(run, observations=moved, counts_from=run.counts_from - shift, planned=planned)


def continued(seen: Sequence[Observation], now: Sequence[Observation]) -> list[Observation]:
    """All of a training: what is in the log now, and before it what a rotation took away.

    >>> old, new = [Observation(step=e) for e in (0, 1, 2)], [Observation(step=e, lr=1.0) for e in (2, 3)]
    >>> [observation.step for observation in continued(old, new)]
    [0, 1, 2, 3]
    """
    if not now:
        return list(seen)
    return [each for each in seen if now[0].step > 0 and each.step < now[0].step] + list(now)


def _same_at_the_start(one: Sequence[Observation], other: Sequence[Observation]) -> int:
    """How many observations two trainings have in common until they first differ."""
    pairs = itertools.takewhile(lambda pair: pair[0].to_dict() == pair[1].to_dict(), zip(one, other, strict=False))
    return sum(1 for _ in pairs)
