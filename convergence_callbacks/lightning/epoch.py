"""What is collected of the epoch in progress."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from convergence_callbacks.core.observation import as_number, plain_number
from convergence_callbacks.lightning.schedule import rate


class EpochInProgress:
    """Losses, learning rate and validation metrics of the epoch that is being trained.

    A checkpoint may be saved within an epoch, and Lightning goes on within it: so this has a state of its own.
    """

    def __init__(self, number: int | None = None, *, lr: Any = None, before: Mapping[str, Any] | None = None) -> None:
        self.lr = lr
        self._number = number
        self._before = {} if before is None else dict(before)
        self.validated: Mapping[str, Any] | None = None
        self._loss_sum: torch.Tensor | float = 0.0
        self._batches = 0

    @classmethod
    def begun(cls, trainer: Any) -> EpochInProgress:
        """An epoch that begins now; its rate is noted, since schedulers change it before the epoch's end."""
        return cls(trainer.current_epoch, lr=rate(trainer), before=trainer.callback_metrics)

    def next(self, trainer: Any) -> EpochInProgress:
        """The epoch that begins now: this one if Lightning (2.2) begins it again, after a checkpoint within it."""
        return self if self._number == trainer.current_epoch else EpochInProgress.begun(trainer)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EpochInProgress) and self.state_dict() == other.state_dict()

    __hash__ = None  # type: ignore[assignment]

    def add_batch(self, trainer: Any, pl_module: Any, outputs: Any) -> None:
        """Add up the loss on its own device: nothing waits for it before the end of the epoch."""
        loss = outputs.get("loss") if isinstance(outputs, Mapping) else outputs
        if not isinstance(loss, torch.Tensor) or loss.numel() != 1:
            return
        # Automatic optimisation returns the loss divided by the batches it accumulates.
        scale = trainer.accumulate_grad_batches if pl_module.automatic_optimization else 1
        self._loss_sum = self._loss_sum + loss.detach().float().reshape(()) * scale
        self._batches += 1

    def note_validation(self, trainer: Any) -> None:
        """Note that the validation loss is this epoch's, for a checkpoint before its end; a sanity check is ignored."""
        if not trainer.sanity_checking:
            self.validated = dict(trainer.callback_metrics)

    @property
    def mean_loss(self) -> Any:
        """The mean of what ``training_step`` returned; None before the first batch."""
        return self._loss_sum / self._batches if self._batches else None

    def logged(self, trainer: Any) -> dict[str, Any]:
        """All metrics of the epoch by name.

        Lightning keeps the tensor of a metric that was not logged again: the same object belongs to an earlier epoch.
        """
        metrics = {**(self.validated or {}), **trainer.callback_metrics}
        return {name: value for name, value in metrics.items() if not self._is_of_before(name, value)}

    def _is_of_before(self, name: str, value: Any) -> bool:
        return isinstance(value, torch.Tensor) and self._before.get(name) is value

    def state_dict(self) -> dict[str, Any]:
        """What was collected of the epoch, in plain types."""
        logged = None if self.validated is None else {name: _plain(value) for name, value in self.validated.items()}
        return {
            "number": self._number,
            "lr": _plain(self.lr),
            "loss_sum": _plain(self._loss_sum),
            "batches": self._batches,
            "validated": logged,
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Restore the epoch in which a checkpoint was saved."""
        self.lr = state_dict.get("lr")
        self._number = state_dict.get("number")
        self._loss_sum = float(state_dict.get("loss_sum", 0.0))
        self._batches = int(state_dict.get("batches", 0))
        validated = state_dict.get("validated")
        self.validated = None if validated is None else dict(validated)


def _plain(value: Any) -> float | str | None:
    return plain_number(as_number(value))
