"""A learning curve drawn in characters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convergence_callbacks.core.observation import Observation, is_finite
from convergence_callbacks.outlook import Band
from convergence_callbacks.telling import numbers

VAL, TRAIN = "●", "·"
"""Characters for validation and train loss."""

BAND, MIDDLE = "░", "┄"
"""Characters for the interval in which the judged loss is expected, and for its middle."""

DECADE = 10
"""Losses that span more than this factor are drawn on a logarithmic axis."""

ROOM = 0.35
"""Share of the height by which a band may extend the axis on either side."""


@dataclass(frozen=True)
class _Axis:
    """The vertical axis.

    Args:
        low: At the bottom.
        high: At the top.
        rows: How many there are.
        is_log: Whether it is logarithmic.
    """

    low: float
    high: float
    rows: int
    is_log: bool

    def levels(self) -> Sequence[float]:
        """The value of each row, from the top."""
        make = np.geomspace if self.is_log else np.linspace
        return [float(level) for level in make(self.high, self.low, self.rows)]

    def row(self, value: float) -> int:
        """The row of a value, 0 at the top; values beyond the axis are at its edge."""
        if self.high == self.low:
            return self.rows - 1
        value = min(max(value, self.low), self.high)
        share = (
            math.log(self.high / value) / math.log(self.high / self.low)
            if self.is_log
            else (self.high - value) / (self.high - self.low)
        )
        return round(share * (self.rows - 1))


def chart(observations: Sequence[Observation], width: int = 72, height: int = 10, band: Band = ()) -> list[str]:
    """Lines of text with both losses over the epochs; empty where none is finite.

    Args:
        observations: What was measured.
        width: Letters of a line.
        height: Lines.
        band: The interval in which the judged loss is expected, for the epochs after the latest.

    >>> for line in chart([Observation(step=e, val_loss=v) for e, v in enumerate([3.0, 2.0, 1.0])], 17, 3):
    ...     print(line)
            3 ┤●
            2 ┤  ●
            1 ┤     ●
    """
    points = [
        (each.step, value, letter)
        for letter, name in ((TRAIN, "train_loss"), (VAL, "val_loss"))
        for each in observations
        if is_finite(value := getattr(each, name))
    ]
    if not points:
        return []
    axis = _axis([value for _, value, _ in points], band, height)
    columns, first = max(1, width - 11), observations[0].step
    last = max(observations[-1].step, *(step for step, _ in band)) if band else observations[-1].step
    per_step = (columns - 1) / max(1, last - first)
    grid = [[" "] * columns for _ in range(height)]
    if band:
        _draw_band(grid, axis, band, np.linspace(first, max(last, first + 1), columns).tolist())
    for step, value, letter in points:
        grid[axis.row(value)][int((step - first) * per_step)] = letter
    return [
        f"{numbers.value(level, 3):>9} ┤{''.join(cells).rstrip()}"
        for level, cells in zip(axis.levels(), grid, strict=True)
    ]


def _axis(values: Sequence[float], band: Band, rows: int) -> _Axis:
    """An axis that holds all values, and as much of a band as does not flatten them."""
    low, high = min(values), max(values)
    is_log = low > 0 and high / low > DECADE
    if band and not is_log:
        room = ROOM * (high - low)
        low = max(min(low, *(level.low for _, level in band)), low - room)
        high = min(max(high, *(level.high for _, level in band)), high + room)
    return _Axis(low, high, rows, is_log)


def _draw_band(grid: list[list[str]], axis: _Axis, band: Band, steps: Sequence[float]) -> None:
    at = [step for step, _ in band]
    low, middle, high = (
        np.interp(steps, at, [getattr(level, end) for _, level in band]) for end in ("low", "value", "high")
    )
    for column, step in enumerate(steps):
        if step < at[0]:
            continue
        for row in range(axis.row(high[column]), axis.row(low[column]) + 1):
            grid[row][column] = BAND
        grid[axis.row(middle[column])][column] = MIDDLE
