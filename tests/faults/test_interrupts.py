"""A Lightning training that something else ends: errors, users, other callbacks, clocks, signals."""

import os
import signal
import warnings
from datetime import timedelta

import pytest

torch = pytest.importorskip("torch", reason="needs the extra: pip install 'convergence-callbacks[lightning]'")
pytest.importorskip("lightning", reason="needs the extra: pip install 'convergence-callbacks[lightning]'")

from lightning.pytorch.callbacks import Callback, Timer
from lightning.pytorch.plugins.environments import SLURMEnvironment
from lightning.pytorch.utilities.exceptions import SIGTERMException

from convergence_callbacks import Patience
from convergence_callbacks.lightning import ConvergenceStopping, EarlyStopping
from tests.lightning_training import SCRIPT, fit, module

EARLY = [1.0, 0.5, 0.6, 0.55, *SCRIPT[4:]]
"""Its best epoch is 1."""


def stopping(**settings):
    return ConvergenceStopping(criteria=Patience(3), min_epochs=0, **settings)


KINDS = {"ConvergenceStopping": stopping, "EarlyStopping": lambda: EarlyStopping("val_loss", verbose=True)}
each_kind = pytest.mark.parametrize("made", KINDS.values(), ids=KINDS)


class At(Callback):
    """Does something in an epoch, after one of its batches."""

    def __init__(self, epoch, act, batch=1):
        self.epoch, self.act, self.batch = epoch, act, batch

    def on_train_batch_end(self, trainer, module, outputs, batch, index):
        if (trainer.current_epoch, index) == (self.epoch, self.batch):
            self.act(trainer)


class SavesAtTheEnd(Callback):
    """Saves a checkpoint where an error ends the training."""

    def __init__(self, folder):
        self.folder = folder

    def on_exception(self, trainer, module, error):
        trainer.save_checkpoint(self.folder / "on_exception.ckpt")


def raises(error):
    def act(trainer):
        raise error

    return act


def stops(trainer):
    trainer.should_stop = True


class Weights(Callback):
    """Keeps the weights at the end of each epoch."""

    def __init__(self):
        self.seen = []

    def on_train_epoch_end(self, trainer, pl_module):
        self.seen.append(pl_module.layer.weight.detach().clone())


def assert_goes_on_as_if_never_interrupted(made, folder, ckpt_path):
    """Resume, and compare with a training that nothing interrupted."""
    torch.manual_seed(0)
    whole, resumed = made(), made()
    fit(whole, folder)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*ended before the epoch ended.*")
        trainer, _ = fit(resumed, folder, ckpt_path=ckpt_path)
    assert (trainer.current_epoch, resumed.stopped_epoch) == (7, 6)
    ends = [(decision.step, decision.stop, decision.best_step) for decision in whole.history]
    assert [(decision.step, decision.stop, decision.best_step) for decision in resumed.history] == ends[4:]


def assert_no_stop_is_claimed(callback, epochs, capsys):
    """The callback has judged so many epochs, and says of none that it ended the training."""
    assert [decision.step for decision in callback.history] == list(range(epochs))
    assert not callback.decision.stop and not callback.stopped_epoch
    assert "Stopped at" not in capsys.readouterr().out
    if isinstance(callback, EarlyStopping):
        assert callback.stopping_reason_message is None


@each_kind
def test_a_training_that_another_callback_s_error_ended_goes_on_where_it_was(made, tmp_path):
    torch.manual_seed(0)
    callback = made()
    with pytest.raises(ZeroDivisionError):
        fit(callback, tmp_path, callbacks=[At(4, raises(ZeroDivisionError())), SavesAtTheEnd(tmp_path)])
    assert (callback.decision.step, callback.decision.stop) == (3, False)
    assert_goes_on_as_if_never_interrupted(made, tmp_path, tmp_path / "on_exception.ckpt")


@each_kind
def test_a_training_that_its_user_ended_goes_on_where_it_was_and_has_its_last_weights_until_then(
    made, tmp_path, capsys, monkeypatch
):
    handler = signal.getsignal(signal.SIGINT)
    torch.manual_seed(0)
    callback, weights, model = made(), Weights(), module()
    with pytest.raises(SystemExit):  # Lightning's way
        others = [weights, At(4, raises(KeyboardInterrupt()), batch=0), SavesAtTheEnd(tmp_path)]
        fit(callback, tmp_path, model, callbacks=others)
    signal.signal(signal.SIGINT, handler)
    assert_no_stop_is_claimed(callback, 4, capsys)
    assert not torch.equal(model.layer.weight, weights.seen[3])  # of the batch after it: nothing is given back
    assert_goes_on_as_if_never_interrupted(made, tmp_path, tmp_path / "on_exception.ckpt")


@each_kind
def test_a_stop_that_another_callback_asked_for_is_respected_and_not_claimed(made, tmp_path, capsys):
    callback = made()
    trainer, _ = fit(callback, tmp_path, callbacks=[At(2, stops, batch=3)])
    assert trainer.current_epoch == 3
    assert_no_stop_is_claimed(callback, 3, capsys)


def test_the_best_weights_are_given_back_after_the_stop_of_another(tmp_path):
    weights = Weights()
    _, model = fit(
        stopping(restore_best=True), tmp_path, module(script=EARLY), callbacks=[weights, At(3, stops, batch=3)]
    )
    assert len(weights.seen) == 4
    assert torch.equal(model.layer.weight, weights.seen[1])


class TimeIsUp(Timer):
    """Lightning's timer, whose time is up in an epoch."""

    def __init__(self, epoch, **settings):
        super().__init__(duration=timedelta(hours=1), **settings)
        self.epoch, self.now = epoch, 0

    def on_train_epoch_start(self, trainer, module):
        self.now = trainer.current_epoch

    def time_elapsed(self, stage="train"):
        return 7200.0 if self.now >= self.epoch else 0.0


@each_kind
@pytest.mark.parametrize("interval", ["step", "epoch"])
def test_a_time_that_is_up_is_no_stop_of_ours(made, interval, tmp_path, capsys):
    callback = made()
    fit(callback, tmp_path, callbacks=[TimeIsUp(2, interval=interval)])
    assert_no_stop_is_claimed(callback, 3, capsys)


@each_kind
def test_a_training_that_sigterm_ended_goes_on_where_it_was(made, tmp_path):
    torch.manual_seed(0)
    terminate = At(4, lambda trainer: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(SIGTERMException):
        fit(made(), tmp_path, callbacks=[terminate, SavesAtTheEnd(tmp_path)])
    assert_goes_on_as_if_never_interrupted(made, tmp_path, tmp_path / "on_exception.ckpt")


@each_kind
def test_a_training_that_slurm_requeues_goes_on_where_it_was(made, tmp_path, monkeypatch):
    for name, value in {"JOB_ID": "1", "NTASKS": "1", "PROCID": "0", "LOCALID": "0", "NODEID": "0"}.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    monkeypatch.setenv("PATH", "")  # there is no scontrol to be called
    others = [
        At(4, lambda trainer: os.kill(os.getpid(), signal.SIGUSR1)),
        At(4, raises(ZeroDivisionError()), batch=2),  # here the job ends
    ]
    torch.manual_seed(0)
    with pytest.raises(ZeroDivisionError):
        fit(made(), tmp_path / "job", callbacks=others, plugins=[SLURMEnvironment(auto_requeue=True)])
    assert_goes_on_as_if_never_interrupted(made, tmp_path, tmp_path / "job" / "hpc_ckpt_1.ckpt")
