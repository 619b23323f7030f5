"""JSON lines: an object a line, as Weights & Biases, OpenMMLab, fairseq, Detectron2 and many others write."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from convergence_callbacks.logs.columns import ColumnChoice, find_columns
from convergence_callbacks.logs.errors import LogError, NotALogError
from convergence_callbacks.logs.json_text import flat, is_number, is_told, row_of
from convergence_callbacks.logs.labels import RUN_NAMES, Labels
from convergence_callbacks.logs.lines import encoding_of, lines_of
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.reader import LIKELY, Claim, Reader
from convergence_callbacks.logs.rows import runs_of
from convergence_callbacks.logs.run import Run

OWN = frozenset({".jsonl", ".ndjson"})
SUFFIXES = OWN | {".json", ".log", ".txt", ".out", ""}
MOST_CONFIGS = 1_000
"""Lines in which configurations are compared, at most."""

LABELS = frozenset(RUN_NAMES)
NO_JSON = "is no JSON: left out"


class JsonLines(Reader):
    """Reads a file with a JSON object in each line."""

    name: ClassVar[str] = "JSON lines"

    def recognise(self, path: Path, head: bytes) -> Claim | None:
        """A name that such files have, and a first line that is an object by itself."""
        if path.suffix.lower() not in SUFFIXES or not head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0").startswith(b"{"):
            return None
        first, *more = head.decode(encoding_of(head), "replace").lstrip("\ufeff").lstrip().splitlines()
        is_log = object_in(first) is not None and (path.suffix.lower() in OWN or bool("".join(more).strip()))
        return Claim(LIKELY, "its first line is a JSON object") if is_log else None

    def read(self, path: Path, choice: ColumnChoice) -> Iterator[Run]:
        """The runs of a file, read twice: once for the names, which may come late, once for the values."""
        names: dict[str, None] = {}
        labels = Labels(RUN_NAMES, has_epochs=True)
        in_parts, planned_steps = False, None
        configs = list[str]()
        for _, line in lines_of(path, Notes(), is_object):
            found = object_in(line) or {}
            given = dict(flat(found))
            if isinstance(found.get("config"), dict) and len(configs) < MOST_CONFIGS:
                configs.append(repr(found["config"]))
            names.update((name, None) for name, value in given.items() if name not in names and is_told(value))
            epoch = given.get("epoch")
            in_parts = in_parts or (isinstance(epoch, float) and not epoch.is_integer())
            steps = given.get("total_steps")  # of LLaMA-Factory
            planned_steps = steps if isinstance(steps, int) and steps > 0 else planned_steps
            if any(is_number(value) for name, value in given.items() if name not in LABELS):
                labels.add(found)
        if not names:
            raise NotALogError("it has no line with a number")
        if len(configs) > 2 and len(set(configs)) > len(configs) / 2:
            raise LogError("each line has another configuration: a table of what trials came to, not the log of one")
        runs = [name for name in labels.runs() if name not in {choice.train, choice.val}]
        columns, notes = find_columns(names, choice), Notes()
        read = (
            row_of(number, record, columns, notes, " ".join(str(record.get(name, "")) for name in runs))
            for number, line in lines_of(path, notes, is_object)
            if line.strip() and (record := _object_or_note(number, line, notes)) is not None
        )
        given_rows = (row for row in read if row is not None)
        yield from runs_of(path, self.name, columns, given_rows, notes, planned_steps=planned_steps, in_parts=in_parts)


def is_object(line: str) -> bool:
    """Whether a line is a whole JSON object, also where it is the last one and has no end."""
    return object_in(line) is not None


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
