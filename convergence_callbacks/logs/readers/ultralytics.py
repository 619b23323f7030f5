"""Ultralytics' and YOLOv5's ``results.csv``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from convergence_callbacks.logs.columns import ColumnChoice, find_columns
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.reader import Reader
from convergence_callbacks.logs.readers.delimited import Table, header_in
from convergence_callbacks.logs.rows import runs_of
from convergence_callbacks.logs.run import Run

TRAIN, VAL = "train/loss", "val/loss"
"""The sums of the parts that the loss is logged in."""


class Ultralytics(Reader):
    """Reads results in which each loss is logged in parts, of boxes, classes and so on: it is their sum."""

    name: ClassVar[str] = "Ultralytics"

    def recognises(self, path: Path, head: bytes) -> bool:
        """A header with parts of the train and of the validation loss."""
        return path.suffix.lower() in {".csv", ".txt"} and len(parts_in(header_in(head))) == 2

    def read(self, path: Path, choice: ColumnChoice) -> Iterator[Run]:
        """The run of a file."""
        notes = Notes()
        table = Table(path, notes)
        names, sums = with_sums(table.names, notes)
        columns = find_columns(names, choice)
        yield from runs_of(path, self.name, columns, table.rows(columns, sums), notes)


def with_sums(names: Sequence[str], notes: Notes) -> tuple[list[str], Mapping[str, list[str]]]:
    """The names with each sum in the place of its parts, and the parts by the sum; it is noted."""
    sums = parts_in(names)
    parts = {part for of_sum in sums.values() for part in of_sum}
    for name, of_sum in sums.items():
        notes.add(f"{name} is the sum of {', '.join(of_sum)}")
    return [*(name for name in names if name not in parts), *sums], sums


def parts_in(names: Sequence[str]) -> Mapping[str, list[str]]:
    """The parts of train and validation loss, as far as both have the same.

    >>> parts_in(["epoch", "train/box_loss", "train/cls_loss", "val/box_loss", "val/cls_loss"])["val/loss"]
    ['val/box_loss', 'val/cls_loss']
    """
    parts = {
        whole: [name for name in names if name.startswith(f"{data}/") and name.endswith("_loss")]
        for whole, data in ((TRAIN, "train"), (VAL, "val"))
    }
    kinds = [{part.split("/", 1)[1] for part in of_data} for of_data in parts.values()]
    return parts if kinds[0] and kinds[0] == kinds[1] else {}
