"""The demo's training in Keras."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras

from convergence_callbacks.keras import ConvergenceStopping
from demo.situations import BATCH, CLASSES, EPOCHS, HIDDEN, Data, Situation


def train(situation: Situation, data: Data, listener: Callable[..., None], **settings: Any) -> ConvergenceStopping:
    """Train once and give back the callback, which knows all there is to know."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(HIDDEN, "gelu"),
            keras.layers.Dropout(situation.dropout),
            keras.layers.Dense(HIDDEN, "gelu"),
            keras.layers.Dense(CLASSES),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    steps = EPOCHS * math.ceil(len(data.x_train) / BATCH)
    rate = keras.optimizers.schedules.PolynomialDecay(situation.lr, steps, 0.0) if situation.decays else situation.lr
    model.compile(keras.optimizers.SGD(rate, momentum=0.9), loss=loss)
    stopping = ConvergenceStopping(verbose=False, **settings)
    stopping.listeners.append(listener)
    model.fit(
        data.x_train,
        data.y_train,
        validation_data=(data.x_val, data.y_val),
        epochs=EPOCHS,
        batch_size=BATCH,
        verbose=0,
        callbacks=[stopping],
    )
    return stopping
