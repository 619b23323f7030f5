"""Weights & Biases' run files: ``wandb/run-…/run-….wandb``, as the client writes them also while the run goes on.

They are LevelDB's log format (https://github.com/google/leveldb/blob/main/doc/log_format.md) with a header and zlib's
CRC-32, and hold protocol buffers: ``wandb_internal.proto`` of the client (https://github.com/wandb/wandb, MIT).
"""

from __future__ import annotations

import dataclasses
import json
import struct
import zlib
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from convergence_callbacks.logs.beside import beside_in
from convergence_callbacks.logs.columns import ColumnChoice, Columns
from convergence_callbacks.logs.errors import LogError, NotALogError
from convergence_callbacks.logs.json_text import flat, is_number, row_of
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.parts import columns_and_sums
from convergence_callbacks.logs.reader import CERTAIN, Claim, Reader
from convergence_callbacks.logs.rows import runs_of
from convergence_callbacks.logs.run import Run
from convergence_callbacks.logs.wire import WireError, fields_of, last_of, signed, text

HEADER = struct.pack("<4sHB", b":W&B", 0xBEE1, 0)
"""How a run file begins: its mark, a number and the version."""

BLOCK = 32_768
"""Bytes of a block; a record that does not fit in one goes on in the next."""

FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4
"""What part of a record a fragment is."""

LARGEST = 50_000_000
"""Bytes of a record, at most; history rows are far smaller."""

HISTORY, CONFIG, RUN = 2, 5, 17
"""Fields of a record: a row of the history, the configuration, the run itself."""


class WandbRun(Reader):
    """Reads the history of a run from its file, without the service or its client."""

    name: ClassVar[str] = "Weights & Biases run"

    def recognise(self, path: Path, head: bytes) -> Claim | None:
        """The header of a run file."""
        return Claim(CERTAIN, "the mark of a run file of Weights & Biases") if head.startswith(HEADER) else None

    def read(self, path: Path, choice: ColumnChoice) -> Iterator[Run]:
        """The run of a file, read twice: once for the names, which may come late, once for the values."""
        names: dict[str, None] = {}
        described = _Described()
        for row in _history(path, Notes(), described):
            names.update((name, None) for name, value in flat(row) if name not in names and is_number(value))
        if not names:
            raise NotALogError("it has no row of history with a number")
        notes = Notes()
        columns, sums = columns_and_sums([name for name in names if name not in PRIVATE], choice, notes)
        columns = _with_axes(columns, names)
        numbered = enumerate((_summed(row, sums) for row in _history(path, notes, _Described())), start=1)
        read = (row_of(number, row, columns, notes) for number, row in numbered)
        rows = (row for row in read if row is not None)
        beside = beside_in(described.config)
        for run in runs_of(
            path,
            self.name,
            columns,
            rows,
            notes,
            name=described.name,
            planned=beside.epochs,
            planned_steps=beside.steps,
            metadata=described.config,
        ):
            yield dataclasses.replace(run, patience=beside.patience, schedule=beside.schedule)


PRIVATE = frozenset({"_step", "_runtime", "_timestamp", "_wandb"})
"""What the client adds to each row, among it the row's number and the seconds since the start."""


def _with_axes(columns: Columns, names: Container[str]) -> Columns:
    """The columns, with the client's own for what the project did not log."""
    step = columns.step or ("_step" if "_step" in names else None)
    time = columns.time or ("_runtime" if "_runtime" in names else None)
    why = {"step": "the client's own count"} if columns.step is None else {}
    why |= {"time": "the client's own clock"} if columns.time is None else {}
    return dataclasses.replace(columns, step=step, time=time, why={**columns.why, **why})


def _summed(row: dict[str, Any], sums: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The row with each sum of which all parts are numbers in it; YOLO logs its loss in parts."""
    given = dict(flat(row)) if sums else {}
    whole = {name: sum(map(float, map(given.__getitem__, parts))) for name, parts in sums.items() if _has(given, parts)}
    return {**row, **whole}


def _has(given: Mapping[str, Any], parts: Sequence[str]) -> bool:
    return all(is_number(given.get(part)) for part in parts)


@dataclass
class _Described:
    """What the records hold beside the history."""

    name: str = ""
    config: dict[str, Any] = field(default_factory=dict)


def _history(path: Path, notes: Notes, described: _Described) -> Iterator[dict[str, Any]]:
    """The rows of the history; name and configuration are filled in meanwhile."""
    for record in _records(path, notes):
        try:
            for number, value in fields_of(record):
                if not isinstance(value, bytes):
                    continue
                if number == HISTORY:
                    yield _row(value)
                elif number == CONFIG:
                    described.config |= _items(value)
                elif number == RUN:
                    run = last_of(value)
                    described.name = text(run.get(8)) or text(run.get(1))
                    described.config |= _items(config) if isinstance(config := run.get(4), bytes) else {}
        except WireError as error:
            notes.add(f"a record is no message: {error}", kind="no message")


def _row(history: bytes) -> dict[str, Any]:
    """A row: each item is a key, or a path of keys, with its value as JSON."""
    row = _items(history)
    for number, value in fields_of(history):
        if number == 2 and isinstance(value, bytes):
            row.setdefault("_step", signed(last_of(value).get(1)))
    return row


def _items(record: bytes) -> dict[str, Any]:
    """The items of a history or configuration, nested keys with a slash between."""
    row: dict[str, Any] = {}
    for number, value in fields_of(record):
        if number != 1 or not isinstance(value, bytes):
            continue
        keys, content = list[str](), ""
        for inner, part in fields_of(value):
            if inner in {1, 2}:
                keys.append(text(part))
            elif inner == 16:
                content = text(part)
        try:
            row["/".join(filter(None, keys))] = json.loads(content)
        except (ValueError, RecursionError):  # "Infinity" is JSON for Python; what else is none is a text
            row["/".join(filter(None, keys))] = content
    return row


def _records(path: Path, notes: Notes) -> Iterator[bytes]:
    """The records of a file, up to where it is cut or damaged."""
    record: list[bytes] = []
    for kind, fragment in _fragments(path, notes):
        if kind in {FULL, FIRST}:
            record = []
        record.append(fragment)
        if sum(map(len, record)) > LARGEST:
            raise LogError(f"it has a record of more than {LARGEST // 1_000_000} MB")
        if kind in {FULL, LAST}:
            yield b"".join(record)


def _fragments(path: Path, notes: Notes) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        if file.read(len(HEADER)) != HEADER:
            raise NotALogError("it does not begin as a run file does")
        rest = BLOCK - len(HEADER)
        while True:
            if rest < 7:  # too few bytes for a fragment: they are zero
                file.seek(rest, 1)
                rest = BLOCK
            head = file.read(7)
            if len(head) < 7:
                if head:
                    notes.add("it ends in the middle of a record, as of a run that goes on or was killed")
                return
            checksum, length, kind = struct.unpack("<IHB", head)
            fragment = file.read(length)
            if len(fragment) < length:
                notes.add("it ends in the middle of a record, as of a run that goes on or was killed")
                return
            if zlib.crc32(fragment, zlib.crc32(head[6:])) != checksum or not FULL <= kind <= LAST:
                notes.add(f"it is damaged at byte {file.tell() - length - 7}: what follows is left out")
                return
            yield kind, fragment
            rest -= 7 + length
