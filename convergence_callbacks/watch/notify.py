"""Reports a decision to a command or a webhook, without waiting for either."""

from __future__ import annotations

import contextlib
import json
import shlex
import subprocess
import threading
import urllib.request
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from convergence_callbacks.core.errors import SettingsError, unknown_name

TIMEOUT = 5.0
"""Seconds that a webhook may take to answer, however slowly it sends."""

PAUSES = (1.0, 4.0, 16.0)
"""Seconds before each further try."""

MOST_WAITING = 100
"""Messages that wait to be sent; beyond, the oldest change of a verdict makes room, and never a stop."""

Shape = Literal["json", "slack", "teams", "ntfy"]
"""What a webhook gets: the whole decision, or a text in the form of these services."""

SERVICES: Mapping[str, Shape] = {
    "hooks.slack.com": "slack",
    "webhook.office.com": "teams",
    "logic.azure.com": "teams",
    "ntfy.sh": "ntfy",
}
"""Hosts whose service is known, with their subdomains."""


def shape_for(url: str) -> Shape:
    """The form of message for an address, if none is named.

    >>> shape_for("https://hooks.slack.com/services/T0/B0/x"), shape_for("https://example.org/hook")
    ('slack', 'json')
    """
    host = urlsplit(url).hostname or ""
    return next((shape for name, shape in SERVICES.items() if host == name or host.endswith(f".{name}")), "json")


def shaped(message: Mapping[str, Any], shape: Shape) -> tuple[bytes, dict[str, str]]:
    """The body of a request and its headers.

    Args:
        message: The event, with its sentence under ``text``.
        shape: For which service.

    >>> shaped({"event": "stop", "run": "a", "text": "stop at epoch 3"}, "slack")[0]
    b'{"text": "a: stop at epoch 3"}'
    """
    text = f"{message.get('run', '')}: {message.get('text', '')}"
    if shape == "ntfy":
        return text.encode(), {"Content-Type": "text/plain; charset=utf-8", "Title": "Training"}
    body: Mapping[str, Any] = message
    if shape == "slack":
        body = {"text": text}
    elif shape == "teams":
        block = {"type": "TextBlock", "text": text, "wrap": True}
        card = {"type": "AdaptiveCard", "version": "1.4", "body": [block]}
        content = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
        body = {"type": "message", "attachments": [content]}
    return json.dumps(body).encode(), {"Content-Type": "application/json"}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Sends a decision to the address that was named and to no other."""

    def redirect_request(self, *_: Any) -> None:
        """Follow none."""


@dataclass(frozen=True)
class _Message:
    """A request that waits.

    Args:
        request: What is to be sent.
        delivered: Called once it was taken.
        is_stop: Whether it reports a stop, which is never dropped.
    """

    request: urllib.request.Request
    delivered: Callable[[], None]
    is_stop: bool


class Webhook:
    """Posts decisions to an address, in a thread of its own and in order: each is delivered or its failure reported.

    A message whose answer is lost is sent again, so one may arrive twice.

    Args:
        url: The address, http or https.
        complain: Called with what went wrong, from the sending thread too.
        pauses: Seconds before each further try.
        shape: What is sent; by the address where left out.

    Raises:
        SettingsError: It is no such address, or the shape is not known.
    """

    def __init__(
        self,
        url: str,
        complain: Callable[[str], None],
        pauses: tuple[float, ...] = PAUSES,
        shape: str | None = None,
    ) -> None:
        _check_address(url)
        if shape is not None and shape not in get_args(Shape):
            raise SettingsError(unknown_name("shape", shape, get_args(Shape)))
        self._url, self._complain, self._pauses = url, complain, pauses
        self._shape: Shape = shape or shape_for(url)  # type: ignore[assignment]  # looked up above
        self._open = urllib.request.build_opener(_NoRedirect).open
        self._waiting: deque[_Message] = deque()
        self._has_news = threading.Condition()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def send(self, message: Mapping[str, Any], delivered: Callable[[], None] = lambda: None) -> None:
        """Queue a message to be posted, and report when it was accepted; returns at once."""
        body, headers = shaped(message, self._shape)
        waits = _Message(urllib.request.Request(self._url, body, headers), delivered, message.get("event") == "stop")
        with self._has_news:
            self._waiting.append(waits)
            is_full = len(self._waiting) > MOST_WAITING
            if is_full:  # the first one is under way
                del self._waiting[next((at for at, each in enumerate(self._waiting) if at and not each.is_stop), -1)]
            self._has_news.notify()
        if is_full:
            self._complain(f"{self._url} does not answer; the oldest of {MOST_WAITING + 1} messages was dropped")

    def close(self, patience: float = 30.0) -> None:
        """Wait until everything is sent, at most for so many seconds; what is left is reported."""
        self._closing.set()
        with self._has_news:
            self._has_news.notify()
        self._thread.join(patience)
        with self._has_news:
            left = len(self._waiting)
        if left:
            self._complain(f"{self._url}: {left} message{'' if left == 1 else 's'} could not be delivered in time")

    def _work(self) -> None:
        while (message := self._next()) is not None:
            if self._post(message.request):
                message.delivered()
            with self._has_news:
                if self._waiting and self._waiting[0] is message:
                    self._waiting.popleft()

    def _next(self) -> _Message | None:
        """The oldest message, which stays first until it was dealt with; None at the end."""
        with self._has_news:
            while not self._waiting:
                if self._closing.is_set():
                    return None
                self._has_news.wait()
            return self._waiting[0]

    def _post(self, request: urllib.request.Request) -> bool:
        """Whether it was taken, at one of the tries."""
        for pause in (*self._pauses, None):
            error = self._tried(request)
            if error is None:
                return True
            if pause is None:
                self._complain(f"{self._url}: {error}")
            else:
                threading.Event().wait(pause)
        return False

    def _tried(self, request: urllib.request.Request) -> str | None:
        """What went wrong, None where nothing did.

        The answer is awaited in a thread of its own: a server that sends a byte now and then would hold up a socket's
        time limit for ever, and whatever it answers must not end the sending of later messages.
        """
        outcome: list[str | None] = []

        def try_once() -> None:
            try:
                with self._open(request, timeout=TIMEOUT):
                    outcome.append(None)
            except Exception as error:
                outcome.append(str(error) or repr(error))

        attempt = threading.Thread(target=try_once, daemon=True)
        attempt.start()
        attempt.join(TIMEOUT + 1)
        return outcome[0] if outcome else f"no answer within {round(TIMEOUT + 1)} seconds"


def command_words(command: str) -> list[str]:
    """The words of a command, as a shell splits them.

    Raises:
        SettingsError: Its quotes do not match, or there is none.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise SettingsError(f"--on-stop {command!r}: {error}") from None
    if not words:
        raise SettingsError("--on-stop needs a command")
    return words


def start_command(command: str, message: Mapping[str, Any]) -> subprocess.Popen[bytes]:
    """Start a command, without a shell, with a message as JSON on its standard input.

    Raises:
        OSError: It can't be started.
        SettingsError: Its quotes do not match.
    """
    process = subprocess.Popen(command_words(command), stdin=subprocess.PIPE)

    def hand_over() -> None:
        with contextlib.suppress(OSError):  # it did not read what it was handed
            process.communicate(json.dumps(message).encode())

    threading.Thread(target=hand_over, daemon=True).start()
    return process


def _check_address(url: str) -> None:
    """Refuse an address to which no request can be made, before the training begins.

    Raises:
        SettingsError: Says what is wrong with it.
    """
    if not url.lower().startswith(("http://", "https://")):
        raise SettingsError(f"a webhook's address begins with http:// or https://, got {url!r}")
    if any(character.isspace() or not character.isprintable() for character in url):
        raise SettingsError(f"a webhook's address holds no spaces, got {url!r}: write %20 in the place of each")
    try:
        parts = urlsplit(url)
        is_complete = bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise SettingsError(f"a webhook's address is not right, got {url!r}: {error}") from None
    if not is_complete:
        raise SettingsError(f"a webhook's address names a host, such as https://example.org/hook, got {url!r}")
