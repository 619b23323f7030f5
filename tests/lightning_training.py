"""A small Lightning training whose validation loss is known."""

import importlib

import torch

SCRIPT = [1.0, 0.6, 0.4, 0.3, 0.35, 0.36, 0.37, 0.38, 0.39, 0.4, 0.41, 0.42]
"""Validation losses of a run whose best epoch is 3."""


def module(namespace="lightning", **settings):
    """A linear model whose validation loss follows a script, so that the right epoch is known."""
    base = importlib.import_module(namespace).LightningModule

    class Scripted(base):
        def __init__(self, script=SCRIPT, val_name="val_loss", train_name="train_loss", train_log=None, lr=0.1):
            super().__init__()
            self.layer = torch.nn.Linear(4, 1)
            self.script, self.val_name, self.train_name, self.lr = script, val_name, train_name, lr
            self.train_log = train_log or {}

        def training_step(self, batch, index):
            loss = self.layer(batch).pow(2).mean()
            if self.train_name:
                self.log(self.train_name, loss, **self.train_log)
            return loss

        def validation_step(self, batch, index):
            if self.val_name:
                self.log(self.val_name, torch.tensor(self.script[self.current_epoch]))

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=self.lr)

    return Scripted(**settings)


def loader(seed=0):
    data = torch.randn(32, 4, generator=torch.Generator().manual_seed(seed))
    return torch.utils.data.DataLoader(data, batch_size=8)


def fit(
    callback, tmp_path, model=None, *, namespace="lightning", ckpt_path=None, callbacks=(), validation=True, **trainer
):
    quiet = {
        "max_epochs": 12,
        "logger": False,
        "enable_checkpointing": any("Checkpoint" in type(c).__name__ for c in callbacks),
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "accelerator": "cpu",
        "default_root_dir": tmp_path,
        "log_every_n_steps": 1,
    }
    made = importlib.import_module(namespace).Trainer(callbacks=[callback, *callbacks], **{**quiet, **trainer})
    model = model if model is not None else module(namespace)
    made.fit(
        model,
        loader(),
        loader(1) if validation else None,
        ckpt_path=ckpt_path,
    )
    return made, model
