"""A saved state that is damaged or foreign is reported, and the run starts without it; with `strict` it ends."""

import copy
import json
import warnings

import pytest

torch = pytest.importorskip("torch", reason="needs the extra: pip install 'convergence-callbacks[torch]'")
pytest.importorskip("lightning", reason="needs the extra: pip install 'convergence-callbacks[lightning]'")
pytest.importorskip("keras", reason="needs the extra: pip install 'convergence-callbacks[keras]'")
pytest.importorskip("ignite", reason="needs the extra: pip install 'convergence-callbacks[ignite]'")
pytest.importorskip("transformers", reason="needs the extra: pip install 'convergence-callbacks[transformers]'")

from convergence_callbacks import Monitor, StateError, ignite, transformers
from convergence_callbacks import torch as loop
from convergence_callbacks.adapter.stopping import Stopping
from convergence_callbacks.keras import ConvergenceStopping as InKeras
from convergence_callbacks.keras import EarlyStopping as KerasEarlyStopping
from convergence_callbacks.lightning import ConvergenceStopping as InLightning
from convergence_callbacks.lightning import EarlyStopping as LightningEarlyStopping
from tests import keras_training, lightning_training
from tests.faults.forms import FORMS, PATIENT, QUIET, STATES, show

WRONG = (None, "damaged", -1, [], {}, [[]], {"version": 1})
"""What stands in the place of a part of a state."""


def parts(state, at=()):
    """The keys that lead to each part of a state; of a list, its first and last entry."""
    if at:
        yield at
    keys = list(state) if isinstance(state, dict) else {0, len(state) - 1} if isinstance(state, list) and state else []
    for key in keys:
        yield from parts(state[key], (*at, key))


def with_part(state, at, value):
    """A copy of a state with another part; without it where the value is `Ellipsis`."""
    changed = copy.deepcopy(state)
    *above, last = at
    within = changed
    for key in above:
        within = within[key]
    if value is ...:
        del within[last]
    else:
        within[last] = value
    return changed


INTEGRATIONS = {
    "stopping.json": lambda: Stopping(max_epochs=24, **PATIENT),
    "transformers.json": lambda: transformers.ConvergenceStopping(max_epochs=24, **QUIET),
    "ignite.pt": lambda: ignite.ConvergenceStopping(max_epochs=24, **QUIET),
    "lightning.pt": lambda: InLightning(max_epochs=24, **QUIET, restore_best=True),
}


def state_of(file):
    state = next(form for form in FORMS if form.file == file).read(STATES / "0.1.0" / file)
    return next(iter(state.values())) if file.startswith("lightning") else state


@pytest.mark.parametrize("file", INTEGRATIONS)
def test_no_damage_of_a_state_ends_a_training(file):
    saved, refused = state_of(file), 0
    for at in parts(saved):
        for value in (..., *WRONG):
            damaged, stopping = with_part(saved, at, value), INTEGRATIONS[file]()
            stopping.load_state_dict(damaged)
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                stopping.begin_resumed()
                show(stopping, 5, 7)
                stopping.state_dict()
            refused += any("the criteria start without it" in str(warning.message) for warning in caught)
            if len(at) == 1 and value is ... and at[0] in {"curve", "decision", "version", "mode"}:
                assert refused, at
    assert refused > 100


def begun():
    monitor = Monitor(max_epochs=24, **PATIENT, clock=lambda: 0.0)
    show(monitor, 0, 3)
    return monitor


def test_no_damage_of_a_state_changes_a_monitor_or_gives_another_error():
    saved, before = state_of("monitor-with-criteria.json"), begun().state_dict()
    monitor = begun()
    for at in parts(saved):
        for value in (..., *WRONG):
            try:
                monitor.load_state_dict(with_part(saved, at, value))
            except StateError as error:
                assert "damaged" in str(error) or "version" in str(error) or "mode" in str(error)
                assert monitor.state_dict() == before
            else:
                show(monitor, 5, 7)
                monitor = begun()


STOCK = {"wait_count": 1, "stopped_epoch": 0, "best_score": 0.3, "patience": 3}
"""The state of Lightning's own callback."""

UNREADABLE = {
    "another class's": (STOCK, "this is no state of a Monitor, or it is damaged: criteria, curve, .* missing"),
    "another library's": ({"best": 0.3, "num_bad_epochs": 2}, "this is no state of a Monitor"),
    "none at all": ({}, "this is no state of a Monitor"),
    "a text": ("state", "this is no state of a Monitor"),
    "of a newer version": ({"version": 99}, "of version 99, this package reads up to 1; upgrade it"),
    "of a version that is none": ({"version": "one"}, "this is no state of a Monitor"),
}


@pytest.mark.parametrize(("state", "message"), UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("made", INTEGRATIONS.values(), ids=INTEGRATIONS)
def test_a_state_that_can_not_be_read_is_reported_and_the_run_starts_without_it(made, state, message):
    stopping, fresh = made(), made()
    stopping.load_state_dict(state)
    with pytest.warns(
        RuntimeWarning, match=f"{message}.*; the criteria start without it; the training goes on"
    ) as caught:
        stopping.begin_resumed()
    assert len(caught) == 1
    assert show(stopping, 0, 12) == show(fresh, 0, 12)


@pytest.mark.parametrize(("state", "message"), UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("kind", [Stopping, InLightning, ignite.ConvergenceStopping, transformers.ConvergenceStopping])
def test_a_state_that_can_not_be_read_ends_a_strict_training(kind, state, message):
    stopping = kind(strict=True)
    stopping.load_state_dict(state)
    with pytest.raises(StateError, match=f"{message}.*; with strict=False the criteria start without it"):
        stopping.begin_resumed()


@pytest.mark.parametrize(("state", "message"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_loop_of_ones_own_gets_an_error_for_a_state_that_can_not_be_read_and_may_go_on_without(state, message):
    stopping, fresh = loop.ConvergenceStopping(**QUIET), loop.ConvergenceStopping(**QUIET)
    if isinstance(state, dict):
        with pytest.raises(StateError, match=message):
            stopping.load_state_dict(state)
    assert show(stopping, 0, 7) == show(fresh, 0, 7)


# Real trainings from damaged files --------------------------------------------------------------------------------


def lightning_checkpoint(folder, made, damage):
    """A checkpoint after five epochs, whose state of the callback is damaged."""
    torch.manual_seed(0)
    callback = made()
    trainer, _ = lightning_training.fit(callback, folder, max_epochs=5)
    trainer.save_checkpoint(path := folder / "five.ckpt")
    content = torch.load(path, weights_only=True)
    content["callbacks"] = {callback.state_key: damage(content["callbacks"][callback.state_key])}
    torch.save(content, path)
    return path


DAMAGES = {
    "foreign": lambda state: {"best": 0.3, "num_bad_epochs": 2},
    "wrong type": lambda state: {**state, "best_score": "low", "curve": 3, "best_weights": 7},
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_checkpoint_of_lightnings_with_a_damaged_state(damage, tmp_path):
    path = lightning_checkpoint(tmp_path, lambda: InLightning(**QUIET), damage)
    resumed = InLightning(**QUIET, restore_best=True)
    with pytest.warns(RuntimeWarning, match="damaged.*; the criteria start without it"):
        lightning_training.fit(resumed, tmp_path, ckpt_path=path)
    assert [seen.step for seen in resumed.observations] == [5, 6, 7, 8]
    assert (resumed.stopped_epoch, resumed.decision.best_step) == (8, 5)
    with pytest.raises(StateError, match=r"damaged.*; with strict=False the criteria start without it"):
        lightning_training.fit(InLightning(**QUIET, strict=True), tmp_path, ckpt_path=path)


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_checkpoint_of_lightnings_with_a_damaged_state_of_early_stopping(damage, tmp_path):
    path = lightning_checkpoint(tmp_path, lambda: LightningEarlyStopping("val_loss"), damage)
    with pytest.raises(StateError, match=r"no state of EarlyStopping.*; with strict=False patience starts without it"):
        lightning_training.fit(LightningEarlyStopping("val_loss"), tmp_path, ckpt_path=path)
    resumed = LightningEarlyStopping("val_loss", strict=False)
    with pytest.warns(RuntimeWarning, match="no state of EarlyStopping.*; patience starts without it"):
        lightning_training.fit(resumed, tmp_path, ckpt_path=path)
    assert resumed.stopped_epoch == 8


@pytest.mark.parametrize("part", ["wait", "best", "stopped_epoch", "decision", "watch"])
@pytest.mark.parametrize(
    "made",
    [
        lambda folder: InKeras(**QUIET, backup_dir=folder),
        lambda folder: KerasEarlyStopping(patience=3, backup_dir=folder),
    ],
    ids=["ConvergenceStopping", "EarlyStopping"],
)
def test_a_folder_of_keras_with_a_damaged_state(made, part, tmp_path):
    form = next(form for form in FORMS if form.file == "keras-early-stopping.json")
    states = form.read(STATES / "0.1.0" / form.file)
    states[-1] = {**states[-1], part: {"step": 4, "best_step": "damaged"} if part == "decision" else "damaged"}
    (tmp_path / "convergence-state.json").write_text(json.dumps(states))
    callback = made(str(tmp_path))
    with pytest.warns(RuntimeWarning, match="damaged.*without it"):
        keras_training.fit(callback, initial_epoch=5)
    assert callback.stopped_epoch == (6 if part == "watch" and isinstance(callback, KerasEarlyStopping) else 8)
