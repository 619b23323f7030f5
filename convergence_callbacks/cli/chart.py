"""A learning curve in letters."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from convergence_callbacks.core.observation import Observation, is_finite

VAL, TRAIN = "●", "·"
"""What stands for validation and train loss."""

DECADE = 10
"""Losses that span more than this factor are drawn on a logarithmic axis."""


def chart(observations: Sequence[Observation], width: int = 72, height: int = 10) -> list[str]:
    """Lines of text with both losses over the epochs; empty where none is finite.

    >>> for line in chart([Observation(step=e, val_loss=v) for e, v in enumerate([3.0, 2.0, 1.0])], 17, 3):
    ...     print(line)
            3 ┤●
            2 ┤  ●
            1 ┤     ●
    """
    points = [
        (index, value, letter)
        for letter, losses in (
            (TRAIN, [each.train_loss for each in observations]),
            (VAL, [each.val_loss for each in observations]),
        )
        for index, value in enumerate(losses)
        if value is not None and is_finite(value)
    ]
    if not points:
        return []
    low, high = min(value for _, value, _ in points), max(value for _, value, _ in points)
    is_log = low > 0 and high / low > DECADE
    levels = np.geomspace(high, low, height) if is_log else np.linspace(high, low, height)
    columns = max(1, width - 11)
    grid = [[" "] * columns for _ in levels]
    for index, value, letter in points:
        column = index * (columns - 1) // max(1, len(observations) - 1)
        grid[_row(value, low, high, height, is_log)][column] = letter
    return [f"{level:9.3g} ┤{''.join(cells).rstrip()}" for level, cells in zip(levels, grid, strict=True)]


def _row(value: float, low: float, high: float, height: int, is_log: bool) -> int:
    """The row of a value, 0 at the top."""
    if high == low:
        return height - 1
    share = math.log(high / value) / math.log(high / low) if is_log else (high - value) / (high - low)
    return round(share * (height - 1))
