"""CSV: Lightning's and Keras's CSVLogger, timm's summary, and any other table with a header."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from convergence_callbacks.logs.columns import OPTIONS, ColumnChoice, Columns, find_columns
from convergence_callbacks.logs.errors import NotALogError
from convergence_callbacks.logs.lines import encoding_of, lines_of
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.reader import Reader
from convergence_callbacks.logs.rows import runs_of
from convergence_callbacks.logs.run import Run
from convergence_callbacks.logs.table import Row, is_lost, needed_of, number_in, seconds_in, summed

DELIMITERS = ",;\t|"
SUFFIXES = frozenset({".csv", ".tsv", ".txt", ".log"})
TEXTS = frozenset({".txt", ".log"})
"""Endings that texts have too: a sentence with commas is no header."""

Wanted = tuple[int, str, Callable[[str], float | None]]
"""A column: its place, its name, and what reads its cells."""


class Delimited(Reader):
    """Reads tables whose first line names the columns."""

    name: ClassVar[str] = "CSV"

    def recognises(self, path: Path, head: bytes) -> bool:
        """A name that tables have, and a first line of names; several, and numbers below, where texts are named so."""
        header, suffix = header_in(head), path.suffix.lower()
        if suffix not in SUFFIXES or not is_header(header):
            return False
        return suffix not in TEXTS or (len(header) > 1 and _has_numbers(head))

    def read(self, path: Path, choice: ColumnChoice) -> Iterator[Run]:
        """The run of a file; several where the epochs start over."""
        notes = Notes()
        table = Table(path, notes)
        columns = find_columns(table.names, choice)
        yield from runs_of(path, self.name, columns, table.rows(columns), notes)


def header_in(head: bytes) -> list[str]:
    """The cells of the first line that is not empty."""
    text = head.decode(encoding_of(head), "replace").lstrip("\ufeff").lstrip()
    first = text.splitlines()[0] if text else ""
    return [name.strip() for name in _cells(first, delimiter_of(first))]


def _has_numbers(head: bytes) -> bool:
    """Whether a cell of a line is a number, of a file that begins so."""
    lines = head.decode(encoding_of(head), "replace").splitlines()
    return any(_is_number(cell) for line in lines for cell in _cells(line, delimiter_of(line)))


class Table:
    """A table in a file, read as a stream.

    Args:
        path: The file.
        notes: Where it is told which lines were left out.

    Raises:
        NotALogError: It has no header.
    """

    def __init__(self, path: Path, notes: Notes) -> None:
        self._lines = ((number, line) for number, line in lines_of(path, notes) if line.strip())
        self._notes = notes
        number, header = next(self._lines, (0, None))
        if header is None:
            raise NotALogError("it is empty, or has no whole line")
        self._delimiter = delimiter_of(header)
        self.names = [name.strip() for name in _cells(header, self._delimiter)]
        """The names of the columns."""
        if not is_header(self.names):
            raise NotALogError("the first line names no columns, it must be a header", line=number)

    def rows(self, columns: Columns, sums: Mapping[str, Sequence[str]] | None = None) -> Iterator[Row]:
        """The rows, with the columns that are asked for.

        Args:
            columns: Which column is what.
            sums: Columns that are not in the file, by the names of those that they are the sum of.
        """
        read, sums = readers_of(columns, self._delimiter), sums or {}
        parts = [part for name in sums if name in read for part in sums[name]]
        read |= {part: read[name] for name in sums if name in read for part in sums[name]}
        names, needed = self.names, {*needed_of(columns), *parts}
        wanted = _wanted(names, read)
        for number, line in self._lines:
            cells = _cells(line, self._delimiter)
            if not line[0].isdigit() and is_header(cells) and _is_another(cells, names):
                names = [name.strip() for name in cells]  # a resumed log may begin again, with other columns
                wanted = _wanted(names, read)
                if not wanted:
                    self._notes.add("names other columns: what follows is left out", number)
            elif len(cells) != len(names):
                few = "few" if len(cells) < len(names) else "many"
                self._notes.add(f"has too {few} cells, as a line that was cut: left out", number)
            else:
                row = self._row(number, cells, wanted, needed)
                if row is not None:
                    yield summed(row, sums) if parts else row

    def _row(
        self, number: int, cells: Sequence[str], wanted: Sequence[Wanted], needed: Container[str | None]
    ) -> Row | None:
        values = {}
        for index, name, read in wanted:
            if cell := cells[index]:
                try:
                    value = read(cell)
                except ValueError as error:
                    if is_lost(number, name, error, needed, self._notes):
                        return None
                    continue
                if value is not None:
                    values[name] = value
        return Row(number, values)


def _wanted(names: Sequence[str], read: Mapping[str, Callable[[str], float | None]]) -> list[Wanted]:
    """Where the columns are that are asked for, with what reads them."""
    return [(index, name, read[name]) for index, name in enumerate(names) if name in read]


def delimiter_of(header: str) -> str:
    """What separates the cells: of the usual signs the most frequent in the header, outside of quotes."""
    bare = re.sub(r'"[^"]*"', "", header)
    return max(DELIMITERS, key=bare.count)


def is_header(cells: Sequence[str]) -> bool:
    """Whether all cells are names: none is a number, and at least one has a letter and is no word for nothing."""
    named = any(re.search("[A-Za-z]", cell) and not _says_nothing(cell) for cell in cells)
    return named and not any(_is_number(cell) for cell in cells)


def readers_of(columns: Columns, delimiter: str) -> dict[str, Callable[[str], float | None]]:
    """What reads the cells of each column that is asked for."""
    number = number_in if delimiter == "," else DecimalSign()
    names = {role: getattr(columns, role) for role in OPTIONS}
    return {name: seconds_in if role == "time" else number for role, name in names.items() if name is not None}


class DecimalSign:
    """Reads numbers with a comma for a decimal sign, as spreadsheets write them in half of Europe.

    One file has one sign: where both occur, a comma might as well separate thousands, and is refused.

    >>> read = DecimalSign()
    >>> read("0,25"), read("3")
    (0.25, 3.0)
    >>> read("0.25")
    Traceback (most recent call last):
    ValueError: '0.25' has a decimal point, in a file with decimal commas
    """

    def __init__(self) -> None:
        self._sign: str | None = None

    def __call__(self, cell: str) -> float | None:
        """The number in a cell."""
        sign = "comma" if "," in cell else "point" if "." in cell else None
        if sign and self._sign not in (None, sign):
            raise ValueError(f"{cell!r} has a decimal {sign}, in a file with decimal {self._sign}s")
        value = number_in(cell.replace(",", ".") if sign == "comma" and cell.count(",") == 1 else cell)
        self._sign = self._sign or sign
        return value


def _cells(line: str, delimiter: str) -> list[str]:
    if '"' not in line:  # as nearly always; csv takes three times as long
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:  # a cell of more than 128 kB
        return []


def _is_number(cell: str) -> bool:
    try:
        return number_in(cell) is not None
    except ValueError:
        return False


def _says_nothing(cell: str) -> bool:
    try:
        return number_in(cell) is None
    except ValueError:
        return False


def _is_another(cells: Sequence[str], names: Sequence[str]) -> bool:
    """Whether a line of names is a header: it has some of the same columns, or as many."""
    stripped = {cell.strip() for cell in cells}
    return bool(stripped & set(names)) or (len(cells) == len(names) and not any(map(_says_nothing, cells)))
