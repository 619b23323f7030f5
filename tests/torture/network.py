"""Servers that answer anything, and clients that ask for anything."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import socketserver
import threading
from concurrent.futures import ThreadPoolExecutor

from convergence_callbacks.core.settings import Settings
from convergence_callbacks.logs import ColumnChoice
from convergence_callbacks.watch.notify import Webhook
from tests.logs.make import keras_csv
from tests.torture.attack import Attack

ANSWERS = (
    *(b"", b"garbage\r\n\r\n", b"HTTP/1.1 99999 No\r\n\r\n", b"HTTP/1.1 500 No\r\n\r\n", b"\0" * 1000),
    *(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"a" * 70_000),
    b"HTTP/1.1 204 No Content\r\n\r\n",
)
HANGS = 120
"""Seconds after which whoever waits hangs."""

SLOW = (
    *(b"G", b"", b"GET / HTTP/1.1\r\nHost: HOST\r\n", b"GET /events HTTP/1.1\r\nHost: HOST\r\n\r\n"),
    *(b"POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 99999999\r\n\r\nx", b"\0" * 100, b"GET " + b"/" * 70_000),
)
"""What a client sends before it falls silent."""

SECRET = "0.123454321"


class Answering(socketserver.ThreadingTCPServer):
    """Answers each connection with the next of some bytes; keeps what it was sent."""

    daemon_threads = True

    def __init__(self, answers):
        self.answers, self.got = list(answers), []
        super().__init__(("127.0.0.1", 0), Answer)


class Answer(socketserver.StreamRequestHandler):
    def handle(self):
        length = 0
        while line := self.rfile.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        self.server.got.append(json.loads(self.rfile.read(length) or b"{}"))
        self.wfile.write(self.server.answers.pop(0) if self.server.answers else ANSWERS[-1])


def hostile_server(rng, folder):
    """Each message is delivered or complained about, in order, whatever the server answers."""
    answers = [rng.choice(ANSWERS) for _ in range(rng.randrange(6))]
    with Answering(answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        complaints, delivered = [], []
        webhook = Webhook(f"http://127.0.0.1:{server.server_address[1]}/", complaints.append, pauses=(0.0,))
        for number in range(4):
            webhook.send({"number": number}, lambda number=number: delivered.append(number))
        webhook.close()
        server.shutdown()
    assert delivered == sorted(delivered) and len(delivered) + len(complaints) == 4, (delivered, complaints)
    assert set(delivered) <= {message.get("number") for message in server.got}


def hostile_client(rng, folder):
    """No request shows a file, and none brings the server down."""
    import pytest

    pytest.importorskip("sse_starlette", reason="needs the extra: pip install 'convergence-callbacks[serve]'")
    from starlette.testclient import TestClient

    from convergence_callbacks.pages.server import application
    from convergence_callbacks.pages.shelf import Shelf

    keras_csv(folder / "runs" / "<script>alert(1)</script>")
    (folder / "secret.csv").write_text(f"epoch,loss,val_loss\n0,{SECRET},{SECRET}\n")
    with ThreadPoolExecutor(1) as threads:
        shelf = Shelf(folder / "runs", Settings(), ColumnChoice(), threads)
        shelf.look()
        app = application(shelf, title="runs", token=rng.choice([None, "a b&c"]))
        browse = TestClient(app, base_url="http://127.0.0.1:8090", follow_redirects=False)
        for _ in range(20):
            pieces = [
                "/",
                "..",
                "%2e%2e",
                "%2f",
                "secret.csv",
                "run",
                "compare",
                "?run=",
                "?token=",
                "\\",
                "//",
                "é",
                "%00",
            ]
            path = "/" + "".join(rng.choice(pieces) for _ in range(rng.randrange(6)))
            method = rng.choice(["GET", "GET", "POST", "PUT", "DELETE", "HEAD"])
            if "events" in path:
                continue
            headers = rng.choice(
                [{}, {"host": "evil.example"}, {"cookie": 'convergence-token="'}, {"authorization": "é"}]
            )
            headers = {name: value.encode("utf-8") for name, value in headers.items()}
            answer = browse.request(method, f"http://127.0.0.1:8090{path}", headers=headers)
            assert answer.status_code < 500, (method, path, answer.status_code)
            assert SECRET not in answer.text and "<script>alert" not in answer.text


def slow_client(rng, folder):
    """Clients that send a byte and no more, or read nothing of an endless stream, keep no other from its page."""
    import pytest

    pytest.importorskip("sse_starlette", reason="needs the extra: pip install 'convergence-callbacks[serve]'")
    import uvicorn

    from convergence_callbacks.pages.server import application
    from convergence_callbacks.pages.shelf import Shelf

    keras_csv(folder / "runs" / "one")
    with ThreadPoolExecutor(1) as threads, contextlib.ExitStack() as open_:
        shelf = Shelf(folder / "runs", Settings(), ColumnChoice(), threads)
        shelf.look()
        config = uvicorn.Config(application(shelf, title="runs", token=None), log_level="critical", lifespan="off")
        server = uvicorn.Server(config)
        listening = open_.enter_context(socket.create_server(("127.0.0.1", 0)))
        address = listening.getsockname()
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        config.timeout_graceful_shutdown = 1
        for _ in range(40):
            client = open_.enter_context(socket.create_connection(address, HANGS))
            client.sendall(rng.choice(SLOW).replace(b"HOST", b"127.0.0.1:%d" % address[1]))
        connection = http.client.HTTPConnection(*address, timeout=HANGS)
        connection.request("GET", "/")
        assert connection.getresponse().status == 200
        connection.close()
        server.should_exit = True
    thread.join(HANGS)
    assert not thread.is_alive()


ATTACKS = [
    Attack("clients that are slow or never read", slow_client, weight=0.5, short=1),
    Attack("servers that answer anything", hostile_server, weight=2),
    Attack("clients that ask for anything", hostile_client, weight=2),
]
