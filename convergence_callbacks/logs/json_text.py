"""JSON in logs: numbers by name, however deep they are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from convergence_callbacks.logs.columns import OPTIONS, Columns
from convergence_callbacks.logs.errors import LogError, NotALogError
from convergence_callbacks.logs.labels import SPLIT_NAMES, SPLITS, of_split
from convergence_callbacks.logs.lines import encoding_of
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.table import Row, is_lost, needed_of, number_in, seconds_in

LARGEST = 200_000_000
"""Bytes of a JSON document, at most: it has to be held in memory whole."""

DEEPEST = 4
"""Levels of nesting that are looked into."""


_SPLIT_NAMES = frozenset(SPLIT_NAMES)


def document_in(path: Path) -> Any:
    """The JSON document in a file.

    Raises:
        LogError: It is cut or damaged; names the line.
        NotALogError: It is larger than `LARGEST`.
    """
    if path.stat().st_size > LARGEST:
        raise NotALogError(f"larger than {LARGEST // 1_000_000} MB, no history is", path)
    content = path.read_bytes()
    try:
        return json.loads(content.decode(encoding_of(content), "replace"))
    except json.JSONDecodeError as error:
        raise LogError(f"it is no whole JSON: {error.msg}, column {error.colno}", path, error.lineno) from None
    except (RecursionError, ValueError) as error:
        raise LogError(f"it is no JSON that can be read: {error}", path) from None


def flat(record: Mapping[str, Any], prefix: str = "", depth: int = DEEPEST) -> Iterator[tuple[str, Any]]:
    """Values by name, those of inner objects by the path to them.

    The values of a record that states that it is of training or of validation are named so.

    >>> dict(flat({"epoch": 1, "train": {"loss": 0.5}}))
    {'epoch': 1, 'train/loss': 0.5}
    >>> dict(flat({"mode": "val", "epoch": 1, "loss": 0.5}))
    {'epoch': 1, 'val/loss': 0.5}
    """
    split = None
    if not _SPLIT_NAMES.isdisjoint(record):
        split = next((record[name] for name in SPLIT_NAMES if str(record.get(name)).lower() in SPLITS), None)
    for name, value in record.items():
        if split is not None and name in SPLIT_NAMES:
            continue
        full = f"{prefix}{name}" if split is None else f"{prefix}{of_split(str(split), name)}"
        if name == "global_step/max_steps" and re.fullmatch(r"\d+/\d+", str(value)):  # ms-swift: "70/58114"
            yield f"{prefix}global_step", int(str(value).split("/", 1)[0])
        elif isinstance(value, dict):  # of a class with others' Mapping it is asked ten times as long
            if depth:
                yield from flat(value, f"{full}/", depth - 1)
        elif not isinstance(value, list):
            yield full, value


def row_of(line: int, record: Mapping[str, Any], columns: Columns, notes: Notes, run: str = "") -> Row | None:
    """The row of a record; None, and a note, where what should be a loss or a count is none."""
    roles = {getattr(columns, role): role for role in OPTIONS if getattr(columns, role) is not None}
    values, needed = {}, needed_of(columns)
    for name, value in flat(record):
        if name in roles or name in columns.others:
            try:
                number = seconds_in(value) if roles.get(name) == "time" else number_in(value)
            except ValueError as error:
                if is_lost(line, name, error, needed, notes):
                    return None
                continue
            if number is not None:
                values[name] = number
    return Row(line, values, run)


def is_told(value: Any) -> bool:
    """Whether a value is a number, or a text for a duration or a time of day."""
    try:
        return seconds_in(value) is not None
    except ValueError:
        return False


def is_number(value: Any) -> bool:
    """Whether a value is a number, or is written as one."""
    try:
        return number_in(value) is not None
    except ValueError:
        return False
