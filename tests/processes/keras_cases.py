"""Trainings in Keras on several devices of one process, by the strategy of its backend."""

import contextlib
import importlib
import json
import os
import socket
import time

import keras
import numpy as np

from convergence_callbacks import Patience
from convergence_callbacks.keras import ConvergenceStopping, EarlyStopping

SCRIPT = [1.0, 0.5, 0.6, 0.7, 0.8, 0.9]
"""Validation losses of a run whose best epoch is 1; patience 2 ends it at epoch 3."""
X = np.random.default_rng(0).normal(size=(16, 4)).astype("float32")
KINDS = {
    "ConvergenceStopping": lambda: ConvergenceStopping(criteria=Patience(2), min_epochs=0, restore_best=True),
    "EarlyStopping": lambda: EarlyStopping("val_loss", patience=2, restore_best_weights=True),
}
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")


class Scripted(keras.callbacks.Callback):
    """Puts the script into the logs, and keeps the weights of each epoch."""

    def on_epoch_end(self, epoch, logs=None):
        logs["val_loss"] = SCRIPT[epoch]
        self.model.weights_of = [*getattr(self.model, "weights_of", []), self.model.get_weights()]


def model():
    keras.utils.set_random_seed(0)
    made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    made.compile(keras.optimizers.SGD(0.05), loss="mse")
    return made


def train(kind):
    made, callback = model(), KINDS[kind]()
    history = made.fit(X, X[:, :1], epochs=6, batch_size=8, verbose=0, callbacks=[Scripted(), callback])
    given_back = all(map(np.array_equal, made.get_weights(), made.weights_of[1]))
    return {"epochs": len(history.epoch), "stopped": callback.stopped_epoch, "restored": given_back}


@contextlib.contextmanager
def mirrored():
    """TensorFlow's, on two logical devices."""
    import tensorflow as tf

    with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope() as strategy:
        yield type(strategy).__name__, strategy.num_replicas_in_sync


@contextlib.contextmanager
def data_parallel():
    """Keras's own, on JAX's two virtual devices."""
    strategy = keras.distribution.DataParallel()
    keras.distribution.set_distribution(strategy)
    yield type(strategy).__name__, strategy.device_mesh.devices.size


def two_logical_devices():
    import tensorflow as tf

    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)


def strategies_and_precisions(folder):
    """Each callback in each precision."""
    backend, found = keras.backend.backend(), {}
    if backend == "tensorflow":
        two_logical_devices()
    for precision in PRECISIONS:
        keras.config.set_dtype_policy(precision)
        with {"tensorflow": mirrored, "jax": data_parallel}[backend]() as (name, devices):
            for kind in KINDS:
                tested = {
                    "framework": f"Keras {keras.__version__}",
                    "on": f"{backend} {importlib.import_module(backend).__version__}",
                    "strategy": name,
                    "over": f"{devices} devices",
                    "precision": keras.config.dtype_policy().name,
                }
                found[f"{kind}, {precision}"] = train(kind) | {"tested": tested}
    return found


def keras_alone_in_several_processes(folder):
    """TensorFlow's strategy for several processes, without a callback."""
    import tensorflow as tf

    rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    write_a_port(rank, folder)
    workers = [f"127.0.0.1:{port}" for port in ports(size, folder)]
    task = {"type": "worker", "index": rank}
    os.environ["TF_CONFIG"] = json.dumps({"cluster": {"worker": workers}, "task": task})
    with tf.distribute.MultiWorkerMirroredStrategy().scope():
        model().fit(X, X[:, :1], epochs=1, batch_size=8, verbose=0)


def write_a_port(rank, folder):
    """A port that was free; TensorFlow takes no other way to it."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        (partial := folder / f"{rank}.partial").write_text(str(found.getsockname()[1]))
    partial.rename(folder / f"{rank}.port")


def ports(size, folder):
    """The ports of all processes, as soon as each has written its own."""
    files = [folder / f"{rank}.port" for rank in range(size)]
    while not all(path.exists() for path in files):
        time.sleep(0.05)
    return [path.read_text() for path in files]


CASES = {case.__name__: case for case in (strategies_and_precisions, keras_alone_in_several_processes)}
