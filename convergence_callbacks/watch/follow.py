"""Reads a log anew whenever it has changed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from convergence_callbacks.logs.columns import ColumnChoice
from convergence_callbacks.logs.errors import LogError
from convergence_callbacks.logs.read import find_logs, read_log
from convergence_callbacks.logs.run import Run


@dataclass(frozen=True)
class Reading:
    """What a look at a log gave.

    Args:
        run: The training that is in it, the last one where there are several; None where there is none (yet).
        problem: Why there is none.
        is_settled: Whether the log is as it was at the look before: its last epoch is then complete.
    """

    run: Run | None = None
    problem: str = ""
    is_settled: bool = False


class Follower:
    """Looks at a log again and again; a file that is cut, replaced or not there yet is no error.

    A log is read anew from its beginning: whatever rewrites it, the reading is that of a program that starts now.

    Args:
        path: The log; of a folder with several the one that changed last.
        choice: Columns that the user named.
    """

    def __init__(self, path: Path, choice: ColumnChoice | None = None) -> None:
        self._path, self._choice = path, choice
        self._seen: object = None
        self._reading = Reading(problem=f"{path} is not there yet")

    def look(self) -> Reading:
        """The log as it is now."""
        state = _state_of(self._path)
        if state is not None and state == self._seen:
            self._reading = Reading(self._reading.run, self._reading.problem, is_settled=True)
            return self._reading
        self._seen = state
        self._reading = self._read()
        return self._reading

    def _read(self) -> Reading:
        try:
            logs = list(find_logs(self._path)) if self._path.exists() else []
            if not logs:
                return Reading(problem=f"{self._path} holds no log yet")
            log, reader = max(logs, key=lambda found: _changed(found[0]))
            runs = read_log(log, reader, self._choice, root=self._path if self._path.is_dir() else None)
            return Reading(runs[-1])
        except LogError as error:
            return Reading(problem=str(error))
        except OSError as error:
            return Reading(problem=f"{self._path}: {error.strerror or error}")


def _state_of(path: Path) -> object:
    """What changes when a log does: the size, time and number of each of its files."""
    files = _files(path) if path.is_dir() else [path]
    states = []
    for file in files:
        try:
            stat = file.stat()
        except OSError:
            continue
        states.append((str(file), stat.st_ino, stat.st_size, stat.st_mtime_ns))
    return states or None


def _files(folder: Path) -> list[Path]:
    return [Path(parent) / name for parent, _, names in os.walk(folder) for name in sorted(names)]


def _changed(log: Path) -> float:
    files = _files(log) if log.is_dir() else [log]
    return max((file.stat().st_mtime for file in files if file.exists()), default=0.0)
