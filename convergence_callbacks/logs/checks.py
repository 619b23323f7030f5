"""Checks of what was read: what its names leave open, and whether its numbers agree with each other."""

from __future__ import annotations

import dataclasses
import itertools
import math
import statistics
from collections.abc import Iterator, Sequence

from convergence_callbacks.logs.assumption import Assumption, Inference
from convergence_callbacks.logs.columns import ColumnChoice, is_loss, is_of_training, measures, part_of
from convergence_callbacks.logs.run import Run

OF_TRAINING = frozenset({"Hugging Face", "DeepLabCut", "decision record"})
"""Formats that define a loss without a word for its part of the data as that of the training."""

ROUND = "round"
"""The unit of boosting, where a measure of error is what is trained on."""

LEAST_FOR_CHECKS = 6
"""Losses from which on a curve can be checked."""

ORDERS = 100.0
"""A jump by this factor is one of two orders of magnitude."""

FIRST = 2
"""Losses at the beginning that may fall by any factor."""

TO_AND_FRO = 4.0
"""Neighbours of two levels lie so many times further apart than every second loss."""

MOST_TO_AND_FRO = 0.9
"""Share of the changes that turn back, where a loss alternates between two levels."""

FEW_OF_PLANNED = 0.5
"""Share of the planned epochs below which a log may not have been read in full."""

MOST_TRAININGS = 5
"""Trainings of one or two steps from which on they may be parts of one."""


def checked(run: Run, choice: ColumnChoice | None) -> Run:
    """The run with what its names leave open, and with the checks that it fails.

    Args:
        run: As its reader read it.
        choice: Columns that the user named: about these nothing is assumed.
    """
    named = choice is not None and (choice.train is not None or choice.val is not None)
    found = [*(() if named or run.judged_by else _of_names(run)), *_of_counts(run), *_of_losses(run)]
    return dataclasses.replace(run, assumed=(*run.assumed, *found)) if found else run


def checked_together(runs: Sequence[Run]) -> list[Run]:
    """The runs of one log, with a doubt where most of many took one or two steps."""
    short = [run for run in runs if run.steps <= 2]
    if len(short) < MOST_TRAININGS or 2 * len(short) <= len(runs):
        return list(runs)
    doubt = Assumption(Inference.SHORT, numbers=(len(runs),), unit=short[0].unit)
    return [dataclasses.replace(run, assumed=(*run.assumed, doubt)) for run in runs]


def _of_names(run: Run) -> Iterator[Assumption]:
    """What the names of the losses leave open."""
    train, val = run.columns.train, run.columns.val
    judged = val or train
    if judged is None or run.unit == ROUND:
        return
    if val is None and not is_of_training(judged) and run.format not in OF_TRAINING:
        yield Assumption(Inference.TRAIN_LOSS, judged)
    beside = tuple(name for name in run.columns.ignored if is_loss(name))
    if val is not None and train is None and beside:
        yield Assumption(Inference.NAME_ALONE, val, beside)
    if val is not None and part_of(val) == "test":
        yield Assumption(Inference.TEST_LOSS, val)
    if not is_loss(judged):
        yield Assumption(Inference.STAND_IN, judged)
    others = tuple(name for name in run.columns.ignored if is_loss(name) and part_of(name) == part_of(judged))
    if others and measures(judged) and not any(measures(judged) < measures(name) for name in others):
        yield Assumption(Inference.ONE_OF_SEVERAL, judged, others)


def _of_counts(run: Run) -> Iterator[Assumption]:
    """Whether as many epochs were read as there should be."""
    if run.unit != "epoch" or not run.observations:
        return
    if run.planned and run.steps > run.planned:
        yield Assumption(Inference.MORE, numbers=(run.steps, run.planned))
    elif run.planned and run.format == "console log" and run.steps < FEW_OF_PLANNED * run.planned:
        yield Assumption(Inference.FEWER, numbers=(run.steps, run.planned))
    gaps = {after.step - before.step for before, after in itertools.pairwise(run.observations)}
    if len(gaps) > 1:
        yield Assumption(Inference.GAPS, numbers=(len(run.observations), run.steps))


def _of_losses(run: Run) -> Iterator[Assumption]:
    """Whether the losses look like curves of one part of the data each."""
    series = {
        run.columns.train or "train loss": [each.train_loss for each in run.observations],
        run.columns.val or "validation loss": [each.val_loss for each in run.observations],
    }
    losses = {name: [loss for loss in values if loss is not None] for name, values in series.items()}
    for name, values in losses.items():
        if len(values) < LEAST_FOR_CHECKS:
            continue
        if len(set(values)) == 1 and math.isfinite(values[0]):
            yield Assumption(Inference.CONSTANT, name)
        elif goes_to_and_fro(values):
            yield Assumption(Inference.TWO_LEVELS, name)
        elif jumps(values):
            yield Assumption(Inference.JUMPS, name)
    (one, first), (other, second) = losses.items() if len(losses) == 2 else (("", []), ("", []))
    if len(first) > 2 and first == second:
        yield Assumption(Inference.EQUAL, one, (other,))


def goes_to_and_fro(losses: Sequence[float]) -> bool:
    """Whether losses alternate between two levels, as where those of two parts of the data are taken for one.

    >>> goes_to_and_fro([5.0, 1.0, 4.9, 0.9, 4.8, 0.8, 4.7, 0.7]), goes_to_and_fro([5.0, 4.0, 3.0, 2.0, 1.0, 0.9, 0.8])
    (True, False)
    """
    changes = [b - a for a, b in itertools.pairwise(losses)]
    turns = sum(a * b < 0 for a, b in itertools.pairwise(changes))
    if turns < MOST_TO_AND_FRO * (len(changes) - 1):
        return False
    of_every_second = statistics.median(abs(b - a) for a, b in zip(losses, losses[2:], strict=False))
    return statistics.median(map(abs, changes)) > TO_AND_FRO * of_every_second


def jumps(losses: Sequence[float]) -> bool:
    """Whether losses jump both up and down by orders of magnitude, after the first ones.

    >>> jumps([3.0, 2.0, 1.0, 500.0, 0.9, 0.8]), jumps([3e5, 2.0, 1.0, 0.9, 0.8, 0.7]), jumps([1.0, 0.9, 0.8, 900.0])
    (True, False, False)
    """
    positive = [loss for loss in losses[FIRST:] if math.isfinite(loss) and loss > 0]
    factors = [b / a for a, b in itertools.pairwise(positive)]
    return max(factors, default=1.0) > ORDERS and min(factors, default=1.0) < 1 / ORDERS
