import errno
import json

import pytest

from convergence_callbacks import Monitor, Observation, Patience, StateError
from convergence_callbacks.adapter.stopping import Stopping
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.experiments.schedules import times_schedule
from convergence_callbacks.logs import read_logs
from convergence_callbacks.record import DecisionRecord, read_record, verify
from convergence_callbacks.record import write as write_module
from convergence_callbacks.record.form import schema
from convergence_callbacks.record.read import Follows
from convergence_callbacks.record.write import _append
from convergence_callbacks.replay import replay
from tests.curves import overfitting
from tests.record.tampering import unfound

CURVE = overfitting(40, best=12, noise=0.01)


def observations(first=0, last=40):
    return [
        Observation(step=e, train_loss=float(CURVE.train[e]), val_loss=float(CURVE.val[e]), lr=0.1, elapsed=2.0 * e)
        for e in range(first, last)
    ]


def write(path, seen, state=None, *, closes=True, **settings):
    monitor = Monitor(**{"max_epochs": 40, **settings})
    if state is not None:
        monitor.load_state_dict(state)
    record = DecisionRecord(path, monitor)
    for observation in seen:
        record(observation, monitor.observe(observation))
    if closes:
        record.close()
    return monitor.state_dict()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "record.jsonl"


@pytest.mark.parametrize(
    "settings",
    [{}, {"criteria": Patience(3) | Patience(9)}, {"mode": "max"}, {"lr_schedule": lambda epoch: 0.9**epoch}],
    ids=["default", "criteria", "max", "schedule"],
)
def test_all_decisions_of_a_record_are_confirmed(path, settings):
    write(path, observations(), **settings)
    assert str(verify(path)) == "confirmed: all 40 decisions follow from the observations"


def test_a_schedule_of_a_run_without_budget_is_recorded_as_it_is_asked_for(path):
    write(path, observations(), max_epochs=None, lr_schedule=lambda epoch: 0.1 if epoch < 35 else 0.01)
    assert str(verify(path)) == "confirmed: all 40 decisions follow from the observations"
    lines = path.read_text().splitlines()
    assert json.loads(lines[0])["settings"]["lr_schedule"] == "function"
    rates = [answer for line in lines for answer in json.loads(line).get("rates", [])]
    assert [34, 0.1] in rates and rates.count([36, 0.01]) == 1


def test_a_schedule_that_becomes_known_late_is_recorded_when_it_does(path):
    rates = {}
    monitor = Monitor(max_epochs=40, lr_schedule=lambda epoch: rates[epoch])
    record = DecisionRecord(path, monitor)
    for observation in observations():
        if observation.step == 10:
            rates.update((epoch, 0.1 if epoch < 30 else 0.001) for epoch in range(40))
        if observation.step == 20:
            rates.clear()
        record(observation, monitor.observe(observation))
    assert verify(path).is_confirmed, str(verify(path))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    recorded = [number for number, line in enumerate(lines) if "rates" in line]
    assert lines[recorded[0] + 1]["observation"]["step"] == 10
    assert [39, None] in lines[recorded[-1]]["rates"]


def test_a_rate_that_is_changed_on_the_way_is_recorded(path):
    for schedule in ([0.1] * 20 + [0.01] * 20, lambda epoch: 0.1 if epoch < 20 else 0.01):
        monitor = Monitor(max_epochs=40, lr_schedule=schedule)
        record = DecisionRecord(path, monitor)
        for observation in observations():
            decision = monitor.observe(observation)
            if observation.step == 12:
                monitor.know(lr_schedule=times_schedule(monitor.settings.lr_schedule, 100.0))
            record(observation, decision)
    assert verify(path).is_confirmed, str(verify(path))
    follows = [line for part in read_record(path).parts for line in part.lines if isinstance(line, Follows)]
    assert follows[0].schedule == [10.0] * 20 + [1.0] * 20 and callable(follows[1].schedule)


def test_values_that_are_no_numbers_are_recorded_and_confirmed(path):
    odd = [Observation(step=e, train_loss=v, val_loss=v) for e, v in enumerate([float("nan"), float("inf"), None, 1.0])]
    write(path, odd)
    assert verify(path).is_confirmed
    assert '"nan"' in path.read_text() and "NaN" not in path.read_text()


@pytest.mark.parametrize(("name", "value"), [("stop", True), ("verdict", "diverged"), ("found_by", ["whoever"])])
def test_the_first_decision_that_differs_is_shown(path, name, value):
    write(path, observations())
    lines = path.read_text().splitlines()
    for changed in (10, 20):
        data = json.loads(lines[changed])
        data["decision"][name] = value
        lines[changed] = json.dumps(data)
    path.write_text("\n".join(lines) + "\n")
    verified = str(verify(path))
    assert verified.startswith(f"not confirmed: {path}, line 11: epoch 9: {name} was recorded as {value!r}, it is ")


def test_a_changed_observation_is_found_out(path):
    write(path, observations())
    lines = path.read_text().splitlines()
    data = json.loads(lines[12])
    data["observation"]["val_loss"] -= 0.1
    path.write_text("\n".join([*lines[:12], json.dumps(data), *lines[13:]]) + "\n")
    assert "line 13: epoch 11: " in verify(path).difference


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda lines: [*lines[:9], *lines[10:]], 10),  # left out
        (lambda lines: [*lines[:9], lines[8], *lines[9:]], 10),  # twice
        (lambda lines: [*lines[:9], lines[10], lines[9], *lines[11:]], 10),  # in the other order
        (lambda lines: [lines[0].replace('"min_epochs": 5', '"min_epochs": 4'), *lines[1:]], 2),
        (lambda lines: [*lines[:9], lines[9].replace('"metrics": {}', '"metrics": {"x": 1.0}'), *lines[10:]], 11),
    ],
    ids=["left out", "added", "moved", "another setting", "another metric"],
)
def test_a_change_that_alters_no_decision_is_found_out_too(path, change, line):
    write(path, observations())
    lines = path.read_text().splitlines()
    path.write_text("\n".join(change(lines)) + "\n")
    assert f"line {line}: it does not follow the line before" in verify(path).difference


@pytest.mark.parametrize("settings", [{}, {"lr_schedule": lambda epoch: 0.1}], ids=["default", "schedule"])
def test_whatever_is_changed_is_found(path, settings):
    state = write(path, observations(0, 10), **settings)
    write(path, observations(10, 14), state=state, **settings)
    assert verify(path).is_confirmed
    assert unfound(path) == []


def test_a_record_that_goes_on_has_one_closing_line_the_last(path):
    state = write(path, observations(0, 10))
    whole = path.read_bytes()
    write(path, observations(10, 14), state=state)
    assert path.read_bytes().startswith(whole[: whole.rindex(b'{"end"')])
    assert path.read_text().count('{"end": true') == 1 and verify(path).is_confirmed


def test_a_record_without_closing_line_is_reported_as_open(path):
    write(path, observations(0, 12), closes=False)
    assert str(verify(path)) == (
        f"not confirmed: {path}: no closing line says that the record ends here: the training still runs or was "
        "killed, or lines were cut off; up to here all 12 decisions follow from the observations"
    )


def test_what_a_full_disk_did_not_take_is_written_later(path, monkeypatch):
    monitor = Monitor(max_epochs=40)
    record = DecisionRecord(path, monitor)
    for observation in observations():
        decision = monitor.observe(observation)
        with monkeypatch.context() as patch:
            if 10 <= observation.step < 20:
                patch.setattr(write_module, "_append", half_written)
                with pytest.raises(OSError, match="No space left"):
                    record(observation, decision)
            else:
                record(observation, decision)
    assert str(verify(path)) == "confirmed: all 40 decisions follow from the observations"


def half_written(file, text):
    """As on a disk that is full: only half of the bytes fit."""

    class Full:
        seek, truncate = file.seek, file.truncate
        left = len(text) // 2

        def write(self, data):
            if not self.left:
                raise OSError(errno.ENOSPC, "No space left on device")
            written, self.left = file.write(data[: self.left]), 0
            return written

    _append(Full(), text)


def test_a_resumed_training_goes_on_in_the_same_file(path):
    state = write(path, observations(0, 15))
    write(path, observations(15, 25), state=state)
    write(path, observations(15, 40), state=state)  # killed once more, resumed from the same checkpoint
    assert verify(path).is_confirmed and verify(path).decisions == 50
    (run,) = read_logs(path)
    assert run.observations == tuple(observations()) and run.planned == 40


def test_a_line_that_a_kill_cut_is_passed_over_and_named(path):
    state = write(path, observations(0, 15), closes=False)
    with path.open("rb+") as file:
        file.truncate(path.stat().st_size - 30)
    write(path, observations(15, 20), state=state)
    result = verify(path)
    assert result.is_confirmed and result.decisions == 19 and result.notes == ("line 16 is cut and was passed over",)


def test_cut_at_any_byte_it_is_not_confirmed(path):
    write(path, observations(0, 2))
    content = path.read_bytes()
    for end in [*range(0, len(content), 7), len(content) - 1]:
        path.write_bytes(content[:end])
        try:
            assert not verify(path).is_confirmed
        except StateError as error:
            assert str(path) in str(error)


@pytest.mark.parametrize("text", ["", "{}\n", "[1]\n", '{"record": "other", "version": 1}\n', "\0\xff"])
def test_what_is_no_record_is_reported_as_such(path, text):
    path.write_text(text)
    with pytest.raises(StateError, match=r"record\.jsonl"):
        verify(path)


def test_a_line_of_brackets_alone_is_reported_as_none(path):
    path.write_text("[" * 100_000 + "\n")
    with pytest.raises(StateError, match="line 1: nested deeper than any record is"):
        read_record(path)


def test_a_record_of_a_newer_version_is_refused(path):
    write(path, observations(0, 1))
    path.write_text(path.read_text().replace('"version": 1', '"version": 2', 1))
    with pytest.raises(StateError, match="line 1: the record is of version 2, this package reads up to 1"):
        read_record(path)


def test_every_line_is_as_the_schema_says(path):
    jsonschema = pytest.importorskip("jsonschema", reason="needs nbformat, which brings it")
    state = write(path, observations(0, 8), criteria=Patience(3))
    write(path, observations(8, 12), state=state)
    validator = jsonschema.Draft202012Validator(schema())
    for line in path.read_text().splitlines():
        validator.validate(json.loads(line))


def test_each_line_is_in_the_file_at_once(path):
    monitor = Monitor()
    record = DecisionRecord(path, monitor)
    for count, observation in enumerate(observations(0, 5), start=2):
        record(observation, monitor.observe(observation))
        assert len(path.read_text().splitlines()) == count


def test_of_several_processes_the_first_one_writes(path, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    write(path, observations())
    assert not path.exists()


def test_a_callback_records_where_it_is_set(path):
    stopping = Stopping(record=str(path), max_epochs=40)
    for observation in observations():
        stopping.decide(observation)
    assert verify(path).decisions == 40


def test_a_record_that_can_not_be_written_ends_no_training(tmp_path):
    stopping = Stopping(record=str(tmp_path), max_epochs=40)  # a folder
    with pytest.warns(RuntimeWarning, match="Is a directory.*the training goes on"):
        decisions = [stopping.decide(observation) for observation in observations()]
    assert len(decisions) == 40


def test_a_record_of_several_metrics_is_confirmed_and_says_which_way_each_improves(path):
    callback = Stopping(criteria=Patience(3, of="f1") & Patience(3), min_epochs=0, record=path, verbose=False)
    for epoch in range(20):
        logged = {"train_loss": 1.0, "val_loss": max(0.2, 1 - epoch / 10), "val_f1": min(0.9, epoch / 10)}
        decision = callback.decide(callback.collect(epoch, logged))
        if decision.stop:
            break
    callback.run.end()
    assert decision.found_by == ("patience", "patience of f1")
    assert verify(path).is_confirmed
    assert read_record(path).parts[0].settings.criteria.metrics == {("f1", "max")}
    (run,) = read_logs(path)
    assert replay(run, Settings(criteria=Patience(3, of="f1") & Patience(3), min_epochs=0)).stop.step == decision.step
