"""Trainings in Lightning whose processes see different things."""

import contextlib
import logging
import warnings

import lightning
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from lightning.pytorch.callbacks import EarlyStopping as Stock
from lightning.pytorch.strategies import ModelParallelStrategy
from torch.distributed.fsdp import fully_shard

from convergence_callbacks import Patience
from convergence_callbacks.core.criteria.time_budget import TimeBudget
from convergence_callbacks.lightning import ConvergenceStopping, EarlyStopping, trained
from tests.processes.joined import in_a_group

CASES = {}
SCRIPT = [1.0, 0.5, 0.6, 0.7, 0.8, 0.9]
"""Validation losses of a run whose best epoch is 1; patience 2 ends it at epoch 3."""
FALLING = [1.0 - 0.05 * epoch for epoch in range(6)]
UNSTEADY = [0.9, float("nan"), 1.0, 1.1, 1.2, 1.3]
for name in ("lightning.pytorch", "lightning.fabric"):
    logging.getLogger(name).setLevel(logging.ERROR)


def case(made=None, seconds=None):
    """Put a case on the list."""

    def add(function):
        CASES[function.__name__] = in_a_group(function, **({} if seconds is None else {"seconds": seconds}))
        return function

    return add if made is None else add(made)


class Module(lightning.LightningModule):
    """Each process has a script of its own, and logs the metrics that it is given."""

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


def fit(folder, callbacks, module=None, *, train=1, val=1, ckpt_path=None, **settings):
    """Train; ``train`` and ``val`` are the batches of this process, None for no data at all."""
    module = Module() if module is None else module
    trainer = lightning.Trainer(
        **{
            "max_epochs": 6,
            "accelerator": "cpu",
            "devices": torch.distributed.get_world_size(),
            "strategy": "ddp",
            "logger": False,
            "enable_progress_bar": False,
            "enable_model_summary": False,
            "enable_checkpointing": any(isinstance(one, ModelCheckpoint) for one in callbacks),
            "use_distributed_sampler": False,
            "default_root_dir": folder,
            "num_sanity_val_steps": 0,
            **settings,
        },
        callbacks=callbacks,
    )
    trainer.fit(module, batches(train), None if val is None else batches(val), ckpt_path=ckpt_path)
    return trainer


def came_to(trainer, callback):
    return {
        "epochs": trainer.current_epoch,
        "stopped": callback.stopped_epoch,
        "decisions": [decision.to_dict() for decision in callback.history],
        "observations": [observation.to_dict() for observation in callback.observations],
    }


def patient(**settings):
    return ConvergenceStopping(criteria=Patience(2), min_epochs=0, **settings)


def rank():
    return torch.distributed.get_rank()


KINDS = {"ConvergenceStopping": patient, "EarlyStopping": lambda: EarlyStopping("val_loss", patience=2, verbose=True)}


def both(folder, module=Module, kinds=KINDS, **settings):
    """What each of the callbacks comes to."""
    found = {}
    for name, kind in kinds.items():
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
    return both(folder, lambda: Module(UNSTEADY, SCRIPT))


@case
def the_last_sees_nan(folder):
    return both(folder, lambda: Module(SCRIPT, UNSTEADY))


@case
def each_has_as_many_validation_batches_as_it_likes(folder):
    return both(folder, val=1 + 2 * rank())


def may_lack_data(*scripts):
    module = Module(*scripts)
    module.allow_zero_length_dataloader_with_multiple_devices = True
    return module


@case
def the_last_validates_on_nothing(folder):
    after = EarlyStopping("val_loss", patience=2, verbose=True, check_on_train_epoch_end=False)
    kinds = {**KINDS, "after_validation": lambda: after}
    return both(folder, may_lack_data, kinds, val=0 if rank() == torch.distributed.get_world_size() - 1 else 1)


@case
def the_first_validates_on_nothing(folder):
    return both(folder, lambda: may_lack_data(None, SCRIPT), val=0 if rank() == 0 else 1)


@case
def scores_differ(folder):
    return both(folder, lambda: Module(SCRIPT, FALLING, logs=("val_loss", "val_acc")))


@case
def none_has_the_metric_in_a_strict_run(folder):
    fit(folder, [patient(val_metric="val_los", mode="min", strict=True)])


@case
def none_has_the_metric_and_one_validates_on_nothing(folder):
    fit(folder, [EarlyStopping("val_los")], may_lack_data(), val=0 if rank() == 0 else 1)


@case
def a_value_is_not_finite_in_a_strict_run(folder):
    fit(folder, [patient(strict=True)], Module(UNSTEADY, SCRIPT))


class Broken(Callback):
    """A user's callback that fails on one process."""

    def on_train_epoch_end(self, trainer, pl_module):
        if trainer.current_epoch == 2 and trainer.global_rank == 1:
            raise ValueError("broken on rank 1")


@case
def a_callback_raises_on_one(folder):
    fit(folder, [patient(), Broken()])


def gone_on(folder, callback, **settings):
    trainer = fit(folder, [callback], **settings)
    return came_to(trainer, callback) | {"weights": weights_of(trainer)}


def until_the_best(folder):
    return gone_on(folder, patient(), max_epochs=2)


@case
def the_best_weights_are_given_back(folder):
    return {"run": gone_on(folder, patient(restore_best=True)), "until the best": until_the_best(folder)}


@case
def the_best_weights_are_kept_in_a_file(folder):
    with small_memory():
        run = gone_on(folder, patient(restore_best=True, backup_dir=str(folder)))
    return {"run": run, "until the best": until_the_best(folder)}


@case
def the_best_weights_can_not_be_written(folder):
    (folder / "file").touch()
    with small_memory(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run = gone_on(folder, patient(restore_best=True, backup_dir=str(folder / "file")))
    return {"run": run, "warnings": sum("best weights can't be kept" in str(warning.message) for warning in caught)}


@contextlib.contextmanager
def small_memory():
    """No weights are small enough to be kept in memory."""
    whole, trained.IN_MEMORY = trained.IN_MEMORY, 0
    try:
        yield
    finally:
        trained.IN_MEMORY = whole


@case
def a_run_is_resumed(folder):
    found = {}
    for name, kind in KINDS.items():
        checkpoint = folder / f"{name}.ckpt"
        fit(folder, [kind()], max_epochs=3).save_checkpoint(checkpoint)
        callback = kind()
        trainer = fit(folder, [callback], ckpt_path=checkpoint)
        found[name] = came_to(trainer, callback)
    return found


@case
def time_is_over_on_one(folder):
    callback = ConvergenceStopping(criteria=TimeBudget(1000.0), min_epochs=0, verbose=False)
    return {"run": came_to(fit(folder, [callback, Late(callback)]), callback)}


class Late(Callback):
    """The clock of one process is fast."""

    def __init__(self, stopping):
        self.stopping = stopping

    def on_train_epoch_start(self, trainer, pl_module):
        if trainer.global_rank == 1 and trainer.current_epoch == 2:
            self.stopping.monitor._clock = lambda: 1e6


# What Lightning does by itself --------------------------------------------------------------------------


@case(seconds=15)
def lightning_alone_with_no_validation_loader_on_one(folder):
    fit(folder, [], Module(SCRIPT), val=None if rank() == 1 else 1)


@case(seconds=15)
def lightning_alone_with_uneven_training_data(folder):
    fit(folder, [], Module(SCRIPT), val=None, train=1 + rank())


@case(seconds=15)
def the_stock_callback_with_the_metric_on_one(folder):
    fit(folder, [Stock("val_loss")], Module(SCRIPT, None))


@case
def what_lightning_refuses_on_a_cpu(folder):
    refused = {}
    for strategy in ("fsdp", "deepspeed"):
        try:
            fit(folder, [], strategy=strategy)
        except Exception as error:
            refused[strategy] = str(error)
    return refused


# Precisions and strategies ------------------------------------------------------------------------------


class Spread(Module):
    """Its weights are spread over the processes (FSDP2)."""

    def configure_model(self):
        fully_shard(self.layer, mesh=self.device_mesh["data_parallel"])


def spread():
    return ModelParallelStrategy(data_parallel_size=torch.distributed.get_world_size(), tensor_parallel_size=1)


@case
def strategies_in_full_precision(folder):
    return strategies(folder, "32-true")


@case
def strategies_in_half_precision(folder):
    return strategies(folder, "bf16-mixed", "bf16-true", "16-true")


def strategies(folder, *precisions):
    """A training by each strategy in each precision, and how Lightning calls them."""
    found = []
    for precision in precisions:
        for strategy, module in (("ddp", Module), (spread(), Spread)):
            callback, seen = patient(restore_best=True, verbose=False), Weights()
            trainer = fit(folder, [callback, seen], module(), strategy=strategy, precision=precision)
            tested = {
                "framework": f"Lightning {lightning.__version__}",
                "on": f"PyTorch {torch.__version__}",
                "strategy": type(trainer.strategy).__name__,
                "over": f"{trainer.world_size} processes ({torch.distributed.get_backend()})",
                "precision": trainer.precision,
            }
            restored = weights_of(trainer) == seen.weights[1] != seen.weights[3]
            found.append(came_to(trainer, callback) | {"tested": tested, "restored": restored})
    return found


class Weights(Callback):
    """Keeps the weights of each epoch."""

    def __init__(self):
        self.weights = []

    def on_train_epoch_end(self, trainer, pl_module):
        self.weights.append(weights_of(trainer))


def weights_of(trainer):
    weight = trainer.lightning_module.layer.weight.detach()
    return (weight.full_tensor() if hasattr(weight, "full_tensor") else weight).flatten().tolist()
