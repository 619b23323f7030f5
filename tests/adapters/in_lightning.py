"""A training in Lightning."""

import lightning
import torch
from lightning.pytorch.callbacks import Checkpoint

from tests.adapters.contract import Training
from tests.adapters.torch_data import loader, weights


class Module(lightning.LightningModule):
    def __init__(self, script):
        super().__init__()
        torch.manual_seed(0)
        self.layer, self.script = torch.nn.Linear(4, 1), script

    def training_step(self, batch, index):
        loss = self.layer(batch).pow(2).mean()
        self.log("train_loss", loss, on_epoch=True)
        return loss

    def validation_step(self, batch, index):
        self.log("val_loss", torch.tensor(float(self.script[self.current_epoch])))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.05)


class Watch(Checkpoint):
    """Called last in an epoch, as all checkpoints are."""

    def __init__(self, training):
        self.training = training

    def on_train_epoch_end(self, trainer, module):
        path = self.training.folder / "last.ckpt"
        self.training.end_epoch(trainer.current_epoch, weights(module), lambda: trainer.save_checkpoint(path))


def train(training: Training) -> None:
    module = Module(training.script)
    trainer = lightning.Trainer(
        max_epochs=training.epochs,
        callbacks=[training.stopping, Watch(training)],
        accelerator="cpu",
        devices=torch.distributed.get_world_size() if torch.distributed.is_initialized() else 1,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        default_root_dir=training.folder,
    )
    validation = None if training.script is None else loader()
    trainer.fit(module, loader(), validation, ckpt_path=training.folder / "last.ckpt" if training.resume else None)
    training.final = weights(module)
