"""A YAML document as plain values, with the place of each of them in the file."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

MAX_DEPTH = 20
"""Levels of nesting; criteria joined in criteria need six or seven."""

At = tuple[str | int, ...]
"""Keys and indices that lead from the top of a document to a value."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something is in a file; both are counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a file, and where."""

    message: str
    place: Place
    is_syntax: bool = False


@dataclass
class Document:
    """The contents of a settings file, with the place of each value.

    Args:
        value: Plain Python values; empty where nothing could be read.
        places: Where each value is: its key in a mapping, its first character in a list.
        problems: Whatever makes the document unfit for settings.
    """

    value: dict[str, Any] = field(default_factory=dict)
    places: dict[At, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def place_of(self, at: At) -> Place:
        """The place of a value, or of the nearest one around it that the file has."""
        around = (at[:length] for length in range(len(at), 0, -1))
        return next((self.places[path] for path in around if path in self.places), Place(1, 1))


def parse(text: str) -> Document:
    """Read a YAML 1.2 document whose top level is a mapping, or that is empty.

    Only plain values are read, by the core schema of YAML 1.2: no tags, so that no file can make a Python
    object, and no aliases, so that no small file can stand for a huge one.
    """
    return _Reader(text).document


class _UnreadableError(Exception):
    """The rest of the document can't be parsed."""

    def __init__(self, message: str, place: Place) -> None:
        super().__init__(message)
        self.problem = Problem(message, place, is_syntax=True)


class _Reader:
    """Builds a document from the parser's events, and notes what is wrong on the way."""

    def __init__(self, text: str) -> None:
        self.document = Document()
        self._events = _events(text)
        try:
            self._read()
        except _UnreadableError as error:
            self.document.value = {}
            self.document.problems.append(error.problem)

    def _read(self) -> None:
        starts = 0
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                starts += 1
                if starts > 1:
                    raise _UnreadableError("a settings file is one document, here begins a second", _place(event))
            elif isinstance(event, NodeEvent):
                self._take_top(event)

    def _take_top(self, event: NodeEvent) -> None:
        value = self._value(event, ())
        if isinstance(value, dict):
            self.document.value = value
        elif value is not None:
            self._note(f"a settings file holds lines such as 'tolerance: 0.01', not {_kind(value)}", event)

    def _value(self, event: Event, at: At) -> Any:
        if isinstance(event, AliasEvent):
            self._note(f"aliases (*{event.anchor}) are not read in a settings file; write the value itself", event, at)
            return None
        if getattr(event, "tag", None):
            self._note(f"tags ({_short_tag(event)}) are not read in a settings file; write the value alone", event, at)
        if len(at) > MAX_DEPTH:
            raise _UnreadableError(f"nested more than {MAX_DEPTH} levels deep", _place(event))
        if isinstance(event, MappingStartEvent):
            return self._mapping(at)
        if isinstance(event, SequenceStartEvent):
            return self._list(at)
        return self._scalar(event, at)

    def _mapping(self, at: At) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for event in self._until(MappingEndEvent):
            key, place = self._value(event, (*at, "")), _place(event)
            is_new = isinstance(key, str) and key not in values
            if is_new:
                self.document.places[*at, key] = place
            value = self._value(next(self._events), (*at, key if is_new else ""))
            if is_new:
                values[key] = value
            elif isinstance(key, str):
                first = self.document.places[*at, key].line
                self._note(f"setting {key!r} is given twice, first in line {first}", event)
            else:
                self._note(f"the name of a setting is a text, got {_kind(key)}", event)
        return values

    def _list(self, at: At) -> list[Any]:
        values: list[Any] = []
        for event in self._until(SequenceEndEvent):
            path = (*at, len(values))
            self.document.places[path] = _place(event)
            values.append(self._value(event, path))
        return values

    def _scalar(self, event: Event, at: At) -> Any:
        assert isinstance(event, ScalarEvent)
        if not event.implicit[0]:  # in quotes, or a block of text
            return event.value
        value = _resolved(event.value)
        if isinstance(value, int) and abs(value) > _LARGEST:
            self._note(f"no number is as large as {event.value[:12]}…", event, at)
            return None
        return value

    def _until(self, end: type[Event]) -> Iterator[Event]:
        for event in self._events:
            if isinstance(event, end):
                return
            yield event

    def _note(self, message: str, event: Event, at: At = ()) -> None:
        """Note a problem where the value's name is, or else where the value itself begins."""
        self.document.problems.append(Problem(message, self.document.places.get(at) or _place(event)))


def _events(text: str) -> Iterator[Event]:
    try:
        yield from YAML(typ="safe", pure=True).parse(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _UnreadableError(_sentence(error), Place(mark.line + 1, mark.column + 1)) from None
    except ReaderError as error:
        message = f"the character #x{error.character:02x} is not allowed in YAML"
        raise _UnreadableError(message, place_in(text[: error.position])) from None
    except (YAMLError, ValueError, OverflowError) as error:  # the parser's own slips, such as over "\UFFFFFFFF"
        raise _UnreadableError(f"no valid YAML: {error}", Place(1, 1)) from None


def place_in(before: str) -> Place:
    """The place right after a piece of text."""
    return Place(before.count("\n") + 1, len(before) - before.rfind("\n"))


def _sentence(error: MarkedYAMLError) -> str:
    parts = [str(part) for part in (error.context, error.problem) if part]
    return "no valid YAML: " + ", ".join(parts)


def _place(event: Event) -> Place:
    mark = event.start_mark
    assert isinstance(mark, StringMark)
    return Place(mark.line + 1, mark.column + 1)


def _short_tag(event: Event) -> str:
    return str(getattr(event, "tag", "")).replace("tag:yaml.org,2002:", "!!")


def _kind(value: Any) -> str:
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a mapping"
    return "nothing" if value is None else repr(value)


_LARGEST = 10**300
"""Beyond it a whole number is no longer within the range of floating-point numbers."""


def _integer(text: str) -> int:
    if text[:2] in ("0o", "0x"):
        return int(text, 0)
    return int(text) if len(text) < 400 else 10 * _LARGEST  # Python refuses to read thousands of digits


_CORE_SCHEMA: tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...] = (
    (re.compile(r"null|Null|NULL|~|"), lambda text: None),
    (re.compile(r"true|True|TRUE"), lambda text: True),
    (re.compile(r"false|False|FALSE"), lambda text: False),
    (re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"), _integer),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), float),
    (re.compile(r"[-+]?\.(inf|Inf|INF)"), lambda text: -math.inf if text.startswith("-") else math.inf),
    (re.compile(r"\.(nan|NaN|NAN)"), lambda text: math.nan),
)
"""What a plain scalar stands for: YAML 1.2.2, section 10.3.2. All else is text, "off" and "1_000" too."""


def _resolved(text: str) -> Any:
    return next((value(text) for pattern, value in _CORE_SCHEMA if pattern.fullmatch(text)), text)
