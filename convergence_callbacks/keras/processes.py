"""What several processes logged, made one; each enters, whatever it saw.

On TensorFlow and JAX, Keras itself makes it the same. On PyTorch each process logs its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from convergence_callbacks.adapter import torch_processes
from convergence_callbacks.adapter.stopping import Stopping
from convergence_callbacks.core.observation import Observation, as_number


def agreed(logs: Mapping[str, Any] | None) -> dict[str, float | None]:
    """The metrics of an epoch as numbers: of each, that of the first process that has one."""
    own = {name: as_number(value) for name, value in (logs or {}).items()}
    ranks = torch_processes.gathered(own) if _each_logs_its_own() else [own]
    return {name: value for rank in reversed(ranks) for name, value in rank.items()}


def collected(stopping: Stopping, epoch: int, logs: Mapping[str, Any], **known: Any) -> Observation:
    """`Stopping.collect`, with the learning rate and the time of the first process as well.

    Raises:
        ConvergenceError: With ``strict``, in all processes.
    """
    collect = torch_processes.collected if _each_logs_its_own() else Stopping.collect
    return collect(stopping, epoch, logs, **known)


def is_first_process() -> bool:
    """Whether this process is the one that speaks, and writes what all read."""
    return not _each_logs_its_own() or torch_processes.is_first_process()


def wait_for_all() -> None:
    """Go on when all processes have come here."""
    if _each_logs_its_own():
        torch_processes.gathered(None)


def _each_logs_its_own() -> bool:
    return bool(keras.backend.backend() == "torch")
