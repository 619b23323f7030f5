"""How often the forecast's intervals hold, and how wide they are: `make forecast` (two minutes on two cores).

Runs of data sets that nothing was fitted to are looked ahead from at a quarter, half and three quarters of their
budget. The forecast is compared with the last value: an interval around the present level, of one width for all runs in
units of what each has moved so far, the narrowest one that holds as often on these very runs.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from joblib import Parallel, delayed
from numpy.typing import NDArray
from rich.console import Console

from benchmarks.fit.loss_forecast_rows import epochs_left, forecastable, level_of, signals_at
from benchmarks.record.curves import HELD_OUT, Run, load
from convergence_callbacks.compare.figures import resampled
from convergence_callbacks.core.forecast import Estimate
from convergence_callbacks.forecast.features import FEWEST
from convergence_callbacks.forecast.loss import LONG_RUN, forecast_loss, past_of
from convergence_callbacks.forecast.rate import convergence_rate

Series = NDArray[np.float64]

SHARES = (0.25, 0.5, 0.75)
TOLERANCE = 0.01
DRAWS = 400  # of the bootstrap
ALIKE = 1e-9  # share of the movement by which a level that does not move may miss an interval without width
CURVES = 40  # simulated for each speed, length and noise
SPEEDS = (0.25, 0.5, 1.0)  # exponents of the simulated power laws
LENGTHS = (50, 200)
NOISES = (0.001, 0.01)  # of the simulated curves, as shares of their fall
HALF_LIVES = (0.05, 0.1, 0.2)  # of the simulated exponentials, as shares of the epochs


@dataclass(frozen=True, eq=False)
class Held:
    """An interval and what came.

    Args:
        data: The data set.
        interval: What was forecast.
        came: What came.
        now: What a forecast without any thought would be: the present level, or that nothing is left.
        unit: In which widths are compared: what the loss has moved so far, or the epochs so far.
    """

    data: str
    interval: Estimate
    came: float
    now: float
    unit: float

    @property
    def holds(self) -> bool:
        """Whether the interval held."""
        slack = ALIKE * self.unit
        return self.interval.low - slack <= self.came <= self.interval.high + slack

    @property
    def width(self) -> float:
        """Of the interval, in units."""
        return (self.interval.high - self.interval.low) / self.unit

    @property
    def moved(self) -> float:
        """What came less what was, in units."""
        return (self.came - self.now) / self.unit


Look = tuple[str, float, Held]
"""What is forecast, from which share of the budget, and how it held."""


@dataclass(frozen=True)
class Looks:
    """All intervals of one kind: what is forecast, and from when."""

    kind: str
    share: float
    held: tuple[Held, ...]

    def figures(self, chosen: NDArray[np.int64] | None = None) -> tuple[float, float, float]:
        """Coverage, median width, and that of the last value that holds as often."""
        held = self.held if chosen is None else [self.held[place] for place in chosen]
        coverage = float(np.mean([each.holds for each in held]))
        last_value = narrowest(np.array([each.moved for each in held]), coverage)
        return coverage, float(np.median([each.width for each in held])), last_value


def narrowest(values: Series, share: float) -> float:
    """Width of the narrowest interval that holds a share of the values."""
    ordered, count = np.sort(values), max(1, round(share * len(values)))
    return float((ordered[count - 1 :] - ordered[: len(ordered) - count + 1]).min())


def looks_of(run: Run) -> list[Look]:
    """Every look ahead of a run."""
    looks = []
    at = {max(FEWEST, round(share * run.epochs)): share for share in SHARES}
    for signals in signals_at(run, list(at)):
        for of, name, losses in (("judged", "validation loss", run.val), ("train", "train loss", run.train)):
            past, predicted = past_of(signals, of), forecast_loss(signals, TOLERANCE, of)
            if past is None or predicted is None or predicted.end is None:
                continue
            unit, share = past.range or past.scale, at[signals.curve.count]
            end = Held(run.data, predicted.end, level_of(losses), past.level, unit)
            whole_epochs = Estimate(*(float(round(end)) for end in dataclasses.astuple(predicted.epochs_left)))
            left = Held(run.data, whole_epochs, epochs_left(losses, past.count, TOLERANCE), 0.0, past.count)
            looks += [(f"{name} at the end", share, end), (f"epochs left, by {name}", share, left)]
    return looks + _in_the_long_run(run)


def _in_the_long_run(run: Run) -> list[Look]:
    """The level after ten times as many epochs, where as many were recorded; budget and schedule unknown."""
    epochs = run.epochs // LONG_RUN
    if epochs < FEWEST:
        return []
    signals = dataclasses.replace(signals_at(run, [epochs])[0], max_epochs=None, lr_schedule=None)
    past, predicted = past_of(signals, "judged"), forecast_loss(signals, TOLERANCE)
    assert past is not None and predicted is not None
    came = level_of(run.val[: LONG_RUN * epochs])
    held = Held(run.data, predicted.asymptote, came, past.level, past.range or past.scale)
    return [("validation loss in the long run", 1 / LONG_RUN, held)]


def all_looks(runs: Sequence[Run], jobs: int) -> list[Looks]:
    """Every kind of look, in order."""
    work = Parallel(n_jobs=jobs, batch_size=8)(delayed(looks_of)(run) for run in runs)
    found: dict[tuple[str, float], list[Held]] = {}
    for kind, share, held in (look for looks in work for look in looks):
        found.setdefault((kind, share), []).append(held)
    return [Looks(kind, share, tuple(held)) for (kind, share), held in sorted(found.items(), reverse=True)]


def rows_of(looks: Sequence[Looks]) -> list[str]:
    """A line for each kind, with intervals from a bootstrap over data sets."""
    rows = [
        "| forecast | from | intervals that hold | 90% interval | width | that of the last value | 90% interval |",
        "|---|---|---|---|---|---|---|",
    ]
    for each in looks:
        draws = np.array([each.figures(draw) for draw in resampled([held.data for held in each.held], DRAWS)])
        coverage, width, last_value = each.figures()
        low, high = np.quantile(draws, (0.05, 0.95), axis=0)
        rows.append(
            f"| {each.kind} | {100 * each.share:.0f}% | {100 * coverage:.1f}% "
            f"| {100 * low[0]:.1f}–{100 * high[0]:.1f}% | {width:.2f} | {last_value:.2f} | {low[2]:.2f}–{high[2]:.2f} |"
        )
    return rows


def rows_by_data(looks: Sequence[Looks]) -> list[str]:
    """Coverage by data set."""
    rows = ["| data set | intervals | that hold |", "|---|---|---|"]
    held = [each for of_kind in looks for each in of_kind.held]
    for data in sorted({each.data for each in held}):
        of_set = [each.holds for each in held if each.data == data]
        rows.append(f"| {data} | {len(of_set)} | {100 * float(np.mean(of_set)):.1f}% |")
    return rows


def rate_rows() -> list[str]:
    """How often the speed of simulated curves is within its interval, where its kind is rate."""
    rng = np.random.default_rng(0)
    rows = ["| simulated | speed within its interval | kind right | called stalled |", "|---|---|---|---|"]
    for kind, speeds in (("sublinear", SPEEDS), ("linear", HALF_LIVES)):
        for noise in NOISES:
            within, right, stalled = [], [], []
            for speed, epochs, _ in itertools.product(speeds, LENGTHS, range(CURVES)):
                time = np.arange(1.0, epochs + 1)
                losses = time**-speed if kind == "sublinear" else 0.5 ** (time / (speed * epochs))
                rate = convergence_rate(time, losses + rng.uniform(0, 3) + noise * rng.standard_normal(epochs))
                estimate, true = (rate.exponent, speed) if kind == "sublinear" else (rate.half_life, speed * epochs)
                stalled.append(rate.kind == "stalled")
                right.extend([rate.kind == kind] * (not stalled[-1]))
                within.extend([estimate.low <= true <= estimate.high] if estimate is not None else [])
            shares = [100 * float(np.mean(each)) if each else math.nan for each in (within, right, stalled)]
            rows.append(
                f"| {kind}, noise {100 * noise:g}% | {shares[0]:.0f}% of {len(within)} "
                f"| {shares[1]:.0f}% | {shares[2]:.0f}% |"
            )
    return rows


def main(
    curves: Annotated[Path, typer.Option(help="recorded curves that nothing was fitted to")] = HELD_OUT,
    out: Annotated[Path, typer.Option(help="where the table goes")] = Path("benchmark-output"),
    jobs: Annotated[int, typer.Option(help="processes")] = 2,
) -> None:
    """Look ahead from every recorded run whose losses are finite; write how often the intervals held."""
    out.mkdir(parents=True, exist_ok=True)
    runs = [run for run in load(curves) if forecastable(run)]
    looks = all_looks(runs, jobs)
    text = "\n".join([
        f"{len(runs)} runs on {len({run.data for run in runs})} data sets; intervals from a bootstrap over data sets.",
        "",
        *rows_of(looks),
        "",
        *rows_by_data(looks),
        "",
        *rate_rows(),
        "",
    ])  # fmt: skip
    (out / "forecast.md").write_text(text, encoding="utf-8")
    Console(soft_wrap=True).print(text)


if __name__ == "__main__":
    typer.run(main)
