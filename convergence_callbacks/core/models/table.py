"""Features of several runs: a row for each run, a column for each name."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.curve.series import Series

Columns = Mapping[str, Series | float]
"""Numbers by name: of each run one, or one that is the same for all."""


@dataclass(frozen=True, eq=False)
class Table:
    """Features of several runs.

    Args:
        names: Their names, in order.
        rows: A row of them for each run; NaN where one is not known.

    >>> table = Table.of({"epochs": 3.0, "wait": np.array([0.0, 2.0])}, runs=2)
    >>> table.columns(("wait",)).tolist(), table.each()[1]["epochs"]
    ([[0.0], [2.0]], 3.0)
    """

    names: tuple[str, ...]
    rows: Series

    @classmethod
    def of(cls, columns: Columns, runs: int, rounded: Callable[[Series], Series] = np.asarray) -> Table:
        """The table of these columns.

        Args:
            columns: By name.
            runs: How many rows there are.
            rounded: What is done to all numbers, so that the unit of the loss changes none of them.
        """
        rows = np.empty((runs, len(columns)))
        for place, column in enumerate(columns.values()):
            rows[:, place] = column
        return cls(tuple(columns), rounded(rows))

    def columns(self, names: tuple[str, ...]) -> Series:
        """Some of the features, in the order of the names."""
        return self.rows.take(_places(self.names, names), axis=1)

    def each(self) -> list[Mapping[str, float]]:
        """The features of each run by name."""
        index = _index(self.names)
        return [_Row(index, row) for row in self.rows.tolist()]


@dataclass(frozen=True, slots=True)
class _Row(Mapping[str, float]):
    """Numbers by name, of which few are asked for: to make a dictionary of each row would take longer."""

    places: Mapping[str, int]
    numbers: Sequence[float]

    def __getitem__(self, name: str) -> float:
        return self.numbers[self.places[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)


def columns_of(runs: Sequence[Reading], read: Callable[[Reading], Mapping[str, float]]) -> Columns:
    """Numbers that are read of each run by itself, side by side."""
    each = [read(reading) for reading in runs]
    rows = np.array([list(numbers.values()) for numbers in each])
    return dict(zip(each[0], rows.T, strict=True))


@functools.cache
def _index(names: tuple[str, ...]) -> dict[str, int]:
    return {name: place for place, name in enumerate(names)}


@functools.cache
def _places(names: tuple[str, ...], asked: tuple[str, ...]) -> NDArray[np.intp]:
    index = _index(names)
    return np.array([index[name] for name in asked])
