"""Kill a Keras training at one moment after the other, resume each, and write what came of it.

All trainings are children of one process that has loaded the frameworks and computed nothing with them: no backend has
begun, so a fork takes none of its threads or locks along. What is resumed goes on in one child after the other.
"""

import contextlib
import json
import os
import signal
import sys
import warnings
from pathlib import Path

import keras

from convergence_callbacks import Patience
from convergence_callbacks.adapter import backup
from convergence_callbacks.keras import ConvergenceStopping
from tests.faults.children import die, in_a_child
from tests.keras_training import fit, model

with contextlib.suppress(ImportError):  # Keras loads it on any backend, to set its seed: once here, not in each child
    import tensorflow  # noqa: F401


class KillAt(keras.callbacks.Callback):
    """Kills its own process when a hook is called in an epoch."""

    def __init__(self, hook, epoch):
        super().__init__()
        self.epoch, self.at, self.hook = -1, epoch, hook
        if hook != "on_epoch_begin":
            setattr(self, hook, lambda *_, **__: self.die_here())

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch
        if self.hook == "on_epoch_begin":
            self.die_here()

    def die_here(self):
        if self.epoch == self.at:
            die()


class KillAsStateIsWritten(KillAt):
    """Kills its own process with a state half on the disk."""

    def __init__(self, epoch):
        super().__init__("never", epoch)
        backup.os.fsync = self.half

    def half(self, file):
        if self.epoch == self.at:
            os.ftruncate(file, os.fstat(file).st_size // 2)
            die()


class KillAsBestWeightsAreWritten(KillAt):
    """Kills its own process with half of our weights on the disk."""

    def __init__(self, epoch):
        super().__init__("never", epoch)
        save = backup.np.savez

        def half(file, *arrays):
            save(file, *arrays)
            if self.epoch == self.at:
                file.flush()
                os.ftruncate(file.fileno(), file.tell() // 2)
                die()

        backup.np.savez = half


class KillAsKerasBacksUp(KillAt):
    """Kills its own process with half of the weights of Keras's backup on the disk."""

    def __init__(self, epoch):
        super().__init__("never", epoch)

    def set_model(self, model):
        super().set_model(model)
        save = model.save_weights

        def half(filepath, *args, **kwargs):
            save(filepath, *args, **kwargs)
            if self.epoch == self.at:
                os.truncate(filepath, Path(filepath).stat().st_size // 2)
                die()

        model.save_weights = half


BEFORE, BETWEEN, AFTER = "before the callback", "between it and Keras's backup", "after both"
MOMENTS = {
    "before the first epoch": (BEFORE, lambda: KillAt("on_train_begin", -1)),
    "in the first epoch": (BEFORE, lambda: KillAt("on_train_batch_end", 0)),
    "in the middle": (BEFORE, lambda: KillAt("on_train_batch_end", 4)),
    "before the state of the best epoch": (BEFORE, lambda: KillAt("on_epoch_end", 3)),
    "while the best weights are written": (BEFORE, lambda: KillAsBestWeightsAreWritten(3)),
    "while the state is written": (BEFORE, lambda: KillAsStateIsWritten(4)),
    "between the state and Keras's backup": (BETWEEN, lambda: KillAt("on_epoch_end", 4)),
    "while Keras's backup is written": (BEFORE, lambda: KillAsKerasBacksUp(5)),
    "right before the stop": (BEFORE, lambda: KillAt("on_epoch_end", 6)),
    "right after the stop": (AFTER, lambda: KillAt("on_epoch_end", 6)),
}
"""Where in the list of callbacks a killer is, and the killer."""


def train(folder, place="", kill=None):
    """A training that goes on where the one in the folder was killed, and what it came to."""
    warnings.simplefilter("ignore")
    callback = ConvergenceStopping(
        criteria=Patience(3), min_epochs=0, restore_best=True, verbose=False, backup_dir=str(folder / "stopping")
    )
    keep = keras.callbacks.BackupAndRestore(str(folder / "backup"), double_checkpoint=True)
    killers = {place: [kill()]} if kill else {}
    made, _, _ = fit(
        callback,
        made=model(),
        before=killers.get(BEFORE, []),
        after=[*killers.get(BETWEEN, []), keep, *killers.get(AFTER, [])],
    )
    return {
        "stopped": callback.stopped_epoch,
        "best": callback.decision.best_step,
        "reason": callback.decision.reason,
        "weights": [round(float(value), 5) for value in made.get_weights()[0].ravel()],
    }


def resume(folder):
    """Take up all that was killed."""
    for run in sorted(folder.iterdir()):
        (run / "result.json").write_text(json.dumps(train(run)))


def main(folder):
    (folder / "never").mkdir()
    for moment, (place, kill) in MOMENTS.items():
        (run := folder / moment).mkdir()
        died = in_a_child(lambda run=run, place=place, kill=kill: train(run, place, kill))
        assert died == -signal.SIGKILL, (moment, died)
    assert in_a_child(lambda: resume(folder)) == 0


if __name__ == "__main__":
    main(Path(sys.argv[1]))
