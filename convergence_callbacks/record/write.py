"""Writes a decision record while a training runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.monitor import Monitor
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.record.form import (
    FORM,
    VERSION,
    chained,
    closing,
    is_closing,
    schedule_to_plain,
    settings_to_dict,
)
from convergence_callbacks.record.schedule import Asked

RANKS = ("RANK", "LOCAL_RANK", "SLURM_PROCID", "JSM_NAMESPACE_RANK")
"""Variables in which launchers give a process its rank."""

TAIL = 2**14
"""Bytes at the end of a file in which its last line is looked for first."""


class DecisionRecord:
    """Appends each observation and its decision to a file, flushed at once. Of several processes the first one writes.

    A listener: callbacks make one where ``record`` is set. For a loop of your own:

    Args:
        path: The file; what is in it stays.
        monitor: Whose decisions they are, before its first observation or as it was resumed. A schedule that is a
            function is watched from here on: what it answers is recorded.

    >>> import tempfile
    >>> from convergence_callbacks import Monitor
    >>> from convergence_callbacks.record import DecisionRecord, verify
    >>> path = Path(tempfile.mkdtemp()) / "record.jsonl"
    >>> monitor = Monitor()
    >>> record = DecisionRecord(path, monitor)
    >>> for epoch in range(9):
    ...     observation = Observation(step=epoch, val_loss=1 / (1 + epoch))
    ...     record(observation, monitor.observe(observation))
    >>> record.close()
    >>> print(verify(path))
    confirmed: all 9 decisions follow from the observations
    """

    def __init__(self, path: str | os.PathLike[str], monitor: Monitor) -> None:
        self._path, self._monitor = Path(path), monitor
        self._unwritten: list[Mapping[str, Any]] = [self._first()]
        self._has_decision = False
        self._writes = next((os.environ[name] for name in RANKS if os.environ.get(name)), "0") == "0"
        self._watch_schedule()

    def __repr__(self) -> str:
        return f"DecisionRecord({str(self._path)!r})"

    def __call__(self, observation: Observation, decision: Decision) -> None:
        """Append a line; see `add`."""
        self.add(observation, decision)

    def add(
        self,
        observation: Observation,
        decision: Decision,
        judged: Decision | None = None,
        stages: Mapping[str, Any] | None = None,
    ) -> None:
        """Append what was observed and decided, and close the record where that ends the training.

        Args:
            observation: The epoch.
            decision: What was decided.
            judged: What the monitor alone decided, where that was changed.
            stages: What those who changed it went by, by name and in order, in plain types.

        Raises:
            OSError: The file can't be written; what is missing in it is written with the next decision.
        """
        if not self._writes:
            return
        self._take_rates(observation.step)
        words = {"reason": decision.reason, "advice": list(decision.advice)}
        line = {"observation": observation.to_dict(), "decision": {**decision.to_dict(), **words}}
        changed = {} if judged is None else {"judged": judged.to_dict(), "stages": dict(stages or {})}
        self._unwritten.append({**line, **changed})
        self._has_decision = True
        if self._monitor.settings.lr_schedule is not self._schedule:  # the rate was changed at this epoch
            self._unwritten.append({"lr_schedule": schedule_to_plain(self._monitor.settings.lr_schedule)})
            self._watch_schedule()
        if self._went_back(observation.step):
            self._unwritten.append(self._first())
            self._watch_schedule()
        self._write(closes=decision.stop)

    def restate(self) -> None:
        """Begin anew with the settings of the monitor and what it knows: that changed between two observations."""
        self._unwritten = [*(self._unwritten if self._has_decision else ()), self._first()]
        self._watch_schedule()

    def close(self) -> None:
        """Say that nothing is missing at the end. A training that goes on takes that line away, and may close again.

        Raises:
            OSError: The file can't be written.
        """
        if self._writes and self._has_decision:
            self._write(closes=True)

    def _first(self) -> dict[str, Any]:
        """The line from which the decisions that follow can be recomputed."""
        return {
            "record": FORM,
            "version": VERSION,
            "package": _package_version(),
            "settings": settings_to_dict(self._monitor.settings),
            "state": self._monitor.state_dict() if self._monitor.decision is not None else None,
        }

    def _went_back(self, step: int) -> bool:
        """Whether the monitor was made to forget the latest epochs, as where their weights are discarded."""
        last = self._monitor.decision
        return last is None or last.step < step

    def _watch_schedule(self) -> None:
        schedule = self._monitor.settings.lr_schedule
        if self._writes and callable(schedule):
            self._monitor.know(lr_schedule=Asked(schedule))
        self._schedule = self._monitor.settings.lr_schedule

    def _take_rates(self, step: int) -> None:
        """Record what was asked of the schedule for the decision that comes next."""
        if isinstance(self._schedule, Asked) and (answers := self._schedule.new_answers(step)):
            self._unwritten.append({"rates": answers})

    def _write(self, *, closes: bool) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a+b", buffering=0) as file:
            last, has_end = _reopened(file)
            text = b"" if has_end else b"\n"
            for line in self._unwritten:
                last = chained(line, last)
                text += last + b"\n"
            _append(file, text + closing(last) + b"\n" if closes else text)
        self._unwritten = []


def _append(file: Any, text: bytes) -> None:
    """Add a text as a whole, or nothing of it where the disk is full."""
    size, left = file.seek(0, os.SEEK_END), memoryview(text)
    try:
        while left:
            left = left[file.write(left) :]
    except OSError:
        file.truncate(size)
        raise


def _reopened(file: Any) -> tuple[bytes | None, bool]:
    """The last line of a file, None of an empty one, and whether it has its end; a closing line is taken away."""
    last, has_end = _last_line(file)
    if last is None or not is_closing(last):
        return last, has_end
    file.truncate(file.seek(0, os.SEEK_END) - len(last) - has_end)
    return _last_line(file)


def _last_line(file: Any) -> tuple[bytes | None, bool]:
    """The last line of a file, and whether it has its end, which a kill may have left out; an empty one has."""
    size, length = file.seek(0, os.SEEK_END), TAIL
    if not size:
        return None, True
    while True:
        file.seek(max(0, size - length))
        tail = file.read()
        line = tail.removesuffix(b"\n").rpartition(b"\n")
        if line[1] or length >= size:
            return line[2], tail.endswith(b"\n")
        length *= 2


def _package_version() -> str:
    from convergence_callbacks import __version__

    return __version__
