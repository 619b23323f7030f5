"""DeepLabCut's ``learning_stats.csv``, which names no columns.

As ``pose_estimation_tensorflow/core/train.py`` of https://github.com/DeepLabCut/DeepLabCut writes it, up to version 2:
``"{}, {:.5f}, {}\\n".format(it, average_loss, current_lr)``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from convergence_callbacks.logs.columns import ColumnChoice, Columns
from convergence_callbacks.logs.lines import lines_of, text_of
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.reader import CERTAIN, Claim, Reader
from convergence_callbacks.logs.rows import runs_of
from convergence_callbacks.logs.run import Run
from convergence_callbacks.logs.table import Row

LINE = re.compile(r"(?P<step>\d+), (?P<loss>[-+.\de]+|nan|inf), (?P<lr>[.\de-]+)\s*")


class DeepLabCut(Reader):
    """Reads iteration, mean loss since the line before, and rate, by their places."""

    name: ClassVar[str] = "DeepLabCut"

    def recognise(self, path: Path, head: bytes) -> Claim | None:
        """The name of the file, and the form of its first line."""
        lines = text_of(head).splitlines() if path.name == "learning_stats.csv" else []
        is_one = bool(lines) and LINE.fullmatch(lines[0]) is not None
        return Claim(CERTAIN, "its name and the form of its first line") if is_one else None

    def read(self, path: Path, choice: ColumnChoice) -> Iterator[Run]:
        """The run of a file."""
        notes = Notes()
        why = {"step": "the first number of each line", "train": "the second", "lr": "the third"}
        columns = Columns(train="loss", step="iteration", lr="lr", why=why)
        yield from runs_of(path, self.name, columns, _rows(path, notes), notes)


def _rows(path: Path, notes: Notes) -> Iterator[Row]:
    for number, line in lines_of(path, notes):
        if match := LINE.fullmatch(line):
            yield Row(
                number,
                {"iteration": float(match["step"]), "loss": float(match["loss"]), "lr": float(match["lr"])},
            )
        else:
            notes.add("is of another form: left out", number)
