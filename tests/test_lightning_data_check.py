"""The data check under Lightning: it names what is wrong with a training, and accuses no sound one."""

import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra lightning")
pytest.importorskip("lightning", reason="needs the extra lightning")

from convergence_callbacks.adapter.stages.data_check import DataCheck
from convergence_callbacks.lightning import ConvergenceStopping

RNG = np.random.default_rng(0)
X = RNG.normal(size=(256, 4)).astype("float32")
Y = (X[:, :1] - X[:, 1:2] ** 2).astype("float32")


def learner(loss=None, spoil=lambda model: None):
    import lightning

    class Learner(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.first, self.last = torch.nn.Linear(4, 16), torch.nn.Linear(16, 1)
            spoil(self)

        def training_step(self, batch, index):
            x, y = batch
            return (loss or torch.nn.functional.mse_loss)(self.last(torch.relu(self.first(x))), y)

        def validation_step(self, batch, index):
            self.log("val_loss", self.training_step(batch, index))

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), lr=0.01)

    return Learner()


def fit(model, x=X, y=Y, *, epochs=2, check_data=True, **settings):
    import lightning

    stopping = ConvergenceStopping(check_data=check_data, verbose=False, **settings)
    data = torch.utils.data.TensorDataset(torch.as_tensor(x), torch.as_tensor(y))
    train, val = (torch.utils.data.DataLoader(data, batch_size=32, shuffle=shuffle) for shuffle in (True, False))
    quiet = {
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    trainer = lightning.Trainer(callbacks=stopping, max_epochs=epochs, accelerator="cpu", log_every_n_steps=1, **quiet)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Using a target size")  # PyTorch warns of some of it too
        trainer.fit(model, train, val)
    return stopping, model


def names(*given, **named):
    return [fault.name for fault in fit(*given, **named)[0].faults]


def test_a_sound_run_is_not_accused_and_goes_on_bit_for_bit_as_without():
    torch.manual_seed(1)
    checked, model = fit(learner())
    torch.manual_seed(1)
    _, plain = fit(learner(), check_data=False)
    assert checked.faults == () and checked.state_dict()["data_check"] == []
    torch.testing.assert_close(model.state_dict(), plain.state_dict(), rtol=0, atol=0)


def test_shuffled_labels_are_named_once_the_run_does_not_learn():
    stopping, _ = fit(learner(), X, RNG.permutation(Y), epochs=30, stop_on=[], baseline_loss=float(Y.var()))
    assert [fault.name for fault in stopping.faults] == ["independent_labels"]
    failing = [d for d in stopping.history if d.verdict not in ("improving", "converged")]
    assert failing and all("independent_labels" in d.evidence and "paired" in d.advice[0] for d in failing)
    assert not any("independent_labels" in d.evidence for d in stopping.history if d not in failing)


@pytest.mark.parametrize(
    "loss",
    [
        torch.nn.functional.mse_loss,
        torch.nn.MSELoss(),
        lambda predicted, wanted: (predicted - wanted).square().mean(),
        lambda predicted, wanted: (wanted - predicted).abs().mean(),
        lambda predicted, wanted: torch.nn.functional.l1_loss(input=predicted, target=wanted),
    ],
)
def test_targets_that_are_broadcast_are_reported_at_once(loss):
    with pytest.warns(RuntimeWarning, match=r"outputs of shape \(32, 1\) and targets of shape \(32,\)"):
        assert names(learner(loss), X, Y[:, 0], epochs=1) == ["broadcast_targets"]


def test_targets_that_are_given_their_shape_in_the_step_are_no_broadcast():
    assert (
        names(learner(lambda predicted, wanted: (predicted.squeeze(1) - wanted).square().mean()), X, Y[:, 0], epochs=1)
        == []
    )


def test_what_is_compared_is_watched_no_longer_than_the_first_loss():
    torch.manual_seed(1)
    fit(learner(), epochs=1)
    assert torch.overrides._get_current_function_mode_stack() == []
    with pytest.raises(ZeroDivisionError):
        fit(learner(lambda predicted, wanted: 1 / 0), epochs=1)
    assert torch.overrides._get_current_function_mode_stack() == []


def cut_off(model):
    torch.nn.init.constant_(model.first.bias, -1e3)


def freeze(model):
    model.first.requires_grad_(False)


@pytest.mark.parametrize(
    ("model", "name", "layer"),
    [
        (lambda: learner(spoil=cut_off), "dead_layers", "first"),
        (lambda: learner(spoil=freeze), "frozen_layers", "first"),
        (
            lambda: learner(lambda predicted, wanted: (0 * predicted).sqrt().mean()),
            "non_finite_gradients",
            "first, last",
        ),
        (lambda: learner(lambda predicted, wanted: (0 * predicted).mean()), "nothing_trained", "first, last"),
    ],
)
@pytest.mark.filterwarnings("ignore:nothing_trained:RuntimeWarning", "ignore:.*_loss is nan:RuntimeWarning")
def test_layers_that_nothing_reaches_are_named(model, name, layer):
    stopping, _ = fit(model(), epochs=1)
    (fault,) = stopping.faults
    assert fault.name == name and fault.reason.endswith(f": {layer}")


def test_what_was_found_survives_a_state_and_is_not_looked_for_again():
    stopping, _ = fit(learner(), X, RNG.permutation(Y))
    again = ConvergenceStopping(check_data=True)
    again.load_state_dict(stopping.state_dict())
    again.begin()
    assert again.faults == stopping.faults and not again.run.stage(DataCheck).is_looking


def test_a_batch_that_nobody_understands_does_not_end_the_training(monkeypatch):
    monkeypatch.setattr("convergence_callbacks.adapter.batches.inputs_and_targets", lambda batch: (object(), None))
    with pytest.warns(RuntimeWarning, match="the data check failed"):
        stopping, _ = fit(learner())
    assert len(stopping.history) == 2 and stopping.faults == ()


def test_a_loop_of_ones_own_has_the_gradients_too():
    from convergence_callbacks import check_data
    from convergence_callbacks.torch import GradientWatch

    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    torch.nn.init.constant_(model[0].bias, -1e3)
    gradients, x, y = GradientWatch(model), torch.as_tensor(X), torch.as_tensor(Y)
    assert gradients.layers() == ()
    for _ in range(3):
        torch.nn.functional.mse_loss(model(x), y).backward()
        gradients.note()
    (fault,) = check_data(x, y, outputs=model(x), layers=gradients.layers())
    assert fault.name == "dead_layers" and fault.reason == "no gradient reaches 1 of 2 layers: 0"
