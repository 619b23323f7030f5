"""A training in LightGBM, which has no state of callbacks: the test saves it beside the model."""

import json

import lightgbm
import numpy as np

from tests.adapters.contract import Training

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(64, 4)), RNG.normal(size=64)


def train(training: Training) -> None:
    params = {
        "objective": "l2",
        "metric": "None",
        "num_leaves": 4,
        "min_data_in_leaf": 2,
        "verbose": -1,
        "num_threads": 1,
    }
    train_set = lightgbm.Dataset(X, Y, free_raw_data=False)
    valid = lightgbm.Dataset(X, Y, reference=train_set, free_raw_data=False)
    other = lightgbm.Dataset(X, Y, reference=train_set, free_raw_data=False)
    model, state = training.folder / "model.txt", training.folder / "state.json"
    first = 0
    if training.resume:
        first = lightgbm.Booster(model_file=model).current_iteration()
        training.stopping.load_state_dict(json.loads(state.read_text()))
    script, second = iter(training.script[first:]), iter(training.second or ())

    def loss(predicted, data):
        scripted = {id(valid): script, id(other): second}.get(id(data))
        return "loss", next(scripted) if scripted is not None else float(np.mean((predicted - Y) ** 2)), False

    def watch(env):
        def save():
            env.model.save_model(model)
            state.write_text(json.dumps(training.stopping.state_dict()))

        training.end_epoch(env.iteration, env.model.predict(X), save)

    watch.order = 20 if training.kill_after is None else 50  # when it is not killed, before the callback that ends it
    booster = lightgbm.train(
        params,
        train_set,
        training.epochs - first,
        valid_sets=[train_set, valid, *([other] if training.second else [])],
        valid_names=["training", "valid", *(["other"] if training.second else [])],
        feval=loss,
        callbacks=[training.stopping, watch],
        init_model=model if training.resume else None,
    )
    training.final = booster.predict(X)
