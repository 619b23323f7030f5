"""The ``results.txt`` of YOLOv5 (before its table) and YOLOv7: rows of numbers without a header."""

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

LINE = re.compile(r"\s*(?P<epoch>\d+)/(?P<last>\d+)\s+\S+G(?:\s+\S+){13}\s*")
"""Epoch, memory, three parts of the train loss, their sum, labels, size, four scores, three parts of the validation's.

As ``train.py`` of https://github.com/WongKinYiu/yolov7 and of YOLOv5 up to its version 5 writes it.
"""

TOTAL, VALIDATION = 5, slice(12, 15)
"""Where the sum of the train loss is among the words of a line, and the parts of the validation's."""


class YoloResults(Reader):
    """Reads the losses by their places; the validation loss is the sum of its three parts, as the train loss is."""

    name: ClassVar[str] = "YOLO results.txt"

    def recognise(self, path: Path, head: bytes) -> Claim | None:
        """The form of the first line."""
        lines = text_of(head).splitlines() if path.suffix.lower() == ".txt" else []
        is_one = bool(lines) and LINE.fullmatch(lines[0]) is not None
        return Claim(CERTAIN, "the form of its first line") if is_one else None

    def read(self, path: Path, choice: ColumnChoice) -> Iterator[Run]:
        """The run of a file."""
        notes, last = Notes(), 0
        for _, line in lines_of(path, Notes()):
            last = int(match["last"]) if (match := LINE.fullmatch(line)) else last
        why = {"train": "the sixth word of each line", "val": "the sum of the last three words"}
        columns = Columns(train="train loss", val="val loss", epoch="epoch", why=why)
        yield from runs_of(path, self.name, columns, _rows(path, notes), notes, planned=last + 1)


def _rows(path: Path, notes: Notes) -> Iterator[Row]:
    for number, line in lines_of(path, notes):
        match = LINE.fullmatch(line)
        try:
            words = line.split()
            val = sum(map(float, words[VALIDATION]))
            values = {"epoch": float(match["epoch"]), "train loss": float(words[TOTAL])} if match else {}
        except ValueError:
            values = {}
        if not values:
            notes.add("is of another form: left out", number)
            continue
        yield Row(number, values | ({"val loss": val} if val else {}))  # 0 where it was not validated
