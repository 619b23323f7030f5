"""The integration with PyTorch Lightning, under either of its names (``lightning`` and ``pytorch_lightning``).

In a training:

    import lightning
    from convergence_callbacks.lightning import ConvergenceStopping
    trainer = lightning.Trainer(max_epochs=200, callbacks=[ConvergenceStopping()])
"""

from convergence_callbacks.telling.missing import not_installed

try:
    import torch  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(not_installed("PyTorch", "lightning")) from error

from convergence_callbacks.lightning.convergence_stopping import ConvergenceStopping
from convergence_callbacks.lightning.early_stopping import EarlyStopping

__all__ = ["ConvergenceStopping", "EarlyStopping"]
