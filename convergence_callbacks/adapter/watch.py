"""The diagnosis beside a framework's own rule: only reported, unless the user lets it end the training too."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Literal

from convergence_callbacks.adapter.logged_losses import LoggedLosses
from convergence_callbacks.adapter.processes import ALONE, Processes
from convergence_callbacks.adapter.stopping import Stopping
from convergence_callbacks.core.counter import Counter
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.errors import ConvergenceError, StateError
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.metrics.find import is_of_training

NAME = "early_stopping"
"""Name of the criterion of a decision that the framework's own rule made."""


class Watch(Stopping):
    """Watches a training whose end another rule decides.

    Args:
        monitor: Name of the metric that the other rule judges.
        mode: Whether less or more of it is better.
        tolerance: That of the default rule; None if it may not end the training.
        listeners: Called with each observation and its decision.
        processes: The processes of the training.
        counter: What the framework calls its epochs, and how it numbers them.
        verbose: Whether to sum the training up at its end.

    >>> watch = Watch("val_loss", mode="min")
    >>> decision = watch.decide(watch.collect(0, {"train_loss": 0.5, "val_loss": 0.6}))
    >>> print(watch.end("patience is exhausted"))
    stop at epoch 0: improving | patience is exhausted | best 0.6 at epoch 0 | next: use the weights of epoch 0
    """

    def __init__(
        self,
        monitor: str,
        *,
        mode: Literal["min", "max"],
        tolerance: float | None = None,
        listeners: list[Callable[[Observation, Decision], None]] | None = None,
        processes: Processes = ALONE,
        counter: Counter = Counter(),  # noqa: B008  # frozen
        verbose: bool = False,
    ) -> None:
        role = "train_metric" if is_of_training(monitor) else "val_metric"
        self.counter = counter
        self._may_end = tolerance is not None
        super().__init__(
            mode=mode,
            stop_on="finished" if self._may_end else "nothing",
            tolerance=0.01 if tolerance is None else tolerance,
            verbose=int(verbose),
            **{role: monitor},  # type: ignore[arg-type]
        )
        self.processes = processes
        self.listeners = [] if listeners is None else listeners

    def resume(self, state: Any, *circumstances: Any, **named: Any) -> None:
        """Continue a run from a saved state, if there is one that can be read; else start a new run."""
        self._saved = state
        self.begin_resumed(*circumstances, **named)

    def report_unreadable(self, error: StateError) -> None:
        """Report that a saved state can't be read and a new run was started instead."""
        self.complain(StateError(f"{error}; the diagnosis starts without it"))

    @property
    def ends(self) -> bool:
        """Whether the default rule would end the training here, and may."""
        return self._may_end and bool(self.history) and self.history[-1].ends_early

    def complain(self, error: ConvergenceError, about: str = "") -> None:
        """Warn of what went wrong, once for each thing."""
        self.run.complaints.make(error, about)

    def complain_of_losses(self, found: LoggedLosses) -> None:
        """Do nothing, since the framework's own rule complains of missing losses."""

    def end(self, reason: str) -> Decision:
        """Turn the latest decision into a stop, for the reason of the other rule.

        Raises:
            LookupError: No epoch was judged yet.
        """
        last = self.history[-1]
        if not self.ends:
            last = dataclasses.replace(last, stop=True, quoted=reason, found_by=(NAME,))
        self.history[-1] = last
        self.run.stopped_epoch = last.step
        return last


class Watched:
    """The public attributes of a callback that has a `Watch`: its decisions and observations."""

    _watch: Watch | None

    @property
    def decision(self) -> Decision | None:
        """The latest decision, None before the first epoch."""
        return None if self._watch is None else self._watch.decision

    @property
    def history(self) -> list[Decision]:
        """All decisions of this process, in order."""
        return [] if self._watch is None else self._watch.history

    @property
    def observations(self) -> list[Observation]:
        """All observations of this process, one for each decision."""
        return [] if self._watch is None else self._watch.observations
