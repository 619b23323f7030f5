"""Logs, records and settings that were cut or changed at any byte."""

from __future__ import annotations

import math

from convergence_callbacks import ConvergenceError, Monitor, Observation, SettingsError
from convergence_callbacks.config.read import read_settings
from convergence_callbacks.logs import LogError, read_logs
from convergence_callbacks.record import DecisionRecord, verify
from tests.logs.make import FORMATS
from tests.torture.attack import Attack

WRITERS = list(FORMATS.values())

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


ATTACKS = [
    Attack("logs cut at any byte", cut_log, weight=8),
    Attack("logs with changed bytes", changed_log, weight=8),
    Attack("settings with changed characters", changed_settings, weight=8),
    Attack("records with anything changed, cut off, left out, moved or added", changed_record, weight=4),
]
