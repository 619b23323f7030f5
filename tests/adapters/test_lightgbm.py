"""The LightGBM integration, beyond what every integration promises."""

import pytest

lightgbm = pytest.importorskip("lightgbm", reason="needs pip install 'convergence-callbacks[lightgbm]'")
pytest.importorskip("sklearn", reason="needs pip install 'convergence-callbacks[sklearn]'")
from sklearn.datasets import load_breast_cancer

from convergence_callbacks import Patience
from convergence_callbacks.lightgbm import ConvergenceStopping

X, Y = load_breast_cancer(return_X_y=True)
SETS = [(X[:300], Y[:300]), (X[300:], Y[300:])]


pytestmark = pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")


def fit(stopping, n_estimators=300, **settings):
    model = lightgbm.LGBMClassifier(n_estimators=n_estimators, num_leaves=4, n_jobs=1, verbose=-1)
    return model.fit(*SETS[0], eval_set=SETS, callbacks=[stopping], **settings)


def test_both_curves_are_judged_and_prediction_uses_the_best_iteration():
    stopping = ConvergenceStopping(restore_best=True, verbose=False)
    model = fit(stopping)
    assert stopping.monitor.settings.max_epochs == 300
    assert stopping.stopped_epoch < 299
    assert model.best_iteration_ == stopping.decision.best_step + 1
    assert [o.train_loss for o in stopping.observations] == pytest.approx(
        model.evals_result_["training"]["binary_logloss"]
    )


def test_without_restore_best_all_trees_are_used():
    stopping = ConvergenceStopping(criteria=Patience(5), verbose=False)
    assert fit(stopping).best_iteration_ == stopping.decision.step + 1


def test_the_best_iteration_is_used_at_the_end_of_the_budget_too():
    stopping = ConvergenceStopping(criteria=Patience(1000), restore_best=True, verbose=False)
    assert fit(stopping).best_iteration_ == stopping.decision.best_step + 1


def test_a_score_is_judged_where_it_is_named():
    stopping = ConvergenceStopping(criteria=Patience(5), mode="max", val_metric="valid_1/auc", verbose=False)
    model = fit(stopping, eval_metric="auc")
    assert stopping.decision.best_value == pytest.approx(max(model.evals_result_["valid_1"]["auc"]))


def test_cross_validation_is_judged_by_the_mean():
    stopping = ConvergenceStopping(criteria=Patience(5), verbose=False)
    params = {"objective": "binary", "num_leaves": 4, "verbose": -1, "num_threads": 1}
    found = lightgbm.cv(params, lightgbm.Dataset(X, Y), 200, nfold=3, callbacks=[stopping])
    assert [o.val_loss for o in stopping.observations][: stopping.decision.best_step] == pytest.approx(
        found["valid binary_logloss-mean"][: stopping.decision.best_step]
    )
