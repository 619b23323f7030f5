"""The processes of a Keras training.

On TensorFlow and JAX, Keras itself merges what they log. On PyTorch each process logs its own values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from convergence_callbacks.adapter.processes import ALONE, Processes
from convergence_callbacks.adapter.torch_processes import TorchProcesses
from convergence_callbacks.core.observation import as_number


def processes() -> Processes:
    """The processes whose logs differ."""
    return TorchProcesses() if keras.backend.backend() == "torch" else ALONE


def agreed(logs: Mapping[str, Any] | None) -> dict[str, float | None]:
    """The metrics of an epoch as numbers: of each, that of the first process that has one."""
    ranks = processes().gather({name: as_number(value) for name, value in (logs or {}).items()})
    return {name: value for rank in reversed(ranks) for name, value in rank.items()}
