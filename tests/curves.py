"""Learning curves small enough to draw, and how to show them to a monitor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from convergence_callbacks import Decision, Monitor
from convergence_callbacks.testing.curves import (
    LearningCurve,
    exponential,
    noisy,
    overfitting,
    sketch,
    sleeper,
    step_drop,
)

__all__ = ["LearningCurve", "exponential", "overfitting", "sketch", "sleeper", "step_drop"]


def show(monitor: Monitor, curve: LearningCurve, *, first: int = 0, last: int | None = None) -> list[Decision]:
    """The decisions at each epoch; the training goes on after a stop, as nobody ends it here."""
    return [
        monitor.update(
            step=epoch,
            val_loss=curve.val[epoch],
            train_loss=None if curve.train is None else curve.train[epoch],
            lr=None if curve.lr is None else curve.lr[epoch],
        )
        for epoch in range(first, len(curve.val) if last is None else last)
    ]


def stop_epoch(decisions: Sequence[Decision]) -> int | None:
    """The epoch of the first stop."""
    return next((decision.step for decision in decisions if decision.stop), None)


def power_law(epochs: int, exponent: float, floor: float = 0.1, noise: float = 0.0, seed: int = 0) -> LearningCurve:
    val = (1 + np.arange(epochs)) ** -exponent + floor
    return LearningCurve(f"power law {exponent}", noisy(val, noise, seed), noisy(val - floor / 2, noise / 2, seed + 1))


def straight(epochs: int, noise_share: float = 0.0, seed: int = 0) -> LearningCurve:
    """Gains the same amount every epoch; noise as a share of that amount."""
    val = 1.0 - np.arange(epochs) / epochs
    return LearningCurve("straight line", noisy(val, noise_share / epochs, seed), val)


def augmented(epochs: int, seed: int = 0) -> LearningCurve:
    """Dropout makes each training example harder than a validation example."""
    t = np.arange(epochs)
    fall = np.exp(-t / 12)
    return LearningCurve(
        "augmented",
        noisy(0.4 + 1.3 * fall, 0.006, seed),
        noisy(0.75 + 1.0 * fall, 0.02, seed + 1),
        np.full(epochs, 0.01),
    )


def lagging(epochs: int, seed: int = 0) -> LearningCurve:
    """The train loss is the mean over the epoch, the validation loss is taken at its end."""
    t = np.arange(epochs)
    within = (t[:, None] + np.linspace(0, 1, 50)).clip(0)
    train = (0.2 + 2.0 * np.exp(-within / 1.5)).mean(axis=1)
    val = 0.22 + 2.0 * np.exp(-(t + 1) / 1.5)
    return LearningCurve("lagging train loss", noisy(val, 0.004, seed), noisy(train, 0.002, seed + 1))


def few_examples(epochs: int, seed: int = 0) -> LearningCurve:
    """Fifty validation examples: noise that is a tenth of all that is gained, and the same examples every epoch."""
    clean = exponential(epochs, 12)
    wander = np.convolve(np.random.default_rng(seed).normal(0, 0.06, epochs + 2), [0.5, 0.5, 0.5], "valid")
    assert clean.train is not None
    return LearningCurve("few validation examples", clean.val + wander, noisy(clean.train, 0.003, seed + 1))


def warm_up(epochs: int, warmth: int, seed: int = 0) -> LearningCurve:
    """The rate rises along a line from next to nothing, then falls along half a cosine."""
    t = np.arange(epochs)
    falls = 0.5 * (1 + np.cos(np.pi * np.clip((t - warmth) / (epochs - warmth), 0, 1)))
    rate = 0.1 * np.where(t < warmth, (1e-3 + t / warmth) ** 3, falls)
    val = 0.3 + 2.0 * np.exp(-np.cumsum(rate) / 1.0)
    return LearningCurve("warm-up", noisy(val, 0.004, seed), noisy(val - 0.05, 0.004, seed + 1), rate)


def label_noise(epochs: int, best: int, seed: int = 0) -> tuple[LearningCurve, np.ndarray]:
    """Validation loss turns as the network learns wrong labels by heart; accuracy, given beside it, still rises."""
    curve, t = overfitting(epochs, best, 0.004, seed), np.arange(epochs)
    return curve, noisy(0.86 - 0.5 * np.exp(-t / (1.5 * best)), 0.003, seed + 2)


def double_descent(epochs: int, seed: int = 0) -> LearningCurve:
    """Validation loss falls, rises by a third of its gain, and falls below where it was."""
    t = np.arange(epochs) / epochs
    val = (
        0.5 + 1.5 * np.exp(-t / 0.04) + 0.5 * np.exp(-(((t - 0.3) / 0.1) ** 2)) - 0.25 / (1 + np.exp(-(t - 0.5) / 0.06))
    )
    train = 0.05 + 1.8 * np.exp(-t / 0.15)
    return LearningCurve("double descent", noisy(val, 0.004, seed), noisy(train, 0.004, seed + 1))


def two_tasks(epochs: int, seed: int = 0) -> LearningCurve:
    """A large loss that is learnt at once, and a tenth of it that takes most of the budget."""
    t = np.arange(epochs)
    val = 2.0 * np.exp(-t / 3) + 0.5 * np.exp(-t / (0.3 * epochs)) + 0.3
    return LearningCurve("two tasks", noisy(val, 0.003, seed), noisy(val - 0.05, 0.003, seed + 1))
