"""What else a recorded run could have been: noisier, thrown off and recovering, cut short, with less logged.

A model that is fitted on the recorded curves alone knows only their noise and their budgets. Each variant changes
one thing that other people's trainings have, at random, the same way on every machine.
"""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.record.curves import Run
from convergence_callbacks.core.curve.series import noise_of
from convergence_callbacks.core.rule.guards import FEWEST_EPOCHS

Series = NDArray[np.float64]

SHORTEST = 12  # epochs of a budget that is cut
LONGEST = 2000  # epochs that are added to a budget
SETTLED_SHARE = 0.01  # of its fall, that a run which has settled may still fall in the last quarter


def noisy(run: Run, rng: np.random.Generator) -> Run:
    """With a validation set that is noisier, in every other case by less as the learning rate falls."""
    noise = rng.choice([0.01, 0.03, 0.1, 0.3]) * _fall(run) * rng.standard_normal(run.epochs)
    if rng.random() < 0.5:
        noise *= np.sqrt(run.lr / run.lr.max())
    return _changed(run, "noisy", val=run.val + noise)


def thrown_off(run: Run, rng: np.random.Generator) -> Run:
    """With a validation loss that is thrown up early, unsteadily, and comes back, as in fine-tuning at a high rate."""
    share = np.arange(run.epochs) / run.epochs
    rise = 1 - np.exp(-share / max(1 / run.epochs, 0.05 * rng.uniform(0.2, 1.5)))
    unsteady = np.convolve(rng.standard_normal(run.epochs + 2), np.ones(int(rng.integers(1, 4))), "same")[: run.epochs]
    if rng.random() < 0.6:
        back = np.exp(-((share / rng.uniform(0.05, 0.35)) ** rng.choice([1, 2])))
    else:
        back = run.lr / run.lr.max() * np.exp(-share / 0.6)
    size = rng.uniform(0.2, 1.5) * _fall(run) * np.abs(1 + rng.uniform(0.1, 0.5) * unsteady)
    return _changed(run, "thrown", val=run.val + size * rise * back)


def cut_short(run: Run, rng: np.random.Generator) -> Run:
    """With a budget that ended before the training did."""
    epochs = max(SHORTEST, int(run.epochs * rng.uniform(0.25, 0.8)))
    return _changed(run, "short", train=run.train[:epochs], val=run.val[:epochs], lr=run.lr[:epochs])


def without_train_loss(run: Run, _: np.random.Generator) -> Run:
    """With nothing but a validation loss."""
    return _changed(run, "validation-only", train=np.full(run.epochs, np.nan))


def late(run: Run, rng: np.random.Generator) -> Run:
    """With a hard start: it rests at its first level, or soon falls to it, before it begins."""
    epochs = int(rng.integers(3, max(7, min(80, run.epochs // 2))))
    height = _fall(run) * 10 ** rng.uniform(-2, 0) * (rng.random() < 0.7)
    first = height * np.exp(-np.arange(epochs) / rng.uniform(0.5, 3))
    noise = _fall(run) * 10 ** rng.uniform(-4, -2) * rng.standard_normal((2, epochs))
    val, train = max(run.baseline, float(run.val[0])) + first + noise
    return _changed(
        run,
        "late",
        val=np.concatenate([val, run.val]),
        train=np.concatenate([np.where(np.isnan(run.train[0]), np.nan, train), run.train]),
        lr=np.concatenate([np.full(epochs, run.lr[0]), run.lr]),
    )


def rounded(run: Run, rng: np.random.Generator) -> Run:
    """With a validation loss that was logged with few digits: values repeat."""
    digit = max(_fall(run), 1e-300) * rng.choice([0.003, 0.01, 0.03])
    return _changed(run, "rounded", val=np.round(run.val / digit) * digit)


def spiked(run: Run, rng: np.random.Generator) -> Run:
    """With a spike from which it comes back."""
    after = np.maximum(np.arange(run.epochs) - int(rng.integers(2, run.epochs)), -1)
    spike = _fall(run) * 10 ** rng.uniform(-0.5, 1) * np.exp(-after / rng.uniform(0.3, 6)) * (after >= 0)
    return _changed(run, "spiked", val=run.val + spike, train=run.train + rng.choice([0.0, 0.5, 1.0]) * spike)


def smooth(run: Run, _: np.random.Generator) -> Run:
    """With hardly any noise, as on large validation sets: each loss averaged over a quarter of the epochs so far."""
    epochs = np.arange(run.epochs)
    begin, end = epochs - epochs // 8, np.minimum(epochs + epochs // 8 + 1, run.epochs)

    def averaged(loss: Series) -> Series:
        total = np.concatenate([[0.0], np.cumsum(loss)])
        return np.asarray((total[end] - total[begin]) / (end - begin))

    return _changed(run, "smooth", val=averaged(run.val), train=averaged(run.train))


def generous(run: Run, rng: np.random.Generator) -> Run:
    """With a budget far larger than it needs, where it has settled: both losses go on as in their last quarter."""
    quarter = run.epochs // 4
    late = np.stack([run.val, run.train, run.lr])[:, -quarter:]
    if late[0, : quarter // 2].mean() - late[0, quarter // 2 :].mean() > SETTLED_SHARE * _fall(run):
        return _changed(run, "generous")
    epochs = min(LONGEST, int(run.epochs * 10 ** rng.uniform(0, 1)))
    time = np.arange(quarter) - (quarter - 1) / 2
    lines = late[:2].mean(axis=1, keepdims=True) + np.outer(late[:2] @ time / (time @ time), time)
    val, train = lines[:, -1:] + (late[:2] - lines)[:, rng.integers(0, quarter, epochs)]
    return _changed(
        run,
        "generous",
        val=np.concatenate([run.val, val]),
        train=np.concatenate([run.train, train]),
        lr=np.concatenate([run.lr, np.full(epochs, run.lr[-1])]),
    )


def slower(run: Run, rng: np.random.Generator) -> Run:
    """With shorter epochs, so that it takes more of them."""
    return paced(run, rng.uniform(1.3, 3.0), rng)


def faster(run: Run, rng: np.random.Generator) -> Run:
    """With longer epochs, so that it takes fewer of them."""
    return paced(run, rng.uniform(0.35, 0.8), rng)


def paced(run: Run, pace: float, rng: np.random.Generator) -> Run:
    """The run as it would have been logged if each epoch were so many, with as much noise."""
    epochs = max(FEWEST_EPOCHS, round(run.epochs * pace))
    at = np.linspace(0, run.epochs - 1, epochs)

    def logged(loss: Series) -> Series:
        noise = noise_of(loss[np.isfinite(loss)]) if pace > 1 else 0.0
        return np.asarray(np.interp(at, np.arange(run.epochs), loss) + noise * rng.standard_normal(epochs))

    rates = np.interp(at, np.arange(run.epochs), run.lr)
    return _changed(run, f"pace{pace:.2f}", train=logged(run.train), val=logged(run.val), lr=rates)


Vary = Callable[[Run, np.random.Generator], Run]

VARIANTS: tuple[tuple[Vary, float], ...] = (
    (noisy, 0.5),
    (thrown_off, 0.3),
    (cut_short, 0.4),
    (without_train_loss, 0.08),
    (late, 0.03),
    (rounded, 0.12),
    (spiked, 0.1),
    (generous, 0.3),
    (smooth, 0.2),
)
"""Each variant of a recorded run, and of what share of them it is made."""

OF_HISTORIES: tuple[tuple[Vary, float], ...] = (
    (noisy, 0.5),
    (cut_short, 0.6),
    (cut_short, 0.4),
    (without_train_loss, 0.15),
    (smooth, 0.3),
    (rounded, 0.12),
    (thrown_off, 0.1),
    (spiked, 0.1),
    (faster, 1.0),
    (slower, 1.0),
)
"""How public histories are varied, each more often than recorded runs, as there are few projects."""


def with_variants(runs: Iterable[Run], variants: Sequence[tuple[Vary, float]] = VARIANTS) -> list[Run]:
    """All runs, each followed by some of its variants."""
    return [run for original in runs for run in (original, *_variants_of(original, variants))]


def _variants_of(run: Run, variants: Sequence[tuple[Vary, float]]) -> list[Run]:
    rng = np.random.default_rng(zlib.crc32(run.name.encode()))
    chosen = [vary for vary, share in variants if rng.random() < share and run.epochs > SHORTEST]
    return [variant for variant in (vary(run, rng) for vary in chosen) if variant.gain > 0.05 * abs(variant.baseline)]


def _fall(run: Run) -> float:
    return abs(float(run.val[0] - run.val.min()))


def _changed(run: Run, ending: str, **changes: Series) -> Run:
    return dataclasses.replace(run, name=f"{run.name}-{ending}", **changes)
