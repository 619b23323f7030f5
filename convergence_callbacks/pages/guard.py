"""Who may see the pages, and what browsers may do with them."""

from __future__ import annotations

import hmac
import ipaddress
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "convergence-token"

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""On every answer."""


def is_local(host: str) -> bool:
    """Whether a host is this machine, seen from itself.

    >>> is_local("127.0.0.1"), is_local("localhost"), is_local("0.0.0.0"), is_local("[::1]")
    (True, True, False, True)
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Guard:
    """Lets in who has the token; without one, only requests to this machine's own name.

    The name is looked at since a page of another site can point its own name to this machine (DNS rebinding).

    Args:
        app: What is guarded.
        token: Asked for in a header, a cookie, or once in the address; None for none.
    """

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self.app = app
        self.token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        answer = self._refusal(scope)
        await (answer or self.app)(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if self.token is None:
            host = headers.get("host", "")
            name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
            return None if is_local(name) else PlainTextResponse("this page is for this machine only\n", 403)
        pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        if any(name == "token" and self._fits(value) for name, value in pairs):
            return _with_cookie(scope, [pair for pair in pairs if pair[0] != "token"], self.token)
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        if self._fits(bearer) or self._fits(_cookie(headers)):
            return None
        return PlainTextResponse("a token is needed: open the address that convergence serve printed\n", 401)

    def _fits(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "replace"), str(self.token).encode())


def _cookie(headers: Headers) -> str:
    cookies: SimpleCookie = SimpleCookie()
    try:
        cookies.load(headers.get("cookie", ""))
    except CookieError:
        return ""
    found: Any = cookies.get(COOKIE)
    return "" if found is None else str(found.value)


def _with_cookie(scope: Scope, pairs: list[tuple[str, str]], token: str) -> Response:
    """Sends the browser on to the same page, so that the token stays in no address."""
    path = "/" + str(scope["path"]).lstrip("/\\")  # two slashes would be another host
    answer = RedirectResponse(f"{path}?{urlencode(pairs)}" if pairs else path, 303)
    answer.set_cookie(COOKIE, token, httponly=True, samesite="strict")
    return answer
