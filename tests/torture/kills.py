"""Trainings that are killed at any moment, again and again."""

from __future__ import annotations

import json
import subprocess
import sys

from convergence_callbacks.record import verify
from tests.torture import child
from tests.torture.attack import Attack


def killed_training(rng, folder):
    """What is decided after kills is what is decided without, and the record of all of it is confirmed."""
    seed, whole, cut = str(rng.random()), folder / "whole", folder / "cut"
    whole.mkdir(), cut.mkdir()
    child.train(whole, seed)
    for _ in range(rng.randrange(1, 4)):
        run(cut, seed, rng.uniform(0.001, 0.3))
    run(cut, seed, 0)
    expected = decisions(whole)
    for step, decision in decisions(cut).items():
        assert decision == expected[step], (step, decision, expected[step])
    assert decisions(cut).keys() == expected.keys()
    assert verify(cut / "record.jsonl").is_confirmed, str(verify(cut / "record.jsonl"))


def run(folder, seed, seconds):
    """Train in a process that is killed after so many seconds, or never."""
    subprocess.run([sys.executable, "-m", "tests.torture.child", folder, seed, str(seconds)], check=not seconds)


def decisions(folder):
    """The decisions that were written down, by epoch; a line that a kill cut is none."""
    found = {}
    for line in (folder / "decisions.jsonl").read_text().splitlines():
        try:
            decision = json.loads(line)
        except ValueError:
            continue
        found[decision["step"]] = decision
    return found


ATTACKS = [Attack("trainings that are killed", killed_training, weight=1)]
