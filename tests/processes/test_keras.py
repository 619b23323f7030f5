"""In Keras on several devices, or several processes of its own, a training ends as on one device."""

import pytest

pytest.importorskip("keras", reason="needs the extra: pip install 'convergence-callbacks[keras]'")

from tests.processes import group
from tests.processes.combinations import Combination, hold
from tests.processes.outcomes import all_same

CASES = "tests.processes.keras_cases"
TWO_DEVICES = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"}


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_a_training_on_two_devices_ends_as_on_one_in_every_precision(backend, tmp_path):
    pytest.importorskip(backend, reason="needs pip install 'convergence-callbacks[dev]'")
    environment = {"KERAS_BACKEND": backend, **TWO_DEVICES}
    found = group.run(CASES, tmp_path, processes=1, cases=["strategies_and_precisions"], environment=environment)
    runs = all_same(found["strategies_and_precisions"])
    assert len(runs) == 6
    assert {(run["epochs"], run["stopped"], run["restored"]) for run in runs.values()} == {(4, 3, True)}
    tested = [Combination(**run["tested"]) for run in runs.values()]
    hold(f"Keras on {backend}, on two devices", dict.fromkeys(tested))
