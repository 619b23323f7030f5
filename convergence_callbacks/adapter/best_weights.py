"""The weights of the best epoch: when they are to be kept, and when given back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convergence_callbacks.adapter.settings import CallbackSettings
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.errors import ConvergenceError


class BestWeights:
    """The part of `Stopping` that ``restore_best`` asks for; how weights are copied is the framework's."""

    settings: CallbackSettings
    _best_weights: Any = None

    if TYPE_CHECKING:  # what `Stopping` has

        @property
        def decision(self) -> Decision | None:
            """The latest decision."""

        def _complain(self, error: ConvergenceError, about: str = "") -> None:
            """Raise or warn."""

    def _is_to_keep(self, decision: Decision) -> bool:
        """Whether the weights of this epoch are to be kept: no other was better."""
        return self.settings.restore_best and decision.best_step == decision.step

    def _best_was_before(self, *, trained_since: bool = False) -> Decision | None:
        """The last decision, where weights of before are to be given back; else None.

        Args:
            trained_since: Whether the training went on after that decision.
        """
        decision = self.decision
        if not self.settings.restore_best or decision is None:
            return None
        return decision if trained_since or decision.best_step != decision.step else None

    def _best_to_give_back(self) -> Any:
        """The best weights; None where the last are to stay, for not being asked, for being the best, or for want."""
        decision = self._best_was_before()
        if decision is None:
            return None
        if self._best_weights is None:
            self._complain(self.lost_best(decision))
        return self._best_weights

    @staticmethod
    def lost_best(decision: Decision) -> ConvergenceError:
        """The complaint when there are no best weights to give back."""
        if decision.best_step is None:
            return ConvergenceError("no epoch had a finite loss, so none was the best; the last weights stay")
        return ConvergenceError(
            f"the weights of the best epoch {decision.best_step} are gone (the run was resumed from a state "
            "without them); those of the last epoch stay"
        )
