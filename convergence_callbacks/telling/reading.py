"""What a reading of a log rests on, and what in it is doubtful, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from convergence_callbacks.logs.assumption import DOUBTS, Assumption, Clock, Inference
from convergence_callbacks.telling.numbers import count, plural, value

NAMED = 3
"""Names that are listed at most."""

OF_CLOCK: Mapping[Clock, str] = {
    Clock.OF_EPOCH: "the seconds of each epoch",
    Clock.OF_ENTRY: "the seconds of each entry",
    Clock.OF_ITERATION: "the seconds of an iteration, times the iterations of each record",
    Clock.OF_DAY: "the time of day, counted from the first entry",
    Clock.CALENDAR: "the time of the calendar",
    Clock.SINCE_START: "the seconds since the start",
    Clock.LATE: "a clock that did not start with the training",
    Clock.NONE: "neither a clock nor the time of each epoch, and left out",
}

OF_SEVERAL: Mapping[Inference, str] = {
    Inference.TRAIN_LOSS: "the only loss is that of the training",
    Inference.TEST_LOSS: "the test loss stands in for a validation loss",
    Inference.STAND_IN: "what is judged is not called a loss",
    Inference.ONE_OF_SEVERAL: "one of several losses is judged",
    Inference.SUM: "the loss is the sum of its parts",
    Inference.FILE_NAME: "the file's name says that the loss is of the validation",
    Inference.NAME_ALONE: "the validation loss is one by its name alone",
    Inference.MEAN: "the train loss is the mean of an epoch's records",
    Inference.MEAN_OF_PARTS: "the validation loss is the mean of its batches",
    Inference.LAST_OF_PARTS: "the validation loss is the last mean so far",
    Inference.IN_BRACKETS: "a number in brackets behind a loss, which may be its mean so far, is left out",
    Inference.ORDER: "nothing counts, and each record is a step",
    Inference.FIRST_NUMBER: "the first of two numbers counts the epochs, which no name says",
    Inference.STEP_IS_EPOCH: "a step is an epoch, since steps grow by one",
    Inference.BY_STEP: "each record is a step, since there are only one or two epochs",
    Inference.NEXT_EPOCH: "losses stand before the epoch that they are of",
    Inference.TWO_COUNTERS: "two counters are put together by time",
    Inference.LABELS: "words in front of the counter name the training",
    Inference.ANOTHER_TRAINING: "another training begins where the count starts over",
    Inference.RESUME: "the training was resumed where the count goes back",
    Inference.ONE_TRAINING: "one training goes on where its epochs start over",
    Inference.SORTED: "the epochs are put in order",
    Inference.LAST_OF_SEVERAL: "the last of several records of an epoch holds",
    Inference.ONE_VALIDATION: "a single validation after the training is left out",
    Inference.NO_VALIDATION: "a validation loss of 0 throughout stands for none",
    Inference.NO_NUMBERS: "a validation loss that is never a number stands for none",
    Inference.CUT: "the last line has no end and may be cut: left out",
    Inference.AFTER_TRAINING: "validations after the last epoch are left out",
    Inference.BEHIND_END: "losses after the end of the training are left out",
    Inference.UNCLEAR: "lines that may be of training or validation are left out",
    Inference.TWO_NUMBERS: "an epoch whose number is two in one is left out",
    Inference.BEGINS_LATER: "the log begins later than the training",
    Inference.TIME: "what the times count",
    Inference.CONFIGURATION: "budget, patience or schedule are those of the configuration beside the log",
    Inference.FEWER: "less than half of the planned epochs were read",
    Inference.MORE: "more epochs were read than were planned",
    Inference.GAPS: "epochs are missing",
    Inference.TWO_LEVELS: "a loss goes to and fro between two levels",
    Inference.JUMPS: "a loss jumps by orders of magnitude",
    Inference.CONSTANT: "a loss never changes",
    Inference.EQUAL: "train and validation loss are the same",
    Inference.UNEVEN: "some epochs have many more records than others",
    Inference.SHORT: "many trainings of one or two steps",
    Inference.LOST: "a large share of the lines was left out",
    Inference.NOT_READ: "another training in the log could not be read",
    Inference.MAY_BE_SAME: "another file may be of the same training",
}
"""What to call each kind where it holds for some of several runs."""


def sentence(each: Assumption) -> str:
    """One thing that a reading rests on, in words.

    >>> sentence(Assumption(Inference.TRAIN_LOSS, "loss"))
    "'loss' is the train loss, since no name says otherwise"
    """
    make = _SENTENCES.get(each.what)
    return OF_SEVERAL[each.what] if make is None else make(each)


def reading_lines(assumed: Iterable[Assumption]) -> list[str]:
    """The lines about one run: what was assumed, and what is doubtful; none where nothing is.

    >>> reading_lines([Assumption(Inference.SORTED), Assumption(Inference.CONSTANT, "val_loss")])
    ['Assumed: the epochs are put in order.', "Doubtful: 'val_loss' never changes."]
    """
    parts = [(sentence(each), each.is_doubt) for each in assumed]
    return _lines([text for text, doubt in parts if not doubt], [text for text, doubt in parts if doubt])


def reading_lines_of_several(runs: Sequence[Iterable[Assumption]]) -> list[str]:
    """The lines about several runs: each kind once, with the number of runs; of one run those about it.

    >>> reading_lines_of_several([[Assumption(Inference.SORTED)], [Assumption(Inference.SORTED)], []])
    ['Assumed: the epochs are put in order (2 runs).']
    """
    if len(runs) == 1:
        return reading_lines(runs[0])
    found = Counter(what for run in runs for what in dict.fromkeys(each.what for each in run))
    texts = {what: f"{OF_SEVERAL[what]} ({count(found[what], 'run')})" for what in Inference if found[what]}
    return _lines(
        [text for what, text in texts.items() if what not in DOUBTS],
        [text for what, text in texts.items() if what in DOUBTS],
    )


def _lines(assumed: Sequence[str], doubtful: Sequence[str]) -> list[str]:
    named = (("Assumed", assumed), ("Doubtful", doubtful))
    return [f"{name}: {'; '.join(texts)}." for name, texts in named if texts]


def _names(names: Sequence[str]) -> str:
    more = f" and {count(len(names) - NAMED)} more" if len(names) > NAMED else ""
    return f"{', '.join(map(repr, names[:NAMED]))}{more}"


def _at(each: Assumption) -> str:
    """The line, and how often it happened further on."""
    more = f" (and {count(each.count - 1)} more)" if each.count > 1 else ""
    return f"{'' if each.line is None else f' at line {each.line}'}{more}"


def _numbers(each: Assumption) -> list[str]:
    return [value(number) for number in each.numbers]


def _time(each: Assumption) -> str:
    return f"{each.column!r} is {OF_CLOCK[each.clock or Clock.NONE]}"


_SENTENCES: Mapping[Inference, Callable[[Assumption], str]] = {
    Inference.TRAIN_LOSS: lambda a: f"{a.column!r} is the train loss, since no name says otherwise",
    Inference.TEST_LOSS: lambda a: f"{a.column!r} stands in for a validation loss",
    Inference.STAND_IN: lambda a: f"{a.column!r} is judged in place of a loss",
    Inference.ONE_OF_SEVERAL: lambda a: f"{a.column!r} is judged, and not {_names(a.others)}",
    Inference.SUM: lambda a: f"{a.column!r} is the sum of {_names(a.others)}",
    Inference.FILE_NAME: lambda a: f"{a.column!r} is of the validation, by the name of the file",
    Inference.NAME_ALONE: lambda a: (
        f"{a.column!r} is the validation loss by its name alone: beside it are {_names(a.others)}, and no train loss"
    ),
    Inference.MEAN: lambda a: (
        f"the train loss of each {a.unit} is the mean of its {' to '.join(dict.fromkeys(_numbers(a)))} records of "
        f"{a.column!r}"
    ),
    Inference.MEAN_OF_PARTS: lambda a: f"{a.column!r} is the mean of its batches",
    Inference.LAST_OF_PARTS: lambda a: f"{a.column!r} is the last mean so far of its batches",
    Inference.ORDER: lambda a: f"nothing counts the {plural(a.unit)}: each record is one, in the order of the log",
    Inference.STEP_IS_EPOCH: lambda a: f"{a.column!r} counts the epochs, since it grows by one",
    Inference.NEXT_EPOCH: lambda a: "losses are of the epoch that is printed behind them",
    Inference.TWO_COUNTERS: lambda a: (
        f"{a.column!r} is written by the epoch and {_names(a.others)} by the step: put together by the time of writing"
    ),
    Inference.LABELS: lambda a: f"{_names(a.others)} in front of the counter name the training",
    Inference.ANOTHER_TRAINING: lambda a: f"the count starts over{_at(a)}: what follows is another training",
    Inference.RESUME: lambda a: (
        f"the count goes back from {_numbers(a)[0]} to {_numbers(a)[1]}{_at(a)}, as after a resume: what it had "
        "repeated is taken as it came last"
    ),
    Inference.ONE_TRAINING: lambda a: f"the epochs start over{_at(a)} while the steps go on: taken as one training",
    Inference.LAST_OF_SEVERAL: lambda a: (
        f"epoch {_numbers(a)[0]} is there {_numbers(a)[1]} times: taken as it came last,{_at(a)}"
    ),
    Inference.ONE_VALIDATION: lambda a: (
        f"there is one validation,{_at(a)}, after the training: judged by the train loss"
    ),
    Inference.NO_VALIDATION: lambda a: f"{a.column!r} is 0 throughout, as where nothing is validated: left out",
    Inference.NO_NUMBERS: lambda a: f"{a.column!r} is never a number, the train loss always is: left out",
    Inference.AFTER_TRAINING: lambda a: f"the validation{_at(a)} is after the last epoch of training: left out",
    Inference.BEHIND_END: lambda a: (
        f"losses without a counter behind line {a.line}, where the training ended, are left out"
    ),
    Inference.UNCLEAR: lambda a: (
        f"{count(a.count, 'line')} such as {a.others[0]!r} may be of the training or of a validation: left out"
    ),
    Inference.TWO_NUMBERS: lambda a: f"line {a.line} is left out: its {_numbers(a)[0]} is two numbers in one",
    Inference.BEGINS_LATER: lambda a: f"the log begins with {a.unit} {_numbers(a)[0]}: what came before is not in it",
    Inference.TIME: _time,
    Inference.FEWER: lambda a: f"{_numbers(a)[0]} of {_numbers(a)[1]} planned {plural(a.unit)} were read",
    Inference.MORE: lambda a: f"{_numbers(a)[0]} {plural(a.unit)} were read, and {_numbers(a)[1]} planned",
    Inference.GAPS: lambda a: f"of {_numbers(a)[1]} {plural(a.unit)} only {_numbers(a)[0]} were read",
    Inference.TWO_LEVELS: lambda a: f"{a.column!r} goes to and fro between two levels, as of two parts of the data",
    Inference.JUMPS: lambda a: f"{a.column!r} jumps up and down by orders of magnitude",
    Inference.CONSTANT: lambda a: f"{a.column!r} never changes",
    Inference.EQUAL: lambda a: f"{a.column!r} and {_names(a.others)} are the same throughout",
    Inference.UNEVEN: lambda a: (
        f"most {plural(a.unit)} have {_numbers(a)[0]} records of {a.column!r}, one has {_numbers(a)[1]}"
    ),
    Inference.SHORT: lambda a: f"{_numbers(a)[0]} trainings were read, most of one or two {plural(a.unit)}",
    Inference.LOST: lambda a: f"{_numbers(a)[0]} lines of {_numbers(a)[1]} were left out",
    Inference.NOT_READ: lambda a: f"another training in the log could not be read{_at(a)}: {a.others[0]}",
    Inference.MAY_BE_SAME: lambda a: f"{a.others[0]} may be of the same training in other numbers",
}
