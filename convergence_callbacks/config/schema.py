"""The settings as pydantic sees them: derived from their one declaration, and told in the package's words."""

from __future__ import annotations

import dataclasses
import functools
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationError, create_model
from pydantic_core import ErrorDetails

from convergence_callbacks.adapter.settings import CallbackSettings
from convergence_callbacks.core.criterion import Composition
from convergence_callbacks.core.errors import SettingsError, unknown_name
from convergence_callbacks.core.fields import only_in
from convergence_callbacks.core.spec import criteria_from, known_criteria
from convergence_callbacks.core.verdict import Verdict

NARROWER_IN_A_FILE: dict[str, Any] = {
    "lr_schedule": list[float] | None,  # a file holds no function
    "stop_on": list[Annotated[Verdict, Strict(False)]],  # a file holds a verdict's name
    "backup_dir": str | None,
    "record": str | None,
    "criteria": Any,  # `criteria_errors` knows more of them than their type says
}
"""Settings that Python may give in more ways than a file can."""

BOUNDS: Mapping[str, str] = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
"""The words for pydantic's names of bounds."""


@functools.cache
def schema() -> type[BaseModel]:
    """A pydantic model of what a settings file may hold."""
    types = typing.get_type_hints(CallbackSettings) | NARROWER_IN_A_FILE
    fields: dict[str, Any] = {
        field.name: (types[field.name], Field(field.default, **_for_pydantic(field)))
        for field in dataclasses.fields(CallbackSettings)
    }
    strict = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    return create_model("ConvergenceSettings", __config__=strict, **fields)


def _for_pydantic(field: dataclasses.Field[Any]) -> dict[str, Any]:
    about = field.metadata["description"] + (f"; {only_in(field)}" if only_in(field) else "")
    return {**{key: field.metadata[key] for key in BOUNDS if key in field.metadata}, "description": about}


def errors_in(values: Mapping[str, Any]) -> list[SettingsError]:
    """All that is wrong with the values of a file; each error knows its keys and indices."""
    found = [*_schema_errors(values), *(error.below("criteria") for error in criteria_errors(values.get("criteria")))]
    return found or _raised_by(lambda: CallbackSettings(**values))


def criteria_errors(spec: Any) -> list[SettingsError]:
    """All that is wrong with the criteria of a file, where `criteria_from` stops at the first."""
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


def _schema_errors(values: Mapping[str, Any]) -> list[SettingsError]:
    try:
        schema().model_validate(values)
    except ValidationError as error:
        return [SettingsError(_in_words(details), details["loc"]) for details in error.errors()]
    return []


def _in_words(error: ErrorDetails) -> str:
    """A pydantic error as this package says it: ``max_epochs must be at least 1, got -3``."""
    name, *index = error["loc"]
    if error["type"] == "extra_forbidden":
        if name in known_criteria():
            return f"{name!r} is a criterion; it belongs below 'criteria:', as '- {name}: …'"
        return unknown_name("setting", name, schema().model_fields)
    if error["type"] == "enum":
        return unknown_name("verdict", error["input"], [verdict.value for verdict in Verdict])
    who = f"item {int(index[0]) + 1} of {name}" if index else name
    got = "nothing" if error["input"] is None else repr(error["input"])
    return f"{who} must be {_expected(error)}, got {got}"


def _expected(error: ErrorDetails) -> str:
    words = _EXPECTED.get(error["type"])
    if words is not None:
        return words
    context = error.get("ctx", {})
    bounds = [f"{BOUNDS[bound]} {limit:g}" for bound, limit in context.items() if bound in BOUNDS]
    return " and ".join(bounds) or str(context.get("expected", error["msg"]))


_EXPECTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "string_type": "a text",
    "bool_type": "true or false",
    "list_type": "a list",
    "finite_number": "finite",
}
