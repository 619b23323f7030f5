"""What a run is summed up to, once, whatever ended it."""

import gc
import os
import subprocess
import sys
import types

import pytest

from convergence_callbacks import Patience
from convergence_callbacks.adapter import account
from convergence_callbacks.adapter.checkpoints import Checkpoints, Kept
from convergence_callbacks.adapter.stopping import Stopping
from convergence_callbacks.core.verdict import Verdict
from tests.telling.decided import decided

FALLING = [0.9**epoch for epoch in range(9)]


def shown(stopping, losses):
    for epoch, loss in enumerate(losses):
        decision = stopping.decide(stopping.collect(epoch, {"train_loss": loss, "val_loss": loss}, lr=0.1))
        stopping.announce(decision)
    return stopping


def patient(**settings):
    return Stopping(criteria=Patience(2), min_epochs=0, **settings)


def test_a_run_is_summed_up_once(capsys):
    gc.collect()  # runs of other tests print their summary when they are collected
    capsys.readouterr()
    stopping = shown(patient(max_epochs=20), [0.5, 0.3, 0.4, 0.4])
    stopping.conclude()
    stopping.conclude()
    del stopping
    gc.collect()
    printed = capsys.readouterr().out.splitlines()
    assert (
        printed[0].startswith("Stopped at epoch 3 (4 of 20 epochs done): ")
        and "no improvement for 2 epochs" in printed[0].lower()
    )
    assert printed[1].startswith("Best: 0.3 at epoch 1. Saved 16 of 20 epochs") and len(printed) <= 3


def test_a_loop_that_goes_on_after_its_stop_is_not_summed_up_again_but_for_a_new_phase(capsys):
    stopping = patient(max_epochs=20)
    for epoch, loss in enumerate([0.5, 0.3, *[0.4] * 8]):
        stopping.decide(stopping.collect(epoch, {"train_loss": loss, "val_loss": loss}, lr=0.1))
        stopping.conclude()
        if epoch < 3:  # as if it had not ended
            stopping.run.account.is_reported = False
    assert capsys.readouterr().out.count("Stopped at epoch 3 ") == 1
    stopping.new_phase()
    stopping.decide(stopping.collect(10, {"train_loss": 0.4, "val_loss": 0.4}, lr=0.1))
    stopping.conclude()
    assert len(capsys.readouterr().out.splitlines()) > 1


def test_a_training_without_an_epoch_says_that_nothing_was_judged(capsys):
    stopping = Stopping()
    stopping.begin()
    stopping.conclude()
    stopping.conclude()
    assert capsys.readouterr().out == "Nothing was judged: no epoch with a loss was seen.\n"
    Stopping().conclude("error")  # of a call that never trained
    Stopping(verbose=False).conclude()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("settings", [{"verbose": False}, {"verbose": 0}])
def test_it_is_silent_where_asked(settings, capsys):
    shown(patient(**settings), [0.5, 0.3, 0.4, 0.4]).conclude()
    assert capsys.readouterr().out == ""


def test_a_run_that_nobody_ended_is_summed_up_when_its_callback_goes_or_begins_another(capsys):
    stopping = shown(Stopping(), FALLING)
    stopping.begin()
    assert capsys.readouterr().out.count("Ended after epoch 8: improving") == 1
    shown(stopping, FALLING[:7])
    del stopping
    gc.collect()
    assert capsys.readouterr().out.count("Ended after epoch 6: improving") == 1


def test_a_loop_that_goes_back_to_a_saved_state_has_not_ended(capsys):
    stopping = shown(Stopping(), FALLING)
    saved = stopping.state_dict()
    stopping.load_state_dict(saved)
    stopping.begin()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("error", "begins"),
    [("KeyboardInterrupt", "Interrupted after epoch 8"), ("ValueError('x')", "Ended by an error after epoch 8")],
)
def test_a_program_that_ends_by_an_error_still_says_what_its_training_came_to(error, begins):
    code = f"""
from convergence_callbacks.adapter.stopping import Stopping
stopping = Stopping()
for epoch in range(9):
    stopping.decide(stopping.collect(epoch, {{"train_loss": 0.9**epoch, "val_loss": 0.9**epoch}}))
raise {error}
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode and ended.stdout.startswith(begins), ended


def test_a_cell_of_a_notebook_that_ends_by_an_error_says_so_at_once(capsys, monkeypatch):
    registered = []
    shell = types.SimpleNamespace(events=types.SimpleNamespace(register=lambda name, call: registered.append(call)))
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setattr(account, "_IN_CELLS", account.weakref.WeakSet())
    stopping = shown(Stopping(), FALLING)
    (end_cell,) = registered
    end_cell(types.SimpleNamespace(error_in_exec=None))
    end_cell(types.SimpleNamespace(error_in_exec=NameError()))  # of a later cell
    assert capsys.readouterr().out == ""
    shown(stopping, [0.1])
    end_cell(types.SimpleNamespace(error_in_exec=KeyboardInterrupt()))
    assert capsys.readouterr().out.startswith("Interrupted after")


def test_a_process_that_was_forked_says_nothing(capsys, monkeypatch):
    stopping = shown(Stopping(), FALLING)
    monkeypatch.setattr(os, "getpid", lambda: -1)
    stopping.conclude()
    assert capsys.readouterr().out == ""


def test_a_bar_of_tqdm_is_not_broken(monkeypatch):
    written = []
    monkeypatch.setitem(sys.modules, "tqdm", types.SimpleNamespace(tqdm=types.SimpleNamespace(write=written.append)))
    account.write("a line")
    assert written == ["a line"]


def test_a_run_that_is_surely_broken_is_warned_of_once_with_the_number_to_try(capsys):
    stopping = shown(Stopping(max_epochs=100), [1.0 - 1e-6 * epoch for epoch in range(60)])
    warnings_ = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Warning at epoch")]
    assert len(warnings_) == 1 and ("try " in warnings_[0] or "Next: " in warnings_[0])
    assert stopping.run.state("")["warned"]


def test_no_run_of_several_optimisers_is_warned_of(capsys):
    stopping = Stopping(max_epochs=100)
    stopping.run.account.several_optimisers = True
    shown(stopping, [1.0 - 1e-6 * epoch for epoch in range(30)])
    assert "Warning" not in capsys.readouterr().out
    stopping.conclude()
    assert "several optimisers, so no single learning rate can be judged" in capsys.readouterr().out


def test_a_change_of_the_verdict_is_reported_where_asked(capsys):
    shown(Stopping(max_epochs=200, verbose=2), [0.1 + 0.8**epoch for epoch in range(12)] + [0.1] * 60)
    assert "go on at epoch " in capsys.readouterr().out


class TestCheckpoints:
    """Which file has the weights of which epoch."""

    def noted(self, folder, *steps, before=()):
        checkpoints = Checkpoints()
        for step in before:
            (folder / f"{step}.ckpt").write_text("x")
        checkpoints.note(None, folder.glob("*"))
        for step in range(10):
            if step in steps:
                (folder / f"{step}.ckpt").write_text(str(step))
            checkpoints.note(step, folder.glob("*"))
        return checkpoints

    def of(self, checkpoints, as_good=None):
        return checkpoints.of(decided(Verdict.CONVERGED, step=9, best_step=6), as_good)

    def test_the_file_of_the_best_is_found(self, tmp_path):
        assert self.of(self.noted(tmp_path, 5, 6, 9)) == Kept(str(tmp_path / "6.ckpt"), None, True)

    def test_of_the_others_the_nearest_that_is_as_good(self, tmp_path):
        found = self.of(self.noted(tmp_path, 2, 4, 5, 9), (4, 7))
        assert found == Kept(str(tmp_path / "5.ckpt"), 5, False)

    def test_none_where_none_is_as_good(self, tmp_path):
        assert self.of(self.noted(tmp_path, 2, 9), (4, 7)) == Kept(None, None, False)

    def test_a_file_that_was_deleted_or_is_of_before_counts_for_nothing(self, tmp_path):
        checkpoints = self.noted(tmp_path, 6, before=(5,))
        (tmp_path / "6.ckpt").unlink()
        assert self.of(checkpoints, (4, 7)) == Kept(None, None, False)

    def test_what_was_saved_before_a_resume_is_not_known(self, tmp_path):
        checkpoints = Checkpoints()
        checkpoints.note(8, tmp_path.glob("*"))
        assert self.of(checkpoints) == Kept()
