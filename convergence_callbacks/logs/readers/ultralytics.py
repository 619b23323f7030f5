"""Ultralytics' and YOLOv5's ``results.csv``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from convergence_callbacks.logs.columns import ColumnChoice
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.parts import columns_and_sums, parts_in
from convergence_callbacks.logs.reader import LIKELY, Claim, Reader
from convergence_callbacks.logs.rows import runs_of
from convergence_callbacks.logs.run import Run
from convergence_callbacks.logs.text_table import Table, header_in


class Ultralytics(Reader):
    """Reads results in which each loss is logged in parts, of boxes, classes and so on: it is their sum."""

    name: ClassVar[str] = "Ultralytics"

    def recognise(self, path: Path, head: bytes) -> Claim | None:
        """A header with parts of the train and of the validation loss."""
        is_one = path.suffix.lower() in {".csv", ".txt"} and len(parts_in(header_in(head))) == 2
        return Claim(LIKELY, "a header with parts of the train and of the validation loss") if is_one else None

    def read(self, path: Path, choice: ColumnChoice) -> Iterator[Run]:
        """The run of a file."""
        notes = Notes()
        table = Table(path, notes)
        columns, sums = columns_and_sums(table.names, choice, notes)
        yield from runs_of(path, self.name, columns, table.rows(columns, sums), notes)
