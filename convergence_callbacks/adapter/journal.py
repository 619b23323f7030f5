"""The observations and decisions of this process, and the listeners that receive them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from convergence_callbacks.adapter.complaints import Complaints
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.errors import ConvergenceError
from convergence_callbacks.core.observation import Observation

Listener = Callable[[Observation, Decision], None]
"""Called with each observation and its decision."""


class Journal:
    """The observations and decisions of a run, in order.

    Args:
        complaints: Reports a listener that fails.
    """

    def __init__(self, complaints: Complaints) -> None:
        self.observations: list[Observation] = []
        self.decisions: list[Decision] = []
        self._complaints = complaints

    def add(self, observation: Observation, decision: Decision, listeners: Iterable[Listener]) -> None:
        """Keep an epoch, and pass it to the listeners."""
        self.observations.append(observation)
        self.decisions.append(decision)
        for listener in listeners:
            try:
                listener(observation, decision)
            except Exception as error:  # a picture that can't be drawn must not end a training
                self._complaints.make(ConvergenceError(f"{listener!r} failed: {error!r}"), about=repr(listener))
