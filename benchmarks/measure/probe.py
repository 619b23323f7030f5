"""What experiments with the learning rate are worth: `make probe` (five minutes).

Held-out tasks are trained anew, an epoch at a time, by the callback that Lightning and Keras share: alone, with probes,
and with a rate that is raised where it is too low. What was really wrong with a run, and what a good rate brings, is
known from the recorded trainings of the same task at eight rates.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from joblib import Parallel, delayed
from rich.console import Console

from benchmarks.measure.diagnosis import judged
from benchmarks.record import train as recorder
from benchmarks.record.curves import HELD_OUT, Run, load
from benchmarks.record.labels import AMONG_BEST, Labelled
from benchmarks.record.models import build, optimizer
from benchmarks.record.schedules import factor
from benchmarks.record.tasks import USUAL_RATE, Task, draw_held_out_tasks
from convergence_callbacks.adapter.stages.probe import EXPERIMENTS
from convergence_callbacks.adapter.stopping import Stopping
from convergence_callbacks.compare.figures import resampled
from convergence_callbacks.core.observation import Observation
from convergence_callbacks.experiments.probe import ARM_EPOCHS

DRAWS = 2000  # of the bootstrap
RAISE = {"false_convergence": "raise_lr"}
WAYS: dict[str, dict[str, Any]] = {
    "alone": {},
    "with probes": {"probe": True},
    "raised": {"act": RAISE},
    "raised, with probes": {"probe": True, "act": RAISE},
}


class Experimenting(Stopping):
    """A callback whose framework allows experiments."""

    supports = EXPERIMENTS


class TrainedTask:
    """A task in the middle of its training, as experiments need it.

    Args:
        task: What is trained.
        multiplier: At which rate, in units of the optimiser's usual one.

    Attributes:
        rate: The learning rate of the latest epoch.
        times: What it was multiplied by since the beginning.
    """

    def __init__(self, task: Task, multiplier: float) -> None:
        self._task, self._data = task, recorder.load(task.data, task.seed)
        self._parts = recorder.split(task, self._data)
        torch.manual_seed(task.seed + int(1000 * multiplier))
        self._highest = USUAL_RATE[task.optimizer] * multiplier
        self._model = build(task, self._data)
        if task.pretrained:
            recorder.pretrain(task, self._data, self._model, self._parts.train)
        self._optimizer = optimizer(task, self._model, self._highest)
        self.rate, self.times = self._highest, 1.0

    def train(self, epoch: int) -> dict[str, float]:
        """Train an epoch; its losses."""
        self.rate = self._highest * self.times * factor(self._task.schedule, epoch, self._task.epochs)
        return self._train(self._model, self._optimizer, self.rate)

    def train_copy(self, times: float, collector: Any) -> list[Observation]:
        """What is observed of a copy at so many times the rate."""
        with torch.random.fork_rng():
            model, optim = copy.deepcopy((self._model, self._optimizer))
            return [
                Observation(step=epoch, **self._train(model, optim, times * self.rate)) for epoch in range(ARM_EPOCHS)
            ]

    def state(self) -> Any:
        """Weights, and the state of the optimiser."""
        return copy.deepcopy((self._model.state_dict(), self._optimizer.state_dict()))

    def weights_in(self, state: Any) -> Any:
        """The weights of such a state."""
        return state[0]

    def restore(self, state: Any) -> None:
        """Go on from such a state."""
        self._model.load_state_dict(state[0])
        self._optimizer.load_state_dict(state[1])

    def scale_rate(self, times: float) -> None:
        """Multiply the rate of every epoch to come."""
        self.times *= times

    def _train(self, model: torch.nn.Module, optim: torch.optim.Optimizer, rate: float) -> dict[str, float]:
        for group in optim.param_groups:
            group["lr"] = rate
        train_loss = recorder.train_epoch(self._task, self._data, model, optim, self._parts.train)
        return {"train_loss": train_loss, "val_loss": recorder.measure(self._data, model, self._parts)[0]}


@dataclass(frozen=True)
class Chosen:
    """A run to train anew.

    Args:
        each: The recorded run, and what was wrong with it.
        task: What is trained.
        lowest: The lowest validation loss of its task at any rate.
        weight: Runs that it stands for: as many of its data set have the same label.
    """

    each: Labelled
    task: Task
    lowest: float
    weight: float


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    Args:
        chosen: What was trained.
        verdict: The verdict reported at its end.
        probed: Epochs that probes took.
        epochs: Epochs that it was trained itself.
        raised: Times the rate at its end is of what it would be.
        best: Its lowest validation loss.
    """

    chosen: Chosen
    verdict: str
    probed: int
    epochs: int
    raised: float
    best: float

    @property
    def truth(self) -> str:
        """What was wrong with it."""
        return str(self.chosen.each.verdict)

    @property
    def reached(self) -> bool:
        """Whether it came as near to the best rate of its task as a good rate does."""
        return self.gained > 1 - AMONG_BEST

    @property
    def gained(self) -> float:
        """What it gained over a trivial predictor, as a share of what its task gains at the best rate."""
        return self._share(self.best)

    @property
    def left(self) -> float:
        """How much more the recorded run gained, which nothing ended and whose rate nobody raised."""
        return self._share(self.chosen.each.run.lowest) - self.gained

    @property
    def cost(self) -> float:
        """Epochs of its probes, as a share of its budget."""
        return self.probed / self.chosen.task.epochs

    def _share(self, loss: float) -> float:
        trivial = self.chosen.each.run.baseline
        return (trivial - loss) / (trivial - self.chosen.lowest)


def choose(runs: Sequence[Run], count: int, most: float) -> list[Chosen]:
    """Runs drawn by chance, as many of each data set and label.

    Args:
        runs: The recorded runs.
        count: How many.
        most: Effort of a task beyond which it is left out.
    """
    tasks = {task.name: task for task in draw_held_out_tasks(84, 42)}
    groups: dict[tuple[str, str], list[Labelled]] = {}
    for each in judged(runs):
        if each.verdict != "improving" and tasks[each.run.task].effort <= most:
            groups.setdefault((each.run.data, str(each.verdict)), []).append(each)
    rng, chosen = np.random.default_rng(0), list[Chosen]()
    for _, group in sorted(groups.items()):
        drawn = rng.permutation(len(group))[:count]
        for each in (group[place] for place in drawn):
            siblings = [run for run in runs if run.task == each.run.task]
            lowest = min(run.lowest for run in siblings)
            chosen.append(Chosen(each, tasks[each.run.task], lowest, len(group) / len(drawn)))
    return chosen


def train(chosen: Chosen, way: str) -> Ended:
    """How a run ends, trained in one of the `WAYS`."""
    torch.set_num_threads(1)
    task, multiplier = chosen.task, chosen.each.run.multiplier
    trained = TrainedTask(task, multiplier)
    rates = chosen.each.run.lr.tolist()
    stopping = Experimenting(max_epochs=task.epochs, lr_schedule=rates, verbose=False, **WAYS[way])
    best, probed = math.inf, 0
    for epoch in range(task.epochs):
        losses = trained.train(epoch)
        seen = stopping.collect(epoch, losses, lr=trained.rate)
        decision = stopping.decide(seen, trained)
        best = min(best, losses["val_loss"]) if math.isfinite(losses["val_loss"]) else best
        probed = max(probed, int(decision.evidence.get("probe_epochs", 0)))
        if decision.stop:
            break
    return Ended(chosen, decision.verdict.value, probed, epoch + 1, trained.times, best)


def f1(ended: Sequence[Ended], verdict: str) -> float:
    """F1 of a verdict, each run counted as often as it stands for others."""

    def weight(of: Callable[[Ended], bool]) -> float:
        return sum(each.chosen.weight for each in ended if of(each))

    right = weight(lambda each: each.truth == each.verdict == verdict)
    reported, true = weight(lambda each: each.verdict == verdict), weight(lambda each: each.truth == verdict)
    return 2 * right / (reported + true) if reported + true else math.nan


def share_reached(ended: Sequence[Ended]) -> float:
    """Of the falsely converged runs, how many reached the loss of a good rate."""
    slow = [each for each in ended if each.truth == "false_convergence"]
    weights = [each.chosen.weight for each in slow]
    return float(np.average([each.reached for each in slow], weights=weights)) if slow else math.nan


def share_left(ended: Sequence[Ended]) -> float:
    """What runs that converged or overfit lose of the best rate's gain, on average."""
    healthy = [each.left for each in ended if each.truth in {"converged", "overfitting"}]
    return float(np.mean(np.clip(healthy, -1, 1))) if healthy else math.nan


FIGURES: dict[str, Callable[[Sequence[Ended]], float]] = {
    "F1 of false_convergence": lambda ended: f1(ended, "false_convergence"),
    "F1 of not_learning": lambda ended: f1(ended, "not_learning"),
    "F1 of converged": lambda ended: f1(ended, "converged"),
    "cost of the probes, of the budget": lambda ended: float(np.mean([each.cost for each in ended])),
    "falsely converged runs that reach a good rate's loss": share_reached,
    "lost by converged and overfitting runs, of the best rate's gain": share_left,
}


def table(ended: dict[str, list[Ended]]) -> str:
    """All figures of all ways, with intervals over data sets, in Markdown."""
    lines = ["| figure | " + " | ".join(ended) + " |", "|---" * (1 + len(ended)) + "|"]
    for name, figure in FIGURES.items():
        cells = [_with_interval(figure, of_way) for of_way in ended.values()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def slow_rows(ended: dict[str, list[Ended]]) -> str:
    """Each falsely converged run, left alone and probed with its rate raised, in Markdown."""
    lines = [
        "| run | data set | epochs | reported at its end | rate raised | gain of the best rate's | left alone |",
        "|---" * 7 + "|",
    ]
    for alone, raised in zip(ended["alone"], ended["raised, with probes"], strict=True):
        if raised.truth == "false_convergence":
            run, reported = raised.chosen.each.run, raised.verdict.replace("_", " ")
            times = f"{raised.raised:g} times" if raised.raised > 1 else "no"
            shares = f"{100 * raised.gained:.0f}% | {100 * alone.gained:.0f}%"
            lines.append(f"| {run.name} | {run.data} | {raised.chosen.task.epochs} | {reported} | {times} | {shares} |")
    return "\n".join(lines)


def _with_interval(figure: Callable[[Sequence[Ended]], float], ended: Sequence[Ended]) -> str:
    draws = list(resampled([each.chosen.each.run.data for each in ended], DRAWS))
    finite = [value for draw in draws if math.isfinite(value := figure([ended[place] for place in draw]))]
    low, high = np.quantile(finite or [math.nan], (0.05, 0.95))
    return f"{figure(ended):.2f} ({low:.2f}–{high:.2f})"


def main(
    jobs: Annotated[int, typer.Option(help="processes")] = 2,
    count: Annotated[int, typer.Option(help="runs of each data set and label")] = 1,
    most: Annotated[float, typer.Option(help="effort of a task beyond which it is left out")] = 2500.0,
    raising: Annotated[bool, typer.Option(help="try the ways that raise the rate too")] = True,
    out: Annotated[Path, typer.Option(help="where the table goes")] = Path("benchmark-output"),
) -> None:
    """Train held-out tasks anew in each of the ways, and write what came of it."""
    chosen = choose([run for run in load(HELD_OUT) if not run.name.endswith("-few")], count, most)
    ways = [way for way, settings in WAYS.items() if raising or "act" not in settings]
    pairs = [(each, way) for way in ways for each in chosen]
    ended = Parallel(n_jobs=jobs)(delayed(train)(each, way) for each, way in pairs)
    by_way = {way: [one for one, (_, of) in zip(ended, pairs, strict=True) if of == way] for way in ways}
    sets = len({each.each.run.data for each in chosen})
    about = f"{len(chosen)} runs of {sets} data sets, each trained anew in each way."
    text = "\n\n".join([about, table(by_way), *([slow_rows(by_way)] if raising else [])])
    out.mkdir(parents=True, exist_ok=True)
    (out / "probe.md").write_text(text + "\n", encoding="utf-8")
    Console().print(text, markup=False, soft_wrap=True)


if __name__ == "__main__":
    typer.run(main)
