"""Constructors that take declared settings as keywords."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import textwrap
import typing
from collections.abc import Callable, Mapping
from typing import Any, Concatenate, ParamSpec, TypeVar

from convergence_callbacks.core.errors import SettingsError, unknown_name
from convergence_callbacks.core.fields import Field, about, declared, fields_of, range_of

Given = ParamSpec("Given")
Declared = TypeVar("Declared")


def takes(
    declaration: Callable[Given, Declared],
) -> Callable[[Callable[[Any, Declared], None]], Callable[Concatenate[Any, Given], None]]:
    """Turn a constructor of one argument, the settings, into one that takes each of them as a keyword.

    Signature and docstring come from the declaration. A keyword that is not declared is a `SettingsError` with the
    nearest one that is, or with the advice of the declaration's ``instead_of``.

    >>> from convergence_callbacks.core.fields import setting
    >>> @dataclasses.dataclass(frozen=True, kw_only=True)
    ... class Wait:
    ...     epochs: int = setting("epochs to wait", 3, ge=1)
    >>> class Waiting:
    ...     @takes(Wait)
    ...     def __init__(self, settings: Wait) -> None:
    ...         self.settings = settings
    >>> Waiting(epochs=5).settings
    Wait(epochs=5)
    >>> Waiting(epoch=5)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    convergence_callbacks.core.errors.SettingsError: unknown setting 'epoch' of Waiting; did you mean 'epochs'? ...
    """
    signature = _signature(declaration)

    def decorated(init: Callable[[Any, Declared], None]) -> Callable[Concatenate[Any, Given], None]:
        @functools.wraps(init)
        def constructor(self: Any, /, *given: Given.args, **named: Given.kwargs) -> None:
            refuse_unknown(type(self).__name__, declaration, given, named)
            init(self, declaration(*given, **named))

        constructor.__signature__ = signature  # type: ignore[attr-defined]
        constructor.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()} | {"return": None}
        constructor.__doc__ = documentation({name: field for name, (field, _) in declared(declaration).items()})
        return constructor

    return decorated


def changed(settings: Any) -> dict[str, Any]:
    """The settings that are not the default, by name."""
    default = _default(settings.__class__)
    named = {field.name: getattr(settings, field.name) for field in dataclasses.fields(settings)}
    return {name: value for name, value in named.items() if _differs(value, getattr(default, name))}


def representation(owner: object, settings: Any) -> str:
    """An expression that builds the object again, with the settings that are not the default.

    >>> from convergence_callbacks import Monitor
    >>> Monitor(max_epochs=100, tolerance=0.01)
    Monitor(max_epochs=100)
    """
    given = (f"{name}={value!r}" for name, value in changed(settings).items())
    return f"{type(owner).__name__}({', '.join(given)})"


@functools.cache
def _default(declaration: Callable[[], Any]) -> Any:
    return declaration()


def _differs(value: Any, default: Any) -> bool:
    """Whether a value is not the default; the default of settings that may be arrays is None."""
    return value is not None if default is None else bool(value != default)


def _signature(declaration: Callable[..., Any]) -> inspect.Signature:
    """The signature of a constructor that takes these settings, with types instead of their names."""
    hints = typing.get_type_hints(declaration)
    declared = inspect.signature(declaration).parameters.values()
    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    return inspect.Signature([own, *(p.replace(annotation=hints[p.name]) for p in declared)], return_annotation=None)


def documentation(settings: Mapping[str, Field]) -> str:
    """The part of a docstring that describes each setting, in Google style."""
    lines = [f"{name}: {_sentence(field)}" for name, field in settings.items()]
    wrapped = ["\n".join(textwrap.wrap(line, 112, subsequent_indent="    ")) for line in lines]
    raises = "    SettingsError: A setting has a wrong name, type or value."
    return "Args:\n" + textwrap.indent("\n".join(wrapped), "    ") + "\n\nRaises:\n" + raises + "\n"


def _sentence(field: Field) -> str:
    text, within = about(field), range_of(field)
    return f"{text[0].upper()}{text[1:]}{f'; {within}' if within else ''}."


def refuse_unknown(owner: str, declaration: Any, given: tuple[Any, ...], named: Mapping[str, Any]) -> None:
    """Refuse arguments that are not declared, and positional ones for keyword-only settings."""
    fields = fields_of(declaration)
    if len(given) > (most := sum(not field.kw_only for field in fields)):
        by_name = f"its settings by name, such as {owner}({fields[0].name}={given[-1]!r})"
        raise SettingsError(f"{owner} takes {f'at most {most} settings without names' if most else by_name}")
    names = [field.name for field in fields if field.init]
    for name in named:
        if name not in names:
            advice = declaration.instead_of(name, named[name]) if hasattr(declaration, "instead_of") else ""
            unknown = f"unknown setting {name!r} of {owner}; {advice}"
            raise SettingsError(unknown if advice else unknown_name("setting", name, names, owner), (name,))
