"""The site of the docs builds without a warning, covers all that is public, and asks no other host for anything."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import convergence_callbacks
from tests.adapters.contract import ADAPTERS

pytest.importorskip("material", reason="needs pip install 'convergence-callbacks[docs]'")
pytest.importorskip("mkdocstrings", reason="needs pip install 'convergence-callbacks[docs]'")

ROOT = Path(__file__).parent.parent
LOADED = re.compile(r"<(?:script|img|iframe|source)\b[^>]*\bsrc=[\"']?([^\"' >]+)|<link\b[^>]*\bhref=[\"']?([^\"' >]+)")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return folder


def test_no_page_loads_anything_from_another_host(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 20
    loaded = {target for page in pages for pair in LOADED.findall(page.read_text()) for target in pair if target}
    assert loaded and not {target for target in loaded if re.match(r"(https?:)?//", target)}


def test_the_reference_covers_all_that_is_public(site):
    reference = "".join(page.read_text() for page in (site / "reference").rglob("*.html"))
    missing = {name for name in convergence_callbacks.__all__ if f'id="convergence_callbacks.{name}"' not in reference}
    missing -= {"Monitor"} if 'id="convergence_callbacks.core.monitor.Monitor"' in reference else set()
    missing |= {
        a.module_name
        for a in ADAPTERS
        if f'id="convergence_callbacks.{a.module_name}.ConvergenceStopping"' not in reference
    }
    assert not missing - {"lightning", "keras"}  # packages: theirs is in a module below


def test_formulas_and_doctests_are_drawn(site):
    assert "<math" in (site / "how-it-works" / "index.html").read_text()
    assert "language-pycon" in (site / "reference" / "monitor" / "index.html").read_text()
    assert "$$" not in (site / "how-it-works" / "index.html").read_text()


def test_the_settings_of_a_callback_are_in_the_reference_as_they_are_declared(site):
    page = (site / "reference" / "callbacks" / "index.html").read_text()
    assert all(about in page for about in ("probe_budget", "Never stop before this many epochs; at least 0."))
