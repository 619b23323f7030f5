"""What a trainer plans: its limits of epochs, and the learning rates to come."""

from __future__ import annotations

import math
from typing import Any

from convergence_callbacks.adapter.torch_schedule import rates_to_come


def limit(max_epochs: int | None) -> int | None:
    """The trainer's limit of epochs; Lightning writes "no limit" as -1."""
    return None if max_epochs is None or max_epochs < 1 else max_epochs


def rate(trainer: Any) -> Any:
    """Learning rate of the first optimiser."""
    groups = trainer.optimizers[0].param_groups if trainer.optimizers else []
    return groups[0]["lr"] if groups else None  # Lightning's stand-in for no optimiser has no group


def is_endless(trainer: Any) -> bool:
    """Whether an epoch has no end, but validations within it."""
    return bool(trainer.num_training_batches == math.inf and trainer.enable_validation)


def plan_of(trainer: Any, every_n_steps: int | None) -> tuple[int | None, int | None, list[float] | None]:
    """The limit, the minimum and the rates to come, in epochs or in stretches of so many steps."""
    if every_n_steps is None:
        return limit(trainer.max_epochs), trainer.min_epochs, schedule(trainer)
    return (
        stretches(trainer, every_n_steps),
        math.ceil((trainer.min_steps or 0) / every_n_steps),
        schedule(trainer, every_n_steps),
    )


def stretches(trainer: Any, every_n_steps: int) -> int | None:
    """How many stretches of so many steps the training may take, the last one maybe cut off; None where unknown."""
    try:
        steps = float(trainer.estimated_stepping_batches)
    except Exception:  # Lightning refuses to count where the accumulation of gradients changes on the way
        return None
    return math.ceil(steps / every_n_steps) if 0 < steps < math.inf else None


def schedule(trainer: Any, every_n_steps: int | None = None) -> list[float] | None:
    """The rates to come by epoch, or by stretch of steps, if the first optimiser's scheduler is known."""
    epochs = limit(trainer.max_epochs) if every_n_steps is None else stretches(trainer, every_n_steps)
    configs = trainer.lr_scheduler_configs
    if epochs is None or not configs or not trainer.lightning_module.automatic_optimization:
        return None
    config = configs[0]
    if config.reduce_on_plateau or config.scheduler.optimizer is not trainer.optimizers[0]:
        return None
    steps = _scheduler_steps(trainer, config, every_n_steps)
    if steps is None:
        return None
    first = trainer.current_epoch if every_n_steps is None else trainer.global_step // every_n_steps
    return rates_to_come(config.scheduler, epochs=epochs, steps_per_epoch=steps, first_epoch=min(first, epochs - 1))


def _scheduler_steps(trainer: Any, config: Any, every_n_steps: int | None) -> int | None:
    """How often the scheduler steps in an epoch or a stretch; None where that is less than once, or unknown."""
    if config.interval != "step":
        return 1 if every_n_steps is None and config.frequency == 1 else None
    batches, accumulate = trainer.num_training_batches, trainer.accumulate_grad_batches
    apart = math.lcm(config.frequency, accumulate)  # it steps only with the optimiser
    if every_n_steps is not None:
        return every_n_steps * accumulate // apart or None
    if batches == math.inf:
        return None
    is_cut_off = batches % accumulate != 0 and batches % config.frequency == 0  # the last batch of an epoch is a step
    return int(batches // apart + is_cut_off) or None
