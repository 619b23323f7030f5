"""A training in skorch."""

import pickle

import numpy as np
import torch
from skorch import NeuralNetRegressor
from skorch.callbacks import Callback
from skorch.dataset import ValidSplit

from tests.adapters.contract import Training
from tests.adapters.torch_data import weights

X = np.random.default_rng(0).normal(size=(16, 4)).astype("float32")


class Net(NeuralNetRegressor):
    """Its validation loss follows the script."""

    script = None

    def get_loss(self, y_pred, y_true, *args, training=False, **kwargs):
        loss = super().get_loss(y_pred, y_true, *args, training=training, **kwargs)
        if training or self.script is None:
            return loss
        return torch.tensor(float(self.script[len(self.history) - 1]), dtype=torch.float64)


class Watch(Callback):
    """Called last in an epoch but for what prints; as the callback ends the run, its last epoch is seen at the end."""

    def __init__(self, training):
        self.training = training

    def on_epoch_end(self, net, **kwargs):
        def save():
            with (self.training.folder / "net.pkl").open("wb") as file:
                pickle.dump((net.module_.state_dict(), net.history.to_list()), file)

        self.training.end_epoch(len(net.history) - 1, weights(net.module_), save)


def train(training: Training) -> None:
    torch.manual_seed(0)
    net = Net(
        torch.nn.Linear,
        module__in_features=4,
        module__out_features=1,
        max_epochs=training.epochs,
        lr=0.05,
        batch_size=8,
        train_split=ValidSplit(4),
        callbacks=[("watch", Watch(training)), ("stopping", training.stopping)],
        verbose=0,
    )
    net.script = training.script
    if training.script is None:
        net.set_params(train_split=None)
    net.initialize()
    if training.resume:
        with (training.folder / "net.pkl").open("rb") as file:
            module, history = pickle.load(file)
        net.module_.load_state_dict(module)
        net.history_.extend(history)
        net.set_params(max_epochs=training.epochs - len(history))
    net.partial_fit(X, X[:, :1])
    training.final = weights(net.module_)
