"""What is wrong with a framework's own callback, as a training that shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Defect:
    """A defect of a framework's own callback.

    Args:
        symptom: What goes wrong, in a sentence.
        instead: What ours does.
        shows: Trains with callbacks of a class, in an empty folder, and returns whether the defect shows.
        reported: Where it was reported, if it was.
    """

    symptom: str
    instead: str
    shows: Callable[[type[Any], Path], bool]
    reported: str = ""

    def __str__(self) -> str:
        return self.shows.__name__


def found_by(defects: list[Defect], symptom: str, instead: str, reported: str = "") -> Callable[[Any], Any]:
    """Put the decorated training on a list of defects."""

    def add(shows: Any) -> Any:
        defects.append(Defect(symptom, instead, shows, reported))
        return shows

    return add
