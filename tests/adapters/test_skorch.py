"""The skorch integration, beyond what every integration promises."""

import numpy as np
import pytest

pytest.importorskip("skorch", reason="needs pip install 'convergence-callbacks[skorch]'")
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from skorch import NeuralNetRegressor
from skorch.callbacks import EpochScoring, LRScheduler

from convergence_callbacks import Patience, SettingsError
from convergence_callbacks.skorch import ConvergenceStopping

X = np.random.default_rng(0).normal(size=(40, 4)).astype("float32")
Y = X[:, :1]


def net(stopping, **settings):
    torch.manual_seed(0)
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


def test_a_search_over_a_setting_changes_it():
    stopping = ConvergenceStopping(criteria=Patience(2), min_epochs=0, verbose=False)
    searched = net(None, callbacks=[("stop", stopping)])
    search = GridSearchCV(searched, {"callbacks__stop__min_epochs": [3, 6]}, cv=2, scoring="neg_mean_squared_error")
    search.fit(X, Y)
    best = dict(search.best_estimator_.callbacks_)["stop"]
    assert best.settings.min_epochs == search.best_params_["callbacks__stop__min_epochs"]
    assert best.monitor.settings.min_epochs == best.settings.min_epochs


def test_a_setting_that_there_is_not_is_refused_with_the_nearest():
    with pytest.raises(SettingsError, match="'tolerence' of ConvergenceStopping; did you mean 'tolerance'"):
        ConvergenceStopping().set_params(tolerence=0.5)


def test_callbacks_after_it_see_the_last_epoch_where_the_epochs_are_over():
    seen = EpochScoring(lambda net, x, y: 0.0, name="seen")
    trained = net(ConvergenceStopping(criteria=Patience(50), verbose=False))
    trained.set_params(callbacks=[*trained.callbacks, seen]).fit(X, Y)
    assert trained.history[:, "seen"] == [0.0] * 10
