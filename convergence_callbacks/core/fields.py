"""How a setting is declared: once, as a dataclass field, for Python, YAML and the documentation.

The metadata uses pydantic's words (``ge``, ``gt``, ``le``, ``lt``, ``description``), so that pydantic reads the same
declaration when settings come from a file, while the core does without.
"""

from __future__ import annotations

import dataclasses
import functools
import sys
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from convergence_callbacks.core.errors import SettingsError

_BOUNDS: Mapping[str, tuple[str, Any]] = {
    "ge": ("at least", lambda value, bound: value >= bound),
    "gt": ("above", lambda value, bound: value > bound),
    "le": ("at most", lambda value, bound: value <= bound),
    "lt": ("below", lambda value, bound: value < bound),
}


def setting(
    description: str, default: Any = dataclasses.MISSING, *, only: tuple[str, ...] = (), **bounds: float
) -> Any:
    """A dataclass field with its description and the range of its value.

    Args:
        description: One line for people, shown in the docstring, the YAML template and the documentation.
        default: The default; a setting without one must be given.
        only: The integrations that support it, where not all of them do.
        **bounds: Any of ``ge``, ``gt``, ``le``, ``lt``.
    """
    about = {"description": description, **({"only": only} if only else {}), **bounds}
    return dataclasses.field(default=default, metadata=about)


def sentence(field: dataclasses.Field[Any]) -> str:
    """The description of a setting as a sentence, with its range and who supports it."""
    about: str = field.metadata["description"]
    notes = "; ".join(filter(None, (range_of(field), only_in(field))))
    return f"{about[0].upper()}{about[1:]}{f' ({notes})' if notes else ''}."


def range_of(field: dataclasses.Field[Any]) -> str:
    """The range of a setting in words, such as ``above 0 and below 1``; empty where it has none."""
    bounds = ((words, field.metadata.get(key)) for key, (words, _) in _BOUNDS.items())
    return " and ".join(f"{words} {bound:g}" for words, bound in bounds if bound is not None)


def only_in(field: dataclasses.Field[Any]) -> str:
    """The integrations that alone support a setting, in words; empty where all do."""
    only = field.metadata.get("only", ())
    return f"{listed(only)} only" if only else ""


def listed(names: Sequence[str], last: str = "and") -> str:
    """Names in a row.

    >>> listed(["Keras", "Lightning", "JAX"])
    'Keras, Lightning and JAX'
    """
    return f" {last} ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def check(settings: Any) -> None:
    """Refuse a dataclass whose values break their declared type or range; numpy's numbers become Python's.

    Raises:
        SettingsError: Names the setting, what was expected and what was given.
    """
    hints = _hints(settings.__class__)
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if isinstance(value, np.generic):
            value = value.item()
            object.__setattr__(settings, field.name, value)
        _check_type(field.name, value, hints[field.name])
        if value is not None:
            check_bounds(field.name, value, field.metadata)


def check_bounds(name: str, value: Any, bounds: Mapping[str, Any]) -> None:
    """Refuse a number outside its bounds, and any number that is not finite.

    Raises:
        SettingsError: ``patience must be at least 1, got -3``.
    """
    if not isinstance(value, int | float):
        return
    if not abs(value) <= sys.float_info.max:  # NaN, infinite, or a whole number that no float can hold
        raise SettingsError(
            f"{name} must be finite, got {value if isinstance(value, float) else 'a larger number than any float'}",
            (name,),
        )
    for key, (words, holds) in _BOUNDS.items():
        if key in bounds and not holds(value, bounds[key]):
            raise SettingsError(f"{name} must be {words} {bounds[key]}, got {value!r}", (name,))


@functools.cache
def _hints(owner: type[Any]) -> dict[str, Any]:
    return typing.get_type_hints(owner)


_WORDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false", type(None): "nothing"}


def _check_type(name: str, value: Any, hint: Any) -> None:
    if typing.get_origin(hint) is Literal and value not in (choices := typing.get_args(hint)):
        raise SettingsError(f"{name} must be {listed([*map(repr, choices)], 'or')}, got {value!r}", (name,))
    allowed = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if not all(kind in _WORDS for kind in allowed):  # richer types check themselves
        return
    if not any(_is_a(value, kind) for kind in allowed):
        expected = " or ".join(_WORDS[kind] for kind in allowed)
        raise SettingsError(f"{name} must be {expected}, got {value!r}", (name,))


def _is_a(value: Any, kind: type) -> bool:
    if isinstance(value, bool):  # True is an int in Python, but no number of epochs
        return kind is bool
    return isinstance(value, int | float) if kind is float else isinstance(value, kind)
