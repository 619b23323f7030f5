"""Rules by their names."""

from __future__ import annotations

import dataclasses
from typing import Any

from convergence_callbacks.core.errors import SettingsError, unknown_name
from convergence_callbacks.core.fields import fields_of
from convergence_callbacks.core.rule.default import Default
from convergence_callbacks.core.settings import Settings
from convergence_callbacks.core.spec import known_criteria

USUAL = (
    *("default:0.05", "default:0.02", "default", "default:0.005", "default:0.002"),
    *("patience:5", "patience:10", "patience:20", "patience:50", "generalization_loss:5"),
)
"""What is compared unless something else is asked for."""


def rule_from(name: str, base: Settings | None = None) -> Settings:
    """The settings of a monitor that stops by a rule.

    Args:
        name: A criterion, with a colon before its first setting: ``patience:10``; of ``default`` that is the
            tolerance. A metric that it reads in place of the judged one follows on *of*: ``patience:10 of val_f1``.
        base: What the settings are otherwise.

    Raises:
        SettingsError: No criterion is called so, or it takes no such value.

    >>> rule_from("patience:10").criteria
    Patience(patience=10, min_delta=0.0, warmup=0, cooldown=0)
    >>> rule_from("patience:10 of val_f1").criteria.of
    'val_f1'
    >>> rule_from("default:0.05").tolerance
    0.05
    """
    base = Settings.of(base or Settings())
    kind, value, metric = _parts(name)
    if kind == Default.name and not metric:
        tolerance = _number(name, value) if value else base.tolerance
        return dataclasses.replace(base, criteria=None, tolerance=tolerance)
    if kind not in known_criteria():
        raise SettingsError(unknown_name("rule", kind, known_criteria()))
    try:
        if metric:
            first = {fields_of(known_criteria()[kind])[0].name: _number(name, value)} if value else {}
            return dataclasses.replace(base, criteria={kind: {**first, "of": metric}})
        return dataclasses.replace(base, criteria={kind: _number(name, value)} if value else kind)
    except SettingsError as error:
        raise SettingsError(f"rule {name!r}: {error}") from None


def as_yaml(name: str, base: Settings | None = None) -> str:
    """The line of a settings file that sets a rule.

    Args:
        name: The rule, as in `rule_from`.
        base: What the settings were otherwise when it was tried.

    >>> as_yaml("patience:10"), as_yaml("default:0.05"), as_yaml("default")
    ('criteria: [patience: 10]', 'tolerance: 0.05', 'tolerance: 0.01')
    >>> as_yaml("patience:10 of val_f1")
    'criteria: [patience: {patience: 10, of: val_f1}]'
    """
    kind, value, metric = _parts(name)
    if metric:
        first = f"{fields_of(known_criteria()[kind])[0].name}: {value}, " if value else ""
        return f"criteria: [{kind}: {{{first}of: {metric}}}]"
    if kind == Default.name:
        return f"tolerance: {value or (base or Settings()).tolerance}"
    return f"criteria: [{kind}: {value}]" if value else f"criteria: [{kind}]"


def _parts(name: str) -> tuple[str, str, str]:
    """The criterion that a rule names, its first setting, and the metric that it reads; empty where there is none."""
    rule, _, metric = name.strip().partition(" of ")
    kind, _, value = rule.partition(":")
    return kind.strip(), value.strip(), metric.strip()


def _number(name: str, text: str) -> Any:
    """A setting as it is written: a whole number, a number, or text such as ``0.5%``."""
    for kind in (int, float, str):
        try:
            return kind(text)
        except ValueError:
            continue
    raise SettingsError(f"rule {name!r}: {text!r} is no setting")
