"""``python -m tests.torture.child FOLDER SEED SECONDS``: a training that saves each epoch, and is killed."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
from pathlib import Path

from convergence_callbacks.adapter.loop import LoopStopping

EPOCHS = 80


def losses(seed: str) -> list[tuple[float, float]]:
    """Train and validation loss of each epoch; validation turns for the worse in the middle of some."""
    rng = random.Random(seed)
    turn, noise = rng.choice([20, 40, EPOCHS]), rng.choice([0.0, 0.01])
    return [
        (0.93**epoch, 0.2 + 0.93**epoch + 0.01 * max(0, epoch - turn) + noise * rng.random()) for epoch in range(EPOCHS)
    ]


def stopping_in(folder: Path) -> LoopStopping:
    """The callback, as it was saved last."""
    stopping = LoopStopping(max_epochs=EPOCHS, verbose=False, record=folder / "record.jsonl")
    if (folder / "state.json").exists():
        stopping.load_state_dict(json.loads((folder / "state.json").read_text()))
    return stopping


def train(folder: Path, seed: str) -> None:
    """Train to the end, writing down each decision."""
    stopping = stopping_in(folder)
    first = 0 if stopping.decision is None else stopping.decision.step + 1
    for train_loss, val_loss in losses(seed)[first:]:
        if stopping.stopped_epoch is not None:
            break
        decision = stopping.update(train_loss=train_loss, val_loss=val_loss)
        with (folder / "decisions.jsonl").open("a") as file:
            file.write(json.dumps(decision.to_dict()) + "\n")
        (folder / "partial.json").write_text(json.dumps(stopping.state_dict()))
        (folder / "partial.json").replace(folder / "state.json")
        if decision.stop:
            break
    stopping.run.end()


if __name__ == "__main__":
    given, of_seed, seconds = sys.argv[1:]
    if float(seconds):
        killed = threading.Timer(float(seconds), os.kill, (os.getpid(), signal.SIGKILL))
        killed.daemon = True
        killed.start()
    train(Path(given), of_seed)
