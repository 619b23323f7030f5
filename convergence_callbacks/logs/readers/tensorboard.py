"""TensorBoard's event files, as PyTorch, Lightning, Keras and TensorFlow write them."""

from __future__ import annotations

import heapq
import itertools
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from convergence_callbacks.logs.columns import ColumnChoice, words_of
from convergence_callbacks.logs.errors import LogError, NotALogError
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.points import STEP, TIME, Counters, Point, of_two_counters, rows_by_epoch, with_axes
from convergence_callbacks.logs.reader import CERTAIN, Claim, Reader
from convergence_callbacks.logs.readers.ultralytics import columns_and_sums
from convergence_callbacks.logs.rows import runs_of
from convergence_callbacks.logs.run import Run
from convergence_callbacks.logs.table import Row, summed

PARTS = frozenset({"train", "training", "val", "valid", "validation", "eval", "test"})
"""Folders that are no run of their own: Keras writes training and validation into one each."""

FIRST = 200
"""Scalars of a file by which it is told what its tags are."""

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

    def recognise(self, path: Path, head: bytes) -> Claim | None:
        """The name that all of them have."""
        return Claim(CERTAIN, "the name of an event file") if ".tfevents." in path.name and head else None

    def log_of(self, path: Path) -> Path:
        """The folder of the run: the one above, where this one is that of its train or validation data."""
        folder = path.parent
        return folder.parent if _is_part(folder) else folder

    def read(self, path: Path, choice: ColumnChoice) -> Iterator[Run]:
        """The run of a folder, read twice: once for the tags and their steps, once for the values."""
        files = list(_event_files(path))
        counters = Counters()
        for scalar in _by_time(files, Notes()):
            counters.add(scalar.tag, scalar.step, scalar.wall_time)
        if not counters.by_key:
            raise NotALogError("its event files hold no scalars")
        notes = Notes()
        columns, sums = columns_and_sums([tag for tag in counters.by_key if tag != STEP], choice, notes)
        columns = with_axes(columns)
        wanted = {columns.train, columns.val, columns.lr, columns.epoch, columns.energy}
        wanted |= {part for parts in sums.values() for part in parts}
        scalars = (scalar for scalar in _by_time(files, notes) if scalar.tag in wanted)
        by_epoch = counters.of_epochs(columns.val, columns.train)
        if by_epoch is None:
            rows = rows_of(scalars)
        else:
            columns = of_two_counters(columns, by_epoch, notes)
            points = (Point(scalar.tag, scalar.value, scalar.step, scalar.wall_time) for scalar in scalars)
            others = [steps.begins for tag, steps in counters.by_key.items() if tag in wanted and tag != by_epoch]
            rows = rows_by_epoch(points, by_epoch, leads=counters.by_key[by_epoch].begins <= min(others))
        yield from runs_of(path, self.name, columns, (summed(row, sums) for row in rows), notes)


def rows_of(scalars: Iterable[Scalar]) -> Iterator[Row]:
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


def _by_time(files: Iterable[tuple[Path, str]], notes: Notes) -> Iterator[Scalar]:
    """The scalars of all files, in the order in which they were written."""
    return heapq.merge(*(scalars_in(*file, notes) for file in files), key=lambda scalar: scalar.wall_time)


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
    """Whether a folder holds a part of the run above it; one that tells of both parts itself is a run, however called.

    Keras and others write training and validation into a folder each, side by side or with one of them in the run's
    own; Ultralytics calls its runs ``train``, ``train2`` and so on.
    """
    if _is_one_scalar(folder):
        return True
    if folder.name.lower() not in PARTS:
        return False
    siblings = (
        each for each in folder.parent.iterdir() if each.is_dir() and each.name.lower() in PARTS - {folder.name}
    )
    is_beside = _has_events(folder.parent) or any(_has_events(each) for each in siblings)
    return is_beside and not _tells_both(folder)


def _has_events(folder: Path) -> bool:
    return any(folder.glob("*.tfevents.*"))


def _tells_both(folder: Path) -> bool:
    """Whether the first tags of a folder are of training and of validation, by their names."""
    words = set[str]()
    for file in sorted(folder.glob("*.tfevents.*")):
        for scalar in itertools.islice(scalars_in(file, "", Notes()), FIRST):
            words |= words_of(scalar.tag)
    return bool(words & {"train", "training"} and words & {"val", "valid", "validation", "eval", "test"})


def _is_one_scalar(folder: Path) -> bool:
    """Whether a folder is one that ``add_scalars`` made: beside the event file of the run, named after a tag."""
    words = set(folder.name.lower().replace("-", "_").split("_"))
    return bool(words & PARTS) and folder.name.lower() not in PARTS and _has_events(folder.parent)


def _tensorboard() -> tuple[Any, Any]:
    try:
        from tensorboard.compat.proto import event_pb2
        from tensorboard.util import tensor_util
    except ImportError as error:
        raise LogError(
            "it needs tensorboard, which is not installed: pip install 'convergence-callbacks[tensorboard]'"
        ) from error
    return event_pb2, tensor_util
