"""Remembers across restarts of the program what was done about a training."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from convergence_callbacks.core.observation import Observation

MOST = 1000
"""Acts that are remembered of a log: the latest ones."""


class Kind(StrEnum):
    """Acts that are done at most once per training."""

    COMMAND = "command"
    NOTIFICATION = "notification"


@dataclass(frozen=True)
class _Act:
    """What was done about which training.

    Args:
        kind: What it was.
        epochs: How many observations identify the training.
        training: The digest of their numbers.
    """

    kind: str
    epochs: int
    training: str


class Memory:
    """A file in the user's folder for such states, one for each log.

    Args:
        log: The log that is watched.
    """

    def __init__(self, log: Path) -> None:
        base = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
        name = hashlib.sha256(str(log.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:24]
        self.file = base / "convergence-callbacks" / f"{name}.json"
        self._lock = threading.Lock()

    def is_done(self, kind: Kind, seen: Sequence[Observation]) -> bool:
        """Whether it was done for the training with these observations; a file that can't be read counts as no."""
        done = [act for act in self._acts() if act.kind == kind]
        return any(act.training == _identity(seen[: act.epochs]) for act in done)

    def remember(self, kind: Kind, seen: Sequence[Observation]) -> None:
        """Note that it was done for the training with these observations.

        Raises:
            OSError: It can't be written.
        """
        with self._lock:  # a webhook is answered in a thread of its own
            acts = [*self._acts(), _Act(kind, len(seen), _identity(seen))][-MOST:]
            self.file.parent.mkdir(parents=True, exist_ok=True)
            fresh = self.file.with_suffix(f".{os.getpid()}")
            fresh.write_text(json.dumps({"acts": [dataclasses.asdict(act) for act in acts]}), encoding="utf-8")
            fresh.replace(self.file)

    def _acts(self) -> list[_Act]:
        try:
            return [_Act(**act) for act in json.loads(self.file.read_text(encoding="utf-8"))["acts"]]
        except (OSError, ValueError, LookupError, TypeError):
            return []


def _identity(seen: Sequence[Observation]) -> str:
    """The digest of a training's numbers: two runs of one seed may differ only late."""
    return hashlib.sha256(json.dumps([each.to_dict() for each in seen], sort_keys=True).encode()).hexdigest()
