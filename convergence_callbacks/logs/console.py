"""What training loops print: counters and named losses, found in regular lines."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import math
import re
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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

WRITTEN = re.compile(r"[+-]?\d[\d.]*(?:[eE][+-]?\d+)?")
"""Digits, whatever they are part of."""

OF = re.compile(r"\s*(?:/|\bof\b)\s*(\d+)")
"""What stands behind a counter: of how many."""

UNIT = re.compile(r"\s?(?:%|(?:ms|us|s|sec|secs|seconds|m|min|mins|h|it/s|s/it|GB|MB|G|K|M)\b)")
"""What makes another number of one: a share, a time, a size."""

ATTACHED = re.compile(r"(\w)\((train|val|test|eval)\)", re.IGNORECASE)
"""The part of the data as OpenMMLab writes it: ``Epoch(train)``."""

BETWEEN = (*",;|{}<>()[]\t:", " - ")
"""What may stand between a name and what is before it."""

PROGRESS = re.compile(
    r"(?:^|[\s|\]:])(?P<at>\d+)/(?P<all>\d+)\s*(?:\[|\x1b|[━─=#>][━─=#>.]+)|(?<![.\d])(?P<percent>\d+)%\|"
)
"""A bar: of how many batches, or how much per cent."""

INTERESTING = re.compile(
    r"loss|epoch|step|iter|nll|ppl|perplexity|entropy|bp[bc]|\blr\b|rate|train|val|\bt[er]l:", re.IGNORECASE
)
"""What a line has that may tell something, beside a digit; most of a long log need no more."""

DIGIT = re.compile(r"\d")

SHORT: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"^s:(\d+) tel:"), r"step \1 val_loss "),  # llm.c: llmc/logger.h
    (re.compile(r"^s:(\d+) trl:"), r"step \1 train_loss "),
    (re.compile(r"^s:(\d+) eval:"), r"step \1 eval_accuracy "),
    (re.compile(r"^(\d+) (train|val) (?=\d+\.\d+\s*$)"), r"step \1 \2_loss "),  # build-nanogpt: train_gpt2.py
    (re.compile(r"\bScore at iteration (\d+) is "), r"step \1 loss "),  # Deeplearning4j: ScoreIterationListener
    (re.compile(r"(?<=\d)(?:st|nd|rd|th)\b"), ""),
    (re.compile(r"(?<![\w.])(\d+)[- ]epoch\b(?!\W{0,3}\d+(?![/\d]))", re.IGNORECASE), r", epoch \1 "),
)
"""What some write in short, or the other way round, and how it is read."""

IS_SHORT = re.compile(r"^s:\d|^\d+ (?:train|val) |Score at|\d[- ]epoch|\d(?:st|nd|rd|th)\b", re.IGNORECASE)
"""Lines in which there may be something of that."""

TWO_COUNTERS = re.compile(r"\[\s*(\d+)/(\d+)\]\W{0,3}\[\s*\d+/\d+\]")
"""The epoch and the batch, each of how many, without their names: ``[3/25][100/1583]``."""

LEADING = re.compile(r"^\[\s*(\d+)/(\d+)\]\s")
"""A counter in front of a line, without its name."""

RUNNING_MEAN = re.compile(r"\s?\(([-+.\deE]+|nan|inf)\)")
"""What stands behind the loss of a batch: the mean of all so far, as PyTorch's ImageNet example prints it."""

OF_EVALUATION = re.compile(r"^\s*\*\s+(?:Acc|Prec)@")
"""What PyTorch's ImageNet example, DeiT and others print after a validation, without saying so."""

NOT_SAID_OF_WHAT = re.compile(r"^\s*Averaged stats")
"""What DETR and its kin print after an epoch of training and after a validation alike."""

OF_EXAMPLE = re.compile(r"\w\.(?:jpe?g|png|bmp|tiff?|wav|flac|mp[34]|npy)\b", re.IGNORECASE)
"""The name of a file with one example: what a line says of it alone is no step of a training."""

PARTS_HEADER = re.compile(r"(?:^|\r) *Epoch +gpu_mem +(?P<names>\S[^\r]*)", re.IGNORECASE)
PARTS_ROW = re.compile(
    r"^ *(?P<at>\d+)/(?P<all>\d+) +[\d.]+[GM] +(?P<numbers>[-\d.a-z]+(?: +[-\d.a-z]+)*):? +\d+%", re.IGNORECASE
)
"""YOLO's table: names of the loss's parts, and their means up to the batch that the bar shows (YOLOv5's train.py, and
``progress_string`` of Ultralytics' trainers)."""

NO_PARTS = frozenset({"labels", "instances", "img_size", "size", "targets"})
"""Columns of that table that are no part of the loss."""

LOSSES = frozenset({"loss", "nll", "ppl", "perplexity", "bpb", "bpc", "crossentropy", "error", "mse", "mae", "rmse"})
EPOCHS = frozenset({"epoch", "ep"})
PLANNED = frozenset({"epochs"})
"""A word that counts where it says of how many, and is a setting elsewhere: ``epochs: 200``."""

STEPS = frozenset({"step", "steps", "iter", "iters", "iteration", "iterations", "it", "update", "updates", "batch"})
BESIDE = SPLITS | {"global", "current", "num", "at", "end", "id", "idx", "index", "no", "number"}
"""Words beside that of a counter which leave it one."""

CACHED = 4096
"""Texts between numbers that are remembered: a log has few, again and again."""

EXAMPLES = 3
MOST_NAMES = 1_000
LONGEST = 4_000
"""Characters of a line, at most."""

LEVEL = re.compile(r"^\W{0,3}(?:DEBUG|INFO|WARN(?:ING)?|ERROR|CRITICAL)\b\W*")
"""How urgent a line is, in front of it."""

NUMBERS_BEFORE = re.compile(r"^[\d.:]+\s+")
"""What is left of a time in front of a name."""

NO_QUOTES = str.maketrans("", "", "'\"`*")
"""Marks that stand around names and numbers, and say nothing."""

LINKS = frozenset({"is", "was", "of"})
"""Words between a name and its number."""

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
        is_part: Whether it is of a part of a validation: its losses are means so far, or of that part.
        has_means: Whether its losses are means of all batches so far.
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
    is_part: bool
    has_means: bool
    bar: int
    pattern: str
    example: str

    @property
    def is_alone(self) -> bool:
        """Whether it counts nothing itself: it is of what was counted last."""
        return self.epoch is None and self.step is None and not self.is_of_batch


@dataclass
class Survey:
    """What the lines of a text have in common.

    Args:
        names: How many lines have each name; with ``True`` those that count batches.
        alone: The same of lines that count nothing themselves.
        patterns: How many lines have each pattern, and the first ones, by the names in it.
        epochs: How many epochs there are to be, and which were seen.
        steps: How many steps there are to be.
        has_stamps: Whether lines begin with a time.
        leads: Whether the first loss comes before the first epoch.
        has_steps: Whether a line counts steps.
        bars: How many bars of each length show each name.
        has_allennlp: Whether the bars are AllenNLP's.
    """

    names: dict[tuple[str, bool], int] = field(default_factory=dict)
    alone: dict[tuple[str, bool], int] = field(default_factory=dict)
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
    has_allennlp: bool = False

    def add(self, record: Record) -> None:
        """Take in a line."""
        self.epochs, self.steps = record.epochs or self.epochs, record.steps or self.steps
        self.has_steps = self.has_steps or record.step is not None
        if record.epoch is not None:
            self.lowest, self.highest = min(self.lowest, record.epoch), max(self.highest, record.epoch)
        if self.counted == 0 and record.epoch is None and self.highest < 0 and _tells_loss(record.values):
            self.leads = True
        self.has_allennlp = self.has_allennlp or (record.bar > 0 and "||:" in record.example)
        for name in record.values if record.bar else ():
            totals = self.bars.setdefault(name, {})
            totals[record.bar] = totals.get(record.bar, 0) + 1
        for name in record.values:
            counts, key = (self.alone if record.is_alone else self.names), (name, record.is_of_batch)
            if key in counts or len(counts) < MOST_NAMES:
                counts[key] = counts.get(key, 0) + 1
        if _tells_loss(record.values):
            self.counted += 1
            self.stamps += math.isfinite(record.time)
            count, examples, names = self.patterns.get(record.pattern, (0, [], frozenset(record.values)))
            if len(self.patterns) < MOST_NAMES or record.pattern in self.patterns:
                examples = [*examples, record.example] if len(examples) < EXAMPLES else examples
                self.patterns[record.pattern] = (count + 1, examples, names)

    def is_unclear(self, record: Record, name: str) -> bool:
        """Whether a number counts by nothing where lines of batches have its name: of training or of a validation."""
        return record.is_alone and (name, True) in self.names

    def shown(self, name: str, *, is_of_batch: bool) -> str:
        """A name as a column: that of batches apart, where other lines have it of the whole epoch."""
        return f"{name} step" if is_of_batch and (name, False) in self.names else name

    def columns(self) -> list[str]:
        """The names as columns, without those of single lines where others are there again and again."""
        clear = {key: count for key, count in self.alone.items() if (key[0], True) not in self.names}
        counts = {key: self.names.get(key, 0) + clear.get(key, 0) for key in (*self.names, *clear)}
        often = max(counts.values(), default=0) > EXAMPLES
        return [
            self.shown(name, is_of_batch=batch)
            for (name, batch), count in counts.items()
            if (count > 1 or not often) and not words_of(name) <= SPLITS
        ]

    def planned(self) -> int | None:
        """How many epochs there are to be; ``0/24`` to ``24/24`` are 25."""
        if self.epochs is None or self.highest < 0:
            return None
        return self.epochs + (self.lowest == 0 and self.highest == self.epochs)


def records_in(lines: Iterable[tuple[int, str]]) -> Iterator[Record]:
    """What each line tells, those that tell nothing left out."""
    parts: list[str] = []
    for number, line in lines:
        if "poch" in line[:LONGEST] and (header := PARTS_HEADER.search(line)):
            parts = header["names"].lower().split()
        elif parts and (row := _parts_row(number, line, parts)):
            yield row
        if INTERESTING.search(line, 0, LONGEST) is None or DIGIT.search(line, 0, LONGEST) is None:
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
    text = LEVEL.sub("", line[stamp.end() :] if stamp else line).translate(NO_QUOTES)
    if NOT_SAID_OF_WHAT.match(text) or "Namespace(" in text:
        return None
    text, counts = _unnamed_counters(_spelled_out(ATTACHED.sub(r"\1 \2 ", text)))
    values: dict[str, float] = {}
    means: dict[str, float] = {}
    left, at, is_of_batch, has_batches = list[str](), 0, bool(counts), "epoch" in counts
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
        elif words_of(name) & PLANNED:
            if total and "epoch" not in counts:
                counts["epoch"] = (float(match[0]), int(total[1]))
        elif total:
            is_of_batch = has_batches = True
            left.append(name)
        elif name and kind is None and not UNIT.match(text, match.end()) and name not in values:
            values[name] = float(match[0])
            if mean := RUNNING_MEAN.match(text, match.end()):
                means[name], at = float(mean[1]), mean.end()
    if not counts and (not values or OF_EXAMPLE.search(text)):
        return None
    split = "val" if OF_EVALUATION.match(line) else _split(" ".join(left))
    is_part = has_batches and split not in {"", "train"}
    if split:
        values |= means if is_part else {}
        values = {name if words_of(name) & SPLITS else of_split(split, name): value for name, value in values.items()}
    epoch, step = counts.get("epoch", (None, None)), counts.get("step", (None, None))
    is_of_batch = is_of_batch or step[0] is not None
    bar = PROGRESS.search(text) if values else None
    batches = 0 if bar is None or split or epoch[0] is not None else _length(text, bar)
    counters = (epoch[0], step[0], time, epoch[1], step[1], is_of_batch, is_part, bool(means), batches)
    return Record(number, values, *counters, _pattern(text) if _tells_loss(values) else "", line.strip()[:160])


def _spelled_out(text: str) -> str:
    """A line in which nothing is written in short."""
    if IS_SHORT.search(text):
        for short, long in SHORT:
            text = short.sub(long, text)
    return text


def _unnamed_counters(text: str) -> tuple[str, dict[str, tuple[float, int | None]]]:
    """A line without the counters that it does not name, and these."""
    found = TWO_COUNTERS.search(text) or LEADING.match(text)
    if found is None or re.search(r"\bep(?:och)?s?\b", text, re.IGNORECASE):
        return text, {}
    kind = "epoch" if found.re is TWO_COUNTERS else "step"
    return f"{text[: found.start()]} {text[found.end() :]}", {kind: (float(found[1]), int(found[2]))}


def _parts_row(number: int, line: str, names: Sequence[str]) -> Record | None:
    """A row of YOLO's table as it was last overwritten, with the sum of the loss's parts."""
    last = [part for part in OVERWRITTEN.split(ESCAPES.sub("", line)) if PARTS_ROW.match(part)]
    row = PARTS_ROW.match(last[-1]) if last else None
    numbers = row["numbers"].split() if row else []
    if row is None or len(numbers) < len(names) - 1:
        return None
    losses = {name: number for name, number in zip(names, numbers, strict=False) if name not in NO_PARTS}
    read = {name: float(value) for name, value in losses.items() if NUMBER.fullmatch(value)}
    if not read or len(read) < len(losses):
        return None
    loss = read.get("total", sum(read.values()))
    counters = (float(row["at"]), None, math.nan, int(row["all"]), None, False, False, False, 0)
    return Record(number, {"train loss": loss}, *counters, _pattern(row[0]), row[0].strip()[:160])


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
        if name in wanted and survey.highest < 0 and survey.has_allennlp:
            raise LogError(
                f"{name!r} is on AllenNLP's bars, and nothing tells those of training and of validation apart; "
                "read the metrics_epoch_*.json or the event files of the run"
            )


def _rows(records: Iterator[Record], survey: Survey, *, follows: bool) -> Iterator[Row]:
    """A row for each line with a number; one that names no epoch or step is of those that were named last.

    Where losses are printed before their epoch is, they are of the next one.
    """
    epoch: float | None = None
    step: float | None = None
    counted: dict[str, float] = {}
    for record in _validated_once(records):
        if record.epoch is not None and record.epoch != epoch:
            epoch, step = record.epoch, record.step
        step = record.step if record.step is not None else step
        if not record.values:
            if record.epoch is not None and not follows:
                yield Row(record.line, {"epoch": record.epoch})
            continue
        clear = {name: value for name, value in record.values.items() if not survey.is_unclear(record, name)}
        values = {survey.shown(name, is_of_batch=record.is_of_batch): value for name, value in clear.items()}
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


def _validated_once(records: Iterable[Record]) -> Iterator[Record]:
    """The same, with one record for the parts of a validation: the last means so far, or else the mean of all."""
    parts: list[Record] = []
    for record in records:
        if record.is_part:
            parts.append(record)
            continue
        measured = {name.rsplit("/", 1)[-1] for name in parts[-1].values} if parts else set()
        if parts and (record.epoch is not None or not measured.isdisjoint(record.values)):
            yield _as_one(parts)
            parts = []
        yield record
    if parts:
        yield _as_one(parts)


def _as_one(parts: Sequence[Record]) -> Record:
    """One record of the parts of a validation."""
    means = {
        name: statistics.fmean(part.values[name] for part in parts if name in part.values) for name in parts[-1].values
    }
    return parts[-1] if parts[-1].has_means else dataclasses.replace(parts[-1], values=means)


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
    return " ".join(WRITTEN.sub("#", text).split())[:200]


def _is_full(bar: re.Match[str]) -> bool:
    return bar["percent"] == "100" if bar["percent"] else bar["at"] == bar["all"]


@functools.lru_cache(maxsize=CACHED)
def _name_before(text: str) -> tuple[str, str]:
    """What stands before a number: the name next to it in lower case, and what is left before that."""
    stripped = text.rstrip(" \t[(=:#~≈>-")
    cut = max((stripped.rfind(sign) + len(sign) for sign in BETWEEN if sign in stripped), default=0)
    name = NUMBERS_BEFORE.sub("", stripped[cut:]).strip(" -*_:.=>").lower()
    words = name.split()
    if len(words) > 1 and words[-1] in LINKS:
        words, name = words[:-1], name.rsplit(None, 1)[0]
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
