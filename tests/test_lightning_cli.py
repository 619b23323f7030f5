"""LightningCLI's YAML and its command line, which goes before it."""

import pytest

pytest.importorskip("lightning", reason="needs pip install 'convergence-callbacks[lightning]'")
pytest.importorskip("jsonargparse", reason="needs pip install 'convergence-callbacks[dev]'")

from convergence_callbacks import Patience
from tests.adapters.in_lightning import Module
from tests.test_docs import ROOT, snippets

QUIET = [
    f"--trainer.{name}=false"
    for name in ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary")
]


@pytest.fixture
def configured(tmp_path, monkeypatch):
    """The callback that a command line makes."""
    monkeypatch.setattr("sys.argv", ["train"])
    monkeypatch.setenv("JSONARGPARSE_DEPRECATION_WARNINGS", "off")  # LightningCLI's own use of it
    from lightning.pytorch.cli import LightningCLI

    class Fixed(Module):
        def __init__(self):
            super().__init__([1.0])

    def made(*args):
        cli = LightningCLI(
            Fixed,
            args=[*args, "--trainer.accelerator=cpu", *QUIET],
            run=False,
            save_config_callback=None,
            seed_everything_default=False,
        )
        return next(c for c in cli.trainer.callbacks if type(c).__name__ == "ConvergenceStopping")

    return made


def test_the_command_line_goes_before_the_file(configured, tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text(next(text for text in snippets(ROOT / "docs" / "configuration.md", "yaml") if "trainer:" in text))
    assert configured(f"--config={config}").settings.tolerance == 0.005
    changed = configured(f"--config={config}", "--trainer.callbacks.tolerance=0.02").settings
    assert changed.tolerance == 0.02
    assert changed.criteria.criteria == (Patience(20),)


def test_the_command_line_alone_is_enough(configured):
    name = "convergence_callbacks.lightning.ConvergenceStopping"
    callback = configured(f"--trainer.callbacks+={name}", "--trainer.callbacks.restore_best=true")
    assert callback.settings.restore_best
