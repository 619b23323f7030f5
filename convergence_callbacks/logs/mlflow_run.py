"""A run of MLflow from its metrics, wherever they are stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from convergence_callbacks.logs.columns import ColumnChoice, Columns, find_columns
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.rows import runs_of
from convergence_callbacks.logs.run import Run
from convergence_callbacks.logs.table import Row

STEP, TIME = "step", "timestamp"


class Point(NamedTuple):
    """One value of a metric; time in seconds."""

    key: str
    value: float
    step: float
    time: float


def run_of_points(
    path: Path,
    format_: str,
    points: Sequence[Point],
    choice: ColumnChoice,
    notes: Notes,
    *,
    name: str,
    metadata: Mapping[str, Any],
) -> Iterator[Run]:
    """The run that the metrics tell of.

    A value that was logged twice for the same step holds as it was logged last.
    """
    found = find_columns(dict.fromkeys(point.key for point in points if point.key != STEP), choice)
    roles = {role: getattr(found, role) for role in ("train", "val", "lr", "epoch")}
    why = {**found.why, "step": "part of every metric", "time": "part of every metric"}
    columns = Columns(**roles, step=STEP, time=TIME, why=why, ignored=found.ignored)
    wanted = [point for point in points if point.key in roles.values()]
    yield from runs_of(path, format_, columns, _rows(wanted, columns), notes, name=name, metadata=metadata)


def _rows(points: Sequence[Point], columns: Columns) -> Iterator[Row]:
    """A row for each step; where steps were not told, one for each value in the order of time."""
    told = any(point.step for point in points)
    by_step: dict[float, dict[str, float]] = {}
    counted: dict[str, int] = {}
    for point in sorted(points, key=lambda point: point.time):
        step = point.step
        if not told:
            step = counted[point.key] = counted.get(point.key, -1) + 1
        values = by_step.setdefault(step, {STEP: float(step)})
        values |= {point.key: point.value, TIME: max(point.time, values.get(TIME, point.time))}
    for number, step in enumerate(sorted(by_step), start=1):
        yield Row(number, by_step[step])
