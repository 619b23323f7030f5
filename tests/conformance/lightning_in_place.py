"""A pytest plugin: puts our `EarlyStopping` in the place of Lightning's, before its tests are imported."""

import lightning.pytorch.callbacks
import lightning.pytorch.callbacks.early_stopping

from convergence_callbacks.lightning import EarlyStopping

lightning.pytorch.callbacks.EarlyStopping = EarlyStopping
lightning.pytorch.callbacks.early_stopping.EarlyStopping = EarlyStopping
