import subprocess
import sys

from typer.testing import CliRunner

from convergence_callbacks import doctor
from convergence_callbacks.cli import app
from convergence_callbacks.doctor import Check, self_test, versions


def test_a_sound_installation_is_sound(monkeypatch):
    monkeypatch.setattr(doctor, "PARTS", {"pictures": "convergence_callbacks.plots"})
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 0 and "ok  a curve that settles converges: right" in result.stdout


def test_what_is_broken_is_named_and_is_status_1(monkeypatch):
    monkeypatch.setattr("convergence_callbacks.cli.doctor.examine", lambda: iter([Check("core", False, "wrong")]))
    result = CliRunner().invoke(app, ["doctor"])
    assert (result.exit_code, result.stderr) == (1, "not right: core\n")


def test_a_rule_that_says_something_else_is_found_out(monkeypatch):
    monkeypatch.setattr(doctor, "_verdict_at_stop", lambda *_, **__: "improving")
    assert [check.is_right for check in self_test()][:2] == [False, False]


def test_what_is_not_installed_is_no_fault(monkeypatch):
    monkeypatch.setattr(doctor, "PACKAGES", ("no-such-package",))
    assert list(versions())[-1] == Check("no-such-package", None, "not installed")


def test_an_integration_without_its_library_names_the_extra():
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from convergence_callbacks import doctor\n"
        "doctor.PARTS = {'pictures': 'convergence_callbacks.plots'}\n"
        "print(*doctor.parts())"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "is_right=None" in printed and "[plots]" in printed


def test_a_library_that_another_distribution_brings_is_not_called_missing(monkeypatch):
    monkeypatch.setattr(doctor, "PACKAGES", ("_pytest",))
    (brought,) = list(versions())[2:]
    assert brought.is_right and brought.result.endswith(" (pytest)")
