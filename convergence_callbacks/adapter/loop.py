"""A callback for loops that users write themselves: no hooks, one call an epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convergence_callbacks.adapter.stopping import Stopping
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.observation import as_step
from convergence_callbacks.metrics.find import find_named, find_validation_loss


class LoopStopping(Stopping):
    """A callback for a loop of one's own: call `update` once an epoch, and `restore` at the end."""

    saves_weights = True

    def update(self, model: Any = None, *, lr: Any = None, epoch: int | None = None, **logged: Any) -> Decision:
        """Take in one epoch and judge the training so far.

        Args:
            model: What is trained; needed with ``restore_best`` only.
            lr: Learning rate of the epoch.
            epoch: Its number, from 0; by default the next one.
            **logged: The losses and metrics by name: ``train_loss``, ``val_loss``, or those that the settings name.
                None says that a metric was not measured in this epoch.

        Raises:
            MetricNotFoundError: With ``strict``, a metric is missing.
            ConvergenceError: With ``strict``, a loss is not finite.
        """
        last = self.decision
        step = as_step(epoch, otherwise=self.run.next_step)
        if last is not None and step <= last.step and self.processes.is_first:
            self.run.complaints.warn(
                f"epoch {step} was judged already, the last one is {last.step}: its decision is given again; "
                "for another training call begin() or make a new object",
                about="epoch",
            )
        observation = self.collect(step, _measured(logged), lr=lr, validated=self._was_validated(logged))
        decision = self.decide(observation, self._held(model))
        self.announce(decision)
        if decision.stop and not self.settings.restore_best:
            self.conclude()
        return decision

    def restore(self, model: Any) -> Any:
        """End the run, and give the model its best weights if ``restore_best`` asks for them and it has others.

        Returns:
            The model: the same object, or for JAX a new one.
        """
        self.run.end()
        held = self._held(model)
        best = None if held is None else self.give_back_best(held)
        self.conclude()
        return model if best is None else best

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Continue from a saved state; later decisions of this object are dropped.

        Raises:
            StateError: The state is damaged or foreign. Then nothing changes.
        """
        super().load_state_dict(state_dict)
        self.begin(*self._limits, direction=self.run.settings.direction)

    def _held(self, model: Any) -> Any:
        """The model as the stages take it; None if the loop gives none."""
        if model is None or self.trained is None:
            return None
        hold: Any = self.trained
        return hold(model)

    def _was_validated(self, logged: Mapping[str, Any]) -> bool:
        named = self.settings.val_metric
        if named is None:
            return find_validation_loss(_measured(logged)) is not None
        found = find_named(named, logged)
        return found is None or logged[found] is not None  # a name that is missing altogether has to be reported


def _measured(logged: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in logged.items() if value is not None}
