"""Trainings that are killed at any moment, again and again."""

from __future__ import annotations

import json
import subprocess
import sys

from convergence_callbacks.record import verify
from tests.torture import child
from tests.torture.attack import Attack
from tests.torture.frameworks import FRAMEWORKS

KILLS = 9
"""In each framework and with each seed: 27 with the three seeds that are usual."""


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


def killed_in(framework):
    """Kill a training of a framework at random calls: it ends with the decisions and weights of a whole one."""

    def killed(rng, folder):
        command = [sys.executable, "-W", "ignore", "-m", "tests.torture.frameworks"]
        given = [framework, folder, str(rng.random()), str(KILLS)]
        done = subprocess.run([*command, *given], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        whole = json.loads((folder / "never" / "result.json").read_text())
        for run in map(str, range(KILLS)):
            moments = json.loads((folder / run / "moments.json").read_text())
            assert json.loads((folder / run / "result.json").read_text()) == whole, moments
            confirmed = verify(folder / run / "record.jsonl")
            assert confirmed.is_confirmed, (moments, str(confirmed))
        return {f"kills in {framework}": KILLS}

    return Attack(f"trainings that are killed at any call, in {framework}", killed, weight=0, short=1)


ATTACKS = [Attack("trainings that are killed", killed_training), *map(killed_in, FRAMEWORKS)]
