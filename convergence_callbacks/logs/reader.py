"""What reads a format: one file a format in `readers`, or an entry point of another package."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from convergence_callbacks.logs.columns import ColumnChoice
from convergence_callbacks.logs.run import Run

GROUP = "convergence_callbacks.readers"
"""Entry points of this group are readers: a package that has one teaches this one its format."""


class Reader(ABC):
    """Reads one format.

    A package of your own adds one with an entry point, and is asked before those that ship:

    ```toml
    [project.entry-points."convergence_callbacks.readers"]
    mine = "my_package:MyReader"
    ```
    """

    name: ClassVar[str]
    """What the format is called."""

    @abstractmethod
    def recognises(self, path: Path, head: bytes) -> bool:
        """Whether a file is one of this format, judged by its name and its first bytes alone.

        Args:
            path: The file.
            head: Its first 64 kB, or all of it.
        """

    def log_of(self, path: Path) -> Path:
        """The log that a file is part of: itself, or the folder that holds all files of the run."""
        return path

    @abstractmethod
    def read(self, path: Path, choice: ColumnChoice) -> Iterator[Run]:
        """The runs of a log, named as they name themselves, or not at all (``""``).

        Raises:
            LogError: It can't be read, or not without guessing.
            NotALogError: It is none.
        """
