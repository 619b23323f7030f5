"""What every door to a framework promises, on a real small training in it. A new one is put through all of this."""

import copy
import json
import math

import numpy as np
import pytest

from convergence_callbacks import MetricNotFoundError, Monitor, Patience, SettingsError
from tests.adapters.contract import ADAPTERS, SCRIPT, Adapter, KilledError, Training
from tests.curves import exponential

each_adapter = pytest.mark.parametrize("adapter", ADAPTERS, ids=str)
PATIENT = {"criteria": Patience(3), "min_epochs": 0, "max_epochs": 12}


@pytest.fixture(autouse=True)
def installed(adapter: Adapter):
    adapter.skip_unless_installed()


def run(adapter, folder, script=SCRIPT, *, kill_after=None, resume=False, callback=None, **settings):
    callback = callback or adapter.stopping(**{**PATIENT, "verbose": False, **settings})
    return adapter.train(Training(callback, script, folder, kill_after, resume))


def what_a_monitor_says(training, **settings):
    monitor = Monitor(**{**PATIENT, **settings}, counter=training.stopping.counter)
    return [monitor.observe(observation).to_dict() for observation in training.stopping.observations]


@each_adapter
def test_it_ends_the_training_in_the_epoch_of_the_decision(adapter, tmp_path):
    training = run(adapter, tmp_path)
    callback = training.stopping
    assert (callback.stopped_epoch, callback.decision.step, len(callback.history)) == (6, 6, 7)
    assert (callback.decision.best_step, callback.decision.best_value) == (3, pytest.approx(0.3))
    assert [o.val_loss for o in callback.observations] == pytest.approx(SCRIPT[:7])
    assert len(training.weights) in (6, 7)  # a framework may end before the test sees the last


@each_adapter
def test_epochs_that_are_over_are_no_stop(adapter, tmp_path):
    training = run(adapter, tmp_path, [1.0 - 0.05 * epoch for epoch in range(12)])
    callback = training.stopping
    assert (callback.stopped_epoch, callback.decision.step) == (None, 11)
    assert callback.decision.is_budget_end


@each_adapter
def test_it_says_once_what_the_training_looks_like_where_its_epochs_are_over(adapter, tmp_path, capsys):
    counter = run(adapter, tmp_path, [1.0 - 0.05 * epoch for epoch in range(12)], verbose=True).stopping.counter
    assert capsys.readouterr().out.count(f"stop at {counter.noun} {counter.number(11)}") == 1


@each_adapter
def test_it_counts_as_its_framework_does(adapter, tmp_path):
    training = run(adapter, tmp_path)
    assert {decision.counter for decision in training.stopping.history} == {training.stopping.counter}
    assert training.stopping.counter == adapter.counter


@each_adapter
def test_it_decides_as_a_monitor_that_sees_the_same(adapter, tmp_path):
    curve = exponential(24, 2, noise=0.001)
    settings = {"criteria": None, "min_epochs": 5, "max_epochs": 24}
    training = run(adapter, tmp_path, curve.val.tolist(), **settings)
    decisions = [decision.to_dict() for decision in training.stopping.history]
    told = {"lr_schedule": training.stopping.monitor.settings.lr_schedule}
    assert decisions == what_a_monitor_says(training, **settings, **told), str(curve)
    losses = [observation.train_loss for observation in training.stopping.observations]
    assert all(loss is not None and math.isfinite(loss) for loss in losses)
    assert len(set(losses)) > 1


@each_adapter
@pytest.mark.parametrize("killed_after", [1, 4])
def test_a_killed_training_goes_on_as_if_it_had_never_stopped(adapter, tmp_path, killed_after):
    if not adapter.resumes:
        return
    settings = {"restore_best": adapter.restores and adapter.keeps_best}
    whole = run(adapter, folder(tmp_path / "whole"), **settings)
    if adapter.name == "keras":  # the one framework whose checkpoints hold nothing of callbacks
        settings["backup_dir"] = str(tmp_path / "backup")
    with pytest.raises(KilledError):
        run(adapter, folder(tmp_path / "run"), kill_after=killed_after, **settings)
    resumed = run(adapter, tmp_path / "run", resume=True, **settings)
    said = [decision.to_dict() for decision in resumed.stopping.history]
    assert said == [decision.to_dict() for decision in whole.stopping.history[-len(said) :]]
    assert resumed.stopping.stopped_epoch == 6
    np.testing.assert_allclose(resumed.final, whole.final, rtol=1e-5)


@each_adapter
def test_the_best_weights_are_given_back_when_asked(adapter, tmp_path):
    if not adapter.restores:
        return
    training = run(adapter, tmp_path, restore_best=True)
    np.testing.assert_array_equal(training.final, training.weights[3])
    assert not np.array_equal(training.weights[3], training.weights[5])


@each_adapter
def test_the_last_weights_stay_when_not_asked(adapter, tmp_path):
    training = run(adapter, tmp_path)
    assert not np.array_equal(training.final, training.weights[3])


@each_adapter
@pytest.mark.filterwarnings("ignore:.*Mean of empty slice.*:RuntimeWarning")
def test_no_value_ends_a_training_by_an_error(adapter, tmp_path):
    if not adapter.takes_nan:
        return
    script = [1.0, math.nan, 0.5, math.inf, -math.inf, 1e300, 0.4, 0.45]
    with pytest.warns(RuntimeWarning, match=r"val_loss is .* at \w+ \d+; the training goes on"):
        training = run(adapter, tmp_path, script, criteria=Patience(6), max_epochs=8, restore_best=adapter.restores)
    decision = training.stopping.decision
    assert (decision.step, decision.best_step, decision.best_value) == (7, 6, pytest.approx(0.4))


@each_adapter
def test_without_validation_the_train_loss_is_judged(adapter, tmp_path):
    if adapter.validates_always:
        return
    training = run(adapter, tmp_path, None, criteria=Patience(12))
    seen = training.stopping.observations
    assert len(seen) == 12 and all(o.val_loss is None for o in seen)
    assert training.stopping.decision.best_value == pytest.approx(min(o.train_loss for o in seen))


@each_adapter
def test_more_can_be_better(adapter, tmp_path):
    training = run(adapter, tmp_path, [-value for value in SCRIPT], mode="max", val_metric=adapter.metric)
    decision = training.stopping.decision
    assert (decision.step, decision.best_step, decision.best_value) == (6, 3, pytest.approx(-0.3))


@each_adapter
def test_a_direction_that_nobody_knows_is_an_error_before_anything_is_trained(adapter, tmp_path):
    if adapter.name == "optuna":  # the study has one for whatever is judged
        return
    training = Training(None, SCRIPT, tmp_path)
    with pytest.raises(Exception if adapter.wraps_errors else SettingsError, match=r"'val_quality'.*set mode='min'"):
        training.stopping = adapter.stopping(**PATIENT, verbose=False, val_metric="val_quality")
        adapter.train(training)
    assert len(training.weights) <= 1  # LightGBM says with its first round which way its metrics improve


@each_adapter
def test_a_metric_s_direction_is_that_of_its_name_and_is_said_once(adapter, tmp_path, capsys):
    training = run(adapter, tmp_path, val_metric=adapter.metric, mode="auto", verbose=True)
    assert training.stopping.monitor.settings.mode == "min"
    assert capsys.readouterr().out.count(f"judged: {adapter.metric}, of which less is better") == 1


@each_adapter
def test_a_missing_metric_is_told_with_the_nearest_name_and_ends_nothing(adapter, tmp_path):
    wrong = adapter.metric[:-1]
    with pytest.warns(RuntimeWarning, match=f"unknown metric '{wrong}'.*did you mean '{adapter.metric}'"):
        training = run(adapter, tmp_path, val_metric=wrong, mode="min", criteria=Patience(12))
    assert len(training.stopping.history) == 12


@each_adapter
def test_a_missing_metric_ends_a_strict_training(adapter, tmp_path):
    with pytest.raises(Exception if adapter.wraps_errors else MetricNotFoundError, match="unknown metric 'nothing'"):
        run(adapter, tmp_path, val_metric="nothing", mode="min", strict=True)


@each_adapter
def test_a_callback_used_again_starts_fresh(adapter, tmp_path):
    if not adapter.reuses:
        return
    callback = run(adapter, folder(tmp_path / "first"), restore_best=adapter.restores).stopping
    first = [decision.to_dict() for decision in callback.history]
    run(adapter, folder(tmp_path / "second"), callback=callback)
    assert [decision.to_dict() for decision in callback.history] == first


@each_adapter
def test_it_speaks_once_at_the_stop_and_is_silent_otherwise(adapter, tmp_path, capsys):
    counter = run(adapter, folder(tmp_path / "spoken"), verbose=True).stopping.counter
    assert capsys.readouterr().out.count(f"stop at {counter.noun} {counter.number(6)}") == 1
    run(adapter, folder(tmp_path / "silent"))
    assert "stop at" not in capsys.readouterr().out


@each_adapter
def test_the_settings_of_one_file_serve_it(adapter, tmp_path):
    path = tmp_path / "convergence.yaml"
    path.write_text("min_epochs: 0\nmax_epochs: 12\nverbose: false\ncriteria:\n  - patience: 3\n")
    callback = type(adapter.stopping()).from_yaml(path)
    assert run(adapter, tmp_path, callback=callback).stopping.stopped_epoch == 6


@each_adapter
def test_it_can_be_copied_with_its_state(adapter, tmp_path):
    callback = copy.deepcopy(adapter.stopping(**PATIENT))
    assert callback.settings == adapter.stopping(**PATIENT).settings
    state = run(adapter, tmp_path, callback=callback).stopping.state_dict()
    json.dumps(state, allow_nan=False)


def folder(path):
    path.mkdir()
    return path
