"""The integrations that ship, each with a real small training, to be put through `convergence_callbacks.testing`.

A new one is a file `convergence_callbacks/<name>.py`, a file `tests/adapters/in_<name>.py` with its training, and a
line in `ADAPTERS`.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from convergence_callbacks.core.counter import Counter
from convergence_callbacks.testing import Integration, KilledError, Training
from convergence_callbacks.testing.callback import SCRIPT

__all__ = ["ADAPTERS", "SCRIPT", "Adapter", "KilledError", "Training"]


@dataclass(frozen=True)
class Adapter:
    """An integration that ships.

    Args:
        name: Of the training, in `tests/adapters/in_<name>.py`.
        needs: The module that has to be installed; the name when left out.
        module: The integration, below `convergence_callbacks`; the name when left out.
        extra: What installs the framework; the name of the module when left out.
        processes: Whether it judges the same in all processes of a training.
        can: What the framework can do, see `Integration`.
    """

    name: str
    needs: str = ""
    module: str = ""
    extra: str = ""
    processes: bool = False
    can: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    @property
    def module_name(self) -> str:
        """The module below `convergence_callbacks`."""
        return self.module or self.name

    @property
    def integration(self) -> Integration:
        """What is checked."""
        return Integration(callback=self.stopping_class, train=self.train, **self.can)

    @property
    def stopping_class(self) -> type[Any]:
        """The class of its callback."""
        return importlib.import_module(f"convergence_callbacks.{self.module_name}").ConvergenceStopping

    def stopping(self, **settings: Any) -> Any:
        """Its callback."""
        return self.stopping_class(**settings)

    def train(self, training: Training) -> Training:
        """Train until the end, the stop or the kill."""
        importlib.import_module(f"tests.adapters.in_{self.name}").train(training)
        return training

    def skip_unless_installed(self) -> None:
        """Skip the test, with the extra that is missing."""
        extra = self.extra or self.module_name
        pytest.importorskip(self.needs or self.name, reason=f"needs pip install 'convergence-callbacks[{extra}]'")


LOOP = {"reuses": False}
BOOSTING = {"metric": "valid/loss", "validates_always": True, "counter": Counter("round")}

ADAPTERS = (
    Adapter("lightning", processes=True, can={"second": "val_loss/dataloader_idx_1"}),
    Adapter("keras", processes=True, can={"counter": Counter("epoch", first=1), "resume_setting": "backup_dir"}),
    Adapter(
        "transformers",
        processes=True,
        can={"metric": "eval_loss", "keeps_best": False, "counter": Counter("epoch", first=1)},
    ),
    Adapter("torch", processes=True, can=LOOP | {"second": "other_val_loss"}),
    Adapter("accelerate", module="torch", processes=True, can=LOOP),
    Adapter("fabric", needs="lightning", module="torch", extra="lightning", processes=True, can=LOOP),
    Adapter("ignite", processes=True),
    Adapter("skorch", can={"metric": "valid_loss", "keeps_best": False, "counter": Counter("epoch", first=1)}),
    Adapter("equinox", module="jax", can=LOOP),
    Adapter("flax", module="jax", extra="dev", can=LOOP),
    Adapter("tensorflow", can=LOOP),
    Adapter("xgboost", can=BOOSTING | {"second": "other/loss"}),
    Adapter("lightgbm", can=BOOSTING | {"second": "other/loss"}),
    Adapter(
        "catboost",
        can=BOOSTING
        | {"metric": "validation/ScriptedLoss", "restores": False, "wraps_errors": True, "takes_nan": False},
    ),
    Adapter("sklearn", can={"resumes": False, "validates_always": True}),
    Adapter("optuna", can=LOOP | {"restores": False, "states_direction": True}),
)
