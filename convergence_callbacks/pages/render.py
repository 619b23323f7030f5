"""Templates to text."""

from __future__ import annotations

import base64
import functools
import hashlib
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from convergence_callbacks import colours
from convergence_callbacks.core.verdict import Verdict
from convergence_callbacks.telling import numbers, text

SCRIPTS = ("chart.js", "table.js")
"""What every page runs, in this order."""


@functools.cache
def environment() -> Environment:
    """Where templates are found, and what they can use; all that is put into HTML is escaped."""
    made = Environment(
        loader=PackageLoader("convergence_callbacks.pages"),
        autoescape=lambda name: name is None or not name.endswith((".md", ".css")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for each in (
        numbers.value,
        numbers.percent,
        numbers.sure,
        numbers.duration,
        numbers.energy,
        numbers.count,
        text.words,
        text.rule,
        text.markdown,
    ):
        made.filters[each.__name__] = each
    return made


def render(template: str, **values: Any) -> str:
    """A template with its values, safe to write as UTF-8: names of files may hold bytes that are no text."""
    page = environment().get_template(template).render(**values)
    return page.encode("utf-8", "backslashreplace").decode()


@functools.cache
def style() -> Markup:
    """The style sheet."""
    return Markup(render("page.css", colours=colours, verdicts=tuple(Verdict)))


@functools.cache
def script(*names: str) -> Markup:
    """Scripts, one after the other."""
    folder = files("convergence_callbacks.pages") / "static"
    return Markup("\n".join((folder / name).read_text(encoding="utf-8") for name in names))


def policy(*texts: str, connect: str = "'none'") -> str:
    """A content security policy that lets nothing run or load but the page's own style and scripts.

    Args:
        texts: The scripts that are in the page.
        connect: Addresses that the page may connect to.
    """
    allowed = " ".join(_hash(text) for text in texts)
    rules = {
        "default-src": "'none'",
        "style-src": _hash(style()),
        "script-src": allowed,
        "connect-src": connect,
        "base-uri": "'none'",
        "form-action": "'self'" if connect != "'none'" else "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
