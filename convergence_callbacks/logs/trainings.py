"""One training that is in several files: it is counted once, and what each adds is put together."""

from __future__ import annotations

import dataclasses
import math
import re
import statistics
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from convergence_callbacks.core.observation import Observation
from convergence_callbacks.logs.assumption import Assumption, Inference
from convergence_callbacks.logs.reader import Reader
from convergence_callbacks.logs.run import Run

PART = re.compile(r"files|logs?|learn|validation|tensorboard|tb|tb_logs|checkpoint-\d+", re.IGNORECASE)
"""Folders below that of a training in which tools write about it a second time."""

STAMP = re.compile(r"[A-Z][a-z]{2}\d\d_\d\d-\d\d-\d\d_.+")
"""How TensorBoard's writer calls the folder of a run, below one called ``runs``, where it is given no other."""

OF_ONE_TOOL = frozenset({"log.txt", "train_log.txt"})
"""Console logs beside each other that SpeechBrain writes of one training."""

LEAST = 3
"""Losses that two files must have in common."""

ALIKE = 2e-3
"""Share of the spread of the losses by which they may differ: some files round, some hold 32 bits."""

LACKS = 0.1
"""Share of the losses that the shorter file may lack at its end, since it was written earlier."""

ROUNDED = frozenset({"TensorBoard", "console log"})
"""Formats that hold losses in 32 bits, or as they are shown."""

NEAR = 0.05
"""Share by which the mean of some steps of an epoch may differ from that of all of them."""

OFTEN = 20
"""One loss in so many may differ: a restart may have written one twice, and a file holds both or the last."""

SHOWN = frozenset({"console log", "YOLO results.txt"})
"""Formats that hold losses in as many digits as are shown."""

SHOWN_TO = 1e-3
"""Share of a loss that is lost where it is shown in three or four digits."""

WRITTEN_AGAIN = {
    "Weights & Biases run": re.compile(r"files/output\.log"),
    "AllenNLP": re.compile(r"log(?:/validation)?|(?:stdout|stderr|out)\.log"),
    "CatBoost": re.compile(r"\.|(?:learn|test)_error\.tsv"),
    "CatBoost errors": re.compile(r"\."),
}
"""What a tool writes of the same training beside its own file, below the folder of that: whatever is in it."""

Logs = tuple[tuple[Path, Reader], ...]
"""Logs that may be of the same training, each with what reads it."""


def grouped(logs: Iterable[tuple[Path, Reader]]) -> Iterator[Logs]:
    """Logs of one folder and of different formats together, every other one by itself.

    Two files of one format beside each other are two trainings, unless one tool writes both of one; a table beside an
    event file may be one.
    """
    by_folder: dict[Path, list[tuple[Path, Reader]]] = {}
    for log in logs:
        by_folder.setdefault(_folder(log[0]), []).append(log)
    for beside in by_folder.values():
        if len({reader.name for _, reader in beside}) > 1 or {log.name for log, _ in beside} >= OF_ONE_TOOL:
            yield tuple(beside)
        else:
            yield from ((log,) for log in beside)


def each_once(runs: Sequence[Run]) -> list[Run]:
    """The runs without those that another file holds too; the fullest is kept, with what the others add."""
    kept: list[Run] = []
    for run in sorted(runs, key=_fullness, reverse=True):
        same = next((index for index, other in enumerate(kept) if is_same(other, run)), None)
        if same is None:
            kept.append(run)
        else:
            kept[same] = together(kept[same], run)
    order = {id(run): index for index, run in enumerate(runs)}
    kept = [_doubted(run, kept) for run in kept]
    return sorted(kept, key=lambda run: order.get(id(run), len(order)))


def _doubted(run: Run, others: Sequence[Run]) -> Run:
    """A run, with a doubt where a file of another format has as many steps: it may be of the same training."""
    beside = [other for other in others if other.path != run.path and other.format != run.format]
    near = [other for other in beside if abs(other.steps - run.steps) <= LACKS * run.steps]
    doubts = (Assumption(Inference.MAY_BE_SAME, others=(other.path.name,)) for other in near[:1])
    return dataclasses.replace(run, assumed=(*run.assumed, *doubts))


def is_same(one: Run, other: Run) -> bool:
    """Whether two runs of different files have the same losses, or are written of one training by one tool."""
    if one.path == other.path:
        return False
    if is_written_again(one, other.path) or is_written_again(other, one.path):
        return True
    lost = SHOWN_TO if {one.format, other.format} & SHOWN else 0.0
    for name in ("val_loss", "train_loss"):
        a, b = _series(one, name), _series(other, name)
        if len(a) >= LEAST and len(b) >= LEAST:
            return _are_alike(a, b, lost) or _are_means(a, b)
    return False


def is_written_again(run: Run, path: Path) -> bool:
    """Whether the tool that wrote a run writes of the same training at a path too.

    Args:
        run: What was read from the tool's own file.
        path: Another file, or the folder of others.
    """
    again, folder = WRITTEN_AGAIN.get(run.format), run.path if run.path.is_dir() else run.path.parent
    below = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else ""
    return again is not None and again.fullmatch(below) is not None


def together(fuller: Run, other: Run) -> Run:
    """A run with the rates, times and plans that another file holds about the same training."""
    note = f"{other.path.name} holds the same training: it is counted once"
    observations = fuller.observations
    if [each.step for each in observations] == [each.step for each in other.observations]:
        names = ("train_loss", "lr", "elapsed")
        lacking = [name for name in names if all(getattr(each, name) is None for each in observations)]
        observations = tuple(
            _filled(each, add, lacking) for each, add in zip(observations, other.observations, strict=True)
        )
    return dataclasses.replace(
        fuller,
        observations=observations,
        planned=fuller.planned or other.planned,
        states_budget=fuller.states_budget or other.states_budget,
        rates_ahead=fuller.rates_ahead or other.rates_ahead,
        patience=fuller.patience or other.patience,
        schedule=fuller.schedule or other.schedule,
        notes=(*fuller.notes, note),
    )


def _filled(observation: Observation, other: Observation, names: Sequence[str]) -> Observation:
    return dataclasses.replace(observation, **{name: getattr(other, name) for name in names}) if names else observation


def _folder(log: Path) -> Path:
    folder = log if log.is_dir() else log.parent
    while PART.fullmatch(folder.name) or _is_stamped(folder):
        folder = folder.parent.parent if _is_stamped(folder) else folder.parent
    return folder


def _is_stamped(folder: Path) -> bool:
    return folder.parent.name == "runs" and STAMP.fullmatch(folder.name) is not None


def _fullness(run: Run) -> tuple[bool, int, bool, int]:
    """How much a run holds of its losses: which there are, whether as they were, and in how many digits.

    What CatBoost itself records of a training goes before its tables, which may be of an earlier one.
    """
    losses = [_series(run, name) for name in ("val_loss", "train_loss")]
    digits = sum(len(repr(value)) for series in losses for value in series)
    return run.format == "CatBoost", sum(map(bool, losses)), run.format not in ROUNDED, digits


def _series(run: Run, name: str) -> list[float]:
    values = [getattr(each, name) for each in run.observations]
    return [value for value in values if value is not None and math.isfinite(value)]


def _are_means(a: Sequence[float], b: Sequence[float]) -> bool:
    """Whether the losses of one are means of those of the other, so many steps an epoch: of some of the steps."""
    few, many = sorted((a, b), key=len)
    each, rest = divmod(len(many), len(few))
    if rest or each < 2:
        return False
    means = (statistics.fmean(many[index * each : (index + 1) * each]) for index in range(len(few)))
    return all(abs(mean - loss) <= NEAR * abs(loss) for mean, loss in zip(means, few, strict=True))


def _are_alike(a: Sequence[float], b: Sequence[float], lost: float) -> bool:
    shorter, longer = sorted((len(a), len(b)))
    if longer - shorter > max(1, LACKS * longer):
        return False
    spread = max(a[:shorter]) - min(a[:shorter])
    alike = sum(abs(x - y) <= max(ALIKE * spread, lost * abs(x)) for x, y in zip(a, b, strict=False))
    return alike >= shorter - shorter // OFTEN
