"""Console logs: ``train.log``, ``nohup.out``, ``slurm-123.out`` and whatever else a training loop printed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

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


class ConsoleLog(Reader):
    """Reads lines such as ``Epoch [3/50] train loss: 0.32 val loss: 0.41``: a counter, and numbers with their names."""

    name: ClassVar[str] = "console log"

    def recognise(self, path: Path, head: bytes) -> Claim | None:
        """A text with lines that name losses."""
        if SUFFIX.fullmatch(path.suffix) is None or (b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff"))):
            return None
        texts = [text_of(head)]
        if _losses_in(texts[0]) < LEAST and path.stat().st_size > len(head):
            with path.open("rb") as file:
                file.seek(-min(TAIL, path.stat().st_size), 2)
                texts.append(file.read().decode("utf-8", "replace"))
        found = max(map(_losses_in, texts))
        return Claim(POSSIBLE + GUESS, "lines with a name and a number of a loss") if found >= LEAST else None

    def read(self, path: Path, choice: ColumnChoice) -> Iterator[Run]:
        """The runs of a file; one for each time that the epochs start over."""
        notes = Notes()
        yield from runs_in(path, self.name, lambda: lines_until_cut(path, notes), choice)


def lines_until_cut(path: Path, notes: Notes) -> Iterator[tuple[int, str]]:
    """The lines; of a last one that has no end only what is before its last word, which may be cut."""
    is_cut = False

    def is_whole(_: str) -> bool:
        nonlocal is_cut
        is_cut = True
        return True

    for number, line in lines_of(path, notes, is_whole, keeps_returns=True):
        yield number, re.sub(r"[^\s,;|}\])]*$", "", line) if is_cut else line


def _losses_in(text: str) -> int:
    """How many lines name a loss with a number; two stand for more."""
    found = 0
    for record in records_in(enumerate(text.split("\n"), start=1)):
        found += names_loss(record.values)
        if found == LEAST:
            break
    return found
