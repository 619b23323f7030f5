import dataclasses
import http.server
import io
import json
import os
import re
import shutil
import socketserver
import sys
import threading
import time

import pytest
from rich.console import Console
from typer.testing import CliRunner

from convergence_callbacks import Patience, SettingsError
from convergence_callbacks.cli import app
from convergence_callbacks.cli.chart import BAND, MIDDLE, TRAIN, VAL, chart
from convergence_callbacks.cli.watch import Watcher, _picture
from convergence_callbacks.core.counter import Counter
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.logs import read_logs
from convergence_callbacks.outlook import band_of
from convergence_callbacks.replay import replay
from convergence_callbacks.telling.forecast import eta
from convergence_callbacks.watch import Follower, Reading, Session
from convergence_callbacks.watch.notify import Webhook, shape_for, shaped, start_command
from tests.curves import overfitting
from tests.logs import make
from tests.logs.make import lines
from tests.test_replay import run_of

RUN = run_of(overfitting(40, best=10))
HEADER = "epoch,train_loss,val_loss\n"


def first(epochs, run=RUN):
    return dataclasses.replace(run, observations=run.observations[:epochs])


def rows(epochs, begin=0):
    return "".join(f"{o.step},{o.train_loss},{o.val_loss}\n" for o in RUN.observations[begin:epochs])


def test_looking_as_it_grows_decides_as_a_replay_of_the_whole():
    session = Session(Settings(max_epochs=40))
    for epochs in (1, 2, 2, 9, 30, 40):
        session.take(first(epochs))
    assert tuple(session.decisions) == replay(RUN, Settings(max_epochs=40)).decisions and session.begun == 1


def test_a_last_epoch_that_may_yet_change_is_left_for_the_next_look():
    session = Session(Settings())
    assert session.take(first(1), is_settled=False) == []
    assert len(session.take(first(3), is_settled=False)) == 2
    assert len(session.take(first(3))) == 1


def test_a_rotated_log_goes_on():
    session = Session(Settings(max_epochs=40))
    session.take(first(20))
    later = dataclasses.replace(RUN, observations=RUN.observations[20:])
    assert len(session.take(later)) == 20 and session.begun == 1
    assert tuple(session.decisions) == replay(RUN, Settings(max_epochs=40)).decisions


def test_a_rotated_log_that_counts_from_1_goes_on_in_its_own_numbers():
    session = Session(Settings(max_epochs=40))
    session.take(dataclasses.replace(first(20), counts_from=1))
    later = [dataclasses.replace(o, step=o.step + 1) for o in RUN.observations]
    for begin in (20, 15):
        session.take(dataclasses.replace(RUN, observations=tuple(later[begin:])))
        assert session.begun == 1 and session.run.number(session.seen[-1].step) == 40
        counted = replay(dataclasses.replace(RUN, counts_from=1), Settings(max_epochs=40))
        assert tuple(session.decisions) == counted.decisions


def test_a_log_that_lost_its_epoch_0_does_not_count_from_1():
    session = Session(Settings(max_epochs=40))
    session.take(first(20))
    rest = tuple(dataclasses.replace(o, step=o.step - 1) for o in RUN.observations[1:])
    assert len(session.take(dataclasses.replace(RUN, observations=rest, counts_from=1))) == 20
    assert [o.step for o in session.seen] == list(range(40)) and session.begun == 1


def test_an_epoch_that_is_completed_later_is_judged_again_and_no_other():
    session, newest = Session(Settings(max_epochs=40)), RUN.observations[11]
    partly = dataclasses.replace(
        RUN, observations=(*RUN.observations[:11], dataclasses.replace(newest, train_loss=None))
    )
    assert len(session.take(partly)) == 12
    assert [decision.step for decision in session.take(first(13))] == [11, 12] and session.begun == 1
    assert tuple(session.decisions) == replay(first(13), Settings(max_epochs=40)).decisions


def test_a_resume_that_repeats_epochs_is_judged_as_it_came_last():
    other = run_of(overfitting(40, best=14))
    session = Session(Settings(max_epochs=40))
    session.take(first(20))
    repeated = dataclasses.replace(RUN, observations=(*RUN.observations[:15], *other.observations[15:30]))
    session.take(repeated)
    assert tuple(session.decisions) == replay(repeated, Settings(max_epochs=40)).decisions and session.begun == 1


def test_another_training_in_the_same_file_is_judged_from_its_start():
    session = Session(Settings())
    session.take(first(20))
    session.take(first(5, run_of(overfitting(40, best=14, noise=0.1))))
    assert len(session.decisions) == 5 and session.begun == 2


def test_a_file_that_is_being_rewritten_is_waited_for():
    session = Session(Settings())
    session.take(first(20))
    assert session.take(first(3)) == [] and len(session.seen) == 20


def test_a_follower_survives_what_happens_to_files(tmp_path):
    path = tmp_path / "log.csv"
    follower = Follower(path)
    assert "is not there yet" in follower.look().problem or "holds no log" in follower.look().problem
    path.write_text("")
    assert follower.look().run is None
    path.write_text(HEADER + rows(3))
    reading = follower.look()
    assert reading.run.steps == 3 and not reading.is_settled and follower.look().is_settled
    path.write_text(HEADER + rows(4)[:-2])
    assert follower.look().run.steps == 3
    path.rename(tmp_path / "log.csv.1")
    assert follower.look().run is None
    path.write_text(HEADER + rows(6, begin=4))
    run = follower.look().run
    assert [run.number(o.step) for o in run.observations] == [4, 5]


def test_of_a_folder_the_log_that_changed_last_is_followed(tmp_path):
    lines(tmp_path / "a.jsonl", [{"epoch": 0, "val_loss": 1.0}])
    time.sleep(0.02)
    lines(tmp_path / "b.jsonl", [{"epoch": 0, "val_loss": 2.0}])
    assert Follower(tmp_path).look().run.name == "b.jsonl"


def written(folder, name, epochs, at):
    path = folder / f"{name}.csv"
    path.write_text(HEADER + rows(epochs))
    os.utime(path, (time.time() + at,) * 2)


def test_of_two_logs_that_grow_at_once_one_is_followed_until_it_rests(tmp_path):
    written(tmp_path, "a", 1, at=-30)
    written(tmp_path, "b", 1, at=0)
    follower = Follower(tmp_path)
    names = [follower.look().run.name]
    for epoch in range(1, 6):
        written(tmp_path, "a", epoch + 1, at=60 * epoch - 30)
        names.append(follower.look().run.name)
        written(tmp_path, "b", epoch + 1, at=60 * epoch)
        names.append(follower.look().run.name)
    assert set(names[1:]) == {"a.csv"}
    for epoch in range(6, 10):
        written(tmp_path, "b", epoch + 1, at=60 * epoch)
        names.append(follower.look().run.name)
    assert names[-4] == "a.csv" and names[-1] == "b.csv"


def test_the_followed_log_is_waited_for_while_it_is_rotated(tmp_path):
    written(tmp_path, "a", 3, at=0)
    follower = Follower(tmp_path)
    assert follower.look().run.name == "a.csv"
    (tmp_path / "a.csv").rename(tmp_path / "a.1.csv")
    assert "a.csv is not there" in follower.look().problem
    written(tmp_path, "a", 5, at=1)
    assert follower.look().run.steps == 5


def test_a_newer_file_that_is_no_log_of_a_training_is_passed_over(tmp_path):
    written(tmp_path, "a", 3, at=0)
    written(tmp_path, "b", 3, at=60)
    (tmp_path / "b.csv").write_text("row,width\n1,2\n")
    os.utime(tmp_path / "b.csv", (time.time() + 60,) * 2)
    assert Follower(tmp_path).look().run.name == "a.csv"


def test_a_training_that_is_followed_again_posts_and_starts_nothing_twice(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    started = tmp_path / "started"
    command = f'{sys.executable} -c "open({str(started)!r}, {"a"!r}).write({"x"!r})"'
    watcher = Watcher(Settings(criteria=Patience(5)), command, None)
    other = dataclasses.replace(run_of(overfitting(40, best=12)), name="b", path=tmp_path / "b.csv")
    new = [len(watcher.take(Reading(run, is_settled=True))) for run in (RUN, other, RUN, other)]
    watcher.close()
    assert new == [40, 40, 0, 0] and started.read_text() == "xx"


@pytest.fixture
def watch(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "c.yaml").write_text("criteria: [patience: 5]\n")
    options = ["--settings", str(tmp_path / "c.yaml"), "--interval", "0.05", "--idle", "0.2"]
    return lambda path, *more: CliRunner().invoke(app, ["watch", str(path), *options, *map(str, more)])


def test_a_log_is_followed_while_it_grows(watch, tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(HEADER)

    def train():
        with path.open("a") as file:
            for observation in RUN.observations[:20]:
                file.write(f"{observation.step},{observation.train_loss},{observation.val_loss}\n")
                file.flush()
                time.sleep(0.01)

    trainer = threading.Thread(target=train)
    trainer.start()
    result = watch(path, "--idle", "1.5")
    trainer.join()
    printed = result.stdout.splitlines()
    assert len(printed) == 20 and printed[0].startswith("go on at epoch 0: improving")
    stop = replay(first(20), Settings(criteria=Patience(5), max_epochs=40)).stop
    assert next(line for line in printed if line.startswith("stop")).startswith(f"stop at epoch {stop.step}: ")


def test_the_command_is_started_once_with_the_decision_even_after_a_restart(watch, tmp_path):
    path, received = tmp_path / "log.csv", tmp_path / "received.jsonl"
    path.write_text(HEADER + rows(40))
    program = f"import sys; open({str(received)!r}, 'a').write(sys.stdin.read() + chr(10))"
    command = f'{sys.executable} -c "{program}"'
    for _ in range(2):
        assert watch(path, "--on-stop", command).exit_code == 0
    (message,) = map(json.loads, received.read_text().splitlines())
    stop = replay(RUN, Settings(criteria=Patience(5))).stop
    assert message["decision"]["step"] == stop.step and message["run"] == "log.csv"
    path.write_text(HEADER + rows(40).replace("0,1.0", "0,1.5"))  # another training
    watch(path, "--on-stop", command)
    assert len(received.read_text().splitlines()) == 2


def test_a_command_that_is_not_there_ends_nothing(watch, tmp_path):
    (tmp_path / "log.csv").write_text(HEADER + rows(40))
    result = watch(tmp_path / "log.csv", "--on-stop", "no-such-program")
    assert result.exit_code == 0 and "no-such-program" in result.stderr


def test_the_command_is_started_unless_it_was_before_and_that_is_reported(watch, tmp_path):
    path, started = tmp_path / "log.csv", tmp_path / "started"
    command = f'{sys.executable} -c "open({str(started)!r}, {"a"!r}).write({"x"!r})"'
    path.write_text(HEADER + rows(40))
    watch(path, "--once")
    assert "no-such-program" in watch(path, "--once", "--on-stop", "no-such-program").stderr and not started.exists()
    assert "left out" not in watch(path, "--once", "--on-stop", command).stderr and started.read_text() == "x"
    assert "skipped: the command" in watch(path, "--once", "--on-stop", command).stderr and started.read_text() == "x"
    later = RUN.observations[9]
    path.write_text(HEADER + rows(40).replace(f"{later.step},{later.train_loss}", f"{later.step},0.123"))
    watch(path, "--once", "--on-stop", command)
    assert started.read_text() == "xx"


def test_a_decision_is_reported_in_the_numbers_of_the_log(watch, tmp_path):
    path, received = tmp_path / "log.csv", tmp_path / "received.json"
    path.write_text(HEADER + "".join(f"{o.step + 1},{o.train_loss},{o.val_loss}\n" for o in RUN.observations))
    program = f"import sys; open({str(received)!r}, 'w').write(sys.stdin.read())"
    printed = watch(path, "--once", "--on-stop", f'{sys.executable} -c "{program}"').stdout
    number = replay(RUN, Settings(criteria=Patience(5))).stop.step + 1
    message = json.loads(received.read_text())
    assert f"stop at epoch {number}: " in printed and message["decision"]["step"] == number
    assert message["text"].startswith(f"stop at epoch {number}: ")
    assert f"best {message['decision']['best_value']:.4g} at epoch {number - 5}" in message["text"]


@pytest.mark.parametrize("end", [["--once"], ["--idle", "0.2"]])
@pytest.mark.parametrize("text", ["epoch,val_loss,eval_loss\n0,1,2\n1,2,3\n", None])
def test_a_pipe_gets_the_reason_once_why_nothing_happens(watch, tmp_path, text, end):
    path = tmp_path / "log.csv"
    if text is not None:
        path.write_text(text)
    result = watch(path, *end)
    assert result.exit_code == 1 and result.stdout == ""
    assert len(result.stderr.splitlines()) == 1 and str(path) in result.stderr


def test_a_command_may_read_nothing_and_must_have_its_quotes_closed():
    assert start_command("true", {"a": 1}).wait(10) == 0
    with pytest.raises(SettingsError, match="No closing quotation"):
        start_command("echo 'a", {})


@pytest.fixture
def server():
    """Takes posts on this machine, and fails the first few of them."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            failing = self.server.failures > 0
            self.server.failures -= failing
            if not failing:
                self.server.got.append(json.loads(body))
            self.send_response(500 if failing else 204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.got, server.failures = [], 0
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_webhook_gets_the_stop(watch, tmp_path, server):
    (tmp_path / "log.csv").write_text(HEADER + rows(40))
    watch(tmp_path / "log.csv", "--notify", f"http://127.0.0.1:{server.server_port}/hook")
    assert [message["event"] for message in server.got].count("stop") == 1
    assert server.got[-1]["text"].startswith("stop at epoch")


def test_a_webhook_that_fails_is_tried_again_and_then_complained_of(server):
    complaints, delivered = [], []
    server.failures = 2
    webhook = Webhook(f"http://127.0.0.1:{server.server_port}", complaints.append, pauses=(0.0, 0.0))
    webhook.send({"a": 1}, lambda: delivered.append(1))
    webhook.close()
    assert server.got == [{"a": 1}] and complaints == []
    server.failures = 9
    webhook = Webhook(f"http://127.0.0.1:{server.server_port}", complaints.append, pauses=(0.0,))
    webhook.send({"a": 2}, lambda: delivered.append(2))
    webhook.close()
    assert server.got == [{"a": 1}] and "HTTP Error 500" in complaints[0] and delivered == [1]


def test_a_webhook_blocks_nobody():
    webhook = Webhook("http://127.0.0.1:9", [].append, pauses=(60.0,))
    for number in range(1000):
        webhook.send({"number": number})


class Answers(socketserver.ThreadingTCPServer):
    """Answers each connection with the next of some bytes, and keeps the bodies that it was sent."""

    daemon_threads = True

    def __init__(self, *answers, pause=0.0):
        self.got, self.answers, self.pause = [], list(answers), pause
        super().__init__(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/"


class Answer(socketserver.StreamRequestHandler):
    def handle(self):
        length = 0
        while (line := self.rfile.readline().strip()) != b"":
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        self.server.got.append(self.rfile.read(length))
        answer = self.server.answers.pop(0) if self.server.answers else b"HTTP/1.1 204 No Content\r\n\r\n"
        for byte in answer:
            try:
                self.wfile.write(bytes([byte]))
            except OSError:  # nobody waits for the rest
                return
            threading.Event().wait(self.server.pause if self.server.pause and len(answer) > 100 else 0)


@pytest.mark.parametrize(
    "answer", [b"garbage\r\n\r\n", b"", b"HTTP/1.1 99999\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"a" * 70_000]
)
def test_no_answer_ends_the_sending(answer):
    complaints, delivered = [], []
    with Answers(answer) as server:
        webhook = Webhook(server.url, complaints.append, pauses=(0.0,))
        for number in range(3):
            webhook.send({"number": number}, lambda number=number: delivered.append(number))
        webhook.close()
        assert [json.loads(body)["number"] for body in server.got] == [0, 0, 1, 2] and delivered == [0, 1, 2]
        assert complaints == []
        server.shutdown()


def test_a_server_that_sends_a_byte_now_and_then_is_not_waited_for(monkeypatch):
    monkeypatch.setattr("convergence_callbacks.watch.notify.TIMEOUT", 0.2)
    complaints = []
    with Answers(b"HTTP/1.1 200 OK\r\n" * 1000, pause=0.1) as server:
        webhook = Webhook(server.url, complaints.append, pauses=())
        webhook.send({"number": 0})
        webhook.send({"number": 1})
        webhook.close()
        assert len(complaints) == 1 and "no answer within" in complaints[0] and len(server.got) == 2
        server.shutdown()


def test_a_message_that_is_not_delivered_in_time_is_complained_about():
    complaints = []
    webhook = Webhook("http://127.0.0.1:9", complaints.append, pauses=(60.0,))
    webhook.send({"event": "stop"})
    webhook.close(patience=0.1)
    assert complaints == ["http://127.0.0.1:9: 1 message could not be delivered in time"]


def test_a_stop_is_not_dropped_for_want_of_room():
    complaints = []
    webhook = Webhook("http://127.0.0.1:9", complaints.append, pauses=(60.0,))
    for event in ["verdict", "stop", *["verdict"] * 200]:
        webhook.send({"event": event})
    assert [message.is_stop for message in webhook._waiting].count(True) == 1 and "was dropped" in complaints[0]


@pytest.mark.parametrize("url", ["http://", "http://a b/", "http://a:99999/", "http://a/\n", "http://[::1"])
def test_an_address_that_no_request_can_go_to_is_refused_before_the_training(url):
    with pytest.raises(SettingsError, match="a webhook's address"):
        Webhook(url, print)


@pytest.mark.parametrize(
    ("url", "shape"),
    [
        ("https://hooks.slack.com/services/T/B/x", "slack"),
        ("https://org.webhook.office.com/webhookb2/x", "teams"),
        ("https://ntfy.sh/topic", "ntfy"),
        ("https://example.org/hooks.slack.com", "json"),
    ],
)
def test_what_is_posted_follows_from_the_address(url, shape):
    assert shape_for(url) == shape


def test_each_service_is_sent_what_it_takes():
    message = {"event": "stop", "run": "a", "text": "stop at epoch 3: converged"}
    assert json.loads(shaped(message, "json")[0]) == message
    assert json.loads(shaped(message, "slack")[0]) == {"text": "a: stop at epoch 3: converged"}
    teams = json.loads(shaped(message, "teams")[0])
    assert teams["attachments"][0]["content"]["body"][0]["text"] == "a: stop at epoch 3: converged"
    assert shaped(message, "ntfy")[0] == b"a: stop at epoch 3: converged"
    with pytest.raises(SettingsError, match="did you mean 'slack'"):
        Webhook("http://a", print, shape="slac")


def test_a_command_that_can_not_be_read_is_refused_before_the_training(watch, tmp_path):
    (tmp_path / "log.csv").write_text(HEADER + rows(3))
    result = watch(tmp_path / "log.csv", "--once", "--on-stop", "echo 'a")
    assert result.exit_code != 0 and "No closing quotation" in result.stderr


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://a", "hook"])
def test_a_webhook_is_http(url):
    with pytest.raises(SettingsError, match=r"begins with http:// or https://"):
        Webhook(url, print)


def test_once_says_in_one_block_which_run_it_is_and_what_it_looks_like_now(watch, tmp_path):
    (tmp_path / "log.csv").write_text(HEADER + rows(12))
    name, *block, ahead, unknown = watch(tmp_path / "log.csv", "--once").stdout.splitlines()
    assert name == "log.csv" and len(block) == 3 and all(line.startswith("  ") for line in block)
    assert unknown.startswith("  Not known: the budget (set it with --max-epochs); the learning rate")
    assert block[0].startswith("  Goes on at epoch 11: ")
    assert re.match(r"  ETA ≈ \d+ epochs \(\d+–\d+\); loss [\d.]+ \([\d.]+–[\d.]+\)", ahead)
    assert watch(tmp_path / "none.csv", "--once").exit_code == 1


def test_the_chart_shows_both_losses_the_best_at_the_bottom():
    drawn = chart(RUN.observations, 60, 8)
    assert len(drawn) == 8 and all(len(line) <= 60 for line in drawn)
    assert VAL in drawn[0] and TRAIN in drawn[-1]
    assert chart([]) == []
    assert len(chart([dataclasses.replace(RUN.observations[0], val_loss=float("nan"), train_loss=2.0)])) == 10


def test_the_chart_shows_where_the_loss_should_come_to_be_behind_the_latest_epoch():
    session = Session(Settings(max_epochs=40))
    session.take(first(8))
    band = band_of(session.forecast)
    drawn = chart(session.seen, 71, 10, band)
    assert len(drawn) == 10 and all(len(line) <= 71 for line in drawn)
    latest = max(line.rfind(VAL) for line in drawn)
    assert min(line.find(BAND) for line in drawn if BAND in line) > latest
    assert sum(MIDDLE in line for line in drawn) >= 1 and band[-1][0] == 16  # as far again as it has come
    assert not any(BAND in line for line in chart(session.seen, 71, 10))


@pytest.mark.parametrize("width", [1, 11, 12, 13])
def test_the_narrowest_terminal_has_a_chart(width):
    session = Session(Settings(max_epochs=40))
    session.take(first(8))
    assert len(chart(session.seen, width, 10, band_of(session.forecast))) == 10


def test_the_time_that_is_left_is_reported_if_the_log_has_times():
    timed = [dataclasses.replace(o, elapsed=60.0 * (o.step + 1)) for o in RUN.observations[:8]]
    session = Session(Settings(max_epochs=40))
    session.take(first(8))
    assert " min (" in eta(session.forecast, observations=timed) and " min (" not in eta(
        session.forecast, observations=session.seen
    )
    assert eta(session.forecast, Counter("round")).split()[3] == "rounds"


def test_a_terminal_shows_the_band_and_when_it_will_be_over(tmp_path):
    watcher = Watcher(Settings(max_epochs=40), None, None)
    watcher.take(Reading(first(8), is_settled=True))
    shown = Console(file=io.StringIO(), width=80)
    shown.print(_picture(watcher, 80))
    text = shown.file.getvalue()
    assert BAND in text and "ETA ≈ " in text and "at the end" in text
    watcher.take(Reading(RUN, is_settled=True))
    shown.print(_picture(watcher, 80))
    assert "stop at epoch" in shown.file.getvalue() and shown.file.getvalue().count("ETA ≈ ") == 1


def test_once_ends_with_a_status_of_its_own_where_nothing_can_be_judged(watch, tmp_path):
    (tmp_path / "log.csv").write_text("epoch,val_loss\n1,0.5\n2,0.4\n")
    result = watch(str(tmp_path / "log.csv"), "--once")
    assert result.exit_code == 4 and "too few epochs to judge" in result.stdout


@pytest.mark.parametrize("name", make.FORMATS)
def test_each_format_is_followed_as_it_grows(name, tmp_path, monkeypatch):
    folder, whole = tmp_path / "run", {each: getattr(make, each) for each in ("TRAIN", "VAL", "LR")}
    follower, session, judged = Follower(folder), Session(Settings()), []
    for epochs in (8, 13, 21):
        for each, values in whole.items():
            monkeypatch.setattr(make, each, values[:epochs])
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        make.FORMATS[name](folder)
        follower.look()
        reading = follower.look()
        assert reading.is_settled and reading.run is not None, reading.problem
        session.take(reading.run)
        judged.append(len(session.decisions))
    assert judged == [8, 13, 21] and session.begun <= 1
    (run,) = [run for run in read_logs(folder) if run.name == reading.run.name]
    assert session.decisions == list(replay(run, is_over=False).decisions)


def test_a_log_is_followed_with_what_another_file_of_the_same_training_adds(tmp_path):
    (tmp_path / "log.csv").write_text(HEADER + rows(12))
    records = [
        {"epoch": o.step, "train_loss": o.train_loss, "val_loss": o.val_loss, "lr": 0.25}
        for o in first(12).observations
    ]
    lines(tmp_path / "log.jsonl", records)
    os.utime(tmp_path / "log.jsonl", (1, 1))
    run = Follower(tmp_path).look().run
    assert run.path == tmp_path / "log.csv" and {each.lr for each in run.observations} == {0.25}
    assert any("holds the same training" in note for note in run.notes)
