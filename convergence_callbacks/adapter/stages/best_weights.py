"""Keeps the weights of the best epoch, and restores them at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from convergence_callbacks.adapter.complaints import Complaints
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.errors import ConvergenceError
from convergence_callbacks.core.observation import Observation


class BestWeights:
    """Keeps a copy of the weights whenever an epoch is the best so far.

    It stands before the stages that may change the model, and changes no decision.

    Args:
        complaints: Reports that the best weights are gone.
        read: Reads weights as a saved state holds them; None where states hold none.
        everything: Whether the state of the optimiser is kept with them.

    Attributes:
        everything: As given.
        step: The epoch whose weights are kept, None while there are none.
        failed: Whether the weights of the best epoch could not be kept; that was reported.
    """

    name = "best_weights"

    def __init__(
        self, complaints: Complaints, read: Callable[[Any], Any] | None = None, *, everything: bool = False
    ) -> None:
        self._complaints, self._read, self.everything = complaints, read, everything
        self._weights: Any = None
        self.step: int | None = None
        self.failed = False

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Restore the weights from a saved state."""
        if not isinstance(saved, Mapping):
            raise TypeError(f"best_weights must be what state_dict gave, got {type(saved).__name__}")
        if self._read is not None and saved.get("everything", False) == self.everything:
            self.keep(int(saved["step"]), self._read(saved["weights"]))

    def state(self) -> dict[str, Any] | None:
        """The weights, where a state may hold them."""
        if self._read is None or self.step is None:
            return None
        return {"step": self.step, "weights": self._weights, **({"everything": True} if self.everything else {})}

    def grounds(self) -> None:
        """It changes no decision."""

    def after(self, decision: Decision, observation: Observation, trained: Any) -> Decision:
        """Copy the weights of an epoch that is the best so far."""
        if decision.best_step == decision.step and trained is not None:
            self.keep(decision.step, trained.best_state() if self.everything else trained.weights())
        return decision

    def keep(self, step: int | None, weights: Any) -> None:
        """Keep these weights as those of an epoch; None stands for weights that could not be kept."""
        self.failed = weights is None
        self.step, self._weights = (None, None) if self.failed else (step, weights)

    def take_over(self, other: BestWeights) -> None:
        """Take the weights of another object: one training may take several calls of its framework."""
        self.keep(other.step, other._weights)
        self.failed = other.failed

    def give_back(self, decision: Decision | None, trained: Any, *, trained_since: bool = False) -> Any:
        """Give the model its best weights, unless it has them.

        Args:
            decision: The last decision, None where nothing was judged.
            trained: The model.
            trained_since: Whether the training went on after that decision.

        Returns:
            The model with its best weights; None where it stays as it is.
        """
        if decision is None or (decision.best_step == decision.step and not trained_since):
            return None
        if self.failed:
            return None
        if self.step is None or self.step != decision.best_step:
            self._complaints.make(lost(decision))
            return None
        try:
            return trained.restore(self._weights) if self.everything else trained.give_back(self._weights)
        except FileNotFoundError:
            self._complaints.make(lost(decision))
        except Exception as error:  # a file of weights that is damaged must not take the trained model with it
            why = str(error) if isinstance(error, ConvergenceError) else repr(error)
            self._complaints.make(ConvergenceError(f"the best weights can't be given back: {why}; the last stay"))
        return None


def lost(decision: Decision) -> ConvergenceError:
    """The complaint where there are no best weights to give back."""
    if decision.best_step is None:
        return ConvergenceError(
            f"no {decision.counter.noun} had a finite loss, so none was the best; the last weights stay"
        )
    noun, number = decision.counter.noun, decision.counter.number(decision.best_step)
    return ConvergenceError(
        f"the weights of the best {noun} {number} are gone (the run was resumed from a state without them); "
        f"those of the last {noun} stay"
    )
