"""Trains copies of a module for a few epochs at other learning rates, and leaves no trace of it."""

from __future__ import annotations

import contextlib
import copy
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import torch

from convergence_callbacks.adapter.torch_random import random_state_kept
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.experiments.probe import ARM_EPOCHS
from convergence_callbacks.lightning.stock import early_stoppings

CALLBACKS = tuple(dict.fromkeys(kind.__base__ for kind in early_stoppings()))
"""``Callback`` of each installed namespace."""


def train_copy(trainer: Any, pl_module: Any, times: float, collector: Any) -> list[Observation]:
    """What is observed of a copy that is trained at so many times the learning rate.

    The module itself and its optimisers are never trained. Only the state of the random generators is restored
    afterwards, so that each copy begins with the same.

    Args:
        trainer: The trainer in the middle of its run.
        pl_module: Its module.
        times: What the learning rate is multiplied by.
        collector: A callback that collects the losses as the run's does, and stops nothing.

    Raises:
        ValueError: The run has several processes, or more optimisers than its trainer handles by itself.
    """
    if trainer.world_size > 1 or not pl_module.automatic_optimization:
        raise ValueError("a probe needs a single process and automatic optimisation")
    with random_state_kept(_loaders(trainer)):
        _train_copy(trainer, pl_module, times, collector)
    seen: list[Observation] = collector.observations
    return seen


def _train_copy(trainer: Any, pl_module: Any, factor: float, collector: Any) -> None:
    copied = _copy(pl_module)
    with _silenced():
        inner = type(trainer)(
            max_epochs=ARM_EPOCHS,
            accelerator={"cuda": "gpu"}.get(trainer.strategy.root_device.type, trainer.strategy.root_device.type),
            devices=1,
            precision=trainer.precision,
            callbacks=[StartsWhereTheRunIs(trainer, factor), collector],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            limit_train_batches=trainer.limit_train_batches,
            limit_val_batches=trainer.limit_val_batches,
            accumulate_grad_batches=trainer.accumulate_grad_batches,
            gradient_clip_val=trainer.gradient_clip_val,
            gradient_clip_algorithm=trainer.gradient_clip_algorithm,
            deterministic="warn"
            if torch.is_deterministic_algorithms_warn_only_enabled()
            else torch.are_deterministic_algorithms_enabled(),
            benchmark=torch.backends.cudnn.benchmark,
        )
        try:
            inner.fit(copied, trainer.train_dataloader, trainer.val_dataloaders)
        except SystemExit as error:  # Lightning makes this of an interrupt, which has to reach the run
            if isinstance(error.__context__, KeyboardInterrupt):
                raise KeyboardInterrupt from None
            raise


@contextlib.contextmanager
def _silenced() -> Iterator[None]:
    """Silence Lightning's messages and warnings: the run itself has had them."""
    disabled = logging.root.manager.disable
    logging.disable(max(disabled, logging.INFO))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)


class StartsWhereTheRunIs(*CALLBACKS):  # type: ignore[misc]
    """Gives a copy the state of the run's optimisers, another learning rate, and no scheduler.

    Args:
        trainer: The trainer of the run.
        factor: What the learning rate is multiplied by.
    """

    def __init__(self, trainer: Any, factor: float) -> None:
        self._of_run, self._factor = trainer, factor

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Set all of them before the first batch."""
        trainer.strategy.lr_scheduler_configs = []
        for own, of_run in zip(trainer.optimizers, self._of_run.optimizers, strict=True):
            own.load_state_dict(copy.deepcopy(of_run.state_dict()))
            for group in own.param_groups:
                group["lr"] = group["lr"] * self._factor


def _copy(pl_module: Any) -> Any:
    """A module of its own, without the trainer that it is attached to."""
    attached = pl_module._trainer
    pl_module._trainer = None
    try:
        return copy.deepcopy(pl_module)
    finally:
        pl_module._trainer = attached


def _loaders(trainer: Any) -> list[Any]:
    """The loaders of the run, whatever holds them."""
    of_run = (trainer.train_dataloader, trainer.val_dataloaders)
    return [
        loader
        for held in of_run
        for loader in (held.values() if isinstance(held, dict) else held if isinstance(held, list | tuple) else [held])
    ]
