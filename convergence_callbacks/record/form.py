"""The form of a decision record: JSON lines, described by ``schema.json`` beside this file.

A line that begins a part holds the form's version and the monitor's settings, and where a training was resumed also
the state that it went on from. Then come observations, each with the decision that was made of it, and before a
decision the learning rates to come that it was the first to ask for. Every line holds the hash of the line before it,
and a closing line ends the file, so that none can be changed, moved, added or left out unseen, at the end neither.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convergence_callbacks.core.criterion import Criterion
from convergence_callbacks.core.curve.schedule import Schedule
from convergence_callbacks.core.settings import Settings

FORM = "convergence-callbacks/decision-record"
"""What the first line of a record calls itself."""

VERSION = 1
"""Version of the form; raised when an older one can no longer be read as it is."""

FUNCTION = "function"
"""What stands for a schedule that is a function; what it answers follows on lines of its own."""


def digest(line: bytes | None) -> str:
    """The hash by which a line names the one before it; empty for the first line of a file, before which is None."""
    return "" if line is None else hashlib.sha256(line).hexdigest()


def chained(line: Mapping[str, Any], last: bytes | None) -> bytes:
    """A line as it stands in the file, after the last one there."""
    return json.dumps({**line, "before": digest(last)}, allow_nan=False).encode()


def closing(last: bytes | None) -> bytes:
    """The line that ends a record whose last line is this one."""
    return chained({"end": True}, last)


def is_closing(line: bytes | None) -> bool:
    """Whether a line says that it ends the record."""
    return line is not None and line.startswith(b'{"end": true')


def schema() -> dict[str, Any]:
    """The JSON schema of a line of a record.

    >>> schema()["title"]
    'A line of a decision record'
    """
    text = (Path(__file__).parent / "schema.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def settings_to_dict(settings: Settings) -> dict[str, Any]:
    """Settings in types that JSON takes; of a schedule that is a function, only that it is one."""
    criteria = settings.criteria
    return {
        **{field.name: getattr(settings, field.name) for field in dataclasses.fields(Settings)},
        "lr_schedule": schedule_to_plain(settings.lr_schedule),
        "stop_on": [str(verdict) for verdict in settings.stop_on],
        "criteria": criteria.to_dict() if isinstance(criteria, Criterion) else None,
    }


def settings_from_dict(data: Mapping[str, Any]) -> Settings:
    """The settings that `settings_to_dict` described, without a schedule that is a function.

    Raises:
        SettingsError: They are none.
    """
    given = {name: value for name, value in data.items() if name in Settings.__dataclass_fields__}
    return Settings(**{**given, "lr_schedule": None if is_function(data["lr_schedule"]) else data["lr_schedule"]})


def schedule_to_plain(schedule: Schedule | None) -> list[float] | str | None:
    """The rates of a schedule, or that it is a function."""
    if schedule is None:
        return None
    return FUNCTION if callable(schedule) else [float(rate) for rate in schedule]


def is_function(schedule: Any) -> bool:
    """Whether a recorded schedule was a function."""
    return isinstance(schedule, str) and schedule == FUNCTION
