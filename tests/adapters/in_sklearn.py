"""A training in scikit-learn, which has no checkpoints: the test goes on from the model and the state."""

import numpy as np
from sklearn.linear_model import SGDRegressor

from tests.adapters.contract import Training

RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 4))
Y = X.sum(axis=1)


def train(training: Training) -> None:
    stopping = training.stopping
    losses = iter(training.script)

    def loss(model, x, y):
        if x is X:
            training.weights.append(model.coef_.copy())
            return float(np.mean((model.predict(x) - y) ** 2))
        return next(losses)

    model = stopping.fit(SGDRegressor(random_state=0), X, Y, X + 0, Y, loss=loss)
    training.final = model.coef_
