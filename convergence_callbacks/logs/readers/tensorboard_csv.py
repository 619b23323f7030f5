"""What TensorBoard's "download CSV" writes: a file for each tag of a run."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from convergence_callbacks.logs.columns import ColumnChoice, words_of
from convergence_callbacks.logs.errors import LogError
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.points import Point, runs_of_points
from convergence_callbacks.logs.reader import CERTAIN, LIKELY, Claim, Reader
from convergence_callbacks.logs.run import Run
from convergence_callbacks.logs.table import number_in
from convergence_callbacks.logs.text_table import Table, header_in

HEADER = ["Wall time", "Step", "Value"]

FILE = re.compile(r"run-(?P<run>.*?)-tag-(?P<tag>.+?)( ?\(\d+\))?\.csv", re.IGNORECASE)
"""How the files are called; a browser numbers those of one name."""

PART = re.compile(r"(?:^|[_/.-])(?P<part>train|training|val|valid|validation|eval|test)$", re.IGNORECASE)
"""The part of the data at the end of a run's name, as Keras' callback writes a folder for each."""


class TensorBoardCsv(Reader):
    """Reads the tags of a run together, which are found by the names of their files."""

    name: ClassVar[str] = "TensorBoard CSV"

    def recognise(self, path: Path, head: bytes) -> Claim | None:
        """The header of such a file, and its name."""
        if path.suffix.lower() != ".csv" or header_in(head) != HEADER:
            return None
        is_named = FILE.fullmatch(path.name) is not None
        return Claim(CERTAIN if is_named else LIKELY, "the columns of TensorBoard's download")

    def log_of(self, path: Path) -> Path:
        """The first file of the same run."""
        return min(_files_of_run(path), default=path)

    def read(self, path: Path, choice: ColumnChoice) -> Iterator[Run]:
        """The run of all files that are named after it."""
        notes, points = Notes(), list[Point]()
        run, *_ = _run_and_part(path)
        files = sorted(_files_of_run(path))
        for file in files or [path]:
            _, part, tag = _run_and_part(file)
            points += _points(file, f"{part}/{tag}" if part else tag, notes)
        if not files and choice.val != "Value" and choice.train != "Value":
            raise LogError(
                "by its columns it is TensorBoard's download of one tag, which its name would say "
                "(run-RUN-tag-TAG.csv); if it is the validation loss, name it with --val-metric Value"
            )
        yield from runs_of_points(path, self.name, points, choice, notes, name=run)


def _files_of_run(path: Path) -> list[Path]:
    """The files of the same run; of files that somebody named after their losses, those in the same folder."""
    if FILE.fullmatch(path.name):
        run = _run_and_part(path)[0]
        return [each for each in path.parent.glob("run-*-tag-*.csv") if _run_and_part(each)[0] == run]
    named = (each for each in path.parent.glob("*.csv") if FILE.fullmatch(each.name) is None)
    return [each for each in named if "loss" in words_of(each.stem) and _has_header(each)]


def _has_header(path: Path) -> bool:
    with path.open("rb") as file:
        return header_in(file.read(200)) == HEADER


def _run_and_part(path: Path) -> tuple[str, str, str]:
    """The run that a file is of, the part of its data, and the tag; from the name."""
    match = FILE.fullmatch(path.name)
    if match is None:
        return "", "", path.stem if "loss" in words_of(path.stem) else "Value"
    part = PART.search(match["run"])
    run = match["run"][: part.start()] if part else match["run"]
    return run.strip("."), part["part"] if part else "", match["tag"]


def _points(file: Path, tag: str, notes: Notes) -> Iterator[Point]:
    for number, cells in Table(file, notes).texts(*HEADER):
        try:
            time, step, value = (number_in(cell) for cell in cells)
        except ValueError as error:
            notes.add(f"is left out, since {error}", number, kind="no number")
            continue
        if step is not None and value is not None:
            yield Point(tag, value, step, math.nan if time is None else time)
