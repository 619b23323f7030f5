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
class Candidate:
    """A recorded run that may be drawn, with its label and the settings of its task.

    Args:
        run: The run.
        label: What was wrong with it, None where nobody knows.
        settings: The settings of its task.
        accuracy: Validation accuracy by epoch; NaN where there is none.
        other: The same run judged by the other validation set.
    """

    run: Run
    label: str | None
    settings: Mapping[str, Any]
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


def _recorded(candidate: Candidate) -> Run:
    return candidate.run


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
    shows: Callable[[Candidate], float]
    changed: Callable[[Candidate], Run] = _recorded
    mode: Literal["min", "max"] = "min"
    few: bool = False
    scored: bool = False

    @property
    def changes(self) -> bool:
        """Whether something else is drawn than what was recorded."""
        return self.changed is not _recorded

    def choose(self, runs: Sequence[Candidate]) -> Candidate:
        """The run that shows it most."""
        return max((candidate for candidate in runs if candidate.is_few == self.few), key=self.shows)


def all_candidates(recorded: Recorded) -> list[Candidate]:
    """All finite runs with a budget that can be drawn."""
    runs = runs_of(recorded)
    labels = {each.run.name: each for each in labelled(learnable(runs))}
    candidates = []
    for settings, pair in zip(recorded.metadata, zip(runs[::2], runs[1::2], strict=True), strict=True):
        accuracy = recorded.rows[settings["run"]][:, 3].astype(float)
        candidates += [
            Candidate(run, _label(labels.get(run.name)), settings, accuracy, other) for run, other in (pair, pair[::-1])
        ]
    return [each for each in candidates if EPOCHS[0] <= each.run.epochs <= EPOCHS[1]]


def _label(each: Labelled | None) -> str | None:
    return None if each is None else each.verdict


def _above(candidate: Candidate) -> float:
    """By how much train loss is above validation loss."""
    hard = candidate.settings["dropout"] > 0 or candidate.settings["input_noise"] > 0
    if not candidate.is_sound or not hard:
        return -1.0
    return float(np.quantile(candidate.run.train - candidate.run.val, 0.1) / candidate.run.gain)


def _lag(candidate: Candidate) -> float:
    """By how much the first train loss is above the first validation loss."""
    plain = candidate.settings["dropout"] == candidate.settings["input_noise"] == candidate.settings["label_noise"] == 0
    return (
        float((candidate.run.train[0] - candidate.run.val[0]) / candidate.run.gain)
        if candidate.is_sound and plain
        else -1.0
    )


def _noise(candidate: Candidate) -> float:
    """Noise of a loss that with more validation examples has half of it at most."""
    if not candidate.is_sound or not np.isfinite(candidate.other.val).all():
        return -1.0
    noise = noise_of(candidate.run.val)
    return noise / candidate.run.gain if noise_of(candidate.other.val) < 0.5 * noise else -1.0


def _accuracy(candidate: Candidate) -> float:
    """How finely accuracy rises."""
    fine = candidate.is_sound and np.isfinite(candidate.accuracy).all() and noise_of(candidate.accuracy) < 0.01
    return float(len(np.unique(candidate.accuracy)) * np.ptp(candidate.accuracy)) if fine else -1.0


def _jump(candidate: Candidate) -> float:
    """Fall of validation loss right after the first step of the schedule, beyond what it fell just before."""
    val, half = candidate.run.val, candidate.run.epochs // 2
    if not candidate.learns or candidate.settings["schedule"] != "step":
        return -1.0
    earlier, before, after = (np.median(val[half + first : half + first + 5]) for first in (-10, -5, 1))
    return float((before - after - abs(earlier - before)) / candidate.run.gain)


def _warm_up(candidate: Candidate) -> float:
    """Share of the budget before anything is learnt."""
    slow = candidate.settings["schedule"] in {"warmup_cosine", "one_cycle"}
    if not candidate.is_sound or not slow:
        return -1.0
    return float(np.argmax(candidate.run.val < candidate.run.val[0] - 0.05 * candidate.run.gain) / candidate.run.epochs)


def _label_noise(candidate: Candidate) -> float:
    """How much accuracy rises while validation loss does."""
    val, accuracy = candidate.run.val, candidate.accuracy
    if not candidate.learns or candidate.settings["label_noise"] == 0 or not np.isfinite(accuracy).all():
        return -1.0
    window, best = max(3, candidate.run.epochs // 10), int(val.argmin())
    rise = (np.median(val[-window:]) - val[best]) / candidate.run.gain
    gained = np.median(accuracy[-window:]) - np.median(accuracy[max(0, best - 2) : best + 3])
    return float(gained) if rise > RISEN else -1.0


def _second_descent(candidate: Candidate) -> float:
    """How far validation loss rises before it falls below what it was, beyond its noise."""
    if not candidate.is_sound:
        return -1.0
    val = candidate.run.val
    smooth = np.convolve(np.pad(val, 2, mode="edge"), np.full(5, 0.2), "valid")
    lowest = np.minimum.accumulate(smooth)
    peak = int(np.argmax((smooth - lowest)[: -len(val) // 5]))
    rise, second = smooth[peak] - lowest[peak], lowest[peak] - smooth[peak:].min()
    return float((min(rise, second) - 4 * noise_of(val)) / candidate.run.gain)


def _typical(candidate: Candidate) -> float:
    """How little noise a converged run has, of which the first loss is the highest."""
    typical = candidate.label == "converged" and candidate.is_sound and candidate.run.val.argmax() == 0
    return 1 / (1e-3 + noise_of(candidate.run.val) / candidate.run.gain) if typical else -1.0


def _in_units(candidate: Candidate, factor: float, shift: float) -> Run:
    run = candidate.run
    return dataclasses.replace(
        run, train=factor * run.train + shift, val=factor * run.val + shift, baseline=factor * run.baseline + shift
    )


def _as_accuracy(candidate: Candidate) -> Run:
    return dataclasses.replace(candidate.run, val=candidate.accuracy, train=np.full(candidate.run.epochs, np.nan))


def _with_a_second_task(candidate: Candidate) -> Run:
    """Plus a second loss that is ten times as large, slower and noisy."""
    run, time = candidate.run, np.arange(candidate.run.epochs) / candidate.run.epochs
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
    Trap(
        "tiny",
        "a tiny loss",
        "The unit of a loss says nothing.",
        _typical,
        lambda candidate: _in_units(candidate, 1e-9, 0.0),
    ),
    Trap(
        "negative",
        "a negative loss",
        "A negative log-likelihood has no zero to fall to.",
        _typical,
        lambda candidate: _in_units(candidate, 1.0, -candidate.run.val[0] - candidate.run.gain),
    ),
    Trap(
        "floor",
        "a loss with a floor",
        "All that is learnt is a small share of a loss that can't fall further.",
        _typical,
        lambda candidate: _in_units(candidate, 1.0, FLOOR * candidate.run.gain),
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
