"""Methods of which one thread at a time runs."""

from __future__ import annotations

import functools
import threading
from typing import Any, TypeVar

Method = TypeVar("Method")


class Lock:
    """A lock whose copy, pickled or not, is a new lock."""

    def __init__(self) -> None:
        self.held = threading.RLock()

    def __reduce__(self) -> tuple[Any, ...]:
        return Lock, ()


def one_at_a_time(method: Method) -> Method:
    """Let a method wait while another thread runs such a method of the same object."""

    @functools.wraps(method)  # type: ignore[arg-type]
    def alone(self: Any, *given: Any, **named: Any) -> Any:
        with self._lock.held:
            return method(self, *given, **named)  # type: ignore[operator]

    return alone  # type: ignore[return-value]
