"""Runs in which a sound training looks broken, or a broken one sound: of all recorded ones, where it shows most."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.record.curves import Recorded, Run, runs_of
from benchmarks.record.labels import Labelled, labelled, learnable
from convergence_callbacks.core.curve.series import noise_of

Series = NDArray[np.float64]

EPOCHS = (50, 200)  # budgets that can be drawn
SOUND = ("converged", "improving")
RISEN = 0.1  # share of the gain by which a validation loss that turned has risen
FLOOR = 5  # times the whole gain


@dataclass(frozen=True, eq=False)
class Told:
    """A recorded run with all that is known of it.

    Args:
        run: The run.
        label: What was wrong with it, None where nobody knows.
        known: The settings of its task.
        accuracy: Validation accuracy by epoch; NaN where there is none.
        other: The same run judged by the other validation set.
    """

    run: Run
    label: str | None
    known: Mapping[str, Any]
    accuracy: Series
    other: Run

    @property
    def is_few(self) -> bool:
        """Whether it is judged by sixty examples."""
        return self.run.name.endswith("-few")

    @property
    def learns(self) -> bool:
        """Whether its losses are numbers, never far above a trivial predictor's, and come well below."""
        val, baseline = self.run.val, self.run.baseline
        finite = np.isfinite(val).all() and np.isfinite(self.run.train).all()
        return bool(finite) and self.run.gain > 0.2 * abs(baseline) and bool(val.max() < 2 * baseline)

    @property
    def is_sound(self) -> bool:
        """Whether it learns, at a good rate, all that it can."""
        return self.label in SOUND and self.learns


def _recorded(told: Told) -> Run:
    return told.run


@dataclass(frozen=True)
class Trap:
    """What misleads.

    Args:
        name: Of the picture's file.
        title: In a few words.
        caption: What an expert sees.
        shows: How much a run shows it; nothing below 0.
        changed: What is drawn of the run.
        mode: Whether less or more of what is judged is better.
        few: Whether sixty validation examples judge.
        scored: Whether accuracy is given beside the losses.
    """

    name: str
    title: str
    caption: str
    shows: Callable[[Told], float]
    changed: Callable[[Told], Run] = _recorded
    mode: Literal["min", "max"] = "min"
    few: bool = False
    scored: bool = False

    @property
    def changes(self) -> bool:
        """Whether something else is drawn than what was recorded."""
        return self.changed is not _recorded

    def choose(self, runs: Sequence[Told]) -> Told:
        """The run that shows it most."""
        return max((told for told in runs if told.is_few == self.few), key=self.shows)


def all_told(recorded: Recorded) -> list[Told]:
    """All finite runs with a budget that can be drawn."""
    runs = runs_of(recorded)
    labels = {each.run.name: each for each in labelled(learnable(runs))}
    told = []
    for known, pair in zip(recorded.known, zip(runs[::2], runs[1::2], strict=True), strict=True):
        accuracy = recorded.rows[known["run"]][:, 3].astype(float)
        told += [Told(run, _label(labels.get(run.name)), known, accuracy, other) for run, other in (pair, pair[::-1])]
    return [each for each in told if EPOCHS[0] <= each.run.epochs <= EPOCHS[1]]


def _label(each: Labelled | None) -> str | None:
    return None if each is None else each.verdict


def _above(told: Told) -> float:
    """By how much train loss is above validation loss."""
    hard = told.known["dropout"] > 0 or told.known["input_noise"] > 0
    if not told.is_sound or not hard:
        return -1.0
    return float(np.quantile(told.run.train - told.run.val, 0.1) / told.run.gain)


def _lag(told: Told) -> float:
    """By how much the first train loss is above the first validation loss."""
    plain = told.known["dropout"] == told.known["input_noise"] == told.known["label_noise"] == 0
    return float((told.run.train[0] - told.run.val[0]) / told.run.gain) if told.is_sound and plain else -1.0


def _noise(told: Told) -> float:
    """Noise of a loss that with more validation examples has half of it at most."""
    if not told.is_sound or not np.isfinite(told.other.val).all():
        return -1.0
    noise = noise_of(told.run.val)
    return noise / told.run.gain if noise_of(told.other.val) < 0.5 * noise else -1.0


def _accuracy(told: Told) -> float:
    """How finely accuracy rises."""
    fine = told.is_sound and np.isfinite(told.accuracy).all() and noise_of(told.accuracy) < 0.01
    return float(len(np.unique(told.accuracy)) * np.ptp(told.accuracy)) if fine else -1.0


def _jump(told: Told) -> float:
    """Fall of validation loss right after the first step of the schedule, beyond what it fell just before."""
    val, half = told.run.val, told.run.epochs // 2
    if not told.learns or told.known["schedule"] != "step":
        return -1.0
    earlier, before, after = (np.median(val[half + first : half + first + 5]) for first in (-10, -5, 1))
    return float((before - after - abs(earlier - before)) / told.run.gain)


def _warm_up(told: Told) -> float:
    """Share of the budget before anything is learnt."""
    slow = told.known["schedule"] in {"warmup_cosine", "one_cycle"}
    if not told.is_sound or not slow:
        return -1.0
    return float(np.argmax(told.run.val < told.run.val[0] - 0.05 * told.run.gain) / told.run.epochs)


def _label_noise(told: Told) -> float:
    """How much accuracy rises while validation loss does."""
    val, accuracy = told.run.val, told.accuracy
    if not told.learns or told.known["label_noise"] == 0 or not np.isfinite(accuracy).all():
        return -1.0
    window, best = max(3, told.run.epochs // 10), int(val.argmin())
    rise = (np.median(val[-window:]) - val[best]) / told.run.gain
    gained = np.median(accuracy[-window:]) - np.median(accuracy[max(0, best - 2) : best + 3])
    return float(gained) if rise > RISEN else -1.0


def _second_descent(told: Told) -> float:
    """How far validation loss rises before it falls below what it was, beyond its noise."""
    if not told.is_sound:
        return -1.0
    val = told.run.val
    smooth = np.convolve(np.pad(val, 2, mode="edge"), np.full(5, 0.2), "valid")
    lowest = np.minimum.accumulate(smooth)
    peak = int(np.argmax((smooth - lowest)[: -len(val) // 5]))
    rise, second = smooth[peak] - lowest[peak], lowest[peak] - smooth[peak:].min()
    return float((min(rise, second) - 4 * noise_of(val)) / told.run.gain)


def _typical(told: Told) -> float:
    """How little noise a converged run has, of which the first loss is the highest."""
    typical = told.label == "converged" and told.is_sound and told.run.val.argmax() == 0
    return 1 / (1e-3 + noise_of(told.run.val) / told.run.gain) if typical else -1.0


def _in_units(told: Told, factor: float, shift: float) -> Run:
    run = told.run
    return dataclasses.replace(
        run, train=factor * run.train + shift, val=factor * run.val + shift, baseline=factor * run.baseline + shift
    )


def _as_accuracy(told: Told) -> Run:
    return dataclasses.replace(told.run, val=told.accuracy, train=np.full(told.run.epochs, np.nan))


def _with_a_second_task(told: Told) -> Run:
    """Plus a second loss that is ten times as large, slower and noisy."""
    run, time = told.run, np.arange(told.run.epochs) / told.run.epochs
    size = 10 * run.gain
    noise = np.random.default_rng(0).normal(0, 0.002 * size, run.epochs)
    second = size * np.exp(-time / 0.15)
    return dataclasses.replace(run, train=run.train + second, val=run.val + second + 0.1 * size + noise)


TRAPS = (
    Trap(
        "augmentation",
        "train loss above validation loss",
        "Dropout and noisy inputs make training harder than validation: nothing is wrong.",
        _above,
    ),
    Trap(
        "running-mean",
        "train loss lags by half an epoch",
        "The train loss that is logged is the mean over an epoch in which the network got better.",
        _lag,
    ),
    Trap(
        "few-examples",
        "sixty validation examples",
        "The jumps of validation loss are the noise of so few examples, not the training's.",
        _noise,
        few=True,
    ),
    Trap("accuracy", "more is better", "With `mode: max` a rise is a gain.", _accuracy, _as_accuracy, "max"),
    Trap(
        "rate-step",
        "the rate falls in a step",
        "The step ends the plateau in the first half of the budget.",
        _jump,
    ),
    Trap("warm-up", "warm-up", "While the learning rate rises from next to nothing, little is learnt.", _warm_up),
    Trap(
        "label-noise",
        "wrong labels in the training data",
        "Validation loss turns, since the network memorises the wrong labels; accuracy goes on rising.",
        _label_noise,
        scored=True,
    ),
    Trap(
        "double-descent",
        "a second descent",
        "Validation loss rises for long, and then falls below what it was.",
        _second_descent,
    ),
    Trap("tiny", "a tiny loss", "The unit of a loss says nothing.", _typical, lambda told: _in_units(told, 1e-9, 0.0)),
    Trap(
        "negative",
        "a negative loss",
        "A negative log-likelihood has no zero to fall to.",
        _typical,
        lambda told: _in_units(told, 1.0, -told.run.val[0] - told.run.gain),
    ),
    Trap(
        "floor",
        "a loss with a floor",
        "All that is learnt is a small share of a loss that can't fall further.",
        _typical,
        lambda told: _in_units(told, 1.0, FLOOR * told.run.gain),
    ),
    Trap(
        "two-tasks",
        "the sum of two losses",
        "One is learnt early, the other, ten times as large, late: it is not over when the first is.",
        _typical,
        _with_a_second_task,
    ),
)
"""All of them, in the order of the page."""
