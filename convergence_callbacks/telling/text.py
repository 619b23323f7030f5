"""Names and texts of users and logs, made fit to print."""

from __future__ import annotations

import re


def words(name: str) -> str:
    """A name from the code as readers see it.

    >>> words("false_convergence")
    'false convergence'
    """
    return name.replace("_", " ")


def capitalised(text: str) -> str:
    """Text that begins a sentence.

    >>> capitalised("the LSTM rests"), capitalised("")
    ('The LSTM rests', '')
    """
    return text[:1].upper() + text[1:]


def rule(name: str) -> str:
    """A rule's name as readers see it.

    >>> rule("patience:10"), rule("generalization_loss:5")
    ('patience 10', 'generalization loss 5')
    """
    return words(name).replace(":", " ")


def markdown(text: object) -> str:
    """Text that Markdown and HTML leave alone, on one line.

    >>> markdown("a|b <script> *c*\\n=1+1")
    'a\\\\|b &lt;script&gt; \\\\*c\\\\* =1+1'
    """
    line = " ".join(str(text).split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|~#!])", r"\\\1", line)


def printable(text: str) -> str:
    """Text without control characters, which a terminal would obey.

    >>> printable("run\\x1b[31m\\nred")
    'run\\\\x1b[31m\\\\nred'
    """
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
