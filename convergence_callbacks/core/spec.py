"""Builds criteria from names, numbers and lists, as YAML writes them."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from typing import Any

from convergence_callbacks.core.constructor import refuse_unknown
from convergence_callbacks.core.criterion import AnyOf, Composition, Criterion, defined
from convergence_callbacks.core.errors import SettingsError, unknown_name
from convergence_callbacks.core.fields import fields_of

SHIPPED_IN = ("convergence_callbacks.core.criteria", "convergence_callbacks.core.rule")
"""Packages in which every file may define criteria."""


def known_criteria() -> dict[str, type[Criterion]]:
    """Every criterion by its name: those in the folder, and those that a user has defined."""
    _import_shipped()
    return {kind.name: kind for kind in defined()}


@functools.cache
def _import_shipped() -> None:
    for name in SHIPPED_IN:
        package = importlib.import_module(name)
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{name}.{module.name}")


def criteria_from(spec: Any) -> Criterion | None:
    """The criterion that a spec stands for.

    Args:
        spec: A criterion (given back as it is), None, a name (``default``), a name with its settings
            (``{patience: {patience: 10}}``) or with its first setting (``{patience: 10}``), or a list of
            these, any of which suffices.

    Raises:
        SettingsError: Names what was wrong and the nearest name that is known.

    >>> criteria_from([{"patience": 10}, {"time_budget": {"hours": 2}}])
    Patience(patience=10, min_delta=0.0, warmup=0, cooldown=0) | TimeBudget(hours=2)
    """
    if spec is None or isinstance(spec, Criterion):
        return spec
    if isinstance(spec, str):
        return _build(spec, {})
    if isinstance(spec, list | tuple):
        return AnyOf.of(*_members("criteria", spec))
    if isinstance(spec, Mapping) and len(spec) == 1:
        return _build(*next(iter(spec.items())))
    if isinstance(spec, Mapping) and len(spec) > 1:
        raise SettingsError(f"several criteria are a list: write '- ' before each of {', '.join(map(str, spec))}")
    raise SettingsError(f"a criterion is a name, or one name with its settings, got {spec!r}")


def _members(name: str, specs: Any) -> list[Criterion]:
    if not isinstance(specs, list | tuple) or not specs:
        raise SettingsError(f"{name} needs a list of criteria, got {specs!r}")
    members = []
    for index, spec in enumerate(specs):
        with _errors_below(index):
            member = criteria_from(spec)
        if member is None:
            raise SettingsError(f"{name} joins criteria, got nothing", (index,))
        members.append(member)
    return members


def _build(name: str, given: Any) -> Criterion:
    kinds = known_criteria()
    if name not in kinds:
        raise SettingsError(unknown_name("criterion", name, kinds), (name,))
    kind = _only(name)
    with _errors_below(name):
        if issubclass(kind, Composition):
            return kind.of(*_members(name, given))
        return kind(**_settings(kind, given))


def _only(name: str) -> type[Criterion]:
    """The criterion class of a name; two of one name are an error."""
    *others, kind = (each for each in defined() if each.name == name)
    if others:
        both = " and ".join(f"{each.__module__}.{each.__qualname__}" for each in (others[-1], kind))
        raise SettingsError(f"{name!r} is the name of both {both}; give one of them another name", (name,))
    return kind


def _settings(kind: type[Criterion], given: Any) -> dict[str, Any]:
    """The constructor's arguments from what was given: all by name, or the first one alone."""
    fields = fields_of(kind)
    names = [field.name for field in fields]
    if given is None:
        given = {}
    if not isinstance(given, Mapping):
        if not names:
            raise SettingsError(f"{kind.name} has no settings, got {given!r}")
        given = {names[0]: given}
    refuse_unknown(kind.name, kind, (), given)
    missing = [field.name for field in fields if _is_required(field) and field.name not in given]
    if missing:
        raise SettingsError(f"{kind.name} needs {' and '.join(missing)}")
    return dict(given)


@contextlib.contextmanager
def _errors_below(key: str | int) -> Iterator[None]:
    try:
        yield
    except SettingsError as error:
        raise error.below(key) from None


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
