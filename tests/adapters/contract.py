"""What a door to a framework has to show of itself, to be put through the contract in `test_contract`.

A new one is a file `convergence_callbacks/<name>.py`, a file `tests/adapters/in_<name>.py` with a real small training,
and a line in `ADAPTERS`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convergence_callbacks.core.counter import Counter

SCRIPT = (1.0, 0.6, 0.4, 0.3, 0.35, 0.36, 0.37, 0.38, 0.39, 0.4, 0.41, 0.42)
"""Validation losses of a run whose best epoch is 3; patience 3 ends it at epoch 6."""


class KilledError(Exception):
    """What ends a training in the middle."""


@dataclass
class Training:
    """A real training whose validation loss follows a script, so that the right epoch is known.

    Args:
        stopping: The callback, put to use as its README says.
        script: The validation loss of each epoch; None where the training has no validation.
        folder: Where the framework may write.
        kill_after: The epoch at whose end, its checkpoint written, the training is killed by a `KilledError`.
        resume: Whether it goes on from the checkpoint in the folder.
    """

    stopping: Any
    script: Sequence[float] | None
    folder: Path
    kill_after: int | None = None
    resume: bool = False
    weights: list[np.ndarray] = field(default_factory=list)
    """Filled in by the training: the model at the end of each epoch, as an array (weights or predictions)."""
    final: np.ndarray | None = None
    """Filled in by the training: the model when the training has ended."""

    @property
    def epochs(self) -> int:
        """How many epochs the script has, and the training may take."""
        return 12 if self.script is None else len(self.script)

    def end_epoch(self, epoch: int, weights: Any, save: Callable[[], object] = lambda: None) -> None:
        """To be called at the end of an epoch, after the callback, by frameworks that let us."""
        self.weights.append(np.array(weights, copy=True))
        save()
        if epoch == self.kill_after:
            raise KilledError


@dataclass(frozen=True)
class Adapter:
    """A door to a framework.

    Args:
        name: Of the training, in `tests/adapters/in_<name>.py`.
        needs: The module that has to be installed; the name when left out.
        module: The door, below `convergence_callbacks`; the name when left out.
        extra: What installs the framework; the name of the door when left out.
        metric: Where the training logs its validation metric, for one of which more is better.
        reuses: Whether the same callback can be used for a second run.
        restores: Whether it gives back the best weights itself.
        resumes: Whether a training can go on from a checkpoint.
        keeps_best: Whether the best weights are still there after that.
        validates_always: Whether there is no training without validation.
        wraps_errors: Whether the framework wraps the errors of its callbacks.
        takes_nan: Whether the framework itself goes on with a metric that is not finite.
        processes: Whether it judges the same in all processes of a training.
        counter: What the framework calls its steps, and the number it prints for the first.
    """

    name: str
    needs: str = ""
    module: str = ""
    extra: str = ""
    metric: str = "val_loss"
    reuses: bool = True
    restores: bool = True
    resumes: bool = True
    keeps_best: bool = True
    validates_always: bool = False
    wraps_errors: bool = False
    takes_nan: bool = True
    processes: bool = False
    counter: Counter = Counter("epoch", first=0)

    def __str__(self) -> str:
        return self.name

    @property
    def door(self) -> str:
        """The module below `convergence_callbacks`."""
        return self.module or self.name

    def stopping(self, **settings: Any) -> Any:
        """Its callback."""
        door = importlib.import_module(f"convergence_callbacks.{self.door}")
        return door.ConvergenceStopping(**settings)

    def train(self, training: Training) -> Training:
        """Train until the end, the stop or the kill."""
        importlib.import_module(f"tests.adapters.in_{self.name}").train(training)
        return training

    def skip_unless_installed(self) -> None:
        """Skip the test, with the extra that is missing."""
        extra = self.extra or self.door
        pytest.importorskip(self.needs or self.name, reason=f"needs pip install 'convergence-callbacks[{extra}]'")


ADAPTERS = (
    Adapter("lightning", processes=True),
    Adapter("keras", processes=True, counter=Counter("epoch", first=1)),
    Adapter(
        "transformers",
        metric="eval_loss",
        keeps_best=False,
        processes=True,
        counter=Counter("evaluation", first=1),
    ),
    Adapter("torch", reuses=False, processes=True),
    Adapter("accelerate", module="torch", reuses=False, processes=True),
    Adapter("fabric", needs="lightning", module="torch", extra="lightning", reuses=False, processes=True),
    Adapter("ignite", processes=True),
    Adapter("skorch", metric="valid_loss", keeps_best=False, counter=Counter("epoch", first=1)),
    Adapter("equinox", module="jax", reuses=False),
    Adapter("flax", module="jax", extra="dev", reuses=False),
    Adapter("tensorflow", reuses=False),
    Adapter("xgboost", metric="valid/loss", validates_always=True, counter=Counter("round")),
    Adapter("lightgbm", metric="valid/loss", validates_always=True, counter=Counter("round")),
    Adapter(
        "catboost",
        metric="validation/ScriptedLoss",
        restores=False,
        wraps_errors=True,
        takes_nan=False,
        validates_always=True,
        counter=Counter("round"),
    ),
    Adapter("sklearn", resumes=False, validates_always=True),
    Adapter("optuna", reuses=False, restores=False),
)
