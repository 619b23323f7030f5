"""A training in CatBoost, which goes on from its own snapshot."""

import catboost
import numpy as np

from tests.adapters.contract import KilledError, Training

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(64, 4)), RNG.normal(size=64)


class ScriptedLoss:
    """A metric that follows the script on the validation data; the callbacks are distinguished by their number."""

    def __init__(self, script, first):
        self.script = iter(script[first:])

    def is_max_optimal(self):
        return False

    def evaluate(self, approxes, target, weight):
        is_train = len(target) == len(Y)
        return (float(np.mean((np.array(approxes[0]) - np.array(target)) ** 2)) if is_train else next(self.script)), 1.0

    def get_final_error(self, error, weight):
        return error


class Watch:
    def __init__(self, training):
        self.training = training

    def after_iteration(self, info):
        self.training.end_epoch(info.iteration - 1, [info.iteration])
        return True


def train(training: Training) -> None:
    first = 0
    if training.resume:
        first = int((training.folder / "killed").read_text())  # this one is repeated: the snapshot is from before it
    saved = training.resume or training.kill_after is not None
    model = catboost.CatBoostRegressor(
        iterations=training.epochs,
        depth=2,
        learning_rate=0.3,
        eval_metric=ScriptedLoss(training.script, first),
        train_dir=str(training.folder),
        allow_writing_files=saved,
        thread_count=1,
        use_best_model=False,
        verbose=False,
    )
    try:
        model.fit(
            X,
            Y,
            eval_set=(X[:32], Y[:32]),
            callbacks=[training.stopping, Watch(training)],
            save_snapshot=saved,
            snapshot_file="snapshot" if saved else None,
            snapshot_interval=0 if saved else None,
        )
    except catboost.CatBoostError:
        if training.kill_after is None:
            raise
        (training.folder / "killed").write_text(str(training.kill_after))
        raise KilledError from None  # CatBoost wraps what a callback raises
    training.final = np.array([model.tree_count_])
