"""One process of several that train with Keras: what was decided in each situation."""

import os
import sys
from pathlib import Path

import keras
import numpy as np

from convergence_callbacks import Patience
from convergence_callbacks.keras import ConvergenceStopping, EarlyStopping
from tests.keras_training import SCRIPT, Scripted, X, fit, model
from tests.processes.launch import leave, watched

RANK = int(os.environ["RANK"])
LAYOUT = os.environ["LAYOUT"]
FALLING = [1.0 - 0.05 * epoch for epoch in range(12)]
SITUATIONS = {
    "all see the same": SCRIPT,
    "only the first sees progress end": SCRIPT if RANK == 0 else FALLING,
    "the last sees no number": SCRIPT if RANK == 0 else [float("nan")] * 12,
    "the metric is on the first process only": SCRIPT if RANK == 0 else [None] * 12,
}


def build():
    """The model of a training, laid out over devices or processes."""
    if LAYOUT == "MirroredStrategy":
        import tensorflow as tf

        assert len(tf.config.list_logical_devices("CPU")) == 2
        with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
            return model()
    return model()


def prepare():
    """Make the devices, before anything is on them."""
    if LAYOUT == "MirroredStrategy":
        import tensorflow as tf

        one = tf.config.LogicalDeviceConfiguration()
        tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], [one, one])
    if LAYOUT == "DataParallel":
        assert len(keras.distribution.list_devices()) == 2
        keras.distribution.set_distribution(keras.distribution.DataParallel())
    if LAYOUT == "torch.distributed":
        import torch.distributed

        torch.distributed.init_process_group("gloo")


def ran(callback, made, script):
    """What came of a training on this process."""
    made, _, history = fit(callback, made=made, scripted=Scripted(script), epochs=12)
    return {
        "epochs": len(history.epoch),
        "stopped": callback.stopped_epoch,
        "decision": callback.decision.to_dict() if getattr(callback, "decision", None) else None,
        "finite": bool(np.isfinite(made.predict(X, verbose=0)).all()),
    }


def situations():
    """All of them, one after the other."""
    found, made = {}, build()  # compiled once: what is decided follows the script
    for name, script in SITUATIONS.items():
        found[f"EarlyStopping, {name}"] = ran(EarlyStopping(mode="min", patience=3), made, script)
        patient = ConvergenceStopping(criteria=Patience(3), min_epochs=0, verbose=False, restore_best=True)
        found[f"ConvergenceStopping, {name}"] = ran(patient, made, script)
    theirs = keras.callbacks.EarlyStopping(mode="min", patience=3)
    found["stock, only the first sees progress end"] = ran(theirs, made, SITUATIONS["only the first sees progress end"])
    return found


if __name__ == "__main__":
    watched()
    prepare()
    leave(Path(sys.argv[1]), situations())
