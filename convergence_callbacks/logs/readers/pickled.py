"""Histories in a pickle or a ``.npy`` file, as scripts of Keras and PyTorch leave them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from convergence_callbacks.logs.columns import ColumnChoice
from convergence_callbacks.logs.errors import NotALogError
from convergence_callbacks.logs.plain_pickle import MOST, array_in, plain_pickle_in
from convergence_callbacks.logs.reader import POSSIBLE, Claim, Reader
from convergence_callbacks.logs.readers.history_json import runs_of_document
from convergence_callbacks.logs.run import Run

MARKS = (b"\x80", b"(dp", b"(lp", b"}q", b"]q")
"""How a pickle of a dictionary or a list begins: from protocol 2 on, and in the first ones."""

SUFFIXES = frozenset({".pkl", ".pickle", ".p"})
ARRAY = b"\x93NUMPY"
"""How a ``.npy`` file begins."""


class Pickled(Reader):
    """Reads a dictionary of lists, one a metric; what holds anything but plain data is not loaded."""

    name: ClassVar[str] = "pickled history"

    def recognise(self, path: Path, head: bytes) -> Claim | None:
        """The name of a history, and the mark of a pickle or of numpy."""
        named = "hist" in path.stem.lower() or "loss" in path.stem.lower() or "log" in path.stem.lower()
        is_pickle = path.suffix.lower() in SUFFIXES and head.startswith(MARKS)
        is_array = path.suffix.lower() == ".npy" and head.startswith(ARRAY)
        return Claim(POSSIBLE, "a pickle that is called a history") if named and (is_pickle or is_array) else None

    def read(self, path: Path, choice: ColumnChoice) -> Iterator[Run]:
        """The runs of a file."""
        content = array_in(path) if path.suffix.lower() == ".npy" else plain_pickle_in(path)
        content = content.tolist() if hasattr(content, "tolist") else content
        if isinstance(content, list) and content and not isinstance(content[0], dict):
            content = {path.stem: _filled(content)}  # the losses of a run, called as the file
        document = _plain(content)
        if not isinstance(document, dict | list):
            raise NotALogError("it holds no history")
        yield from runs_of_document(path, self.name, document, choice)


def _filled(losses: list[Any]) -> list[Any]:
    """The losses without zeros behind them, as of an array that was made for more epochs than were run.

    >>> _filled([2.0, 1.5, 0.0, 0.0]), _filled([2.0, 0.0])
    ([2.0, 1.5], [2.0, 0.0])
    """
    end = len(losses)
    while end and losses[end - 1] == 0:
        end -= 1
    return losses[:end] if end < len(losses) - 1 and all(losses[:end]) and end else losses


def _plain(value: Any, depth: int = 5) -> Any:
    """The values in the types of JSON."""
    if hasattr(value, "tolist"):
        value = value.tolist() if getattr(value, "size", 0) <= MOST else None
    if isinstance(value, Mapping) and depth:
        return {str(name): _plain(each, depth - 1) for name, each in value.items()}
    if isinstance(value, list | tuple) and depth:
        return [_plain(each, depth - 1) for each in value]
    return value if isinstance(value, str | int | float | bool) or value is None else str(type(value))
