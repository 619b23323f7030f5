"""A folder in which the states of the latest epochs survive a kill, for frameworks whose backups hold none."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convergence_callbacks.core.errors import StateError

KEPT = 3
"""Epochs kept: a framework's own backup may be one epoch ahead of this one, or (double backups) two behind."""


class Backup:
    """The states of the latest epochs in a folder.

    Args:
        folder: The folder; made when first written to.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self._file = self.folder / "convergence-state.json"
        self._states: list[Mapping[str, Any]] = []

    def write(self, state: Mapping[str, Any]) -> None:
        """Add the state of an epoch; a kill in the middle leaves what was there before."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._states = [*self._states, state][-KEPT:]
        partial = self._file.with_suffix(".partial")
        with partial.open("w") as file:
            json.dump(self._states, file, allow_nan=False)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self._file)
        self._drop_weights_but(self._states)

    def read(self, epoch: int) -> Mapping[str, Any] | None:
        """The state after an epoch, None where there is none.

        Raises:
            StateError: The file is damaged.
        """
        if not self._file.exists():
            return None
        try:
            states = json.loads(self._file.read_text())
            self._states = [state for state in states if state["decision"]["step"] <= epoch]
        except (ValueError, TypeError, KeyError) as error:
            raise StateError(f"{self._file} is damaged: {error!r}") from error
        return next((state for state in self._states if state["decision"]["step"] == epoch), None)

    def weights(self, epoch: int) -> Path:
        """Where the weights of an epoch are kept."""
        return self.folder / f"best-{epoch}.weights.h5"

    @property
    def before_raise(self) -> Path:
        """Where weights and moments from before the learning rate was raised are kept."""
        return self.folder / "before-raise.npz"

    def remove(self) -> None:
        """Take the files away; the folder too when nothing else is in it."""
        self._states = []
        if not self.folder.is_dir():
            return
        for file in [self._file, self.before_raise, *self.folder.glob("best-*.weights.h5")]:
            file.unlink(missing_ok=True)
        if not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _drop_weights_but(self, states: list[Mapping[str, Any]]) -> None:
        """Remove weights that no kept state calls its best."""
        wanted = {self.weights(state["decision"]["best_step"]) for state in states}
        for file in set(self.folder.glob("best-*.weights.h5")) - wanted:
            file.unlink(missing_ok=True)
