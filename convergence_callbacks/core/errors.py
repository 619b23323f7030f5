"""The errors this package raises. Each message alone is enough to mend what was wrong."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterable, Iterator


class ConvergenceError(Exception):
    """Any error raised on purpose by convergence_callbacks."""


class SettingsError(ConvergenceError, ValueError):
    """A setting has a wrong name, type or value.

    Args:
        message: What was wrong, what was expected, what was given.
        at: Keys and indices that lead to the setting in a file, to name its line.
    """

    def __init__(self, message: str, at: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.at = at

    def below(self, *keys: str | int) -> SettingsError:
        """The error with these keys put before those that lead to its value."""
        return type(self)(str(self), (*keys, *self.at))


class StateError(ConvergenceError, ValueError):
    """A saved state does not belong to this monitor or is damaged."""


class ModelError(ConvergenceError):
    """A fitted model that ships with the package cannot be read, or does not belong to its code."""


class MetricNotFoundError(ConvergenceError, KeyError):
    """A metric that was asked for was never logged."""

    def __str__(self) -> str:  # KeyError would print the message in quotes
        return str(self.args[0])


@contextlib.contextmanager
def as_state_error(of: str = "a Monitor") -> Iterator[None]:
    """Turn errors of reading a damaged state into a `StateError`."""
    try:
        yield
    except StateError:
        raise
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise StateError(f"this is no state of {of}, or it is damaged: {error!r}") from error


def unknown_name(kind: str, name: object, known: Iterable[str], of: str = "") -> str:
    """A message for a name that is not known, with the nearest one that is.

    >>> unknown_name("criterion", "patince", ["patience", "target_loss"])
    "unknown criterion 'patince'; did you mean 'patience'? Known: patience, target_loss"
    """
    names = sorted(known)
    near = difflib.get_close_matches(str(name), names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    return f"unknown {kind} {name!r}{f' of {of}' if of else ''}{hint} Known: {', '.join(names)}"
