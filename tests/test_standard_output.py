"""What a command prints goes to a full disk, or to a pipe that nobody reads to its end."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.logs.make import keras_csv

PROGRAM = [sys.executable, "-c", "from convergence_callbacks.cli import app; app()"]
FULL = Path("/dev/full")
COMMANDS = {
    "help": ["--help"],
    "version": ["--version"],
    "table": ["replay", "run"],
    "json": ["replay", "run", "--json"],
    "csv": ["replay", "run", "--csv"],
    "page": ["report", "run", "-o", "-"],
    "text": ["explain", "overfitting"],
    "watch": ["watch", "run", "--once"],
}

each_command = pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
needs_full = pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full, as Linux has")


@pytest.fixture
def run(tmp_path):
    """Runs a program beside a log, and gives its status and what it says on standard error."""
    keras_csv(tmp_path / "run")

    def started(command, stdout):
        own = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")}
        done = subprocess.run(
            [*PROGRAM, *command], stdout=stdout, stderr=subprocess.PIPE, cwd=tmp_path, text=True, env=own, check=False
        )
        return done.returncode, done.stderr

    return started


@needs_full
@each_command
def test_where_the_disk_is_full_a_command_says_so_in_one_line(run, command):
    with FULL.open("w") as full:
        assert run(command, full) == (5, "standard output: No space left on device\n")


@each_command
def test_where_nobody_reads_on_a_command_ends_in_silence(run, command):
    reads, writes = os.pipe()
    os.close(reads)
    with os.fdopen(writes, "w") as closed:
        assert run(command, closed) == (5, "")


@needs_full
def test_a_watch_that_has_more_to_do_goes_on_without_its_output(run, tmp_path):
    command = ["watch", "run", "--idle", "0.2", "--interval", "0.1", "--max-epochs", "200", "--on-stop", "touch acted"]
    with FULL.open("w") as full:
        status, errors = run(command, full)
    assert (status, errors) == (0, "standard output: No space left on device; the command goes on without it\n")


@needs_full
@pytest.mark.parametrize(
    "command", [["report", "run", "-o", FULL], ["init", "--force", FULL], ["compare", "run", "--plot", "full.svg"]]
)
def test_a_file_that_can_not_be_written_is_named(run, command, tmp_path):
    (tmp_path / "full.svg").symlink_to(FULL)
    status, errors = run(command, subprocess.DEVNULL)
    assert status == 1 and re.fullmatch(r"\S*full\S*: No space left on device\n", errors)
