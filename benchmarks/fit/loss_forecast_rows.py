"""What the forecast could have read at some epochs of a recorded run, and what came of it."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from benchmarks.record.curves import Run
from convergence_callbacks.core.curve.curve import Curve
from convergence_callbacks.core.curve.reading import Reading
from convergence_callbacks.core.forecast import Loss
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.forecast.features import FEWEST, Past, level_window
from convergence_callbacks.forecast.loss import past_of

Series = NDArray[np.float64]

READ = 7  # epochs of each run that are fitted
UNKNOWN = 0.25  # share of them whose budget nobody knows …
SCHEDULED = 0.3  # … and of these, of which the schedule is known all the same
TOLERANCES = (0.001, 0.1)  # between which those are drawn that are fitted
LARGEST = 1e30  # losses beyond are not forecast


@dataclass(frozen=True, eq=False)
class Row:
    """A run looked ahead from one epoch.

    Args:
        run: The run.
        of: Which of its losses.
        epochs: How many were trained.
        until: The epoch looked ahead to.
        tolerance: Share of the total gain that is not worth waiting for.
        features: Numbers by name.
        left_features: Those that the epochs left depend on besides.
        level: Of the loss now.
        scale: On which it moves.
        moved: From its level now to that at the later epoch, in units of the scale.
        left: Epochs until the lowest loss is within the tolerance of the lowest until then.
    """

    run: Run
    of: Loss
    epochs: int
    until: int
    tolerance: float
    features: dict[str, float]
    left_features: dict[str, float]
    level: float
    scale: float
    moved: float
    left: int


def forecastable(run: Run) -> bool:
    """Whether both its losses are numbers to the end; of one that explodes nobody wants to know where it ends."""
    losses = np.concatenate([run.val, run.train])
    return bool(np.isfinite(losses).all() and np.abs(losses).max() < LARGEST)


def signals_at(run: Run, epochs: Sequence[int]) -> list[Reading]:
    """What can be read after each of some numbers of epochs, budget and schedule known."""
    curve, read = Curve(), []
    for epoch in range(max(epochs)):
        curve.add(epoch, float(run.val[epoch]), float(run.train[epoch]), float(run.lr[epoch]))
        if epoch + 1 in epochs:
            observation = Observation(step=epoch)
            kept = Curve.from_state(curve.state_dict())
            read.append(Reading(observation, kept, max_epochs=run.epochs, lr_schedule=run.lr.tolist()))
    return read


def fitted_rows(runs: Sequence[Run], jobs: int) -> list[Row]:
    """Some epochs of each run and of both its losses, with budget and schedule unknown in some: what is fitted."""
    work = Parallel(n_jobs=jobs, batch_size=16)(delayed(_fitted_rows)(run) for run in runs)
    return [row for rows in work for row in rows]


def _fitted_rows(run: Run) -> list[Row]:
    rng = np.random.default_rng(zlib.crc32(run.name.encode()) + 2)
    shares = np.concatenate([rng.uniform(0.03, 0.97, READ - 2), 10 ** rng.uniform(-1.5, 0, 2)])
    at = sorted({epochs for epochs in (run.epochs * shares).astype(int).tolist() if FEWEST <= epochs < run.epochs})
    rows = []
    for signals in signals_at(run, at) if at else []:
        for of in ("judged", "train"):
            past = past_of(signals, of)
            assert past is not None
            for until in (run.epochs, int(rng.integers(past.count + 1, run.epochs + 1))):
                is_known = rng.random() >= UNKNOWN
                scheduled = is_known or rng.random() < SCHEDULED
                tolerance = float(np.exp(rng.uniform(*np.log(TOLERANCES))))
                rows.append(row_of(run, of, past, until, tolerance, budget_known=is_known, scheduled=scheduled))
    return rows


def row_of(
    run: Run, of: Loss, past: Past, until: int, tolerance: float, *, budget_known: bool = True, scheduled: bool = True
) -> Row:
    """A look ahead, and what came of it."""
    losses = run.val if of == "judged" else run.train
    budget, rates = (float(run.epochs) if budget_known else np.nan), run.lr[past.count : until]
    features = past.features_for(until, budget, rates if scheduled else None)
    return Row(
        run=run,
        of=of,
        epochs=past.count,
        until=until,
        tolerance=tolerance,
        features=features,
        left_features=past.features_of_tolerance(until, tolerance),
        level=past.level,
        scale=past.scale,
        moved=(level_of(losses[:until]) - past.level) / past.scale,
        left=epochs_left(losses[:until], past.count, tolerance),
    )


def level_of(losses: Series) -> float:
    """Where a loss is after these epochs."""
    return float(np.median(losses[-level_window(len(losses)) :]))


def epochs_left(losses: Series, epochs: int, tolerance: float) -> int:
    """Epochs until the lowest loss is within the tolerance of the lowest of all, as a share of the whole gain."""
    lowest = np.minimum.accumulate(losses)
    enough = lowest[-1] + tolerance * (losses[0] - lowest[-1])
    return max(0, int(np.argmax(lowest <= enough)) + 1 - epochs)
