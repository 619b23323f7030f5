"""Whether this installation works: versions, integrations, and a test of itself."""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import json
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convergence_callbacks.core.observation import Observation
from convergence_callbacks.monitor import Monitor
from convergence_callbacks.telling.numbers import milliseconds

Series = NDArray[np.float64]

PACKAGES = (
    *("numpy", "ruamel.yaml", "typer", "rich", "lightning", "pytorch-lightning", "torch", "keras", "jax"),
    *("tensorflow", "transformers", "pytorch-ignite", "skorch", "xgboost", "lightgbm", "catboost", "scikit-learn"),
    "optuna",
    *("matplotlib", "tensorboard", "joblib", "ray", "jinja2", "starlette", "sse-starlette", "uvicorn"),
)
"""Distributions whose versions are reported."""

PARTS = {
    "Lightning": "convergence_callbacks.lightning",
    "Keras": "convergence_callbacks.keras",
    "Hugging Face transformers": "convergence_callbacks.transformers",
    "PyTorch": "convergence_callbacks.torch",
    "JAX": "convergence_callbacks.jax",
    "TensorFlow": "convergence_callbacks.tensorflow",
    "Ignite": "convergence_callbacks.ignite",
    "skorch": "convergence_callbacks.skorch",
    "XGBoost": "convergence_callbacks.xgboost",
    "LightGBM": "convergence_callbacks.lightgbm",
    "CatBoost": "convergence_callbacks.catboost",
    "scikit-learn": "convergence_callbacks.sklearn",
    "Optuna": "convergence_callbacks.optuna",
    "Ray Tune": "convergence_callbacks.ray",
    "pictures": "convergence_callbacks.plots",
    "report": "convergence_callbacks.pages",
    "serve": "convergence_callbacks.pages.server",
}
"""What needs a library of its own, with the module that does."""


@dataclass(frozen=True)
class Check:
    """One check, with its result.

    Args:
        name: What.
        is_right: Whether it works; None where it is not installed, which is no fault.
        result: The version, or what is wrong.
    """

    name: str
    is_right: bool | None
    result: str


def examine() -> Iterator[Check]:
    """Run all checks, one after the other: at most ten seconds besides importing the frameworks."""
    yield from versions()
    yield from parts()
    yield from self_test()


def versions() -> Iterator[Check]:
    """The versions of Python, this package, and the libraries that it uses where they are there."""
    yield Check("python", True, platform.python_version())
    for name in ("convergence-callbacks", *PACKAGES):
        version = _version_of(name)
        yield Check(name, None if version is None else True, version or "not installed")


def _version_of(name: str) -> str | None:
    """The version of a library, also where another distribution brings it, such as tensorflow-cpu; None without."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        brought_by = _distributions().get(name)
        return None if not brought_by else f"{importlib.metadata.version(brought_by[0])} ({brought_by[0]})"


@functools.cache
def _distributions() -> Mapping[str, Sequence[str]]:
    """The distributions by the modules that they bring."""
    return importlib.metadata.packages_distributions()


def parts() -> Iterator[Check]:
    """Whether the integrations can be imported."""
    for name, module in PARTS.items():
        try:
            importlib.import_module(module)
        except ImportError as error:
            missing = "not installed" in str(error)
            yield Check(name, None if missing else False, str(error))
        except Exception as error:  # a framework that is broken may raise anything
            yield Check(name, False, repr(error))
        else:
            yield Check(name, True, "works")


def self_test() -> Iterator[Check]:
    """Whether the rule decides as it should on plain curves, and how fast."""
    epochs = np.arange(120)
    fall = np.exp(-epochs / 8)
    curves = {
        "a curve that settles converges": (fall + 0.1, fall, "converged"),
        "a loss that is no number has diverged": (np.where(epochs > 20, np.nan, fall + 0.1), fall, "diverged"),
    }
    for name, (val, train, expected) in curves.items():
        result = _verdict_at_stop(val, train)
        yield Check(name, result == expected, "right" if result == expected else f"it is called {result!r}")
    yield _saved_and_restored(fall)
    started = time.perf_counter()
    _verdict_at_stop(fall + 0.1, fall, goes_on=True)
    yield Check("time of an update", True, milliseconds((time.perf_counter() - started) / len(epochs)))


def _verdict_at_stop(val: Series, train: Series, *, goes_on: bool = False) -> str:
    monitor = Monitor(max_epochs=len(val))
    decision = None
    for epoch, (v, t) in enumerate(zip(val.tolist(), train.tolist(), strict=True)):
        decision = monitor.observe(Observation(step=epoch, train_loss=t, val_loss=v))
        if decision.stop and not goes_on:
            break
    return str(decision.verdict) if decision else ""


def _saved_and_restored(fall: Series) -> Check:
    """Whether a monitor that is saved and restored as JSON decides as one that never was."""
    through, resumed = Monitor(), Monitor()
    for epoch, loss in enumerate(fall.tolist()):
        observation = Observation(step=epoch, train_loss=loss, val_loss=loss)
        state = json.loads(json.dumps(resumed.state_dict()))
        resumed = Monitor()
        resumed.load_state_dict(state)
        if through.observe(observation) != resumed.observe(observation):
            return Check("saved and restored", False, f"decides otherwise at epoch {epoch}")
    return Check("saved and restored", True, "decides the same")
