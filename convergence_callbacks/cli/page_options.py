"""The options of the commands that make pages."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Annotated

import typer

from convergence_callbacks.core.errors import ConvergenceError

PricePerHour = Annotated[
    float | None, typer.Option("--price-per-hour", help="What an hour of training costs.", show_default=False)
]
BaselineRule = Annotated[
    str,
    typer.Option("--baseline", help="The rule with which savings are compared; '' for none."),
]
Currency = Annotated[str, typer.Option("--currency", help="Written before amounts.")]


@contextlib.contextmanager
def needing_pages() -> Iterator[None]:
    """Name the extra to install if a library is missing.

    Raises:
        ConvergenceError: A library is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise ConvergenceError(str(error)) from error
