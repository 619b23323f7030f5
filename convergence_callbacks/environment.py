"""A callback for every Lightning Trainer of a process, from one YAML file that an environment variable names.

Lightning calls `callbacks` at each Trainer, as the entry point ``lightning.pytorch.callbacks_factory``. Without the
variable nothing is added, and nothing is imported.
"""

from __future__ import annotations

import os
from typing import Any

from convergence_callbacks.core.errors import SettingsError

VARIABLE = "CONVERGENCE_CONFIG"
"""Names the YAML file."""


def callbacks() -> list[Any]:
    """The callbacks that every Trainer gets.

    Raises:
        SettingsError: The file that the variable names can't be read, or something in it is wrong.
    """
    path = os.environ.get(VARIABLE)
    if not path:
        return []
    from convergence_callbacks.lightning import ConvergenceStopping

    class FromEnvironment(ConvergenceStopping):
        """Steps aside where the program itself has such a callback."""

        @property
        def state_key(self) -> str:
            return f"{super().state_key} from the environment"

        def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
            others = [callback for callback in trainer.callbacks if callback is not self]
            if any(isinstance(callback, ConvergenceStopping) for callback in others):
                trainer.callbacks = others
            else:
                super().setup(trainer, pl_module, stage)

    try:
        return [FromEnvironment.from_yaml(path)]
    except OSError as error:
        raise SettingsError(f"{VARIABLE} names {path!r}, which can't be read: {error}") from error
