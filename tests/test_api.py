"""The public names and signatures are those of the snapshot: a change is seen, and noted in the CHANGELOG.

``python -m tests.test_api`` writes the snapshot anew.
"""

import enum
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

import convergence_callbacks
from convergence_callbacks.adapter.stopping import Stopping
from tests.adapters.contract import ADAPTERS

SNAPSHOT = Path(__file__).parent / "api.txt"
ORIGIN = "convergence_callbacks"


def described(path: str, thing: object, without: tuple[type, ...] = ()) -> Iterator[str]:
    """A line for a name, and one for each public method, property and attribute of a class."""
    if not inspect.isclass(thing):
        yield f"{path}{signature(thing)}"
        return
    yield f"class {path}{'' if issubclass(thing, enum.Enum) else signature(thing)}"
    if issubclass(thing, enum.Enum):
        yield from (f"    {member.name}" for member in thing)
    if issubclass(thing, BaseException | enum.Enum):
        return
    for name, member in sorted(inspect.getmembers(thing)):
        owner = next((base for base in thing.__mro__ if name in vars(base)), object)
        if name.startswith("_") or owner in without or not owner.__module__.startswith(ORIGIN):  # a framework's own
            continue
        yield f"    {name}{signature(member) if callable(member) else ''}"


def signature(thing: object) -> str:
    try:
        return str(inspect.signature(thing)).replace("'", "")
    except (TypeError, ValueError):
        return ""


def public() -> str:
    core = [
        line for name in convergence_callbacks.__all__ for line in described(name, getattr(convergence_callbacks, name))
    ]
    return "\n".join([*core, *listed_in("plots"), *listed_in("testing"), *integrations(), *replacements()]) + "\n"


def listed_in(name: str) -> Iterator[str]:
    """What a module lists as public."""
    module = importlib.import_module(f"convergence_callbacks.{name}")
    for each in module.__all__:
        yield from described(f"{name}.{each}", getattr(module, each))


def integrations() -> Iterator[str]:
    """What all integrations have, once; then what each has of its own."""
    yield from described("Stopping", Stopping)
    for integration in sorted({adapter.module_name for adapter in ADAPTERS}):
        kind = importlib.import_module(f"convergence_callbacks.{integration}").ConvergenceStopping
        for line in described(f"{integration}.ConvergenceStopping", kind, without=Stopping.__mro__):
            yield line.replace(signature(Stopping), " with the settings of Stopping")


def replacements() -> Iterator[str]:
    """What takes the place of a framework's own callback, pruner or stopper."""
    for integration, name in (("optuna", "ConvergencePruner"), ("ray", "ConvergenceStopper")):
        yield from described(
            f"{integration}.{name}", getattr(importlib.import_module(f"convergence_callbacks.{integration}"), name)
        )
    for integration in ("keras", "lightning"):
        kind = importlib.import_module(f"convergence_callbacks.{integration}").EarlyStopping
        yield from described(f"{integration}.EarlyStopping", kind)


def test_the_public_names_and_signatures_are_those_of_the_snapshot():
    for adapter in ADAPTERS:
        adapter.skip_unless_installed()
    pytest.importorskip("pyarrow", reason="needs pip install 'convergence-callbacks[tune]'")
    pytest.importorskip("matplotlib", reason="needs pip install 'convergence-callbacks[plots]'")
    what_to_do = "write it anew with python -m tests.test_api, and say what changed in the CHANGELOG"
    assert public().splitlines() == SNAPSHOT.read_text().splitlines(), what_to_do


if __name__ == "__main__":
    SNAPSHOT.write_text(public())
