"""The Keras integration, on real trainings; run once for each backend."""

import contextlib
import json
import math
import os
import signal
import subprocess
import sys
import textwrap
import warnings

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs the extra: pip install 'convergence-callbacks[keras]'")

from convergence_callbacks import MetricNotFoundError, Patience, TargetLoss, Verdict
from convergence_callbacks.adapter.stages.best_weights import BestWeights
from convergence_callbacks.keras import ConvergenceStopping, EarlyStopping
from tests.keras_training import SCRIPT, Scripted, X, Y, fit, model


def patient(**settings):
    return ConvergenceStopping(criteria=Patience(3), min_epochs=0, **settings)


def test_it_stops_in_the_epoch_of_the_decision():
    callback = patient()
    _, _, history = fit(callback)
    assert len(history.epoch) == 7
    assert (callback.stopped_epoch, callback.decision.step) == (6, 6)
    assert (callback.decision.best_step, callback.decision.best_value) == (3, pytest.approx(0.3))
    assert [o.val_loss for o in callback.observations] == pytest.approx(SCRIPT[:7])
    assert all(o.train_loss is not None and math.isfinite(o.train_loss) for o in callback.observations)


def test_real_validation_losses_are_found():
    callback = ConvergenceStopping()
    made = model()
    made.fit(X, Y, validation_split=0.25, epochs=3, verbose=0, callbacks=[callback])
    assert all(o.val_loss is not None and o.train_loss is not None for o in callback.observations)
    assert [o.lr for o in callback.observations] == pytest.approx([0.05] * 3)


def test_names_can_be_given_and_more_can_be_better():
    callback = patient(val_metric="val_score", mode="max")
    fit(callback, scripted=Scripted([-v for v in SCRIPT], name="val_score"))
    assert (callback.stopped_epoch, callback.decision.best_value) == (6, pytest.approx(-0.3))


def test_a_metric_that_is_missing_is_reported_with_the_nearest_name_and_the_run_goes_on():
    with pytest.warns(RuntimeWarning, match="did you mean 'val_loss'.*val_metric="):
        _, _, history = fit(patient(val_metric="val_los", mode="min"), epochs=3)
    assert len(history.epoch) == 3


def test_a_missing_metric_ends_a_strict_run():
    with pytest.raises(MetricNotFoundError, match="unknown metric 'val_los'"):
        fit(patient(val_metric="val_los", mode="min", strict=True))


def test_an_epoch_without_validation_is_not_judged():
    callback = patient()
    fit(callback, scripted=Scripted(every=3))
    assert [i for i, o in enumerate(callback.observations) if o.val_loss is not None] == [2, 5, 8, 11]
    assert callback.stopped_epoch is None


@pytest.mark.parametrize("frequency", [2, [2, 4]])
def test_kerass_own_validation_frequency_is_understood(frequency):
    callback = ConvergenceStopping()
    model().fit(X, Y, validation_data=(X, Y), validation_freq=frequency, epochs=4, verbose=0, callbacks=[callback])
    assert [o.val_loss is not None for o in callback.observations] == [False, True, False, True]


def test_without_validation_the_train_loss_is_judged():
    callback = patient()
    fit(callback, scripted=Scripted([0.0] * 12, name="other"), epochs=4)
    assert callback.decision.best_value == pytest.approx(min(o.train_loss for o in callback.observations))


def test_steps_per_epoch_from_a_generator():
    def batches():
        while True:
            yield X[:8], Y[:8]

    callback = patient()
    model().fit(batches(), steps_per_epoch=2, epochs=3, verbose=0, callbacks=[callback])
    assert len(callback.history) == 3


def test_the_best_weights_are_restored_when_asked():
    made, scripted, _ = fit(patient(restore_best=True))
    for got, best, last in zip(made.get_weights(), scripted.weights[3], scripted.weights[6], strict=True):
        np.testing.assert_array_equal(got, best)
        assert not np.array_equal(best, last)


def test_the_best_weights_are_restored_at_the_end_of_the_budget_too():
    made, scripted, _ = fit(patient(restore_best=True), epochs=5)
    np.testing.assert_array_equal(made.get_weights()[0], scripted.weights[3][0])


def test_the_last_weights_stay_and_none_are_copied_when_not_asked():
    callback = patient()
    made, scripted, _ = fit(callback)
    np.testing.assert_array_equal(made.get_weights()[0], scripted.weights[6][0])
    assert not any(isinstance(stage, BestWeights) for stage in callback.run.stages)


def test_an_instance_used_again_starts_fresh():
    callback = patient(restore_best=True)
    fit(callback)
    first = [(d.step, d.stop, d.best_step) for d in callback.history]
    fit(callback)
    assert [(d.step, d.stop, d.best_step) for d in callback.history] == first


def test_a_run_may_begin_at_a_later_epoch():
    callback = patient()
    fit(callback, initial_epoch=2, scripted=Scripted())
    assert (callback.observations[0].step, callback.stopped_epoch) == (2, 6)


def test_it_has_no_batch_hooks():
    for name in dir(keras.callbacks.Callback):
        if "batch" in name:
            assert getattr(ConvergenceStopping, name) is getattr(keras.callbacks.Callback, name)


def test_the_rates_to_come_are_read_from_the_optimisers_schedule():
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=4, decay_rate=0.5, staircase=True)
    callback = patient()
    fit(callback, made=model(lr=schedule), epochs=3)
    rates = callback.monitor.settings.lr_schedule
    assert [rates(epoch) for epoch in range(3)] == pytest.approx([0.1, 0.05, 0.025])
    assert [o.lr for o in callback.observations] == pytest.approx([0.1, 0.05, 0.025])


def test_the_schedule_goes_on_where_a_model_is_trained_further():
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=4, decay_rate=0.5, staircase=True)
    callback, made = patient(), model(lr=schedule)
    fit(callback, made=made, epochs=3)
    fit(callback, made=made, epochs=3)
    assert [o.lr for o in callback.observations] == pytest.approx([0.0125, 0.00625, 0.003125])
    fit(callback, made=made, epochs=9, initial_epoch=6)
    assert [o.lr for o in callback.observations] == pytest.approx([0.1 / 2**6, 0.1 / 2**7, 0.1 / 2**8])


def test_a_rate_that_another_callback_sets_is_seen():
    scheduler = keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 / (1 + epoch))
    callback = patient()
    fit(callback, before=[scheduler], epochs=3)
    assert [o.lr for o in callback.observations] == pytest.approx([0.1, 0.05, 0.1 / 3])


def test_a_rate_that_another_callback_lowers_at_the_end_of_an_epoch_is_that_of_the_next():
    callback = patient()
    fit(callback, before=[keras.callbacks.ReduceLROnPlateau("loss", patience=1, factor=0.5, min_delta=9)], epochs=4)
    assert [o.lr for o in callback.observations] == pytest.approx([0.05, 0.05, 0.025, 0.0125])


@pytest.mark.parametrize("listed", [True, False], ids=["in a list of callbacks", "alone"])
def test_it_serves_a_loop_of_ones_own_that_passes_nothing_about_the_training(listed):
    callback, made = patient(), model()
    callback.set_model(made)
    hooks = keras.callbacks.CallbackList([callback], model=made) if listed else callback
    made.stop_training = False
    hooks.on_train_begin()
    for epoch, loss in enumerate(SCRIPT):
        hooks.on_epoch_begin(epoch)
        hooks.on_epoch_end(epoch, {"loss": loss, "val_loss": loss})
        if made.stop_training:
            break
    hooks.on_train_end()
    assert (callback.stopped_epoch, epoch) == (6, 6)


def test_decisions_in_history_have_a_value_for_each_epoch():
    _, _, history = fit(ConvergenceStopping(log_decisions=True, stop_on=()))
    assert {name: len(values) for name, values in history.history.items()} == dict.fromkeys(history.history, 12)
    assert math.isnan(history.history["convergence/epochs_left"][0])


def test_decisions_go_to_history_when_asked():
    _, _, history = fit(patient(log_decisions=True))
    assert history.history["convergence/stop"] == [0, 0, 0, 0, 0, 0, 1]
    assert len(history.history["convergence/verdict"]) == 7


def test_the_epochs_that_are_left_are_shown_between_keras_s_own_lines_when_asked(capsys):
    fit(patient(show_forecast=True), verbose=2)
    lines = capsys.readouterr().out.splitlines()
    announced = [place for place, line in enumerate(lines) if line.startswith("ETA ≈ ")]
    assert announced and all(lines[place + 1].startswith("Epoch ") for place in announced)
    fit(patient(show_forecast=True, verbose=False))
    assert "ETA" not in capsys.readouterr().out


def test_the_forecast_goes_to_history_when_asked():
    _, _, history = fit(patient(log_decisions=True))
    assert history.history["convergence/epochs_left_high"][-1] >= history.history["convergence/epochs_left"][-1]


def test_validation_scores_are_observed_beside_the_losses():
    callback = patient()
    fit(callback, made=model(metrics=["accuracy"]), before=[Scripted(name="val_accuracy")], epochs=2)
    assert dict(callback.observations[1].metrics) == {"val_accuracy": pytest.approx(0.6)}


def test_it_prints_once_at_the_end_and_is_silent_otherwise(capsys):
    fit(patient())
    assert capsys.readouterr().out.count("Stopped at epoch 7") == 1
    fit(patient(verbose=False))
    assert capsys.readouterr().out == ""
    fit(patient(), epochs=3)
    assert capsys.readouterr().out.count("Ended after all 3 epochs: too few epochs to judge") == 1


def test_it_can_be_saved_with_a_training_configuration():
    callback = ConvergenceStopping(criteria=Patience(3) | TargetLoss(0.1), tolerance=0.02, stop_on=["converged"])
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(callback)))
    again = keras.saving.deserialize_keras_object(config)
    assert isinstance(again, ConvergenceStopping)
    assert again.settings == callback.settings


@pytest.mark.parametrize("value", [math.nan, math.inf, None, "broken", [1.0, 2.0]])
def test_no_value_ends_a_run_by_an_error(value):
    callback = patient()
    warned = contextlib.nullcontext() if value is None else pytest.warns(RuntimeWarning, match="val_loss is")
    with warned:
        fit(callback, scripted=Scripted([1.0, value, 0.5, 0.4]), epochs=4)
    assert (callback.decision.best_step, callback.decision.best_value) == (3, pytest.approx(0.4))


@pytest.mark.filterwarnings("ignore:.*loss is .* at epoch:RuntimeWarning", "ignore:.*overflow.*:RuntimeWarning")
def test_a_learning_rate_that_blows_up_is_named():
    callback = ConvergenceStopping()
    model(lr=1e12).fit(X, Y, validation_split=0.25, epochs=30, verbose=0, callbacks=[callback])
    assert callback.decision.verdict is Verdict.DIVERGED
    assert callback.stopped_epoch < 15


def resumable(folder):
    return (
        patient(restore_best=True, backup_dir=str(folder / "stopping")),
        keras.callbacks.BackupAndRestore(str(folder / "backup")),
    )


class Killed(BaseException):
    pass


class KillAt(keras.callbacks.Callback):
    """Ends the run the hard way, at the end of an epoch."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.epoch:
            raise Killed


@pytest.mark.parametrize("killed_at", [0, 2, 3, 4, 5])
@pytest.mark.parametrize("between", [True, False], ids=["before the backup", "after the backup"])
def test_a_killed_run_is_resumed_as_if_it_had_never_stopped(tmp_path, killed_at, between):
    whole = patient(restore_best=True)
    reference, _, _ = fit(whole)
    first, backup = resumable(tmp_path)
    with pytest.raises(Killed):
        fit(first, after=[KillAt(killed_at), backup] if between else [backup, KillAt(killed_at)])
    second, backup = resumable(tmp_path)
    made, _, _ = fit(second, after=[backup])
    assert second.stopped_epoch == 6
    assert second.decision.to_dict() == whole.decision.to_dict()
    np.testing.assert_allclose(made.get_weights()[0], reference.get_weights()[0], rtol=1e-6)
    assert not (tmp_path / "stopping").exists()


@pytest.mark.parametrize("killed_at", [2, 5])
def test_the_best_weights_before_the_first_epoch_to_judge_survive_a_kill(tmp_path, killed_at):
    def killable():
        early = EarlyStopping(restore_best_weights=True, start_from_epoch=50, backup_dir=tmp_path / "stopping")
        return early, keras.callbacks.BackupAndRestore(str(tmp_path / "backup"))

    reference, _, _ = fit(EarlyStopping(restore_best_weights=True, start_from_epoch=50))
    first, backup = killable()
    with pytest.raises(Killed):
        fit(first, after=[backup, KillAt(killed_at)])
    second, backup = killable()
    made, _, _ = fit(second, after=[backup])
    assert second.best_epoch == 3
    np.testing.assert_allclose(made.get_weights()[0], reference.get_weights()[0], rtol=1e-6)


@pytest.mark.parametrize(("value", "reason"), [(0.0, "has not improved for 3 epochs, best 0"), (math.nan, "no finite")])
def test_early_stopping_says_why_where_the_best_is_zero_or_none_is(value, reason):
    callback = EarlyStopping("val_accuracy", patience=3, mode="max")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit(callback, scripted=Scripted([value] * 12, name="val_accuracy"))
    assert reason in callback.decision.reason


def test_early_stopping_takes_a_path_and_keeps_its_text(tmp_path):
    assert EarlyStopping(backup_dir=tmp_path).get_config()["backup_dir"] == str(tmp_path)


def test_a_damaged_state_is_reported_and_the_criteria_start_without_it(tmp_path):
    first, backup = resumable(tmp_path)
    with pytest.raises(Killed):
        fit(first, after=[backup, KillAt(4)])
    (tmp_path / "stopping" / "convergence-state.json").write_text('[{"decision": {"st')
    second, backup = resumable(tmp_path)
    with pytest.warns(RuntimeWarning, match="damaged.*without it"):
        fit(second, after=[backup])
    assert second.observations[0].step == 5


def test_a_run_killed_by_the_system_leaves_a_state_that_can_be_read(tmp_path):
    script = f"""
        import os, signal, numpy as np, keras
        from convergence_callbacks import Patience
        from convergence_callbacks.keras import ConvergenceStopping, EarlyStopping

        class Kill(keras.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                if epoch == 2:
                    os.kill(os.getpid(), signal.SIGKILL)

        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        model.compile("sgd", loss="mse")
        stopping = ConvergenceStopping(criteria=Patience(3), backup_dir={str(tmp_path)!r})
        model.fit(np.ones((8, 4)), np.ones((8, 1)), epochs=5, verbose=0, callbacks=[stopping, Kill()])
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], env=os.environ, check=False)
    assert done.returncode == -signal.SIGKILL
    states = json.loads((tmp_path / "convergence-state.json").read_text())
    assert [state["decision"]["step"] for state in states] == [0, 1, 2]


@pytest.mark.parametrize("made", [patient, lambda **given: EarlyStopping(patience=3, **given)], ids=["", "stock"])
@pytest.mark.parametrize("initial_epoch", [0, 2])
def test_a_backup_folder_that_no_system_takes_ends_no_training(made, initial_epoch, tmp_path):
    callback = made(backup_dir=str(tmp_path / ("n" * 300) / "below"))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit(callback, initial_epoch=initial_epoch)
    messages = [str(warning.message) for warning in caught]
    assert sum("no backup in" in each for each in messages) == 1
    assert sum("can't be removed" in each for each in messages) == 1
    assert sum("can't be read" in each for each in messages) == (initial_epoch > 0)
    assert callback.stopped_epoch == 6


def test_a_backup_that_can_not_be_written_is_reported_once_and_ends_nothing(tmp_path):
    (tmp_path / "file").write_text("no folder")
    callback = patient(restore_best=True, backup_dir=str(tmp_path / "file"))
    with pytest.warns(RuntimeWarning, match="no backup in .*file") as caught:
        fit(callback)
    assert callback.stopped_epoch == 6 and len([w for w in caught if "no backup" in str(w.message)]) == 1


@pytest.mark.parametrize(
    "made",
    [
        lambda folder: patient(restore_best=True, backup_dir=folder),
        lambda folder: EarlyStopping(patience=3, restore_best_weights=True, backup_dir=folder),
    ],
    ids=["ConvergenceStopping", "EarlyStopping"],
)
def test_a_damaged_file_of_best_weights_is_reported_and_the_trained_model_stays(made, tmp_path):
    class Killed(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 4:
                raise KeyboardInterrupt

    folder = str(tmp_path / "state")
    with pytest.raises(KeyboardInterrupt):
        fit(made(folder), after=[Killed()])
    for file in (tmp_path / "state").glob("best-*.weights.npz"):
        content = file.read_bytes()
        file.write_bytes(content[: len(content) // 2])
    with pytest.warns(RuntimeWarning, match="the best weights can't be given back.*damaged.*; the last stay"):
        model, scripted, _ = fit(made(folder), initial_epoch=5)
    np.testing.assert_array_equal(model.get_weights()[0], scripted.weights[-1][0])


@pytest.mark.parametrize("killed_at", [None, 5])
def test_the_optimizer_is_given_its_state_of_the_best_epoch_too_when_asked(tmp_path, killed_at):
    def adam():
        made = model()
        made.compile(keras.optimizers.Adam(0.05), loss="mse")
        return made

    def moments(made):
        own = [variable for variable in made.optimizer.variables if variable.shape != ()]
        return [np.array(keras.ops.convert_to_numpy(variable.value)) for variable in own]

    class Watches(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen[epoch] = (self.model.get_weights(), moments(self.model))
            if epoch == killed_at and first:
                raise RuntimeError("killed")

    def train(**settings):
        made, callback = adam(), patient(restore_best="all", backup_dir=str(tmp_path / "own"))
        keep = keras.callbacks.BackupAndRestore(tmp_path / "keras")
        fit(callback, made=made, after=[keep, Watches()])
        return made, callback

    seen, first = {}, killed_at is not None
    if first:
        with pytest.raises(RuntimeError, match="killed"):
            train()
        first = False
    made, callback = train()
    assert (callback.stopped_epoch, callback.decision.best_step) == (6, 3)
    for own, best in zip([*made.get_weights(), *moments(made)], [*seen[3][0], *seen[3][1]], strict=True):
        np.testing.assert_array_equal(own, best)
    assert not np.array_equal(seen[3][1][0], seen[6][1][0])
    assert not (tmp_path / "own").exists()


@pytest.mark.parametrize(
    "made", [patient, lambda **given: EarlyStopping(patience=3, verbose=1, **given)], ids=["", "stock"]
)
def test_a_resumed_run_that_had_stopped_says_so(made, tmp_path, capsys):
    def train(*others):
        saver = keras.callbacks.BackupAndRestore(str(tmp_path / "backup"))
        fit(made(backup_dir=str(tmp_path / "stopping")), after=[saver, *others])

    with pytest.raises(Killed):
        train(KillAt(6))
    capsys.readouterr()
    train()
    assert capsys.readouterr().out.count("this run had stopped already; to go on, change what ended it") == 1
