"""Each integration writes records that are confirmed, and no longer once anything in them was changed."""

import math

import pytest

from convergence_callbacks import Patience
from convergence_callbacks.record import read_record, verify
from tests.adapters.contract import ADAPTERS, SCRIPT, KilledError, Training
from tests.record.tampering import unfound

each_adapter = pytest.mark.parametrize("adapter", ADAPTERS, ids=str)
FALLING = [math.exp(-epoch / 4) for epoch in range(12)]


def train(adapter, folder, script, *, kill_after=None, resume=False, **settings):
    adapter.skip_unless_installed()
    folder.mkdir(exist_ok=True)
    stopping = adapter.stopping(verbose=False, max_epochs=12, record=str(folder / "record.jsonl"), **settings)
    adapter.train(Training(stopping, script, folder, kill_after, resume))
    (path,) = folder.glob("record*.jsonl")  # each trial of a study has its own
    return path


@each_adapter
def test_a_record_is_confirmed_and_whatever_is_changed_in_it_is_found(adapter, tmp_path):
    path = train(adapter, tmp_path / "run", SCRIPT, criteria=Patience(3), min_epochs=0)
    assert str(verify(path)) == "confirmed: all 7 decisions follow from the observations"
    assert unfound(path) == []


@each_adapter
def test_a_record_by_the_default_rule_is_confirmed(adapter, tmp_path):
    path = train(adapter, tmp_path / "run", FALLING)
    assert verify(path).is_confirmed, str(verify(path))


@each_adapter
def test_a_record_of_a_killed_and_resumed_training_is_confirmed_once_that_is_over(adapter, tmp_path):
    if not adapter.integration.resumes:
        return
    settings = {"criteria": Patience(3), "min_epochs": 0}
    if adapter.name == "keras":
        settings["backup_dir"] = str(tmp_path / "backup")
    with pytest.raises(KilledError):
        train(adapter, tmp_path / "run", SCRIPT, kill_after=4, **settings)
    path = train(adapter, tmp_path / "run", SCRIPT, resume=True, **settings)
    assert verify(path).is_confirmed, str(verify(path))
    assert read_record(path).parts[-1].entries[-1].decision.stop
