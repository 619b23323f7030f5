"""One thread at a time, for what several may share."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

Method = TypeVar("Method", bound=Callable[..., Any])


class Lock:
    """A lock that its holder may take again, and that is copied and pickled as a new one."""

    def __init__(self) -> None:
        self.held = threading.RLock()

    def __reduce__(self) -> tuple[Any, ...]:
        return Lock, ()


def one_at_a_time(method: Method) -> Method:
    """A method that waits while another thread is in one of the same object, whose `_lock` it takes."""

    @functools.wraps(method)
    def alone(self: Any, *given: Any, **named: Any) -> Any:
        with self._lock.held:
            return method(self, *given, **named)

    return cast(Method, alone)
