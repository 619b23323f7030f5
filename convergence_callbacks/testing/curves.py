"""Learning curves small enough to draw, by which criteria are checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """One training, epoch by epoch; a failing test prints its sketch."""

    name: str
    val: Floats
    train: Floats | None = None
    lr: Floats | None = None

    def __str__(self) -> str:
        return f"{self.name} {sketch(self.val)}"

    def scaled(self, factor: float) -> LearningCurve:
        """The curve with its losses in another unit."""
        train = None if self.train is None else self.train * factor
        return LearningCurve(f"{self.name} × {factor}", self.val * factor, train, self.lr)

    def raised(self, by: float) -> LearningCurve:
        """The curve with another floor."""
        train = None if self.train is None else self.train + by
        return LearningCurve(f"{self.name} + {by}", self.val + by, train, self.lr)


def sketch(values: Sequence[float] | Floats, width: int = 60) -> str:
    """A line of blocks, as high as the values."""
    values = np.asarray(values, dtype=float)
    thinned = values[np.linspace(0, len(values) - 1, min(width, len(values))).astype(int)]
    finite = thinned[np.isfinite(thinned)]
    if not len(finite):
        return "nothing finite"
    low, high = finite.min(), finite.max()
    levels = [0 if high == low else int(7 * (v - low) / (high - low)) if np.isfinite(v) else None for v in thinned]
    return "".join("!" if level is None else "▁▂▃▄▅▆▇█"[level] for level in levels)


def exponential(
    epochs: int, time_constant: float, floor: float = 0.1, noise: float = 0.0, seed: int = 0
) -> LearningCurve:
    """An exponential descent to a floor."""
    val = np.exp(-np.arange(epochs) / time_constant) + floor
    return LearningCurve(
        f"exponential {time_constant}", noisy(val, noise, seed), noisy(val - floor / 2, noise / 2, seed + 1)
    )


def overfitting(epochs: int, best: int, noise: float = 0.0, seed: int = 0) -> LearningCurve:
    """Train loss falls on, validation loss turns at an epoch."""
    t = np.arange(epochs)
    train = np.exp(-t / best)
    val = 0.3 + train + 0.4 * np.maximum(0, t - best) / best
    return LearningCurve("overfitting", noisy(val, noise, seed), train)


def sleeper(epochs: int, wakes: int, noise: float = 0.002, seed: int = 0) -> LearningCurve:
    """Stays at the trivial level before it begins to learn, as deep networks under plain SGD do."""
    t = np.arange(epochs)
    val = np.where(t < wakes, 1.0 - 0.0002 * t, np.exp(-np.maximum(0, t - wakes) / 10))
    return LearningCurve(f"sleeper until {wakes}", noisy(val, noise, seed), noisy(val, noise, seed + 1))


def step_drop(epochs: int, drop: int, noise: float = 0.002, seed: int = 0) -> LearningCurve:
    """A plateau, then a tenth of the learning rate and a second descent."""
    t = np.arange(epochs)
    val = 0.5 + 0.5 * np.exp(-t / 5) - np.where(t >= drop, 0.3 * (1 - np.exp(-(t - drop) / 4)), 0)
    lr = np.where(t >= drop, 0.01, 0.1)
    return LearningCurve(f"rate drops at {drop}", noisy(val, noise, seed), noisy(val - 0.05, noise, seed + 1), lr)


def noisy(values: Floats, noise: float, seed: int) -> Floats:
    """The values with normal noise of this standard deviation."""
    return values + np.random.default_rng(seed).normal(0, noise, len(values)) if noise else values
