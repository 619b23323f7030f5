"""The lines of a text file, as programs that were killed leave them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path

from convergence_callbacks.logs.assumption import Assumption, Inference
from convergence_callbacks.logs.notes import Notes

LONGEST = 10_000_000
"""Bytes of a line, at most: what is longer is no log, and would fill the memory."""

_MARKS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be", b"\xef\xbb\xbf": "utf-8-sig"}


def encoding_of(head: bytes) -> str:
    """The encoding that a file's first bytes mark; UTF-8 where they mark none.

    >>> encoding_of(b"\\xff\\xfee\\0"), encoding_of(b"epoch")
    ('utf-16', 'utf-8')
    """
    encoding = next((name for mark, name in _MARKS.items() if head.startswith(mark)), "utf-8")
    return "utf-16" if encoding.startswith("utf-16") else encoding


@functools.lru_cache(maxsize=2)
def text_of(head: bytes) -> str:
    """The text of a file that begins so; several readers ask for it, one after the other."""
    return head.decode(encoding_of(head), "replace").lstrip("\ufeff")


def lines_of(
    path: Path, notes: Notes, is_whole: Callable[[str], bool] = lambda _: False, *, keeps_returns: bool = False
) -> Iterator[tuple[int, str]]:
    """Each line with its number, without its end, whichever system wrote it.

    A last line that has no end may be cut in the middle of a number, and a number that is cut is a wrong one: it is
    left out, and that is noted.

    Args:
        path: The file.
        notes: Where it is noted.
        is_whole: Whether a last line without an end shows that it is whole, and is to be taken.
        keeps_returns: Whether a carriage return ends no line, as where a program overwrites what it printed.
    """
    with path.open("rb") as file:
        encoding = encoding_of(file.read(4))
    with path.open(encoding=encoding, errors="replace", newline="\n" if keeps_returns else "") as file:
        number = 0
        while line := file.readline(LONGEST):
            number += 1
            if not line.endswith("\n" if keeps_returns else ("\n", "\r")):
                too_long = len(line) == LONGEST
                if not too_long and is_whole(line):
                    yield number, line
                    return
                if not too_long:
                    notes.assume(Assumption(Inference.CUT))
                notes.add(
                    "is too long, the rest was left out" if too_long else "has no end and may be cut: left out", number
                )
                return
            yield number, line.rstrip("\r\n")
