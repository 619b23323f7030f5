"""Refuses an argument that a constructor does not have, and names the nearest one that it has."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from convergence_callbacks.core.errors import SettingsError, unknown_name

Given = ParamSpec("Given")
Owner = TypeVar("Owner")


class UnknownArgumentError(SettingsError, TypeError):
    """A constructor has no argument of this name; it is a ``TypeError`` too, as of any function of Python."""


def arguments_checked(init: Callable[Concatenate[Owner, Given], None]) -> Callable[Concatenate[Owner, Given], None]:
    """Let a constructor whose arguments are those of a framework's class answer a mistyped one with the nearest.

    >>> class Wait:
    ...     @arguments_checked
    ...     def __init__(self, patience: int = 3) -> None: ...
    >>> Wait(patince=5)
    Traceback (most recent call last):
    convergence_callbacks.adapter.arguments.UnknownArgumentError: unknown argument 'patince' of Wait; did you mean \
'patience'? Known: patience
    """
    _, *names = inspect.signature(init).parameters

    @functools.wraps(init)
    def checked(self: Owner, /, *given: Given.args, **named: Given.kwargs) -> None:
        for name in named:
            if name not in names:
                raise UnknownArgumentError(unknown_name("argument", name, names, type(self).__name__), (name,))
        init(self, *given, **named)

    return checked
