"""A history in one JSON document: Keras's ``history.history``, or a list of epochs."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from convergence_callbacks.logs.columns import ColumnChoice, find_columns
from convergence_callbacks.logs.errors import LogError, NotALogError
from convergence_callbacks.logs.json_text import document_in, flat, is_number, row_of
from convergence_callbacks.logs.labels import SPLITS
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.reader import GUESS, LIKELY, POSSIBLE, Claim, Reader
from convergence_callbacks.logs.rows import runs_of
from convergence_callbacks.logs.run import Run

STATE_OF_LUDWIG = "training_progress.json"
"""What Ludwig resumes from: it holds the losses of ``training_statistics.json`` beside it again."""

History = Mapping[str, list[Any]] | list[dict[str, Any]]
"""Lists of numbers by metric, or an object an epoch."""


class HistoryJson(Reader):
    """Reads an object of lists, one a metric, or a list of objects, one an epoch; also one level below the top.

    Several such objects, as of the folds of a cross-validation, are a run each.
    """

    name: ClassVar[str] = "JSON history"

    def recognise(self, path: Path, head: bytes) -> Claim | None:
        """Any JSON document; that it is no history is found in reading."""
        begins = head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0")[:1] in {b"{", b"["}
        if not begins or path.suffix.lower() not in {".json", ""} or path.name == STATE_OF_LUDWIG:
            return None
        if re.match(rb"\s*\[\s*\{\s*\"", head):  # Chainer calls its own "log"
            return Claim(LIKELY, "a list of JSON objects")
        return Claim(POSSIBLE if path.suffix else GUESS, "a JSON document")

    def read(self, path: Path, choice: ColumnChoice) -> Iterator[Run]:
        """The runs of a document; one that can't be read is noted at the others."""
        yield from runs_of_document(path, self.name, document_in(path), choice)


def runs_of_document(path: Path, format_: str, document: Any, choice: ColumnChoice) -> Iterator[Run]:
    """The runs of a document of plain data; one that can't be read is noted at the others."""
    histories = histories_in(document, choice)
    if not histories:
        raise NotALogError("it holds neither a list of numbers for each metric nor a list of epochs")
    runs, problems = list[Run](), list[LogError]()
    for key, history in histories.items():
        try:
            runs += _read_run(path, format_, key if len(histories) > 1 else "", history, choice)
        except LogError as error:
            problems.append(error if len(histories) == 1 else type(error)(f"{key!r}: {error.message}"))
    if not runs:
        raise problems[0]
    left_out = tuple(f"left out: {problem.message}" for problem in problems)
    yield from (dataclasses.replace(run, notes=(*run.notes, *left_out)) for run in runs)


def _read_run(path: Path, format_: str, name: str, history: History, choice: ColumnChoice) -> Iterator[Run]:
    columns, notes = find_columns(_names(history), choice), Notes()
    records = history if isinstance(history, list) else _transposed(history)
    rows = [row_of(number, record, columns, notes) for number, record in enumerate(records, start=1)]
    yield from runs_of(path, format_, columns, (row for row in rows if row is not None), notes, name=name)


def histories_in(document: Any, choice: ColumnChoice) -> dict[str, History]:
    """What has a loss, by its key: the document itself, or else what is in it; the first history where none has one."""
    whole = _history(document) if not _numbered(document) else None
    if whole and _has_loss(whole, choice):
        return {"": whole}
    inner = document.items() if isinstance(document, dict) else _numbered(document)
    found = {key: history for key, value in inner if (history := _history(_flattened(key, value)))}
    with_loss = _side_by_side({key: history for key, history in found.items() if _has_loss(history, choice)})
    first = [whole, *found.values()] if whole else list(found.values())
    return with_loss or ({"": first[0]} if first else {})


def _numbered(document: Any) -> list[tuple[str, Any]]:
    """The histories of a list of several, as of folds, by their numbers; none where it is a list of epochs."""
    listed = document if isinstance(document, list) else []
    for each in listed:  # what an epoch has beside its numbers, as the norms of its gradients, is no history
        if not isinstance(each, dict) or not _series(each) or any(map(is_number, each.values())):
            return []
    return [(str(number), each) for number, each in enumerate(listed, start=1)]


def _history(value: Any) -> History | None:
    """A value as a history, None where it can't be one."""
    if isinstance(value, list):
        return value if value and all(isinstance(each, dict) for each in value) else None
    return (_series(value) or None) if isinstance(value, dict) else None


def _flattened(key: str, value: Any) -> Any:
    """A part of the data with what each output of the model has of its own beside what it has itself.

    Ludwig writes ``{"training": {"combined": {"loss": […]}}}``; of anything else, as of folds, each part is a history.
    """
    if key.lower() not in SPLITS or not isinstance(value, dict):
        return value
    outputs = {name: each for name, each in value.items() if isinstance(each, dict) and not all(map(str.isdigit, each))}
    return {
        **value,
        **{f"{name}/{metric}": each for name, output in outputs.items() for metric, each in output.items()},
    }


def _names(history: History) -> list[str]:
    """The names of all numbers."""
    if isinstance(history, list):
        return list(dict.fromkeys(name for record in history for name, value in flat(record) if is_number(value)))
    return list(history)


def _has_loss(history: History, choice: ColumnChoice) -> bool:
    """Whether there is a loss, or what the user named as one."""
    names = _names(history)
    try:
        return bool({choice.train, choice.val} & set(names)) or bool(find_columns(names))
    except NotALogError:
        return False
    except LogError:  # there are several
        return True


def _side_by_side(histories: Mapping[str, History]) -> dict[str, History]:
    """The histories, with those of training and validation as one run.

    Raises:
        LogError: They differ in length, so that nobody knows what belongs together.
    """
    parts = {key: history for key, history in histories.items() if key.lower() in SPLITS}
    if len(parts) < 2:
        return dict(histories)
    records = {key: part if isinstance(part, list) else _transposed(part) for key, part in parts.items()}
    if len({len(each) for each in records.values()}) > 1:
        raise LogError(f"these differ in length: {', '.join(f'{key!r} {len(each)}' for key, each in records.items())}")
    joined = [dict(zip(records, each, strict=True)) for each in zip(*records.values(), strict=True)]
    return {**{key: history for key, history in histories.items() if key not in parts}, "": joined}


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
        raise LogError(f"the lists differ in length, and no list counts the epochs: {listed}")
    whole = {name: values for name, values in series.items() if len(values) == next(iter(losses.values()))}
    return [{name: values[index] for name, values in whole.items()} for index in range(min(longest, *losses.values()))]
