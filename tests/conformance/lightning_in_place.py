"""A pytest plugin: puts our `EarlyStopping` in the place of Lightning's, before its tests are imported."""

import lightning.pytorch.callbacks
import lightning.pytorch.callbacks.early_stopping

from convergence_callbacks.lightning import EarlyStopping


def pytest_configure():
    """Nothing happens at import, so that whoever collects this file does not compare ours with ours."""
    lightning.pytorch.callbacks.EarlyStopping = EarlyStopping
    lightning.pytorch.callbacks.early_stopping.EarlyStopping = EarlyStopping
