"""Rows of named numbers: what every format comes down to."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from convergence_callbacks.logs.columns import Columns
from convergence_callbacks.logs.notes import Notes

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_TENSOR = re.compile(r"^(?:tf\.Tensor|tensor)\(([-+.\deE]+|nan|-?inf)(?:, [^()]*(?:\(\))?[^()]*)?\)$")
"""A single number as PyTorch and TensorFlow print it, where a script forgot ``.item()``."""
_NOT_FINITE = {"nan": math.nan, "inf": math.inf, "infinity": math.inf}
_MISSING = frozenset({"", "none", "null", "n/a", "na", "-", "--", "#n/a", "no log"})
"""Words for nothing; Hugging Face writes "No log" where no train loss was logged yet."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one line of a log holds.

    Args:
        line: Where it is; a line of the file, or the row's number where the file has no lines.
        values: Numbers by column; a column that is empty here is left out.
        run: The run that it is of, where a log holds several side by side.
    """

    line: int
    values: Mapping[str, float]
    run: str = ""


def needed_of(columns: Columns) -> set[str | None]:
    """The columns without which a row is of no use: those of the losses, and what the rows count by."""
    return {columns.train, columns.val, columns.epoch or columns.step}


def is_lost(line: int, name: str, error: ValueError, needed: Container[str | None], notes: Notes) -> bool:
    """Whether a row is left out for what is no number in it, or read without; either is noted."""
    lost = name in needed
    what = f"is left out, since in {name!r} {error}" if lost else f"is read without {name!r}, since {error}"
    notes.add(what, line, kind=f"in {name!r}", is_lost=lost)
    return lost


def summed(row: Row, sums: Mapping[str, Sequence[str]]) -> Row:
    """The row with each sum of which all parts are there; Ultralytics writes 0 for all where it did not validate.

    Args:
        row: The row.
        sums: The names of the parts, by that of their sum.
    """
    values = dict(row.values)
    for name, parts in sums.items():
        if all(part in values for part in parts) and any(values[part] for part in parts):
            values[name] = sum(values[part] for part in parts)
    return Row(row.line, values, row.run)


def number_in(value: Any) -> float | None:
    """A number as it is or as it is written; None where there is none.

    Raises:
        ValueError: It is something else.

    >>> number_in(" 1e-3"), number_in("-inf"), number_in(""), number_in("tensor(0.5, device='cuda:0')")
    (0.001, -inf, None, 0.5)
    >>> number_in("0,5")
    Traceback (most recent call last):
    ValueError: '0,5' is no number
    """
    if isinstance(value, str):
        if _NUMBER.fullmatch(value):
            return float(value)
        text = _TENSOR.sub(r"\1", value.strip())
        if _NUMBER.fullmatch(text):
            return float(text)
        if text.lower() in _MISSING:
            return None
        sign = -1.0 if text.startswith("-") else 1.0
        constant = _NOT_FINITE.get(text.lower().lstrip("+-"))
        if constant is not None:
            return sign * constant
    elif value is None:
        return None
    elif isinstance(value, int | float) and not isinstance(value, bool):
        return _float(value)
    raise ValueError(f"{_short(value)} is no number")


def seconds_in(value: Any) -> float | None:
    """Seconds from a number, a duration ``1 day, 1:02:03`` or ``02:03``, or a time of day as ISO 8601 writes it.

    Raises:
        ValueError: It is something else.

    >>> seconds_in("1 day, 1:00:05"), seconds_in("00:12"), seconds_in("2024-05-01 00:00:00+00:00")
    (90005.0, 12.0, 1714521600.0)
    """
    try:
        return number_in(value)
    except ValueError:
        if not isinstance(value, str):
            raise
    found = re.fullmatch(r"(?:(\d+) days?, )?((?:\d+:[0-5]\d|\d+):[0-5]\d(?:\.\d+)?)", value.strip(), re.ASCII)
    if found:
        *hours, minutes, seconds = found[2].split(":")
        return 86_400.0 * int(found[1] or 0) + 3600.0 * sum(map(int, hours)) + 60 * int(minutes) + float(seconds)
    try:
        when = datetime.datetime.fromisoformat(value.strip())
    except ValueError:
        raise ValueError(f"{_short(value)} is no time") from None
    return when.replace(tzinfo=when.tzinfo or datetime.UTC).timestamp()


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # a whole number beyond what a float holds
        return math.inf if value > 0 else -math.inf


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}…"
