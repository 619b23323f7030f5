"""One declaration of the settings, spelt out again only where a constructor's signature needs it."""

import dataclasses
import inspect
import math
import re
from types import MappingProxyType

import numpy as np
import pytest

from convergence_callbacks import Monitor, Patience, SettingsError, Verdict
from convergence_callbacks.adapter.settings import CallbackSettings
from convergence_callbacks.adapter.stopping import Stopping
from convergence_callbacks.core.counter import Counter
from convergence_callbacks.core.settings import Settings


def defaults(settings):
    return {field.name: field.default for field in dataclasses.fields(settings)}


def parameters(owner):
    signature = inspect.signature(owner.__init__)
    return {name: p.default for name, p in signature.parameters.items() if p.default is not inspect.Parameter.empty}


@pytest.mark.parametrize(
    ("owner", "settings", "more"),
    [(Monitor, Settings, {"clock": None, "counter": Counter()}), (Stopping, CallbackSettings, {})],
)
def test_a_constructor_takes_just_the_declared_settings_with_their_defaults(owner, settings, more):
    taken, declared = parameters(owner), defaults(settings) | more
    assert list(taken) == list(declared)
    for name, default in declared.items():
        assert taken[name] == default, name


@pytest.mark.parametrize("owner", [Monitor, Stopping])
def test_its_docstring_explains_each_of_them(owner):
    explained = set(re.findall(r"^    (\w+): ", inspect.getdoc(owner.__init__), re.MULTILINE))
    assert set(parameters(owner)) <= explained


def test_every_setting_has_a_description_for_file_and_docs():
    for field in dataclasses.fields(CallbackSettings):
        assert field.metadata["description"][0].islower() and not field.metadata["description"].endswith("."), (
            field.name
        )


class Small(Stopping):
    integration = "Small"
    supports = frozenset({"restore_best"})
    unsupported_because = MappingProxyType({"log_decisions": "it has no loggers"})


def test_a_changed_setting_without_effect_is_refused_with_those_that_support_it():
    with pytest.raises(SettingsError, match=r"^Small does not support probe: it is for Lightning and Keras only$"):
        Small(probe=True)
    with pytest.raises(SettingsError, match=r"^Small does not support log_decisions: it has no loggers$"):
        Small(log_decisions=True)
    with pytest.raises(SettingsError, match="Stopping does not support restore_best: it is for Lightning, Keras, "):
        Stopping(restore_best=True)


def test_a_setting_without_effect_may_be_given_its_default():
    assert Small(restore_best=True, probe=False, every_n_steps=None).settings.restore_best


def test_steps_and_experiments_do_not_go_together():
    for experiment in ({"probe": True}, {"act": "heal"}):
        with pytest.raises(SettingsError, match=f"every_n_steps can't be used together with {next(iter(experiment))}"):
            CallbackSettings(every_n_steps=3, **experiment)


def test_a_path_is_kept_as_the_text_that_a_file_of_settings_holds(tmp_path):
    settings = CallbackSettings(backup_dir=tmp_path, record=tmp_path / "record.jsonl")
    assert (settings.backup_dir, settings.record) == (str(tmp_path), str(tmp_path / "record.jsonl"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"tolerence": 0.1}, r"unknown setting 'tolerence' of {}; did you mean 'tolerance'\? Known: "),
        ({"patience": 10}, r"unknown setting 'patience' of {}; write criteria=Patience\(10\)"),
        ({"min_delta": 0.1}, r"unknown setting 'min_delta' of {}; write criteria=Patience\(…, min_delta=0.1\)"),
        ({"plateau": 3}, r"unknown setting 'plateau' of {}; it is a criterion: write criteria=Plateau\(…\)"),
        ({"monitor": "val_acc"}, r"unknown setting 'monitor' of {}; write val_metric='val_acc'"),
    ],
)
@pytest.mark.parametrize("owner", [Monitor, Stopping])
def test_a_mistyped_keyword_is_refused_with_what_to_write(owner, given, message):
    with pytest.raises(SettingsError, match=message.format(owner.__name__)) as caught:
        owner(**given)
    assert caught.value.at == tuple(given)


def test_patience_for_a_callback_names_early_stopping_too():
    with pytest.raises(SettingsError, match=r"Patience\(10\); or use EarlyStopping, which counts as the framework's"):
        Stopping(patience=10)


def test_a_setting_without_its_name_is_refused():
    with pytest.raises(SettingsError, match=r"Monitor takes its settings by name, such as Monitor\(max_epochs=100\)"):
        Monitor(100)


@pytest.mark.parametrize("owner", [Monitor, Small])
def test_it_is_shown_with_the_settings_that_were_changed(owner):
    name = owner.__name__
    assert repr(owner()) == f"{name}()"
    assert repr(owner(max_epochs=9, tolerance=0.01, criteria=Patience(3))) == (
        f"{name}(max_epochs=9, criteria={Patience(3)!r})"
    )
    assert repr(owner(lr_schedule=np.array([0.1, 0.2]))) == f"{name}(lr_schedule=array([0.1, 0.2]))"


def test_a_monitor_takes_from_a_callbacks_settings_those_that_are_its_own():
    settings = CallbackSettings(max_epochs=9, criteria=Patience(3), restore_best=True)
    monitor = Monitor.from_settings(settings)
    assert monitor.settings == Monitor(max_epochs=9, criteria=Patience(3)).settings


@pytest.mark.parametrize(
    ("word", "verdicts"),
    [
        ("finished", ["converged", "overfitting", "diverged", "not_learning"]),
        ("any", [verdict for verdict in Verdict if verdict is not Verdict.IMPROVING]),
        ("nothing", []),
    ],
)
def test_the_verdicts_that_end_a_training_can_be_given_in_a_word(word, verdicts):
    assert Monitor(stop_on=word).settings.stop_on == tuple(verdicts)
    assert Monitor().settings.stop_on == Monitor(stop_on="finished").settings.stop_on


@pytest.mark.parametrize("wrong", ["all", "converged", 3, {"converged": 1}, None])
def test_what_is_neither_a_word_nor_a_list_of_verdicts_is_refused(wrong):
    with pytest.raises(SettingsError, match="stop_on must be 'finished', 'any', 'nothing' or a list of verdicts"):
        Monitor(stop_on=wrong)


@pytest.mark.parametrize("rate", ["0.1", None, math.nan, True, [0.1]])
def test_a_learning_rate_that_is_none_is_reported_with_its_place(rate):
    with pytest.raises(SettingsError, match="item 2 of lr_schedule must be ") as caught:
        Monitor(lr_schedule=[0.1, rate])
    assert caught.value.at == ("lr_schedule", 1)


@pytest.mark.parametrize("name", ["record", "backup_dir", "stop_file"])
def test_a_path_that_no_system_takes_is_refused_before_the_training(name):
    with pytest.raises(SettingsError, match=f"{name} must be a path"):
        CallbackSettings(**{name: "a\0b"})
