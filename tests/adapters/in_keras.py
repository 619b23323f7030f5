"""A training in Keras; its own backup keeps the model, the callback's folder the state."""

import keras
import numpy as np

from tests.adapters.contract import Training

X = np.random.default_rng(0).normal(size=(16, 4)).astype("float32")


class Scripted(keras.callbacks.Callback):
    """Puts the script into the logs, before the callback sees them."""

    def __init__(self, training):
        super().__init__()
        self.training = training

    def on_epoch_end(self, epoch, logs=None):
        logs["val_loss"] = self.training.script[epoch]


class Watch(keras.callbacks.Callback):
    """Called last in an epoch."""

    def __init__(self, training):
        super().__init__()
        self.training = training

    def on_epoch_end(self, epoch, logs=None):
        self.training.end_epoch(epoch, weights(self.model))


def weights(model):
    return np.concatenate([value.ravel() for value in model.get_weights()])


def train(training: Training) -> None:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.05), loss="mse")
    scripted = [] if training.script is None else [Scripted(training)]
    backup = []
    if training.stopping.settings.backup_dir is not None:
        backup = [keras.callbacks.BackupAndRestore(str(training.folder / "model"))]
    callbacks = [*scripted, training.stopping, *backup, Watch(training)]
    model.fit(X, X[:, :1], epochs=training.epochs, batch_size=8, shuffle=False, verbose=0, callbacks=callbacks)
    training.final, training.asked_to_stop = weights(model), model.stop_training
