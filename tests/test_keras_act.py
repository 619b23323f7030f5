"""What is done about a verdict under Keras: runs that heal, and trials that leave no trace; run for each backend."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs the extra: pip install 'convergence-callbacks[keras]'")

from convergence_callbacks import Verdict
from convergence_callbacks.adapter.stages.act import ActStage
from convergence_callbacks.keras import ConvergenceStopping
from tests.acted import actions_of, acts_at, best

RNG = np.random.default_rng(1)
X = RNG.normal(size=(96, 4)).astype("float32")
CLEAN = X.sum(axis=1, keepdims=True)
NOISY = CLEAN + RNG.normal(size=(96, 1)).astype("float32")


def linear(rate, momentum=0.0):
    keras.utils.set_random_seed(0)
    made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    made.compile(keras.optimizers.SGD(rate, momentum=momentum), loss="mse")
    return made


def train(made, epochs, targets=CLEAN, callbacks=(), **settings):
    stopping = ConvergenceStopping(**{"verbose": False, "restore_best": True, **settings})
    made.fit(
        X[:64],
        targets[:64],
        validation_data=(X[64:], CLEAN[64:]),
        batch_size=8,
        shuffle=False,
        epochs=epochs,
        verbose=0,
        callbacks=[stopping, *callbacks],
    )
    return stopping


def test_a_run_that_blew_up_goes_back_to_its_start_and_learns():
    with pytest.warns(RuntimeWarning, match="loss is"):
        healed = train(linear(3.0, momentum=0.9), 50, act="heal")
    assert actions_of(healed)[0] == "roll_back" and "keep" in actions_of(healed)
    assert best(healed) < 1e-3 and healed.decision.verdict != "diverged"


def test_at_a_plateau_the_rate_is_lowered_and_that_stays_where_it_pays(monkeypatch):
    monkeypatch.setattr("convergence_callbacks.experiments.actions.Actions.after", acts_at(12, Verdict.CONVERGED))
    alone = train(linear(0.2), 25, NOISY, stop_on=[])
    healed = train(linear(0.2), 25, NOISY, stop_on=[], act="heal")
    assert actions_of(healed) == ["lower_lr", "keep"] and best(healed) < 0.8 * best(alone)
    rates = [seen.lr for seen in healed.observations]
    assert rates[12] == pytest.approx(0.2) and rates[13] == pytest.approx(0.02)


@pytest.mark.parametrize("schedule", [False, True])
def test_a_trial_that_is_undone_leaves_no_trace_and_the_run_ends_as_it_was_about_to(monkeypatch, schedule):
    monkeypatch.setattr("convergence_callbacks.experiments.actions.Actions.after", acts_at(6, Verdict.OVERFITTING))
    rate = keras.optimizers.schedules.InverseTimeDecay(0.05, 1000, 0.5) if schedule else 0.05
    made, kept, begun = linear(rate, momentum=0.9), {}, {}

    def on_epoch_end(epoch, logs):
        logs["val_loss"] = 1 + abs(epoch - 3)
        kept[epoch] = numbers(made)

    seen = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: begun.update({epoch: made.get_weights()}), on_epoch_end=on_epoch_end
    )
    stopping = ConvergenceStopping(verbose=False, stop_on=[], act="heal")
    made.fit(X, NOISY, batch_size=8, epochs=20, verbose=0, callbacks=[seen, stopping])
    assert actions_of(stopping) == ["lower_lr", "undo"] and stopping.decision.verdict == "overfitting"
    assert stopping.decision.stop and stopping.decision.best_step == 3
    for own, before in zip(begun[7], kept[3], strict=False):
        np.testing.assert_array_equal(own, before)
    for own, before in zip(numbers(made), kept[6], strict=True):
        np.testing.assert_array_equal(own, before)


def numbers(made):
    """Weights and moments."""
    moments = [own for own in made.optimizer.variables if "momentum" in own.path]
    return [*made.get_weights(), *(np.array(keras.ops.convert_to_numpy(own.value)) for own in moments)]


def test_a_run_that_is_killed_in_the_middle_of_a_trial_goes_on_as_if_it_had_not(monkeypatch, tmp_path):
    monkeypatch.setattr("convergence_callbacks.experiments.actions.Actions.after", acts_at(6, Verdict.DIVERGED))
    monkeypatch.setattr("convergence_callbacks.adapter.backup.Backup.remove", lambda self: None)

    def go(folder, epochs):
        made = linear(0.01, momentum=0.9)
        backup = keras.callbacks.BackupAndRestore(tmp_path / folder / "keras", delete_checkpoint=False)
        own = {"backup_dir": tmp_path / folder / "own", "max_epochs": 14, "stop_on": [], "act": "heal"}
        return train(made, epochs, callbacks=[backup], **own), made

    whole, left = go("whole", 14)
    go("cut", 9)
    again, found = go("cut", 14)
    assert actions_of(whole)[0] == "roll_back" and len(whole.history) > 9
    assert [d.to_dict() for d in again.history] == [d.to_dict() for d in whole.history[9:]]
    assert again.run.stage(ActStage).actions == whole.run.stage(ActStage).actions
    for one, other in zip(found.get_weights(), left.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_rate_that_a_callback_sets_at_every_epoch_is_not_fought(monkeypatch):
    monkeypatch.setattr("convergence_callbacks.experiments.actions.Actions.after", acts_at(6, Verdict.CONVERGED))
    sets = keras.callbacks.LearningRateScheduler(lambda epoch: 0.05)
    stopping = train(linear(0.05), 20, callbacks=[sets], stop_on=[], act="heal")
    assert actions_of(stopping) == ["lower_lr", "undo"] and stopping.decision.evidence["trial_epochs"] == 1
