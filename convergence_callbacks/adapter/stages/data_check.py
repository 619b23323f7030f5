"""Checks the first examples and gradients of a training, where the user asks for it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.fault import Fault
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.data_check import Examples, explained
from convergence_callbacks.data_check.check import faults_of


class FirstEpoch(Protocol):
    """Collects the first examples and gradients in one framework."""

    def start(self) -> None:
        """Collect what is available before the first epoch."""

    def is_over(self, decision: Decision) -> bool:
        """Whether enough was collected to be judged."""

    def examples(self) -> Examples:
        """What was collected."""


class DataCheck:
    """Judges the data of the first epoch once, and reports faults that explain a verdict.

    The data are collected at the start, since gradients that are NaN later do not show where the fault began. A certain
    fault is reported at once; all faults are reported with the first verdict that calls the run broken.

    Args:
        first: The first epoch.

    Attributes:
        faults: What was found wrong with data and gradients.
        is_looking: Whether the check is still to come.
    """

    name = "data_check"

    def __init__(self, first: FirstEpoch) -> None:
        self._first = first
        self.faults: tuple[Fault, ...] = ()
        self.is_looking = True
        self.attempt(first.start)

    def restore(self, saved: Sequence[Any]) -> None:
        """Restore what was found from a saved state."""
        self.faults = tuple(map(Fault.from_dict, saved))
        self.is_looking = False

    def state(self) -> list[dict[str, Any]] | None:
        """What was found, once the check is over."""
        return None if self.is_looking else self.grounds()

    def grounds(self) -> list[dict[str, Any]]:
        """What was found."""
        return [fault.to_dict() for fault in self.faults]

    def after(self, decision: Decision, observation: Observation, trained: Any) -> Decision:
        """The decision, with the faults in the data where they explain it."""
        if self.is_looking and self._first.is_over(decision):
            self.attempt(self._look)
        return explained(decision, self.faults)

    def attempt(self, act: Callable[..., Any], *given: Any) -> None:
        """Call a function on data of any form; an error ends the check, and not the training."""
        if not self.is_looking:
            return
        try:
            act(*given)
        except RuntimeWarning:  # where the user made warnings errors
            raise
        except Exception as error:
            self.is_looking = False
            warnings.warn(f"the data check failed: {error!r}; the training goes on", RuntimeWarning, stacklevel=2)

    def _look(self) -> None:
        examples = self._first.examples()
        self.is_looking = False
        self.faults = faults_of(examples)
        for fault in self.faults:
            if fault.certain:
                warnings.warn(f"{fault}; the training goes on", RuntimeWarning, stacklevel=2)
