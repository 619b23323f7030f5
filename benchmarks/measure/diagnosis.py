"""How right the diagnosis is: verdicts compared with what was really wrong with each run (`benchmarks.record.labels`).

`make bench` asks the package about data sets that nothing was fitted to. `make diagnosis` (ten minutes on two cores)
cross-validates: every run that was fitted is diagnosed by trees that were fitted without its data set. Both write a
table and two pictures: the confusion matrix, and the runs that were wrong with the highest confidence.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from unittest import mock

import numpy as np
import typer
from joblib import Parallel, delayed
from numpy.typing import NDArray
from rich.console import Console

from benchmarks.fit.diagnosis import Examples, arrays, examples, fit
from benchmarks.measure import pictures
from benchmarks.measure.rules import replayed, shifted
from benchmarks.record.curves import RECORDED, Run, load
from benchmarks.record.labels import Labelled, labelled, learnable, onset
from convergence_callbacks.compare.figures import resampled
from convergence_callbacks.core.models.boosted_trees import BoostedTrees
from convergence_callbacks.core.models.diagnosis import model as diagnosis_model
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.core.verdict import Verdict

ALL = tuple(verdict.value for verdict in Verdict)
HEALTHY = ("improving", "converged")
BROKEN = ("unstable", "not_learning", "diverged")
FAILURES = ("not_learning", "diverged")
FOLDS = 3
DRAWS = 400  # of the bootstrap
BINS = 10  # of confidence


@dataclass(frozen=True, eq=False)
class Diagnosed:
    """The verdicts on a run, beside what was really wrong with it.

    Args:
        run: The run.
        truth: Its label.
        verdicts: Reported at each epoch of the full budget.
        confidences: Reported with them.
        stop: After how many epochs the default rule would have ended it.
        onset: Number of the epoch from which its failure shows; 1 for others.
    """

    run: Run
    truth: str
    verdicts: tuple[str, ...]
    confidences: tuple[float, ...]
    stop: int
    onset: int = 1

    @property
    def data(self) -> str:
        """Its data set."""
        return self.run.data

    @property
    def changes(self) -> int:
        """How often the verdict changed after a tenth of the budget."""
        settled = self.verdicts[len(self.verdicts) // 10 :]
        return sum(one != other for one, other in itertools.pairwise(settled))

    @property
    def delay(self) -> int:
        """Epochs from the onset of a failure until it is named; all of the budget where it never is."""
        named = [
            epoch for epoch, verdict in enumerate(self.verdicts, 1) if verdict == self.truth and epoch >= self.onset
        ]
        return named[0] - self.onset if named else len(self.verdicts)


def replay(each: Labelled, baseline_known: bool = False) -> Diagnosed:
    """Judge a run by the default rule at each epoch, with budget and schedule known.

    Args:
        each: The run.
        baseline_known: Whether a trivial predictor's loss is known too, as callbacks often find out.
    """
    run = each.run
    seen = replayed(run, Settings(baseline_loss=run.baseline) if baseline_known else None)
    return Diagnosed(
        run=run,
        truth=str(each.verdict),
        verdicts=tuple(decision.verdict.value for decision in seen.decisions),
        confidences=tuple(decision.confidence for decision in seen.decisions),
        stop=seen.steps_spent,
        onset=onset(run) if each.verdict == "diverged" else 1,
    )


def replay_all(runs: Sequence[Labelled], trees: BoostedTrees | None) -> list[Diagnosed]:
    """Replay many runs, by other trees than those of the package where some are given."""
    if trees is None:
        return [replay(each) for each in runs]
    with mock.patch.object(diagnosis_model, "fitted", return_value=trees):
        return [replay(each) for each in runs]


def of_package(runs: Sequence[Labelled], jobs: int, baseline_known: bool = False) -> list[Diagnosed]:
    """Diagnose each run by the trees of the package."""
    return list(Parallel(n_jobs=jobs, batch_size=8)(delayed(replay)(each, baseline_known) for each in runs))


def cross_validated(runs: Sequence[Labelled], fitted_on: Examples, jobs: int) -> list[Diagnosed]:
    """Diagnose each run by trees that were fitted without its data set."""
    diagnosed = list[Diagnosed]()
    for fold in _folds(sorted({each.run.data for each in runs})):
        fitted = fit(fitted_on.of(~np.isin(fitted_on.data, fold)))
        trees = BoostedTrees.stored(arrays(fitted), "verdict")
        left_out = [each for each in runs if each.run.data in fold]
        parts = [left_out[start::jobs] for start in range(jobs)]
        diagnosed += [
            one for part in Parallel(n_jobs=jobs)(delayed(replay_all)(p, trees) for p in parts) for one in part
        ]
    return diagnosed


def _folds(data: Sequence[str]) -> Iterator[list[str]]:
    return (list(data[start::FOLDS]) for start in range(min(FOLDS, len(data))))


def at_end(run: Diagnosed) -> tuple[str, float]:
    """The verdict at the end of the budget, and its confidence."""
    return run.verdicts[-1], run.confidences[-1]


def at_stop(run: Diagnosed) -> tuple[str, float]:
    """The verdict and its confidence at the epoch at which the default rule stops."""
    return run.verdicts[run.stop - 1], run.confidences[run.stop - 1]


When = Callable[[Diagnosed], tuple[str, float]]


def confusion(diagnosed: Sequence[Diagnosed], when: When) -> NDArray[np.int64]:
    """Runs by what they are (row) and what is reported (column)."""
    counted = np.zeros((len(ALL), len(ALL)), dtype=np.int64)
    for each in diagnosed:
        counted[ALL.index(each.truth), ALL.index(when(each)[0])] += 1
    return counted


def precision_recall_f1(counted: NDArray[np.int64]) -> NDArray[np.float64]:
    """By verdict, a row each."""
    right = np.diag(counted)
    precision, recall = right / np.maximum(counted.sum(axis=0), 1), right / np.maximum(counted.sum(axis=1), 1)
    return np.stack([precision, recall, 2 * precision * recall / np.maximum(precision + recall, 1e-12)], axis=1)


def macro_f1(diagnosed: Sequence[Diagnosed], when: When) -> float:
    """Mean F1 over the verdicts that some run has."""
    counted = confusion(diagnosed, when)
    return float(precision_recall_f1(counted)[counted.sum(axis=1) > 0, 2].mean())


def calibration_error(diagnosed: Sequence[Diagnosed], when: When) -> float:
    """Expected calibration error: how far confidence is from being right, over bins of equal width."""
    sure = np.array([when(each)[1] for each in diagnosed])
    right = np.array([when(each)[0] == each.truth for each in diagnosed], dtype=float)
    place = np.minimum((BINS * sure).astype(int), BINS - 1)
    return float(sum(abs(sure[place == b].mean() - right[place == b].mean()) * np.mean(place == b) for b in set(place)))


def broken_share(diagnosed: Sequence[Diagnosed]) -> float:
    """Share of the healthy runs that end called broken."""
    healthy = [each for each in diagnosed if each.truth in HEALTHY]
    return sum(each.verdicts[-1] in BROKEN for each in healthy) / max(1, len(healthy))


def figures(diagnosed: Sequence[Diagnosed]) -> dict[str, float]:
    """What the diagnosis is judged by."""
    failed = [each.delay for each in diagnosed if each.truth in FAILURES]
    return {
        "macro-F1 at the end": macro_f1(diagnosed, at_end),
        "macro-F1 at the default rule's stop": macro_f1(diagnosed, at_stop),
        "calibration error at the end": calibration_error(diagnosed, at_end),
        "calibration error at the stop": calibration_error(diagnosed, at_stop),
        "verdict changes, median": float(np.median([each.changes for each in diagnosed])),
        "epochs until a failure is named, median": float(np.median(failed)) if failed else np.nan,
        "healthy runs called broken": broken_share(diagnosed),
    }


def table(diagnosed: Sequence[Diagnosed]) -> str:
    """All figures, with intervals from a bootstrap over data sets."""
    draws = [
        figures([diagnosed[place] for place in draw]) for draw in resampled([each.data for each in diagnosed], DRAWS)
    ]
    rows = ["| figure | | 90% interval |", "|---|---|---|"]
    for name, figure in figures(diagnosed).items():
        finite = [draw[name] for draw in draws if np.isfinite(draw[name])]
        low, high = np.quantile(finite or [np.nan], (0.05, 0.95))
        rows.append(f"| {name} | {figure:.3f} | {low:.3f}–{high:.3f} |")
    rows += ["", "| verdict | runs | precision | recall | F1 | F1 at the stop |", "|---|---|---|---|---|---|"]
    ended, stopped = (precision_recall_f1(confusion(diagnosed, when)) for when in (at_end, at_stop))
    for verdict, (precision, recall, f1), (_, _, f1_stopped) in zip(ALL, ended, stopped, strict=True):
        runs = sum(each.truth == verdict for each in diagnosed)
        rows.append(f"| {verdict} | {runs} | {precision:.2f} | {recall:.2f} | {f1:.2f} | {f1_stopped:.2f} |")
    return "\n".join(rows) + "\n"


def with_floor(each: Labelled, gains: float) -> Labelled:
    """The run with so many times its gain added to both losses, which changes nothing about what is wrong with it."""
    return dataclasses.replace(each, run=shifted(each.run, gains))


def judged(runs: Sequence[Run]) -> list[Labelled]:
    """The runs that are measured: labelled, all their validation examples, of tasks that can be learnt."""
    whole = [run for run in runs if not run.name.endswith("-few")]
    return [each for each in labelled(learnable(whole)) if each.verdict is not None]


def surest_mistakes(diagnosed: Sequence[Diagnosed], count: int = 10) -> list[Diagnosed]:
    """Runs of which a wrong verdict was reported at the end, the surest first."""
    wrong = [each for each in diagnosed if each.verdicts[-1] != each.truth]
    return sorted(wrong, key=lambda each: -each.confidences[-1])[:count]


def write(diagnosed: Sequence[Diagnosed], title: str, folder: Path) -> None:
    """Table, confusion matrix and mistakes into a folder; the table is shown too."""
    sets = len({each.data for each in diagnosed})
    text = f"{len(diagnosed)} runs on {sets} data sets, {title}.\n\n{table(diagnosed)}"
    (folder / "diagnosis.md").write_text(text, encoding="utf-8")
    Console(soft_wrap=True).print(text)
    pictures.confusion(confusion(diagnosed, at_end), ALL, folder / "confusion.png")
    pictures.mistakes([(e.run, e.truth, e.verdicts[-1]) for e in surest_mistakes(diagnosed)], folder / "mistakes.png")


def main(
    curves: Annotated[Path, typer.Option(help="recorded curves")] = RECORDED,
    out: Annotated[Path, typer.Option(help="where table and picture go")] = Path("benchmark-output/cross-validated"),
    jobs: Annotated[int, typer.Option(help="processes")] = 2,
) -> None:
    """Cross-validate the diagnosis over data sets; write the table and the pictures."""
    out.mkdir(parents=True, exist_ok=True)
    runs = load(curves)
    diagnosed = cross_validated(judged(runs), examples(runs, jobs), jobs)
    write(diagnosed, "each diagnosed by trees fitted on others", out)


if __name__ == "__main__":
    typer.run(main)
