"""Writes a decision record while a training runs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.monitor import Monitor
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.record.form import FORM, VERSION, digest, settings_to_dict

RANKS = ("RANK", "LOCAL_RANK", "SLURM_PROCID", "JSM_NAMESPACE_RANK")
"""Variables in which launchers tell a process which one of several it is."""

TAIL = 2**14
"""Bytes at the end of a file in which its last line is looked for first."""


class DecisionRecord:
    """Appends each observation and its decision to a file, flushed at once. Of several processes the first one writes.

    A listener: callbacks make one where ``record`` is set. For a loop of your own:

    Args:
        path: The file; what is in it stays.
        monitor: Whose decisions they are, before its first observation or as it was resumed.

    >>> import tempfile
    >>> from convergence_callbacks import Monitor
    >>> from convergence_callbacks.record import DecisionRecord, verify
    >>> path = Path(tempfile.mkdtemp()) / "record.jsonl"
    >>> monitor = Monitor(max_epochs=9)
    >>> record = DecisionRecord(path, monitor)
    >>> for epoch in range(9):
    ...     observation = Observation(step=epoch, val_loss=1 / (1 + epoch))
    ...     record(observation, monitor.observe(observation))
    >>> print(verify(path))
    confirmed: all 9 decisions follow from the observations
    """

    def __init__(self, path: str | os.PathLike[str], monitor: Monitor) -> None:
        self._path = Path(path)
        self._first: dict[str, Any] | None = {
            "record": FORM,
            "version": VERSION,
            "package": _package_version(),
            "settings": settings_to_dict(monitor.settings),
            "state": monitor.state_dict() if monitor.decision is not None else None,
        }
        self._writes = next((os.environ[name] for name in RANKS if os.environ.get(name)), "0") == "0"

    def __repr__(self) -> str:
        return f"DecisionRecord({str(self._path)!r})"

    def __call__(self, observation: Observation, decision: Decision) -> None:
        """Append a line.

        Raises:
            OSError: The file can't be written; a callback tells that once, and the training goes on.
        """
        if not self._writes:
            return
        words = {"reason": decision.reason, "advice": list(decision.advice)}
        lines = [{"observation": observation.to_dict(), "decision": {**decision.to_dict(), **words}}]
        if self._first is not None:
            lines.insert(0, self._first)
            self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a+b") as file:
            last, has_end = _last_line(file)
            text = b"" if has_end else b"\n"
            for line in lines:
                last = json.dumps({**line, "before": digest(last)}, allow_nan=False).encode()
                text += last + b"\n"
            file.write(text)
        self._first = None


def _last_line(file: Any) -> tuple[bytes, bool]:
    """The last line of a file, and whether it has its end, which a kill may have left out; an empty one has."""
    size, length = file.seek(0, os.SEEK_END), TAIL
    while True:
        file.seek(max(0, size - length))
        tail = file.read()
        line = tail.removesuffix(b"\n").rpartition(b"\n")
        if line[1] or length >= size:
            return line[2], not tail or tail.endswith(b"\n")
        length *= 2


def _package_version() -> str:
    from convergence_callbacks import __version__

    return __version__
