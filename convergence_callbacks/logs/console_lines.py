"""The records of many lines: those that differ in their numbers alone are analysed once."""

from __future__ import annotations

import functools
import itertools
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from typing import NamedTuple

from convergence_callbacks.logs.console_line import (
    LONGEST,
    LONGEST_OVERWRITTEN,
    PARTS_HEADER,
    PROGRESS,
    STAMP,
    Record,
    parts_row,
    record_of,
    time_of,
    visible,
)

INTERESTING = re.compile(
    r"loss|epoch|step|iter|nll|ppl|perplexity|entropy|bp[bc]|\blr\b|rate|train|val"
    r"|\blearn:|\bt[er]l:|\bl_[a-z]|\dm \d+s \(|^\s*\d+/\d+ - ",
    re.IGNORECASE,
)
"""What a line has that may matter, beside a digit; most of a long log need no more."""

DIGIT = re.compile(r"\d")

DIGITS = re.compile(r"\d(?<![\w@]\d)\d*")
"""Digits that are no part of a word; what is left of a line without them is its shape."""

TOKEN = re.compile(r"[.\d](?<![\w@.][.\d])(?:(?<=\d)\d*(?:\.\d*)?|(?<=\.)\d+)(?:[eE][+-]?\d+)?")
"""A number as it is written, whatever stands around it."""

MARKED = re.compile(r"\d,\d")
"""A number in which a comma ends thousands, or two numbers."""

BEST_ROUND = re.compile(r"best iteration(?: is)?:\s*$", re.IGNORECASE)
"""What XGBoost and LightGBM print at an early stop, with the line of the best round behind it."""

REMEMBERED = 4096
"""Shapes of lines that are remembered: a log has few, again and again."""

AT_ONCE = 1_000
"""Lines of which the numbers are found at once."""

STAND_IN = 7_770_001
"""The number that stands for the first one of a line; none of a log is likely to begin so."""


class Seen(Enum):
    """What a shape may be beside a template."""

    ONCE = "there was one line of it"
    NOTHING = "its lines hold nothing"
    VARIES = "what its lines hold does not follow from their shape"


class Place(NamedTuple):
    """Where a number of a record is from: the number of that place in the line, or always the same one."""

    at: int
    sign: float
    value: float = math.nan


class Template(NamedTuple):
    """What all lines of a shape hold, with the places of their numbers.

    Args:
        values: The places of the numbers, by their names.
        epoch: That of the epoch.
        step: That of the step.
        whole: Those of how many epochs and steps there are to be, and how many batches the bar is of.
        record: What else they hold.
    """

    values: tuple[tuple[str, Place], ...]
    epoch: Place | None
    step: Place | None
    whole: tuple[Place | None, Place | None, Place | None]
    record: Record

    def filled(self, number: int, line: str, time: float, numbers: Sequence[str]) -> Record:
        """The record of a line.

        Args:
            number: The number of the line.
            line: The line.
            time: The time in front of it.
            numbers: All numbers in it, as they are written.
        """
        values = {name: sign * float(numbers[at]) if at >= 0 else value for name, (at, sign, value) in self.values}
        epoch, step, like = self.epoch, self.step, self.record
        epochs, steps, bar = self.whole
        return Record(
            number,
            values,
            None if epoch is None else epoch.sign * float(numbers[epoch.at]),
            None if step is None else step.sign * float(numbers[step.at]),
            time,
            None if epochs is None else int(numbers[epochs.at]),
            None if steps is None else int(numbers[steps.at]),
            like.kind,
            like.is_part,
            like.has_means,
            0 if bar is None else int(numbers[bar.at]),
            like.pattern,
            line,
            like.label,
        )


class LineShapes:
    """Reads lines; those of a shape that was seen before without looking at their words again."""

    def __init__(self) -> None:
        self._shapes: dict[str, Template | Seen] = {}

    def template(self, shape: str) -> Template | None:
        """The template of the lines of a shape, None where there is none."""
        seen = self._shapes.get(shape)
        return seen if isinstance(seen, Template) else None

    def records(self, number: int, line: str, shape: str) -> Sequence[Record]:
        """The records of a line whose shape has no template: mostly one or none, more where it was overwritten."""
        if self._shapes.get(shape) is Seen.NOTHING:
            return ()
        if "\r" in line or "\x1b" in line or "\x08" in line:  # it is not as it is seen on a terminal in the end
            return _records(number, line) if _interests(line) else ()
        if (stamp := STAMP.match(line)) is not None:
            return self._behind(stamp, number, line)
        return self._unknown(number, line, shape, line)

    def _behind(self, stamp: re.Match[str], number: int, line: str) -> Sequence[Record]:
        """The records of a line with a time in front, by the shape of what is behind it."""
        body = line[stamp.end() :]
        shape = f"\0{DIGITS.sub('0', body)}"  # a time makes a difference to some lines
        if (template := self.template(shape)) is not None:
            return (template.filled(number, line, time_of(stamp), TOKEN.findall(body)),)
        return () if self._shapes.get(shape) is Seen.NOTHING else self._unknown(number, line, shape, body)

    def _unknown(self, number: int, line: str, shape: str, body: str) -> Sequence[Record]:
        """The records of a line of a new shape, which is remembered; at its second line it is learnt."""
        seen = self._shapes.get(shape)
        if len(self._shapes) >= REMEMBERED:
            self._shapes.clear()
        if not _interests(line):
            self._shapes[shape] = Seen.NOTHING
            return ()
        self._shapes[shape] = _learnt(line, body) if seen is Seen.ONCE else seen or Seen.ONCE
        return _records(number, line)


def records_in(lines: Iterable[tuple[int, str]]) -> Iterator[Record]:
    """What each line holds, without those that hold nothing."""
    shapes = LineShapes()
    parts: list[str] = []
    is_best = False
    rest = iter(lines)
    while some := list(itertools.islice(rest, AT_ONCE)):
        cut = [line if len(line) <= LONGEST else _cut(line) for _, line in some]
        text = "\n".join(cut)
        numbers, at = TOKEN.findall(text), 0
        for (number, whole), line, shape in zip(some, cut, DIGITS.sub("0", text).split("\n"), strict=True):
            if "poch" in line and "_mem" in line.lower() and (header := PARTS_HEADER.search(whole)):
                parts = header["names"].lower().split()
            elif parts and (row := parts_row(number, whole, parts)):
                yield row
            begins, at = at, at + _numbers_in(shape)
            if is_best:  # the line of an earlier round once more
                is_best = False
                continue
            is_best = "est iteration" in line and BEST_ROUND.search(line) is not None
            template = shapes.template(shape)
            if template is None:
                yield from shapes.records(number, line, shape)
            else:
                yield template.filled(number, line, math.nan, numbers[begins:at])


def _cut(line: str) -> str:
    """What is looked at of a long line: its beginning, or its end where it was overwritten."""
    return line[-LONGEST_OVERWRITTEN:] if "\r" in line else line[:LONGEST]


@functools.lru_cache(maxsize=REMEMBERED)
def _numbers_in(shape: str) -> int:
    """How many numbers the lines of a shape have."""
    return len(TOKEN.findall(shape))


def _records(number: int, line: str) -> list[Record]:
    return [record for part in visible(line) if (record := record_of(number, part)) is not None]


def _interests(line: str) -> bool:
    return INTERESTING.search(line) is not None and DIGIT.search(line) is not None


def _learnt(line: str, body: str) -> Template | Seen:
    """What the shape of a line holds, found with a line of that shape in which each number is another."""
    if PROGRESS.search(line) or MARKED.search(line):
        return Seen.VARIES  # by how full the bar is, or by how many digits are behind a comma
    numbers = TOKEN.findall(body)
    others = [_stand_in(index, written) for index, written in enumerate(numbers)]
    rest = iter(others)
    like = record_of(0, line[: len(line) - len(body)] + TOKEN.sub(lambda _: next(rest), body))
    record = record_of(0, line)
    if like is None or record is None:
        return Seen.NOTHING if like is record else Seen.VARIES
    template = _template(like, {float(other): index for index, other in enumerate(others)})
    is_right = template is not None and _are_same(template.filled(0, line, record.time, numbers), record)
    return template if template is not None and is_right else Seen.VARIES


def _stand_in(index: int, written: str) -> str:
    """Another number, written in the same way."""
    number = str(STAND_IN + index)
    whole, point, part = written.lower().partition("e")[0].partition(".")
    power = re.search(r"[eE][+-]?", written)
    return (number if whole else "") + point + (number if part else "") + (f"{power[0]}1" if power else "")


def _template(like: Record, places: dict[float, int]) -> Template | None:
    """The template of a record; None where a number or a name in it is none of the stand-ins alone."""

    def place(number: float) -> Place:
        is_written = not math.isfinite(number)  # it is part of the shape
        return Place(-1, 1.0, number) if is_written else Place(places[abs(number)], math.copysign(1.0, number))

    def place_of(counter: float | None) -> Place | None:
        return None if counter is None else place(counter)

    if any(DIGITS.search(name) for name in like.values):
        return None
    try:
        values = tuple((name, place(number)) for name, number in like.values.items())
        epoch, step, epochs, steps, bar = map(
            place_of, (like.epoch, like.step, like.epochs, like.steps, like.bar or None)
        )
    except KeyError:
        return None
    return Template(values, epoch, step, (epochs, steps, bar), like)


def _are_same(one: Record, other: Record) -> bool:
    """Whether two records are equal; NaN is equal to itself."""
    return repr(one) == repr(other)
