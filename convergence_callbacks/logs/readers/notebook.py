"""Jupyter notebooks: what the cells printed, and the tables of Hugging Face's and fastai's progress."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, ClassVar

from convergence_callbacks.logs.assumption import Assumption, Inference
from convergence_callbacks.logs.columns import ColumnChoice, find_columns
from convergence_callbacks.logs.console import runs_in
from convergence_callbacks.logs.errors import LogError, NotALogError
from convergence_callbacks.logs.json_text import document_in, row_of
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.reader import LIKELY, Claim, Reader
from convergence_callbacks.logs.rows import runs_of
from convergence_callbacks.logs.run import Run

MOST_CELLS = 100_000
"""Cells of a table, at most."""


class Notebook(Reader):
    """Reads the outputs of each cell as a training of its own; it runs nothing."""

    name: ClassVar[str] = "notebook"

    def recognise(self, path: Path, head: bytes) -> Claim | None:
        """The name of a notebook, and a JSON document."""
        is_one = path.suffix.lower() == ".ipynb" and head.lstrip().startswith(b"{")
        return Claim(LIKELY, "a notebook with outputs") if is_one else None

    def read(self, path: Path, choice: ColumnChoice) -> Iterator[Run]:
        """The runs of all cells."""
        document = document_in(path)
        cells = document.get("cells") if isinstance(document, dict) else None
        if not isinstance(cells, list):
            raise NotALogError("it is no notebook of version 4: it has no cells")
        runs, problems = list[Run](), list[LogError]()
        for number, cell in enumerate(cells, start=1):
            try:
                runs += self._of_cell(path, number, cell, choice)
            except NotALogError:
                continue
            except LogError as error:
                problems.append(LogError(f"cell {number}: {error.message}"))
        if not runs:
            raise problems[0] if problems else NotALogError("no output of its cells holds losses")
        unread = tuple(Assumption(Inference.NOT_READ, others=(problem.message,)) for problem in problems)
        yield from (dataclasses.replace(run, assumed=(*run.assumed, *unread)) for run in runs)

    def _of_cell(self, path: Path, number: int, cell: Any, choice: ColumnChoice) -> Iterator[Run]:
        outputs = cell.get("outputs") if isinstance(cell, dict) else None
        if not isinstance(outputs, list):
            return
        given = [each for each in outputs if isinstance(each, dict)]
        tables = [table for output in given for table in tables_in(_html(output))]
        tables = [table for table in tables if table]
        name = f"cell {number}"
        for table in tables:
            try:
                columns, notes = find_columns(list(table[0]), choice), Notes()
            except NotALogError:  # another table, as of scores
                continue
            rows = (row_of(line, row, columns, notes) for line, row in enumerate(table, start=1))
            yield from runs_of(path, self.name, columns, (row for row in rows if row is not None), notes, name=name)
            return
        text = "".join(_text(output) for output in given)
        lines = list(enumerate(text.split("\n"), start=1))
        yield from runs_in(path, self.name, lambda: iter(lines), choice, name=name)


def tables_in(html: str) -> list[list[Mapping[str, str]]]:
    """The tables of an HTML text: a row by the names of its columns.

    >>> tables_in("<table><tr><th>Epoch</th></tr><tr><td>1</td></tr></table>")
    [[{'Epoch': '1'}]]
    """
    parser = _Tables()
    parser.feed(html)
    tables: list[list[Mapping[str, str]]] = []
    for header, *rows in (table for table in parser.tables if table):
        tables.append([dict(zip(header, row, strict=True)) for row in rows if len(row) == len(header)])
    return tables


class _Tables(HTMLParser):
    """Gathers the texts of the cells of all tables."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self._cells = 0
        self._is_in_cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a table, a row or a cell."""
        if tag == "table":
            self.tables.append([])
        elif tag == "tr" and self.tables:
            self.tables[-1].append([])
        elif tag in {"td", "th"} and self.tables and self.tables[-1] and self._cells < MOST_CELLS:
            self.tables[-1][-1].append("")
            self._cells += 1
            self._is_in_cell = True

    def handle_endtag(self, tag: str) -> None:
        """End a cell."""
        if tag in {"td", "th", "tr", "table"}:
            self._is_in_cell = False

    def handle_data(self, data: str) -> None:
        """Add to the text of a cell."""
        if self._is_in_cell:
            self.tables[-1][-1][-1] += data.strip()


def _text(output: Mapping[str, Any]) -> str:
    """What an output printed, with a line's end behind it."""
    if output.get("output_type") != "stream":
        return ""
    text = output.get("text")
    joined = "".join(map(str, text)) if isinstance(text, list) else str(text or "")
    return joined if output.get("name") == "stdout" else f"{joined}\n"


def _html(output: Mapping[str, Any]) -> str:
    data = output.get("data")
    html = data.get("text/html") if isinstance(data, dict) else None
    return "".join(map(str, html)) if isinstance(html, list) else str(html or "")
