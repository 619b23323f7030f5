"""Files of one loss each, as scripts write them: ``train_loss.txt`` and ``val_loss.txt``, a number in each line."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from convergence_callbacks.logs.assumption import Assumption, Inference
from convergence_callbacks.logs.columns import ColumnChoice, Columns, find_columns, words_of
from convergence_callbacks.logs.errors import LogError
from convergence_callbacks.logs.labels import SPLITS
from convergence_callbacks.logs.lines import lines_of, text_of
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.reader import LIKELY, Claim, Reader
from convergence_callbacks.logs.rows import runs_of
from convergence_callbacks.logs.run import Run
from convergence_callbacks.logs.table import Row

SUFFIXES = frozenset({".txt", ".log", ".dat", ".csv", ".out", ""})

LINE = re.compile(
    r"\s*(?:(?:epoch|ep|iter|step)?[ _]?(?P<count>\d+)(?:[\t_,;:] *| +))?"
    r"\[?(?P<loss>[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|nan|[-+]?inf)\]?\s*,?\s*",
    re.IGNORECASE,
)
"""A line of such a file: the loss, mostly alone, or behind the number of the epoch."""

LIST = re.compile(r"\s*\[\s*[-+.\dnif][-+.\deEnaif,\s]*\]\s*", re.IGNORECASE)
"""All losses in one list, as Python prints it."""

LONGEST_LIST = 1_000_000
"""Bytes of a file with a list, at most."""

WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")

SAYS_NOTHING = frozenset({"log", "history", "curve", "values", "list", "data", "record", "records", "all"})
"""Words of a file's name that do not show which loss it is."""

COUNTER = "epoch"

Numbers = Sequence[tuple[int, float, float]]
"""The line, the number of the epoch, NaN where it is not written, and the loss."""


class LossFiles(Reader):
    """Reads the file of a loss, with that of the other part of the data beside it as the same run."""

    name: ClassVar[str] = "loss file"

    def recognise(self, path: Path, head: bytes) -> Claim | None:
        """A name that shows which loss it is, and lines of one number."""
        if path.suffix.lower() not in SUFFIXES or "loss" not in words_of(path.stem):
            return None
        lines = [line for line in text_of(head).splitlines()[:-1] if line.strip()]
        if len(lines) > 1 and all(map(LINE.fullmatch, lines)):
            return Claim(LIKELY, "its name, and one number in each line")
        is_list = text_of(head).lstrip().startswith("[") and _list_in(path)
        return Claim(LIKELY, "its name, and a list of numbers") if is_list else None

    def log_of(self, path: Path) -> Path:
        """The first of the files of one training."""
        return _of_one_training(path)[0]

    def read(self, path: Path, choice: ColumnChoice) -> Iterator[Run]:
        """The run of the files.

        Raises:
            LogError: They hold losses of other numbers of epochs.
        """
        notes = Notes()
        numbers = {_name(each.stem): list(_numbers(each, notes)) for each in _of_one_training(path)}
        is_counted = all(math.isfinite(epoch) for each in numbers.values() for _, epoch, _ in each)
        columns = find_columns([*numbers, *([COUNTER] if is_counted else [])], choice)
        if is_counted:
            notes.assume(Assumption(Inference.FIRST_NUMBER))
        rows = _rows(numbers, columns, is_counted=is_counted)
        yield from runs_of(path, self.name, columns, rows, notes)


def _of_one_training(path: Path) -> list[Path]:
    """The files beside one whose names differ from its name in the part of the data alone, in order of the names."""
    pattern = _without_part(path.stem)
    if pattern == path.stem:
        return [path]
    others = (each for each in path.parent.glob(f"*{path.suffix}") if _without_part(each.stem) == pattern)
    return sorted(each for each in others if each.is_file())


def _without_part(name: str) -> str:
    """A name with ``*`` for the part of the data in it.

    >>> _without_part("train_loss"), _without_part("valLoss"), _without_part("loss")
    ('*_loss', '*Loss', 'loss')
    """
    return WORD.sub(lambda word: "*" if word[0].lower() in SPLITS else word[0], name)


def _name(stem: str) -> str:
    """The name of the loss in a file that is called so.

    >>> _name("val_loss"), _name("loss_log"), _name("kl_loss")
    ('val_loss', 'loss', 'kl_loss')
    """
    words = words_of(stem)
    return "loss" if words & SAYS_NOTHING and words <= SAYS_NOTHING | {"loss"} else stem


def _list_in(path: Path) -> list[str]:
    """The numbers of a file that is one list of them; none of any other."""
    if path.stat().st_size > LONGEST_LIST:
        return []
    text = text_of(path.read_bytes())
    return re.split(r"[,\s]+", text.strip().strip("[],").strip()) if LIST.fullmatch(text) else []


def _numbers(path: Path, notes: Notes) -> Iterator[tuple[int, float, float]]:
    if losses := _list_in(path):
        yield from ((1, math.nan, float(number)) for number in losses)
        return
    for number, line in lines_of(path, notes):
        if found := LINE.fullmatch(line):
            yield number, float(found["count"] or "nan"), float(found["loss"])
        elif line.strip():
            notes.add(f"of {path.name} is of another form: left out", number)


def _rows(numbers: Mapping[str, Numbers], columns: Columns, *, is_counted: bool) -> Iterator[Row]:
    """A row for each epoch.

    Raises:
        LogError: The files hold losses of other numbers of epochs, and nothing shows which belong together.
    """
    taken = {name: numbers[name] for name in (columns.train, columns.val) if name is not None}
    counts = {name: len(each) for name, each in taken.items()}
    if not is_counted and len({*counts.values()}) > 1:
        listed = " and ".join(f"{name} {count}" for name, count in counts.items())
        raise LogError(
            f"{listed} numbers, and nothing says which belong together; write them as columns of one table, with epoch"
        )
    lines, values = dict[float, int](), dict[float, dict[str, float]]()
    for name, each in taken.items():
        for index, (line, epoch, loss) in enumerate(each):
            key = epoch if is_counted else index
            lines.setdefault(key, line)
            values.setdefault(key, {COUNTER: epoch} if is_counted else {})[name] = loss
    yield from (Row(lines[key], values[key]) for key in lines)
