"""What to type where a library, or the right module of this package, is missing."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).parents[2]
"""Where the package lies: beside its ``pyproject.toml`` in a clone."""

BY_FRAMEWORK: Mapping[str, str] = {
    "lightning": "lightning",
    "pytorch_lightning": "lightning",
    "keras": "keras",
    "transformers": "transformers",
    "xgboost": "xgboost",
    "lightgbm": "lightgbm",
    "catboost": "catboost",
    "skorch": "skorch",
    "ignite": "ignite",
    "jax": "jax",
    "tensorflow": "tensorflow",
    "torch": "torch",
    "sklearn": "sklearn",
}
"""The modules of this package by the framework that a program has imported, the most specific first."""


def not_installed(library: str, extra: str) -> str:
    """Message for a missing library: how to install it, from the clone if this package is one.

    >>> not_installed("Keras", "keras").startswith("Keras is not installed: pip install ")
    True
    """
    package = f"-e '{FOLDER}[{extra}]'" if (FOLDER / "pyproject.toml").exists() else f"'convergence-callbacks[{extra}]'"
    return f"{library} is not installed: pip install {package}"


def no_backend(backend: str) -> str:
    """Message for a Keras without a backend.

    >>> no_backend("tensorflow")
    "Keras has no backend: tensorflow is not there; install it, or set KERAS_BACKEND to 'torch' or 'jax'"
    """
    others = [repr(name) for name in ("tensorflow", "torch", "jax") if name != backend]
    missing = backend or "its backend"
    return f"Keras has no backend: {missing} is not there; install it, or set KERAS_BACKEND to {' or '.join(others)}"


def of_framework(name: str) -> str:
    """Message that names the module of a callback, for the frameworks that the program imported.

    >>> of_framework("ConvergenceStopping")  # doctest: +ELLIPSIS
    'ConvergenceStopping is in the module of your framework: from convergence_callbacks... import ConvergenceStopping'
    """
    module = next((BY_FRAMEWORK[each] for each in BY_FRAMEWORK if each in sys.modules), "keras")
    return f"{name} is in the module of your framework: from convergence_callbacks.{module} import {name}"
