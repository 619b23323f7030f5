"""Read and check a settings file."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from convergence_callbacks.adapter.settings import CallbackSettings
from convergence_callbacks.config.criteria import criteria_errors
from convergence_callbacks.config.document import Document, Place, Problem, parse, place_in
from convergence_callbacks.core.errors import SettingsError, unknown_name
from convergence_callbacks.core.fields import errors_of
from convergence_callbacks.core.spec import known_criteria

KNOWN = tuple(field.name for field in dataclasses.fields(CallbackSettings))

MAX_BYTES = 256_000
"""Size of a settings file, at most; a learning rate for each of 10 000 epochs fits in."""


def read_settings(path: str | Path) -> dict[str, Any]:
    """The settings that a YAML file gives, checked; those it leaves out are left out.

    Args:
        path: The file: YAML 1.2 in UTF-8. An empty one gives no settings.

    Returns:
        Values as `CallbackSettings` holds them: verdicts and criteria, not their names.

    Raises:
        SettingsError: Lists all that is wrong, a line each: ``convergence.yaml, line 4: patience must be
            at least 1, got -3``.
        OSError: The file can't be read.
    """
    document = _document(path)
    errors = _errors_in(document.value)
    found = [*document.problems, *(Problem(str(error), document.place_of(error.at)) for error in errors)]
    if found:
        message = "\n".join(_line(path, problem) for problem in _first_at_each_place(found))
        raise SettingsError(message, errors[0].at if len(errors) == len(found) == 1 else ())
    settings = CallbackSettings(**document.value)
    return {name: getattr(settings, name) for name in document.value}


def with_place(error: SettingsError, path: str | Path) -> SettingsError:
    """An error with the line of the setting that is wrong; as it is where the file does not have it."""
    document = _document(path)
    if error.at not in document.places:
        return error
    return SettingsError(_line(path, Problem(str(error), document.places[error.at])), error.at)


def _errors_in(values: Mapping[str, Any]) -> list[SettingsError]:
    """All that is wrong with the values of a file; each error knows its keys and indices."""
    found: list[SettingsError] = []
    for name, value in values.items():
        if name == "criteria":
            found += (error.below(name) for error in criteria_errors(value))
        else:
            found += errors_of(CallbackSettings, name, value) if name in KNOWN else [_unknown(name)]
    if found:
        return found
    try:
        CallbackSettings(**values)
    except SettingsError as error:  # settings that do not go together
        return [error]
    return []


def _unknown(name: str) -> SettingsError:
    if name in known_criteria():
        return SettingsError(f"{name!r} is a criterion; it belongs below 'criteria:', as '- {name}: …'", (name,))
    return SettingsError(unknown_name("setting", name, KNOWN), (name,))


def _document(path: str | Path) -> Document:
    with Path(path).open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        return _unreadable(f"larger than {MAX_BYTES // 1000} kB, no settings file is", Place(1, 1))
    try:
        return parse(content.decode("utf-8-sig"))  # editors under Windows begin a file with a mark
    except UnicodeDecodeError as error:
        place = place_in(content[: error.start].decode("utf-8-sig"))
        return _unreadable(f"not written in UTF-8 (byte 0x{content[error.start]:02x}); save it as UTF-8", place)


def _unreadable(message: str, place: Place) -> Document:
    return Document(problems=[Problem(message, place, is_syntax=True)])


def _first_at_each_place(problems: Iterable[Problem]) -> Iterator[Problem]:
    """The problems in the order of the file, without those that follow from an earlier one of the same value."""
    first: dict[Place, Problem] = {}
    for problem in problems:
        first.setdefault(problem.place, problem)
    return (first[place] for place in sorted(first))


def _line(path: str | Path, problem: Problem) -> str:
    column = f", column {problem.place.column}" if problem.is_syntax else ""
    return f"{path}, line {problem.place.line}{column}: {problem.message}"
