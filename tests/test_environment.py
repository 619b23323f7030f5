"""A callback for every Lightning Trainer of a process, by a variable of the environment."""

import pytest

lightning = pytest.importorskip("lightning", reason="needs pip install 'convergence-callbacks[lightning]'")

from convergence_callbacks import AnyOf, Patience, SettingsError
from convergence_callbacks.lightning import ConvergenceStopping
from tests.adapters.contract import SCRIPT
from tests.adapters.in_lightning import Module
from tests.adapters.torch_data import loader


def trainer(tmp_path, *callbacks):
    return lightning.Trainer(
        max_epochs=12,
        callbacks=list(callbacks),
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=tmp_path,
    )


def stoppings(made):
    return [callback for callback in made.callbacks if isinstance(callback, ConvergenceStopping)]


@pytest.fixture
def named(tmp_path, monkeypatch):
    path = tmp_path / "convergence.yaml"
    path.write_text("min_epochs: 0\nverbose: false\ncriteria:\n  - patience: 3\n")
    monkeypatch.setenv("CONVERGENCE_CONFIG", str(path))
    return path


def test_without_the_variable_nothing_is_added(tmp_path, monkeypatch):
    monkeypatch.delenv("CONVERGENCE_CONFIG", raising=False)
    assert stoppings(trainer(tmp_path)) == []


@pytest.mark.parametrize("namespace", ["lightning", "pytorch_lightning"])
def test_a_trainer_of_either_name_gets_the_callback(tmp_path, named, namespace):
    made = pytest.importorskip(namespace).Trainer(logger=False, enable_checkpointing=False, accelerator="cpu")
    (callback,) = stoppings(made)
    assert callback.settings.criteria == AnyOf.of(Patience(3))


def test_it_ends_the_training(tmp_path, named):
    made = trainer(tmp_path)
    made.fit(Module(SCRIPT), loader(), loader())
    assert made.current_epoch == 7


def test_a_callback_of_the_program_goes_before_it(tmp_path, named):
    own = ConvergenceStopping(criteria=Patience(5), min_epochs=0, verbose=False)
    made = trainer(tmp_path, own)
    made.fit(Module(SCRIPT), loader(), loader())
    assert stoppings(made) == [own]
    assert (own.stopped_epoch, made.current_epoch) == (8, 9)


def test_a_file_that_is_not_there_or_wrong_is_reported_at_once(tmp_path, named, monkeypatch):
    named.write_text("patience: 3\n")
    with pytest.raises(SettingsError, match="line 1: 'patience' is a criterion"):
        trainer(tmp_path)
    monkeypatch.setenv("CONVERGENCE_CONFIG", "nowhere.yaml")
    with pytest.raises(SettingsError, match=r"CONVERGENCE_CONFIG names 'nowhere\.yaml', which can't be read"):
        trainer(tmp_path)


def test_what_the_program_says_goes_before_the_file_before_the_framework_before_the_defaults(tmp_path, named):
    named.write_text("min_epochs: 2\ntolerance: 0.02\n")
    callback = ConvergenceStopping.from_yaml(named, tolerance=0.03, verbose=False)
    trainer(tmp_path, callback).fit(Module(SCRIPT), loader(), loader())
    settings = callback.monitor.settings
    assert (settings.tolerance, settings.min_epochs, settings.max_epochs, settings.mode) == (0.03, 2, 12, "min")
    named.write_text("max_epochs: 9\n")
    callback = ConvergenceStopping.from_yaml(named, verbose=False)
    trainer(tmp_path, callback).fit(Module(SCRIPT), loader(), loader())
    assert callback.monitor.settings.max_epochs == 9
