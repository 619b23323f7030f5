"""The guards that keep a run going or rule a verdict out whatever the models say, and every number of the rule.

Each constant has its unit in its name, and the reason for its number in its text.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.curve.schedule import DROP, rates_ahead
from convergence_callbacks.core.curve.series import Series, change_along_line, median, noise_of
from convergence_callbacks.core.curve.shapes import further_fall
from convergence_callbacks.core.curve.since_best import gap_widening, train_fall
from convergence_callbacks.core.models.features import NOISE_BINS

# When a run may be judged

FEWEST_EPOCHS = 5
"""Epochs before which nothing can be judged of a curve."""

BEGUN_NOISES = 13.0
"""Times its noise by which the judged loss of a run that has begun must have fallen: less may be luck, or the little
that a network's biases learn first."""

BEGUN_TRAIN_NOISES = 50.0
"""Times its noise by which train loss must have fallen instead: its noise is lower, so a first small fall is more."""

BLOWN_UP_NOISES = 5000.0
"""Times its noise beyond which a fall from a blown-up start does not show that the run has begun."""

BEGUN_SHARE = 0.15
"""Share of a trivial predictor's loss, if known, by which one of both losses must be below it: a network with biases
reaches that level within a few epochs, and may stay there."""

HARD_START_EPOCHS = 150
"""Epochs that a run may stay at its start before it is ended: the longest such stay in the recorded trainings."""

HARD_START_SHARE = 0.5
"""Share of the budget after which it is ended even so: a user who gives few epochs expects an early start."""

FEW_EPOCHS = 30
"""Epochs that any run may stay at its start, whatever its budget: ending it sooner saves little and may lose all."""

# When a curve leads further down

STRAIGHT_NOISES = 40.0
"""Times its own error that a fall must be for the curve to be extrapolated: a smaller slope may be luck."""

WINDOWS_BINS: Mapping[int, float] = {12: 1.0, 25: 0.69}
"""Latest bins in which a fall may be clear, each number with the standard error of a fall in units of the noise."""

LEAST_NOISE_SHARE = 1e-4
"""Least noise of a curve, as a share of the total gain: single precision leaves about as much."""

# When validation loss was thrown off

FAR_ABOVE_SHARE = 0.4
"""Share of the total gain above its best at which validation loss will not stay, as in fine-tuning while the learning
rate is high."""

UNSTEADY_SHARE = 0.2
"""Least noise, as a share of that distance: overfitting rises too, but steadily."""

WORTH_OF_WAITING = 2.2
"""What training on is worth then: more than any tolerance."""

# When a run has rested for long

LEAST_GAINING_EPOCHS = 40
"""Least epochs that count as time spent gaining: a shorter rest means nothing."""

# When a loss comes back from a spike

ABOVE_NOISES = 4.0
"""Times its noise by which validation loss is above its best if the network learns its training data by heart."""

SPIKE_EPOCHS = 32
"""Latest epochs in which a spike is looked for."""

SPIKE_NOISES = 6.0
"""Times the noise of an epoch by which the loss must rise from one epoch to the next."""

SPIKE_SHARE = 0.05
"""Share of the total gain by which it must rise too."""

FALL_EPOCHS = 3
"""Epochs whose median must lie below that of as many before: then the loss is going back."""

AFTER_SPIKE_EPOCHS = 6
"""Epochs after the spike that show whether it comes back, and after the latest best that show whether it goes on."""

# When a run that has settled overfits

WIDENED_SHARE = 0.05
"""Share of the total gain by which the generalisation gap widened since the best epoch."""

TRAIN_FALL_SHARE = 0.02
"""Share of its own gain by which train loss fell meanwhile, while validation loss did not."""

# How sure a verdict must be

SURE = 0.8
"""Confidence from which on a curable verdict is sure: then `stop_on` alone decides whether it ends the training."""

AGREED = 0.6
"""Confidence that is enough to end a run that learns nothing, once it has had its epochs to begin."""

LIKELY = 0.5
"""Probability from which on a training is called broken: unstable, or not learning."""

EARLY_EPOCHS = 20
"""Epochs before which a run is called falsely converged only where that is sure: every curve begins nearly straight."""

MARGIN = 0.1
"""Lead in probability by which a verdict replaces the last one, so that it does not flicker."""

LATEST_WEIGHT = 0.5
"""Weight of the latest epoch in the smoothed probabilities: one epoch alone changes little."""

# When a run that is unstable has nothing left to gain

WASTED_EPOCHS = 30
"""Epochs with next to no gain that end a run which is likely unstable: a patience that loses little."""

# What rules a verdict out

STILL_LEFT_SHARE = 0.2
"""Share of its whole fall that must follow the first two steps: else the run only recovered from a poor start."""

LEARNT_NOISES = 10.0
"""Times its noise by which a loss must fall to have learnt something."""


def had_time_to_begin(features: Mapping[str, float], reading: Reading) -> bool:
    """Whether the run has begun to learn, or has had its time to begin.

    A fall from a blown-up start does not show that it has begun.
    """
    return had_hard_start(reading) or (has_begun(features) and not _was_blown_up(reading))


def _was_blown_up(reading: Reading) -> bool:
    fall = reading.first_level - reading.curve.best
    return reading.curve.first_stable_bin > 0 and fall > BLOWN_UP_NOISES * reading.noise


def had_hard_start(reading: Reading) -> bool:
    """Whether the epochs are over that a run may stay at its start."""
    return reading.curve.count >= hard_start_epochs(reading.max_epochs)


def hard_start_epochs(budget: int | None) -> int:
    """Epochs that a run may stay at its start before it is ended."""
    if budget is None:
        return HARD_START_EPOCHS
    return min(HARD_START_EPOCHS, max(FEW_EPOCHS, int(HARD_START_SHARE * budget)))


def has_begun(features: Mapping[str, float]) -> bool:
    """Whether a loss has clearly fallen, and either loss is below a trivial predictor's, if that is known."""
    rests = features["left_of_baseline"] > 1 - BEGUN_SHARE and features["train_left_of_baseline"] > 1 - BEGUN_SHARE
    return (has_fallen(features) or features["train_clear"] >= BEGUN_TRAIN_NOISES) and not rests


def has_fallen(features: Mapping[str, float]) -> bool:
    """Whether the judged loss has clearly fallen, even if only from a poor start."""
    return features["val_clear"] >= BEGUN_NOISES


def leads_further(reading: Reading, tolerance: float) -> bool:
    """Whether the loss falls clearly, and curves of the usual shapes would bring more than the tolerance."""
    begin = reading.curve.first_stable_bin
    losses, unit = reading.losses[begin:], reading.first_level - reading.curve.best
    if not unit > 0 or not _falls_clearly(losses, unit):
        return False
    return float(further_fall(reading.epochs[begin:], losses, most=np.array(2 * unit))) > tolerance * unit


def _falls_clearly(losses: Series, unit: float) -> bool:
    noise = STRAIGHT_NOISES * (noise_of(losses[-NOISE_BINS:]) + LEAST_NOISE_SHARE * unit)
    return any(-change_along_line(losses[-window:]) > error * noise for window, error in WINDOWS_BINS.items())


def worth_of_waiting(worth: float, features: Mapping[str, float]) -> float:
    """What training on is worth: more than any tolerance if validation loss was thrown off and may yet recover."""
    level = features["val_level_12"]
    was_thrown_off = level > FAR_ABOVE_SHARE and UNSTEADY_SHARE * level * features["val_clear"] < 1
    return max(worth, WORTH_OF_WAITING) if was_thrown_off else worth


def worth_after_rest(worth: float, features: Mapping[str, float], reading: Reading) -> float:
    """What training on is worth after a rest: the less, the longer the rest compared with the time spent gaining.

    The longer a run has rested, the longer it may be expected to rest. The trees were fitted to budgets of a few
    hundred epochs, so they know no longer rests.
    """
    rested = features["val_within_0.03"] * reading.curve.width
    if rested <= LEAST_GAINING_EPOCHS:
        return worth
    return worth * min(1.0, max(LEAST_GAINING_EPOCHS, reading.curve.count - rested) / rested)


def recovers(reading: Reading) -> bool:
    """Whether the loss has lately risen in one step and is going back; not if it jumps again and again."""
    latest = reading.curve.latest_epochs(SPIKE_EPOCHS)
    losses = reading.losses[-SPIKE_EPOCHS:] if latest is None else latest[0]
    noise = reading.noise * math.sqrt(reading.curve.width)
    jumps = np.flatnonzero(np.diff(losses) > max(SPIKE_NOISES * noise, SPIKE_SHARE * reading.total_gain))
    if len(jumps) != 1:
        return False
    since = losses[jumps[0] + 1 :]
    if len(since) <= AFTER_SPIKE_EPOCHS or reading.wait <= AFTER_SPIKE_EPOCHS:
        return True
    return median(since[-FALL_EPOCHS:]) < median(since[-2 * FALL_EPOCHS : -FALL_EPOCHS]) - noise


def was_thrown_off_by_the_rate(reading: Reading) -> bool:
    """Whether a rate that warmed up, as in a one-cycle schedule, carried both losses up, and is yet to come down.

    That is assumed for as many epochs after the highest rate as before it. After that, if the schedule is known and the
    best loss was before the highest rate, it holds until the rate no longer falls.
    """
    rates = reading.rates
    top = int(np.argmax(rates))
    if not rates[0] < DROP * rates[top] or _learns_by_heart(reading):
        return False
    if reading.curve.count <= 2 * reading.epochs[top]:
        return True
    ahead = rates_ahead(reading.lr_schedule, reading.observation.step, reading.max_epochs)
    is_to_fall = ahead is not None and len(ahead) > 0 and bool(ahead.min() < DROP * rates[-1])
    return is_to_fall and reading.curve.best_epoch <= reading.epochs[top]


def _learns_by_heart(reading: Reading) -> bool:
    """Whether train loss is at its lowest while validation loss is clearly above its best."""
    train = reading.finite_train_losses
    is_low = len(train) > 0 and bool(median(train[-FALL_EPOCHS:]) <= train.min() + reading.train_noise)
    return is_low and reading.level(FALL_EPOCHS) > reading.curve.best + ABOVE_NOISES * reading.noise


def is_wasted(features: Mapping[str, float], reading: Reading) -> bool:
    """Whether the latest epochs have brought next to nothing, and no step of the learning rate is near."""
    return features["val_within_0.03"] * reading.curve.width >= WASTED_EPOCHS and not reading.rate_steps_down


def overfits(reading: Reading) -> bool:
    """Whether train loss still falls and validation loss no longer follows, in a run that has settled."""
    return gap_widening(reading) > WIDENED_SHARE and train_fall(reading) > TRAIN_FALL_SHARE


def has_learnt(reading: Reading) -> bool:
    """Whether both losses fell clearly, and not only in their first two steps, as from a poor start."""
    return (
        reading.has_begun
        and _falls(reading.losses, reading.noise)
        and _falls(reading.finite_train_losses, reading.train_noise)
    )


def _falls(losses: Series, noise: float) -> bool:
    if len(losses) < FEWEST_EPOCHS:
        return False
    first, third, lowest = float(losses[0]), float(losses[2]), float(losses.min())
    return first - lowest > LEARNT_NOISES * noise and third - lowest >= STILL_LEFT_SHARE * (first - lowest)


def confidence_below(gain: float, tolerance: float) -> float:
    """Probability that the further gain is below the tolerance, if it is distributed exponentially."""
    return 1 - math.exp(-tolerance / max(gain, 1e-3 * tolerance))
