"""How a setting is declared: once, as a dataclass field, for Python, YAML, the JSON schema and the documentation.

What values a setting takes is its `Kind`. It follows from the field's type; a setting whose values are richer than that
declares a kind of its own. None is allowed where it is the default.
"""

from __future__ import annotations

import dataclasses
import functools
import sys
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from convergence_callbacks.core.errors import SettingsError

Field = dataclasses.Field[Any]


@dataclass(frozen=True)
class Kind:
    """What values a setting takes.

    Args:
        words: As people say it, with an article: ``a whole number``.
        schemas: JSON schemas; a value fits any of them.
        errors: Gives all that is wrong with a value, from the setting's name and the value.
        kept: Turns a valid value into the one that is stored.
    """

    words: str
    schemas: tuple[Mapping[str, Any], ...]
    errors: Callable[[str, Any], Iterable[SettingsError]]
    kept: Callable[[Any], Any] = lambda value: value


@dataclass(frozen=True)
class Bound:
    """A bound of a number."""

    words: str
    schema: str
    holds: Callable[[Any, Any], bool]


BOUNDS: Mapping[str, Bound] = {
    "ge": Bound("at least", "minimum", lambda value, limit: value >= limit),
    "gt": Bound("above", "exclusiveMinimum", lambda value, limit: value > limit),
    "le": Bound("at most", "maximum", lambda value, limit: value <= limit),
    "lt": Bound("below", "exclusiveMaximum", lambda value, limit: value < limit),
}


def setting(
    description: str,
    default: Any = dataclasses.MISSING,
    *,
    kind: Kind | None = None,
    only: tuple[str, ...] = (),
    example: Any = None,
    **bounds: float,
) -> Any:
    """A dataclass field with its description and the values that it takes.

    Args:
        description: One line for people.
        default: The default; a setting without one must be given.
        kind: What values it takes, where its type does not say it all.
        only: The integrations that support it, if not all do.
        example: A value for the YAML template, where there is no default.
        **bounds: Any of ``ge``, ``gt``, ``le``, ``lt``.
    """
    more = {"kind": kind, "only": only, "example": example, **bounds}
    about = {"description": description, **{name: value for name, value in more.items() if value not in (None, ())}}
    return dataclasses.field(default=default, metadata=about)


def check(settings: Any) -> None:
    """Refuse values that are not as declared; store the others as their kind asks.

    Raises:
        SettingsError: Names the setting, what was expected and what was given.
    """
    for name, (field, kind) in declared(settings.__class__).items():
        given = getattr(settings, name)
        value = given.item() if isinstance(given, np.generic) else given  # a number of numpy's as one of Python's
        for error in _errors(field, kind, value):
            raise error
        kept = None if value is None else kind.kept(value)
        if kept is not given:
            object.__setattr__(settings, name, kept)


@functools.cache
def declared(declaration: Any) -> dict[str, tuple[Field, Kind]]:
    """The fields of a declaration by name, each with its kind."""
    hints, fields = typing.get_type_hints(declaration), dataclasses.fields(declaration)
    return {field.name: (field, field.metadata.get("kind") or _kind_of(hints[field.name])) for field in fields}


def is_setting(field: object) -> bool:
    """Whether something is a field that `setting` declared."""
    return isinstance(field, dataclasses.Field) and "description" in field.metadata


def fields_of(declaration: Any) -> list[Field]:
    """The fields of a declaration, keyword-only ones last."""
    return sorted(dataclasses.fields(declaration), key=lambda field: field.kw_only is True)


def errors_of(declaration: Any, name: str, value: Any) -> list[SettingsError]:
    """All that is wrong with a value for a setting."""
    return list(_errors(*declared(declaration)[name], value))


def about(field: Field) -> str:
    """The description of a setting, with the integrations that support it if not all do."""
    only = field.metadata.get("only", ())
    return f"{field.metadata['description']} ({listed(only)} only)" if only else str(field.metadata["description"])


def range_of(field: Field) -> str:
    """The range of a setting in words, such as ``above 0 and below 1``; may be empty."""
    bounds = ((bound.words, field.metadata.get(key)) for key, bound in BOUNDS.items())
    return " and ".join(f"{words} {limit}" for words, limit in bounds if limit is not None)


def listed(names: Sequence[str], last: str = "and") -> str:
    """Names in a row.

    >>> listed(["Keras", "Lightning", "JAX"])
    'Keras, Lightning and JAX'
    """
    return f" {last} ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def must_be(name: str, expected: str, value: Any, at: tuple[str | int, ...] = ()) -> SettingsError:
    """The error for a value of a wrong kind: ``max_epochs must be a whole number, got 'ten'``."""
    return SettingsError(f"{name} must be {expected}, got {'nothing' if value is None else repr(value)}", at)


def check_bounds(name: str, value: Any, bounds: Mapping[str, Any]) -> None:
    """Refuse a number outside its bounds, and any number that is not finite.

    Raises:
        SettingsError: ``patience must be at least 1, got -3``.
    """
    for error in _bound_errors(name, value, bounds):
        raise error.below(name)


_SIMPLE: Mapping[Any, tuple[str, str]] = {
    int: ("a whole number", "integer"),
    float: ("a number", "number"),
    str: ("a text", "string"),
    bool: ("true or false", "boolean"),
}
"""Simple types, in words and in JSON schema."""


def _kind_of(hint: Any) -> Kind:
    """The kind of a simple type or of a choice of words; values of any other type are not checked."""
    if typing.get_origin(hint) is Literal:
        choices = typing.get_args(hint)
        return _kind(listed([*map(repr, choices)], "or"), ({"enum": list(choices)},), lambda value: value in choices)
    parts = set(typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)) - {type(None)}
    if not parts <= _SIMPLE.keys():
        return Kind("", ({},), lambda name, value: ())
    simple = [(kind, words, schema) for kind, (words, schema) in _SIMPLE.items() if kind in parts]
    return _kind(
        " or ".join(words for _, words, _ in simple),
        tuple({"type": schema} for _, _, schema in simple),
        lambda value: any(_is_a(value, kind) for kind, _, _ in simple),
    )


def _kind(words: str, schemas: tuple[Mapping[str, Any], ...], holds: Callable[[Any], bool]) -> Kind:
    """A kind whose values are told by a test."""
    return Kind(words, schemas, lambda name, value: () if holds(value) else (must_be(name, words, value),))


def _errors(field: Field, kind: Kind, value: Any) -> Iterator[SettingsError]:
    if value is None and field.default is None:
        return
    found = [*kind.errors(field.name, value)] or _bound_errors(field.name, value, field.metadata)
    yield from (error.below(field.name) for error in found)


def _bound_errors(name: str, value: Any, bounds: Mapping[str, Any]) -> Iterator[SettingsError]:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return
    if not abs(value) <= sys.float_info.max:  # NaN, infinite, or a whole number that no float can hold
        got = value if isinstance(value, float) else "a larger number than any float"
        yield SettingsError(f"{name} must be finite, got {got}")
        return
    for key, bound in BOUNDS.items():
        if key in bounds and not bound.holds(value, bounds[key]):
            yield SettingsError(f"{name} must be {bound.words} {bounds[key]}, got {value!r}")


def _is_a(value: Any, kind: type) -> bool:
    if isinstance(value, bool):  # True is an int in Python, but no number of epochs
        return kind is bool
    return isinstance(value, int | float) if kind is float else isinstance(value, kind)
