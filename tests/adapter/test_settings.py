"""One declaration of the settings, spelt out again only where a constructor's signature needs it."""

import dataclasses
import inspect
import re

import pytest

from convergence_callbacks import Monitor, SettingsError
from convergence_callbacks.adapter.settings import StoppingSettings
from convergence_callbacks.adapter.stopping import Stopping
from convergence_callbacks.core.settings import Settings


def defaults(settings):
    return {field.name: field.default for field in dataclasses.fields(settings)}


def parameters(owner):
    signature = inspect.signature(owner.__init__)
    return {name: p.default for name, p in signature.parameters.items() if p.default is not inspect.Parameter.empty}


@pytest.mark.parametrize(
    ("owner", "settings", "more"), [(Monitor, Settings, {"clock": None}), (Stopping, StoppingSettings, {})]
)
def test_a_constructor_takes_just_the_declared_settings_with_their_defaults(owner, settings, more):
    taken, declared = parameters(owner), defaults(settings) | more
    assert list(taken) == list(declared)
    for name, default in declared.items():
        assert taken[name] == default, name


@pytest.mark.parametrize("owner", [Monitor, Stopping])
def test_its_docstring_explains_each_of_them(owner):
    explained = set(re.findall(r"^    (\w+): ", inspect.getdoc(owner), re.MULTILINE))
    assert set(parameters(owner)) <= explained


def test_every_setting_has_a_description_for_file_and_docs():
    for field in dataclasses.fields(StoppingSettings):
        assert field.metadata["description"][0].islower() and not field.metadata["description"].endswith("."), (
            field.name
        )


@pytest.mark.parametrize("asked", [{"probe": True}, {"on_false_convergence": "raise_lr"}])
def test_a_framework_without_experiments_says_so(asked):
    with pytest.raises(SettingsError, match=f"{next(iter(asked))} is for the callbacks of Lightning and Keras only"):
        Stopping(**asked)


def test_what_is_done_of_false_convergence_is_one_of_two():
    with pytest.raises(SettingsError, match="on_false_convergence must be 'tell' or 'raise_lr', got 'raise'"):
        Stopping(on_false_convergence="raise")


def test_a_framework_that_hides_its_data_names_the_function():
    with pytest.raises(SettingsError, match="check_data is for the callbacks of Lightning and Keras; elsewhere call"):
        Stopping(check_data=True)


def test_a_path_is_kept_as_the_text_that_a_file_of_settings_holds(tmp_path):
    settings = Stopping(backup_dir=tmp_path, record=tmp_path / "record.jsonl").settings
    assert (settings.backup_dir, settings.record) == (str(tmp_path), str(tmp_path / "record.jsonl"))
