"""Reads the fitted trees that ship with the package; nothing else in the core reads a file."""

from __future__ import annotations

import difflib
import zipfile
from collections.abc import Collection, Mapping
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from convergence_callbacks.core.errors import ModelError

FILE = "trees.npz"
"""Name of the file in each model's folder."""


def read(package: str) -> Mapping[str, NDArray[np.generic]]:
    """The arrays of a model that ships with the package.

    Args:
        package: The package in whose folder the file lies.

    Raises:
        ModelError: The file is missing or damaged, as in a broken installation.
    """
    file = resources.files(package).joinpath(FILE)
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            return dict(arrays)
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise ModelError(f"cannot read {file}: {error}; install convergence-callbacks anew") from error


def check_features(package: str, read_by_trees: Collection[str], computed: Collection[str]) -> None:
    """Check that the code computes each feature that a model's trees read.

    Args:
        package: The package of the model, for the message.
        read_by_trees: Names of the features in its file.
        computed: Names of the features that the code computes.

    Raises:
        ModelError: One is missing.
    """
    missing = [name for name in read_by_trees if name not in computed]
    if missing:
        near = difflib.get_close_matches(missing[0], computed, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise ModelError(
            f"{package.replace('.', '/')}/{FILE} was fitted to features that the code does not compute: "
            f"{', '.join(map(repr, missing))}{hint}; fit it anew with make fit"
        )
