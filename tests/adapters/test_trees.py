"""The argument named at the end of a training of boosted trees is one that its library accepts."""

import re

import numpy as np
import pytest

from convergence_callbacks import Patience

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 4))
Y = ((X[:, 0] + RNG.normal(size=120)) > 0).astype(int)
PATIENT = {"criteria": Patience(5), "min_epochs": 0}


def log_loss(predicted):
    return -np.mean(np.log(np.where(Y[60:] == 1, predicted, 1 - predicted)))


def prediction_argument(capsys):
    return re.search(r"Best: [\d.]+ at round \d+.*?, predict\((.*?=.*)\)\.", capsys.readouterr().out).group(1)


def test_xgboost(capsys):
    xgboost = pytest.importorskip("xgboost", reason="needs pip install 'convergence-callbacks[xgboost]'")
    from convergence_callbacks.xgboost import ConvergenceStopping

    train, valid = xgboost.DMatrix(X[:60], Y[:60]), xgboost.DMatrix(X[60:], Y[60:])

    def fit(**params):
        stopping = ConvergenceStopping(**PATIENT, max_epochs=50)
        given = {"objective": "binary:logistic", "eta": 0.5, "nthread": 1, **params}
        evals = [(train, "train"), (valid, "valid")]
        return stopping, xgboost.train(given, train, 50, evals=evals, callbacks=[stopping], verbose_eval=False)

    stopping, booster = fit()
    span = prediction_argument(capsys)
    assert span == f"iteration_range=(0, {stopping.decision.best_step + 1})"
    predicted = booster.predict(valid, iteration_range=(0, stopping.decision.best_step + 1))
    assert log_loss(predicted) == pytest.approx(stopping.decision.best_value, rel=1e-4)
    for other in ("dart", "gblinear"):
        fit(booster=other)
        assert "predict(" not in capsys.readouterr().out


def test_lightgbm(capsys):
    lightgbm = pytest.importorskip("lightgbm", reason="needs pip install 'convergence-callbacks[lightgbm]'")
    from convergence_callbacks.lightgbm import ConvergenceStopping

    def fit(**params):
        stopping = ConvergenceStopping(**PATIENT)
        given = {"objective": "binary", "min_data_in_leaf": 2, "verbose": -1, "num_threads": 1, **params}
        train = lightgbm.Dataset(X[:60].copy(), Y[:60].copy())
        valid = lightgbm.Dataset(X[60:].copy(), Y[60:].copy(), reference=train)
        return stopping, lightgbm.train(given, train, 50, [train, valid], ["train", "valid"], callbacks=[stopping])

    stopping, booster = fit(learning_rate=0.5)
    assert prediction_argument(capsys) == f"num_iteration={stopping.decision.best_step + 1}"
    predicted = booster.predict(X[60:], num_iteration=stopping.decision.best_step + 1)
    assert log_loss(predicted) == pytest.approx(stopping.decision.best_value, rel=1e-4)
    fit(boosting="dart")
    assert "predict(" not in capsys.readouterr().out


def test_catboost(capsys, tmp_path):
    catboost = pytest.importorskip("catboost", reason="needs pip install 'convergence-callbacks[catboost]'")
    from convergence_callbacks.catboost import ConvergenceStopping

    stopping = ConvergenceStopping(**PATIENT, max_epochs=50)
    model = catboost.CatBoostClassifier(50, learning_rate=0.5, verbose=0, thread_count=1, train_dir=str(tmp_path))
    model.fit(X[:60], Y[:60], eval_set=(X[60:], Y[60:]), use_best_model=False, callbacks=[stopping])
    assert prediction_argument(capsys) == f"ntree_end={stopping.decision.best_step + 1}"
    predicted = model.predict_proba(X[60:], ntree_end=stopping.decision.best_step + 1)[:, 1]
    assert log_loss(predicted) == pytest.approx(stopping.decision.best_value, rel=1e-4)
