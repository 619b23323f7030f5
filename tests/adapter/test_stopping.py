"""What the integrations share: find the losses of an epoch, let the monitor judge, remember."""

import json
import math
import warnings

import pytest

from convergence_callbacks import ConvergenceError, MetricNotFoundError, Patience, SettingsError, StateError
from convergence_callbacks.adapter.stages.best_weights import lost
from convergence_callbacks.adapter.stopping import Stopping


def run(stopping, losses, first=0):
    return [
        stopping.decide(stopping.collect(first + e, {"loss": v + 0.1, "val_loss": v})) for e, v in enumerate(losses)
    ]


def patient(**settings):
    return Stopping(criteria=Patience(2), min_epochs=0, **settings)


def test_losses_are_paired_with_the_rate_of_their_epoch():
    observation = Stopping().collect(3, {"train_loss": 0.5, "val_loss": 0.7, "val_acc": 0.9}, lr=0.01)
    assert (observation.step, observation.train_loss, observation.val_loss, observation.lr) == (3, 0.5, 0.7, 0.01)


def test_a_mean_of_the_epoch_goes_before_a_value_that_may_be_of_the_last_step():
    collect = Stopping().collect
    assert collect(0, {"train_loss": 0.5, "val_loss": 1}, train_loss=0.6).train_loss == 0.6
    assert collect(1, {"train_loss_epoch": 0.5, "val_loss": 1}, train_loss=0.6).train_loss == 0.5
    assert (
        Stopping(train_metric="train_loss").collect(0, {"train_loss": 0.5, "val_loss": 1}, train_loss=0.6).train_loss
        == 0.5
    )


def test_a_metric_that_is_no_loss_is_paired_with_the_same_one_on_the_training_data():
    logged = {"train_loss": 0.5, "train_acc": 0.8, "val_acc": 0.7, "val_loss": 0.6}
    for mode in ("min", "max"):
        observation = Stopping(val_metric="val_acc", mode=mode).collect(0, logged, train_loss=0.55)
        assert (observation.train_loss, observation.val_loss) == (0.8, 0.7)


def test_where_more_is_better_no_loss_stands_in():
    logged = {"train_loss": 0.5, "loss": 0.5, "acc": 0.8, "val_score": 0.7, "val_loss": 0.6}
    observation = Stopping(val_metric="val_score", mode="max").collect(0, logged, train_loss=0.55)
    assert (observation.train_loss, observation.val_loss) == (None, 0.7)
    observation = Stopping(train_metric="acc", mode="max").collect(0, logged, train_loss=0.55)
    assert (observation.train_loss, observation.val_loss) == (0.8, None)


def test_where_less_is_better_the_train_loss_stands_in_for_a_counterpart_that_was_not_logged():
    stopping = Stopping(val_metric="val_rmse")
    assert stopping.collect(0, {"train_loss": 0.5, "val_rmse": 0.7}, train_loss=0.55).train_loss == 0.55
    stopping = Stopping(val_metric="val_rmse", train_metric="train_rmse")
    assert stopping.collect(0, {"train_loss": 0.5, "val_rmse": 0.7}, train_loss=0.55).train_loss == 0.55


def test_an_epoch_without_validation_is_no_missing_metric_where_more_is_better():
    observation = Stopping(val_metric="val_score", mode="max").collect(0, {"train_loss": 0.5}, validated=False)
    assert (observation.train_loss, observation.val_loss) == (None, None)


def test_while_the_named_validation_loss_is_still_to_come_no_train_loss_is_judged_in_its_place():
    stopping = patient(val_metric="val_loss")
    waiting = [stopping.decide(stopping.collect(e, {"loss": 1.0}, validated=False)) for e in range(9)]
    assert not any(decision.stop for decision in waiting)
    after = run(stopping, [1.0, 1.1, 1.1], first=9)
    assert [decision.stop for decision in after] == [False, False, True]
    assert stopping.collect(12, {"loss": 0.4}, validated=False).train_loss == 0.4


def test_where_more_is_better_the_metric_must_be_named():
    with pytest.raises(SettingsError, match="mode 'max' needs val_metric"):
        Stopping(mode="max")


def test_a_stale_validation_loss_is_not_taken():
    assert Stopping().collect(1, {"loss": 0.5, "val_loss": 0.7}, validated=False).val_loss is None


@pytest.mark.parametrize(
    ("logged", "message"),
    [
        ({"loss": 1.0, "val_los": 2.0}, "did you mean 'val_los'.*val_metric="),
        ({"loss": 1.0}, "unknown metric 'val_loss'"),
    ],
)
def test_a_missing_loss_is_reported_once_and_the_training_goes_on(logged, message):
    stopping = Stopping()
    with pytest.warns(RuntimeWarning, match=message) as caught:
        for epoch in range(3):
            stopping.decide(stopping.collect(epoch, logged))
    assert len(caught) == 1 and "the training goes on" in str(caught[0].message)
    assert len(stopping.history) == 3


def test_a_missing_loss_is_an_error_when_strict():
    with pytest.raises(MetricNotFoundError, match="did you mean 'val_los'"):
        Stopping(strict=True).collect(0, {"loss": 1.0, "val_los": 2.0})


def test_nothing_logged_at_all_is_reported():
    with pytest.warns(RuntimeWarning, match="'train_loss' was not logged; nothing was"):
        Stopping().collect(0, {}, validated=False)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_not_finite_is_reported_once_and_named(value):
    stopping = Stopping()
    with pytest.warns(RuntimeWarning, match="val_loss is .* at epoch 0") as caught:
        for epoch in range(3):
            stopping.decide(stopping.collect(epoch, {"loss": 1.0, "val_loss": value}))
    assert sum("val_loss" in str(warning.message) for warning in caught) == 1
    with warnings.catch_warnings(), pytest.raises(ConvergenceError, match="val_loss is"):
        Stopping(strict=True).collect(0, {"loss": 1.0, "val_loss": value})


def test_the_first_stop_is_remembered_and_the_history_goes_on():
    stopping = patient()
    run(stopping, [1.0, 0.5, 0.6, 0.7, 0.8])
    assert stopping.stopped_epoch == 3
    assert [d.step for d in stopping.history] == [o.step for o in stopping.observations] == list(range(5))
    assert stopping.decision is stopping.history[-1]


def test_a_budget_that_is_used_up_is_no_early_stop():
    stopping = Stopping(max_epochs=3, min_epochs=0)
    assert run(stopping, [1.0, 0.5, 0.4])[-1].stop
    assert stopping.stopped_epoch is None


def test_what_the_framework_knows_is_used_where_the_user_set_nothing():
    stopping = Stopping(min_epochs=7)
    stopping.begin(max_epochs=30, min_epochs=3, lr_schedule=[0.1])
    assert (stopping.monitor.settings.max_epochs, stopping.monitor.settings.min_epochs) == (30, 7)
    assert stopping.monitor.settings.lr_schedule == [0.1]
    stopping.begin(min_epochs=9)
    assert stopping.monitor.settings.min_epochs == 9 and stopping.monitor.settings.max_epochs is None
    user = Stopping(max_epochs=10, lr_schedule=[0.5])
    user.begin(max_epochs=30, lr_schedule=[0.1])
    assert (user.monitor.settings.max_epochs, user.monitor.settings.lr_schedule) == (10, [0.5])


def test_a_run_is_taken_up_where_its_state_was_saved():
    whole, first, second = patient(), patient(), patient()
    losses = [1.0, 0.5, 0.6, 0.4, 0.45, 0.5]
    run(whole, losses)
    run(first, losses[:3])
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    second.begin()
    run(second, losses[3:], first=3)
    assert [d.to_dict() for d in second.history] == [d.to_dict() for d in whole.history[3:]]
    second.begin()
    assert second.decision is None and second.history == []


def test_settings_changed_on_resume_are_the_users():
    first, second = patient(), Stopping(criteria=Patience(5), min_epochs=0)
    run(first, [1.0, 0.5, 0.6])
    second.load_state_dict(first.state_dict())
    second.begin()
    assert [d.stop for d in run(second, [0.6] * 4, first=3)] == [False, False, False, True]


def test_a_damaged_state_is_refused():
    stopping = Stopping()
    stopping.load_state_dict({"version": 1, "mode": "min", "curve": "gone"})
    with pytest.raises(StateError, match="damaged"):
        stopping.begin()


def test_the_best_weights_of_a_run_without_a_finite_loss_are_not_called_lost():
    stopping = Stopping()
    with pytest.warns(RuntimeWarning, match="train_loss is nan"):
        stopping.decide(stopping.collect(0, {"loss": math.nan}, validated=False))
    assert str(lost(stopping.decision)).startswith("no epoch had a finite loss")


def test_listeners_receive_each_epoch_in_order():
    received, stopping = [], patient()
    stopping.listeners += [
        lambda o, d: received.append(("first", o.step, d.step)),
        lambda o, d: received.append(("second", o.step, d.step)),
    ]
    run(stopping, [1.0, 0.9])
    assert received == [("first", 0, 0), ("second", 0, 0), ("first", 1, 1), ("second", 1, 1)]


def test_a_listener_that_fails_is_reported_once_and_ends_nothing():
    def broken(observation, decision):
        raise OSError("disk full")

    stopping = patient()
    stopping.listeners.append(broken)
    with pytest.warns(RuntimeWarning, match="broken.*disk full") as caught:
        run(stopping, [1.0, 0.9, 0.8])
    assert len(caught) == 1 and len(stopping.history) == 3


def test_loggers_get_numbers_only():
    stopping = patient()
    numbers = stopping.numbers(run(stopping, [1.0, 0.9])[-1])
    assert numbers["convergence/stop"] == 0 and numbers["convergence/verdict"] == 0
    assert numbers["convergence/epochs_since_best"] == 0
    assert all(isinstance(value, int | float) for value in numbers.values())


def test_what_is_shown_between_epochs_is_the_eta_when_asked():
    silent, asked = patient(), patient(show_forecast=True, max_epochs=40)
    losses = [0.3 + 0.8**epoch for epoch in range(6)]
    run(silent, losses)
    run(asked, losses[:4])
    assert silent.progress() is None and asked.progress() is None
    run(asked, losses)
    assert asked.progress() == asked.forecast().eta


def test_the_forecast_is_among_the_numbers_once_there_is_one():
    stopping = patient(max_epochs=40)
    last = stopping.numbers(run(stopping, [0.3 + 0.8**epoch for epoch in range(6)])[-1])
    assert last["convergence/forecast_loss_low"] <= last["convergence/forecast_loss"]
    assert all(isinstance(value, int | float) for value in last.values())
