"""What is judged is what was meant: the right metric, the right way round, at the right time."""

import warnings

import numpy as np
import pytest

from convergence_callbacks import MetricNotFoundError, Monitor, Patience, SettingsError
from convergence_callbacks.record import verify

RNG = np.random.default_rng(0)
X = RNG.normal(size=(600, 10))
Y = (X[:, :4].sum(axis=1) + RNG.normal(size=600) > 0).astype(int)


def lightgbm_fit(rounds=60, params=(), **settings):
    """A LightGBM training: the callback, the booster and what was evaluated."""
    lightgbm = pytest.importorskip("lightgbm")
    from convergence_callbacks.lightgbm import ConvergenceStopping

    train = lightgbm.Dataset(X[:400], Y[:400])
    valid = lightgbm.Dataset(X[400:], Y[400:], reference=train)
    stopping, log = ConvergenceStopping(verbose=False, min_epochs=0, **settings), {}
    booster = lightgbm.train(
        {"objective": "binary", "verbose": -1, "num_leaves": 15, "num_threads": 1, **dict(params)},
        train,
        rounds,
        valid_sets=[train, valid],
        valid_names=["train", "valid"],
        callbacks=[stopping, lightgbm.record_evaluation(log)],
    )
    return stopping, booster, log["valid"]


def xgboost_fit(metric=None, params=(), rounds=40, **settings):
    """An XGBoost training: the callback and the booster."""
    xgboost = pytest.importorskip("xgboost")
    from convergence_callbacks.xgboost import ConvergenceStopping

    train, valid = xgboost.DMatrix(X[:400], Y[:400]), xgboost.DMatrix(X[400:], Y[400:])
    stopping = ConvergenceStopping(max_epochs=rounds, verbose=False, **settings)
    booster = xgboost.train(
        {"objective": "binary:logistic", "eta": 0.3, "nthread": 1, **dict(params)},
        train,
        rounds,
        evals=[(train, "train"), (valid, "valid")],
        verbose_eval=False,
        custom_metric=metric,
        callbacks=[stopping],
    )
    return stopping, booster


def catboost_fit(iterations=60, evaluated=True, **params):
    """A CatBoost training: the callback."""
    catboost = pytest.importorskip("catboost")
    from convergence_callbacks.catboost import ConvergenceStopping

    stopping = ConvergenceStopping(max_epochs=iterations, verbose=False, criteria=Patience(iterations))
    model = catboost.CatBoostClassifier(
        iterations=iterations, depth=2, thread_count=1, verbose=False, allow_writing_files=False, **params
    )
    model.fit(X[:400], Y[:400], eval_set=(X[400:], Y[400:]) if evaluated else None, callbacks=[stopping])
    return stopping


def test_lightgbm_s_own_flag_says_which_way_a_metric_improves():
    stopping, booster, log = lightgbm_fit(val_metric="valid's auc", params={"metric": "auc"}, restore_best=True)
    assert stopping.decision.best_value == max(log["auc"])
    assert booster.best_iteration == 1 + log["auc"].index(max(log["auc"]))


@pytest.mark.parametrize("metrics", [["binary_logloss", "binary_error"], ["binary_error", "binary_logloss"]])
def test_of_lightgbm_s_metrics_the_loss_is_judged_whatever_their_order(metrics):
    stopping, _, log = lightgbm_fit(params={"metric": metrics})
    assert stopping.observations[0].val_loss == log["binary_logloss"][0]


def test_a_metric_of_unknown_direction_never_takes_the_place_of_the_loss():
    def own(predicted, data):
        return "quality", float(((predicted > 0.5) == data.get_label()).mean())

    stopping, booster = xgboost_fit(own, {"eval_metric": "logloss"}, restore_best=True)
    assert stopping.observations[0].val_loss == pytest.approx(0.6, abs=0.1)
    assert booster.num_boosted_rounds() > 1


def test_only_a_score_is_answered_with_the_setting_that_takes_it():
    with pytest.warns(RuntimeWarning, match="unknown metric 'val_loss'.*valid/auc"):
        xgboost_fit(params={"eval_metric": "auc"}, rounds=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        stopping, _ = xgboost_fit(params={"eval_metric": "auc"}, rounds=3, val_metric="valid/auc")
    assert stopping.monitor.settings.mode == "max"


def test_dart_warns_that_nothing_can_be_restored():
    with pytest.warns(RuntimeWarning, match="dart reweights earlier trees"):
        lightgbm_fit(20, {"boosting": "dart"}, restore_best=True, criteria=Patience(3))
    with pytest.warns(RuntimeWarning, match="dart reweights earlier trees"):
        xgboost_fit(params={"booster": "dart"}, rounds=9, restore_best=True)


def test_catboost_is_judged_where_it_evaluates():
    stopping = catboost_fit(metric_period=5)
    assert [seen.step for seen in stopping.observations] == [*range(0, 60, 5), 59]
    assert all(seen.val_loss is not None and seen.train_loss is not None for seen in stopping.observations)


def test_a_training_without_validation_data_asks_for_none():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        stopping = catboost_fit(5, evaluated=False)
    assert [seen.train_loss is not None for seen in stopping.observations] == [True] * 5


def test_keras_s_accuracy_rises_and_its_own_metrics_say_it_themselves():
    keras = pytest.importorskip("keras")
    from convergence_callbacks.keras import ConvergenceStopping

    def fit(stopping, metric):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((10,)), keras.layers.Dense(2, "softmax")])
        model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy", metrics=[metric])
        data = {"validation_data": (X[64:96], Y[64:96]), "verbose": 0, "epochs": 4, "callbacks": [stopping]}
        return model.fit(X[:64], Y[:64], **data).history

    stopping = ConvergenceStopping(val_metric="val_accuracy", verbose=False)
    assert stopping.direction() == "max"
    own = keras.metrics.SparseCategoricalAccuracy(name="quality")
    stopping = ConvergenceStopping(val_metric="val_quality", verbose=False)
    assert stopping.decision is None and max(fit(stopping, own)["val_quality"]) == stopping.decision.best_value
    with pytest.raises(SettingsError, match=r"'val_quality'.*mode='min'"):
        fit(ConvergenceStopping(val_metric="val_quality"), "accuracy")


def test_a_module_s_torchmetrics_say_which_way_they_improve():
    torch = pytest.importorskip("torch")
    pytest.importorskip("lightning")
    from convergence_callbacks.lightning.stated import rises

    class Metric(torch.nn.Module):
        def __init__(self, *, higher_is_better):
            super().__init__()
            self.higher_is_better = higher_is_better

    module = torch.nn.Module()
    module.val_quality, module.harm = Metric(higher_is_better=True), Metric(higher_is_better=False)
    module.other = torch.nn.Linear(1, 1)
    assert [rises(module, name) for name in ("val/quality", "val_harm", "val_other", None)] == [True, False, None, None]
    module.quality = Metric(higher_is_better=False)
    assert rises(module, "val_quality") is None


def test_a_scorer_of_scikit_learn_rises():
    pytest.importorskip("sklearn")
    from sklearn.linear_model import SGDClassifier
    from sklearn.metrics import get_scorer

    from convergence_callbacks.sklearn import ConvergenceStopping

    stopping = ConvergenceStopping(max_epochs=5, verbose=False)
    stopping.fit(SGDClassifier(random_state=0), X[:400], Y[:400], X[400:], Y[400:], loss=get_scorer("roc_auc"))
    assert stopping.decision.best_value == max(seen.val_loss for seen in stopping.observations) > 0.5


def test_ignite_s_validation_loss_is_not_its_train_loss():
    torch = pytest.importorskip("torch")
    pytest.importorskip("ignite")
    from ignite.engine import Events, create_supervised_evaluator, create_supervised_trainer
    from ignite.metrics import Loss

    from convergence_callbacks.ignite import ConvergenceStopping

    data = [(torch.ones(4, 1), torch.zeros(4, 1))]
    model, loss = torch.nn.Linear(1, 1), torch.nn.functional.mse_loss
    trainer = create_supervised_trainer(
        model, torch.optim.SGD(model.parameters(), 0.1), loss, output_transform=lambda x, y, predicted, loss: (y, y)
    )
    evaluator = create_supervised_evaluator(model, metrics={"loss": Loss(loss)})
    stopping = ConvergenceStopping(verbose=False)
    stopping.attach(trainer, evaluator)
    trainer.add_event_handler(Events.EPOCH_COMPLETED, lambda _: evaluator.run(data))
    trainer.run(data, max_epochs=2)
    assert [(seen.train_loss, seen.val_loss is None) for seen in stopping.observations] == [(None, False)] * 2


def test_of_the_folds_of_a_trial_the_first_is_compared_with_other_trials(tmp_path):
    optuna = pytest.importorskip("optuna")
    from convergence_callbacks.optuna import ConvergenceStopping

    study = optuna.create_study()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            trial = study.ask()
            stopping = ConvergenceStopping(max_epochs=4, verbose=False, record=tmp_path / "record.jsonl")
            for fold in range(3):
                stopping.begin()
                for epoch in range(4):
                    stopping.update(trial, val_loss=fold + 1 / (1 + epoch))
    assert study.trials[0].intermediate_values == {0: 1.0, 1: 1 / 2, 2: 1 / 3, 3: 1 / 4}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["record-0.jsonl", "record-1.jsonl"]
    assert verify(tmp_path / "record-1.jsonl")


@pytest.mark.parametrize(
    ("losses", "meant"),
    [
        ({"loss": 1.0, "validation_loss": 1.0}, "'loss': write train_loss=…"),
        ({"train_loss": 1.0, "validation_loss": 1.0}, "'validation_loss': write val_loss=…"),
        ({"val_los": 1.0}, "'val_los': write val_loss=…"),
    ],
)
def test_a_loss_under_another_name_is_refused(losses, meant):
    with pytest.raises(MetricNotFoundError, match=meant):
        Monitor().update(**losses)


def test_parts_of_a_loss_and_later_names_are_metrics():
    monitor = Monitor()
    monitor.update(train_loss=1.0, val_kl_loss=0.5, test_loss=1.0, val_acc=0.5)
    monitor.update(train_loss=1.0, validation_loss=0.5)
