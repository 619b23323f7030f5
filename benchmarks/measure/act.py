"""What acting on verdicts is worth: `make act` (a quarter of an hour on one core).

Small tasks of data sets that nothing was fitted to are trained anew, with validation and test examples apart: with
`act="heal"`, by the default rule alone, by a cosine schedule over the whole budget, and by lowering the rate on
plateaus with early stopping. What counts is the test loss of the best epoch, and the epochs spent, probes included.
What depends on nothing of this package is trained once, and kept beside the tables.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import warnings
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from joblib import Parallel, delayed
from rich.console import Console

from benchmarks.measure.probe import TrainedTask
from benchmarks.record import train as recorder
from benchmarks.record.data import HELD_OUT
from benchmarks.record.tasks import Task, draw_held_out_tasks
from convergence_callbacks.adapter.stages.act import ActStage
from convergence_callbacks.adapter.stages.probe import EXPERIMENTS
from convergence_callbacks.adapter.stopping import Stopping
from convergence_callbacks.compare.figures import resampled

DRAWS = 2000  # of the bootstrap
EPOCHS = 100  # budget of each training
MOST_EFFORT = 1000.0  # of a task that is trained so often; leaves the text out, whose networks take minutes
LEAST_GAIN = 0.1  # of a good rate, as a share of a trivial loss; of less, a share is mostly noise
IMPROVES = 1e-4  # share by which PyTorch's ReduceLROnPlateau wants a loss to fall
SOUND, BLOWN_UP, TOO_LOW = (1.0,), (10.0, 100.0), (0.01, 0.03)
GOOD = (0.3, 1.0, 3.0)  # among these is a good rate
REACHED = 0.1  # share of a good rate's gain that a healed run may lack
OWN: Mapping[str, Mapping[str, Any]] = {
    "own rule": {},
    "heal": {"act": "heal"},
    "heal, probes": {"act": "heal", "probe": True},
}
PLATEAU = {
    f"plateau {wait} × {share}, stop {stop}": (wait, share, stop)
    for wait, share, stop in itertools.product((5, 10), (0.1, 0.5), (10, 20))
}


class Acting(Stopping):
    """A callback whose framework allows experiments and actions."""

    supports = EXPERIMENTS


class TestedTask(TrainedTask):
    """A task whose validation examples are parted: half of them judge, half of them test."""

    def __init__(self, task: Task, multiplier: float) -> None:
        super().__init__(task, multiplier)
        inputs, targets = self._parts.val
        half = len(inputs) // 2
        judges, tests = (inputs[:half], targets[:half]), (inputs[half:], targets[half:])
        self._test = dataclasses.replace(self._parts, val=tests, few=tests)
        self._parts = dataclasses.replace(self._parts, val=judges, few=judges)

    def test_loss(self) -> float:
        """Loss on the test examples, as the model is."""
        return recorder.measure(self._data, self._model, self._test)[0]

    def trivial(self) -> float:
        """Test loss of who knows the training targets only."""
        return recorder.trivial_loss(self._data, self._parts.train, self._test.val)


@dataclass
class Result:
    """How a training ended.

    Args:
        task: Its name.
        data: Its data set.
        multiplier: Its rate, in units of the usual one.
        way: How it was trained.
        trivial: Test loss of a trivial predictor.
        test: Test loss of the epoch with the best validation loss; that of a trivial predictor where there was none.
        epochs: Epochs spent, those of copies included.
    """

    task: str
    data: str
    multiplier: float
    way: str
    trivial: float
    test: float
    epochs: int


def tasks(each: int) -> list[Task]:
    """So many sound tasks of each data set, at a constant rate, of which no epoch takes long."""
    chosen: dict[str, list[Task]] = {name: [] for name in HELD_OUT}
    for task in draw_held_out_tasks(84, 42):
        room = chosen[task.data]
        short = dataclasses.replace(task, epochs=EPOCHS, schedule="constant", train_size=min(task.train_size, 600))
        is_sound = task.fault == "none" and not task.pretrained and short.effort <= MOST_EFFORT
        if is_sound and len(room) < each:
            room.append(short)
    return [task for room in chosen.values() for task in room]


def train(task: Task, multiplier: float, way: str) -> Result:
    """Train a task in one of the ways."""
    torch.set_num_threads(1)
    trained = TestedTask(task, multiplier)
    trivial = trained.trivial()
    best, test, epochs, follows = math.inf, trivial, 0, follower(way, trained, task)
    for epoch in range(task.epochs):
        losses = trained.train(epoch)
        if losses["val_loss"] < best:
            best, test = losses["val_loss"], min(trained.test_loss(), 10 * trivial)
        epochs += 1
        if follows.ends(epoch, losses):
            break
    return Result(task.name, task.data, multiplier, way, trivial, test, epochs + follows.copies)


def trained_or_kept(task: Task, multiplier: float, way: str, folder: Path) -> Result:
    """Train a task in one of the ways, or take what was kept of that."""
    if way in OWN:
        return train(task, multiplier, way)
    about = zlib.crc32(repr((task, multiplier, way, EPOCHS)).encode())
    kept = folder / "act" / f"{task.name}-{multiplier:g}-{about:08x}.json"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(dataclasses.asdict(train(task, multiplier, way))), encoding="utf-8")
    return Result(**json.loads(kept.read_text(encoding="utf-8")))


class Follower:
    """Follows a training: ends it, and changes its rate.

    Args:
        trained: The task in the middle of its training.
        task: What it is.

    Attributes:
        copies: Epochs that copies took.
    """

    def __init__(self, trained: TestedTask, task: Task) -> None:
        self.trained, self.task, self.copies = trained, task, 0

    def ends(self, epoch: int, losses: Mapping[str, float]) -> bool:
        """Whether the training ends with this epoch."""
        return False


class Cosine(Follower):
    """A rate that falls to nothing over the whole budget."""

    def ends(self, epoch: int, losses: Mapping[str, float]) -> bool:
        """Never; sets the rate of the next epoch."""
        self.trained.times = max(1e-6, (1 + math.cos(math.pi * (epoch + 1) / self.task.epochs)) / 2)
        return False


class Plateau(Follower):
    """ReduceLROnPlateau beside early stopping."""

    def __init__(self, trained: TestedTask, task: Task, wait: int, share: float, stop: int) -> None:
        super().__init__(trained, task)
        self._wait, self._share, self._stop = wait, share, stop
        self._best, self._since_best, self._since_change = math.inf, 0, 0

    def ends(self, epoch: int, losses: Mapping[str, float]) -> bool:
        """Whether no epoch was better for so long; lowers the rate before."""
        loss = losses["val_loss"]
        self._since_best, self._since_change = self._since_best + 1, self._since_change + 1
        if loss < self._best * (1 - IMPROVES):
            self._best, self._since_best, self._since_change = loss, 0, 0
        if self._since_change > self._wait:
            self.trained.times, self._since_change = self.trained.times * self._share, 0
        return self._since_best >= self._stop


class Own(Follower):
    """The default rule, with what is done about its verdicts."""

    def __init__(self, trained: TestedTask, task: Task, settings: Mapping[str, Any]) -> None:
        super().__init__(trained, task)
        self._stopping = Acting(max_epochs=task.epochs, verbose=False, **settings)
        if (stage := self._stopping.run.stage(ActStage)) is not None:
            stage.begin(trained)

    def ends(self, epoch: int, losses: Mapping[str, float]) -> bool:
        """Whether the rule ends it."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of losses that are no numbers
            seen = self._stopping.collect(epoch, losses, lr=self.trained.rate)
        decision = self._stopping.decide(seen, self.trained)
        self.copies = max(self.copies, int(decision.evidence.get("probe_epochs", 0)))
        return decision.stop


def follower(way: str, trained: TestedTask, task: Task) -> Follower:
    """What follows a training in one of the ways."""
    if way in OWN:
        return Own(trained, task, OWN[way])
    return Cosine(trained, task) if way == "cosine" else Plateau(trained, task, *PLATEAU[way])


def gained(result: Result, good: float) -> float:
    """What a training gained over a trivial predictor, as a share of what a good rate gains."""
    return (result.trivial - result.test) / max(result.trivial - good, 1e-9)


def good_losses(results: Sequence[Result]) -> dict[str, float]:
    """The test loss that a good rate brings each task to, by a cosine schedule."""
    rows = [result for result in results if result.way == "cosine"]
    return {task: min(row.test for row in rows if row.task == task) for task in {row.task for row in rows}}


def judged(results: Sequence[Result], good: Mapping[str, float]) -> list[Result]:
    """Those of tasks on which there is enough to gain."""
    return [row for row in results if row.trivial - good[row.task] >= LEAST_GAIN * row.trivial]


def figures(results: Sequence[Result], good: Mapping[str, float]) -> str:
    """Test loss and epochs of sound runs by way, in Markdown; each beside the default rule alone."""
    lines = ["| way | gain, of a good rate's | epochs | beside the own rule: gain | epochs |", "|---" * 5 + "|"]
    sound = [result for result in results if result.multiplier in SOUND]
    alone = {result.task: result for result in sound if result.way == "own rule"}
    for way in [*OWN, "cosine", *PLATEAU]:
        rows = [result for result in sound if result.way == way]
        cells = (
            _interval(rows, lambda row: gained(row, good[row.task])),
            _interval(rows, lambda row: float(row.epochs), digits=1),
            _interval(rows, lambda row: gained(row, good[row.task]) - gained(alone[row.task], good[row.task])),
            _interval(rows, lambda row: row.epochs / alone[row.task].epochs),
        )
        lines.append(f"| {way} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def beside_plateaus(results: Sequence[Result], good: Mapping[str, float]) -> str:
    """What sound runs that are acted on gain and spend beside each plateau schedule, in Markdown."""
    lines = ["| beside | gain more by acting | epochs more |", "|---" * 3 + "|"]
    sound = [result for result in results if result.multiplier in SOUND]
    acted = {result.task: result for result in sound if result.way == "heal"}
    for way in PLATEAU:
        rows = [result for result in sound if result.way == way]
        cells = (
            _interval(rows, lambda row: gained(acted[row.task], good[row.task]) - gained(row, good[row.task])),
            _interval(rows, lambda row: float(acted[row.task].epochs - row.epochs), digits=1),
        )
        lines.append(f"| {way} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def healed(results: Sequence[Result], good: Mapping[str, float]) -> str:
    """How many runs at a wrong rate reach a good rate's gain, in Markdown."""
    lines = ["| rate | " + " | ".join(OWN) + " |", "|---" * (1 + len(OWN)) + "|"]
    for name, rates in {"10 and 100 times too high": BLOWN_UP, "100 and 30 times too low": TOO_LOW}.items():
        cells = [
            _interval(
                [row for row in results if row.way == way and row.multiplier in rates],
                lambda row: float(gained(row, good[row.task]) >= 1 - REACHED),
            )
            for way in OWN
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _interval(rows: Sequence[Result], value: Callable[[Result], float], digits: int = 3) -> str:
    """A mean with its 90% interval over data sets."""
    values = np.array([value(row) for row in rows])
    means = [values[draw].mean() for draw in resampled([row.data for row in rows], DRAWS)]
    low, high = np.quantile(means, (0.05, 0.95))
    return f"{values.mean():.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"


@cache
def ways_at(multiplier: float) -> tuple[str, ...]:
    """In which ways a rate is tried."""
    if multiplier in SOUND:
        return (*OWN, "cosine", *PLATEAU)
    return ("cosine",) if multiplier in GOOD else tuple(OWN)


def main(
    jobs: Annotated[int, typer.Option(help="processes")] = 1,
    each: Annotated[int, typer.Option(help="tasks of each data set")] = 2,
    out: Annotated[Path, typer.Option(help="where the tables go")] = Path("benchmark-output"),
) -> None:
    """Train tasks anew in each of the ways, and write what came of it."""
    rates = sorted({*SOUND, *BLOWN_UP, *TOO_LOW, *GOOD})
    todo = [(task, rate, way) for task in tasks(each) for rate in rates for way in ways_at(rate)]
    out.mkdir(parents=True, exist_ok=True)
    results = list(Parallel(n_jobs=jobs, return_as="generator")(delayed(trained_or_kept)(*one, out) for one in todo))
    good = good_losses(results)
    results = judged(results, good)
    kinds = [len({getattr(result, name) for result in results}) for name in ("task", "data")]
    about = f"{kinds[0]} tasks of {kinds[1]} data sets, {len(results)} trainings of at most {EPOCHS} epochs."
    text = "\n\n".join([about, figures(results, good), beside_plateaus(results, good), healed(results, good)])
    (out / "act.md").write_text(text + "\n", encoding="utf-8")
    Console().print(text, markup=False, soft_wrap=True)


if __name__ == "__main__":
    typer.run(main)
