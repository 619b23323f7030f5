"""A history in one JSON document: Keras's ``history.history``, or a list of epochs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from convergence_callbacks.logs.columns import ColumnChoice, find_columns
from convergence_callbacks.logs.errors import LogError, NotALogError
from convergence_callbacks.logs.json_text import document_in, flat, is_number, row_of
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.reader import Reader
from convergence_callbacks.logs.rows import runs_of
from convergence_callbacks.logs.run import Run


class HistoryJson(Reader):
    """Reads an object of lists, one a metric, or a list of objects, one an epoch; also one level below the top."""

    name: ClassVar[str] = "JSON history"

    def recognises(self, path: Path, head: bytes) -> bool:
        """Any JSON document; that it is no history is found in reading."""
        return path.suffix.lower() == ".json" and head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0")[:1] in {b"{", b"["}

    def read(self, path: Path, choice: ColumnChoice) -> Iterator[Run]:
        """The run of a document."""
        records = records_in(document_in(path))
        if not records:
            raise NotALogError("it holds neither a list of numbers for each metric nor a list of epochs")
        names = {name: None for record in records for name, value in flat(record) if is_number(value)}
        columns, notes = find_columns(names, choice), Notes()
        rows = [row_of(number, record, columns, notes) for number, record in enumerate(records, start=1)]
        yield from runs_of(path, self.name, columns, (row for row in rows if row is not None), notes)


def records_in(document: Any) -> Sequence[Mapping[str, Any]]:
    """An object for each epoch, none where the document is no history."""
    inner = list(document.values()) if isinstance(document, dict) else []
    for candidate in [document, *inner]:
        if isinstance(candidate, list) and candidate and all(isinstance(each, dict) for each in candidate):
            return candidate
        if isinstance(candidate, dict) and (series := _series(candidate)):
            return _transposed(series)
    return []


def _series(document: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The lists of numbers, also as pandas writes them: objects with the row's number for a key."""
    found = {}
    for name, value in document.items():
        if isinstance(value, dict) and value and all(key.isdigit() for key in value):
            value = [value[key] for key in sorted(value, key=int)]  # noqa: PLW2901  # the same in another form
        if isinstance(value, list) and value and all(each is None or is_number(each) for each in value):
            found[name] = value
    return found


def _transposed(series: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    """An object for each epoch.

    Raises:
        LogError: The lists differ in length, so that nobody knows which epochs the shorter ones are of.
    """
    lengths = {name: len(values) for name, values in series.items()}
    longest = max(lengths.values())
    losses = {name: length for name, length in lengths.items() if "loss" in name.lower()} or lengths
    if len(set(losses.values())) > 1:
        listed = ", ".join(f"{name!r} {length}" for name, length in losses.items())
        raise LogError(f"the lists differ in length, and no list tells the epochs: {listed}")
    whole = {name: values for name, values in series.items() if len(values) == next(iter(losses.values()))}
    return [{name: values[index] for name, values in whole.items()} for index in range(min(longest, *losses.values()))]
