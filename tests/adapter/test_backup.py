"""The folder in which the state of a run survives a kill."""

import errno
import json

import numpy as np
import pytest

from convergence_callbacks import ConvergenceError, StateError
from convergence_callbacks.adapter.backup import KEPT, Backup, checked, read_arrays


def state(epoch, best=0):
    return {"decision": {"step": epoch, "best_step": best}}


def test_the_states_of_the_latest_epochs_are_kept(tmp_path):
    backup = Backup(tmp_path / "new" / "folder")
    for epoch in range(6):
        backup.write(state(epoch))
    again = Backup(tmp_path / "new" / "folder")
    assert [again.read(epoch) is not None for epoch in range(7)] == [False, False, False, True, True, True, False]
    assert KEPT == 3


def test_states_after_the_epoch_that_is_taken_up_are_dropped(tmp_path):
    first = Backup(tmp_path)
    for epoch in range(3):
        first.write(state(epoch))
    second = Backup(tmp_path)
    assert second.read(1) == state(1)
    second.write(state(2, best=2))
    assert [s["decision"]["best_step"] for s in json.loads((tmp_path / "convergence-state.json").read_text())] == [
        0,
        0,
        2,
    ]


def test_no_backup_is_no_error(tmp_path):
    assert Backup(tmp_path / "nowhere").read(3) is None


@pytest.mark.parametrize(
    "content", ["", '[{"decision": {"st', "[1, 2]", "{}x", '{"decision": 3}', '[{"decision": null}]']
)
def test_a_damaged_file_is_named(tmp_path, content):
    (tmp_path / "convergence-state.json").write_text(content)
    with pytest.raises(StateError, match=r"convergence-state\.json is damaged"):
        Backup(tmp_path).read(0)


def test_a_kill_in_the_middle_of_writing_leaves_the_last_state(tmp_path):
    backup = Backup(tmp_path)
    backup.write(state(0))
    (tmp_path / "convergence-state.partial").write_text('[{"decision": {"st')
    assert Backup(tmp_path).read(0) == state(0)


def test_weights_that_no_kept_state_calls_best_are_removed(tmp_path):
    backup = Backup(tmp_path)
    for epoch in range(5):
        backup.folder.mkdir(exist_ok=True)
        backup.weights(epoch).write_text("weights")
        backup.write(state(epoch, best=epoch))
    assert sorted(path.name for path in tmp_path.glob("best-*")) == [f"best-{e}.weights.npz" for e in (2, 3, 4)]


def test_it_takes_its_own_files_away_and_leaves_those_of_others(tmp_path):
    backup = Backup(tmp_path / "own")
    backup.write(state(0))
    backup.remove()
    assert not (tmp_path / "own").exists()
    shared = Backup(tmp_path)
    (tmp_path / "thesis.tex").write_text("…")
    shared.write(state(0))
    shared.remove()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_weights_that_can_not_be_written_or_read_back_leave_those_of_before(tmp_path, monkeypatch):
    backup, save = Backup(tmp_path), np.savez
    backup.write_weights(1, [np.arange(3.0)])

    def full(file, *arrays):
        file.write(b"PK")
        raise OSError(errno.ENOSPC, "No space left on device")

    def damaged(file, *arrays):
        save(file, *arrays)
        file.seek(60)
        file.write(b"others")

    for writes in (full, damaged):
        monkeypatch.setattr(np, "savez", writes)
        for write, what in ((backup.write_weights, 1), (backup.write_arrays, "start")):
            with pytest.raises(OSError, match=r"npz can't be written: .*(No space|CRC|magic|header)"):
                write(what, [np.zeros(3)])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best-1.weights.npz", "best-1.weights.npz.sha256"]
    assert list(read_arrays(checked(backup.weights(1)))[0]) == [0, 1, 2]


def test_a_disk_that_is_full_leaves_no_half_of_a_state(tmp_path, monkeypatch):
    backup = Backup(tmp_path)
    backup.write(state(0))
    monkeypatch.setattr("convergence_callbacks.adapter.backup.sync", no_space)
    with pytest.raises(OSError, match="No space left"):
        backup.write(state(1))
    assert [path.name for path in tmp_path.iterdir()] == ["convergence-state.json"]
    assert Backup(tmp_path).read(0) == state(0)


def no_space(path):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("length", [0, 40, 200])
def test_weights_of_a_trial_that_are_damaged_are_reported_as_such(tmp_path, length):
    backup = Backup(tmp_path)
    backup.write_arrays("start", [np.arange(9.0)])
    file = backup.arrays("start")
    file.write_bytes(file.read_bytes()[:length])
    with pytest.raises(ConvergenceError, match=r"act-start\.npz can't be read"):
        backup.read_arrays("start")
