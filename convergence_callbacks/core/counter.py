"""Names and numbers of the steps of a training."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counter:
    """What the steps of a training are called, and how its framework numbers them.

    Args:
        noun: What one step is called, in the singular: "epoch", "evaluation", "step", "round".
        first: The number that the framework prints for the first one: 1 in Keras, 0 in Lightning.

    >>> Counter("epoch", first=1).number(0)
    1
    """

    noun: str = "epoch"
    first: int = 0

    def number(self, step: int) -> int:
        """The number that the framework prints for a step counted from 0."""
        return step + self.first
