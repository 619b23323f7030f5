"""A settings file with everything in it: written from the declarations, so that it is never out of date."""

from __future__ import annotations

import dataclasses
import inspect
import textwrap
import types
import typing
from collections.abc import Iterator, Mapping
from io import StringIO
from typing import Any

from ruamel.yaml import YAML

from convergence_callbacks.adapter.settings import CallbackSettings
from convergence_callbacks.core.criteria.patience import Patience
from convergence_callbacks.core.criteria.target_loss import TargetLoss
from convergence_callbacks.core.criterion import Composition, Criterion
from convergence_callbacks.core.fields import only_in, range_of
from convergence_callbacks.core.spec import known_criteria
from convergence_callbacks.core.verdict import Verdict
from convergence_callbacks.telling import describe

WIDTH = 120
"""Columns of the file."""

EXAMPLES: Mapping[str, Any] = {
    "max_epochs": 100,
    "baseline_loss": 0.69,  # of two classes that are equally frequent
    "target_loss": 0.1,
    "lr_schedule": [0.1, 0.1, 0.01],
    "train_metric": "train_loss",
    "val_metric": "val_loss",
    "backup_dir": "backup",
    "every_n_steps": 500,
    "record": "record.jsonl",
    "time_budget": 12.0,
}
"""Values for what has no default: of settings, and of the first setting of criteria."""

_HEAD = """\
Settings of convergence-callbacks: when a training ends, and why.

The values are the defaults. What begins with '#' and no blank is switched off: remove the '#' to use it.
What is left out of this file has its default too, so keep only the lines you change.
Python reads the file with Monitor.from_yaml(path) or ConvergenceStopping.from_yaml(path);
'convergence check FILE' says what it means.
"""

_CRITERIA = """\
Criteria that end the training instead of the default rule. Take as many of the list below as you like,
together with the line 'criteria:': the first that finds something ends the training, unless its verdict
is missing from stop_on. Each line shows a criterion's defaults; the settings you leave out keep them.
"""

_TYPES = {int: "whole number", float: "number", str: "text", bool: "true or false", list: "list"}


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
    kind = typing.get_type_hints(CallbackSettings)[field.name]
    about = _about(field, kind)
    text = _comment(f"{about[0].upper()}{about[1:]}.")
    if field.default is None:
        return f"{text}#{field.name}: {dump(EXAMPLES.get(field.name))}\n"
    value = list(field.default) if isinstance(field.default, tuple) else field.default
    return f"{text}{field.name}: {dump(value)}\n"


def _about(field: dataclasses.Field[Any], kind: Any) -> str:
    notes = filter(None, (_values(field.name, kind), range_of(field), only_in(field)))
    return f"{field.metadata['description']} ({', '.join(notes)})"


def _values(name: str, kind: Any) -> str:
    """What the values of a setting are, in words."""
    if name == "stop_on":
        return f"any of {', '.join(verdict.value for verdict in Verdict)}"
    choices = typing.get_args(kind)
    if not isinstance(kind, types.UnionType) and choices:
        return " or ".join(map(str, choices))
    words = [word for type_, word in _TYPES.items() if type_ in (choices or (kind,))]
    return " or ".join(words) or "list of numbers"


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
    hints = typing.get_type_hints(kind)
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]  # every criterion is a dataclass
        yield f"  {field.name}: {_about(field, hints[field.name])}"


def _example(kind: type[Criterion]) -> Criterion:
    """A criterion with its defaults, and with an example of what has none."""
    if issubclass(kind, Composition):
        return kind.of(Patience(), TargetLoss(EXAMPLES["target_loss"]))
    required = [f.name for f in dataclasses.fields(kind) if f.default is dataclasses.MISSING]  # type: ignore[arg-type]
    return kind(**dict.fromkeys(required, EXAMPLES.get(kind.name, 1)))


def _comment(text: str, hang: str = "") -> str:
    """A text as comment lines, wrapped where a line is too long."""
    lines: list[str] = []
    for line in text.splitlines():
        lines += textwrap.wrap(line, WIDTH - 2, subsequent_indent=hang) or [""]
    return "".join(f"# {line}".rstrip() + "\n" for line in lines)
