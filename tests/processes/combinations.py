"""The page of what was tested together: each section is written by the test that runs it, not typed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "combinations.md"
INTRODUCTION = """# Tested combinations

A training with `ConvergenceStopping` was run in each of these combinations. All its processes ended at the right
epoch, for the same reason. `make combinations` runs them, and writes this page.
"""


@dataclass(frozen=True)
class Combination:
    """What was run together, as the framework itself names it.

    Args:
        framework: The framework and its version.
        on: What it runs on, with version.
        strategy: How the training was spread.
        over: Over how many processes or devices.
        precision: Of the numbers.
    """

    framework: str
    on: str
    strategy: str
    over: str
    precision: str


def hold(title: str, ran: Iterable[Combination]) -> None:
    """Hold that the page says what ran, whatever the versions; with ``COMBINATIONS`` set, write that section."""
    text, section = PAGE.read_text() if PAGE.exists() else "", _section(ran)
    sections = dict(re.findall(r"^## (.*)\n\n((?:\|.*\n)+)", text, re.MULTILINE))
    if os.environ.get("COMBINATIONS"):
        sections[title] = section
        PAGE.write_text(INTRODUCTION + "".join(f"\n## {name}\n\n{sections[name]}" for name in sorted(sections)))
    else:
        assert _without_versions(sections.get(title, "")) == _without_versions(section), "run make combinations"


def _section(ran: Iterable[Combination]) -> str:
    names = [field.name for field in fields(Combination)]
    rows = [names, ["---"] * len(names), *map(astuple, ran)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _without_versions(section: str) -> str:
    return re.sub(r" \d+\.\d+[\w.+]*", "", section)
