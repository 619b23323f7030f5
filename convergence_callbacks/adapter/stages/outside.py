"""Ends a run from outside, whatever its curve looks like: by a file, or before its job ends."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from convergence_callbacks.adapter.complaints import Complaints
from convergence_callbacks.adapter.job import OWN, job_end
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.errors import ConvergenceError
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.record.stages import JOB_END, STOP_FILE, ended
from convergence_callbacks.telling.numbers import duration

Agreed = Callable[[bool], bool]
"""Whether the flag is set in any process; all of them have to ask."""


class Outside:
    """Ends a run when something outside asks for it. It keeps no state, so a resumed run goes on.

    Args:
        agreed: Asks all processes.
    """

    name: str

    def __init__(self, agreed: Agreed) -> None:
        self._agreed, self._why = agreed, ""

    def restore(self, saved: Any) -> None:
        """Restore nothing: what ended a run before does not end it again."""

    def state(self) -> None:
        """Save nothing."""

    def grounds(self) -> str:
        """What asks for the end, in words."""
        return self._why

    def after(self, decision: Decision, observation: Observation, trained: Any) -> Decision:
        """A decision to stop, if that is asked for."""
        asked = self._agreed(self.asks())
        return ended(decision, self.name, self._words()) if asked and not decision.stop else decision

    def asks(self) -> bool:
        """Whether this process sees the request."""
        raise NotImplementedError

    def words(self) -> str:
        """What asks for the end."""
        raise NotImplementedError

    def _words(self) -> str:
        self._why = self.words()
        return self._why


class StopFile(Outside):
    """Ends a run once a file is there.

    Args:
        path: The file.
        agreed: Asks all processes.
    """

    name = STOP_FILE

    def __init__(self, path: str | os.PathLike[str], agreed: Agreed) -> None:
        super().__init__(agreed)
        self._path = Path(path)

    def asks(self) -> bool:
        """Whether it is there."""
        try:
            return self._path.exists()
        except OSError:  # the folder can't be read
            return False

    def words(self) -> str:
        """Which file it is."""
        return f"the file {self._path} asks for it"


class JobEnd(Outside):
    """Ends a run before its job ends, where another epoch as long as the longest would leave too little time.

    Args:
        minutes: Minutes that are left for what comes after the last epoch.
        agreed: Asks all processes.
        complaints: Reports that the end of the job is not known.
        clock: Seconds since 1970.
    """

    name = JOB_END

    def __init__(
        self, minutes: float, agreed: Agreed, complaints: Complaints, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(agreed)
        self._seconds, self._clock = 60 * minutes, clock
        self._last, self._longest = clock(), 0.0
        self._end = _end(complaints)

    def asks(self) -> bool:
        """Whether another epoch may not fit."""
        now = self._clock()
        self._longest, self._last = max(self._longest, now - self._last), now
        return self._end is not None and self._end - now - self._longest < self._seconds

    def words(self) -> str:
        """How much time is left."""
        left = "less time" if self._end is None else duration((self._end - self._clock()) / 3600)
        return f"the job is ended in {left}"


def _end(complaints: Complaints) -> float | None:
    try:
        end = job_end(os.environ)
    except ValueError as error:
        complaints.make(ConvergenceError(f"minutes_before_job_end does nothing: {error}"))
        return None
    if end is None:
        complaints.make(
            ConvergenceError(f"minutes_before_job_end does nothing: no variable holds when the job ends; set {OWN}")
        )
    return end
