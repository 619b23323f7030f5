"""From the rows of a log to one observation an epoch.

Loggers write several rows an epoch (train and validation loss apart, or every few steps), repeat epochs after a
resume, and end wherever the training was killed. What is taken in is bounded by the number of epochs, not of rows.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field

from convergence_callbacks.core.observation import Observation
from convergence_callbacks.logs.columns import Columns
from convergence_callbacks.logs.elapsed import elapsed_seconds
from convergence_callbacks.logs.energy import kilowatt_hours
from convergence_callbacks.logs.errors import LogError
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.table import Row

MOST = 1_000_000
"""Observations of a run, at most: a log with more has a row a step and tells neither epochs nor validation."""


@dataclass(slots=True)
class Entry:
    """What is known of one epoch, or of the time up to one validation."""

    key: float
    step: float | None
    line: int
    train_sum: float = 0.0
    train_count: int = 0
    val: float | None = None
    lr: float | None = None
    time: float = math.nan
    times: int = 0
    energy: float = math.nan

    @property
    def train(self) -> float | None:
        """The mean of the train losses."""
        return self.train_sum / self.train_count if self.train_count else None


@dataclass(frozen=True)
class Gathered:
    """The observations of one training, and how they were made.

    Args:
        observations: One an epoch.
        unit: What their steps are.
        counts_from: The log's own number of the step 0.
        kilowatt_hours: Energy since the start at each observation; empty where it was not logged.
        notes: What was mended.
    """

    observations: tuple[Observation, ...]
    unit: str
    counts_from: int
    kilowatt_hours: tuple[float, ...]
    notes: tuple[str, ...]


@dataclass
class Gatherer:
    """Takes rows in order; the trainings that they told of are in `finish`.

    Args:
        columns: Which column is what.
    """

    columns: Columns
    _entries: list[Entry] = field(default_factory=list)
    _done: list[Gathered] = field(default_factory=list)
    _pending: list[Row] = field(default_factory=list)
    _notes: Notes = field(default_factory=Notes)
    _by_epoch: bool = True
    _begins: float = math.nan

    def __post_init__(self) -> None:
        self._by_epoch = self.columns.epoch is not None

    def add(self, row: Row) -> None:
        """Take in a row."""
        if self.columns.epoch is not None and self.columns.epoch not in row.values:
            self._pending.append(row)  # such as the learning rate: of the epoch that the next row names
            del self._pending[:-MOST]
            return
        pending, self._pending = self._pending, []
        for earlier in pending:
            self._take(earlier, self._key(row))
        self._take(row, self._key(row))

    def finish(self) -> list[Gathered]:
        """The trainings: more than one where the epochs start over."""
        self._close()
        return self._done

    def _key(self, row: Row) -> float:
        """What the row counts by: the epoch, or else the step, or else nothing but the order."""
        name = self.columns.epoch or self.columns.step
        key = row.values.get(name, math.nan) if name else math.nan
        if not math.isfinite(key):
            return self._entries[-1].key + (name is None) if self._entries else 0.0
        if self._by_epoch and key != math.floor(key):
            self._by_epoch = False  # parts of epochs, as Hugging Face counts: a validation ends an entry
        return key

    def _take(self, row: Row, key: float) -> None:
        columns, values = self.columns, row.values
        val = values.get(columns.val) if columns.val else None
        train = values.get(columns.train) if columns.train else None
        lr = values.get(columns.lr) if columns.lr else None
        if val is None and train is None and lr is None:
            return
        step = values.get(columns.step) if columns.step else None
        entry = self._entry_for(key, step, val, row.line)
        if train is not None:
            entry.train_sum += train
            entry.train_count += 1
        entry.val = entry.val if val is None else val
        entry.lr = entry.lr if lr is None else lr
        entry.time = values.get(columns.time or "", entry.time)
        entry.times += columns.time in values
        entry.energy = values.get(columns.energy or "", entry.energy)

    def _entry_for(self, key: float, step: float | None, val: float | None, line: int) -> Entry:
        """The entry that a row belongs to, a new one where it is the first of it."""
        if self._entries:
            self._forget_repeated(key, line)
        last = self._entries[-1] if self._entries else None
        if last is not None and self._belongs(last, key, val):
            last.key, last.step = key, step
            return last
        if len(self._entries) == MOST:
            raise LogError(
                f"more than {MOST:,} rows and no epoch to put them together by; name it with --epoch-column", line=line
            )
        self._begins = key if math.isnan(self._begins) else self._begins
        self._entries.append(Entry(key, step, line))
        return self._entries[-1]

    def _belongs(self, last: Entry, key: float, val: float | None) -> bool:
        """Whether a row is of the latest entry; a second validation is a new one."""
        if val is not None and last.val is not None:
            return False
        if last.key == key:
            return True
        # Without whole epochs an entry is what lies between two validations.
        return not self._by_epoch and self.columns.val is not None and last.val is None and self._counts_rows

    @property
    def _counts_rows(self) -> bool:
        return bool(self.columns.epoch or self.columns.step)

    def _forget_repeated(self, key: float, line: int) -> None:
        """Where the count goes back: what came after was lost with a crash, or another training begins."""
        last = self._entries[-1]
        if key >= last.key:
            return
        if key <= self._begins:
            self._notes.add(f"the count starts over at line {line}: what follows is another training")
            self._close()
            return
        kept = [entry for entry in self._entries if entry.key < key]
        self._notes.add(
            f"the count goes back from {last.key:g} to {key:g} at line {line}, as after a resume: what it had repeated "
            "is taken as it came last",
            kind="goes back",
        )
        self._entries = kept

    def _close(self) -> None:
        """Make observations of the entries, and begin anew."""
        if self._entries:
            self._done.append(gathered(self._entries, self.columns, self._by_epoch, self._notes))
        self._entries, self._notes, self._begins = [], Notes(), math.nan


def gathered(entries: list[Entry], columns: Columns, by_epoch: bool, notes: Notes) -> Gathered:
    """The observations of one training from its entries."""
    validated = any(entry.val is not None for entry in entries)
    if validated:
        entries = _complete(_trained(entries, notes), notes)
    if by_epoch:
        entries, by_epoch = _once_an_epoch(entries, notes)
    keys = [entry.key for entry in entries]
    if not by_epoch:
        keys = _as_whole_numbers(keys)
    unit = "epoch"
    if not keys or any(key != math.floor(key) or key < 0 for key in keys) or not _grow(keys, by_epoch):
        unit, keys = ("evaluation" if validated else "step"), [float(index) for index in range(len(entries))]
    elapsed = _elapsed(entries, columns.time) if columns.time else None
    counts_from = 1 if keys and keys[0] == 1 else 0
    if keys and keys[0] > 1:
        notes.add(f"the log begins with {unit} {keys[0]:g}: what came before is not in it")
    observations = tuple(
        Observation(
            step=int(key) - counts_from,
            train_loss=entry.train,
            val_loss=entry.val,
            lr=entry.lr,
            elapsed=None if elapsed is None else elapsed[index],
        )
        for index, (key, entry) in enumerate(zip(keys, entries, strict=True))
    )
    energy = kilowatt_hours([entry.energy for entry in entries], columns.energy) if columns.energy else ()
    return Gathered(observations, unit, counts_from, energy, notes.told())


def _trained(entries: list[Entry], notes: Notes) -> list[Entry]:
    """The entries without validations at the end that belong to no epoch, as of the finished or the best model."""
    number = max((index for index, entry in enumerate(entries, start=1) if entry.train_count), default=0)
    always = number > 0 and all(entry.train_count for entry in entries[:number])
    only_one = len({(entry.key, entry.val is None) for entry in entries[number:]}) == 1
    if not always or not only_one or entries[-1].val is None:  # of epochs that have no train loss
        number = len(entries)
        while number > 1 and _repeats(entries[number - 2], entries[number - 1]):
            number -= 1
    for entry in entries[number:]:
        notes.add(f"the validation at line {entry.line} is after the last epoch of training: left out", kind="after")
    return entries[:number]


def _repeats(before: Entry, last: Entry) -> bool:
    """Whether an entry is another validation at the same step, with no training between."""
    if last.train_count or last.val is None or before.val is None or last.step is None:
        return False
    return (last.key, last.step) == (before.key, before.step)


def _complete(entries: list[Entry], notes: Notes) -> list[Entry]:
    """The entries without a last one that was not validated yet, where all others were."""
    *before, last = entries
    if last.val is None and before and all(entry.val is not None for entry in before):
        notes.add(f"the last entry, from line {last.line}, has no validation loss yet: left out")
        return before
    return entries


def _once_an_epoch(entries: list[Entry], notes: Notes) -> tuple[list[Entry], bool]:
    """One entry an epoch, unless most epochs were validated several times."""
    by_key: dict[float, list[Entry]] = {}
    for entry in entries:
        by_key.setdefault(entry.key, []).append(entry)
    several = [same for same in by_key.values() if len(same) > 1]
    if not several:
        return entries, True
    distinct = any(len({entry.step for entry in same}) == len(same) for same in several)
    if 2 * len(several) > len(by_key) or distinct:
        return entries, False
    for same in several:
        notes.add(
            f"epoch {same[0].key:g} is there {len(same)} times: taken as it came last, at line {same[-1].line}",
            kind="several",
        )
    return [same[-1] for same in by_key.values()], True


def _as_whole_numbers(keys: list[float]) -> list[float]:
    """Epochs such as 0.9997 and 1.9995 as 1 and 2, where they all are within a twentieth of one after the other."""
    rounded = [float(round(key)) for key in keys]
    near = all(abs(key - whole) < 0.05 for key, whole in zip(keys, rounded, strict=True))
    return rounded if near and _grow(rounded, by_epoch=False) else keys


def _grow(keys: list[float], by_epoch: bool) -> bool:
    """Whether each is larger than the one before; steps, which may be of the optimiser, by exactly one."""
    pairs = itertools.pairwise(keys)
    if by_epoch:
        return all(b > a for a, b in pairs)
    return keys[:1] in ([0.0], [1.0]) and all(b == a + 1 for a, b in pairs)


def _elapsed(entries: list[Entry], column: str) -> list[float] | None:
    once = all(entry.times <= 1 for entry in entries)
    return elapsed_seconds([entry.time for entry in entries], column, once_an_epoch=once)
