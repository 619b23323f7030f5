"""What is wrong with a log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from convergence_callbacks.core.errors import ConvergenceError


class LogError(ConvergenceError, ValueError):
    """A log can't be read, or not without guessing.

    Args:
        message: What is wrong, and what would mend it.
        path: The file, where known.
        line: Its line, where there is one to blame.

    >>> print(LogError("it has no loss", Path("runs/metrics.csv"), 3))
    runs/metrics.csv, line 3: it has no loss
    """

    def __init__(self, message: str, path: Path | None = None, line: int | None = None) -> None:
        super().__init__(message)
        self.message, self.path, self.line = message, path, line

    def __reduce__(self) -> tuple[Any, ...]:  # an exception is pickled by its message alone
        return type(self), (self.message, self.path, self.line)

    def __str__(self) -> str:
        place = [str(self.path)] if self.path is not None else []
        place += [f"line {self.line}"] if self.line is not None else []
        return f"{', '.join(place)}: {self.message}" if place else self.message

    def at(self, path: Path) -> LogError:
        """This error with the file that it is about."""
        return type(self)(self.message, self.path or path, self.line)


class NotALogError(LogError):
    """A file that no reader takes for the log of a training; in a folder such files are passed over."""
