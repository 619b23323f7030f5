"""Whatever is logged in the place of a number: the decisions stay right, one warning, and nothing dies."""

import warnings

import pytest

torch = pytest.importorskip("torch", reason="needs the extra: pip install 'convergence-callbacks[torch]'")
pytest.importorskip("lightning", reason="needs the extra: pip install 'convergence-callbacks[lightning]'")

from lightning.pytorch.callbacks import Callback

from convergence_callbacks import ConvergenceError, Monitor, Patience
from convergence_callbacks.lightning import ConvergenceStopping, EarlyStopping
from convergence_callbacks.torch import ConvergenceStopping as InALoop
from tests.adapters.contract import ADAPTERS, Training
from tests.adapters.contract import SCRIPT as CONTRACT_SCRIPT
from tests.faults.values import NONE, PLACES, SAME, SCRIPT, in_places
from tests.lightning_training import fit, module

PATIENT = {"criteria": Patience(3), "min_epochs": 0, "verbose": False}


def named(values):
    return pytest.mark.parametrize("value", values.values(), ids=values.keys())


def in_a_loop(script, **settings):
    stopping = InALoop(**{**PATIENT, **settings})
    for loss in script:
        if stopping.update(train_loss=0.5, val_loss=loss).stop:
            break
    return stopping


class Puts(Callback):
    """Puts whatever it is given among the metrics of a trainer, which `log` would refuse."""

    def __init__(self, script):
        self.script = script

    def on_validation_end(self, trainer, module):
        if not trainer.sanity_checking:
            trainer.callback_metrics["val_loss"] = self.script[trainer.current_epoch]

    def on_train_end(self, trainer, module):
        trainer.callback_metrics.pop("val_loss")  # Lightning itself fails to move some of them to the host


def in_lightning(script, folder, kind=ConvergenceStopping, **settings):
    callback = kind(**({"monitor": "val_loss"} if kind is EarlyStopping else PATIENT), **settings)
    fit(callback, folder, module(val_name=None), callbacks=[Puts(script)], max_epochs=len(script))
    return callback


def assert_as_a_clean_run(stopping):
    decision = stopping.decision
    assert (stopping.stopped_epoch, decision.step, decision.best_step, decision.best_value) == (6, 6, 3, 0.25)


@named(SAME)
def test_a_number_in_another_form_changes_no_decision(value):
    clean, other = in_a_loop(SCRIPT), in_a_loop([value(loss) for loss in SCRIPT])
    assert [decision.to_dict() for decision in other.history] == [decision.to_dict() for decision in clean.history]
    assert_as_a_clean_run(other)


@named(SAME)
@pytest.mark.parametrize("kind", [ConvergenceStopping, EarlyStopping])
def test_a_number_in_another_form_changes_no_decision_in_lightning(kind, value, tmp_path):
    stopping = in_lightning([value(loss) for loss in SCRIPT], tmp_path, kind)
    assert [seen.val_loss for seen in stopping.observations] == list(SCRIPT[:7])
    assert_as_a_clean_run(stopping)


@named(NONE)
def test_what_is_no_number_is_reported_once_and_changes_no_decision_after_it(value):
    with pytest.warns(RuntimeWarning, match="val_loss is .* at epoch 1; the training goes on") as caught:
        stopping = in_a_loop(in_places(value))
    assert len(caught) == 1
    assert_as_a_clean_run(stopping)
    assert stopping.decision.evidence["non_finite_epochs"] == len(PLACES)
    with pytest.raises(ConvergenceError, match=r"val_loss is .* at epoch 1"):
        in_a_loop(in_places(value), strict=True)


@named(NONE)
def test_what_is_no_number_is_reported_once_and_changes_no_decision_after_it_in_lightning(value, tmp_path):
    with pytest.warns(RuntimeWarning, match="val_loss is .* at epoch 1; the training goes on") as caught:
        stopping = in_lightning(in_places(value), tmp_path)
    assert sum("val_loss is" in str(warning.message) for warning in caught) == 1
    assert_as_a_clean_run(stopping)


@named(NONE)
@pytest.mark.filterwarnings("ignore:val_loss is:RuntimeWarning")
def test_lightnings_rule_takes_what_is_no_number_as_nan(value, tmp_path):
    for check_finite, stop in ((True, 1), (False, 6)):
        assert in_lightning(in_places(value), tmp_path, EarlyStopping, check_finite=check_finite).stopped_epoch == stop


def test_what_is_no_number_ends_a_strict_training_in_lightning(tmp_path):
    with pytest.raises(ConvergenceError, match="val_loss is nan at epoch 1"):
        in_lightning(in_places(lambda: "broken"), tmp_path, strict=True)


@pytest.mark.parametrize("scale", [5e-324 * 2**20, 1e-310, 1e99], ids=str)
@pytest.mark.parametrize("settings", [{}, {"criteria": None}], ids=["patience", "default rule"])
def test_denormal_and_huge_losses_end_a_training_where_others_do(scale, settings):
    clean, other = (in_a_loop([scale * loss for loss in SCRIPT], **settings) for scale in (1.0, scale))
    last = other.decision
    assert (last.stop, last.step, last.best_step) == (clean.decision.stop, clean.decision.step, 3)


@pytest.mark.parametrize("adapter", ADAPTERS, ids=str)
@pytest.mark.parametrize("scale", [1e-40, 1e35], ids=["denormal in single precision", "its square is infinite there"])
@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
def test_denormal_and_huge_losses_pass_every_integration(adapter, scale, tmp_path):
    adapter.skip_unless_installed()
    if adapter.name == "xgboost" and scale < 1:  # it hands metrics on with six digits after the point
        return
    stopping = adapter.stopping(**PATIENT, max_epochs=12)
    adapter.train(Training(stopping, [scale * loss for loss in CONTRACT_SCRIPT], tmp_path))
    decision = stopping.decision
    assert (stopping.stopped_epoch, decision.step, decision.best_step) == (6, 6, 3)
    assert decision.best_value == pytest.approx(0.3 * scale, rel=1e-3, abs=0)


def of_some_epochs(epochs=PLACES):
    """A module that logs its validation loss in all epochs but some, where it logs something else of its own."""

    class Forgetful(type(module())):
        def validation_step(self, batch, index):
            epoch = self.current_epoch
            self.log(f"val_acc_{epoch}" if epoch in epochs else "val_loss", SCRIPT[epoch])

    return Forgetful()


@pytest.mark.parametrize("kind", [ConvergenceStopping, EarlyStopping])
def test_a_metric_that_is_missing_in_some_epochs_is_not_judged_there(kind, tmp_path):
    clean = Monitor(criteria=Patience(3), min_epochs=0, max_epochs=8)
    stopping = kind("val_loss", strict=False) if kind is EarlyStopping else kind(**PATIENT)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit(stopping, tmp_path, of_some_epochs(), max_epochs=8)
    assert [seen.val_loss for seen in stopping.observations] == [None if e in PLACES else SCRIPT[e] for e in range(7)]
    if kind is ConvergenceStopping:
        assert sum("unknown metric 'val_loss'" in str(warning.message) for warning in caught) == 1
        expected = [clean.observe(seen).to_dict() for seen in stopping.observations]
        assert [decision.to_dict() for decision in stopping.history] == expected
        assert_as_a_clean_run(stopping)


def test_a_metric_that_is_missing_in_some_epochs_is_reported_once_in_a_loop():
    stopping = InALoop(**PATIENT, val_metric="val_loss")
    with pytest.warns(RuntimeWarning, match="unknown metric 'val_loss'") as caught:
        for epoch, loss in enumerate(SCRIPT[:7]):
            stopping.update(train_loss=0.5, **{f"val_acc_{epoch}" if epoch in PLACES else "val_loss": loss})
    assert len(caught) == 1
    assert_as_a_clean_run(stopping)


def renamed(name):
    class Renamed(type(module())):
        def validation_step(self, batch, index):
            self.log("val_loss" if self.current_epoch < 4 else name, SCRIPT[self.current_epoch])

    return Renamed()


def test_a_metric_that_gets_another_usual_name_is_followed(tmp_path):
    stopping = ConvergenceStopping(**PATIENT)
    fit(stopping, tmp_path, renamed("valid/loss"), max_epochs=8)
    assert [seen.val_loss for seen in stopping.observations] == list(SCRIPT[:7])
    assert_as_a_clean_run(stopping)


def test_a_metric_that_was_named_and_gets_another_name_is_reported_with_that(tmp_path):
    stopping = ConvergenceStopping(**PATIENT, val_metric="val_loss")
    with pytest.warns(RuntimeWarning, match="unknown metric 'val_loss'; did you mean 'val_los'") as caught:
        fit(stopping, tmp_path, renamed("val_los"), max_epochs=8)
    assert sum("unknown metric" in str(warning.message) for warning in caught) == 1
    assert stopping.stopped_epoch is None
    assert (stopping.decision.step, stopping.decision.best_step) == (7, 3)
    assert stopping.decision.evidence["missing_epochs"] == 4


@pytest.mark.filterwarnings("ignore:epoch 0 was judged already:RuntimeWarning")
def test_an_epoch_that_is_shown_twice_counts_once():
    clean, twice = in_a_loop(SCRIPT), InALoop(**PATIENT)
    for epoch, loss in enumerate(SCRIPT[:7]):
        decision = twice.update(epoch=epoch, train_loss=0.5, val_loss=loss)
        again = twice.update(epoch=epoch, train_loss=0.5, val_loss=2.0)
        assert (again.stop, again.best_step, again.verdict) == (decision.stop, decision.best_step, decision.verdict)
    assert (twice.stopped_epoch, decision.best_value) == (clean.stopped_epoch, 0.25)
    assert decision.evidence["repeated_epochs"] == 6


def test_of_two_validations_in_an_epoch_the_last_counts(tmp_path):
    class Twice(type(module())):
        def validation_step(self, batch, index):
            halfway = self.trainer.fit_loop.epoch_loop.batch_progress.current.ready < 4
            self.log("val_loss", 0.01 if halfway else SCRIPT[self.current_epoch])

    stopping = ConvergenceStopping(**PATIENT)
    fit(stopping, tmp_path, Twice(), max_epochs=8, val_check_interval=0.5)
    assert [seen.val_loss for seen in stopping.observations] == [pytest.approx(loss) for loss in SCRIPT[:7]]
    assert_as_a_clean_run(stopping)


def test_a_metric_that_is_logged_twice_in_a_step_is_their_mean(tmp_path):
    class Twice(type(module())):
        def validation_step(self, batch, index):
            for share in (0.5, 1.5):
                self.log("val_loss", share * SCRIPT[self.current_epoch])

    stopping = ConvergenceStopping(**PATIENT)
    fit(stopping, tmp_path, Twice(), max_epochs=8)
    assert_as_a_clean_run(stopping)
