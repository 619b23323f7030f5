"""What a file is called after: where its losses name no part of the data, the name of the file may."""

from __future__ import annotations

import dataclasses

from convergence_callbacks.core.observation import Observation
from convergence_callbacks.logs.assumption import Assumption, Inference
from convergence_callbacks.logs.columns import words_of
from convergence_callbacks.logs.labels import SPLITS
from convergence_callbacks.logs.run import Run

TRAINING = frozenset({"train", "training"})

CLEAR = frozenset({"val", "valid", "validation"})
"""Words that mean the validation in the name of any file; the others only beside the word loss."""


def with_role_of_file(run: Run) -> Run:
    """A run with its loss as that of the validation, where the loss names no part of the data and the file does.

    Args:
        run: As its reader read it.
    """
    words = words_of(run.path.stem)
    is_named = bool(words & CLEAR) or ("loss" in words and bool(words & SPLITS))
    taken = run.columns.train
    if taken is None or run.columns.val is not None or words & TRAINING or not is_named or words_of(taken) & SPLITS:
        return run
    columns = dataclasses.replace(
        run.columns,
        train=None,
        val=taken,
        why={**run.columns.why, "val": "the file is called after the validation", "train": "there is none"},
    )
    observations = tuple(map(_validated, run.observations))
    assumed = (*run.assumed, Assumption(Inference.FILE_NAME, taken))
    return dataclasses.replace(run, columns=columns, observations=observations, assumed=assumed)


def _validated(observation: Observation) -> Observation:
    return dataclasses.replace(observation, train_loss=None, val_loss=observation.train_loss)
