"""TensorBoard's event files, as PyTorch, Lightning, Keras and TensorFlow write them."""

from __future__ import annotations

import heapq
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from convergence_callbacks.logs.columns import ColumnChoice, Columns
from convergence_callbacks.logs.errors import LogError, NotALogError
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.reader import Reader
from convergence_callbacks.logs.readers.ultralytics import columns_and_sums
from convergence_callbacks.logs.rows import runs_of
from convergence_callbacks.logs.run import Run
from convergence_callbacks.logs.table import Row, summed

PARTS = frozenset({"train", "training", "val", "valid", "validation", "eval", "test"})
"""Folders that are no run of their own: Keras writes training and validation into one each."""

STEP, TIME = "step", "wall_time"
LARGEST = 65_536
"""Bytes of a record with scalars, at most: larger ones are pictures and histograms, and are passed over."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """One number of an event file."""

    wall_time: float
    step: int
    tag: str
    value: float


class TensorBoard(Reader):
    """Reads all event files of a run's folder together."""

    name: ClassVar[str] = "TensorBoard"

    def recognises(self, path: Path, head: bytes) -> bool:
        """The name that all of them have."""
        return ".tfevents." in path.name and len(head) > 0

    def log_of(self, path: Path) -> Path:
        """The folder of the run: the one above, where this one is that of its train or validation data."""
        folder = path.parent
        is_part = folder.name.lower() in PARTS or _is_one_scalar(folder)
        return folder.parent if is_part else folder

    def read(self, path: Path, choice: ColumnChoice) -> Iterator[Run]:
        """The run of a folder, read twice: once for the tags, once for the values."""
        files = list(_event_files(path))
        tags = {scalar.tag: None for file in files for scalar in scalars_in(*file, Notes())}
        if not tags:
            raise NotALogError("its event files hold no scalars")
        notes = Notes()
        columns, sums = columns_and_sums([tag for tag in tags if tag != STEP], choice, notes)
        columns = _with_axes(columns)
        wanted = {columns.train, columns.val, columns.lr, columns.epoch, columns.energy}
        wanted |= {part for parts in sums.values() for part in parts}
        scalars = heapq.merge(*(scalars_in(*file, notes) for file in files), key=lambda scalar: scalar.wall_time)
        rows = rows_of((scalar for scalar in scalars if scalar.tag in wanted), columns)
        yield from runs_of(path, self.name, columns, (summed(row, sums) for row in rows), notes)


def rows_of(scalars: Iterator[Scalar], columns: Columns) -> Iterator[Row]:
    """A row for each step: what was written one after the other at the same step is of the same row."""
    values: dict[str, float] = {}
    number = 0
    for scalar in scalars:
        if values and (values[STEP] != scalar.step or scalar.tag in values):
            number += 1
            yield Row(number, values)
            values = {}
        values |= {STEP: float(scalar.step), TIME: scalar.wall_time, scalar.tag: scalar.value}
    if values:
        yield Row(number + 1, values)


def scalars_in(file: Path, prefix: str, notes: Notes) -> Iterator[Scalar]:
    """The scalars of a file, up to where it is cut or damaged.

    Args:
        file: The event file.
        prefix: What the tags are to begin with: the folder of the file below that of the run.
        notes: Where it is told that it is cut.
    """
    event_pb2, tensor_util = _tensorboard()
    for record in _records(file, notes):
        event = event_pb2.Event.FromString(record)
        for value in event.summary.value:
            number = _number(value, tensor_util)
            if number is not None:
                yield Scalar(event.wall_time, event.step, f"{prefix}{value.tag}", number)


def _records(file: Path, notes: Notes) -> Iterator[bytes]:
    """The records of a file with their checksums tested, save those that are too large to be scalars."""
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

    with file.open("rb") as opened:
        size = file.stat().st_size
        while header := opened.read(12):
            length, checksum = struct.unpack("<QI", header) if len(header) == 12 else (0, None)
            if checksum is None or opened.tell() + length + 4 > size:
                notes.add(f"{file.name} ends in the middle of a record")
                return
            if masked_crc32c(header[:8]) != checksum:
                notes.add(f"{file.name} is damaged at byte {opened.tell() - 12}: what follows is left out")
                return
            if length > LARGEST:
                opened.seek(length + 4, 1)
                continue
            record, tail = opened.read(length), opened.read(4)
            if len(tail) < 4 or masked_crc32c(record) != struct.unpack("<I", tail)[0]:
                notes.add(f"{file.name} is damaged at byte {opened.tell() - length - 4}: what follows is left out")
                return
            yield record


def _number(value: Any, tensor_util: Any) -> float | None:
    """The scalar that a summary holds, in either of TensorFlow's versions; None where it holds something else."""
    kind = value.WhichOneof("value")
    if kind == "simple_value":
        return float(value.simple_value)
    if kind == "tensor" and value.metadata.plugin_data.plugin_name in {"scalars", ""} and value.tensor.dtype != 7:
        array = tensor_util.make_ndarray(value.tensor)
        return float(array.reshape(())[()]) if array.size == 1 else None
    return None


def _event_files(folder: Path) -> Iterator[tuple[Path, str]]:
    """The event files of a run, in the order of their names, which begin with their time; each with its prefix."""
    parts = [folder, *(each for each in sorted(folder.iterdir()) if each.is_dir() and _is_part(each))]
    for part in parts:
        for file in sorted(part.glob("*.tfevents.*")):
            yield file, "" if part == folder else f"{part.name}/"


def _is_part(folder: Path) -> bool:
    return folder.name.lower() in PARTS or _is_one_scalar(folder)


def _is_one_scalar(folder: Path) -> bool:
    """Whether a folder is one that ``add_scalars`` made: beside the event file of the run, named after a tag."""
    words = set(folder.name.lower().replace("-", "_").split("_"))
    return bool(words & PARTS) and any(folder.parent.glob("*.tfevents.*"))


def _with_axes(columns: Columns) -> Columns:
    """Step and time are part of every event."""
    named: Mapping[str, Any] = {role: getattr(columns, role) for role in ("train", "val", "lr", "epoch", "energy")}
    why = {**columns.why, "step": "part of every event", "time": "part of every event"}
    return Columns(**named, step=STEP, time=TIME, why=why, ignored=columns.ignored)


def _tensorboard() -> tuple[Any, Any]:
    try:
        from tensorboard.compat.proto import event_pb2
        from tensorboard.util import tensor_util
    except ImportError as error:
        raise LogError(
            "it needs tensorboard, which is not installed: pip install 'convergence-callbacks[tensorboard]'"
        ) from error
    return event_pb2, tensor_util
