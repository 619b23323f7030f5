"""The XGBoost integration, beyond what every integration promises."""

import dataclasses
import json

import numpy as np
import pytest

xgboost = pytest.importorskip("xgboost", reason="needs pip install 'convergence-callbacks[xgboost]'")
pytest.importorskip("sklearn", reason="needs pip install 'convergence-callbacks[sklearn]'")
from sklearn.datasets import load_breast_cancer

from convergence_callbacks import Patience
from convergence_callbacks.xgboost import ConvergenceStopping

X, Y = load_breast_cancer(return_X_y=True)
QUICK = {"max_depth": 3, "n_jobs": 1, "learning_rate": 0.3}


def test_an_overfitted_classifier_is_ended_and_cut_back_to_its_best_iteration():
    stopping = ConvergenceStopping(
        max_epochs=200, restore_best=True, verbose=False, train_metric="validation_0/logloss"
    )
    model = xgboost.XGBClassifier(n_estimators=200, callbacks=[stopping], **QUICK)
    model.fit(X[:300], Y[:300], eval_set=[(X[:300], Y[:300]), (X[300:], Y[300:])], verbose=False)
    assert stopping.stopped_epoch < 199
    assert model.get_booster().num_boosted_rounds() == stopping.decision.best_step + 1
    assert model.best_iteration == stopping.decision.best_step
    assert stopping.observations[-1].train_loss < stopping.observations[-1].val_loss


def test_the_last_loss_of_the_last_set_is_judged_and_a_score_is_none():
    stopping = ConvergenceStopping(criteria=Patience(500), verbose=False)
    model = xgboost.XGBClassifier(n_estimators=3, callbacks=[stopping], eval_metric=["logloss", "auc"], **QUICK)
    model.fit(X[:300], Y[:300], eval_set=[(X[300:], Y[300:])], verbose=False)
    expected = model.evals_result()["validation_0"]["logloss"]
    assert [o.val_loss for o in stopping.observations] == pytest.approx(expected)


@pytest.mark.parametrize("restore", [False, True])
def test_cross_validation_is_judged_by_the_mean_and_its_results_end_at_the_stop_or_the_best(restore):
    stopping = ConvergenceStopping(criteria=Patience(3), restore_best=restore, verbose=False)
    params = {"objective": "binary:logistic", "max_depth": 2, "nthread": 1}
    found = xgboost.cv(params, xgboost.DMatrix(X, Y), 100, nfold=3, callbacks=[stopping], as_pandas=False)
    kept = 1 + (stopping.decision.best_step if restore else stopping.stopped_epoch)
    assert [o.val_loss for o in stopping.observations[:kept]] == pytest.approx(found["test-logloss-mean"])


def test_a_score_is_judged_where_it_is_named():
    stopping = ConvergenceStopping(criteria=Patience(5), mode="max", val_metric="validation_0/auc", verbose=False)
    model = xgboost.XGBClassifier(n_estimators=100, callbacks=[stopping], eval_metric=["logloss", "auc"], **QUICK)
    model.fit(X[:300], Y[:300], eval_set=[(X[300:], Y[300:])], verbose=False)
    assert stopping.decision.best_value == pytest.approx(max(model.evals_result()["validation_0"]["auc"]))


class Subclass(ConvergenceStopping):
    """One that could save the booster in a hook of its own."""


class Other(xgboost.callback.TrainingCallback):
    """A callback of somebody else."""


@pytest.mark.parametrize(
    ("stopping", "others", "is_written"),
    [(ConvergenceStopping, [], False), (ConvergenceStopping, [Other()], True), (Subclass, [], True)],
)
def test_the_state_is_written_only_where_somebody_could_save_the_booster(monkeypatch, stopping, others, is_written):
    written, write = [], xgboost.Booster.set_attr
    monkeypatch.setattr(
        xgboost.Booster, "set_attr", lambda booster, **given: (written.append(given), write(booster, **given))
    )
    data, callbacks = xgboost.DMatrix(X, Y), [stopping(criteria=Patience(9), verbose=False), *others]
    xgboost.train({}, data, 5, evals=[(data, "valid")], callbacks=callbacks, verbose_eval=True)
    assert any(attributes.get("convergence_state") for attributes in written) is is_written


def test_a_training_that_ended_leaves_no_state_in_the_booster(tmp_path):
    data = xgboost.DMatrix(X, Y)
    booster = xgboost.train({}, data, 5, evals=[(data, "valid")], callbacks=[ConvergenceStopping()], verbose_eval=False)
    assert booster.attr("convergence_state") is None and booster.attr("convergence_since") is None
    stopping = ConvergenceStopping(criteria=Patience(3))
    again = [stopping]
    xgboost.train({}, data, 2, evals=[(data, "valid")], callbacks=again, xgb_model=booster, verbose_eval=False)
    assert [o.step for o in stopping.observations] == [5, 6]


class SaveEach(xgboost.callback.TrainingCallback):
    """Keeps the booster of each round, as a file would hold it."""

    def __init__(self):
        super().__init__()
        self.boosters = []

    def after_iteration(self, model, epoch, evals_log):
        self.boosters.append(bytes(model.save_raw("ubj")))
        return False


@pytest.mark.parametrize("rounds", [1, 15, 16, 17, 20, 33])
def test_a_training_goes_on_from_any_round_as_if_it_had_never_ended(rounds):
    data, params = xgboost.DMatrix(X[:300], Y[:300]), {"objective": "binary:logistic", "max_depth": 2, "nthread": 1}
    evals = [(data, "train"), (xgboost.DMatrix(X[300:], Y[300:]), "valid")]
    whole, save = ConvergenceStopping(max_epochs=40, stop_on="nothing", verbose=False), SaveEach()
    xgboost.train(params, data, 40, evals=evals, callbacks=[whole, save], verbose_eval=False)
    saved = xgboost.Booster(params)
    saved.load_model(bytearray(save.boosters[rounds - 1]))
    later = ConvergenceStopping(max_epochs=40, stop_on="nothing", verbose=False)
    xgboost.train(params, data, 40 - rounds, evals=evals, callbacks=[later], xgb_model=saved, verbose_eval=False)
    decided = [dataclasses.replace(decision, evidence={}) for decision in later.history]
    assert decided == [dataclasses.replace(decision, evidence={}) for decision in whole.history[rounds:]]
    assert [dict(d.evidence) for d in later.history] == [dict(d.evidence) for d in whole.history[rounds:]]


def test_a_damaged_state_is_reported_and_the_criteria_start_without_it():
    data = xgboost.DMatrix(X, Y)
    booster = xgboost.train({}, data, 2)
    for damaged in ('{"version": 1}', "[]", "not json"):
        booster.set_attr(convergence_state=damaged)
        stopping = ConvergenceStopping()
        with pytest.warns(RuntimeWarning, match="without it"):
            xgboost.train(
                {}, data, 2, evals=[(data, "valid")], callbacks=[stopping], xgb_model=booster, verbose_eval=False
            )
        assert len(stopping.history) == 2


@pytest.mark.parametrize("damaged", ["no json", "[1]", '[{"step": "x"}]'])
def test_rounds_since_the_state_that_are_damaged_are_reported_and_the_criteria_start_without_it(damaged):
    data, save = xgboost.DMatrix(X, Y), SaveEach()
    quiet = {"evals": [(data, "valid")], "verbose_eval": False}
    xgboost.train({}, data, 3, callbacks=[ConvergenceStopping(verbose=False), save], **quiet)
    booster = xgboost.Booster()
    booster.load_model(bytearray(save.boosters[-1]))
    assert len(json.loads(booster.attr("convergence_since"))) == 2
    booster.set_attr(convergence_since=damaged)
    again = ConvergenceStopping(verbose=False)
    with pytest.warns(RuntimeWarning, match="without it"):
        xgboost.train({}, data, 1, callbacks=[again], xgb_model=booster, **quiet)
    assert [decision.step for decision in again.history] == [3]


def test_without_evaluations_it_is_reported_and_nothing_ends():
    stopping = ConvergenceStopping()
    with pytest.warns(RuntimeWarning, match="'val_loss' was not logged; nothing was"):
        booster = xgboost.train({}, xgboost.DMatrix(X, Y), 20, callbacks=[stopping])
    assert booster.num_boosted_rounds() == 20
    assert np.isfinite(booster.predict(xgboost.DMatrix(X))).all()


@pytest.mark.parametrize(
    ("booster", "reason"), [("dart", "dart reweights earlier trees"), ("gblinear", "gblinear has no trees")]
)
@pytest.mark.filterwarnings("ignore:.*gblinear.*:UserWarning", "ignore:.*gblinear.*:FutureWarning")
def test_a_booster_whose_best_round_can_not_be_had_is_given_back_whole_with_the_reason(booster, reason):
    train, valid = xgboost.DMatrix(X[:300], Y[:300]), xgboost.DMatrix(X[300:], Y[300:])
    stopping = ConvergenceStopping(max_epochs=20, restore_best=True, criteria=Patience(20), verbose=False)
    params = {"booster": booster, "objective": "binary:logistic", "eta": 0.5, "nthread": 1}
    evals = [(train, "train"), (valid, "valid")]
    with pytest.warns(RuntimeWarning, match=f"restore_best gives back nothing: {reason}"):
        model = xgboost.train(params, train, 20, evals=evals, verbose_eval=False, callbacks=[stopping])
    assert len(stopping.history) == 20 and len(model.predict(valid)) == len(Y) - 300
