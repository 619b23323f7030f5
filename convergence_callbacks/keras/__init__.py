"""The door to Keras 3, on each of its backends.

In a training:

    from convergence_callbacks.keras import ConvergenceStopping
    model.fit(x, y, validation_split=0.2, epochs=200, callbacks=[ConvergenceStopping()])
"""

try:
    import keras  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError("Keras is not installed: pip install 'convergence-callbacks[keras]'") from error

from convergence_callbacks.keras.convergence_stopping import ConvergenceStopping
from convergence_callbacks.keras.early_stopping import EarlyStopping

__all__ = ["ConvergenceStopping", "EarlyStopping"]
