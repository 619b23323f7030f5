"""Pointers of Git LFS: they stand in the place of logs that were not fetched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from convergence_callbacks.logs.columns import ColumnChoice
from convergence_callbacks.logs.errors import LogError
from convergence_callbacks.logs.reader import CERTAIN, Claim, Reader
from convergence_callbacks.logs.run import Run

BEGINS = b"version https://git-lfs.github.com/spec/"
"""The first line of a pointer, by the specification of Git LFS."""

SUFFIXES = frozenset({".csv", ".tsv", ".json", ".jsonl", ".log", ".txt", ".wandb", ".ipynb", ".db"})
"""What logs are called; pointers to anything else, as weights, are passed over."""


class LfsPointer(Reader):
    """Refuses what is not there, rather than to pass it over."""

    name: ClassVar[str] = "Git LFS pointer"

    def recognise(self, path: Path, head: bytes) -> Claim | None:
        """The first line of a pointer, in a file that is called as a log."""
        is_log = path.suffix.lower() in SUFFIXES or ".tfevents." in path.name
        return Claim(CERTAIN, "it says so") if is_log and head.startswith(BEGINS) else None

    def read(self, path: Path, choice: ColumnChoice) -> Iterator[Run]:
        """Nothing: the log itself is elsewhere."""
        raise LogError("it is a pointer of Git LFS, the log itself was not fetched: git lfs pull")
        yield  # what reads gives runs
