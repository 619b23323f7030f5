"""AllenNLP's ``metrics_epoch_0.json`` and so on: a file an epoch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from convergence_callbacks.logs.columns import ColumnChoice, find_columns
from convergence_callbacks.logs.errors import NotALogError
from convergence_callbacks.logs.json_text import document_in, flat, is_number, row_of
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.reader import CERTAIN, Claim, Reader
from convergence_callbacks.logs.rows import runs_of
from convergence_callbacks.logs.run import Run

FILE = re.compile(r"metrics_epoch_(\d+)\.json")
SMALL = ("best_", "peak_", "training_start_epoch", "training_epochs")
"""How names begin that are no metric of the epoch."""


class AllenNlp(Reader):
    """Reads the metrics of all epochs of a folder together."""

    name: ClassVar[str] = "AllenNLP"

    def recognise(self, path: Path, head: bytes) -> Claim | None:
        """The name of such a file."""
        is_one = FILE.fullmatch(path.name) is not None and head.lstrip().startswith(b"{")
        return Claim(CERTAIN, "files named after their epochs") if is_one else None

    def log_of(self, path: Path) -> Path:
        """The folder."""
        return path.parent

    def read(self, path: Path, choice: ColumnChoice) -> Iterator[Run]:
        """The run of a folder; an epoch whose file is cut is left out."""
        notes, records = Notes(), dict[int, dict[str, Any]]()
        for file in path.glob("metrics_epoch_*.json"):
            if match := FILE.fullmatch(file.name):
                try:
                    records[int(match[1])] = dict(flat(document_in(file)))
                except (ValueError, AttributeError) as error:
                    notes.add(f"{file.name} is left out: {error}", kind="file")
        names = {name: None for each in records.values() for name, value in each.items() if is_number(value)}
        if not names:
            raise NotALogError("its files hold no numbers")
        columns = find_columns([name for name in names if not name.startswith(SMALL)], choice)
        columns = type(columns)(**{**vars(columns), "epoch": "epoch", "time": None, "step": None})
        rows = (row_of(epoch + 1, {**records[epoch], "epoch": epoch}, columns, notes) for epoch in sorted(records))
        yield from runs_of(path, self.name, columns, (row for row in rows if row is not None), notes)
