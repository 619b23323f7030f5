"""Trainings in PyTorch's family, and in Keras on PyTorch, whose processes see different things."""

import contextlib
import importlib
import os
from importlib.metadata import version

import keras
import torch
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FullyShardedDataParallel, fully_shard
from torch.nn.parallel import DistributedDataParallel

from convergence_callbacks import Patience
from convergence_callbacks.keras import EarlyStopping
from tests.adapters.contract import ADAPTERS, KilledError, Training
from tests.processes.joined import in_a_group

SCRIPT = [1.0, 0.5, 0.6, 0.7, 0.8, 0.9]
"""Validation losses of a run whose best epoch is 1; patience 2 ends it at epoch 3."""
FALLING = [1.0 - 0.05 * epoch for epoch in range(6)]
BROKEN = [float("nan")] * 6
INTEGRATIONS = {adapter.name: adapter for adapter in ADAPTERS if adapter.processes and adapter.name != "lightning"}
for name in INTEGRATIONS:  # loaded once, before the processes part
    importlib.import_module(f"tests.adapters.in_{name}")


VERSIONS = {
    "keras": ("Keras", "keras"),
    "transformers": ("Transformers", "transformers"),
    "torch": ("a loop", "torch"),
    "accelerate": ("Accelerate", "accelerate"),
    "fabric": ("Lightning Fabric", "lightning"),
    "ignite": ("Ignite", "pytorch-ignite"),
}


def tested(name, strategy, precision="float32"):
    """What runs here, as the page of combinations says it."""
    framework, package = VERSIONS[name]
    return {
        "framework": framework if package == "torch" else f"{framework} {version(package)}",
        "on": f"PyTorch {torch.__version__}",
        "strategy": strategy,
        "over": f"{torch.distributed.get_world_size()} processes ({torch.distributed.get_backend()})",
        "precision": precision,
    }


@contextlib.contextmanager
def wrappers_noted():
    """Whether a training wraps its model in PyTorch's DistributedDataParallel."""
    noted, whole = [], DistributedDataParallel.__init__

    def note(self, *args, **kwargs):
        noted.append(type(self).__name__)
        whole(self, *args, **kwargs)

    DistributedDataParallel.__init__ = note
    try:
        yield noted
    finally:
        DistributedDataParallel.__init__ = whole


def train(name, folder, *scripts, **settings):
    """Train with the script of this process, and return what it came to."""
    rank = torch.distributed.get_rank()
    given = {"criteria": Patience(2), "min_epochs": 0, "max_epochs": 6, **settings}
    (place := folder / name / str(rank)).mkdir(parents=True, exist_ok=True)
    training = Training(INTEGRATIONS[name].stopping(**given), scripts[rank], place)
    with wrappers_noted() as wrappers:
        run = came_to(INTEGRATIONS[name].train(training).stopping)
    return run | {"tested": tested(name, (*wrappers, "a model in each process")[0])}


def came_to(stopping):
    return {
        "epochs": len(stopping.history),
        "stopped": stopping.stopped_epoch,
        "decisions": [decision.to_dict() for decision in stopping.history],
        "observations": [observation.to_dict() for observation in stopping.observations],
    }


def each_sees_another_loss(folder):
    return {name: train(name, folder, SCRIPT, FALLING) for name in INTEGRATIONS}


def only_the_last_has_the_metric(folder):
    without = [None] * len(SCRIPT)
    return {
        name: train(name, folder, without, SCRIPT) for name in INTEGRATIONS if name != "transformers"
    }  # it gathers itself


def a_strict_run_is_broken_on_the_first(folder):
    """Each process returns how it ended, and all go on to the next training together."""
    ends = {}
    for name in INTEGRATIONS:
        try:
            ends[name] = train(name, folder, BROKEN, FALLING, strict=True)["stopped"]
        except Exception as error:
            ends[name] = f"{type(error).__name__}: {error}"
    return ends


def keras_is_killed_and_resumed(folder):
    """All processes share a folder for the state, and each has one for Keras's own backup."""
    backup, rank = folder / "state", torch.distributed.get_rank()
    adapter, given = INTEGRATIONS["keras"], {"criteria": Patience(2), "min_epochs": 0, "restore_best": True}

    def training(kill_after):
        place = folder / "model" / str(rank)
        place.mkdir(parents=True, exist_ok=True)
        stopping = adapter.stopping(**given, backup_dir=str(backup))
        return Training(stopping, [SCRIPT, FALLING][rank], place, kill_after=kill_after)

    with contextlib.suppress(KilledError):
        adapter.train(training(2))
    torch.distributed.barrier()  # the first process has written all
    written = sorted(path.name for path in backup.iterdir())
    torch.distributed.barrier()  # both have looked before one goes on
    run = adapter.train(training(None))
    torch.distributed.barrier()
    return {"run": came_to(run.stopping) | {"written": written, "left": backup.exists()}}


def keras_under_ddp(folder):
    return keras_s_loop(INTEGRATIONS["keras"].stopping(criteria=Patience(2), min_epochs=0))


def early_stopping_in_keras_under_ddp(folder):
    return keras_s_loop(EarlyStopping("val_loss", patience=2, verbose=1, restore_best_weights=True))


def keras_s_loop(stopping):
    """The loop of Keras's guide to distributed training with PyTorch, with its list of callbacks."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    spread = DistributedDataParallel(model)
    optimizer = torch.optim.SGD(spread.parameters(), lr=0.05)
    callbacks = keras.callbacks.CallbackList([stopping], model=model, epochs=6, verbose=0)
    rank = torch.distributed.get_rank()
    batch = torch.randn(8, 4, generator=torch.Generator().manual_seed(rank))
    model.stop_training = False
    callbacks.on_train_begin()
    for epoch in range(6):
        callbacks.on_epoch_begin(epoch)
        loss = spread(batch).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        callbacks.on_epoch_end(epoch, {"loss": loss.item(), "val_loss": [SCRIPT, FALLING][rank][epoch]})
        if model.stop_training:
            break
    callbacks.on_train_end()
    return {"run": came_to(stopping) | {"tested": tested("keras", type(spread).__name__)}}


def loops_with_spread_models(folder):
    """A loop of one's own over a model that PyTorch wraps, in two precisions; each process has data of its own."""
    found = {}
    for wrap in (DistributedDataParallel, FullyShardedDataParallel, fully_shard):
        for precision in ("float32", "bfloat16 autocast"):
            run = loop(wrap, enabled=precision != "float32")
            found[f"{wrap.__name__}, {precision}"] = run | {"tested": tested("torch", wrap.__name__, precision)}
    return found


def loop(wrap, *, enabled):
    torch.manual_seed(0)
    rank = torch.distributed.get_rank()
    model = wrap(torch.nn.Linear(4, 1), **({} if wrap is DistributedDataParallel else ON_CPU[wrap]()))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    stopping = INTEGRATIONS["torch"].stopping(criteria=Patience(2), min_epochs=0, restore_best=True)
    batch, outputs = torch.randn(8, 4, generator=torch.Generator().manual_seed(rank)), []
    for val_loss in [SCRIPT, FALLING][rank]:
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            loss = model(batch).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            outputs.append(model(batch).tolist())
        if stopping.update(model, train_loss=loss.item(), val_loss=val_loss, lr=0.05).stop:
            break
    stopping.restore(model)
    with torch.no_grad():
        return came_to(stopping) | {"restored": model(batch).tolist() == outputs[1] != outputs[-1]}


ON_CPU = {
    FullyShardedDataParallel: lambda: {"device_id": torch.device("cpu")},
    fully_shard: lambda: {"mesh": init_device_mesh("cpu", (torch.distributed.get_world_size(),))},
}


CASES = {
    case.__name__: in_a_group(case)
    for case in (
        each_sees_another_loss,
        only_the_last_has_the_metric,
        a_strict_run_is_broken_on_the_first,
        keras_is_killed_and_resumed,
        keras_under_ddp,
        early_stopping_in_keras_under_ddp,
        loops_with_spread_models,
    )
}
os.environ["ACCELERATE_USE_CPU"] = "true"
