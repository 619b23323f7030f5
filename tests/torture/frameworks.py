"""``python -m tests.torture.frameworks FRAMEWORK FOLDER SEED KILLS``: one training, killed at random moments.

What was killed is resumed. A moment is a call of a function, of Python or of C, so that a seed kills at the same one
again. All trainings are
children of one process that has loaded the framework and computed nothing with it.
"""

from __future__ import annotations

import functools
import json
import random
import signal
import sys
import warnings
from pathlib import Path

from convergence_callbacks import Patience
from tests.faults.children import die, in_a_child

EPOCHS = 12
SETTINGS = {"criteria": Patience(3), "min_epochs": 0, "restore_best": True, "verbose": False}
SCRIPT = [1.0, 0.6, 0.4, 0.3, 0.35, 0.36, 0.37, 0.38, 0.39, 0.4, 0.41, 0.42]


def lightning():
    """A training in Lightning that goes on from its latest checkpoint that can be read."""
    import torch
    from lightning.pytorch.callbacks import ModelCheckpoint

    from convergence_callbacks.lightning import ConvergenceStopping
    from tests.faults.lightning_kills import latest
    from tests.lightning_training import fit

    def train(folder):
        torch.manual_seed(0)
        stopping = ConvergenceStopping(**SETTINGS, record=str(folder / "record.jsonl"))
        keep = ModelCheckpoint(dirpath=folder, filename="{epoch}", save_top_k=-1)
        _, made = fit(stopping, folder, callbacks=[keep], ckpt_path=latest(folder))
        return came_to(stopping, made.layer.weight.flatten().tolist())

    return train


def keras():
    """A training in Keras that goes on from its backup."""
    import keras
    import tensorflow  # noqa: F401  # Keras loads it on any backend, to set its seed: once here, not in each child

    from convergence_callbacks.keras import ConvergenceStopping
    from tests.keras_training import fit, model

    def train(folder):
        own = {"record": str(folder / "record.jsonl"), "backup_dir": str(folder / "stopping")}
        stopping = ConvergenceStopping(**SETTINGS, **own)
        keep = keras.callbacks.BackupAndRestore(str(folder / "backup"), double_checkpoint=True)
        made, _, _ = fit(stopping, made=model(), after=[keep])
        return came_to(stopping, [round(float(value), 5) for value in made.get_weights()[0].ravel()])

    return train


def torch():
    """A loop in PyTorch that goes on from what it saved last."""
    import torch

    from convergence_callbacks.torch import ConvergenceStopping

    def train(folder):
        torch.manual_seed(0)
        model, state = torch.nn.Linear(4, 1), folder / "state.pt"
        stopping = ConvergenceStopping(**SETTINGS, max_epochs=EPOCHS, record=str(folder / "record.jsonl"))
        if state.exists():
            saved = torch.load(state, weights_only=True)
            model.load_state_dict(saved["model"])
            stopping.load_state_dict(saved["stopping"])
        for epoch in range(0 if stopping.decision is None else stopping.decision.step + 1, EPOCHS):
            if stopping.stopped_epoch is not None:
                break
            with torch.no_grad():
                model.weight += 0.125
            decision = stopping.update(model, train_loss=0.5, val_loss=SCRIPT[epoch])
            torch.save({"model": model.state_dict(), "stopping": stopping.state_dict()}, folder / "partial.pt")
            (folder / "partial.pt").replace(state)
            if decision.stop:
                break
        stopping.restore(model)
        return came_to(stopping, model.weight.flatten().tolist())

    return train


FRAMEWORKS = {"lightning": lightning, "keras": keras, "torch": torch}


def came_to(stopping, weights):
    last = stopping.decision
    return {"stopped": stopping.stopped_epoch, "best": last.best_step, "reason": last.reason, "weights": weights}


def dying_at(call, work):
    """Work, and die at the function call of this number, of all that it makes."""
    left = call

    def count(frame, event, arg):
        nonlocal left
        left -= event in {"call", "c_call"}
        if left <= 0:
            die()

    sys.setprofile(count)
    work()


def calls_of(work):
    """How many functions it calls."""
    calls = 0

    def count(frame, event, arg):
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


def whole(train, folder):
    """A training that nobody kills, and how many functions it calls."""
    folder.mkdir()
    calls = calls_of(lambda: (folder / "result.json").write_text(json.dumps(train(folder))))
    (folder / "calls.json").write_text(json.dumps(calls))


def killed(train, folder, rng, calls):
    """A training that is killed once or twice, and resumed."""
    folder.mkdir()
    moments = [rng.randrange(1, calls) for _ in range(rng.choice([1, 1, 2]))]
    for moment in moments:
        died = in_a_child(functools.partial(dying_at, moment, functools.partial(train, folder)))
        assert died in {-signal.SIGKILL, 0}, (moment, died)  # what is resumed may be over before
    assert in_a_child(lambda: (folder / "result.json").write_text(json.dumps(train(folder)))) == 0, moments
    return moments


def main(framework, folder, seed, kills):
    warnings.simplefilter("ignore")
    train, rng = FRAMEWORKS[framework](), random.Random(seed)
    assert in_a_child(lambda: whole(train, folder / "never")) == 0
    calls = json.loads((folder / "never" / "calls.json").read_text())
    for number in range(kills):
        moments = killed(train, folder / f"{number}", rng, calls)
        (folder / f"{number}" / "moments.json").write_text(json.dumps(moments))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
