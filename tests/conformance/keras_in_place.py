"""A pytest plugin: puts our `EarlyStopping` in the place of Keras's, before its tests are imported."""

import keras.src.callbacks

from convergence_callbacks.keras import EarlyStopping

keras.src.callbacks.EarlyStopping = EarlyStopping


def pytest_configure(config):
    """Keras's tests have a mark of their own."""
    config.addinivalue_line("markers", "requires_trainable_backend: skipped where the backend can't train")
