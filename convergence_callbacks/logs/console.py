"""What training loops print: counters and named losses, found in regular lines."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from convergence_callbacks.logs.columns import ColumnChoice, find_columns, words_of
from convergence_callbacks.logs.errors import LogError, NotALogError
from convergence_callbacks.logs.labels import SPLITS, of_split
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.rows import runs_of
from convergence_callbacks.logs.run import Run
from convergence_callbacks.logs.table import Row

Lines = Callable[[], Iterator[tuple[int, str]]]
"""The lines of a text with their numbers, as often as they are asked for."""

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]")
"""Codes that steer a terminal: colours, cursor, titles (ECMA-48)."""

OVERWRITTEN = re.compile(r"\r+|\x08+")
"""What takes the cursor back, so that what was printed before is overwritten."""

STAMP = re.compile(
    r"^\W{0,3}(?P<when>\d{4}[-/.]\d{2}[-/.]\d{2}[T _]\d{2}:\d{2}:\d{2}(?:[.,]\d+)?|\d{2}:\d{2}:\d{2}(?:[.,]\d+)?)\W*"
)
"""A time in front of a line."""

NUMBER = re.compile(
    r"(?<![\w.@])(?<!\d[:/-])(?<!\w[-])[+-]?(?:\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|nan|inf)(?![\w@])(?!\.\d)(?![:-]\d)",
    re.IGNORECASE,
)
"""A number that stands by itself: no part of a name, a date or a version."""

OF = re.compile(r"\s*(?:/|\bof\b)\s*(\d+)")
"""What stands behind a counter: of how many."""

UNIT = re.compile(r"\s?(?:%|(?:ms|us|s|sec|secs|seconds|m|min|mins|h|it/s|s/it|GB|MB|G|K|M)\b)")
"""What makes another number of one: a share, a time, a size."""

ATTACHED = re.compile(r"(\w)\((train|val|test|eval)\)", re.IGNORECASE)
"""The part of the data as OpenMMLab writes it: ``Epoch(train)``."""

BETWEEN = (*",;|{}<>()[]\t", " - ", ": ")
"""What may stand between a name and what is before it."""

PROGRESS = re.compile(r"(?:^|[\s|\]:])(?P<at>\d+)/(?P<all>\d+)\s*(?:\[|\x1b|[━─=#>.]{2,})|(?P<percent>\d+)%\s?\|")
"""A bar: of how many batches, or how much per cent."""

INTERESTING = re.compile(
    r"\d.*(?:loss|epoch|step|iter|nll|ppl|perplexity|bp[bc]|\blr\b|rate)"
    r"|(?:loss|epoch|step|iter|nll|ppl|perplexity|bp[bc]|\blr\b|rate|train|val).*\d",
    re.IGNORECASE,
)
"""Lines that may tell something; most of a long log need no more."""

LOSSES = frozenset({"loss", "nll", "ppl", "perplexity", "bpb", "bpc", "error", "mse", "mae", "rmse"})
EPOCHS = frozenset({"epoch", "epochs", "ep"})
STEPS = frozenset({"step", "steps", "iter", "iters", "iteration", "iterations", "it", "update", "updates", "batch"})
BESIDE = SPLITS | {"global", "current", "num", "at", "end"}
"""Words beside that of a counter which leave it one."""

CACHED = 4096
"""Texts between numbers that are remembered: a log has few, again and again."""

EXAMPLES = 3
MOST_NAMES = 1_000
LONGEST = 4_000
"""Characters of a line, at most."""

MOST_WORDS = 5
"""Words of a name, at most: longer ones are prose."""


@dataclass(frozen=True, slots=True)
class Record:
    """What a line tells.

    Args:
        line: Its number.
        values: Numbers by their names, in lower case.
        epoch: The epoch that it names.
        step: The step that it names.
        time: Seconds since 1970, or since midnight, of the time in front of it; NaN where there is none.
        epochs: How many epochs there are to be.
        steps: How many steps there are to be.
        is_of_batch: Whether it counts batches within an epoch.
        bar: How many batches its full bar is of, 0 where it has none, or names the part of the data.
        pattern: The line, with ``#`` for each number.
        example: The line.
    """

    line: int
    values: Mapping[str, float]
    epoch: float | None
    step: float | None
    time: float
    epochs: int | None
    steps: int | None
    is_of_batch: bool
    bar: int
    pattern: str
    example: str


@dataclass
class Survey:
    """What the lines of a text have in common.

    Args:
        names: How many lines have each name; with ``True`` those that count batches.
        patterns: How many lines have each pattern, and the first ones, by the names in it.
        epochs: How many epochs there are to be, and which were seen.
        steps: How many steps there are to be.
        has_stamps: Whether lines begin with a time.
        leads: Whether the first loss comes before the first epoch.
        has_steps: Whether a line counts steps.
        bars: How many bars of each length show each name.
    """

    names: dict[tuple[str, bool], int] = field(default_factory=dict)
    patterns: dict[str, tuple[int, list[str], frozenset[str]]] = field(default_factory=dict)
    epochs: int | None = None
    steps: int | None = None
    lowest: float = math.inf
    highest: float = -math.inf
    stamps: int = 0
    counted: int = 0
    leads: bool = False
    has_steps: bool = False
    bars: dict[str, dict[int, int]] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        """Take in a line."""
        self.epochs, self.steps = record.epochs or self.epochs, record.steps or self.steps
        self.has_steps = self.has_steps or record.step is not None
        if record.epoch is not None:
            self.lowest, self.highest = min(self.lowest, record.epoch), max(self.highest, record.epoch)
        if self.counted == 0 and record.epoch is None and self.highest < 0 and _tells_loss(record.values):
            self.leads = True
        for name in record.values if record.bar else ():
            totals = self.bars.setdefault(name, {})
            totals[record.bar] = totals.get(record.bar, 0) + 1
        for name in record.values:
            key = (name, record.is_of_batch)
            if key in self.names or len(self.names) < MOST_NAMES:
                self.names[key] = self.names.get(key, 0) + 1
        if _tells_loss(record.values):
            self.counted += 1
            self.stamps += math.isfinite(record.time)
            count, examples, names = self.patterns.get(record.pattern, (0, [], frozenset(record.values)))
            if len(self.patterns) < MOST_NAMES or record.pattern in self.patterns:
                examples = [*examples, record.example] if len(examples) < EXAMPLES else examples
                self.patterns[record.pattern] = (count + 1, examples, names)

    def shown(self, name: str, *, is_of_batch: bool) -> str:
        """A name as a column: that of batches apart, where other lines have it of the whole epoch."""
        return f"{name} step" if is_of_batch and (name, False) in self.names else name

    def columns(self) -> list[str]:
        """The names as columns, without those of single lines where others are there again and again."""
        often = max(self.names.values(), default=0) > EXAMPLES
        return [
            self.shown(name, is_of_batch=batch)
            for (name, batch), count in self.names.items()
            if (count > 1 or not often) and not words_of(name) <= SPLITS
        ]

    def planned(self) -> int | None:
        """How many epochs there are to be; ``0/24`` to ``24/24`` are 25."""
        if self.epochs is None or self.highest < 0:
            return None
        return self.epochs + (self.lowest == 0 and self.highest == self.epochs)


def records_in(lines: Iterable[tuple[int, str]]) -> Iterator[Record]:
    """What each line tells, those that tell nothing left out."""
    for number, line in lines:
        if INTERESTING.search(line[:LONGEST]) is None:
            continue
        for part in _visible(line[:LONGEST]):
            record = record_of(number, part)
            if record is not None:
                yield record


def record_of(number: int, line: str) -> Record | None:
    """What a line tells; None where that is nothing.

    >>> record_of(1, "Epoch [3/50] train loss: 0.32 val loss: 0.41").values
    {'train loss': 0.32, 'val loss': 0.41}
    >>> record_of(1, "{'loss': 1.25, 'learning_rate': 4e-06, 'epoch': 0.5}").epoch
    0.5
    """
    stamp = STAMP.match(line)
    time = _seconds(stamp["when"]) if stamp else math.nan
    text = re.sub(r"['\"`*]", "", line[stamp.end() :] if stamp else line)
    text = ATTACHED.sub(r"\1 \2 ", text)
    counts: dict[str, tuple[float, int | None]] = {}
    values: dict[str, float] = {}
    left, at, is_of_batch = list[str](), 0, False
    for match in NUMBER.finditer(text):
        if match.start() < at:
            continue
        before, name = _name_before(text[at : match.start()])
        left.append(before)
        total = OF.match(text, match.end())
        at = total.end() if total else match.end()
        kind = _counter(name)
        if kind is not None and kind not in counts and not UNIT.match(text, match.end()):
            counts[kind] = (float(match[0]), int(total[1]) if total else None)
            left.append(name)
        elif total:
            is_of_batch = True
        elif name and kind is None and not UNIT.match(text, match.end()) and name not in values:
            values[name] = float(match[0])
    if not values and not counts:
        return None
    split = _split(" ".join(left))
    if split:
        values = {name if words_of(name) & SPLITS else of_split(split, name): value for name, value in values.items()}
    epoch, step = counts.get("epoch", (None, None)), counts.get("step", (None, None))
    is_of_batch = is_of_batch or step[0] is not None
    bar = PROGRESS.search(text)
    batches = 0 if bar is None or split or epoch[0] is not None else _length(text, bar)
    counters = (epoch[0], step[0], time, epoch[1], step[1], is_of_batch, batches)
    return Record(number, values, *counters, _pattern(text), line.strip()[:160])


def runs_in(
    path: Path, format_: str, lines: Lines, choice: ColumnChoice, *, name: str = "", least: int = 2
) -> Iterator[Run]:
    """The runs that a text tells of, read twice: once for what its lines have in common, once for the numbers.

    Args:
        path: Where it is from.
        format_: What that is called.
        lines: The lines.
        choice: Columns that the user named.
        name: What the run is called.
        least: Lines with a loss that there must be.

    Raises:
        NotALogError: There are too few.
        LogError: Two readings are equally good.
    """
    survey = Survey()
    for record in records_in(lines()):
        survey.add(record)
    if survey.counted < least and not (choice.val or choice.train):
        raise NotALogError("its lines tell of no losses, one after the other")
    has_epochs, has_times = survey.highest >= 0, survey.stamps > 0.9 * survey.counted > 0
    names = [*survey.columns(), *(["epoch"] if has_epochs else []), "step", "timestamp"]
    try:
        found = find_columns(names, choice)
    except LogError as error:
        raise error if has_epochs or survey.has_steps else NotALogError(error.message) from None
    columns = dataclasses.replace(found, time="timestamp" if has_times else None, time_of_iterations=False)
    _refuse_bars(survey, {columns.train, columns.val})
    notes = Notes()
    rows = _rows(records_in(lines()), survey, follows=not survey.leads)
    wanted = {columns.train, columns.val}
    for run in runs_of(
        path, format_, columns, rows, notes, name=name, planned=survey.planned(), planned_steps=survey.steps
    ):
        yield dataclasses.replace(run, assumed=(*run.assumed, *_shown(survey, wanted)))


def _refuse_bars(survey: Survey, wanted: set[str | None]) -> None:
    """Refuse a loss that bars of several lengths show, as of training and of validation, and nothing tells which.

    Raises:
        LogError: There are such.
    """
    for name, totals in survey.bars.items():
        again = [total for total, count in totals.items() if count >= EXAMPLES]
        if name in wanted and len(again) > 1:
            listed = " and ".join(map(str, sorted(again)))
            raise LogError(
                f"{name!r} is on bars of {listed} batches, and nothing tells which of them is training and which "
                "validation; print one of them by another name"
            )


def _rows(records: Iterator[Record], survey: Survey, *, follows: bool) -> Iterator[Row]:
    """A row for each line with a number; one that names no epoch or step is of those that were named last.

    Where losses are printed before their epoch is, they are of the next one.
    """
    epoch: float | None = None
    step: float | None = None
    counted: dict[str, float] = {}
    for record in records:
        if record.epoch is not None and record.epoch != epoch:
            epoch, step = record.epoch, record.step
        step = record.step if record.step is not None else step
        if not record.values:
            if record.epoch is not None and not follows:
                yield Row(record.line, {"epoch": record.epoch})
            continue
        values = {survey.shown(name, is_of_batch=record.is_of_batch): value for name, value in record.values.items()}
        if (follows or record.epoch is not None) and epoch is not None:
            values["epoch"] = epoch
        if step is not None:
            values["step"] = step
        elif survey.highest < 0:  # nothing counts: the third train loss belongs to the third validation loss
            for name in values:
                counted[name] = counted.get(name, -1.0) + 1
            values["step"] = max(counted[name] for name in record.values if name in counted) if counted else 0.0
        if math.isfinite(record.time):
            values["timestamp"] = record.time
        yield Row(record.line, values)


def _shown(survey: Survey, wanted: set[str | None]) -> Iterator[str]:
    """The pattern of the lines that were taken, and the first ones."""
    for pattern, (count, examples, names) in survey.patterns.items():
        if names & wanted or {f"{name} step" for name in names} & wanted:
            yield f"{count} lines are read by the pattern {pattern!r}"
            yield from (f"such as {example!r}" for example in examples)


def _visible(line: str) -> Iterator[str]:
    """What is seen of a line on a terminal in the end, and what was printed between two states of a bar."""
    if "\r" not in line and "\x1b" not in line and "\x08" not in line and "/" not in line and "%" not in line:
        yield line  # as most lines: nothing is overwritten, and there is no bar
        return
    plain = ESCAPES.sub("", line)
    parts = [part for part in OVERWRITTEN.split(plain) if part.strip()]
    later = list(map(_pattern, parts)) if len(parts) > 1 else []
    for index, part in enumerate(parts):
        bar = PROGRESS.search(part)
        if later and later[index] in later[index + 1 :]:  # the same line again, with other numbers
            continue
        if bar is None or (index == len(parts) - 1 and _is_full(bar)):
            yield part
        elif (tail := part.rfind("{")) > bar.start():  # a record behind a bar that did not end its line
            yield part[tail:]


def _length(text: str, bar: re.Match[str]) -> int:
    """How many batches a bar is of."""
    if bar["all"]:
        return int(bar["all"])
    total = re.search(r"\b\d+/(\d+)\b", text[bar.end() :])
    return int(total[1]) if total else 0


def _pattern(text: str) -> str:
    """A line with ``#`` for each number."""
    return re.sub(r"\s+", " ", re.sub(r"[+-]?\d[\d.]*(?:[eE][+-]?\d+)?", "#", text)).strip()[:200]


def _is_full(bar: re.Match[str]) -> bool:
    return bar["percent"] == "100" if bar["percent"] else bar["at"] == bar["all"]


@functools.lru_cache(maxsize=CACHED)
def _name_before(text: str) -> tuple[str, str]:
    """What stands before a number: the name next to it in lower case, and what is left before that."""
    stripped = text.rstrip(" \t[(=:#~≈>-")
    cut = max((stripped.rfind(sign) + len(sign) for sign in BETWEEN if sign in stripped), default=0)
    name = stripped[cut:].strip(" -*_:.=").lower()
    words = name.split()
    if not words or len(words) > MOST_WORDS or not re.match("[a-z]", name):
        return stripped, ""
    return stripped[:cut], re.sub(r"\s+", " ", name)


@functools.lru_cache(maxsize=CACHED)
def _counter(name: str) -> str | None:
    """Whether a name counts epochs or steps."""
    words = words_of(name)
    if words & EPOCHS and words <= EPOCHS | BESIDE:
        return "epoch"
    return "step" if words & STEPS and words <= STEPS | BESIDE else None


@functools.lru_cache(maxsize=CACHED)
def _split(text: str) -> str:
    """The part of the data that a line is of, where its words outside of the names say one."""
    found = {word.lower() for word in re.findall(r"(?<![\w/.-])[A-Za-z]+(?![\w/.-])", text)} & SPLITS
    found = {"val" if word not in {"train", "training", "test"} else word.removesuffix("ing") for word in found}
    return found.pop() if len(found) == 1 else ""


def _tells_loss(values: Iterable[str]) -> bool:
    return any(words_of(name) & LOSSES for name in values)


def _seconds(when: str) -> float:
    """Seconds of a time in front of a line: since 1970, or since midnight."""
    if when[2] == ":":
        hours, minutes, seconds = when.replace(",", ".").split(":")
        return 3600.0 * int(hours) + 60 * int(minutes) + float(seconds)
    plain = re.sub(r"(\d)[/.](\d\d)[/.](\d\d)(?=[T _])", r"\1-\2-\3", when.replace(",", ".")).replace("_", " ")
    try:
        return datetime.datetime.fromisoformat(plain).replace(tzinfo=datetime.UTC).timestamp()
    except ValueError:
        return math.nan
