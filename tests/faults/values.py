"""What stands in the place of a number, and the training that it stands in."""

import math

import numpy as np
import torch

SCRIPT = (1.0, 0.625, 0.5, 0.25, 0.3125, 0.375, 0.40625, 0.4375)
"""Validation losses that half precision and bfloat16 hold exactly; patience 3 ends it at epoch 6, the best is 3."""

PLACES = (1, 2)
"""Epochs in which something else is logged: before the best, so that the stop is that of a clean run."""


class Broken:
    """A number that can't be computed."""

    def __float__(self):
        raise KeyError("loss")


SAME = {
    "a text": str,
    "a whole array": lambda value: np.array([[value]]),
    "half of NumPy": np.float16,
    "half": lambda value: torch.tensor(value, dtype=torch.float16),
    "half with one element": lambda value: torch.tensor([value], dtype=torch.float16),
    "bfloat16": lambda value: torch.tensor(value, dtype=torch.bfloat16),
    "bfloat16 with one element": lambda value: torch.tensor([[value]], dtype=torch.bfloat16),
    "double": lambda value: torch.tensor(value, dtype=torch.float64),
    "with a gradient": lambda value: torch.tensor(value, requires_grad=True),
}
"""Other forms of the same number, by name."""

NONE = {
    "NaN": lambda: math.nan,
    "infinite": lambda: math.inf,
    "NaN in half": lambda: torch.tensor(math.nan, dtype=torch.float16),
    "huge": lambda: 1e300,
    "larger than any float": lambda: 10**400,
    "a word": lambda: "broken",
    "two numbers": lambda: [0.5, 0.25],
    "two elements": lambda: torch.tensor([0.5, 0.25]),
    "no element": lambda: torch.tensor([]),
    "on a device without memory": lambda: torch.tensor(0.5, device="meta"),
    "complex": lambda: 0.5j,
    "an object": object,
    "what can't be computed": Broken,
}
"""What makes what is no number, or none that can be judged, by name."""


def in_places(value, script=SCRIPT):
    """The script with something else in places, made anew for each."""
    return [value() if epoch in PLACES else loss for epoch, loss in enumerate(script)]
