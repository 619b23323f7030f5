import os

import pytest

collect_ignore = ["typing"]  # programs of users, for type checkers to read

os.environ.setdefault("KERAS_BACKEND", "torch")  # what is installed anyway for Lightning; `make test` runs all three
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def pytest_sessionfinish(session, exitstatus):
    """With NO_SKIPS=1, as in CI, where everything that pip brings is installed, a skipped test fails the run.

    A browser is not brought by pip: what needs one is skipped without it.
    """
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if os.environ.get("NO_SKIPS") and exitstatus == pytest.ExitCode.OK and not all(map(_lacks_a_browser, skipped)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _lacks_a_browser(report):
    return "Chromium is not installed" in str(report.longrepr)
