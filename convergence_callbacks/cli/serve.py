"""``convergence serve``: shows the runs of a folder as web pages."""

from __future__ import annotations

import errno
import logging
import multiprocessing
import os
import secrets
import socket
import threading
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from convergence_callbacks.cli.log_options import (
    LogOptions,
    LogPath,
    takes_log_options,
    with_named,
)
from convergence_callbacks.cli.output import errors_printed, named, say
from convergence_callbacks.cli.page_options import BaselineRule, Currency, PricePerHour, needing_pages
from convergence_callbacks.compare.rules import rule_from
from convergence_callbacks.core.errors import ConvergenceError


@takes_log_options
def serve(
    path: LogPath,
    host: Annotated[str, typer.Option(help="The address to listen at; visitors need a token unless it is local.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(help="The port; 0 for any that is free.", min=0, max=65535)] = 8090,
    token: Annotated[
        str | None,
        typer.Option(help="The token of visitors; made up if one is needed.", envvar="CONVERGENCE_TOKEN"),
    ] = None,
    price_per_hour: PricePerHour = None,
    currency: Currency = "$",
    baseline: BaselineRule = "patience:10",
    *,
    logs: LogOptions,
) -> None:
    """Show the trainings below a folder as read-only web pages, and follow those that are running."""
    with errors_printed():
        settings, choice = logs.settings_and_columns()
        path.stat()
        with needing_pages():
            from convergence_callbacks.pages import Price
            from convergence_callbacks.pages.card import Baseline
            from convergence_callbacks.pages.guard import is_local
            from convergence_callbacks.pages.server import application
            from convergence_callbacks.pages.shelf import Shelf, end_with_parent
        price = None if price_per_hour is None else Price(price_per_hour, currency)
        other = Baseline(baseline, rule_from(baseline, settings)) if baseline else None
        choice = with_named(choice, [other.settings] if other else [])
        if not token and not is_local(host):
            token = secrets.token_urlsafe(24)
        listening = _listening(host, port)
        # New processes rather than forks: a fork of a process with threads may hang.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(_processes(), context, end_with_parent) as executor:
            shelf = Shelf(path, settings, choice, executor, other)
            app = application(shelf, title=named(Path(path.resolve().name)), price=price, token=token or None)
            _run(app, shelf, host, listening, token)
            executor.shutdown(wait=False, cancel_futures=True)


def _processes() -> int:
    """All cores but one, which the pages need."""
    return max(1, (os.cpu_count() or 2) - 1)


def _address(host: str, port: int, token: str | None) -> str:
    """Where the pages are, as a browser takes it.

    >>> _address("::1", 8090, None), _address("example.org", 80, "a b&c")
    ('http://[::1]:8090/', 'http://example.org:80/?token=a%20b%26c')
    """
    shown = f"[{quote(host, safe=':')}]" if ":" in host else quote(host)
    query = f"?token={quote(token, safe='')}" if token else ""
    return f"http://{shown}:{port}/{query}"


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens there.

    Raises:
        ConvergenceError: It can't; says why, and what to do.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family)
    except socket.gaierror as error:
        raise ConvergenceError(
            f"no address is known of {host!r}: leave --host out for this computer alone, or give 0.0.0.0 for all its "
            "addresses"
        ) from error
    except OSError as error:
        reasons = {
            errno.EADDRINUSE: f"port {port} is in use: name another with --port, or --port 0 for any that is free",
            errno.EACCES: f"port {port} may not be opened by you: name one from 1024 on with --port",
            errno.EADDRNOTAVAIL: f"{host} is no address of this computer: leave --host out, or give 0.0.0.0 for all",
        }
        raise ConvergenceError(reasons.get(error.errno or 0, f"{host}, port {port}: {error.strerror}")) from error


def _run(app: Any, shelf: Any, host: str, listening: socket.socket, token: str | None) -> None:
    import uvicorn

    class Server(uvicorn.Server):
        """Prints its address as soon as it listens."""

        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            if self.started:
                say(_address(host, listening.getsockname()[1], token))
                say("Ctrl-C ends it.")

        async def shutdown(self, sockets: Any = None) -> None:
            logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # streams that are cut now are no error
            await super().shutdown(sockets)

    is_over = threading.Event()
    follower = threading.Thread(target=shelf.look_again, args=(is_over,), daemon=True)
    follower.start()
    # No log of requests: the token is in the address of the first.
    config = uvicorn.Config(app, access_log=False, log_level="warning", timeout_graceful_shutdown=1, lifespan="off")
    try:
        Server(config).run(sockets=[listening])
    finally:
        is_over.set()
