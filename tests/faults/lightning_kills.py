"""Kill a Lightning training at one moment after the other, resume each, and write what came of it.

All trainings are children of one process that has loaded the frameworks once.
"""

import json
import signal
import sys
import warnings
from pathlib import Path

import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from lightning.pytorch.plugins.io import TorchCheckpointIO

from convergence_callbacks import Patience
from convergence_callbacks.lightning import ConvergenceStopping, EarlyStopping
from tests.faults.children import die, in_a_child
from tests.lightning_training import fit


class KillAt(Callback):
    """Kills its own process when a hook is called in an epoch."""

    def __init__(self, hook, epoch):
        setattr(self, hook, lambda trainer, *_: die() if trainer.current_epoch == epoch else None)


class KilledWhileWriting(TorchCheckpointIO):
    """Kills its own process with half a checkpoint on the disk."""

    def save_checkpoint(self, checkpoint, path, storage_options=None):
        super().save_checkpoint(checkpoint, path, storage_options)
        if checkpoint["epoch"] == 4:
            content = Path(path).read_bytes()
            Path(path).write_bytes(content[: len(content) // 2])
            die()


MOMENTS = {
    "before the first epoch": lambda: KillAt("on_train_start", 0),
    "in the first epoch": lambda: KillAt("on_train_batch_end", 0),
    "in the middle": lambda: KillAt("on_train_batch_end", 4),
    "before validation": lambda: KillAt("on_validation_start", 4),
    "between validation and checkpoint": lambda: KillAt("on_validation_end", 4),
    "at the end of the best epoch": lambda: KillAt("on_train_epoch_end", 3),
    "after the checkpoint of the best epoch": lambda: KillAt("on_train_epoch_start", 4),
    "while a checkpoint is written": KilledWhileWriting,
    "right before the stop": lambda: KillAt("on_train_epoch_end", 6),
    "right after the stop": lambda: KillAt("on_train_end", 7),
}
KINDS = {
    "ConvergenceStopping": lambda: ConvergenceStopping(
        criteria=Patience(3), min_epochs=0, restore_best=True, verbose=False
    ),
    "EarlyStopping": lambda: EarlyStopping("val_loss"),
}


def latest(folder):
    """The latest checkpoint that can be read; one that was being written can't."""
    for path in sorted(folder.glob("*.ckpt"), key=lambda path: path.stat().st_mtime_ns, reverse=True):
        try:
            torch.load(path, weights_only=True)
            return path
        except Exception:
            continue
    return None


def train(kind, folder, kill=None):
    """A training that goes on from the latest checkpoint, and what it came to."""
    torch.manual_seed(0)
    warnings.simplefilter("ignore")
    callback = KINDS[kind]()
    keep = ModelCheckpoint(dirpath=folder, filename="{epoch}", save_top_k=-1)
    plugins, callbacks = ([kill], [keep]) if isinstance(kill, TorchCheckpointIO) else ([], [keep, kill])
    trainer, model = fit(
        callback, folder, callbacks=[one for one in callbacks if one], plugins=plugins, ckpt_path=latest(folder)
    )
    return {
        "epochs": trainer.current_epoch,
        "stopped": callback.stopped_epoch,
        "reason": callback.decision.reason,
        "weights": model.layer.weight.flatten().tolist(),
    }


def main(folder):
    for kind in KINDS:
        for moment, kill in {"never": None, **MOMENTS}.items():
            run = folder / kind / moment
            result = run / "result.json"
            if kill is not None:
                assert in_a_child(lambda run=run, kill=kill, kind=kind: train(kind, run, kill())) == -signal.SIGKILL
            done = in_a_child(
                lambda run=run, result=result, kind=kind: (
                    run.mkdir(parents=True, exist_ok=True),
                    result.write_text(json.dumps(train(kind, run))),
                )
            )
            assert done == 0, (kind, moment)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]))
