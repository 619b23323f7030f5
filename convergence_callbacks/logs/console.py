"""What training loops print: counters and named losses, found in regular lines."""

from __future__ import annotations

import bisect
import dataclasses
import functools
import itertools
import math
import re
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from convergence_callbacks.logs.assumption import Assumption, Inference
from convergence_callbacks.logs.columns import ColumnChoice, Columns, find_columns, words_of
from convergence_callbacks.logs.console_line import Kind, Record, names_loss
from convergence_callbacks.logs.console_lines import records_in
from convergence_callbacks.logs.errors import LogError, NotALogError
from convergence_callbacks.logs.labels import SPLITS
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.rows import runs_of
from convergence_callbacks.logs.run import Run
from convergence_callbacks.logs.table import Row

Lines = Callable[[], Iterator[tuple[int, str]]]
"""The lines of a text with their numbers, as often as they are asked for."""

EXAMPLES = 3

PAIR = frozenset({"train", "val"})
"""What nanoGPT's kin print of an evaluation, without the word loss."""

TRAIN_LOSSES = ("loss", "train loss", "train/loss", "train_loss")

NEAR = 0.2
"""Share by which the loss of a step may differ from the mean of an evaluation near it."""

FEW_EPOCHS = 2
"""Epochs, at most, of a training that is shown by its steps."""

MANY_STEPS = 10
"""Steps of an epoch, at least, by which such a training is shown."""

MEAN = frozenset({"mean", "avg", "average"})
"""Words of a loss that is the mean of the batches of an epoch."""

OF_ANOTHER_PART = SPLITS - {"train", "training"} | {"testing", "evaluating", "validating"}
"""Words of a line after which no training follows."""

OF_WHOLE = re.compile(r"\s*\*+\s")
"""The beginning of the line for a whole validation, after its parts, in PyTorch's ImageNet example and its kin."""

COVERED = re.compile(r"\[\s*(\d+)/(\d+)\]")
"""The batch that a part of a validation ended with, and of how many."""

LEAST_COVERED = 0.5
"""Share of a validation that its last mean so far must be of, to stand for the whole."""

FINISHED = re.compile(r"\bfinished training\b|\btraining (?:has |is )?(?:finished|complete)\b", re.IGNORECASE)
"""What a loop prints when the training is over."""

IN_BRACKETS = re.compile(r"loss\b[^#]*# ?\(#\)", re.IGNORECASE)
"""A pattern of lines with a number in brackets behind a loss."""

LONGEST_PAUSE = 86_400.0
"""Seconds between two lines that count nothing from which on they may be of two trainings."""

MOST_SAID = 80
"""Letters of a line that are looked at for them."""

MOST_NAMES = 1_000
MOST_KINDS = 10_000
MOST_BETWEEN = 100
"""Records between two states of the same bar, at most."""

MOST_KEPT = 200_000
"""Records that are held in memory; a longer text is read twice: for what its lines have in common, and for numbers."""


@dataclass
class BarePairs:
    """What lines call ``train`` and ``val`` alone, beside the losses that other lines name: whether it is the loss too.

    Args:
        count: How many lines have such a pair.
        alike: How many of them are near the loss that was named last before, or next.
    """

    count: int = 0
    alike: int = 0
    _last: float = math.nan
    _open: float = math.nan

    def add(self, values: Mapping[str, float]) -> None:
        """Take in the numbers of a line."""
        loss = next((values[name] for name in TRAIN_LOSSES if name in values), math.nan)
        if not math.isnan(loss):
            self.alike += self._is_near(self._open, loss)
            self._last, self._open = loss, math.nan
        elif values.keys() >= PAIR:
            is_near = self._is_near(values["train"], self._last)
            self.count, self.alike = self.count + 1, self.alike + is_near
            self._open = math.nan if is_near else values["train"]

    @property
    def are_losses(self) -> bool:
        """Whether all but one are near the named losses."""
        return self.count >= EXAMPLES and self.alike >= self.count - 1

    @staticmethod
    def _is_near(pair: float, loss: float) -> bool:
        return abs(pair - loss) <= NEAR * abs(loss)  # NaN is not


@dataclass
class Survey:
    """What the lines of a text have in common.

    Args:
        records: How many lines hold something.
        kinds: How many of them there are of each kind.
        patterns: How many lines have each pattern, the first ones, and their kind.
        epochs: How many epochs there are to be, and which were seen.
        plans: All numbers of epochs that there were to be.
        steps: How many steps there are to be.
        has_stamps: Whether lines begin with a time.
        leads: Whether the first loss comes before the first epoch.
        has_steps: Whether a line counts steps.
        in_parts: Whether epochs are counted in parts, as 0.25.
        bars: How many bars of each length show each name.
        has_allennlp: Whether the bars are AllenNLP's.
        labels: How many lines name each training in front of its counter.
        pairs: What lines call train and val alone.
        behind_counters: How many losses that count nothing themselves stand behind a line that counts and names none.
        turns: Of how many batches each name was printed last, and how often that changed.
        stepped: How many lines count steps.
        grows: Whether these always grow.
    """

    records: int = 0
    kinds: dict[Kind, int] = field(default_factory=dict)
    patterns: dict[str, tuple[int, list[str], Kind]] = field(default_factory=dict)
    epochs: int | None = None
    plans: set[int] = field(default_factory=set)
    steps: int | None = None
    lowest: float = math.inf
    highest: float = -math.inf
    stamps: int = 0
    counted: int = 0
    leads: bool = False
    has_steps: bool = False
    in_parts: bool = False
    bars: dict[str, dict[int, int]] = field(default_factory=dict)
    has_allennlp: bool = False
    labels: dict[str, int] = field(default_factory=dict)
    pairs: BarePairs = field(default_factory=BarePairs)
    behind_counters: int = 0
    turns: dict[str, tuple[int, int]] = field(default_factory=dict)
    stepped: int = 0
    grows: bool = True
    _step: float = -math.inf
    _counts_alone: bool = False

    def add(self, record: Record) -> None:
        """Take in a line."""
        self.records += 1
        self.epochs, self.steps = record.epochs or self.epochs, record.steps or self.steps
        if record.epochs and len(self.plans) < MOST_NAMES:
            self.plans.add(record.epochs)
        self.has_steps = self.has_steps or record.step is not None
        if record.step is not None and record.step != self._step:
            self.grows = self.grows and record.step > self._step
            self.stepped, self._step = self.stepped + 1, record.step
        self.pairs.add(record.values)
        epoch, kind = record.epoch, record.kind
        if not kind.is_alone:
            self._counts_alone = not record.pattern
        elif record.pattern:
            self.behind_counters += self._counts_alone
        if epoch is not None:
            self.in_parts = self.in_parts or epoch != math.floor(epoch)
            self.lowest = epoch if epoch < self.lowest else self.lowest
            self.highest = epoch if epoch > self.highest else self.highest
        if kind in self.kinds or len(self.kinds) < MOST_KINDS:
            self.kinds[kind] = self.kinds.get(kind, 0) + 1
        if record.label and (record.label in self.labels or len(self.labels) < MOST_NAMES):
            self.labels[record.label] = self.labels.get(record.label, 0) + 1
        if record.bar:
            self.has_allennlp = self.has_allennlp or "||:" in record.example
            for name in record.values:
                totals = self.bars.setdefault(name, {})
                totals[record.bar] = totals.get(record.bar, 0) + 1
        if record.steps:
            self._add_length(record, record.steps)
        if record.pattern:
            self._add_loss(record)

    def _add_length(self, record: Record, steps: int) -> None:
        """Take in of how many batches a line is."""
        for name in record.values:
            last, changes = self.turns.get(name, (steps, 0))
            if name in self.turns or len(self.turns) < MOST_NAMES:
                self.turns[name] = (steps, changes + (last != steps))

    def _add_loss(self, record: Record) -> None:
        """Take in a line that names a loss."""
        if self.counted == 0 and record.epoch is None and self.highest < 0:
            self.leads = True
        self.counted += 1
        self.stamps += math.isfinite(record.time)
        count, examples, kind = self.patterns.get(record.pattern, (0, [], record.kind))
        if len(self.patterns) < MOST_NAMES or record.pattern in self.patterns:
            examples = [*examples, record.example] if len(examples) < EXAMPLES else examples
            self.patterns[record.pattern] = (count + 1, examples, kind)

    @functools.cached_property
    def names_trainings(self) -> bool:
        """Whether the words in front of counters are there again and again, as names of trainings are."""
        return 2 * len(self.labels) <= sum(self.labels.values())

    @functools.cached_property
    def names(self) -> dict[tuple[str, bool], int]:
        """How many lines that count have each name; with ``True`` those that count batches."""
        return self._named(is_alone=False)

    @functools.cached_property
    def alone(self) -> dict[tuple[str, bool], int]:
        """How many lines that count nothing themselves have each name."""
        return self._named(is_alone=True)

    def _named(self, *, is_alone: bool) -> dict[tuple[str, bool], int]:
        counts: dict[tuple[str, bool], int] = {}
        for kind, count in self.kinds.items():
            for name in kind.names if kind.is_alone == is_alone else ():
                key = (name, kind.is_of_batch)
                if key in counts or len(counts) < MOST_NAMES:
                    counts[key] = counts.get(key, 0) + count
        return counts

    def is_of_another_pass(self, record: Record) -> bool:
        """Whether a bar is of a length that others of its name hardly have: an evaluation after the training."""
        totals = [self.bars.get(name, {}) for name in record.values] if record.bar else []
        return any(max(each.values()) >= EXAMPLES > each.get(record.bar, EXAMPLES) for each in totals if each)

    def is_unclear(self, kind: Kind, name: str) -> bool:
        """Whether a number counts by nothing where lines of batches have its name: of training or of a validation."""
        return kind.is_alone and (name, True) in self.names

    def columns_of(self, kind: Kind) -> dict[str, str]:
        """The columns of the names in lines of a kind, without those that are unclear."""
        clear = [name for name in kind.names if not self.is_unclear(kind, name)]
        shown = {name: self.shown(name, is_of_batch=kind.is_of_batch) for name in clear}
        part = _begins_with(kind)
        return {name: f"{part}/{name}" if part and name in self.led else column for name, column in shown.items()}

    @functools.cached_property
    def led(self) -> dict[str, set[str]]:
        """Losses in lines that begin with a number of training, and in ones that begin with one of validation."""
        parts: dict[str, set[str]] = {}
        for kind in self.kinds:
            for name in kind.names[1:] if (part := _begins_with(kind)) and names_loss(kind.names[1:]) else ():
                parts.setdefault(name, set()).add(part)
        return {name: found for name, found in parts.items() if "train" in found and len(found) > 1}

    def shown(self, name: str, *, is_of_batch: bool) -> str:
        """A name as a column: that of batches apart, where other lines have it of the whole epoch."""
        if self.pairs.are_losses and name in PAIR:
            return f"{name} loss"
        is_of_whole = (name, False) in self.names or words_of(name) in self.means
        return f"{name} step" if is_of_batch and is_of_whole else name

    @functools.cached_property
    def means(self) -> set[frozenset[str]]:
        """Words of the losses of which lines that count no batches have the mean: ``val loss_avg`` of ``val/loss``."""
        whole = [name for name, is_of_batch in (*self.names, *self.alone) if not is_of_batch and names_loss([name])]
        return {frozenset(words_of(name) - MEAN) for name in whole if words_of(name) & MEAN}

    def columns(self) -> list[str]:
        """The names as columns, without those of single lines where others are there again and again."""
        clear = {key: count for key, count in self.alone.items() if (key[0], True) not in self.names}
        counts = {key: self.names.get(key, 0) + clear.get(key, 0) for key in (*self.names, *clear)}
        often = max(counts.values(), default=0) > EXAMPLES
        led = [f"{part}/{name}" for name, parts in self.led.items() for part in sorted(parts)]
        return led + [
            self.shown(name, is_of_batch=batch)
            for (name, batch), count in counts.items()
            if name not in self.led
            and (count > 1 or not often)
            and not words_of(self.shown(name, is_of_batch=batch)) <= SPLITS
        ]

    def counts_steps_of(self, train: str | None) -> bool:
        """Whether there are only one or two epochs, and many records of a loss with a step that grows over both."""
        epochs = self.highest - self.lowest + 1
        return train is not None and 1 <= epochs <= FEW_EPOCHS and self.grows and self.stepped >= MANY_STEPS * epochs

    def planned(self) -> int | None:
        """How many epochs there are to be; ``0/24`` to ``24/24`` are 25."""
        if self.epochs is None or self.highest < 0:
            return None
        return self.epochs + (self.lowest == 0 and self.highest == self.epochs)


def _begins_with(kind: Kind) -> str:
    """The part of the data that lines begin with and name nowhere else: ``Train acc: 0.9 | loss: 4.9``; or nothing."""
    first, *others = kind.names or ("",)
    word, space, _ = first.partition(" ")
    if not space or word not in SPLITS or any(words_of(name) & SPLITS for name in others):
        return ""
    return "train" if word == "training" else word


def runs_in(
    path: Path, format_: str, lines: Lines, choice: ColumnChoice, *, name: str = "", least: int = 2
) -> Iterator[Run]:
    """The runs in a text.

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
    survey, kept = Survey(), list[Record]()
    for record in records_in(lines()):
        survey.add(record)
        if survey.records <= MOST_KEPT:
            kept.append(record)
        else:
            kept.clear()
    if survey.counted < least and not (choice.val or choice.train):
        raise _no_losses(survey)
    has_epochs, has_times = survey.highest >= 0, survey.stamps > 0.9 * survey.counted > 0
    names = [*survey.columns(), *(["epoch"] if has_epochs else []), "step", "timestamp"]
    try:
        found = find_columns(names, choice)
    except LogError as error:
        raise error if has_epochs or survey.has_steps else NotALogError(error.message) from None
    taken = words_of(found.train or "") | words_of(found.val or "")
    if not (has_epochs or survey.has_steps or choice.val or choice.train or "loss" in taken):
        raise NotALogError("its lines count nothing, and name no loss")
    columns = dataclasses.replace(found, time="timestamp" if has_times else None, time_of_iterations=False)
    if by_step := choice.epoch is None and columns.val is None and survey.counts_steps_of(columns.train):
        columns = dataclasses.replace(columns, epoch=None, why={**columns.why, "epoch": "there are one or two"})
    _refuse_bars(survey, {columns.train, columns.val})
    _refuse_places(survey, {columns.train, columns.val})
    _refuse_phases(kept, lines, survey, columns)
    notes = Notes()
    wanted = {columns.train, columns.val}
    records = iter(kept) if survey.records <= MOST_KEPT else records_in(lines())
    if columns.val is None and (end := _end_of_training(kept, lines)) is not None:
        records = (each for each in records if each.line < end or not each.kind.is_alone)
        notes.assume(Assumption(Inference.BEHIND_END, line=end))
    for each in _of_lines(survey, has_epochs=has_epochs, by_step=by_step):
        notes.assume(each)
    rows = _rows(records, survey, wanted | {columns.lr, columns.energy}, notes, follows=not survey.leads)
    trainings = runs_of(
        path,
        format_,
        columns,
        rows,
        notes,
        name=name,
        planned=survey.planned(),
        planned_steps=survey.steps,
        in_parts=survey.in_parts,
        unit="step" if by_step else None,
    )
    for run in _without_mixed_plans(list(trainings), survey):
        if not has_epochs and run.steps < least:
            raise NotALogError("its lines count no epochs, and hold one loss: an evaluation, not a training")
        if not has_epochs and not survey.has_steps:
            _refuse_pause(run)
        yield dataclasses.replace(
            run,
            evidence=tuple(_shown(survey, wanted)),
            assumed=(*run.assumed, *_left_out(survey, wanted)),
            notes=(*run.notes, *_unclear_pairs(survey, columns)),
        )


def _without_mixed_plans(runs: list[Run], survey: Survey) -> list[Run]:
    """The runs without what was planned, where nothing shows which of several was to take how many epochs."""
    if len(runs) == 1 or len(survey.plans) <= 1:
        return runs
    return [dataclasses.replace(run, planned=None) for run in runs]


def _of_lines(survey: Survey, *, has_epochs: bool, by_step: bool) -> Iterator[Assumption]:
    """What is assumed of which lines belong together."""
    if by_step:
        yield Assumption(Inference.BY_STEP)
    if not has_epochs and not survey.has_steps:
        yield Assumption(Inference.ORDER, unit="step")
    if has_epochs and survey.leads:
        yield Assumption(Inference.NEXT_EPOCH)
    if any(IN_BRACKETS.search(pattern) for pattern in survey.patterns):
        yield Assumption(Inference.IN_BRACKETS)
    if survey.labels and survey.names_trainings:
        yield Assumption(Inference.LABELS, others=tuple(survey.labels))


def _refuse_pause(run: Run) -> None:
    """Refuse lines that count nothing where a day or more lies between two: another training may begin there.

    Raises:
        LogError: There is such a pause.
    """
    times = [seen.elapsed for seen in run.observations if seen.elapsed is not None]
    longest = max((after - before for before, after in itertools.pairwise(times)), default=0.0)
    if longest >= LONGEST_PAUSE:
        raise LogError(
            f"its lines count nothing, and between two of them lie {round(longest / LONGEST_PAUSE)} days, as between "
            "trainings that write to one file; split it by training"
        )


def _no_losses(survey: Survey) -> NotALogError:
    """The error where lines name no losses, one after the other; with the names in lines that count."""
    names = [name for name, is_of_batch in survey.names if not is_of_batch or (name, False) not in survey.names]
    if survey.counted or not names:
        return NotALogError("its lines hold no losses, one after the other")
    shown = ", ".join(map(repr, names[:12])) + (", …" if len(names) > 12 else "")
    return NotALogError(f"its lines name no loss; name what to judge with --val-metric. They name {shown}")


def _refuse_bars(survey: Survey, wanted: set[str | None]) -> None:
    """Refuse a loss on bars of several lengths, of training and of validation, where nothing shows which is which.

    Raises:
        LogError: There are such.
    """
    for name, totals in survey.bars.items():
        again = [total for total, count in totals.items() if count >= EXAMPLES]
        if name in wanted and len(again) > 1:
            listed = " and ".join(map(str, sorted(again)))
            raise LogError(
                f"{name!r} is on bars of {listed} batches, and nothing says which of them is training and which "
                "validation; print one of them by another name"
            )
        if name in wanted and survey.highest < 0 and survey.has_allennlp:
            raise LogError(
                f"{name!r} is on AllenNLP's bars, and nothing distinguishes those of training and of validation; "
                "read the metrics_epoch_*.json or the event files of the run"
            )
    for name, (_, changes) in survey.turns.items():
        if name in wanted and changes >= 2 * EXAMPLES - 1:
            raise LogError(
                f"{name!r} is printed in turns of two numbers of batches, and nothing says which of them is training "
                "and which validation; print one of them by another name"
            )


def _refuse_places(survey: Survey, wanted: set[str | None]) -> None:
    """Refuse a loss in lines that count where other lines have it below such lines: nothing shows what each is of.

    Raises:
        LogError: It is one.
    """
    for kind, count in survey.kinds.items():
        both = [name for name in kind.names if survey.is_unclear(kind, name) and not words_of(name) & SPLITS]
        shown = {survey.shown(name, is_of_batch=True) for name in both} & wanted
        if shown and survey.behind_counters >= max(EXAMPLES, count / 2):
            raise LogError(
                f"{next(iter(shown))!r} is printed in lines that count steps and again below such lines, and nothing "
                "says which is of training and which of validation; print one of them by another name"
            )


def _refuse_phases(records: Sequence[Record], lines: Lines, survey: Survey, columns: Columns) -> None:
    """Refuse a loss that training and validation print in one wording, where only a line between them shows which.

    Raises:
        LogError: It is one.
    """
    if columns.val is not None or columns.train is None:
        return
    losses, epoch = list[tuple[Record, float]](), None
    for each in records:
        epoch = each.epoch if each.epoch is not None else epoch
        is_of_steps = each.step is not None or each.bar
        if each.pattern and epoch is not None and not is_of_steps:
            losses += [(each, epoch)] if columns.train in survey.columns_of(each.kind).values() else []
    pairs = [
        (first.line, second.line)
        for (first, of_first), (second, of_second) in itertools.pairwise(losses)
        if of_first == of_second and first.pattern == second.pattern
    ]
    if len(pairs) < EXAMPLES:
        return
    with_loss = {each.line for each in records if each.pattern}
    others = ((number, line[:MOST_SAID]) for number, line in lines() if number not in with_loss)
    speak = [number for number, text in others if words_of(text) & OF_ANOTHER_PART]
    parted = sum(bisect.bisect(speak, first) < bisect.bisect(speak, second) for first, second in pairs)
    if parted >= max(EXAMPLES, len(pairs) / 2):
        raise LogError(
            f"{columns.train!r} is printed twice an epoch in one wording, and a line between speaks of a test: "
            "training and validation can't be distinguished; print one of them by another name"
        )


def _end_of_training(records: Sequence[Record], lines: Lines) -> int | None:
    """The only line that says that the training is over, where losses without a counter stand behind it."""
    ends = [number for number, line in lines() if FINISHED.search(line)]
    if len(ends) != 1:
        return None
    behind = [each for each in records if each.line > ends[0] and each.pattern]
    return ends[0] if len(behind) >= EXAMPLES and all(each.kind.is_alone for each in behind) else None


@dataclass
class _Named:
    """The training that lines are of, where they name it or are to take another number of epochs from the first on."""

    label: str = ""
    planned: int | None = None

    def is_begun_by(self, record: Record, epoch: float | None, survey: Survey) -> bool:
        """Whether a line is the first of another training; its name is kept."""
        label, planned = self.label, self.planned
        if record.label and survey.names_trainings:
            self.label = record.label
        elif record.epochs and planned and record.epochs != planned and (record.epoch or 0) <= (epoch or 0):
            self.label = f"of {record.epochs} epochs"
        self.planned = record.epochs or (planned if self.label == label else None)
        return self.label != label


def _rows(
    records: Iterator[Record], survey: Survey, wanted: set[str | None], notes: Notes, *, follows: bool
) -> Iterator[Row]:
    """A row for each line with a number that is asked for; one that names no epoch or step is of the last ones.

    Where losses are printed before their epoch is, they are of the next one.
    """
    epoch: float | None = None
    step: float | None = None
    counted: dict[str, float] = {}
    named = _Named()
    columns_of = functools.cache(survey.columns_of)
    for record in _validated_once(_last_states(records), notes, wanted):
        if named.is_begun_by(record, epoch, survey):
            epoch, step = None, None
        if record.epoch is not None and record.epoch != epoch:
            epoch, step = record.epoch, record.step
        step = record.step if record.step is not None else step
        if not record.values:
            if record.epoch is not None and not follows:
                yield Row(record.line, {"epoch": record.epoch}, named.label)
            continue
        if survey.is_of_another_pass(record):
            continue
        columns = columns_of(record.kind)
        _refuse_beginning(record, wanted & {*columns.values()})
        if record.kind.is_alone and wanted.isdisjoint(columns.values()):
            continue
        values = {columns[name]: value for name, value in record.values.items() if name in columns}
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
        yield Row(record.line, values, named.label)


def _refuse_beginning(record: Record, wanted: set[str | None]) -> None:
    """Refuse a loss of which the last mean is that of the first few batches of a validation.

    Raises:
        LogError: It is one.
    """
    covered = COVERED.search(record.text) if wanted and record.is_part and record.has_means else None
    if covered and int(covered[1]) + 1 < LEAST_COVERED * int(covered[2]):
        raise LogError(
            f"{next(iter(wanted))!r} is printed for {int(covered[1]) + 1} of {covered[2]} batches of a validation, and "
            "no line has it of the whole; print its mean at the end",
            line=record.line,
        )


def _last_states(records: Iterable[Record]) -> Iterator[Record]:
    """The records, with one for a bar of an epoch that was shown again, with what a validation added."""
    shown = list[Record]()  # the bar, and what came after it
    for record in records:
        if shown and _is_shown_again(shown[0], record):
            shown[0] = record
        elif record.epoch is None and shown and len(shown) < MOST_BETWEEN:
            shown.append(record)
        else:
            yield from shown
            shown = [record]
    yield from shown


def _is_shown_again(shown: Record, record: Record) -> bool:
    """Whether a record is the same full bar, of which the later state counts."""
    is_bar = record.epoch is not None and record.epoch == shown.epoch and "100%|" in record.text
    return is_bar and "100%|" in shown.text and shown.values.keys() <= record.values.keys()


def _validated_once(records: Iterable[Record], notes: Notes, wanted: set[str | None]) -> Iterator[Record]:
    """The records, with one for the parts of a validation: the last means so far, or else the mean of all."""
    parts: list[Record] = []
    for record in records:
        if record.is_part:
            parts.append(record)
            continue
        measured = {name.rsplit("/", 1)[-1]: name for name in parts[-1].values} if parts else {}
        if OF_WHOLE.match(record.text) and not measured.keys().isdisjoint(record.values):
            values = {measured[name]: value for name, value in record.values.items() if name in measured}
            yield parts[-1]._replace(line=record.line, values=values, text=record.text)
            parts = []
            continue
        if parts and (record.epoch is not None or not measured.keys().isdisjoint(record.values)):
            yield _as_one(parts, notes, wanted)
            parts = []
        yield record
    if parts:
        yield _as_one(parts, notes, wanted)


def _as_one(parts: Sequence[Record], notes: Notes, wanted: set[str | None]) -> Record:
    """One record of the parts of a validation; how it came about is assumed."""
    what = Inference.LAST_OF_PARTS if parts[-1].has_means else Inference.MEAN_OF_PARTS
    for name in sorted(wanted & parts[-1].values.keys(), key=str) if len(parts) > 1 else ():
        notes.assume(Assumption(what, str(name)))
    means = {
        name: statistics.fmean(part.values[name] for part in parts if name in part.values) for name in parts[-1].values
    }
    return parts[-1] if parts[-1].has_means else parts[-1]._replace(values=means)


def _shown(survey: Survey, wanted: set[str | None]) -> Iterator[str]:
    """The pattern of the lines that were taken, and the first ones."""
    for pattern, (count, examples, kind) in survey.patterns.items():
        if wanted.intersection(survey.columns_of(kind).values()):
            yield f"{count} {'line is' if count == 1 else 'lines are'} read by the pattern {pattern!r}"
            yield from (f"such as {example!r}" for example in examples)


def _unclear_pairs(survey: Survey, columns: Columns) -> Iterator[str]:
    """What to note about pairs that may be losses or scores, where there is no validation loss."""
    if columns.val is None and survey.pairs.count >= EXAMPLES and not survey.pairs.are_losses:
        yield (
            f"{survey.pairs.count} lines give 'train' and 'val' and not of what: left out; "
            "if it is the loss, let the loop print 'val loss'"
        )


def _left_out(survey: Survey, wanted: set[str | None]) -> Iterator[Assumption]:
    """What is assumed of losses in lines without a counter, where lines that count batches have the same ones."""
    left = [
        (count, examples[0])
        for count, examples, kind in survey.patterns.values()
        if any(survey.is_unclear(kind, name) and survey.shown(name, is_of_batch=True) in wanted for name in kind.names)
    ]
    if left:
        yield Assumption(Inference.UNCLEAR, others=(left[0][1],), count=sum(count for count, _ in left))
