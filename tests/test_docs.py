"""What README and docs show is true: every Python and YAML snippet runs, and the generated page is up to date."""

import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML

from convergence_callbacks.config.read import read_settings
from tests.adapters.contract import ADAPTERS

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
SNIPPET = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PRINTED = re.compile(r"^```python\n((?:(?!^```).)*?)^```\n\n```text\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (\w+\.py)\n")
PICTURE = re.compile(r"!\[(.*?)\]\((.*?)\)")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)#]*)(#[^)]*)?\)")

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def snippets(page, language):
    return [code for kind, code in SNIPPET.findall(page.read_text()) if kind == language]


def files(page):
    """The files that a guide writes: snippets of Python that begin with a comment of their name."""
    return {FILE.match(code)[1]: code for code in snippets(page, "python") if FILE.match(code)}


def modules_in(codes):
    """The libraries that the snippets need, by the module that has to be there."""
    text = "\n".join(codes)
    named = set(re.findall(r"^(?:from|import) (?:convergence_callbacks\.)?(\w+)", text, re.MULTILINE))
    plots = {"matplotlib"} if "convergence_callbacks.plots" in text else set()
    return plots | named & {"hydra", "lightning", *(adapter.module_name for adapter in ADAPTERS)}


def reader_s_own_things(codes):
    """What a reader of the snippets has already: data, a training loop, and a model where one is trained."""
    own = {
        "config_dir": str(Path.cwd() / "conf"),
        "train_one_epoch": lambda epoch: (0.8**epoch, 0.1 + 0.8**epoch),
    }
    return own | reader_s_own_model() if any("model.fit(" in code for code in codes) else own


def reader_s_own_model():
    keras = pytest.importorskip("keras", reason="needs pip install 'convergence-callbacks[keras]'")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", loss="mse")
    x = np.random.default_rng(0).normal(size=(40, 4))
    return {
        "model": model,
        "x": x,
        "y": x.sum(axis=1, keepdims=True),
    }


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")
@each_page
def test_python_snippets_run_and_print_what_the_page_says(page, tmp_path, monkeypatch, capsys):
    if page.name == "frameworks.md" or not (codes := snippets(page, "python")):  # it has a test of its own
        return
    for module in sorted(modules_in(codes)):
        pytest.importorskip(module, reason="needs pip install 'convergence-callbacks[dev]'")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for name, code in files(page).items():
        (tmp_path / name).write_text(code)
        monkeypatch.delitem(sys.modules, name.removesuffix(".py"), raising=False)
    for number, text in enumerate(snippets(page, "yaml")):
        named = re.match(r"# (\S+\.yaml)\n", text)
        path = tmp_path / (named[1] if named else "convergence.yaml" if number == 0 else f"{number}.yaml")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    names, printed = {"__name__": "snippets", **reader_s_own_things(codes)}, dict(PRINTED.findall(page.read_text()))
    for code in codes:
        if FILE.match(code):  # those after it import it
            continue
        if "stopping.observations" in code:  # the reader has trained in between
            names["model"].fit(
                names["x"], names["y"], validation_split=0.2, epochs=5, verbose=0, callbacks=[names["stopping"]]
            )
        capsys.readouterr()
        exec(compile(code, str(page), "exec"), names)
        output = capsys.readouterr().out
        assert code not in printed or output == printed[code], code


@each_page
def test_yaml_snippets_are_read(page, tmp_path):
    for code in snippets(page, "yaml"):
        content = YAML(typ="safe").load(code)
        if {"trainer", "stopping"} & set(content):  # LightningCLI's and Hydra's
            continue
        path = tmp_path / "convergence.yaml"
        path.write_text(code)
        assert set(read_settings(path)) == set(content)


def test_the_callback_that_is_configured_for_lightning_cli_can_be_built():
    pytest.importorskip("lightning", reason="needs pip install 'convergence-callbacks[lightning]'")
    contents = (YAML(typ="safe").load(code) for code in snippets(ROOT / "docs" / "configuration.md", "yaml"))
    spec = next(content for content in contents if "trainer" in content)["trainer"]["callbacks"][0]
    module, name = spec["class_path"].rsplit(".", 1)
    kind = getattr(importlib.import_module(module), name)
    assert kind(**spec["init_args"]).settings == kind(tolerance=0.005, criteria=[{"patience": 20}]).settings


@each_page
def test_pictures_are_there_and_say_what_they_show(page):
    for words, target in PICTURE.findall(page.read_text()):
        assert len(words) > 20 and (page.parent / target).is_file(), target


@each_page
def test_links_lead_somewhere(page):
    for target, anchor in LINK.findall(page.read_text()):
        if target.startswith("http"):
            continue
        text = (page.parent / target).read_text() if target else page.read_text()
        headings = {
            re.sub(r"[^\w -]", "", line.lower()).strip().replace(" ", "-")
            for line in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
        }
        assert not anchor or anchor[1:] in headings, f"{target}{anchor}"


def test_the_page_of_criteria_is_what_the_code_says():
    from docs.commands import commands_page
    from docs.generate import criteria_page, settings_tables

    assert (ROOT / "docs" / "criteria.md").read_text() == criteria_page(), "run python -m docs.generate"
    assert (ROOT / "docs" / "commands.md").read_text() == commands_page(), "run python -m docs.generate"
    configuration = (ROOT / "docs" / "configuration.md").read_text()
    assert configuration == settings_tables(configuration), "run python -m docs.generate"


def test_what_the_rule_says_of_the_shown_runs_is_what_it_says_now():
    from demo.animation import picture_of
    from docs.worked_run import worked_run

    how, pictures = (ROOT / "docs" / "how-it-works.md").read_text(), ROOT / "docs" / "pictures"
    assert how == worked_run(how), "run python -m docs.generate"
    assert "**stop**" in how.partition("<!-- worked run")[2]
    picture = (pictures / "stops.svg").read_text()
    assert picture == picture_of(pictures / "stops.json"), "run python -m docs.generate"
    assert ">stopped at epoch" in picture and ">patience 10 stops at epoch" in picture


def test_the_readme_can_be_read_in_five_minutes():
    assert len((ROOT / "README.md").read_text().split()) <= 700


@each_page
def test_a_share_is_written_as_people_write_it(page):
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    assert not re.findall(r"[^\n]*(?:\d %|(?<![\w.])\.\d)[^\n]*", text)


def test_a_command_prints_what_the_tutorial_shows(tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from convergence_callbacks.cli import app

    page = ROOT / "docs" / "past-runs.md"
    [shown] = [code for code in snippets(page, "console") if code.startswith("$ ")]
    command, *lines = shown.splitlines()
    monkeypatch.chdir(tmp_path)
    exec(compile(snippets(page, "python")[0], str(page), "exec"), {})
    printed = CliRunner().invoke(app, command.split()[2:]).stdout.splitlines()
    assert [line for line in printed if line in lines] == [line for line in lines if line != "…"]


def test_every_verdict_has_a_section_with_a_picture():
    from convergence_callbacks import Verdict

    sections = re.split(r"^## ", (ROOT / "docs" / "verdicts.md").read_text(), flags=re.MULTILINE)[1:]
    assert [section.split("\n")[0] for section in sections] == [verdict.value for verdict in Verdict]
    assert all(PICTURE.search(section) for section in sections)
