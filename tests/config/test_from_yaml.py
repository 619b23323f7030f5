import pytest

from convergence_callbacks import Monitor, Patience, SettingsError, Verdict
from convergence_callbacks.adapter.stopping import Stopping


class Callback(Stopping):
    supports = frozenset({"restore_best"})


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "convergence.yaml"
    path.write_text("tolerance: 0.02\nstop_on: [diverged]\nrestore_best: true\ncriteria:\n  - patience: 3\n")
    return path


def test_a_monitor_has_the_settings_of_the_file(file):
    settings = Monitor.from_yaml(file).settings
    assert (settings.tolerance, settings.stop_on) == (0.02, (Verdict.DIVERGED,))
    assert Patience(3) in settings.criteria.criteria


def test_what_the_file_leaves_out_has_its_default(file):
    assert Monitor.from_yaml(file).settings.min_epochs == Monitor().settings.min_epochs


def test_a_callback_has_all_settings_and_a_monitor_those_that_it_takes(file):
    assert Callback.from_yaml(str(file)).settings.restore_best is True
    assert not hasattr(Monitor.from_yaml(file).settings, "restore_best")


def test_a_setting_that_is_left_out_is_checked_all_the_same(file):
    file.write_text("restore_best: perhaps\n")
    with pytest.raises(SettingsError, match=r"line 1: restore_best must be true, false or 'all', got 'perhaps'"):
        Monitor.from_yaml(file)


def test_an_argument_goes_before_the_file(file):
    monitor = Monitor.from_yaml(file, tolerance=0.05, criteria=None)
    assert (monitor.settings.tolerance, monitor.settings.criteria) == (0.05, None)


def test_an_argument_is_checked_as_ever(file):
    with pytest.raises(SettingsError, match="tolerance must be below 1, got 5"):
        Monitor.from_yaml(file, tolerance=5)


def test_an_unknown_argument_is_reported_with_the_nearest_one(file):
    with pytest.raises(SettingsError, match="unknown setting 'tolerence' of Monitor; did you mean 'tolerance'"):
        Monitor.from_yaml(file, tolerence=0.1)


def test_an_argument_that_only_callbacks_take_is_refused_by_a_monitor(file):
    with pytest.raises(SettingsError, match="unknown setting 'restore_best' of Monitor"):
        Monitor.from_yaml(file, restore_best=True)


def test_a_monitor_from_a_file_still_takes_a_clock(file):
    assert Monitor.from_yaml(file, clock=lambda: 0.0).elapsed() == 0.0


def test_a_missing_file_is_the_systems_own_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        Monitor.from_yaml(tmp_path / "missing.yaml")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("mode: max", "mode 'max' needs val_metric"),
        ("probe: true", "Callback does not support probe: it is for Lightning and Keras only"),
    ],
)
def test_what_a_callback_alone_refuses_has_its_line_too_unless_an_argument_set_it(file, line, message):
    file.write_text(f"tolerance: 0.02\n{line}\n")
    with pytest.raises(SettingsError, match=f"convergence.yaml, line 2: {message}"):
        Callback.from_yaml(file)
    with pytest.raises(SettingsError, match=r"^mode 'max' needs val_metric"):
        Callback.from_yaml(file, mode="max", probe=False)
