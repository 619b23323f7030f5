"""What reads a format: one file a format in `readers`, or an entry point of another package."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from convergence_callbacks.logs.columns import ColumnChoice
from convergence_callbacks.logs.run import Run

GROUP = "convergence_callbacks.readers"
"""Entry points of this group are readers: a package that has one teaches this one its format."""

CERTAIN, LIKELY, POSSIBLE, GUESS = 0.95, 0.7, 0.4, 0.1
"""How sure a reader is: by a mark that only its format has, by names and structure, by structure, by single words."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A reader's claim to a file.

    Args:
        confidence: How sure it is that the file is of its format, above 0 and at most 1; the surest reads the file,
            and the next one where that finds no training in it.
        reason: What it was recognised by.

    Raises:
        ValueError: The confidence is no such number.

    >>> Claim(0.7, "a header with the names of two losses")
    Claim(confidence=0.7, reason='a header with the names of two losses')
    """

    confidence: float
    reason: str

    def __post_init__(self) -> None:
        if not 0 < self.confidence <= 1:
            raise ValueError(f"a confidence is above 0 and at most 1, got {self.confidence!r}")


class Reader(ABC):
    """Reads one format.

    A package of your own adds one with an entry point; of two readers that are equally sure of a file, one of another
    package goes before those that ship:

    ```toml
    [project.entry-points."convergence_callbacks.readers"]
    mine = "my_package:MyReader"
    ```
    """

    name: ClassVar[str]
    """What the format is called."""

    @abstractmethod
    def recognise(self, path: Path, head: bytes) -> Claim | None:
        """How sure the reader is that a file is of its format, by the name and the first bytes; None where it is not.

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
