"""Weights that are validated and given at the end, but not trained: averages of those that are."""

from __future__ import annotations

from typing import Any


def averages_weights(trainer: Any) -> bool:
    """Whether Lightning's ``WeightAveraging`` (2.6) is at work, or a callback that derives from it, as the EMA does.

    It puts the average into the module for each validation, takes it out again, and leaves it there at the end.
    """
    return any(kind.__name__ == "WeightAveraging" for callback in trainer.callbacks for kind in type(callback).__mro__)
