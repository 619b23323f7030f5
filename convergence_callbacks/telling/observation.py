"""What was measured at one step, in a line."""

from __future__ import annotations

from convergence_callbacks.core.counter import Counter
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.telling import numbers

DIGITS = 6
"""Significant digits of a measured value."""


def line(observation: Observation, counter: Counter = numbers.EPOCHS) -> str:
    """All that was measured.

    >>> line(Observation(step=3, train_loss=0.5, lr=1e-3), Counter("epoch", first=1))
    'epoch 4: train_loss 0.5, lr 0.001'
    """
    measured = {"train_loss": observation.train_loss, "val_loss": observation.val_loss, "lr": observation.lr}
    named = measured | dict(observation.metrics)
    values = ", ".join(f"{name} {numbers.value(each, DIGITS)}" for name, each in named.items() if each is not None)
    return f"{numbers.numbered(observation.step, counter)}: {values or 'nothing was measured'}"
