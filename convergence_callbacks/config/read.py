"""Read and check a settings file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML


def read_settings(path: str | Path) -> dict[str, Any]:
    """The settings that a YAML file gives, checked; those it leaves out are left out."""
    return dict(YAML(typ="safe").load(Path(path)) or {})
