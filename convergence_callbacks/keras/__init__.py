"""The integration with Keras 3, on each of its backends.

In a training:

    from convergence_callbacks.keras import ConvergenceStopping
    model.fit(x, y, validation_split=0.2, epochs=200, callbacks=[ConvergenceStopping()])
"""

from convergence_callbacks.telling.missing import no_backend, not_installed

try:
    import keras  # noqa: F401
except ModuleNotFoundError as error:
    if error.name != "keras":
        raise ModuleNotFoundError(no_backend((error.name or "").split(".")[0])) from error
    raise ModuleNotFoundError(not_installed("Keras", "keras")) from error

from convergence_callbacks.keras.convergence_stopping import ConvergenceStopping
from convergence_callbacks.keras.early_stopping import EarlyStopping

__all__ = ["ConvergenceStopping", "EarlyStopping"]
