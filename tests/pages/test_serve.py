"""The command itself, as a process of its own."""

import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from typer.testing import CliRunner

from convergence_callbacks.cli import app
from tests.logs.make import keras_csv

pytest.importorskip("sse_starlette", reason="needs the extra: pip install 'convergence-callbacks[serve]'")

PROGRAM = [sys.executable, "-c", "from convergence_callbacks.cli import app; app()"]


def get(address):
    with urllib.request.urlopen(address, timeout=20) as answer:
        return answer.read().decode()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_any_other_address_asks_for_the_token_that_is_printed(tmp_path, end):
    keras_csv(tmp_path / "one")
    command = [*PROGRAM, "serve", str(tmp_path), "--host", "0.0.0.0", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        address = process.stdout.readline().strip().replace("0.0.0.0", "127.0.0.1")
        bare, token = address.split("?token=")
        with pytest.raises(urllib.error.HTTPError, match="401"):
            get(bare)
        asked = urllib.request.Request(bare, headers={"Authorization": f"Bearer {token}"})
        until = time.monotonic() + 60
        while "one</a>" not in get(asked):  # reading goes on in another process
            assert time.monotonic() < until
            time.sleep(0.2)
        process.send_signal(end)
        _, complaints = process.communicate(timeout=30)  # only when the processes that it started have ended too
    assert len(token) >= 32 and (complaints == "" or end is signal.SIGKILL)


def test_a_folder_that_is_not_there_is_said(tmp_path):
    result = CliRunner().invoke(app, ["serve", str(tmp_path / "missing")])
    assert result.exit_code == 1 and "missing: No such file or directory" in result.stderr
