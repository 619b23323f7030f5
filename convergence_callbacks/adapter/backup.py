"""A folder that keeps the states of the latest epochs, for frameworks whose own backups hold no callbacks."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from convergence_callbacks.adapter.processes import Processes
from convergence_callbacks.core.errors import ConvergenceError, StateError

KEPT = 3
"""Epochs kept: a framework's own backup may be one epoch ahead of this one, or (double backups) two behind."""


def checksum(path: Path) -> str:
    """The SHA-256 of a file, or of all files of a folder."""
    if not path.is_dir():
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    files = sorted(file for file in path.rglob("*") if file.is_file())
    each = "".join(f"{file.relative_to(path)} {checksum(file)}\n" for file in files)
    return hashlib.sha256(each.encode()).hexdigest()


def sync(path: Path) -> None:
    """Write a file, or a folder's list of files, to the disk before anything else happens."""
    if path.is_dir() and os.name == "nt":  # Windows opens no folders
        return
    opened = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def write_arrays(path: Path, arrays: Iterable[Any]) -> None:
    """Write arrays to a file, flush it to the disk and read it back before anything else happens.

    Raises:
        OSError: They can't be written or read back; nothing is left of the file.
    """
    try:
        with path.open("wb") as file:
            np.savez(file, *arrays)
        sync(path)
        read_arrays(path)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        path.unlink(missing_ok=True)
        raise OSError(f"{path.name} can't be written: {error}") from error


def read_arrays(path: Path) -> list[Any]:
    """The arrays in a file."""
    with path.open("rb") as file, np.load(file) as arrays:  # numpy leaves a damaged one open
        return list(arrays.values())


class Backup:
    """The states of the latest epochs in a folder.

    Args:
        folder: The folder; made when first written to.
        weights: How the names of files of weights end.
    """

    def __init__(self, folder: str | os.PathLike[str], weights: str = "weights.npz") -> None:
        self.folder, self._ending = Path(folder), weights
        self._file = self.folder / "convergence-state.json"
        self._states: list[Mapping[str, Any]] = []

    def write(self, state: Mapping[str, Any]) -> None:
        """Add the state of an epoch; a kill in the middle leaves what was there before."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._states = [*self._states, state][-KEPT:]
        partial = self._file.with_suffix(".partial")
        try:
            with partial.open("w") as file:
                json.dump(self._states, file, allow_nan=False)
            sync(partial)
        except OSError:
            partial.unlink(missing_ok=True)  # the disk may be full
            raise
        partial.replace(self._file)
        self._drop_weights_but(self._states)
        self._drop_arrays_but({name for each in self._states for name in each.get("act", {}).get("files", ())})

    def read(self, epoch: int) -> Mapping[str, Any] | None:
        """The state after an epoch, None where there is none.

        Raises:
            StateError: The file is damaged, or can't be read.
        """
        try:
            if not self._file.exists():
                return None
            states = json.loads(self._file.read_text())
            self._states = [state for state in states if _last(state)["step"] <= epoch]
        except OSError as error:
            raise StateError(f"{self._file} can't be read: {error}") from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise StateError(f"{self._file} is damaged: {error!r}") from error
        return next((state for state in self._states if _last(state)["step"] == epoch), None)

    def weights(self, epoch: int) -> Path:
        """Where the weights of an epoch are kept."""
        return self.folder / f"best-{epoch}.{self._ending}"

    def write_weights(self, epoch: int, arrays: Iterable[Any]) -> None:
        """Keep the weights of an epoch: written under another name, synced, read back, then renamed with a checksum.

        Those of an earlier epoch go only once a state is written that does not need them. The form is NumPy's: HDF5,
        which Keras writes, ends the process where a disk is full.

        Raises:
            OSError: They can't be written or read back; what was there before stays.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.weights(epoch)
        partial = file.with_name(f"partial-{file.name}")
        write_arrays(partial, arrays)
        checksum_file, found = _checksum_of(file), checksum(partial)
        checksum_file.unlink(missing_ok=True)  # a kill between the two must not leave that of another file
        partial.replace(file)
        checksum_file.write_text(found)
        sync(self.folder)

    def arrays(self, name: str) -> Path:
        """Where weights and moments of that name are kept."""
        return self.folder / f"act-{name}.npz"

    def write_arrays(self, name: str, arrays: Iterable[Any]) -> None:
        """Keep weights and moments; a kill in the middle leaves what was there before."""
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = self.arrays(f"partial-{name}")
        write_arrays(partial, arrays)
        partial.replace(self.arrays(name))

    def read_arrays(self, name: str) -> list[Any] | None:
        """Weights and moments of that name; None where they are gone.

        Raises:
            ConvergenceError: The file is damaged, or can't be read.
        """
        file = self.arrays(name)
        try:
            return read_arrays(file) if file.exists() else None
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise ConvergenceError(f"{file} can't be read: {error}") from error

    def remove(self) -> None:
        """Remove the files, and the folder if nothing else is in it.

        Raises:
            ConvergenceError: They can't be removed.
        """
        try:
            self._remove()
        except OSError as error:
            raise ConvergenceError(f"the backup in {self.folder} can't be removed: {error}") from error

    def _remove(self) -> None:
        self._states = []
        if not self.folder.is_dir():
            return
        for file in [self._file, *self.folder.glob("act-*.npz"), *self.folder.glob(f"*best-*.{self._ending}*")]:
            _remove(file)
        if not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _drop_weights_but(self, states: list[Mapping[str, Any]]) -> None:
        """Remove weights that no kept state calls its best."""
        wanted = {self.weights(_last(state)["best_step"]) for state in states}
        for file in set(self.folder.glob(f"best-*.{self._ending}")) - wanted:
            _remove(file)

    def _drop_arrays_but(self, names: set[str]) -> None:
        """Remove weights and moments that no kept state can go back to."""
        for file in set(self.folder.glob("act-*.npz")) - {self.arrays(name) for name in names}:
            file.unlink(missing_ok=True)


def _remove(file: Path) -> None:
    """Remove a file, and its checksum if it has one."""
    file.unlink(missing_ok=True)
    _checksum_of(file).unlink(missing_ok=True)


def _last(state: Mapping[str, Any]) -> Any:
    """The decision on the epoch of a state: that of its monitor, unless a stage changed it."""
    return state.get("decided") or state["decision"]


def checked(file: Path) -> Path:
    """A file of weights whose content is that which was written.

    Raises:
        FileNotFoundError: It is gone.
        ConvergenceError: It is damaged.
    """
    if not file.exists():
        raise FileNotFoundError(file)
    checksum_file = _checksum_of(file)
    if checksum_file.exists() and checksum_file.read_text() != checksum(file):
        raise ConvergenceError(f"{file} is damaged: it is not what was written")
    return file


def _checksum_of(file: Path) -> Path:
    """Where the checksum of a file is kept."""
    return file.with_name(f"{file.name}.sha256")


def remove_backup(backup: Backup | None, processes: Processes, warn: Callable[[str], None]) -> None:
    """Remove a backup once the training has ended in all processes, which read it; warn if that fails."""
    processes.gather(None)
    if backup is not None and processes.is_first:
        try:
            backup.remove()
        except ConvergenceError as error:
            warn(str(error))
