"""All that is wrong with the criteria of a settings file, each with its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from convergence_callbacks.core.criterion import Composition
from convergence_callbacks.core.errors import SettingsError
from convergence_callbacks.core.spec import criteria_from, known_criteria


def criteria_errors(spec: Any) -> list[SettingsError]:
    """All that is wrong with a spec, where `criteria_from` stops at the first."""
    if isinstance(spec, list) and spec:
        return _member_errors(spec)
    if isinstance(spec, dict) and len(spec) == 1:
        name, given = next(iter(spec.items()))
        if isinstance(given, list) and given and issubclass(known_criteria().get(name, object), Composition):
            return [error.below(name) for error in _member_errors(given)]
        if isinstance(given, dict):
            return _errors_of_one(name, given)
    return _raised_by(lambda: criteria_from(spec))


def _member_errors(specs: list[Any]) -> list[SettingsError]:
    found = []
    for index, spec in enumerate(specs):
        errors = criteria_errors(spec) if spec is not None else [SettingsError("a criterion is missing here")]
        found += [error.below(index) for error in errors]
    return found


def _errors_of_one(name: str, given: dict[str, Any]) -> list[SettingsError]:
    """The errors of one criterion: each wrong setting is left out in turn, to see the next."""
    found: list[SettingsError] = []
    left = dict(given)
    while errors := _raised_by(lambda: criteria_from({name: left})):
        wrong = errors[0].at[-1] if errors[0].at else None
        if wrong not in left:  # a setting that is missing; or it is, since it was just left out
            return found or errors
        found += errors
        del left[str(wrong)]
    return found


def _raised_by(build: Callable[[], object]) -> list[SettingsError]:
    try:
        build()
    except SettingsError as error:
        return [error]
    return []
