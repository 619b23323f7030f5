"""What was measured at the end of an epoch."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

LARGEST = 1e100
"""A larger number counts as infinite, so that the square of any other one is finite."""

LEAST_RATE = 1e-100
"""A lower learning rate counts as 0."""

_NO_METRICS: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """What was measured at one epoch. Any value may be absent (None) or not finite.

    Args:
        step: The epoch's number, counted from 0 as the frameworks do (or another number that only grows).
        train_loss: Mean training loss of the epoch.
        val_loss: Validation loss after the epoch.
        lr: Learning rate used in the epoch.
        elapsed: Seconds of training so far, or None where nobody measured.
        metrics: Other named numbers, for criteria of your own.

    Attributes:
        voice: Writes it as a line of text; the package sets it.

    >>> print(Observation(step=3, train_loss=0.5, val_loss=0.61, lr=1e-3))
    epoch 3: train_loss 0.5, val_loss 0.61, lr 0.001
    """

    step: int
    train_loss: float | None = None
    val_loss: float | None = None
    lr: float | None = None
    elapsed: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)

    voice: ClassVar[Callable[[Observation], str]]

    def __post_init__(self) -> None:
        object.__setattr__(self, "metrics", MappingProxyType(dict(self.metrics)) if self.metrics else _NO_METRICS)

    def __reduce__(self) -> tuple[Any, ...]:  # a read-only mapping can't be pickled
        return Observation.from_dict, (self.to_dict(),)

    def __str__(self) -> str:
        return type(self).voice(self)

    def to_dict(self) -> dict[str, Any]:
        """The observation in types that every JSON reader takes; values that are not finite become text."""
        return {
            "step": self.step,
            "train_loss": plain_number(self.train_loss),
            "val_loss": plain_number(self.val_loss),
            "lr": plain_number(self.lr),
            "elapsed": plain_number(self.elapsed),
            "metrics": {name: plain_number(value) for name, value in self.metrics.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Observation:
        """The observation that `to_dict` described."""
        numbers = {name: as_number(data.get(name)) for name in ("train_loss", "val_loss", "lr", "elapsed")}
        metrics = {name: float(value) for name, value in data.get("metrics", {}).items()}
        return cls(step=int(data["step"]), metrics=metrics, **numbers)


def as_number(value: Any) -> float | None:
    """The float that a value stands for: None stays None, and anything that is not a number becomes NaN.

    >>> as_number(None), as_number("0.5"), as_number("broken")
    (None, 0.5, nan)
    """
    if value is None or type(value) is float:
        return value
    try:
        return float(value if isinstance(value, float | int) else _only_item(value))
    except Exception:  # whatever an object of a framework or a user raises must not end the training
        return math.nan


def _only_item(value: Any) -> Any:
    """The only element of an array of any shape: ``float`` of such an array makes NumPy warn."""
    if hasattr(value, "item"):
        return value.item()
    if not hasattr(value, "__array__"):
        return value
    try:
        return np.asarray(value).item()
    except ValueError:  # TensorFlow makes no array of one number in bfloat16
        return float(value)


LARGEST_WHOLE = 2**53
"""A larger number is not a count: floats can't tell such whole numbers apart."""


def as_step(step: Any, otherwise: int) -> int:
    """A step as a whole number; ``otherwise`` where it is none, and where it is a float below that.

    Such a float belongs to steps like 0.25, 0.5, 0.75, 1.0, which count parts of epochs.

    >>> as_step(3, otherwise=7), as_step(8.0, otherwise=7), as_step(2.5, otherwise=7), as_step(10**30, otherwise=7)
    (3, 8, 7, 7)
    """
    try:
        number = int(step)
        is_one = number == step and (number >= otherwise or not isinstance(step, float))
        return number if is_one and 0 <= number <= LARGEST_WHOLE else otherwise
    except Exception:  # the object may be anything
        return otherwise


def plain_number(value: float | None) -> float | str | None:
    """A value for JSON, which knows no NaN and no infinity."""
    return value if value is None or math.isfinite(value) else str(value)


def finite_or_nan(value: float | None) -> float:
    """The value if it is finite, else NaN."""
    return value if value is not None and abs(value) <= LARGEST else math.nan


def as_rate(lr: float | None) -> float:
    """The size of a learning rate: NaN where it is not known, 0 where it is too small to divide by.

    >>> as_rate(-0.1), as_rate(5e-324), as_rate(None)
    (0.1, 0.0, nan)
    """
    rate = math.nan if lr is None else abs(lr)
    return 0.0 if rate < LEAST_RATE else rate if rate <= LARGEST else math.nan


def is_finite(value: float | None) -> bool:
    """Whether there is a value and it is finite."""
    return value is not None and abs(value) <= LARGEST
