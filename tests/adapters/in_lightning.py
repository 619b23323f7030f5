"""A training in Lightning."""

import lightning
import torch
from lightning.pytorch.callbacks import Checkpoint

from tests.adapters.contract import Training
from tests.adapters.torch_data import loader, weights


class Module(lightning.LightningModule):
    def __init__(self, *scripts):
        super().__init__()
        torch.manual_seed(0)
        self.layer, self.scripts = torch.nn.Linear(4, 1), scripts

    def training_step(self, batch, index):
        loss = self.layer(batch).pow(2).mean()
        self.log("train_loss", loss, on_epoch=True)
        return loss

    def validation_step(self, batch, index, dataloader_idx=0):
        self.log("val_loss", torch.tensor(float(self.scripts[dataloader_idx][self.current_epoch])))

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
    module = Module(training.script, training.second)
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
    validation = None if training.script is None else loader() if training.second is None else [loader(), loader()]
    trainer.fit(module, loader(), validation, ckpt_path=training.folder / "last.ckpt" if training.resume else None)
    training.final, training.asked_to_stop = weights(module), trainer.should_stop
