"""Each guide is followed to the letter: its files written, its tests run, and put into a copy of the package."""

import ast
import re
import shutil
import subprocess
import sys

import pytest

from convergence_callbacks import Monitor, Observation
from tests.test_docs import ROOT, files, snippets

GUIDES = {guide: ROOT / "docs" / f"new-{guide}.md" for guide in ("criterion", "reader", "framework")}


def run_tests(folder, *arguments):
    """Run tests where nothing but the folder and the installed libraries can be imported."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", *arguments]
    path = {"PYTHONPATH": f"{folder}:{ROOT}", "PATH": "/usr/bin:/bin", "KERAS_BACKEND": "torch"}
    done = subprocess.run(command, cwd=folder, env=path, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and " passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("guide", GUIDES)
def test_its_files_pass_its_test(guide, tmp_path):
    for name, code in files(GUIDES[guide]).items():
        (tmp_path / name).write_text(code)
    run_tests(tmp_path)


WORDS = ROOT / "docs" / "new-words.md"


@pytest.mark.parametrize("page", [*GUIDES.values(), WORDS], ids=lambda page: page.stem)
def test_its_table_says_where_everything_is(page):
    for path in re.findall(r"`((?:convergence_callbacks|docs|tests)/[\w/]+\.\w+|[A-Z]+\.md)`", page.read_text()):
        is_new = any(name.removesuffix(".py") in path for name in files(page))
        assert is_new or (ROOT / path).is_file(), path


def test_what_a_criterion_can_read_is_there():
    monitor, epoch = Monitor(max_epochs=10), Observation(step=0, train_loss=1.0, val_loss=1.0)
    (table,) = re.findall(
        r"\| of a reading \| what it is \|\n\|---\|---\|\n(.*?)\n\n", GUIDES["criterion"].read_text(), re.DOTALL
    )
    names = [name for row in table.splitlines() for name in re.findall(r"`(.+?)`", row.split("|")[1])]
    assert len(names) > 10
    for name in names:
        eval(f"reading.{name}", {"reading": monitor.read(epoch)})


@pytest.fixture
def copy(tmp_path):
    """A copy of the package and its tests."""
    for folder in ("convergence_callbacks", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def put(path, line, after):
    """Put a line into a file after another."""
    text = path.read_text()
    assert text.count(after) == 1, f"{after!r} in {path}"
    path.write_text(text.replace(after, f"{after}{line}\n"))


def import_line(guide):
    return re.search(r"`(from convergence_callbacks\S+ import \w+)`", GUIDES[guide].read_text())[1]


def test_a_criterion_goes_into_the_package(copy):
    code, package = files(GUIDES["criterion"]), copy / "convergence_callbacks"
    (package / "core" / "criteria" / "loss_below_noise.py").write_text(code["loss_below_noise.py"])
    put(package / "__init__.py", import_line("criterion"), "import SeedComparison, compare_seeds\n")
    put(package / "__init__.py", '    "LossBelowNoise",', "__all__ = [\n")
    test = code["test_loss_below_noise.py"].replace("from loss_below_noise import", "from convergence_callbacks import")
    (copy / "tests" / "core" / "criteria" / "test_loss_below_noise.py").write_text(test)
    run_tests(copy, "tests/core/criteria", "-k", "loss_below_noise")
    (line,) = re.findall(r"`(::: convergence_callbacks\.\w+)`", GUIDES["criterion"].read_text())
    assert line.replace("LossBelowNoise", "Patience") in (ROOT / "docs" / "reference" / "criteria.md").read_text()


def test_a_reader_goes_into_the_package(copy):
    code, readers = files(GUIDES["reader"]), copy / "convergence_callbacks" / "logs" / "readers"
    (readers / "pipe_log.py").write_text(code["pipe_log.py"])
    put(readers / "__init__.py", import_line("reader"), "import Reader\n")
    put(readers / "__init__.py", "    PipeLog,", "    Delimited,\n")
    writer = re.search(r"^def pipe_log.*?\n\n", code["test_pipe_log.py"], re.MULTILINE | re.DOTALL)[0]
    put(copy / "tests" / "logs" / "make.py", '    "pipe log": pipe_log,', "FORMATS = {\n")
    put(
        copy / "tests" / "logs" / "make.py",
        f"\n\n{writer}",
        "LR = [0.1 if epoch < 20 else 0.01 for epoch in range(30)]\n",
    )
    run_tests(copy, "tests/logs/test_contract.py", "tests/logs/test_readers.py", "-k", "pipe or no_log")


def test_a_framework_goes_into_the_package(copy):
    code = files(GUIDES["framework"])
    (copy / "rowing.py").write_text(code["rowing.py"])
    (copy / "convergence_callbacks" / "rowing.py").write_text(code["rowing_stopping.py"])
    training = code["test_rowing_stopping.py"].partition("def test_")[0].replace("from rowing_stopping import", "#")
    (copy / "tests" / "adapters" / "in_rowing.py").write_text(training)
    put(copy / "tests" / "adapters" / "contract.py", '    Adapter("rowing"),', "ADAPTERS = (\n")
    run_tests(copy, "tests/adapters/test_contract.py", "-k", "rowing")


def test_a_verdict_is_reported_in_other_words(copy):
    file = copy / "convergence_callbacks" / "telling" / "unstable.py"
    code = file.read_text()
    (new,) = (snippet for snippet in snippets(WORDS, "python") if "def reason" in snippet)
    (before,) = (node for node in ast.parse(code).body if getattr(node, "name", "") == "reason")
    file.write_text(code.replace(ast.get_source_segment(code, before), new[new.index("def reason") :].strip()))
    (name, test) = files(WORDS).popitem()
    (copy / "tests" / name).write_text(test)
    run_tests(copy, f"tests/{name}")
