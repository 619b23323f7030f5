"""Train every situation in one framework, in a process of its own."""

from __future__ import annotations

import os
from typing import Any

from demo.result import Result
from demo.situations import EPOCHS, SITUATIONS, Situation, data_for


def train_in(framework: str, epochs: Any) -> list[Result]:
    """All situations in one framework; reports each finished epoch to a queue."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import torch

    torch.set_num_threads(1)
    return [train_twice(framework, situation, epochs) for situation in SITUATIONS]


def train_twice(framework: str, situation: Situation, epochs: Any) -> Result:
    """One training with the callback as it comes, and once more to its end, to see what stopping cost."""
    if framework == "keras":
        from demo.in_keras import train
    else:
        from demo.in_lightning import train  # type: ignore[assignment]  # the other framework's callback

    def report(*_: object) -> None:
        epochs.put((framework, situation.title, 1))

    data = data_for(situation)
    stopped = train(situation, data, report)
    epochs.put((framework, situation.title, EPOCHS - len(stopped.history)))
    whole = train(situation, data, report, stop_on=[])
    return Result(framework, situation, stopped.history, whole.observations)
