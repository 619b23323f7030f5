import math

import pytest
from typer.testing import CliRunner

from convergence_callbacks.cli import app
from convergence_callbacks.cli.status import NOT_JUDGED
from convergence_callbacks.core.verdict import STOP_ON, Verdict
from convergence_callbacks.telling.decision import OF_VERDICT
from tests.curves import overfitting
from tests.logs.make import write_csv

CURVE = overfitting(60, best=11, noise=0.005)

BEST = int(CURVE.val.argmin()) + 1

SCREEN = 40
"""Lines of a terminal."""


def explain(*arguments):
    return CliRunner().invoke(app, ["explain", *map(str, arguments)])


def overfits(path):
    """A log of sixty epochs, the twelfth of them the best; it counts from 1."""
    rows = zip(range(1, 61), map(float, CURVE.train), map(float, CURVE.val), strict=True)
    return write_csv(path, ["epoch", "train_loss", "val_loss"], rows)


@pytest.mark.parametrize("verdict", Verdict)
def test_a_verdict_is_explained_in_a_screen(verdict):
    result = explain(verdict.value)
    assert result.exit_code == 0
    meaning = OF_VERDICT[verdict].MEANING
    assert meaning.means[1:] in result.stdout and meaning.found in result.stdout
    assert all(f"- {each}" in result.stdout for each in meaning.remedies)
    assert len(result.stdout.splitlines()) <= SCREEN


@pytest.mark.parametrize("verdict", Verdict)
def test_whether_a_verdict_ends_a_training_is_as_stop_on_has_it(verdict):
    output = explain(verdict.value).stdout
    assert ("Yes, unless stop_on leaves it out" in output) == (verdict in STOP_ON["finished"])
    assert ("It never does" in output) == (verdict is Verdict.IMPROVING)


@pytest.mark.parametrize("name", ["False convergence", "FALSE-CONVERGENCE", "false_convergence"])
def test_a_verdict_is_known_in_any_writing(name):
    assert explain(name).stdout.startswith("false convergence\n")


def test_what_is_neither_a_verdict_nor_a_file_is_reported_with_the_nearest():
    result = explain("overfiting")
    assert result.exit_code == 1
    assert (
        "'overfiting' is neither a verdict nor a file; did you mean 'overfitting'? Verdicts: improving,"
        in result.stderr
    )


def test_a_run_is_explained_by_its_own_numbers(tmp_path):
    result = explain(overfits(tmp_path / "net.csv"))
    output = result.stdout
    assert result.exit_code == 0 and output.startswith("net.csv: overfitting")
    assert "The rule would have stopped it at epoch" in output and ", of 60 epochs" in output
    assert "Best: " in output and f" at epoch {BEST}." in output
    assert "By epochs: 1–" in output and " overfitting." in output
    assert "validation loss rose since the best by" in output
    assert f"use the weights of epoch {BEST}" in output
    assert "The budget, taken to be the 60 epochs that were logged (set it with --max-epochs)." in output
    assert len(output.splitlines()) <= SCREEN


def test_rates_that_were_not_known_ahead_are_reported_unless_they_were(tmp_path):
    rows = [(e, 0.9**e, 0.9**e + 0.1, 0.1) for e in range(1, 41)]
    path = write_csv(tmp_path / "net.csv", ["epoch", "train_loss", "val_loss", "lr"], rows)
    assert "--schedule-known" in explain(path).stdout
    assert "--schedule-known" not in explain(path, "--schedule-known").stdout


def test_of_several_runs_one_is_named(tmp_path):
    overfits(tmp_path / "a.csv")
    overfits(tmp_path / "b.csv")
    result = explain(tmp_path)
    assert result.exit_code == 1 and "holds 2 runs; name one with --run: 'a.csv', 'b.csv'" in result.stderr
    assert explain(tmp_path, "--run", "b.csv").stdout.startswith("b.csv: overfitting")


def test_a_run_without_a_number_is_a_status_of_its_own(tmp_path):
    path = write_csv(tmp_path / "a.csv", ["epoch", "val_loss"], [(1, 0.5), (2, 0.4)])
    result = explain(path)
    assert result.exit_code == NOT_JUDGED and "too few epochs to judge" in result.stdout.lower()


def test_a_run_of_nan_is_explained(tmp_path):
    rows = [(e, math.nan if e > 4 else 1 / e) for e in range(1, 20)]
    result = explain(write_csv(tmp_path / "a.csv", ["epoch", "val_loss"], rows))
    assert result.exit_code == 0 and "diverged" in result.stdout and "NaN or infinite:" in result.stdout


def test_a_run_of_one_epoch_is_explained_in_whole_sentences(tmp_path):
    (tmp_path / "log.csv").write_text("epoch,train_loss,val_loss\n0,1,1\n")
    printed = CliRunner().invoke(app, ["explain", str(tmp_path / "log.csv")]).stdout
    assert "\n  .\n" not in printed and "the 1 epoch that was logged" in printed


def test_a_run_of_which_nothing_could_be_judged_is_given_no_verdict(tmp_path):
    short = write_csv(tmp_path / "short.csv", ["epoch", "train_loss", "val_loss"], [(0, 1.0, 0.9), (1, 0.9, 0.8)])
    result = explain(short)
    assert result.exit_code == NOT_JUDGED
    assert result.stdout.startswith("short.csv: not judged\n") and "improving" not in result.stdout
    assert "Too few epochs to judge." in result.stdout
    table = CliRunner().invoke(app, ["replay", str(short)])
    assert "not judged" in table.stdout and "improving" not in table.stdout


def test_a_difference_is_reported_with_its_direction(tmp_path):
    rows = [(epoch, 2.0 - 0.02 * epoch, 1.9 - 0.02 * epoch) for epoch in range(20)]
    printed = explain(write_csv(tmp_path / "below.csv", ["epoch", "train_loss", "val_loss"], rows)).stdout
    numbers = printed[printed.index("In numbers") : printed.index("What to try")]
    assert "validation loss below train loss by 0.1" in numbers and "-" not in numbers
