"""Reads a decision record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from convergence_callbacks.core.counter import Counter
from convergence_callbacks.core.curve.schedule import Schedule
from convergence_callbacks.core.decision import Decision
from convergence_callbacks.core.errors import SettingsError, StateError
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.record.form import (
    FORM,
    VERSION,
    closing,
    digest,
    is_closing,
    is_function,
    settings_from_dict,
)
from convergence_callbacks.record.schedule import Answers


@dataclass(frozen=True)
class Entry:
    """A line: what was observed, and what was decided.

    Args:
        line: Its number.
        observation: What was observed.
        decision: What was decided.
        judged: What the monitor alone decided, where a stage made another decision of it; else the same.
        stages: What the stages that did went by, by name and in order.
    """

    line: int
    observation: Observation
    decision: Decision
    judged: Decision
    stages: Mapping[str, Any]


@dataclass(frozen=True)
class Rates:
    """A line: what the function of the learning rates answered.

    Args:
        line: Its number.
        answers: Epochs with their rates; None where it no longer knows one.
    """

    line: int
    answers: tuple[tuple[int, float | None], ...]


@dataclass(frozen=True)
class Follows:
    """A line: the learning rates that are expected from here on.

    Args:
        line: Its number.
        schedule: The rates; a function knows those only that are answered after it.
    """

    line: int
    schedule: Schedule | None


@dataclass(frozen=True)
class Part:
    """What one process wrote, from the start of a training or from a resume.

    Args:
        settings: The monitor's, without the schedule.
        first: The schedule at first.
        package: Version of the package that decided.
        state: What the monitor went on from, None at the start.
        lines: What follows.
    """

    settings: Settings
    first: Follows
    package: str
    state: Mapping[str, Any] | None
    lines: list[Entry | Rates | Follows] = field(default_factory=list)

    @property
    def entries(self) -> list[Entry]:
        """The observations and decisions."""
        return [line for line in self.lines if isinstance(line, Entry)]

    @property
    def rates_ahead(self) -> Schedule | None:
        """The learning rates that were known in advance; what a function answered, as it answered last."""
        latest = [self.first, *(line for line in self.lines if isinstance(line, Follows))][-1].schedule
        if isinstance(latest, Answers):
            latest = Answers()
            for line in self.lines:
                if isinstance(line, Rates):
                    latest.add(line.answers)
        return latest


@dataclass
class Record:
    """A whole record.

    Args:
        parts: One for each process that wrote to it, in order.
        cut: Lines that are no whole JSON, as a kill leaves them.
        breaks: Lines that do not follow the line before.
        is_closed: Whether the last line says that it is the last.
    """

    parts: list[Part] = field(default_factory=list)
    cut: list[int] = field(default_factory=list)
    breaks: list[int] = field(default_factory=list)
    is_closed: bool = False

    @property
    def counter(self) -> Counter:
        """What its steps are called, as the framework counts them."""
        entries = [entry for part in self.parts for entry in part.entries]
        return entries[-1].decision.counter if entries else Counter()

    def take(self, number: int, line: bytes, last: bytes | None) -> None:
        """Take in a line, and notice whether it follows the last one.

        Raises:
            StateError: It is none, or of a newer version.
        """
        if self.is_closed:
            self.breaks.append(number)
        if is_closing(line) and self.parts:
            self.is_closed = line == closing(last) + b"\n"
            self.breaks += [] if self.is_closed or not line.endswith(b"\n") else [number]
            return
        try:
            data = json.loads(line)
        except ValueError:
            self.cut.append(number)
            return
        except RecursionError:
            raise StateError("nested deeper than any record is") from None
        try:
            self._add(number, data)
            self.breaks += [] if data.get("before") == digest(last) else [number]
        except (StateError, SettingsError):
            raise
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise StateError(f"this is no line of a record: {error!r}") from error

    def _add(self, number: int, data: Mapping[str, Any]) -> None:
        if "record" in data:
            self.parts.append(_part(number, data))
        elif not self.parts:
            raise StateError("the first line does not say that this is a record")
        elif "observation" in data:
            self.parts[-1].lines.append(_entry(number, data))
        elif "rates" in data:
            rates = ((int(epoch), None if rate is None else float(rate)) for epoch, rate in data["rates"])
            self.parts[-1].lines.append(Rates(number, tuple(rates)))
        else:
            self.parts[-1].lines.append(_follows(number, data["lr_schedule"]))


def is_record(head: bytes) -> bool:
    """Whether a file that begins so is a decision record."""
    return head.lstrip().startswith(b'{"record": "' + FORM.encode())


def read_record(path: str | Path) -> Record:
    """The record in a file; a line that was cut is passed over, and named.

    Raises:
        StateError: It is none, is damaged, or of a newer version; names file and line.
        OSError: The file can't be read.
    """
    record, last = Record(), None
    with Path(path).open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                record.take(number, line, last)
            except (StateError, SettingsError) as error:
                raise StateError(f"{path}, line {number}: {error}") from error
            last = line.removesuffix(b"\n")
    if not record.parts:
        raise StateError(f"{path}: this is no decision record")
    return record


def _part(number: int, data: Mapping[str, Any]) -> Part:
    if data["record"] != FORM or data["version"] > VERSION:
        raise StateError(f"the record is of version {data['version']}, this package reads up to {VERSION}")
    settings = data["settings"]
    first = _follows(number, settings["lr_schedule"])
    return Part(settings_from_dict(settings), first, str(data["package"]), data["state"])


def _entry(number: int, data: Mapping[str, Any]) -> Entry:
    decision = Decision.from_dict(data["decision"])
    judged = Decision.from_dict(data["judged"]) if "judged" in data else decision
    return Entry(number, Observation.from_dict(data["observation"]), decision, judged, dict(data.get("stages", {})))


def _follows(number: int, schedule: Any) -> Follows:
    if schedule is None:
        return Follows(number, None)
    return Follows(number, Answers() if is_function(schedule) else [float(rate) for rate in schedule])
