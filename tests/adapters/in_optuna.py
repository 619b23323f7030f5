"""The loop of an objective, with a model in numpy."""

import json

import numpy as np
import optuna

from tests.adapters.contract import Training

X = np.random.default_rng(0).normal(size=(32, 4))
Y = X @ np.arange(4.0)


def step(weights, lr=0.05):
    """A step of gradient descent: the weights after it, and the loss before."""
    error = X @ weights - Y
    return weights - lr * X.T @ error / len(X), float((error**2).mean())


def study_for(stopping, **settings):
    direction = "maximize" if stopping.settings.mode == "max" else "minimize"
    return optuna.create_study(direction=direction, pruner=optuna.pruners.NopPruner(), **settings)


def train(training: Training) -> None:
    stopping, weights, checkpoint, first = training.stopping, np.zeros(4), training.folder / "checkpoint.json", 0
    trial = study_for(stopping).ask()
    if training.resume:
        saved = json.loads(checkpoint.read_text())
        weights = np.array(saved["weights"])
        stopping.load_state_dict(saved["stopping"])
        first = stopping.decision.step + 1
    for epoch in range(first, training.epochs):
        weights, train_loss = step(weights)
        validated = {} if training.script is None else {"val_loss": training.script[epoch]}
        decision = stopping.update(trial, epoch=epoch, train_loss=train_loss, **validated, lr=0.05)
        state = {"weights": weights.tolist(), "stopping": stopping.state_dict()}
        training.end_epoch(epoch, weights, lambda state=state: checkpoint.write_text(json.dumps(state)))
        if decision.stop:
            break
    training.final = weights
