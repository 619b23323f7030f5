"""The form of a decision record: JSON lines, described by ``schema.json`` beside this file.

A line that begins a part holds the form's version and the monitor's settings, and where a training was resumed also
the state that it went on from. Each line after it holds an observation and the decision that was made of it. Every line
holds the hash of the line before it, so that none can be changed, moved, added or left out between others unseen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convergence_callbacks.core.criterion import Criterion
from convergence_callbacks.core.settings import Settings

FORM = "convergence-callbacks/decision-record"
"""What the first line of a record calls itself."""

VERSION = 1
"""Version of the form; raised when an older one can no longer be read as it is."""

RATES = 100_000
"""Learning rates of a schedule that is a function, written out at most."""


def digest(line: bytes) -> str:
    """The hash by which a line names the one before it; empty for the first line of a file."""
    return hashlib.sha256(line).hexdigest() if line else ""


def schema() -> dict[str, Any]:
    """The JSON schema of a line of a record.

    >>> schema()["title"]
    'A line of a decision record'
    """
    text = (Path(__file__).parent / "schema.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def settings_to_dict(settings: Settings) -> dict[str, Any]:
    """Settings in types that JSON takes; a schedule that is a function is written out, where the budget is known.

    Where it could not be, that is said, since decisions that looked ahead in it can't be recomputed.
    """
    criteria, rates = settings.criteria, _rates(settings)
    return {
        "max_epochs": settings.max_epochs,
        "tolerance": settings.tolerance,
        "min_epochs": settings.min_epochs,
        "mode": settings.mode,
        "baseline_loss": settings.baseline_loss,
        "target_loss": settings.target_loss,
        "lr_schedule": rates,
        "lr_schedule_left_out": settings.lr_schedule is not None and rates is None,
        "stop_on": [str(verdict) for verdict in settings.stop_on],
        "criteria": criteria.to_dict() if isinstance(criteria, Criterion) else None,
    }


def settings_from_dict(data: Mapping[str, Any]) -> Settings:
    """The settings that `settings_to_dict` described.

    Raises:
        SettingsError: They are none.
    """
    return Settings(**{name: value for name, value in data.items() if name in Settings.__dataclass_fields__})


def _rates(settings: Settings) -> list[float] | None:
    schedule, epochs = settings.lr_schedule, settings.max_epochs
    if schedule is None:
        return None
    try:
        if callable(schedule):
            return None if epochs is None or epochs > RATES else [float(schedule(epoch)) for epoch in range(epochs)]
        return [float(rate) for rate in schedule]
    except Exception:  # a user's function that fails must not end the training; the monitor then knows no rates either
        return None
