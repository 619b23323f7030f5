"""What a logged number is, by its name: on which data it was measured, what it measures, and which way it improves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal, NamedTuple

from convergence_callbacks.metrics import vocabulary as words

Direction = Literal["min", "max"]
Role = Literal["train", "validation", "test"]
Kind = Literal["loss", "error", "score"]
Certainty = Literal["stated", "listed", "likely"]

_DIGITS = "0123456789"

_ONE_MINUS = re.compile(r"^(\s*|(?:val|dev)[_/\s]+)1\s*-", re.IGNORECASE)
"""What turns a name round, as in ``1-acc`` and ``val_1-acc``; ``validation_1-auc`` is of a second data set."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Meaning:
    """What a name says; None where it does not say.

    Args:
        role: The data that it was measured on.
        kind: ``loss`` where it is called so, ``error`` for another measure of which less is better, ``score`` for one
            of which more is.
        direction: Whether less or more of it is better.
        per: Whether it was taken over an epoch, or of a single step.
        certainty: How the direction is known: ``stated`` by the framework, ``listed`` for a metric of a library,
            ``likely`` by a word among others.
        measure: The words that say what was measured, without role and ``per``.
        special: Those of them that distinguish it from the whole loss: a part of a sum has some.
    """

    role: Role | None
    kind: Kind | None
    direction: Direction | None
    per: Literal["step", "epoch"] | None
    certainty: Certainty | None
    measure: frozenset[str]
    special: frozenset[str]


def meaning(name: str, *, rises: bool | None = None) -> Meaning:
    """What a logged name means.

    Args:
        name: As it was logged.
        rises: Whether more of it is better, where the framework says so itself.

    >>> meaning("val/loss_epoch").role, meaning("val/loss_epoch").direction, meaning("val/loss_epoch").per
    ('validation', 'min', 'epoch')
    >>> meaning("metrics/mAP50-95(B)").direction, meaning("metrics/precision(error)").direction
    ('max', 'max')
    >>> meaning("val_score").direction, meaning("val_score", rises=True).direction
    (None, 'max')
    """
    found = _meaning(str(name))
    if rises is None:
        return found
    kind: Kind = "score" if rises else found.kind if found.kind in ("loss", "error") else "error"
    return Meaning(
        role=found.role,
        kind=kind,
        direction="max" if rises else "min",
        per=found.per,
        certainty="stated",
        measure=found.measure,
        special=found.special,
    )


@lru_cache(maxsize=4096)
def _meaning(name: str) -> Meaning:
    segments = [_tokens(segment) for segment in _segments(name)]
    if (whole := "".join(token for segment in segments for token in segment)) in _directions():
        segments = [[whole]]  # such as trec_eval: the word for validation is part of the metric's name
    every = [token for segment in segments for token in segment]
    rest = [tuple(_without_data(segment)) for segment in segments]
    measure = frozenset(token for segment in rest for token in segment)
    kind, direction, certainty = _improves([segment for segment in rest if segment])
    return Meaning(
        role=_role(every),
        kind=kind,
        direction=direction,
        per="step" if _are(every, words.PER_STEP) else "epoch" if _are(every, words.PER_EPOCH) else None,
        certainty=certainty,
        measure=measure,
        special=measure - words.LOSS - words.FILLERS,
    )


def _segments(name: str) -> list[str]:
    """The parts of a name between slashes and the like, without the class in brackets and what follows an ``@``."""
    plain = re.sub(r"\([^()]*\)|\[[^][]*\]|\{[^{}]*\}", " ", name)
    plain = plain if re.search("[A-Za-z]", plain) else name
    plain = _ONE_MINUS.sub(r"\1minus_", plain)
    plain = re.sub(r"@[^/\s_]*|:\w+=.*$", " ", plain)
    return re.split(r"[/\\.|:,\s]+|'s\b", plain)


def _tokens(segment: str) -> list[str]:
    """The words of a segment in lower case: ``trainLoss_epoch`` has train, loss and epoch."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+\d*|\d+", segment)]


def _without_data(tokens: list[str]) -> Iterator[str]:
    """The words without those that say on which data and how often it was measured, and the number behind such."""
    data = words.TRAIN | words.VALIDATION | words.TEST | words.NUMBERED | words.PER_STEP | words.PER_EPOCH
    counted = False
    for token in tokens:
        is_data = token.rstrip(_DIGITS) in data
        if not is_data and not (counted and token.isdigit()):
            yield token
        counted = is_data


def _are(tokens: list[str], among: frozenset[str]) -> bool:
    return any(token.rstrip(_DIGITS) in among for token in tokens)


def _role(tokens: list[str]) -> Role | None:
    if _are(tokens, words.VALIDATION):
        return "validation"
    if _are(tokens, words.TEST):
        return "test"
    return "train" if _are(tokens, words.TRAIN) else None


class _Improves(NamedTuple):
    """Which way something improves, all None where that is not known."""

    kind: Kind | None = None
    direction: Direction | None = None
    certainty: Certainty | None = None


_LOSS = _Improves("loss", "min", "listed")


def _improves(segments: list[tuple[str, ...]]) -> _Improves:
    """Which way a name improves: the words between two slashes together, and all of these if they agree."""
    whole = "".join(token for segment in segments for token in segment)
    if whole in _directions():
        segments = [(whole,)]
    found = {segment: _of_words(segment) for segment in segments}
    directed = {segment: improves for segment, improves in found.items() if improves.kind}
    if len({improves.direction for improves in directed.values()}) > 1:  # ``error/AP``: a class may be called so
        directed = {
            segment: improves for segment, improves in directed.items() if not frozenset(segment) <= words.ERROR
        }
    agree = len({improves.direction for improves in directed.values()}) == 1
    spoilt = any(
        segment not in directed and segment[-1] in words.MAKES_ANOTHER for segment in segments
    )  # ``loss/scale``
    return next(iter(directed.values())) if agree and not spoilt else _Improves()


def _of_words(tokens: tuple[str, ...]) -> _Improves:
    """Which way the words between two slashes improve; unknown where they contradict each other."""
    names, beside = _known_names(tokens)
    if any(token in words.LOSS for token in tokens) and not any("loss" in name and _rises(name) for name in names):
        behind = tokens[max(index for index, token in enumerate(tokens) if token in words.LOSS) + 1 :]
        return _Improves() if words.MAKES_ANOTHER & {*behind} or words.NEGATES & beside else _LOSS
    if beside & (words.MAKES_ANOTHER | words.NEGATES):
        return _Improves()
    is_plain = beside <= words.QUALIFIERS
    if not is_plain or len(names) > 1:
        names = [name for name in names if name not in _alone()]
    ways = {_rises(name) for name in names}
    if len(ways) != 1 or None in ways:
        return _Improves()
    certainty: Certainty = "listed" if is_plain else "likely"
    if True in ways:
        return _Improves("score", "max", certainty)
    return _Improves("loss" if any("loss" in name for name in names) else "error", "min", certainty)


def _known_names(tokens: tuple[str, ...]) -> tuple[list[str], frozenset[str]]:
    """The names of metrics among words, the longest first, and the words beside them without their digits."""
    names, beside, start = [], [], 0
    while start < len(tokens):
        for end in range(len(tokens), start, -1):
            joined = "".join(tokens[start:end])
            name = joined if joined in _directions() else joined.rstrip(_DIGITS)
            if name in _directions():
                names.append(name)
                start = end
                break
        else:
            beside.append(tokens[start].rstrip(_DIGITS))
            start += 1
    return names, frozenset(beside) - {""}


def _rises(name: str) -> bool | None:
    return _directions()[name]


@cache
def _directions() -> Mapping[str, bool | None]:
    """Whether more of each known metric is better; None where that is not certain."""
    rises_by_name: dict[str, bool | None] = {}
    for library in words.LIBRARIES:
        for names, rises in ((library.rises, True), (library.falls, False), (library.either, None)):
            rises_by_name |= {letters(name): rises for name in names.split()}
    return rises_by_name


@cache
def _alone() -> frozenset[str]:
    return frozenset(letters(name) for name in words.ONLY_ALONE)


def letters(name: str) -> str:
    """A name without case and punctuation."""
    return re.sub("[^a-z0-9]", "", name.lower())
