"""Hugging Face's ``trainer_state.json``."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from convergence_callbacks.logs.columns import ColumnChoice, find_columns
from convergence_callbacks.logs.errors import LogError
from convergence_callbacks.logs.json_text import LARGEST, document_in, flat, is_number, row_of
from convergence_callbacks.logs.notes import Notes
from convergence_callbacks.logs.reader import CERTAIN, Claim, Reader
from convergence_callbacks.logs.rows import runs_of
from convergence_callbacks.logs.run import Run

SUMMARY = "train_runtime"
"""What only the record at the end of a training has; its ``train_loss`` is that of the whole training."""


class TrainerState(Reader):
    """Reads the state that a `transformers.Trainer` saves beside each checkpoint."""

    name: ClassVar[str] = "Hugging Face"

    def recognise(self, path: Path, head: bytes) -> Claim | None:
        """Its name, or the key under which the log is."""
        is_state = path.suffix == ".json" and (path.name == "trainer_state.json" or b'"log_history"' in head)
        return Claim(CERTAIN, "the state of a Trainer, with its log_history") if is_state else None

    def log_of(self, path: Path) -> Path:
        """The state of the same training that has come furthest: each repeats the log up to it."""
        root = path.parent.parent / path.name if _number(path) else path
        newest = max(root.parent.glob(f"checkpoint-*/{path.name}"), key=_number, default=root)
        return root if root.is_file() and (newest == root or _steps(root) >= _number(newest)) else newest

    def read(self, path: Path, choice: ColumnChoice) -> Iterator[Run]:
        """The run; where it was validated other than once an epoch, its steps are validations."""
        state = document_in(path)
        history = state.get("log_history") if isinstance(state, dict) else None
        if not isinstance(history, list):
            raise LogError("it has no log_history, a list")
        records = [record for record in history if isinstance(record, dict) and SUMMARY not in record]
        names = {name: None for record in records for name, value in flat(record) if is_number(value)}
        if not names:
            raise LogError("its log_history is empty")
        columns, notes = find_columns(names, choice), Notes()
        rows = [row_of(number, record, columns, notes) for number, record in enumerate(records, start=1)]
        given = (row for row in rows if row is not None)
        epochs = [record["epoch"] for record in records if isinstance(record.get("epoch"), int | float)]
        yield from (
            dataclasses.replace(run, patience=_patience(state))
            for run in runs_of(
                path,
                self.name,
                columns,
                given,
                notes,
                planned=_whole(state.get("num_train_epochs")),
                planned_steps=_whole(state.get("max_steps")),
                in_parts=any(epoch != int(epoch) for epoch in epochs if math.isfinite(epoch)),
                metadata=_known(state),
            )
        )


def _number(path: Path) -> int:
    """The step of the checkpoint that a file is in, 0 where it is in none."""
    match = re.fullmatch(r"checkpoint-(\d+)", path.parent.name)
    return int(match[1]) if match else 0


def _steps(state: Path) -> int:
    """The last step in a state, whether or not it is whole."""
    if state.stat().st_size > LARGEST:
        return 0
    return max(map(int, re.findall(rb'"(?:global_)?step"\s*:\s*(\d+)', state.read_bytes())), default=0)


def _patience(state: dict[str, Any]) -> int | None:
    """What the Trainer's own early stopping was set to."""
    try:
        return _whole(state["stateful_callbacks"]["EarlyStoppingCallback"]["args"]["early_stopping_patience"])
    except (LookupError, TypeError):
        return None


def _whole(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and value >= 1 and value == int(value) else None


def _known(state: dict[str, Any]) -> dict[str, Any]:
    names = ("train_batch_size", "max_steps", "num_train_epochs", "total_flos", "best_model_checkpoint")
    return {name: state[name] for name in names if isinstance(state.get(name), str | int | float)}
