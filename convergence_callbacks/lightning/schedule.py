"""What a trainer knows of the learning rate."""

from __future__ import annotations

from typing import Any

from convergence_callbacks.adapter.torch_schedule import rates_to_come


def limit(max_epochs: int | None) -> int | None:
    """The trainer's limit of epochs; Lightning writes "no limit" as -1."""
    return None if max_epochs is None or max_epochs < 1 else max_epochs


def rate(trainer: Any) -> Any:
    """Learning rate of the first optimiser."""
    groups = trainer.optimizers[0].param_groups if trainer.optimizers else []
    return groups[0]["lr"] if groups else None  # Lightning's stand-in for no optimiser has no group


def schedule(trainer: Any) -> list[float] | None:
    """The rates to come, where the first optimiser's scheduler tells them."""
    epochs, configs = limit(trainer.max_epochs), trainer.lr_scheduler_configs
    if epochs is None or not configs or not trainer.lightning_module.automatic_optimization:
        return None
    config = configs[0]
    if config.reduce_on_plateau or config.scheduler.optimizer is not trainer.optimizers[0]:
        return None
    per_epoch = 1.0
    if config.interval == "step":
        per_epoch = trainer.num_training_batches / trainer.accumulate_grad_batches
    if not 1 <= per_epoch / config.frequency < float("inf"):
        return None
    steps = int(per_epoch / config.frequency)
    return rates_to_come(
        config.scheduler, epochs=epochs, steps_per_epoch=steps, first_epoch=min(trainer.current_epoch, epochs - 1)
    )
