"""Every small change of a record that somebody may try who does not write all of it anew."""

import json
from collections.abc import Iterator

from convergence_callbacks import ConvergenceError
from convergence_callbacks.record import read_record, verify


def other(value):
    """A value of the same kind that differs."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, dict):
        return {**value, "added": 1}
    return [*value, "added"] if isinstance(value, list) else "changed"


def changed_fields(line: str) -> Iterator[tuple[str, str]]:
    """The line with each of its fields changed or left out, and each one's name."""
    yield from ((name, json.dumps(data) + "\n") for name, data in _changed(json.loads(line)))


def _changed(data):
    for name, value in data.items():
        yield name, {**data, name: other(value)}
        yield f"{name} left out", {key: kept for key, kept in data.items() if key != name}
        if isinstance(value, dict):
            yield from ((f"{name}.{inner}", {**data, name: changed}) for inner, changed in _changed(value))


def tampered(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """The record with one change of each kind at each place, and what was done."""
    for at in range(len(lines) + 1):
        for added in ("\n", " \n", "{}\n", "cut\n"):
            yield f"{added!r} added before line {at + 1}", [*lines[:at], added, *lines[at:]]
    for at, line in enumerate(lines):
        yield f"line {at + 1} left out", lines[:at] + lines[at + 1 :]
        yield f"line {at + 1} twice", [*lines[: at + 1], *lines[at:]]
        yield f"cut after line {at}", lines[:at]
        yield f"cut in line {at + 1}", [*lines[:at], line[: len(line) // 2]]
        if at:
            yield (
                f"lines {at} and {at + 1} in the other order",
                [*lines[: at - 1], line, lines[at - 1], *lines[at + 1 :]],
            )
    for at in {0, 1, len(lines) // 2, len(lines) - 2, len(lines) - 1}:
        for name, changed in changed_fields(lines[at]):
            yield f"{name} of line {at + 1}", [*lines[:at], changed, *lines[at + 1 :]]


def unfound(path) -> list[str]:
    """The changes of a record after which it is still confirmed, or which are found without saying where."""
    lines = path.read_text().splitlines(keepends=True)
    left = []
    for done, changed in tampered(lines):
        path.write_text("".join(changed))
        try:
            found = is_broken(path) or not verify(path).is_confirmed
        except ConvergenceError as error:
            found = str(path) in str(error)
        left += [] if found or changed == lines else [done]
    path.write_text("".join(lines))
    return left


def is_broken(path) -> bool:
    """Whether its chain alone shows a change, which `verify` reports: nothing need be recomputed for that."""
    record = read_record(path)
    return bool(record.breaks) or not record.is_closed
