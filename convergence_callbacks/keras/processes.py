"""What several processes logged, made one."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import keras

from convergence_callbacks.core.observation import as_number


def agreed(logs: Mapping[str, Any] | None) -> dict[str, float | None]:
    """The metrics of an epoch as numbers, the same on all processes; each enters, whatever it saw.

    On TensorFlow and JAX, Keras itself makes them the same. On PyTorch each process logs its own: of each metric, that
    of the first process that has one counts.
    """
    own = {name: as_number(value) for name, value in (logs or {}).items()}
    distributed = sys.modules.get("torch.distributed")
    if keras.backend.backend() != "torch" or distributed is None or not distributed.is_available():
        return own
    if not distributed.is_initialized() or distributed.get_world_size() == 1:
        return own
    ranks: list[Any] = [None] * distributed.get_world_size()
    distributed.all_gather_object(ranks, own)
    return {name: value for rank in reversed(ranks) for name, value in rank.items()}
