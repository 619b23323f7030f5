"""A new phase of a run: what was the best stays the best, and all else is expected anew."""

import json

import numpy as np
import pytest

from convergence_callbacks import Default, Patience
from convergence_callbacks.record import verify

torch = pytest.importorskip("torch", reason="needs pip install 'convergence-callbacks[torch]'")
from convergence_callbacks.torch import ConvergenceStopping

FIRST, SECOND = [1.0, 0.5, 0.3, 0.35, 0.36], [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.35, 0.31]
PATIENT = {"criteria": Patience(3), "min_epochs": 0, "verbose": False}


def shown(stopping, losses, model=None):
    return [stopping.update(model, train_loss=loss, val_loss=loss) for loss in losses]


def test_patience_and_the_rule_begin_anew_and_the_best_stays():
    plain, phased = (ConvergenceStopping(**PATIENT) for _ in range(2))
    assert shown(plain, FIRST + SECOND)[5].stop
    shown(phased, FIRST)
    phased.new_phase()
    decisions = shown(phased, SECOND)
    assert not any(decision.stop for decision in decisions)
    assert {(decision.best_step, decision.best_value) for decision in decisions} == {(2, 0.3)}
    assert [decision.step for decision in decisions] == list(range(5, 13))
    assert shown(phased, [0.2])[0].best_step == 13


def test_of_a_score_the_best_stays_too():
    stopping = ConvergenceStopping(**PATIENT, val_metric="val_acc")
    for value in (0.5, 0.9):
        stopping.update(val_acc=value)
    stopping.new_phase()
    assert stopping.update(val_acc=0.6).best_value == 0.9
    assert stopping.update(val_acc=0.95).best_value == 0.95


def test_the_weights_of_the_best_epoch_of_all_phases_are_given_back():
    stopping, model = ConvergenceStopping(**PATIENT, restore_best=True), torch.nn.Linear(1, 1)
    for epoch, loss in enumerate(FIRST + SECOND):
        if epoch == len(FIRST):
            stopping.new_phase()
        torch.nn.init.constant_(model.weight, float(epoch))
        stopping.update(model, train_loss=loss, val_loss=loss)
    stopping.restore(model)
    assert model.weight.item() == 2.0


def test_before_the_first_epoch_nothing_happens():
    stopping = ConvergenceStopping(**PATIENT)
    stopping.new_phase()
    assert [d.stop for d in shown(stopping, FIRST)] == [False] * 5


@pytest.mark.parametrize("saved_at", [5, 8], ids=["at its beginning", "within it"])
def test_a_phase_goes_on_from_a_saved_state(saved_at):
    losses, states, whole = FIRST + SECOND + [0.5, 0.5, 0.5], {}, ConvergenceStopping(**PATIENT)
    for epoch, loss in enumerate(losses):
        if epoch == len(FIRST):
            whole.new_phase()
        states[epoch] = json.loads(json.dumps(whole.state_dict()))
        whole.update(train_loss=loss, val_loss=loss)
    resumed = ConvergenceStopping(**PATIENT)
    resumed.load_state_dict(states[saved_at])
    shown(resumed, losses[saved_at:])
    assert [d.to_dict() for d in resumed.history] == [d.to_dict() for d in whole.history[saved_at:]]
    assert resumed.stopped_epoch == whole.stopped_epoch == len(FIRST) + len(SECOND) + 2


def test_a_record_of_phases_is_confirmed(tmp_path):
    stopping = ConvergenceStopping(
        criteria=Default() | Patience(3), min_epochs=0, verbose=False, record=tmp_path / "r.jsonl"
    )
    shown(stopping, FIRST)
    stopping.new_phase()
    shown(stopping, SECOND)
    stopping.run.end()
    assert str(verify(tmp_path / "r.jsonl")) == "confirmed: all 13 decisions follow from the observations"
    tampered = (tmp_path / "r.jsonl").read_text().replace('"best_value": 0.3,', '"best_value": 0.2,')
    (tmp_path / "r.jsonl").write_text(tampered)
    assert not verify(tmp_path / "r.jsonl").is_confirmed


def test_a_budget_of_time_goes_on():
    now = [0.0]
    stopping = ConvergenceStopping(**PATIENT)
    stopping.monitor._clock = lambda: now[0]
    shown(stopping, FIRST)
    now[0] = 50.0
    before = stopping.monitor.elapsed()
    stopping.new_phase()
    assert stopping.monitor.elapsed() == pytest.approx(before)


class TestKeras:
    @pytest.fixture(autouse=True)
    def installed(self):
        pytest.importorskip("keras", reason="needs pip install 'convergence-callbacks[keras]'")

    def fit(self, stopping, made, losses, start):
        from tests.keras_training import Scripted, fit

        scripted = Scripted([0.0] * start + losses)
        return fit(stopping, made=made, scripted=scripted, epochs=start + len(losses), initial_epoch=start)

    def test_another_fit_of_a_model_begins_a_phase(self):
        from convergence_callbacks.keras import ConvergenceStopping
        from tests.keras_training import model

        stopping, made = ConvergenceStopping(**PATIENT, restore_best=True), model()
        _, scripted, _ = self.fit(stopping, made, FIRST, 0)
        self.fit(stopping, made, SECOND, len(FIRST))
        assert (stopping.decision.step, stopping.stopped_epoch) == (12, None)
        assert (stopping.decision.best_step, stopping.decision.best_value) == (2, pytest.approx(0.3))
        for got, expected in zip(made.get_weights(), scripted.weights[2], strict=True):
            np.testing.assert_array_equal(got, expected)

    def test_a_stop_does_not_end_the_next_fit(self):
        from convergence_callbacks.keras import ConvergenceStopping
        from tests.keras_training import model

        stopping, made = ConvergenceStopping(**PATIENT), model()
        self.fit(stopping, made, [*FIRST, 0.37, 0.38], 0)
        assert stopping.stopped_epoch == 5
        self.fit(stopping, made, SECOND, 6)
        assert (stopping.decision.step, stopping.stopped_epoch) == (13, None)

    def test_another_model_or_a_fit_from_the_start_begins_a_run(self):
        from convergence_callbacks.keras import ConvergenceStopping
        from tests.keras_training import model

        stopping, made = ConvergenceStopping(**PATIENT), model()
        for other, start in ((made, 0), (made, 0), (model(), len(FIRST))):
            self.fit(stopping, other, FIRST, start)
            assert (len(stopping.history), stopping.decision.best_step) == (5, start + 2)


class TestLightning:
    @pytest.fixture(autouse=True)
    def installed(self):
        self.lightning = pytest.importorskip("lightning", reason="needs pip install 'convergence-callbacks[lightning]'")

    def made(self, script, layers=1):
        lightning = self.lightning

        class Module(lightning.LightningModule):
            def __init__(self):
                super().__init__()
                self.backbone, self.head = torch.nn.Linear(4, 4), torch.nn.Linear(4, 1)
                self.seen = []

            def training_step(self, batch, index):
                return self.head(self.backbone(batch)).pow(2).mean()

            def validation_step(self, batch, index):
                self.log("val_loss", torch.tensor(script[self.current_epoch]))

            def on_validation_epoch_end(self):
                self.seen.append(self.head.weight.detach().clone())

            def configure_optimizers(self):
                return torch.optim.SGD([each for each in self.parameters() if each.requires_grad], 0.05)

        return Module()

    def trainer(self, folder, epochs, *callbacks):
        return self.lightning.Trainer(
            max_epochs=epochs,
            callbacks=list(callbacks),
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            accelerator="cpu",
            default_root_dir=folder,
        )

    def loaders(self):
        return [torch.utils.data.DataLoader(torch.ones(8, 4), batch_size=4) for _ in range(2)]

    def stopping(self, **settings):
        from convergence_callbacks.lightning import ConvergenceStopping

        return ConvergenceStopping(**PATIENT, **settings)

    def test_another_fit_of_a_trainer_begins_a_phase(self, tmp_path):
        stopping, module = self.stopping(restore_best=True), self.made(FIRST + SECOND)
        trainer = self.trainer(tmp_path, len(FIRST), stopping)
        trainer.fit(module, *self.loaders())
        trainer.fit_loop.max_epochs = len(FIRST + SECOND)
        trainer.fit(module, *self.loaders())
        assert (stopping.decision.step, stopping.stopped_epoch) == (12, None)
        assert (stopping.decision.best_step, stopping.decision.best_value) == (2, pytest.approx(0.3))
        assert torch.equal(module.head.weight, module.seen[2])

    def test_another_trainer_begins_a_run(self, tmp_path):
        stopping = self.stopping()
        for _ in range(2):
            self.trainer(tmp_path, len(FIRST), stopping).fit(self.made(FIRST), *self.loaders())
            assert (len(stopping.history), stopping.decision.best_step) == (5, 2)

    def test_a_checkpoint_goes_on_in_its_phase(self, tmp_path):
        stopping = self.stopping()
        trainer = self.trainer(tmp_path, len(FIRST), stopping)
        trainer.fit(self.made(FIRST), *self.loaders())
        trainer.save_checkpoint(tmp_path / "last.ckpt")
        resumed = self.stopping()
        script = [*FIRST, 0.37, 0.38, 0.39]
        self.trainer(tmp_path, len(script), resumed).fit(
            self.made(script), *self.loaders(), ckpt_path=tmp_path / "last.ckpt"
        )
        assert resumed.stopped_epoch == 5

    def test_layers_that_are_unfrozen_begin_a_phase(self, tmp_path):
        from lightning.pytorch.callbacks import BackboneFinetuning

        stopping = self.stopping()
        unfreeze = BackboneFinetuning(unfreeze_backbone_at_epoch=len(FIRST), lambda_func=lambda epoch: 1.0)
        trainer = self.trainer(tmp_path, len(FIRST + SECOND), stopping, unfreeze)
        trainer.fit(self.made(FIRST + SECOND), *self.loaders())
        assert (stopping.decision.step, stopping.stopped_epoch) == (12, None)
        assert stopping.decision.best_step == 2

    def test_layers_that_stay_as_they_are_begin_none(self, tmp_path):
        from lightning.pytorch.callbacks import BackboneFinetuning

        stopping = self.stopping()
        trainer = self.trainer(
            tmp_path, len(FIRST + SECOND), stopping, BackboneFinetuning(unfreeze_backbone_at_epoch=99)
        )
        trainer.fit(self.made(FIRST + SECOND), *self.loaders())
        assert stopping.stopped_epoch == 5
