"""The stock callbacks of Lightning, under each of its names that is installed."""

from __future__ import annotations

import importlib

NAMESPACES = ("lightning.pytorch", "pytorch_lightning")


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
        raise ModuleNotFoundError("Lightning is not installed: pip install 'convergence-callbacks[lightning]'")
    return tuple(found)
