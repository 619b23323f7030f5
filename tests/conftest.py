import os

import pytest

collect_ignore = [
    "typing",  # programs of users, for type checkers to read
    "keras_training.py",  # need their frameworks, and hold no tests
    "lightning_training.py",
]

os.environ.setdefault("KERAS_BACKEND", "torch")  # what is installed anyway for Lightning; `make test` runs all three
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("RAY_AUTH_MODE", "disabled")  # its token is in the home folder, which a test changes


def pytest_sessionfinish(session, exitstatus):
    """With NO_SKIPS=1, as in CI, where everything that pip brings is installed, a skipped test fails the run.

    A browser is not brought by pip: what needs one is skipped without it, but for CI, which installs one.
    """
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    counted = skipped if os.environ.get("CI") else [report for report in skipped if not _lacks_a_browser(report)]
    if os.environ.get("NO_SKIPS") and exitstatus == pytest.ExitCode.OK and counted:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _lacks_a_browser(report):
    return "Chromium is not installed" in str(report.longrepr)
