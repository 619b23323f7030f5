"""A loop in plain TensorFlow; the step is compiled."""

import numpy as np
import tensorflow as tf

from tests.adapters.contract import Training

X = tf.constant(np.random.default_rng(0).normal(size=(16, 4)).astype("float32"))


class Linear(tf.Module):
    def __init__(self):
        super().__init__()
        self.w, self.b = tf.Variable(tf.ones((4, 1))), tf.Variable(1.0)

    def __call__(self, x):
        return x @ self.w + self.b


@tf.function
def step(model):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(X) ** 2)
    for variable, gradient in zip(model.variables, tape.gradient(loss, model.variables), strict=True):
        variable.assign_sub(0.05 * gradient)
    return loss


def weights(model):
    return np.concatenate([np.ravel(variable) for variable in model.variables])


def train(training: Training) -> None:
    stopping, model, first = training.stopping, Linear(), 0
    checkpoint, path = tf.train.Checkpoint(model=model, stopping=stopping), str(training.folder / "checkpoint")
    if training.resume:
        checkpoint.read(path).assert_consumed()
        first = stopping.decision.step + 1
    for epoch in range(first, training.epochs):
        loss = step(model)
        validated = {} if training.script is None else {"val_loss": tf.constant(training.script[epoch], tf.float64)}
        decision = stopping.update(model, train_loss=loss, **validated, lr=0.05)
        training.end_epoch(epoch, weights(model), lambda: checkpoint.write(path))
        if decision.stop:
            break
    training.final = weights(stopping.restore(model))
