"""The five situations: one small network on scikit-learn's digits, and one thing that differs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

EPOCHS = 100
BATCH = 64
HIDDEN = 64
CLASSES = 10
TRAIN_SHARE = 0.75


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What a training is like.

    Args:
        name: Short, for files and tables.
        title: What differs, for people.
        lr: Learning rate of SGD with momentum 0.9.
        decays: Whether the learning rate falls to nothing, in a line over the budget.
        images: Training images used, all of them when None.
        noisy_labels: Share of labels that are drawn at random.
        shuffled: Whether every label belongs to another image.
        dropout: Share of hidden units that are left out at each step.
    """

    name: str
    title: str
    lr: float = 0.02
    decays: bool = False
    images: int | None = None
    noisy_labels: float = 0.0
    shuffled: bool = False
    dropout: float = 0.2


SITUATIONS = (
    Situation(name="converges", title="A sound training", decays=True, dropout=0.3),
    Situation(
        name="overfits",
        title="Few images, wrong labels",
        lr=0.1,
        images=300,
        noisy_labels=0.3,
        dropout=0.0,
    ),
    Situation(name="too-low", title="Learning rate far too low", lr=5e-5),
    Situation(name="too-high", title="Learning rate far too high", lr=20.0),
    Situation(name="broken-labels", title="Labels shuffled", shuffled=True),
)


@dataclass(frozen=True)
class Data:
    """Images as rows of 64 pixels, and their digits; the first rows train, the rest validates."""

    x_train: NDArray[np.float32]
    y_train: NDArray[np.int64]
    x_val: NDArray[np.float32]
    y_val: NDArray[np.int64]


def data_for(situation: Situation) -> Data:
    """The digits as the situation has them."""
    from sklearn.datasets import load_digits

    random = np.random.default_rng(0)
    pixels, digits = load_digits(return_X_y=True)
    order = random.permutation(len(pixels))
    x, y = (pixels[order] / 16).astype(np.float32), digits[order].astype(np.int64)
    wrong = random.random(len(y)) < situation.noisy_labels
    y[wrong] = random.integers(0, CLASSES, int(wrong.sum()))
    if situation.shuffled:
        random.shuffle(y)
    split = int(TRAIN_SHARE * len(x))
    first = split if situation.images is None else situation.images
    return Data(x[:first], y[:first], x[split:], y[split:])
