"""Serves the pages of a folder as its runs grow; needs ``pip install 'convergence-callbacks[serve]'``."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from convergence_callbacks.telling.missing import not_installed

try:
    import uvicorn  # noqa: F401  # which serves the application
    from sse_starlette import EventSourceResponse, ServerSentEvent
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.requests import Request
    from starlette.responses import HTMLResponse, Response
    from starlette.routing import Route
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(not_installed(str(error.name), "serve")) from error

from convergence_callbacks.colours import OF_RUN
from convergence_callbacks.core.verdict import Verdict
from convergence_callbacks.pages.card import Card
from convergence_callbacks.pages.curve import comparison_of
from convergence_callbacks.pages.guard import Guard
from convergence_callbacks.pages.render import SCRIPTS, environment, policy, render, script, style
from convergence_callbacks.pages.shelf import Shelf, chosen
from convergence_callbacks.pages.totals import Totals
from convergence_callbacks.telling.price import Price

EVERY = 1.0
"""Seconds from one message to a browser to the next, at the least."""

KEPT = 8
"""Changes that are kept as they were sent: browsers that ask at once have mostly seen the same."""

DIGITS = 18
"""Digits of a version, at most: Python refuses to read numbers of thousands."""


def application(shelf: Shelf, *, title: str, price: Price | None = None, token: str | None = None) -> Starlette:
    """The pages of a shelf, to be served by any ASGI server; they are only read, and know no file by its path.

    Args:
        shelf: The runs.
        title: The heading.
        price: What an hour of training costs.
        token: Who has it may see the pages; None for whoever is on this machine.
    """
    pages = _Pages(shelf, title, price)
    routes = [
        Route("/", pages.overview, methods=["GET"]),
        Route("/run/{key}", pages.run, methods=["GET"]),
        Route("/compare", pages.compare, methods=["GET"]),
        Route("/events", pages.events, methods=["GET"]),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(Guard, token=token)],
        exception_handlers={404: pages.missing},
    )


class _Pages:
    """Makes each page when it is asked for."""

    def __init__(self, shelf: Shelf, title: str, price: Price | None) -> None:
        self.shelf, self.title, self.price = shelf, title, price
        self.parts: Any = environment().get_template("parts.html").module
        self._made: dict[tuple[int, int], asyncio.Future[str]] = {}

    def overview(self, _: Request) -> Response:
        """The page of all runs."""
        version, cards = self.shelf.version, self.shelf.cards
        values: dict[str, Any] = {
            "cards": cards,
            "totals": Totals.of(cards),
            "waiting": self.shelf.waiting,
            "verdicts": tuple(Verdict),
        }
        return self._page("overview.html", version, **values)

    def run(self, request: Request) -> Response:
        """The page of one run."""
        version, card = self.shelf.version, self.shelf.card(request.path_params["key"])
        return self._page("run.html", version, card=card) if card else self._missing()

    def compare(self, request: Request) -> Response:
        """Several runs in one chart."""
        version = self.shelf.version
        cards = chosen(self.shelf.cards, request.query_params.getlist("run"), len(OF_RUN))
        chart = comparison_of([dict(card.chart) for card in cards])
        return self._page("compare.html", version, cards=cards, chart=chart, most=len(OF_RUN))

    def missing(self, _: Request, __: Exception) -> Response:
        """The page for an unknown address."""
        return self._missing()

    def events(self, request: Request) -> Response:
        """Server-sent events for each run that is new or has grown since the version of the page."""
        seen = request.headers.get("last-event-id") or request.query_params.get("version", "0")
        is_version = seen.isascii() and seen.isdigit() and len(seen) <= DIGITS
        return EventSourceResponse(self._changes(int(seen) if is_version else 0))

    async def _changes(self, version: int) -> AsyncIterator[ServerSentEvent]:
        if version > self.shelf.version:  # the page is of a server that ran before
            version = 0
        while True:
            if self.shelf.version != version:
                version, data = await self._since(version)
                yield ServerSentEvent(data, event="runs", id=str(version))
            await asyncio.sleep(EVERY)

    async def _since(self, version: int) -> tuple[int, str]:
        """What is new since a version, and what is now: made once for all browsers that have the same."""
        change = self.shelf.since(version)
        made = self._made.get((version, change.version))
        if made is None:
            made = asyncio.ensure_future(asyncio.to_thread(self._update, change.cards, change.gone))
            self._made[version, change.version] = made
            while len(self._made) > KEPT:
                self._made.pop(next(iter(self._made)))
        return change.version, await asyncio.shield(made)

    def _update(self, cards: tuple[Card, ...], gone: tuple[str, ...]) -> str:
        rows = {card.key: str(self.parts.row(card, self.price, True, "/run/", True)) for card in cards}
        totals = Totals.of(self.shelf.cards)
        overview = str(self.parts.overview(totals, self.price)) + str(self.parts.waiting(self.shelf.waiting))
        return json.dumps({"rows": rows, "gone": gone, "overview": overview})

    def _missing(self) -> Response:
        return self._page("missing.html", self.shelf.version, status=404)

    def _page(self, template: str, version: int, status: int = 200, **values: Any) -> Response:
        code = script(*SCRIPTS, "live.js")
        allowed = policy(code, connect="'self'")
        shared = {"title": self.title, "price": self.price, "problems": self.shelf.problems, "version": version}
        text = render(template, style=style(), script=code, policy=allowed, **shared, **values)
        return HTMLResponse(text, status, headers={"Content-Security-Policy": allowed})
