"""A training that is killed at any moment, and resumed, ends where and as the one that was never killed."""

import json
import os
import subprocess
import sys

import pytest

SECONDS = 600


def after_kills(program, folder, **environment):
    """What each training came to, by the kind of callback and the moment of the kill."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", f"tests.faults.{program}", str(folder)],
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    came_to = {}
    for path in folder.glob("**/result.json"):
        came_to.setdefault(path.parts[-3], {})[path.parts[-2]] = json.loads(path.read_text())
    return came_to


def test_a_killed_training_ends_where_the_whole_one_did_in_lightning(tmp_path):
    pytest.importorskip("lightning", reason="needs the extra: pip install 'convergence-callbacks[lightning]'")
    runs = after_kills("lightning_kills", tmp_path)
    assert {kind: len(run) for kind, run in runs.items()} == {"ConvergenceStopping": 11, "EarlyStopping": 11}
    for came_to in runs.values():
        whole = came_to["never"]
        assert (whole["epochs"], whole["stopped"]) == (7, 6)
        assert came_to == dict.fromkeys(came_to, whole)


@pytest.mark.parametrize("backend", ["torch", "jax", "tensorflow"])
def test_a_killed_training_ends_where_the_whole_one_did_in_keras(backend, tmp_path):
    for module in ("keras", backend):
        pytest.importorskip(module, reason=f"needs pip install {module}")
    (came_to,) = after_kills("keras_kills", tmp_path, KERAS_BACKEND=backend).values()
    whole = came_to["never"]
    assert (len(came_to), whole["stopped"], whole["best"]) == (11, 6, 3)
    assert came_to == dict.fromkeys(came_to, whole)
