"""The stages that a decision passes between the monitor and the framework.

>>> from convergence_callbacks import Decision, Verdict
>>> class Patient:  # a stage of one's own: whatever is decided, the first ten epochs go on
...     name = "patient"
...     def restore(self, saved): ...
...     def state(self): ...
...     def grounds(self): ...
...     def after(self, decision, observation, trained):
...         return dataclasses.replace(decision, stop=decision.stop and decision.step >= 10)
>>> decision = Decision(stop=True, verdict=Verdict.DIVERGED, step=3)
>>> Patient().after(decision, None, None).stop
False
"""

from __future__ import annotations

import dataclasses  # noqa: F401  # of the example
from typing import Any, Protocol

from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.observation import Observation


class Stage(Protocol):
    """Takes a decision and returns one; what it remembers is saved with the run.

    A stage is made anew for each run, so its constructor is where it starts.
    """

    name: str
    """Under which its state is saved."""

    def restore(self, saved: Any) -> None:
        """Go on with a run that was saved, instead of a new one.

        Raises:
            LookupError, TypeError, ValueError: The state is damaged.
        """

    def state(self) -> Any:
        """What has to be saved, in plain types; None for nothing."""

    def grounds(self) -> Any:
        """Why it changed a decision, in plain types for the record; None for a stage that changes none."""

    def after(self, decision: Decision, observation: Observation, trained: Any) -> Decision:
        """The decision after this stage.

        Args:
            decision: What the stages before it decided.
            observation: The epoch that was judged.
            trained: The model, see `Trained`; None if the integration has none.
        """
