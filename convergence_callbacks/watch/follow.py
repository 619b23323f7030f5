"""Reads a log again whenever it has changed."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from convergence_callbacks.logs.columns import ColumnChoice
from convergence_callbacks.logs.errors import LogError, NotALogError
from convergence_callbacks.logs.read import find_logs, read_log, read_together
from convergence_callbacks.logs.reader import Reader
from convergence_callbacks.logs.run import Run
from convergence_callbacks.logs.trainings import Logs, grouped, is_same, together

RESTED = 2
"""A log has rested that was not written to for so many times its longest pause so far, while another was."""


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


@dataclass
class _Growth:
    """When a log was written to, as the looks saw it.

    Args:
        changed: The last time.
        pause: The longest time between two.
    """

    changed: float
    pause: float = 0.0


class Follower:
    """Looks at a log again and again; a file that is cut, replaced or not there yet is no error.

    A log is read again from its beginning, so that a rewritten log is read as if the program had just started.

    Args:
        path: The log; of a folder with several the one that changed last, until it rests while another grows.
        choice: Columns that the user named.
    """

    def __init__(self, path: Path, choice: ColumnChoice | None = None) -> None:
        self._path, self._choice = path, choice
        self._begun = time.time()
        self._seen: object = ()
        self._reading = Reading()
        self._log: Path | None = None
        self._growths: dict[Path, _Growth] = {}

    def look(self) -> Reading:
        """The log as it is now."""
        state = _state_of(self._path)
        if state == self._seen:
            self._reading = dataclasses.replace(self._reading, is_settled=True)
            return self._reading
        self._seen = state
        self._reading = self._read()
        return self._reading

    def _read(self) -> Reading:
        try:
            if not self._path.exists():
                return Reading(problem=f"{self._path} is not there yet")
            return self._read_one(list(grouped(find_logs(self._path))))
        except LogError as error:
            return Reading(problem=str(error))
        except OSError as error:
            return Reading(problem=f"{self._path}: {error.strerror or error}")

    def _read_one(self, found: Sequence[Logs]) -> Reading:
        """The log to follow, or the newest with a training in it, with what others add about that training."""
        problem = ""
        root = self._path if self._path.is_dir() else None
        logs = {log: reader for each in found for log, reader in each}
        beside = {log: each for each in found for log, _ in each}
        for log in self._to_follow(logs):
            if log not in logs:  # rotated away a moment ago
                return Reading(problem=f"{log} is not there, or empty")
            try:
                runs = read_log(log, logs[log], self._choice, root=root)
            except NotALogError as error:
                problem = problem or str(error)
                continue
            if runs:
                self._log = log
                others = [each for each in beside[log] if each[0] != log]
                return Reading(_with(runs[-1], read_together(tuple(others), self._choice, root)))
        return Reading(problem=problem or f"{self._path} holds no log yet")

    def _to_follow(self, logs: Mapping[Path, Reader]) -> list[Path]:
        """The log that is followed, where it still grows; else all, the newest first."""
        for log in logs:
            changed = _changed(log)
            growth = self._growths.setdefault(log, _Growth(changed))
            growth.pause = max(growth.pause, changed - max(growth.changed, self._begun))
            growth.changed = changed
        newest_first = sorted(logs, key=lambda log: self._growths[log].changed, reverse=True)
        if self._log is None or not logs:
            return newest_first
        followed, newest = self._growths[self._log], self._growths[newest_first[0]]
        has_rested = newest.changed - followed.changed > RESTED * followed.pause
        return newest_first if has_rested else [self._log]


def _with(run: Run, others: Iterable[Run | LogError]) -> Run:
    """The run that is followed, with what other logs of the same training add: rates, times and plans."""
    for other in others:
        if isinstance(other, Run) and is_same(run, other):
            run = together(run, other)
    return run


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
