"""The Lightning integration in long runs: judged by steps, ended by the clock, with several metrics or optimisers."""

import pytest

torch = pytest.importorskip("torch", reason="needs the extra: pip install 'convergence-callbacks[lightning]'")
lightning = pytest.importorskip("lightning", reason="needs the extra: pip install 'convergence-callbacks[lightning]'")

from lightning.pytorch.callbacks import Callback

from convergence_callbacks import Patience, SettingsError, TimeBudget
from convergence_callbacks.lightning import ConvergenceStopping
from tests.adapters.torch_data import weights
from tests.lightning_training import SCRIPT, fit, module


class Module(lightning.LightningModule):
    """Its losses follow scripts: train loss by batch, of which an epoch has four; validation loss by validation."""

    def __init__(self, train=(), val=SCRIPT, lr=0.1):
        super().__init__()
        self.layer, self.train_script, self.val_script, self.lr = torch.nn.Linear(4, 1), list(train), list(val), lr
        self.batches = self.validations = 0

    def training_step(self, batch, index):
        loss = self.layer(batch).pow(2).mean()
        if self.train_script:
            loss = loss * 0 + self.train_script[self.batches % len(self.train_script)]
        self.batches += 1
        self.log("train_loss", loss, on_step=True, on_epoch=True)
        return loss

    def validation_step(self, batch, index):
        if index == 0 and not self.trainer.sanity_checking:
            self.log("val_loss", torch.tensor(float(self.val_script[self.validations % len(self.val_script)])))
            self.validations += 1

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.lr)


def by_steps(every=2, **settings):
    return ConvergenceStopping(
        every_n_steps=every, min_epochs=0, verbose=False, **{"criteria": Patience(3), **settings}
    )


def validated_every(batches):
    return {"val_check_interval": batches, "check_val_every_n_epoch": None}


def test_each_stretch_of_steps_is_judged_with_its_validation(tmp_path):
    callback = by_steps()
    trainer, _ = fit(callback, tmp_path, Module(), max_epochs=20, **validated_every(2))
    assert [o.val_loss for o in callback.observations] == pytest.approx(SCRIPT[:7])
    assert (callback.decision.step, callback.decision.best_step, callback.stopped_epoch) == (6, 3, 6)
    assert trainer.global_step == 14  # no step more than the seven stretches


def test_the_train_loss_of_a_stretch_is_the_mean_over_its_batches(tmp_path):
    callback = by_steps(every=3)
    fit(callback, tmp_path, Module(train=range(1, 13)), max_epochs=3, validation=False)
    assert [o.train_loss for o in callback.observations] == pytest.approx([2.0, 5.0, 8.0, 11.0])


def test_accumulated_batches_make_one_step_and_do_not_shrink_the_train_loss(tmp_path):
    callback = by_steps(every=2)
    fit(callback, tmp_path, Module(train=range(1, 9)), max_epochs=2, validation=False, accumulate_grad_batches=2)
    assert [o.train_loss for o in callback.observations] == pytest.approx([2.5, 6.5])


def test_without_a_validation_the_run_ends_a_step_after_the_stretch(tmp_path):
    callback = by_steps()
    model = Module(train=[1.0, 1.0, 0.5, 0.5, *[0.6] * 40])
    trainer, _ = fit(callback, tmp_path, model, max_epochs=20, validation=False)
    assert (callback.decision.best_step, callback.decision.step) == (1, 4)
    assert trainer.global_step in (10, 11)


def test_a_stretch_without_validation_keeps_none_of_the_last_one(tmp_path):
    callback = by_steps(criteria=Patience(50))
    fit(callback, tmp_path, Module(), max_epochs=2, **validated_every(4))
    assert [o.val_loss for o in callback.observations] == [None, pytest.approx(1.0), None, pytest.approx(0.6)]


def test_budget_and_rates_are_reported_by_the_stretch(tmp_path):
    class Falling(Module):
        def configure_optimizers(self):
            optimizer = super().configure_optimizers()
            schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    callback = by_steps(criteria=None)
    fit(callback, tmp_path, Falling(), max_epochs=-1, max_steps=9, **validated_every(2))
    assert callback.monitor.settings.max_epochs == 5  # the last of them is cut off
    assert callback.monitor.settings.lr_schedule == pytest.approx([0.1 * 0.25**stretch for stretch in range(5)])
    assert [o.lr for o in callback.observations] == pytest.approx([0.1 * 0.25**stretch for stretch in range(4)])


@pytest.mark.parametrize("budget", [{"max_steps": 7, "max_epochs": -1}, {"max_epochs": 2}], ids=str)
def test_the_framework_ends_the_run_where_its_budget_is_no_whole_number_of_stretches(tmp_path, budget):
    callback = by_steps(every=5, criteria=None)
    trainer, _ = fit(callback, tmp_path, Module(), **budget, **validated_every(1))
    assert trainer.global_step == budget.get("max_steps", 8) and len(callback.history) == 1


class Killed(Callback):
    """Ends the run by an error right after a checkpoint in the middle of an epoch."""

    def __init__(self, path, step):
        self.path, self.step = path, step

    def on_train_batch_end(self, trainer, module, outputs, batch, index):
        if trainer.global_step == self.step:
            trainer.save_checkpoint(self.path)
            raise RuntimeError("killed")


@pytest.mark.filterwarnings("ignore:You.re resuming from a checkpoint that ended before")
def test_a_run_that_was_killed_between_two_stretches_goes_on_as_if_it_had_never_stopped(tmp_path):
    script = [1.0, 0.9, 0.8, 0.9, 0.5, 0.6, 0.4, *[0.7] * 60]

    class Counted(Module):  # the script goes by the step, which a checkpoint knows
        def training_step(self, batch, index):
            self.batches = self.trainer.global_step
            return super().training_step(batch, index)

    def run(callback, **settings):
        return fit(callback, tmp_path, Counted(train=script), max_epochs=20, validation=False, **settings)

    run(whole := by_steps())
    path = tmp_path / "killed.ckpt"
    with pytest.raises(RuntimeError, match="killed"):
        run(by_steps(), callbacks=[Killed(path, 5)])
    run(resumed := by_steps(), ckpt_path=path)
    decisions = [decision.to_dict() for decision in resumed.history]
    assert decisions and decisions == [decision.to_dict() for decision in whole.history[-len(decisions) :]]


def test_the_best_weights_are_those_of_the_best_stretch(tmp_path):
    kept = {}

    class Watch(Callback):
        def on_validation_end(self, trainer, model):
            kept[trainer.global_step] = weights(model)

    _, model = fit(by_steps(restore_best=True), tmp_path, Module(), callbacks=[Watch()], **validated_every(2))
    assert (weights(model) == kept[8]).all() and (kept[8] != kept[14]).any()


def test_the_best_weights_are_those_of_the_last_stretch_where_the_run_ends_after_it(tmp_path):
    kept = {}

    class Watch(Callback):
        def on_validation_end(self, trainer, model):
            kept[trainer.global_step] = weights(model)
            trainer.should_stop = trainer.global_step == 5

    improving = Module(val=[1.0, 0.9, 0.8, 0.7, 0.6])
    _, model = fit(by_steps(restore_best=True), tmp_path, improving, callbacks=[Watch()], **validated_every(1))
    assert (weights(model) == kept[4]).all() and (kept[4] != kept[5]).any()


def test_a_probe_and_no_step_at_all_are_refused():
    with pytest.raises(SettingsError, match="every_n_steps can't be used together with probe"):
        ConvergenceStopping(every_n_steps=5, probe=True)
    with pytest.raises(SettingsError, match="every_n_steps must be at least 1"):
        ConvergenceStopping(every_n_steps=0)


def test_a_budget_of_time_ends_with_the_best_weights(tmp_path, monkeypatch):
    hours = iter(range(1000))
    monkeypatch.setattr("convergence_callbacks.monitor.Monitor.default_clock", lambda: 3600.0 * next(hours))
    callback = ConvergenceStopping(criteria=TimeBudget(hours=5), min_epochs=0, restore_best=True, verbose=False)
    kept = []

    class Watch(Callback):
        def on_train_epoch_end(self, trainer, model):
            kept.append(weights(model))

    _, model = fit(callback, tmp_path, module(script=[0.5, 0.4, *[0.6] * 10]), callbacks=[Watch()])
    assert callback.decision.criterion == "time_budget" and 1 < callback.decision.step < 11
    assert (weights(model) == kept[1]).all() and (kept[1] != kept[-1]).any()


def test_two_callbacks_watch_two_metrics_and_the_first_to_stop_ends_the_run(tmp_path):
    class Two(type(module())):
        def validation_step(self, batch, index):
            super().validation_step(batch, index)
            self.log("val_other", torch.tensor(1.0 / (1 + self.current_epoch)))

    loss, other = (
        ConvergenceStopping(criteria=Patience(3), min_epochs=0, val_metric=name, mode="min", verbose=False)
        for name in ("val_loss", "val_other")
    )
    fit(loss, tmp_path, Two(), callbacks=[other])
    assert (loss.stopped_epoch, other.stopped_epoch) == (6, None)
    assert [len(callback.history) for callback in (loss, other)] == [7, 7]


class Rivals(lightning.LightningModule):
    """Two optimisers, as a GAN has them, and losses that would end any other training."""

    def __init__(self):
        super().__init__()
        self.automatic_optimization = False
        self.generator, self.discriminator = torch.nn.Linear(4, 1), torch.nn.Linear(4, 1)

    def training_step(self, batch, index):
        for optimizer, net in zip(self.optimizers(), (self.generator, self.discriminator), strict=True):
            optimizer.zero_grad()
            self.manual_backward(net(batch).pow(2).mean())
            optimizer.step()

    def validation_step(self, batch, index):
        self.log_dict(dict.fromkeys(("val_loss", "fid"), torch.tensor(0.3 + 0.5**self.current_epoch)))

    def configure_optimizers(self):
        return [torch.optim.SGD(net.parameters(), lr=0.1) for net in (self.generator, self.discriminator)]


@pytest.mark.parametrize("settings", [{"val_metric": "fid"}, {"criteria": Patience(3)}])
def test_adversarial_losses_are_reported_and_end_nothing_unless_a_metric_of_success_is_named(tmp_path, settings):
    with pytest.warns(RuntimeWarning, match="this module has 2 optimisers.*val_metric") as caught:
        trainer, _ = fit(
            callback := ConvergenceStopping(min_epochs=0, verbose=False), tmp_path, Rivals(), max_epochs=40
        )
    assert sum("optimisers" in str(warned.message) for warned in caught) == 1
    assert trainer.current_epoch == 40 and callback.stopped_epoch is None and len(callback.history) == 40
    callback = ConvergenceStopping(min_epochs=0, verbose=False, **settings)
    trainer, _ = fit(callback, tmp_path, Rivals(), max_epochs=40)
    assert callback.stopped_epoch is not None and trainer.current_epoch < 40
