"""TensorBoard's event files, as PyTorch, Lightning, Keras and TensorFlow write them."""

from __future__ import annotations

import dataclasses
import functools
import heapq
import itertools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar

from convergence_callbacks.logs.assumption import Assumption, Inference
from convergence_callbacks.logs.columns import ColumnChoice, words_of
from convergence_callbacks.logs.errors import LogError, NotALogError
from convergence_callbacks.logs.event_file import Scalar, scalars_in
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.parts import columns_and_sums
from convergence_callbacks.logs.points import (
    STEP,
    TIME,
    Counters,
    Point,
    Steps,
    of_two_counters,
    rows_by_epoch,
    with_axes,
)
from convergence_callbacks.logs.reader import CERTAIN, Claim, Reader
from convergence_callbacks.logs.rows import runs_of
from convergence_callbacks.logs.run import Run
from convergence_callbacks.logs.table import Row, summed

PARTS = frozenset({"train", "training", "learn", "val", "valid", "validation", "eval", "test"})
"""Folders that are no run of their own: Keras, and CatBoost, write training and validation into one each."""

OF_VALIDATION = frozenset({"val", "valid", "validation", "eval", "test"})
"""Those of them that hold no train loss, also where the other one is not there."""

NAME = re.compile(r".*\.tfevents(\..*)?")
"""How event files are called; CatBoost leaves host and time out."""

PROCESS = re.compile(r"\.(\d+)\.\d+(?:\.v2)?$")
"""The number of the process, and of the writer in it, at the end of a name."""

FIRST = 200
"""Scalars of a file by which its tags are found."""


LOOKED_AT = 20
"""Event files of a folder by whose tags it is found what it holds."""


class TensorBoard(Reader):
    """Reads all event files of a run's folder together."""

    name: ClassVar[str] = "TensorBoard"

    def recognise(self, path: Path, head: bytes) -> Claim | None:
        """The name that all of them have."""
        return Claim(CERTAIN, "the name of an event file") if NAME.fullmatch(path.name) and head else None

    def log_of(self, path: Path) -> Path:
        """The folder of the run: the one above, where this one is that of its train or validation data."""
        folder = path.parent
        if _is_nested_scalar(folder):
            return folder.parent.parent
        return folder.parent if _is_part(folder) else folder

    def read(self, path: Path, choice: ColumnChoice) -> Iterator[Run]:
        """The run of a folder, read twice: once for the tags and their steps, once for the values."""
        runs, problems = list[Run](), list[LogError]()
        for number, files in enumerate(_trainings(list(_event_files(path))), start=1):
            try:
                found = self._read_files(path, files, choice)
                runs += [dataclasses.replace(run, name=f"({number})" if number > 1 else run.name) for run in found]
            except LogError as error:
                problems.append(error)
        if not runs and problems:
            raise problems[0]
        unread = tuple(Assumption(Inference.NOT_READ, others=(problem.message,)) for problem in problems)
        yield from (dataclasses.replace(run, assumed=(*run.assumed, *unread)) for run in runs)

    def _read_files(self, path: Path, files: list[tuple[Path, str]], choice: ColumnChoice) -> Iterator[Run]:
        """The runs of the files of one training, or of one that was resumed."""
        counters = Counters()
        for scalar in _by_time(files, Notes()):
            counters.add(scalar.tag, scalar.step, scalar.wall_time)
        if not counters.by_key:
            raise NotALogError("its event files hold no scalars")
        notes = Notes()
        columns, sums = columns_and_sums([tag for tag in counters.by_key if tag != STEP], choice, notes)
        columns = with_axes(columns)
        wanted = {columns.train, columns.val, columns.lr, columns.epoch, columns.energy, *columns.others}
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


def _trainings(files: list[tuple[Path, str]]) -> list[list[tuple[Path, str]]]:
    """The files of each training: one that begins a tag where an earlier file did, after that ended, is another's.

    A training that was started anew in the same folder would else be averaged with the one before.
    """
    parts: list[list[tuple[Path, str]]] = [[]]
    begun: dict[str, Steps] = {}
    begun_by: str | None = None
    for file in files:
        own = Counters()
        for scalar in scalars_in(*file, Notes()):
            own.add(scalar.tag, scalar.step, scalar.wall_time)
        shared = [(begun[tag], steps) for tag, steps in own.by_key.items() if tag in begun]
        process = PROCESS.search(file[0].name)
        is_another = process is not None and begun_by is not None and process[1] != begun_by
        if shared and all(new.first <= old.first and (is_another or new.begins > old.ends) for old, new in shared):
            parts.append([])
            begun, begun_by = {}, None
        parts[-1].append(file)
        begun_by = begun_by or (process[1] if process else None)
        for tag, steps in own.by_key.items():
            begun.setdefault(tag, steps)
    return parts


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
    """The scalars of all files, in the order in which they were written; those of one time by their steps.

    CatBoost writes the rounds of training and of the test set to a file each, several in one second.
    """
    return heapq.merge(
        *(scalars_in(*file, notes) for file in files), key=lambda scalar: (scalar.wall_time, scalar.step)
    )


def _event_files(folder: Path) -> Iterator[tuple[Path, str]]:
    """The event files of a run, in the order of their names, which begin with their time; each with its prefix.

    Those of all parts in one order: of trainings that were started anew each validation is beside its own training.
    """
    is_validation = folder.name.lower() in OF_VALIDATION and not _holds_both(folder)
    found = [(file, f"{folder.name}/" if is_validation else "") for file in _events_in(folder)]
    for part in sorted([*folder.iterdir(), *folder.glob("*/*")]):
        if part.is_dir() and (_is_part(part) if part.parent == folder else _is_nested_scalar(part)):
            found += [(file, f"{part.name}/") for file in _events_in(part)]
    yield from sorted(found, key=lambda each: each[0].name)


def _events_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.tfevents*"))


def _is_part(folder: Path) -> bool:
    """Whether a folder holds a part of the run above it; one that holds both parts itself is a run, however called.

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
    return is_beside and not _holds_both(folder)


def _has_events(folder: Path) -> bool:
    return bool(_events_in(folder))


def _holds_both(folder: Path) -> bool:
    """Whether the first tags of a folder are of training and of validation, by their names."""
    files = _events_in(folder)[:LOOKED_AT]
    return _are_of_both(tuple((file, file.stat().st_size) for file in files))


@functools.lru_cache(maxsize=64)
def _are_of_both(files: tuple[tuple[Path, int], ...]) -> bool:
    """Whether the first tags of files are of both; their sizes are given since a file that grew is read anew."""
    words = set[str]()
    for file, _ in files:
        for scalar in itertools.islice(scalars_in(file, "", Notes()), FIRST):
            words |= words_of(scalar.tag)
    return bool(words & {"train", "training"} and words & {"val", "valid", "validation", "eval", "test"})


def _is_nested_scalar(folder: Path) -> bool:
    """Whether a folder is one that tensorboardX's ``add_scalars`` made: two below the run, in one called as its tag."""
    run = folder.parent.parent
    return bool(words_of(folder.name) & PARTS) and _has_events(run) and _first_tag(folder) == folder.parent.name


def _first_tag(folder: Path) -> str:
    """The first tag of a folder; empty where it has none."""
    scalars = (scalar for file in _events_in(folder) for scalar in scalars_in(file, "", Notes()))
    return next((scalar.tag for scalar in scalars), "")


def _is_one_scalar(folder: Path) -> bool:
    """Whether a folder is one that ``add_scalars`` made: beside the event file of the run, named after a tag."""
    words = set(folder.name.lower().replace("-", "_").split("_"))
    return bool(words & PARTS) and folder.name.lower() not in PARTS and _has_events(folder.parent)
