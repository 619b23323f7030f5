"""What Weights & Biases exports from a chart: the metrics of several runs side by side in one CSV file."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from convergence_callbacks.logs.columns import ColumnChoice, find_columns
from convergence_callbacks.logs.errors import LogError
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.reader import LIKELY, Claim, Reader
from convergence_callbacks.logs.rows import runs_of
from convergence_callbacks.logs.run import Run
from convergence_callbacks.logs.text_table import Table, header_in

BETWEEN = " - "
SMOOTHING = ("__MIN", "__MAX")
"""What the exported columns end in that hold the range of a point."""


class WandbChart(Reader):
    """Reads exports with columns ``run - metric``; each run is one."""

    name: ClassVar[str] = "Weights & Biases chart"

    def recognise(self, path: Path, head: bytes) -> Claim | None:
        """A header of which most columns are named after a run and its metric."""
        names = header_in(head)
        of_runs = [name for name in names if BETWEEN in name]
        is_chart = path.suffix.lower() == ".csv" and len(of_runs) > 0 and len(of_runs) >= len(names) - 2
        return Claim(LIKELY, "columns named after a run and its metric") if is_chart else None

    def read(self, path: Path, choice: ColumnChoice) -> Iterator[Run]:
        """The runs of a chart, those with a loss."""
        names = [name for name in Table(path, Notes()).names if not name.endswith(SMOOTHING)]
        axes = [name for name in names if BETWEEN not in name]
        problems = []
        found = False
        for run in dict.fromkeys(name.rsplit(BETWEEN, 1)[0] for name in names if BETWEEN in name):
            try:
                yield from self._read_run(path, run, axes, names, choice)
                found = True
            except LogError as error:
                problems.append(error)
        if not found and problems:
            raise problems[0]

    def _read_run(
        self, path: Path, run: str, axes: Sequence[str], names: Sequence[str], choice: ColumnChoice
    ) -> Iterator[Run]:
        own = {name.rsplit(BETWEEN, 1)[1]: name for name in names if name.rsplit(BETWEEN, 1)[0] == run}
        columns = find_columns([*axes, *own], choice)
        in_file = {role: own.get(name, name) for role in _ROLES if (name := getattr(columns, role)) is not None}
        notes = Notes()
        columns = dataclasses.replace(columns, **in_file)
        yield from runs_of(path, self.name, columns, Table(path, notes).rows(columns), notes, name=run)


_ROLES = ("train", "val", "lr", "epoch", "step", "time")
