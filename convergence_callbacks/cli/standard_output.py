"""Standard output that may fail: a full disk, a pipe that nobody reads to its end."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator

from convergence_callbacks.cli.output import complain
from convergence_callbacks.cli.status import UNPRINTED


class OutputError(Exception):
    """Standard output can't be written; no `OSError`, so that it differs from that of any other file."""


class Output(io.TextIOWrapper):
    """Standard output, whose failure can be distinguished from that of another file.

    Attributes:
        is_needed: Whether the command ends if its output can't be written. If not, that is reported, and what is
            printed later is dropped.
    """

    is_needed = True
    _failure: OSError | None = None

    def write(self, text: str) -> int:
        """Write a text.

        Raises:
            OutputError: It can't be written.
        """
        with self._failure_reported():
            super().write(text)
        return len(text)

    def flush(self) -> None:
        """Write what is buffered.

        Raises:
            OutputError: It can't be written.
        """
        with self._failure_reported():
            super().flush()

    @contextlib.contextmanager
    def _failure_reported(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._failure = error
            self._drop()
            if not self.is_needed:
                complain(f"standard output: {error.strerror}; the command goes on without it")
        if self._failure is not None and self.is_needed:  # each time: typer tries a stream out, and minds no error
            raise OutputError from self._failure

    def _drop(self) -> None:
        """Send what is left to nowhere: Python would try to write it again at its end."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)


@contextlib.contextmanager
def output_watched() -> Iterator[None]:
    """End a command that can't print with one line and a status of its own; silently if a pipe was closed."""
    before = sys.stdout
    if not isinstance(before, io.TextIOWrapper):  # a notebook's, or none
        yield
        return
    output = sys.stdout = Output(
        before.buffer, before.encoding, before.errors, line_buffering=before.line_buffering, write_through=True
    )
    try:
        with contextlib.ExitStack() as at_end:
            at_end.callback(output.flush)
            yield
    except OutputError as error:
        if not isinstance(failure := error.__cause__, BrokenPipeError):
            complain(f"standard output: {getattr(failure, 'strerror', failure)}")
        raise SystemExit(UNPRINTED) from None
    finally:
        sys.stdout, output.is_needed = before, False
        output.detach()


def go_on_without_output() -> None:
    """Let this command go on if it can no longer print: it has other things to do."""
    if isinstance(sys.stdout, Output):
        sys.stdout.is_needed = False
