"""Runs from single numbers, each with its name and step: TensorBoard, MLflow, long tables."""

from __future__ import annotations

import collections
import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from convergence_callbacks.logs.assumption import Assumption, Inference
from convergence_callbacks.logs.columns import ColumnChoice, Columns
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.parts import columns_and_sums
from convergence_callbacks.logs.rows import runs_of
from convergence_callbacks.logs.run import Run
from convergence_callbacks.logs.table import Row, summed

STEP, TIME = "step", "timestamp"

TIMES_MORE = 2
"""A metric whose steps end so many times later than the epochs of another counts by something else."""


class Point(NamedTuple):
    """One value of a metric; time in seconds, NaN where it is not known."""

    key: str
    value: float
    step: float
    time: float = math.nan


@dataclass
class Steps:
    """What steps and times the values of a metric have; takes them in order."""

    count: int = 0
    first: float = math.nan
    last: float = math.nan
    begins: float = math.nan
    ends: float = math.nan
    by_one: bool = True

    def add(self, step: float, time: float) -> None:
        """Take in the step and time of a value."""
        if self.count == 0:
            self.first, self.begins = step, time
        elif step != self.last + 1:
            self.by_one = False
        self.count, self.last, self.ends = self.count + 1, step, time

    @property
    def is_of_epochs(self) -> bool:
        """Whether they go 0, 1, 2 or 1, 2, 3."""
        return self.by_one and self.count > 1 and self.first in {0, 1}

    def ends_with(self, other: Steps) -> bool:
        """Whether the values of both were written over the same time, as far as their times show."""
        late = other.begins + 0.5 * (other.ends - other.begins)
        return not self.ends < late  # NaN is not


@dataclass
class Counters:
    """The steps of each metric."""

    by_key: dict[str, Steps] = field(default_factory=dict)

    def add(self, key: str, step: float, time: float) -> None:
        """Take in a value's."""
        self.by_key.setdefault(key, Steps()).add(step, time)

    def of_epochs(self, one: str | None, other: str | None) -> str | None:
        """Which of two metrics is written by the epoch, where the other is by the step; None where both count alike.

        A loop that calls ``add_scalar(…, global_step)`` for one and ``add_scalar(…, epoch)`` for the other has two
        counters; what belongs together then follows from the order of the times.
        """
        pairs = [(one, other), (other, one)]
        for epochs, steps in pairs:
            a, b = self.by_key.get(epochs or ""), self.by_key.get(steps or "")
            if a is None or b is None or not a.is_of_epochs or b.last <= TIMES_MORE * (a.last + 1):
                continue
            if a.ends_with(b):
                return epochs
        return None


def with_axes(columns: Columns, time: str | None = TIME) -> Columns:
    """The columns, with step and time, which are part of every value."""
    why = {**columns.why, "step": "part of every value", "time": "part of every value" if time else "there is none"}
    return dataclasses.replace(columns, step=STEP, time=time, why=why, time_of_iterations=False)


def runs_of_points(
    path: Path,
    format_: str,
    points: Sequence[Point],
    choice: ColumnChoice,
    notes: Notes,
    *,
    name: str = "",
    metadata: Mapping[str, Any] | None = None,
) -> Iterator[Run]:
    """The runs in some metrics.

    A value that was logged twice for the same step holds as it was logged last.
    """
    counts = collections.Counter(point.key for point in points if point.key != STEP)
    curves = {name: count for name, count in counts.items() if count > 1 or name in {choice.train, choice.val}}
    names = dict.fromkeys(curves or counts)  # a single value, as Hugging Face's of the whole training, is no curve
    has_time = any(math.isfinite(point.time) for point in points)
    found, sums = columns_and_sums(list(names), choice, notes)
    columns = with_axes(found, TIME if has_time else None)
    parts = {part for of_sum in sums.values() for part in of_sum}
    named = {columns.train, columns.val, columns.lr, columns.epoch, columns.energy, *columns.others}
    wanted = {*named, *parts} - {None}
    chosen = sorted((point for point in points if point.key in wanted), key=_time)
    counters = Counters()
    for point in chosen:
        counters.add(point.key, point.step, point.time)
    by_epoch = counters.of_epochs(columns.val, columns.train) if has_time else None  # else their order is unknown
    if by_epoch is not None:
        columns = of_two_counters(columns, by_epoch, notes)
        rows = rows_by_epoch(chosen, by_epoch, leads=counters.by_key[by_epoch].begins <= _begins(counters, by_epoch))
    else:
        rows = _rows_by_step(chosen)
    summed_rows = (summed(row, sums) for row in rows)
    yield from runs_of(path, format_, columns, summed_rows, notes, name=name, metadata=metadata)


def of_two_counters(columns: Columns, by_epoch: str, notes: Notes) -> Columns:
    """The columns where one loss is written by the epoch and the other by the step; it is noted."""
    other = columns.train if by_epoch == columns.val else columns.val
    notes.assume(Assumption(Inference.TWO_COUNTERS, by_epoch, (other,) if other else ()))
    return dataclasses.replace(
        columns, epoch=STEP, step=None, why={**columns.why, "epoch": f"the step of {by_epoch!r}"}
    )


def rows_by_epoch(points: Iterable[Point], by_epoch: str, *, leads: bool) -> Iterator[Row]:
    """A row for each value, in the order of time.

    Args:
        points: The values in that order.
        by_epoch: The metric whose steps are epochs; each value of the others belongs to the epoch in progress.
        leads: Whether it is written at the beginning of an epoch, before the others; else at the end.
    """
    epoch: float | None = None
    for number, point in enumerate(points, start=1):
        values = {point.key: point.value} | ({TIME: point.time} if math.isfinite(point.time) else {})
        if point.key == by_epoch:
            epoch = point.step
            values[STEP] = epoch
        elif leads and epoch is not None:
            values[STEP] = epoch
        yield Row(number, values)


def _begins(counters: Counters, by_epoch: str) -> float:
    others = [steps.begins for key, steps in counters.by_key.items() if key != by_epoch and steps.count > 1]
    return min(others, default=-math.inf)


def _time(point: Point) -> float:
    return point.time if math.isfinite(point.time) else -math.inf


def _rows_by_step(points: Sequence[Point]) -> Iterator[Row]:
    """A row for each step; where steps were not logged, one for each value in the order of time."""
    has_steps = any(point.step for point in points)
    by_step: dict[float, dict[str, float]] = {}
    counted: dict[str, int] = {}
    for point in points:
        step = point.step
        if not has_steps:
            step = counted[point.key] = counted.get(point.key, -1) + 1
        values = by_step.setdefault(step, {STEP: float(step)})
        values[point.key] = point.value
        if math.isfinite(point.time):
            values[TIME] = max(point.time, values.get(TIME, point.time))
    for number, step in enumerate(sorted(by_step), start=1):
        yield Row(number, by_step[step])
