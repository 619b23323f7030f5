import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks.record.curves import HELD_OUT, load
from convergence_callbacks import ConvergenceError, Monitor, Observation, SettingsError
from convergence_callbacks.cli import app
from convergence_callbacks.compare import Outcome, compare, outcomes_of, rule_from
from convergence_callbacks.compare.comparison import compared
from convergence_callbacks.compare.rules import USUAL, as_yaml
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.engines import spread
from convergence_callbacks.logs import Run
from convergence_callbacks.replay import replay
from tests import cluster
from tests.curves import exponential
from tests.logs.make import keras_csv, write_csv
from tests.test_replay import run_of

SHORT = [recorded for recorded in load(HELD_OUT) if recorded.epochs <= 100]
RULES = {name: rule_from(name) for name in (*USUAL, "default:0.3", "unstable_loss")}


def observed(recorded):
    return [
        Observation(step=e, train_loss=float(t), val_loss=float(v), lr=float(lr))
        for e, (t, v, lr) in enumerate(zip(recorded.train, recorded.val, recorded.lr, strict=True))
    ]


@pytest.mark.parametrize("recorded", SHORT[5::199], ids=lambda recorded: recorded.name)
def test_each_rule_stops_where_its_own_monitor_does(recorded):
    run = run_of(exponential(3, 1))
    run = type(run)(name="a", path=run.path, format="CSV", observations=tuple(observed(recorded)))
    (outcome,) = outcomes_of([run], list(RULES.values()))
    for index, rule in enumerate(RULES.values()):
        given = {name: getattr(rule, name) for name in Settings.__dataclass_fields__}
        monitor = Monitor(**{**given, "max_epochs": run.steps})
        stops = (d.step + 1 for d in map(monitor.observe, run.observations) if d.stop)
        assert outcome.spent[index] == next(stops, run.steps), list(RULES)[index]


def test_runs_side_by_side_are_judged_as_each_by_itself():
    runs = []
    for index, recorded in enumerate(load(HELD_OUT)[9::230]):
        seen = observed(recorded)[: 20 + 31 * index]
        seen = [dataclasses.replace(each, train_loss=None) if index == 2 else each for each in seen]
        seen = [
            dataclasses.replace(each, val_loss=np.nan) if index == 1 and each.step in {3, 4, 9} else each
            for each in seen
        ]
        runs.append(Run(name=str(index), path=Path("a.csv"), format="CSV", observations=tuple(seen)))
    rules = list(RULES.values())
    assert outcomes_of(runs, rules) == [outcomes_of([run], rules)[0] for run in runs]


def test_rates_that_were_known_in_advance_are_those_of_a_schedule():
    t = np.arange(120)
    val = np.where(t < 60, 0.5 + 0.5 * np.exp(-t / 3), 0.2 + 0.3 * np.exp(-(t - 60) / 3)).tolist()
    seen = tuple(Observation(step=e, train_loss=v, val_loss=v, lr=0.1 if e < 60 else 0.01) for e, v in enumerate(val))
    run = Run(name="a", path=Path("a.csv"), format="CSV", observations=seen)
    scheduled = Settings(lr_schedule=tuple(each.lr for each in seen))
    informed, unknown = outcomes_of([run], [Settings()], schedule_known=True), outcomes_of([run], [Settings()])
    assert informed == outcomes_of([run], [scheduled]) != unknown
    assert replay(run, schedule_known=True).decisions == replay(run, scheduled).decisions
    unlogged = dataclasses.replace(run, observations=(*seen[:-1], dataclasses.replace(seen[-1], lr=None)))
    assert replay(unlogged, schedule_known=True).settings.lr_schedule is None


@pytest.fixture
def logs(tmp_path):
    for index in range(20):
        curve = exponential(60, 4 + index, noise=0.01, seed=index)
        rows = [(e, t, v) for e, (t, v) in enumerate(zip(curve.train, curve.val, strict=True))]
        write_csv(tmp_path / f"run{index}" / "log.csv", ["epoch", "loss", "val_loss"], rows)
    return tmp_path


def test_more_patience_spends_more_and_gives_up_less(logs):
    comparison = compare(logs, {name: RULES[name] for name in ("patience:5", "patience:20")}, engine="none")
    short, long = comparison.rules
    assert short.spent < long.spent and short.lost >= long.lost and comparison.runs == 20
    assert short.spent_interval[0] < short.spent < short.spent_interval[1]
    assert short.is_on_frontier and long.is_on_frontier


def test_a_rule_that_another_beats_is_not_on_the_frontier():
    outcomes = [Outcome("a", 10, None, (5, 5, 10), (None,) * 3, (0.1, 0.2, 0.0))]
    assert [rule.is_on_frontier for rule in compared(["a", "b", "c"], outcomes).rules] == [True, False, True]


def test_what_suits_is_the_cheapest_that_surely_keeps_to_the_tolerance():
    outcomes = [Outcome("a", 10, 36_000.0, (2, 5, 9), (7200.0, 18e3, 32_400.0), (0.1, 0.01, 0.0))] * 3
    comparison = compared(["rash", "right", "slow"], outcomes)
    assert comparison.suited(0.02).rule == "right" and comparison.suited(-1) is None
    assert comparison.rules[1].hours_saved == 15


def test_a_training_in_two_files_counts_once(tmp_path):
    losses = [0.1 + 0.8**epoch for epoch in range(20)]
    rows = "".join(f"{epoch},{loss},{loss + 0.1}\n" for epoch, loss in enumerate(losses))
    (tmp_path / "log.csv").write_text(f"epoch,train_loss,val_loss\n{rows}")
    history = {"loss": losses, "val_loss": [round(loss + 0.1, 5) for loss in losses]}
    (tmp_path / "history.json").write_text(json.dumps(history))
    assert compare(tmp_path, {"default": Settings()}, engine="none").runs == 1


def test_runs_without_a_gain_are_counted_and_left_out():
    outcomes = [Outcome("a", 10, None, (5,), (None,), (np.nan,)), Outcome("b", 10, None, (5,), (None,), (0.1,))]
    comparison = compared(["a"], outcomes)
    assert (comparison.runs, comparison.without_gain, comparison.rules[0].lost) == (1, 1, 0.1)


def test_all_engines_give_the_same(logs):
    rules = {name: RULES[name] for name in ("default", "patience:5")}
    assert compare(logs, rules, jobs=2) == compare(logs, rules, engine="none")


@cluster.alone
def test_ray_gives_the_same_byte_for_byte_also_when_a_worker_is_lost(logs):
    pytest.importorskip("ray", reason="needs the extra ray")
    program = """
import os, pathlib, sys
from convergence_callbacks.engines import spread
from convergence_callbacks.logs import Run
from convergence_callbacks.replay import replay
def work(item, folder=sys.argv[1]):
    lost = pathlib.Path(folder) / "lost"
    if item == 11 and not lost.exists():
        lost.touch()
        os._exit(1)
    return item ** 2
print(list(spread(work, range(40), engine="ray")))
"""
    done = subprocess.run([sys.executable, "-c", program, str(logs)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str([n**2 for n in range(40)]) and (logs / "lost").exists()


def test_an_unknown_engine_or_rule_is_reported_with_the_nearest():
    with pytest.raises(ConvergenceError, match="unknown engine 'job'"):
        spread(abs, [1], engine="job")
    with pytest.raises(SettingsError, match="unknown rule 'patince'; did you mean 'patience'"):
        rule_from("patince:3")
    with pytest.raises(SettingsError, match=r"rule 'patience:-1'.*at least 1"):
        rule_from("patience:-1")


@pytest.mark.parametrize("name", USUAL)
def test_the_line_for_a_settings_file_sets_the_rule(name, tmp_path):
    (tmp_path / "c.yaml").write_text(as_yaml(name))
    settings, expected = Monitor.from_yaml(tmp_path / "c.yaml").settings, rule_from(name)
    names = [field.name for field in dataclasses.fields(Settings)]
    assert [repr(getattr(settings, each)) for each in names] == [repr(getattr(expected, each)) for each in names]


def test_the_command_says_what_suits(logs):
    keras_csv(logs / "more")
    (logs / "cut.json").write_text('{"loss": [1')
    arguments = ["compare", str(logs), "--rules", "default,patience:3", "--jobs", "1", "--lose", "0.5"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1 and "cut.json, line 1" in result.stderr  # all but that was compared
    assert "21 runs" in result.stdout and "patience:3 suits these runs" in result.stdout
    assert "In a settings file: criteria: [patience: 3]" in result.stdout
    (logs / "cut.json").unlink()
    result = CliRunner().invoke(app, [*arguments, "--json"])
    printed = json.loads(result.stdout)
    assert result.exit_code == 0
    assert printed["suited"] == "patience:3" and [rule["rule"] for rule in printed["rules"]] == [
        "default",
        "patience:3",
    ]


def test_what_is_advised_is_what_was_tried(logs):
    (logs / "c.yaml").write_text("tolerance: 0.05\n")
    arguments = ["compare", str(logs), "--rules", "default", "--engine", "none", "--lose", "0.5"]
    result = CliRunner().invoke(app, [*arguments, "--settings", str(logs / "c.yaml")])
    assert "In a settings file: tolerance: 0.05" in result.stdout


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (("--rules", " ,"), "name at least one, such as default:0.02"),
        (("--jobs", "0"), "must be at least 1, or -1 for all cores"),
        (("--lose", "nan"), "must be a share from 0 to 1, got nan"),
        (("--lose", "2"), "must be a share from 0 to 1, got 2.0"),
    ],
)
def test_options_that_make_no_sense_are_a_wrong_usage(tmp_path, wrong, expected):
    keras_csv(tmp_path)
    result = CliRunner().invoke(app, ["compare", str(tmp_path), *wrong])
    assert result.exit_code == 2 and expected in result.stderr


def test_what_is_wrong_with_a_file_that_was_named_is_reported(tmp_path):
    path = write_csv(tmp_path / "a.csv", ["epoch", "lossx"], [(e, 1 / (e + 1)) for e in range(9)])
    result = CliRunner().invoke(app, ["compare", str(path), "--engine", "none"])
    assert result.exit_code == 1 and "no column looks like a train or validation loss" in result.stderr
    assert "Columns: 'epoch', 'lossx'" in result.stderr and "no training" not in result.stderr


def test_a_folder_without_runs_is_status_1(tmp_path):
    result = CliRunner().invoke(app, ["compare", str(tmp_path)])
    assert result.exit_code == 1 and "no training that gained anything was found" in result.stderr


@pytest.mark.parametrize(("name", "status"), [("frontier.png", 0), ("frontier.nonsense", 1)])
def test_the_frontier_is_drawn_to_a_file(tmp_path, name, status):
    pytest.importorskip("matplotlib", reason="needs the extra: pip install 'convergence-callbacks[plots]'")
    keras_csv(tmp_path / "runs")
    arguments = ["compare", str(tmp_path / "runs"), "--rules", "default,patience:3", "--engine", "none"]
    result = CliRunner().invoke(app, [*arguments, "--plot", str(tmp_path / name)])
    assert result.exit_code == status and (tmp_path / name).exists() == (status == 0)
    assert status == 0 or "frontier.nonsense: Format 'nonsense' is not supported" in result.stderr


def run(*arguments):
    return CliRunner().invoke(app, [*map(str, arguments)])


def test_a_report_and_a_comparison_take_several_paths_and_patterns(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        rows = [(epoch, 2 * 0.9**epoch, 0.1 + 2 * 0.9**epoch) for epoch in range(60)]
        write_csv(tmp_path / folder / "log.csv", ["epoch", "train_loss", "val_loss"], rows)
    out = tmp_path / "report.md"
    for paths in ([tmp_path / "one", tmp_path / "two"], [tmp_path / "*" / "log.csv"]):
        done = run("report", *paths, "-o", out)
        assert done.exit_code == 0 and "2 trainings" in done.stdout, done.output
        done = run("compare", *paths, "--json", "--engine", "none")
        assert done.exit_code == 0 and json.loads(done.stdout)["runs"] == 2, done.output
    assert "nowhere" in run("report", tmp_path / "one", tmp_path / "nowhere", "-o", out).output
