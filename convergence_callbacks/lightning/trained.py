"""A module in the middle of its training, as experiments need it."""

from __future__ import annotations

import copy
from typing import Any

from convergence_callbacks.adapter.torch_rate import scale_rate
from convergence_callbacks.adapter.torch_weights import on_host
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.lightning.probe import train_copy


class TrainedModule:
    """A module and its trainer; see `adapter.experiments.Trained`.

    Args:
        trainer: The trainer in the middle of its run.
        pl_module: Its module.
    """

    def __init__(self, trainer: Any, pl_module: Any) -> None:
        self._trainer, self._module = trainer, pl_module

    def train_copy(self, times: float, collector: Any) -> list[Observation]:
        """What is observed of a copy at so many times the learning rate."""
        return train_copy(self._trainer, self._module, times, collector)

    def state(self) -> dict[str, Any]:
        """Weights, and the state of each optimiser."""
        moments = [copy.deepcopy(optimizer.state_dict()["state"]) for optimizer in self._trainer.optimizers]
        return {"weights": on_host(self._module.state_dict()), "moments": moments}

    def take_up(self, state: dict[str, Any]) -> None:
        """Go on from such a state."""
        self._module.load_state_dict(state["weights"])
        for optimizer, moments in zip(self._trainer.optimizers, state["moments"], strict=True):
            optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})

    def scale_rate(self, times: float) -> None:
        """Multiply the learning rate of each optimiser and scheduler."""
        schedulers = [config.scheduler for config in self._trainer.lr_scheduler_configs]
        scale_rate(self._trainer.optimizers, schedulers, times)
