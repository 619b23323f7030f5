"""Checks the promises of a contract one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def broken(promise: Callable[..., object], by: object, error: Exception) -> AssertionError:
    """The error for a broken promise: who broke which, and how."""
    return AssertionError(f"{by} breaks the promise {promise.__name__.replace('_', ' ')!r}: {error or repr(error)}")


def check_promise(promise: Callable[..., object], by: object, *given: Any) -> None:
    """Check one promise.

    Raises:
        AssertionError: Names the promise and who broke it.
    """
    try:
        promise(*given)
    except Exception as error:  # whatever goes wrong in somebody else's code breaks the promise
        raise broken(promise, by, error) from error
