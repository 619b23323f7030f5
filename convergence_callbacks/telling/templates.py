"""Sentences as data: templates over a criterion's settings or evidence, and how each kind of number is written.

A criterion describes when it stops and why in two templates, so that its file needs no code for words:

    stops_when = "the loss has not improved[ by more than {min_delta}] for {patience:epochs}"
    because = "no improvement for {wait:epochs} (patience {patience})"

A part in square brackets is left out where one of its numbers has nothing to say: it is absent, None, 0, empty, or
a share (``percent``) that is not above 0.
"""

from __future__ import annotations

import math
import re
import string
from collections.abc import Callable, Iterator, Mapping

from convergence_callbacks.core.counter import Counter
from convergence_callbacks.telling import numbers

Value = float | str | None
"""What a template can be given by name."""

OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
"""A part that may be left out."""


def _plain(given: Value, _: Counter) -> str:
    return given if isinstance(given, str) else numbers.value(given, 6)


def _of(written: Callable[[float], str | None]) -> Callable[[Value, Counter], str]:
    """A kind that needs a number and no counter."""

    def in_words(given: Value, _: Counter) -> str:
        return (written(given) if isinstance(given, int | float) else given) or numbers.NONE

    return in_words


def _epochs(given: Value, counter: Counter) -> str:
    return numbers.steps(given, counter) if isinstance(given, int | float) else f"{given} {counter.noun}s"


def _epoch(given: Value, counter: Counter) -> str:
    return numbers.numbered(int(given), counter) if isinstance(given, int | float) else f"{counter.noun} {given}"


KINDS: Mapping[str, Callable[[Value, Counter], str]] = {
    "": _plain,
    "metric": lambda given, _: str(given or "the loss"),
    "value": _of(numbers.value),
    "percent": _of(numbers.percent),
    "epochs": _epochs,
    "epoch": _epoch,
    "gain": _of(lambda share: numbers.part(share, "the total gain")),
    "times": _of(numbers.times),
    "rate": _of(numbers.rate),
    "about": _of(lambda number: numbers.value(number, 2)),
    "count": _of(numbers.count),
    "hours": _of(lambda hours: f"{numbers.value(hours, 6)} {'hour' if hours == 1 else 'hours'}"),
}
"""How a number of a template is written, by the kind after its colon."""


def rendered(template: str, values: Mapping[str, Value], counter: Counter = numbers.EPOCHS) -> str:
    """A template with its numbers, in the counter of a training.

    Args:
        template: Text with ``{name}`` or ``{name:kind}``; see `KINDS`.
        values: The numbers by name; one that is missing is a dash, or leaves out the part in brackets.
        counter: What the training's steps are called.

    >>> rendered("the loss has not improved[ by more than {min_delta}] for {patience:epochs}",
    ...          {"min_delta": 0.0, "patience": 1}, Counter("evaluation"))
    'the loss has not improved for 1 evaluation'
    """

    def optional(part: re.Match[str]) -> str:
        return part[1] if all(_says(values.get(name), kind) for name, kind in fields_of(part[1])) else ""

    parts = string.Formatter().parse(OPTIONAL.sub(optional, template))
    return "".join(text + _written(name, kind, values, counter) for text, name, kind, _ in parts)


def is_complete(template: str, values: Mapping[str, Value]) -> bool:
    """Whether all numbers outside the optional parts are there.

    >>> is_complete("no improvement for {wait:epochs}[ since {best}]", {"wait": 3}), is_complete("{wait}", {})
    (True, False)
    """
    needed = (values.get(name) for name, _ in fields_of(OPTIONAL.sub("", template)))
    return all(isinstance(given, str) or (given is not None and math.isfinite(given)) for given in needed)


def fields_of(template: str) -> Iterator[tuple[str, str]]:
    """The names that a template asks for, each with its kind.

    >>> list(fields_of("{wait:epochs} (patience {patience})"))
    [('wait', 'epochs'), ('patience', '')]
    """
    for _, name, kind, _ in string.Formatter().parse(template):
        if name is not None:
            yield name, kind or ""


def _written(name: str | None, kind: str | None, values: Mapping[str, Value], counter: Counter) -> str:
    return "" if name is None else KINDS[kind or ""](values.get(name), counter)


def _says(given: Value, kind: str) -> bool:
    """Whether a number is worth a part of the sentence."""
    if given is None or isinstance(given, str):
        return bool(given)
    return math.isfinite(given) and (given > 0 if kind == "percent" else given != 0)
