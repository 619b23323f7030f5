"""The integration with PyTorch loops of one's own: plain, under Hugging Face Accelerate, under Lightning Fabric.

In a training:

    from convergence_callbacks.torch import ConvergenceStopping
    stopping = ConvergenceStopping(max_epochs=200, restore_best=True)
    for epoch in range(200):
        train_loss, val_loss = train_one_epoch(model), validate(model)
        if stopping.update(model, train_loss=train_loss, val_loss=val_loss, lr=0.1).stop:
            break
    stopping.restore(model)
"""

from __future__ import annotations

from convergence_callbacks.telling.missing import not_installed

try:
    import torch  # noqa: F401  # so that a missing library is reported at once
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(not_installed("PyTorch", "torch")) from error

from convergence_callbacks.adapter.loop import LoopStopping
from convergence_callbacks.adapter.torch_gradients import GradientWatch
from convergence_callbacks.adapter.torch_processes import TorchProcesses
from convergence_callbacks.adapter.torch_weights import TorchModel

__all__ = ["ConvergenceStopping", "GradientWatch"]


class ConvergenceStopping(LoopStopping):
    """Ends a PyTorch loop when it has converged, overfits, diverged or does not learn, and says why.

    It takes the settings of `Stopping`. Where several processes train, each calls `update` at every epoch, and
    all get the same decision: of each value, that of the first process which has one counts. Its state is saved and
    restored with ``state_dict`` and ``load_state_dict``, which is what
    ``accelerator.register_for_checkpointing(stopping)`` and ``fabric.save(path, {"stopping": stopping})`` use.
    """

    integration = "PyTorch"
    supports = frozenset({"restore_best"})
    trained = TorchModel
    processes = TorchProcesses()
