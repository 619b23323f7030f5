"""A training that is killed at any moment, and resumed, ends where and as the one that was never killed."""

import json
import os
import subprocess
import sys

import pytest

pytest.importorskip("lightning", reason="needs the extra: pip install 'convergence-callbacks[lightning]'")

SECONDS = 180


@pytest.mark.parametrize("framework", ["lightning"])
def test_a_killed_training_ends_where_the_whole_one_did(framework, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", f"tests.faults.{framework}_kills", str(tmp_path)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    for kind in ("ConvergenceStopping", "EarlyStopping"):
        came_to = {path.parent.name: json.loads(path.read_text()) for path in (tmp_path / kind).glob("*/result.json")}
        assert len(came_to) == 11
        whole = came_to["never"]
        assert (whole["epochs"], whole["stopped"]) == (7, 6)
        assert came_to == dict.fromkeys(came_to, whole)
