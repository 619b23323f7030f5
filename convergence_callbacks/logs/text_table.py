"""A table in a text file, read as a stream."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from convergence_callbacks.logs.columns import OPTIONS, Columns, words_of
from convergence_callbacks.logs.errors import NotALogError
from convergence_callbacks.logs.labels import SPLIT_NAMES, Labels, is_split, of_split
from convergence_callbacks.logs.lines import lines_of, text_of
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.table import Row, is_lost, needed_of, number_in, seconds_in, summed

DELIMITERS = ",;\t|"
COMMENTS = ("#", "%", "//")
"""What a line begins with that is no row."""

SEPARATOR = re.compile(r"sep=(.)", re.IGNORECASE)
"""The first line, for Excel, that names what separates the cells."""

Wanted = tuple[int, str, Callable[[str], float | None]]
"""A column: its place, its name, and what reads its cells."""


@dataclass(frozen=True)
class Header:
    """The names of the columns, and where they are.

    Args:
        names: As written, each once: of columns with one name the second is called ``name (2)``.
        delimiter: What separates the cells; a space stands for any number of them.
        line: The number of the line.
        is_comment: Whether it is the last of the comments.
    """

    names: list[str]
    delimiter: str
    line: int
    is_comment: bool = False


def header_of(lines: Iterator[tuple[int, str]]) -> tuple[Header | None, list[tuple[int, str]]]:
    """The header, and the lines that were read beyond it."""
    given, comment = "", (0, "")
    for number, line in lines:
        text = line.lstrip("\ufeff")
        if number == 1 and (named := SEPARATOR.fullmatch(text.strip())):
            given = named[1]
        elif text.lstrip().startswith(COMMENTS):
            comment = (number, text.lstrip().lstrip("#%/").strip())
        elif text.strip():
            below = [(number, line), *itertools.islice(lines, 1)]
            delimiter = given or delimiter_of(text, below[-1][1] if len(below) > 1 else "")
            names = [name.strip() for name in cells_of(text, delimiter)]
            if comment[1] and not is_header(names):
                of_comment = given or delimiter_of(comment[1], text)
                commented = [name.strip() for name in cells_of(comment[1], of_comment)]
                if is_header(commented) and len(commented) == len(cells_of(text, of_comment)):
                    return Header(_once_each(commented), of_comment, comment[0], is_comment=True), below
            return Header(_once_each(names), delimiter, number), below[1:]
    return None, []


def header_in(head: bytes) -> list[str]:
    """The names of the columns of a file that begins so; none where it has no line."""
    lines = enumerate(text_of(head).splitlines(), start=1)
    found, _ = header_of(iter(lines))
    return found.names if found else []


def numbers_below(head: bytes, *, every: bool = False) -> bool:
    """Whether a line below the first one has a number in a cell; or each of the whole ones that has as many cells."""
    lines = [line for line in text_of(head).splitlines() if line.strip()]
    header, below = header_of(iter(enumerate(lines, start=1)))
    if header is None:
        return False
    rows = [cells_of(line, header.delimiter) for line in [line for _, line in below] + lines[header.line + 1 : -1]]
    if not every:
        return any(is_number(cell) for cells in rows for cell in cells)
    return all(len(cells) == len(header.names) for cells in rows)


class Table:
    """A table in a file, read as a stream.

    Args:
        path: The file.
        notes: Where lines that were left out are noted.

    Raises:
        NotALogError: It has no header.
    """

    def __init__(self, path: Path, notes: Notes) -> None:
        self._path, self._notes = path, notes
        self._wanted_places: set[int] = set()
        self._split: int | None = None
        self._runs: list[int] = []
        self._gaps: list[int] | None = None
        lines = ((number, line) for number, line in lines_of(path, notes, self._is_whole) if line.strip())
        self._header: Header | None = None
        header, below = header_of(lines)
        if header is None:
            raise NotALogError("it is empty, or has no whole line")
        if not is_header(header.names):
            raise NotALogError("the first line names no columns, it must be a header", line=header.line)
        self._header, self._lines = header, itertools.chain(below, lines)
        self._delimiter = header.delimiter
        self.names = header.names
        """The names of the columns."""

    def labelled(self) -> list[str]:
        """The names, with the part of the data before those of losses where a column holds it for each row.

        From then on the rows are named so too, and name their run where a column holds it.

        Raises:
            LogError: Each row is another run.
        """
        lowered = [name.lower() for name in self.names]
        splits = [index for index, name in enumerate(lowered) if name in SPLIT_NAMES]
        labels = Labels(self.names, any(words_of(name) & {"epoch", "epochs"} for name in self.names))
        if not splits and not labels.candidates:
            return self.names
        found: dict[int, dict[str, None]] = {index: {} for index in splits}
        for _, line in Table(self._path, Notes())._lines:  # the same table from its beginning
            cells = cells_of(line, self._delimiter)
            if len(cells) == len(self.names) and cells != self.names and not _is_comment(line):
                labels.add(dict(zip(self.names, cells, strict=True)))
                for index, words in found.items():
                    words[cells[index].strip()] = None
        self._split = next((index for index, words in found.items() if is_split(words)), None)
        self._runs = [self.names.index(name) for name in labels.runs()]
        if self._split is None:
            return self.names
        parts = [word for word in found[self._split] if word]
        plain = [name for index, name in enumerate(self.names) if index != self._split]
        return list(dict.fromkeys(of_split(part, name) for part in parts for name in plain))

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
        wanted = self._wanted(names, read)
        marked = self._header is not None and self._header.is_comment
        for number, given in self._lines:
            line = given
            if marked and _is_comment(given):  # a table that goes on after a restart may name its columns again
                bare = given.lstrip("#%/").strip()
                line = bare if set(cells_of(bare, self._delimiter)) & set(names) else given
            cells = self._without_gaps(cells_of(line, self._delimiter), len(names))
            if not line[:1].isdigit() and is_header(cells) and _is_another(cells, names):
                names = _once_each([name.strip() for name in cells])  # a resumed log may begin again, with others
                wanted = self._wanted(names, read)
                if not any(wanted.values()):
                    self._notes.add("names other columns: what follows is left out", number)
            elif _is_comment(line):
                continue
            elif len(cells) != len(names):
                few = "few" if len(cells) < len(names) else "many"
                self._notes.add(f"has too {few} cells, as a line that was cut: left out", number)
            else:
                row = self._row(number, cells, wanted, needed)
                if row is not None:
                    yield summed(row, sums) if parts else row

    def texts(self, *names: str) -> Iterator[tuple[int, list[str]]]:
        """The cells of some columns, with the number of the line."""
        places = [self.names.index(name) for name in names]
        self._wanted_places = set(places)
        for number, line in self._lines:
            cells = cells_of(line, self._delimiter)
            if len(cells) == len(self.names):
                yield number, [cells[place].strip() for place in places]
            elif not _is_comment(line):
                self._notes.add("has too few or too many cells: left out", number)

    def _wanted(
        self, names: Sequence[str], read: Mapping[str, Callable[[str], float | None]]
    ) -> dict[str, list[Wanted]]:
        """Where the columns are that are asked for, with what reads them; by the part of the data, if it is named."""
        split = self._split

        class Parts(dict[str, list[Wanted]]):
            def __missing__(self, part: str) -> list[Wanted]:
                labels = [name if split is None else of_split(part, name) for name in names]
                self[part] = [(index, name, read[name]) for index, name in enumerate(labels) if name in read]
                return self[part]

        wanted = Parts()
        places = [index for index, name in enumerate(names) if name in read or split is not None]
        self._wanted_places = set(places)
        if split is None:
            _ = wanted[""]
        return wanted

    def _row(
        self, number: int, cells: Sequence[str], wanted: Mapping[str, list[Wanted]], needed: Container[str | None]
    ) -> Row | None:
        values = {}
        for index, name, read in wanted["" if self._split is None else cells[self._split].strip()]:
            if cell := cells[index]:
                try:
                    value = read(cell)
                except ValueError as error:
                    if is_lost(number, name, error, needed, self._notes):
                        return None
                    continue
                if value is not None:
                    values[name] = value
        return Row(number, values, " ".join(cells[index].strip() for index in self._runs) if self._runs else "")

    def _without_gaps(self, cells: list[str], wanted: int) -> list[str]:
        """The cells without the empty ones that make them more than there are names, if each row has them there.

        Flair's tables had one tab too many in each row, and none in the header.
        """
        if len(cells) <= wanted:
            self._gaps = self._gaps or []
            return cells
        if self._gaps is None:
            empty = [index for index, cell in enumerate(cells) if not cell.strip()]
            self._gaps = empty if len(empty) == len(cells) - wanted else []
        if len(cells) - len(self._gaps) != wanted or any(cells[index].strip() for index in self._gaps):
            return cells
        return [cell for index, cell in enumerate(cells) if index not in self._gaps]

    def _is_whole(self, line: str) -> bool:
        """Whether a last line without an end is whole all the same: its last cell is closed, or nobody asks for it."""
        if self._header is None:
            return False
        cells = cells_of(line, self._delimiter)
        if len(cells) != len(self.names):
            return False
        is_closed = line.endswith('"') and line.count('"') % 2 == 0 and not line.endswith(f'{self._delimiter}"')
        return is_closed or len(cells) - 1 not in self._wanted_places


def delimiter_of(header: str, below: str = "") -> str:
    """What separates the cells: of the usual signs the most frequent in the header, outside of quotes, or else spaces.

    Args:
        header: The line of names.
        below: The line below it, which has as many words where spaces separate them.

    >>> delimiter_of("epoch;loss"), delimiter_of("epoch loss", "1 0.5"), delimiter_of("the loss", "was fine today")
    (';', ' ', ',')
    """
    bare = re.sub(r'"[^"]*"', "", header)
    delimiter = max(DELIMITERS, key=bare.count)
    if bare.count(delimiter) == 0 and len(header.split()) > 1 and len(header.split()) == len(below.split()):
        return " "
    return delimiter


def is_header(cells: Sequence[str]) -> bool:
    """Whether all cells are names: none is a number, and at least one has a letter and is no word for nothing."""
    named = any(re.search("[A-Za-z]", cell) and not _says_nothing(cell) for cell in cells)
    return named and not any(is_number(cell) for cell in cells)


def readers_of(columns: Columns, delimiter: str) -> dict[str, Callable[[str], float | None]]:
    """What reads the cells of each column that is asked for."""
    number = number_in if delimiter in ", " else DecimalSign()
    names = {role: getattr(columns, role) for role in OPTIONS}
    read = {name: seconds_in if role == "time" else number for role, name in names.items() if name is not None}
    return {**dict.fromkeys(columns.others, number), **read}


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


def cells_of(line: str, delimiter: str) -> list[str]:
    """The cells of a line."""
    if delimiter == " ":
        return line.split()
    if '"' not in line:  # as nearly always; csv takes three times as long
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:  # a cell of more than 128 kB
        return []


def is_number(cell: str) -> bool:
    """Whether a cell holds a number."""
    try:
        return number_in(cell) is not None
    except ValueError:
        return False


def _says_nothing(cell: str) -> bool:
    try:
        return number_in(cell) is None
    except ValueError:
        return False


def _is_comment(line: str) -> bool:
    return line.startswith(COMMENTS)


def _is_another(cells: Sequence[str], names: Sequence[str]) -> bool:
    """Whether a line of names is a header: it has some of the same columns, or as many."""
    stripped = {cell.strip() for cell in cells}
    return bool(stripped & set(names)) or (len(cells) == len(names) and not any(map(_says_nothing, cells)))


def _once_each(names: Sequence[str]) -> list[str]:
    """The names, numbered from the second of each on."""
    times: dict[str, int] = {}
    each = []
    for name in names:
        times[name] = times.get(name, 0) + 1
        each.append(name if times[name] == 1 or not name else f"{name} ({times[name]})")
    return each
