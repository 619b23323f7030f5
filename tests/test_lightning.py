"""The Lightning integration, on real trainings."""

import json
import pickle
import warnings

import pytest

torch = pytest.importorskip("torch", reason="needs the extra: pip install 'convergence-callbacks[lightning]'")
lightning = pytest.importorskip("lightning", reason="needs the extra: pip install 'convergence-callbacks[lightning]'")

from lightning.pytorch.callbacks import Callback, LearningRateFinder, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger

from convergence_callbacks import MetricNotFoundError, Patience, TargetLoss, Verdict
from convergence_callbacks.lightning import ConvergenceStopping, EarlyStopping
from tests.lightning_training import SCRIPT, fit, loader, module


def patient(**settings):
    return ConvergenceStopping(criteria=Patience(3), min_epochs=0, **settings)


@pytest.mark.parametrize("namespace", ["lightning", "pytorch_lightning"])
def test_it_stops_in_the_epoch_of_the_decision_under_both_names(tmp_path, namespace):
    pytest.importorskip(namespace)
    callback = patient()
    trainer, _ = fit(callback, tmp_path, namespace=namespace)
    assert trainer.current_epoch == 7  # epochs 0 to 6 were trained
    assert callback.stopped_epoch == 6 == callback.decision.step
    assert (callback.decision.best_step, callback.decision.best_value) == (3, pytest.approx(0.3))
    assert [o.val_loss for o in callback.observations] == pytest.approx(SCRIPT[:7])
    assert len(callback.history) == 7


@pytest.mark.parametrize(
    ("val_name", "train_name"),
    [("val_loss", "train_loss"), ("val/loss", "train/loss"), ("valid_loss", "loss"), ("Loss/validation", "Loss/train")],
)
def test_any_usual_name_is_found(tmp_path, val_name, train_name):
    callback = patient()
    fit(callback, tmp_path, module(val_name=val_name, train_name=train_name, train_log={"on_epoch": True}))
    assert callback.stopped_epoch == 6
    assert all(o.train_loss is not None for o in callback.observations)


def test_names_can_be_given(tmp_path):
    callback = patient(val_metric="score", train_metric="objective", mode="min")
    fit(callback, tmp_path, module(val_name="score", train_name="objective"))
    assert callback.stopped_epoch == 6


def test_a_metric_that_is_missing_is_reported_once_with_the_nearest_name_and_the_run_goes_on(tmp_path):
    callback = patient(val_metric="val_los", mode="min")
    with pytest.warns(RuntimeWarning, match="did you mean 'val_loss'.*val_metric=") as caught:
        trainer, _ = fit(callback, tmp_path, module(val_name="val_loss"), max_epochs=3)
    assert trainer.current_epoch == 3
    assert sum("val_metric" in str(w.message) for w in caught) <= 1


def test_a_missing_metric_ends_a_strict_run(tmp_path):
    with pytest.raises(MetricNotFoundError, match="unknown metric 'val_loss'"):
        fit(patient(strict=True), tmp_path, module(val_name=None))


def test_the_train_loss_is_the_mean_over_the_epoch_however_it_was_logged(tmp_path):
    def train_losses(**settings):
        torch.manual_seed(0)
        callback = patient()
        fit(callback, tmp_path, module(**settings), max_epochs=3)
        return [o.train_loss for o in callback.observations]

    by_epoch = train_losses(train_log={"on_step": False, "on_epoch": True})
    assert train_losses() == pytest.approx(by_epoch)
    assert train_losses(train_name=None) == pytest.approx(by_epoch)


def test_a_part_of_the_loss_that_is_logged_by_epoch_is_not_taken_for_the_train_loss(tmp_path):
    class InParts(type(module())):
        def training_step(self, batch, index):
            self.log("train_kl_loss", 0.001, on_step=True, on_epoch=True)
            return super().training_step(batch, index)

    callback = patient()
    fit(callback, tmp_path, InParts(train_name=None), max_epochs=2)
    assert all(o.train_loss > 0.01 for o in callback.observations)


def test_accumulated_batches_do_not_shrink_the_train_loss(tmp_path):
    losses = []
    for accumulate in (1, 4):
        torch.manual_seed(0)
        callback = patient()
        fit(callback, tmp_path, module(lr=0.0), max_epochs=1, accumulate_grad_batches=accumulate)
        losses.append(callback.observations[0].train_loss)
    assert losses[0] == pytest.approx(losses[1])


def test_a_stale_validation_loss_is_not_counted_again(tmp_path):
    callback = patient()
    fit(callback, tmp_path, check_val_every_n_epoch=3)
    seen = [o.val_loss for o in callback.observations]
    assert [i for i, value in enumerate(seen) if value is not None] == [2, 5, 8, 11]
    assert callback.stopped_epoch is None


def test_before_the_first_validation_nothing_ends_a_training(tmp_path):
    callback = ConvergenceStopping(criteria=Patience(2, min_delta=100.0), min_epochs=0)
    trainer, _ = fit(callback, tmp_path, check_val_every_n_epoch=4, max_epochs=8)
    assert trainer.current_epoch == 8
    assert [o.train_loss is None for o in callback.observations] == [True] * 3 + [False] * 5


def test_the_sanity_check_is_no_observation(tmp_path):
    callback = patient()
    fit(callback, tmp_path, num_sanity_val_steps=2, check_val_every_n_epoch=2, max_epochs=1)
    assert [o.val_loss for o in callback.observations] == [None]


def test_the_trainers_min_epochs_is_kept_and_a_vetoed_stop_does_not_latch(tmp_path):
    script = [1.0, 1.1, 1.1, 1.1, 0.5, 0.4, 0.3, 0.31, 0.32, 0.33, 0.34, 0.35]
    callback = patient()
    trainer, _ = fit(callback, tmp_path, module(script=script), min_epochs=5)
    assert callback.stopped_epoch == 9
    assert trainer.current_epoch == 10


@pytest.mark.parametrize("more", [{"limit_val_batches": 0}, {"validation": False}])
def test_without_validation_the_train_loss_is_judged(tmp_path, more):
    callback = patient()
    fit(callback, tmp_path, max_epochs=4, **more)
    assert [o.val_loss for o in callback.observations] == [None] * 4
    assert callback.decision.best_value == pytest.approx(min(o.train_loss for o in callback.observations))


def test_a_fast_dev_run_passes(tmp_path):
    fit(patient(restore_best=True), tmp_path, fast_dev_run=True)


def test_manual_optimisation_is_watched_too(tmp_path):
    class Manual(type(module())):
        def __init__(self):
            super().__init__(train_name=None)
            self.automatic_optimization = False

        def training_step(self, batch, index):
            loss = super().training_step(batch, index)
            self.optimizers().zero_grad()
            self.manual_backward(loss)
            self.optimizers().step()
            return {"loss": loss.detach()}

    callback = patient()
    fit(callback, tmp_path, Manual())
    assert callback.stopped_epoch == 6
    assert callback.observations[1].train_loss < callback.observations[0].train_loss


def test_metrics_logged_at_the_modules_own_epoch_end_are_seen(tmp_path):
    class Late(type(module())):
        def on_train_epoch_end(self):
            self.log("val_loss", torch.tensor(SCRIPT[self.current_epoch]))

    callback = patient()
    fit(callback, tmp_path, Late(val_name=None))
    assert callback.stopped_epoch == 6


class Weights(Callback):
    """Keeps the weights at the end of each epoch."""

    def __init__(self):
        self.seen = []

    def on_train_epoch_end(self, trainer, pl_module):
        self.seen.append(pl_module.layer.weight.detach().clone())


def test_the_best_weights_are_restored_when_asked(tmp_path):
    weights = Weights()
    _, model = fit(patient(restore_best=True), tmp_path, callbacks=[weights])
    assert torch.equal(model.layer.weight, weights.seen[3])
    assert not torch.equal(weights.seen[3], weights.seen[6])


@pytest.mark.parametrize("is_first", [True, False])
def test_the_best_weights_are_those_that_were_validated_where_they_are_averages(tmp_path, is_first):
    averaging = pytest.importorskip("lightning.pytorch.callbacks.weight_averaging", reason="Lightning before 2.6")
    average = averaging.EMAWeightAveraging(decay=0.5)

    class Watched(type(module())):
        validated = ()

        def validation_step(self, batch, index):
            super().validation_step(batch, index)
            self.validated = (*self.validated, self.layer.weight.detach().clone())

    stopping = patient(restore_best=True)
    first, second = (stopping, average) if is_first else (average, stopping)
    _, model = fit(first, tmp_path, Watched(), callbacks=[second], limit_val_batches=1, num_sanity_val_steps=0)
    assert torch.equal(model.layer.weight, model.validated[3])
    assert not torch.equal(model.validated[3], model.validated[6])


def test_the_last_weights_stay_when_not_asked(tmp_path):
    weights = Weights()
    _, model = fit(patient(), tmp_path, callbacks=[weights])
    assert torch.equal(model.layer.weight, weights.seen[6])


def test_large_models_keep_their_best_weights_in_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr("convergence_callbacks.lightning.trained.IN_MEMORY", 0)
    weights = Weights()
    _, model = fit(patient(restore_best=True), tmp_path, callbacks=[weights])
    assert torch.equal(model.layer.weight, weights.seen[3])
    assert [path.name for path in tmp_path.iterdir() if "best" in path.name] == ["convergence-best.ckpt"]


@pytest.mark.parametrize("left", [b"damaged", None])
def test_a_file_of_best_weights_that_is_damaged_is_reported_and_the_last_weights_stay(tmp_path, monkeypatch, left):
    monkeypatch.setattr("convergence_callbacks.lightning.trained.IN_MEMORY", 0)
    file, weights = tmp_path / "convergence-best.ckpt", Weights()

    class Damages(Weights):
        def on_train_epoch_end(self, trainer, pl_module):
            if trainer.current_epoch == 5:
                file.unlink() if left is None else file.write_bytes(left)

    message = "are gone" if left is None else "can't be given back: .* holds something else than what was written"
    with pytest.warns(RuntimeWarning, match=message):
        _, model = fit(patient(restore_best=True), tmp_path, callbacks=[Damages(), weights])
    assert torch.equal(model.layer.weight, weights.seen[6])


def test_the_optimizer_is_given_its_state_of_the_best_epoch_too_when_asked(tmp_path):
    import copy

    import lightning

    seen = []

    class Watches(lightning.Callback):
        def on_train_epoch_end(self, trainer, pl_module):
            moments = copy.deepcopy(trainer.optimizers[0].state_dict()["state"])
            seen.append((pl_module.layer.weight.detach().clone(), moments))

    def last(**settings):
        model, callback = module(), patient(**settings)
        model.configure_optimizers = lambda: torch.optim.Adam(model.parameters(), lr=0.1)
        seen.clear()
        trainer, model = fit(callback, tmp_path, model, callbacks=[Watches()])
        return trainer.optimizers[0].state_dict()["state"], model.layer.weight, callback

    moments, weight, callback = last(restore_best="all")
    assert torch.equal(weight, seen[3][0]) and callback.decision.best_step == 3
    torch.testing.assert_close(moments, seen[3][1], rtol=0, atol=0)
    moments, weight, _ = last(restore_best=True)
    assert torch.equal(weight, seen[3][0])
    torch.testing.assert_close(moments, seen[6][1], rtol=0, atol=0)


def test_a_resumed_run_gives_weights_and_optimizer_their_state_of_before_the_kill(tmp_path):
    kept = checkpointed(tmp_path, patient(restore_best="all"))
    resumed = patient(restore_best="all")
    _, model = fit(resumed, tmp_path, ckpt_path=kept / "epoch=4.ckpt")
    best = torch.load(kept / "epoch=3.ckpt", weights_only=True)["state_dict"]["layer.weight"]
    assert resumed.stopped_epoch == 6 and torch.equal(model.layer.weight, best)


def test_best_weights_that_can_not_be_kept_are_reported_once_and_end_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("convergence_callbacks.lightning.trained.IN_MEMORY", 0)
    (tmp_path / "file").write_text("no folder")
    callback = patient(restore_best=True, backup_dir=str(tmp_path / "file" / "below"))
    with pytest.warns(RuntimeWarning, match="can't be kept") as caught:
        fit(callback, tmp_path)
    assert callback.stopped_epoch == 6
    assert sum("best weights" in str(w.message) or "are gone" in str(w.message) for w in caught) == 1


def checkpointed(tmp_path, callback, **trainer):
    """Train for five epochs, keeping a checkpoint of each."""
    keep = ModelCheckpoint(dirpath=tmp_path / "kept", filename="{epoch}", save_top_k=-1)
    torch.manual_seed(0)
    fit(callback, tmp_path, callbacks=[keep], **trainer)
    return tmp_path / "kept"


@pytest.mark.parametrize("epoch", range(6))
def test_a_run_resumed_from_any_checkpoint_stops_where_the_whole_one_did(tmp_path, epoch):
    whole = patient(restore_best=True)
    kept = checkpointed(tmp_path, whole)
    resumed, weights = patient(restore_best=True), Weights()
    trainer, model = fit(resumed, tmp_path, ckpt_path=kept / f"epoch={epoch}.ckpt", callbacks=[weights])
    assert trainer.current_epoch == 7
    assert [d.to_dict() for d in resumed.history] == [d.to_dict() for d in whole.history[epoch + 1 :]]
    best = torch.load(kept / "epoch=3.ckpt", weights_only=True)["state_dict"]["layer.weight"]
    assert torch.equal(model.layer.weight, best)


@pytest.mark.parametrize("trainer", [{"check_val_every_n_epoch": 2}, {"val_check_interval": 0.5}], ids=str)
def test_a_checkpoint_saved_at_the_end_of_validation_loses_nothing_of_its_epoch(tmp_path, trainer):
    whole = patient()
    kept = checkpointed(tmp_path, whole, **trainer)
    saved = sorted(kept.glob("*.ckpt"), key=lambda path: path.stat().st_mtime_ns)
    assert len(saved) > 3
    for path in saved:
        resumed = patient()
        fit(resumed, tmp_path, ckpt_path=path, **trainer)
        assert [d.to_dict() for d in resumed.history] == [d.to_dict() for d in whole.history[-len(resumed.history) :]]
        assert resumed.observations[0].train_loss == whole.observations[-len(resumed.history)].train_loss


def test_the_train_loss_of_an_epoch_is_that_of_all_its_batches_when_a_checkpoint_was_saved_within(tmp_path):
    keep = ModelCheckpoint(dirpath=tmp_path / "kept", filename="{step}", save_top_k=-1, every_n_train_steps=3)
    torch.manual_seed(0)
    whole, resumed = patient(), patient()
    fit(whole, tmp_path, callbacks=[keep], max_epochs=2)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="You're resuming from a checkpoint that ended before the epoch")
        fit(resumed, tmp_path, ckpt_path=tmp_path / "kept" / "step=6.ckpt", max_epochs=2)
    epoch, state = whole.observations[1], torch.load(tmp_path / "kept" / "step=6.ckpt", weights_only=True)["callbacks"]
    (in_progress,) = [s["epoch"] for key, s in state.items() if key.startswith("ConvergenceStopping")]
    assert in_progress["batches"] == 2
    seen = resumed.observations[0]
    assert (seen.step, seen.lr) == (1, epoch.lr)
    assert seen.train_loss > in_progress["loss_sum"] / 4  # the first two of four batches are in the mean


def test_a_checkpoint_holds_plain_types_and_the_epoch_it_was_saved_in(tmp_path):
    kept = checkpointed(tmp_path, patient())
    checkpoint = torch.load(kept / "epoch=4.ckpt", weights_only=True)
    (state,) = [s for key, s in checkpoint["callbacks"].items() if key.startswith("ConvergenceStopping")]
    assert state["decision"]["step"] == 4
    json.dumps(state, allow_nan=False)


def test_settings_changed_on_resume_are_the_users(tmp_path):
    kept = checkpointed(tmp_path, patient())
    resumed = ConvergenceStopping(criteria=Patience(6), min_epochs=0)
    fit(resumed, tmp_path, ckpt_path=kept / "epoch=5.ckpt")
    assert resumed.stopped_epoch == 9


def test_a_criterion_added_on_resume_does_not_lose_the_state(tmp_path):
    kept = checkpointed(tmp_path, patient())
    resumed = ConvergenceStopping(criteria=Patience(4) | TargetLoss(0.01), min_epochs=0)
    fit(resumed, tmp_path, ckpt_path=kept / "epoch=5.ckpt")
    assert (resumed.decision.best_step, resumed.stopped_epoch) == (3, 7)


def test_a_module_without_an_optimiser_is_watched_too(tmp_path):
    class Fixed(type(module())):
        def configure_optimizers(self):
            return None

    callback = patient()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*configure_optimizers` returned `None`")
        fit(callback, tmp_path, Fixed())
    assert (callback.stopped_epoch, callback.observations[0].lr) == (6, None)


def test_best_weights_that_are_gone_are_reported(tmp_path):
    kept = checkpointed(tmp_path, patient())
    with pytest.warns(RuntimeWarning, match="weights of the best epoch 3 are gone"):
        fit(patient(restore_best=True), tmp_path, ckpt_path=kept / "epoch=5.ckpt")


def test_an_instance_used_again_starts_fresh(tmp_path):
    callback = patient(restore_best=True)
    torch.manual_seed(0)
    fit(callback, tmp_path)
    first = [(d.step, d.stop, d.best_value, d.reason) for d in callback.history]
    torch.manual_seed(0)
    fit(callback, tmp_path)
    assert [(d.step, d.stop, d.best_value, d.reason) for d in callback.history] == first


IMPROVING = [1.0 - 0.05 * epoch for epoch in range(12)]
both_callbacks = pytest.mark.parametrize("kind", [patient, lambda: EarlyStopping("val_loss")], ids=["ours", "theirs"])


@both_callbacks
def test_evaluating_a_checkpoint_leaves_the_run_as_it_was_and_the_next_fit_fresh(tmp_path, kind):
    callback = kind()
    keep = ModelCheckpoint(dirpath=tmp_path / "kept", monitor="val_loss")
    trainer, model = fit(callback, tmp_path, callbacks=[keep])
    decided, stopped = callback.decision, callback.stopped_epoch
    trainer.validate(model, loader(1), ckpt_path="best", verbose=False)
    assert (callback.decision, callback.stopped_epoch, len(callback.history)) == (decided, stopped, 7)
    again, _ = fit(callback, tmp_path, module(script=IMPROVING))
    assert (again.current_epoch, len(callback.history)) == (12, 12)


@both_callbacks
def test_a_run_that_was_resumed_after_its_end_is_forgotten_by_the_next_fit(tmp_path, kind):
    callback = kind()
    trainer, _ = fit(callback, tmp_path)
    trainer.save_checkpoint(tmp_path / "ended.ckpt")
    for epochs in (12, trainer.current_epoch):  # the latter ends before Lightning begins to train
        resumed, _ = fit(callback, tmp_path, ckpt_path=tmp_path / "ended.ckpt", max_epochs=epochs)
        assert resumed.current_epoch == trainer.current_epoch
        again, _ = fit(callback, tmp_path, module(script=IMPROVING))
        assert again.current_epoch == 12


@both_callbacks
def test_a_state_that_was_loaded_by_hand_is_that_of_the_next_fit_only(tmp_path, kind):
    callback, resumed = kind(), kind()
    fit(callback, tmp_path)
    resumed.load_state_dict(callback.state_dict())
    assert [fit(resumed, tmp_path, module(script=IMPROVING))[0].current_epoch for _ in range(2)] == [0, 12]


@both_callbacks
def test_a_search_for_the_learning_rate_does_not_bring_the_last_run_back(tmp_path, kind):
    callback = kind()
    fit(callback, tmp_path)
    search = LearningRateFinder(num_training_steps=3)
    trainer, _ = fit(callback, tmp_path, module(script=IMPROVING), callbacks=[search])
    assert (trainer.current_epoch, len(callback.history)) == (12, 12)


def test_two_callbacks_in_one_trainer_keep_their_own_state(tmp_path):
    short, long = patient(), ConvergenceStopping(val_metric="val_loss", criteria=Patience(5), min_epochs=0)
    fit(short, tmp_path, callbacks=[long])
    assert short.state_key != long.state_key
    assert (short.stopped_epoch, long.stopped_epoch) == (6, None)


def test_two_callbacks_that_differ_in_a_number_only_keep_their_own_state_too(tmp_path):
    def pair():
        return patient(), ConvergenceStopping(criteria=Patience(3), min_epochs=9)

    short, long = pair()
    trainer, _ = fit(short, tmp_path, callbacks=[long], max_epochs=5)
    trainer.save_checkpoint(tmp_path / "five.ckpt")
    short, long = pair()
    resumed, _ = fit(short, tmp_path, callbacks=[long], ckpt_path=tmp_path / "five.ckpt")
    assert (resumed.current_epoch, short.stopped_epoch, long.decision.best_step) == (7, 6, 3)


def test_a_checkpoint_of_one_callback_alone_is_known_whatever_its_numbers(tmp_path):
    trainer, _ = fit(patient(tolerance=0.1), tmp_path, max_epochs=5)
    trainer.save_checkpoint(tmp_path / "five.ckpt")
    state = torch.load(tmp_path / "five.ckpt", weights_only=True)["callbacks"]
    assert "ConvergenceStopping[None, min, patience]" in state


def test_decisions_go_to_the_loggers_when_asked(tmp_path):
    logger = CSVLogger(tmp_path)
    fit(patient(log_decisions=True), tmp_path, logger=logger)
    text = (tmp_path / "lightning_logs" / "version_0" / "metrics.csv").read_text()
    assert "convergence/verdict" in text and "convergence/stop" in text


def test_the_epochs_that_are_left_are_shown_when_asked(tmp_path, capsys):
    fit(patient(show_forecast=True), tmp_path)
    printed = capsys.readouterr().out.splitlines()
    assert [line.startswith("ETA ≈ ") for line in printed[:3]] == [True, True, False]  # epochs 4 and 5, then the end


def test_the_forecast_goes_to_the_loggers_when_asked(tmp_path):
    fit(patient(log_decisions=True), tmp_path, logger=CSVLogger(tmp_path))
    text = (tmp_path / "lightning_logs" / "version_0" / "metrics.csv").read_text()
    assert "convergence/epochs_left_low" in text and "convergence/forecast_loss" in text


def test_validation_scores_are_observed_beside_the_losses(tmp_path):
    class Scored(type(module())):
        def on_validation_epoch_end(self):
            self.log("val_acc", 0.5)

    callback = patient()
    fit(callback, tmp_path, Scored(), max_epochs=2)
    assert dict(callback.observations[-1].metrics) == {"val_acc": pytest.approx(0.5)}


def test_it_prints_once_at_the_end_and_is_silent_otherwise(tmp_path, capsys):
    fit(patient(), tmp_path)
    assert capsys.readouterr().out.count("Stopped at epoch 6") == 1
    fit(patient(verbose=False), tmp_path)
    assert capsys.readouterr().out == ""
    fit(patient(), tmp_path, max_epochs=3)
    assert capsys.readouterr().out.count("Ended after all 3 epochs: too few epochs to judge") == 1


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_loss_that_is_not_finite_never_ends_a_run_by_an_error(tmp_path, value):
    callback = patient()
    with pytest.warns(RuntimeWarning, match="val_loss is"):
        fit(callback, tmp_path, module(script=[1.0, value, 0.5, 0.4]), max_epochs=4)
    assert (callback.decision.best_step, callback.decision.best_value) == (3, pytest.approx(0.4))


def test_a_learning_rate_that_blows_up_is_named(tmp_path):
    class Exploding(type(module())):
        def validation_step(self, batch, index):
            self.log("val_loss", self.layer(batch).pow(2).mean())

    callback = ConvergenceStopping()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        fit(callback, tmp_path, Exploding(lr=1e12), max_epochs=30)
    assert callback.decision.verdict is Verdict.DIVERGED
    assert callback.stopped_epoch < 15


def test_the_rates_to_come_are_read_from_the_scheduler(tmp_path):
    class Scheduled(type(module())):
        def configure_optimizers(self):
            optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
            return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 2)]

    callback = patient()
    fit(callback, tmp_path, Scheduled(), max_epochs=5)
    assert callback.monitor.settings.lr_schedule == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001])
    assert [o.lr for o in callback.observations] == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001])


def test_a_scheduler_that_steps_with_the_batches_is_read_too(tmp_path):
    class Scheduled(type(module())):
        def configure_optimizers(self):
            optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
            scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 / (1 + step))
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    callback = patient()
    fit(callback, tmp_path, Scheduled(), max_epochs=3)
    assert callback.monitor.settings.lr_schedule == pytest.approx([0.1, 0.1 / 5, 0.1 / 9])


@pytest.mark.parametrize("frequency", [1, 2])
def test_its_rates_are_those_to_come_also_where_accumulation_does_not_divide_the_batches(tmp_path, frequency):
    class Scheduled(type(module())):
        def configure_optimizers(self):
            optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
            scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
            each = {"scheduler": scheduler, "interval": "step", "frequency": frequency}
            return {"optimizer": optimizer, "lr_scheduler": each}

    callback = patient()
    fit(callback, tmp_path, Scheduled(), max_epochs=3, accumulate_grad_batches=3)
    assert callback.monitor.settings.lr_schedule == pytest.approx([o.lr for o in callback.observations])


def test_it_can_be_sent_to_the_processes_that_lightning_spawns():
    assert pickle.loads(pickle.dumps(patient())).settings == patient().settings


def test_lightnings_own_yaml_configures_it(tmp_path, monkeypatch):
    pytest.importorskip("jsonargparse", reason="needs pip install 'convergence-callbacks[dev]'")
    monkeypatch.setattr("sys.argv", ["train"])
    monkeypatch.setenv("JSONARGPARSE_DEPRECATION_WARNINGS", "off")  # LightningCLI's own use of it
    from lightning.pytorch.cli import LightningCLI

    config = tmp_path / "config.yaml"
    config.write_text(
        """
trainer:
  max_epochs: 12
  logger: false
  enable_checkpointing: false
  enable_progress_bar: false
  enable_model_summary: false
  accelerator: cpu
  callbacks:
    - class_path: convergence_callbacks.lightning.ConvergenceStopping
      init_args:
        tolerance: 0.02
        min_epochs: 0
        stop_on: [converged, diverged]
        criteria:
          - patience: {patience: 3}
          - target_loss: 0.001
"""
    )
    cli = LightningCLI(
        type(module()),
        args=["--config", str(config)],
        run=False,
        save_config_callback=None,
        seed_everything_default=False,
    )
    (callback,) = [c for c in cli.trainer.callbacks if isinstance(c, ConvergenceStopping)]
    assert callback.settings.tolerance == 0.02
    assert callback.settings.stop_on == (Verdict.CONVERGED, Verdict.DIVERGED)
    cli.trainer.fit(cli.model, loader(), loader(1))
    assert callback.stopped_epoch == 6


def test_a_metric_that_is_logged_without_a_validation_loop_is_judged(tmp_path):
    class Scored(type(module())):
        def on_train_epoch_end(self):
            self.log("val_score", torch.tensor(min(0.1 * (self.current_epoch + 1), 0.4)))

    callback = patient(val_metric="val_score", mode="max")
    fit(callback, tmp_path, Scored(), validation=False)
    assert callback.stopped_epoch == 6 and callback.decision.best_value == pytest.approx(0.4)
    with pytest.raises(MetricNotFoundError, match="did you mean 'val_score'"):
        fit(patient(val_metric="val_scor", mode="max", strict=True), tmp_path, Scored(), validation=False)


def test_where_an_epoch_has_no_end_each_validation_is_judged(tmp_path):
    class Endless(torch.utils.data.IterableDataset):
        def __iter__(self):
            while True:
                yield torch.ones(4)

    class Falling(type(module())):
        def validation_step(self, batch, index):
            self.log("val_loss", torch.tensor(SCRIPT[self.global_step // 5 - 1]))

    import lightning

    callback = patient(verbose=False)
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "accelerator": "cpu"}
    trainer = lightning.Trainer(
        max_epochs=-1,
        max_steps=60,
        val_check_interval=5,
        callbacks=[callback],
        num_sanity_val_steps=0,
        enable_model_summary=False,
        **quiet,
    )
    data = torch.utils.data.DataLoader(Endless(), batch_size=8)
    trainer.fit(Falling(), data, loader(1))
    assert (callback.stopped_epoch, trainer.global_step) == (6, 35)
    assert str(callback.decision).startswith("stop at evaluation 7")


@pytest.mark.parametrize("made", [patient, lambda: EarlyStopping("val_loss", verbose=True)], ids=["ours", "stock"])
def test_a_resumed_run_that_had_stopped_says_so(made, tmp_path, capsys):
    kept = checkpointed(tmp_path, made())
    capsys.readouterr()
    fit(made(), tmp_path, ckpt_path=kept / "epoch=6.ckpt", max_epochs=40)
    assert "this run had stopped already" in capsys.readouterr().out
