"""Trainings in Lightning whose processes see different things."""

import lightning
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from lightning.pytorch.callbacks import EarlyStopping as Stock

from convergence_callbacks import Patience
from convergence_callbacks.core.criteria.time_budget import TimeBudget
from convergence_callbacks.lightning import ConvergenceStopping, EarlyStopping
from tests.lightning_training import SCRIPT
from tests.processes.joined import in_a_group

CASES = {}
FALLING = [1.0 - 0.05 * epoch for epoch in range(12)]


def case(made=None, seconds=None):
    """Put a case on the list."""

    def add(function):
        CASES[function.__name__] = in_a_group(function, **({} if seconds is None else {"seconds": seconds}))
        return function

    return add if made is None else add(made)


class Module(lightning.LightningModule):
    """Each process has a script of its own, and logs what it is told to."""

    def __init__(self, *scripts, logs=("val_loss",), sizes=None):
        super().__init__()
        torch.manual_seed(0)
        self.layer = torch.nn.Linear(4, 1)
        self.scripts, self.logs, self.sizes = scripts or (SCRIPT, FALLING), logs, sizes

    def training_step(self, batch, index):
        return self.layer(batch).pow(2).mean()

    def validation_step(self, batch, index):
        rank = min(self.global_rank, len(self.scripts) - 1)
        script = self.scripts[rank]
        if script is not None:
            for name in self.logs:
                self.log(name, torch.tensor(script[self.current_epoch]))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.05)


def batches(count, seed=0):
    data = torch.randn(8 * count, 4, generator=torch.Generator().manual_seed(seed))
    return torch.utils.data.DataLoader(data, batch_size=8)


def fit(folder, callbacks, module=None, *, train=2, val=2, **settings):
    """Train; ``train`` and ``val`` are the batches of this process, None for no data at all."""
    module = Module() if module is None else module
    trainer = lightning.Trainer(
        **{
            "max_epochs": 12,
            "accelerator": "cpu",
            "devices": torch.distributed.get_world_size(),
            "strategy": "ddp",
            "logger": False,
            "enable_progress_bar": False,
            "enable_model_summary": False,
            "enable_checkpointing": any(isinstance(one, ModelCheckpoint) for one in callbacks),
            "use_distributed_sampler": False,
            "default_root_dir": folder,
            **settings,
        },
        callbacks=callbacks,
    )
    trainer.fit(module, batches(train), None if val is None else batches(val))
    return trainer


def came_to(trainer, callback):
    return {
        "epochs": trainer.current_epoch,
        "stopped": callback.stopped_epoch,
        "decisions": [decision.to_dict() for decision in callback.history],
        "observations": [observation.to_dict() for observation in callback.observations],
    }


def patient(**settings):
    return ConvergenceStopping(criteria=Patience(3), min_epochs=0, **settings)


def rank():
    return torch.distributed.get_rank()


KINDS = {"ConvergenceStopping": patient, "EarlyStopping": lambda: EarlyStopping("val_loss", verbose=True)}


def both(folder, module=Module, **settings):
    """What each of the callbacks comes to."""
    found = {}
    for name, kind in KINDS.items():
        callback = kind()
        found[name] = came_to(fit(folder, [callback], module(), **settings), callback)
    return found


@case
def each_sees_another_loss(folder):
    return both(folder)


@case
def only_the_first_has_the_metric(folder):
    return both(folder, lambda: Module(SCRIPT, None))


@case
def only_the_last_has_the_metric(folder):
    return both(folder, lambda: Module(*[None] * (torch.distributed.get_world_size() - 1), SCRIPT))


@case
def the_first_sees_nan(folder):
    return both(folder, lambda: Module([0.9, 0.8, float("nan"), 0.7, *FALLING[:8]], SCRIPT))


@case
def the_last_sees_nan(folder):
    return both(folder, lambda: Module(SCRIPT, [0.9, 0.8, float("nan"), 0.7, *FALLING[:8]]))


@case
def each_has_as_many_validation_batches_as_it_likes(folder):
    return both(folder, val=1 + 2 * rank())


class Zero(Module):
    allow_zero_length_dataloader_with_multiple_devices = True


@case
def one_validates_on_nothing(folder):
    return both(folder, lambda: Zero(), val=0 if rank() == 1 else 2)


@case
def the_first_validates_on_nothing(folder):
    return both(folder, lambda: Zero(None, SCRIPT), val=0 if rank() == 0 else 2)


@case
def scores_differ(folder):
    return both(folder, lambda: Module(SCRIPT, FALLING, logs=("val_loss", "val_acc")))
