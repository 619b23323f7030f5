"""The benchmark's pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from benchmarks.measure.score import Frontiers, Result
from benchmarks.record.curves import Run

FAMILIES = (
    ("stock", "patience", "#999999"),
    ("ours", "default rule", "#0072B2"),
    ("clairvoyant", "clairvoyant", "#009E73"),
)
LEAST = 2e-4  # regrets below are drawn here: the axis is logarithmic


def frontier(frontiers: Frontiers, path: Path) -> None:
    """Mean cost against mean regret of the three families, each point a setting."""
    figure, axes = plt.subplots(figsize=(7, 4.2), layout="constrained")
    for family, label, colour in FAMILIES:
        results: Sequence[Result] = getattr(frontiers, family)
        points = np.array(sorted(result.point for result in results))
        axes.plot(np.maximum(points[:, 0], LEAST), points[:, 1], "o-", color=colour, markersize=4)
        at = (max(points[0, 0], LEAST), points[0, 1])
        axes.annotate(label, at, xytext=(-8, -3), textcoords="offset points", color=colour, ha="right")
    axes.set_xscale("log")
    axes.set_xlim(left=LEAST / 10)  # room for the labels
    axes.set_xlabel("mean regret, share of a run's whole gain")
    axes.set_ylabel("epochs spent, share of the budget")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g}%"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.0f}%"))
    axes.grid(alpha=0.2)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def worst_stops(result: Result, runs: Sequence[Run], path: Path, count: int = 20) -> None:
    """The stops that lost most: both losses, the stop, and what came after it."""
    worst = np.argsort(-result.regret)[:count]
    figure, grid = plt.subplots(5, 4, figsize=(13, 12), layout="constrained")
    for axes, place in zip(grid.flat, worst, strict=True):
        run, stop = runs[place], result.stops[place]
        epochs = np.arange(1, run.epochs + 1)
        axes.plot(epochs, run.train, color="#BBBBBB", linewidth=1)
        axes.plot(epochs, run.val, color="#0072B2", linewidth=1)
        axes.axvline(stop, color="#D55E00", linewidth=1)
        axes.axvline(run.val.argmin() + 1, color="#009E73", linewidth=1, linestyle=":")
        axes.set_title(f"{run.name}, {run.data}\nstopped {stop}, lost {100 * result.regret[place]:.1f}%", fontsize=8)
        axes.tick_params(labelsize=7)
        axes.set_ylim(*_limits(run, 1.3))
    figure.suptitle("Stops that lost most: validation (blue) and train loss (grey), stop (red), best epoch (green)")
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _limits(run: Run, most: float) -> tuple[float, float]:
    """From the lowest loss of a run to its highest validation loss, or to so many times the trivial one."""
    val, train = (losses[np.isfinite(losses)] for losses in (run.val, run.train))
    losses = np.concatenate([val, train])
    low = float(losses.min()) if len(losses) else 0.0
    return low, float(min(val.max(), most * run.baseline)) if len(val) else most * run.baseline


def confusion(counted: NDArray[np.int64], verdicts: Sequence[str], path: Path) -> None:
    """Runs by what they are (row) and what is reported at their end (column): shares of each row, with counts."""
    shares = counted / np.maximum(counted.sum(axis=1, keepdims=True), 1)
    words = [verdict.replace("_", " ") for verdict in verdicts]
    figure, axes = plt.subplots(figsize=(6.4, 5.2), layout="constrained")
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.argwhere(counted > 0):
        colour = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, str(counted[row, column]), ha="center", va="center", color=colour)
    axes.set_xticks(range(len(words)), words, rotation=40, ha="right")
    axes.set_yticks(range(len(words)), words)
    axes.set_xlabel("reported at the end of the budget")
    axes.set_ylabel("what it was")
    figure.savefig(path, dpi=150)
    plt.close(figure)


def mistakes(wrong: Sequence[tuple[Run, str, str]], path: Path) -> None:
    """Both losses of runs with a wrong verdict, with what they were and what was reported."""
    figure, grid = plt.subplots(2, 5, figsize=(15, 6), layout="constrained")
    for axes, (run, truth, reported) in zip(grid.flat, wrong, strict=False):
        epochs = np.arange(1, run.epochs + 1)
        axes.plot(epochs, run.train, color="#BBBBBB", linewidth=1)
        axes.plot(epochs, run.val, color="#0072B2", linewidth=1)
        axes.axhline(run.baseline, color="#999999", linewidth=0.8, linestyle=":")
        words = f"was {truth}, reported {reported}".replace("_", " ")
        axes.set_title(f"{run.name}, {run.data}\n{words}", fontsize=8)
        axes.tick_params(labelsize=7)
        low, high = _limits(run, 3.0)
        axes.set_ylim(low - 0.05 * (high - low), high)
    figure.suptitle("Surest mistakes: validation (blue) and train loss (grey), a trivial predictor's loss (dotted)")
    figure.savefig(path, dpi=110)
    plt.close(figure)
