"""The scikit-learn integration, beyond what every integration promises."""

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs pip install 'convergence-callbacks[sklearn]'")
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.linear_model import Perceptron, SGDClassifier
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

from convergence_callbacks import ConvergenceError, Patience
from convergence_callbacks.sklearn import ConvergenceStopping

X, Y = load_breast_cancer(return_X_y=True)
X = StandardScaler().fit_transform(X)
DATA = X[:300], Y[:300], X[300:], Y[300:]


def test_a_network_is_trained_until_it_has_converged_and_given_back_as_it_was_at_its_best():
    stopping = ConvergenceStopping(max_epochs=300, restore_best=True, verbose=False)
    network = MLPClassifier((8,), learning_rate_init=0.01, random_state=0)
    model = stopping.fit(network, *DATA)
    assert 5 < stopping.stopped_epoch < 299
    assert log_loss(Y[300:], model.predict_proba(X[300:])) == pytest.approx(stopping.decision.best_value)
    assert not hasattr(network, "coefs_")  # what was given is not changed


def test_boosting_grows_a_tree_an_epoch_and_holds_back_no_data_of_its_own():
    stopping = ConvergenceStopping(max_epochs=100, restore_best=True, verbose=False)
    model = stopping.fit(HistGradientBoostingClassifier(learning_rate=0.3, early_stopping=True), *DATA)
    assert stopping.stopped_epoch < 99
    assert model.n_iter_ == stopping.decision.best_step + 1
    assert log_loss(Y[300:], model.predict_proba(X[300:])) == pytest.approx(stopping.decision.best_value)


@pytest.mark.parametrize("model", [SGDClassifier(random_state=0), Perceptron()], ids=lambda model: type(model).__name__)
def test_a_classifier_without_probabilities_is_judged_by_its_errors(model):
    stopping = ConvergenceStopping(criteria=Patience(3), max_epochs=50, verbose=False)
    trained = stopping.fit(model, *DATA)
    assert stopping.observations[-1].val_loss == pytest.approx(1 - trained.score(X[300:], Y[300:]))


def test_what_does_not_learn_in_steps_is_refused_by_name():
    with pytest.raises(ConvergenceError, match="RandomForestClassifier has neither partial_fit"):
        ConvergenceStopping().fit(RandomForestClassifier(), *DATA)


@pytest.mark.parametrize("kind", [GradientBoostingClassifier, HistGradientBoostingClassifier])
def test_the_stages_of_a_trained_classifier_are_judged_as_its_training_would_have_been(kind):
    trained = kind(learning_rate=0.3, random_state=0).fit(*DATA[:2])
    stages, training = ConvergenceStopping(verbose=False), ConvergenceStopping(max_epochs=100, verbose=False)
    decision = stages.judge_stages(trained, *DATA)
    training.fit(kind(learning_rate=0.3, random_state=0), *DATA)
    assert decision.stop
    assert [o.val_loss for o in stages.observations[:10]] == pytest.approx(
        [o.val_loss for o in training.observations[:10]]
    )


def test_the_stages_of_a_regressor_are_judged_by_the_squared_error():
    x, y = load_diabetes(return_X_y=True)
    trained = HistGradientBoostingRegressor(max_iter=30).fit(x[:300], y[:300])
    stopping = ConvergenceStopping(criteria=Patience(100), verbose=False)
    stopping.judge_stages(trained, x[:300], y[:300], x[300:], y[300:])
    assert stopping.observations[-1].val_loss == pytest.approx(mean_squared_error(y[300:], trained.predict(x[300:])))


def test_probabilities_that_are_none_are_a_loss_that_is_none():
    class Broken(SGDClassifier):
        def predict_proba(self, x):
            return np.full((len(x), 2), np.nan)

    stopping = ConvergenceStopping(max_epochs=6, verbose=False)
    with pytest.warns(RuntimeWarning, match="loss is nan"):
        stopping.fit(Broken(loss="log_loss"), *DATA)
    assert stopping.decision.verdict.value == "diverged"


@pytest.mark.parametrize("make", [MLPRegressor, GradientBoostingRegressor])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")
def test_targets_in_a_column_are_judged_as_those_in_a_row(make):
    x, y = load_diabetes(return_X_y=True)
    y = y / y.std()
    seen = []
    for shape in (-1, (-1, 1)):
        stopping = ConvergenceStopping(max_epochs=5, verbose=False)
        targets = y.reshape(shape)
        stopping.fit(make(random_state=0), x[:300], targets[:300], x[300:], targets[300:])
        seen.append([(o.train_loss, o.val_loss) for o in stopping.observations])
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    "model",
    [
        MLPClassifier(early_stopping=True),
        SGDClassifier(early_stopping=True, loss="log_loss"),
        HistGradientBoostingClassifier(early_stopping=True),
        GradientBoostingClassifier(n_iter_no_change=1, validation_fraction=0.5),
    ],
    ids=lambda model: type(model).__name__,
)
def test_early_stopping_of_an_estimator_s_own_is_switched_off(model):
    stopping = ConvergenceStopping(max_epochs=4, criteria=Patience(9), verbose=False)
    stopping.fit(model, *DATA)
    assert len(stopping.history) == 4
