"""The probe under Keras, and what is done of what it finds; run once for each backend."""

import random

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs the extra: pip install 'convergence-callbacks[keras]'")

from convergence_callbacks.adapter.stages.act import ActStage
from convergence_callbacks.experiments.actions import EPOCHS
from convergence_callbacks.experiments.probe import ARM_EPOCHS, FURTHER
from convergence_callbacks.experiments.probing import EARLY
from convergence_callbacks.keras import ConvergenceStopping
from convergence_callbacks.keras import trained as keras_trained
from convergence_callbacks.keras.probe import copied_model
from convergence_callbacks.keras.schedule import ScaledSchedule
from convergence_callbacks.record import verify
from tests.acted import slow_at

RNG = np.random.default_rng(3)
X = RNG.normal(size=(48, 4)).astype("float32")
Y = X.sum(axis=1, keepdims=True)
RAISE = {"false_convergence": "raise_lr"}
SUSPECT = "convergence_callbacks.experiments.probing.is_suspected_plateau"
DATA = {"x": X, "y": Y, "batch_size": 16, "validation_split": 0.25}


def model(rate=0.05, optimizer=keras.optimizers.Adam, **compiled):
    keras.utils.set_random_seed(0)
    layers = keras.layers
    made = keras.Sequential(
        [keras.Input((4,)), layers.Dense(8), layers.BatchNormalization(), layers.Dropout(0.2), layers.Dense(1)]
    )
    made.compile(
        optimizer(rate), loss=lambda y, prediction: keras.ops.mean((y - prediction) ** 2), metrics=["mae"], **compiled
    )
    return made


def linear(rate=1e-4):
    keras.utils.set_random_seed(0)
    made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    made.compile(keras.optimizers.SGD(rate), loss="mse")
    return made


def run(made=None, *, epochs=13, data=DATA, callbacks=(), **settings):
    made = model() if made is None else made
    keras.utils.set_random_seed(1)
    stopping = ConvergenceStopping(**{"verbose": False, "stop_on": [], **settings}).probe_on(**data)
    made.fit(**data, epochs=epochs, verbose=0, callbacks=[stopping, *callbacks])
    return stopping, made


def numbers(variables):
    return [np.array(keras.ops.convert_to_numpy(variable.value)) for variable in variables]


def trace(made):
    """All that goes on from here, in bits."""
    drawn = keras.ops.convert_to_numpy(keras.random.normal((3,)))  # of Keras's own generator
    states = [np.array(random.getstate()[1]), np.random.get_state()[1], np.array(drawn)]
    if keras.backend.backend() == "torch":
        import torch

        states.append(torch.get_rng_state().numpy())
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        states += [tf.random.get_global_generator().state.numpy(), tf.random.normal((3,)).numpy()]
    return [*numbers(made.variables), *numbers(made.optimizer.variables), *states]


def test_of_a_copy_both_losses_are_observed(monkeypatch):
    trained, copies = keras_trained.train_copy, []

    def seen(*given):
        copies.append(trained(*given))
        return copies[-1]

    monkeypatch.setattr(keras_trained, "train_copy", seen)
    monkeypatch.setattr(SUSPECT, lambda decision: decision.step == 10)
    run(linear(1e-6), epochs=11, probe=True)
    assert len(copies) >= 3 and all(len(copy) == ARM_EPOCHS for copy in copies)
    assert np.isfinite([(each.train_loss, each.val_loss) for copy in copies for each in copy]).all()


def test_a_run_with_a_probe_goes_on_bit_for_bit_as_the_run_without(monkeypatch):
    monkeypatch.setattr(SUSPECT, lambda decision: decision.step == 10)
    without, plain = run()
    left = trace(plain)
    probing, probed = run(probe=True)
    found = trace(probed)
    assert [d.step for d in probing.history if "probe_epochs" in d.evidence] == [10]
    assert len(found) == len(left)
    for one, other in zip(found, left, strict=True):
        np.testing.assert_array_equal(one, other)
    assert [o.val_loss for o in probing.observations] == [o.val_loss for o in without.observations]


def test_a_copy_begins_where_the_run_is_at_another_rate():
    schedule = keras.optimizers.schedules.ExponentialDecay(0.05, decay_steps=6, decay_rate=0.5, staircase=True)
    for rate, now in ((0.05, 0.05), (schedule, 0.0125)):
        _, made = run(model(rate), epochs=4)
        copied = copied_model(made, 10.0)
        assert float(keras.ops.convert_to_numpy(copied.optimizer.learning_rate)) == pytest.approx(10 * now)
        for own, of_run in zip(copied.get_weights(), made.get_weights(), strict=True):
            np.testing.assert_array_equal(own, of_run)
        assert int(keras.ops.convert_to_numpy(copied.optimizer.iterations)) == 12


def test_a_probe_without_data_is_reported_and_the_training_goes_on(monkeypatch):
    monkeypatch.setattr(SUSPECT, lambda decision: decision.step == 10)
    stopping = ConvergenceStopping(verbose=False, stop_on=[], probe=True)
    with pytest.warns(RuntimeWarning, match=r"pass what fit is given to probe_on\(x, y, …\)"):
        linear().fit(**DATA, epochs=11, verbose=0, callbacks=[stopping])
    assert len(stopping.history) == 11 and "probe_epochs" not in stopping.history[10].evidence


def test_data_that_can_be_read_once_only_is_refused(monkeypatch):
    monkeypatch.setattr(SUSPECT, lambda decision: decision.step == 10)
    stopping = ConvergenceStopping(verbose=False, stop_on=[], probe=True).probe_on(iter([(X, Y)]))
    with pytest.warns(RuntimeWarning, match="the probe failed.*read once only"):
        linear().fit(**DATA, epochs=11, verbose=0, callbacks=[stopping])
    assert len(stopping.history) == 11


def test_too_low_a_rate_is_raised_and_learns(capsys, tmp_path):
    record = tmp_path / "record.jsonl"
    acts = {"probe": True, "act": {"false_convergence": "raise_lr"}}
    raised, _ = run(linear(), epochs=18, verbose=True, record=record, **acts)
    assert str(verify(record)) == "confirmed: all 18 decisions follow from the observations"
    assert '"probed": {"raised_progress"' in record.read_text() and '"action": "raise_lr"' in record.read_text()
    first = next(decision for decision in raised.history if "rate_total" in decision.evidence)
    assert first.verdict == "false_convergence" and first.evidence["probe_raised_progress"] > 5
    times = first.evidence["rate_total"]
    assert first.step == EARLY and first.evidence["probe_epochs"] in range(16, 29, 4) and times in FURTHER
    assert f"raised {times:,.0f} times, to {times * 1e-4:.2g}" in first.reason
    rates, losses = zip(*((o.lr, o.val_loss) for o in raised.observations), strict=True)
    assert rates[first.step : first.step + 2] == pytest.approx([1e-4, times * 1e-4])
    assert losses[first.step] - losses[first.step + 4] > 5 * (losses[first.step - 4] - losses[first.step])
    assert f"the learning rate is raised {times:,.0f} times" in capsys.readouterr().out


@pytest.mark.parametrize("schedule", [False, True])
def test_a_raise_that_does_not_help_is_undone_with_the_weights_of_before(monkeypatch, schedule, tmp_path):
    monkeypatch.setattr("convergence_callbacks.experiments.actions.Actions.after", slow_at(10))
    kept = {}

    def on_epoch_end(epoch, logs):
        kept[epoch] = made.get_weights()
        logs["val_loss"] = 1.0 + (epoch > 10)

    rate = keras.optimizers.schedules.InverseTimeDecay(0.05, 100, 0.5) if schedule else 0.05
    made = model(rate)
    seen = keras.callbacks.LambdaCallback(on_epoch_end=on_epoch_end)
    after = {}
    record = tmp_path / "record.jsonl"
    stopping = ConvergenceStopping(verbose=False, stop_on=[], act=RAISE, record=record)
    then = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: after.update({epoch: made.get_weights()}))
    made.fit(X, Y, epochs=20, verbose=0, callbacks=[seen, stopping, then])
    assert verify(record).is_confirmed, str(verify(record))
    rates = [observation.lr for observation in stopping.observations]
    ends = 10 + EPOCHS
    assert rates[11] > 8 * rates[10] and rates[ends] > 8 * rates[10] and rates[ends + 1] < 1.01 * rates[10]
    assert stopping.history[ends].reason.endswith("rate and weights are those of before")
    for own, before in zip(after[ends], kept[10], strict=True):
        np.testing.assert_array_equal(own, before)


def test_a_killed_run_goes_on_in_the_middle_of_a_trial(monkeypatch, tmp_path):
    monkeypatch.setattr("convergence_callbacks.experiments.actions.Actions.after", slow_at(3))
    schedule = keras.optimizers.schedules.InverseTimeDecay(0.05, 100, 0.5)

    def fit(folder, epochs):
        made = model(schedule)
        script = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(val_loss=1 + (epoch > 3)))
        backup = keras.callbacks.BackupAndRestore(tmp_path / folder / "keras", delete_checkpoint=False)
        kept = str(tmp_path / folder / "own")
        written = {"backup_dir": kept, "record": tmp_path / folder / "record.jsonl"}
        stopping = ConvergenceStopping(verbose=False, stop_on=[], act=RAISE, **written)
        monkeypatch.setattr("convergence_callbacks.adapter.backup.Backup.remove", lambda self: None)
        made.fit(X, Y, epochs=epochs, shuffle=False, verbose=0, callbacks=[script, stopping, backup])
        return stopping, made

    whole, _ = fit("whole", 15)
    fit("cut", 7)
    again, _ = fit("cut", 15)
    assert verify(tmp_path / "cut" / "record.jsonl").is_confirmed
    assert [o.step for o in again.observations] == list(range(7, 15))
    assert [o.lr for o in again.observations] == pytest.approx([o.lr for o in whole.observations[7:]])
    done = [[decision.reason.rpartition("; ")[2] for decision in run.history] for run in (again, whole)]
    undone = 3 + EPOCHS
    assert done[0][: undone - 6] == done[1][7 : undone + 1]
    assert done[1][undone].startswith("the raised learning rate did not help")
    done = [one.run.stage(ActStage).actions for one in (again, whole)]
    assert done[0] == done[1] and done[0].undone == ("raise_lr",)


def test_a_scaled_schedule_is_saved_with_its_optimiser():
    schedule = ScaledSchedule(keras.optimizers.schedules.ExponentialDecay(0.1, 4, 0.5), 10.0)
    again = keras.optimizers.SGD.from_config(keras.optimizers.SGD(schedule).get_config())._learning_rate
    assert float(again(4)) == pytest.approx(0.5)
