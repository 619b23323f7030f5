"""A training in XGBoost; the booster holds the state."""

import numpy as np
import xgboost

from tests.adapters.contract import Training

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(64, 4)), RNG.normal(size=64)


class Watch(xgboost.callback.TrainingCallback):
    """Looks before the next iteration: versions before 3.1.2 call what is to be called after one in any order."""

    def __init__(self, training, first):
        self.training, self.first = training, first

    def before_iteration(self, model, epoch, evals_log):
        path = self.training.folder / "model.ubj"
        if epoch:
            self.training.end_epoch(self.first + epoch - 1, predictions(model), lambda: model.save_model(path))
        return False


def predictions(model):
    return model.predict(xgboost.DMatrix(X))


def train(training: Training) -> None:
    train_set, valid, other = xgboost.DMatrix(X, Y), xgboost.DMatrix(X + 0.1, Y), xgboost.DMatrix(X - 0.1, Y)
    before, first = None, 0
    if training.resume:
        before = xgboost.Booster(model_file=training.folder / "model.ubj")
        first = before.num_boosted_rounds()
    script, second = iter(training.script[first:]), iter(training.second or ())

    def metric(predicted, data):
        scripted = {id(valid): script, id(other): second}.get(id(data))
        return "loss", next(scripted) if scripted is not None else float(np.mean((predicted - Y) ** 2))

    booster = xgboost.train(
        {"max_depth": 2, "eta": 0.3, "disable_default_eval_metric": True, "nthread": 1},
        train_set,
        training.epochs - first,
        evals=[(train_set, "train"), (valid, "valid"), *([(other, "other")] if training.second else [])],
        custom_metric=metric,
        callbacks=[training.stopping, Watch(training, first)],
        xgb_model=before,
        verbose_eval=False,
    )
    training.final = predictions(booster)
