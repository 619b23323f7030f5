"""Remembers over restarts of the program what was done about a training."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from convergence_callbacks.core.observation import Observation


class Memory:
    """A file in the user's folder for such states, one for each log.

    Args:
        log: The log that is watched.
    """

    def __init__(self, log: Path) -> None:
        base = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
        name = hashlib.sha256(str(log.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:24]
        self._file = base / "convergence-callbacks" / f"{name}.json"

    def is_done(self, first: Observation) -> bool:
        """Whether it was acted for the training that began so; a file that can't be read says no."""
        try:
            return bool(json.loads(self._file.read_text(encoding="utf-8"))["training"] == _identity(first))
        except (OSError, ValueError, LookupError, TypeError):
            return False

    def remember(self, first: Observation) -> None:
        """Note that it was acted.

        Raises:
            OSError: It can't be written.
        """
        self._file.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"training": _identity(first)})
        fresh = self._file.with_suffix(f".{os.getpid()}")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(self._file)


def _identity(first: Observation) -> str:
    """Tells one training from another by the numbers of its first epoch."""
    return hashlib.sha256(json.dumps(first.to_dict(), sort_keys=True).encode()).hexdigest()
