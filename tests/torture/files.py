"""Logs, records and settings that were cut or changed at any byte."""

from __future__ import annotations

import contextlib
import math
import resource
import signal
import warnings
from collections import Counter

import numpy as np

from convergence_callbacks import ConvergenceError, Monitor, Observation, SettingsError
from convergence_callbacks.adapter.backup import Backup, checked, read_arrays
from convergence_callbacks.adapter.complaints import Complaints
from convergence_callbacks.adapter.run import Run
from convergence_callbacks.adapter.settings import CallbackSettings
from convergence_callbacks.config.read import read_settings
from convergence_callbacks.logs import LogError, read_logs
from convergence_callbacks.record import DecisionRecord, verify
from tests.logs import make
from tests.logs.make import FORMATS
from tests.record import tampering
from tests.record.tampering import unfound
from tests.torture.attack import Attack

WRITERS = list(FORMATS.values())

BYTES_IN_A_ROW = 250
"""At which a log is cut in one try: more than a line of each format has."""

MOST_BYTES = 20_000
"""Of a file; a longer one is cut at a tenth as many."""

IN_LINES = ("CSV", "CSV of Lightning", "Ultralytics", "JSON lines with modes", "console log", "YOLO results.txt")
"""Formats with a line for each row, whose epochs keep their numbers where one is left out."""

SETTINGS = """\
# a comment
tolerance: 0.01
min_epochs: 5
stop_on: [converged, overfitting, diverged]
criteria:
  - patience: {patience: 10, min_delta: 1 %}
  - all_of:
      - generalization_gap: 0.5
      - plateau: 8
  - time_budget: {hours: 2}
restore_best: true
"""


def cut_log(rng, folder):
    """A log that was cut at any byte holds no number that was not there."""
    write = rng.choice(WRITERS)
    path = write(folder / "run")
    whole = values_in(folder)
    file = rng.choice([each for each in [path, *path.rglob("*")] if each.is_file()] if path.is_dir() else [path])
    content = file.read_bytes()
    if content.startswith(b"SQLite"):
        return
    file.write_bytes(content[: rng.randrange(len(content))])
    assert values_in(folder) <= whole


def cut_at_each_byte(rng, folder):
    """A log that was cut at each byte of a part of it holds no number that was not there."""
    name, write = rng.choice([*FORMATS.items()])
    path = write(folder / "run")
    whole = values_in(folder)
    file = max([each for each in [path, *path.rglob("*")] if each.is_file()], key=lambda each: each.stat().st_size)
    content = file.read_bytes()
    if content.startswith(b"SQLite"):
        return {}
    first = rng.randrange(len(content))
    ends = range(first, min(len(content), first + BYTES_IN_A_ROW))
    for end in ends:
        file.write_bytes(content[:end])
        assert values_in(folder) <= whole, (name, end)
    return {f"bytes of {name}": len(ends)}


def each_byte_of_each_format(rng, folder):
    """A short log of each format, cut at each byte of each of its files, gives epochs of the whole one or none."""
    cuts = Counter()
    with a_training_of(rng.randrange(3, 6)):
        for name, write in FORMATS.items():
            write(folder / name / "run")
            whole = epochs_in(folder / name)
            assert whole, name
            for file in sorted(each for each in (folder / name).rglob("*") if each.is_file()):
                content = file.read_bytes()
                ends = range(len(content))
                if len(content) > MOST_BYTES:
                    ends = sorted(rng.sample(ends, MOST_BYTES // 10))
                for end in ends:
                    file.write_bytes(content[:end])
                    assert_part_of(epochs_in(folder / name), whole, (name, file.name, end))
                file.write_bytes(content)
                cuts[f"bytes of {name}"] += len(ends)
    return cuts


def cut_and_written_on(rng, folder):
    """A log that a kill cut, and a resumed training wrote on in the middle of a line, holds no epoch of its own."""
    with a_training_of(rng.choice([3, 9, 13])):
        name = rng.choice(IN_LINES)
        FORMATS[name](folder / "run")
        whole = epochs_in(folder)
        files = [each for each in folder.rglob("*") if each.is_file() and each.read_bytes().count(b"\n") > 2]
        file = rng.choice(sorted(files))
        content = file.read_bytes()
        end = rng.randrange(content.index(b"\n") + 1, len(content))
        begins = content.rindex(b"\n", 0, end) + 1
        if rng.random() < 0.5 and b"\n" in content[: begins - 1]:
            begins = content.rindex(b"\n", 0, begins - 1) + 1
        if begins:
            file.write_bytes(content[:end] + content[begins:])
            assert_part_of(epochs_in(folder), whole, (name, file.name, end, begins))


@contextlib.contextmanager
def a_training_of(epochs):
    """Have the training that is logged in all formats take so many epochs."""
    names = ("TRAIN", "VAL", "LR")
    before = {name: getattr(make, name) for name in names}
    try:
        for name, values in before.items():
            setattr(make, name, values[:epochs])
        yield
    finally:
        for name, values in before.items():
            setattr(make, name, values)


def epochs_in(folder):
    """What is known of each epoch that is read, by its number in the log."""
    try:
        runs = [run for run in read_logs(folder) if not isinstance(run, LogError)]
    except (LogError, OSError):
        return []
    return [
        (seen.step + run.counts_from, seen.train_loss, seen.val_loss, seen.lr)
        for run in runs
        for seen in run.observations
    ]


def assert_part_of(epochs, whole, of):
    """Each epoch is one of the whole log, of which something may be unknown."""
    for step, *numbers in epochs:
        same = [values for number, *values in whole if number == step]
        assert any(all(map(is_unknown_or, numbers, values)) for values in same), (of, step, numbers, same)


def is_unknown_or(number, expected):
    """Whether a number is that which is known, as near as a change of format comes, or none."""
    return number is None or (expected is not None and math.isclose(number, expected, rel_tol=1e-9))


def changed_log(rng, folder):
    """A log with bytes that were changed is read or refused, and nothing else."""
    path = rng.choice(WRITERS)(folder / "run")
    file = rng.choice([each for each in path.rglob("*") if each.is_file()] if path.is_dir() else [path])
    content = bytearray(file.read_bytes())
    for _ in range(rng.randrange(1, 20)):
        content[rng.randrange(len(content))] = rng.randrange(256)
    file.write_bytes(bytes(content))
    values_in(folder)


def values_in(folder):
    """All losses that are read, rounded as a change of format may; a log that is refused has none."""
    try:
        runs = [run for run in read_logs(folder) if not isinstance(run, LogError)]
        return {
            round(value, 9)
            for run in runs
            for seen in run.observations
            for value in (seen.train_loss, seen.val_loss)
            if value is not None and math.isfinite(value)
        }
    except (LogError, OSError):
        return set()


def changed_settings(rng, folder):
    """A settings file with changed characters gives settings, or an error that names a line."""
    text = list(SETTINGS)
    for _ in range(rng.randrange(1, 6)):
        place = rng.randrange(len(text))
        text[place : place + rng.randrange(3)] = rng.choice(
            list(":-[]{}&*!|>'\"%@#,?\t\n\0 a1é\u2028")
        ) * rng.randrange(3)
    path = folder / "convergence.yaml"
    path.write_text("".join(text), encoding="utf-8")
    try:
        Monitor(**{name: value for name, value in read_settings(path).items() if name != "restore_best"})
    except SettingsError as error:
        assert "convergence.yaml" in str(error) or "got" in str(error)


def changed_record(rng, folder):
    """A record of which anything was changed, cut off, taken away, moved or added is not confirmed."""
    path = folder / "record.jsonl"
    steps = rng.choice([0.1, 0.5, 1.0])
    schedule = rng.choice([None, [steps] * 40, lambda epoch: steps / (1 + epoch), lambda epoch: {}[epoch]])
    monitor = Monitor(max_epochs=rng.choice([None, 40]), lr_schedule=schedule)
    record = DecisionRecord(path, monitor)
    for epoch in range(rng.randrange(8, 40)):
        seen = Observation(step=epoch, train_loss=0.9**epoch, val_loss=0.3 + 0.9**epoch + 0.01 * rng.random(), lr=0.1)
        decision = monitor.observe(seen)
        record(seen, decision)
        if decision.stop:
            break
    record.close()
    assert verify(path).is_confirmed, str(verify(path))
    lines = path.read_text().splitlines(keepends=True)
    changed = tampered(rng, list(lines))
    if changed == lines:
        return
    path.write_text("".join(changed))
    try:
        assert not verify(path).is_confirmed, "a changed record is confirmed"
    except ConvergenceError:
        return


def tampered(rng, lines):
    """The lines of a record, with one thing changed."""
    place, way = rng.randrange(len(lines)), rng.choice(["drop", "repeat", "swap", "digit", "cut", "end"])
    if way == "drop":
        del lines[place]
    elif way == "repeat":
        lines.insert(place, lines[rng.randrange(len(lines))])
    elif way == "swap":
        other = rng.randrange(len(lines))
        lines[place], lines[other] = lines[other], lines[place]
    elif way == "digit":
        digits = [at for at, character in enumerate(lines[place]) if character.isdigit()]
        at = rng.choice(digits)
        lines[place] = lines[place][:at] + str((int(lines[place][at]) + 1) % 10) + lines[place][at + 1 :]
    elif way == "cut":
        text = "".join(lines)
        return [text[: rng.randrange(len(text))]]
    else:
        del lines[rng.randrange(max(0, len(lines) - 6), len(lines)) :]
    return lines


def tampered_fields(rng, folder):
    """A short record of which each field, and each line, is changed, left out, repeated and moved in turn."""
    path = folder / "record.jsonl"
    schedule = rng.choice([None, [0.1] * 40, lambda epoch: 0.1 / (1 + epoch)])
    monitor = Monitor(max_epochs=rng.choice([None, 40]), lr_schedule=schedule)
    record = DecisionRecord(path, monitor)
    for epoch in range(rng.randrange(1, 6)):
        seen = Observation(step=epoch, train_loss=0.9**epoch, val_loss=rng.random(), lr=0.1, metrics={"val_acc": 0.5})
        record(seen, monitor.observe(seen))
    record.close()
    assert verify(path).is_confirmed, str(verify(path))
    lines = path.read_text().splitlines(keepends=True)
    left = unfound(path)
    assert not left, left
    return {"changes": sum(1 for _ in tampering.tampered(lines))}


def damaged_weights(rng, folder):
    """A file of best weights that was damaged is refused, or holds what was written; a full disk leaves the old one."""
    backup, written = Backup(folder), [np.arange(rng.randrange(1, 200), dtype=float), np.ones((3, 2), "float32")]
    backup.write_weights(1, written)
    file = backup.weights(1)
    content = bytearray(file.read_bytes())
    if rng.random() < 0.5:
        content = content[: rng.randrange(len(content))]
    else:
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    file.write_bytes(bytes(content))
    try:
        found = read_arrays(checked(file))
    except ConvergenceError:
        return
    assert all(map(np.array_equal, found, written))


def full_disk(rng, folder):
    """A file that can't grow is reported once; what was written before is whole, and what is missing comes later."""
    path, monitor = folder / "record.jsonl", Monitor(max_epochs=40)
    run = Run(monitor, Complaints(), CallbackSettings(max_epochs=40))
    run.record = DecisionRecord(path, monitor)
    begins, ends = sorted(rng.sample(range(1, 30), 2))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for epoch in range(30):
                limit = path.stat().st_size + rng.randrange(600) if epoch == begins else soft
                if epoch in {begins, ends}:
                    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
                run.observe(Observation(step=epoch, val_loss=0.9**epoch), None, ())
            run.end()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert [str(each.message).count("the record can't be written") for each in caught] in ([1], []), caught
    assert verify(path).is_confirmed and verify(path).decisions == 30, str(verify(path))


ATTACKS = [
    Attack("logs cut at any byte", cut_log, weight=8),
    Attack("logs cut at each of many bytes in a row", cut_at_each_byte, weight=2, short=1),
    Attack("short logs of all formats, cut at each byte", each_byte_of_each_format, weight=0, short=1),
    Attack("logs that were cut and written on", cut_and_written_on, weight=8, short=30),
    Attack("records with each field changed in turn", tampered_fields, weight=0.2, short=1),
    Attack("best weights that were damaged", damaged_weights, weight=4),
    Attack("disks that are full for some epochs", full_disk, weight=4),
    Attack("logs with changed bytes", changed_log, weight=8),
    Attack("settings with changed characters", changed_settings, weight=8),
    Attack("records with anything changed, cut off, left out, moved or added", changed_record, weight=4),
]
