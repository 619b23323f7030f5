"""What a reading takes to be so without a word for it in the log, and what in it is doubtful: data, without words.

The sentences are made in `telling.reading`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Inference(enum.Enum):
    """What was inferred rather than read, by kind; those of `DOUBTS` are checks of a reading that failed."""

    TRAIN_LOSS = enum.auto()
    """The only loss is that of the training; no name says so."""

    TEST_LOSS = enum.auto()
    """The loss of the test stands in for that of the validation."""

    STAND_IN = enum.auto()
    """What is judged is not called a loss."""

    ONE_OF_SEVERAL = enum.auto()
    """One of several losses is judged, which is not plainly the whole of the others."""

    SUM = enum.auto()
    """The loss is the sum of its parts."""

    FILE_NAME = enum.auto()
    """The loss is that of the validation, by the name of the file."""

    NAME_ALONE = enum.auto()
    """The loss is that of the validation by its name alone: beside it are other losses, and none of the training."""

    MEAN = enum.auto()
    """The train loss of an epoch is the mean of several records."""

    MEAN_OF_PARTS = enum.auto()
    """The validation loss is the mean of those of its batches."""

    LAST_OF_PARTS = enum.auto()
    """The validation loss is the last mean so far that was printed."""

    IN_BRACKETS = enum.auto()
    """A number in brackets behind a loss, which may be its mean so far, is left out."""

    ORDER = enum.auto()
    """Nothing counts: each record is a step, in the order of the log."""

    FIRST_NUMBER = enum.auto()
    """The first of two numbers without names counts the epochs."""

    STEP_IS_EPOCH = enum.auto()
    """A step counts the epochs, since it grows by one from one record to the next."""

    BY_STEP = enum.auto()
    """There are so few epochs that each record is taken by its step."""

    NEXT_EPOCH = enum.auto()
    """Losses in front of the line of an epoch are of that epoch."""

    TWO_COUNTERS = enum.auto()
    """One loss is written by the epoch, the other by the step: put together by the time of writing."""

    LABELS = enum.auto()
    """Words in front of the counter name the training."""

    ANOTHER_TRAINING = enum.auto()
    """Another training begins where the count starts over."""

    RESUME = enum.auto()
    """The training was resumed where the count goes back: the later values hold."""

    ONE_TRAINING = enum.auto()
    """One training goes on where its epochs start over, since its steps go on."""

    SORTED = enum.auto()
    """The epochs are put in order."""

    LAST_OF_SEVERAL = enum.auto()
    """The last of several records of an epoch holds."""

    ONE_VALIDATION = enum.auto()
    """A single validation after the training is left out."""

    NO_VALIDATION = enum.auto()
    """A validation loss of 0 throughout stands for none."""

    NO_NUMBERS = enum.auto()
    """A validation loss that is never a number, beside a train loss that always is, stands for none."""

    CUT = enum.auto()
    """The last line, which has no end, is left out."""

    AFTER_TRAINING = enum.auto()
    """Validations after the last epoch are left out."""

    BEHIND_END = enum.auto()
    """Losses without a counter behind the end of the training are left out."""

    UNCLEAR = enum.auto()
    """Lines that may be of training or validation are left out."""

    TWO_NUMBERS = enum.auto()
    """An epoch whose number is two in one is left out."""

    BEGINS_LATER = enum.auto()
    """What came before the first epoch of the log is not known."""

    TIME = enum.auto()
    """What the times count."""

    CONFIGURATION = enum.auto()
    """Budget, patience or schedule are those of a configuration beside the log."""

    FEWER = enum.auto()
    """Less than half of the planned epochs were read."""

    MORE = enum.auto()
    """More epochs were read than were planned."""

    GAPS = enum.auto()
    """Epochs are missing between those that were read."""

    TWO_LEVELS = enum.auto()
    """A loss goes to and fro between two levels, as of two parts of the data."""

    JUMPS = enum.auto()
    """A loss jumps up and down by orders of magnitude."""

    CONSTANT = enum.auto()
    """A loss never changes."""

    EQUAL = enum.auto()
    """Train and validation loss are the same."""

    UNEVEN = enum.auto()
    """Some epochs have many more records than the others."""

    SHORT = enum.auto()
    """Many trainings of one or two steps each were read."""

    LOST = enum.auto()
    """A large share of the lines was left out."""

    NOT_READ = enum.auto()
    """Another training in the log could not be read."""

    MAY_BE_SAME = enum.auto()
    """Another file may be of the same training."""


DOUBTS = frozenset(
    {
        *(Inference.FEWER, Inference.MORE, Inference.GAPS, Inference.TWO_LEVELS, Inference.JUMPS),
        *(Inference.CONSTANT, Inference.EQUAL, Inference.UNEVEN, Inference.SHORT, Inference.LOST),
        *(Inference.NOT_READ, Inference.MAY_BE_SAME),
    }
)
"""The kinds that make a reading doubtful, rather than say what it rests on."""


class Clock(enum.Enum):
    """What times count."""

    OF_EPOCH = enum.auto()
    """Seconds of each epoch, by the name of the column."""

    OF_ENTRY = enum.auto()
    """Seconds of each entry, since they do not grow."""

    OF_ITERATION = enum.auto()
    """Seconds of an iteration, times the iterations of each record."""

    OF_DAY = enum.auto()
    """The time of day."""

    CALENDAR = enum.auto()
    """Seconds since 1970, or finer."""

    SINCE_START = enum.auto()
    """Seconds since the start, since they grow."""

    LATE = enum.auto()
    """A clock that did not start with the training, counted from the first entry."""

    NONE = enum.auto()
    """Neither a clock nor the time of each epoch."""


@dataclass(frozen=True, slots=True)
class Assumption:
    """One thing that was inferred, with its numbers and names.

    Args:
        what: Its kind.
        column: The column that it is about; empty where it is about none.
        others: Further columns or files.
        line: The line where it happened first; None where it is about the whole log.
        count: How often it happened.
        numbers: The numbers of that kind: counts before and after, records of an epoch.
        unit: What the numbers count.
        clock: What the times count.
    """

    what: Inference
    column: str = ""
    others: tuple[str, ...] = ()
    line: int | None = None
    count: int = 1
    numbers: tuple[float, ...] = ()
    unit: str = "epoch"
    clock: Clock | None = None

    @property
    def is_doubt(self) -> bool:
        """Whether it is a check that failed, rather than what the reading rests on."""
        return self.what in DOUBTS
