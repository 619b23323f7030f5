"""Console logs: ``train.log``, ``nohup.out``, ``slurm-123.out`` and whatever else a training loop printed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, NamedTuple

from convergence_callbacks.logs.columns import ColumnChoice
from convergence_callbacks.logs.console import runs_in
from convergence_callbacks.logs.console_line import names_loss
from convergence_callbacks.logs.console_lines import records_in
from convergence_callbacks.logs.lines import lines_of, text_of
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.reader import GUESS, POSSIBLE, Claim, Reader
from convergence_callbacks.logs.run import Run

SUFFIX = re.compile(r"\.(log|txt|out|err|stdout|stderr|o\d+|e\d+|\d+)|", re.IGNORECASE)
"""What such files end in, or nothing."""

TAIL = 65_536
"""Bytes at the end of a file that are looked at too: long settings may come first."""

LEAST = 2
"""Lines with a loss by which it is one."""

CONTROLS = bytes([*range(1, 7), *range(14, 27), 28, 29, 30, 31])
"""Bytes that no text has, beside those that steer a terminal."""

MARK = 64
"""Bytes at the beginning that mark files that are no text."""

COUNTED = 10
"""Lines with a counter and a number by which it may be one, where none names a loss."""


class ConsoleLog(Reader):
    """Reads lines such as ``Epoch [3/50] train loss: 0.32 val loss: 0.41``: a counter, and numbers with their names."""

    name: ClassVar[str] = "console log"

    def recognise(self, path: Path, head: bytes) -> Claim | None:
        """A text with lines that name losses."""
        head = head.lstrip(b"\0")
        if SUFFIX.fullmatch(path.suffix) is None or not _is_text(head):
            return None
        seen = _lines_in(text_of(head))
        if seen.losses < LEAST and path.stat().st_size > len(head):
            with path.open("rb") as file:
                file.seek(-min(TAIL, path.stat().st_size), 2)
                behind = _lines_in(file.read().decode("utf-8", "replace"))
            seen = max(seen, behind)
            if seen.losses < LEAST and b"%|" in head:  # bars alone: what stands between them is somewhere else
                seen = max(seen, _lines_in(_middle_of(path)))
        if seen.losses >= LEAST:
            return Claim(POSSIBLE + GUESS, "lines with a name and a number of a loss")
        return Claim(GUESS + 0.05, "lines with a counter and numbers") if seen.counted >= COUNTED else None

    def read(self, path: Path, choice: ColumnChoice) -> Iterator[Run]:
        """The runs of a file; one for each time that the epochs start over."""
        notes = Notes()
        yield from runs_in(path, self.name, lambda: lines_until_cut(path, notes), choice)


def _is_text(head: bytes) -> bool:
    """Whether a file begins as a text does; darknet's output has a few bytes of nothing in it."""
    nothing = head.count(b"\0")
    return (
        not nothing
        or head.startswith((b"\xff\xfe", b"\xfe\xff"))
        or (
            nothing < len(head) / 10
            and head.translate(None, CONTROLS) == head
            and head[:MARK].isascii()
            and b"\0" not in head[:MARK]
        )
    )


def _middle_of(path: Path) -> str:
    """What stands at a quarter, a half and three quarters of a file."""
    parts = []
    with path.open("rb") as file:
        for quarter in (1, 2, 3):
            file.seek(path.stat().st_size * quarter // 4)
            parts.append(file.read(TAIL).decode("utf-8", "replace"))
    return "\n".join(parts)


def lines_until_cut(path: Path, notes: Notes) -> Iterator[tuple[int, str]]:
    """The lines; of a last one that has no end only what is before its last word, which may be cut."""
    is_cut = False

    def is_whole(_: str) -> bool:
        nonlocal is_cut
        is_cut = True
        return True

    for number, line in lines_of(path, notes, is_whole, keeps_returns=True):
        text = line.lstrip("\0")  # of a file that was emptied while its process wrote on
        yield number, re.sub(r"[^\s,;|}\])]*$", "", text) if is_cut else text


class _Lines(NamedTuple):
    """How many lines name a loss with a number, and how many a counter beside a number."""

    losses: int
    counted: int


def _lines_in(text: str) -> _Lines:
    """What lines a text has; no more are looked at than are needed."""
    losses = counted = 0
    for record in records_in(enumerate(text.split("\n"), start=1)):
        losses += names_loss(record.values)
        counted += bool(record.values) and not record.kind.is_alone
        if losses == LEAST:
            break
    return _Lines(losses, counted)
