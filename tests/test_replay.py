import csv
import dataclasses
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from convergence_callbacks import Monitor, Observation, Patience
from convergence_callbacks.cli import app
from convergence_callbacks.cli.tables import replay_lines
from convergence_callbacks.compare.stops import outcomes_of
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.logs import Run, read_logs
from convergence_callbacks.record import DecisionRecord, read_record
from convergence_callbacks.replay import replay, stop_by
from convergence_callbacks.summary import Summary
from convergence_callbacks.telling.not_known import NotKnown, Unknown
from tests.curves import LearningCurve, exponential, overfitting
from tests.logs.make import keras_csv, trainer_state, ultralytics_csv, write_csv
from tests.record.test_record import observations, write


def run_of(curve, times=False, **more):
    seen = [
        Observation(step=e, train_loss=float(t), val_loss=float(v), elapsed=10.0 * e if times else None)
        for e, (t, v) in enumerate(zip(curve.train, curve.val, strict=True))
    ]
    return Run(name="a", path=Path("a.csv"), format="CSV", observations=tuple(seen), **more)


def test_it_decides_as_a_monitor_that_was_there():
    run = run_of(exponential(100, 8, noise=0.01))
    monitor = Monitor(max_epochs=100)
    decisions = [monitor.observe(observation) for observation in run.observations]
    assert list(replay(run).decisions) == decisions


def test_what_a_stop_saves_and_gives_up():
    curve = overfitting(60, best=10)
    replayed = replay(run_of(curve, times=True), Settings(criteria=Patience(5)))
    assert replayed.stop.step == curve.val.argmin() + 5
    assert replayed.steps_spent + replayed.steps_saved == 60
    assert replayed.seconds_saved == 10.0 * replayed.steps_saved
    assert replayed.lost == 0 and replayed.share_lost == 0


def test_without_a_stop_nothing_is_saved():
    replayed = replay(run_of(exponential(8, 20), times=True))
    assert replayed.stop is None and replayed.steps_saved == 0 and replayed.seconds_saved == 0


def test_a_plan_in_the_log_is_the_budget():
    assert replay(run_of(exponential(8, 20), planned=50)).settings.max_epochs == 50
    assert replay(run_of(exponential(8, 20)), is_over=False).settings.max_epochs is None


@pytest.fixture
def command(tmp_path):
    return lambda *arguments: CliRunner().invoke(app, ["replay", *map(str, arguments)])


def test_the_table_names_each_run_and_the_sum(command, tmp_path):
    keras_csv(tmp_path / "one")
    ultralytics_csv(tmp_path / "two")
    result = command(tmp_path)
    assert result.exit_code == 0
    assert re.search(r"^one +\w+ +30 ", result.stdout, re.M) and re.search(r"^2 runs +60 ", result.stdout, re.M)


def test_json_and_csv_say_the_same_to_programs(command, tmp_path):
    keras_csv(tmp_path / "one")
    (run,) = json.loads(command(tmp_path, "--json").stdout)["runs"]
    (row,) = csv.DictReader(io.StringIO(command(tmp_path, "--csv").stdout))
    assert run["run"] == row["run"] == "one" and run["verdict"] == row["verdict"]
    assert int(row["steps"]) == run["steps"] == 30


def test_problems_are_reported_and_lose_no_run(command, tmp_path):
    keras_csv(tmp_path / "one")
    (tmp_path / "cut.json").write_text('{"loss": [1')
    result = command(tmp_path, "--json")
    data = json.loads(result.stdout)
    assert (result.exit_code, len(data["runs"]), data["problems"][0]["line"]) == (1, 1, 1)
    assert f"{tmp_path / 'cut.json'}, line 1: " in result.stderr


@pytest.mark.parametrize(("verdicts", "status"), [("diverged", 3), ("not_learning, diverged", 3), ("converged", 0)])
def test_fail_on_a_verdict(command, tmp_path, verdicts, status):
    write_csv(tmp_path / "a.csv", ["epoch", "loss", "val_loss"], [(e, "nan", "nan") for e in range(6)])
    assert command(tmp_path, "--fail-on", verdicts).exit_code == status


def test_an_unknown_verdict_is_reported_with_the_nearest(command, tmp_path):
    result = command(tmp_path, "--fail-on", "divergd")
    assert result.exit_code == 2 and "unknown verdict 'divergd'" in result.stderr and "'diverged'?" in result.stderr


def test_columns_are_explained_and_can_be_named(command, tmp_path):
    path = write_csv(tmp_path / "a.csv", ["epoch", "train_loss", "val_loss", "eval_loss"], [(0, 1, 2, 3)])
    assert "may each be the validation loss" in command(path, "--explain-columns").stderr
    output = command(path, "--explain-columns", "--val-metric", "eval_loss").stdout
    assert "val: 'eval_loss' (named with --val-metric)" in output and "not used: 'val_loss'" in output


def test_a_named_metric_improves_as_its_name_says_or_is_refused(command, tmp_path):
    path = write_csv(tmp_path / "a.csv", ["epoch", "val_acc", "val_own"], [(e, 1 - 0.9**e, e) for e in range(20)])
    assert "0.8649" in command(path, "--val-metric", "val_acc").stdout
    refused = command(path, "--val-metric", "val_own")
    assert refused.exit_code and "set mode='min' or mode='max'" in refused.stderr
    (tmp_path / "c.yaml").write_text("mode: max\n")
    assert command(path, "--val-metric", "val_own", "--settings", tmp_path / "c.yaml").stderr == ""


def test_settings_of_a_file_hold(command, tmp_path):
    path = trainer_state(tmp_path)
    (tmp_path / "c.yaml").write_text("criteria: [patience: 1]\nmin_epochs: 1\n")
    (run,) = json.loads(command(path, "--json", "--settings", tmp_path / "c.yaml").stdout)["runs"]
    assert run["reason"].startswith("no improvement for 1 epoch (patience 1)")


def test_an_empty_folder_and_a_missing_one(command, tmp_path):
    assert command(tmp_path).stderr == f"{tmp_path}: no log of a training was found\n"
    missing = command(tmp_path / "none")
    assert missing.exit_code == 1 and "No such file or directory" in missing.stderr


def test_a_formula_or_an_escape_in_a_name_does_nothing(command, tmp_path):
    for name in ("=1+1", "\x1b[31m[bold]red"):
        keras_csv(tmp_path / name)
    assert "\x1b" not in command(tmp_path).stdout and "[bold]red" in command(tmp_path).stdout
    rows = list(csv.DictReader(io.StringIO(command(tmp_path, "--csv").stdout)))
    assert {row["run"] for row in rows} == {"'=1+1", "\\x1b[31m[bold]red"}


def test_a_record_is_verified(command, tmp_path):
    path = tmp_path / "record.jsonl"
    write(path, observations())
    assert command(path, "--verify").stdout == "confirmed: all 40 decisions follow from the observations\n"
    path.write_text(path.read_text().replace('"verdict": "improving"', '"verdict": "unstable"', 1))
    result = command(path, "--verify")
    assert result.exit_code == 3 and f"{path}, line 2: epoch 0: verdict was recorded as 'unstable'" in result.stdout
    verified = command(path, "--verify", "--json")
    assert verified.exit_code == 3 and json.loads(verified.stdout)["is_confirmed"] is False
    assert command(path, "--verify", "--csv").exit_code == 2


def test_several_paths_and_a_pattern_are_read_at_once(command, tmp_path):
    for name in ("a", "b"):
        keras_csv(tmp_path / name)
    for given in ([tmp_path / "a", tmp_path / "b"], [tmp_path / "*"]):
        assert len(json.loads(command(*given, "--json").stdout)["runs"]) == 2


def test_a_path_that_can_not_be_read_does_not_hinder_the_others(command, tmp_path):
    keras_csv(tmp_path / "a")
    result = command(tmp_path / "a", tmp_path / "none.csv", "--json")
    data = json.loads(result.stdout)
    assert result.exit_code == 1 and len(data["runs"]) == len(data["problems"]) == 1


def test_best_epoch_and_advice_are_reported_in_table_csv_and_json(command, tmp_path):
    keras_csv(tmp_path / "a")
    (run,) = json.loads(command(tmp_path, "--json").stdout)["runs"]
    (row,) = csv.DictReader(io.StringIO(command(tmp_path, "--csv").stdout))
    assert run["best_at"] == int(row["best_at"]) and run["advice"] and row["advice"] == "; ".join(run["advice"])
    assert run["advice"][0] in command(tmp_path).stdout


def test_a_table_fits_eighty_columns_and_breaks_no_word(tmp_path):
    losses = [(1.0 + 0.9**e, 1.5 - 0.0001 * e) for e in range(40)]
    seen = tuple(Observation(step=e, train_loss=t, val_loss=v) for e, (t, v) in enumerate(losses))
    names = ("a-run-with-a-name-that-is-longer-than-its-column-seed-1", "b")
    runs = [Run(name=name, path=Path(name), format="CSV", observations=seen) for name in names]
    lines = [line.plain for line in replay_lines([Summary.of(replay(run)) for run in runs], 80)]
    assert all(len(line) <= 80 for text in lines for line in text.splitlines())
    assert any(replay(runs[0]).verdict.replace("_", " ") in line for line in lines)


def test_what_is_saved_is_compared_with_a_baseline(command, tmp_path):
    rows = [(e, 0.5**e, 1.0 if e < 5 else 1.5) for e in range(40)]
    write_csv(tmp_path / "a.csv", ["epoch", "loss", "val_loss"], rows)
    (run,) = json.loads(command(tmp_path, "--json", "--baseline", "patience:10").stdout)["runs"]
    assert run["baseline"] == "patience:10" and run["baseline_stopped_at"] == 10 and run["baseline_steps_saved"] == 29
    assert "by patience:10 11, without early stopping 40." in command(tmp_path, "--baseline", "patience:10").stdout


def test_a_run_of_which_nothing_can_be_judged_has_a_status_of_its_own(command, tmp_path):
    write_csv(tmp_path / "a.csv", ["epoch", "loss", "val_loss"], [(e, 1.0, 1.0) for e in range(2)])
    result = command(tmp_path)
    assert result.exit_code == 4 and "nothing could be judged: too few epochs to judge" in result.stderr


def test_what_broken_runs_cost_until_they_were_seen_is_reported(command, tmp_path):
    for name in ("a", "b"):
        rows = [(e, 1.0 if e < 9 else "nan", 1.0 if e < 9 else "nan") for e in range(30)]
        write_csv(tmp_path / f"{name}.csv", ["epoch", "loss", "val_loss"], rows)
    assert "2 runs of 2 were broken: seen after " in command(tmp_path).stdout


def test_another_rule_ends_a_run_where_its_own_replay_does():
    for curve in (exponential(60, 5, noise=0.02), overfitting(60, best=10)):
        run = run_of(curve)
        for patience in (3, 10, 200):
            settings = Settings(criteria=Patience(patience))
            stop = replay(run, settings).stop
            other = stop_by(f"patience:{patience}", run, settings)
            assert other.step == (None if stop is None else stop.step)
            summary = Summary.of(replay(run), baseline=other)
            assert summary.baseline_steps_saved == replay(run, settings).steps_saved
            assert summary.baseline_share_lost == pytest.approx(replay(run, settings).share_lost)


@pytest.mark.parametrize(
    ("schedule", "is_in_advance"), [("cosine", True), ("MultiStepLR", True), ("ReduceLROnPlateau", False), ("", False)]
)
def test_rates_of_a_schedule_that_the_configuration_names_are_known_in_advance(schedule, is_in_advance):
    run = run_of(exponential(30, 5))
    seen = tuple(dataclasses.replace(each, lr=0.1 / (1 + each.step)) for each in run.observations)
    replayed = replay(dataclasses.replace(run, observations=seen, schedule=schedule))
    assert (replayed.settings.lr_schedule is not None) == is_in_advance


def recorded(path, losses, **settings):
    """The run in a record of a training that was judged by these settings."""
    monitor = Monitor(max_epochs=len(losses), **settings)
    record = DecisionRecord(path, monitor)
    for epoch, loss in enumerate(losses):
        observation = Observation(step=epoch, val_loss=loss)
        decision = monitor.observe(observation)
        record(observation, decision)
        if decision.stop:
            break
    record.close()
    (run,) = read_logs(path)
    return run


TURNS = [0.9**epoch + 0.01 * max(0, epoch - 10) for epoch in range(40)]


@pytest.mark.parametrize(
    "settings",
    [{"criteria": Patience(3), "min_epochs": 0}, {"stop_on": ()}, {"tolerance": 0.2}],
    ids=["a criterion", "nothing", "tolerance"],
)
def test_a_record_is_replayed_by_the_settings_that_it_holds(tmp_path, settings):
    run = recorded(tmp_path / "record.jsonl", TURNS, **settings)
    last = read_record(tmp_path / "record.jsonl").parts[-1].entries[-1].decision
    replayed = replay(run)
    assert replayed.decisions[-1] == last
    assert (replayed.stop is not None) == last.ends_early


def test_a_record_of_a_score_is_read_as_one_whatever_rule_is_asked_for(tmp_path):
    scores = [1 - loss for loss in TURNS]
    run = recorded(tmp_path / "record.jsonl", scores, mode="max", criteria=Patience(5))
    asked = Settings(criteria=Patience(3), min_epochs=0)
    assert replay(run, asked).best == max(loss.val_loss for loss in run.observations)
    assert stop_by("patience:3", run, asked).step == replay(run, asked).stop.step == scores.index(max(scores)) + 3
    [outcome] = outcomes_of([run], [asked])
    assert outcome.spent == (scores.index(max(scores)) + 4,)


def test_settings_that_are_asked_for_go_before_those_of_a_record(tmp_path):
    run = recorded(tmp_path / "record.jsonl", TURNS, stop_on=())
    assert replay(run, Settings()).stop is not None and replay(run).stop is None


def test_the_commands_say_of_a_record_what_its_callback_did(tmp_path):
    recorded(tmp_path / "record.jsonl", TURNS, criteria=Patience(3), min_epochs=0)
    stop = TURNS.index(min(TURNS)) + 3
    printed = CliRunner().invoke(app, ["replay", "--json", str(tmp_path / "record.jsonl")]).stdout
    assert json.loads(printed)["runs"][0]["stopped_at"] == stop
    printed = CliRunner().invoke(app, ["watch", "--once", str(tmp_path / "record.jsonl")]).stdout
    assert f"stop at epoch {stop}" in printed and "patience 3" in printed


def test_a_run_that_overfits_from_its_start_may_have_learnt_nothing_and_replay_says_what_would_show_it():
    rises = np.r_[2.6, 2.4, 2.31 + 0.02 * np.arange(58)]
    falls = 2.3 * np.exp(-np.arange(60) / 30)
    shuffled = run_of(LearningCurve("shuffled labels", rises, falls, np.full(60, 0.01)))
    assert replay(shuffled).decision.verdict == "overfitting"
    assert NotKnown(Unknown.BASELINE) in replay(shuffled).not_known
    assert NotKnown(Unknown.BASELINE) not in replay(shuffled, Settings(baseline_loss=2.3)).not_known
    assert NotKnown(Unknown.BASELINE) not in replay(run_of(overfitting(60, 12))).not_known
