"""A user's program passes mypy against the types that the package exports; `make wheel` asks pyright too."""

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "typing"
WRONG = "from convergence_callbacks import Monitor\nMonitor(max_epoch=3)\nMonitor(tolerance='1')\n"


def test_mypy_finds_nothing_in_a_users_programs_but_what_is_wrong(tmp_path):
    pytest.importorskip("mypy", reason="needs pip install 'convergence-callbacks[dev]'")
    (tmp_path / "wrong.py").write_text(WRONG)
    files = [*map(str, FOLDER.glob("*.py")), str(tmp_path / "wrong.py")]
    command = [sys.executable, "-m", "mypy", "--strict", "--ignore-missing-imports", "--config-file=", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    errors = [line.rsplit("/", 1)[-1] for line in done.stdout.splitlines() if ": error:" in line]
    assert [error.split(": error:")[0] for error in errors] == ["wrong.py:2", "wrong.py:3"], done.stdout


def test_the_program_runs():
    subprocess.run([sys.executable, "-W", "error", str(FOLDER / "loop.py")], check=True)
