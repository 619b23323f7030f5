"""One picture for each verdict and each trap, from recorded runs: `make gallery` (two minutes).

The runs are chosen by rule, not by eye: for each verdict the run whose verdict is most confident, on data sets that
nothing was fitted to; for each trap the recorded run that shows it most. So all pictures, and the page, are made anew
by the same command whenever the judgement changes.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import typer
from joblib import Parallel, delayed
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmarks.measure.traps import TRAPS, Candidate, all_candidates
from benchmarks.record.curves import HELD_OUT, RECORDED, Recorded, Run
from convergence_callbacks import Decision, Forecast, Monitor, Observation, Verdict
from convergence_callbacks.colours import FAINT
from convergence_callbacks.plots import plot_training

DOCS = Path(__file__).parent.parent.parent / "docs"
CANDIDATES = 9  # runs of each verdict that are looked at
SEEN_AT = 1 / 3  # of the budget: from there the forecast is made, or from the stop where that comes before
NOT_SHOWN = ("total_gain", "noise", "generalization_gap", "epochs", "tolerance", "threshold")  # or shown elsewhere
MOST = 5  # numbers
SEEN = 10  # finite losses of a run that can be drawn

VERDICTS = {
    Verdict.IMPROVING: "The budget ends before the training does.",
    Verdict.CONVERGED: "Both losses have come to rest; what more epochs bring is lost in the noise.",
    Verdict.FALSE_CONVERGENCE: "It looks finished and is only slow: the same task at a larger rate did much better.",
    Verdict.OVERFITTING: "Train loss falls on while validation loss has turned.",
    Verdict.UNSTABLE: "The losses jump, or never recover from their first steps: at a smaller rate the same task did "
    "much better.",
    Verdict.NOT_LEARNING: "Validation loss never leaves the level of a trivial predictor; the labels were shuffled.",
    Verdict.DIVERGED: "The loss exploded, or is no number any more.",
}


@dataclass(frozen=True, eq=False)
class Replay:
    """The decisions on a run at each epoch, and the forecasts made of it.

    Args:
        run: The run.
        observations: Of each epoch.
        decisions: Of each epoch; nobody ends the training at a stop.
        forecast: Made at a third of the budget, or at the stop where that comes before.
    """

    run: Run
    observations: tuple[Observation, ...]
    decisions: tuple[Decision, ...]
    forecast: Forecast | None

    @property
    def end(self) -> Decision:
        """The stop, or the last epoch."""
        return next((decision for decision in self.decisions if decision.stop), self.decisions[-1])


def replay(run: Run, mode: Literal["min", "max"] = "min", scores: NDArray[np.float64] | None = None) -> Replay:
    """Show a run to the default rule, with budget and schedule known; scores are accuracies that are given beside."""
    monitor = Monitor(max_epochs=run.epochs, lr_schedule=run.lr.tolist(), mode=mode)
    observations, decisions, forecast = [], list[Decision](), None
    for epoch in range(run.epochs):
        losses = {"val_loss": float(run.val[epoch]), "lr": float(run.lr[epoch])}
        if not np.isnan(run.train).all():
            losses["train_loss"] = float(run.train[epoch])
        metrics = {} if scores is None else {"accuracy": float(scores[epoch])}
        observations.append(Observation(step=epoch, metrics=metrics, **losses))
        stopped = any(decision.stop for decision in decisions)
        decisions.append(monitor.observe(observations[-1]))
        if epoch <= SEEN_AT * run.epochs and not stopped:
            forecast = monitor.forecast() or forecast
    return Replay(run, tuple(observations), tuple(decisions), forecast)


def draw(title: str, shown: Replay, mode: Literal["min", "max"] = "min") -> Figure:
    """A panel: curves, forecast, verdicts, and the numbers that decided."""
    figure = plot_training(
        shown.observations, shown.decisions, title=title, mode=mode, patience=None, forecast=shown.forecast
    )
    numbers = [
        f"{name.replace('_', ' ')} {value:.3g}"
        for name, value in shown.end.evidence.items()
        if name not in NOT_SHOWN and np.isfinite(value)
    ]
    words = " · ".join([f"confidence {shown.end.confidence:.2f}", *numbers[:MOST]])
    figure.subplots_adjust(bottom=0.155)
    figure.text(0.1, 0.02, words, fontsize=7.5, color=FAINT, va="bottom")
    return figure


def clearest(verdict: str, candidates: Iterable[Candidate], jobs: int) -> Replay:
    """The run with this label whose verdict has the highest confidence."""
    fit = [
        each.run for each in candidates if each.label == verdict and not each.is_few and _can_be_seen(each.run, verdict)
    ]
    fit.sort(key=lambda run: zlib.crc32(run.name.encode()))
    shown = Parallel(n_jobs=jobs)(delayed(replay)(run) for run in fit[:CANDIDATES])
    right = [each for each in shown if each.end.verdict == verdict] or shown
    return max(right, key=lambda each: each.end.confidence)


def _can_be_seen(run: Run, verdict: str) -> bool:
    """Whether there is a curve to look at, which no explosion flattens where that is not what it is about."""
    losses = run.val[np.isfinite(run.val)]
    explodes = verdict in (Verdict.UNSTABLE, Verdict.DIVERGED)
    return len(losses) >= SEEN and bool(explodes or losses.max() < 2 * abs(run.baseline))


def section(name: str, title: str, caption: str, shown: Replay) -> str:
    """The section of the page about a panel."""
    end, run = shown.end, shown.run
    after = f"ended it after {end.step + 1} of {run.epochs} epochs" if end.ends_early else "did not end it"
    ending = f"The rule {after}; its verdict: {end.verdict.replace('_', ' ')}"
    return f"### {title}\n\n{caption} {ending}.\n\n![{title.capitalize()}: {caption}](pictures/gallery/{name}.png)\n"


def page(verdicts: Sequence[str], traps: Sequence[str]) -> str:
    """The page with all panels."""
    return "\n".join([
        "# Gallery",
        "",
        "Recorded runs, judged by the default rule from the first epoch to the last. What came after the stop is drawn",
        "faint. `make gallery` chooses the runs by fixed criteria, draws them and writes this page.",
        "",
        "- *The ribbon* shows the verdict of each epoch, and the line below the picture the numbers behind it.",
        "- *The hatched band* is the forecast of the loss's level, made at a third of the budget, or at the stop if",
        "  that came earlier. In nine of ten runs the loss should end in it.",
        "- *ETA* is the number of epochs from there until the lowest loss is within 1% of the gain of what the whole",
        "  budget brings.",
        "",
        "## Verdicts",
        "",
        "For each verdict the run with the highest confidence, on data sets that nothing was fitted to.",
        "",
        *verdicts,
        "## Traps",
        "",
        "Courses that mislead people and simple rules: for each the recorded run that shows it most clearly. How often",
        "verdicts are right can't be seen here; it is [measured](benchmark.md#is-it-right-about-why).",
        "",
        *traps,
    ]).rstrip() + "\n"  # fmt: skip


def main(
    docs: Annotated[Path, typer.Option(help="folder of the page; pictures go below")] = DOCS,
    jobs: Annotated[int, typer.Option(help="processes")] = 2,
) -> None:
    """Choose the runs, draw every panel and write the page."""
    held_out, folder = all_candidates(Recorded.load(HELD_OUT)), docs / "pictures" / "gallery"
    candidates = [*held_out, *all_candidates(Recorded.load(RECORDED))]
    folder.mkdir(parents=True, exist_ok=True)
    verdicts, traps = [], []
    for verdict, caption in VERDICTS.items():
        shown = clearest(verdict, held_out, jobs)
        title, name = verdict.replace("_", " "), verdict.replace("_", "-")
        draw(f"{shown.run.data}", shown).savefig(folder / f"{name}.png", dpi=110)
        verdicts.append(section(name, title, caption, shown))
    drawn = set[str]()
    for trap in TRAPS:
        chosen = trap.choose([each for each in candidates if each.run.name not in drawn])
        drawn |= {chosen.run.name} if not trap.changes else set()
        shown = replay(trap.changed(chosen), trap.mode, chosen.accuracy if trap.scored else None)
        draw(trap.title.capitalize(), shown, trap.mode).savefig(folder / f"{trap.name}.png", dpi=110)
        traps.append(section(trap.name, trap.title, trap.caption, shown))
    (docs / "gallery.md").write_text(page(verdicts, traps), encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
