"""The settings of a callback: those of a monitor, and what the callback does with a decision."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from convergence_callbacks.core.constructor import changed
from convergence_callbacks.core.criterion import Criterion
from convergence_callbacks.core.errors import SettingsError
from convergence_callbacks.core.fields import Kind, listed, must_be, setting
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.core.verdict import Verdict
from convergence_callbacks.experiments.actions import ACTIONS, Action, chosen

LIGHTNING_AND_KERAS = ("Lightning", "Keras")
"""Integrations that can train copies of the model, and change its learning rate."""

HAVE_LOGGERS = (*LIGHTNING_AND_KERAS, "Transformers", "Ignite", "skorch")
"""Integrations that support `log_decisions`."""

HOLD_THE_MODEL = (*HAVE_LOGGERS, "PyTorch", "TensorFlow", "JAX", "scikit-learn", "XGBoost", "LightGBM")
"""Integrations that support `restore_best`."""

SEE_A_BASELINE = ("Keras", "Transformers", "skorch", "scikit-learn", "XGBoost", "LightGBM")
"""Integrations that support `find_baseline`."""

INTEGRATIONS = (*HOLD_THE_MODEL, "CatBoost", "Optuna", "Ray Tune")
"""All integrations."""


def _path_errors(name: str, value: Any) -> tuple[SettingsError, ...]:
    is_one = isinstance(value, str | os.PathLike) and "\0" not in str(value)  # which no system takes
    return () if is_one else (must_be(name, PATH.words, value),)


PATH = Kind("a path", ({"type": "string"},), _path_errors, os.fspath)
"""A path, kept as text, as a file of settings holds it."""


EVERYTHING = "all"
"""Value of `restore_best` that restores the optimiser's state of the best epoch too."""


def _restore_errors(name: str, value: Any) -> tuple[SettingsError, ...]:
    is_one = isinstance(value, bool) or (isinstance(value, str) and value == EVERYTHING)
    return () if is_one else (must_be(name, RESTORES.words, value),)


RESTORES = Kind("true, false or 'all'", ({"type": "boolean"}, {"enum": [EVERYTHING]}), _restore_errors)


HOW_LOUD = "0, 1 or 2, or true or false"

VERBOSITY = Kind(
    HOW_LOUD,
    ({"enum": [0, 1, 2]}, {"type": "boolean"}),
    lambda name, value: () if isinstance(value, int) and value in {0, 1, 2} else (must_be(name, HOW_LOUD, value),),
    int,
)


@dataclass(frozen=True, kw_only=True)
class CallbackSettings(Settings):
    """The settings of a callback; the same for every framework, and all that a YAML file may hold.

    Raises:
        SettingsError: A value has a wrong type, is out of its range, or names what is not known.
    """

    train_metric: str | None = setting(
        "name under which the train loss is logged; found by itself when left out", None, example="train_loss"
    )
    val_metric: str | None = setting(
        "name under which the validation loss is logged; found by itself when left out", None, example="val_loss"
    )
    find_baseline: bool = setting(
        "if baseline_loss is left out, take it from what the framework shows: the classes of a network's output, or "
        "the targets",
        True,
        only=SEE_A_BASELINE,
    )
    restore_best: bool | Literal["all"] = setting(
        "restore the weights of the best epoch at the end; all (Lightning, Keras) restores the optimiser's state of "
        "that epoch too, to train on",
        False,
        kind=RESTORES,
        only=HOLD_THE_MODEL,
    )
    verbose: int = setting(
        "what is printed: 0 nothing; 1 a summary at the end, and one warning if the training is surely broken; 2 also "
        "each change of the verdict",
        1,
        kind=VERBOSITY,
    )
    show_forecast: bool = setting("print after every epoch how many are left: 'ETA ≈ 14 epochs (9–25)'", False)
    log_decisions: bool = setting(
        "write verdict, evidence and forecast of every epoch to the framework's loggers", False, only=HAVE_LOGGERS
    )
    backup_dir: str | os.PathLike[str] | None = setting(
        "folder for what a killed run needs beside the framework's own checkpoints: Keras's state, large best weights",
        None,
        kind=PATH,
        only=LIGHTNING_AND_KERAS,
        example="backup",
    )
    probe: bool = setting(
        "at a suspected plateau, train copies at other learning rates for a few epochs", False, only=LIGHTNING_AND_KERAS
    )
    probe_budget: int = setting(
        "epochs that all probes of a run may take together; each takes 12, and up to 16 more if the rate is too low",
        60,
        only=LIGHTNING_AND_KERAS,
        ge=12,
    )
    every_n_steps: int | None = setting(
        "judge after every so many optimiser steps instead of every epoch, for runs of few long epochs",
        None,
        only=("Lightning",),
        ge=1,
        example=500,
    )
    check_data: bool = setting(
        "check the first batches and gradients, and report what is wrong with them if the run does not learn",
        False,
        only=LIGHTNING_AND_KERAS,
    )
    act: Literal["heal"] | Mapping[str, str] | None = setting(
        "what to do about a verdict: an action for each, or heal, the first choice of each; every action is a trial, "
        "kept if it pays off and undone if not",
        None,
        kind=ACTIONS,
        only=LIGHTNING_AND_KERAS,
        example={"converged": "lower_lr", "diverged": "roll_back"},
    )
    record: str | os.PathLike[str] | None = setting(
        "file to which every observation and decision is appended, so that anyone can recompute them",
        None,
        kind=PATH,
        example="record.jsonl",
    )
    stop_file: str | os.PathLike[str] | None = setting(
        "file that ends the run at its next epoch once it exists",
        None,
        kind=PATH,
        example="stop",
    )
    minutes_before_job_end: float | None = setting(
        "minutes to leave for a last checkpoint before the cluster job ends (by SLURM, PBS or CONVERGENCE_JOB_END): an "
        "epoch that may not fit is not begun",
        None,
        ge=0,
        example=10,
    )
    search_tolerance: float | None = setting(
        "end the whole search once further trials are expected to bring less than this share of the best one's gain",
        None,
        only=("Ray Tune",),
        gt=0,
        lt=1,
        example=0.01,
    )
    n_trials: int | None = setting(
        "trials that are planned in all, for search_tolerance; the next ten are looked at when left out",
        None,
        only=("Ray Tune",),
        ge=1,
        example=100,
    )
    strict: bool = setting(
        "raise an error instead of a warning if a metric is missing or not finite, or a saved state can't be read",
        False,
    )

    callbacks = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.every_n_steps is not None and (self.probe or self.act is not None):
            other = "probe" if self.probe else "act"
            raise SettingsError(f"every_n_steps can't be used together with {other}", ("every_n_steps",))

    @classmethod
    def instead_of(cls, name: str, value: object) -> str:
        """What to write in place of a keyword that is no setting; empty where that is not known."""
        stock = "; or use EarlyStopping, which counts as the framework's own" if name == "patience" else ""
        return super().instead_of(name, value) + stock

    @property
    def actions(self) -> dict[Verdict, Action]:
        """What is done about each verdict."""
        return chosen(self.act)

    def unsupported(self, supports: frozenset[str]) -> list[str]:
        """The changed settings that would do nothing where only these optional ones are supported."""
        return [name for name in changed(self) if name in OPTIONAL.keys() - supports]

    def to_dict(self) -> dict[str, Any]:
        """The settings in plain types, as a callback takes them; a schedule that is a function is left out."""
        plain = {**vars(self), "stop_on": [str(verdict) for verdict in self.stop_on]}
        if isinstance(self.criteria, Criterion):
            plain["criteria"] = self.criteria.to_dict()
        schedule = self.lr_schedule
        plain["lr_schedule"] = None if schedule is None or callable(schedule) else [float(rate) for rate in schedule]
        return plain


OPTIONAL: Mapping[str, tuple[str, ...]] = {
    field.name: field.metadata["only"] for field in dataclasses.fields(CallbackSettings) if "only" in field.metadata
}
"""The settings that not every integration supports, each with the integrations that do."""


def supported_by(integration: str) -> frozenset[str]:
    """The optional settings that an integration of this package supports."""
    return frozenset(name for name, only in OPTIONAL.items() if integration in only)


def not_supported(integration: str, name: str, because: str = "") -> SettingsError:
    """The error for a setting that would do nothing."""
    hint = because or f"it is for {listed(OPTIONAL[name])} only"
    return SettingsError(f"{integration} does not support {name}: {hint}", (name,))
