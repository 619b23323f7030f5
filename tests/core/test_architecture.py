"""Imports go one way only, and the package is light to import."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import convergence_callbacks
from tests.adapters.contract import ADAPTERS

PACKAGE = Path(convergence_callbacks.__file__).parent
MODULES = {path: ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in PACKAGE.rglob("*.py")}
MAY_IMPORT = {
    "core": {"core"},
    "experiments": {"core", "experiments"},
    "data_check": {"core", "data_check"},
    "config": {"core", "config", "adapter.settings"},
    "record": {"core", "record", "experiments", "data_check"},
    "metrics": {"core.errors", "metrics"},
    "logs": {"core", "logs", "metrics", "record.read"},
    "replay": {"core", "logs"},
    "ending": {"core"},
    "summary": {"core", "logs", "replay", "ending"},
    "engines": {"core"},
    "colours": {"core"},
    "telling": {"core", "experiments", "metrics", "telling", "ending", "logs.assumption"},
    "outlook": {"core"},
    "plots": {"core", "logs", "plots", "colours", "replay", "compare"},
    "pages": {"core", "logs", "replay", "summary", "colours", "outlook", "pages"},
    "adapter": {"core", "metrics", "config", "monitor", "adapter", "record", "experiments", "data_check", "ending"},
    "compare": {"core", "logs", "replay", "engines", "compare"},
    "watch": {"core", "logs", "replay", "watch"},
    "doctor": {"core", "monitor"},
    "cli": {
        *("core", "config", "metrics", "monitor", "cli", "plots", "adapter.settings"),
        *("logs", "replay", "record", "summary", "engines", "compare", "watch", "doctor", "pages", "outlook", "ending"),
    },
    "forecast": {"core", "forecast"},
    "monitor": {"core", "config", "metrics", "forecast"},
    "environment": {"core", "lightning"},
    "testing": {"core", "logs", "monitor", "testing"},
}
"""What each room of the package may import of the others."""

INTEGRATION_MAY_IMPORT = {"core", "metrics", "config", "monitor", "adapter", "experiments", "data_check"}
"""What an integration with a framework may import: every room that is not listed above is one."""

USES_WORDS = {"telling"}
"""What every room may import that has something to say: all but core and metrics, on which it rests."""

OF_NUMBERS = re.compile(r"[\d.,]*[efgEFG%]|.*\.\d+|.*,$")
"""A format that writes a number in digits."""

FORMATS_NUMBERS = {
    "telling/numbers.py": "all that people read",
    "pages/curve.py": "points of a drawing, digits of its data",
    "adapter/complaints.py": "a value that is no number, as it was logged",
    "logs/epochs.py": "an epoch's number, as it was logged",
    "keras/early_stopping.py": "the words of Keras",
}
"""Files that write numbers, and what kind of number."""


def imported(path: Path) -> set[str]:
    """Names of all modules that a file imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(f"{node.module}")
    return names


@pytest.mark.parametrize("path", sorted(MODULES), ids=MODULES.__getitem__)
def test_imports_go_one_way(path):
    room = MODULES[path].split(".")[1] if "." in MODULES[path] else ""
    if room == "__init__":
        return
    for name in imported(path):
        if name.startswith("convergence_callbacks."):
            inner = name.removeprefix("convergence_callbacks.")
            allowed = MAY_IMPORT.get(room, INTEGRATION_MAY_IMPORT | {room}) | (
                set() if room in {"core", "metrics"} else USES_WORDS
            )
            assert inner.split(".")[0] in allowed or inner in allowed, f"{room} must not import {name}"


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("core/**/*.py")), ids=MODULES.__getitem__)
def test_the_core_needs_numpy_and_the_standard_library_only(path):
    for name in imported(path):
        top = name.split(".")[0]
        assert top in sys.stdlib_module_names | {"numpy", "convergence_callbacks"}, f"the core must not import {name}"
        assert top not in {"time", "datetime", "pathlib", "io", "os"}, f"the core knows no clock and no file: {name}"


def test_importing_the_package_loads_numpy_and_nothing_else_of_its_dependencies():
    heavy = {"ruamel", "typer", "rich", "matplotlib", "pytorch_lightning"}
    heavy |= {adapter.needs or adapter.name for adapter in ADAPTERS}
    code = f"import sys, convergence_callbacks; print(sorted({heavy} & set(sys.modules)))"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("core/**/*.py")), ids=MODULES.__getitem__)
def test_the_core_reads_the_data_that_ships_with_it_in_one_file_and_opens_nothing_else(path):
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = {alias.name for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names}
    reads = {"resources", "importlib.resources"} & names or "importlib.resources" in imported(path)
    assert not reads or path == PACKAGE / "core" / "models" / "stored.py"
    calls = [node.func for node in nodes if isinstance(node, ast.Call)]
    assert not [call for call in calls if isinstance(call, ast.Name) and call.id == "open"]


def test_importing_the_package_reads_no_fitted_model():
    code = """
import convergence_callbacks
from convergence_callbacks.core.models import stored
stored.read = lambda model: print("read", model) or exit(1)
print("imported")
convergence_callbacks.Monitor().update(val_loss=1.0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "imported\n"


def test_what_is_fitted_is_data_and_no_source():
    source = sum(path.stat().st_size for path in PACKAGE.glob("core/**/*.py"))
    assert source < 250_000


@pytest.mark.parametrize(
    ("integration", "library", "extra"),
    [
        ("plots", "matplotlib", "plots"),
        ("lightning", "torch", "lightning"),
        *(
            (adapter.module_name, adapter.module_name, adapter.module_name)
            for adapter in ADAPTERS
            if adapter.module_name != "lightning"
        ),
        ("ray", "ray", "tune"),
        ("pages", "jinja2", "report"),
        ("pages.server", "starlette", "serve"),
        ("pages.server", "sse_starlette", "serve"),
    ],
)
def test_a_library_that_is_not_installed_is_reported_with_its_extra(integration, library, extra):
    code = f"import sys; sys.modules[{library!r}] = None; import convergence_callbacks.{integration}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert re.search(rf"not installed: pip install .*\[{extra}\]'", done.stderr)


@pytest.mark.parametrize("path", sorted(MODULES), ids=MODULES.__getitem__)
def test_numbers_for_people_are_written_in_one_file(path):
    room = path.relative_to(PACKAGE).parts[0]
    if room in {"core", "forecast", "experiments"} or str(path.relative_to(PACKAGE)) in FORMATS_NUMBERS:
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FormattedValue) and node.format_spec is not None:
            spec = ast.unparse(node.format_spec)[2:-1]
            assert not OF_NUMBERS.fullmatch(spec), (
                f"{path}:{node.lineno} writes a number as {spec!r}: use telling.numbers"
            )
