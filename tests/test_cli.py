import dataclasses
import inspect
import os
import re
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from convergence_callbacks import Default, Diagnosis, Verdict, __version__
from convergence_callbacks.adapter.settings import CallbackSettings
from convergence_callbacks.cli import app
from convergence_callbacks.cli.settings_in_words import settings_in_words
from convergence_callbacks.config.template import template
from convergence_callbacks.core.criterion import Composition
from convergence_callbacks.core.spec import known_criteria
from convergence_callbacks.core.verdict import WHEN_UNSURE

PROGRAM = [sys.executable, "-c", "from convergence_callbacks.cli import app; app()"]
OURS = {name: kind for name, kind in known_criteria().items() if kind.__module__.startswith("convergence_callbacks.")}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs the command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


@pytest.fixture
def check(run, tmp_path):
    """The output of the command for a file with this text."""

    def check_text(text):
        (tmp_path / "convergence.yaml").write_text(text, encoding="utf-8")
        return run("check", "convergence.yaml")

    return check_text


def lines_below(output, heading):
    """The lines of a paragraph."""
    match = re.search(rf"^{re.escape(heading)}.*\n((?:  .*\n)*)", output, re.MULTILINE)
    return [line.strip() for line in match[1].splitlines()] if match else []


def test_it_prints_its_version(run):
    result = run("--version")
    assert (result.exit_code, result.stdout) == (0, f"convergence {__version__}\n")


def test_help_lists_the_commands(run):
    output = run("--help").output
    assert "init" in output and "check" in output and "Write a settings file" in output


def test_init_writes_a_file_that_check_finds_valid(run, tmp_path):
    assert run("init").exit_code == 0
    assert (tmp_path / "convergence.yaml").read_text(encoding="utf-8") == template()
    assert run("check", "convergence.yaml").exit_code == 0


def test_init_writes_to_the_path_that_is_given(run, tmp_path):
    result = run("init", "mine.yaml")
    assert (tmp_path / "mine.yaml").exists() and "convergence check mine.yaml" in result.stdout


def test_init_leaves_a_file_that_is_there_alone(run, tmp_path):
    (tmp_path / "convergence.yaml").write_text("tolerance: 0.5\n")
    result = run("init")
    assert result.exit_code == 1
    assert result.stderr == "convergence.yaml is there already; --force writes over it\n"
    assert (tmp_path / "convergence.yaml").read_text() == "tolerance: 0.5\n"


def test_init_writes_over_it_by_force(run, tmp_path):
    (tmp_path / "convergence.yaml").write_text("x" * 100_000)
    assert run("init", "--force").exit_code == 0
    assert (tmp_path / "convergence.yaml").read_text(encoding="utf-8") == template()


def test_init_says_where_it_can_not_write(run):
    result = run("init", "no/such/folder.yaml")
    assert result.exit_code == 1
    assert result.stderr == "no/such/folder.yaml: No such file or directory\n"


def test_check_reports_each_mistake_with_its_line_on_standard_error(check):
    result = check("tolerence: 0.1\ncriteria:\n  - patience: -3\n")
    assert result.exit_code == 1
    assert result.stdout == ""
    first, second = result.stderr.splitlines()
    assert first.startswith("convergence.yaml, line 1: unknown setting 'tolerence'; did you mean 'tolerance'?")
    assert second == "convergence.yaml, line 3: patience must be at least 1, got -3"


@pytest.mark.parametrize(("name", "why"), [("missing.yaml", "No such file or directory"), (".", "Is a directory")])
def test_check_says_which_file_can_not_be_read(run, name, why):
    result = run("check", name)
    assert (result.exit_code, result.stderr) == (1, f"{name}: {why}\n")


@pytest.mark.parametrize("arguments", [["check"], ["chek", "x"], ["check", "a", "b"], ["init", "--forse"]])
def test_a_wrong_usage_is_status_2(run, arguments):
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Usage:" in result.stderr


def test_check_explains_which_verdicts_of_the_default_rule_stop_and_which_are_only_reported(check):
    output = check("").stdout
    stops, reported = (
        lines_below(output, "The training stops"),
        lines_below(output, "It goes on, and this is only reported"),
    )
    assert "- when the expected further gain is below 1% of the total gain [converged or overfitting]" in stops
    assert "- at the end of the epochs that the framework was given (max_epochs is not set)" in stops
    assert stops[-1] == "but never before 5 epochs (min_epochs)"
    assert [line.split("[")[1] for line in reported] == ["false_convergence or unstable]"]
    assert lines_below(output, "Verdicts") == [
        "that stop:     converged, overfitting, not_learning, diverged",
        "only reported: improving, false_convergence, unstable",
        WHEN_UNSURE,
    ]


def test_check_says_the_users_criteria_and_limits(check):
    output = check("criteria: [patience: 7, time_budget: 2]\nmax_epochs: 90\ntarget_loss: 0.25\nmin_epochs: 1\n").stdout
    assert lines_below(output, "The training stops") == [
        "- when the loss has not improved for 7 epochs",
        "- when the training has taken 2 hours",
        "- when the loss is 0.25 or better",
        "- when the budget of 90 epochs is used up",
    ]
    assert "only reported\n" not in output and "never stop" not in output


def test_check_warns_of_criteria_that_can_never_stop(check):
    output = check("criteria: [patience: 7, unstable_loss, all_of: [patience, unstable_loss]]\n").stdout
    never = lines_below(output, "These criteria never stop it")
    assert len(never) == 2 and all(line.endswith("[unstable]") for line in never)
    assert lines_below(output, "The training stops")[0] == "- when the loss has not improved for 7 epochs"


def test_what_stops_follows_stop_on(check):
    output = check("stop_on: [unstable]\n").stdout
    assert [line for line in lines_below(output, "The training stops") if "[" in line] == [
        "- when the learning curve looks like one that ends in this verdict [unstable]"
    ]


def test_only_the_verdicts_that_stop_are_named_where_a_criterion_gives_several(check):
    output = check("stop_on: [converged]\n").stdout
    assert lines_below(output, "The training stops")[0].endswith("total gain [converged]")


def test_joined_criteria_stop_by_the_gravest_of_their_verdicts(check):
    joined = "criteria: {all_of: [expected_gain, unstable_loss]}\n"
    assert lines_below(check(joined).stdout, "These criteria never stop it")
    assert not lines_below(check(f"{joined}stop_on: [unstable]\n").stdout, "These criteria never stop it")


def test_check_reports_what_an_integration_would_refuse(run, tmp_path):
    (tmp_path / "convergence.yaml").write_text("restore_best: true\nlog_decisions: true\nprobe: true\n")
    refused = run("check", "convergence.yaml", "--for", "jax")
    assert refused.exit_code == 1
    assert re.findall(r"line \d: JAX does not support (\w+)", refused.output) == ["log_decisions", "probe"]
    assert "is valid for Lightning" in run("check", "convergence.yaml", "--for", "Lightning").output
    assert "did you mean 'scikit-learn'" in run("check", "convergence.yaml", "--for", "scikit learns").output


def test_check_says_what_happens_at_the_end(check):
    text = "restore_best: true\nverbose: false\nbackup_dir: keep\nlog_decisions: true\nval_metric: val_f1\nmode: max\n"
    output = check(text).stdout
    end = lines_below(output, "At the end")
    assert "the model gets the weights of its best epoch" in end and "the reason is not printed" in end
    assert any("'keep'" in line for line in end) and len(end) == 4
    assert lines_below(output, "What is judged")[0] == "'val_f1'; more is better"


@pytest.mark.parametrize("kind", OURS.values(), ids=lambda kind: kind.name)
def test_the_verdicts_reported_of_a_criterion_are_those_in_its_code(kind):
    if issubclass(kind, Composition | Default | Diagnosis):
        return
    named = {Verdict[name] for name in re.findall(r"Verdict\.([A-Z_]+)\b", inspect.getsource(kind))}
    assert set(kind.verdicts) == named


def test_no_setting_goes_unexplained():
    changed = {"max_epochs": 9, "tolerance": 0.5, "min_epochs": 9, "mode": "max", "baseline_loss": 0.3}
    changed |= {"target_loss": 0.3, "lr_schedule": [0.1], "stop_on": ["diverged"], "criteria": "patience"}
    changed |= {"train_metric": "a", "val_metric": "b", "restore_best": True, "verbose": False}
    changed |= {"log_decisions": True, "backup_dir": "c", "record": "d", "strict": True, "show_forecast": True}
    changed |= {
        "probe": True,
        "probe_budget": 36,
        "check_data": True,
        "act": "heal",
        "every_n_steps": 500,
        "start_from_epoch": 9,
        "stop_file": "e",
        "minutes_before_job_end": 9,
        "find_baseline": False,
        "search_tolerance": 0.02,
        "n_trials": 30,
    }
    assert set(changed) == {field.name for field in dataclasses.fields(CallbackSettings)}
    for name, value in changed.items():
        assert settings_in_words(CallbackSettings(**{name: value})) != settings_in_words(CallbackSettings()), name


def piped(*arguments, **environment):
    return subprocess.run(
        [*PROGRAM, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "40", **environment},
    )


def test_a_pipe_gets_neither_colours_nor_broken_lines(tmp_path):
    (tmp_path / "a.yaml").write_text("criteria: [patience: 7]\n")
    result = piped("check", str(tmp_path / "a.yaml"))
    assert "\x1b" not in result.stdout
    assert "  - at the end of the epochs that the framework was given (max_epochs is not set)\n" in result.stdout
    (tmp_path / "a.yaml").write_text("tolerence: 1\n")
    assert len(piped("check", str(tmp_path / "a.yaml")).stderr.splitlines()) == 1


def test_letters_that_the_terminal_lacks_are_no_failure(tmp_path):
    (tmp_path / "a.yaml").write_text("val_metric: 'fehlergröße [bold]x'\nbackup_dir: \"\\uD800\"\n", encoding="utf-8")
    result = piped("check", str(tmp_path / "a.yaml"), PYTHONIOENCODING="ascii")
    assert (result.returncode, result.stderr) == (0, "")
    assert "fehlergr\\xf6\\xdfe [bold]x" in result.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="no such terminals")
def test_a_terminal_gets_colours_and_lines_that_fit(tmp_path):
    import pty

    (tmp_path / "a.yaml").write_text("tolerance: 0.02\n")
    ours, theirs = pty.openpty()
    command = [*PROGRAM, "check", str(tmp_path / "a.yaml")]
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    environment |= {"COLUMNS": "60", "TERM": "xterm-256color"}
    with subprocess.Popen(command, stdout=theirs, env=environment) as process:
        os.close(theirs)
        output = read_all(ours)
    assert process.returncode == 0
    assert "\x1b[" in output
    below = output.partition("The training stops")[2]
    assert all(len(line) <= 60 for line in below.splitlines())
    assert "    verdict [false_convergence or unstable]" in re.sub(r"\s*\n", "\n", below)


def read_all(terminal):
    """All that was written to a pseudo-terminal until its other end was closed."""
    content = b""
    try:
        while chunk := os.read(terminal, 4096):
            content += chunk
    except OSError:  # how Linux says that it was closed
        pass
    os.close(terminal)
    return content.decode()
