"""The loss of a trivial predictor is filled in where a framework shows enough, on real trainings in it."""

import contextlib
import io
import json
import math

import numpy as np
import pytest

from convergence_callbacks import SettingsError
from convergence_callbacks.metrics.trivial import of_classes
from convergence_callbacks.record import verify
from convergence_callbacks.torch import ConvergenceStopping as TorchStopping

RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 4)).astype("float32")
CLASSES = np.arange(64) % 4
RARE = (np.arange(64) % 8 == 0).astype(int)
ENTROPY = -(0.125 * math.log(0.125) + 0.875 * math.log(0.875))


def baseline(stopping):
    """What the monitor judges by, and whether that was filled in."""
    return stopping.monitor.settings.baseline_loss, stopping.run.baseline is not None


class TestKeras:
    @pytest.fixture(autouse=True)
    def installed(self):
        self.keras = pytest.importorskip("keras", reason="needs pip install 'convergence-callbacks[keras]'")

    def fit(self, loss, units=4, targets=CLASSES, weights=(), made=None, epochs=2, compiled=None, **settings):
        from convergence_callbacks.keras import ConvergenceStopping

        stopping = ConvergenceStopping(verbose=False, **settings)
        made = made or self.keras.Sequential([self.keras.Input((4,)), self.keras.layers.Dense(units)])
        made.compile("sgd", loss=loss, **(compiled or {}))
        data = (X, targets, *weights)
        made.fit(X, targets, validation_data=data, epochs=epochs, verbose=0, callbacks=[stopping])
        return stopping

    def test_classes_alike(self):
        losses = self.keras.losses
        one_hot = np.eye(4)[CLASSES]
        for loss in ("sparse_categorical_crossentropy", losses.sparse_categorical_crossentropy, "ce"):
            assert baseline(self.fit(loss)) == (pytest.approx(math.log(4)), True)
        for loss in (losses.CategoricalCrossentropy(from_logits=True), losses.CategoricalCrossentropy()):
            assert baseline(self.fit(loss, targets=one_hot)) == (pytest.approx(math.log(4)), True)

    def test_two_classes_of_one_unit(self):
        loss = self.keras.losses.BinaryCrossentropy(from_logits=True)
        assert baseline(self.fit(loss, units=1, targets=RARE)) == (pytest.approx(math.log(2)), True)

    def test_none_of_a_regression(self):
        assert baseline(self.fit("mse", units=1)) == (None, False)

    def test_none_of_smoothed_labels(self):
        loss = self.keras.losses.CategoricalCrossentropy(label_smoothing=0.1)
        assert baseline(self.fit(loss, targets=np.eye(4)[CLASSES])) == (None, False)

    def test_none_where_validation_is_weighted(self):
        assert baseline(self.fit("ce", weights=[np.full(64, 2.0)])) == (None, False)

    def test_none_where_the_loss_is_weighted_or_summed(self):
        assert baseline(self.fit("ce", compiled={"loss_weights": [2.0]})) == (None, False)
        assert baseline(self.fit(self.keras.losses.SparseCategoricalCrossentropy(reduction="sum"))) == (None, False)

    def test_none_with_a_penalty(self):
        layers = self.keras.layers
        penalised = self.keras.Sequential([self.keras.Input((4,)), layers.Dense(4, kernel_regularizer="l2")])
        assert baseline(self.fit("ce", made=penalised)) == (None, False)

    def test_none_of_several_outputs(self):
        start = self.keras.Input((4,))
        outputs = [self.keras.layers.Dense(4, name=name)(start) for name in ("a", "b")]
        made = self.keras.Model(start, outputs)
        assert baseline(self.fit(["ce", "ce"], made=made, targets=[CLASSES, CLASSES])) == (None, False)

    def test_none_of_a_loss_of_the_users_own(self):
        class Own(self.keras.Sequential):
            def compute_loss(self, *args, **kwargs):
                return 2 * super().compute_loss(*args, **kwargs)

        made = Own([self.keras.Input((4,)), self.keras.layers.Dense(4)])
        assert baseline(self.fit("ce", made=made)) == (None, False)

    def test_none_of_another_metric(self):
        stopping = self.fit("ce", compiled={"metrics": ["accuracy"]}, val_metric="val_accuracy")
        assert baseline(stopping) == (None, False)

    def test_it_is_recorded(self, tmp_path):
        self.fit("ce", record=tmp_path / "record.jsonl")
        first = json.loads((tmp_path / "record.jsonl").read_text().splitlines()[0])
        assert first["settings"]["baseline_loss"] == pytest.approx(math.log(4))
        assert verify(tmp_path / "record.jsonl").is_confirmed

    def test_its_source_is_reported(self):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            from convergence_callbacks.keras import ConvergenceStopping

            made = self.keras.Sequential([self.keras.Input((4,)), self.keras.layers.Dense(4)])
            made.compile("sgd", loss="ce")
            made.fit(X, CLASSES, validation_split=0.5, epochs=2, verbose=0, callbacks=[ConvergenceStopping()])
        assert printed.getvalue().count("(baseline_loss 1.386: guessing among 4 classes)") == 1


def test_a_setting_goes_before_what_is_found_and_finding_can_be_left_out():
    from convergence_callbacks.sklearn import ConvergenceStopping

    neighbours = pytest.importorskip("sklearn.linear_model")
    for settings, expected in (({"baseline_loss": 0.5}, 0.5), ({"find_baseline": False}, None)):
        stopping = ConvergenceStopping(max_epochs=3, verbose=False, **settings)
        stopping.fit(neighbours.SGDClassifier(loss="log_loss"), X, RARE, X, RARE)
        assert baseline(stopping) == (expected, False)


def test_scikit_learn_counts_the_validation_targets():
    linear = pytest.importorskip("sklearn.linear_model", reason="needs pip install 'convergence-callbacks[sklearn]'")
    from convergence_callbacks.sklearn import ConvergenceStopping

    def fit(estimator, targets, **given):
        stopping = ConvergenceStopping(max_epochs=3, verbose=False)
        stopping.fit(estimator, X, targets, X[:32], targets[:32], **given)
        return baseline(stopping)

    numbers = X[:, 0] * 3
    assert fit(linear.SGDClassifier(loss="log_loss"), RARE) == (pytest.approx(ENTROPY), True)
    assert fit(linear.SGDClassifier(loss="hinge"), RARE) == (pytest.approx(0.125), True)
    assert fit(linear.SGDRegressor(), numbers) == (pytest.approx(numbers[:32].var()), True)
    assert fit(linear.SGDRegressor(), numbers, loss=lambda model, x, y: 1.0) == (None, False)


def test_lightgbm_counts_the_targets_of_the_data_that_is_judged():
    lightgbm = pytest.importorskip("lightgbm", reason="needs pip install 'convergence-callbacks[lightgbm]'")
    from convergence_callbacks.lightgbm import ConvergenceStopping

    def fit(params, targets, weights=None, **settings):
        stopping = ConvergenceStopping(verbose=False, **settings)
        train = lightgbm.Dataset(X, targets.copy())
        valid = lightgbm.Dataset(X[:32].copy(), targets[:32].copy(), weight=weights, reference=train)
        base = {"verbose": -1, "num_threads": 1, "min_data_in_leaf": 2}
        lightgbm.train({**base, **params}, train, 3, [train, valid], ["train", "valid"], callbacks=[stopping])
        return baseline(stopping)

    assert fit({"objective": "binary"}, RARE) == (pytest.approx(ENTROPY), True)
    assert fit({"objective": "multiclass", "num_class": 4}, CLASSES) == (pytest.approx(math.log(4)), True)
    assert fit({"objective": "regression"}, X[:, 0] * 3) == (pytest.approx((X[:32, 0] * 3).var(), rel=1e-5), True)
    assert fit({"objective": "regression", "metric": "rmse"}, X[:, 0])[0] == pytest.approx(X[:32, 0].std(), rel=1e-5)
    assert fit({"objective": "binary", "metric": "auc"}, RARE, val_metric="valid/auc") == (None, False)
    assert fit({"objective": "huber"}, X[:, 0]) == (None, False)
    half = np.where(RARE[:32], 7.0, 1.0)
    assert fit({"objective": "binary"}, RARE, half)[0] == pytest.approx(math.log(2), rel=1e-3)


def test_xgboost_gives_the_frequencies_of_its_training_targets():
    xgboost = pytest.importorskip("xgboost", reason="needs pip install 'convergence-callbacks[xgboost]'")
    from convergence_callbacks.xgboost import ConvergenceStopping

    def fit(params, targets, rounds=3, before=None, **settings):
        stopping = ConvergenceStopping(verbose=False, **settings)
        train, valid = xgboost.DMatrix(X, targets), xgboost.DMatrix(X[:32], targets[:32])
        evals = [(train, "train"), (valid, "valid")]
        fit.booster = xgboost.train(
            {"nthread": 1, **params},
            train,
            rounds,
            evals=evals,
            callbacks=[stopping],
            verbose_eval=False,
            xgb_model=before,
        )
        return baseline(stopping)

    binary = {"objective": "binary:logistic"}
    assert fit(binary, RARE) == (pytest.approx(ENTROPY, rel=1e-3), True)
    assert fit(binary, RARE, before=fit.booster) == (pytest.approx(ENTROPY, rel=1e-3), True)
    assert fit({"objective": "multi:softprob", "num_class": 4}, CLASSES)[0] == pytest.approx(math.log(4), rel=1e-3)
    assert fit({**binary, "base_score": 0.5}, RARE) == (None, False)
    assert fit({**binary, "scale_pos_weight": 7}, RARE) == (None, False)
    assert fit({**binary, "eval_metric": "auc"}, RARE, val_metric="valid/auc", mode="max") == (None, False)
    assert fit({"objective": "reg:squarederror"}, X[:, 0]) == (None, False)


def test_skorch_gives_the_classes():
    skorch = pytest.importorskip("skorch", reason="needs pip install 'convergence-callbacks[skorch]'")
    import torch

    from convergence_callbacks.skorch import ConvergenceStopping

    def fit(kind, units, targets, **given):
        stopping = ConvergenceStopping(verbose=False)
        shape = {"module__in_features": 4, "module__out_features": units}
        kind(torch.nn.Linear, **shape, max_epochs=2, callbacks=[stopping], verbose=0, **given).fit(X, targets)
        return baseline(stopping)

    class Own(skorch.NeuralNetClassifier):
        def get_loss(self, *args, **kwargs):
            return 2 * super().get_loss(*args, **kwargs)

    crossed = {"criterion": torch.nn.CrossEntropyLoss}
    assert fit(skorch.NeuralNetClassifier, 4, CLASSES, **crossed) == (pytest.approx(math.log(4)), True)
    assert fit(skorch.NeuralNetBinaryClassifier, 1, RARE.astype("float32")) == (pytest.approx(math.log(2)), True)
    assert fit(skorch.NeuralNetRegressor, 1, X[:, :1]) == (None, False)
    assert fit(skorch.NeuralNetClassifier, 4, CLASSES, **crossed, criterion__label_smoothing=0.1) == (None, False)
    weighted = {**crossed, "criterion__weight": torch.ones(4)}
    assert fit(skorch.NeuralNetClassifier, 4, CLASSES, **weighted) == (None, False)
    assert fit(Own, 4, CLASSES, **crossed) == (None, False)


class TestTransformers:
    @pytest.fixture(autouse=True)
    def installed(self):
        pytest.importorskip("transformers", reason="needs pip install 'convergence-callbacks[transformers]'")
        pytest.importorskip("accelerate", reason="needs pip install 'convergence-callbacks[transformers]'")

    def train(self, folder, resume=None, labels=3, smoothing=0.0, kind=None, model_kind=None, **more):
        import torch
        from transformers import BertForSequenceClassification, Trainer

        from convergence_callbacks.transformers import ConvergenceStopping
        from tests.adapters.contract import SCRIPT, Training
        from tests.adapters.in_transformers import DATA, arguments, bert

        stopping = ConvergenceStopping(stop_on="nothing", verbose=False)
        config = bert().config
        config.num_labels = labels
        torch.manual_seed(0)
        args = arguments(Training(stopping, SCRIPT[: 4 if resume else 2], folder), label_smoothing_factor=smoothing)
        data = [{**row, "labels": row["labels"] if labels > 1 else row["labels"].float()} for row in DATA]
        model = (model_kind or BertForSequenceClassification)(config)
        trainer = (kind or Trainer)(model, args, train_dataset=data, eval_dataset=data, callbacks=[stopping], **more)
        trainer.train(resume_from_checkpoint=resume)
        return stopping

    def test_labels_alike_also_after_a_checkpoint(self, tmp_path):
        assert baseline(self.train(tmp_path)) == (pytest.approx(math.log(3)), True)
        checkpoint = max(tmp_path.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
        resumed = self.train(tmp_path, resume=str(checkpoint))
        assert baseline(resumed) == (pytest.approx(math.log(3)), True)
        assert resumed.decision.step == 3

    def test_none_of_a_regression_or_smoothed_labels(self, tmp_path):
        assert baseline(self.train(tmp_path / "one", labels=1)) == (None, False)
        assert baseline(self.train(tmp_path / "smooth", smoothing=0.1)) == (None, False)

    def test_none_of_a_loss_of_the_users_own(self, tmp_path):
        import torch
        from transformers import BertForSequenceClassification, Trainer

        def focal(outputs, labels, **kwargs):
            losses = torch.nn.functional.cross_entropy(outputs["logits"], labels, reduction="none")
            return ((1 - torch.exp(-losses)) ** 2 * losses).mean()

        class Focal(Trainer):
            def compute_loss(self, model, inputs, return_outputs=False, **kwargs):
                outputs = model(**inputs)
                loss = focal(outputs, inputs["labels"])
                return (loss, outputs) if return_outputs else loss

        class Weighted(BertForSequenceClassification):
            def forward(self, input_ids=None, labels=None):
                outputs = super().forward(input_ids, labels=labels)
                weights = torch.tensor([1.0, 9.0, 1.0])
                outputs.loss = torch.nn.functional.cross_entropy(outputs.logits, labels, weights, reduction="sum")
                return outputs

        class Replaced(BertForSequenceClassification):
            def __init__(self, config):
                super().__init__(config)
                self.loss_function = lambda labels, logits, config, **kwargs: focal({"logits": logits}, labels)

        assert baseline(self.train(tmp_path / "method", kind=Focal)) == (None, False)
        assert baseline(self.train(tmp_path / "function", compute_loss_func=focal)) == (None, False)
        assert baseline(self.train(tmp_path / "model", model_kind=Weighted)) == (None, False)
        assert baseline(self.train(tmp_path / "replaced", model_kind=Replaced)) == (None, False)

    def test_labels_alike_of_a_trainer_that_changes_something_else(self, tmp_path):
        from transformers import Trainer

        class Logging(Trainer):
            def log(self, *args, **kwargs):
                super().log(*args, **kwargs)

        assert baseline(self.train(tmp_path, kind=Logging)) == (pytest.approx(math.log(3)), True)


def test_a_state_keeps_it_and_a_setting_goes_before_that():
    stopping = TorchStopping(verbose=False)
    stopping.run.fill_in(of_classes(10))
    stopping.update(train_loss=2.0, val_loss=2.1)
    state = json.loads(json.dumps(stopping.state_dict()))
    resumed = TorchStopping(verbose=False)
    resumed.load_state_dict(state)
    assert baseline(resumed) == (pytest.approx(math.log(10)), True)
    own = TorchStopping(verbose=False, baseline_loss=0.5)
    own.load_state_dict(state)
    assert baseline(own) == (0.5, False)


def test_it_is_not_filled_in_once_a_run_is_judged_or_where_more_is_better():
    stopping = TorchStopping(verbose=False)
    stopping.update(train_loss=2.0, val_loss=2.1)
    stopping.run.fill_in(of_classes(10))
    assert baseline(stopping) == (None, False)
    rising = TorchStopping(verbose=False, val_metric="val_acc")
    rising.run.fill_in(of_classes(10))
    assert baseline(rising) == (None, False)


def test_where_nothing_is_shown_asking_for_it_is_an_error():
    with pytest.raises(SettingsError, match="does not support find_baseline"):
        TorchStopping(find_baseline=False)
