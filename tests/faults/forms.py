"""The forms in which a run is saved, and how each goes on: what is kept under test of every version.

`python -m tests.faults.forms` writes the files of this version that are missing; one that is there stays as it is.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

import convergence_callbacks
from convergence_callbacks import Monitor, Patience, ignite, transformers
from convergence_callbacks import torch as loop
from convergence_callbacks.adapter.stopping import Stopping
from convergence_callbacks.keras import ConvergenceStopping as InKeras
from convergence_callbacks.keras import EarlyStopping as KerasEarlyStopping
from convergence_callbacks.lightning import ConvergenceStopping as InLightning
from convergence_callbacks.lightning import EarlyStopping as LightningEarlyStopping
from tests import keras_training, lightning_training
from tests.curves import exponential

STATES = Path(__file__).parent / "states"
CURVE = exponential(24, 2, noise=0.001)
SAVED_AFTER = 4
"""The last epoch before the state was saved."""

PATIENT: Mapping[str, Any] = {"criteria": Patience(3), "min_epochs": 0}
QUIET: Mapping[str, Any] = {**PATIENT, "verbose": False}


@dataclass(frozen=True)
class Form:
    """One form of a saved run.

    Args:
        file: Name of the file below the folder of a version.
        save: The state after five epochs.
        go_on: From a state, what became of the run: the same as of one that was never interrupted. It may write to
            the folder.
        whole: What became of a run that was never interrupted.
    """

    file: str
    save: Callable[[Path], Any]
    go_on: Callable[[Any, Path], Any]
    whole: Callable[[], Any]

    def __str__(self) -> str:
        return self.file

    def write(self, state: Any, path: Path) -> None:
        """Write a state as a checkpoint of its framework does."""
        if path.suffix == ".json":
            path.write_text(json.dumps(state, allow_nan=False) + "\n")
        else:
            torch.save(state, path)

    def read(self, path: Path) -> Any:
        """Read what `write` wrote."""
        return json.loads(path.read_text()) if path.suffix == ".json" else torch.load(path, weights_only=True)


# The monitor, and the integrations that hand out what `Stopping` does: XGBoost, LightGBM, CatBoost, JAX -----------


def show(stopping: Any, first: int, last: int) -> list[dict[str, Any]]:
    """The decisions on epochs of the curve."""
    decisions = []
    for epoch in range(first, last):
        losses = {"train_loss": CURVE.train[epoch], "val_loss": CURVE.val[epoch]}
        if isinstance(stopping, Monitor):
            decision = stopping.update(step=epoch, **losses)
        elif isinstance(stopping, loop.ConvergenceStopping):
            decision = stopping.update(torch.nn.Linear(1, 1), epoch=epoch, **losses)
        else:
            decision = stopping.decide(stopping.collect(epoch, losses))
        decisions.append({name: value for name, value in decision.to_dict().items() if name != "evidence"})
    return decisions


def of_curve(file: str, made: Callable[[], Any], state_of: Callable[[Any], Any] = lambda one: one.state_dict()) -> Form:
    """A form of what is shown the curve itself."""

    def save(folder: Path) -> Any:
        show(one := made(), 0, SAVED_AFTER + 1)
        return state_of(one)

    def go_on(state: Any, folder: Path) -> Any:
        one = made()
        one.load_state_dict(state)
        if isinstance(one, Stopping) and not isinstance(one, loop.ConvergenceStopping):
            one.begin()
        return show(one, SAVED_AFTER + 1, 24)

    return Form(file, save, go_on, lambda: show(made(), 0, 24)[SAVED_AFTER + 1 :])


# Lightning: what a checkpoint holds of the callback, under its key --------------------------------------------------


def in_lightning(file: str, made: Callable[[], Any]) -> Form:
    """A form of a callback of Lightning's."""

    def checkpoint(folder: Path) -> Path:
        torch.manual_seed(0)
        keep = ModelCheckpoint(dirpath=folder, filename="five", save_top_k=-1)
        lightning_training.fit(made(), folder, callbacks=[keep], max_epochs=SAVED_AFTER + 1)
        return folder / "five.ckpt"

    def save(folder: Path) -> Any:
        states = torch.load(checkpoint(folder), weights_only=True)["callbacks"]
        return {key: state for key, state in states.items() if "Stopping" in key}

    def go_on(state: Any, folder: Path) -> Any:
        content = torch.load(path := checkpoint(folder), weights_only=True)
        torch.save({**content, "callbacks": state}, path)
        callback = made()
        lightning_training.fit(callback, folder, ckpt_path=path)
        return came_to(callback)

    return Form(file, save, go_on, lambda: WHOLE)


def came_to(callback: Any) -> tuple[Any, ...]:
    """The epoch at which a resumed run stopped, its best epoch and value, and which epochs ended it."""
    last = callback.decision
    return (
        callback.stopped_epoch,
        last.best_step,
        round(last.best_value, 6),
        [decision.stop for decision in callback.history],
    )


WHOLE = (6, 3, 0.3, [False, True])
"""What became of the script of `tests.keras_training` and `tests.lightning_training` after the state was saved."""


# Keras: the folder beside its own backup ------------------------------------------------------------------------------


def in_keras(file: str, made: Callable[[str], Any]) -> Form:
    """A form of a callback of Keras's."""

    class Interrupted(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == SAVED_AFTER:
                raise KeyboardInterrupt

    def save(folder: Path) -> Any:
        try:
            keras_training.fit(made(str(folder)), after=[Interrupted()])
        except KeyboardInterrupt:
            return json.loads((folder / "convergence-state.json").read_text())

    def go_on(state: Any, folder: Path) -> Any:
        (folder / "convergence-state.json").write_text(json.dumps(state))
        callback = made(str(folder))
        keras_training.fit(callback, initial_epoch=SAVED_AFTER + 1)
        return came_to(callback)

    return Form(file, save, go_on, lambda: WHOLE)


FORMS = (
    of_curve("monitor.json", lambda: Monitor(max_epochs=24)),
    of_curve("monitor-with-criteria.json", lambda: Monitor(max_epochs=24, **PATIENT)),
    of_curve("stopping.json", lambda: Stopping(max_epochs=24, verbose=False)),
    of_curve("torch.pt", lambda: loop.ConvergenceStopping(max_epochs=24, restore_best=True, verbose=False)),
    of_curve("ignite.pt", lambda: ignite.ConvergenceStopping(**QUIET, max_epochs=24, restore_best=True)),
    of_curve(
        "transformers.json",
        lambda: transformers.ConvergenceStopping(**QUIET, max_epochs=24),
        lambda callback: callback.state()["attributes"]["_saved"],
    ),
    in_lightning("lightning.pt", lambda: InLightning(**QUIET, restore_best=True)),
    in_lightning("lightning-early-stopping.pt", lambda: LightningEarlyStopping("val_loss")),
    in_keras("keras.json", lambda folder: InKeras(**QUIET, backup_dir=folder)),
    in_keras("keras-early-stopping.json", lambda folder: KerasEarlyStopping(patience=3, backup_dir=folder)),
)


def main() -> None:
    """Write what is missing of this version."""
    folder = STATES / convergence_callbacks.__version__
    folder.mkdir(parents=True, exist_ok=True)
    for form in FORMS:
        if not (path := folder / form.file).exists():
            with tempfile.TemporaryDirectory() as work:
                form.write(form.save(Path(work)), path)
            print(path.name)


if __name__ == "__main__":
    main()
