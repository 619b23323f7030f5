"""Our `EarlyStopping` decides as Lightning's does, for the same settings and the same metrics."""

import inspect
import pickle

import pytest

torch = pytest.importorskip("torch", reason="needs the extra: pip install 'convergence-callbacks[lightning]'")
lightning = pytest.importorskip("lightning", reason="needs the extra: pip install 'convergence-callbacks[lightning]'")

from lightning.pytorch.callbacks import EarlyStopping as Stock
from lightning.pytorch.callbacks.early_stopping import EarlyStoppingReason
from lightning.pytorch.utilities.exceptions import MisconfigurationException

from convergence_callbacks.lightning import EarlyStopping
from tests.conformance.scripts import LIGHTNING, SCRIPTS
from tests.lightning_training import fit, module


def test_what_it_is_compared_with_is_lightnings():
    assert Stock.__module__ == "lightning.pytorch.callbacks.early_stopping"


def ended(kind, script, settings, tmp_path, **trainer):
    """What a callback left behind after a training whose validation metric follows a script."""
    callback = kind("val_loss", **settings)
    made, _ = fit(callback, tmp_path, module(script=script), max_epochs=len(script), **trainer)
    return {
        "epochs": made.current_epoch,
        "should_stop": made.should_stop,
        "stopped_epoch": callback.stopped_epoch,
        "wait_count": callback.wait_count,
        "best_score": float(callback.best_score),
        "reason": callback.stopping_reason,
    }


@pytest.mark.parametrize("settings", LIGHTNING, ids=str)
def test_it_ends_every_training_where_lightnings_does(settings, tmp_path):
    for name, script in SCRIPTS.items():
        stock, ours = (ended(kind, script, settings, tmp_path) for kind in (Stock, EarlyStopping))
        assert ours == stock, name


@pytest.mark.parametrize(
    "trainer",
    [{"check_val_every_n_epoch": 2}, {"val_check_interval": 0.5}, {"min_steps": 18}, {"limit_val_batches": 1}],
    ids=str,
)
def test_so_it_does_however_often_validation_runs(trainer, tmp_path):
    for name in ("falls, then is flat", "noisy", "breaks"):
        stock, ours = (ended(kind, SCRIPTS[name], {}, tmp_path, **trainer) for kind in (Stock, EarlyStopping))
        assert ours == stock, name


def test_restored_after_its_stop_it_ends_at_once_and_repeats_why(tmp_path):
    before, after = EarlyStopping("val_loss"), EarlyStopping("val_loss")
    trainer, _ = fit(before, tmp_path)
    trainer.save_checkpoint(tmp_path / "stopped.ckpt")
    resumed, _ = fit(after, tmp_path, ckpt_path=tmp_path / "stopped.ckpt")
    assert (resumed.current_epoch, after.stopped_epoch) == (trainer.current_epoch, before.stopped_epoch)
    assert after.history == [] and after.decision == before.decision
    assert after.decision.stop and after.stopping_reason is before.stopping_reason


def test_it_takes_every_argument_of_lightnings_in_its_order():
    theirs, ours = (list(inspect.signature(kind.__init__).parameters.values()) for kind in (Stock, EarlyStopping))
    assert [(p.name, p.default) for p in ours[: len(theirs)]] == [(p.name, p.default) for p in theirs]
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in ours[len(theirs) :])
    values = ["acc", 0.1, 7, True, "max", False, False, 0.9, 0.1, True, True]
    stock, mine = vars(Stock(*values)), vars(EarlyStopping(*values))
    assert {name: mine[name] for name in stock if name != "best_score"} == {
        name: value for name, value in stock.items() if name != "best_score"
    }


def test_frameworks_and_users_take_it_for_lightnings_under_both_names(tmp_path):
    import pytorch_lightning

    callback = EarlyStopping("val_loss")
    assert isinstance(callback, Stock) and isinstance(callback, pytorch_lightning.callbacks.EarlyStopping)
    trainer = lightning.Trainer(callbacks=[callback], logger=False, default_root_dir=tmp_path, accelerator="cpu")
    assert trainer.early_stopping_callback is callback and trainer.early_stopping_callbacks == [callback]
    assert callback.state_key == "EarlyStopping{'monitor': 'val_loss', 'mode': 'min'}"


def test_the_reason_is_of_the_namespace_that_the_trainer_has(tmp_path):
    import pytorch_lightning
    from pytorch_lightning.callbacks.early_stopping import EarlyStoppingReason as OldName

    callback = EarlyStopping("val_loss")
    fit(callback, tmp_path, namespace="pytorch_lightning")
    assert callback.stopping_reason is OldName.PATIENCE_EXHAUSTED
    fit(callback, tmp_path)
    assert callback.stopping_reason is EarlyStoppingReason.PATIENCE_EXHAUSTED
    assert pytorch_lightning.callbacks.EarlyStopping is not Stock


def test_it_is_pickled_whole():
    callback = EarlyStopping("val_loss", patience=5, tolerance=0.02)
    assert vars(pickle.loads(pickle.dumps(callback))) == vars(callback)


def test_a_subclass_may_judge_by_itself(tmp_path):
    class Impatient(EarlyStopping):
        def _evaluate_stopping_criteria(self, current):
            return float(current) < 0.5, "low enough"

    callback = Impatient("val_loss")
    fit(callback, tmp_path)
    assert (callback.stopped_epoch, callback.stopping_reason_message) == (2, "low enough")


@pytest.mark.parametrize("settings", [{"mode": "least"}, {"patience": -1}, {"tolerance": 2.0}])
def test_wrong_arguments_are_reported_at_once(settings):
    with pytest.raises(ValueError if "tolerance" in settings else MisconfigurationException):
        EarlyStopping("val_loss", **settings)


def test_a_metric_that_no_process_logged_ends_a_strict_run_and_warns_otherwise(tmp_path):
    with pytest.raises(RuntimeError, match="did you mean 'val_loss'"):
        fit(EarlyStopping("val_los"), tmp_path)
    with pytest.warns(RuntimeWarning, match="did you mean 'val_loss'") as caught:
        trainer, _ = fit(EarlyStopping("val_los", strict=False), tmp_path)
    assert trainer.current_epoch == 12 and len([w for w in caught if "val_los" in str(w.message)]) == 1


def test_the_diagnosis_is_reported_at_every_epoch_and_at_the_stop(tmp_path, capsys):
    callback, received = EarlyStopping("val_loss", verbose=True), []
    callback.listeners.append(lambda observation, decision: received.append(decision.step))
    fit(callback, tmp_path)
    assert received == list(range(7)) == [decision.step for decision in callback.history]
    assert [o.val_loss for o in callback.observations] == pytest.approx(SCRIPTS["falls, then is flat"][:7])
    assert all(o.train_loss is not None and o.lr == 0.1 for o in callback.observations)
    assert (callback.decision.stop, callback.decision.criterion) == (True, "early_stopping")
    assert "did not improve in the last 3 records" in callback.decision.reason
    assert capsys.readouterr().out.count("Stopped at epoch 6") == 1


def test_with_a_tolerance_the_default_rule_ends_a_training_too(tmp_path):
    script = [0.1 + 0.5**epoch for epoch in range(60)]
    stock, ours = EarlyStopping("val_loss", patience=50), EarlyStopping("val_loss", patience=50, tolerance=0.05)
    for callback in (stock, ours):
        fit(callback, tmp_path, module(script=script), max_epochs=60)
    assert stock.stopped_epoch == 0 and 5 <= ours.stopped_epoch < 30
    assert ours.decision.stop and ours.decision.criterion == "expected_gain"
