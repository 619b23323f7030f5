"""JSON lines: an object a line, as Weights & Biases, OpenMMLab, fairseq, Detectron2 and many others write."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from convergence_callbacks.logs.columns import ColumnChoice, find_columns
from convergence_callbacks.logs.errors import NotALogError
from convergence_callbacks.logs.json_text import flat, is_number, row_of
from convergence_callbacks.logs.lines import encoding_of, lines_of
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.reader import Reader
from convergence_callbacks.logs.rows import runs_of
from convergence_callbacks.logs.run import Run

SUFFIXES = frozenset({".jsonl", ".ndjson", ".json", ".log", ".txt"})
NO_JSON = "is no JSON: left out"


class JsonLines(Reader):
    """Reads a file with a JSON object in each line."""

    name: ClassVar[str] = "JSON lines"

    def recognises(self, path: Path, head: bytes) -> bool:
        """A name that such files have, and a first line that is an object by itself."""
        if path.suffix.lower() not in SUFFIXES or not head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0").startswith(b"{"):
            return False
        first, *more = head.decode(encoding_of(head), "replace").lstrip("\ufeff").splitlines()
        is_line = object_in(first) is not None
        return is_line and (path.suffix.lower() in {".jsonl", ".ndjson"} or bool("".join(more).strip()))

    def read(self, path: Path, choice: ColumnChoice) -> Iterator[Run]:
        """The runs of a file, read twice: once for the names, which may come late, once for the values."""
        names: dict[str, None] = {}
        for _, line in lines_of(path, Notes()):
            record = object_in(line)
            names.update((name, None) for name, value in flat(record or {}) if name not in names and is_number(value))
        if not names:
            raise NotALogError("it has no line with a number")
        columns, notes = find_columns(names, choice), Notes()
        read = (
            row_of(number, record, columns, notes)
            for number, line in lines_of(path, notes)
            if line.strip() and (record := _object_or_note(number, line, notes)) is not None
        )
        yield from runs_of(path, self.name, columns, (row for row in read if row is not None), notes)


def object_in(line: str) -> dict[str, Any] | None:
    """The JSON object in a line, None where there is none.

    >>> object_in('{"loss": 0.5, "lr": NaN}'), object_in('{"loss": 0.')
    ({'loss': 0.5, 'lr': nan}, None)
    """
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _object_or_note(number: int, line: str, notes: Notes) -> dict[str, Any] | None:
    record = object_in(line)
    if record is None:
        notes.add(NO_JSON, number)
    return record
