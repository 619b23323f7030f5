"""Recorded runs are kept in one file of arrays, with the metadata of each run."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

RECORDED = Path(__file__).parent.parent / "recorded.npz"
HELD_OUT = Path(__file__).parent.parent / "held_out.npz"


@dataclass(frozen=True, eq=False)
class Run:
    """One training, complete.

    Args:
        name: Of the task, its learning rate and its validation set.
        task: The task's name; runs of one task differ in learning rate.
        data: The data set's name.
        multiplier: Learning rate in units of the optimizer's usual one.
        baseline: Validation loss of a trivial predictor; in fine-tuning, where it is lower, that of the first epoch.
        fault: What was broken on purpose, or "none".
        train: Train loss by epoch, the mean over its batches.
        val: Validation loss after each epoch.
        lr: Learning rate of each epoch.
        pretrained: Whether it is a fine-tuning.
        domain: What is learnt: ``"recorded"``, or that of a public history.
    """

    name: str
    task: str
    data: str
    multiplier: float
    baseline: float
    fault: str
    train: NDArray[np.float64]
    val: NDArray[np.float64]
    lr: NDArray[np.float64]
    pretrained: bool = False
    domain: str = "recorded"

    @property
    def epochs(self) -> int:
        """The full budget."""
        return len(self.val)

    @property
    def lowest(self) -> float:
        """The lowest finite validation loss; infinite where there is none."""
        return float(np.min(self.val, where=np.isfinite(self.val), initial=np.inf))

    @property
    def gain(self) -> float:
        """From the trivial predictor's loss to the lowest of all epochs."""
        return self.baseline - float(self.val.min())


@dataclass
class Recorded:
    """What a file holds: rows of shape (epochs, 5) by run, see `recorder.train.record`, and the metadata of each."""

    rows: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    metadata: list[dict[str, Any]] = field(default_factory=list)

    @property
    def tasks(self) -> set[str]:
        """Names of the tasks it has runs of."""
        return {details["name"] for details in self.metadata}

    def add(self, run: str, rows: NDArray[np.float32], details: dict[str, Any]) -> None:
        """Take in one training."""
        self.rows[run] = rows
        self.metadata.append(details)

    def update(self, other: Recorded) -> None:
        """Take in another file's runs, save those that are here already."""
        for details in other.metadata:
            if details["run"] not in self.rows:
                self.add(details["run"], other.rows[details["run"]], details)

    def save(self, path: Path) -> None:
        """Write to a file."""
        arrays = {run: _shortened(rows) for run, rows in self.rows.items()}
        np.savez_compressed(path, meta=np.array(json.dumps(self.metadata)), **arrays)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: Path) -> Recorded:
        """Read what `save` wrote."""
        with np.load(path) as file:
            metadata = json.loads(str(file["meta"]))
            return cls({each["run"]: file[each["run"]] for each in metadata}, metadata)


def load(path: Path) -> list[Run]:
    """All runs; each training gives two: judged by all its validation examples, and by sixty of them."""
    return runs_of(Recorded.load(path))


def runs_of(recorded: Recorded) -> list[Run]:
    """The runs of what was recorded."""
    return [run for details in recorded.metadata for run in _runs_of(details, recorded.rows[details["run"]])]


def _runs_of(details: dict[str, Any], rows: NDArray[np.float32]) -> list[Run]:
    train, val, few, _, lr = rows.astype(float).T
    shared = {name: details[name] for name in ("data", "multiplier", "fault")}
    return [
        Run(
            name=details["run"] + ending,
            task=details["name"] + ending,
            baseline=min(details[baseline], losses[0]) if details.get("pretrained") else details[baseline],
            train=train,
            val=losses,
            lr=lr,
            pretrained=details.get("pretrained", False),
            **shared,
        )
        for ending, baseline, losses in (("", "baseline", val), ("-few", "baseline_few", few))
    ]


def _shortened(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows to one part in 30,000; finer digits would only cost space."""
    bits = np.ascontiguousarray(rows).view(np.uint32)
    rounded: NDArray[np.float32] = ((bits + np.uint32(0x80)) & np.uint32(0xFFFFFF00)).view(np.float32)
    return np.where(np.isfinite(rows), rounded, rows)
