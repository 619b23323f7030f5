"""One process of several that train together with Lightning: what was decided in each situation."""

import os
import sys
from pathlib import Path

import torch
from lightning.pytorch.callbacks import EarlyStopping as Stock

from convergence_callbacks import ConvergenceError, Patience
from convergence_callbacks.lightning import ConvergenceStopping, EarlyStopping
from tests.lightning_training import SCRIPT, fit, module
from tests.processes.launch import leave, watched

RANK = int(os.environ["RANK"])
FALLING = [1.0 - 0.05 * epoch for epoch in range(12)]
NOWHERE = [float("nan")] * 12


def logging(on=lambda rank: True, script=SCRIPT):
    """A model that logs its validation loss on some of the processes only."""

    class Logging(type(module())):
        def validation_step(self, batch, index):
            if on(self.global_rank):
                self.log("val_loss", torch.tensor(self.script[self.current_epoch]), rank_zero_only=False)

    return Logging(script=script)


def watching(**settings):
    return ConvergenceStopping(criteria=Patience(3), min_epochs=0, verbose=False, **settings)


ENDING = "only the first sees progress end"
SITUATIONS = {
    "all see the same": ({}, {}),
    ENDING: ({"script": SCRIPT if RANK == 0 else FALLING}, {}),
    "the metric is on the first process only": ({"on": lambda rank: rank == 0}, {}),
    "the metric is on the last process only": ({"on": lambda rank: rank > 0}, {}),
    "the last sees no number": ({"script": SCRIPT if RANK == 0 else NOWHERE}, {"check_finite": False}),
}


def ran(callback, model, folder):
    """What came of a training on this process."""
    try:
        made, _ = fit(callback, folder, model, strategy="ddp", devices=int(os.environ["WORLD_SIZE"]))
    except (ConvergenceError, RuntimeError) as error:
        return {"error": type(error).__name__}
    said = getattr(callback, "decision", None)
    return {
        "epochs": made.current_epoch,
        "stopped": callback.stopped_epoch,
        "reason": getattr(callback, "stopping_reason_message", None) or (said.reason if said else None),
        "why": str(getattr(callback, "stopping_reason", "")),
        "decision": said.to_dict() if said else None,
    }


def situations(folder):
    """All of them, one after the other in the same processes."""
    found = {}
    for name, (model, settings) in SITUATIONS.items():
        found[f"EarlyStopping, {name}"] = ran(EarlyStopping("val_loss", **settings), logging(**model), folder)
        found[f"ConvergenceStopping, {name}"] = ran(watching(), logging(**model), folder)
    theirs = Stock("val_loss")
    found["stock, only the first sees progress end"] = ran(theirs, logging(**SITUATIONS[ENDING][0]), folder)
    # Last: after an error, Lightning can't train with these processes again.
    strict = EarlyStopping("val_loss") if os.environ["WORLD_SIZE"] == "2" else watching(strict=True)
    name = f"{type(strict).__name__}, no process has the metric"
    found[name] = ran(strict, logging(on=lambda rank: False), folder)
    return found


if __name__ == "__main__":
    watched()
    torch.set_num_threads(1)
    leave(Path(sys.argv[1]), situations(Path(sys.argv[1])))
