"""First mistakes are answered with what to type."""

import importlib
import re
import subprocess
import sys

import pytest

import convergence_callbacks
from convergence_callbacks import Patience, SettingsError, TargetLoss
from convergence_callbacks.telling import missing


@pytest.mark.parametrize(("imported", "module"), [("", "keras"), ("torch", "torch")])
def test_a_callback_is_looked_for_in_the_module_of_the_framework(imported, module):
    fake = f"sys.modules[{imported!r}] = sys" if imported else "pass"
    code = f"import sys; {fake}; from convergence_callbacks import ConvergenceStopping"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"from convergence_callbacks.{module} import ConvergenceStopping" in done.stderr


def test_any_other_name_is_missing_as_usual():
    assert not hasattr(convergence_callbacks, "nothing")


@pytest.mark.parametrize(
    ("kind", "named", "nearest"), [(Patience, "patince", "patience"), (TargetLoss, "targt", "target")]
)
def test_a_mistyped_setting_of_a_criterion_is_answered_with_the_nearest(kind, named, nearest):
    with pytest.raises(SettingsError, match=f"unknown setting '{named}' of {kind.__name__}; did you mean '{nearest}'"):
        kind(**{named: 3})


def test_a_criterion_says_how_many_settings_it_takes_without_names():
    with pytest.raises(SettingsError, match="Patience takes at most 4 settings without names"):
        Patience(3, 0.0, 0, 0, "val_f1")


@pytest.mark.parametrize("framework", ["lightning", "keras"])
def test_a_mistyped_argument_of_early_stopping_is_answered_with_the_nearest(framework):
    pytest.importorskip(framework, reason=f"needs pip install 'convergence-callbacks[{framework}]'")
    kind = importlib.import_module(f"convergence_callbacks.{framework}").EarlyStopping
    message = "unknown argument 'patince' of EarlyStopping; did you mean 'patience'"
    with pytest.raises(SettingsError, match=message) as caught:
        kind("val_loss", patince=3)
    assert isinstance(caught.value, TypeError)


def test_an_extra_is_installed_from_the_clone_where_there_is_one(tmp_path, monkeypatch):
    monkeypatch.setattr(missing, "FOLDER", tmp_path)
    assert missing.not_installed("Keras", "keras").endswith("pip install 'convergence-callbacks[keras]'")
    (tmp_path / "pyproject.toml").touch()
    assert missing.not_installed("Keras", "keras").endswith(f"pip install -e '{tmp_path}[keras]'")


def test_keras_without_a_backend_is_reported_as_that():
    pytest.importorskip("keras", reason="needs pip install 'convergence-callbacks[keras]'")
    code = """
import os, sys
os.environ["KERAS_BACKEND"] = "tensorflow"
sys.modules["tensorflow"] = None
import convergence_callbacks.keras
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    message = "Keras has no backend: tensorflow is not there; .* set KERAS_BACKEND to 'torch' or 'jax'"
    assert re.search(message, done.stderr)
