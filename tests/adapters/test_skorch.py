"""The skorch door, beyond what every door promises."""

import numpy as np
import pytest

pytest.importorskip("skorch", reason="needs pip install 'convergence-callbacks[skorch]'")
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from skorch import NeuralNetRegressor
from skorch.callbacks import LRScheduler

from convergence_callbacks import Patience
from convergence_callbacks.skorch import ConvergenceStopping

X = np.random.default_rng(0).normal(size=(40, 4)).astype("float32")
Y = X[:, :1]


def net(stopping, **settings):
    shape = {"module__in_features": 4, "module__out_features": 1}
    given = {"max_epochs": 10, "lr": 0.1, "callbacks": [stopping], "verbose": 0, **settings}
    return NeuralNetRegressor(torch.nn.Linear, **shape, **given)


def test_a_clone_has_the_same_settings():
    stopping = ConvergenceStopping(criteria=Patience(3), tolerance=0.02, stop_on=["converged"])
    assert clone(stopping).settings == stopping.settings
    assert clone(stopping) is not stopping


def test_it_takes_part_in_a_search():
    stopping = ConvergenceStopping(criteria=Patience(2), verbose=False)
    search = GridSearchCV(net(stopping), {"lr": [0.05, 0.1]}, cv=2, scoring="neg_mean_squared_error")
    search.fit(X, Y)
    assert search.best_params_ == {"lr": 0.1}


def test_a_schedule_is_seen_when_the_training_goes_on():
    schedule = LRScheduler(torch.optim.lr_scheduler.StepLR, step_size=2)
    first = ConvergenceStopping(criteria=Patience(50), verbose=False)
    trained = net(first, callbacks=[schedule, first], max_epochs=4).fit(X, Y)
    rates = [o.lr for o in first.observations]
    trained.partial_fit(X, Y)
    assert [o.lr for o in first.observations][:4] == pytest.approx(rates)
    assert len(first.history) == 8


def test_decisions_go_to_the_history_when_asked():
    trained = net(ConvergenceStopping(log_decisions=True), max_epochs=2).fit(X, Y)
    assert [row["convergence"]["convergence/stop"] for row in trained.history] == [0, 1]  # the budget ends it
