"""A callback that looks at the first examples and gradients of a training, where asked to."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

from convergence_callbacks.adapter.stopping import Stopping
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.data_check import Examples, Fault, explained
from convergence_callbacks.data_check.check import faults_of


class DataChecking(Stopping):
    """What `check_data` adds to a callback: the first epoch is collected, judged once, and told where it explains.

    It is collected at the start, since gradients that are NaN say nothing any more about where that began. A fault that
    is certain is told at once; all are told with the first verdict of a run that is not sound.

    Attributes:
        faults: What is wrong with data and gradients, as far as that was looked at.
    """

    faults: tuple[Fault, ...] = ()

    def _construct(self) -> None:
        super()._construct()
        self._has_looked = False

    def begin(self, *known: Any, **named: Any) -> None:
        """Make ready for a new run; one that is taken up again was looked at already."""
        super().begin(*known, **named)
        if self._is_looking:
            self._tried(self._begin_looking)

    def decide(self, observation: Observation, then: Callable[[Decision], Decision] | None = None) -> Decision:
        """Let the monitor judge an epoch, and say what is wrong with the data where that explains it."""

        def judged(decision: Decision) -> Decision:
            decision = then(decision) if then else decision
            if self._is_looking and self._may_look(decision):
                self._tried(self._look)
            return explained(decision, self.faults)

        return super().decide(observation, judged)

    def state_dict(self) -> dict[str, Any]:
        """The state of the run in plain types, with what was found once that was looked for."""
        found = [fault.to_dict() for fault in self.faults]
        looked = self.settings.check_data and self._has_looked
        return {**super().state_dict(), **({"faults": found} if looked else {})}

    def _take_up(self, saved: Mapping[str, Any]) -> None:
        super()._take_up(saved)
        self.faults = tuple(map(Fault.from_dict, saved.get("faults", ())))
        self._has_looked = "faults" in saved

    @property
    def _is_looking(self) -> bool:
        return self.settings.check_data and not self._has_looked

    def _look(self) -> None:
        self._has_looked = True
        self.faults = faults_of(self._examples())
        for fault in self.faults:
            if fault.certain:
                warnings.warn(f"{fault}; the training goes on", RuntimeWarning, stacklevel=2)

    def _tried(self, act: Callable[..., Any], *given: Any) -> None:
        """Do something with data that may be anything; what fails ends the look, and not the training."""
        try:
            act(*given)
        except RuntimeWarning:  # warnings are errors for whoever asked Python so
            raise
        except Exception as error:
            self._has_looked = True
            warnings.warn(f"the data check failed: {error!r}; the training goes on", RuntimeWarning, stacklevel=2)

    def _begin_looking(self) -> None:
        """Collect what can be had before the first epoch."""

    def _may_look(self, decision: Decision) -> bool:
        """Whether this is the time to judge what was collected."""
        return True

    def _examples(self) -> Examples:
        """What was collected."""
        raise NotImplementedError
