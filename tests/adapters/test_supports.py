"""Each integration supports exactly the settings that are declared for it."""

import importlib

import pytest

from convergence_callbacks import SettingsError
from convergence_callbacks.adapter.settings import INTEGRATIONS, OPTIONAL, supported_by
from tests.adapters.contract import ADAPTERS

VALUES = {
    **{"backup_dir": "backup", "probe_budget": 24, "every_n_steps": 10, "act": "heal", "find_baseline": False},
    **{"search_tolerance": 0.02, "n_trials": 30},
}
EACH = {adapter.module_name: adapter for adapter in ADAPTERS}.values()


def made(adapter, **settings):
    adapter.skip_unless_installed()
    return importlib.import_module(f"convergence_callbacks.{adapter.module_name}").ConvergenceStopping(**settings)


@pytest.mark.parametrize("adapter", EACH, ids=lambda adapter: adapter.module_name)
def test_an_integration_supports_what_the_settings_say(adapter):
    stopping = made(adapter)
    assert stopping.supports == supported_by(stopping.integration)


@pytest.mark.parametrize("name", OPTIONAL)
@pytest.mark.parametrize("adapter", EACH, ids=lambda adapter: adapter.module_name)
def test_a_setting_is_taken_where_it_is_supported_and_refused_elsewhere(adapter, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    value, stopping = VALUES.get(name, True), made(adapter)
    if name in stopping.supports:
        assert getattr(made(adapter, **{name: value}).settings, name) == value
    else:
        with pytest.raises(SettingsError, match=f"{stopping.integration} does not support {name}: "):
            made(adapter, **{name: value})


def test_no_integration_is_left_out_and_none_is_named_that_is_not_there():
    assert {made(adapter).integration for adapter in EACH} | {"Ray Tune"} == set(INTEGRATIONS)


@pytest.mark.parametrize("adapter", EACH, ids=lambda adapter: adapter.module_name)
def test_the_optimizer_s_state_is_given_back_by_lightning_and_keras_and_refused_elsewhere(adapter):
    if adapter.module_name in {"lightning", "keras"}:
        assert made(adapter, restore_best="all").settings.restore_best == "all"
    else:
        with pytest.raises(SettingsError, match="does not support restore_best"):
            made(adapter, restore_best="all")
