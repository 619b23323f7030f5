"""Reads a decision record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.errors import StateError
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.record.form import FORM, VERSION, digest, settings_from_dict


@dataclass(frozen=True)
class Entry:
    """A line: what was observed, and what was decided."""

    line: int
    observation: Observation
    decision: Decision


@dataclass(frozen=True)
class Part:
    """What one process wrote, from the start of a training or from a resume.

    Args:
        settings: The monitor's.
        line: The line that begins it.
        package: Version of the package that decided.
        state: What the monitor went on from, None at the start.
        schedule_left_out: Whether the monitor knew learning rates ahead that could not be recorded.
        entries: The lines.
    """

    settings: Settings
    line: int
    package: str
    state: Mapping[str, Any] | None
    schedule_left_out: bool
    entries: list[Entry] = field(default_factory=list)


@dataclass(frozen=True)
class Record:
    """A whole record.

    Args:
        parts: One for each process that wrote to it, in order.
        cut: Lines that are no whole JSON, as a kill leaves them.
        breaks: Lines that do not hold the hash of the line before.
    """

    parts: tuple[Part, ...]
    cut: tuple[int, ...] = ()
    breaks: tuple[int, ...] = ()


def is_record(head: bytes) -> bool:
    """Whether a file that begins so is a decision record."""
    return head.lstrip().startswith(b'{"record": "' + FORM.encode())


def read_record(path: str | Path) -> Record:
    """The record in a file; a line that was cut is passed over, and named.

    Raises:
        StateError: It is none, is damaged, or of a newer version; names file and line.
        OSError: The file can't be read.
    """
    parts: list[Part] = []
    cut: list[int] = []
    breaks: list[int] = []
    before = b""
    with Path(path).open("rb") as file:
        for number, line in enumerate(file, start=1):
            last, before = before, line.removesuffix(b"\n")
            try:
                data = json.loads(line)
            except ValueError:
                cut.append(number)
                continue
            except RecursionError:
                raise StateError(f"{path}, line {number}: nested deeper than any record is") from None
            try:
                _take(data, number, parts)
                breaks += [] if data.get("before") == digest(last) else [number]
            except StateError as error:
                raise StateError(f"{path}, line {number}: {error}") from error
            except (LookupError, TypeError, ValueError, AttributeError) as error:
                raise StateError(f"{path}, line {number}: this is no line of a record: {error!r}") from error
    if not parts:
        raise StateError(f"{path}: this is no decision record")
    return Record(tuple(parts), tuple(cut), tuple(breaks))


def _take(data: Mapping[str, Any], number: int, parts: list[Part]) -> None:
    if "record" in data:
        if data["record"] != FORM or data["version"] > VERSION:
            raise StateError(f"the record is of version {data['version']}, this package reads up to {VERSION}")
        settings = data["settings"]
        left_out = settings.get("lr_schedule_left_out", False)
        parts.append(Part(settings_from_dict(settings), number, str(data["package"]), data["state"], left_out))
        return
    if not parts:
        raise StateError("the first line does not say that this is a record")
    observation, decision = Observation.from_dict(data["observation"]), Decision.from_dict(data["decision"])
    parts[-1].entries.append(Entry(number, observation, decision))
