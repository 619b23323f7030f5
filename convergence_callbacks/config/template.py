"""Writes a settings file with every setting, from their declarations, so that it is never out of date."""

from __future__ import annotations

import dataclasses
import inspect
import textwrap
from collections.abc import Iterator
from io import StringIO
from typing import Any

from ruamel.yaml import YAML

from convergence_callbacks.adapter.settings import CallbackSettings
from convergence_callbacks.config.values import values_of
from convergence_callbacks.core.criteria.patience import Patience
from convergence_callbacks.core.criteria.target_loss import TargetLoss
from convergence_callbacks.core.criterion import Composition, Criterion
from convergence_callbacks.core.fields import about, fields_of
from convergence_callbacks.core.spec import known_criteria
from convergence_callbacks.telling import describe
from convergence_callbacks.telling.text import capitalised

WIDTH = 120
"""Columns of the file."""

_HEAD = """\
Settings of convergence-callbacks: when a training ends, and why.

The values are the defaults. A line that begins with '#' and no space is switched off: remove the '#' to use it.
Settings that are missing here have their defaults too, so keep only the lines you change.
Python reads the file with Monitor.from_yaml(path) or ConvergenceStopping.from_yaml(path);
'convergence check FILE' explains it.
"""

_CRITERIA = """\
Criteria that end the training instead of the default rule. Take as many of the list below as you like,
together with the line 'criteria:': the first that finds something ends the training, unless its verdict
is missing from stop_on. Each line shows a criterion's defaults; the settings you leave out keep them.
"""


def template() -> str:
    """The text of a settings file with every setting, its description, its range and its default."""
    fields = [field for field in dataclasses.fields(CallbackSettings) if field.name != "criteria"]
    parts = [_comment(_HEAD), *map(_setting, fields), _criteria()]
    return "\n".join(parts)


def dump(values: Any) -> str:
    """Values as a single line of YAML."""
    yaml = YAML()  # the safe dumper would sort the names
    yaml.default_flow_style = True
    yaml.width = 10_000
    stream = StringIO()
    yaml.dump(values, stream)
    return stream.getvalue().removesuffix("...\n").strip()


def _setting(field: dataclasses.Field[Any]) -> str:
    explained = f"{capitalised(about(field))}. {capitalised(values_of(CallbackSettings, field.name))}."
    text = _comment(explained)
    if field.default is None:
        return f"{text}#{field.name}: {dump(field.metadata['example'])}\n"
    return f"{text}{field.name}: {dump(field.default)}\n"


def _criteria() -> str:
    kinds = [
        kind for _, kind in sorted(known_criteria().items()) if kind.__module__.startswith("convergence_callbacks.")
    ]
    return "\n".join([_comment(_CRITERIA) + "#criteria:\n", *map(_criterion, kinds)])


def _criterion(kind: type[Criterion]) -> str:
    example = _example(kind)
    summary = (inspect.getdoc(kind) or "").splitlines()[0]
    lines = [summary, *_settings_of(kind), f"As it stands here: stops when {describe(example)}."]
    return "".join(_comment(line, hang="    ") for line in lines) + "".join(
        f"#- {name}: {dump(given)}\n" for name, given in example.to_dict().items()
    )


def _settings_of(kind: type[Criterion]) -> Iterator[str]:
    if issubclass(kind, Composition):
        return
    for field in fields_of(kind):
        yield f"  {field.name}: {about(field)} ({values_of(kind, field.name)})"


def _example(kind: type[Criterion]) -> Criterion:
    """A criterion with its defaults, and with an example of what has none."""
    if issubclass(kind, Composition):
        return kind.of(Patience(), TargetLoss(0.1))
    fields = dataclasses.fields(kind)  # type: ignore[arg-type]  # every criterion is a dataclass
    return kind(**{f.name: f.metadata["example"] for f in fields if f.default is dataclasses.MISSING})


def _comment(text: str, hang: str = "") -> str:
    """A text as comment lines, wrapped where a line is too long."""
    lines: list[str] = []
    for line in text.splitlines():
        lines += textwrap.wrap(line, WIDTH - 2, subsequent_indent=hang) or [""]
    return "".join(f"# {line}".rstrip() + "\n" for line in lines)
