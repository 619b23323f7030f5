"""MLflow's store of files: ``mlruns/<experiment>/<run>``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from convergence_callbacks.logs.columns import ColumnChoice
from convergence_callbacks.logs.errors import NotALogError
from convergence_callbacks.logs.lines import lines_of
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.points import Point, runs_of_points
from convergence_callbacks.logs.reader import CERTAIN, Claim, Reader
from convergence_callbacks.logs.run import Run
from convergence_callbacks.logs.table import number_in

LARGEST = 4_000
"""Bytes of a tag or parameter that is read."""


class MlflowFiles(Reader):
    """Reads a run's folder.

    The files are read as they are: MLflow's own client makes folders and files where it looks, and what only reads
    must change nothing.
    """

    name: ClassVar[str] = "MLflow files"

    def recognise(self, path: Path, head: bytes) -> Claim | None:
        """The description of a run, with the folder of its metrics beside it."""
        is_run = path.name == "meta.yaml" and (path.parent / "metrics").is_dir() and b"run_id" in head
        return Claim(CERTAIN, "a run's meta.yaml beside the folder of its metrics") if is_run else None

    def log_of(self, path: Path) -> Path:
        """The folder of the run."""
        return path.parent

    def read(self, path: Path, choice: ColumnChoice) -> Iterator[Run]:
        """The run of a folder."""
        folder, notes = path / "metrics", Notes()
        points = [
            point
            for file in sorted(folder.rglob("*"))
            if file.is_file()
            for point in _points(file, file.relative_to(folder).as_posix(), notes)
        ]
        if not points:
            raise NotALogError("it has no metric")
        name = _texts(path / "tags").get("mlflow.runName", path.name)
        yield from runs_of_points(path, self.name, points, choice, notes, name=name, metadata=_texts(path / "params"))


def _points(file: Path, key: str, notes: Notes) -> Iterator[Point]:
    """What a metric's file holds: a line ``time value step`` for each value, and the data set's name and digest."""
    has_steps = False
    for number, line in lines_of(file, notes):
        parts = line.split()
        has_steps = has_steps or len(parts) > 2
        try:
            time, value, step = _numbers(parts, has_steps=has_steps)
        except ValueError:
            notes.add(f"of {key} is no time, value and step: left out", number)
            continue
        if time is not None and value is not None and step is not None:
            yield Point(key, value, step, time / 1000)


def _numbers(parts: Sequence[str], *, has_steps: bool) -> list[float | None]:
    """Time, value and step of a line, 0 where the file has no steps, as of old versions.

    Raises:
        ValueError: It holds others, as two lines in one do, of which the first was cut.
    """
    if len(parts) not in ({3, 5} if has_steps else {2}) or (len(parts) == 5 and _is_number(parts[3])):
        raise ValueError(parts)
    time, value, step = (*map(number_in, parts[:3]), 0.0)[:3]
    if step is not None and not step.is_integer():
        raise ValueError(step)
    return [time, value, step]


def _is_number(text: str) -> bool:
    try:
        return number_in(text) is not None
    except ValueError:
        return False


def _texts(folder: Path) -> Mapping[str, Any]:
    """The parameters or tags of a run: a file each."""
    files = (file for file in sorted(folder.iterdir()) if file.is_file()) if folder.is_dir() else ()
    return {file.name: file.read_bytes()[:LARGEST].decode("utf-8", "replace").strip() for file in files}
