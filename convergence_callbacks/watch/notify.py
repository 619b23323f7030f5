"""Tells others of a decision: a command, or a webhook. Neither is waited for."""

from __future__ import annotations

import contextlib
import json
import queue
import shlex
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from convergence_callbacks.core.errors import SettingsError

TIMEOUT = 5.0
"""Seconds that a webhook may take to answer."""

PAUSES = (1.0, 4.0, 16.0)
"""Seconds before each further try."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Sends a decision to the address that was named and to no other."""

    def redirect_request(self, *_: Any) -> None:
        """Follow none."""


class Webhook:
    """Posts JSON to an address, in a thread of its own, in order.

    Args:
        url: The address, http or https.
        complain: Is told what went wrong.
        pauses: Seconds before each further try.

    Raises:
        SettingsError: It is no such address.
    """

    def __init__(self, url: str, complain: Callable[[str], None], pauses: tuple[float, ...] = PAUSES) -> None:
        if not url.lower().startswith(("http://", "https://")):
            raise SettingsError(f"a webhook's address begins with http:// or https://, got {url!r}")
        self._url, self._complain, self._pauses = url, complain, pauses
        self._open = urllib.request.build_opener(_NoRedirect).open
        self._waiting: queue.Queue[tuple[bytes, Callable[[], None]] | None] = queue.Queue(maxsize=100)
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def send(self, message: Mapping[str, Any], delivered: Callable[[], None] = lambda: None) -> None:
        """Post a message as soon as may be, and tell when it was taken; returns at once."""
        try:
            self._waiting.put_nowait((json.dumps(message).encode(), delivered))
        except queue.Full:
            self._complain(f"{self._url} does not answer; a message was dropped")

    def close(self, patience: float = 30.0) -> None:
        """Wait until all is sent, for so many seconds at most."""
        self._waiting.put(None)
        self._thread.join(patience)

    def _work(self) -> None:
        while (waiting := self._waiting.get()) is not None:
            body, delivered = waiting
            if self._post(body):
                delivered()

    def _post(self, body: bytes) -> bool:
        """Whether it was taken."""
        for pause in (*self._pauses, None):
            try:
                request = urllib.request.Request(self._url, body, {"Content-Type": "application/json"})
                with self._open(request, timeout=TIMEOUT):
                    return True
            except (OSError, ValueError, urllib.error.URLError) as error:
                if pause is None:
                    self._complain(f"{self._url}: {error}")
                    return False
                time.sleep(pause)
        return False


def start_command(command: str, message: Mapping[str, Any]) -> subprocess.Popen[bytes]:
    """Start a command, without a shell, with a message as JSON on its standard input.

    Raises:
        OSError: It can't be started.
        SettingsError: Its quotes do not match.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise SettingsError(f"--on-stop {command!r}: {error}") from None
    if not words:
        raise SettingsError("--on-stop needs a command")
    process = subprocess.Popen(words, stdin=subprocess.PIPE)

    def hand_over() -> None:
        with contextlib.suppress(OSError):  # it did not read what it was handed
            process.communicate(json.dumps(message).encode())

    threading.Thread(target=hand_over, daemon=True).start()
    return process
