"""Objects whose settings can come from a YAML file."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, Self, TypeVar

from convergence_callbacks.core.errors import SettingsError, unknown_name

Made = TypeVar("Made")


class FromYaml:
    """Adds ``from_yaml`` to a class whose constructor takes settings by keyword."""

    @classmethod
    def from_yaml(cls, path: str | Path, **overrides: Any) -> Self:
        """An object with the settings of a file.

        One file serves every framework: settings that this class does not take are checked and left out.

        Args:
            path: The YAML file.
            **overrides: Settings that go before those of the file.

        Raises:
            SettingsError: Names file, line and setting, what was expected and the nearest known name.
            OSError: The file can't be read.
        """
        return made_from_yaml(cls, path, **overrides)


def made_from_yaml(kind: type[Made], path: str | Path, **overrides: Any) -> Made:
    """An object of a class with the settings of a file; see `FromYaml.from_yaml`."""
    from convergence_callbacks.config.read import read_settings, with_place  # the YAML parser only when used

    taken = inspect.signature(kind).parameters
    for name in overrides:
        if name not in taken:
            raise SettingsError(unknown_name("setting", name, taken, kind.__name__), (name,))
    settings = {name: value for name, value in read_settings(path).items() if name in taken}
    try:
        return kind(**{**settings, **overrides})
    except SettingsError as error:  # what this class alone refuses
        raise (error if set(error.at) & overrides.keys() else with_place(error, path)) from None
