"""In Keras on several devices, or several processes of its own, a training ends as on one device."""

import pytest

from tests.processes import group
from tests.processes.combinations import Combination, hold
from tests.processes.outcomes import all_same, differences, raises

group.skip_unless_installed("keras", "keras")

CASES = "tests.processes.keras_cases"
TWO_DEVICES = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"}


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_a_training_on_two_devices_ends_as_on_one_in_every_precision(backend, tmp_path):
    group.skip_unless_installed(backend, "dev")
    environment = {"KERAS_BACKEND": backend, **TWO_DEVICES}
    found = group.run(CASES, tmp_path, processes=1, cases=["strategies_and_precisions"], environment=environment)
    runs = all_same(found["strategies_and_precisions"])
    assert len(runs) == 6
    assert {(run["epochs"], run["stopped"], run["restored"]) for run in runs.values()} == {(4, 3, True)}
    tested = [Combination(**run["tested"]) for run in runs.values()]
    hold(f"Keras on {backend}, on two devices", dict.fromkeys(tested))


def test_keras_itself_does_not_train_in_several_processes_on_tensorflow(tmp_path):
    """Its `fit` fails before it has called a callback; when it does no more, ours are to be tried there."""
    group.skip_unless_installed("tensorflow", "dev")
    expected = {"keras_alone_in_several_processes": raises("unsupported type.*PerReplica")}
    found = group.run(CASES, tmp_path, processes=2, cases=[*expected], environment={"KERAS_BACKEND": "tensorflow"})
    assert differences(found, expected) == {}
