"""How often the advised learning rate helps: `make advice` (three minutes on two cores).

Held-out trainings to which the default rule says at their end that the rate is wrong are trained again at the rate
that it advises. What comes of that was recorded, since every task was trained at eight rates: the nearest of them
answers. Some short ones are trained anew at the very rate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from joblib import Parallel, delayed
from rich.console import Console

from benchmarks.measure.rules import replayed
from benchmarks.record.curves import HELD_OUT, Run, load
from benchmarks.record.tasks import draw_held_out_tasks
from convergence_callbacks.compare.figures import resampled

CURED = ("false_convergence", "unstable", "diverged")
FLOOR = 0.8  # of the advice should help
DRAWS = 2000  # of the bootstrap


@dataclass(frozen=True)
class Followed:
    """A run whose advice was followed.

    Args:
        run: Its name.
        data: Its data set.
        verdict: The verdict on it.
        factor: By how much the advice changes the rate.
        before: Its lowest validation loss, as a share of a trivial predictor's.
        after: That of the advised rate.
    """

    run: str
    data: str
    verdict: str
    factor: float
    before: float
    after: float

    @property
    def helped(self) -> bool:
        """Whether the advised rate is better at all."""
        return self.after < self.before


def advised(run: Run) -> tuple[str, float] | None:
    """The verdict at the end of a run, and the factor on its rate that is advised; None without such advice."""
    decision = replayed(run).decisions[-1]
    numbers = decision.evidence
    if decision.verdict.value not in CURED or not {"times_too_low", "times_too_high"} & numbers.keys():
        return None
    return decision.verdict.value, numbers.get("times_too_low") or 1 / numbers["times_too_high"]


def nearest(siblings: Sequence[Run], rate: float, factor: float) -> Run:
    """The recorded run of the same task whose rate is nearest to the advised one."""
    return min(siblings, key=lambda run: abs(math.log(run.multiplier / (rate * factor))))


def lowest(run: Run) -> float:
    """The lowest validation loss, as a share of a trivial predictor's."""
    return run.lowest / run.baseline


def follow(runs: Sequence[Run], jobs: int) -> list[Followed]:
    """Every advised run, answered by its recorded siblings."""
    sound = [run for run in runs if run.fault == "none"]  # what broken data needs is no other rate
    advised_runs = Parallel(n_jobs=jobs, batch_size=16)(delayed(advised)(run) for run in sound)
    siblings: dict[str, list[Run]] = {}
    for run in sound:
        siblings.setdefault(run.task, []).append(run)
    return [
        Followed(
            run.name,
            run.data,
            advice[0],
            advice[1],
            lowest(run),
            lowest(nearest(siblings[run.task], run.multiplier, advice[1])),
        )
        for run, advice in zip(sound, advised_runs, strict=True)
        if advice is not None
    ]


def train_anew(followed: Sequence[Followed], runs: Sequence[Run], count: int, jobs: int) -> list[Followed]:
    """So many of the shortest of these runs, trained again at exactly the advised rate."""
    from benchmarks.record.train import record  # torch, which the look-up does without

    tasks = {task.name: task for task in draw_held_out_tasks(84, 42)}
    by_name = {run.name: run for run in runs}
    chosen = sorted(followed, key=lambda each: tasks[by_name[each.run].task].effort)[:count]

    def anew(each: Followed) -> Followed:
        run = by_name[each.run]
        rows, baseline, _ = record(tasks[run.task], run.multiplier * each.factor)
        best = float(np.min(rows[:, 1], where=np.isfinite(rows[:, 1]), initial=np.inf)) / baseline
        return Followed(each.run, each.data, each.verdict, each.factor, each.before, best)

    return list(Parallel(n_jobs=jobs)(delayed(anew)(each) for each in chosen))


def row(name: str, of: Sequence[Followed]) -> str:
    """A line of the table: how often it helped, and by how much, with intervals over data sets."""
    if not of:
        return f"| {name} | 0 | | | | |"
    helped = np.array([each.helped for each in of], dtype=float)
    after, before = (np.minimum([getattr(each, when) for each in of], 1.0) for when in ("after", "before"))
    draws = list(resampled([each.data for each in of], DRAWS))
    low, high = np.quantile([helped[draw].mean() for draw in draws], (0.05, 0.95))
    fall, least, most = (
        f"{100 * value:.0f}%"
        for value in (
            (before - after).mean(),
            *np.quantile([(before - after)[draw].mean() for draw in draws], (0.05, 0.95)),
        )
    )
    return (
        f"| {name} | {len(of)} | {100 * helped.mean():.0f}% | {100 * low:.0f} to {100 * high:.0f}% "
        f"| {np.median(before):.2f} → {np.median(after):.2f} | {fall} ({least} to {most}) |"
    )


def table(followed: Sequence[Followed], anew: Sequence[Followed] = ()) -> str:
    """What was advised and what came of it, in Markdown; what was trained anew, where anything was."""
    chosen = {each.run for each in anew}
    lines = [
        "| found | runs | better validation loss | 90% interval | median loss, of the trivial one | mean fall of it |",
        "|---|---|---|---|---|---|",
        *(row(verdict, [each for each in followed if each.verdict == verdict]) for verdict in CURED),
        row("all", followed),
    ]
    if anew:
        by_siblings = [each for each in followed if each.run in chosen]
        lines += [row("the shortest, by their recorded siblings", by_siblings), row("the shortest, trained anew", anew)]
    return "\n".join(lines)


def with_enough_examples(runs: Sequence[Run]) -> list[Run]:
    """The runs on which advice is judged: few validation examples can't show which rate is better."""
    return [run for run in runs if not run.name.endswith("-few")]


def main(
    jobs: Annotated[int, typer.Option(help="processes")] = 2,
    anew: Annotated[int, typer.Option(help="runs to train anew at the very rate")] = 40,
    out: Annotated[Path, typer.Option(help="where the table goes")] = Path("benchmark-output"),
) -> None:
    """Follow the advice on held-out trainings, and write what came of it."""
    runs = with_enough_examples(load(HELD_OUT))
    followed = follow(runs, jobs)
    text = table(followed, train_anew(followed, runs, anew, jobs))
    out.mkdir(parents=True, exist_ok=True)
    (out / "advice.md").write_text(text + "\n")
    Console().print(text, markup=False, soft_wrap=True)
    share = float(np.mean([each.helped for each in followed]))
    if share < FLOOR:
        raise typer.Exit(code=1)


if __name__ == "__main__":
    typer.run(main)
