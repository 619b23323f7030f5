"""Prints for people on a terminal, and the same words without colours in a pipe."""

from __future__ import annotations

import contextlib
import io
import sys
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from convergence_callbacks.core.errors import ConvergenceError


def say(text: str = "", style: str = "") -> None:
    """Print a line to standard output."""
    _print(text, style, to_stderr=False)


def complain(text: str) -> None:
    """Print what is wrong to standard error, a line for each thing."""
    with contextlib.suppress(OSError):  # if nothing can be printed, the exit status still tells
        for line in text.splitlines():
            _print(line, "red", to_stderr=True)


def width_of_terminal() -> int | None:
    """Columns of the terminal that is printed to, None for a pipe."""
    console = _console(to_stderr=False)
    return console.width if console.is_terminal else None


def say_lines(lines: Iterable[Text]) -> None:
    """Print lines that are no longer than the terminal is wide."""
    console = _console(to_stderr=False)
    for line in lines:
        console.print(line, soft_wrap=True)


def say_table(table: Table) -> None:
    """Print a table to standard output; in a pipe no cell is broken."""
    console = _console(to_stderr=False)
    if not console.is_terminal:
        console.width = 10_000
        for column in table.columns:
            column.ratio = None
    console.print(table)


@contextlib.contextmanager
def errors_printed() -> Iterator[None]:
    """End the command with a message and status 1 if its input is wrong or a file can't be used."""
    try:
        yield
    except ConvergenceError as error:
        complain(str(error))
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    else:
        return
    raise typer.Exit(1)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Name the file in an error of writing it: that of a full disk does not."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or named(path)
        raise


def named(path: Path) -> str:
    """A path that can be printed, whatever bytes are in it."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def _print(text: str, style: str, *, to_stderr: bool) -> None:
    console = _console(to_stderr=to_stderr)
    if console.is_terminal:  # a pipe gets whole lines, for programs to read
        text = wrapped(text, console.width)
    console.print(Text(text, style), soft_wrap=True)


def _console(*, to_stderr: bool) -> Console:
    stream = sys.stderr if to_stderr else sys.stdout
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a letter must not end the command
    return Console(stderr=to_stderr)


def wrapped(text: str, width: int) -> str:
    """A line broken between words, and indented below its beginning."""
    indent = " " * (len(text) - len(text.lstrip()) + 2)
    return textwrap.fill(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
