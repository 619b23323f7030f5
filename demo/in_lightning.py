"""The demo's training in PyTorch Lightning."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from typing import Any

import lightning
import torch
from torch.utils.data import DataLoader, TensorDataset

from convergence_callbacks.lightning import ConvergenceStopping
from demo.situations import BATCH, CLASSES, EPOCHS, HIDDEN, Data, Situation


class Classifier(lightning.LightningModule):
    """Two hidden layers, cross-entropy, SGD."""

    def __init__(self, situation: Situation) -> None:
        super().__init__()
        self.situation = situation
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(64, HIDDEN),
            torch.nn.GELU(),
            torch.nn.Dropout(situation.dropout),
            torch.nn.Linear(HIDDEN, HIDDEN),
            torch.nn.GELU(),
            torch.nn.Linear(HIDDEN, CLASSES),
        )

    def training_step(self, batch: Any, index: int) -> torch.Tensor:
        """One step; the callback takes the mean of these losses by itself."""
        return self._loss(batch)

    def validation_step(self, batch: Any, index: int) -> None:
        """One step of validation."""
        self.log("val_loss", self._loss(batch))

    def configure_optimizers(self) -> Any:
        """SGD with momentum."""
        optimizer = torch.optim.SGD(self.parameters(), lr=self.situation.lr, momentum=0.9)
        if not self.situation.decays:
            return optimizer
        return [optimizer], [torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=EPOCHS)]

    def _loss(self, batch: Any) -> torch.Tensor:
        images, digits = batch
        return torch.nn.functional.cross_entropy(self.layers(images), digits)


def train(situation: Situation, data: Data, listener: Callable[..., None], **settings: Any) -> ConvergenceStopping:
    """Train once and give back the callback, which knows all there is to know."""
    logging.disable(logging.WARNING)  # it lists the hardware at each training
    warnings.simplefilter("ignore")  # and advises more workers for data that is in memory
    lightning.seed_everything(1, verbose=False)
    stopping = ConvergenceStopping(verbose=False, **settings)
    stopping.listeners.append(listener)
    trainer = lightning.Trainer(
        max_epochs=EPOCHS,
        callbacks=[stopping],
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        log_every_n_steps=1,
    )
    trainer.fit(Classifier(situation), *_loaders(data))
    return stopping


def _loaders(data: Data) -> tuple[DataLoader[Any], DataLoader[Any]]:
    train_set = TensorDataset(torch.from_numpy(data.x_train), torch.from_numpy(data.y_train))
    val_set = TensorDataset(torch.from_numpy(data.x_val), torch.from_numpy(data.y_val))
    return DataLoader(train_set, batch_size=BATCH, shuffle=True), DataLoader(val_set, batch_size=len(val_set))
