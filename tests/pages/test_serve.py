"""The command itself, as a process of its own."""

import errno
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from typer.testing import CliRunner

from convergence_callbacks.cli import app
from convergence_callbacks.cli.serve import _address
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


def test_a_folder_that_is_not_there_is_reported(tmp_path):
    result = CliRunner().invoke(app, ["serve", str(tmp_path / "missing")])
    assert result.exit_code == 1 and "missing: No such file or directory" in result.stderr


def refused(tmp_path, *options):
    keras_csv(tmp_path / "one")
    result = CliRunner().invoke(app, ["serve", str(tmp_path), *options])
    assert result.exit_code == 1
    return " ".join(result.stderr.split())


def test_a_port_that_is_in_use_is_reported_with_the_way_out(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        message = refused(tmp_path, "--port", str(port))
    assert message == f"port {port} is in use: name another with --port, or --port 0 for any that is free"


def test_an_address_that_is_not_of_this_computer_is_reported(tmp_path):
    assert "192.0.2.1 is no address of this computer: leave --host out" in refused(tmp_path, "--host", "192.0.2.1")


def test_a_port_that_one_may_not_open_is_reported(tmp_path, monkeypatch):
    def create(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket, "create_server", create)
    assert "port 80 may not be opened by you: name one from 1024 on with --port" in refused(tmp_path, "--port", "80")


def test_a_name_that_nobody_knows_is_reported(tmp_path):
    assert "no address is known of 'no.such.name.invalid'" in refused(tmp_path, "--host", "no.such.name.invalid")


@pytest.mark.parametrize("missing", ["uvicorn", "starlette", "sse_starlette"])
def test_what_is_not_installed_is_reported_with_the_extra(missing, tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "convergence_callbacks.pages.server", raising=False)
    for name in [name for name in sys.modules if name.partition(".")[0] == missing]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    assert "[serve]'" in refused(tmp_path)


@pytest.mark.parametrize(
    ("host", "token", "address"),
    [("::1", None, "http://[::1]:80/"), ("127.0.0.1", "a b&c/é", "http://127.0.0.1:80/?token=a%20b%26c%2F%C3%A9")],
)
def test_the_address_is_as_a_browser_takes_it(host, token, address):
    assert _address(host, 80, token) == address
