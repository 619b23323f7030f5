"""Reads the trees that ship with the package; nothing else in the core reads a file."""

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


def read(model: str) -> Mapping[str, NDArray[np.generic]]:
    """The arrays of a model that ships with the package.

    Args:
        model: Name of its folder.

    Raises:
        ModelError: The file is missing or is no such file, as in a broken installation.
    """
    file = resources.files(f"{__package__}.{model}").joinpath(FILE)
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            return dict(arrays)
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise ModelError(f"cannot read {file}: {error}; install convergence-callbacks anew") from error


def check_features(model: str, read_by_trees: Collection[str], computed: Collection[str]) -> None:
    """Check that each feature that a model's trees read is one that the code computes.

    Args:
        model: Name of the model's folder, for the message.
        read_by_trees: Names of the features in its file.
        computed: Names of the features that `features.py` computes.

    Raises:
        ModelError: One is not.

    >>> check_features("diagnosis", ["val_rise"], ["val_rises", "wait"])
    Traceback (most recent call last):
        ...
    convergence_callbacks.core.errors.ModelError: core/models/diagnosis/trees.npz was fitted to features that \
core/models/features.py does not compute: 'val_rise' (did you mean 'val_rises'?); fit it anew with make fit
    """
    missing = [name for name in read_by_trees if name not in computed]
    if missing:
        near = difflib.get_close_matches(missing[0], computed, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        folder = f"core/models/{model}"
        raise ModelError(
            f"{folder}/{FILE} was fitted to features that core/models/features.py does not compute: "
            f"{', '.join(map(repr, missing))}{hint}; fit it anew with make fit"
        )
