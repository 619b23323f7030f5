"""From the rows of a log to one observation an epoch.

Loggers write several rows an epoch (train and validation loss apart, or every few steps), repeat epochs after a
resume, and end wherever the training was killed. What is taken in is bounded by the number of epochs, not of rows.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from convergence_callbacks.core.observation import Observation
from convergence_callbacks.logs.assumption import Assumption, Clock, Inference
from convergence_callbacks.logs.columns import Columns, words_of
from convergence_callbacks.logs.elapsed import CLOCKS, accumulated, time_read
from convergence_callbacks.logs.energy import kilowatt_hours
from convergence_callbacks.logs.errors import LogError, NotALogError
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.table import Row

MOST = 1_000_000
"""Observations of a run, at most: a log with more has a row a step, and neither epochs nor validation."""

FIRST_BLOCK = 100_000
"""Entries before the first validation that are kept apart, in case there is no second one."""

FEW = 4
"""Epochs with a train loss from which on a single validation at the end is left out."""

MOST_RESTARTS = 50
"""Trainings in a row that ended after their first epoch, at most; more records of one epoch are of its steps."""

UNEVEN = 1.5
"""An epoch with so many times the usual number of records may hold those of another part of the data."""

UNMISTAKABLE = frozenset({Clock.OF_EPOCH, Clock.CALENDAR, Clock.OF_DAY})
"""What times are seen to count by the name of their column, or by how they are written."""

DENSE = 0.5
"""Share of the epochs between the first and the last one that has to be there for a table to be one of them all."""


@dataclass(slots=True)
class Entry:
    """What was read of one epoch, or of the time up to one validation; it began at one count and ends at another.

    It may restart a training: then it is the first epoch again, with no other between. Its step is the last one; that
    of its first record is kept beside it. Of its train losses those that came after its validation are known apart:
    they are of the next one, where the epoch is validated again.
    """

    begins: float
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
    others: dict[str, float] = field(default_factory=dict)
    restarts: bool = False
    first_step: float | None = None
    after_sum: float = 0.0
    after_count: int = 0

    @property
    def train(self) -> float | None:
        """The mean of the train losses."""
        return self.train_sum / self.train_count if self.train_count else None

    def add(self, read: Entry) -> None:
        """Add what was read further of the same epoch; the time is kept."""
        if self.val is not None and read.val is None:
            self.after_sum += read.train_sum
            self.after_count += read.train_count
        self.train_sum += read.train_sum
        self.train_count += read.train_count
        self.val = self.val if read.val is None else read.val
        self.lr = self.lr if read.lr is None else read.lr
        self.energy = read.energy if math.isfinite(read.energy) else self.energy
        self.others |= read.others

    def give_up_later(self) -> tuple[float, int]:
        """Give up the train losses that came after the validation: their sum, and how many they are."""
        later = self.after_sum, self.after_count
        self.train_sum, self.train_count = self.train_sum - later[0], self.train_count - later[1]
        self.after_sum, self.after_count = 0.0, 0
        return later


@dataclass(frozen=True)
class Gathered:
    """The observations of one training, and how they were made.

    Args:
        observations: One an epoch.
        unit: What their steps are.
        counts_from: The log's own number of the step 0.
        kilowatt_hours: Energy since the start at each observation; empty where it was not logged.
        assumed: What was assumed, and what is doubtful.
        notes: What was mended, a sentence each.
        steps_each: Steps of the optimiser from one observation to the next, None where they are unknown or differ.
    """

    observations: tuple[Observation, ...]
    unit: str
    counts_from: int
    kilowatt_hours: tuple[float, ...]
    assumed: tuple[Assumption, ...]
    notes: tuple[str, ...]
    steps_each: float | None = None


CLIENT_S_OWN = "_step"
"""The number that Weights & Biases' client gives each row, whatever it is of."""


@dataclass
class Gatherer:
    """Takes rows in order; the trainings in them are in `finish`.

    Args:
        columns: Which column is what.
        in_parts: Whether epochs are logged in parts, as 0.25.
        planned: Epochs that were planned; more than those are none.
    """

    columns: Columns
    in_parts: bool = False
    planned: int | None = None
    _firsts: dict[int, list[Entry]] = field(default_factory=dict)
    _began: int = 0
    _entries: list[Entry] = field(default_factory=list)
    _pending: list[Row] = field(default_factory=list)
    _by_epoch: bool = True
    _last_step: float = 0.0
    _is_validated: bool = False

    def __post_init__(self) -> None:
        self._by_epoch = self.columns.epoch is not None and not self.in_parts

    def add(self, row: Row) -> None:
        """Take in a row."""
        if self.columns.epoch is not None and self.columns.epoch not in row.values:
            if self.columns.val in row.values and self.columns.train not in row.values and self._is_validated_later:
                self._take(row, self._entries[-1].key)
                return
            self._pending.append(row)  # such as the learning rate: of the epoch that the next row names
            del self._pending[:-MOST]
            return
        pending, self._pending = self._pending, []
        key = self._key(row)
        for earlier in pending:
            self._take(earlier, key)
        self._take(row, key)

    def finish(self) -> list[Gathered]:
        """The trainings: more than one where the epochs start over."""
        if self._by_epoch:
            self._entries = _with_restarts(self._entries, self._firsts)
        sorted_, notes = self._in_order()
        trainings = [(sorted_, notes)] if sorted_ else _trainings(self._entries, self._by_epoch)
        if not self._by_epoch and self._counts_rows:
            trainings = [(_first_joined(entries), notes) for entries, notes in trainings]
        return [
            gathered(entries, self.columns, self._by_epoch, notes, self.planned)
            for entries, notes in trainings
            if entries
        ]

    @property
    def _is_validated_later(self) -> bool:
        """Whether a validation that names no epoch is of the latest one, which was not validated yet."""
        return bool(self._entries) and self._entries[-1].val is None and self._entries[-1].train_count > 0

    def _in_order(self) -> tuple[list[Entry], Notes]:
        """All entries by their epochs, where a table has each once, but in another order; else none."""
        notes = Notes()
        keys = [entry.key for entry in self._entries]
        falls = [(a, b) for a, b in itertools.pairwise(self._entries) if b.key < a.key]
        is_whole = self._by_epoch and len(set(keys)) == len(keys) > 2
        if not falls or not is_whole or max(keys) - min(keys) + 1 > len(keys) / DENSE:
            return [], notes
        if any(_is_merged(before, entry) for before, entry in falls):
            return [], notes
        notes.assume(Assumption(Inference.SORTED))
        return sorted(self._entries, key=lambda entry: entry.key), notes

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
        others = {name: values[name] for name in columns.others if name in values}
        is_rate_alone = val is None and train is None and not others
        if is_rate_alone and (lr is None or (self._entries and key < self._entries[-1].key)):
            return
        step = values.get(columns.step) if columns.step else None
        entry = self._entry_for(key, step, val, row.line)
        self._is_validated = self._is_validated or val is not None
        if columns.time is not None and columns.time in values:
            self._take_time(entry, values[columns.time], step)
        read = Entry(key, key, step, row.line, train or 0.0, int(train is not None), val, lr, others=others)
        read.energy = values.get(columns.energy or "", math.nan)
        entry.add(read)
        if self._by_epoch:
            read.time, read.times = entry.time, int(columns.time in values)
            self._take_first(read)

    def _take_first(self, read: Entry) -> None:
        """Keep what is read of the first epoch of a training apart too, in case that it is of several trainings."""
        if self._entries[self._began].key != read.key:
            self._began = len(self._entries) - 1
        if self._began and self._entries[self._began - 1].key < read.key:
            return
        pieces = self._firsts.setdefault(self._began, [])
        last = pieces[-1] if pieces else None
        if last is None or (read.train_count and last.train_count) or None not in (read.val, last.val):
            pieces.append(read)
            del pieces[MOST_RESTARTS + 1 :]
        else:
            last.add(read)
            last.time, last.times = read.time, last.times + read.times

    def _take_time(self, entry: Entry, time: float, step: float | None) -> None:
        """The latest reading of a clock; of iterations, what all since the row before took."""
        if not self.columns.time_of_iterations:
            entry.time = time
            entry.times += 1
        elif step is not None:
            iterations = step - self._last_step if step > self._last_step else step
            entry.time = iterations * time + (entry.time if math.isfinite(entry.time) else 0.0)
            self._last_step = step

    def _entry_for(self, key: float, step: float | None, val: float | None, line: int) -> Entry:
        """The entry that a row belongs to, a new one where it is the first of it."""
        last = self._entries[-1] if self._entries else None
        goes_on = last is not None and (key >= last.key or (not self._by_epoch and _counts_on(last, step)))
        if last is not None and goes_on and self._belongs(last, key, step, val):
            last.key, last.step = key, step
            return last
        if len(self._entries) == MOST:
            raise LogError(
                f"more than {MOST:,} rows and no epoch to put them together by; name it with --epoch-column", line=line
            )
        entry = Entry(key, key, step, line, first_step=step)
        if last is not None and last.key == key and val is not None and (step is None or step != last.first_step):
            entry.train_sum, entry.train_count = last.give_up_later()
        self._entries.append(entry)
        return entry

    def _belongs(self, last: Entry, key: float, step: float | None, val: float | None) -> bool:
        """Whether a row is of the latest entry; a second validation is a new one."""
        if val is not None and last.val is not None:
            return False
        if self._by_epoch or not self._counts_rows:
            return last.key == key
        if last.val is not None and step is not None and last.step is not None:
            return step == last.step  # an epoch that is rounded is less exact
        # Without whole epochs an entry is what lies between two validations; whether there are two is seen later.
        is_open = self.columns.val is not None and last.val is None
        is_same = last.key == key and (is_open or step is None or last.step is None or step == last.step)
        return is_same or (is_open and (self._is_validated or len(self._entries) >= FIRST_BLOCK))

    @property
    def _counts_rows(self) -> bool:
        return bool(self.columns.epoch or self.columns.step)


def _counts_on(last: Entry, step: float | None) -> bool:
    """Whether steps go on where epochs start over, as those of streamed data do after a resume."""
    return step is not None and last.step is not None and step > last.step


def _trainings(entries: Sequence[Entry], by_epoch: bool) -> list[tuple[list[Entry], Notes]]:
    """The entries of each training: another begins where the count starts over; what is repeated counts once."""
    done: list[tuple[list[Entry], Notes]] = []
    kept, notes = list[Entry](), Notes()
    begins = math.nan
    for entry in entries:
        if kept and not by_epoch and entry.begins < kept[-1].key and _counts_on(kept[-1], entry.first_step):
            notes.assume(Assumption(Inference.ONE_TRAINING, line=entry.line))
        elif kept and (entry.restarts or entry.begins < kept[-1].key):
            is_back = math.ceil(entry.begins) <= math.ceil(begins)  # in the first epoch, however often it is logged
            if is_back and not (len(kept) == 1 and _is_merged(kept[0], entry)):
                notes.assume(Assumption(Inference.ANOTHER_TRAINING, line=entry.line))
                done.append((kept, notes))
                kept, notes = [], Notes()
            else:
                _forget_repeated(kept, entry, notes)
        begins = begins if kept else entry.begins
        kept.append(entry)
    if _may_be_merged(kept):
        _leave_out_merged(kept.pop(), notes)
    return [*done, (kept, notes)]


def _with_restarts(entries: list[Entry], firsts: Mapping[int, Sequence[Entry]]) -> list[Entry]:
    """The entries, with a first epoch that is there several times as trainings that ended after one epoch.

    Where each later epoch is there once, two records of the first one are of two trainings.
    """
    ends = {index: _alike_from(entries, index) for index in firsts}
    inside = {each for index, end in ends.items() for each in range(index, end)}
    made_up = {_made_up(entry) for index, entry in enumerate(entries) if index not in inside}
    if len(entries) - len(inside) < FEW or made_up not in ({(1, True, True)}, {(1, False, True)}):
        return entries
    apart, skipped = list[Entry](), 0
    for index, entry in enumerate(entries):
        pieces = firsts.get(index, ())
        if 1 < len(pieces) <= MOST_RESTARTS and {_made_up(each) for each in pieces} == made_up:
            apart += [dataclasses.replace(each, restarts=number > 0) for number, each in enumerate(pieces)]
            skipped = ends[index]
        elif index >= skipped:
            apart.append(entry)
    return apart


def _made_up(entry: Entry) -> tuple[int, bool, bool]:
    """How many train losses an entry has, whether it has no validation loss, and whether it has no step."""
    return entry.train_count, entry.val is None, entry.step is None


def _alike_from(entries: Sequence[Entry], index: int) -> int:
    """Where the entries of the same number end that begin at an index."""
    key = entries[index].key
    return next((end for end in range(index, len(entries)) if entries[end].key != key), len(entries))


def _first_joined(entries: list[Entry]) -> list[Entry]:
    """The entries with those before the first validation as one with it, where others follow."""
    first = next((index for index, entry in enumerate(entries) if entry.val is not None), None)
    is_only_one = first is not None and first == len(entries) - 1 >= FEW
    if not first or is_only_one:
        return entries
    joined, validated = entries[0], entries[first]
    for entry in entries[1 : first + 1]:
        joined.train_sum += entry.train_sum
        joined.train_count += entry.train_count
        joined.times += entry.times
        joined.others |= entry.others
    joined.key, joined.step, joined.val = validated.key, validated.step, validated.val
    rates = [entry.lr for entry in entries[: first + 1] if entry.lr is not None]
    times = [entry.time for entry in entries[: first + 1] if math.isfinite(entry.time)]
    energies = [entry.energy for entry in entries[: first + 1] if math.isfinite(entry.energy)]
    joined.lr = rates[-1] if rates else None
    joined.time, joined.energy = (times or [math.nan])[-1], (energies or [math.nan])[-1]
    return [joined, *entries[first + 1 :]]


def _forget_repeated(kept: list[Entry], entry: Entry, notes: Notes) -> None:
    """Where the count goes back: what came after was lost with a crash."""
    last = kept[-1]
    if _is_merged(last, entry):
        _leave_out_merged(last, notes)
    else:
        notes.assume(Assumption(Inference.RESUME, line=entry.line, numbers=(last.key, entry.begins)))
    while kept and kept[-1].key >= entry.begins:
        kept.pop()


def _is_merged(last: Entry, entry: Entry) -> bool:
    """Whether the number of an epoch is the one before the next with other digits in front, as where a line was cut."""
    return last.key > entry.key > 1 and f"{last.key:.0f}".endswith(f"{entry.key - 1:.0f}")


def _may_be_merged(kept: Sequence[Entry]) -> bool:
    """Whether the last epoch may be what a line that was cut begins with and an epoch that was due, in one number."""
    if len(kept) < 3 or kept[-1].key <= kept[-2].key + 1:
        return False
    if any(after.key != before.key + 1 for before, after in itertools.pairwise(kept[:-1])):
        return False  # it left epochs out before
    due, last = f"{kept[-2].key + 1:.0f}", f"{kept[-1].key:.0f}"
    return any(last.startswith(due[:cut]) and 0 < _number(last[cut:]) <= _number(due) for cut in range(1, len(due) + 1))


def _number(digits: str) -> int:
    """A whole number that is written without zeros in front; 0 for what is none."""
    return int(digits) if digits.isdigit() and digits[0] != "0" else 0


def _leave_out_merged(entry: Entry, notes: Notes) -> None:
    notes.assume(Assumption(Inference.TWO_NUMBERS, line=entry.line, numbers=(entry.key,)))


def gathered(
    entries: list[Entry], columns: Columns, by_epoch: bool, notes: Notes, planned: int | None = None
) -> Gathered:
    """The observations of one training from its entries; more than the planned epochs are steps.

    Raises:
        NotALogError: All are validations at one step.
    """
    counts = {(entry.key, None if columns.step == CLIENT_S_OWN else entry.step) for entry in entries}
    if len(counts) == 1 < len(entries) and columns.epoch and columns.step and not any(e.train_count for e in entries):
        raise NotALogError("all its validations are at one step: an evaluation, not a training")
    _forget_single_validation(entries, notes)
    _forget_placeholder(entries, columns, notes)
    _forget_no_numbers(entries, columns, notes)
    validated = any(entry.val is not None for entry in entries)
    if validated:
        entries = _complete(_trained(entries, notes), notes)
    if by_epoch:
        entries = [entry for entry in entries if entry.train_count or entry.val is not None]
        entries, by_epoch = _once_an_epoch(entries, notes)
    else:  # settings that are printed before the training may name a rate
        entries = list(itertools.dropwhile(lambda entry: not entry.train_count and entry.val is None, entries))
    keys = [entry.key for entry in entries]
    if not by_epoch:
        keys = _as_whole_numbers(keys)
    unit = "epoch"
    are_too_many = columns.epoch is None and planned is not None and bool(keys) and keys[-1] > planned
    is_counted = bool(keys) and all(key == math.floor(key) >= 0 for key in keys) and _grow(keys, by_epoch)
    if are_too_many or not is_counted:
        unit, keys = ("evaluation" if validated else "step"), [float(index) for index in range(len(entries))]
    elapsed, clock = _elapsed(entries, columns)
    counts_from = int(keys[0]) if keys else 0
    if counts_from > 1:
        notes.assume(Assumption(Inference.BEGINS_LATER, numbers=(counts_from,), unit=unit))
    observations = tuple(
        Observation(
            step=int(key) - counts_from,
            train_loss=entry.train,
            val_loss=entry.val,
            lr=entry.lr,
            elapsed=None if elapsed is None else elapsed[index],
            metrics=entry.others,
        )
        for index, (key, entry) in enumerate(zip(keys, entries, strict=True))
    )
    energy = kilowatt_hours([entry.energy for entry in entries], columns.energy) if columns.energy else ()
    for each in _assumed(entries, columns, unit, clock):
        notes.assume(each)
    kept = notes.assumptions(), notes.sentences()
    return Gathered(observations, unit, counts_from, energy, *kept, _steps_each(entries))


def _forget_single_validation(entries: list[Entry], notes: Notes) -> None:
    """Leave out a validation loss that is there at the end alone: it is no curve, the train loss is."""
    validated = [entry for entry in entries if entry.val is not None]
    trained = sum(entry.train_count > 0 for entry in entries)
    if len(validated) == 1 and validated[0] is entries[-1] and trained >= FEW:
        notes.assume(Assumption(Inference.ONE_VALIDATION, line=validated[0].line))
        validated[0].val = None
        if entries[-1].train_count == 0:
            entries.pop()


def _forget_placeholder(entries: Sequence[Entry], columns: Columns, notes: Notes) -> None:
    """Leave out a validation loss that is 0 throughout, as a script writes where it does not validate."""
    losses = [entry.val for entry in entries if entry.val is not None]
    is_trained = any(entry.train_sum for entry in entries)
    if columns.val and len(losses) > 1 and not any(losses) and is_trained and "loss" in words_of(columns.val):
        notes.assume(Assumption(Inference.NO_VALIDATION, columns.val))
        for entry in entries:
            entry.val = None


def _forget_no_numbers(entries: Sequence[Entry], columns: Columns, notes: Notes) -> None:
    """Leave out a validation loss that is never a number, where the train loss always is: it was computed wrongly."""
    losses = [entry.val for entry in entries if entry.val is not None]
    trained = [entry.train_sum for entry in entries if entry.train_count]
    is_none = len(losses) > 1 and all(map(math.isnan, losses)) and all(map(math.isfinite, trained))
    if columns.val and trained and is_none:
        notes.assume(Assumption(Inference.NO_NUMBERS, columns.val))
        for entry in entries:
            entry.val = None


def _assumed(entries: Sequence[Entry], columns: Columns, unit: str, clock: Clock | None) -> Iterator[Assumption]:
    """What was assumed of the counter, of several records and of the times, and what is doubtful in it."""
    if not columns.epoch and not columns.step:
        yield Assumption(Inference.ORDER, unit=unit)
    elif unit == "epoch" and columns.step and not columns.epoch:
        yield Assumption(Inference.STEP_IS_EPOCH, columns.step)
    records = [entry.train_count for entry in entries if entry.train_count]
    if columns.train and max(records, default=0) > 1:
        usual = statistics.median_low(records)
        yield Assumption(Inference.MEAN, columns.train, numbers=(min(records), max(records)), unit=unit)
        if len(records) > FEW and max(records) > UNEVEN * usual and unit == "epoch":
            yield Assumption(Inference.UNEVEN, columns.train, numbers=(usual, max(records)), unit=unit)
    is_named = clock is Clock.SINCE_START and bool(words_of(columns.time or "") & CLOCKS)
    if columns.time and clock is not None and clock not in UNMISTAKABLE and not is_named:
        yield Assumption(Inference.TIME, columns.time, clock=clock)


def _steps_each(entries: Sequence[Entry]) -> float | None:
    """Steps of the optimiser from one entry to the next, where they hardly differ."""
    steps = [entry.step for entry in entries if entry.step is not None]
    moves = [b - a for a, b in itertools.pairwise(steps)]
    if len(steps) < len(entries) or not moves or min(moves) <= 0:
        return None
    middle = statistics.median(moves)
    regular = sum(abs(move - middle) <= 0.1 * middle for move in moves)
    return middle if regular >= 0.9 * len(moves) else None


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
        notes.assume(Assumption(Inference.AFTER_TRAINING, line=entry.line))
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
    """One entry an epoch, unless most epochs were validated several times.

    Raises:
        LogError: Each epoch is there several times, trained and validated anew: of several trainings at once.
    """
    by_key: dict[float, list[Entry]] = {}
    for entry in entries:
        by_key.setdefault(entry.key, []).append(entry)
    several = [same for same in by_key.values() if len(same) > 1]
    if not several:
        return entries, True
    distinct = any(len({entry.step for entry in same}) == len(same) for same in several)
    if not distinct:
        _refuse_parts(several, len(by_key))
    if 2 * len(several) > len(by_key) or distinct:
        if not distinct and len(several) > 2 and all(entry.train_count and entry.val is not None for entry in entries):
            raise LogError(
                f"each epoch is there {len(several[0])} times with losses of its own, as of several trainings that "
                "write to one file: split it by training, or name what counts on with --epoch-column or --step-column"
            )
        return entries, False
    for same in several:
        notes.assume(Assumption(Inference.LAST_OF_SEVERAL, line=same[-1].line, numbers=(same[0].key, len(same))))
    return [same[-1] for same in by_key.values()], True


def _refuse_parts(several: Sequence[Sequence[Entry]], epochs: int) -> None:
    """Refuse validation losses that stand behind all train losses of an epoch, one of each batch.

    Raises:
        LogError: They do so in most epochs.
    """
    parts = [same for same in several if same[0].train_count > 1 and not any(each.train_count for each in same[1:])]
    if len(parts) >= FEW and 2 * len(parts) > epochs:
        raise LogError(
            f"the validation loss is there {len(parts[0])} times after the training of each epoch, as of its batches; "
            "write its mean, or name what counts with --step-column"
        )


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


def _elapsed(entries: list[Entry], columns: Columns) -> tuple[list[float] | None, Clock | None]:
    times = [entry.time for entry in entries]
    if not columns.time or not any(map(math.isfinite, times)):
        return None, None
    if columns.time_of_iterations:
        return accumulated(times), Clock.OF_ITERATION
    return time_read(times, columns.time, once_an_epoch=all(entry.times <= 1 for entry in entries))
