"""Budget, schedule and patience of a training, from its configuration: what a run file holds, or what lies beside."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convergence_callbacks.logs.assumption import Assumption, Inference
from convergence_callbacks.logs.run import Run

LARGEST = 1_000_000
"""Bytes of a configuration, at most."""

FILES = ("args.yaml", "opt.yaml", "hparams.yaml", "config.yaml", "training_args.json", "args.json", "config.json")
"""Configurations that tools write beside their logs: Ultralytics, YOLOv5, Lightning, Hydra, scripts of all kinds."""

EPOCHS = ("num_train_epochs", "max_epochs", "num_epochs", "n_epochs", "total_epochs", "epochs")
STEPS = ("max_steps", "max_iters", "total_steps", "num_steps", "max_iter", "num_train_steps")
PATIENCE = ("early_stopping_patience", "early_stop_patience", "early_stopping", "patience")
SCHEDULES = ("lr_scheduler_type", "lr_scheduler", "scheduler", "lr_schedule", "sched")


@dataclass(frozen=True)
class Beside:
    """What a configuration states about a training; None where it does not.

    Args:
        epochs: Epochs that it was to take.
        steps: Steps of the optimiser that it was to take.
        patience: Epochs without improvement after which the project would stop.
        schedule: The kind of schedule of the learning rate.
    """

    epochs: int | None = None
    steps: int | None = None
    patience: int | None = None
    schedule: str = ""


def beside(log: Path) -> Beside:
    """What the configurations in the folder of a log state; for each setting the first that states it."""
    folder = log if log.is_dir() else log.parent
    stated = Beside()
    for name in FILES:
        found = beside_in(_configuration(folder / name))
        stated = Beside(
            stated.epochs or found.epochs,
            stated.steps or found.steps,
            stated.patience or found.patience,
            stated.schedule or found.schedule,
        )
    return stated


def with_plans(run: Run, stated: Beside) -> Run:
    """The run with what a configuration beside it states, where the log itself does not."""
    epochs = stated.epochs if run.unit == "epoch" else None
    if epochs is not None:
        epochs -= max(run.counts_from - 1, 0)
    planned = run.planned or (epochs if epochs is not None and epochs >= run.steps else None)
    patience, schedule = run.patience or stated.patience, run.schedule or stated.schedule
    if (planned, patience, schedule) == (run.planned, run.patience, run.schedule):
        return run
    assumed = (*run.assumed, Assumption(Inference.CONFIGURATION))
    return dataclasses.replace(run, planned=planned, patience=patience, schedule=schedule, assumed=assumed)


def beside_in(configuration: Mapping[str, Any]) -> Beside:
    """What a configuration states, by the last word of each key.

    >>> beside_in({"trainer/max_epochs": 40, "patience": 5, "lr_scheduler_type": "cosine"})
    Beside(epochs=40, steps=None, patience=5, schedule='cosine')
    """
    plain = {re.split(r"[/.]", str(name))[-1].lower(): value for name, value in reversed([*_flat(configuration)])}
    schedule = next((plain[name] for name in SCHEDULES if isinstance(plain.get(name), str)), "")
    return Beside(_whole(plain, EPOCHS), _whole(plain, STEPS), _whole(plain, PATIENCE), str(schedule)[:40])


def _whole(values: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    """The first of some settings that is a whole number above 0; Hugging Face's -1 steps are none."""
    for name in names:
        value = values.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 1:
            return int(value) if value == int(value) else None
    return None


def _flat(configuration: Mapping[str, Any], depth: int = 4) -> Iterator[tuple[str, Any]]:
    for name, value in configuration.items():
        if isinstance(value, Mapping) and depth:
            if "value" in value and set(value) <= {"value", "desc"}:  # as Weights & Biases' config.yaml has it
                yield name, value["value"]
            yield from _flat(value, depth - 1)
        else:
            yield name, value


def _configuration(file: Path) -> Mapping[str, Any]:
    """The settings in a file; none where it is not there or can't be read."""
    try:
        if not file.is_file() or file.stat().st_size > LARGEST:
            return {}
        text = file.read_text(encoding="utf-8", errors="replace")
        read = json.loads(text) if file.suffix == ".json" else dict(_lines(text))
    except (OSError, ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def _lines(text: str) -> Iterator[tuple[str, Any]]:
    """The plain settings of a YAML file, ``name: value`` in a line: enough for numbers and single words, and safe."""
    for line in text.splitlines():
        match = re.fullmatch(r"\s*-?\s*([\w.\-/]+)\s*:\s*['\"]?([^'\"#]*?)['\"]?\s*(#.*)?", line)
        if match and match[2]:
            try:
                yield match[1], float(match[2])
            except ValueError:
                yield match[1], match[2]
