"""A callback for loops that users write themselves: no hooks, one call an epoch."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from types import UnionType
from typing import Any

from convergence_callbacks.adapter.found import Found
from convergence_callbacks.adapter.names import find_validation_loss
from convergence_callbacks.adapter.stopping import Stopping
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.errors import StateError


class LoopStopping(Stopping):
    """What the doors to own loops are: `update` once an epoch, `restore` at the end.

    ``log_decisions`` and ``backup_dir`` change nothing here: the loop has the decision, and its checkpoint the state.
    """

    _kept_as: type[Any] | UnionType = list | tuple
    """What `_copied` gives, as checkpoints give it back."""

    def update(self, model: Any = None, *, lr: Any = None, epoch: int | None = None, **logged: Any) -> Decision:
        """Take in one epoch and judge the training so far.

        Args:
            model: What is trained; needed with ``restore_best`` only.
            lr: Learning rate of the epoch.
            epoch: Its number, from 0; one after the last when left out.
            **logged: The losses and metrics by name: ``train_loss``, ``val_loss``, or those that the settings name.
                None says that a metric was not measured in this epoch.

        Raises:
            MetricNotFoundError: With ``strict``, a metric is missing.
            ConvergenceError: With ``strict``, a loss is not finite.
        """
        last = self.decision
        step = epoch if epoch is not None else 0 if last is None else last.step + 1
        if last is not None and step <= last.step:
            self._tell_of_repeat(step, last)
        found = self._agreed(self.find(step, _measured(logged), lr=lr, validated=self._was_validated(logged)))
        self.complain_of_missing(found)
        decision = self.decide(found.observation)
        if self._is_to_keep(decision):
            self._best_weights = None if model is None else self._copied(model)
        if self._speaks():
            self.announce(decision)
        return decision

    def restore(self, model: Any) -> Any:
        """Give back the best weights, where ``restore_best`` asked for them and the last epoch is not the best.

        Returns:
            The model: the same object, or for JAX a new one.
        """
        best = self._best_to_give_back()
        return model if best is None else self._given_back(model, best)

    def state_dict(self) -> dict[str, Any]:
        """The state of the run in plain types, and with ``restore_best`` the best weights."""
        kept = {"best_weights": self._best_weights} if self.settings.restore_best else {}
        return {**super().state_dict(), **kept}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a saved state, also where this object is further on: what it said since then is forgotten.

        Raises:
            StateError: The state is damaged or foreign. This object is then as it was before.
        """
        weights = self._weights_in(state_dict)
        self.monitor.load_state_dict({name: value for name, value in state_dict.items() if name != "best_weights"})
        self._start_from(state_dict)
        self._best_weights = weights

    def _take_up(self, saved: Mapping[str, Any]) -> None:
        self._best_weights = self._weights_in(saved)

    def _weights_in(self, saved: Mapping[str, Any]) -> Any:
        """The best weights of a saved state, None where it has none."""
        weights = saved.get("best_weights")
        if weights is None or isinstance(weights, self._kept_as):
            return weights
        raise StateError(f"best_weights must be what state_dict gave, got {type(weights).__name__}")

    def _tell_of_repeat(self, step: int, last: Decision) -> None:
        if self._speaks() and "epoch" not in self._warned:
            self._warned.add("epoch")
            told = f"epoch {step} was judged already, the last one is {last.step}: its decision is given again"
            told += "; for another training call begin() or make a new object"
            warnings.warn(told, RuntimeWarning, stacklevel=3)

    def _was_validated(self, logged: Mapping[str, Any]) -> bool:
        named = self.settings.val_metric
        if named is None:
            return find_validation_loss(_measured(logged)) is not None
        return named not in logged or logged[named] is not None  # a name that is not there at all is to be told

    def _agreed(self, found: Found) -> Found:
        """What all processes judge, where there are several; each comes here, whatever it saw."""
        return found

    def _speaks(self) -> bool:
        """Whether this process is the one that tells of a stop."""
        return True

    def _copied(self, model: Any) -> Any:
        """The weights of a model, safe from further training."""
        raise NotImplementedError

    def _given_back(self, model: Any, weights: Any) -> Any:
        """The model with these weights."""
        raise NotImplementedError


def _measured(logged: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in logged.items() if value is not None}
