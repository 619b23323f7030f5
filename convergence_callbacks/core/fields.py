"""How a setting is declared: once, as a dataclass field, for Python, YAML and the documentation.

The metadata uses pydantic's words (``ge``, ``gt``, ``le``, ``lt``, ``description``), so that pydantic
reads the same declaration when settings come from a file, while the core does without.
"""

from __future__ import annotations

import dataclasses
import functools
import sys
import types
import typing
from collections.abc import Mapping
from typing import Any

import numpy as np

from convergence_callbacks.core.errors import SettingsError

_BOUNDS: Mapping[str, tuple[str, Any]] = {
    "ge": ("at least", lambda value, bound: value >= bound),
    "gt": ("above", lambda value, bound: value > bound),
    "le": ("at most", lambda value, bound: value <= bound),
    "lt": ("below", lambda value, bound: value < bound),
}


def setting(description: str, default: Any = dataclasses.MISSING, **bounds: float) -> Any:
    """A dataclass field with its description and the range of its value.

    Args:
        description: One line for people, shown in the YAML template and the documentation.
        default: The default; a setting without one must be given.
        **bounds: Any of ``ge``, ``gt``, ``le``, ``lt``.
    """
    return dataclasses.field(default=default, metadata={"description": description, **bounds})


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
