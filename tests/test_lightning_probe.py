"""The probe under Lightning: it shows a false plateau, and leaves no trace where it finds nothing."""

import random

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra lightning")
pytest.importorskip("lightning", reason="needs the extra lightning")

from convergence_callbacks.adapter.stages.act import ActStage
from convergence_callbacks.experiments.actions import EPOCHS
from convergence_callbacks.experiments.probe import ARM_EPOCHS, FURTHER
from convergence_callbacks.experiments.probing import EARLY
from convergence_callbacks.lightning import ConvergenceStopping
from convergence_callbacks.lightning import trained as lightning_trained
from convergence_callbacks.record import verify
from tests.acted import slow_at
from tests.lightning_training import SCRIPT, fit, module

SUSPECT = "convergence_callbacks.experiments.probing.is_suspected_plateau"


def learner(lr, optimizer=torch.optim.Adam, **settings):
    import lightning

    class Learner(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.layers = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.BatchNorm1d(8), torch.nn.Dropout(0.2))
            self.last = torch.nn.Linear(8, 1)

        def loss(self, batch):
            return (self.last(self.layers(batch)) - batch.sum(1, keepdim=True)).pow(2).mean()

        def training_step(self, batch, index):
            random.random(), np.random.rand()
            return self.loss(batch)

        def validation_step(self, batch, index):
            self.log("val_loss", self.loss(batch))

        def configure_optimizers(self):
            made = optimizer(self.parameters(), lr=lr, **settings)
            return [made], [torch.optim.lr_scheduler.StepLR(made, 100)]

    return Learner()


def trace(trainer, model):
    """All that goes on from here, in bits."""
    return {
        "weights": {name: value.clone() for name, value in model.state_dict().items()},
        "optimizer": [o.state_dict() for o in trainer.optimizers],
        "scheduler": [c.scheduler.state_dict() for c in trainer.lr_scheduler_configs],
        "random": [torch.get_rng_state(), *random.getstate()[1], *np.random.get_state()[1].tolist()],
        "step": (trainer.current_epoch, trainer.global_step),
    }


def loader(shuffle, own_generator=False):
    data = torch.randn(32, 4, generator=torch.Generator().manual_seed(3))
    own = torch.Generator().manual_seed(5) if own_generator else None
    return torch.utils.data.DataLoader(data, batch_size=8, shuffle=shuffle, generator=own)


def run(tmp_path, monkeypatch, model, own_generator=False, epochs=40, **settings):
    loaders = [loader(True, own_generator), loader(False)]
    monkeypatch.setattr("tests.lightning_training.loader", lambda seed=0: loaders[seed])
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    stopping = ConvergenceStopping(verbose=False, stop_on=[], **settings)
    return stopping, trace(*fit(stopping, tmp_path, model, max_epochs=epochs))


def test_of_a_copy_both_losses_are_observed(tmp_path, monkeypatch):
    trained, copies = lightning_trained.train_copy, []

    def seen(*given):
        copies.append(trained(*given))
        return copies[-1]

    monkeypatch.setattr(lightning_trained, "train_copy", seen)
    monkeypatch.setattr(SUSPECT, lambda decision: decision.step == 10)
    run(tmp_path, monkeypatch, learner(1e-6), epochs=11, probe=True)
    assert len(copies) >= 3 and all(len(copy) == ARM_EPOCHS for copy in copies)
    assert np.isfinite([(each.train_loss, each.val_loss) for copy in copies for each in copy]).all()


@pytest.mark.parametrize("own_generator", [False, True])
def test_a_run_whose_probe_finds_nothing_is_bit_for_bit_the_run_without(tmp_path, monkeypatch, own_generator):
    monkeypatch.setattr(SUSPECT, lambda decision: decision.step in {10, 20})
    without, left = run(tmp_path, monkeypatch, learner(0.05), own_generator, epochs=23)
    probing, found = run(tmp_path, monkeypatch, learner(0.05), own_generator, epochs=23, probe=True)
    probed = [d.step for d in probing.history if "probe_epochs" in d.evidence]
    assert probed == [10, 20] and all(d.criterion != "probe" for d in probing.history)
    torch.testing.assert_close(found, left, rtol=0, atol=0)
    assert probing.observations[-1].val_loss == without.observations[-1].val_loss
    assert probing.history[-1].verdict is without.history[-1].verdict


def test_a_rate_that_is_far_too_low_is_shown(tmp_path, monkeypatch):
    stopping, _ = run(tmp_path, monkeypatch, learner(1e-4, torch.optim.SGD), epochs=25, probe=True)
    found = [d for d in stopping.history if d.criterion == "probe"]
    assert found[0].verdict == "false_convergence" and found[0].step >= 10
    times = found[0].evidence["times_too_low"]
    assert times in FURTHER and f"{times * 1e-4:.2g}, which was tried" in found[0].advice[0]
    assert found[0].evidence["probe_raised_progress"] > 5
    assert max(d.evidence.get("probe_epochs", 0) for d in stopping.history) <= 60
    assert stopping.decision is stopping.history[-1]


def test_copies_say_nothing(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(SUSPECT, lambda decision: decision.step == 10)
    printed = []
    for settings in ({}, {"probe": True}):
        caplog.clear()
        run(tmp_path, monkeypatch, learner(0.05), epochs=12, **settings)
        printed.append([record.getMessage() for record in caplog.records])
    assert printed[0] == printed[1]


def test_what_can_not_be_copied_is_reported_and_the_training_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(SUSPECT, lambda decision: decision.step == 10)
    model = learner(0.05)
    model.kept = (x for x in [])  # a generator can't be copied
    with pytest.warns(RuntimeWarning, match="the probe failed"):
        stopping, _ = run(tmp_path, monkeypatch, model, epochs=12, probe=True)
    assert len(stopping.history) == 12


def test_a_budget_below_one_probe_is_refused():
    with pytest.raises(ValueError, match="probe_budget must be at least 12"):
        ConvergenceStopping(probe=True, probe_budget=5)


def test_what_a_probe_found_survives_a_checkpoint(tmp_path, monkeypatch):
    import lightning

    saves = lightning.pytorch.callbacks.ModelCheckpoint(tmp_path, "last", every_n_epochs=1)
    monkeypatch.setattr("tests.lightning_training.loader", lambda seed=0: loader(False))
    first = ConvergenceStopping(verbose=False, stop_on=[], probe=True, probe_budget=12)
    fit(first, tmp_path, learner(1e-4, torch.optim.SGD), max_epochs=12, callbacks=[saves])
    again = ConvergenceStopping(verbose=False, stop_on=[], probe=True, probe_budget=12)
    fit(again, tmp_path, learner(1e-4, torch.optim.SGD), max_epochs=15, ckpt_path=tmp_path / "last.ckpt")
    assert first.decision.criterion == again.decision.criterion == "probe"
    assert again.decision.evidence["probe_epochs"] == 12 and [d.step for d in again.history] == [12, 13, 14]


def raising(**settings):
    return {"act": {"false_convergence": "raise_lr"}, **settings}


def test_too_low_a_rate_is_raised_and_learns(tmp_path, monkeypatch):
    record = tmp_path / "record.jsonl"
    acts = raising(probe=True, record=record)
    raised, _ = run(tmp_path, monkeypatch, learner(1e-4, torch.optim.SGD), epochs=18, **acts)
    assert verify(record).is_confirmed, str(verify(record))
    first = next(decision for decision in raised.history if "rate_total" in decision.evidence)
    times = first.evidence["rate_total"]
    assert (
        first.step == EARLY and times in FURTHER and f"raised {times:,.0f} times, to {times * 1e-4:.2g}" in first.reason
    )
    rates, losses = zip(*((o.lr, o.val_loss) for o in raised.observations), strict=True)
    assert rates[first.step : first.step + 2] == pytest.approx([1e-4, times * 1e-4])
    assert losses[first.step] - losses[first.step + 4] > 4 * (losses[first.step - 4] - losses[first.step])


def test_a_raise_that_does_not_help_is_undone_also_by_a_run_that_was_killed_in_its_middle(tmp_path, monkeypatch):
    import lightning

    monkeypatch.setattr("convergence_callbacks.experiments.actions.Actions.after", slow_at(3))
    monkeypatch.setattr("tests.lightning_training.loader", lambda seed=0: loader(False))
    kept = {}

    class Watches(lightning.Callback):
        def on_train_epoch_start(self, trainer, pl_module):
            kept[trainer.current_epoch] = {name: value.clone() for name, value in pl_module.state_dict().items()}

    def go(epochs, **more):
        script = [*SCRIPT[:4], 0.35, 0.34, *SCRIPT[6:], *SCRIPT]  # best at epoch 3, then not hopeless at once
        model = module(script=script, lr=0.01)
        written = {"restore_best": True, "record": tmp_path / "record.jsonl"}
        stopping = ConvergenceStopping(verbose=False, stop_on=[], **raising(**written))
        callbacks = [Watches(), lightning.pytorch.callbacks.ModelCheckpoint(tmp_path, "last", every_n_epochs=1)]
        return stopping, *fit(stopping, tmp_path, model, max_epochs=epochs, callbacks=callbacks, **more)

    go(7)
    before = kept[4]
    again, _, _ = go(15, ckpt_path=tmp_path / "last.ckpt")
    assert verify(tmp_path / "record.jsonl").is_confirmed
    undone = 3 + EPOCHS
    assert [d.step for d in again.history if d.reason.endswith("rate and weights are those of before")] == [undone]
    for name, value in kept[undone + 1].items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)
    assert [o.lr for o in again.observations] == pytest.approx([0.1] * (undone - 6) + [0.01] * (14 - undone))
    assert again.decision.best_step == 3


def test_a_schedule_of_somebody_s_own_that_can_not_be_changed_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr("convergence_callbacks.experiments.actions.Actions.after", slow_at(3))
    monkeypatch.setattr("convergence_callbacks.lightning.trained.scale_rate", lambda *_: 1 / 0)
    with pytest.warns(RuntimeWarning, match="what act asks for can't be done"):
        stopping, _ = run(tmp_path, monkeypatch, learner(0.05), epochs=6, **raising())
    assert len(stopping.history) == 6 and stopping.run.stage(ActStage).actions.trial is None


def test_who_interrupts_a_probe_interrupts_the_run(tmp_path, monkeypatch):
    import lightning

    def interrupted(*_):
        raise KeyboardInterrupt

    class Ended(lightning.Callback):
        def on_exception(self, trainer, pl_module, error):
            self.by = type(error)

    monkeypatch.setattr("convergence_callbacks.lightning.probe.StartsWhereTheRunIs.on_train_start", interrupted)
    monkeypatch.setattr(SUSPECT, lambda decision: decision.step == 10)
    ended = Ended()
    with pytest.raises(SystemExit):  # Lightning's own
        fit(ConvergenceStopping(probe=True, stop_on=[], verbose=False), tmp_path, learner(1e-6), callbacks=[ended])
    assert ended.by is KeyboardInterrupt
