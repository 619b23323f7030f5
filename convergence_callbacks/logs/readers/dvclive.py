"""DVCLive's folder: a table for each metric in ``plots/metrics``, however deep."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from convergence_callbacks.logs.columns import ColumnChoice
from convergence_callbacks.logs.errors import NotALogError
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.points import Point, runs_of_points
from convergence_callbacks.logs.reader import CERTAIN, Claim, Reader
from convergence_callbacks.logs.run import Run
from convergence_callbacks.logs.table import number_in, seconds_in
from convergence_callbacks.logs.text_table import Table, header_in

METRICS = ("plots", "metrics")
"""The folders in which the tables are; https://dvc.org/doc/dvclive/how-it-works."""


class DvcLive(Reader):
    """Reads the tables of all metrics together; a metric is called after its path."""

    name: ClassVar[str] = "DVCLive"

    def recognise(self, path: Path, head: bytes) -> Claim | None:
        """A table of steps below ``plots/metrics``."""
        is_one = path.suffix == ".tsv" and _root(path) is not None and "step" in header_in(head)
        return Claim(CERTAIN, "a table of steps below plots/metrics") if is_one else None

    def log_of(self, path: Path) -> Path:
        """The folder that DVCLive was given."""
        return _root(path) or path

    def read(self, path: Path, choice: ColumnChoice) -> Iterator[Run]:
        """The run of a folder."""
        notes, folder = Notes(), path.joinpath(*METRICS)
        points = [point for file in sorted(folder.rglob("*.tsv")) for point in _points(file, folder, notes)]
        if not points:
            raise NotALogError("it holds no metric")
        yield from runs_of_points(path, self.name, points, choice, notes)


def _root(path: Path) -> Path | None:
    """The folder above ``plots/metrics``, None where there is none."""
    parents = [parent for parent in path.parents if (parent.parent.name, parent.name) == METRICS]
    return parents[0].parent.parent if parents else None


def _points(file: Path, folder: Path, notes: Notes) -> Iterator[Point]:
    """The values of a metric: step, sometimes a timestamp in milliseconds, and the value, called as the file."""
    table = Table(file, notes)
    others = [name for name in table.names if name not in {"step", "timestamp"}]
    if "step" not in table.names or len(others) != 1:
        return
    key = file.relative_to(folder).with_suffix("").as_posix()
    stamp = ["timestamp"] if "timestamp" in table.names else []
    for number, (step, value, *time) in table.texts("step", others[0], *stamp):
        try:
            at, read, when = number_in(step), number_in(value), seconds_in(time[0]) if time else None
        except ValueError as error:
            notes.add(f"of {key} is left out, since {error}", number, kind="no number")
            continue
        if at is not None and read is not None:
            yield Point(key, read, at, math.nan if when is None else when / 1000)
