"""The stock callbacks of Lightning, under each of its names that is installed."""

from __future__ import annotations

import functools
import importlib
import sys
from typing import Any

from convergence_callbacks.telling.missing import not_installed

NAMESPACES = ("lightning.pytorch", "pytorch_lightning")


@functools.cache
def early_stoppings() -> tuple[type, ...]:
    """``EarlyStopping`` of each installed namespace, to be derived from.

    Lightning calls callbacks of this type after the module's own ``on_train_epoch_end`` and before
    ``ModelCheckpoint``: so all metrics are there, and the checkpoint holds this epoch's state. Nothing of
    their judgement is used. (``trainer/call.py``, as of 2.6.)

    Raises:
        ModuleNotFoundError: Lightning is installed under neither name.
    """
    found = []
    for namespace in NAMESPACES:
        try:
            found.append(importlib.import_module(f"{namespace}.callbacks").EarlyStopping)
        except ModuleNotFoundError:
            continue
    if not found:
        raise ModuleNotFoundError(not_installed("Lightning", "lightning"))
    return tuple(found)


def misconfigurations() -> tuple[type[Exception], ...]:
    """What Lightning raises where an argument is wrong, under each of its names."""
    return tuple(
        sys.modules[f"{kind.__module__.rsplit('.callbacks', 1)[0]}.utilities.exceptions"].MisconfigurationException
        for kind in early_stoppings()
    )


def reason_type(trainer: Any) -> Any:
    """``EarlyStoppingReason`` under the name that the trainer has, None where this Lightning has none (before 2.6)."""
    names = {kind.__module__.split(".")[0] for kind in type(trainer).__mro__}
    kinds = early_stoppings()
    kind = next((kind for kind in kinds if kind.__module__.split(".")[0] in names), kinds[0])
    return getattr(sys.modules[kind.__module__], "EarlyStoppingReason", None)
