"""The Keras integration within Keras Tuner, which copies the callback for each trial."""

import pytest

keras_tuner = pytest.importorskip("keras_tuner", reason="needs pip install 'convergence-callbacks[dev]'")
import keras
import numpy as np

from convergence_callbacks import Patience
from convergence_callbacks.keras import ConvergenceStopping

pytestmark = pytest.mark.filterwarnings("ignore:.*() is deprecated:DeprecationWarning")


def build(hyperparameters):
    rate = hyperparameters.Choice("rate", [0.05, 0.1])
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(rate), loss="mse")
    return model


def test_each_trial_is_ended_by_a_callback_of_its_own(tmp_path):
    x = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
    tuner = keras_tuner.GridSearch(build, "val_loss", max_trials=2, directory=tmp_path)
    steps = []
    stopping = ConvergenceStopping(criteria=Patience(1, min_delta=10.0), min_epochs=0, verbose=False)
    stopping.listeners.append(lambda observation, decision: steps.append(decision.step))
    tuner.search(x, x[:, :1], validation_split=0.25, epochs=6, verbose=0, callbacks=[stopping])
    assert steps == [0, 1, 0, 1]
