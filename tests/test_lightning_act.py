"""What is done about a verdict under Lightning: runs that heal, and trials that leave no trace."""

import pytest

torch = pytest.importorskip("torch", reason="needs the extra lightning")
lightning = pytest.importorskip("lightning", reason="needs the extra lightning")

from convergence_callbacks import Verdict
from convergence_callbacks.adapter.stages.act import ActStage
from convergence_callbacks.lightning import ConvergenceStopping
from convergence_callbacks.lightning.trained import TrainedModule
from tests.acted import actions_of, acts_at, best
from tests.lightning_training import SCRIPT, fit, module


class Regression(lightning.LightningModule):
    """A linear regression with noise in its targets, by steps of one example."""

    def __init__(self, lr, noise=0.0, momentum=0.9):
        super().__init__()
        torch.manual_seed(0)
        self.layer, self.lr, self.momentum = torch.nn.Linear(4, 1), lr, momentum
        draws = torch.Generator().manual_seed(1)
        x = torch.randn(96, 4, generator=draws)
        y = x.sum(1, keepdim=True) + noise * torch.randn(96, 1, generator=draws)
        self.train_data, self.val_data = ((x[:64], y[:64]), (x[64:], x[64:].sum(1, keepdim=True)))

    def loader(self, data, size):
        return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(*data), batch_size=size)

    def train_dataloader(self):
        return self.loader(self.train_data, 8)

    def val_dataloader(self):
        return self.loader(self.val_data, 32)

    def loss(self, batch):
        return (self.layer(batch[0]) - batch[1]).pow(2).mean()

    def training_step(self, batch, index):
        return self.loss(batch)

    def validation_step(self, batch, index):
        self.log("val_loss", self.loss(batch))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.lr, momentum=self.momentum)


def train(tmp_path, model, epochs, callbacks=(), ckpt_path=None, **settings):
    stopping = ConvergenceStopping(**{"verbose": False, "restore_best": True, **settings})
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
    trainer = lightning.Trainer(
        max_epochs=epochs,
        callbacks=[stopping, *callbacks],
        enable_checkpointing=bool(callbacks),
        default_root_dir=tmp_path,
        **quiet,
    )
    trainer.fit(model, ckpt_path=ckpt_path)
    return stopping


def test_a_run_that_blew_up_goes_back_to_its_start_and_learns(tmp_path):
    with pytest.warns(RuntimeWarning, match="loss is"):
        alone = train(tmp_path, Regression(3.0), 60)
    assert alone.decision.verdict == "diverged"
    with pytest.warns(RuntimeWarning, match="loss is"):
        healed = train(tmp_path, Regression(3.0), 60, act="heal")
    assert actions_of(healed)[0] == "roll_back" and "keep" in actions_of(healed)
    assert "goes back to where nothing was lost" in next(d.reason for d in healed.history if d.action == "roll_back")
    assert best(healed) < 1e-3 and healed.decision.verdict != "diverged"


def test_at_a_plateau_the_rate_is_lowered_and_that_stays_where_it_pays(tmp_path, monkeypatch):
    alone = train(tmp_path, Regression(0.15, noise=1.0, momentum=0.0), 30, stop_on=[])
    monkeypatch.setattr("convergence_callbacks.experiments.actions.Actions.after", acts_at(12, Verdict.CONVERGED))
    healed = train(tmp_path, Regression(0.15, noise=1.0, momentum=0.0), 30, stop_on=[], act="heal")
    assert actions_of(healed) == ["lower_lr", "keep"] and best(healed) < 0.8 * best(alone)
    assert [seen.lr for seen in healed.observations][12:14] == pytest.approx([0.15, 0.015])


class Watches(lightning.Callback):
    """Keeps what a run is when an epoch begins."""

    def __init__(self, stopping):
        self.stopping, self.seen = stopping, {}

    def on_train_epoch_start(self, trainer, pl_module):
        state = self.stopping.run.stage(ActStage)
        self.seen[trainer.current_epoch] = {
            "weights": {name: value.clone() for name, value in pl_module.state_dict().items()},
            "rate": trainer.optimizers[0].param_groups[0]["lr"],
            "snapshots": {name: snapshot.step for name, snapshot in state.snapshots.items()},
        }


@pytest.mark.parametrize("verdict", [Verdict.CONVERGED, Verdict.OVERFITTING])
def test_a_trial_that_is_undone_leaves_no_trace_and_the_run_ends_as_it_was_about_to(tmp_path, monkeypatch, verdict):
    monkeypatch.setattr("convergence_callbacks.experiments.actions.Actions.after", acts_at(6, verdict))
    model = module(script=[*SCRIPT, *SCRIPT], lr=0.01)
    stopping = ConvergenceStopping(verbose=False, stop_on=[], act="heal")
    watches, before = Watches(stopping), {}
    state = TrainedModule.state

    def kept(held):
        return before.setdefault(held._trainer.current_epoch, state(held))

    monkeypatch.setattr(TrainedModule, "state", kept)
    fit(stopping, tmp_path, model, max_epochs=20, callbacks=[watches])
    assert actions_of(stopping) == ["lower_lr", "undo"] and stopping.decision.stop
    assert stopping.decision.verdict is verdict and stopping.decision.best_step == 3
    torch.testing.assert_close(dict(model.state_dict()), before[6]["weights"], rtol=0, atol=0)
    torch.testing.assert_close(watches.seen[7]["weights"], before[3]["weights"], rtol=0, atol=0)
    assert watches.seen[7]["rate"] < 0.006 and watches.seen[7]["snapshots"]["earlier"] == 3


@pytest.mark.parametrize(
    ("verdict", "cut"), [(Verdict.DIVERGED, 8), (Verdict.CONVERGED, 7), (Verdict.FALSE_CONVERGENCE, 9)]
)
def test_a_run_that_is_killed_in_the_middle_of_a_trial_goes_on_as_if_it_had_not(tmp_path, monkeypatch, verdict, cut):
    monkeypatch.setattr("convergence_callbacks.experiments.actions.Actions.after", acts_at(6, verdict))

    def go(epochs, folder, **more):
        saves = lightning.pytorch.callbacks.ModelCheckpoint(tmp_path / folder, "last", every_n_epochs=1)
        model, settings = Regression(0.01), {"act": "heal", "stop_on": [], "max_epochs": 16}
        stopping = train(tmp_path, model, epochs, [saves], **settings, **more)
        return stopping, model

    whole, left = go(16, "whole")
    go(cut + 1, "cut")
    again, found = go(16, "cut", ckpt_path=tmp_path / "cut" / "last.ckpt")
    assert [d.to_dict() for d in again.history] == [d.to_dict() for d in whole.history[cut + 1 :]]
    torch.testing.assert_close(dict(found.state_dict()), dict(left.state_dict()), rtol=0, atol=0)
    assert verdict is not Verdict.FALSE_CONVERGENCE or actions_of(whole) == ["raise_lr", "raise_lr", "keep"]
    assert again.run.stage(ActStage).actions == whole.run.stage(ActStage).actions


def test_beside_a_callback_that_averages_weights_nothing_is_done_and_that_is_reported(tmp_path):
    averaging = pytest.importorskip("lightning.pytorch.callbacks.weight_averaging", reason="needs Lightning 2.6")
    with pytest.warns(RuntimeWarning, match="another callback averages the weights"):
        stopping = train(tmp_path, Regression(0.01), 2, [averaging.WeightAveraging()], act="heal")
    assert not actions_of(stopping)
