"""What several places of the repository state agrees between them."""

import re
import tomllib
from pathlib import Path

from ruamel.yaml import YAML

import convergence_callbacks
from tests.adapters.contract import ADAPTERS

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
FOR_DEVELOPERS = {"demo", "bench", "record", "docs", "dev"}


def name_of(requirement):
    return re.match(r"[\w.-]+", requirement)[0]


def test_the_version_is_the_same_everywhere():
    cited = YAML(typ="safe").load((ROOT / "CITATION.cff").read_text())["version"]
    assert PROJECT["version"] == cited == convergence_callbacks.__version__


def test_the_licence_of_everything_that_a_user_may_install_is_listed():
    rows = re.findall(r"^\| (.*?) \|", (ROOT / "THIRD_PARTY.md").read_text(), re.MULTILINE)
    listed = {name for row in rows for name in row.split(", ")}
    wanted = {name_of(r) for extra in EXTRAS.keys() - FOR_DEVELOPERS for r in EXTRAS[extra]}
    wanted |= {name_of(r) for r in PROJECT["dependencies"]}
    assert wanted - {"convergence-callbacks"} <= listed


def test_every_integration_has_an_extra_and_all_has_every_one():
    integrations = {adapter.module_name for adapter in ADAPTERS}
    assert integrations <= EXTRAS.keys()
    (everything,) = EXTRAS["all"]
    assert integrations <= set(re.findall(r"[\w-]+", everything))


def test_what_is_declared_as_the_oldest_version_is_what_is_tried():
    oldest = dict(line.split("==") for line in (ROOT / "oldest.txt").read_text().splitlines() if "==" in line)
    declared = [r for extra in EXTRAS.keys() - FOR_DEVELOPERS for r in EXTRAS[extra]] + PROJECT["dependencies"]
    for requirement in declared:
        name, _, least = requirement.partition(">=")
        if name in oldest and name != "torch":
            assert re.match(rf"{re.escape(least)}(\.|$)", oldest[name]), requirement


def test_the_issue_forms_and_workflows_are_yaml():
    forms = [*(ROOT / ".github").rglob("*.yml")]
    assert len(forms) == 7 and all(YAML(typ="safe").load(path.read_text()) for path in forms)


def test_what_the_workflows_run_is_pinned_to_a_commit_and_the_project_s_own_targets():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        steps = [step for job in YAML(typ="safe").load(path.read_text())["jobs"].values() for step in job["steps"]]
        used = [step["uses"] for step in steps if "uses" in step]
        assert used and all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", name) for name in used), path.name
        for command in (step["run"] for step in steps if "run" in step):
            kind, _, what = command.partition(" ")
            assert (ROOT / kind).is_file() or (kind == "make" and what in targets) or what == "--version", command
