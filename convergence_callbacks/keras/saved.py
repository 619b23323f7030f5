"""The files that Keras's ``ModelCheckpoint`` writes beside a callback."""

from __future__ import annotations

import glob
import inspect
import re
from collections.abc import Iterator

import keras

PLACEHOLDER = re.compile(r"\{[^}]*\}")
"""What Keras fills in of a file's name, such as ``{epoch:02d}``."""


def patterns() -> list[str] | None:
    """Patterns of the files that the callbacks of the running ``fit`` write; None where that is not known.

    Keras shows a callback no other ones, but calls it from the list of all.
    """
    frame = inspect.currentframe()
    while frame is not None:
        caller = frame.f_locals.get("self")
        if isinstance(caller, keras.callbacks.CallbackList):
            return [_pattern(each.filepath) for each in caller.callbacks if _saves(each)]
        frame = frame.f_back
    return None


def files(of: list[str]) -> Iterator[str]:
    """The files that there are of these patterns."""
    for pattern in of:
        yield from glob.iglob(pattern)  # noqa: PTH207  # folders may be patterns too


def _saves(callback: object) -> bool:
    return isinstance(callback, keras.callbacks.ModelCheckpoint)


def _pattern(path: object) -> str:
    return "*".join(map(glob.escape, PLACEHOLDER.split(str(path))))
